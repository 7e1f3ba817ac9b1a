package totp

// Truncated is what a code is the last digits of.
var Truncated = truncated

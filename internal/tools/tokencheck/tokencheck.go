// Package tokencheck compares the two programs that verify access tokens: the service's own,
// internal/jwt, and the package verify, which backends use. They were written apart, on
// different libraries, and have to agree on every token. There is nothing here but tests.
package tokencheck

//go:build !unix

package db

// InUse says that nobody has the database open: where that is so, it cannot be renamed.
func InUse(string) (bool, error) { return false, nil }

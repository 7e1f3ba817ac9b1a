//go:build !unix

package db

// inUse says that nobody has the database open: where that is so, it cannot be renamed.
func inUse(string) (bool, error) { return false, nil }

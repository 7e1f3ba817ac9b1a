//go:build !linux

package hashing

// lowerPriority does nothing: only Linux has priorities of single threads that
// any process may set.
func lowerPriority() {}

func isFirstThread() bool { return false }

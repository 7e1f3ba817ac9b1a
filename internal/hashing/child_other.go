//go:build !linux

package hashing

// Only Linux has priorities of single threads that any process may set.

func lowerPriority() {}

func isFirstThread() bool { return false }

func keepFiles() {}

//go:build !linux

package hashing

// Only Linux has batch jobs that are single threads.

func asBatch() {}

func isFirstThread() bool { return false }

func keepFiles() {}

//go:build !linux

package hashing

import "os/exec"

// Only Linux has batch jobs that are single threads, and shares out cores by session.

func asBatch() error { return nil }

func isFirstThread() bool { return false }

func ownSession(*exec.Cmd) {}

func keepFiles() {}

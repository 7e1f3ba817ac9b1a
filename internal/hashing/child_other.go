//go:build !linux

package hashing

import "os/exec"

// Only Linux has batch jobs that are single threads, and shares out cores by session.

func asBatch() {}

func isFirstThread() bool { return false }

func ownSession(*exec.Cmd) {}

func keepFiles() {}

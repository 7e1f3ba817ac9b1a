package codes_test

import (
	"bytes"
	"fmt"
	"strings"

	"latchkey/internal/codes"
)

// A recovery code, from the page to paper and back.
func ExampleNewRecovery() {
	shown, kept := codes.NewRecovery()
	typed := strings.ToUpper(strings.ReplaceAll(shown, "-", " "))
	hash, ok := codes.RecoveryHash(typed)
	fmt.Println(len(shown), ok, bytes.Equal(hash, kept))
	// Output: 27 true true
}

// A login by mail. The worker makes the code when it sends, and whoever checks what was
// typed makes it once more.
func ExampleMailed() {
	key, nonce := []byte("a key for this use, of 32 bytes."), []byte("sixteen bytes !!")
	code := codes.Mailed(key, nonce, "ada@example.org")
	fmt.Println(code, "for", codes.Reference(nonce))
	fmt.Println(codes.MailedEqual(code, strings.ToUpper(code)), codes.MailedEqual(code, "0000-0000"))
	// Output:
	// 16x7-2fqq for EDMQ
	// true false
}

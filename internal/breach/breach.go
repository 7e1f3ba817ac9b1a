// Package breach knows which passwords were stolen somewhere and are in the lists that
// guessers use. A list is a [File], made by [Build] from the official dump, or a
// [Service], which is asked for the list of all that begin alike and is told no more
// than five hexadecimal digits of a password's SHA-1.
//
// file.go describes the format and looks up, build.go makes such a file. service.go asks,
// and answers.go keeps what it was told. accepting.go is for whom a list that cannot be
// read is to keep nobody out.
package breach

import (
	"context"
	//lint:ignore G505 what lists of stolen passwords name them by; it protects nothing
	"crypto/sha1"
)

// List is a list of stolen passwords. It is asked for a password in its NFC.
type List interface {
	// Has reports whether a password is in the list. The error, where it cannot know,
	// holds nothing of the password.
	Has(ctx context.Context, password string) (bool, error)
	// Check looks whether the list can be read, and returns in a few words what it is.
	Check(ctx context.Context) (string, error)
	Close() error
}

// hash is the SHA-1 of a password.
type hash [sha1.Size]byte

func hashOf(password string) hash {
	//lint:ignore G401 as above
	return sha1.Sum([]byte(password))
}

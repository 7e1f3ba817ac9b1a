// Package password decides which passwords are good enough, and turns them into
// hashes and compares them: Argon2id (RFC 9106) or bcrypt, as strings in the PHC
// format, in a queue that keeps a flood of logins from taking the whole machine.
// Hashes that were imported from elsewhere are compared too, in these kinds and
// in scrypt (RFC 7914) and PBKDF2 (RFC 8018), until a login replaces them.
//
// Every function here takes a password as it was typed and normalizes it itself.
package password

import (
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"
)

// ErrMismatch says that a password is not the one a hash was made of.
var ErrMismatch = errors.New("password: mismatch")

// Normalize returns s in NFC, the form in which passwords are counted, hashed
// and compared, so that a letter with an accent is the same however a keyboard
// composed it. Nothing is trimmed, folded or cut; bytes that are not UTF-8 stay.
func Normalize(s string) string { return norm.NFC.String(s) }

// Kind is a way to hash. Its values are those of the setting PASSWORD_HASH.
type Kind string

const (
	Argon2id Kind = "argon2id"
	Bcrypt   Kind = "bcrypt"
)

// Params is what new hashes are made with. Only the fields of its Kind count.
type Params struct {
	Kind Kind

	Memory  uint32 // Argon2id: KiB, at least 8 a lane
	Time    uint32 // Argon2id: passes over the memory
	Threads uint8  // Argon2id: lanes

	Cost int // bcrypt: the logarithm to base 2 of its rounds
}

// Default returns the parameters of a kind: for Argon2id 19 MiB, 2 passes and
// 1 lane, for bcrypt cost 12. Argon2id's are the minimum that the OWASP
// Password Storage Cheat Sheet names, bcrypt's two above it. An unknown kind
// yields parameters that NewHasher and Hash refuse.
func Default(kind Kind) Params {
	switch kind {
	case Argon2id:
		return Params{Kind: Argon2id, Memory: 19 * 1024, Time: 2, Threads: 1}
	case Bcrypt:
		return Params{Kind: Bcrypt, Cost: 12}
	}
	return Params{Kind: kind}
}

// check refuses parameters whose hashes Verify would refuse.
func (p Params) check() error {
	switch p.Kind {
	case Argon2id:
		return checkArgon2id(p.Memory, p.Time, p.Threads)
	case Bcrypt:
		return checkBcrypt(p.Cost)
	}
	return fmt.Errorf("password: unknown kind of hash %q", p.Kind)
}

// Hash returns the PHC string of password with a fresh salt. A password that
// bcrypt cannot take whole is a *TooLongError or errNUL. It occupies a core for
// some 30 ms (Argon2id) or 230 ms (bcrypt): servers go through a Hasher.
func (p Params) Hash(password string) (string, error) {
	if err := p.check(); err != nil {
		return "", err
	}
	password = Normalize(password)
	if err := p.fits(password); err != nil {
		return "", err
	}
	return p.hash(password)
}

// fits reports whether Kind takes all of a normalized password.
func (p Params) fits(password string) error {
	if p.Kind == Bcrypt {
		return fitsBcrypt(password)
	}
	return nil
}

// hash is Hash after its checks.
func (p Params) hash(password string) (string, error) {
	if p.Kind == Bcrypt {
		return hashBcrypt(password, p.Cost)
	}
	return hashArgon2id(password, p).String(), nil
}

// standIn returns a hash of no password that takes as long to compare as one
// made by Hash, at no cost: its salt and its result are random.
func (p Params) standIn() hash {
	if p.Kind == Bcrypt {
		return standInBcrypt(p.Cost)
	}
	return standInArgon2id(p)
}

// Verify returns nil if the PHC string phc was made of password, ErrMismatch if
// it was not, and an error that is ErrMalformed if phc is not understood or
// costs more than the bounds allow. Servers go through a Hasher.
func Verify(phc, password string) error {
	h, err := parse(phc)
	if err != nil {
		return err
	}
	return compare(h, password)
}

// compare is Verify on a parsed string.
func compare(h hash, password string) error {
	if !h.matches(Normalize(password)) {
		return ErrMismatch
	}
	return nil
}

// Check returns nil if Verify could compare a password with phc, and else an
// error that is ErrMalformed and says what is wrong with it: numbers out of
// bounds, but nothing of salt and result. It costs nothing.
func Check(phc string) error {
	_, err := parse(phc)
	return err
}

// NeedsRehash reports whether phc, which a password has just been verified
// against, is of a lesser kind or cost than p and should be made anew: scrypt and
// PBKDF2 always; bcrypt where p is Argon2id; Argon2id with less memory than p, or with less memory
// times passes; bcrypt of a lower cost. What is above p stays, so Argon2id is
// never replaced by bcrypt. False if phc is malformed.
func (p Params) NeedsRehash(phc string) bool {
	h, err := parse(phc)
	return err == nil && h.below(p)
}

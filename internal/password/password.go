// Package password decides which passwords are good enough, makes hashes of them, and
// compares them with hashes. New hashes are Argon2id (RFC 9106) or bcrypt. Hashes that
// were imported may also be scrypt (RFC 7914) or PBKDF2 (RFC 8018), until a login
// replaces them. All are strings in the PHC format.
//
// Where to begin reading: policy.go says which passwords may be set. password.go makes
// and compares hashes, phc.go tells their kinds apart, and each kind has a file of its
// own. hasher.go is how a server does that: by a few machines (machine.go, worker.go), before which there
// is a bounded queue in which callers take turns (queue.go), so that a flood of logins takes
// neither the whole machine nor the turns of others. samples.go knows how long hashes took
// lately.
//
// Every function here takes a password as it was typed and normalizes it itself.
package password

import (
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"
)

// ErrMismatch says that a password is not the one that a hash was made of.
var ErrMismatch = errors.New("password: mismatch")

// Normalize returns s in NFC, the form in which passwords are counted, hashed
// and compared, so that a letter with an accent is the same however a keyboard
// composed it. Nothing is trimmed, folded or cut; bytes that are not UTF-8 stay.
func Normalize(s string) string { return norm.NFC.String(s) }

// Kind is a way to hash. Its values are those of the setting PASSWORD_HASH.
type Kind string

// The kinds of new hashes.
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

// check returns an error for parameters whose hashes Verify would refuse.
func (p Params) check() error {
	switch p.Kind {
	case Argon2id:
		return checkArgon2id(p.Memory, p.Time, p.Threads)
	case Bcrypt:
		return checkBcrypt(p.Cost)
	}
	return fmt.Errorf("password: unknown kind of hash %q", p.Kind)
}

// Hash returns a new hash of password, with a salt of its own. The error is a
// [*TooLongError] if bcrypt cannot take the whole password; it takes no NUL byte either.
// Hashing keeps a core busy for some 30 ms (Argon2id) or 230 ms (bcrypt): servers go
// through a [Hasher].
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

// fits returns an error if p.Kind does not take all of a normalized password.
func (p Params) fits(password string) error {
	if p.Kind == Bcrypt {
		return fitsBcrypt(password)
	}
	return nil
}

// hash does what Hash does after its checks.
func (p Params) hash(password string) (string, error) {
	if p.Kind == Bcrypt {
		return hashBcrypt(password, p.Cost)
	}
	return hashArgon2id(password, p).String(), nil
}

// standIn returns a hash that no password was made of: salt and result are random. It
// takes as long to compare as one that Hash made.
func (p Params) standIn() hash {
	if p.Kind == Bcrypt {
		return standInBcrypt(p.Cost)
	}
	return standInArgon2id(p)
}

// Verify returns nil if the hash phc was made of password, and ErrMismatch if it was
// not. The error is ErrMalformed if phc is not understood, or if comparing would cost more
// than the bounds allow. Servers go through a [Hasher].
func Verify(phc, password string) error {
	h, err := parse(phc)
	if err != nil {
		return err
	}
	return compare(h, password)
}

// compare does what Verify does, with a hash that was parsed before.
func compare(h hash, password string) error {
	if !h.matches(Normalize(password)) {
		return ErrMismatch
	}
	return nil
}

// Check returns nil if Verify can compare a password with phc. Otherwise the error is
// ErrMalformed; its text says what is wrong, and shows nothing of salt and result. Check
// costs nothing.
func Check(phc string) error {
	_, err := parse(phc)
	return err
}

// NeedsRehash reports whether phc is of a lesser kind or cost than p, so that a login
// should replace it: always for scrypt and PBKDF2; for bcrypt if p is Argon2id, or bcrypt
// of a higher cost; for Argon2id if p has more memory, or more memory times passes. What
// is above p stays, so Argon2id is never replaced by bcrypt. A malformed phc needs none.
func (p Params) NeedsRehash(phc string) bool {
	h, err := parse(phc)
	return err == nil && h.below(p)
}

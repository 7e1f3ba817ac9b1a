package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// Whatever parses is within the bounds and spelled as it was read; of what does
// not, the error shows nothing but numbers.
func FuzzParse(f *testing.F) {
	for _, s := range wellFormed {
		f.Add(s)
	}
	for _, s := range illFormed {
		f.Add(s)
	}
	for _, s := range []string{"hunter2", "$hunter2", "$argon2id$hunter2", "$2a$12$hunter2", "$scrypt$hunter2", "$pbkdf2-sha256$hunter2$hunter2$hunter2",
		"$argon2id$v=19$m=hunter2,t=1,p=1$a$b", "$scrypt$ln=14,r=8,p=1$hunter2!$x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parse(s)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || len(err.Error()) > 200 || strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("parse(%q): %v, want ErrMalformed", s, err)
			}
			return
		}
		if h.String() != s {
			t.Errorf("parse(%q) prints as %q", s, h)
		}
		if err := bounds(h); err != nil {
			t.Errorf("parse(%q): %v", s, err)
		}
	})
}

func bounds(h hash) error {
	switch h := h.(type) {
	case argon2idHash:
		if h.memory > 256*1024 || h.memory < 8*uint32(h.threads) || h.time < 1 || h.time > 10 || h.threads < 1 || h.threads > 16 ||
			len(h.salt) < 8 || len(h.salt) > 48 || len(h.key) < 12 || len(h.key) > 64 {
			return fmt.Errorf("out of bounds: %+v", h)
		}
	case bcryptHash:
		if h.cost < 4 || h.cost > 14 {
			return fmt.Errorf("out of bounds: %+v", h)
		}
	case scryptHash:
		if h.ln < 10 || h.ln > 17 || h.p < 1 || h.p<<h.ln > 1<<17 || len(h.salt) < 8 || len(h.key) < 16 || len(h.key) > 64 {
			return fmt.Errorf("out of bounds: %+v", h)
		}
	case pbkdf2Hash:
		blocks := (len(h.key) + pbkdf2Digests[h.id]().Size() - 1) / pbkdf2Digests[h.id]().Size()
		if h.iterations < 1000 || h.iterations*blocks > 2_000_000 || len(h.salt) < 8 || len(h.key) < 16 || len(h.key) > 64 {
			return fmt.Errorf("out of bounds: %+v", h)
		}
	default:
		return fmt.Errorf("unknown type %T", h)
	}
	return nil
}

// What Verify takes for malformed parse does too, and a string that nobody made of
// the password does not match. Strings that are dear to compare with are left out.
func FuzzVerify(f *testing.F) {
	for _, s := range append(wellFormed, illFormed...) {
		f.Add(s, "correct horse")
	}
	f.Add("$2a$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", strings.Repeat("\xff", 73))
	f.Add("$argon2id$v=19$m=64,t=1,p=4$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "\x00e\u0301")
	f.Fuzz(func(t *testing.T, s, password string) {
		h, parseErr := parse(s)
		switch h := h.(type) {
		case argon2idHash:
			if h.memory*h.time > 1024 {
				t.Skip("dear")
			}
		case bcryptHash:
			if h.cost > 4 {
				t.Skip("dear")
			}
		case scryptHash:
			if h.p<<h.ln > 1<<10 {
				t.Skip("dear")
			}
		case pbkdf2Hash:
			if h.iterations > 2000 {
				t.Skip("dear")
			}
		}
		err := Verify(s, password)
		if errors.Is(err, ErrMalformed) != (parseErr != nil) {
			t.Errorf("Verify(%q) = %v, but parse: %v", s, err, parseErr)
		}
		if parseErr == nil && err != nil && !errors.Is(err, ErrMismatch) {
			t.Errorf("Verify(%q) = %v, want nil or ErrMismatch", s, err)
		}
	})
}

// A hash that the algorithms themselves make of a password verifies with that
// password in any normal form, and with no other.
func FuzzVerifyMade(f *testing.F) {
	for kind := range byte(4) {
		for _, seed := range [][2]string{{"correct horse", "correct horse "}, {"\u00e9clair", "e\u0301clair"}, {"", "\x00"}, {"a", "a\x00a"}, {"a", "a\x00"}, {"\xff", "\xfe"},
			{strings.Repeat("a", 72), strings.Repeat("a", 73)}, {strings.Repeat("a", 73), strings.Repeat("a", 74)}, {"Password", "password"}} {
			f.Add(kind, []byte("0123456789abcdef"), seed[0], seed[1])
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, salt []byte, password, other string) {
		salt = append(salt, make([]byte, 16)...)[:16]
		normal, b64 := norm.NFC.String(password), base64.RawStdEncoding.EncodeToString
		var phc string
		switch kind % 4 {
		case 0:
			phc = "$argon2id$v=19$m=8,t=1,p=1$" + b64(salt) + "$" + b64(argon2.IDKey([]byte(normal), salt, 1, 8, 1, 32))
		case 1:
			key, err := scrypt.Key([]byte(normal), salt, 1<<10, 8, 1, 32)
			must(t, err)
			phc = "$scrypt$ln=10,r=8,p=1$" + b64(salt) + "$" + b64(key)
		case 2:
			key, err := pbkdf2.Key(sha256.New, normal, salt, 1000, 32)
			must(t, err)
			phc = "$pbkdf2-sha256$i=1000$" + b64(salt) + "$" + b64(key)
		case 3:
			made, err := bcrypt.GenerateFromPassword([]byte(normal[:min(len(normal), 72)]), 4)
			must(t, err)
			phc = string(made)
		}
		whole := true // else it fails, and so would what the algorithm takes for the same
		switch kind % 4 {
		case 1, 2:
			whole = !strings.HasSuffix(normal, "\x00")
		case 3:
			whole = len(normal) <= 72 && !strings.Contains(normal, "\x00")
		}
		if err := Verify(phc, password); (err == nil) != whole {
			t.Errorf("%s of %q: %v", phc, password, err)
		}
		if err := Verify(phc, other); norm.NFC.String(other) != normal && whole && !errors.Is(err, ErrMismatch) {
			t.Errorf("%s of %q verifies with %q: %v", phc, password, other, err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

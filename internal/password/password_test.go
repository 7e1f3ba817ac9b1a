package password

import (
	"errors"
	"strings"
	"testing"
)

// Parameters for tests that are not about cost.
var (
	cheapArgon2id = Params{Kind: Argon2id, Memory: 64, Time: 1, Threads: 1}
	cheapBcrypt   = Params{Kind: Bcrypt, Cost: 4}
	cheap         = map[Kind]Params{Argon2id: cheapArgon2id, Bcrypt: cheapBcrypt}
)

func mustHash(t testing.TB, p Params, password string) string {
	t.Helper()
	phc, err := p.Hash(password)
	if err != nil {
		t.Fatalf("hash: %v", err)
	}
	return phc
}

// Argon2id ones are from the reference implementation (phc-winner-argon2,
// src/test.c), bcrypt ones from crypt_blowfish (wrapper.c).
func TestVectors_A5(t *testing.T) {
	for _, v := range []struct{ phc, password string }{
		{"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
		{"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password"},
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""},
		{"$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"},
	} {
		if err := Verify(v.phc, v.password); err != nil {
			t.Errorf("Verify(%q, %q) = %v", v.phc, v.password, err)
		}
		if err := Verify(v.phc, v.password+"!"); !errors.Is(err, ErrMismatch) {
			t.Errorf("Verify(%q, %q) = %v, want ErrMismatch", v.phc, v.password+"!", err)
		}
	}
}

// Read from the stand-ins, which cost nothing; TestHasher_A5 hashes.
func TestDefaults_A5(t *testing.T) {
	for kind, prefix := range map[Kind]string{
		Argon2id: "$argon2id$v=19$m=19456,t=2,p=1$",
		Bcrypt:   "$2a$12$",
	} {
		if got := Default(kind).standIn().String(); !strings.HasPrefix(got, prefix) {
			t.Errorf("%s: got %q, want it to begin with %q", kind, got, prefix)
		}
		if err := Default(kind).check(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := Default("md5").Hash("correct horse"); err == nil {
		t.Error("an unknown kind was hashed")
	}
}

func TestSaltIsFresh_A5(t *testing.T) {
	for kind, p := range cheap {
		if a, b := mustHash(t, p, "correct horse"), mustHash(t, p, "correct horse"); a == b {
			t.Errorf("%s: twice %q", kind, a)
		}
	}
}

// What must be one password, and what must not.
func TestWholePassword_A1(t *testing.T) {
	emoji := strings.Repeat("\U0001F600", 64) // 256 bytes
	for _, c := range []struct {
		name, set, typed string
		same             bool
		kinds            []Kind
	}{
		{"64 emoji", emoji, emoji, true, []Kind{Argon2id}},
		{"63 emoji", emoji, emoji[4:], false, []Kind{Argon2id}},
		{"the last of 64 emoji", emoji, emoji[4:] + "\U0001F601", false, []Kind{Argon2id}},
		{"a byte behind 72", strings.Repeat("a", 72), strings.Repeat("a", 73), false, []Kind{Argon2id}},
		{"NFC and NFD", "Z\u00fcrich-caf\u00e9", "Zu\u0308rich-cafe\u0301", true, []Kind{Argon2id, Bcrypt}},
		{"Kelvin sign and K", "\u212aelvin-degrees", "Kelvin-degrees", true, []Kind{Argon2id, Bcrypt}}, // NFC of the sign is K
		{"full width", "\uff41bcdefgh", "abcdefgh", false, []Kind{Argon2id, Bcrypt}},
		{"spaces around", "  a b c d ", "  a b c d ", true, []Kind{Argon2id, Bcrypt}},
		{"leading space", " abcdefgh", "abcdefgh", false, []Kind{Argon2id, Bcrypt}},
		{"trailing space", "abcdefgh ", "abcdefgh", false, []Kind{Argon2id, Bcrypt}},
		{"case", "Abcdefgh", "abcdefgh", false, []Kind{Argon2id, Bcrypt}},
	} {
		for _, kind := range c.kinds {
			err := Verify(mustHash(t, cheap[kind], c.set), c.typed)
			if same := err == nil; same != c.same || !same && !errors.Is(err, ErrMismatch) {
				t.Errorf("%s, %s: got %v, want same %t", c.name, kind, err, c.same)
			}
		}
	}
}

func TestBcrypt72Bytes_A4(t *testing.T) {
	full := strings.Repeat("é", 36) // 72 bytes
	phc := mustHash(t, cheapBcrypt, full)
	if err := Verify(phc, full); err != nil {
		t.Errorf("72 bytes: %v", err)
	}
	if err := Verify(phc, strings.Repeat("e\u0301", 36)); err != nil {
		t.Errorf("108 bytes that are 72 after NFC: %v", err)
	}
	for _, tail := range []string{"x", "\x00", strings.Repeat("x", 1000)} {
		if err := Verify(phc, full+tail); !errors.Is(err, ErrMismatch) {
			t.Errorf("%d bytes behind: got %v, want ErrMismatch", len(tail), err)
		}
	}
	// crypt_blowfish has this vector with "chars after 72 are ignored" behind.
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const vector = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
	if err := Verify(vector, letters); err != nil {
		t.Errorf("vector: %v", err)
	}
	if err := Verify(vector, letters+"chars after 72 are ignored"); !errors.Is(err, ErrMismatch) {
		t.Errorf("vector with more: got %v, want ErrMismatch", err)
	}

	_, err := cheapBcrypt.Hash(full + "x")
	var tooLong *TooLongError
	if !errors.As(err, &tooLong) || tooLong.Limit != 72 {
		t.Errorf("hashing 73 bytes: got %v, want a TooLongError of 72", err)
	}
}

// To bcrypt alone "secret" and "secret\x00secret" are the same.
func TestBcryptNUL_A4(t *testing.T) {
	phc := mustHash(t, cheapBcrypt, "secret")
	if err := Verify(phc, "secret\x00secret"); !errors.Is(err, ErrMismatch) {
		t.Errorf("got %v, want ErrMismatch", err)
	}
	if _, err := cheapBcrypt.Hash("secret\x00secret"); !errors.Is(err, errNUL) {
		t.Errorf("hashing: got %v, want errNUL", err)
	}
}

func TestNeedsRehash_A5(t *testing.T) {
	const argon2Tail = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	const bcryptTail = "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	for _, c := range []struct {
		phc              string
		argon2id, bcrypt bool // whether it is below the defaults of either
	}{
		{"$argon2id$v=19$m=19456,t=2,p=1" + argon2Tail, false, false},
		{"$argon2id$v=19$m=19456,t=1,p=1" + argon2Tail, true, false},
		{"$argon2id$v=19$m=19455,t=2,p=1" + argon2Tail, true, false},
		{"$argon2id$v=19$m=9216,t=10,p=1" + argon2Tail, true, false}, // more work, but less memory
		{"$argon2id$v=19$m=65536,t=1,p=4" + argon2Tail, false, false},
		{"$2b$12" + bcryptTail, true, false},
		{"$2y$11" + bcryptTail, true, true},
		{"$2a$14" + bcryptTail, true, false},
		{"*", false, false},
	} {
		if got := Default(Argon2id).NeedsRehash(c.phc); got != c.argon2id {
			t.Errorf("%s below Argon2id's defaults: got %t", c.phc, got)
		}
		if got := Default(Bcrypt).NeedsRehash(c.phc); got != c.bcrypt {
			t.Errorf("%s below bcrypt's defaults: got %t", c.phc, got)
		}
	}
}

package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"testing"

	"latchkey/internal/seal"
)

var (
	older = bytes.Repeat([]byte("old!"), 8)
	newer = bytes.Repeat([]byte("new!"), 8)
	place = seal.Place{Table: "signing_keys", Column: "private", Row: "a"}
)

func keys(t testing.TB, secrets ...[]byte) *seal.Keys {
	t.Helper()
	k, err := seal.New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What is kept shows nothing of what was sealed, is another each time, and is as long
// as it is said to be.
func TestSealed_F3(t *testing.T) {
	k := keys(t, older)
	text := []byte("a private key, in the clear")
	one, other := k.Seal(text, place), k.Seal(text, place)
	if bytes.Equal(one, other) || bytes.Contains(one, text[:8]) || len(one) != len(text)+seal.PrefixLen+28 {
		t.Errorf("sealed as %x and %x", one, other)
	}
	for _, sealed := range [][]byte{one, other, k.Seal(nil, place)} {
		if got, err := k.Open(sealed, place); err != nil || len(got) > 0 && !bytes.Equal(got, text) {
			t.Errorf("opened as %q, %v", got, err)
		}
	}
	if _, err := seal.New(nil); err == nil {
		t.Error("no secret at all was taken")
	}
}

// Every bit counts, and so does the place.
func TestAltered_F3(t *testing.T) {
	k := keys(t, older)
	sealed := k.Seal([]byte("text"), place)
	for i := range sealed {
		for bit := range 8 {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1 << bit
			if _, err := k.Open(altered, place); err == nil {
				t.Errorf("bit %d of byte %d does not count", bit, i)
			}
		}
		if _, err := k.Open(sealed[:i], place); err == nil {
			t.Errorf("the first %d bytes are enough", i)
		}
	}
	if _, err := k.Open(append(bytes.Clone(sealed), 0), place); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("a byte more: %v", err)
	}
	for _, elsewhere := range []seal.Place{
		{Table: "signing_keys", Column: "private", Row: "b"}, {Table: "signing_keys", Column: "other", Row: "a"}, {Table: "other", Column: "private", Row: "a"},
		{Table: "signing_keysprivate", Column: "", Row: "a"}, {Table: "signing_keys", Column: "privatea", Row: ""}, {},
	} {
		if _, err := k.Open(sealed, elsewhere); !errors.Is(err, seal.ErrBroken) {
			t.Errorf("at %+v: %v, want ErrBroken", elsewhere, err)
		}
	}
}

// The first secret seals, all open, and one that is not there is said to be that.
func TestSecretsOfSeals_F4(t *testing.T) {
	before, both, after := keys(t, older), keys(t, newer, older), keys(t, newer)
	old, young := before.Seal([]byte("old"), place), both.Seal([]byte("young"), place)
	for name, c := range map[string]struct {
		keys   *seal.Keys
		sealed []byte
		err    error
	}{
		"the older by both": {both, old, nil}, "the newer by both": {both, young, nil}, "the newer alone": {after, young, nil},
		"an older without its secret": {after, old, seal.ErrOtherSecret}, "a newer without its secret": {before, young, seal.ErrOtherSecret},
		"nothing": {both, nil, seal.ErrBroken}, "another version": {both, append([]byte{2}, young[1:]...), seal.ErrBroken},
	} {
		if _, err := c.keys.Open(c.sealed, place); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
	}
	if !bytes.HasPrefix(young, both.Prefix()) || bytes.HasPrefix(old, both.Prefix()) || len(both.Prefix()) != seal.PrefixLen {
		t.Errorf("%x is the prefix of %x and not of %x", both.Prefix(), young, old)
	}
}

// reading is version 1 once more, from its description alone.
func reading(secret, sealed []byte, p seal.Place) ([]byte, bool) {
	derived, err := hkdf.Key(sha256.New, secret, nil, "seal", 32)
	if err != nil {
		return nil, false
	}
	id := sha256.Sum256(derived)
	if len(sealed) < 1+4+12+16 || sealed[0] != 1 || !bytes.Equal(sealed[1:5], id[:4]) {
		return nil, false
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, false
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, false
	}
	bound := bytes.Clone(sealed[:5])
	for _, part := range []string{p.Table, p.Column, p.Row} {
		n := len(part)
		for ; n >= 0x80; n >>= 7 {
			bound = append(bound, byte(n&0x7f)|0x80)
		}
		bound = append(append(bound, byte(n)), part...)
	}
	text, err := gcm.Open(nil, sealed[5:17], sealed[17:], bound)
	return text, err == nil
}

// What is sealed opens at its place, and nowhere else, by this reading and by
// another; and no bytes at all break it.
func FuzzOpen(f *testing.F) {
	k := keys(f, newer, older)
	f.Add([]byte("text"), "signing_keys", "private", "a", []byte{})
	f.Add([]byte{}, "", "", "", k.Seal([]byte("x"), place))
	f.Add(bytes.Repeat([]byte("long"), 400), "t", "c", string(bytes.Repeat([]byte("row"), 100)), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, text []byte, table, column, row string, raw []byte) {
		p := seal.Place{Table: table, Column: column, Row: row}
		sealed := k.Seal(text, p)
		got, err := k.Open(sealed, p)
		if second, ok := reading(newer, sealed, p); err != nil || !ok || !bytes.Equal(got, text) || !bytes.Equal(second, text) {
			t.Fatalf("opened as %q and %q, %v; want %q", got, second, err, text)
		}
		elsewhere := seal.Place{Table: table, Column: column, Row: row + "x"}
		if _, err := k.Open(sealed, elsewhere); !errors.Is(err, seal.ErrBroken) {
			t.Fatalf("in another row: %v", err)
		}
		got, err = k.Open(raw, p)
		one, ok1 := reading(newer, raw, p)
		two, ok2 := reading(older, raw, p)
		if (err == nil) != (ok1 || ok2) || err == nil && !bytes.Equal(got, one) && !bytes.Equal(got, two) {
			t.Fatalf("%x: opened as %q, %v", raw, got, err)
		}
	})
}

package codes_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"latchkey/internal/codes"
)

var (
	key   = bytes.Repeat([]byte("key!"), 8)
	nonce = []byte("sixteen bytes !!")
)

// Recovery codes are as they are shown, and none is another.
func TestNewRecovery(t *testing.T) {
	form := regexp.MustCompile(`^[a-z2-7]{6}-[a-z2-7]{6}-[a-z2-7]{6}-[a-z2-7]{6}$`)
	seen, letters := map[string]bool{}, map[rune]bool{}
	for range 50 * codes.RecoveryCodes {
		shown, hash := codes.NewRecovery()
		if !form.MatchString(shown) || seen[shown] || seen[string(hash)] {
			t.Fatalf("%q after %d others", shown, len(seen))
		}
		seen[shown], seen[string(hash)] = true, true
		if want := sha256.Sum256([]byte(strings.ReplaceAll(shown, "-", ""))); !bytes.Equal(hash, want[:]) {
			t.Errorf("the hash of %s is %x, want %x", shown, hash, want)
		}
		for _, r := range shown {
			letters[r] = true
		}
	}
	if len(letters) != 32+1 {
		t.Errorf("of %d characters", len(letters))
	}
}

// Dashes, spaces and case do not count, and all else does.
func TestRecoveryHash(t *testing.T) {
	const shown = "abcdef-ghijkl-mnopqr-stkvw7"
	want := sha256.Sum256([]byte("abcdefghijklmnopqrstkvw7"))
	for typed, good := range map[string]bool{
		shown: true, "abcdefghijklmnopqrstkvw7": true, strings.ToUpper(shown): true, "  aBcDeF ghIJkl\tmnopqr\r\nstkvw7 ": true, "a-b-cdef--ghijkl-mnopqr-stkvw7-": true,
		strings.ReplaceAll(shown, "-", "–"): true, strings.ReplaceAll(shown, "-", "\u2011"): true, strings.ReplaceAll(shown, "-", "\u00a0"): true,
		"": false, "-": false, shown[1:]: false, shown + "a": false, shown + "=": false, shown + "\x00": false, shown + "\u200b": false, shown + ".": false, shown + "_": false,
		strings.Replace(shown, "o", "0", 1): false, strings.Replace(shown, "l", "1", 1): false, strings.Replace(shown, "b", "8", 1): false,
		strings.Replace(shown, "k", "\u212a", 1): false, strings.Replace(shown, "s", "\u017f", 1): false, strings.Replace(shown, "a", "а", 1): false, strings.Replace(shown, "a", "ａ", 1): false,
		strings.Replace(shown, "a", "\xff", 1): false, strings.Repeat(shown, 2): false,
	} {
		hash, ok := codes.RecoveryHash(typed)
		if ok != good || ok && !bytes.Equal(hash, want[:]) || !ok && hash != nil {
			t.Errorf("%q: %x, %t, want %t", typed, hash, ok, good)
		}
	}
}

// A mailed code is one of its key, its ticket and its address.
func TestMailed(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$`)
	code := codes.Mailed(key, nonce, "ada@example.org")
	if !form.MatchString(code) || codes.Mailed(key, nonce, "ada@example.org") != code {
		t.Errorf("the code is %q", code)
	}
	otherNonce := append([]byte{'S'}, nonce[1:]...)
	for name, other := range map[string]string{
		"another key":     codes.Mailed(bytes.Repeat([]byte("KEY!"), 8), nonce, "ada@example.org"),
		"another ticket":  codes.Mailed(key, otherNonce, "ada@example.org"),
		"another address": codes.Mailed(key, nonce, "bob@example.org"),
	} {
		if !form.MatchString(other) || codes.MailedEqual(code, other) {
			t.Errorf("%s: %q beside %q", name, other, code)
		}
	}
	letters := map[rune]bool{}
	for i := range 500 {
		for _, r := range codes.Mailed(key, big.NewInt(int64(i)).FillBytes(make([]byte, 16)), "") {
			letters[r] = true
		}
	}
	if len(letters) != 32+1 {
		t.Errorf("of %d characters", len(letters))
	}
}

// Dashes, spaces and case do not count, what looks like a letter is it, and all else
// counts.
func TestMailedEqual(t *testing.T) {
	const code = "01ab-k1v0"
	for typed, good := range map[string]bool{
		code: true, "01abk1v0": true, "01AB-K1V0": true, " 01ab k1v0\n": true, "0-1-a-b-k-1-v-0": true, "01ab–k1v0": true, "oiab-klvO": true, "OLAB KIV0": true,
		"": false, "-": false, "01ab-k1v": false, "01ab-k1v00": false, "01ab-k1v1": false, "11ab-k1v0": false, "01ab-k1u0": false, "01ab-\u212a1v0": false, "01ab-k1v0\x00": false, "01ab.k1v0": false, "01ab-k1v\u0660": false,
	} {
		if codes.MailedEqual(code, typed) != good {
			t.Errorf("%q: want %t", typed, good)
		}
	}
}

// A reference is of its ticket and tells nothing of the code.
func TestReference(t *testing.T) {
	for _, c := range []struct {
		nonce []byte
		want  string
	}{
		{make([]byte, 16), "0000"}, {bytes.Repeat([]byte{255}, 16), "ZZZZ"}, {append([]byte{0x08, 0x86, 0x4f}, make([]byte, 13)...), "1234"},
	} {
		if got := codes.Reference(c.nonce); got != c.want {
			t.Errorf("%x: %s, want %s", c.nonce, got, c.want)
		}
	}
	if code := codes.Mailed(key, nonce, "ada@example.org"); strings.Contains(strings.ToUpper(code), codes.Reference(nonce)) {
		t.Errorf("%s has %s in it", code, codes.Reference(nonce))
	}
}

// typedAs is what counts of a typed text, character by character.
func typedAs(typed string) string {
	var counts []rune
	for _, r := range typed {
		if i := strings.IndexRune("ABCDEFGHIJKLMNOPQRSTUVWXYZ", r); i >= 0 {
			r = rune("abcdefghijklmnopqrstuvwxyz"[i])
		}
		if !unicode.In(r, unicode.White_Space, unicode.Pd) {
			counts = append(counts, r)
		}
	}
	return string(counts)
}

// What is typed is a recovery code, or none, by this reading and by another; and what is
// shown is one however it is spelled.
func FuzzRecoveryHash(f *testing.F) {
	shown, _ := codes.NewRecovery()
	f.Add(shown, 3)
	f.Add("ABCDEF GHIJKL MNOPQR STUVW7", 7)
	f.Add("abcdef–ghijkl—mnopqr‐stuvw0", 0)
	f.Add("abcdef\xffghijkl\u212anopqr=stuvw=", 100)
	form := regexp.MustCompile(`^[a-z2-7]{24}$`)
	f.Fuzz(func(t *testing.T, typed string, at int) {
		hash, ok := codes.RecoveryHash(typed)
		code := typedAs(typed)
		if want := sha256.Sum256([]byte(code)); ok != form.MatchString(code) || ok && !bytes.Equal(hash, want[:]) {
			t.Fatalf("%q: %x, %t", typed, hash, ok)
		}
		shown, kept := codes.NewRecovery()
		i := int(uint(at) % uint(len(shown)))
		spelled := strings.ToUpper(shown[:i]) + " - " + shown[i:]
		if hash, ok := codes.RecoveryHash(spelled); !ok || !bytes.Equal(hash, kept) {
			t.Fatalf("%q is not %q", spelled, shown)
		}
	})
}

// A code is 40 bits of what it is made from, and what is typed is it, or not, by this
// reading and by another.
func FuzzMailed(f *testing.F) {
	f.Add(key, nonce, "ada@example.org", "0000-0000", 3)
	f.Add([]byte{}, nonce, "", "oOiI-lL01", 0)
	f.Add(key, make([]byte, 16), "bücher@example.org", "\xff\u212a—", -1)
	f.Fuzz(func(t *testing.T, key, nonce []byte, emailKey, typed string, at int) {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write(append(bytes.Clone(nonce), emailKey...))
		number := new(big.Int).SetBytes(mac.Sum(nil)[:5])
		want := ""
		for range 8 {
			want = string("0123456789abcdefghjkmnpqrstvwxyz"[number.Uint64()%32]) + want
			number.Rsh(number, 5)
		}
		code := codes.Mailed(key, nonce, emailKey)
		if code != want[:4]+"-"+want[4:] {
			t.Fatalf("%s, want %s", code, want)
		}
		i := int(uint(at) % 9)
		for _, typed := range []string{typed, code, strings.ToUpper(code[:i]) + " " + code[i:], strings.ReplaceAll(strings.ReplaceAll(code, "0", "O"), "1", "l"), code[:i] + typed} {
			read := []rune(typedAs(typed))
			for j, r := range read {
				switch r {
				case 'o':
					read[j] = '0'
				case 'i', 'l':
					read[j] = '1'
				}
			}
			if codes.MailedEqual(code, typed) != (string(read) == want) {
				t.Fatalf("%q as %s", typed, code)
			}
		}
	})
}

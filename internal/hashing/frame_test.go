package hashing

import (
	"bytes"
	"slices"
	"testing"

	"latchkey/internal/password"
)

// Whatever comes, reading ends, and what a frame says is what another with the same fields
// says.
func FuzzFrame(f *testing.F) {
	f.Add([]byte(hashFrame(password.Default(password.Argon2id), "correct horse")))
	f.Add([]byte(verifyFrame("$argon2id$", "")))
	f.Add([]byte{0, 0, 0, 4, 0, 0, 0, 9})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, sent []byte) {
		got, err := read(bytes.NewReader(sent))
		if err != nil {
			return
		}
		fields, err := got.fields()
		if err != nil {
			return
		}
		if again := newFrame(fields...); !bytes.Equal(again, got) {
			t.Errorf("%q was read as %q, which is %q", got, fields, again)
		}
		if fields[0] == askHash && len(fields) == 7 {
			if p, err := params(fields[1:]); err == nil {
				again, err := hashFrame(p, fields[6]).fields()
				if err != nil || !slices.Equal(again[6:], fields[6:]) {
					t.Errorf("%q became %q", fields, again)
				}
			}
		}
	})
}

package seal_test

import (
	"bytes"
	"errors"
	"fmt"

	"latchkey/internal/seal"
)

// A secret of one row, kept over a change of SECRET_KEY.
func Example() {
	older := []byte("an older secret for this example, of 32 bytes and more")
	newer := []byte("a newer secret for this example, of 32 bytes and more")
	place := seal.Place{Table: "signing_keys", Column: "private", Row: "42"}

	keys, err := seal.New([][]byte{older})
	if err != nil {
		panic(err)
	}
	sealed := keys.Seal([]byte("for our eyes only"), place)

	keys, err = seal.New([][]byte{newer, older}) // the first seals, all open
	if err != nil {
		panic(err)
	}
	text, err := keys.Open(sealed, place)
	fmt.Println(string(text), err)
	fmt.Println("to be sealed anew:", !bytes.HasPrefix(sealed, keys.Prefix()))

	_, err = keys.Open(sealed, seal.Place{Table: "signing_keys", Column: "private", Row: "43"})
	fmt.Println("in another row:", errors.Is(err, seal.ErrBroken))
	// Output:
	// for our eyes only <nil>
	// to be sealed anew: true
	// in another row: true
}

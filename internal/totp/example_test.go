package totp_test

import (
	"fmt"
	"time"

	"latchkey/internal/totp"
)

// A secret from the page into an app, and a code from the app.
func Example() {
	secret := []byte("twenty bytes to show")
	fmt.Println(totp.URI(secret, "Example", "ada"))

	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	typed := totp.Code(secret, totp.Step(noon)) // by the app
	step, ok := totp.Match(secret, typed, noon.Add(40*time.Second), 0)
	fmt.Println(step == totp.Step(noon), ok)
	_, ok = totp.Match(secret, typed, noon.Add(40*time.Second), step)
	fmt.Println("once more:", ok)
	// Output:
	// otpauth://totp/Example:ada?secret=OR3WK3TUPEQGE6LUMVZSA5DPEBZWQ33X&issuer=Example&algorithm=SHA1&digits=6&period=30
	// true true
	// once more: false
}

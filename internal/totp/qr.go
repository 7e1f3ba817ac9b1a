package totp

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

const quiet = 4 // modules of white on each side (ISO/IEC 18004)

// QRCode returns a text as an SVG document, black on white with its margin: with a
// correction of 15 %, or of 7 % where the text is too long for that. It has no size of
// its own, no script and no id, so that it can stand anywhere in a page.
func QRCode(text string) (svg string, err error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		code, err = qr.Encode(text, qr.L)
	}
	if err != nil {
		return "", fmt.Errorf("a QR code of %d characters: %w", len(text), err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	size := code.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="QR code">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`, size, size, size, size, path.String()), nil
}

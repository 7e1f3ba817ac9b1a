package totp_test

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	qr "github.com/piglig/go-qr"

	"latchkey/internal/totp"
)

// Names of all kinds stand in a URI so that what apps read is what they are.
func TestURI(t *testing.T) {
	for _, c := range []struct{ issuer, account, label, query string }{
		{"Example", "ada", "Example:ada", "Example"},
		{"My Service", "ada lovelace", "My%20Service:ada%20lovelace", "My%20Service"},
		{"a:b", "c:d", "a%3Ab:c%3Ad", "a%3Ab"},
		{"1+1&x=y#z?/%", "ada@example.org", "1%2B1%26x%3Dy%23z%3F%2F%25:ada%40example.org", "1%2B1%26x%3Dy%23z%3F%2F%25"},
		{"Bücher", "日本", "B%C3%BCcher:%E6%97%A5%E6%9C%AC", "B%C3%BCcher"},
	} {
		got := totp.URI(vectors, c.issuer, c.account)
		want := "otpauth://totp/" + c.label + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=" + c.query + "&algorithm=SHA1&digits=6&period=30"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/"+c.issuer+":"+c.account || u.Query().Get("issuer") != c.issuer || u.Fragment != "" {
			t.Errorf("%s is read as %+v, %v", got, u, err)
		}
	}
}

var (
	document = regexp.MustCompile(`^<svg xmlns="http://www\.w3\.org/2000/svg" viewBox="0 0 (\d+) (\d+)" shape-rendering="crispEdges" role="img" aria-label="QR code"><path fill="#fff" d="M0 0h(\d+)v(\d+)H0z"/><path fill="#000" d="((?:M\d+ \d+h\d+v1h-\d+z)+)"/></svg>$`)
	runs     = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// pixels draws an SVG of QRCode, each module as a square of many pixels.
func pixels(t testing.TB, svg string, scale int) *image.Gray {
	t.Helper()
	m := document.FindStringSubmatch(svg)
	if m == nil {
		t.Fatalf("no such document: %.300s", svg)
	}
	var size, x, y, n, back int
	if _, err := fmt.Sscan(m[1], &size); err != nil || m[2] != m[1] || m[3] != m[1] || m[4] != m[1] {
		t.Fatalf("%s by %s in %s by %s, %v", m[3], m[4], m[1], m[2], err)
	}
	img := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, r := range runs.FindAllStringSubmatch(m[5], -1) {
		if _, err := fmt.Sscan(strings.Join(r[1:], " "), &x, &y, &n, &back); err != nil || n != back || x < 4 || y < 4 || x+n > size-4 || y >= size-4 {
			t.Fatalf("a run %s of %d, %v", r[0], size, err)
		}
		square := image.Rect(x*scale, y*scale, (x+n)*scale, (y+1)*scale)
		if img.GrayAt(square.Min.X, square.Min.Y) != (color.Gray{Y: 255}) || img.GrayAt(square.Min.X-1, square.Min.Y) != (color.Gray{Y: 255}) {
			t.Fatalf("%s covers or touches the run before", r[0])
		}
		draw.Draw(img, square, image.Black, image.Point{}, draw.Src)
	}
	return img
}

// Another library reads the picture and finds the text, with as much correction as is
// said.
func TestQRCode(t *testing.T) {
	for text, level := range map[string]qr.Ecc{
		totp.URI(vectors, "Latchkey", "ada"):                                          qr.Medium,
		totp.URI(vectors, "Ein Dienst mit Umlauten: Bücher", strings.Repeat("ö", 64)): qr.Medium,
		"7":                       qr.Medium,
		"HELLO WORLD":             qr.Medium,
		strings.Repeat("x", 2331): qr.Medium, // as much as there can be
		strings.Repeat("x", 2332): qr.Low,
		strings.Repeat("x", 2953): qr.Low,
	} {
		svg, err := totp.QRCode(text)
		if err != nil {
			t.Fatalf("%.60s: %v", text, err)
		}
		got, err := qr.DecodeDetailed(pixels(t, svg, 4))
		if err != nil {
			t.Fatalf("%.60s: %v", text, err)
		}
		if got.Text != text || got.Ecc != level {
			t.Errorf("%.60s: read as %.60s with correction %v, want %v", text, got.Text, got.Ecc, level)
		}
		d := xml.NewDecoder(strings.NewReader(svg))
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			t.Errorf("%.60s is no XML: %v", text, err)
		}
	}
	if svg, err := totp.QRCode(strings.Repeat("x", 2954)); err == nil || svg != "" || strings.Contains(err.Error(), "xx") {
		t.Errorf("too long a text: %v", err)
	}
}

// Whatever a service and an account are called, the picture says it.
func FuzzQRCode(f *testing.F) {
	f.Add("Latchkey", "ada")
	f.Add("a:b", "c d+e%20\xff")
	f.Add("", "\x00<svg onload='x'>\"&")
	f.Fuzz(func(t *testing.T, issuer, account string) {
		issuer, account = issuer[:min(len(issuer), 100)], account[:min(len(account), 100)]
		uri := totp.URI(vectors, issuer, account)
		u, err := url.Parse(uri)
		if err != nil || u.Path != "/"+issuer+":"+account || u.Query().Get("issuer") != issuer || strings.Count(uri, ":") != 2 {
			t.Fatalf("%q and %q stand as %s, %v", issuer, account, uri, err)
		}
		svg, err := totp.QRCode(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := qr.Decode(pixels(t, svg, 2)); err != nil || got != uri {
			t.Fatalf("%s is read as %s, %v", uri, got, err)
		}
	})
}

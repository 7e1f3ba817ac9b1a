package ticket_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/ticket"
)

var (
	older = bytes.Repeat([]byte("old!"), 8)
	newer = bytes.Repeat([]byte("new!"), 8)
	noon  = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

	purposes = []ticket.Purpose{ticket.Step, ticket.PasskeyLogin, ticket.PasskeyAdd, ticket.TOTPAdd, ticket.MailLogin, ticket.StepUp}
)

const ttl = 10 * time.Minute

type body struct {
	User    string `json:"user"`
	Version int64  `json:"version,omitzero"`
}

func makes(t testing.TB, m *ticket.Maker, p ticket.Purpose, content any) ticket.Ticket {
	t.Helper()
	made, err := m.Make(p, content, noon, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// refused says that a text does not open.
func refused(t testing.TB, m *ticket.Maker, name, text string, p ticket.Purpose, now time.Time, content any) {
	t.Helper()
	if got, err := m.Open(text, p, now, content); !errors.Is(err, ticket.ErrInvalid) || got != (ticket.Ticket{}) {
		t.Errorf("%s: %+v, %v, want ErrInvalid", name, got, err)
	}
}

// What is made opens as it was made, and no two are alike.
func TestMadeAndOpened(t *testing.T) {
	m := ticket.New([][]byte{newer, older})
	sent := body{User: "42", Version: 7}
	now := noon.Add(123456789 * time.Nanosecond)
	made, err := m.Make(ticket.Step, sent, now, ttl)
	if err != nil {
		t.Fatal(err)
	}
	var got body
	opened, err := m.Open(made.Text, ticket.Step, now, &got)
	if err != nil || got != sent || opened != made {
		t.Errorf("opened as %+v with %+v, %v", opened, got, err)
	}
	if !opened.Issued.Equal(now.Truncate(time.Microsecond)) || opened.Expires.Sub(opened.Issued) != ttl {
		t.Errorf("good from %v to %v", opened.Issued, opened.Expires)
	}
	if !regexp.MustCompile(`^lkc_[A-Za-z0-9_-]+$`).MatchString(made.Text) {
		t.Errorf("made %q", made.Text)
	}
	again := makes(t, m, ticket.Step, sent)
	if again.Text == made.Text || again.Nonce == made.Nonce || again.Nonce == [16]byte{} || bytes.Equal(again.Challenge(), made.Challenge()) {
		t.Error("two tickets are alike")
	}
	if want := sha256.Sum256([]byte("webauthn" + made.Text)); !bytes.Equal(opened.Challenge(), want[:]) {
		t.Errorf("the challenge is %x, want %x", opened.Challenge(), want)
	}
}

// Each opens for its own purpose, whose number stays what it is.
func TestPurposes(t *testing.T) {
	m := ticket.New([][]byte{newer})
	for i, p := range purposes {
		if int(p) != i+1 {
			t.Errorf("purpose %d has number %d", i+1, p)
		}
		made := makes(t, m, p, body{User: "42"})
		for _, other := range append(purposes, 0, 7, 255) {
			var got body
			if _, err := m.Open(made.Text, other, noon, &got); (err == nil) != (other == p) {
				t.Errorf("made for %d, opened for %d: %v", p, other, err)
			}
		}
	}
}

// Every bit counts, and every character.
func TestAltered(t *testing.T) {
	m := ticket.New([][]byte{newer, older})
	good := makes(t, m, ticket.Step, body{User: "42"}).Text
	b, err := base64.RawURLEncoding.DecodeString(good[4:])
	if err != nil {
		t.Fatal(err)
	}
	spelled := func(b []byte) string { return "lkc_" + base64.RawURLEncoding.EncodeToString(b) }
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			refused(t, m, "a bit", spelled(b), ticket.Step, noon, &body{})
			b[i] ^= 1 << bit
		}
		refused(t, m, "a beginning", spelled(b[:i]), ticket.Step, noon, &body{})
	}
	for name, text := range map[string]string{
		"nothing": "", "the prefix": "lkc_", "without it": good[4:], "another": "lkd_" + good[4:], "upper case": "LKC_" + good[4:],
		"shorter": good[:len(good)-1], "longer": good + "A", "padded": good + "=", "a space": good + " ",
		"a line break": good[:20] + "\n" + good[20:], "line breaks": "lkc_" + strings.Repeat("\n", len(good)-4), "another character": good[:20] + "+" + good[21:],
		"a byte more": spelled(append(bytes.Clone(b), 0)), "a byte before": spelled(append([]byte{1}, b...)),
		"too long": good + strings.Repeat("A", 4096),
	} {
		refused(t, m, name, text, ticket.Step, noon, &body{})
	}
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if last := good[:len(good)-1] + string(c); last != good {
			refused(t, m, "another last character", last, ticket.Step, noon, &body{})
		}
	}
}

// The first key makes, all verify.
func TestKeys(t *testing.T) {
	before, both, after := ticket.New([][]byte{older}), ticket.New([][]byte{newer, older}), ticket.New([][]byte{newer})
	old, young := makes(t, before, ticket.Step, body{}).Text, makes(t, both, ticket.Step, body{}).Text
	for name, c := range map[string]struct {
		maker *ticket.Maker
		text  string
		good  bool
	}{
		"the older by both": {both, old, true}, "the newer by both": {both, young, true}, "the newer alone": {after, young, true},
		"an older without its key": {after, old, false}, "a newer without its key": {before, young, false},
	} {
		if _, err := c.maker.Open(c.text, ticket.Step, noon, &body{}); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A ticket is good from when it is issued, and a minute before where clocks differ, to
// the last nanosecond of its time.
func TestTime(t *testing.T) {
	m := ticket.New([][]byte{newer})
	for _, issued := range []time.Time{noon, noon.Add(999 * time.Nanosecond), time.Unix(0, 0), time.Unix(-1, -1)} {
		made, err := m.Make(ticket.Step, body{}, issued, ttl)
		if err != nil {
			t.Fatal(err)
		}
		start := issued.Truncate(time.Microsecond)
		for after, good := range map[time.Duration]bool{
			0: true, ttl - time.Microsecond: true, ttl - 1: true, ttl: false, ttl + time.Microsecond: false, 1000 * time.Hour: false,
			-time.Minute: true, -time.Minute - 1: false, -time.Hour: false,
		} {
			if _, err := m.Open(made.Text, ticket.Step, start.Add(after), &body{}); (err == nil) != good {
				t.Errorf("issued at %v, %v after: %v", issued, after, err)
			}
		}
	}
	for _, never := range []time.Duration{0, -time.Second, 1, time.Second - 1, time.Second + 1, 1 << 32 * time.Second} {
		if _, err := m.Make(ticket.Step, body{}, noon, never); err == nil {
			t.Errorf("made one that is good for %v", never)
		}
	}
	longest := time.Duration(1<<32-1) * time.Second
	if made, err := m.Make(ticket.Step, body{}, noon, longest); err != nil || made.Expires.Sub(noon) != longest {
		t.Errorf("for %v: %v, %v", longest, made.Expires, err)
	}
}

// A body has the fields that are known, and 1.5 KB.
func TestBodies(t *testing.T) {
	m := ticket.New([][]byte{newer})
	longest := body{User: strings.Repeat("x", 1536-len(`{"user":""}`))}
	var got body
	if _, err := m.Open(makes(t, m, ticket.Step, longest).Text, ticket.Step, noon, &got); err != nil || got != longest {
		t.Errorf("the longest: %v", err)
	}
	longest.User += "x"
	if _, err := m.Make(ticket.Step, longest, noon, ttl); err == nil {
		t.Error("a longer one was made")
	}
	if _, err := m.Make(ticket.Step, make(chan int), noon, ttl); err == nil {
		t.Error("what is no JSON was made")
	}
	more := makes(t, m, ticket.Step, map[string]string{"user": "42", "role": "ADMIN"})
	refused(t, m, "an unknown field", more.Text, ticket.Step, noon, &body{})
	refused(t, m, "another type", makes(t, m, ticket.Step, []string{"42"}).Text, ticket.Step, noon, &body{})
	if _, err := m.Open(makes(t, m, ticket.Step, struct{}{}).Text, ticket.Step, noon, &struct{}{}); err != nil {
		t.Errorf("an empty one: %v", err)
	}
}

// reading is version 1 once more, from its description alone.
func reading(keys [][]byte, text string, p byte, now time.Time) (got body, nonce []byte, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "lkc_"))
	if err != nil || len(raw) < 62 || len(raw) > 62+1536 || "lkc_"+base64.RawURLEncoding.EncodeToString(raw) != text {
		return got, nil, false
	}
	signed, end := raw[:len(raw)-32], raw[len(raw)-32:]
	by := 0
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write(signed)
		if bytes.Equal(mac.Sum(nil), end) {
			by++
		}
	}
	micros := new(big.Int).SetBytes(raw[2:10])
	if raw[2] >= 0x80 { // two's complement
		micros.Sub(micros, new(big.Int).Lsh(big.NewInt(1), 64))
	}
	million := big.NewInt(1_000_000)
	until := new(big.Int).Mul(new(big.Int).SetBytes(raw[10:14]), million)
	until.Add(until, micros)
	at, latest := big.NewInt(now.UnixMicro()), big.NewInt(now.Add(time.Minute).UnixMicro())
	if by == 0 || raw[0] != 1 || raw[1] != p || at.Cmp(until) >= 0 || micros.Cmp(latest) > 0 {
		return got, nil, false
	}
	d := json.NewDecoder(bytes.NewReader(signed[30:]))
	d.DisallowUnknownFields()
	if d.Decode(&got) != nil || d.More() {
		return got, nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return got, nil, false
	}
	return got, raw[14:30], true
}

// What is made opens by this reading and by another, alike, and whatever else is signed
// or not, of any time, is taken by both or by none.
func FuzzOpen(f *testing.F) {
	keys := [][]byte{newer, older}
	m := ticket.New(keys)
	f.Add("42", int64(1), byte(1), noon.UnixMicro(), uint32(600), noon.UnixMicro(), byte(1), "")
	f.Add("", int64(0), byte(6), int64(-1<<63), uint32(1<<32-1), int64(0), byte(1), makes(f, m, ticket.StepUp, body{User: "1"}).Text)
	f.Add(strings.Repeat("ü", 700), int64(-5), byte(2), int64(1<<63-1), uint32(0), noon.UnixMicro(), byte(2), "lkc_\n")
	f.Add("a", int64(2), byte(3), noon.UnixMicro()+60_000_000, uint32(1), noon.UnixMicro(), byte(1), "lkc_AAAA")
	f.Fuzz(func(t *testing.T, user string, count int64, p byte, issued int64, seconds uint32, at int64, version byte, raw string) {
		at %= 1 << 55 // of a year that a clock may show
		now := time.UnixMicro(at)
		sent := body{User: strings.ToValidUTF8(user, ""), Version: count}
		if made, err := m.Make(ticket.Purpose(p), sent, now, ttl); err == nil {
			var got body
			opened, err := m.Open(made.Text, ticket.Purpose(p), now, &got)
			second, nonce, ok := reading(keys, made.Text, p, now)
			if err != nil || !ok || got != sent || second != sent || opened != made || !bytes.Equal(nonce, made.Nonce[:]) {
				t.Fatalf("%+v was read as %+v, %v, and as %+v, %t", sent, got, err, second, ok)
			}
		}
		text, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		signed := append(new(big.Int).SetUint64(uint64(issued)).FillBytes(make([]byte, 8)), byte(seconds>>24), byte(seconds>>16), byte(seconds>>8), byte(seconds))
		signed = append(append(append([]byte{version, p}, signed...), "sixteen bytes !!"...), text...)
		mac := hmac.New(sha256.New, older)
		_, _ = mac.Write(signed)
		for _, text := range []string{raw, "lkc_" + base64.RawURLEncoding.EncodeToString(mac.Sum(signed))} {
			var got body
			opened, err := m.Open(text, ticket.Purpose(p), now, &got)
			second, nonce, ok := reading(keys, text, p, now)
			if (err == nil) != ok || ok && (got != second || !bytes.Equal(nonce, opened.Nonce[:]) || opened.Text != text) {
				t.Fatalf("%q at %v: read as %+v, %v, and as %+v, %t", text, now, got, err, second, ok)
			}
		}
	})
}

package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Members that nobody knows are left alone, wherever they are.
func TestUnknownMembers(t *testing.T) {
	k := newKey()
	c, err := party(t).Register(challenge, ada, app, with(t, k.creates(nil), object{"new": []any{1, nil, object{}}, "clientExtensionResults": 7}))
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []object{
		{"clientExtensionResults": object{"prf": object{"results": object{"first": "AA"}}, "appid": true, "hmacGetSecret": nil, "odd": []any{}}},
		{"clientExtensionResults": "none"}, {"clientExtensionResults": nil}, {"authenticatorAttachment": nil}, {"authenticatorAttachment": "telepathy"},
		{"password": "x"}, {"": ""},
	} {
		if _, err := use(t, with(t, k.gets(), more), ada, *c, true); err != nil {
			t.Errorf("%v: %v", more, err)
		}
	}
}

// Whatever comes in the place of an answer is ErrInvalid.
func TestBrokenAnswers(t *testing.T) {
	k := newKey()
	for kind, good := range map[string]string{"create": k.creates(nil), "get": k.gets()} {
		broken := []string{
			"", " ", "null", "true", "0", `""`, "[]", "{}", "{", "}", "\x00", "\xff", "\ufeff" + good, good + good, good + "{", "[" + good + "]",
			strings.Replace(good, `"id":`, `"id":"AAAA","id":`, 1), strings.ReplaceAll(good, "public-key", "public-k\xffy"),
			good[:len(good)/2], strings.ToUpper(good), strings.Repeat("[", 16<<10), strings.Repeat(`{"response":`, 1300), "[" + strings.Repeat("0,", 8000) + "0]",
			strings.Repeat(" ", 16<<10) + good,
		}
		for _, name := range []string{"id", "rawId", "type", "response"} {
			for _, value := range []any{nil, "", "x", "!", 1, true, []any{}, object{}, "AAAA", "A", "\n", strings.Repeat("A", 9000)} {
				broken = append(broken, with(t, good, object{name: value}))
			}
		}
		names := []string{"clientDataJSON", "attestationObject"}
		if kind == "get" {
			names = []string{"clientDataJSON", "authenticatorData", "signature"}
		}
		for _, name := range names {
			for _, value := range []any{
				nil, "", "x", "!", 1, true, []any{}, object{}, "AAAA", b64([]byte("null")), b64([]byte("{}")), b64([]byte("[]")), b64([]byte(`{"origin":1}`)), b64(nil),
				b64([]byte(strings.Repeat("[", 8000))), b64(bytes.Repeat([]byte{0xff}, 8000)), b64(make([]byte, 37)), b64(make([]byte, 8000)),
			} {
				var all object
				if err := json.Unmarshal([]byte(good), &all); err != nil {
					t.Fatal(err)
				}
				all["response"].(object)[name] = value
				text, _ := json.Marshal(all)
				broken = append(broken, string(text))
			}
		}
		c := stored(t)
		for _, text := range broken {
			if got, err := party(t).Register(challenge, ada, app, text); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: registered %.80q: %+v, %v", kind, text, got, err)
			}
			if got, err := use(t, text, ada, c, true); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: used %.80q: %+v, %v", kind, text, got, err)
			}
		}
	}
}

// bombs are answers that are small and might cost much: with parts of about so many bytes.
func bombs(room int) map[string]string {
	k := newKey()
	head := func(n int) []byte { return binary.BigEndian.AppendUint16([]byte{0x99}, uint16(n)) } // of an array
	cbor := map[string][]byte{
		"nested arrays":     bytes.Repeat([]byte{0x81}, room),
		"nested maps":       bytes.Repeat([]byte{0xa1, 0x01}, room/2),
		"nested tags":       bytes.Repeat([]byte{0xc1}, room),
		"endless array":     {0x9f, 0xff},
		"2^64 bytes":        {0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"2^32 elements":     {0x9a, 0xff, 0xff, 0xff, 0xff},
		"2^63 pairs":        {0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"2^17 elements":     {0x9a, 0x00, 0x01, 0x00, 0x00, 0x00},
		"empty arrays":      append(head(room), bytes.Repeat([]byte{0x80}, room)...),
		"empty maps":        append(head(room), bytes.Repeat([]byte{0xa0}, room)...),
		"small numbers":     append(head(room), bytes.Repeat([]byte{0x01}, room)...),
		"empty texts":       append(head(room), bytes.Repeat([]byte{0x60}, room)...),
		"arrays of arrays":  append(head(room/4), bytes.Repeat([]byte{0x81, 0x81, 0x81, 0x80}, room/4)...),
		"arrays of maps":    append(head(room/4), bytes.Repeat([]byte{0x81, 0xa1, 0x01, 0xa0}, room/4)...),
		"many names":        manyNames(room),
		"maps by one entry": append(head(room/3), bytes.Repeat([]byte{0xa1, 0x01, 0x01}, room/3)...),
	}
	all := map[string]string{}
	for name, data := range cbor {
		all["object: "+name] = k.answers(object{"clientDataJSON": clientData("webauthn.create"), "attestationObject": b64(data)})
		statement := append([]byte{0xa1, 0x61, 'x'}, data...)
		attested := append(append([]byte{0xa3, 0x63}, "fmt\x64none\x67attStmt"...), statement...)
		attested = append(append(append(attested, 0x68), "authData"...), encoded(k.authData(flagUV|flagAT, 0, k.cose()))...)
		all["statement: "+name] = k.answers(object{"clientDataJSON": clientData("webauthn.create"), "attestationObject": b64(attested)})
		whole := append(k.authData(flagUV|flagAT, 0, nil), make([]byte, 16)...)
		whole = append(binary.BigEndian.AppendUint16(whole, uint16(len(k.id))), k.id...)
		attested = encoded(object{"fmt": "none", "attStmt": object{}, "authData": append(bytes.Clone(whole), data...)})
		all["key: "+name] = k.answers(object{"clientDataJSON": clientData("webauthn.create"), "attestationObject": b64(attested)})
		extended := append(k.authData(flagUV|flagED, 1, nil), append([]byte{0xa1, 0x61, 'x'}, data...)...)
		all["extension: "+name] = k.answers(object{"clientDataJSON": clientData("webauthn.get"), "authenticatorData": b64(extended), "signature": "AAAA"})
		all["key of a login: "+name] = k.answers(object{"clientDataJSON": clientData("webauthn.get"), "authenticatorData": b64(append(whole, data...)), "signature": "AAAA"})
	}
	for name, data := range map[string]string{
		"nested": strings.Repeat("[", room), "many": "{" + strings.Repeat(`"":0,`, room/5) + `"":0}`, "numbers": "[" + strings.Repeat("0,", room/2) + "0]",
		"a long number": `{"type":` + strings.Repeat("9", room) + "}", "a long name": `{"` + strings.Repeat("a", room) + `":1}`,
	} {
		all["client data: "+name] = k.answers(object{"clientDataJSON": b64([]byte(data)), "authenticatorData": "AAAA", "attestationObject": "AAAA"})
		all["answer: "+name] = data
		all["response: "+name] = `{"response":` + data + "}"
		all["transports: "+name] = `{"response":{"transports":` + data + "}}"
	}
	return all
}

// manyNames is a map with as many short names as fit.
func manyNames(room int) []byte {
	n := room / 4
	data := binary.BigEndian.AppendUint16([]byte{0xb9}, uint16(n))
	for i := range n {
		data = append(data, 0x19, byte(i>>8), byte(i), 0x01)
	}
	return data
}

// mostMemory is what reading one answer of 16 KiB may take, all that is let go of included.
const mostMemory = 640 << 10

// No answer takes much memory, let alone the server down.
func TestBombs(t *testing.T) {
	p, c := party(t), stored(t)
	most, what := uint64(0), ""
	all := bombs(11 << 10) // what base64 leaves of 16 KiB, less the rest of the answer
	for _, room := range []int{mostObject - 300, mostAuthData - 100} {
		for name, text := range bombs(room) {
			all[fmt.Sprintf("%s of %d", name, room)] = text
		}
	}
	for name, text := range all {
		if len(text) > mostAnswer {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		taken := memory(func() {
			if _, err := p.Register(challenge, ada, app, text); err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		})
		taken = max(taken, memory(func() {
			a, err := p.Parse(text)
			if err == nil {
				_, err = p.Verify(challenge, a, ada, c, true)
			}
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}))
		if taken > most {
			most, what = taken, name
		}
		if testing.Verbose() && taken > 256<<10 {
			t.Logf("%s: %d KiB", name, taken>>10)
		}
	}
	t.Logf("at most %d KiB, by %s", most>>10, what)
	if most > mostMemory {
		t.Errorf("%s takes %d KiB", what, most>>10)
	}
}

// memory is how many bytes f allocates.
func memory(f func()) uint64 {
	var before, behind runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&behind)
	return behind.TotalAlloc - before.TotalAlloc
}

// stored is the passkey of newKey as ada has it.
func stored(t testing.TB) Credential {
	t.Helper()
	c, err := party(t).Register(challenge, ada, app, newKey().creates(nil))
	if err != nil {
		t.Fatal(err)
	}
	return *c
}

// with returns the JSON of an answer with other members.
func with(t *testing.T, text string, more object) string {
	t.Helper()
	var all object
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	for name, value := range more {
		all[name] = value
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// seeds are answers of both kinds, good ones and bombs.
func seeds(f *testing.F) {
	k := newKey()
	f.Add(k.creates(nil))
	f.Add(k.gets())
	for _, text := range bombs(mostAuthData - 100) {
		f.Add(text)
	}
}

// FuzzRegister compares what is taken with another reading of the answer, by the bytes that
// WebAuthn says are there.
func FuzzRegister(f *testing.F) {
	seeds(f)
	p := party(f)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := p.Register(challenge, ada, app, text)
		if err != nil {
			if got != nil || !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v, %v", got, err)
			}
			return
		}
		var said struct {
			Response struct{ ClientDataJSON, AttestationObject string }
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Fatal(err)
		}
		sameClientData(t, said.Response.ClientDataJSON, "webauthn.create")
		attested, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(said.Response.AttestationObject, "="))
		domainHash := sha256.Sum256([]byte(domain))
		at := bytes.Index(attested, domainHash[:])
		if at < 0 || attested[at+32]&flagUV != flagUV || !bytes.Contains(attested, got.ID) || !usable(got.PublicKey) || len(got.AAGUID) != 16 {
			t.Errorf("took %+v", got)
		}
		for _, transport := range got.Transports {
			if !slices.Contains(transports, transport) {
				t.Errorf("transport %q", transport)
			}
		}
	})
}

// FuzzUse looks that nothing is taken but what was signed: no other bytes than the one
// answer's that there is of this key.
func FuzzUse(f *testing.F) {
	seeds(f)
	p, c := party(f), stored(f)
	var signed, said struct {
		Response struct{ ClientDataJSON, AuthenticatorData string }
	}
	if err := json.Unmarshal([]byte(newKey().gets()), &signed); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := p.Parse(text)
		var got *Use
		if err == nil {
			got, err = p.Verify(challenge, a, ada, c, true)
		}
		if err != nil {
			if got != nil || !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v, %v", got, err)
			}
			return
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Fatal(err)
		}
		sameClientData(t, said.Response.ClientDataJSON, "webauthn.get")
		if !bytes.Equal(decoded(said.Response.AuthenticatorData), decoded(signed.Response.AuthenticatorData)) ||
			!bytes.Equal(decoded(said.Response.ClientDataJSON), decoded(signed.Response.ClientDataJSON)) {
			t.Error("took what was not signed")
		}
	})
}

func sameClientData(t *testing.T, text, kind string) {
	t.Helper()
	var said struct{ Type, Challenge, Origin string }
	if err := json.Unmarshal(decoded(text), &said); err != nil {
		t.Fatal(err)
	}
	if said.Type != kind || said.Challenge != b64(challenge) || said.Origin != app {
		t.Errorf("took client data %+v", said)
	}
}

// decoded reads base64url with padding or without, and with line breaks in it, as the
// library does.
func decoded(text string) []byte {
	b, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	return b
}

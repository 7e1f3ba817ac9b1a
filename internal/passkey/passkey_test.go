package passkey

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

const (
	domain  = "example.org"
	app     = "https://app.example.org"
	other   = "https://other.example.com"
	android = "android:apk-key-hash:R6s0cmM7kxuTJ6Ka5tFkmk5PKlu9ZEPyBWfmiEkGlGc"
)

var (
	challenge = bytes.Repeat([]byte("c"), 32)
	ada       = User{Handle: bytes.Repeat([]byte("a"), 16), Name: "ada"}
	eve       = User{Handle: bytes.Repeat([]byte("e"), 16), Name: "eve"}
)

func party(t testing.TB) *Party {
	t.Helper()
	p, err := New(Config{RPID: domain, Name: "Latchkey", Accepts: func(origin string) bool {
		return slices.Contains([]string{app, other, android}, origin)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNewRefuses(t *testing.T) {
	all := func(string) bool { return true }
	for _, c := range []Config{
		{}, {RPID: domain, Name: "x"}, {RPID: domain, Accepts: all}, {Name: "x", Accepts: all},
		{RPID: "127.0.0.1", Name: "x", Accepts: all}, {RPID: "::1", Name: "x", Accepts: all},
		{RPID: "https://example.org", Name: "x", Accepts: all}, {RPID: "example.org:443", Name: "x", Accepts: all}, {RPID: "latchkey", Name: "x", Accepts: all},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%q is taken", c.RPID)
		}
	}
	if _, err := New(Config{RPID: "localhost", Name: "x", Accepts: all}); err != nil {
		t.Errorf("localhost: %v", err)
	}
}

// device is an authenticator of another project, and its passkey.
type device struct {
	virtualwebauthn.Authenticator
	virtualwebauthn.Credential
	rp virtualwebauthn.RelyingParty
}

func newDevice(kind virtualwebauthn.KeyType) *device {
	d := &device{Authenticator: virtualwebauthn.NewAuthenticator(), Credential: virtualwebauthn.NewCredential(kind)}
	for kind == virtualwebauthn.KeyTypeEC2 && len(d.Key.AttestationData()) != 77 { // it leaves zeros out in front of coordinates
		d.Credential = virtualwebauthn.NewCredential(kind)
	}
	d.Options.UserHandle = ada.Handle
	d.rp = virtualwebauthn.RelyingParty{ID: domain, Name: "Latchkey", Origin: app}
	return d
}

// creates answers create options; gets answers get options.
func (d *device) creates(challenge []byte) string {
	return virtualwebauthn.CreateAttestationResponse(d.rp, d.Authenticator, d.Credential, virtualwebauthn.AttestationOptions{Challenge: challenge})
}

func (d *device) gets(challenge []byte) string {
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.Authenticator, d.Credential, virtualwebauthn.AssertionOptions{Challenge: challenge})
}

// registered returns a device and its passkey as ada has it.
func registered(t testing.TB, kind virtualwebauthn.KeyType) (*device, Credential) {
	t.Helper()
	d := newDevice(kind)
	c, err := party(t).Register(challenge, ada, app, d.creates(challenge))
	if err != nil {
		t.Fatal(err)
	}
	return d, *c
}

// use parses and verifies.
func use(t testing.TB, text string, u User, c Credential, verified bool) (*Use, error) {
	t.Helper()
	a, err := party(t).Parse(text)
	if err != nil {
		return nil, err
	}
	return party(t).Verify(challenge, a, u, c, verified)
}

func TestRegisterAndUse(t *testing.T) {
	for _, kind := range []virtualwebauthn.KeyType{virtualwebauthn.KeyTypeEC2, virtualwebauthn.KeyTypeRSA} {
		d, c := registered(t, kind)
		if !bytes.Equal(c.ID, d.Credential.ID) || !bytes.Equal(c.AAGUID, d.Aaguid[:]) || c.Counter != 0 || c.BackupEligible || c.BackedUp {
			t.Errorf("%s: registered %+v", kind, c)
		}
		a, err := party(t).Parse(d.gets(challenge))
		if err != nil || !bytes.Equal(a.Credential, c.ID) || !bytes.Equal(a.Handle, ada.Handle) {
			t.Fatalf("%s: %+v, %v", kind, a, err)
		}
		got, err := party(t).Verify(challenge, a, ada, c, true)
		if err != nil || *got != (Use{Verified: true}) {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
	}
}

func TestEdDSA(t *testing.T) {
	k := newKey()
	c, err := party(t).Register(challenge, ada, app, k.creates(nil))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Transports, []string{"hybrid", "internal"}) {
		t.Errorf("transports %q", c.Transports)
	}
	if got, err := use(t, k.gets(), ada, *c, true); err != nil || *got != (Use{Verified: true, Counter: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever one field of an answer says wrong, it is refused.
func TestUseRefuses_K2(t *testing.T) {
	d, c := registered(t, virtualwebauthn.KeyTypeEC2)
	_, foreign := registered(t, virtualwebauthn.KeyTypeEC2)
	for _, tt := range []struct {
		name   string
		change func(d *device, challenge *[]byte, u *User, c *Credential)
	}{
		{"domain", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.rp.ID = "example.com" }},
		{"domain above", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.rp.ID = "app." + domain }},
		{"origin", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.rp.Origin = "https://evil.example.org" }},
		{"no origin", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.rp.Origin = "" }},
		{"challenge", func(_ *device, challenge *[]byte, _ *User, _ *Credential) { *challenge = bytes.Repeat([]byte("x"), 32) }},
		{"no challenge", func(_ *device, challenge *[]byte, _ *User, _ *Credential) { *challenge = nil }},
		{"user of the answer", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.Options.UserHandle = eve.Handle }},
		{"user", func(_ *device, _ *[]byte, u *User, _ *Credential) { *u = eve }},
		{"not verified", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.Options.UserNotVerified = true }},
		{"nobody there", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.Options.UserNotPresent = true }},
		{"copied, and cannot be", func(d *device, _ *[]byte, _ *User, _ *Credential) { d.Options.BackupState = true }},
		{"signature", func(d *device, _ *[]byte, _ *User, c *Credential) { d.Key = virtualwebauthn.NewCredential("ec2").Key }},
		{"another passkey", func(_ *device, _ *[]byte, _ *User, c *Credential) { *c = foreign }},
		{"another key", func(_ *device, _ *[]byte, _ *User, c *Credential) { c.PublicKey = foreign.PublicKey }},
		{"broken key", func(_ *device, _ *[]byte, _ *User, c *Credential) { c.PublicKey = c.PublicKey[1:] }},
		{"no key", func(_ *device, _ *[]byte, _ *User, c *Credential) { c.PublicKey = nil }},
	} {
		d, sent, u, c := *d, challenge, ada, c
		tt.change(&d, &sent, &u, &c)
		got, err := use(t, d.gets(sent), u, c, true)
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		t.Logf("%s: %v", tt.name, err)
		quiet(t, err, base64.RawURLEncoding.EncodeToString(challenge), "evil")
	}
	if _, err := use(t, d.creates(challenge), ada, c, true); !errors.Is(err, ErrInvalid) {
		t.Errorf("the answer of a registration: %v", err)
	}
	if _, err := use(t, d.gets(challenge), ada, c, true); err != nil {
		t.Errorf("with nothing wrong: %v", err)
	}
}

// As a second step the authenticator need not know its owner, and says whether it did.
func TestSecondStep(t *testing.T) {
	d, c := registered(t, virtualwebauthn.KeyTypeEC2)
	d.Options.UserNotVerified = true
	if got, err := use(t, d.gets(challenge), ada, c, false); err != nil || got.Verified {
		t.Errorf("%+v, %v", got, err)
	}
	d.Options.UserNotVerified = false
	d.Options.UserHandle = nil // which an authenticator may leave out here
	if got, err := use(t, d.gets(challenge), ada, c, false); err != nil || !got.Verified {
		t.Errorf("%+v, %v", got, err)
	}
}

// Origins are compared byte for byte, unlike the library does.
func TestOriginIsExact_K2(t *testing.T) {
	d, c := registered(t, virtualwebauthn.KeyTypeEC2)
	for _, origin := range []string{
		app + "/", app + "/page", app + ":443", app + "?x", "https://ada@app.example.org", "HTTPS://APP.example.org", "http://app.example.org",
		app + ".", "https://app.example.org.evil.example", strings.ToLower(android), android + "=", "null", " " + app,
	} {
		d.rp.Origin = origin
		if _, err := use(t, d.gets(challenge), ada, c, true); !errors.Is(err, ErrInvalid) {
			t.Errorf("used at %q: %v", origin, err)
		}
		for _, at := range []string{"", app, origin} {
			if _, err := party(t).Register(challenge, ada, at, d.creates(challenge)); !errors.Is(err, ErrInvalid) {
				t.Errorf("registered at %q, asked at %q: %v", origin, at, err)
			}
		}
	}
	d.rp.Origin = android
	if _, err := use(t, d.gets(challenge), ada, c, true); err != nil {
		t.Errorf("by an app: %v", err)
	}
}

func TestRegisterRefuses_K2(t *testing.T) {
	for _, tt := range []struct {
		name   string
		origin string
		change func(d *device, challenge *[]byte)
	}{
		{"domain", app, func(d *device, _ *[]byte) { d.rp.ID = "example.com" }},
		{"origin", app, func(d *device, _ *[]byte) { d.rp.Origin = "https://evil.example.org" }},
		{"another of ours", app, func(d *device, _ *[]byte) { d.rp.Origin = other }},
		{"an app's, by a page", app, func(d *device, _ *[]byte) { d.rp.Origin = android }},
		{"a page's, by another", other, func(*device, *[]byte) {}},
		{"asked by nobody", "https://evil.example.org", func(d *device, _ *[]byte) { d.rp.Origin = "https://evil.example.org" }},
		{"by an app, at no origin of ours", "", func(d *device, _ *[]byte) { d.rp.Origin = "https://evil.example.org" }},
		{"challenge", app, func(_ *device, challenge *[]byte) { *challenge = bytes.Repeat([]byte("x"), 32) }},
		{"not verified", app, func(d *device, _ *[]byte) { d.Options.UserNotVerified = true }},
		{"nobody there", app, func(d *device, _ *[]byte) { d.Options.UserNotPresent = true }},
		{"copied, and cannot be", app, func(d *device, _ *[]byte) { d.Options.BackupState = true }},
		{"no id", app, func(d *device, _ *[]byte) { d.Credential.ID = nil }},
		{"a long id", app, func(d *device, _ *[]byte) { d.Credential.ID = make([]byte, 1024) }},
	} {
		d, sent := newDevice(virtualwebauthn.KeyTypeEC2), challenge
		tt.change(d, &sent)
		got, err := party(t).Register(challenge, ada, tt.origin, d.creates(sent))
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		t.Logf("%s: %v", tt.name, err)
		quiet(t, err, base64.RawURLEncoding.EncodeToString(challenge), "evil")
	}
	d := newDevice(virtualwebauthn.KeyTypeEC2)
	if _, err := party(t).Register(challenge, ada, app, d.gets(challenge)); !errors.Is(err, ErrInvalid) {
		t.Errorf("the answer of a login: %v", err)
	}
	d.rp.Origin = android
	if _, err := party(t).Register(challenge, ada, "", d.creates(challenge)); err != nil {
		t.Errorf("by an app: %v", err)
	}
}

// Keys that could never be checked, or at too high a price, are refused at once.
func TestKeys(t *testing.T) {
	ed := newKey().cose()
	for name, cose := range map[string]any{
		"another algorithm":         map[int]any{1: 1, 3: -19, -1: 6, -2: ed[-2]},
		"ES256 that is EdDSA":       map[int]any{1: 1, 3: -7, -1: 6, -2: ed[-2]},
		"RSA that says ES256":       map[int]any{1: 3, 3: -7, -1: bytes.Repeat([]byte{0xff}, 256), -2: []byte{1, 0, 1}},
		"short":                     map[int]any{1: 1, 3: -8, -1: 6, -2: make([]byte, 31)},
		"a point on no curve":       map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: bytes.Repeat([]byte{1}, 32)},
		"RSA of 1024 bits":          map[int]any{1: 3, 3: -257, -1: bytes.Repeat([]byte{0xff}, 128), -2: []byte{1, 0, 1}},
		"RSA of 65536 bits":         map[int]any{1: 3, 3: -257, -1: bytes.Repeat([]byte{0xff}, 8192), -2: []byte{1, 0, 1}},
		"RSA of 4104 bits":          map[int]any{1: 3, 3: -257, -1: bytes.Repeat([]byte{0xff}, 513), -2: []byte{1, 0, 1}},
		"more than 1 KiB":           map[int]any{1: 1, 3: -8, -1: 6, -2: ed[-2], 99: make([]byte, 1024)},
		"no map":                    []int{1},
		"text":                      "key",
		"a curve of something else": map[int]any{1: 1, 3: -8, -1: 1, -2: ed[-2]},
	} {
		if _, err := party(t).Register(challenge, ada, app, newKey().creates(cose)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is said about the authenticator's maker is not looked at, be it right, wrong or odd.
func TestAttestationIsNotRead(t *testing.T) {
	for _, statement := range []object{
		{"fmt": "none", "attStmt": object{}},
		{"fmt": "none", "attStmt": object{"x": 1}},
		{"fmt": "packed", "attStmt": object{"alg": -8, "sig": []byte("wrong")}},
		{"fmt": "tpm", "attStmt": object{"x5c": []any{[]byte("no certificate")}}},
		{"fmt": "android-safetynet", "attStmt": object{"ver": "1", "response": []byte("a.b.c")}},
		{"fmt": "of tomorrow", "attStmt": object{}},
		{"fmt": "none"},
	} {
		k := newKey()
		if _, err := party(t).Register(challenge, ada, app, k.attests(statement, k.authData(flagUV|flagAT, 0, k.cose()))); err != nil {
			t.Errorf("%v: %v", statement, err)
		}
	}
}

// A passkey that begins or stops being copied goes on working, and it is seen.
func TestBackupChanges_K4(t *testing.T) {
	d, c := registered(t, virtualwebauthn.KeyTypeEC2)
	for _, tt := range []struct {
		stored, eligible, copied bool
		want                     Use
	}{
		{false, false, false, Use{Verified: true}},
		{false, true, false, Use{Verified: true, BackupEligible: true, BackupChanged: true}},
		{false, true, true, Use{Verified: true, BackupEligible: true, BackedUp: true, BackupChanged: true}},
		{true, true, true, Use{Verified: true, BackupEligible: true, BackedUp: true}},
		{true, false, false, Use{Verified: true, BackupChanged: true}},
	} {
		c.BackupEligible, d.Options.BackupEligible, d.Options.BackupState = tt.stored, tt.eligible, tt.copied
		if got, err := use(t, d.gets(challenge), ada, c, true); err != nil || *got != tt.want {
			t.Errorf("%+v: got %+v, %v", tt, got, err)
		}
	}
}

// A counter that does not rise is seen, unless the passkey may be copied, or never counts.
func TestCounter_K4(t *testing.T) {
	d, c := registered(t, virtualwebauthn.KeyTypeEC2)
	for _, tt := range []struct {
		stored, said  uint32
		eligible, now bool // what is stored, and what it says
		fell          bool
	}{
		{0, 0, false, false, false},
		{0, 1, false, false, false},
		{5, 6, false, false, false},
		{5, 5, false, false, true},
		{5, 4, false, false, true},
		{5, 0, false, false, true},
		{5, 4, false, true, true}, // who has the key can say that it may be copied
		{5, 4, true, true, false},
		{5, 0, true, false, false},
		{1<<32 - 1, 0, false, false, true},
	} {
		c.Counter, c.BackupEligible, d.Counter, d.Options.BackupEligible = tt.stored, tt.eligible, tt.said, tt.now
		got, err := use(t, d.gets(challenge), ada, c, true)
		if err != nil || got.CounterFell != tt.fell || got.Counter != tt.said {
			t.Errorf("%+v: got %+v, %v", tt, got, err)
		}
	}
}

// The library keeps no account of challenges: an answer is right as often as it comes.
func TestAnswersAreNotCounted(t *testing.T) {
	d, c := registered(t, virtualwebauthn.KeyTypeEC2)
	text := d.gets(challenge)
	for range 2 {
		if _, err := use(t, text, ada, c, true); err != nil {
			t.Error(err)
		}
	}
}

// quiet fails if an error repeats any of secrets.
func quiet(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if err != nil && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats %q: %v", s, err)
		}
	}
}

// object is a CBOR map with text as its keys, or a JSON object.
type object = map[string]any

const (
	flagUV = 1<<2 | 1<<0 // with somebody there
	flagAT = 1 << 6
	flagED = 1 << 7
)

// key is an authenticator of our own, always the same, with an Ed25519 key.
type key struct {
	private ed25519.PrivateKey
	id      []byte
}

func newKey() *key {
	return &key{ed25519.NewKeyFromSeed(bytes.Repeat([]byte("s"), 32)), bytes.Repeat([]byte("i"), 32)}
}

func (k *key) cose() map[int]any {
	return map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(k.private.Public().(ed25519.PublicKey))}
}

// authData has the credential in it if there is cose.
func (k *key) authData(flags byte, counter uint32, cose any) []byte {
	hash := sha256.Sum256([]byte(domain))
	data := append(hash[:], flags)
	data = binary.BigEndian.AppendUint32(data, counter)
	if cose != nil {
		data = append(data, make([]byte, 16)...)
		data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
		data = append(data, k.id...)
		data = append(data, encoded(cose)...)
	}
	return data
}

// creates answers create options, with k's own key unless there is cose.
func (k *key) creates(cose any) string {
	if cose == nil {
		cose = k.cose()
	}
	return k.attests(object{"fmt": "none", "attStmt": object{}}, k.authData(flagUV|flagAT, 0, cose))
}

func (k *key) attests(statement object, authData []byte) string {
	o := object{"authData": authData}
	for name, value := range statement {
		o[name] = value
	}
	return k.answers(object{
		"clientDataJSON": clientData("webauthn.create"), "attestationObject": b64(encoded(o)),
		"transports": []string{"internal", "hybrid", "internal", "telepathy", ""},
		"publicKey":  "AAAA", "publicKeyAlgorithm": -8, "authenticatorData": b64(authData), // said once more by browsers
	})
}

// gets answers get options.
func (k *key) gets() string {
	data := k.authData(flagUV, 1, nil)
	client, _ := base64.RawURLEncoding.DecodeString(clientData("webauthn.get"))
	hash := sha256.Sum256(client)
	return k.answers(object{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "userHandle": b64(ada.Handle),
		"signature": b64(ed25519.Sign(k.private, append(bytes.Clone(data), hash[:]...))),
	})
}

func (k *key) answers(response object) string {
	text, _ := json.Marshal(object{
		"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": object{"credProps": object{"rk": true}},
	})
	return string(text)
}

func clientData(kind string) string {
	text, _ := json.Marshal(object{
		"type": kind, "challenge": b64(challenge), "origin": app, "crossOrigin": false,
		"other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
	})
	return b64(text)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func encoded(v any) []byte {
	b, err := webauthncbor.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

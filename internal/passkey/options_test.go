package passkey

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/descope/virtualwebauthn"
)

func TestCreateOptions(t *testing.T) {
	got, err := party(t).CreateOptions(challenge, ada, []Credential{{ID: []byte("one"), Transports: []string{"usb"}}, {ID: []byte("two")}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, `{
		"rp": {"id": "example.org", "name": "Latchkey"},
		"user": {"id": "YWFhYWFhYWFhYWFhYWFhYQ", "name": "ada", "displayName": "ada"},
		"challenge": "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M",
		"pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -257}],
		"timeout": 300000,
		"excludeCredentials": [{"type": "public-key", "id": "b25l", "transports": ["usb"]}, {"type": "public-key", "id": "dHdv"}],
		"authenticatorSelection": {"requireResidentKey": true, "residentKey": "required", "userVerification": "required"},
		"attestation": "none"
	}`)
	if read, err := virtualwebauthn.ParseAttestationOptions(got); err != nil || read.UserID != string(ada.Handle) || len(read.ExcludeCredentials) != 2 {
		t.Errorf("read as %+v, %v", read, err)
	}
}

func TestGetOptions(t *testing.T) {
	got, err := party(t).GetOptions(challenge, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, `{
		"challenge": "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M", "timeout": 300000, "rpId": "example.org", "userVerification": "required"
	}`)
	got, err = party(t).GetOptions(challenge, []Credential{{ID: []byte("one"), Transports: []string{"hybrid", "internal"}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, `{
		"challenge": "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M", "timeout": 300000, "rpId": "example.org", "userVerification": "discouraged",
		"allowCredentials": [{"type": "public-key", "id": "b25l", "transports": ["hybrid", "internal"]}]
	}`)
}

func TestOptionsRefuse(t *testing.T) {
	p := party(t)
	for _, u := range []User{{Name: "nobody"}, {Handle: make([]byte, 65), Name: "long"}} {
		if _, err := p.CreateOptions(challenge, u, nil); err == nil {
			t.Errorf("a handle of %d bytes", len(u.Handle))
		}
	}
	if _, err := p.CreateOptions(challenge[:15], ada, nil); err == nil {
		t.Error("a short challenge to create")
	}
	if _, err := p.GetOptions(nil, nil, true); err == nil {
		t.Error("no challenge to get")
	}
}

// same compares JSON texts.
func same(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil || !reflect.DeepEqual(g, w) {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

package link_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"latchkey/internal/link"
)

// read returns what is kept of a token, and put keeps something else of it.
func (f *fixture) read(token string) []byte {
	f.t.Helper()
	sum := sha256.Sum256([]byte(token))
	payload, err := f.store.Token(f.t.Context(), sum[:], f.now)
	must(f.t, err)
	return payload
}

func (f *fixture) put(token string, payload []byte) {
	f.t.Helper()
	sum := sha256.Sum256([]byte(token))
	must(f.t, f.store.PutToken(f.t.Context(), sum[:], payload, f.now, 30*day))
}

// older is what versions before kept of a claim under a token: it in the clear, and a MAC
// over the token's hash and that.
func older(t *testing.T, token string, claim map[string]any) []byte {
	t.Helper()
	key, err := hkdf.Key(sha256.New, secret, nil, "one-time token", sha256.Size)
	must(t, err)
	text := func() string { // in the order of the fields, as it was
		s := ""
		for _, name := range []string{"purpose", "registration", "user", "version", "event", "email", "until"} {
			if value, ok := claim[name]; ok {
				one, err := json.Marshal(map[string]any{name: value})
				must(t, err)
				s += "," + string(one[1:len(one)-1])
			}
		}
		return "{" + s[1:]
	}()
	mac, hash := hmac.New(sha256.New, key), sha256.Sum256([]byte(token))
	mac.Write(hash[:])
	mac.Write([]byte(text + "}"))
	sum, err := json.Marshal(mac.Sum(nil))
	must(t, err)
	return []byte(text + `,"mac":` + string(sum) + "}")
}

// What somebody else puts into the token store opens nothing: none that was altered, and
// none under another token.
func TestSealedClaims_D1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		good, other := f.make(link.Target{Purpose: link.ResetPassword, User: &user}), f.make(link.Target{Purpose: link.NotMe, Event: f.anEvent()})
		whole := f.read(good)
		altered := map[string][]byte{"of another token": f.read(other), "cut": whole[:len(whole)-1], "nothing": {}, "a byte": {1}}
		for _, at := range []int{0, 1, 8, len(whole) / 2, len(whole) - 1} {
			b := bytes.Clone(whole)
			b[at] ^= 1
			altered["altered in "+string(rune('0'+at%10))] = b
		}
		for what, payload := range altered {
			f.put(good, payload)
			f.opensNothing(good, what)
		}
		f.put(good, whole)
		if _, err := f.Open(t.Context(), good, "", link.ResetPassword); err != nil {
			t.Errorf("as it was: %v", err)
		}
		f.moved(whole)
		f.now = noon.Add(time.Hour) // the store would keep it for 30 days
		_, err := f.Open(t.Context(), good, "", link.ResetPassword)
		f.dead("kept for longer", err)
	})
}

// Links that a version before mailed work, and only as it kept them.
func TestOlderClaims_D1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.make(link.Target{Purpose: link.ResetPassword, User: &user})
		claim := func() map[string]any {
			return map[string]any{"purpose": "reset_password", "user": "u", "version": 7, "email": "ada@example.org", "until": noon.Add(time.Hour).UnixMicro()}
		}
		whole := older(t, token, claim())
		f.put(token, whole)
		if c, err := f.Open(t.Context(), token, "ada@example.org", link.ResetPassword); err != nil || c.User != "u" || c.Version != 7 {
			t.Fatalf("as it was kept: %+v, %v", c, err)
		}
		with := func(name string, value any) []byte {
			var m map[string]any
			must(t, json.Unmarshal(whole, &m))
			m[name] = value
			if value == nil {
				delete(m, name)
			}
			payload, err := json.Marshal(m)
			must(t, err)
			return payload
		}
		for what, payload := range map[string][]byte{
			"without a MAC":     with("mac", nil),
			"with an empty MAC": with("mac", ""),
			"of another user":   with("user", "v"),
			"of another state":  with("version", 8),
			"for another use":   with("purpose", "not_me"),
			"of another person": with("email", "eve@example.org"),
			"for longer":        with("until", noon.Add(30*day).UnixMicro()),
			"of an event too":   with("event", "e"),
			"of another token":  older(t, token+"x", claim()),
			"nothing":           []byte(`{}`),
		} {
			f.put(token, payload)
			f.opensNothing(token, what)
		}
		f.moved(whole)
		f.put(token, whole)
		f.now = noon.Add(time.Hour)
		_, err := f.Open(t.Context(), token, "", link.ResetPassword)
		f.dead("kept for longer", err)
	})
}

// opensNothing expects that a token is good for nothing.
func (f *fixture) opensNothing(token, what string) {
	f.t.Helper()
	_, err := f.Open(f.t.Context(), token, "", link.ConfirmRegistration, link.ConfirmNewEmail, link.ResetPassword, link.NotMe)
	f.dead("opening what is "+what, err)
	_, err = f.Take(f.t.Context(), token)
	f.dead("taking what is "+what, err)
}

// moved expects that what is kept of one token is worth nothing under another.
func (f *fixture) moved(payload []byte) {
	f.t.Helper()
	chosen := "lko_chosen-by-who-can-write-to-the-store-AAAAAAAAAA"[:47]
	f.put(chosen, payload)
	_, err := f.Open(f.t.Context(), chosen, "", link.ResetPassword)
	f.dead("moved to another token", err)
}

// anEvent writes an event that may be taken back, and returns its id.
func (f *fixture) anEvent() string {
	f.event("e")
	return "e"
}

// A new secret goes behind the old one, then in front, and then is alone: links of
// before work until the last step.
func TestSealRotation_D1_F4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		with := func(secrets ...[]byte) *fixture {
			return setup(t, f.db, func(c *link.Config) { c.Secrets = secrets })
		}
		behind, front, alone := with(secret, newSecret), with(newSecret, secret), with(newSecret)
		for i, step := range []struct {
			makes, opens *fixture
			works        bool
		}{
			{f, behind, true}, {behind, f, true}, {behind, front, true}, {front, behind, true}, {front, alone, true}, {alone, front, true},
			{front, f, false}, {f, alone, false}, {behind, alone, false}, {alone, f, false},
		} {
			token := step.makes.make(link.Target{Purpose: link.ResetPassword, User: &user})
			if _, err := step.opens.Open(t.Context(), token, "", link.ResetPassword); (err == nil) != step.works {
				t.Errorf("step %d: %v", i, err)
			}
		}
	})
}

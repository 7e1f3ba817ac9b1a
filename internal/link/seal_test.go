package link_test

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"latchkey/internal/link"
)

// What somebody else puts into the token store opens nothing: no claim of theirs,
// none that was altered or prolonged, and none under another token.
func TestSealedClaims_D1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		to := link.Target{Purpose: link.ResetPassword, User: &user}
		good, other := f.make(to), f.make(link.Target{Purpose: link.NotMe, Event: f.anEvent()})
		read := func(token string) []byte {
			sum := sha256.Sum256([]byte(token))
			payload, err := f.store.Token(t.Context(), sum[:], f.now)
			must(t, err)
			return payload
		}
		put := func(token string, payload []byte) {
			sum := sha256.Sum256([]byte(token))
			must(t, f.store.PutToken(t.Context(), sum[:], payload, f.now, 30*day))
		}
		with := func(name string, value any) []byte {
			var m map[string]any
			must(t, json.Unmarshal(read(good), &m))
			m[name] = value
			if value == nil {
				delete(m, name)
			}
			payload, err := json.Marshal(m)
			must(t, err)
			return payload
		}
		whole := read(good)
		later := noon.Add(30 * day).UnixMicro()
		for what, payload := range map[string][]byte{
			"without a MAC":     with("mac", nil),
			"with an empty MAC": with("mac", ""),
			"of another user":   with("user", "v"),
			"of another state":  with("version", 8),
			"for another use":   with("purpose", "not_me"),
			"of another person": with("email", "eve@example.org"),
			"for longer":        with("until", later),
			"of an event too":   with("event", "e"),
			"of another token":  read(other),
			"nothing":           []byte(`{}`),
		} {
			put(good, payload)
			_, err := f.Open(t.Context(), good, "", link.ConfirmRegistration, link.ConfirmNewEmail, link.ResetPassword, link.NotMe)
			f.dead("opening what is "+what, err)
			_, err = f.Take(t.Context(), good)
			f.dead("taking what is "+what, err)
		}
		put(good, whole)
		if _, err := f.Open(t.Context(), good, "", link.ResetPassword); err != nil {
			t.Errorf("as it was: %v", err)
		}
		const chosen = "lko_chosen-by-who-can-write-to-the-store-AAAAAAAAAA"
		put(chosen[:47], whole)
		_, err := f.Open(t.Context(), chosen[:47], "", link.ResetPassword)
		f.dead("moved to another token", err)
		f.now = noon.Add(time.Hour) // the store would keep it for 30 days
		_, err = f.Open(t.Context(), good, "", link.ResetPassword)
		f.dead("kept for longer", err)
	})
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

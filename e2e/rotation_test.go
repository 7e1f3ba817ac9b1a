package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// holder is a device that goes on calling both replicas and refreshing, and
// takes no refusal of a token that is valid.
type holder struct {
	urls    []string
	refresh string
	access  string
	expires time.Time
	turn    int

	judge func(access string, expires time.Time) error // another who must take each access token; nil for nobody

	mu   sync.Mutex
	algs []string  // of its access tokens, in order, each change once
	kids []string  // the same of their keys
	at   time.Time // when it last got tokens
	asks int
	errs []error
}

// url is the replica whose turn it is.
func (h *holder) url() string {
	h.turn++
	return h.urls[h.turn%len(h.urls)]
}

// run calls until stop is closed.
func (h *holder) run(stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		if n%5 == 0 || !time.Now().Before(h.expires) {
			h.trade()
		} else {
			h.ask()
		}
	}
}

// ask asks a replica whose the access token is. One that is away is none that
// refuses: a load balancer would take the other.
func (h *holder) ask() {
	a, err := testenv.TryPost(h.url(), testenv.Request{Query: testenv.MeOp, Bearer: h.access})
	if err != nil || a.Code() == "UNAVAILABLE" {
		return
	}
	if a.Code() != "" && time.Now().Before(h.expires) {
		h.fail(fmt.Errorf("a valid access token was refused: %s", a.Body))
	}
	h.mu.Lock()
	h.asks++
	h.mu.Unlock()
}

// trade refreshes. Whose answer is lost asks the other replica with the same
// token.
func (h *holder) trade() {
	a, err := testenv.TryPost(h.url(), refreshRequest(h.refresh))
	if err != nil || a.Code() == "UNAVAILABLE" {
		return
	}
	var p testenv.Payload
	if err := unmarshal(a, "refresh", &p); err != nil || p.Tokens == nil {
		h.fail(fmt.Errorf("a valid refresh token was refused: %s", a.Body))
		return
	}
	h.refresh = p.Tokens.RefreshToken
	if err := h.hold(p.Tokens.AccessToken); err != nil {
		h.fail(err)
	}
}

// hold keeps an access token. Its key is published by every replica that is
// there.
func (h *holder) hold(access string) error {
	var header struct{ Alg, Kid string }
	var claims struct{ Exp int64 }
	for i, v := range []any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[i])
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, v); err != nil {
			return err
		}
	}
	h.access, h.expires = access, time.Unix(claims.Exp, 0)
	h.mu.Lock()
	h.at = time.Now()
	if len(h.algs) == 0 || h.algs[len(h.algs)-1] != header.Alg {
		h.algs = append(h.algs, header.Alg)
	}
	if len(h.kids) == 0 || h.kids[len(h.kids)-1] != header.Kid {
		h.kids = append(h.kids, header.Kid)
	}
	h.mu.Unlock()
	for _, url := range h.urls {
		set, err := keysAt(url)
		if err == nil && header.Kid != "" && !strings.Contains(set, `"kid":"`+header.Kid+`"`) {
			return fmt.Errorf("a token by %s, which a replica does not publish: %s", header.Kid, set)
		}
	}
	if h.judge != nil {
		return h.judge(access, h.expires)
	}
	return nil
}

// keysAt is what a replica publishes; an error if it is not ready to.
func keysAt(url string) (string, error) {
	res, err := http.Get(url + "/.well-known/jwks.json")
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the keys: %s", res.Status)
	}
	return string(text), err
}

func (h *holder) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs = append(h.errs, err)
}

// since is how many requests the holder made and when it last got tokens.
func (h *holder) since() (asks int, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asks, h.at
}

const rotationTTL = 3 * time.Second // of access tokens

// A rotation, step by step and replica by replica, refuses no valid token: all
// the while people call both replicas and refresh. After the step before the
// last, the old key's tokens expire.
func TestRotation_F4(t *testing.T) {
	t.Parallel()
	es, _ := newKey(t, "ES256")
	ed, _ := newKey(t, "EdDSA")
	keys := func(list ...string) string { return "JWT_PRIVATE_KEYS=" + strings.Join(list, ",") }
	older, newer := knownSecret, "wH7rTq2Lx9Vb4Nc8Ms1Zp6Kd3Gf5Jy0QaUe"
	for name, c := range map[string]struct {
		steps []string
		algs  []string // that a device meets, in order
	}{
		"ES256 to EdDSA":      {[]string{keys(es), keys(es, ed), keys(ed, es), keys(ed)}, []string{"ES256", "EdDSA"}},
		"HS256 to ES256":      {[]string{keys("hs256"), keys("hs256", es), keys(es, "hs256"), keys(es)}, []string{"HS256", "ES256"}},
		"SECRET_KEY":          {[]string{"SECRET_KEY=" + older, "SECRET_KEY=" + older + "," + newer, "SECRET_KEY=" + newer + "," + older, "SECRET_KEY=" + newer}, []string{"HS256"}},
		"HS256 to auto":       {[]string{keys("hs256"), keys("hs256", "auto"), keys("auto")}, []string{"HS256", "ES256"}},
		"EdDSA to auto":       {[]string{keys(ed), keys(ed, "auto"), keys("auto", ed), keys("auto")}, []string{"EdDSA", "ES256"}},
		"ES256 back to HS256": {[]string{keys(es), keys("hs256", es), ""}, []string{"ES256", "HS256"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, "ACCESS_TOKEN_TTL="+rotationTTL.String(), c.steps[0])
			s.Add(t)
			s.Add(t)
			s.AwaitReady(t)
			urls := []string{s.Replicas[0].URL, s.Replicas[1].URL}
			var (
				holders []*holder
				running sync.WaitGroup
			)
			stop := make(chan struct{})
			for i := range 3 {
				ada := s.Join(t)
				h := &holder{urls: urls, refresh: ada.Refresh, turn: i}
				if err := h.hold(ada.Access); err != nil {
					t.Fatal(err)
				}
				holders = append(holders, h)
				running.Go(func() { h.run(stop) })
			}
			halt := sync.OnceFunc(func() { close(stop); running.Wait() })
			defer halt()
			// settle waits until everybody got tokens by the keys of this step, and
			// those of the step before have expired.
			settle := func() {
				t.Helper()
				begin := time.Now()
				testenv.Await(t, time.Minute, "tokens of the step before to expire", func() bool {
					if time.Since(begin) <= rotationTTL+time.Second { // exp is in whole seconds, rounded up
						return false
					}
					return !slices.ContainsFunc(holders, func(h *holder) bool { _, at := h.since(); return at.Before(begin) })
				})
			}
			for n, step := range c.steps[1:] {
				if n == len(c.steps)-2 {
					settle()
				}
				if step == "" {
					step = keys()
				}
				s.Env = append(s.Env, step)
				for i := range s.Replicas {
					s.Restart(t, i)
				}
			}
			settle()
			halt()
			for i, h := range holders {
				if asks, _ := h.since(); asks < 20 {
					t.Errorf("device %d asked %d times only", i, asks)
				}
				if len(h.errs) > 0 {
					t.Errorf("device %d: %d refusals, the first: %v", i, len(h.errs), h.errs[0])
				}
				// While replicas differ, both algorithms take turns.
				if h.algs[0] != c.algs[0] || h.algs[len(h.algs)-1] != c.algs[len(c.algs)-1] {
					t.Errorf("device %d met %v, want from %s to %s", i, h.algs, c.algs[0], c.algs[len(c.algs)-1])
				}
			}
		})
	}
}

// The steps are needed: a key in front before the other replica knows it, or
// dropped while its tokens live, does refuse, so the test above can fail.
func TestRotationInOneStep_F4(t *testing.T) {
	t.Parallel()
	es, _ := newKey(t, "ES256")
	ed, _ := newKey(t, "EdDSA")
	s := testenv.NewProduction(t, "JWT_PRIVATE_KEYS="+es)
	s.Add(t)
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t)
	s.Env = append(s.Env, "JWT_PRIVATE_KEYS="+ed)
	s.Restart(t, 0)
	mustFail(t, "the old key's token", me(t, s.Replicas[0].URL, ada.Access), "UNAUTHENTICATED", "INVALID")
	access, _ := refresh(t, s.Replicas[0].URL, ada.Refresh)
	mustFail(t, "the new key's token", me(t, s.Replicas[1].URL, access), "UNAUTHENTICATED", "INVALID")
	mustBe(t, s.Replicas[0].URL, access, ada.ID)
}

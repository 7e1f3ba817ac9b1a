package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// kidsAt is the ids of the keys that a replica publishes, in order.
func kidsAt(t *testing.T, base string) (kids []string) {
	t.Helper()
	text, err := keysAt(base)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid, Alg string } }
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// Who runs the service for development, and sets nothing, has tokens that a backend
// verifies with nothing but the address of the keys.
func TestDevelopmentVerifies_F4(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	ada := s.Join(t)
	list := jose(t, s, ada.Access)
	if list[0].Refused != "" || list[0].Header["alg"] != "ES256" || list[0].Claims["sub"] != ada.ID {
		t.Errorf("got %+v", list[0])
	}
	before := kidsAt(t, s.URL())
	s.Restart(t, 0)
	if after := kidsAt(t, s.URL()); !slices.Equal(before, after) || len(before) != 2 {
		t.Errorf("before a restart %v, after it %v", before, after)
	}
	mustBe(t, s.URL(), ada.Access, ada.ID)
}

// Replicas that start together on an empty database have one key, whose tokens all of
// them and a backend verify.
func TestStartTogether_F4_R6(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "JWT_PRIVATE_KEYS=auto")
	for range 3 {
		s.Add(t)
	}
	s.AwaitReady(t)
	ada := s.Join(t)
	kids := kidsAt(t, s.Replicas[0].URL)
	if rows := column(t, s, `SELECT id FROM signing_keys ORDER BY number`); !slices.Equal(rows, kids) || len(kids) != 2 {
		t.Errorf("published are %v, kept %v", kids, rows)
	}
	for _, p := range s.Replicas {
		mustBe(t, p.URL, ada.Access, ada.ID)
		access, next := refresh(t, p.URL, ada.Refresh)
		ada.Refresh = next
		if list := jose(t, s, access); list[0].Refused != "" || list[0].Header["kid"] != kids[0] {
			t.Errorf("%s: %+v", p.URL, list[0])
		}
		if got := kidsAt(t, p.URL); !slices.Equal(got, kids) {
			t.Errorf("%s publishes %v, want %v", p.URL, got, kids)
		}
	}
}

// verifier is a backend that goes on verifying with jose, which keeps the keys as it does
// by default.
type verifier struct {
	mu      sync.Mutex
	in      io.Writer
	out     *bufio.Reader
	Fetched atomic.Int64 // how often it asked for the keys
}

func newVerifier(t *testing.T, s *testenv.Stack) *verifier {
	t.Helper()
	v := &verifier{}
	target, err := url.Parse(s.Replicas[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.Fetched.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	cmd := exec.CommandContext(t.Context(), testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "jose.mjs"),
		front.URL+"/.well-known/jwks.json", public(s), public(s))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		front.Close()
	})
	v.in, v.out = in, bufio.NewReader(out)
	return v
}

// judge is an error if the backend refuses a token that expires at that time.
func (v *verifier) judge(access string, expires time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, err := fmt.Fprintln(v.in, access); err != nil {
		return err
	}
	line, err := v.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	var j judged
	if err := json.Unmarshal(line, &j); err != nil {
		return err
	}
	if j.Refused != "" && (j.Refused != "ERR_JWT_EXPIRED" || time.Now().Before(expires)) {
		return fmt.Errorf("a backend refuses a valid token: %s", j.Refused)
	}
	return nil
}

// The shell changes the keys while people call all replicas, and a backend keeps those
// that it fetched at the start: no valid token is refused by anybody. After a leak what
// the old keys signed is refused, and who refreshes stays logged in.
func TestKeysRotate_F4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		urls := make([]string, len(s.Replicas))
		for i, p := range s.Replicas {
			urls[i] = p.URL
		}
		kids := kidsAt(t, urls[0])
		backend := newVerifier(t, s)
		var (
			holders []*holder
			running sync.WaitGroup
		)
		stop := make(chan struct{})
		for i := range 3 {
			ada := s.Join(t)
			h := &holder{urls: urls, refresh: ada.Refresh, turn: i, judge: backend.judge}
			if err := h.hold(ada.Access); err != nil {
				t.Fatal(err)
			}
			holders = append(holders, h)
			running.Go(func() { h.run(stop) })
		}
		halt := sync.OnceFunc(func() { close(stop); running.Wait() })
		defer halt()

		// The next key was made an hour ago, and not with the first start.
		if n, err := s.DB(t).Exec(t.Context(), `UPDATE signing_keys SET created_at = $1 WHERE number = 2`, time.Now().UTC().Add(-time.Hour)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		out, errOut, code := shell(t, s, "", "keys", "rotate")
		if code != 0 || !strings.HasPrefix(out, kids[1]+" signs from ") || !strings.Contains(errOut, "signing keys rotated") {
			t.Fatalf("keys rotate: exit code %d\n%s%s", code, out, errOut)
		}
		testenv.Await(t, time.Minute, "everybody to have a token by the next key", func() bool {
			return !slices.ContainsFunc(holders, func(h *holder) bool {
				h.mu.Lock()
				defer h.mu.Unlock()
				return h.kids[len(h.kids)-1] != kids[1]
			})
		})
		began := time.Now()
		testenv.Await(t, time.Minute, "tokens by the first key to expire", func() bool { return time.Since(began) > rotationTTL+time.Second })
		halt()
		for i, h := range holders {
			if asks, _ := h.since(); asks < 10 {
				t.Errorf("device %d asked %d times only", i, asks)
			}
			if len(h.errs) > 0 {
				t.Errorf("device %d: %d refusals, the first: %v", i, len(h.errs), h.errs[0])
			}
			if h.kids[0] != kids[0] {
				t.Errorf("device %d met %v, want %s first", i, h.kids, kids[0])
			}
		}
		if n := backend.Fetched.Load(); n != 1 {
			t.Errorf("the backend asked for the keys %d times", n)
		}
		mustListKeys(t, s, kids)
		mustReplaceKeys(t, s, urls, backend)
	}, "JWT_PRIVATE_KEYS=auto", "ACCESS_TOKEN_TTL="+rotationTTL.String())
}

// mustListKeys wants keys list to show that the first of kids is old, and the second signs.
func mustListKeys(t *testing.T, s *testenv.Stack, kids []string) {
	t.Helper()
	out, errOut, code := shell(t, s, "", "keys", "list", "--json")
	var list []struct {
		Key, State string
		Signs      bool
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list) < 3 {
		t.Fatalf("keys list: exit code %d, %v\n%s%s", code, err, out, errOut)
	}
	states := map[string]string{}
	for _, k := range list {
		states[k.State] = k.Key
		if k.Signs != (k.State == "signing") {
			t.Errorf("keys list: %+v", k)
		}
	}
	if states["old"] != kids[0] || states["signing"] != kids[1] || states["next"] == "" {
		t.Errorf("keys list: %v", states)
	}
}

// mustReplaceKeys replaces all keys.
func mustReplaceKeys(t *testing.T, s *testenv.Stack, urls []string, backend *verifier) {
	t.Helper()
	ada := s.Join(t)
	before := kidsAt(t, urls[0])
	out, errOut, code := shell(t, s, "", "keys", "rotate", "--now")
	if code != 0 || !strings.Contains(out, " signs now") {
		t.Fatalf("keys rotate --now: exit code %d\n%s%s", code, out, errOut)
	}
	kid, _, _ := strings.Cut(out, " ")
	for _, base := range urls {
		testenv.Await(t, time.Minute, "the old keys to be gone", func() bool {
			return !slices.ContainsFunc(kidsAt(t, base), func(id string) bool { return slices.Contains(before, id) })
		})
		// A token that has expired meanwhile is refused as one of a stranger is.
		mustFail(t, "a token by a key that leaked", me(t, base, ada.Access), "UNAUTHENTICATED", "INVALID")
	}
	access, next := refresh(t, urls[0], ada.Refresh)
	for _, base := range urls {
		mustBe(t, base, access, ada.ID)
	}
	if header, _ := parts(t, access); header["kid"] != kid {
		t.Errorf("%v signs, want %s", header["kid"], kid)
	}
	testenv.Await(t, time.Minute, "a backend to have the new keys", func() bool { // jose asks anew after 30 s
		access, next = refresh(t, urls[0], next)
		return backend.judge(access, time.Now()) == nil
	})
}

// opened is a sealed value as docs/security.md describes it, opened with the secret; nil if
// that does not open it.
func opened(t *testing.T, secret string, sealed []byte, place ...string) []byte {
	t.Helper()
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "seal", 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	bound := bytes.Clone(sealed[:5])
	for _, part := range place {
		bound = append(binary.AppendUvarint(bound, uint64(len(part))), part...)
	}
	text, err := gcm.Open(nil, sealed[5:17], sealed[17:], bound)
	if err != nil {
		return nil
	}
	return text
}

// Who reads everything that is kept finds no private key in it, in no spelling; with
// SECRET_KEY each opens, in its own row.
func TestKeysAreSealed_F3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		secret := s.Setting("SECRET_KEY")
		kept := stored(t, s)
		rows, err := s.DB(t).Query(t.Context(), `SELECT id, private FROM signing_keys`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var id string
			var sealed []byte
			if err := rows.Scan(&id, &sealed); err != nil {
				t.Fatal(err)
			}
			text := opened(t, secret, sealed, "signing_keys", "private", id)
			block, _ := pem.Decode(text)
			if block == nil || opened(t, secret, sealed, "signing_keys", "private", "another") != nil {
				t.Fatalf("%s: not sealed as it is said to be", id)
			}
			private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			number, err := private.(*ecdsa.PrivateKey).Bytes()
			if err != nil {
				t.Fatal(err)
			}
			for _, needle := range [][]byte{number, block.Bytes[30:62]} {
				for _, spelled := range []string{
					string(needle), hex.EncodeToString(needle), base64.StdEncoding.EncodeToString(needle)[:40], base64.RawURLEncoding.EncodeToString(needle)[:40],
				} {
					if strings.Contains(kept, spelled) {
						t.Errorf("the private key %s can be read", id)
					}
				}
			}
			if !strings.Contains(kept, id) {
				t.Errorf("%s is not where it was looked for", id)
			}
		}
		if strings.Contains(kept, "PRIVATE KEY") || n != 2 || rows.Err() != nil {
			t.Errorf("a key in PEM, or %d keys: %v", n, rows.Err())
		}
	}, "JWT_PRIVATE_KEYS=auto", "SECRET_KEY="+knownSecret)
}

// With another SECRET_KEY there is no start but a message that says what to do; doing it
// changes the secret without changing a key. A key that was moved to another row is none.
func TestOtherSecretKey_F3_F4(t *testing.T) {
	t.Parallel()
	const newer = "wH7rTq2Lx9Vb4Nc8Ms1Zp6Kd3Gf5Jy0QaUe"
	s := testenv.NewProduction(t, "JWT_PRIVATE_KEYS=auto", "SECRET_KEY="+knownSecret)
	s.Add(t)
	s.AwaitReady(t)
	kids := kidsAt(t, s.URL())
	s.Replicas[0].Kill()
	with := func(secrets string, args ...string) (string, int) {
		out, errOut, code := testenv.Command(t, s.Replicas[0].Dir, "", append(slices.Clone(s.Env), "PORT="+testenv.FreePort(t), "SECRET_KEY="+secrets), args...)
		return out + errOut, code
	}
	said, code := with(newer)
	for _, want := range []string{"sealed with another SECRET_KEY", kids[0], "SECRET_KEY=new,old", "latchkey keys reseal", "rotate --now"} {
		if code != 1 || !strings.Contains(said, want) || strings.Contains(said, newer) {
			t.Errorf("the start: exit code %d, without %q, or with the secret:\n%s", code, want, said)
		}
	}
	if said, code := with(newer, "doctor"); code != 1 || !strings.Contains(said, "fail  keys") || !strings.Contains(said, "sealed with another SECRET_KEY") {
		t.Errorf("doctor: exit code %d:\n%s", code, said)
	}
	if said, code := with(newer, "keys", "list"); code != 0 || !strings.Contains(said, "cannot be opened: sealed with another SECRET_KEY") {
		t.Errorf("keys list: exit code %d:\n%s", code, said)
	}
	if said, _ := with(newer+","+knownSecret, "doctor"); !strings.Contains(said, "warn  keys") || !strings.Contains(said, "run latchkey keys reseal") {
		t.Errorf("doctor before reseal:\n%s", said)
	}
	if said, code := with(newer+","+knownSecret, "keys", "reseal"); code != 0 || !strings.Contains(said, "2 sealed anew") {
		t.Errorf("keys reseal: exit code %d:\n%s", code, said)
	}
	s.Env = append(s.Env, "SECRET_KEY="+newer)
	s.Restart(t, 0)
	if got := kidsAt(t, s.URL()); !slices.Equal(got, kids) {
		t.Errorf("%v, want the keys of before, %v", got, kids)
	}
	s.Replicas[0].Kill()
	if n, err := s.DB(t).Exec(t.Context(), `UPDATE signing_keys SET private = (SELECT s.private FROM signing_keys s WHERE s.number = 2) WHERE number = 1`); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if said, code := with(newer); code != 1 || !strings.Contains(said, kids[0]) || !strings.Contains(said, "sealed for another place") {
		t.Errorf("a key in another row: exit code %d:\n%s", code, said)
	}
	if rows := column(t, s, `SELECT id FROM signing_keys ORDER BY number`); !slices.Equal(rows, kids) {
		t.Errorf("%v are kept, want %v", rows, kids)
	}
}

// A replica that starts while the database is away does not have the keys yet. It says
// so, and neither that a token is none of ours nor that there are no keys. The others
// publish them meanwhile.
func TestKeysAtStart_F4_R1(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "JWT_PRIVATE_KEYS=auto")
	p := s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t)
	fail, mend := outage(t, p, "refuses")
	fail()
	second := s.Add(t)
	testenv.Await(t, time.Minute, "the second replica to live", func() bool {
		res, err := http.Get(second.URL + "/livez")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	mustFail(t, "a token whose key is not known yet", me(t, second.URL, ada.Access), "UNAVAILABLE", "")
	if got := exchange(t, "GET", second.URL+"/.well-known/jwks.json", ""); got.status != http.StatusServiceUnavailable || got.header.Get("Cache-Control") != "no-store" ||
		got.header.Get("Retry-After") == "" || strings.Contains(got.body, "keys") {
		t.Errorf("the keys: %d %s", got.status, got.body)
	}
	if got := exchange(t, "GET", s.Replicas[0].URL+"/.well-known/jwks.json", ""); got.status != http.StatusOK || !strings.Contains(got.body, `"kid"`) {
		t.Errorf("the first replica's keys: %d %s", got.status, got.body)
	}
	mend()
	second.AwaitReady(t)
	mustBe(t, second.URL, ada.Access, ada.ID)
}

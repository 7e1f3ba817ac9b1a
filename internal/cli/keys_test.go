package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/jwt"
	"latchkey/internal/keyring"
)

// command runs latchkey with a configuration.
func command(t *testing.T, cfg config.Config, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	c := Commands{
		Config: func() (config.Config, error) { return cfg, nil },
		Keys:   func(context.Context) (*keyring.Ring, func(), error) { return nil, nil, ErrNoDatabase },
	}
	code = run(t.Context(), args, c, strings.NewReader(""), &o, &e)
	return o.String(), e.String(), code
}

func TestKeysNew_F4(t *testing.T) {
	for _, algorithm := range []string{jwt.ES256, jwt.EdDSA, jwt.RS256} {
		path := filepath.Join(t.TempDir(), "key.pem")
		out, errOut, code := command(t, config.Config{}, "keys", "new", "--algorithm", algorithm, path)
		content, err := os.ReadFile(path)
		if code != exitDone || errOut != "" || err != nil {
			t.Fatalf("%s: %d, %s, %v", algorithm, code, errOut, err)
		}
		key, err := jwt.ParseKey(content)
		if err != nil || key.Algorithm != algorithm || out != key.ID+"\n" || !bytes.HasPrefix(content, []byte("-----BEGIN PRIVATE KEY-----\n")) {
			t.Errorf("%s: a key %v, %v, and %q was printed", algorithm, key, err, out)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
			t.Errorf("%s: mode %v, %v, want 0600", algorithm, info.Mode(), err)
		}
		out, errOut, code = command(t, config.Config{}, "keys", "new", path)
		again, err := os.ReadFile(path)
		if code != exitFailed || out != "" || !strings.Contains(errOut, "not overwritten") || err != nil || !bytes.Equal(again, content) {
			t.Errorf("%s again: %d, %q, %q, %v", algorithm, code, out, errOut, err)
		}
	}
	out, errOut, code := command(t, config.Config{}, "keys", "new")
	if key, err := jwt.ParseKey([]byte(out)); code != exitDone || err != nil || key.Algorithm != jwt.ES256 || errOut != key.ID+"\n" {
		t.Errorf("without FILE: %d, %v, %q", code, err, errOut)
	}
	if _, errOut, code := command(t, config.Config{}, "keys", "new", filepath.Join(t.TempDir(), "none", "key.pem")); code != exitFailed {
		t.Errorf("into a folder that there is not: %d, %s", code, errOut)
	}
}

func TestKeysNewSecret_F3(t *testing.T) {
	first, _, code := command(t, config.Config{}, "keys", "new", "--algorithm", "HS256")
	second, _, _ := command(t, config.Config{}, "keys", "new", "--algorithm", "HS256")
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(first))
	if code != exitDone || err != nil || len(secret) != secretBytes || first == second {
		t.Errorf("%d, %v, %d bytes", code, err, len(secret))
	}
}

func TestKeysUsage(t *testing.T) {
	for _, args := range [][]string{
		{"keys"}, {"keys", "frobnicate"}, {"keys", "new", "--algorithm", "PS256"}, {"keys", "new", "--algorithm", "none"},
		{"keys", "new", "a", "b"}, {"keys", "new", "--algorithm", "HS256", "secret"}, {"keys", "list", "x"},
		{"keys", "rotate", "x"}, {"keys", "rotate", "--later"}, {"keys", "reseal", "x"},
	} {
		if out, errOut, code := command(t, config.Config{}, args...); code != exitUsage || out != "" || errOut == "" {
			t.Errorf("latchkey %s: %d, %q, %q", strings.Join(args, " "), code, out, errOut)
		}
	}
	if _, err := os.Stat("secret"); err == nil {
		t.Error("keys new --algorithm HS256 wrote a file")
	}
}

// Only keys that the service makes are rotated by a command, and only where there is a
// database.
func TestKeysRotateRefuses_F4(t *testing.T) {
	for _, args := range [][]string{{"keys", "rotate"}, {"keys", "rotate", "--now"}} {
		out, errOut, code := command(t, config.Config{JWTKeys: []config.JWTKey{{Key: jwt.Secrets()}}}, args...)
		if code != exitFailed || out != "" || !strings.Contains(errOut, "no entry auto") {
			t.Errorf("%v without auto: %d, %q, %q", args, code, out, errOut)
		}
		out, errOut, code = command(t, config.Config{JWTKeys: []config.JWTKey{{Auto: true}}}, args...)
		if code != exitFailed || out != "" || !strings.Contains(errOut, ErrNoDatabase.Error()) {
			t.Errorf("%v without a database: %d, %q, %q", args, code, out, errOut)
		}
	}
}

// The keys that the service made stand where auto does: the one that signs, the next one,
// old ones.
func TestKeysListMade_F4(t *testing.T) {
	file := config.JWTKey{File: "es.pem", Key: jwt.Key{ID: "file", Algorithm: jwt.ES256}}
	auto, hs := config.JWTKey{Auto: true}, config.JWTKey{Key: jwt.Secrets()}
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	made := []keyring.Key{
		{ID: "old", State: keyring.Old, SignsAt: at, Until: at.Add(2 * time.Hour)}, {ID: "now", State: keyring.Signing, SignsAt: at.Add(time.Hour)},
		{ID: "next", State: keyring.Next, SignsAt: at.Add(90 * time.Hour), Problem: "altered"},
	}
	for name, c := range map[string]struct {
		keys  []config.JWTKey
		made  []keyring.Key
		want  string
		signs string
	}{
		"auto":                       {[]config.JWTKey{auto}, made, "now next old HS256 secret 1", "now"},
		"from HS256":                 {[]config.JWTKey{hs, auto}, made, "HS256 secret 1 now next old", "HS256 secret 1"},
		"among files":                {[]config.JWTKey{auto, file}, made, "now next old file HS256 secret 1", "now"},
		"before the first start":     {[]config.JWTKey{auto}, nil, "HS256 secret 1", ""},
		"before it, behind a file":   {[]config.JWTKey{file, auto}, nil, "file HS256 secret 1", "file"},
		"with secrets that are last": {[]config.JWTKey{auto, hs}, made, "now next old HS256 secret 1", "now"},
	} {
		var keys []string
		signs := ""
		for _, k := range listKeys(config.Config{JWTKeys: c.keys, SecretKeys: [][]byte{nil}}, c.made) {
			keys = append(keys, k.Key)
			if k.Signs {
				signs += k.Key
			}
		}
		if got := strings.Join(keys, " "); got != c.want || signs != c.signs {
			t.Errorf("%s: %s, of which %q signs; want %s, %q", name, got, signs, c.want, c.signs)
		}
	}
	for i, want := range []string{"signs, verifies, published", "verifies, published, next, from 2026-11-29 06:00:00 UTC, cannot be opened: altered",
		"verifies, published, old, until 2026-11-25 14:00:00 UTC"} {
		list := listKeys(config.Config{JWTKeys: []config.JWTKey{auto}}, made)
		if got := strings.Join(list[i].uses(), ", "); got != want {
			t.Errorf("%s: %q, want %q", list[i].Key, got, want)
		}
	}
}

// The list says which key signs, and nothing of a secret.
func TestKeysList_F4_I7(t *testing.T) {
	es, err := jwt.NewKey(jwt.ES256)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := jwt.NewKey(jwt.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	const first, second = "Zk3vQ8w1Lr7TnXy5Bd0HsGm9JpUc2FaE", "wH7rTq2Lx9Vb4Nc8Ms1Zp6Kd3Gf5Jy0Q"
	secrets := [][]byte{[]byte(first), []byte(second)}
	hs, esFile, edFile := config.JWTKey{Key: jwt.Secrets()}, config.JWTKey{File: "es.pem", Key: es}, config.JWTKey{File: "ed.pem", Key: ed}
	for name, c := range map[string]struct {
		keys []config.JWTKey
		want []string
	}{
		"hs256":    {[]config.JWTKey{hs}, []string{"HS256 secret 1", "HS256 secret 2"}},
		"es, ed":   {[]config.JWTKey{esFile, edFile}, []string{es.ID, ed.ID, "HS256 secret 1", "HS256 secret 2"}},
		"hs, es":   {[]config.JWTKey{hs, esFile}, []string{"HS256 secret 1", "HS256 secret 2", es.ID}},
		"ed and h": {[]config.JWTKey{edFile, hs}, []string{ed.ID, "HS256 secret 1", "HS256 secret 2"}},
	} {
		cfg := config.Config{JWTKeys: c.keys, SecretKeys: secrets}
		text, _, code := command(t, cfg, "keys", "list")
		asJSON, _, codeJSON := command(t, cfg, "keys", "list", "--json")
		var list []listedKey
		if err := json.Unmarshal([]byte(asJSON), &list); err != nil || code != exitDone || codeJSON != exitDone {
			t.Fatalf("%s: %d, %d, %v", name, code, codeJSON, err)
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")[1:]
		if len(list) != len(c.want) || len(lines) != len(c.want) {
			t.Fatalf("%s: %s", name, text)
		}
		for i, k := range list {
			if k.Key != c.want[i] || k.Signs != (i == 0) || !k.Verifies || k.Published != (k.File != nil) ||
				!strings.HasPrefix(lines[i], k.Key) || strings.Contains(lines[i], "signs") != k.Signs {
				t.Errorf("%s, line %d: %+v, %s", name, i, k, lines[i])
			}
		}
		for n := 0; n+8 <= len(first); n++ {
			if strings.Contains(text+asJSON, first[n:n+8]) || strings.Contains(text+asJSON, second[n:n+8]) {
				t.Fatalf("%s shows a part of a secret", name)
			}
		}
	}
}

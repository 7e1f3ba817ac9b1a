package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/jwt"
)

// keyFile writes a new key for an algorithm and returns its path.
func keyFile(t *testing.T, algorithm string) string {
	t.Helper()
	k, err := jwt.NewKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	return fileOf(t, string(text))
}

func fileOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeyFiles_F4(t *testing.T) {
	t.Parallel()
	es, ed, rs := keyFile(t, jwt.ES256), keyFile(t, jwt.EdDSA), keyFile(t, jwt.RS256)
	c, warnings, err := load(production.with(vars{"JWT_PRIVATE_KEYS": es + ", " + ed + ",hs256," + rs}))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	var got []string
	for _, k := range c.JWTKeys {
		got = append(got, k.Key.Algorithm, k.File)
	}
	if want := strings.Join([]string{"ES256", es, "EdDSA", ed, "HS256", "", "RS256", rs}, " "); strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// The entry auto stands among the others, and is the default of development alone.
func TestAutoKeys_F4(t *testing.T) {
	t.Parallel()
	es, ed := keyFile(t, jwt.ES256), keyFile(t, jwt.EdDSA)
	for name, c := range map[string]struct {
		vars           vars
		before, behind string // algorithms
		is             bool
	}{
		"development":             {vars{}, "", "", true},
		"development with a file": {vars{"JWT_PRIVATE_KEYS": es}, "ES256", "", false},
		"production":              {production, "HS256", "", false},
		"auto":                    {production.with(vars{"JWT_PRIVATE_KEYS": "auto"}), "", "", true},
		"from HS256":              {production.with(vars{"JWT_PRIVATE_KEYS": "hs256, auto"}), "HS256", "", true},
		"among files":             {production.with(vars{"JWT_PRIVATE_KEYS": es + ",auto,hs256," + ed}), "ES256", "HS256 EdDSA", true},
	} {
		cfg, warnings, err := load(c.vars)
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%s: %v %v", name, err, warnings)
		}
		before, behind, is := cfg.AutoKeys()
		if algorithms(before) != c.before || algorithms(behind) != c.behind || is != c.is {
			t.Errorf("%s: %v, %v, %t", name, before, behind, is)
		}
	}
}

func algorithms(keys []jwt.Key) string {
	var list []string
	for _, k := range keys {
		list = append(list, k.Algorithm)
	}
	return strings.Join(list, " ")
}

func TestKeyFileMistakes_F4(t *testing.T) {
	t.Parallel()
	good := keyFile(t, jwt.ES256)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	der, _ := x509.MarshalPKCS8PrivateKey(p384)
	for value, says := range map[string]string{
		"/nowhere/key.pem":       "entry 1 cannot be read: no such file",
		good + "," + t.TempDir(): "entry 2 cannot be read: is a directory",
		fileOf(t, ""):            "entry 1 holds no private key",
		fileOf(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))): "another curve",
		good + "," + fileOf(t, string(text)):                                               "entry 2 is the same",
		"hs256," + good + ",hs256":                                                         "entry 3 is the same",
		"auto,hs256,auto":                                                                  "entry 3 is the same",
		"AUTO":                                                                             "entry 1 cannot be read",
		"HS256":                                                                            "entry 1 cannot be read",
		string(text):                                                                       "names files",
	} {
		got := mistaken(t, production.with(vars{"JWT_PRIVATE_KEYS": value}), "JWT_PRIVATE_KEYS")
		if !strings.Contains(got, says) || strings.Contains(got, "BEGIN") || strings.Contains(got, "key.pem") {
			t.Errorf("got %q, want %q and no value", got, says)
		}
	}
}

func TestKeyFileThatOthersRead_F4(t *testing.T) {
	t.Parallel()
	for mode, warned := range map[os.FileMode]bool{0o400: false, 0o600: false, 0o440: false, 0o640: false, 0o644: true, 0o660: true, 0o604: true, 0o666: true} {
		path := keyFile(t, jwt.EdDSA)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, warnings, err := load(vars{"JWT_PRIVATE_KEYS": path})
		if err != nil || (len(warnings) > 0) != warned {
			t.Errorf("%04o: %v, %v, want a warning: %v", mode, warnings, err, warned)
		}
		for _, w := range warnings {
			if w.Name != "JWT_PRIVATE_KEYS" || strings.Contains(w.Text, path) {
				t.Errorf("%04o: %v", mode, w)
			}
		}
	}
}

func TestDotenvThatOthersRead_F4(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte("APP_NAME=Shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, warned := range map[os.FileMode]bool{0o400: false, 0o600: false, 0o640: false, 0o644: true, 0o660: true, 0o604: true} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		_, warnings, err := Load(production.environ(), file)
		if err != nil || (len(warnings) > 0) != warned || warned && warnings[0].Name != ".env" {
			t.Errorf("%04o: %v, %v, want a warning: %v", mode, warnings, err, warned)
		}
		if _, warnings, err := Load(nil, file); err != nil || len(warnings) > 0 {
			t.Errorf("%04o in development: %v, %v", mode, warnings, err)
		}
	}
}

func TestOAuthClients_G1(t *testing.T) {
	t.Parallel()
	c, _, err := load(production.with(vars{"OAUTH_CLIENTS": "billing:" + key + "x, Shop 2:" + key + ":+/=", "OAUTH_PASSWORD_GRANT": "off"}))
	if err != nil || c.OAuthPasswordGrant || len(c.OAuthClients) != 2 ||
		c.OAuthClients[0] != (OAuthClient{"billing", key + "x"}) || c.OAuthClients[1] != (OAuthClient{"Shop 2", key + ":+/="}) {
		t.Errorf("got %v, %v", c.OAuthClients, err)
	}
	good := strings.ToUpper(key)
	for value, says := range map[string]string{
		"billing":                            "id:secret",
		":" + good:                           "must have an id",
		"b\u00fccher:" + good:                "must have an id",
		strings.Repeat("x", 65) + ":" + good: "must have an id",
		"latchkey:" + good:                   "must not be called",
		"a:" + good + ",a:" + good + "x":     "the id of one before",
		"a:" + good[:31]:                     "31 bytes",
		"a:":                                 "0 bytes",
		"a:dev_" + good:                      "development",
		"a:" + strings.Repeat("x", 40):       "sample",
		"a:" + good + "\u00e9":               "printable",
		"a:" + key:                           "SECRET_KEY",
		"a:" + good + ",b:change-me-to-something-with-32-chars": "client 2's secret is a sample",
	} {
		if got := mistaken(t, production.with(vars{"OAUTH_CLIENTS": value}), "OAUTH_CLIENTS"); !strings.Contains(got, says) {
			t.Errorf("%s: got %q, want %q", value, got, says)
		}
	}
}

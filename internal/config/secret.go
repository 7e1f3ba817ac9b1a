package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	minSecret = 32 // bytes, RFC 7518 section 3.2

	// devPrefix marks what was made for development. Production refuses it, in
	// SECRET_KEY and as a password in DATABASE_URL and REDIS_URL.
	devPrefix = "dev_"

	makeSecret = "make one with: openssl rand -base64 48"
)

// sampleWords betray a secret that somebody wrote as an example. Each has at
// least six letters: 64 random base64 characters contain one of them less than
// once in a million times.
var sampleWords = []string{
	"change", "secret", "example", "sample", "password", "passphrase",
	"replace", "placeholder", "insert", "default", "yourkey", "latchkey", "qwerty", "0123456789", "abcdefgh",
}

// weakness says what is wrong with a secret in env, without quoting it, or "".
// It cannot measure randomness; it finds what people type.
func weakness(secret, env string) string {
	switch {
	case len(secret) < minSecret:
		return fmt.Sprintf("has %d bytes and needs at least %d", len(secret), minSecret)
	case sample(secret):
		return "is a sample or a pattern"
	case env == Production && strings.HasPrefix(secret, devPrefix):
		return "begins with " + devPrefix + " and so was made for development"
	}
	return ""
}

// sample reports whether s contains a word of samples, repeats itself, counts
// up or down, or uses few different bytes.
func sample(s string) bool {
	plain := strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(s))
	if slices.ContainsFunc(sampleWords, func(w string) bool { return strings.Contains(plain, w) }) {
		return true
	}
	for period := 1; period <= len(s)/2; period++ {
		if s[period:] == s[:len(s)-period] {
			return true
		}
	}
	different, steps := map[byte]bool{}, 0
	for i := range len(s) {
		different[s[i]] = true
		if i > 0 && (s[i] == s[i-1] || s[i] == s[i-1]+1 || s[i]+1 == s[i-1]) {
			steps++
		}
	}
	// 32 random hexadecimal digits have fewer than 8 different ones once in 27
	// million times; about a sixth of their steps are that small.
	return len(different) < 8 || steps > len(s)*2/3
}

// LoadOrMakeSecret returns the secret kept in the file "secret" of dataDir, for
// development without SECRET_KEY. The first call makes folder (mode 0700) and
// file (mode 0600); of several at once one wins, and all return its secret. It
// is 32 random bytes as text, marked so that production refuses it.
func LoadOrMakeSecret(dataDir string) ([]byte, error) {
	path := filepath.Join(dataDir, "secret")
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := makeSecretFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("development secret: %w", err)
	}
	return readSecret(path)
}

// LoadSecret returns the secret that LoadOrMakeSecret made, or an error that is
// fs.ErrNotExist. It makes nothing.
func LoadSecret(dataDir string) ([]byte, error) { return readSecret(filepath.Join(dataDir, "secret")) }

// makeSecretFile makes the file whole or not at all, or returns fs.ErrExist: it
// is written under another name, made durable and then linked, so that neither
// a crash nor another process ever sees half a secret.
func makeSecretFile(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "secret-*.tmp") // O_EXCL, mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	raw := make([]byte, minSecret)
	_, _ = rand.Read(raw) // never fails
	_, err = f.WriteString(devPrefix + base64.RawURLEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// readSecret reads a file that makeSecretFile made; any other content is an error.
func readSecret(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("development secret: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if !strings.HasPrefix(secret, devPrefix) || len(secret) < minSecret {
		return nil, fmt.Errorf("%s holds no secret that was made for development; "+
			"delete it to have a new one made, which ends all sessions", path)
	}
	return []byte(secret), nil
}

package config

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestDevelopmentSecretIsKept_F3(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "data")
	first, err := LoadOrMakeSecret(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadOrMakeSecret(dir)
	if err != nil || string(again) != string(first) {
		t.Errorf("the second start has another secret (%v)", err)
	}
	other, err := LoadOrMakeSecret(t.TempDir())
	if err != nil || string(other) == string(first) {
		t.Errorf("another folder has the same secret (%v)", err)
	}
	if _, _, err := load(production.with(vars{"SECRET_KEY": string(first)})); err == nil {
		t.Error("production takes a secret made for development")
	}
	if _, _, err := load(vars{"SECRET_KEY": string(first)}); err != nil {
		t.Errorf("development refuses its own secret: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files in the folder, want the secret alone (%v)", len(entries), err)
	}
	if runtime.GOOS == "windows" {
		return // no such modes
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "secret"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestDevelopmentSecretHasOneWinner_F3(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var secrets [16]string
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			secret, err := LoadOrMakeSecret(dir)
			if err != nil {
				t.Error(err)
			}
			secrets[i] = string(secret)
		})
	}
	wg.Wait()
	for _, s := range secrets {
		if s != secrets[0] {
			t.Fatal("two starts at once have two secrets")
		}
	}
}

func TestBrokenSecretFile_F3(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "dev_\n", "dev_short\n", key + "\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "secret")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrMakeSecret(dir)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), key) {
			t.Errorf("%q: got %v, want an error that names the file and not what is in it", content, err)
		}
	}
}

// What the message recommends, and what else people use, is never called a sample.
func TestRandomSecretsPass_F3(t *testing.T) {
	t.Parallel()
	for range 1000 {
		raw := make([]byte, 48)
		_, _ = rand.Read(raw)
		for _, s := range []string{base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw[:32]), hex.EncodeToString(raw[:16])} {
			if problem := weakness(s, Production); problem != "" {
				t.Errorf("%s %s", s, problem)
			}
		}
	}
}

package config

import (
	"io"
	"io/fs"
	"os"
	"strings"
)

// secrets are the settings that are none of anybody's business. Each can stand in
// a file instead, which its name and fileSuffix name.
var secrets = []string{"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "OAUTH_CLIENTS", "MAIL_PASSWORD", ofExporter + "HEADERS", ofTraces + "HEADERS"}

const (
	fileSuffix    = "_FILE"
	maxSecretFile = 64 << 10 // bytes
)

// file is what a secret's file held.
type file struct {
	text string
	mode fs.FileMode // 0 without one
}

// secret returns a secret from where it is: the variable, or the file that the
// other variable names, without the line's end there.
func (r *reader) secret(name string) string {
	if f, ok := r.files[name]; ok {
		return f.text
	}
	f := file{text: r.set(name)}
	if path := strings.TrimSpace(r.set(name + fileSuffix)); path != "" {
		if f.text != "" {
			r.wrong(name+fileSuffix, "is set beside %s: one of them must go", name)
		} else {
			f = r.secretFile(name+fileSuffix, path)
		}
	}
	r.files[name] = f
	return f.text
}

// secretFile reads one. What is wrong is said without its name: what was taken for
// one may be a secret in the wrong place.
func (r *reader) secretFile(name, path string) file {
	f, err := os.Open(path)
	if err != nil {
		r.wrong(name, "cannot be read: %s", reason(err))
		return file{}
	}
	defer func() { _ = f.Close() }() // nothing was written
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		r.wrong(name, "cannot be read: %s", reason(err))
		return file{}
	}
	if len(content) > maxSecretFile {
		r.wrong(name, "names a file of more than 64 KiB, which is no secret")
		return file{}
	}
	text := strings.TrimRight(string(content), "\r\n")
	if strings.TrimSpace(text) == "" {
		r.wrong(name, "names a file that is empty")
	}
	read := file{text: text}
	if info, err := f.Stat(); err == nil {
		read.mode = info.Mode().Perm()
	}
	return read
}

// checkFiles warns of files that others can read, and refuses those of settings
// that stand in none.
func (r *reader) checkFiles(c *Config) {
	for _, name := range secrets {
		if mode := r.files[name].mode; mode&looseMode != 0 && !c.Development() {
			r.warn(name+fileSuffix, "has the mode %04o: whoever can read it knows the secret in it; chmod 0600 or 0640", mode)
		}
	}
	for _, name := range r.names() {
		setting, ok := strings.CutSuffix(name, fileSuffix)
		switch {
		case !ok || r.asked[name] || !r.asked[setting] || r.set(name) == "":
		case setting == "JWT_PRIVATE_KEYS":
			r.wrong(name, "does not exist: %s names files itself", setting)
		default:
			r.wrong(name, "does not exist: %s is no secret, so set it itself; only %s may stand in files", setting, strings.Join(secrets, ", "))
		}
	}
}

package config

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// Warning is about a variable that does not stop the start.
type Warning struct{ Name, Text string }

func (w Warning) String() string { return w.Name + ": " + w.Text }

// Mistake is about a variable that is wrong or missing. Text says what would be
// right and never quotes the value: it may be a secret.
type Mistake struct{ Name, Text string }

// Mistakes is the error of Load: a heading, and a line for each mistake in the
// order of .env.example.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	var b strings.Builder
	if len(m) == 1 {
		b.WriteString("1 mistake in the configuration:")
	} else {
		fmt.Fprintf(&b, "%d mistakes in the configuration:", len(m))
	}
	for _, one := range m {
		fmt.Fprintf(&b, "\n  %s: %s", one.Name, one.Text)
	}
	return b.String()
}

// problem is what a parser says of a value: a sentence without its subject.
type problem string

func (p problem) Error() string { return string(p) }

// reader looks variables up and collects what is to be said about them.
type reader struct {
	process  map[string]string
	dotenv   map[string]string // for what process does not set
	mode     fs.FileMode       // of the file behind dotenv, 0 if there is none
	asked    map[string]bool   // every name that was looked up
	files    map[string]file   // of secrets, by the name of the secret
	defaults map[string]string // of what is not set, as somebody would set it
	mistakes Mistakes
	warnings []Warning
}

func newReader(environ []string, dotenv string) *reader {
	r := &reader{process: map[string]string{}, asked: map[string]bool{}, files: map[string]file{}, defaults: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		r.process[name] = value
	}
	if dotenv == "" {
		return r
	}
	text, err := os.ReadFile(dotenv)
	if err != nil && !os.IsNotExist(err) {
		r.wrong(".env", "cannot be read: %v", err)
		return r
	}
	if info, err := os.Stat(dotenv); err == nil {
		r.mode = info.Mode().Perm()
	}
	file := strings.TrimPrefix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\ufeff")
	if r.dotenv, err = godotenv.Unmarshal(file); err != nil {
		// The parser's own message quotes the file, secrets included.
		r.wrong(".env", "line %d is not NAME=value, or a quote is not closed; "+
			"values with spaces, # or $ belong between single quotes", firstBadLine(file))
	}
	return r
}

// maxValueLines bounds a value of several lines: a key of RSA 8192 has 107.
const maxValueLines = 200

// firstBadLine returns the line, counted from 1, at which text stops being a
// .env file: the first that begins a setting which never ends.
func firstBadLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for begin, end := 0, 0; begin < len(lines); begin = end {
		for ok := false; !ok; {
			if end == len(lines) || end-begin == maxValueLines {
				return begin + 1
			}
			end++
			_, err := godotenv.Unmarshal(strings.Join(lines[begin:end], ""))
			ok = err == nil
		}
	}
	return 1
}

// value returns the variable without white space around it, or "".
func (r *reader) value(name string) string { return strings.TrimSpace(r.lookup(name)) }

// password returns the variable without the line's end that files and secret
// stores put behind it: other white space may be meant.
func (r *reader) password(name string) string { return strings.TrimRight(r.lookup(name), "\r\n") }

func (r *reader) lookup(name string) string {
	if slices.Contains(secrets, name) {
		return r.secret(name)
	}
	return r.set(name)
}

// set returns what the variable itself is set to, or "".
func (r *reader) set(name string) string {
	first := !r.asked[name]
	r.asked[name] = true
	if serviceLink(name, r.process[name]) {
		if first {
			r.warn(name, "is Kubernetes' link to a service of that name and no port: ignored; %s", noLinks)
		}
	} else if v := r.process[name]; strings.TrimSpace(v) != "" {
		return v
	}
	if v := r.dotenv[name]; strings.TrimSpace(v) != "" {
		return v
	}
	return ""
}

// parsed returns the variable as parse understands it, or def if it is not set
// or wrong. The error of parse is a problem.
func parsed[T any](r *reader, name string, def T, parse func(string) (T, error)) T {
	text := r.value(name)
	if text == "" {
		r.defaults[name] = asSetting(def)
		return def
	}
	v, err := parse(text)
	if err != nil {
		r.wrong(name, "%v", err)
		return def
	}
	return v
}

func (r *reader) wrong(name, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{name, fmt.Sprintf(format, args...)})
}

func (r *reader) warn(name, format string, args ...any) {
	r.warnings = append(r.warnings, Warning{name, fmt.Sprintf(format, args...)})
}

// ok reports whether nothing was wrong with any of names so far, so that one
// mistake is not followed by others that it causes.
func (r *reader) ok(names ...string) bool {
	return !slices.ContainsFunc(r.mistakes, func(m Mistake) bool {
		return slices.Contains(names, m.Name) || slices.Contains(names, strings.TrimSuffix(m.Name, fileSuffix))
	})
}

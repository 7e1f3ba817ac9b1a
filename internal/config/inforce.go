package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Source says where the value of a setting comes from.
type Source string

// The sources there are.
const (
	FromEnvironment Source = "ENVIRONMENT"
	FromFile        Source = "FILE" // .env, or a secret's own file
	FromDefault     Source = "DEFAULT"
)

// Setting is one that is in force, as people may see it.
type Setting struct {
	Name        string
	Value       *string // of a secret only that it is set, and its size; nil if there is none
	Secret      bool
	Source      Source
	Description string // what .env.example says of it first
}

// InForce returns the settings that Load reads from environ and dotenv, with what is in force
// of each, in the order of example, which is the text of .env.example. It holds no secret.
func InForce(environ []string, dotenv, example string) []Setting {
	r := newReader(environ, dotenv)
	c := read(r)
	inForce := map[string]string{ // defaults that depend on other settings
		"LATCHKEY_ENV": c.Env, "PASSKEY_DOMAIN": c.PasskeyDomain, "MAIL_FROM": c.MailFrom, "MAIL_FROM_NAME": c.MailFromName,
	}
	if c.PublicURL != nil {
		inForce["PUBLIC_URL"] = c.PublicURL.String()
	}
	if inForce["JWT_PRIVATE_KEYS"] = hs256; c.Development() {
		inForce["JWT_PRIVATE_KEYS"] = auto
	}
	list := described(example)
	for i := range list {
		s := &list[i]
		text, source := r.from(s.Name)
		s.Source = source
		s.Secret = slices.Contains(secrets, s.Name)
		switch {
		case source != FromDefault && (s.Secret || hides(s.Name, text)):
			s.Secret = true
			s.Value = new(fmt.Sprintf("set, %d bytes", len(text)))
			continue
		case source == FromDefault:
			if text = inForce[s.Name]; text == "" {
				text = r.defaults[s.Name]
			}
		}
		if text != "" {
			s.Value = &text
		}
	}
	return list
}

// from returns what a setting is set to, and by what; "" unless it is.
func (r *reader) from(name string) (string, Source) {
	source := FromFile
	if strings.TrimSpace(r.process[name]) != "" && !serviceLink(name, r.process[name]) {
		source = FromEnvironment
	}
	text := strings.TrimSpace(r.lookup(name))
	if text == "" {
		source = FromDefault
	}
	return text, source
}

// hides reports whether a value is not to be shown although its setting is no secret: it is
// an address with a password in it, or what is sent along to a server.
func hides(name, value string) bool {
	if strings.HasSuffix(name, "_HEADERS") {
		return true
	}
	for _, part := range list(value) {
		if u, err := url.Parse(part); err == nil && u.User != nil || err != nil && strings.Contains(part, "@") {
			return true
		}
	}
	return false
}

// asSetting writes the default of a setting as somebody would set it, or "" if there is none.
func asSetting(v any) string {
	switch v := v.(type) {
	case time.Duration:
		text := v.String() // 15m0s
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	case bool:
		if v {
			return "on"
		}
		return "off"
	case string:
		return v
	case int:
		return fmt.Sprint(v)
	}
	return ""
}

var settingOfExample = regexp.MustCompile(`^#?([A-Z][A-Z0-9_]*)=`)

// described returns the settings that .env.example names, each with the first sentence of the
// comment above it.
func described(example string) (list []Setting) {
	var comment []string
	named := false
	for line := range strings.SplitSeq(example, "\n") {
		at := settingOfExample.FindStringSubmatch(line)
		switch {
		case at != nil:
			list = append(list, Setting{Name: at[1], Description: firstSentence(strings.Join(comment, " "))})
			named = true
		case line == "" || named:
			comment, named = nil, false
		}
		if text := strings.TrimPrefix(line, "# "); at == nil && text != line && !strings.HasPrefix(text, "----") {
			comment = append(comment, strings.TrimSpace(text))
		}
	}
	return list
}

// firstSentence returns a text up to the first full stop that ends a sentence.
func firstSentence(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}

package config

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const pageFile = "../../docs/settings.md"

// entry is what .env.example says of a setting, or of several at once.
type entry struct {
	group  string
	names  []string
	values []string
	lines  []string // of its comment, without # and the space behind it
}

// stages say from when on each setting matters. Every setting has one.
var stages = []struct{ when, names string }{
	{"trying it on a machine where something else has its port or folder", "PORT HOST DATA_DIR"},
	{"production: without these it does not start", "LATCHKEY_ENV PUBLIC_URL SECRET_KEY MAIL_SERVER MAIL_FROM"},
	{"production, where your mail server asks for it", "MAIL_PORT MAIL_USERNAME MAIL_PASSWORD MAIL_TLS"},
	{"a proxy in front", "TRUSTED_PROXIES"},
	{"more than one replica, or a database that others look after", "DATABASE_URL REDIS_URL"},
	{"a frontend on another host", "CORS_ORIGINS APP_URL ACCOUNT_URL CONFIRM_URL RESET_URL"},
	{"backends that verify tokens or ask about them", "JWT_PRIVATE_KEYS JWT_ISSUER JWT_AUDIENCE ACCESS_TOKEN_TTL CLAIMS_FILE OAUTH_CLIENTS OAUTH_PASSWORD_GRANT"},
	{"the first passkey", "PASSKEY_DOMAIN PASSKEY_ORIGINS"},
	{"people who do not know you: how you look, and where they find help", "APP_NAME MAIL_FROM_NAME SUPPORT_EMAIL MAIL_TEMPLATES"},
	{"a decision of yours about who may have an account and how they log in", "REGISTRATION PASSWORD_HASH PASSWORD_MIN_LENGTH BREACHED_PASSWORDS BREACHED_FAILURE REQUIRE_SECOND_FACTOR TRUSTED_DEVICE_TTL EMAIL_LOGIN LOGIN_URL"},
	{"a decision of yours about how long things last", "SESSION_IDLE_TTL SESSION_MAX_TTL REFRESH_GRACE CONFIRM_TTL RESET_TTL FRESH_FOR EVENTS_TTL"},
	{"looking inside", "ADMIN_PAGE INTROSPECTION EXPLORER METRICS_ADDR LOG_LEVEL LOG_FORMAT ACCESS_LOG LOG_ADDRESSES"},
	{"a place where you look at the traces of all your services", "OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_TRACES_ENDPOINT OTEL_EXPORTER_OTLP_PROTOCOL OTEL_EXPORTER_OTLP_TRACES_PROTOCOL OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_TRACES_HEADERS OTEL_EXPORTER_OTLP_TIMEOUT OTEL_EXPORTER_OTLP_TRACES_TIMEOUT OTEL_SERVICE_NAME OTEL_RESOURCE_ATTRIBUTES OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER_ARG OTEL_TRACES_EXPORTER OTEL_SDK_DISABLED"},
}

// docs/settings.md is .env.example as a page: they cannot differ.
func TestSettingsPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	entries := entriesOf(string(text))
	page := settingsPage(t, entries)
	if *update {
		if err := os.WriteFile(pageFile, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(pageFile); err != nil || string(got) != page {
		t.Errorf("%v: docs/settings.md is not what .env.example says: go test ./internal/config -run TestSettingsPage -update", err)
	}
}

var (
	groupLine   = regexp.MustCompile(`^# ---- (.+) ----$`)
	settingLine = regexp.MustCompile(`^#([A-Z][A-Z0-9_]*)=(.*)$`)
)

// entriesOf reads .env.example: a comment is of the settings that follow it.
func entriesOf(text string) (entries []entry) {
	var comment []string
	group, open := "", false
	for line := range strings.SplitSeq(text, "\n") {
		if at := groupLine.FindStringSubmatch(line); at != nil {
			group, comment = at[1], nil
		} else if at := settingLine.FindStringSubmatch(line); at != nil {
			if !open {
				entries = append(entries, entry{group: group, lines: comment})
			}
			last := &entries[len(entries)-1]
			last.names, last.values = append(last.names, at[1]), append(last.values, at[2])
			open, comment = true, nil
		} else {
			open = false
			if comment = append(comment, strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ")); line == "" {
				comment = nil
			}
		}
	}
	return entries
}

const settingsHead = `# Settings

Made from [.env.example](../.env.example) by a test; change that file, not this one.

Latchkey is configured by environment variables, and by a file ` + "`.env`" + ` in the folder where it starts. Variables of the process win over the file. A server for development needs none of them. All mistakes stop the start with one message that lists them, and exit code 2; a name that is no setting is warned of.

- **Spelling.** Values with spaces, ` + "`#` or `$`" + ` belong between single quotes in ` + "`.env`" + `. Lists are separated by commas. Switches are ` + "`on` or `off`" + `. Durations are written in h, m and s, such as ` + "`90s`, `15m` or `720h`" + `; there are no days.
- **Secrets.** ` + "%s" + ` may stand in files of their own: ` + "`SECRET_KEY_FILE=/run/secrets/secret_key`" + ` instead of ` + "`SECRET_KEY`" + `, mode 0600, 0640 or less. Whoever can read ` + "`.env`" + ` knows the secrets in it: give it mode 0600, or 0640 for a group.
- **Change.** Settings are read at the start. To change one, restart every replica.

## From when on each matters

| From | Settings |
|---|---|
`

// settingsPage writes the page.
func settingsPage(t *testing.T, entries []entry) string {
	t.Helper()
	var known []string
	for _, e := range entries {
		known = append(known, e.names...)
	}
	var page strings.Builder
	named := []string{}
	for _, name := range secrets {
		named = append(named, link(name))
	}
	fmt.Fprintf(&page, settingsHead, strings.Join(named[:len(named)-1], ", ")+" and "+named[len(named)-1])
	staged := map[string]bool{}
	for _, s := range stages {
		var cells []string
		for name := range strings.FieldsSeq(s.names) {
			if staged[name] || !slices.Contains(known, name) {
				t.Errorf("stages name %s, which is no setting or comes twice", name)
			}
			staged[name] = true
			cells = append(cells, link(name))
		}
		fmt.Fprintf(&page, "| %s | %s |\n", s.when, strings.Join(cells, ", "))
	}
	group := ""
	for _, e := range entries {
		if e.group != group {
			group = e.group
			fmt.Fprintf(&page, "\n## %s\n", group)
		}
		e.write(&page, known)
		for _, name := range e.names {
			if !staged[name] {
				t.Errorf("%s: add to stages when it begins to matter", name)
			}
		}
	}
	return page.String()
}

func link(name string) string { return "[`" + name + "`](#" + strings.ToLower(name) + ")" }

// write is the entry as a part of the page.
func (e entry) write(page *strings.Builder, known []string) {
	page.WriteString("\n")
	if len(e.names) > 1 {
		for _, name := range e.names {
			fmt.Fprintf(page, `<a id="%s"></a>`, strings.ToLower(name))
		}
		page.WriteString("\n")
	}
	fmt.Fprintf(page, "### %s\n\n", strings.Join(e.names, ", "))
	for i, name := range e.names {
		if i > 0 {
			page.WriteString("<br>\n")
		}
		page.WriteString(shownValue(name, e.values[i]))
	}
	page.WriteString("\n\n")
	e.writeText(page, known)
}

// shownValue says what a setting is unless somebody sets it.
func shownValue(name, value string) string {
	switch {
	case value == "":
		return "`" + name + "`, without a default."
	case slices.Contains(samples, name):
		return "Without a default. A sample: `" + name + "=" + value + "`"
	}
	return "`" + name + "=" + value + "`"
}

// writeText is the comment: lines that are indented further are code, and a danger
// begins a paragraph.
func (e entry) writeText(page *strings.Builder, known []string) {
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			page.WriteString(strings.Join(paragraph, " ") + "\n")
		}
		paragraph = nil
	}
	inCode := false
	for _, line := range append(e.lines, "") {
		switch isCode := strings.HasPrefix(line, "  "); {
		case isCode && !inCode:
			end()
			page.WriteString("\n```text\n")
			inCode = true
		case !isCode && inCode:
			page.WriteString("```\n\n")
			inCode = false
		}
		if inCode {
			page.WriteString(strings.TrimPrefix(line, "  ") + "\n")
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if word == "Danger:" && len(paragraph) > 0 {
				end()
				page.WriteString("\n")
			}
			paragraph = append(paragraph, e.spelt(word, known))
		}
	}
	end()
}

// spelt is a word as Markdown: what is typed stands in backticks, other settings are links.
func (e entry) spelt(word string, known []string) string {
	switch word {
	case "Danger:", "Default:":
		return "**" + word + "**"
	}
	core := strings.TrimRight(strings.TrimLeft(word, "("), ".,;:)")
	core = strings.TrimSuffix(core, "'s")
	if core == "" {
		return word
	}
	before, after, _ := strings.Cut(word, core)
	switch {
	case strings.HasPrefix(core, "docs/"):
		core = "[" + core + "](" + strings.TrimPrefix(core, "docs/") + ")"
	case slices.Contains(known, core) && !slices.Contains(e.names, core):
		core = link(core)
	case slices.Contains(known, core), strings.ContainsAny(core, "=*~<>{}|\\$@_%#+"), strings.Contains(core, "://"), strings.HasPrefix(core, "/"):
		core = "`" + core + "`"
	}
	return before + core + after
}

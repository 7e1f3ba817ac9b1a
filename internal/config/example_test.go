package config

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const exampleFile = "../../.env.example"

// samples are the settings that have no default: the file shows what one may look like.
var samples = []string{
	"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "OAUTH_CLIENTS", "CORS_ORIGINS", "TRUSTED_PROXIES", "PASSKEY_ORIGINS", "MAIL_SERVER", "METRICS_ADDR", "SUPPORT_EMAIL", "APP_URL", "ACCOUNT_URL", "CONFIRM_URL", "RESET_URL", "LOGIN_URL",
	"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES",
}

var setting = regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$`)

// example returns the settings that .env.example shows, in its order and as
// variables.
func example(t *testing.T) (names []string, shown vars) {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	shown = vars{}
	for _, m := range setting.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
		shown[m[1]] = m[2]
	}
	return names, shown
}

func TestExampleNamesWhatIsRead(t *testing.T) {
	t.Parallel()
	r := newReader(nil, "")
	read(r)
	for _, name := range secrets { // each of which the head of the file tells of
		delete(r.asked, name+fileSuffix)
	}
	known := slices.Sorted(maps.Keys(r.asked))
	names, _ := example(t)
	slices.Sort(names)
	if !slices.Equal(names, known) {
		t.Errorf(".env.example has\n%v, config reads\n%v", names, known)
	}
}

// A copy of the file changes nothing until a line is uncommented, and the lines
// show the defaults, but for settings that have none.
func TestExampleShowsDefaults(t *testing.T) {
	t.Parallel()
	want, _, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, warnings, err := Load(nil, exampleFile)
	if err != nil || len(warnings) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("a copy of .env.example: %#v, %v, %v", got, warnings, err)
	}
	_, shown := example(t)
	for _, none := range samples {
		if shown[none] == "" {
			t.Errorf("%s has no sample", none)
		}
		delete(shown, none)
	}
	got, _, err = load(shown)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("uncommented defaults: %#v, %v\nwant %#v", got, err, want)
	}
}

// Whoever uncomments everything gets a development server without a single
// complaint but for the secret; in production the samples of secrets are refused.
func TestExampleSamples_F3(t *testing.T) {
	t.Parallel()
	_, shown := example(t)
	delete(shown, "OAUTH_CLIENTS") // another sample
	mistaken(t, shown, "SECRET_KEY")
	_, shown = example(t)
	mistaken(t, vars{"OAUTH_CLIENTS": shown["OAUTH_CLIENTS"]}, "OAUTH_CLIENTS")

	secrets := []string{"DATABASE_URL", "SECRET_KEY"}
	for name, value := range shown {
		if strings.HasSuffix(name, "PASSWORD") && value != "" {
			secrets = append(secrets, name)
		}
	}
	for _, name := range secrets {
		mistaken(t, production.with(vars{name: shown[name]}), name)
	}
	for _, word := range strings.FieldsFunc(shown["SECRET_KEY"], func(r rune) bool { return r == ',' }) {
		mistaken(t, production.with(vars{"SECRET_KEY": key + "," + word}), "SECRET_KEY")
	}
}

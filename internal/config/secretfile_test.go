package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func written(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every secret may stand in a file, whose line's end is none of it.
func TestSecretFiles_F3(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"SECRET_KEY": key, "DATABASE_URL": "postgres://u:p@db/l", "REDIS_URL": "rediss://:p@cache", "MAIL_PASSWORD": " with space ",
		"OAUTH_CLIENTS": "billing:" + key[:16] + key[:16] + "x1", "OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "c=d",
	}
	set := vars{"PUBLIC_URL": "https://auth.example.org", "MAIL_SERVER": "smtp.example.org", "MAIL_FROM": "no-reply@example.org", "MAIL_USERNAME": "u", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example"}
	for _, name := range secrets {
		set[name+"_FILE"] = written(t, texts[name]+"\r\n", 0o440)
	}
	link := filepath.Join(t.TempDir(), "link") // as Kubernetes has them
	if err := os.Symlink(set["SECRET_KEY_FILE"], link); err != nil {
		t.Fatal(err)
	}
	set["SECRET_KEY_FILE"] = link
	c, warnings, err := load(set)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", warnings, err)
	}
	if string(c.SecretKeys[0]) != key || c.DatabaseURL != texts["DATABASE_URL"] || c.RedisURL != texts["REDIS_URL"] ||
		c.MailPassword != texts["MAIL_PASSWORD"] || len(c.OAuthClients) != 1 || c.Traces.Headers["c"] != "d" || c.Development() {
		t.Errorf("got %#v", c)
	}
	set["MAIL_PASSWORD_FILE"] = written(t, "p\n", 0o644)
	if _, warnings, err = load(set); err != nil || len(warnings) != 1 || warnings[0].Name != "MAIL_PASSWORD_FILE" || !strings.Contains(warnings[0].Text, "0644") {
		t.Errorf("a file that others read: %v, %v", warnings, err)
	}
}

// What is wrong with one is said once, without the file's name.
func TestSecretFileMistakes_F3(t *testing.T) {
	t.Parallel()
	without := production.with(vars{"SECRET_KEY": ""})
	for name, c := range map[string]struct {
		set        vars
		about, say string
	}{
		"both":            {production.with(vars{"SECRET_KEY_FILE": written(t, key, 0o600)}), "SECRET_KEY_FILE", "beside SECRET_KEY"},
		"no such file":    {without.with(vars{"SECRET_KEY_FILE": "/nowhere/hunter2"}), "SECRET_KEY_FILE", "no such file"},
		"a folder":        {without.with(vars{"SECRET_KEY_FILE": t.TempDir()}), "SECRET_KEY_FILE", "is a directory"},
		"empty":           {without.with(vars{"SECRET_KEY_FILE": written(t, "\n", 0o600)}), "SECRET_KEY_FILE", "empty"},
		"white space":     {without.with(vars{"SECRET_KEY_FILE": written(t, " \r\n\n", 0o600)}), "SECRET_KEY_FILE", "empty"},
		"too long":        {without.with(vars{"SECRET_KEY_FILE": written(t, strings.Repeat(key+"\n", 64<<10/len(key)), 0o600)}), "SECRET_KEY_FILE", "more than 64 KiB"},
		"weak":            {without.with(vars{"SECRET_KEY_FILE": written(t, "hunter2", 0o600)}), "SECRET_KEY", "7 bytes"},
		"of a URL":        {vars{"DATABASE_URL_FILE": "/nowhere/hunter2", "LATCHKEY_ENV": "development"}, "DATABASE_URL_FILE", "no such file"},
		"of a mail":       {production.with(vars{"MAIL_USERNAME": "u", "MAIL_PASSWORD_FILE": "/nowhere/hunter2"}), "MAIL_PASSWORD_FILE", "no such file"},
		"of no secret":    {production.with(vars{"APP_NAME_FILE": "/run/hunter2"}), "APP_NAME_FILE", "APP_NAME is no secret"},
		"of files itself": {production.with(vars{"JWT_PRIVATE_KEYS_FILE": "/run/hunter2"}), "JWT_PRIVATE_KEYS_FILE", "names files itself"},
	} {
		if text := mistaken(t, c.set, c.about); !strings.Contains(text, c.say) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if _, warnings, err := load(production.with(vars{"BACKUP_FILE": "x"})); err != nil || len(warnings) > 0 {
		t.Errorf("a name of somebody else: %v, %v", warnings, err)
	}
}

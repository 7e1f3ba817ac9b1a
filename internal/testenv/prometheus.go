package testenv

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Prometheus is one that runs until the test ends.
type Prometheus struct{ URL string }

// NewPrometheus starts one with a configuration and the files that it names, and waits
// until it is ready.
func NewPrometheus(t testing.TB, config string, files map[string]string) *Prometheus {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, text := range files {
		write(name, text)
	}
	address := "127.0.0.1:" + FreePort(t)
	log := &lockedBuffer{}
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.Command("prometheus", "--config.file="+write("prometheus.yml", config),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("log of Prometheus:\n%s", log.Bytes())
		}
	})
	p := &Prometheus{"http://" + address}
	Await(t, time.Minute, "Prometheus to be ready", func() bool {
		res, err := http.Get(p.URL + "/-/ready")
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil && res.StatusCode == http.StatusOK
	})
	return p
}

// Sample is one value that a query came to.
type Sample struct {
	Labels map[string]string
	Value  string // a number, or NaN
}

// Query asks for what an expression comes to now.
func (p *Prometheus) Query(t testing.TB, expression string) (list []Sample) {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	p.get(t, "/api/v1/query?query="+url.QueryEscape(expression), &answer)
	if answer.Status != "success" {
		t.Fatalf("%s: %s", expression, answer.Error)
	}
	for _, r := range answer.Data.Result {
		value, _ := r.Value[1].(string)
		list = append(list, Sample{r.Metric, value})
	}
	return list
}

// Firing returns the names of the alerts that fire now.
func (p *Prometheus) Firing(t testing.TB) (names []string) {
	t.Helper()
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	p.get(t, "/api/v1/alerts", &answer)
	for _, a := range answer.Data.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	return names
}

func (p *Prometheus) get(t testing.TB, path string, into any) {
	t.Helper()
	res, err := http.Get(p.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// Promtool runs it in a folder and returns what it says, and whether it found nothing wrong.
func Promtool(t testing.TB, dir, stdin string, args ...string) (said string, ok bool) {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out), err == nil
}

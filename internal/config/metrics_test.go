package config

import (
	"strings"
	"testing"
)

func TestMetricsAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]struct {
		addr string
		warn bool
	}{
		"":                {},
		"127.0.0.1:9464":  {addr: "127.0.0.1:9464"},
		"[::1]:9464":      {addr: "[::1]:9464"},
		"localhost:9464":  {addr: "localhost:9464"},
		"10.0.0.11:9464":  {addr: "10.0.0.11:9464", warn: true},
		":9464":           {addr: ":9464", warn: true},
		"0.0.0.0:9464":    {addr: "0.0.0.0:9464", warn: true},
		"[::]:9464":       {addr: "[::]:9464", warn: true},
		"latchkey-1:9464": {addr: "latchkey-1:9464", warn: true},
	} {
		c, warnings, err := load(vars{"METRICS_ADDR": addr})
		if err != nil || c.MetricsAddr != want.addr {
			t.Errorf("%q: %q, %v", addr, c.MetricsAddr, err)
		}
		if warned := len(warnings) == 1 && warnings[0].Name == "METRICS_ADDR" && strings.Contains(warnings[0].Text, "without a login"); warned != want.warn || len(warnings) > 1 {
			t.Errorf("%q: warnings %v", addr, warnings)
		}
	}
	for _, bad := range []string{"9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "::1:9464", "http://127.0.0.1:9464", "a b:9464", "127.0.0.1:9464/metrics"} {
		if text := mistaken(t, vars{"METRICS_ADDR": bad}, "METRICS_ADDR"); !strings.Contains(text, "127.0.0.1:9464") {
			t.Errorf("%q: %s", bad, text)
		}
	}
	if text := mistaken(t, vars{"METRICS_ADDR": "127.0.0.1:8080"}, "METRICS_ADDR"); !strings.Contains(text, "PORT") {
		t.Errorf("the port of PORT: %s", text)
	}
}

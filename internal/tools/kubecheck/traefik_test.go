package main

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

// Traefik, which no test runs, is told to write down no address with its query, and to
// believe no client about its own address.
func TestTraefik(t *testing.T) {
	t.Parallel()
	var static struct {
		AccessLog struct {
			Format string
			Fields struct{ Names map[string]string }
		}
		EntryPoints map[string]struct{ ForwardedHeaders *struct{} }
		Log         struct{ Level string }
	}
	var dynamic struct {
		HTTP struct {
			Routers  map[string]struct{ Rule, Service string }
			Services map[string]struct {
				LoadBalancer struct {
					Servers     []struct{ URL string }
					HealthCheck struct{ Path string }
				}
			}
		}
	}
	for name, into := range map[string]any{"traefik.yml": &static, "latchkey.yml": &dynamic} {
		text, err := os.ReadFile(filepath.Join(root, "deploy/traefik", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if l := static.AccessLog; l.Format != "json" || l.Fields.Names["RequestPath"] != "drop" || static.Log.Level != "INFO" {
		t.Errorf("the logs are %+v and %+v", l, static.Log)
	}
	if len(static.EntryPoints) != 2 {
		t.Errorf("the ways in are %+v", static.EntryPoints)
	}
	for name, entry := range static.EntryPoints {
		if entry.ForwardedHeaders != nil {
			t.Errorf("%s believes headers of clients", name)
		}
	}
	router := dynamic.HTTP.Routers["latchkey"]
	service := dynamic.HTTP.Services[router.Service].LoadBalancer
	if router.Rule == "" || len(service.Servers) == 0 || service.HealthCheck.Path != "/readyz" {
		t.Errorf("the service is %+v by %+v", service, router)
	}
}

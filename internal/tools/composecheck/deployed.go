package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

const deployedFile = "deploy/compose/compose.yml"

// deployedEnv is the .env that the comments of deploy/compose/compose.yml ask for.
const deployedEnv = "SITE=auth.example.org\nMAIL_SERVER=smtp.example.org\nMAIL_FROM=no-reply@example.org\n"

// checkDeployed returns what is wrong with deploy/compose/compose.yml in root. An error
// means that it could not be read at all.
func checkDeployed(root string) (found []string, err error) {
	known, err := settings(filepath.Join(root, ".env.example"))
	if err != nil {
		return nil, err
	}
	p, err := loadDeployed(root, deployedEnv)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", deployedFile, err)
	}
	unless := func(ok bool, format string, args ...any) {
		if !ok {
			found = append(found, deployedFile+": "+fmt.Sprintf(format, args...))
		}
	}
	for line := range strings.Lines(deployedEnv) {
		_, err := loadDeployed(root, strings.Replace(deployedEnv, line, "", 1))
		name, _, _ := strings.Cut(line, "=")
		unless(err != nil && strings.Contains(err.Error(), name), "it starts without %s: %v", name, err)
	}
	got := slices.Sorted(maps.Keys(p.Services))
	unless(slices.Equal(got, []string{"caddy", "latchkey", "postgres", "redis"}), "services are %v", got)
	unless(p.Networks["back"].Internal, "the databases' network is not internal")

	service, caddy := p.Services["latchkey"], p.Services["caddy"]
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		s := p.Services[name]
		unless(len(s.Ports) == 0 || name == "caddy", "%s: is published", name)
		unless(s.Restart == "unless-stopped", "%s: is not started again", name)
		if name == "postgres" || name == "redis" {
			unless(slices.Equal(slices.Collect(maps.Keys(s.Networks)), []string{"back"}), "%s: can be reached from the proxy's network", name)
			unless(service.DependsOn[name].Condition == types.ServiceConditionHealthy, "latchkey: does not wait for %s", name)
		}
		unless(name == "caddy" || s.HealthCheck != nil, "%s: no healthcheck", name)
	}
	unless(service.ReadOnly && slices.Equal(service.CapDrop, []string{"ALL"}) && len(service.CapAdd) == 0, "latchkey: has more than it needs")

	// The proxy: at an address that the service believes, with the file of deploy/caddy.
	front := caddy.Networks["front"]
	unless(front != nil && front.Ipv4Address != "" && front.Ipv4Address == value(service, "TRUSTED_PROXIES"), "TRUSTED_PROXIES is %s, which is not the proxy", value(service, "TRUSTED_PROXIES"))
	unless(value(service, "PUBLIC_URL") == "https://"+value(caddy, "SITE"), "PUBLIC_URL is %s", value(service, "PUBLIC_URL"))
	unless(value(caddy, "UPSTREAM") == "latchkey:"+value(service, "PORT"), "the proxy leads to %s", value(caddy, "UPSTREAM"))
	unless(slices.ContainsFunc(caddy.Volumes, func(v types.ServiceVolumeConfig) bool {
		//lint:ignore G703 whoever starts it names the folder
		_, err := os.Stat(filepath.Join(root, "deploy/caddy/Caddyfile"))
		return err == nil && strings.HasSuffix(v.Source, "/caddy/Caddyfile") && v.Target == "/etc/caddy/Caddyfile" && v.ReadOnly
	}), "the proxy does not have deploy/caddy/Caddyfile")

	// Each secret is a file of the folder secrets, and none is a variable.
	for _, s := range []types.ServiceConfig{service, p.Services["postgres"]} {
		for name, v := range s.Environment {
			setting, isFile := strings.CutSuffix(name, "_FILE")
			unless(s.Name != "latchkey" || slices.Contains(known, setting), "latchkey: %s is no setting of .env.example", name)
			unless(isFile || !slices.Contains([]string{"SECRET_KEY", "DATABASE_URL", "MAIL_PASSWORD", "POSTGRES_PASSWORD"}, name), "%s: %s is no file", s.Name, name)
			if !isFile {
				continue
			}
			secret := strings.ToLower(setting)
			unless(v != nil && *v == "/run/secrets/"+secret, "%s: %s is not the secret %s", s.Name, name, secret)
			unless(slices.ContainsFunc(s.Secrets, func(c types.ServiceSecretConfig) bool { return c.Source == secret }), "%s: does not get the secret %s", s.Name, secret)
			unless(strings.HasSuffix(p.Secrets[secret].File, "/secrets/"+secret), "the secret %s is in %s", secret, p.Secrets[secret].File)
		}
	}
	slices.Sort(found)
	return found, nil
}

// loadDeployed parses the file with env as .env.
func loadDeployed(root, env string) (_ *types.Project, err error) {
	dir, err := os.MkdirTemp("", "composecheck")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	//lint:ignore G703 whoever starts it names the folder
	text, err := os.ReadFile(filepath.Join(root, deployedFile))
	if err != nil {
		return nil, err
	}
	return project(dir, filepath.Base(deployedFile), map[string][]byte{".env": []byte(env), filepath.Base(deployedFile): text})
}

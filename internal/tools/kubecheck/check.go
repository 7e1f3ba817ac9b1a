package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	user      = 65532 // the image's
	drain     = 12    // seconds, of drainDelay and drainTime in run.go
	leastMiB  = 192   // docs/sizes.md
	hashMiB   = 32    // for each process that hashes
	published = 8080
)

// check returns what is wrong with deploy/kubernetes in root. An error means that it could
// not be built or read at all.
func check(root string) (problems []string, err error) {
	known, err := settings(filepath.Join(root, ".env.example"))
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{"base", "example"} {
		all, err := build(filepath.Join(root, "deploy/kubernetes", folder))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
		var found []string
		found = append(found, all.pods()...)
		found = append(found, all.secrets(known)...)
		found = append(found, all.selectors()...)
		if folder == "example" {
			found = append(found, all.example()...)
		}
		for _, p := range found {
			problems = append(problems, folder+": "+p)
		}
	}
	return problems, nil
}

type problems []string

func (p *problems) unless(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Sprintf(format, args...))
	}
}

// pods checks how the program runs: as nobody in particular, with nothing to write to, in
// bounds that it knows, and ended only after its last answer.
func (all *installation) pods() (p problems) {
	pod := all.deployment.Spec.Template.Spec
	p.unless(is(pod.AutomountServiceAccountToken, false), "pods have a token of the cluster's API")
	p.unless(is(pod.EnableServiceLinks, false), "service links are on")
	s := pod.SecurityContext
	p.unless(s != nil && is(s.RunAsNonRoot, true) && is(s.RunAsUser, user) && is(s.RunAsGroup, user) && is(s.FSGroup, user), "pods do not run as %d", user)
	p.unless(s != nil && s.SeccompProfile != nil && s.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault, "pods have no seccomp profile")
	p.unless(len(pod.TopologySpreadConstraints) == 1, "replicas are not spread over nodes")
	p.unless(len(pod.InitContainers) == 1 && slices.Equal(pod.InitContainers[0].Args, []string{"migrate"}), "no init container migrates")
	p.unless(len(pod.Containers) == 1, "%d containers, want one", len(pod.Containers))
	for _, c := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
		s := c.SecurityContext
		p.unless(s != nil && is(s.AllowPrivilegeEscalation, false) && is(s.ReadOnlyRootFilesystem, true) && s.Capabilities != nil &&
			slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) && len(s.Capabilities.Add) == 0, "%s: has more than it needs", c.Name)
		_, limited := c.Resources.Limits[core.ResourceCPU]
		p.unless(!limited, "%s: has a limit of CPU, which stops the program whenever hashes used it up", c.Name)
		request, limit := c.Resources.Requests[core.ResourceMemory], c.Resources.Limits[core.ResourceMemory]
		p.unless(!limit.IsZero() && request.Equal(limit), "%s: memory is %v, and at most %v", c.Name, &request, &limit)
		p.unless(c.Image == pod.Containers[0].Image, "%s: runs another image", c.Name)
	}
	c := pod.Containers[0]
	memory, hashes := c.Resources.Limits[core.ResourceMemory], 2
	least := resource.MustParse(fmt.Sprintf("%dMi", leastMiB+hashes*hashMiB))
	p.unless(memory.Cmp(least) >= 0, "memory is %v, less than for %d hashes at once", &memory, hashes)
	for name, probe := range map[string]*core.Probe{"/livez at the start": c.StartupProbe, "/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		path, _, _ := strings.Cut(name, " ")
		p.unless(probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Path == path && probe.HTTPGet.Port.StrVal == "http", "%s is not asked", name)
	}
	p.unless(c.ReadinessProbe != nil && c.ReadinessProbe.PeriodSeconds == 2, "/readyz is not asked every 2 s")
	sleep := int64(0)
	if l := c.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
		sleep = l.PreStop.Sleep.Seconds
	}
	p.unless(sleep >= 5, "a pod ends %d s after it was told, before all have heard", sleep)
	p.unless(pod.TerminationGracePeriodSeconds != nil && *pod.TerminationGracePeriodSeconds > sleep+drain, "a pod is killed before its last answer")
	return p
}

// secrets checks that the settings are ones of the program, and that each secret is a file
// which its group can read and others cannot.
func (all *installation) secrets(known []string) (p problems) {
	pod := all.deployment.Spec.Template.Spec
	var mounted string
	for _, v := range pod.Volumes {
		if v.Secret == nil {
			continue
		}
		p.unless(is(v.Secret.DefaultMode, 0o440), "the secrets have another mode than 0440")
		for _, c := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
			i := slices.IndexFunc(c.VolumeMounts, func(m core.VolumeMount) bool { return m.Name == v.Name && m.ReadOnly })
			p.unless(i >= 0, "%s: has no secrets", c.Name)
			p.unless(len(c.EnvFrom) == 1 && c.EnvFrom[0].ConfigMapRef != nil && c.EnvFrom[0].ConfigMapRef.Name == all.settings.Name, "%s: has other settings", c.Name)
			if i >= 0 {
				mounted = c.VolumeMounts[i].MountPath
			}
		}
	}
	files := 0
	for name, value := range all.settings.Data {
		setting, isFile := strings.CutSuffix(name, "_FILE")
		p.unless(slices.Contains(known, setting), "%s is no setting of .env.example", name)
		if isFile {
			files++
			p.unless(value == mounted+"/"+strings.ToLower(setting), "%s is %s, want a file in %s", name, value, mounted)
		}
	}
	for _, name := range []string{"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "MAIL_PASSWORD"} {
		p.unless(all.settings.Data[name] == "" && all.settings.Data[name+"_FILE"] != "", "%s is in no file", name)
	}
	return p
}

// selectors checks that what selects the pods does, and that ports are those of the program.
func (all *installation) selectors() (p problems) {
	template := all.deployment.Spec.Template
	for what, selector := range map[string]*meta.LabelSelector{
		"the deployment": all.deployment.Spec.Selector, "the budget": all.disruption.Spec.Selector, "the network policy": &all.network.Spec.PodSelector,
		"the service": {MatchLabels: all.service.Spec.Selector},
	} {
		chosen, err := meta.LabelSelectorAsSelector(selector)
		p.unless(err == nil && len(selector.MatchLabels) > 0 && chosen.Matches(labels.Set(template.Labels)), "%s does not select the pods", what)
	}
	for _, name := range []string{"name", "instance", "component", "part-of", "managed-by"} {
		p.unless(template.Labels["app.kubernetes.io/"+name] != "", "pods have no label %s", name)
	}
	for _, name := range []string{"part-of", "managed-by", "version"} {
		p.unless(all.deployment.Spec.Selector.MatchLabels["app.kubernetes.io/"+name] == "", "the label %s selects, and so could never change", name)
	}
	ports := template.Spec.Containers[0].Ports
	p.unless(len(ports) == 1 && ports[0].Name == "http" && ports[0].ContainerPort == published, "the ports are %v", ports)
	p.unless(len(all.service.Spec.Ports) == 1 && all.service.Spec.Ports[0].TargetPort.StrVal == "http", "the service leads to another port")
	p.unless(is(all.deployment.Spec.Replicas, 2) || is(all.deployment.Spec.Replicas, 3), "one replica is none while it restarts")
	for _, rule := range all.network.Spec.Ingress {
		p.unless(len(rule.From) > 0 && len(rule.Ports) > 0, "anybody in the cluster may call every port")
	}
	return p
}

// example checks what the overlay brings.
func (all *installation) example() (p problems) {
	if all.ingress == nil || all.namespace == nil {
		return problems{"there is no ingress, or no namespace"}
	}
	for what, namespace := range map[string]string{
		"deployment": all.deployment.Namespace, "settings": all.settings.Namespace, "service": all.service.Namespace, "budget": all.disruption.Namespace,
		"network policy": all.network.Namespace, "ingress": all.ingress.Namespace,
	} {
		p.unless(namespace == all.namespace.Name, "%s: is in the namespace %q", what, namespace)
	}
	rules, tls := all.ingress.Spec.Rules, all.ingress.Spec.TLS
	if len(rules) != 1 || rules[0].HTTP == nil || len(rules[0].HTTP.Paths) != 1 || rules[0].HTTP.Paths[0].Backend.Service == nil {
		return append(p, "the ingress has not one way")
	}
	to := rules[0].HTTP.Paths[0].Backend.Service
	p.unless(to.Name == all.service.Name && to.Port.Name == all.service.Spec.Ports[0].Name, "the ingress leads to %s", to.Name)
	p.unless(all.settings.Data["PUBLIC_URL"] == "https://"+rules[0].Host, "PUBLIC_URL is %s, the ingress's host %s", all.settings.Data["PUBLIC_URL"], rules[0].Host)
	p.unless(len(tls) == 1 && slices.Equal(tls[0].Hosts, []string{rules[0].Host}), "the ingress has no TLS for its host")
	p.unless(all.deployment.Spec.Template.Labels["app.kubernetes.io/version"] != "", "pods have no label version")
	image := all.deployment.Spec.Template.Spec.Containers[0].Image
	p.unless(strings.HasSuffix(image, ":"+all.deployment.Labels["app.kubernetes.io/version"]), "the image is %s, of another version than its label", image)
	for _, name := range []string{"TRUSTED_PROXIES", "MAIL_SERVER", "MAIL_FROM"} {
		p.unless(all.settings.Data[name] != "", "%s is missing", name)
	}
	return p
}

// is reports whether there is a value, and it is this.
func is[T comparable](p *T, want T) bool { return p != nil && *p == want }

var setting = regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=`)

// settings returns the names in .env.example, which a test of the product compares with
// what it reads.
func settings(file string) (names []string, err error) {
	//lint:ignore G703 whoever starts it names the folder
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, m := range setting.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names, nil
}

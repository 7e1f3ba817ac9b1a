package main

import (
	"fmt"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// installation is what an overlay comes to.
type installation struct {
	namespace  *core.Namespace // nil in the base
	settings   *core.ConfigMap
	deployment *apps.Deployment
	service    *core.Service
	disruption *policy.PodDisruptionBudget
	network    *networking.NetworkPolicy
	ingress    *networking.Ingress // nil in the base
}

// build has kustomize build a folder, and reads each object by its type: a field that the
// type does not have is an error, and so is a kind that is not here.
func build(dir string) (*installation, error) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	all := &installation{}
	for _, r := range made.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return nil, err
		}
		switch kind := r.GetKind(); kind {
		case "Namespace":
			all.namespace, err = read[core.Namespace](text)
		case "ConfigMap":
			all.settings, err = read[core.ConfigMap](text)
		case "Deployment":
			all.deployment, err = read[apps.Deployment](text)
		case "Service":
			all.service, err = read[core.Service](text)
		case "PodDisruptionBudget":
			all.disruption, err = read[policy.PodDisruptionBudget](text)
		case "NetworkPolicy":
			all.network, err = read[networking.NetworkPolicy](text)
		case "Ingress":
			all.ingress, err = read[networking.Ingress](text)
		default:
			return nil, fmt.Errorf("%s: nobody decided how it is checked", kind)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.GetKind(), r.GetName(), err)
		}
	}
	if all.settings == nil || all.deployment == nil || all.service == nil || all.disruption == nil || all.network == nil {
		return nil, fmt.Errorf("%s lacks an object", dir)
	}
	return all, nil
}

// read reads an object strictly.
func read[T any](text []byte) (*T, error) {
	var v T
	return &v, yaml.UnmarshalStrict(text, &v)
}

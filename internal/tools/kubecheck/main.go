// Command kubecheck builds an installation of deploy/kubernetes as kustomize does, reads
// each object strictly by its type, and exits with 1 if anything is wrong:
//
//	go -C internal/tools/kubecheck run . ../../..
//
// It needs no cluster. It is a module of its own so that the product does not
// depend on Kubernetes.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: kubecheck FOLDER")
		os.Exit(2)
	}
	problems, err := check(os.Args[1])
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// Command composecheck reads docker-compose.yml strictly, once as a developer
// gets it and once as production does, and deploy/compose/compose.yml, and exits with 1 if
// anything is wrong:
//
//	go -C internal/tools/composecheck run . ../../..
//
// It needs no Docker. It is a module of its own so that the product does not
// depend on the parser.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: composecheck FOLDER")
		os.Exit(2)
	}
	problems, err := check(os.Args[1])
	if err == nil {
		var more []string
		more, err = checkDeployed(os.Args[1])
		problems = append(problems, more...)
	}
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

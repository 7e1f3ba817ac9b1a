package cli

import (
	"os"
	"os/user"
	"strconv"
	"sync"

	"latchkey/internal/auth"
)

// shell returns who runs the command, for the log and for history: the user of the
// operating system, or their number if they have no name, and the machine.
var shell = sync.OnceValue(func() auth.Actor {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return auth.Shell(name)
})

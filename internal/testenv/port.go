package testenv

import (
	mathrand "math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// FreePort returns a port of 127.0.0.1 that nobody listens on, and that no test
// of this process or another gets as long as this process lives. It lies below
// those that the system gives to outgoing connections, so it stays free, also
// between two listeners.
func FreePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		//lint:ignore G404 any free port will do
		port := strconv.Itoa(10000 + mathrand.IntN(10000))
		claim, err := net.Listen("unix", "@latchkey-test-port-"+port) // has no file, and ends with this process
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			_ = claim.Close()
			continue
		}
		_ = l.Close()
		claims.Store(port, claim) // or it would be closed as garbage
		return port
	}
	t.Fatal("no port is free")
	return ""
}

// claims are what FreePort listens on by port.
var claims sync.Map

package testenv

import (
	"fmt"
	"os/exec"
	"testing"
)

// Nginx runs nginx until the test ends, with servers as the content of its http block, and
// waits until it listens at address. It returns what nginx logs but for what servers has it
// write to files.
func Nginx(t testing.TB, address, servers string) (log func() string) {
	t.Helper()
	conf := "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		conf += fmt.Sprintf("%s_temp_path %s;\n", what, what)
	}
	return front(t, address, "nginx.conf", conf+servers+"\n}\n", func(dir, file string) *exec.Cmd {
		return exec.Command("nginx", "-p", dir, "-c", file, "-e", "stderr")
	})
}

package e2e_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// What holds while clients stall, security.md R9.
const (
	slowP99    = 500 * time.Millisecond
	slowMemory = 200 << 20 // bytes, resident, of the server without those that hash; 30 MiB of them before
)

// slowServer is one server without the race detector, somebody who is logged in,
// and its memory before.
func slowServer(t *testing.T) (s *testenv.Stack, bob *testenv.Person, before int) {
	t.Helper()
	s = testenv.NewEmbedded(t)
	s.Plain = true
	s.Add(t)
	s.AwaitReady(t)
	bob = s.Join(t)
	return s, bob, residentAlone(t, s.Replicas[0].Pid())
}

// stillServes measures `me` a hundred times and the memory beside them, and again
// while that is slow: the machine may be busy with something else.
func stillServes(t *testing.T, s *testenv.Stack, bob *testenv.Person, before int, what string) {
	t.Helper()
	var took time.Duration
	most := 0
	for range rounds {
		var times []time.Duration
		for i := range 100 {
			began := time.Now()
			mustBe(t, s.URL(), bob.Access, bob.ID)
			times = append(times, time.Since(began))
			if i%10 == 0 {
				most = max(most, residentAlone(t, s.Replicas[0].Pid()))
			}
		}
		if took = p99(times); took <= slowP99 {
			break
		}
	}
	t.Logf("%s: p99 of me %v, %d MiB more than %d", what, took, (most-before)>>20, before>>20)
	if took > slowP99 {
		t.Errorf("%s: p99 of me %v, want %v at most", what, took, slowP99)
	}
	if most > slowMemory {
		t.Errorf("%s: %d MiB, want %d at most", what, most>>20, slowMemory>>20)
	}
}

// slowConnections is how many stall at once: as many as this process may have
// files open, less what else it needs.
func slowConnections(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const want, least, spare = 10_000, 3_000, 1_000
	n := min(want, int(min(limit.Max, 1<<20))-spare)
	if n < least {
		t.Fatalf("a process may have %d files open here, too few: raise it (ulimit -Hn)", limit.Max)
	}
	if n < want {
		t.Logf("only %d connections: a process may have %d files open here", n, limit.Max)
	}
	return n
}

// 10,000 connections that never finish: a third say nothing, a third stop in
// their header, a third in their body. Others are served meanwhile, memory is
// bounded, and the server ends them by itself.
func TestSlowConnections_R9(t *testing.T) {
	n := slowConnections(t)
	s, bob, before := slowServer(t)
	addr := strings.TrimPrefix(s.URL(), "http://")
	starts := []string{
		"", "POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{\"query\": \"",
	}
	var ended atomic.Int64
	var all sync.WaitGroup
	conns := make([]net.Conn, n)
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
		all.Wait()
	}()
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns[i] = c
		if _, err := io.WriteString(c, starts[i%len(starts)]); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		all.Go(func() {
			_, _ = io.Copy(io.Discard, c) // until the server ends it
			ended.Add(1)
		})
	}
	stillServes(t, s, bob, before, fmt.Sprintf("%d connections, %d ended already", n, ended.Load()))
	testenv.Await(t, time.Minute, "the server to end them all", func() bool { return ended.Load() == int64(n) })
	stillServes(t, s, bob, before, "after them")
}

// Bodies of 50 MB, announced and not, to everything that takes a body: refused
// without being read, let alone kept.
func TestLargeBodies_R9(t *testing.T) {
	s, bob, before := slowServer(t)
	addr := strings.TrimPrefix(s.URL(), "http://")
	const size = 50 << 20
	kinds := map[string]string{
		"/graphql": "application/json", "/email/confirm-email": "application/x-www-form-urlencoded",
		"/email/reset-password": "application/x-www-form-urlencoded", "/email/not-me": "application/x-www-form-urlencoded",
		"/auth/token": "application/x-www-form-urlencoded", "/auth/revoke": "application/x-www-form-urlencoded",
		"/auth/introspect": "application/x-www-form-urlencoded",
	}
	stop := make(chan struct{})
	var sent, refused atomic.Int64
	var all sync.WaitGroup
	post := func(path, kind string, announced bool) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		head := "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + kind + "\r\n"
		if announced {
			_, _ = fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n", head, size)
			_, _ = io.Copy(c, io.LimitReader(endless(' '), size)) // ends when the server hangs up
		} else {
			_, _ = io.WriteString(c, head+"Transfer-Encoding: chunked\r\n\r\n")
			chunk := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat(" ", 64<<10))
			for range size / (64 << 10) {
				if _, err := io.WriteString(c, chunk); err != nil {
					break
				}
			}
		}
		sent.Add(1)
		status := make([]byte, len("HTTP/1.1 413"))
		if _, err := io.ReadFull(c, status); err == nil && string(status) == "HTTP/1.1 413" {
			refused.Add(1)
		}
	}
	for path, kind := range kinds {
		for _, announced := range []bool{true, false} {
			all.Go(func() {
				for {
					post(path, kind, announced)
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
	}
	testenv.Await(t, time.Minute, "some bodies", func() bool { return sent.Load() >= int64(2*len(kinds)) })
	stillServes(t, s, bob, before, "large bodies")
	close(stop)
	all.Wait()
	t.Logf("%d bodies, %d answers of 413 that could still be read", sent.Load(), refused.Load())
	for path, kind := range kinds { // and one at a time, where the answer is read while sending
		p := exchange(t, "POST", s.URL()+path, strings.Repeat(" ", 200<<10), "Content-Type", kind)
		if p.status != 413 {
			t.Errorf("%s: status %d, want 413", path, p.status)
		}
	}
}

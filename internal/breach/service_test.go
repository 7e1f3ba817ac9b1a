package breach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// pwned is a service that knows stolen(0) to stolen(99), and keeps what it was asked.
type pwned struct {
	*httptest.Server
	answer http.HandlerFunc // instead of what it knows; or nil

	mu    sync.Mutex
	asked []*http.Request
}

func newPwned(t testing.TB, start func(http.Handler) *httptest.Server, answer http.HandlerFunc) *pwned {
	t.Helper()
	p := &pwned{answer: answer}
	p.Server = start(p)
	t.Cleanup(p.CloseClientConnections)
	t.Cleanup(p.Close)
	return p
}

func (p *pwned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Clone(context.Background()))
	p.mu.Unlock()
	if p.answer != nil {
		p.answer(w, r)
		return
	}
	writeRange(w, r.URL.Path[len("/range/"):])
}

// writeRange answers as Pwned Passwords does: rows in order, with padding of rows that were
// never seen, and no end of a line behind the last.
func writeRange(w io.Writer, prefix string) {
	var rows []string
	for i := range 100 {
		if text := fmt.Sprintf("%X", hashOf(stolen(i))); text[:5] == prefix {
			rows = append(rows, fmt.Sprintf("%s:%d", text[5:], i+1))
		}
		rows = append(rows, fmt.Sprintf("%X:0", hashOf(prefix+fine(i)))[5:], fmt.Sprintf("%X:7", hashOf(prefix+"another's"+fine(i)))[5:])
	}
	if text := fmt.Sprintf("%X", hashOf(fine(0))); text[:5] == prefix { // padding with what somebody asks for
		rows = append(rows, text[5:]+":0")
	}
	slices.Sort(rows)
	_, _ = io.WriteString(w, strings.Join(rows, "\r\n"))
}

func (p *pwned) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// asking returns a Service that asks p, by the clock of now.
func asking(t testing.TB, p *pwned, now func() time.Time) *Service {
	t.Helper()
	address, err := url.Parse(p.URL + "/range/")
	must(t, err)
	s := NewService(address, "Latchkey/test", now)
	s.patience = time.Minute // the machine may be busy
	if roots := p.Client().Transport.(*http.Transport).TLSClientConfig; roots != nil {
		s.client.Transport.(*http.Transport).TLSClientConfig = roots.Clone()
	}
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// What leaves the machine is five hexadecimal digits of a hash, and nothing else of a
// password; over HTTP/1.1 and, with TLS, over HTTP/2.
func TestFiveDigits_T2(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"HTTP/1.1": httptest.NewServer,
		"HTTP/2.0": func(h http.Handler) *httptest.Server {
			s := httptest.NewUnstartedServer(h)
			s.EnableHTTP2 = true
			s.StartTLS()
			return s
		},
	} {
		p := newPwned(t, start, nil)
		s := asking(t, p, time.Now)
		mustHave(t, s, 100, stolen, func(int) bool { return true })
		mustHave(t, s, 100, fine, func(int) bool { return false })
		digits := regexp.MustCompile(`^/range/[0-9A-F]{5}$`)
		connections := map[string]bool{}
		for _, r := range p.requests() {
			connections[r.RemoteAddr] = true
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodGet || !digits.MatchString(r.RequestURI) || len(body) > 0 || r.Proto != name {
				t.Errorf("%s: asked %s %s %s with %q", name, r.Proto, r.Method, r.RequestURI, body)
			}
			headers := map[string]string{}
			for h := range r.Header {
				headers[h] = r.Header.Get(h)
			}
			want := map[string]string{"User-Agent": "Latchkey/test", "Add-Padding": "true", "Accept-Encoding": "gzip"}
			if fmt.Sprint(headers) != fmt.Sprint(want) {
				t.Errorf("%s: with %v, want %v", name, headers, want)
			}
		}
		if len(connections) != 1 {
			t.Errorf("%s: %d connections", name, len(connections))
		}
	}
}

// Fifty at once who look for what begins alike make one call; so does whoever looks within
// the hour.
func TestOneCall(t *testing.T) {
	t.Parallel()
	const n = 50
	go50, now := make(chan struct{}), time.Now()
	p := newPwned(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		<-go50
		writeRange(w, r.URL.Path[len("/range/"):])
	})
	s := asking(t, p, func() time.Time { return now })
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if found, err := s.Has(context.Background(), stolen(7)); err != nil || !found {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
	for len(p.requests()) == 0 {
		time.Sleep(time.Millisecond)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Has(gone, stolen(7)); !errors.Is(err, context.Canceled) { // who leaves takes nobody along
		t.Errorf("who left: %v", err)
	}
	close(go50)
	all.Wait()
	now = now.Add(keepAnswer - 1)
	mustHave(t, s, 8, stolen, func(int) bool { return true })
	calls := len(p.requests())
	if calls != 8 {
		t.Errorf("%d calls for 8 prefixes", calls)
	}
	now = now.Add(1)
	mustHave(t, s, 8, stolen, func(int) bool { return true })
	if calls := len(p.requests()); calls != 9 { // the first of them is an hour old
		t.Errorf("%d calls", calls)
	}
}

// What is kept is bounded, by number and by size.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	k := newAnswers(func() time.Time { return now })
	put := func(i, suffixes int) {
		if a, first := k.get(fmt.Sprint(i)); first {
			k.put(fmt.Sprint(i), a, func() ([]uint64, error) { return make([]uint64, suffixes), nil })
		}
	}
	for i := range 3 * maxAnswers {
		put(i, 10)
	}
	if len(k.byPrefix) != maxAnswers || len(k.oldest) != maxAnswers || k.suffixes != 10*maxAnswers || k.byPrefix["2999"] == nil {
		t.Errorf("%d, %d, %d", len(k.byPrefix), len(k.oldest), k.suffixes)
	}
	for i := range 300 {
		put(-1-i, maxAnswer/37)
	}
	if k.suffixes > maxSuffixes || len(k.byPrefix) != len(k.oldest) {
		t.Errorf("%d suffixes, %d, %d", k.suffixes, len(k.byPrefix), len(k.oldest))
	}
	now = now.Add(keepAnswer)
	if k.get("x"); len(k.byPrefix) != 1 || k.suffixes != 0 {
		t.Errorf("an hour later %d, %d", len(k.byPrefix), k.suffixes)
	}
}

// A service that is none is an error within its second, without a digit of the hash in it,
// and the next look-up asks again.
func TestServiceFails_T1_T2(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	row := strings.Repeat("0A", 17) + "F:3\r\n"
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"no answer": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-never:
			case <-r.Context().Done():
			}
		}, "no answer in time"},
		"half an answer": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, row)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-never:
			case <-r.Context().Done():
			}
		}, "no answer in time"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10000")
			_, _ = io.WriteString(w, row)
			panic(http.ErrAbortHandler)
		}, "hung up"},
		"500": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, row, http.StatusInternalServerError) }, "it answers 500"},
		"429": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, row, http.StatusTooManyRequests) }, "it answers 429"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.org"+r.URL.Path, http.StatusFound)
		}, "it answers 302"},
		"nothing": {func(http.ResponseWriter, *http.Request) {}, "no list"},
		"a page": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<!doctype html><title>Log in</title>")
		}, "no list"},
		"whole hashes": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("A", 40)+":1\r\n")
		}, "no list"},
		"no counts":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, row[:35]+"\r\n") }, "no list"},
		"no digits":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("G", 35)+":1") }, "no list"},
		"binary":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5000)) }, "no list"},
		"one long line": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("A", 1<<16)) }, "no list"},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat(row, 1000)); err != nil {
					return
				}
			}
		}, "has no end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPwned(t, httptest.NewServer, tt.answer)
			s := asking(t, p, time.Now)
			if strings.Contains(tt.says, "in time") {
				s.patience = patience
			}
			for range 2 {
				_, err := s.Has(t.Context(), stolen(7))
				prefix, _ := digits(stolen(7))
				if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), prefix) || strings.Contains(err.Error(), "/range/") {
					t.Errorf("%v, want %q", err, tt.says)
				}
			}
			if n := len(p.requests()); n != 2 && !strings.Contains(tt.says, "hung up") { // which is tried once more on a connection of before
				t.Errorf("asked %d times", n)
			}
			if _, err := s.Check(t.Context()); err == nil {
				t.Error("it is well")
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		must(t, l.Close())
		s := NewService(&url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/range/"}, "Latchkey/test", time.Now)
		if _, err := s.Has(t.Context(), stolen(7)); err == nil || err.Error() != l.Addr().String()+": connection refused" {
			t.Errorf("%v", err)
		}
	})
	t.Run("another certificate", func(t *testing.T) {
		t.Parallel()
		p := newPwned(t, httptest.NewTLSServer, nil)
		s := asking(t, p, time.Now)
		s.client.Transport.(*http.Transport).TLSClientConfig = nil
		if _, err := s.Has(t.Context(), stolen(7)); err == nil || !strings.Contains(err.Error(), "certificate") || len(p.requests()) > 0 {
			t.Errorf("%v, and %d requests", err, len(p.requests()))
		}
	})
}

// The check knows a service that answers from one that knows nothing.
func TestServiceCheck(t *testing.T) {
	t.Parallel()
	all := newPwned(t, httptest.NewServer, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "%X:3\r\n%X:5", hashOf(fine(1)), hashOf("password"))
	})
	all.answer = func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, fmt.Sprintf("%X", hashOf("password"))[5:]+":5")
	}
	if said, err := asking(t, all, time.Now).Check(t.Context()); err != nil || !strings.Contains(said, "answers in") {
		t.Errorf("%q, %v", said, err)
	}
	none := newPwned(t, httptest.NewServer, nil)
	if _, err := asking(t, none, time.Now).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "does not know") {
		t.Errorf("%v", err)
	}
}

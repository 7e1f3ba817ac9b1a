package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// request is an HTTP request ready to be sent, and what its answer must be.
type request struct {
	bytes []byte
	check func(body []byte) error
}

// post makes a GraphQL request. header holds whole lines, each ended by \r\n.
func post(body, header string) []byte {
	return fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench/1\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", len(body), header, body)
}

// errBusy is the answer of a server that cannot keep up and says so.
var errBusy = errors.New("the server is busy")

// exactly is the check for one known body.
func exactly(want []byte) func([]byte) error {
	return func(body []byte) error {
		if !bytes.Equal(body, want) {
			return fmt.Errorf("answered %.200q, want %.200q", body, want)
		}
		return nil
	}
}

// conn is one keep-alive connection. It knows as much of HTTP as the servers
// here speak: an answer's length is given, or it comes in chunks, whose lengths
// stay in the body.
type conn struct {
	net.Conn
	buf []byte
}

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{c, make([]byte, 16<<10)}, nil
}

var (
	headerEnd    = []byte("\r\n\r\n")
	lengthHeader = []byte("\r\nContent-Length: ")
	chunked      = []byte("\r\nTransfer-Encoding: chunked\r\n")
	lastChunk    = []byte("\r\n0\r\n\r\n")
	status200    = []byte("HTTP/1.1 200 ")
)

// do sends a request and returns the body of its answer, which is valid until
// the next call. Any status but 200 is an error.
func (c *conn) do(req []byte) ([]byte, error) {
	if _, err := c.Write(req); err != nil {
		return nil, err
	}
	for n, size := 0, -1; ; {
		if n == len(c.buf) {
			return nil, errors.New("answer too large")
		}
		m, err := c.Read(c.buf[n:])
		if err != nil {
			return nil, fmt.Errorf("after %q: %w", c.buf[:n], err)
		}
		n += m
		if size < 0 {
			if size, err = c.size(n); err != nil {
				return nil, err
			}
		}
		if size >= 0 && n >= size {
			return c.buf[bytes.Index(c.buf[:n], headerEnd)+len(headerEnd) : n], nil
		}
	}
}

// size returns the length of the answer whose first n bytes have arrived, or -1
// as long as that is not known.
func (c *conn) size(n int) (int, error) {
	end := bytes.Index(c.buf[:n], headerEnd)
	if end < 0 {
		return -1, nil
	}
	head := c.buf[:end+2]
	if bytes.Contains(head, chunked) {
		if bytes.HasSuffix(c.buf[:n], lastChunk) {
			return n, nil
		}
		return -1, nil
	}
	i := bytes.Index(head, lengthHeader)
	if !bytes.HasPrefix(head, status200) || i < 0 {
		return 0, fmt.Errorf("unexpected answer %.300q", c.buf[:n])
	}
	digits, _, _ := bytes.Cut(head[i+len(lengthHeader):], []byte("\r\n"))
	length, err := strconv.Atoi(string(digits))
	return end + len(headerEnd) + length, err
}

// result is what a load measured.
type result struct {
	took      time.Duration   // of the measured part
	latencies []time.Duration // of the requests that ended in it, or were due in it, sorted
	all       int             // requests in all, those of the warm-up included
	busy      int             // of those, how many were told to come again
}

func (r *result) rate() float64 { return float64(len(r.latencies)) / r.took.Seconds() }

// quantile returns the latency that the share q of all requests stayed within.
func (r *result) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, int(q*float64(len(r.latencies))))]
}

// worker is one connection's part of a load: next returns the request to send,
// and is asked again when that was answered and checked.
type worker struct{ next func() *request }

// cycle returns a worker that sends requests in turn, from the i-th on.
func cycle(requests []request, i int) worker {
	return worker{func() *request {
		i++
		return &requests[i%len(requests)]
	}}
}

// spread returns n workers over the same requests, each beginning elsewhere.
func spread(n int, requests []request) []worker {
	workers := make([]worker, n)
	for i := range workers {
		workers[i] = cycle(requests, i*len(requests)/n)
	}
	return workers
}

// load has each worker send on a connection of its own for the time of a
// round, as fast as answers come, after a warm-up of a tenth of it that is not
// measured. The first wrong answer is its error.
func load(addr string, round time.Duration, workers []worker) (*result, error) {
	return paced(addr, round, workers, 0)
}

// paced is load at a fixed rate a second, whatever the answers take. A request
// that is late because the one before it was not answered in time counts from
// when it was due.
func paced(addr string, round time.Duration, workers []worker, rate int) (*result, error) {
	start := time.Now()
	p := plan{addr: addr, from: start.Add(round / 10)}
	p.end = p.from.Add(round)
	results := make([]result, len(workers))
	errs := make([]error, len(workers))
	var wait sync.WaitGroup
	for i, w := range workers {
		p := p
		if rate > 0 {
			step := time.Second / time.Duration(rate)
			p.due, p.interval = start.Add(time.Duration(i)*step), time.Duration(len(workers))*step
		}
		wait.Go(func() { errs[i] = w.run(p, &results[i]) })
	}
	wait.Wait()
	sum := result{took: round}
	for _, r := range results {
		sum.latencies = append(sum.latencies, r.latencies...)
		sum.all += r.all
		sum.busy += r.busy
	}
	slices.Sort(sum.latencies)
	return &sum, errors.Join(errs...)
}

// plan is what a worker does.
type plan struct {
	addr      string
	from, end time.Time     // of the measured part
	due       time.Time     // when to send first, and
	interval  time.Duration // how long after that again; 0 for as soon as possible
}

func (w worker) run(p plan, r *result) error {
	c, err := dial(p.addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for {
		began := time.Now()
		counts := false
		if p.interval > 0 {
			if !p.due.Before(p.end) {
				return nil
			}
			counts = !p.due.Before(p.from)
			began = later(began, p.due)
			p.due = p.due.Add(p.interval)
		} else if !began.Before(p.end) {
			return nil
		}
		req := w.next()
		body, err := c.do(req.bytes)
		if err == nil {
			err = req.check(body)
		}
		done := time.Now()
		if p.interval == 0 {
			counts = !done.Before(p.from) && done.Before(p.end)
		}
		r.all++
		switch {
		case errors.Is(err, errBusy):
			r.busy++
		case err != nil:
			return err
		case counts:
			r.latencies = append(r.latencies, done.Sub(began))
		}
	}
}

// later waits until due and returns the time then, since this program's own
// lateness is not the server's; if due is past already, it returns that.
func later(now, due time.Time) time.Time {
	if !now.Before(due) {
		return due
	}
	time.Sleep(due.Sub(now))
	return time.Now()
}

package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/cause"
)

// Between two tries at sending the same spans there is a second, then two, and so on, or
// what the receiver asks for.
const firstPause = time.Second

// exporter sends spans to a receiver. What it does not take in time is lost. That the spans
// are lost, and that they arrive again, has one line in the log each.
type exporter struct {
	url      string
	host     string
	headers  map[string]string
	timeout  time.Duration
	resource map[string]string
	client   *http.Client
	log      zerolog.Logger

	ctx    context.Context // of all that is sent
	cancel context.CancelFunc

	lost atomic.Int64 // spans since the receiver is away
	away bool         // only one call of export is under way at a time
}

func newExporter(c Config) *exporter {
	transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxy that HTTPS_PROXY names
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = 1, 1
	transport.MaxResponseHeaderBytes = 16 << 10
	e := &exporter{url: c.URL.String(), host: c.URL.Host, headers: c.Headers, timeout: c.Timeout, resource: c.Resource, log: c.Log}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the headers go nowhere else
	}
	return e
}

// export sends spans, by several tries while there is time.
func (e *exporter) export(spans []jsonSpan) {
	ctx, cancel := context.WithTimeout(e.ctx, e.timeout)
	defer cancel()
	body, err := encode(e.resource, spans)
	if err == nil {
		err = e.sendUntil(ctx, body)
	}
	if err != nil {
		e.missed(len(spans), err)
	} else {
		e.arrived()
	}
}

// sendUntil tries until the receiver takes body, or it is of no use, or ctx ends.
func (e *exporter) sendUntil(ctx context.Context, body []byte) error {
	for pause := firstPause; ; pause *= 2 {
		wait, err := e.send(ctx, body)
		if err == nil || wait < 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(pause, wait)):
		}
	}
}

// close ends what is under way.
func (e *exporter) close() {
	e.cancel()
	e.client.CloseIdleConnections()
}

// send makes one try. Where that fails, wait is how long the receiver wants us to wait for
// the next one, or below 0 if that would be of no use.
func (e *exporter) send(ctx context.Context, body []byte) (wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return -1, errors.New("its address is none") // it was given a URL
	}
	for name, value := range e.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := e.client.Do(req)
	if err != nil {
		return 0, errors.New(cause.Of(err)) // the error itself has the address
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	switch res.StatusCode {
	case http.StatusOK:
		return 0, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // OTLP: try again
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return time.Duration(seconds) * time.Second, fmt.Errorf("it answers %d", res.StatusCode)
	}
	return -1, fmt.Errorf("it answers %d", res.StatusCode)
}

// missed notes that spans are lost.
func (e *exporter) missed(spans int, err error) {
	if e.lost.Add(int64(spans)); !e.away && e.ctx.Err() == nil {
		e.away = true
		e.log.Warn().Err(fmt.Errorf("%s: %w", e.host, err)).Msg("traces are lost")
	}
}

// arrived notes that the receiver took some.
func (e *exporter) arrived() {
	if e.away {
		e.log.Info().Int64("lost", e.lost.Swap(0)).Msg("traces arrive again")
	}
	e.away = false
}

// Try reports whether the receiver takes traces, by sending it none.
func Try(ctx context.Context, c Config) error {
	e := newExporter(c)
	defer e.close()
	_, err := e.send(ctx, []byte("{}"))
	return err
}

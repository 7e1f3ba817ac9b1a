package breach

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/cause"
)

const (
	// patience is how long the service has for an answer, waiting for its turn included.
	patience = time.Second
	// maxAnswer is how many bytes an answer may have: one of today has 60,000.
	maxAnswer = 1 << 20
	// atOnce is how many answers are waited for at once: what each takes of memory adds up.
	atOnce = 16

	prefixDigits = 5
	suffixDigits = 2*len(hash{}) - prefixDigits
	keptDigits   = 16 // of a suffix: 84 bits of a hash in all
)

// Service asks a service for the range of stolen passwords whose hashes begin alike, by
// the protocol of Pwned Passwords (k-anonymity). The service learns five hexadecimal
// digits, which 2^140 hashes share, and the length of its answer is padded.
type Service struct {
	url    string // what comes before the five digits
	host   string
	agent  string
	client *http.Client
	turns  chan struct{}
	kept   *answers

	patience time.Duration // with one answer
}

// NewService returns the service at an address, which ends before the five digits. agent is
// what it is told that asks. Nothing is asked yet.
func NewService(address *url.URL, agent string, now func() time.Time) *Service {
	s := &Service{url: address.String(), host: address.Host, agent: agent, turns: make(chan struct{}, atOnce), kept: newAnswers(now), patience: patience}
	transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxy that HTTPS_PROXY names
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = 1, 1
	transport.MaxResponseHeaderBytes = 16 << 10
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the digits go nowhere else
	}
	return s
}

// Close closes the connection.
func (s *Service) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Has looks a password up. Those who look for hashes that begin alike share one call.
func (s *Service) Has(ctx context.Context, password string) (bool, error) {
	prefix, suffix := digits(password)
	a, first := s.kept.get(prefix)
	if first {
		go s.kept.put(prefix, a, func() ([]uint64, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience) // others wait for it too
			defer cancel()
			return s.fetch(ctx, prefix)
		})
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-a.done:
	}
	if a.err != nil {
		return false, fmt.Errorf("%s: %w", s.host, a.err)
	}
	_, found := slices.BinarySearch(a.suffixes, suffix)
	return found, nil
}

// digits returns what a service is asked for a password by, and what is kept of the rest.
func digits(password string) (prefix string, suffix uint64) {
	h := hashOf(password)
	text := strings.ToUpper(hex.EncodeToString(h[:]))
	suffix, _ = strconv.ParseUint(text[prefixDigits:][:keptDigits], 16, 64) // 16 hexadecimal digits
	return text[:prefixDigits], suffix
}

// fetch asks for what is known of a prefix, and returns it in order. The error does not
// hold the prefix.
func (s *Service) fetch(ctx context.Context, prefix string) ([]uint64, error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, errors.New(cause.Of(ctx.Err()))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+prefix, nil)
	if err != nil {
		return nil, errors.New("its address is none") // NewService was given a URL
	}
	req.Header.Set("User-Agent", s.agent)
	req.Header.Set("Add-Padding", "true")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, errors.New(cause.Of(err)) // the error itself has the address, prefix and all
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %d", res.StatusCode)
	}
	return readAnswer(res.Body)
}

// readAnswer reads the rows of an answer, such as 0018A45C4D1DEF81644B54AB7F969B88D65:10.
// Those that were seen no times are padding.
func readAnswer(body io.Reader) ([]uint64, error) {
	limited := &io.LimitedReader{R: body, N: maxAnswer + 1}
	rows := bufio.NewScanner(limited)
	rows.Buffer(make([]byte, 0, 4<<10), 4<<10)
	var list []uint64
	good := false // all rows, of which there are some
	for rows.Scan() {
		var suffix, count uint64
		if suffix, count, good = parseRow(rows.Text()); !good {
			break
		}
		if count > 0 {
			list = append(list, suffix)
		}
	}
	switch err := rows.Err(); {
	case limited.N <= 0:
		return nil, errors.New("its answer has no end")
	case errors.Is(err, bufio.ErrTooLong), err == nil && !good:
		return nil, errors.New("its answer is no list of hashes")
	case err != nil:
		return nil, errors.New(cause.Of(err))
	}
	slices.Sort(list)
	return slices.Clip(list), nil
}

func parseRow(row string) (suffix, count uint64, ok bool) {
	text, times, _ := strings.Cut(row, ":")
	if len(text) != suffixDigits || strings.Trim(text, "0123456789ABCDEFabcdef") != "" {
		return 0, 0, false
	}
	suffix, _ = strconv.ParseUint(text[:keptDigits], 16, 64)
	count, ok = number([]byte(times))
	return suffix, count, ok
}

// Check asks for a password that every such service has, and returns how long that took.
func (s *Service) Check(ctx context.Context) (string, error) {
	const common = "password"
	began := time.Now()
	found, err := s.Has(ctx, common)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", fmt.Errorf("%s: it does not know the password %q, which is in every list", s.host, common)
	}
	return fmt.Sprintf("%s answers in %v", s.host, time.Since(began).Round(time.Millisecond)), nil
}

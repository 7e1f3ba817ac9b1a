package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Where one request ends and the next begins is never in doubt: chunks go before
// a length, and a head that can be read in two ways is refused and ends the
// connection, so that no second request hides inside of a first.
func TestMessageBoundaries_I1(t *testing.T) {
	t.Parallel()
	const hidden = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(typenameBody), typenameBody)
	length := fmt.Sprint("Content-Length: ", len(typenameBody), "\r\n")
	tests := []struct {
		name, head, body string
		statuses         string // of all answers on the connection
	}{
		{"a length", length, typenameBody, "200 404"},
		{"chunks", "Transfer-Encoding: chunked\r\n", chunked, "200 404"},
		{"chunks, with a length that ends before them", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", chunked, "200 404"},
		{"chunks, with a length that holds the next one", fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len(chunked+hidden)), chunked, "200 404"},
		{"two lengths", "Content-Length: 4\r\n" + length, typenameBody, "400"},
		{"two lengths in one", "Content-Length: 4, 25\r\n", typenameBody, "400"},
		{"a length with a sign", "Content-Length: +25\r\n", typenameBody, "400"},
		{"another encoding", "Transfer-Encoding: xchunked\r\n", chunked, "501"},
		{"two encodings", "Transfer-Encoding: identity, chunked\r\n", chunked, "501"},
		{"a space before the colon", "Transfer-Encoding : chunked\r\n" + length, typenameBody, "400"},
		{"a folded line", length + "X-A: b\r\n Transfer-Encoding: chunked\r\n", typenameBody, "200 404"},
		{"a chunk without a length", "Transfer-Encoding: chunked\r\n", "\r\n" + typenameBody, "400"},
	}
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, tt := range tests {
			head := "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + tt.head + "\r\n"
			if got := allStatuses(t, s.URL(), head+tt.body+hidden); got != tt.statuses {
				t.Errorf("%s: got %s, want %s", tt.name, got, tt.statuses)
			}
		}
	})
}

// allStatuses sends text on one connection and returns the statuses of what
// comes back until the server hangs up.
func allStatuses(t *testing.T, base, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	var all []string
	for in := bufio.NewReader(conn); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return strings.Join(all, " ") // it hung up
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		all = append(all, fmt.Sprint(res.StatusCode))
	}
}

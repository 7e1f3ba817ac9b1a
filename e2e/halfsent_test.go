package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// pending is a request whose body is not all sent yet.
type pending struct {
	conn net.Conn
	rest string
}

// halfSent sends a request but for the last byte of its body.
func halfSent(t *testing.T, base string, r testenv.Request) *pending {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body, err := json.Marshal(map[string]any{"query": r.Query, "variables": r.Variables})
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\nAuthorization: Bearer %s\r\n\r\n",
		len(body), r.Bearer)
	if _, err := conn.Write([]byte(head + string(body[:len(body)-1]))); err != nil {
		t.Fatal(err)
	}
	return &pending{conn, string(body[len(body)-1:])}
}

// finish sends the rest and reads the answer.
func (p *pending) finish(t *testing.T) (status int, body string) {
	t.Helper()
	_ = p.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := p.conn.Write([]byte(p.rest)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(p.conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// awaitRefusal waits until a server takes no more connections.
func awaitRefusal(t *testing.T, base string) {
	t.Helper()
	testenv.Await(t, patience, "the server to take no more connections", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

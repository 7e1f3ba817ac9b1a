package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
)

// wire stands between a client and a server and counts what the client asks.
type wire struct {
	net.Listener
	asked atomic.Int64 // SQL statements, or Redis commands
	waits atomic.Int64 // how often the client waits for PostgreSQL
}

// reader counts in w what one client says, until its connection ends.
type reader func(w *wire, r *bufio.Reader) error

// newWire listens and forwards connections to addr.
func newWire(addr string, read reader) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{Listener: l}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				_ = client.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(client, server)
				_ = client.Close()
			}()
			go func() { // ends with the connection
				_ = read(w, bufio.NewReader(io.TeeReader(client, server)))
				_ = server.Close()
			}()
		}
	}()
	return w, nil
}

// readPostgres follows the frontend's messages: Execute and Query run a
// statement, Sync and Query are what is waited for. PostgreSQL's manual,
// section 55.7.
func readPostgres(w *wire, r *bufio.Reader) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil { // the startup message has no kind
		return err
	}
	for kind := byte(0); ; {
		if _, err := r.Discard(int(binary.BigEndian.Uint32(size[:])) - len(size)); err != nil {
			return err
		}
		switch kind {
		case 'E':
			w.asked.Add(1)
		case 'S':
			w.waits.Add(1)
		case 'Q':
			w.asked.Add(1)
			w.waits.Add(1)
		}
		var err error
		if kind, err = r.ReadByte(); err != nil {
			return err
		}
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return err
		}
	}
}

// readRedis follows commands: arrays of strings that say their length.
func readRedis(w *wire, r *bufio.Reader) error {
	for {
		parts, err := readLength(r, '*')
		if err != nil {
			return err
		}
		for range parts {
			n, err := readLength(r, '$')
			if err != nil {
				return err
			}
			if _, err := r.Discard(n + len("\r\n")); err != nil {
				return err
			}
		}
		w.asked.Add(1)
	}
}

func readLength(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("unexpected %q", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

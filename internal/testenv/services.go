// Package testenv gives tests real servers and empty databases.
//
// The servers are started by ./test, which also says where they are, in
// environment variables; this file reads them. A test that needs a server and
// has none fails: it is never skipped.
package testenv

import (
	"encoding/json"
	"os"
	"testing"
)

// Need returns the environment variable of that name and fails the test if it
// is not set. ./test sets
//
//	TEST_POSTGRES        postgres:// URL of a superuser, on the maintenance database
//	TEST_POSTGRES_PROGRAMS  folder of PostgreSQL's programs
//	TEST_PGBOUNCER       the same through PgBouncer in transaction mode
//	TEST_REDIS           redis:// URL of a single server
//	TEST_REDIS_SENTINEL  redis:// URL of one Sentinel, with master_name; it watches a master and a replica
//	TEST_REDIS_CLUSTER   redis:// URL of a cluster of one node, with addr
//	TEST_MAILPIT         see Mailpit
//	TEST_MAILPIT_TLS     see MailpitTLS
//	TEST_MAILPIT_PROGRAM path of Mailpit
//	TEST_CHROMIUM        path of Chromium; root must start it with --no-sandbox
//	TEST_NODE            path of node, version 20 or later
//	TEST_PYTHON          path of Python, with PyJWT and cryptography
//	TEST_E2E             absolute path of e2e/, with its node_modules installed
//	TEST_MEMORY          a folder in memory, or nothing where there is no room for it
//	TEST_PASSWORDS       path of John the Ripper's list of common passwords, one a line, behind lines that begin with #!
//	TEST_UNWATCHED       packages that the race detector leaves out, with spaces between
//
// PostgreSQL sorts text as ICU's en-US does, does not sync to disk, and allows
// 300 connections; its user may create databases. No Redis keeps anything on
// disk. The three URLs for Redis suit go-redis's ParseURL, ParseFailoverURL
// and ParseClusterURL. All servers are shared by the packages' tests, which run
// at once: a test uses a database, a key prefix or an address of its own.
func Need(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run ./test, or ./test with go test …", name)
	}
	return value
}

// Mail says where a Mailpit is. It accepts mail only over TLS and from the one
// user, for any recipient, and has Mailpit's chaos triggers on (they bind every
// test at once).
type Mail struct {
	API      string `json:"api"`      // base URL of its HTTP API, such as http://127.0.0.1:21000
	SMTP     string `json:"smtp"`     // host:port
	User     string `json:"user"`     // for PLAIN and LOGIN
	Password string `json:"password"` // of User
	CA       string `json:"ca"`       // path of the PEM certificate to trust; it names 127.0.0.1 and localhost
	Key      string `json:"key"`      // path of its private key
}

// Mailpit returns the server that wants STARTTLS, and fails the test if there is none.
func Mailpit(t testing.TB) Mail {
	t.Helper()
	return mail(t, "TEST_MAILPIT")
}

// MailpitTLS returns the server that speaks TLS from the first byte, and fails
// the test if there is none. Its mailbox is not Mailpit's.
func MailpitTLS(t testing.TB) Mail {
	t.Helper()
	return mail(t, "TEST_MAILPIT_TLS")
}

func mail(t testing.TB, name string) Mail {
	t.Helper()
	var m Mail
	if err := json.Unmarshal([]byte(Need(t, name)), &m); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

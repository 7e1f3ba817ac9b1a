package db_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// tlsServer answers PostgreSQL's question for TLS as it is told, and then shows a
// certificate that nobody vouches for. It returns where.
func tlsServer(t *testing.T, answer string) string {
	t.Helper()
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 8)) // SSLRequest
			_, _ = io.WriteString(c, answer)
			_ = tls.Server(c, &tls.Config{Certificates: web.TLS.Certificates}).Handshake() // which the client ends
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// Why a server cannot be used is said by name and place, and never with a secret.
func TestCauses_R1(t *testing.T) {
	t.Parallel()
	right := testenv.MigratedURL(t)
	refused, plain, unknown := "127.0.0.1:1", tlsServer(t, "N"), tlsServer(t, "S")
	u, err := url.Parse(right)
	if err != nil {
		t.Fatal(err)
	}
	at := func(host, query string) string {
		v := *u
		v.Host, v.RawQuery = host, query
		return v.String()
	}
	for name, c := range map[string]struct {
		url, want string
		is        error
	}{
		"refused":           {at(refused, "sslmode=disable"), "postgresql at " + refused + ": connection refused", db.ErrUnavailable},
		"refused by two":    {at(refused+",127.0.0.1:2", "sslmode=disable"), "postgresql at 127.0.0.1:1, 127.0.0.1:2: connection refused", db.ErrUnavailable},
		"name not found":    {at("postgres.invalid", "sslmode=disable"), "postgresql at postgres.invalid:5432: its name is not found", db.ErrUnavailable},
		"no TLS":            {at(plain, "sslmode=require"), "postgresql at " + plain + ": it offers no TLS", db.ErrUnavailable},
		"unknown authority": {at(unknown, "sslmode=verify-full"), "postgresql at " + unknown + ": its certificate is not trusted: the authority is unknown", db.ErrUnavailable},
		"wrong password":    {strings.Replace(right, ":"+mustPassword(t, u)+"@", ":wrong@", 1), "postgresql at " + u.Host + ": wrong user or password (28P01)", db.ErrDenied},
		"no database":       {strings.Replace(right, u.Path, "/nowhere", 1), "postgresql at " + u.Host + ": there is no such database (3D000)", db.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := db.OpenPostgres(t.Context(), c.url)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			_, err = d.Exec(t.Context(), `SELECT 1`)
			if !errors.Is(err, c.is) || !errors.Is(err, db.ErrUnavailable) || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), mustPassword(t, u)) {
				t.Errorf("%v shows the password", err)
			}
		})
	}
}

func mustPassword(t *testing.T, u *url.URL) string {
	t.Helper()
	password, ok := u.User.Password()
	if !ok {
		t.Fatal("the tests' PostgreSQL has no password")
	}
	return password
}

// A password that was changed, and a right that was taken, are a server that is
// away: all is well when they are back.
func TestRotated_R1(t *testing.T) {
	t.Parallel()
	right := testenv.MigratedURL(t)
	role, roleURL := testenv.Role(t, right)
	admin, err := db.OpenPostgres(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	d, err := db.OpenPostgres(t.Context(), roleURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	do := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	must := func(what, want string) {
		t.Helper()
		testenv.Await(t, 5*time.Second, what, func() bool {
			err := put(t, d)
			if want == "" {
				return err == nil
			}
			return errors.Is(err, db.ErrDenied) && errors.Is(err, db.ErrUnavailable) && strings.Contains(err.Error(), want)
		})
	}
	must("to hear of a privilege", "this user lacks a privilege (42501)")
	do(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ` + role)
	must("writes", "")
	u, _ := url.Parse(roleURL)
	do(`ALTER ROLE ` + role + ` PASSWORD 'another'`)
	do(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + role + `'`)
	must("to hear of the password", "wrong user or password (28P01)")
	do(`ALTER ROLE ` + role + ` PASSWORD '` + mustPassword(t, u) + `'`)
	must("writes again", "")
}

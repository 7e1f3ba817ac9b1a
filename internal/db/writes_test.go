package db_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

const putToken = `INSERT INTO tokens (hash, payload, expires_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET payload = $2`

func put(t *testing.T, d db.DB) error {
	t.Helper()
	_, err := d.Exec(t.Context(), putToken, []byte{1}, []byte{}, t0)
	return err
}

// A connection that became read-only, as all of a server do after a failover, is
// thrown away: the next one may lead to the server that took over.
func TestReadOnlyConnections_R1(t *testing.T) {
	t.Parallel()
	d, err := db.OpenPostgres(t.Context(), testenv.MigratedURL(t)+"&pool_max_conns=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	for range 2 { // throwing them away is bounded in time, not in number
		if _, err := d.Exec(t.Context(), `SET default_transaction_read_only = on`); err != nil {
			t.Fatal(err)
		}
		err := put(t, d)
		if !errors.Is(err, db.ErrNoWrites) || !errors.Is(err, db.ErrUnavailable) || !strings.Contains(err.Error(), "read-only") {
			t.Fatalf("got %v, want ErrNoWrites", err)
		}
		testenv.Await(t, 5*time.Second, "writes", func() bool { return put(t, d) == nil })
	}
}

// A URL may name several servers, and ask for the one that takes writes.
func TestSeveralHosts_R1(t *testing.T) {
	t.Parallel()
	direct := testenv.MigratedURL(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	first, second := testenv.NewProxy(t, u.Host), testenv.NewProxy(t, u.Host)
	u.Host = first.Addr + "," + second.Addr
	d, err := db.OpenPostgres(t.Context(), u.String()+"&target_session_attrs=read-write")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	admin, err := db.OpenPostgres(t.Context(), direct+"&options=-c%20default_transaction_read_only%3Doff")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	name := strings.TrimPrefix(u.Path, "/")
	alter := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(t, d); err != nil {
		t.Errorf("the first: %v", err)
	}
	first.Refuse()
	testenv.Await(t, 5*time.Second, "writes by the second", func() bool { return put(t, d) == nil })

	alter(`ALTER DATABASE ` + name + ` SET default_transaction_read_only = on`)
	second.Reset(t)
	testenv.Await(t, 5*time.Second, "to hear that none takes writes", func() bool {
		err := put(t, d)
		return errors.Is(err, db.ErrUnavailable) && strings.Contains(err.Error(), "read-only")
	})
	alter(`ALTER DATABASE ` + name + ` RESET default_transaction_read_only`)
	first.Pass(t)
	testenv.Await(t, 5*time.Second, "writes by the first", func() bool { return put(t, d) == nil })
}

// What the last write came to is known for 10 s; then one is made to find out, and
// what says nothing of writes is not remembered.
func TestWrites_R1_R8(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		g := db.NewGate(d)
		asked := 0
		ask := func(answer error) error {
			return g.Writes(t.Context(), func(context.Context) error { asked++; return answer })
		}
		if err := ask(db.ErrUnavailable); !errors.Is(err, db.ErrUnavailable) || asked != 1 {
			t.Errorf("before any write: %v, asked %d times", err, asked)
		}
		g.Open()
		_, err := g.Exec(t.Context(), putToken, []byte{1}, []byte{}, t0)
		if err != nil {
			t.Fatal(err)
		}
		if err := ask(db.ErrNoWrites); err != nil || asked != 1 {
			t.Errorf("after a write: %v, asked %d times", err, asked)
		}
		refused := g.InTx(t.Context(), func(db.Conn) error { return db.ErrNoWrites })
		if err := ask(nil); !errors.Is(err, db.ErrNoWrites) || refused == nil || asked != 1 {
			t.Errorf("after one that was refused: %v, asked %d times", err, asked)
		}
		if _, err := g.Batch(t.Context(), db.Stmt{SQL: putToken, Args: []any{[]byte{1}, []byte{}, t0}}); err != nil {
			t.Fatal(err)
		}
		if err := ask(db.ErrNoWrites); err != nil || asked != 1 {
			t.Errorf("after a batch: %v, asked %d times", err, asked)
		}
	})
}

package db_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// A replica that stands still in the middle of a transaction does not keep the
// others waiting for long.
func TestStandstill_R1(t *testing.T) {
	t.Parallel()
	url := testenv.MigratedURL(t)
	open := func() db.DB {
		d, err := db.OpenPostgres(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		return d
	}
	frozen, awake := open(), open()
	if _, err := awake.Exec(t.Context(), insert, []byte{1}, []byte{}, t0); err != nil {
		t.Fatal(err)
	}
	const touch = `UPDATE tokens SET payload = $2 WHERE hash = $1`
	locked, thaw := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := frozen.InTx(t.Context(), func(tx db.Conn) error {
			_, err := tx.Exec(t.Context(), touch, []byte{1}, []byte("frozen"))
			close(locked)
			<-thaw
			return err
		})
		if !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("the transaction that stood still: %v, want ErrUnavailable", err)
		}
	})
	<-locked
	began := time.Now()
	_, err := awake.Exec(t.Context(), touch, []byte{1}, []byte("awake"))
	for errors.Is(err, db.ErrUnavailable) && time.Since(began) < 20*time.Second {
		_, err = awake.Exec(t.Context(), touch, []byte{1}, []byte("awake"))
	}
	if t.Logf("the other waited %v", time.Since(began)); err != nil {
		t.Errorf("the other: %v", err)
	}
	close(thaw)
	wg.Wait()
	var payload []byte
	if err := awake.QueryRow(t.Context(), `SELECT payload FROM tokens`).Scan(&payload); err != nil || string(payload) != "awake" {
		t.Errorf("%q, %v is left", payload, err)
	}
}

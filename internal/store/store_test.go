package store_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// A transaction inside another is a part of it: both are written, or neither.
func TestTransactionInTransaction(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, tt := range []struct {
		name         string
		inner, outer error // what each function returns in the end
		swallows     bool  // the outer one goes on after an error of the inner one
		want         error
	}{
		{name: "both are well"},
		{name: "the outer one fails afterwards", outer: boom, want: boom},
		{name: "the inner one fails", inner: boom, want: boom},
		{name: "the inner one fails and nobody minds", inner: boom, swallows: true, want: boom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			testenv.EachStore(t, func(t *testing.T, s *store.Store) {
				ctx := t.Context()
				put := func(tx *store.Store, hash byte) {
					must(t, tx.PutToken(ctx, []byte{hash}, []byte("x"), noon, time.Hour))
				}
				err := s.InTx(ctx, func(tx *store.Store) error {
					put(tx, 1)
					err := tx.InTx(ctx, func(tx *store.Store) error {
						return tx.InTx(ctx, func(tx *store.Store) error { put(tx, 2); return tt.inner })
					})
					if err != nil && !tt.swallows {
						return err
					}
					return tt.outer
				})
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				for _, hash := range []byte{1, 2} {
					if _, err := s.Token(ctx, []byte{hash}, noon); (err == nil) != (tt.want == nil) {
						t.Errorf("row %d: %v, although the whole ended with %v", hash, err, tt.want)
					}
				}
			})
		})
	}
}

// What opens a transaction by itself works inside one.
func TestRegisterInTransaction(t *testing.T) {
	t.Parallel()
	testenv.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		r := &store.Registration{
			ID: "01a2119f-fef2-73b3-a8bc-7a56e97f1506", Email: "ada@example.org", EmailKey: "ada@example.org", Username: "ada", UsernameKey: "ada",
			Client: "192.0.2.1", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
		}
		m := &store.Mail{ID: "01a2119f-e3cb-7ce3-add0-e19b00e5d2f5", Kind: store.MailConfirmRegistration, RecipientKey: r.EmailKey, CreatedAt: noon, DueAt: noon}
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			return tx.Register(ctx, r, nil, m, noon.Add(time.Hour), store.RegistrationLimits{PerAddress: 1, PerClient: 1})
		}))
		if list, err := s.ListMail(ctx, false, store.Place{}, 10); err != nil || len(list) != 1 {
			t.Errorf("%d mails, %v; want one", len(list), err)
		}
	})
}

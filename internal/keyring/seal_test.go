package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/seal"
	"latchkey/internal/testenv"
)

// Who reads the database finds no private key: neither as it is kept, nor its number.
func TestNoPrivateKeyInDatabase_F3(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		w := newWorld(t, d)
		r := w.loaded()
		for _, row := range w.rows() {
			key, err := r.open(row)
			must(t, err)
			text, err := key.PEM()
			must(t, err)
			block, _ := pem.Decode(text)
			private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			must(t, err)
			number, err := private.(*ecdsa.PrivateKey).Bytes()
			must(t, err)
			for what, secret := range map[string][]byte{"PEM": text[:20], "DER": block.Bytes[30:62], "number": number} {
				if bytes.Contains(row.Private, secret) {
					t.Errorf("its %s is in the row", what)
				}
			}
		}
	})
}

// A sealed key that was altered, or moved to another row, is none, and none is made in its
// place.
func TestMovedKey_F3(t *testing.T) {
	w := newWorld(t, testenv.SQLite(t))
	r := w.loaded()
	rows := w.rows()
	for name, value := range map[string][]byte{
		"moved": rows[1].Private, "altered": append(bytes.Clone(rows[0].Private[:60]), rows[1].Private[60:]...), "cut": rows[0].Private[:40], "empty": {},
		"of another column": r.seals.Seal([]byte("x"), seal.Place{Table: "signing_keys", Column: "other", Row: rows[0].ID}),
		"no key":            r.seals.Seal([]byte("x"), place(rows[0].ID)),
	} {
		w.exec(`UPDATE signing_keys SET private = $1 WHERE number = 1`, value)
		if err := r.poll(); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		fresh := w.replica()
		err := fresh.Load(t.Context())
		if err == nil || errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), rows[0].ID) {
			t.Errorf("%s, at the start: %v", name, err)
		}
		if r.signer != rows[0].ID || len(w.rows()) != 2 {
			t.Errorf("%s: %s signs, of %d keys", name, r.signer, len(w.rows()))
		}
	}
	w.exec(`UPDATE signing_keys SET private = $1 WHERE number = 1`, rows[0].Private)
	must(t, r.poll())
}

// A new SECRET_KEY, by the steps of docs/tokens.md: every replica opens what any other
// seals, and after reseal the older secret can go.
func TestSecretKeyChanges_F3_F4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		w := newWorld(t, d)
		before := w.loaded(oldSecret)
		token, _ := before.token()
		behind := w.loaded(oldSecret, newSecret)
		front := w.loaded(newSecret, oldSecret)
		w.pass(91 * day) // one of them makes the next key
		must(t, front.poll())
		must(t, behind.poll())
		if behind.signer != front.signer || len(w.rows()) != 3 {
			t.Errorf("%s and %s sign, of %d keys", behind.signer, front.signer, len(w.rows()))
		}
		older, failed, err := front.SealedBefore(t.Context())
		if older != 2 || failed != 0 || err != nil {
			t.Errorf("%d sealed by the older secret, %d not to be opened, %v; want 2", older, failed, err)
		}
		if err := w.replica(newSecret).Load(t.Context()); !errors.Is(err, ErrSealed) {
			t.Errorf("before reseal, without the older secret: %v", err)
		}
		for _, want := range []int{2, 0} {
			if done, failed, err := front.Reseal(t.Context(), "test"); done != want || failed != 0 || err != nil {
				t.Errorf("%d resealed, %d failed, %v; want %d", done, failed, err, want)
			}
		}
		must(t, behind.poll())
		after := w.loaded(newSecret)
		if after.signer != front.signer {
			t.Errorf("%s signs, want %s", after.signer, front.signer)
		}
		if _, err := after.issuer.Verify(token, noon); err != nil {
			t.Errorf("a token from before: %v", err)
		}
		if err := before.poll(); !errors.Is(err, ErrSealed) {
			t.Errorf("without the newer secret: %v", err)
		}
	})
}

// With another SECRET_KEY the start says so and what to do, and makes no key: also where
// the next one is missing. In development it makes new ones.
func TestOtherSecretKey_F3(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		w := newWorld(t, d)
		ours := w.loaded(oldSecret)
		w.pass(91 * day)
		rows := w.rows()
		wrong := w.replica(newSecret)
		err := wrong.Load(t.Context())
		if !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), rows[0].ID) || !strings.Contains(err.Error(), "SECRET_KEY=new,old") {
			t.Errorf("Load: %v", err)
		}
		if _, err := wrong.Rotate(t.Context(), "test"); !errors.Is(err, ErrSealed) {
			t.Errorf("Rotate: %v", err)
		}
		if _, err := wrong.issuer.JWKS(); !errors.Is(err, jwt.ErrNoKeys) || len(w.rows()) != 2 {
			t.Errorf("it made keys: %d rows, %v", len(w.rows()), err)
		}
		must(t, ours.poll()) // and the others go on
		if done, failed, err := wrong.Reseal(t.Context(), "test"); done != 0 || failed != 3 || err != nil {
			t.Errorf("Reseal: %d, %d, %v", done, failed, err)
		}
		wrong.Replace = true
		must(t, wrong.Load(t.Context()))
		if rows := w.rows(); len(rows) != 2 || wrong.signer != rows[0].ID || rows[0].Number != 4 {
			t.Errorf("in development: %+v", rows)
		}
		err = ours.poll()
		if !errors.Is(err, ErrSealed) || ours.signer == wrong.signer {
			t.Errorf("a replica with the secret of before: %v", err)
		}
	})
}

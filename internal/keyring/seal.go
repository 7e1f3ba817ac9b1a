package keyring

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/jwt"
	"latchkey/internal/seal"
	"latchkey/internal/store"
)

// ErrSealed says that a key in the database cannot be opened: its secret is not among
// those of the server.
var ErrSealed = errors.New("sealed with another SECRET_KEY")

func sealedError(kids []string) error {
	return fmt.Errorf("signing keys in the database are %w (%s); put that one behind yours, as in SECRET_KEY=new,old, and run latchkey keys reseal; "+
		"if it is lost, latchkey keys rotate --now makes new keys", ErrSealed, strings.Join(kids, ", "))
}

func place(kid string) seal.Place {
	return seal.Place{Table: "signing_keys", Column: "private", Row: kid}
}

// seal makes a new private key for row.
func (r *Ring) seal(row *store.SigningKey) error {
	key, err := jwt.NewKey(jwt.ES256)
	if err != nil {
		return err
	}
	text, err := key.PEM()
	if err != nil {
		return err
	}
	row.ID, row.Private = key.ID, r.seals.Seal(text, place(key.ID))
	return nil
}

// open returns the key of a row.
func (r *Ring) open(row store.SigningKey) (jwt.Key, error) {
	text, err := r.seals.Open(row.Private, place(row.ID))
	if err != nil {
		return jwt.Key{}, err
	}
	key, err := jwt.ParseKey(text)
	if err != nil || key.ID != row.ID {
		return jwt.Key{}, seal.ErrBroken
	}
	return key, nil
}

// openAll returns the keys as they are to be used at now, the one that signs first. ErrSealed
// if none of the secrets opens one of them.
func (r *Ring) openAll(rows []store.SigningKey, now time.Time) ([]jwt.Key, error) {
	var signer, others []jwt.Key
	var locked []string
	for i, state := range r.Periods.states(rows, now) {
		if state.is == forgotten {
			continue
		}
		key, err := r.open(rows[i])
		switch {
		case errors.Is(err, seal.ErrOtherSecret):
			locked = append(locked, rows[i].ID)
		case err != nil:
			return nil, fmt.Errorf("signing key %s in the database: %w; latchkey keys rotate --now makes new keys", rows[i].ID, err)
		case state.is == Signing:
			signer = append(signer, key)
		case state.is == retired:
			others = append(others, key.Retired(state.until))
		default:
			others = append(others, key)
		}
	}
	if len(locked) > 0 {
		return nil, sealedError(locked)
	}
	return append(signer, others...), nil
}

// resealBatch is how many values are read at once.
const resealBatch = 500

// Reseal seals anew, with the first secret, all that an older one sealed, and returns how
// many values that were. What none of the secrets opens is left as it is, and is counted in
// failed. by is who asks for it.
func (r *Ring) Reseal(ctx context.Context, by string) (done, failed int, err error) {
	now, err := r.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	e := event(store.EventResealed, by, now)
	err = r.sealedBefore(ctx, func(c store.SealedColumn, v store.SealedValue) error {
		at := seal.Place{Table: c.Table, Column: c.Column, Row: v.Row}
		text, err := r.seals.Open(v.Value, at)
		if err != nil {
			failed++
			return nil
		}
		done++
		e.Count = done
		return r.Store.Reseal(ctx, c, v, r.seals.Seal(text, at), e)
	})
	if done > 0 {
		r.Log.Info().EmbedObject(e).Msg("secrets sealed anew")
	}
	return done, failed, err
}

// SealedBefore returns how many values an older secret sealed, and how many none opens.
func (r *Ring) SealedBefore(ctx context.Context) (older, failed int, err error) {
	err = r.sealedBefore(ctx, func(c store.SealedColumn, v store.SealedValue) error {
		if _, err := r.seals.Open(v.Value, seal.Place{Table: c.Table, Column: c.Column, Row: v.Row}); err != nil {
			failed++
		} else {
			older++
		}
		return nil
	})
	return older, failed, err
}

// sealedBefore calls f with each value that the first secret did not seal.
func (r *Ring) sealedBefore(ctx context.Context, f func(store.SealedColumn, store.SealedValue) error) error {
	for _, c := range store.SealedColumns {
		for after, more := "", true; more; {
			values, err := r.Store.SealedBefore(ctx, c, r.seals.Prefix(), after, resealBatch)
			if err != nil {
				return err
			}
			for _, v := range values {
				if err := f(c, v); err != nil {
					return err
				}
				after = v.Row
			}
			more = len(values) == resealBatch
		}
	}
	return nil
}

package keyring

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/store"
)

// Key is what may be shown of a key.
type Key struct {
	ID        string
	State     State
	CreatedAt time.Time
	SignsAt   time.Time
	Until     time.Time // of an old one: when the last of its tokens expires
	Problem   string    // why it cannot be opened, or ""
}

// List returns the keys that are published, in the order in which they sign. It makes none.
func (r *Ring) List(ctx context.Context) ([]Key, error) {
	now, err := r.Now(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := r.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	return r.list(rows, now), nil
}

func (r *Ring) list(rows []store.SigningKey, now time.Time) []Key {
	list := []Key{}
	for i, state := range r.Periods.states(rows, now) {
		if state.is == retired || state.is == forgotten {
			continue
		}
		k := Key{ID: rows[i].ID, State: state.is, CreatedAt: rows[i].CreatedAt, SignsAt: rows[i].SignsAt, Until: state.until}
		if _, err := r.open(rows[i]); err != nil {
			k.Problem = err.Error()
		}
		list = append(list, k)
	}
	return list
}

// Rotate has the next key sign as soon as it was published long enough, which is at once
// unless it was made lately, and returns it. No valid token is refused by that.
func (r *Ring) Rotate(ctx context.Context, by string) (*Key, error) {
	now, rows, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := r.openAll(rows, now); err != nil {
		return nil, err
	}
	for i, state := range r.Periods.states(rows, now) {
		if state.is != Next {
			continue
		}
		row := rows[i]
		at := row.CreatedAt.Add(r.Periods.Lead)
		if at.Before(now) {
			at = now
		}
		if at.Before(row.SignsAt) {
			e := event(store.EventKeysRotated, by, now)
			if _, err := r.Store.HastenSigningKey(ctx, row.Number, at, e); err != nil {
				return nil, err
			}
			row.SignsAt = at
			r.Log.Info().EmbedObject(e).Str("kid", row.ID).Time("signs_at", at).Msg("signing keys rotated")
		}
		return &Key{ID: row.ID, State: Next, CreatedAt: row.CreatedAt, SignsAt: row.SignsAt}, nil
	}
	return nil, errors.New("there is no next key, and none can be made")
}

// ReplaceAll puts new keys in place of all there are, for when one of them may have leaked.
// The first signs at once; access tokens of those before are refused.
func (r *Ring) ReplaceAll(ctx context.Context, by string) (*Key, error) {
	e, err := r.replace(ctx, by)
	if err != nil {
		return nil, err
	}
	list, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		if k.State == Signing {
			r.Log.Warn().EmbedObject(e).Str("kid", k.ID).Msg("signing keys replaced")
			return &k, nil
		}
	}
	return nil, errors.New("there is no key that signs")
}

// replaceTries is how often replace begins anew because a replica made a key meanwhile.
const replaceTries = 5

// replace puts new keys in place of all there are, and returns what history has of it.
func (r *Ring) replace(ctx context.Context, by string) (*store.SecurityEvent, error) {
	for try := 1; ; try++ {
		now, err := r.Now(ctx)
		if err != nil {
			return nil, err
		}
		rows, err := r.Store.SigningKeys(ctx)
		if err != nil {
			return nil, err
		}
		number := int64(1)
		if len(rows) > 0 {
			number = rows[len(rows)-1].Number + 1
		}
		pair := r.Periods.pair(number, now)
		for i := range pair {
			if err := r.seal(&pair[i]); err != nil {
				return nil, err
			}
		}
		e := event(store.EventKeysReplaced, by, now)
		err = r.Store.ReplaceSigningKeys(ctx, &pair[0], &pair[1], e)
		if !errors.Is(err, store.ErrConflict) || try == replaceTries {
			return e, err
		}
	}
}

// Package keyring has the service make the keys that sign its access tokens by itself. They
// are kept in the database, sealed by SECRET_KEY, so that all replicas have the same.
//
// There is always a next key, published since the one before it began to sign. Each
// replica reads the keys every few seconds, and goes by the database's clock: which key
// signs follows from the rows and the time alone (schedule.go), so replicas agree without
// talking. [Ring] in keyring.go reads and makes them; rotate.go is what an operator does,
// seal.go what seals them, and event.go what history has of it.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/jwt"
	"latchkey/internal/seal"
	"latchkey/internal/store"
)

const (
	// pollEvery is how often a replica reads the keys, give or take a fifth.
	pollEvery = 10 * time.Second
	// lookEvery bounds how often tokens by unknown keys make it read them sooner.
	lookEvery = 3 * time.Second
)

// Config is what a Ring works with. All are needed, but Use.
type Config struct {
	Store   *store.Store
	Secrets [][]byte // the first seals, all open
	Periods Periods
	// Now is the time by the one clock that all replicas share.
	Now func(ctx context.Context) (time.Time, error)
	// Use hands over the keys whenever they change, the one that signs first. It is
	// nil for a command of the shell.
	Use func(keys ...jwt.Key) error
	// Replace has Load replace keys that another secret sealed, as in development.
	Replace bool
	Log     zerolog.Logger
}

// Ring is the keys in the database, as one replica knows them.
type Ring struct {
	Config
	seals *seal.Keys

	mu     sync.Mutex // one reads them at a time
	loaded bool
	looked time.Time // when they were read last, or tried to be
	err    error     // of that
	told   bool      // that err is in the log
	signer string    // the kid of the key that signs
}

// New returns a Ring that has read nothing yet.
func New(cfg Config) (*Ring, error) {
	if cfg.Store == nil || cfg.Now == nil || cfg.Periods.Lead <= 0 || cfg.Periods.Live <= 0 || cfg.Periods.Tell <= 0 {
		return nil, errors.New("keyring: incomplete Config")
	}
	seals, err := seal.New(cfg.Secrets)
	if err != nil {
		return nil, err
	}
	return &Ring{Config: cfg, seals: seals}, nil
}

// Load reads the keys for the first time, and makes them if there are none. ErrSealed if
// none of the secrets opens one of them: then it makes none.
func (r *Ring) Load(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.read(ctx)
	if r.Replace && errors.Is(err, ErrSealed) {
		r.Log.Warn().Err(err).Msg("new signing keys are made")
		if _, err = r.replace(ctx, ""); err == nil {
			err = r.read(ctx)
		}
	}
	r.loaded = err == nil
	return err
}

// Run reads the keys again and again until ctx ends.
func (r *Ring) Run(ctx context.Context) {
	for {
		//lint:ignore G404 replicas only have to read at different times
		wait := pollEvery*4/5 + rand.N(pollEvery*2/5)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		r.mu.Lock()
		_ = r.read(ctx) // read has told it
		r.mu.Unlock()
	}
}

// Look reads the keys for a token that names one which is not known, since another replica
// may have made it. A stranger can write such tokens: so it reads once in a few seconds,
// and else answers by what it read last. ErrUnavailable if it does not know the keys.
func (r *Ring) Look(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded {
		return fmt.Errorf("%w: the signing keys were not read yet", store.ErrUnavailable)
	}
	err := r.err
	if time.Since(r.looked) >= lookEvery {
		err = r.read(ctx)
	}
	if err != nil && !errors.Is(err, store.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

// read reads the keys, makes those that are missing, forgets those that are of no more
// use, and hands over the rest. If it fails, those of before stay in use.
func (r *Ring) read(ctx context.Context) error {
	now, rows, err := r.rows(ctx)
	if err == nil {
		err = r.use(rows, now)
	}
	r.looked, r.err = time.Now(), err
	switch {
	case err == nil:
		r.told = false
		r.forget(ctx, rows, now)
	case r.loaded && !r.told && ctx.Err() == nil:
		r.told = true
		r.Log.Warn().Err(err).Msg("the signing keys cannot be read: those of before are in use")
	}
	return err
}

// rows returns the keys and the time. If there is none, or no next one, it makes it; but
// none beside keys that it cannot open, since others could not open that one.
func (r *Ring) rows(ctx context.Context) (now time.Time, rows []store.SigningKey, err error) {
	if now, err = r.Now(ctx); err != nil {
		return now, nil, err
	}
	if rows, err = r.Store.SigningKeys(ctx); err != nil {
		return now, nil, err
	}
	missing := r.Periods.missing(rows, now)
	if len(rows) > 0 && len(missing) > 0 {
		if _, err := r.open(rows[len(rows)-1]); err != nil {
			return now, rows, nil // use says why
		}
	}
	for i := range missing {
		err := r.seal(&missing[i])
		if err == nil {
			e := event(store.EventKeyMade, "", now)
			var made bool
			if made, err = r.Store.AddSigningKey(ctx, &missing[i], e); made && err == nil {
				r.Log.Info().EmbedObject(e).Str("kid", missing[i].ID).Time("signs_at", missing[i].SignsAt).Msg("signing key made")
			}
		}
		if err != nil && len(rows) == 0 {
			return now, nil, err
		} else if err != nil { // the keys that there are go on
			r.Log.Warn().Err(err).Msg("the next signing key cannot be made")
			return now, rows, nil
		}
	}
	if len(missing) > 0 {
		rows, err = r.Store.SigningKeys(ctx)
	}
	return now, rows, err
}

// use opens the keys and hands them over, the one that signs first.
func (r *Ring) use(rows []store.SigningKey, now time.Time) error {
	keys, err := r.openAll(rows, now)
	if err != nil || r.Use == nil {
		return err
	}
	if err := r.Use(keys...); err != nil {
		return err
	}
	if id := keys[0].ID; id != r.signer {
		if r.signer != "" {
			r.Log.Info().Str("kid", id).Msg("access tokens are signed by another key")
		}
		r.signer = id
	}
	return nil
}

// forget deletes keys whose tokens nobody shows any more. If it cannot, it will next time.
func (r *Ring) forget(ctx context.Context, rows []store.SigningKey, now time.Time) {
	for i, state := range r.Periods.states(rows, now) {
		if state.is != forgotten {
			continue
		}
		e := event(store.EventKeyDeleted, "", now)
		if dropped, err := r.Store.DropSigningKey(ctx, rows[i].Number, e); dropped && err == nil {
			r.Log.Info().EmbedObject(e).Str("kid", rows[i].ID).Msg("an old signing key is deleted")
		}
	}
}

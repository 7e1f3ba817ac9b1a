package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"latchkey/internal/keyring"
	"latchkey/internal/store"
)

const leastPostgres = 150000 // 15

func (s *Subject) database(ctx context.Context, r *report) {
	postgres := s.Config.DatabaseURL != ""
	if !postgres {
		s.folder(r)
	}
	advice := "see that the server runs and DATABASE_URL names it, its user and its database"
	writes := "see that DATABASE_URL leads to a server that takes writes and has room on its disk; with several hosts in it, add target_session_attrs=read-write"
	if !postgres {
		advice = "see that DATA_DIR can be read and written"
		writes = "see that the disk of DATA_DIR has room and is not read-only"
	}
	switch {
	case errors.Is(s.DatabaseErr, fs.ErrNotExist):
		r.warn("database", "start the server, or run latchkey migrate", "there is no database in DATA_DIR yet; the first start makes it")
		return
	case s.DatabaseErr != nil:
		r.fail("database", advice, "%v", s.DatabaseErr)
		return
	}
	before := s.Now()
	server, err := s.Database.Server(ctx)
	if err != nil {
		r.fail("database", advice, "%v", err)
		return
	}
	switch {
	case !postgres:
		r.ok("database", "SQLite %s", server.Version)
	case server.Number < leastPostgres:
		r.fail("database", "move to PostgreSQL 15 or later", "PostgreSQL %s is too old", server.Version)
	default:
		r.ok("database", "PostgreSQL %s answers in %v", server.Version, s.Now().Sub(before).Round(time.Millisecond))
	}
	if postgres {
		r.clock("database", "PostgreSQL", server.Clock, s.Now())
	}
	if err := s.Pooler(ctx); err != nil {
		r.fail("database", "add default_query_exec_mode=exec to DATABASE_URL, or have the pooler lend connections by session", "%v", err)
		return
	}
	if !s.schema(ctx, r) {
		return
	}
	if err := s.Database.Write(ctx); err != nil {
		r.fail("database", writes, "%v", err)
	} else {
		r.ok("database", "it takes writes")
	}
	s.rows(ctx, r)
	s.foreignPasskeys(ctx, r)
	s.sealed(ctx, r)
	s.factors(ctx, r)
}

// foreignPasskeys looks for passkeys that no browser uses any more.
func (s *Subject) foreignPasskeys(ctx context.Context, r *report) {
	n, err := s.Database.ForeignPasskeys(ctx, s.Config.PasskeyDomain)
	switch {
	case err != nil:
		r.fail("passkeys", "try again", "%v", err)
	case n > 0 && s.Config.PasskeyDomain == "":
		r.warn("passkeys", "give the service the address that they were made at", "%s in the database can be used by no browser. %s", count(n, "passkey"), s.Config.PasskeysOff())
	case n > 0:
		r.warn("passkeys", "set PASSKEY_DOMAIN to the domain that they were made for, or have their owners add others",
			"%s in the database made for another domain than %s: no browser uses them", count(n, "passkey"), s.Config.PasskeyDomain)
	}
}

// sealed looks at what SECRET_KEY seals, and at the keys that the service makes.
func (s *Subject) sealed(ctx context.Context, r *report) {
	if s.Keys == nil {
		return
	}
	older, failed, err := s.Keys.SealedBefore(ctx)
	switch {
	case err != nil:
		r.fail("keys", "try again", "what is sealed in the database: %v", err)
		return
	case failed > 0:
		r.fail("keys", "put the secret that sealed it behind yours, as in SECRET_KEY=new,old, and run latchkey keys reseal; if it is lost, latchkey keys rotate --now makes new signing keys, and latchkey user reset-factors takes an app off",
			"%s in the database cannot be opened: %v, or altered", count(failed, "value"), keyring.ErrSealed)
	case older > 0:
		r.warn("keys", "run latchkey keys reseal before you drop the older secret", "%s in the database sealed by an older secret", count(older, "value"))
	}
	if _, _, auto := s.Config.AutoKeys(); !auto {
		return
	}
	list, err := s.Keys.List(ctx)
	if err != nil {
		r.fail("keys", "try again", "signing keys: %v", err)
		return
	}
	for _, k := range list {
		if k.State == keyring.Signing && k.Problem == "" {
			r.ok("keys", "the service makes the keys that sign access tokens; the present one is %s", k.ID)
		}
	}
	if len(list) == 0 {
		r.warn("keys", "start the server", "the service makes the keys that sign access tokens, and has none yet")
	}
}

// folder looks at who may read what SQLite keeps.
func (s *Subject) folder(r *report) {
	for _, path := range []string{s.Config.DataDir, s.Config.DatabaseFile()} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return // the first start makes it
		}
		if err != nil {
			r.fail("database", "see that DATA_DIR can be read and written", "DATA_DIR: %v", err)
			return
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			r.warn("database", "chmod go= "+path, "%s has mode %04o: others on this machine may read every hash", path, mode)
		}
	}
	f, err := os.OpenFile(s.Config.DatabaseFile(), os.O_RDWR, 0)
	if err != nil {
		r.fail("database", "give the folder and its files to the user who runs the server", "%v", err)
		return
	}
	_ = f.Close()
}

// schema says whether the tables are those that this program knows.
func (s *Subject) schema(ctx context.Context, r *report) (usable bool) {
	taken, err := s.Database.Steps(ctx)
	pending, unknown := steps(s.Steps, taken)
	switch {
	case errors.Is(err, store.ErrDenied):
		r.fail("database", s.grant(ctx), "the schema: %v", err)
	case err != nil:
		r.fail("database", "try again", "the schema: %v", err)
	case unknown > 0:
		r.warn("database", "run the newer program", "the schema is %s ahead of this program", count(unknown, "step"))
	case pending > 0 && s.grant(ctx) != "":
		r.fail("database", s.grant(ctx)+"; then run latchkey migrate", "the schema is %s behind this program, and this user may not make tables", count(pending, "step"))
	case pending > 0:
		r.warn("database", "run latchkey migrate, or start the server, which does the same", "the schema is %s behind this program", count(pending, "step"))
	default:
		return s.columns(ctx, r)
	}
	return err == nil && pending == 0
}

// columns says whether the tables have all that the migrations make.
func (s *Subject) columns(ctx context.Context, r *report) (usable bool) {
	there, err := s.Database.Columns(ctx)
	missing := slices.DeleteFunc(slices.Clone(s.Columns), func(column string) bool { return slices.Contains(there, column) })
	switch {
	case err != nil:
		r.fail("database", "try again", "the schema: %v", err)
	case len(missing) > 0:
		r.fail("database", "restore a backup, or add what is missing as the files in migrations have it",
			"the schema has all its steps and yet lacks %s, %s among them: somebody altered it, or a step was another when it was taken",
			count(len(missing), "column"), missing[0])
	default:
		r.ok("database", "the schema is up to date")
	}
	return err == nil && len(missing) == 0
}

// grant is what an owner of the database has to do before this user can make
// tables, or "".
func (s *Subject) grant(ctx context.Context) string {
	rights, err := s.Database.Rights(ctx)
	if err != nil {
		return ""
	}
	return rights.Missing()
}

// steps compares the steps that the program knows with those that were taken.
func steps(known, taken []int64) (pending, unknown int) {
	for _, step := range known {
		if !slices.Contains(taken, step) {
			pending++
		}
	}
	for _, step := range taken {
		if !slices.Contains(known, step) {
			unknown++
		}
	}
	return pending, unknown
}

// longWait is how old a waiting mail may be: a busy outbox is emptied in seconds.
const longWait = 10 * time.Minute

func (s *Subject) rows(ctx context.Context, r *report) {
	switch has, err := s.Database.HasAdmin(ctx); {
	case err != nil:
		r.fail("database", "try again", "administrators: %v", err)
	case !has:
		r.warn("database", "latchkey admin-link", "there is no administrator")
	default:
		r.ok("database", "there is an administrator")
	}
	outbox, err := s.Database.Outbox(ctx, store.Moment(s.Now()))
	if err != nil {
		r.fail("outbox", "try again", "%v", err)
		return
	}
	waits := s.Now().Sub(outbox.Oldest).Round(time.Minute)
	late := !outbox.Oldest.IsZero() && waits > longWait
	if late {
		r.warn("outbox", "see what latchkey mail list says of it; is a server running?", "%s, the oldest for %v", waiting(outbox), waits)
	}
	if outbox.Failed > 0 {
		r.warn("outbox", "latchkey mail list --failed says why; then latchkey mail retry or cancel",
			"%s given up in the last 30 days", count(int(outbox.Failed), "mail"))
	}
	if !late && outbox.Failed == 0 {
		r.ok("outbox", "%s, none was given up", waiting(outbox))
	}
}

func waiting(o *store.Outbox) string {
	if o.Waiting == 1 {
		return "1 mail waits"
	}
	return count(int(o.Waiting), "mail") + " wait"
}

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/store"
)

// What the servers must be at least.
const (
	leastPostgres                    = 150000 // 15
	leastRedisMajor, leastRedisMinor = 6, 2
)

func (s *Subject) database(ctx context.Context, r *report) {
	postgres := s.Config.DatabaseURL != ""
	if !postgres {
		s.folder(r)
	}
	advice := "see that the server runs and DATABASE_URL names it, its user and its database"
	if !postgres {
		advice = "see that DATA_DIR can be read and written"
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
	if s.schema(ctx, r) {
		s.rows(ctx, r)
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

// schema reports whether the tables are those that this program knows.
func (s *Subject) schema(ctx context.Context, r *report) (usable bool) {
	taken, err := s.Database.Steps(ctx)
	pending, unknown := steps(s.Steps, taken)
	switch {
	case err != nil:
		r.fail("database", "try again", "the schema: %v", err)
	case unknown > 0:
		r.warn("database", "run the newer program", "the schema is %s ahead of this program", count(unknown, "step"))
	case pending > 0:
		r.warn("database", "run latchkey migrate, or start the server, which does the same", "the schema is %s behind this program", count(pending, "step"))
	default:
		r.ok("database", "the schema is up to date")
	}
	return err == nil && pending == 0
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
		r.warn("database", "latchkey user create --admin --email … --username …", "there is no administrator")
	default:
		r.ok("database", "there is an administrator")
	}
	outbox, err := s.Database.Outbox(ctx)
	if err != nil {
		r.fail("outbox", "try again", "%v", err)
		return
	}
	waits := s.Now().Sub(outbox.Oldest).Round(time.Minute)
	late := outbox.Waiting > 0 && waits > longWait
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

func (s *Subject) redis(ctx context.Context, r *report) {
	if s.Config.RedisURL == "" {
		if s.Config.DatabaseURL != "" {
			r.ok("redis", "none: the database keeps one-time tokens, and each replica counts tries for itself")
		}
		return
	}
	const advice = "see that the server runs and REDIS_URL names it; until then each replica counts tries for itself, and no new link can be made"
	if s.RedisErr != nil {
		r.fail("redis", advice, "%v", s.RedisErr)
		return
	}
	before := s.Now()
	server, err := s.Redis.Server(ctx)
	if err != nil {
		r.fail("redis", advice, "%v", err)
		return
	}
	if tooOld(server.Version) {
		r.fail("redis", "move to Redis 6.2 or later", "Redis %s is too old", server.Version)
	} else {
		r.ok("redis", "Redis %s answers in %v", server.Version, s.Now().Sub(before).Round(time.Millisecond))
	}
	if server.Limited && server.Policy != "noeviction" {
		r.warn("redis", "set maxmemory-policy noeviction, and watch its memory",
			"it drops keys when its memory is full (%s): links in mails would die early, and guessers get new tries", server.Policy)
	}
	r.clock("redis", "Redis", server.Clock, s.Now())
}

func tooOld(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false // whatever it is, it answers
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (major < leastRedisMajor || major == leastRedisMajor && minor < leastRedisMinor)
}

func (s *Subject) mail(ctx context.Context, r *report) {
	if s.Config.Inbox() {
		r.ok("mail", "none goes out: it stays in the development inbox")
		return
	}
	at := net.JoinHostPort(s.Config.MailServer, strconv.Itoa(s.Config.MailPort))
	err := s.MailErr
	if err == nil {
		err = s.Mail.Check(ctx)
	}
	switch {
	case err != nil:
		r.fail("mail", "see MAIL_SERVER, MAIL_PORT, MAIL_TLS, MAIL_USERNAME and MAIL_PASSWORD; until then mail waits, for 24 h", "%s: %v", at, err)
	case s.Config.MailUsername == "":
		r.ok("mail", "%s greets (%s, without a login); no mail was sent", at, s.Config.MailTLS)
	default:
		r.ok("mail", "%s greets and takes the login (%s); no mail was sent", at, s.Config.MailTLS)
	}
}

// urlTime is how long PUBLIC_URL may take to answer.
const urlTime = 3 * time.Second

// url asks whether a server answers where people look for it. It may be that
// only this machine cannot reach it, so it is never a failure.
func (s *Subject) url(ctx context.Context, r *report) {
	ctx, cancel := context.WithTimeout(ctx, urlTime)
	defer cancel()
	at := s.Config.PublicURL.JoinPath("livez").String()
	const advice = "see that the server runs, and that PUBLIC_URL and the proxy lead to it; it may also be that only this machine cannot reach it"
	if err := s.Reach(ctx); err != nil {
		r.warn("url", advice, "%s: %v", at, err)
		return
	}
	r.ok("url", "%s answers", at)
}

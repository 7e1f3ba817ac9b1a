package doctor

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/mail"
)

const leastRedisMajor, leastRedisMinor = 6, 2

func (s *Subject) redis(ctx context.Context, r *report) {
	if s.Config.RedisURL == "" {
		if s.Config.DatabaseURL != "" {
			r.ok("redis", "none: the database keeps one-time tokens, and each replica counts tries for itself")
		}
		return
	}
	const advice = "see that the server runs, takes writes and REDIS_URL names it; until then each replica counts tries for itself, and the database keeps new links"
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
	switch took := s.Now().Sub(before).Round(time.Millisecond); {
	case server.Version == "":
		r.warn("redis", "see yourself that it is 6.2 or later and has maxmemory-policy noeviction, or let this user have +info",
			"Redis answers in %v; its version and whether it drops keys are unknown, since INFO is not allowed", took)
	case tooOld(server.Version):
		r.fail("redis", "move to Redis 6.2 or later", "Redis %s is too old", server.Version)
	default:
		r.ok("redis", "Redis %s answers in %v", server.Version, took)
	}
	if err := s.Redis.Write(ctx); err != nil {
		r.fail("redis", advice, "%v", err)
	}
	if server.Limited && server.Policy != "noeviction" {
		r.warn("redis", "set maxmemory-policy noeviction, and watch its memory",
			"it drops keys when its memory is full (%s): links in mails would die early, and guessers get new tries", server.Policy)
	}
	if !server.Clock.IsZero() {
		r.clock("redis", "Redis", server.Clock, s.Now())
	}
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
		err = s.Mail.Check(ctx, s.Config.MailFrom)
	}
	switch {
	case errors.Is(err, mail.ErrRefused), errors.Is(err, mail.ErrDelayed):
		r.warn("mail", "see whether it takes mail for other recipients; if not, see that it knows this service or its login",
			"%s refuses a mail to MAIL_FROM itself: %v", at, err)
	case err != nil:
		r.fail("mail", "see MAIL_SERVER, MAIL_PORT, MAIL_TLS, MAIL_USERNAME, MAIL_PASSWORD and MAIL_FROM; until then mail waits, for 24 h", "%v", err)
	case s.Config.MailUsername == "":
		r.ok("mail", "%s greets and takes mail (%s, without a login); no mail was sent", at, s.Config.MailTLS)
	default:
		r.ok("mail", "%s greets, takes the login and takes mail (%s); no mail was sent", at, s.Config.MailTLS)
	}
}

// breaches looks whether the list of stolen passwords can be read. Without it the service
// works, and takes passwords unseen or none at all.
func (s *Subject) breaches(ctx context.Context, r *report) {
	found, err := "", s.BreachesErr
	if s.Breaches != nil {
		found, err = s.Breaches(ctx)
	}
	switch {
	case s.BreachesErr != nil:
		r.fail("breaches", "see BREACHED_PASSWORDS; until then no server starts", "%v", err)
	case err != nil && s.Config.BreachedRefuse:
		r.fail("breaches", "see BREACHED_PASSWORDS; until then nobody registers or sets a new password", "%v", err)
	case err != nil:
		r.warn("breaches", "see BREACHED_PASSWORDS; until then new passwords are taken without looking whether they are stolen", "%v", err)
	case s.Breaches == nil:
		r.ok("breaches", "new passwords are not looked up among stolen ones (BREACHED_PASSWORDS is off)")
	default:
		r.ok("breaches", "%s", found)
	}
}

// traces looks whether the receiver takes traces. Nothing else depends on it.
func (s *Subject) traces(ctx context.Context, r *report) {
	if s.Traces == nil {
		return
	}
	at := s.Config.Traces.URL.Host
	if err := s.Traces(ctx); err != nil {
		r.warn("traces", "see OTEL_EXPORTER_OTLP_ENDPOINT, and that OTLP over HTTP is taken there, mostly at port 4318; until then traces are lost", "%s: %v", at, err)
		return
	}
	r.ok("traces", "%s takes traces", at)
}

// urlTime is how long PUBLIC_URL may take to answer.
const urlTime = 3 * time.Second

// url looks whether the service answers at PUBLIC_URL. Perhaps only this machine cannot
// reach it, so that is never a failure.
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

package mail

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"latchkey/internal/link"
	"latchkey/internal/outbox"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

// world is an outbox, a worker, a mail server and a clock that the test owns.
type world struct {
	t     *testing.T
	store *store.Store
	smtp  *faulty
	made  *tokens // whose count is that of the links
	links *link.Maker
	w     *outbox.Worker

	mu    sync.Mutex
	clock time.Time
	log   bytes.Buffer
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	x := &world{t: t, store: s, smtp: newFaulty(t), clock: time.Date(2026, 11, 24, 8, 15, 0, 0, time.UTC)}
	x.made = &tokens{Store: s}
	var err error
	x.links, err = link.New(link.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "auth.example.org"}, ResetTTL: time.Hour, Secrets: [][]byte{bytes.Repeat([]byte("k"), 32)}, Tokens: x.made, Store: s, Now: x.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	x.w = x.worker(smtpTo(t, x.smtp.addr, x.smtp.roots, nil))
	t.Cleanup(func() { // I7, in every test
		x.mu.Lock()
		defer x.mu.Unlock()
		if name := regexp.MustCompile(`\b(ada|eve|other)\b`).FindString(x.log.String()); name != "" {
			t.Errorf("the log holds the name %q:\n%s", name, x.log.String())
		}
		for _, secret := range []string{"@", "%40", "lko_", "http", "example", "Confirm"} {
			if strings.Contains(x.log.String(), secret) {
				t.Errorf("the log holds %q:\n%s", secret, x.log.String())
			}
		}
	})
	return x
}

// worker makes another worker, as a replica has one: only the outbox is shared.
func (x *world) worker(s Sender) *outbox.Worker {
	x.t.Helper()
	log := zerolog.New(x)
	w, err := NewWorker(Config{Store: x.store, Sender: s, Links: x.links, Counters: throttle.NewMemory(), Templates: builtInOf(x.t, withURL),
		From: "noreply@example.org", FromName: "Latchkey", Log: &log, Now: x.now})
	if err != nil {
		x.t.Fatal(err)
	}
	return w
}

// Write implements io.Writer: the log.
func (x *world) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.log.Write(p)
}

// logged is how many lines with this message the log has.
func (x *world) logged(message string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Count(x.log.String(), `"message":"`+message+`"`)
}

// tokens is the token store, which counts what it is given.
type tokens struct {
	*store.Store
	put atomic.Int64
}

func (t *tokens) PutToken(ctx context.Context, hash, payload []byte, now time.Time, ttl time.Duration) error {
	t.put.Add(1)
	return t.Store.PutToken(ctx, hash, payload, now, ttl)
}

var token = regexp.MustCompile(`lko_[A-Za-z0-9_-]{43}`)

// linked returns whom the links of a mail are for, by their usernames; what takes
// an event back is for "not me".
func (x *world) linked(m received) []string {
	x.t.Helper()
	var list []string
	for _, t := range token.FindAllString(unfolded(m), -1) {
		claim, err := x.links.Open(x.t.Context(), t, "", link.ConfirmRegistration, link.ConfirmNewEmail, link.ResetPassword, link.NotMe)
		if err != nil {
			x.t.Fatalf("a link of the mail to %s: %v", m.to, err)
		}
		name := "not me"
		switch {
		case claim.Purpose == link.ConfirmRegistration && claim.Registration == "": // whichever of its address
			all, err := x.store.RegistrationsByEmail(x.t.Context(), claim.EmailKey, "", x.now(), 1000)
			if err != nil {
				x.t.Fatal(err)
			}
			for _, r := range all {
				list = append(list, r.Username)
			}
			continue
		case claim.Registration != "":
			r, err := x.store.Registration(x.t.Context(), claim.Registration, x.now())
			if err != nil {
				x.t.Fatal(err)
			}
			name = r.Username
		case claim.User != "":
			u, err := x.store.UserByID(x.t.Context(), claim.User)
			if err != nil {
				x.t.Fatal(err)
			}
			name = u.Username
		}
		if !slices.Contains(list, name) { // in HTML and in text
			list = append(list, name)
		}
	}
	return list
}

func (x *world) now() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.clock
}

func (x *world) pass(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.clock = x.clock.Add(d)
}

func (x *world) tick() {
	x.t.Helper()
	if err := x.w.Tick(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
}

// sent ticks and returns what arrived.
func (x *world) sent() []received {
	x.t.Helper()
	x.tick()
	return x.smtp.mails()
}

func (x *world) id() string { return uuid.Must(uuid.NewV7()).String() }

// register writes a registration and its mail, as auth does for the developer's machine.
func (x *world) register(email, username, client string) *store.Registration {
	x.t.Helper()
	return x.registerOn("", email, username, client)
}

// registerOn is register for a client that shares a line.
func (x *world) registerOn(line, email, username, client string) *store.Registration {
	x.t.Helper()
	now := x.now()
	r := store.Registration{ID: x.id(), Email: email, EmailKey: strings.ToLower(email), Username: username, UsernameKey: strings.ToLower(username),
		PasswordHash: "x", Client: client, Device: "Firefox on Linux", CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
	m := store.Mail{ID: x.id(), Kind: store.MailConfirmRegistration, RecipientKey: r.EmailKey, Client: client, Line: line, RegistrationID: r.ID, CreatedAt: now}
	if err := x.store.Register(x.t.Context(), &r, nil, &m, r.ExpiresAt, store.RegistrationLimits{PerAddress: 100, PerClient: 100}); err != nil {
		x.t.Fatal(err)
	}
	return &r
}

func (x *world) resend(email, client string) {
	x.t.Helper()
	key := strings.ToLower(email)
	x.enqueue(&store.Mail{Kind: store.MailResendConfirmation, RecipientKey: key, Client: client,
		Dedupe: store.ResendDedupe(store.MailResendConfirmation, key, client)})
}

// reset asks for a reset, as auth does.
func (x *world) reset(email, client string) {
	x.t.Helper()
	key := strings.ToLower(email)
	x.enqueue(&store.Mail{Kind: store.MailPasswordReset, RecipientKey: key, Client: client,
		Dedupe: store.ResendDedupe(store.MailPasswordReset, key, client)})
}

// change has u ask for another address, as auth does.
func (x *world) change(u *store.User, email, client string) {
	x.t.Helper()
	key := strings.ToLower(email)
	x.tx(func(tx *store.Store) error {
		return tx.SetPendingEmail(x.t.Context(), u, email, key, x.now().Add(24*time.Hour))
	})
	x.enqueue(&store.Mail{Kind: store.MailConfirmNewEmail, UserID: u.ID, RecipientKey: key, Client: client,
		Dedupe: store.ResendDedupe(store.MailConfirmNewEmail, key, u.ID)})
}

// notice writes a notice about u, as auth does; event may be "".
func (x *world) notice(kind store.MailKind, u *store.User, event string) {
	x.t.Helper()
	x.enqueue(&store.Mail{Kind: kind, UserID: u.ID, RecipientKey: u.EmailKey, Client: "192.0.2.7", Admitted: true,
		Details: store.MailDetails{To: u.Email, Username: u.Username, New: "became", Event: event, Device: "Firefox on Linux", Address: "192.0.2.7", At: x.now()}})
}

func (x *world) tx(f func(tx *store.Store) error) {
	x.t.Helper()
	if err := x.store.InTx(x.t.Context(), f); err != nil {
		x.t.Fatal(err)
	}
}

// reread returns u as it is in the database now.
func (x *world) reread(u *store.User) *store.User {
	x.t.Helper()
	u, err := x.store.UserByID(x.t.Context(), u.ID)
	if err != nil {
		x.t.Fatal(err)
	}
	return u
}

// unfolded is a mail without the line breaks that its encoding put in.
func unfolded(m received) string { return strings.ReplaceAll(m.raw, "=\r\n", "") }

func (x *world) enqueue(m *store.Mail) {
	x.t.Helper()
	m.ID, m.CreatedAt = x.id(), x.now()
	if err := x.store.EnqueueMail(x.t.Context(), m); err != nil {
		x.t.Fatal(err)
	}
}

// user makes a user who logged in from client once.
func (x *world) user(email, username, client string) *store.User {
	x.t.Helper()
	now := x.now()
	u := store.User{ID: x.id(), Email: email, EmailKey: strings.ToLower(email), Username: username, PasswordHash: "x", Role: store.RoleUser, CreatedAt: now, UpdatedAt: now}
	err := x.store.InTx(x.t.Context(), func(tx *store.Store) error {
		return tx.CreateUser(x.t.Context(), &u, strings.ToLower(username))
	})
	if err != nil {
		x.t.Fatal(err)
	}
	session := x.id()
	err = x.store.OpenSession(x.t.Context(), &store.Opening{
		Event: &store.SecurityEvent{ID: session, At: now, Kind: store.EventLogin, UserID: &u.ID, SessionID: &session, Count: 1},
		Session: &store.Session{ID: session, UserID: u.ID, ClientID: "latchkey", DeviceName: "Firefox on Linux", RefreshKey: []byte{1}, Rotations: []byte{},
			CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour), EndsAt: now.Add(time.Hour)},
		PasswordHash: "x", From: store.Whence{Client: client, Device: "Firefox on Linux"}, MaxSessions: 100,
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return &u
}

func (x *world) outbox() *store.Outbox {
	x.t.Helper()
	o, err := x.store.Outbox(x.t.Context(), x.now())
	if err != nil {
		x.t.Fatal(err)
	}
	return o
}

func (x *world) wantOutbox(waiting, failed int64) {
	x.t.Helper()
	if o := x.outbox(); o.Waiting != waiting || o.Failed != failed {
		x.t.Errorf("%d mails wait and %d failed, want %d and %d", o.Waiting, o.Failed, waiting, failed)
	}
}

// each runs f in a world on each database.
func each(t *testing.T, f func(t *testing.T, x *world)) {
	t.Helper()
	testenv.EachStore(t, func(t *testing.T, s *store.Store) { f(t, newWorld(t, s)) })
}

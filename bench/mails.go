package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// sink is the least that a mail server can be: it takes every mail and keeps none.
type sink struct {
	net.Listener
	taken atomic.Int64
}

func openSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{Listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.converse(c)
		}
	}()
	return s, nil
}

// converse speaks as much of SMTP as one mail after the other needs.
func (s *sink) converse(c net.Conn) {
	defer func() { _ = c.Close() }()
	lines := bufio.NewReader(c)
	say := func(text string) bool { _, err := io.WriteString(c, text+"\r\n"); return err == nil }
	for ok := say("220 sink"); ok; {
		line, err := lines.ReadString('\n')
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch {
		case err != nil:
			return
		case verb == "DATA":
			ok = say("354 go on")
			for line != ".\r\n" && err == nil {
				line, err = lines.ReadString('\n')
			}
			s.taken.Add(1)
			ok = ok && say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			ok = say("250 sink")
		}
	}
}

// mailer is a product on PostgreSQL that sends mails to a sink.
type mailer struct {
	*sink
	product  *process
	database string
	db       *sql.DB
	me       []request
}

func (b *bench) openMailer(ctx context.Context) (*mailer, error) {
	s, err := openSink()
	if err != nil {
		return nil, err
	}
	m := &mailer{sink: s}
	var url string
	if m.database, url, err = b.pg.create(ctx); err != nil {
		return nil, err
	}
	if m.db, err = sql.Open("pgx", url); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(s.Addr().String())
	env := append(settings(b.secret, b.dir, url, b.redis), "MAIL_PORT="+port)
	if m.product, err = start(ctx, b.dir, "mailer", b.program, env); err != nil {
		return nil, err
	}
	people, err := createUsers(ctx, b.program, env, residents)
	if err != nil {
		return nil, err
	}
	sessions, err := openSessions(m.product.addr, people, b.sessions)
	if err != nil {
		return nil, m.product.explain(err)
	}
	for _, v := range sessions {
		m.me = append(m.me, meRequest(v))
	}
	return m, nil
}

func (m *mailer) close() {
	m.product.stop()
	_ = m.db.Close()
	_ = m.Close()
}

// write has n mails wait.
func (m *mailer) write(ctx context.Context, n int) error {
	_, err := m.db.ExecContext(ctx, `INSERT INTO outbox (id, kind, recipient_key, client, details, admitted, attempts, last_error, created_at, due_at)
		SELECT gen_random_uuid()::text, 'password_changed', 'ada@example.org', '', '{"to":"ada@example.org","username":"ada","at":"2026-01-01T00:00:00Z"}',
		TRUE, 0, '', now(), now() FROM generate_series(1, $1::int)`, n)
	return err
}

// mails measures `me` at half of what the server can answer, without mails and while more
// of them wait than it can send meanwhile.
func (b *bench) mails(ctx context.Context) error {
	m, workers := b.mailer, spread(openConns, b.mailer.me)
	most, err := load(m.product.addr, b.options.round/2, workers)
	if err != nil {
		return m.product.explain(err)
	}
	half := int(most.rate() / 2)
	without, err := b.costOf(ctx, m.product, m.database, func() error { return b.atRate(ctx, "mails none", m.product, workers, half) })
	if err != nil {
		return err
	}
	if err := m.write(ctx, int(1000*b.options.round.Seconds())); err != nil {
		return err
	}
	before := m.taken.Load()
	with, err := b.costOf(ctx, m.product, m.database, func() error { return b.atRate(ctx, "mails many", m.product, workers, half) })
	if err != nil {
		return err
	}
	sent := float64(m.taken.Load() - before)
	if sent == 0 {
		return errors.New("no mail was sent")
	}
	b.measured.add("mails rate", sent/(1.1*b.options.round.Seconds())) // with the warm-up
	b.measured.add("mails cpu", micros(with-without)/1000/sent)
	_, err = m.db.ExecContext(ctx, `DELETE FROM outbox`)
	return err
}

// costOf returns what a server and its database use of the cores while something is done.
func (b *bench) costOf(ctx context.Context, p *process, database string, do func() error) (time.Duration, error) {
	before, err := b.databaseTime(ctx, database)
	if err != nil {
		return 0, err
	}
	server := cpuTime(p.pid())
	if err := do(); err != nil {
		return 0, err
	}
	after, err := b.databaseTime(ctx, database)
	return cpuTime(p.pid()) - server + after - before, err
}

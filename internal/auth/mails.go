package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// MailState says whether a mail of the outbox will still be sent.
type MailState string

// The states there are.
const (
	MailWaiting MailState = "WAITING" // to be sent, or tried again
	MailFailed  MailState = "FAILED"  // given up; it stays for a while for somebody to see it
)

// QueuedMail is a mail that was not sent yet, as administrators see it. There is no
// link in it: links are made when a mail is sent.
type QueuedMail struct {
	ID        string
	Kind      string  // of store.MailKind
	To        string  // the address that it is about, as addresses are compared
	UserID    *string // whose account it is about; nil where it is about none, or that is found out later
	State     MailState
	CreatedAt time.Time
	Tries     int // that a mail server answered
	DueAt     *time.Time
	LastError *string // of the last try, without addresses; nil if there was none, or while it is on its way
}

// QueuedMailConnection is a page of the outbox.
type QueuedMailConnection struct {
	Edges    []QueuedMailEdge
	Nodes    []QueuedMail
	PageInfo PageInfo
}

// QueuedMailEdge is a mail's place on a page.
type QueuedMailEdge struct {
	Cursor string
	Node   *QueuedMail
}

// MailList says which mails of the outbox are asked for.
type MailList struct {
	First  *int
	After  *string
	Failed bool // only those that were given up
}

// Mails returns a page of the outbox, the oldest first.
// BadUserInput.
func (s *Service) Mails(ctx context.Context, q MailList) (*QueuedMailConnection, error) {
	asked := PageQuery{First: q.First, After: q.After}
	page, n, err := asked.page()
	if err != nil {
		return nil, err
	}
	var after store.Place
	if page.After != nil {
		after = *page.After
	}
	rows, err := s.store.ListMail(ctx, q.Failed, after, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("mails: %w", err)
	}
	place := func(m *store.Mail) string { return cursor(m.CreatedAt, m.ID) }
	c := &QueuedMailConnection{}
	rows, c.PageInfo = onPage(rows, asked, n, place)
	c.Nodes, c.Edges = make([]QueuedMail, len(rows)), make([]QueuedMailEdge, len(rows))
	for i := range rows {
		c.Nodes[i] = queued(&rows[i])
		c.Edges[i] = QueuedMailEdge{Cursor: place(&rows[i]), Node: &c.Nodes[i]}
	}
	return c, nil
}

func queued(m *store.Mail) QueuedMail {
	q := QueuedMail{
		ID: m.ID, Kind: string(m.Kind), To: m.RecipientKey, UserID: given(m.UserID), State: MailWaiting, CreatedAt: m.CreatedAt, Tries: m.Attempts,
		DueAt: &m.DueAt, LastError: given(m.LastError),
	}
	if m.FailedAt != nil {
		q.State, q.DueAt = MailFailed, nil
	}
	return q
}

// RetryMailInput is the argument of RetryMail.
type RetryMailInput struct{ MailID string }

// RetryMail makes a mail due at once as if it had never been tried, also one that was
// given up. The mistake is NOT_FOUND, also if the mail is on its way just now, or
// waits because its recipient had as many as may be.
func (s *Service) RetryMail(ctx context.Context, a Actor, in RetryMailInput) (*QueuedMail, error) {
	var m *store.Mail
	err := s.record(ctx, a, store.EventMailRetried, func(tx *store.Store, e *store.SecurityEvent) (err error) {
		if m, err = tx.ResumeMail(ctx, in.MailID, e.At); err == nil {
			e.UserID = given(m.UserID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, userError(NotFound, "mailId", "There is no such mail, or it is on its way, or its recipient had as many as may be.")
	} else if err != nil {
		return nil, fmt.Errorf("retry mail: %w", err)
	}
	s.mailQueued()
	q := queued(m)
	return &q, nil
}

// RetryAllMails does what [Service.RetryMail] does to every mail that it can be done to, and
// returns how many those are.
func (s *Service) RetryAllMails(ctx context.Context, a Actor) (int, error) {
	n := 0
	err := s.record(ctx, a, store.EventMailRetried, func(tx *store.Store, e *store.SecurityEvent) error {
		resumed, err := tx.ResumeAllMail(ctx, e.At)
		if n = int(resumed); err == nil && n == 0 {
			err = errUnchanged
		}
		e.Count = n
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("retry mails: %w", err)
	}
	s.mailQueued()
	return n, nil
}

// CancelMailInput is the argument of CancelMail.
type CancelMailInput struct{ MailID string }

// CancelMail deletes a mail that waits or was given up. One that is on its way at
// this moment may still arrive. The mistake is NOT_FOUND.
func (s *Service) CancelMail(ctx context.Context, a Actor, in CancelMailInput) error {
	err := s.record(ctx, a, store.EventMailCancelled, func(tx *store.Store, e *store.SecurityEvent) error {
		m, err := tx.CancelMail(ctx, in.MailID)
		if err == nil {
			e.UserID = given(m.UserID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return userError(NotFound, "mailId", "There is no such mail.")
	} else if err != nil {
		return fmt.Errorf("cancel mail: %w", err)
	}
	return nil
}

// CancelAllMailsInput is the argument of CancelAllMails.
type CancelAllMailsInput struct {
	Failed bool // only those that were given up
}

// CancelAllMails deletes every mail that was given up, or every mail there is, and returns how
// many those were. Those that are on their way at this moment may still arrive.
func (s *Service) CancelAllMails(ctx context.Context, a Actor, in CancelAllMailsInput) (int, error) {
	e := event(a, store.EventMailCancelled, "", s.now())
	e.Count = 0
	for {
		n, err := s.part(ctx, e, func(tx *store.Store) (int, error) {
			n, err := tx.CancelAllMail(ctx, in.Failed)
			return int(n), err
		})
		if err != nil {
			return e.Count, fmt.Errorf("cancel mails: after %d: %w", e.Count, err)
		}
		if n == 0 {
			if e.Count > 0 {
				s.logEvent(e)
			}
			return e.Count, nil
		}
	}
}

package auth

import (
	"context"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/store"
)

// Statistics are numbers of the last days and of now.
type Statistics struct {
	Days    []DayStatistics // the oldest first, without gaps; the last is today
	service *Service
}

// DayStatistics is what happened on a day.
type DayStatistics struct {
	Day                                                           string // in UTC: 2026-11-25
	Registrations, Logins, RefusedLogins, MailsSent, MailsGivenUp int
}

// CurrentStatistics is how it is now.
type CurrentStatistics struct {
	MailsWaiting int
	OldestMailAt *time.Time // of those that might have gone; nil if there are none
	MailsGivenUp int
	Users        int // up to mostCounted
	Sessions     int // that are live, the same
}

// maxDays is of how many days numbers are kept.
const maxDays = int(store.KeepActs / (24 * time.Hour))

// Statistics returns the numbers of so many days, today included. BadUserInput.
func (s *Service) Statistics(ctx context.Context, days int) (*Statistics, error) {
	if days < 1 || days > maxDays {
		return nil, &Error{Code: BadUserInput, Message: fmt.Sprintf("There are numbers of 1 to %d days.", maxDays)}
	}
	now := s.now()
	all := &Statistics{service: s, Days: make([]DayStatistics, days)}
	index := make(map[string]*DayStatistics, days)
	for i := range days {
		day := &all.Days[i]
		day.Day = store.Day(now.AddDate(0, 0, i+1-days))
		index[day.Day] = day
	}
	counts, err := s.store.Days(ctx, all.Days[0].Day, all.Days[days-1].Day)
	if err != nil {
		return nil, fmt.Errorf("statistics: %w", err)
	}
	for _, c := range counts {
		day := index[c.Day]
		switch c.Kind {
		case store.DayRegistrations:
			day.Registrations = c.N
		case store.DayLogins:
			day.Logins = c.N
		case store.DayRefusedLogins:
			day.RefusedLogins = c.N
		case store.DayMailsSent:
			day.MailsSent = c.N
		case store.DayMailsGivenUp:
			day.MailsGivenUp = c.N
		}
	}
	return all, nil
}

// Now returns the numbers of this moment.
func (t *Statistics) Now(ctx context.Context) (*CurrentStatistics, error) {
	s := t.service
	outbox, err := s.store.Outbox(ctx, s.now())
	if err != nil {
		return nil, fmt.Errorf("statistics: %w", err)
	}
	now := &CurrentStatistics{MailsWaiting: int(outbox.Waiting), MailsGivenUp: int(outbox.Failed)}
	if !outbox.Oldest.IsZero() {
		now.OldestMailAt = &outbox.Oldest
	}
	if now.Users, now.Sessions, err = s.population.count(ctx, s); err != nil {
		return nil, fmt.Errorf("statistics: %w", err)
	}
	return now, nil
}

const (
	// mostCounted is how many users, and sessions, are counted at most: a million take
	// half a second.
	mostCounted = 1_000_000
	// counts are kept for a while, and the longer the longer they took, so that who looks
	// at them has the database count for a hundredth of the time at most.
	countsKept  = 10 * time.Second
	countsShare = 100
)

// population is how many users and sessions there are, as counted last.
type population struct {
	mu              sync.Mutex
	users, sessions int
	until           time.Time // by the process's own clock
}

// count returns the numbers, of which one call at a time counts them anew.
func (p *population) count(ctx context.Context, s *Service) (users, sessions int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	began := time.Now()
	if began.Before(p.until) {
		return p.users, p.sessions, nil
	}
	if users, sessions, err = s.store.Population(ctx, s.now(), mostCounted); err != nil {
		return 0, 0, err
	}
	p.users, p.sessions = users, sessions
	p.until = time.Now().Add(max(countsKept, countsShare*time.Since(began)))
	return users, sessions, nil
}

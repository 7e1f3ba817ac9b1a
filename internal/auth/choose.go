package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

// A link of a mail proves who reads the mails of an address. So it is good for
// every registration of that address which is unfinished, whoever made it and
// whichever the mail was about: what strangers register for somebody's address
// keeps that somebody from nothing. Which of several it is shows by the username
// and the password that were chosen, since a stranger's is not to be opened by
// mistake.
const (
	maxOpen     = 500 // registrations of one address that are looked at
	maxCompared = 16  // of one username that a password is compared with
)

// openRegistrations returns what a link can confirm: all that is unfinished of its
// address, at least one, those of the actor's client first; and among them the one
// that the link was made for, or nil.
func (s *Service) openRegistrations(ctx context.Context, a Actor, l link.Claim) (own *store.Registration, list []store.Registration, err error) {
	now := s.now()
	list, err = s.store.RegistrationsByEmail(ctx, l.EmailKey, a.Client.Key(), now, maxOpen)
	if err != nil {
		return nil, nil, fmt.Errorf("confirm: %w", err)
	}
	i := slices.IndexFunc(list, func(r store.Registration) bool { return r.ID == l.Registration })
	if i < 0 && len(list) == maxOpen { // strangers may have pushed it out
		r, err := s.store.Registration(ctx, l.Registration, now)
		switch {
		case err == nil && !r.Closed:
			i, list = 0, append([]store.Registration{*r}, list...)
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return nil, nil, fmt.Errorf("confirm: %w", err)
		}
	}
	if len(list) == 0 {
		return nil, nil, errToken()
	}
	if i >= 0 {
		own = &list[i]
	}
	return own, list, nil
}

// choose returns the registration that was made with the username and the password
// typed; without a username, that of the link.
func (s *Service) choose(ctx context.Context, a Actor, own *store.Registration, list []store.Registration, in ConfirmLink) (*store.Registration, error) {
	wrong := userError(WrongPassword, "password", "Type the username and the password that you chose when you registered.")
	if in.Password == "" {
		return nil, wrong
	}
	key, candidates := "", list
	switch {
	case names.Trim(in.Username) != "":
		username, _ := names.ParseUsername(in.Username)
		key = username.Key
		candidates = slices.DeleteFunc(slices.Clone(list), func(r store.Registration) bool { return r.UsernameKey != key })
	case own != nil:
		key, candidates = own.UsernameKey, []store.Registration{*own}
	}
	t, err := s.countTry(ctx, a, "registration:"+list[0].EmailKey+" "+key, nil)
	if err != nil {
		return nil, fmt.Errorf("confirm: %w", err)
	}
	if candidates = spread(candidates, a.Client.Key()); len(candidates) == 0 {
		candidates = []store.Registration{{}} // without a hash, it is a try all the same
	}
	for i := range candidates[:min(len(candidates), maxCompared)] {
		compare := t.compareToo // all of them are one try
		if i == 0 {
			compare = func(ctx context.Context, hash, typed string) error { return t.compare(ctx, hash, typed, known{}) }
		}
		switch err := compare(ctx, candidates[i].PasswordHash, in.Password); {
		case err == nil:
			t.giveBack(ctx)
			return &candidates[i], nil
		case !errors.Is(err, errMismatch):
			return nil, fmt.Errorf("confirm: %w", err)
		}
	}
	return nil, wrong
}

// spread orders registrations so that many of one network do not push another's
// out: those of one client first, then one of each network, then the second ones.
// Among equals the order stays.
func spread(list []store.Registration, client string) []store.Registration {
	seen, turn := map[string]int{}, make(map[string]int, len(list))
	for i := range list {
		if r := &list[i]; r.Client != client {
			seen[networkOf(r.Client)]++
			turn[r.ID] = seen[networkOf(r.Client)]
		}
	}
	slices.SortStableFunc(list, func(a, b store.Registration) int { return turn[a.ID] - turn[b.ID] })
	return list
}

// networkOf is where the client with a key is, as in Client.network.
func networkOf(key string) string {
	addr, err := netip.ParseAddr(key)
	if prefix, failed := netip.ParsePrefix(key); failed == nil {
		addr, err = prefix.Addr(), nil
	}
	if err != nil {
		return key
	}
	if network := (Client{Addr: addr}).Network(); network != nil {
		return *network
	}
	return key
}

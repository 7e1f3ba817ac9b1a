package auth

import (
	"context"
	"errors"

	"latchkey/internal/link"
)

// openLink returns what a token for one of some purposes stands for. The mistake
// is TOKEN_INVALID if it is unknown, expired, of another kind or, where an
// address is given, mailed to another; that counts as refused, unless nobody does
// anything with it.
func (s *Service) openLink(ctx context.Context, a Actor, token, email string, purposes ...link.Purpose) (link.Claim, error) {
	l, err := s.links.Open(ctx, token, email, purposes...)
	if errors.Is(err, link.ErrDead) {
		if a.Way != "" {
			s.countRefusal(a, deadLink, "", "")
		}
		return link.Claim{}, errToken()
	}
	return l, err
}

// dropLink removes the token of a link that was used. The link is dead already, so a
// failure is logged and is no matter of the caller's.
func (s *Service) dropLink(ctx context.Context, token string) {
	if _, err := s.links.Take(context.WithoutCancel(ctx), token); err != nil && !errors.Is(err, link.ErrDead) {
		s.log.Warn().Err(err).Msg("drop link")
	}
}

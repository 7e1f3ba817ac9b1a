package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

func (m mutation) RevokeSession(ctx context.Context, in auth.RevokeSessionInput) (*gen.RevokeSessionPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.RevokeSession(ctx, a, in); err != nil {
		errs, err := expected(ctx, err)
		return &gen.RevokeSessionPayload{Errors: errs}, err
	}
	return &gen.RevokeSessionPayload{RevokedSessionID: &in.SessionID, User: a.Viewer.User}, nil
}

func (m mutation) RevokeOtherSessions(ctx context.Context) (*gen.RevokeOtherSessionsPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	n, err := m.auth.RevokeOtherSessions(ctx, a)
	if err != nil {
		return nil, err
	}
	return &gen.RevokeOtherSessionsPayload{Count: &n, User: a.Viewer.User}, nil
}

func (u user) Sessions(ctx context.Context, obj *store.User) ([]store.Session, error) {
	p := pagesFrom(ctx).of(obj.ID)
	if p == nil {
		return u.auth.Sessions(ctx, obj.ID)
	}
	all, err := p.sessions.load(func() (map[string][]store.Session, error) { return u.auth.SessionsOf(ctx, p.ids) })
	if list := all[obj.ID]; list != nil || err != nil {
		return list, err
	}
	return []store.Session{}, nil // none is not null, which is for who may not see them
}

func (s session) LastRefresh(_ context.Context, obj *store.Session) (*auth.SessionRefresh, error) {
	return s.auth.LastRefresh(obj), nil
}

func (s session) Current(ctx context.Context, obj *store.Session) (bool, error) {
	v, err := request.From(ctx).Viewer(ctx)
	return err == nil && v.Session.ID == obj.ID, nil
}

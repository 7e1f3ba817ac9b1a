package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

func (m mutation) RemoveFactor(ctx context.Context, in auth.RemoveFactorInput) (*gen.RemoveFactorPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.RemoveFactor(ctx, a, in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.RemoveFactorPayload{Errors: errs}, err
	}
	return &gen.RemoveFactorPayload{RemovedFactorID: &in.FactorID, User: u}, nil
}

func (m mutation) RequireSecondFactor(ctx context.Context, in auth.RequireSecondFactorInput) (*gen.RequireSecondFactorPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.RequireSecondFactor(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.RequireSecondFactorPayload{User: u, Errors: errs}, err
}

func (m mutation) MakeRecoveryCodes(ctx context.Context) (*gen.MakeRecoveryCodesPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	done, err := m.auth.MakeRecoveryCodes(ctx, a)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.MakeRecoveryCodesPayload{Errors: errs}, err
	}
	return &gen.MakeRecoveryCodesPayload{User: done.User, RecoveryCodes: done.RecoveryCodes}, nil
}

func (q query) LoginMethods(context.Context) (*auth.LoginMethods, error) {
	return q.auth.LoginMethods(), nil
}

func (u user) Factors(ctx context.Context, obj *store.User) ([]auth.Factor, error) {
	f, err := u.factorsOf(ctx, obj)
	if err != nil || f.List != nil {
		return f.List, err
	}
	return []auth.Factor{}, nil // none is not null, which is for who may not see them
}

func (u user) SecondFactorRequired(ctx context.Context, obj *store.User) (*bool, error) {
	f, err := u.factorsOf(ctx, obj)
	return &f.Required, err
}

func (u user) RecoveryCodes(ctx context.Context, obj *store.User) (*store.RecoveryCodes, error) {
	f, err := u.factorsOf(ctx, obj)
	return f.RecoveryCodes, err
}

func (u user) HasPassword(_ context.Context, obj *store.User) (*bool, error) {
	return new(obj.PasswordHash != ""), nil
}

func (u user) PasskeyUserID(_ context.Context, obj *store.User) (*string, error) {
	return new(u.auth.PasskeyUserID(obj)), nil
}

// factorsOf returns what a user has besides the password, which is read for the whole page
// that the user is on.
func (u user) factorsOf(ctx context.Context, obj *store.User) (auth.AccountFactors, error) {
	p := pagesFrom(ctx).with(obj)
	all, err := p.factors.load(func() (map[string]auth.AccountFactors, error) { return u.auth.FactorsOf(ctx, p.users) })
	return all[obj.ID], err
}

func (s session) Proofs(_ context.Context, obj *store.Session) ([]auth.ProofKind, error) {
	return s.auth.Proofs(obj), nil
}

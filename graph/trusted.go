package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

func (u user) TrustedDevices(ctx context.Context, obj *store.User) ([]store.TrustedDevice, error) {
	p := pagesFrom(ctx).with(obj)
	all, err := p.trusted.load(func() (map[string][]store.TrustedDevice, error) { return u.auth.TrustedDevicesOf(ctx, p.ids) })
	if err != nil || all[obj.ID] != nil {
		return all[obj.ID], err
	}
	return []store.TrustedDevice{}, nil // none is not null, which is for who may not see them
}

func (m mutation) ForgetDevice(ctx context.Context, in auth.ForgetDeviceInput) (*gen.ForgetDevicePayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ForgetDevice(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.ForgetDevicePayload{User: u, Errors: errs}, err
}

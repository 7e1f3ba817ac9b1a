package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (q query) Mails(ctx context.Context, first *int, after *string, failed bool) (*auth.QueuedMailConnection, error) {
	return q.auth.Mails(ctx, auth.MailList{First: first, After: after, Failed: failed})
}

func (m mutation) RetryMail(ctx context.Context, in auth.RetryMailInput) (*gen.RetryMailPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	mail, err := m.auth.RetryMail(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.RetryMailPayload{Mail: mail, Errors: errs}, err
}

func (m mutation) RetryAllMails(ctx context.Context) (*gen.RetryAllMailsPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	n, err := m.auth.RetryAllMails(ctx, a)
	if err != nil {
		return nil, err
	}
	return &gen.RetryAllMailsPayload{Count: &n}, nil
}

func (m mutation) CancelMail(ctx context.Context, in auth.CancelMailInput) (*gen.CancelMailPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.CancelMail(ctx, a, in); err != nil {
		errs, err := expected(ctx, err)
		return &gen.CancelMailPayload{Errors: errs}, err
	}
	return &gen.CancelMailPayload{CancelledMailID: &in.MailID}, nil
}

func (m mutation) CancelAllMails(ctx context.Context, in auth.CancelAllMailsInput) (*gen.CancelAllMailsPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	n, err := m.auth.CancelAllMails(ctx, a, in)
	if err != nil {
		return nil, err
	}
	return &gen.CancelAllMailsPayload{Count: &n}, nil
}

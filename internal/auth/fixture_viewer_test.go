package auth_test

import (
	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/store"
)

const newPassword = "another lamp by the sea"

// reload returns v as their next request has them.
func (f *fixture) reload(v *auth.Viewer) *auth.Viewer {
	f.t.Helper()
	s, u, err := f.store.SessionWithUser(f.t.Context(), v.Session.ID, f.Now())
	must(f.t, err)
	return &auth.Viewer{User: u, Session: s}
}

func (f *fixture) changePassword(v *auth.Viewer, current, typed string, c auth.Actor) error {
	_, err := f.ChangePassword(f.t.Context(), as(v, c), auth.ChangePasswordInput{CurrentPassword: &current, NewPassword: typed})
	return err
}

func (f *fixture) changeEmail(v *auth.Viewer, address, typed string, c auth.Actor) error {
	_, err := f.ChangeEmail(f.t.Context(), as(v, c), auth.ChangeEmailInput{Email: address, Password: &typed})
	return err
}

func (f *fixture) changeUsername(v *auth.Viewer, username string) error {
	_, err := f.ChangeUsername(f.t.Context(), as(v, client(1)), auth.ChangeUsernameInput{Username: username})
	return err
}

func (f *fixture) deleteAccount(v *auth.Viewer, typed string) error {
	return f.DeleteAccount(f.t.Context(), as(v, client(1)), auth.DeleteAccountInput{Password: &typed})
}

// newest returns the newest mail of a kind to an address.
func (f *fixture) newest(to string, kind store.MailKind) *mail.Message {
	f.t.Helper()
	for _, m := range f.mails(to) {
		if m.Kind == kind {
			return m
		}
	}
	f.t.Fatalf("no mail %s to %s", kind, to)
	return nil
}

// token returns the one token of that mail.
func (f *fixture) token(to string, kind store.MailKind) string {
	f.t.Helper()
	tokens := f.tokens(f.newest(to, kind))
	if len(tokens) != 1 {
		f.t.Fatalf("a mail %s with %d links, want 1", kind, len(tokens))
	}
	return tokens[0]
}

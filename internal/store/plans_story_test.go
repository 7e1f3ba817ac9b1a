package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/store"
)

// story runs every statement of the store on a database that fill filled, each as its use
// case would.
func story(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	// does goes on whatever a statement answers: some of it is in the way of the rest.
	does := func(_ any, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
	}
	do := func(err error) { t.Helper(); does(nil, err) }
	within := func(f func(tx *store.Store) error) { t.Helper(); do(s.InTx(ctx, f)) }
	soon, later := noon.Add(time.Hour), noon.Add(24*time.Hour)
	id := func(kind string, i int) string { return kind + fmt.Sprint(100_000_000+i) }
	address := func(kind string, i int) string { return id(kind, i) + "@example.org" }
	user := func(i int) *store.User {
		u, err := s.UserByID(ctx, id("u", i))
		must(t, err)
		return u
	}
	from := store.Whence{Client: id("c", 17), Device: id("c", 17), Network: id("c", 17)}
	bytesOf := func(i int) []byte { return []byte(id("", i)) }
	events := 0
	event := func(i int, session string) *store.SecurityEvent {
		events++
		return &store.SecurityEvent{ID: id("new", events), At: noon, Kind: store.EventLogin, Outcome: store.OutcomeSuccess,
			UserID: new(id("u", i)), Actor: store.ActorUser, Way: store.WayAPI, SessionID: &session, Count: 1}
	}
	mail := func(i int) *store.Mail {
		return &store.Mail{ID: id("new", i), Kind: store.MailPasswordReset, Dedupe: id("new", i), RecipientKey: address("h", i), Client: id("c", i),
			Line: id("l", i), CreatedAt: noon}
	}

	// Who is there.
	does(s.UserByEmail(ctx, address("", 17)))
	does(s.UsersByID(ctx, ids("u", 1, 20)))
	does(s.UserByAny(ctx, id("u", 17), address("", 17), id("n", 17)))
	does(s.LoginCandidate(ctx, store.LoginKey{Email: address("", 17)}, from, noon))
	does(s.LoginCandidate(ctx, store.LoginKey{Username: id("n", 17)}, from, noon))
	does(s.ClientFamiliar(ctx, id("u", 17), from.Client, noon))
	does(s.Sessions(ctx, id("u", 17), noon))
	_, _, err := s.SessionWithUser(ctx, id("s", 17), noon)
	do(err)
	for _, p := range []store.Page{
		{Limit: 50}, {Limit: 50, Last: true},
		{Limit: 50, After: &store.Place{At: noon.Add(-people / 2 * time.Second), ID: id("u", people/2)}},
		{Limit: 50, Before: &store.Place{At: noon.Add(-people / 2 * time.Second), ID: id("u", people/2)}, Last: true},
	} {
		for _, role := range []store.Role{"", store.RoleUser, store.RoleAdmin} {
			for _, disabled := range []*bool{nil, new(true), new(false)} {
				for _, search := range []string{"", "17"} {
					does(s.Users(ctx, store.UserFilter{Role: role, Disabled: disabled, Search: search}, p))
				}
			}
		}
		does(s.SecurityEvents(ctx, id("u", 17), p))
	}
	does(s.CountUsers(ctx, store.UserFilter{}, 0))
	does(s.CountUsers(ctx, store.UserFilter{Search: "17"}, 0))
	for _, p := range []store.NamePage{
		{Limit: 50}, {Limit: 50, Last: true}, {Limit: 50, After: &store.NamePlace{Key: id("n", 17)}},
		{Limit: 50, Before: &store.NamePlace{Address: true, Key: address("", 17)}, Last: true},
	} {
		for _, search := range []string{id("n", 17), id("n", 1)[:1], address("", 1)[:3]} {
			does(s.FindUsers(ctx, store.UserFilter{Search: search}, p))
		}
	}
	does(s.CountFound(ctx, store.UserFilter{Search: id("n", 1)[:2]}, 1001))
	does(s.EndAllSessions(ctx, noon.Add(-1000*time.Hour)))
	does(s.SessionsOf(ctx, ids("u", 1, 20), noon))
	does(s.SecurityEventsOf(ctx, ids("u", 1, 20), 10))
	does(s.ExportUsers(ctx, time.Time{}, "", 250))
	does(s.ExportUsers(ctx, noon.Add(-people/2*time.Second), id("u", people/2), 250))
	does(s.Administrators(ctx, id("u", 2000), id("u", 4000), 10))
	does(s.HasAdmin(ctx))
	if err := s.InTx(ctx, func(tx *store.Store) error { return tx.NoAdministrator(ctx) }); !errors.Is(err, store.ErrHasAdmin) {
		t.Error(err)
	}
	within(func(tx *store.Store) error { return tx.Invite(ctx, user(17), soon) })
	for _, p := range []store.Page{{Limit: 50}, {Limit: 50, Last: true}} {
		does(s.Users(ctx, store.UserFilter{Invited: new(true)}, p))
		does(s.Users(ctx, store.UserFilter{Invited: new(false)}, p))
	}
	does(s.CountUsers(ctx, store.UserFilter{Invited: new(true)}, 0))

	// What opens accounts besides passwords.
	_, _, err = s.FactorsOf(ctx, id("u", 17), from.Client, noon)
	do(err)
	does(s.TOTPsOf(ctx, ids("u", 1, 20)))
	does(s.RecoveryCodesOf(ctx, ids("u", 1, 20)))
	_, _, err = s.HasRecoveryCode(ctx, id("u", 17), bytesOf(17))
	do(err)
	for _, limit := range []store.TryLimit{{PerHour: 10, PerDay: 10}, {PerHour: 1, PerDay: 1}} {
		_, _, err = s.CountFactorTry(ctx, id("u", 17), store.TriesTOTP, false, limit, noon)
		do(err)
	}
	within(func(tx *store.Store) error { return tx.TellOfTries(ctx, user(17), store.TriesTOTP, noon) })
	claim := store.Claim{Hash: bytesOf(people + 1), ExpiresAt: soon}
	app := &store.TOTP{ID: id("new", 17), Name: "d", Secret: bytesOf(17), CreatedAt: noon}
	within(func(tx *store.Store) error {
		return errors.Join(tx.Use(ctx, claim, id("s", 17)), tx.AddTOTP(ctx, user(17), app, noon), tx.SetRecoveryCodes(ctx, id("u", 17), [][]byte{bytesOf(people + 17)}, noon),
			tx.StepUp(ctx, id("s", 17), "PASSWORD TOTP", noon))
	})
	within(func(tx *store.Store) error {
		return errors.Join(tx.WantSecondFactor(ctx, user(18), true), tx.UseFactor(ctx, id("u", 18), &store.FactorUse{TOTP: &store.TOTP{ID: id("t", 18)}, Step: 2}, id("x", 1), noon),
			tx.UseFactor(ctx, id("u", 18), &store.FactorUse{RecoveryCode: bytesOf(18)}, id("x", 2), noon))
	})
	within(func(tx *store.Store) error {
		_, err := tx.RemoveTOTP(ctx, id("u", 19), id("t", 19), noon)
		return errors.Join(err, tx.RemoveRecoveryCodes(ctx, id("u", 19), noon), tx.ForgetDevices(ctx, id("u", 19)))
	})
	does(s.PasskeysOf(ctx, ids("u", 1, 20)))
	does(s.PasskeyOf(ctx, bytesOf(17)))
	does(s.ForeignPasskeys(ctx, "example.org"))
	does(s.RenamePasskey(ctx, id("u", 18), id("p", 18), "e"))
	within(func(tx *store.Store) error {
		made := &store.Passkey{ID: id("new", 18), Credential: bytesOf(people + 18), PublicKey: []byte{1}, RPID: "example.org", AAGUID: []byte{1}, Name: "d", CreatedAt: noon}
		use := &store.FactorUse{Passkey: &store.PasskeyUse{ID: id("p", 18), Challenge: bytesOf(18), ExpiresAt: soon, Counter: 1, Counts: true}}
		return errors.Join(tx.AddPasskey(ctx, user(18), made, true, 20, noon), tx.UseFactor(ctx, id("u", 18), use, id("x", 3), noon))
	})
	within(func(tx *store.Store) error {
		_, err := tx.RemovePasskey(ctx, id("u", 19), id("p", 19), noon)
		return err
	})
	does(s.TrustedDevicesOf(ctx, ids("u", 1, 20), noon))
	trusted := store.TrustedDevice{ID: id("new", 20), UserID: id("u", 21), Hash: bytesOf(people + 20), SecurityVersion: 1, CreatedAt: noon, LastUsedAt: noon, ExpiresAt: soon}
	do(s.RenewHash(ctx, id("u", 17), "x", "y"))

	// Who comes and goes.
	for i, told := range []bool{false, true} {
		u := user(21 + i)
		o := &store.Opening{Session: &store.Session{ID: id("new", i), UserID: u.ID, RefreshKey: []byte{1}, Rotations: []byte{1}, CreatedAt: noon, LastUsedAt: noon, ExpiresAt: soon, EndsAt: later},
			SecurityVersion: 1, From: from, MaxSessions: 100, Event: event(21+i, id("new", i))}
		if o.TrustedBy = bytesOf(21 + i); !told {
			o.Trusts = &store.Trusting{Device: trusted, Max: 20, Event: event(21, id("new", i))}
			o.Trusts.Event.ID = id("trusts", i)
		}
		if told {
			o.Undo = &store.Undo{ID: id("new", i), UserID: u.ID, Kind: store.EventNewDevice, At: noon, ExpiresAt: soon}
			o.Notice = mail(i)
			o.Factor = &store.FactorUse{TOTP: &store.TOTP{ID: id("t", 21+i)}, Step: 2}
		}
		o.Challenge = &store.Claim{Hash: bytesOf(people + 2 + i), ExpiresAt: soon} // of two kinds: one by itself, one in the transaction of a notice
		do(s.OpenSession(ctx, o))
		r := store.Rotation{Generation: 2, Rotations: []byte{1}, UsedAt: noon.Add(time.Second), ExpiresAt: soon, UserID: u.ID, Device: from.Device, Network: from.Network}
		do(s.RotateSession(ctx, id("new", i), 1, r))
		do(s.ProlongSession(ctx, id("new", i), soon, noon))
		r.Generation = 3
		within(func(tx *store.Store) error { return tx.MoveSession(ctx, id("new", i), 2, r) })
		do(s.EndSession(ctx, u.ID, id("new", i), event(21+i, id("new", i))))
	}
	within(func(tx *store.Store) error { return tx.ForgetDevice(ctx, trusted.UserID, trusted.ID) })
	does(s.EndOtherSessions(ctx, id("u", 23), id("s", 70), noon.Add(-time.Hour)))

	// Who registers.
	r := &store.Registration{ID: id("new", 1), Email: address("new", 1), EmailKey: address("new", 1), Username: id("new", 1), UsernameKey: id("new", 1),
		Client: id("c", 30), CreatedAt: noon, ExpiresAt: later}
	does(s.RegistrationLike(ctx, r))
	do(s.Register(ctx, r, nil, mail(2), soon, store.RegistrationLimits{Since: noon.Add(-time.Hour), PerAddress: 3, PerClient: 30}))
	do(s.RenewRegistration(ctx, r, mail(3), soon, noon))
	does(s.Registration(ctx, r.ID, noon))
	does(s.RegistrationsByEmail(ctx, r.EmailKey, r.Client, noon, 10))
	does(s.RegistrationFor(ctx, store.LoginKey{Email: r.EmailKey}, r.Client, noon))
	does(s.RegistrationFor(ctx, store.LoginKey{Username: r.UsernameKey}, r.Client, noon))
	does(s.ClaimOf(ctx, r.UsernameKey, r.Client, noon))
	within(func(tx *store.Store) error { return tx.MoveClaim(ctx, r, address("other", 1), soon, noon) })
	do(s.CloseRegistration(ctx, id("r", 3001)))
	does(s.TakeRegistration(ctx, r.ID, noon))
	does(s.EmailTaken(ctx, r.EmailKey, noon))
	does(s.UsernameTaken(ctx, r.UsernameKey, "", r.EmailKey, noon))
	newcomer := &store.User{ID: id("new", 1), Email: r.Email, EmailKey: r.EmailKey, Username: r.Username, Role: store.RoleUser, SecurityVersion: 1, CreatedAt: noon, UpdatedAt: noon}
	within(func(tx *store.Store) error { return tx.CreateUser(ctx, newcomer, r.UsernameKey) })
	do(s.CloseRegistrations(ctx, r.EmailKey))
	imported := store.ImportedUser{User: *newcomer, UsernameKey: id("new", 2)}
	imported.ID, imported.EmailKey = id("new", 2), address("new", 2)
	does(s.ImportUsers(ctx, []store.ImportedUser{imported}, noon, nil))
	imported.ID, imported.EmailKey, imported.UsernameKey = id("new", 3), address("new", 3), id("new", 3)
	imported.PortableFactors = store.PortableFactors{
		TOTP: &store.TOTP{ID: id("new", 3), Secret: bytesOf(1), CreatedAt: noon}, RecoveryCodes: [][]byte{bytesOf(1)},
		Passkeys: []store.Passkey{{ID: id("new", 3), Credential: []byte("new"), PublicKey: bytesOf(1), AAGUID: bytesOf(1), CreatedAt: noon}},
	}
	does(s.ImportUsers(ctx, []store.ImportedUser{imported}, noon, event(50, "")))
	does(s.ExportFactors(ctx, ids("u", 1, 250)))

	// Who changes something.
	u := user(40)
	within(func(tx *store.Store) error { return tx.SetUsername(ctx, u, id("new", 40), noon, soon) })
	u = user(41)
	within(func(tx *store.Store) error { return tx.SetPassword(ctx, u, "y", noon) })
	u = user(42)
	within(func(tx *store.Store) error {
		return tx.SetPendingEmail(ctx, u, address("new", 42), address("new", 42), soon)
	})
	does(s.UsersByPendingEmail(ctx, address("new", 42), id("u", 42), noon, 10))
	u = user(43)
	within(func(tx *store.Store) error { return tx.DropPendingEmail(ctx, u, address("p", 43)) })
	u = user(42)
	within(func(tx *store.Store) error {
		_, err := tx.ConfirmPendingEmail(ctx, u, address("new", 42), noon, soon)
		return err
	})
	u = user(3044)
	within(func(tx *store.Store) error { // and back to an address that is held
		if err := tx.SetPendingEmail(ctx, u, address("o", 3044), address("o", 3044), soon); err != nil {
			return err
		}
		_, err := tx.ConfirmPendingEmail(ctx, u, address("o", 3044), noon, soon)
		return err
	})
	does(s.HeldFor(ctx, address("o", 3045), noon))
	does(s.FormerAddresses(ctx, user(3045), noon))
	does(s.BackUntil(ctx, user(3045), noon))
	within(func(tx *store.Store) error {
		return tx.AddUndo(ctx, &store.Undo{ID: id("new", 9), UserID: id("u", 3046), Kind: store.EventUsernameChanged, EmailKey: address("o", 3046), Username: id("new", 9), At: noon, ExpiresAt: soon})
	})
	within(func(tx *store.Store) error {
		b, err := tx.Undo(ctx, id("new", 9), noon)
		if err != nil {
			return err
		}
		_, _, err = tx.TakeBack(ctx, b, noon)
		return err
	})
	told := event(50, "")
	do(s.AddSecurityEvent(ctx, told))
	do(s.CountSecurityEvent(ctx, told))
	for _, p := range []store.Page{{Limit: 50}, {Limit: 50, Last: true}, {Limit: 50, After: &store.Place{At: noon.Add(-people / 2 * time.Second), ID: id("e", people/2)}}} {
		for _, f := range []store.EventFilter{
			{}, {From: noon.Add(-2 * time.Hour), Until: noon.Add(-time.Hour)}, {UserID: id("u", 50)}, {UserID: id("u", 50), Kinds: []store.EventKind{store.EventLogin}, Actor: store.ActorUser},
			{Kinds: []store.EventKind{store.EventLogin, store.EventLogout}}, {Kinds: []store.EventKind{store.EventLogin}, Actor: store.ActorAdmin},
			{Actor: store.ActorShell, ActorID: "root@test"}, {ActorID: id("u", 50), Kinds: []store.EventKind{store.EventLogin}}, {Actor: store.ActorUser, ActorID: id("u", 50), From: noon.Add(-time.Hour)},
		} {
			does(s.AllSecurityEvents(ctx, f, p))
		}
	}
	do(s.AddSums(ctx, noon, []store.Sum{
		{SumOf: store.SumOf{Kind: store.EventLoginRefused, Way: store.WayAPI, UserID: id("u", 50)}, N: 3},
		{SumOf: store.SumOf{Kind: store.EventThrottled, Way: store.WayAPI, From: "192.0.2.0/24"}, Client: "192.0.2.0/24", N: 3},
	}))
	do(s.AddDays(ctx, []store.DayCount{{Day: store.Day(noon), Kind: store.DayLogins, N: 2}}))
	does(s.Days(ctx, store.Day(noon.Add(-30*24*time.Hour)), store.Day(noon)))
	_, _, err = s.Population(ctx, noon, 1_000_000)
	do(err)
	do(s.MarkFamiliar(ctx, id("u", 50), from, noon))

	// Whom administrators change.
	within(func(tx *store.Store) error { return tx.SetRole(ctx, id("u", 60), store.RoleAdmin, noon) })
	within(func(tx *store.Store) error { return tx.SetRole(ctx, id("u", 60), store.RoleUser, noon) })
	u = user(61)
	within(func(tx *store.Store) error { return tx.Disable(ctx, u, noon) })
	do(s.Enable(ctx, id("u", 61)))
	does(s.FamiliarOf(ctx, id("u", 62)))
	does(s.UndosOf(ctx, id("u", 62), noon))
	does(s.MailsOf(ctx, user(62)))
	u = user(62)
	within(func(tx *store.Store) error { return tx.DeleteUser(ctx, u, noon, soon) })
	u = user(63)
	within(func(tx *store.Store) error { return tx.SetDuties(ctx, u, true, true) })
	within(func(tx *store.Store) error { return tx.ResetFactors(ctx, u, noon) })
	does(s.Enrolment(ctx, store.UserFilter{}))

	// What is mailed.
	do(s.EnqueueMail(ctx, mail(4)))
	do(s.EnqueueNotices(ctx, []*store.Mail{mail(5), mail(6)}))
	does(s.ClaimMail(ctx, noon, soon, 4, false))
	does(s.ClaimMail(ctx, noon, soon, 4, true))
	do(s.AdmitMail(ctx, id("m", 2501)))
	do(s.DetachMail(ctx, &store.Mail{ID: id("m", 2502)}))
	does(s.MailWaits(ctx, id("d", 2502)))
	do(s.HoldMail(ctx, id("m", 2503), mail(7)))
	do(s.RetryMail(ctx, id("m", 2504), soon, "x"))
	do(s.ReleaseMail(ctx, id("m", 2505), soon, "x"))
	do(s.FailMail(ctx, id("m", 2506), noon, "x"))
	do(s.DeleteMail(ctx, id("m", 2507)))
	for _, failed := range []bool{false, true} {
		does(s.ListMail(ctx, failed, store.Place{}, 50))
		does(s.ListMail(ctx, failed, store.Place{At: noon.Add(-people / 2 * time.Second), ID: id("m", people/2)}, 50))
	}
	does(s.ResumeMail(ctx, id("m", 2508), noon))
	does(s.CancelMail(ctx, id("m", 2509)))
	does(s.Outbox(ctx, noon))
	do(s.HurryMail(ctx, noon))
	does(s.FailOldMail(ctx, noon.Add(-72*time.Hour), noon, "x"))
	do(s.DueMail(ctx, noon))
	does(s.ResumeAllMail(ctx, noon))
	for _, failed := range []bool{true, false} {
		does(s.CancelAllMail(ctx, failed))
	}
	do(s.RefuseMail(ctx, []byte("new"), soon))
	does(s.MailRefused(ctx, [][]byte{[]byte("new"), bytesOf(3000)}, noon))
	do(s.AllowMail(ctx, [][]byte{[]byte("new")}))
	do(s.KeepMail(ctx, &store.InboxMail{ID: id("new", 1), RecipientKey: address("h", 1), Sealed: []byte{1}, CreatedAt: noon}, 500))
	does(s.InboxMails(ctx, address("h", 1)))
	does(s.InboxMail(ctx, id("m", 1)))

	// What the server itself does.
	do(s.PutToken(ctx, []byte("new"), []byte{1}, noon, time.Hour))
	does(s.Token(ctx, []byte("new"), noon))
	does(s.TakeToken(ctx, []byte("new"), noon))
	does(s.SigningKeys(ctx))
	key := func(n int) *store.SigningKey {
		return &store.SigningKey{Number: int64(n), ID: id("new", n), Private: []byte{1}, CreatedAt: noon, SignsAt: soon}
	}
	does(s.AddSigningKey(ctx, key(4), event(50, "")))
	does(s.HastenSigningKey(ctx, 4, noon, event(50, "")))
	do(s.ReplaceSigningKeys(ctx, key(5), key(6), event(50, "")))
	does(s.DropSigningKey(ctx, 5, event(50, "")))
	for _, c := range store.SealedColumns {
		does(s.SealedBefore(ctx, c, []byte{2}, "", 10))
		do(s.Reseal(ctx, c, store.SealedValue{Row: id("new", 6), Value: []byte{1}}, []byte{2}, event(50, "")))
	}
	do(s.Ready(ctx))
	do(s.Write(ctx))
	does(s.Server(ctx))
	does(s.Steps(ctx))
	does(s.Columns(ctx))
	does(s.Rights(ctx))
	does(s.Sweep(ctx, noon.Add(-1300*time.Second), (3*people-2000)*time.Second))
}

// ids are n of a kind.
func ids(kind string, from, n int) (list []string) {
	for i := range n {
		list = append(list, kind+fmt.Sprint(100_000_000+from+i))
	}
	return list
}

package auth

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/store"
)

// undoFor is how long an event can be taken back. As long, the old address and the old
// username are kept from everybody else.
const undoFor = 72 * time.Hour

// A telling says how people hear of a kind of event.
type telling struct {
	log            string         // the message of its line in the log
	mail           store.MailKind // the notice that act sends to the account's address; "" is none
	undoing        bool           // the notice has a link that takes the event back
	administrators store.MailKind // the notice that act sends to all administrators; "" is none
}

// tellings has every kind of event.
var tellings = map[store.EventKind]telling{
	store.EventAccountCreated:        {log: "account created"},
	store.EventLogin:                 {log: "login"},
	store.EventNewDevice:             {log: "login", mail: store.MailNewDevice, undoing: true},
	store.EventLogout:                {log: "logout"},
	store.EventSessionRevoked:        {log: "session revoked"},
	store.EventSessionsRevoked:       {log: "sessions revoked"},
	store.EventRefreshTokenReused:    {log: "used refresh token came again, session ended"},
	store.EventSessionMoved:          {log: "session refreshed by another kind of device", mail: store.MailSessionMoved, undoing: true},
	store.EventUsernameChanged:       {log: "username changed", mail: store.MailUsernameChanged, undoing: true},
	store.EventEmailChangeRequested:  {log: "change of email requested", mail: store.MailEmailChangeRequested, undoing: true},
	store.EventEmailChangeDeclined:   {log: "change of email declined"},
	store.EventEmailChanged:          {log: "email changed", mail: store.MailEmailChanged, undoing: true},
	store.EventPasswordChanged:       {log: "password changed", mail: store.MailPasswordChanged, undoing: true},
	store.EventPasswordResetSent:     {log: "password reset sent"},
	store.EventPasswordResetLinkMade: {log: "password reset link made"},
	store.EventPasswordReset:         {log: "password reset", mail: store.MailPasswordChanged, undoing: true},
	store.EventTakenBack:             {log: "event taken back"},
	store.EventRoleChanged:           {log: "role changed", mail: store.MailRoleChanged, administrators: store.MailAdministratorsChanged},
	store.EventAccountDisabled:       {log: "user disabled", mail: store.MailAccountDisabled},
	store.EventAccountEnabled:        {log: "user enabled"},
	store.EventAccountDeleted:        {log: "account deleted", mail: store.MailAccountDeleted},
	store.EventAccountExported:       {log: "account exported"},

	store.EventFactorAdded:           {log: "authenticator app added", mail: store.MailFactorAdded, undoing: true},
	store.EventFactorRemoved:         {log: "authenticator app removed", mail: store.MailFactorRemoved, undoing: true},
	store.EventPasskeyAdded:          {log: "passkey added", mail: store.MailPasskeyAdded, undoing: true},
	store.EventPasskeyRemoved:        {log: "passkey removed", mail: store.MailPasskeyRemoved, undoing: true},
	store.EventPasskeyRenamed:        {log: "passkey renamed"},
	store.EventPasskeyBackupChanged:  {log: "passkey is kept elsewhere now"},
	store.EventPasskeyCounterRefused: {log: "passkey refused: its counter fell", mail: store.MailPasskeyRefused},
	store.EventSecondFactorOn:        {log: "second factor on", mail: store.MailSecondFactorOn, undoing: true},
	store.EventSecondFactorOff:       {log: "second factor off", mail: store.MailSecondFactorOff, undoing: true},
	store.EventRecoveryCodesMade:     {log: "recovery codes made", mail: store.MailRecoveryCodesMade, undoing: true},
	store.EventRecoveryCodeUsed:      {log: "recovery code used", mail: store.MailRecoveryCodeUsed, undoing: true},
	store.EventCodesTried:            {log: "wrong codes tried", mail: store.MailCodesTried, undoing: true},
	store.EventCodesLimited:          {log: "no more codes for now"},
	store.EventFactorsReset:          {log: "factors reset", mail: store.MailFactorsReset},
	store.EventPasswordRemoved:       {log: "password removed", mail: store.MailPasswordRemoved, undoing: true},
	store.EventStepUp:                {log: "step-up"},
	store.EventDeviceTrusted:         {log: "device trusted"},
	store.EventDeviceForgotten:       {log: "device forgotten"},
	store.EventDutySet:               {log: "duty set"},

	store.EventUsersImported:        {log: "users imported"},
	store.EventUsersExported:        {log: "users exported"},
	store.EventMailRetried:          {log: "mail retried"},
	store.EventMailCancelled:        {log: "mail cancelled"},
	store.EventMailsAllowed:         {log: "mails allowed"},
	store.EventRegistrationDeclined: {log: "registration declined"},

	store.EventInvited:         {log: "user invited"},
	store.EventInvitationTaken: {log: "invitation taken"},
	store.EventMailTested:      {log: "mail tested"},
	store.EventAdminLinkMade:   {log: "link for the first administrator made"},
}

// elsewhere has the kinds of events that are not told here: package keyring tells of keys,
// commands of what they do to a database as a whole, and what is summed has no lines of its
// own but those of package refusals.
var elsewhere = []store.EventKind{
	store.EventMigrated, store.EventBackedUp, store.EventRestored,
	store.EventKeyMade, store.EventKeyDeleted, store.EventKeysRotated, store.EventKeysReplaced, store.EventResealed,
	store.EventLoginRefused, store.EventThrottled, store.EventTokenRefused, store.EventLinkRefused, store.EventAccessRefused,
	store.EventRequestRefused, store.EventRegistered, store.EventMailRequested, store.EventMailsRefused,
}

// EventKinds returns every kind of event, in the order of their names.
func EventKinds() []store.EventKind {
	kinds := slices.AppendSeq(slices.Clone(elsewhere), maps.Keys(tellings))
	slices.Sort(kinds)
	return kinds
}

// warned has the kinds that are logged as warnings, for an operator to look at.
var warned = map[store.EventKind]bool{store.EventRefreshTokenReused: true, store.EventTakenBack: true,
	store.EventPasskeyCounterRefused: true, store.EventCodesLimited: true}

// event returns the row of history for what an actor does now to a user's account, or to
// none where that is "".
func event(a Actor, kind store.EventKind, userID string, now time.Time) *store.SecurityEvent {
	e := &store.SecurityEvent{ID: newID(), At: now, Kind: kind, Outcome: store.OutcomeSuccess, UserID: given(userID), Way: a.Way, Count: 1}
	var id string
	e.Actor, id = a.to(userID)
	e.ActorID, e.RequestID = given(id), given(a.RequestID)
	if a.Viewer != nil {
		e.SessionID = &a.Viewer.Session.ID
	}
	if e.Client = a.Client.Network(); e.Client != nil {
		e.Device = new(a.Client.device())
	}
	return e
}

// given returns a pointer to s, or nil if s is "".
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// undo returns what takes back the event that happens to u now, and the notice that
// offers it. became is the new username or address, or "".
func undo(a Actor, kind store.EventKind, u *store.User, now time.Time, became string) (*store.Undo, *store.Mail) {
	b := &store.Undo{
		ID: newID(), UserID: u.ID, Kind: kind, Email: u.Email, EmailKey: u.EmailKey, Username: u.Username,
		WantsSecondFactor: u.WantsSecondFactor, MustEnrol: u.MustEnrol, Device: a.device(), At: now, ExpiresAt: now.Add(undoFor),
	}
	m := notice(a, tellings[kind].mail, u, now)
	m.Details.Event, m.Details.New = b.ID, became
	return b, m
}

// notice returns a mail that tells u of an event, at the address that they have now.
// Nobody but u and administrators can cause one, so it is admitted without being
// counted.
func notice(a Actor, kind store.MailKind, u *store.User, now time.Time) *store.Mail {
	m := &store.Mail{
		ID: newID(), Kind: kind, UserID: u.ID, RecipientKey: u.EmailKey, Admitted: true, CreatedAt: now,
		Details: store.MailDetails{To: u.Email, Username: u.Username, Shell: a.Way == ByShell, At: now},
	}
	// Where an administrator is, is not for the user to know.
	if kind, _ := a.to(u.ID); kind != store.ActorAdmin && a.Client.Addr.IsValid() {
		m.Client, m.Details.Device, m.Details.Address = a.Client.Key(), a.device(), a.Client.Addr.Unmap().String()
	}
	return m
}

// maxTold is how many administrators are told of one event.
const maxTold = 100

// tellAdministrators writes the mails that tell all administrators but u of what an actor
// does to u's account, and who that is: an access token of theirs may be in other hands.
// Where there are too many, the actor and the oldest are told.
func tellAdministrators(ctx context.Context, tx *store.Store, a Actor, kind store.MailKind, u *store.User, role store.Role, now time.Time) error {
	by := &store.User{}
	if a.Viewer != nil {
		by = a.Viewer.User
	}
	list, err := tx.Administrators(ctx, u.ID, by.ID, maxTold)
	if err != nil {
		return err
	}
	mails := make([]*store.Mail, len(list))
	for i := range list {
		m := &store.Mail{
			ID: newID(), Kind: kind, UserID: list[i].ID, RecipientKey: list[i].EmailKey, Admitted: true, CreatedAt: now,
			Details: store.MailDetails{To: list[i].Email, Username: u.Username, Role: role, By: by.Username, Shell: a.Way == ByShell, At: now},
		}
		if a.Client.Addr.IsValid() {
			m.Client, m.Details.Device, m.Details.Address = a.Client.Key(), a.device(), a.Client.Addr.Unmap().String()
		}
		mails[i] = m
	}
	return tx.EnqueueNotices(ctx, mails)
}

// logEvent logs an event that has happened.
func (s *Service) logEvent(e *store.SecurityEvent) {
	level := zerolog.InfoLevel
	if warned[e.Kind] {
		level = zerolog.WarnLevel
	}
	s.log.WithLevel(level).EmbedObject(e).Msg(tellings[e.Kind].log)
}

package cli

import (
	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func userExportCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "export USER",
		Short: "Print all that is kept of one user, for them",
		Long: "Print all that is kept of one user as one JSON object, with the names of the API: the account, devices, factors, history,\n" +
			"names that are held for them, and mails that wait. No hash and no secret is in it, and of what administrators did not who it\n" +
			"was, so that it can be handed to them. That it was printed stands in the account's history.\n" + whoIsUser,
		Example: "  (umask 077; latchkey user export ada > ada.json)",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				p, err := service.ExportUser(cmd.Context(), shell(), u.ID)
				if err != nil {
					return err
				}
				printJSON(cmd.OutOrStdout(), exported(service, p))
				return nil
			})
		},
	}
}

// person is all that is kept of a user, with the names of the schema and, for what that does
// not show, names like them.
type person struct {
	description
	credentials
	Sessions        []ownSession    `json:"sessions"`
	TrustedDevices  []trustedDevice `json:"trustedDevices"`
	Familiar        []familiar      `json:"familiar"`
	FormerUsernames []held          `json:"formerUsernames"`
	FormerEmails    []held          `json:"formerEmails"`
	NotMe           []undo          `json:"notMe"`
	Mails           []queuedMail    `json:"mails"`
	SecurityEvents  []event         `json:"securityEvents"`
}

type ownSession struct {
	device
	LastRefresh     *refresh         `json:"lastRefresh"`
	Proofs          []auth.ProofKind `json:"proofs"`
	AuthenticatedAt string           `json:"authenticatedAt"`
}

type refresh struct {
	At        string  `json:"at"`
	UserAgent *string `json:"userAgent"`
	IPAddress *string `json:"ipAddress"`
	Device    *string `json:"device"`
}

type trustedDevice struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CreatedAt  string `json:"createdAt"`
	LastUsedAt string `json:"lastUsedAt"`
	ExpiresAt  string `json:"expiresAt"`
}

// familiar is where a user logged in from.
type familiar struct {
	Kind       string `json:"kind"`
	Value      string `json:"value"`
	LastSeenAt string `json:"lastSeenAt"`
}

// held is a name that a user had, and that nobody else gets until then.
type held struct {
	Name      string `json:"name"`
	ExpiresAt string `json:"expiresAt"`
}

// undo is what the link of a mail that says "this was not me" would put back.
type undo struct {
	Kind      store.EventKind `json:"kind"`
	At        string          `json:"at"`
	Device    string          `json:"device"`
	Email     string          `json:"email"` // before it
	Username  string          `json:"username"`
	ExpiresAt string          `json:"expiresAt"`
}

type queuedMail struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	To        string         `json:"to"`
	State     auth.MailState `json:"state"`
	CreatedAt string         `json:"createdAt"`
	Tries     int            `json:"tries"`
	DueAt     *string        `json:"dueAt"`
	LastError *string        `json:"lastError"`
}

type event struct {
	ID        string             `json:"id"`
	At        string             `json:"at"`
	Kind      store.EventKind    `json:"kind"`
	Outcome   store.EventOutcome `json:"outcome"`
	Actor     store.ActorKind    `json:"actor"`
	Way       store.Way          `json:"way"`
	SessionID *string            `json:"sessionId"`
	Client    *string            `json:"client"`
	Device    *string            `json:"device"`
	RequestID *string            `json:"requestId"`
	From      *string            `json:"from"`
	To        *string            `json:"to"`
	Reason    *string            `json:"reason"`
	Proofs    []auth.ProofKind   `json:"proofs"`
	Count     int                `json:"count"`
}

func exported(service *auth.Service, p *auth.Person) person {
	out := person{
		description: describe(p.User, service.Now()), credentials: describeFactors(p.User, p.Factors),
		Sessions: []ownSession{}, TrustedDevices: []trustedDevice{}, Familiar: []familiar{}, FormerUsernames: holds(p.Usernames), FormerEmails: holds(p.Addresses),
		NotMe: []undo{}, Mails: []queuedMail{}, SecurityEvents: []event{},
	}
	for i, d := range devices(p.Sessions) {
		v := &p.Sessions[i]
		one := ownSession{device: d, Proofs: service.Proofs(v), AuthenticatedAt: stamp(v.ProvenAt)}
		if r := service.LastRefresh(v); r != nil {
			one.LastRefresh = &refresh{stamp(r.At), r.UserAgent, r.IPAddress, r.Device}
		}
		out.Sessions = append(out.Sessions, one)
	}
	for _, d := range p.TrustedDevices {
		out.TrustedDevices = append(out.TrustedDevices, trustedDevice{d.ID, d.Name, stamp(d.CreatedAt), stamp(d.LastUsedAt), stamp(d.ExpiresAt)})
	}
	for _, f := range p.Familiar {
		out.Familiar = append(out.Familiar, familiar{f.Kind, f.Value, stamp(f.LastSeenAt)})
	}
	for _, u := range p.Undos {
		out.NotMe = append(out.NotMe, undo{u.Kind, stamp(u.At), u.Device, u.Email, u.Username, stamp(u.ExpiresAt)})
	}
	for _, m := range p.Mails {
		out.Mails = append(out.Mails, queuedMail{m.ID, m.Kind, m.To, m.State, stamp(m.CreatedAt), m.Tries, stampOrNil(m.DueAt), m.LastError})
	}
	for i := range p.Events {
		e := &p.Events[i]
		out.SecurityEvents = append(out.SecurityEvents, event{
			e.ID, stamp(e.At), e.Kind, e.Outcome, e.Actor, e.Way, e.SessionID, e.Client, e.Device, e.RequestID, e.From(), e.To(), e.Reason(), service.ProofsOf(e), e.Count,
		})
	}
	return out
}

func holds(list []store.Held) []held {
	out := make([]held, len(list))
	for i, h := range list {
		out[i] = held{h.Name, stamp(h.Until)}
	}
	return out
}

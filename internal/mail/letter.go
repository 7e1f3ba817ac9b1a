package mail

import (
	"html/template"
	"net/netip"
	"time"

	"latchkey/internal/store"
)

// App is what every mail says about the service.
type App struct {
	Name string // APP_NAME
	Host string // of PUBLIC_URL, with the port if it has one
	URL  string // APP_URL: where people log in; "" if there is none
	Help string // SUPPORT_EMAIL: where they find help; "" if there is none
}

// letter is what the templates see. Texts that somebody typed went through plain before,
// so no template can forget that. Each kind of mail has its own field.
type letter struct {
	App           appView
	Confirmations []confirmation // confirm_registration: one
	Several       bool           // confirm_registration: its link is good for several registrations, of which the page asks for one
	Held          bool           // already_registered: the account left this address, which is kept for it
	Changes       []change       // confirm_new_email: at least one
	Reset         reset          // password_reset
	Notice        notice         // all other kinds
	Stop          template.URL   // where the reader refuses more of such mails; "" in what no stranger can cause
}

type appView struct {
	Name, Host string
	URL        template.URL // configured, so its scheme may be an app's own
	Help       string
}

//lint:ignore G203 the configuration was checked to be an http or https URL
func newAppView(app App) appView { return appView{app.Name, app.Host, template.URL(app.URL), app.Help} }

// linkView is a one-time link.
type linkView struct {
	URL   template.URL // made by package link
	Lasts string       // how long it works from now on: "24 hours"
	Until string       // when it ends: "2 January 2026, 15:04 UTC"
}

// confirmation is one registration that waits.
type confirmation struct {
	Username string
	Device   string
	At       string // when it was registered
	linkView
}

// change is an account with the link that gives it another address.
type change struct {
	Username string
	Opened   string // the day on which it was opened
	linkView
}

// reset is an account with the link that sets a new password.
type reset struct {
	Username string
	Back     string // until when an address that it had before can take it back; "" if none can
	linkView
}

// notice tells of an event of an account.
type notice struct {
	Username string // before the event
	New      string // what the username or the address became, or is to become
	Admin    bool   // of a role: the account is an administrator now
	Shell    bool   // of a role: it was changed from the shell, else by an administrator
	By       string // administrators_changed: the administrator's username, unless Shell
	Session  string // session_moved: the name of the device that logged in
	Device   string // the kind of device that it came from, or ""
	Address  string // the IP address that it came from, or ""
	// new_device: what of the login was new.
	NewDevice, NewNetwork bool

	At    string    // when it happened
	NotMe *linkView // takes the event back; nil where that cannot be done, or not any more
	Kept  string    // account_deleted: until when nobody gets the address that the mail goes to; "" if anybody may
}

func newConfirmation(r *store.Registration, l *linkView) confirmation {
	return confirmation{Username: plain(r.Username), Device: plain(r.Device), At: moment(r.CreatedAt), linkView: *l}
}

func newChange(u *store.User, l *linkView) change {
	return change{Username: plain(u.Username), Opened: day(u.CreatedAt), linkView: *l}
}

func newReset(u *store.User, back time.Time, l *linkView) reset {
	return reset{Username: plain(u.Username), Back: moment(back), linkView: *l}
}

func newNotice(d *store.MailDetails) notice {
	n := notice{
		Username: plain(d.Username), New: plain(d.New), Admin: d.Role == store.RoleAdmin, Shell: d.Shell, By: plain(d.By),
		Session: plain(d.Session), Device: plain(d.Device), NewDevice: d.NewDevice, NewNetwork: d.NewNetwork, At: moment(d.At),
	}
	if !d.Kept.IsZero() {
		n.Kept = moment(d.Kept)
	}
	if addr, err := netip.ParseAddr(d.Address); err == nil {
		n.Address = addr.WithZone("").String()
	}
	return n
}

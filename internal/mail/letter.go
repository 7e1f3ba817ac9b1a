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
	Reset         reset          // password_reset, invited
	Login         login          // login_code
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
	Admin    bool   // invited: to be an administrator
	linkView
}

// login is a code that finishes a login. Its link is optional: URL is "" if there is none,
// else a page that fills the code in.
type login struct {
	Code      string // as people read it: "kx4m-9pqr"
	Reference string // which the page that asks for the code shows, too
	Device    string // the kind of device that asked for it, or ""
	Address   string // the IP address that it was asked for from, or ""
	At        string // when it was asked for
	linkView
}

// notice tells of an event of an account.
type notice struct {
	Username string // before the event
	New      string // what the username or the address became, or is to become
	Admin    bool   // of a role: the account is an administrator now
	Shell    bool   // of a role and of factors_reset: it was done from the shell, else by an administrator
	By       string // administrators_changed: the administrator's username, unless Shell
	Session  string // session_moved: the name of the device that logged in
	Factor   string // of an authenticator app or a passkey that was added or removed: its name
	Left     int    // recovery_code_used: how many codes are left
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
	return reset{Username: plain(u.Username), Back: moment(back), Admin: u.Role == store.RoleAdmin, linkView: *l}
}

// newLogin takes what asked for the code from d. l says how long the code works.
func newLogin(code, reference string, d *store.MailDetails, l *linkView) login {
	return login{Code: code, Reference: reference, Device: plain(d.Device), Address: networkAddress(d.Address), At: moment(d.At), linkView: *l}
}

func newNotice(d *store.MailDetails) notice {
	n := notice{
		Username: plain(d.Username), New: plain(d.New), Admin: d.Role == store.RoleAdmin, Shell: d.Shell, By: plain(d.By),
		Session: plain(d.Session), Factor: plain(d.Factor), Left: d.Left, Device: plain(d.Device), Address: networkAddress(d.Address),
		NewDevice: d.NewDevice, NewNetwork: d.NewNetwork, At: moment(d.At),
	}
	if !d.Kept.IsZero() {
		n.Kept = moment(d.Kept)
	}
	return n
}

// networkAddress returns an IP address without its zone, or "" for anything else.
func networkAddress(s string) string {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return addr.WithZone("").String()
}

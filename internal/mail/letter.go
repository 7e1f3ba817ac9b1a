package mail

import (
	"html/template"
	"net/netip"
	"time"

	"latchkey/internal/store"
)

// App is what every mail says of the service.
type App struct {
	Name string // APP_NAME
	Host string // of PUBLIC_URL, with the port if it has one
	URL  string // APP_URL: where people log in; "" if there is none
}

// letter is what the templates see. Texts that people typed are plain already,
// so that no template can forget it.
type letter struct {
	App           appView
	Confirmations []confirmation // confirm_registration: at least one
	Notice        notice         // new_device
}

type appView struct {
	Name, Host string
	URL        template.URL // configured, so its scheme may be an app's own
}

// confirmation is one registration that waits.
type confirmation struct {
	Username string
	Device   string
	At       string       // when it was registered
	Link     template.URL // made by us
	Lasts    string       // how long the link works from now on
	Until    string
}

// notice is an event of an account.
type notice struct {
	Username string
	Device   string
	Address  string
	At       string
	NotMe    template.URL // takes the event back; "" while there is no such link
}

func newConfirmation(r *store.Registration, link string, now time.Time) confirmation {
	return confirmation{
		Username: plain(r.Username), Device: plain(r.Device), At: moment(r.CreatedAt),
		Link: template.URL(link), Lasts: duration(r.ExpiresAt.Sub(now)), Until: moment(r.ExpiresAt),
	}
}

func newNotice(u *store.User, d *store.MailDetails) notice {
	n := notice{Username: plain(u.Username), Device: plain(d.Device), At: moment(d.At)}
	if addr, err := netip.ParseAddr(d.Address); err == nil {
		n.Address = addr.WithZone("").String()
	}
	return n
}

package browser_test

import (
	"github.com/chromedp/chromedp"
)

// usesTwoTabs opens a second one: what happens in one shows in the other, and they refresh
// together.
func (b *story) usesTwoTabs() {
	b.visit("/account/devices")
	other := b.another()
	other.visit("/account/history")
	other.titled("History")
	// Both come back from an hour's sleep at the same time.
	for _, tab := range []*appTab{b.appTab, other} {
		tab.runs(`Date.now = (now => () => now() + 3600_000)(Date.now)`)
	}
	b.press("Account")
	other.press("Security")
	b.titled("Your account")
	other.titled("Security")
	b.shows(b.p.Email)
	other.shows("Recovery codes")
	b.press("Devices")
	b.shows("This device")
	b.press("Security")
	b.press("Make new ones")
	b.reads()
	other.press("Log out")
	other.titled("Log in")
	b.titled("Log in") // and the codes are not there for whoever comes next
	b.password()
	b.titled("Security") // where each was
	other.titled("Security")
	other.calm()
	must(b.t, chromedp.Cancel(other.ctx))
}

// usesTwoDevices ends one device from another, and all others at once.
func (b *story) usesTwoDevices() {
	phone := b.another(chromedp.WithNewBrowserContext())
	logIn := func() {
		phone.visit("/")
		phone.types("Username or email", b.p.Username, "Password", b.p.Password)
		phone.press("Log in")
		phone.titled("Show your second factor")
		phone.types("Code", b.code())
		phone.press("Go on")
		phone.titled("Your account")
	}
	logIn()
	for _, button := range []string{"one", "all"} {
		b.visit("/account/devices")
		b.shows("Log out all other devices")
		if button == "all" {
			b.press("Log out all other devices")
		} else {
			b.good("devices")
			b.press(b.text(`[...document.querySelectorAll("li button")].find(e => e.ariaLabel).ariaLabel`))
		}
		b.until(`document.querySelectorAll(".list h2").length === 1`)
		phone.press("Devices") // whatever it asks next
		phone.titled("Log in")
		phone.shows("This device was logged out.")
		if button == "one" {
			logIn()
		}
	}
	must(b.t, chromedp.Cancel(phone.ctx))
}

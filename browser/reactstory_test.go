package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// story is somebody with the longest name and the longest address that there can be, who does
// everything that the example can do.
type story struct {
	*appTab
	mails     visit
	p         *testenv.Person
	codes     []string // recovery codes that are left
	appSecret string
}

// longest is an address of 254 bytes.
func longest() string {
	name := testenv.Username()
	return name + strings.Repeat("a", 64-len(name)) + "@" + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 57) + ".org"
}

// The example of a React app, with Apollo and latchkey-client: everything that it offers works
// from another origin, by what its pages show. Each page is fit for all (axe, light and dark),
// for small phones and for fingers, and the browser has nothing to complain of.
func TestReactExample(t *testing.T) {
	t.Parallel()
	s, app := reactExample(t, "EMAIL_LOGIN=on", "TRUSTED_DEVICE_TTL=720h", "ACCESS_TOKEN_TTL=10s")
	p := testenv.Newcomer()
	p.Email, p.Username = longest(), p.Username+"-thirty-two"
	b := &story{appTab: &appTab{tab: open(t), app: app}, p: p}
	b.mails = visit{Person: p, t: t, s: s, read: map[string]bool{}}
	b.begin()
	b.registers()
	b.logsIn()
	b.changes()
	b.addsAnApp()
	b.trustsTheDevice()
	b.stepsUp()
	b.usesTwoTabs()
	b.usesTwoDevices()
	b.logsInByMail()
	b.usesPasskeys()
	b.hasDuties()
	b.resets()
	b.leaves()
	b.calm()
}

func (b *story) registers() {
	b.visit("/")
	b.titled("Log in")
	b.good("login")
	b.press("Register")
	b.titled("Register")
	b.types("Email", "ada", "Username", "a", "Password", "short")
	b.press("Register")
	b.wrong("Email", "An address looks like name@example.org.", true)
	b.wrong("Username", "3 to 32", false)
	b.wrong("Password", "At least 8 characters.", false)
	b.holds("Email", "ada")
	b.holds("Username", "a")
	b.holds("Password", "")
	b.good("register, wrong")
	b.types("Email", b.p.Email, "Username", b.p.Username, "Password", b.p.Password)
	b.do(chromedp.KeyEvent("\r"))
	b.titled("Read your mail")
	b.shows(b.p.Email)
	b.good("register, mailed")
	b.press("Log in")
	b.password()
	b.shows("This account waits for its email to be confirmed.")
	link := b.mails.link(b.p.Email, "/email/confirm-email")
	b.goes(chromedp.Navigate(link))
	b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`)))
	b.says(heading, "Your email is confirmed")
	b.goes(chromedp.Click(chromedp.CSS(".button"))) // on to APP_URL
}

func (b *story) logsIn() {
	b.titled("Log in")
	b.types("Username or email", b.p.Email, "Password", "a wrong password")
	b.press("Log in")
	b.shows("No account has this name and password.")
	b.holds("Username or email", b.p.Email)
	b.holds("Password", "")
	b.until(`document.activeElement === ` + field("Password"))
	b.good("login, wrong")
	b.types("Password", b.p.Password)
	b.press("Log in")
	b.titled("Your account")
	b.shows(b.p.Username)
	b.shows(b.p.Email)
	b.good("account")
	b.visit("/account/history") // the cookie is all that a new page has
	b.titled("History")
	b.shows("The account was opened")
	b.good("history")
	b.visit("/account")
}

func (b *story) changes() {
	b.press("Change username")
	b.types("New username", "admin")
	b.press("Take this username")
	b.wrong("New username", "reserved", true)
	b.holds("New username", "admin")
	b.p.Username = testenv.Username() + "-thirty-3"
	b.types("New username", b.p.Username)
	b.press("Take this username")
	b.shows("Your username is changed.")
	b.until(`document.querySelector(".bar").innerText.includes("` + b.p.Username + `")`)

	b.p.Username = strings.ToUpper(b.p.Username[:1]) + b.p.Username[1:]
	b.press("Change username")
	b.types("New username", b.p.Username)
	b.mails.s.Replicas[0].Kill()
	b.press("Take this username")
	b.shows("The service does not answer.")
	b.holds("New username", b.p.Username)
	b.good("account, no answer")
	b.mails.s.Restart(b.t, 0)
	b.forgives("ERR_CONNECTION_REFUSED")
	b.press("Take this username")
	b.shows("Your username is changed.")

	b.press("Change email")
	b.types("New email", "ada", "Password", "a wrong password")
	b.press("Mail me the link")
	b.wrong("New email", "An address looks like", true)
	address := longest()
	b.types("New email", address, "Password", "a wrong password")
	b.press("Mail me the link")
	b.wrong("Password", "This is not your password.", true)
	b.holds("New email", address)
	b.good("account, wrong")
	b.types("Password", b.p.Password)
	b.press("Mail me the link")
	b.shows("A link is on its way to " + address)
	b.good("account, pending")
	b.visit("/confirm#token=" + testenv.LinkToken(b.t, b.mails.link(address, "/email/confirm-email"))) // as by CONFIRM_URL
	b.titled("Confirm your email")
	b.says(`location.hash`, "")
	b.good("confirm")
	b.press("Confirm my email")
	b.titled("Your email is changed")
	b.good("confirmed")
	b.press("Go on")
	b.titled("Your account")
	b.shows(address)
	b.p.Email = address

	before := b.p.Password
	b.p.Password = "correct horse " + testenv.Username()
	b.press("Change password")
	b.types("Password so far", before, "New password", "password1")
	b.press("Set this password")
	b.wrong("New password", "guess first", true)
	b.types("Password so far", before, "New password", b.p.Password)
	b.press("Set this password")
	b.shows("Your password is set.")
}

// logsOut presses the button above every page.
func (b *story) logsOut() {
	b.press("Log out")
	b.titled("Log in")
	b.shows("You are logged out.")
}

// password logs in as far as that goes.
func (b *story) password() {
	b.titled("Log in")
	b.types("Username or email", b.p.Username, "Password", b.p.Password)
	b.press("Log in")
}

// resets forgets the password, and lives with how an address is asked for.
func (b *story) resets() {
	b.logsOut()
	b.press("Forgot your password?")
	b.titled("Forgot your password?")
	b.good("forgot")
	b.types("Email", "ada")
	b.press("Mail me a link")
	b.wrong("Email", "An address looks like", true)
	b.types("Email", b.p.Email)
	b.press("Mail me a link")
	b.titled("Read your mail")
	b.good("forgot, mailed")
	link := b.mails.link(b.p.Email, "/reset")
	b.do(chromedp.Navigate(link))
	b.titled("Choose a new password")
	b.says(`location.hash`, "")
	b.p.Password = "correct horse " + testenv.Username()
	b.types("New password", "password1")
	b.press("Set this password")
	b.wrong("New password", "guess first", true)
	b.good("reset, wrong")
	b.types("New password", b.p.Password)
	b.press("Set this password")
	b.titled("Your password is set")
	b.good("reset")
	b.visit("/") // of the link only what is behind the # differs from this page
	b.titled("Log in")
	b.do(chromedp.Navigate(link))
	b.types("New password", b.p.Password)
	b.press("Set this password")
	b.shows("This link was used already, or it is too old.")
	b.visit("/reset")
	b.titled("This link is incomplete")
	b.good("reset, cut")
	b.visit("/confirm")
	b.titled("This link is incomplete")
	b.good("confirm, cut")
}

// leaves deletes the account, and finds that nothing of it is left and that guessing ends.
func (b *story) leaves() {
	b.visit("/")
	b.password()
	b.types("Code", b.code())
	b.press("Go on")
	b.titled("Your account")
	b.press("History")
	b.press("Show earlier ones")
	b.until(`document.querySelectorAll(".list > li").length > 20`)
	b.press("Account")
	b.press("Delete account")
	b.types("Password", "a wrong password")
	b.press("Delete my account for good")
	b.wrong("Password", "This is not your password.", true)
	b.types("Password", b.p.Password)
	b.press("Delete my account for good")
	b.titled("Your account is deleted")
	b.good("deleted")
	b.visit("/")
	b.password()
	b.shows("No account has this name and password.")
	for range 12 {
		b.types("Password", b.p.Password)
		b.press("Log in")
		b.until(`!!document.querySelector("form[aria-busy=false] [role=alert]")?.innerText`)
	}
	b.shows("That was too often. Try again in ")
	b.holds("Username or email", b.p.Username)
	b.good("login, too often")
}

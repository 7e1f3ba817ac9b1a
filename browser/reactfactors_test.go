package browser_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// code is what the authenticator app shows. The service forgets that it was used, so that no
// test waits for the next one.
func (b *story) code() string {
	b.t.Helper()
	b.sets(`UPDATE totps SET last_step = last_step - 10`)
	b.sets(`DELETE FROM used`)
	return code(b.t, b.appSecret, "now")
}

// sets runs SQL behind the service's back.
func (b *story) sets(sql string) {
	b.t.Helper()
	testenv.Await(b.t, time.Minute, "the database", func() bool { _, err := b.mails.s.DB(b.t).Exec(b.t.Context(), sql); return err == nil })
}

// reads takes down the recovery codes that are shown once.
func (b *story) reads() {
	b.t.Helper()
	b.titled("Keep these recovery codes")
	b.codes = strings.Fields(b.text(`[...document.querySelectorAll("ol code")].map(e => e.innerText).join(" ")`))
	if len(b.codes) != 8 {
		b.t.Errorf("%d recovery codes", len(b.codes))
	}
}

// keeps is reads, and says so.
func (b *story) keeps() {
	b.t.Helper()
	b.reads()
	b.good("recovery codes")
	b.press("I have kept them")
}

func (b *story) addsAnApp() {
	b.press("Security")
	b.titled("Security")
	b.good("factors, none")
	b.press("Add an app")
	b.until(`document.querySelector(".qr")?.naturalWidth > 0`)
	b.appSecret = b.text(`document.getElementById("secret").innerText`)
	b.good("adding an app")
	b.types("Code", "12345")
	b.press("Confirm the app")
	b.wrong("Code", "This code is wrong", true)
	b.types("Code", b.code())
	b.press("Confirm the app")
	b.keeps()
	b.titled("Security")
	b.shows("8 left")
	b.good("factors")
}

// trustsTheDevice logs in with a code, after which the password is enough on this device, and
// with a recovery code.
func (b *story) trustsTheDevice() {
	b.logsOut()
	b.password()
	b.titled("Show your second factor")
	b.types("Code", "12345")
	b.press("Go on")
	b.wrong("Code", "This code is wrong", true)
	b.good("second factor, wrong")
	b.press("Use a recovery code")
	b.types("Recovery code", "x")
	b.press("Go on")
	b.wrong("Recovery code", "This recovery code is wrong", true)
	b.types("Recovery code", b.codes[0])
	b.press("Go on")
	b.titled("Security") // the page that they were on
	b.shows("7 left")
	b.logsOut()
	b.password()
	b.types("Code", b.code())
	b.press("Do not ask again on this device")
	b.press("Go on")
	b.titled("Security")
	b.logsOut()
	b.password()
	b.titled("Security")
}

// stepsUp is asked who is there, since the device was trusted with less than the account has.
func (b *story) stepsUp() {
	b.press("Make new ones")
	b.shows("Is it you?")
	b.good("step-up")
	b.press("Leave it")
	b.until(`!document.querySelector("dialog")`)
	b.shows("Nothing was changed")
	b.press("Make new ones")
	b.types("Code", "12345")
	b.press("Go on")
	b.wrong("Code", "This code is wrong", true)
	b.good("step-up, wrong")
	b.types("Code", b.code())
	b.press("Go on")
	b.keeps() // by itself
	b.titled("Security")
	b.visit("/account/devices")
	b.shows("Trusted devices")
	b.good("devices, trusted")
}

// logsInByMail takes a code that is typed, and one that the mail's link brings in another tab.
func (b *story) logsInByMail() {
	b.logsOut()
	b.press("Log in with a code by mail")
	b.titled("Log in with a code")
	b.good("asking for a code")
	b.types("Email", b.p.Email)
	b.press("Mail me a code")
	b.titled("Type the code of the mail")
	reference := b.text(`document.getElementById("reference").innerText`)
	b.good("mailed code")
	b.types("Code", "0000-0000")
	b.press("Log in")
	b.wrong("Code", "This is not the code of the mail with this reference.", true)
	link := b.mails.link(b.p.Email, "/login#code=")
	for _, mail := range b.mails.s.Mails(b.t, b.p.Email) {
		if slices.Contains(mail.Links, link) && !strings.Contains(mail.Text, reference) {
			b.t.Errorf("the mail has not the reference %s", reference)
		}
	}
	other := b.another()
	other.visit(strings.TrimPrefix(link, b.app))
	b.titled("Devices") // as they were, and this device is trusted
	other.titled("Your account")
	other.calm()
	must(b.t, chromedp.Cancel(other.ctx))
	b.press("Ask there again: Headless Chrome on Linux")
	b.until(`!document.body.innerText.includes("Trusted devices")`)
}

// withoutAutofill has the browser be one that offers no passkeys in fields, from the next page on.
func (b *story) withoutAutofill() {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `PublicKeyCredential.isConditionalMediationAvailable = async () => false`,
		})
		return err
	}))
}

// usesPasskeys adds one, logs in by a button, by autofill and with it as second factor, does
// without a password for a while, and takes it off again.
func (b *story) usesPasskeys() {
	key := b.plug(webauthn.VirtualAuthenticatorOptions{Transport: webauthn.AuthenticatorTransportInternal})
	b.press("Security")
	b.press("Add a passkey")
	b.types("Name", "My laptop")
	b.press("Make the passkey")
	b.shows("Is it you?")
	b.press("Use a recovery code")
	b.types("Recovery code", b.codes[0])
	b.press("Go on")
	b.shows("My laptop")
	b.press("Rename My laptop")
	b.types("New name", "The old laptop")
	b.press("Rename")
	b.shows("The old laptop")
	b.good("factors, a passkey")
	b.press("Add a passkey")
	b.press("Make the passkey") // this authenticator has one already
	b.shows("This device has a passkey of this account already.")

	b.runs(`document.querySelector("main").id = "before"`)
	b.press("Log out")
	b.until(`!document.getElementById("before")`)
	b.titled("Security") // autofill found the passkey, and somebody who touches it

	b.withoutAutofill()
	b.visit("/account/security")
	b.titled("Security")
	b.logsOut()
	b.password()
	b.titled("Show your second factor") // what was used last is asked for first
	b.good("second factor, a passkey")
	b.press("Use my passkey")
	b.titled("Security")
	b.logsOut()
	b.press("Log in with a passkey")
	b.titled("Security")

	b.press("Remove the app")
	b.until(`!document.body.innerText.includes("Replace the app")`)
	b.press("Ask for a passkey, too")
	b.shows("A login by password asks for a passkey, too.")
	b.press("Let the password be enough")
	b.shows("A login by password asks for no passkey so far.")
	b.press("Remove my password")
	b.shows("Your account has no password")
	b.press("Remove The old laptop")
	b.shows("Without it nobody could log in to this account any more.")
	b.press("Account")
	b.press("Set a password")
	b.types("New password", b.p.Password)
	b.press("Set this password")
	b.shows("Your password is set.")
	b.press("Security")
	b.press("Remove The old laptop")
	b.until(`!document.body.innerText.includes("The old laptop")`)
	testenv.Await(b.t, time.Minute, "the browser to forget the passkey", func() bool { return len(key.keeps()) == 0 })
}

// hasDuties logs in where the account has to have a new password and a second factor.
func (b *story) hasDuties() {
	b.sets(`UPDATE users SET must_change_password = TRUE, must_enrol = TRUE`)
	b.logsOut()
	b.password()
	b.titled("Choose a new password")
	b.types("New password", "password1")
	b.press("Set this password")
	b.wrong("New password", "guess first", true)
	b.good("new password, wrong")
	b.p.Password = "correct horse " + testenv.Username()
	b.types("New password", b.p.Password)
	b.press("Set this password")
	b.titled("Add a second factor")
	b.appSecret = b.text(`document.getElementById("secret").innerText`)
	b.types("Code", "12345")
	b.press("Confirm the app")
	b.wrong("Code", "This code is wrong", true)
	b.good("enrolment, wrong")
	b.types("Code", b.code())
	b.press("Confirm the app")
	b.keeps()
	b.titled("Security")
}

package mail

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/store"
)

// goldenFactor is of an event of second factors that can be taken back, unless notMe is
// false.
func goldenFactor(d store.MailDetails, notMe bool) letter {
	d.At = goldenNow
	l := letter{Notice: newNotice(&d)}
	if notMe {
		link := goldenView(72 * time.Hour)
		l.Notice.NotMe = &link
	}
	return l
}

// goldenCode is a code for a login, with a link unless link is false.
func goldenCode(d store.MailDetails, link bool) letter {
	d.At = goldenNow
	view := goldenView(10 * time.Minute)
	if !link {
		view.URL = ""
	}
	return letter{Login: newLogin("kx4m-9pqr", "7QKM", &d, &view)}
}

// Names of factors that somebody might type to have a mail say something else.
const (
	markupName      = `<img src="//evil.example/x.png" onerror=alert(1)>`
	longName        = "ada-lovelaces-other-authenticator-on-the-phone-that-never-rings!" // 64 characters, no space
	rightToLeftName = "\u202Eהטלפון של עדה (2)"
)

// factorKinds are the kinds of second factors that can be taken back.
var factorKinds = []store.MailKind{
	store.MailFactorAdded, store.MailFactorRemoved, store.MailPasskeyAdded, store.MailPasskeyRemoved, store.MailSecondFactorOn,
	store.MailSecondFactorOff, store.MailRecoveryCodesMade, store.MailRecoveryCodeUsed, store.MailCodesTried, store.MailPasswordRemoved,
}

// factorStates are the mails of second factors: each kind with all that is known and with
// the least, and what some kinds tell apart.
func factorStates() []state {
	full := store.MailDetails{Username: "ada", Factor: "Phone", Left: 5, Device: "Firefox on Linux", Address: "192.0.2.17"}
	named := func(name string) letter {
		d := full
		d.Factor = name
		return goldenFactor(d, true)
	}
	left := func(n int) letter {
		d := full
		d.Left = n
		return goldenFactor(d, true)
	}
	reset := store.MailDetails{Username: "ada"}
	list := []state{
		{"factor_added_markup", bare, store.MailFactorAdded, named(markupName)},
		{"factor_added_long", withURL, store.MailFactorAdded, named(longName)},
		{"factor_added_right_to_left", withURL, store.MailFactorAdded, named(rightToLeftName)},
		{"factor_removed_markup", bare, store.MailFactorRemoved, named(markupName)},
		{"factor_removed_long", withURL, store.MailFactorRemoved, named(longName)},
		{"factor_removed_right_to_left", withURL, store.MailFactorRemoved, named(rightToLeftName)},
		{"passkey_added_markup", bare, store.MailPasskeyAdded, named(markupName)},
		{"passkey_added_long", withURL, store.MailPasskeyAdded, named(longName)},
		{"passkey_added_right_to_left", withURL, store.MailPasskeyAdded, named(rightToLeftName)},
		{"passkey_removed_markup", bare, store.MailPasskeyRemoved, named(markupName)},
		{"passkey_removed_long", withURL, store.MailPasskeyRemoved, named(longName)},
		{"passkey_removed_right_to_left", withURL, store.MailPasskeyRemoved, named(rightToLeftName)},
		{"passkey_refused", withURL, store.MailPasskeyRefused, goldenFactor(full, false)},
		{"passkey_refused_least", bare, store.MailPasskeyRefused, goldenFactor(store.MailDetails{Username: "ada.lovelace", Factor: "Phone"}, false)},
		{"passkey_refused_markup", bare, store.MailPasskeyRefused, goldenFactor(store.MailDetails{Username: "ada", Factor: markupName}, false)},
		{"recovery_code_used_one_left", withURL, store.MailRecoveryCodeUsed, left(1)},
		{"recovery_code_used_none_left", withURL, store.MailRecoveryCodeUsed, left(0)},
		{"factors_reset", withURL, store.MailFactorsReset, goldenFactor(reset, false)},
		{"factors_reset_shell", bare, store.MailFactorsReset, goldenFactor(store.MailDetails{Username: "ada.lovelace", Shell: true}, false)},
	}
	for _, kind := range factorKinds {
		name := string(kind)
		list = append(list,
			state{name, withURL, kind, goldenFactor(full, true)},
			state{name + "_least", bare, kind, goldenFactor(store.MailDetails{Username: "ada.lovelace", Factor: "Phone", Left: 5}, false)},
			state{name + "_no_link_app", withURL, kind, goldenFactor(full, false)})
	}
	return list
}

// loginStates are the mails with a code that finishes a login.
func loginStates() []state {
	from := store.MailDetails{Device: "Firefox on Linux", Address: "192.0.2.17"}
	return []state{
		{"login_code", withURL, store.MailLoginCode, goldenCode(from, true)},
		{"login_code_no_link", bare, store.MailLoginCode, goldenCode(from, false)},
		{"login_code_least", bare, store.MailLoginCode, goldenCode(store.MailDetails{}, false)},
		{"login_code_hostile", bare, store.MailLoginCode, goldenCode(store.MailDetails{Device: markupName}, true)},
	}
}

// Whoever has few recovery codes left is told how to make new ones, in both parts.
func TestLastRecoveryCodes_J10(t *testing.T) {
	for n, says := range map[int]string{0: "It was the last one.", 1: "One is left.", 2: "2 are left.", 7: "7 are left."} {
		m := render(t, bare, store.MailRecoveryCodeUsed, goldenFactor(store.MailDetails{Username: "ada", Left: n}, true))
		for part, text := range map[string]string{"html": textOf(m), "text": m.Text} {
			if !strings.Contains(text, says) {
				t.Errorf("%d left, %s: does not say %q:\n%s", n, part, says, text)
			}
			if how := strings.Contains(text, "Make new ones now: log in"); how != (n < 2) {
				t.Errorf("%d left, %s: says how to make new ones: %v", n, part, how)
			}
		}
	}
}

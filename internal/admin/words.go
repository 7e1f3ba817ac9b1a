package admin

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"
)

// doneWords has what pages say that was done, by its code in their address.
var doneWords = map[string]string{
	"logged-out":     "You are logged out.",
	"invited":        "The invitation is on its way. The account goes away if nobody takes it within 72 hours.",
	"made-admin":     "They are an administrator now. They and all administrators are told by mail.",
	"made-user":      "They are no administrator any more. They and all administrators are told by mail.",
	"disabled":       "The account is disabled, and all its devices are logged out.",
	"enabled":        "The account is enabled: its user can log in again.",
	"mailed":         "The mail is on its way.",
	"factors-reset":  "All second factors are off the account, and its devices are logged out.",
	"duties-set":     "The next login asks for what you chose.",
	"device-ended":   "The device is logged out.",
	"devices-ended":  "All devices are logged out.",
	"deleted":        "The account is deleted.",
	"mail-retried":   "The mail is tried again at once.",
	"mails-retried":  "All mails that can be are tried again at once.",
	"mail-cancelled": "The mail is deleted.",
	"mails-deleted":  "The mails are deleted.",
	"mail-sent":      "The mail server took the test mail. Look into your inbox, and into its folder for spam.",
	"app-added":      "The authenticator app is added. Logins ask for its codes from now on.",
	"shown":          "Thank you. Go on with what you were about to do.",
}

// troubleWords has what pages say that was not done, and why, by the code of the API's mistake.
var troubleWords = map[string]string{
	"LAST_ADMIN":       "Nothing was done: this is the last administrator. Make another one first.",
	"NOT_FOUND":        "Nothing was done: it is gone. Somebody else may have been faster.",
	"ACCOUNT_DISABLED": "Nothing was done: the account is disabled. Enable it first.",
	"other":            "Nothing was done.",
}

// trouble is the code by which a page says that a mistake was made.
func trouble(code string) string {
	if troubleWords[code] == "" {
		return "other"
	}
	return code
}

// moment is a time in words.
func moment(at time.Time) string { return at.UTC().Format("2\u00a0January 2006, 15:04") + " UTC" }

// span is how long something takes, in the largest fitting unit.
func span(d time.Duration) string {
	n, unit := int(d.Hours()/24), "day"
	switch {
	case d < time.Minute:
		return "a moment"
	case d < 2*time.Hour:
		n, unit = int(d.Minutes()), "minute"
	case d < 48*time.Hour:
		n, unit = int(d.Hours()), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func ago(at, now time.Time) string {
	if d := now.Sub(at); d >= time.Minute {
		return span(d) + " ago"
	}
	return "just now"
}

func until(at, now time.Time) string {
	if d := at.Sub(now); d >= time.Minute {
		return "in " + span(d)
	}
	return "now"
}

// words writes a name of the schema, such as ACCOUNT_CREATED or password_reset, for people.
func words(name string) string {
	text := strings.ToLower(strings.ReplaceAll(name, "_", " "))
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// dict makes a map of keys and values that follow each other, for parts of pages.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d arguments", len(pairs))
	}
	all := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: argument %d is no name", i)
		}
		all[key] = pairs[i+1]
	}
	return all, nil
}

// qr is an SVG document as the address of an image.
func qr(svg string) template.URL {
	//lint:ignore G203 it is base64 behind a prefix
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)))
}

// otpauth is the address of a secret, which authenticator apps open; anything else is none.
func otpauth(uri string) template.URL {
	if !strings.HasPrefix(uri, "otpauth://") {
		return ""
	}
	//lint:ignore G203 its scheme was looked at
	return template.URL(uri)
}

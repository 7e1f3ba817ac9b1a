package mail

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain returns a text that somebody typed, such as a username, in a form of which no
// mail client makes a link, in HTML and in text alike (A8: else a thief's username could
// lead the owner to a page of the thief).
//
// Clients link what looks like a host, an address or a URL to them, some after
// taking out the markup and the invisible characters. So neither a span around
// the dot nor a zero-width character beside it is enough, and characters that
// fold to a dot (U+2024, U+FF0E) may be one to a client that folds, as browsers
// do with host names. The characters here are visible, fold to nothing else,
// end a host name for every linker, and are in the fonts people have: the
// middle dot for the dot, the ratio sign for the colon, the division slash and
// the set minus for the slashes. An @ becomes the word.
//
// A name of letters, digits, - and _ stays as it is. Control and format
// characters go, since they could hide or turn around the words beside them,
// and a text of more than 80 characters is cut.
func plain(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || r == unicode.ReplacementChar {
			continue
		}
		if n == plainMax {
			b.WriteString("…")
			break
		}
		n++
		if folded := norm.NFKC.String(string(r)); strings.ContainsAny(folded, ".:/\\@\u3002") {
			b.WriteString(unlinked.Replace(folded))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unlinked replaces what plain must not leave. U+3002 is the ideographic full stop, which
// divides host names like a dot.
var unlinked = strings.NewReplacer(".", "·", "\u3002", "·", ":", "∶", "/", "∕", `\`, "∖", "@", "(at)")

const plainMax = 80 // characters; usernames have at most 32, device names 64

// moment returns a time as people read it, with its zone; "" for the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return day(t) + t.UTC().Format(", 15:04 UTC")
}

// day returns the day of a time as people read it.
func day(t time.Time) string { return t.UTC().Format("2\u00a0January 2006") } // which no line breaks apart

// duration returns in words how long something will last: "24 hours", "1 hour",
// "90 minutes". It rounds up by as much as five minutes, so that a mail that is a little
// late still says the whole number.
func duration(d time.Duration) string {
	const grace = 5 * time.Minute
	if hours := int((d + grace) / time.Hour); hours >= 2 {
		return strconv.Itoa(hours) + " hours"
	}
	if d >= time.Hour-grace && d <= time.Hour+grace {
		return "1 hour"
	}
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes < 1:
		return "less than a minute"
	case minutes == 1:
		return "1 minute"
	}
	return strconv.Itoa(minutes) + " minutes"
}

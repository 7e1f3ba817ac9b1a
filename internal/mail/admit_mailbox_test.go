package mail

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/store"
)

const home = "2001:db8:0:100::/56"

// clientOf is one of the 256 that a home has.
func clientOf(i int) string { return fmt.Sprintf("2001:db8:0:1%02x::/64", i%256) }

// lineOf is one of many homes.
func lineOf(i int) string { return fmt.Sprintf("2001:db8:%x:100::/56", 1+i) }

// All forms of an address that lead to one mailbox are one recipient, and all
// clients of a line are one who causes mails.
func TestOneMailbox_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		n := 0
		register := func(email string, i int) {
			t.Helper()
			x.registerOn(home, email, fmt.Sprintf("p%d", i), clientOf(i))
		}
		for i := range 220 {
			register([]string{"victim+%d@gmail.com", "v.ictim+%d@gmail.com", "vi.ctim+%d@googlemail.com"}[i%3], i)
		}
		if n = len(x.sent()); n != 3 {
			t.Errorf("%d mails from one /56 to one mailbox, want 3", n)
		}
		for hour := range 24 { // of a day, three an hour at first
			x.pass(time.Hour)
			for i := range 4 {
				register(fmt.Sprintf("victim+%d-%d@gmail.com", hour, i), 1000+4*hour+i)
			}
			n += len(x.sent())
		}
		if n < 10 || n > 13 {
			t.Errorf("%d mails in a day, want 10, and those that a new day may have begun with", n)
		}
	})
}

// From many lines it is ten an hour, and then one; the plain address of the mailbox,
// and an address that has an account, lose none of theirs by it.
func TestOneMailboxFromAll_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		ada := x.user("ada+mine@example.org", "ada", "192.0.2.1")
		n := map[int]int{}
		for hour := range 6 {
			for i := range 12 {
				x.registerOn(lineOf(12*hour+i), fmt.Sprintf("ada+%d-%d@example.org", hour, i), fmt.Sprintf("s%d-%d", hour, i), fmt.Sprintf("c%d-%d", hour, i))
			}
			n[hour] = len(x.sent())
			x.pass(time.Hour)
		}
		if n[0] != 10 || n[0]+n[1] > 20 || n[3] > 2 || n[4] > 2 || n[5] > 2 {
			t.Errorf("by the hour: %v, want 10 in the first and about one in the last", n)
		}
		x.registerOn("198.51.100.9", "ada@example.org", "plain", "198.51.100.9")
		x.enqueue(&store.Mail{Kind: store.MailPasswordReset, RecipientKey: ada.EmailKey, Client: "198.51.100.9", Line: "198.51.100.9"})
		var got []string
		for _, m := range x.sent() {
			got = append(got, m.to)
		}
		for _, want := range []string{"ada@example.org", "ada+mine@example.org"} {
			if !slices.Contains(got, want) {
				t.Errorf("%s got none of its own: %v", want, got)
			}
		}
	})
}

// Strangers from anywhere who ask without end leave one mail an hour.
func TestOneAnHourInTheLongRun_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		ada := x.user("ada@example.org", "ada", "192.0.2.1")
		var byHour []int
		for hour := range 30 {
			for i := range 12 {
				x.enqueue(&store.Mail{Kind: store.MailPasswordReset, RecipientKey: ada.EmailKey, Client: lineOf(12*hour + i), Line: lineOf(12*hour + i)})
			}
			byHour = append(byHour, len(x.sent()))
			x.pass(time.Hour)
		}
		for hour, n := range byHour {
			if hour == 0 && n != 10 || hour >= 24 && n != 1 {
				t.Errorf("by the hour: %v, want 10 first and 1 in the end", byHour)
				break
			}
		}
	})
}

// Nor is a domain flooded whose addresses may all end in one mailbox; a provider's
// domain is no such.
func TestOneDomain_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		send := func(domain string) int {
			for i := range 110 {
				at := []string{domain, "mail." + domain}[i%2]
				x.registerOn(home, fmt.Sprintf("u%d@%s", i, at), fmt.Sprintf("%.3s%d", domain, i), clientOf(i))
			}
			return len(x.sent())
		}
		if n := send("example.org"); n != 100 {
			t.Errorf("%d mails to a domain in an hour, want 100", n)
		}
		if n := send("gmail.com"); n != 110 {
			t.Errorf("%d mails to a provider, want all 110", n)
		}
		x.registerOn("192.0.2.7", "ada@example.org", "ada", "192.0.2.7")
		if n := len(x.sent()); n != 1 {
			t.Errorf("%d mails for another line, want 1", n)
		}
	})
}

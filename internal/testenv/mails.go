package testenv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Inbound is a mail that arrived.
type Inbound struct {
	To, From, ReplyTo, Subject, Text, HTML string
	Links                                  []string // of the text part, but
	Stop                                   string   // where its reader refuses more; or ""
}

// Mails returns what arrived for an address so far, the newest first.
func (s *Stack) Mails(t testing.TB, to string) []Inbound {
	t.Helper()
	var list []Inbound
	if s.mailpit == nil {
		getJSON(t, s.URL()+"/dev/mail.json?to="+url.QueryEscape(to), &list)
		return list
	}
	var found struct {
		Messages []struct{ ID string }
	}
	getJSON(t, s.mailpit.API+"/api/v1/search?limit=100&query="+url.QueryEscape(`to:"`+to+`"`), &found)
	for _, m := range found.Messages {
		var full struct {
			From        struct{ Address string }
			To, ReplyTo []struct{ Address string }

			Subject, Text, HTML string
		}
		getJSON(t, s.mailpit.API+"/api/v1/message/"+m.ID, &full)
		m := Inbound{To: full.To[0].Address, From: full.From.Address, Subject: full.Subject, Text: full.Text, HTML: full.HTML}
		if len(full.ReplyTo) > 0 {
			m.ReplyTo = full.ReplyTo[0].Address
		}
		for _, link := range links.FindAllString(full.Text, -1) {
			if strings.Contains(link, "/email/stop?") {
				m.Stop = link
				continue
			}
			m.Links = append(m.Links, link)
		}
		list = append(list, m)
	}
	return list
}

var links = regexp.MustCompile(`https?://[^\s<>"]+`)

// AwaitMails waits until at least n mails arrived for an address.
func (s *Stack) AwaitMails(t testing.TB, to string, n int) []Inbound {
	t.Helper()
	var list []Inbound
	Await(t, time.Minute, fmt.Sprintf("%d mails", n), func() bool {
		list = s.Mails(t, to)
		return len(list) >= n
	})
	return list
}

// Recipients counts the mails that arrived at a domain so far, by recipient.
func (s *Stack) Recipients(t testing.TB, domain string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	if s.mailpit == nil {
		var list []Inbound
		getJSON(t, s.URL()+"/dev/mail.json", &list)
		for _, m := range list {
			if strings.HasSuffix(m.To, "@"+domain) {
				counts[m.To]++
			}
		}
		return counts
	}
	var found struct {
		Messages []struct{ To []struct{ Address string } }
	}
	getJSON(t, s.mailpit.API+"/api/v1/search?limit=1000&query="+url.QueryEscape(`to:"@`+domain+`"`), &found)
	for _, m := range found.Messages {
		counts[m.To[0].Address]++
	}
	return counts
}

// Deliveries are the Message-IDs of the mails that arrived at a domain so far, by
// recipient: one twice if the mail came twice.
func (s *Stack) Deliveries(t testing.TB, domain string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	var found struct {
		Messages []struct {
			MessageID string
			To        []struct{ Address string }
		}
	}
	getJSON(t, s.mailpit.API+"/api/v1/search?limit=10000&query="+url.QueryEscape(`to:"@`+domain+`"`), &found)
	for _, m := range found.Messages {
		all[m.To[0].Address] = append(all[m.To[0].Address], m.MessageID)
	}
	return all
}

// LinkToken is the one-time token in a link.
func LinkToken(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("token") == "" {
		t.Fatalf("a link without a token")
	}
	return u.Query().Get("token")
}

func getJSON(t testing.TB, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatalf("GET %s: %s: %v", url, res.Status, err)
	}
}

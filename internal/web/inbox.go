package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"latchkey/internal/mail"
	"latchkey/internal/request"
)

// The policies of the inbox. A mail may have styles of its own, as mails do. It can load
// and run nothing, and is shown in no frame but ours, where its links open in the whole
// window. The sandbox holds also when a mail is opened by itself.
const (
	inboxCSP    = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailHTMLCSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)

// inboxPages shows the development inbox. Whoever reads it can take over every account, so
// it is there only while mail stays here.
type inboxPages struct {
	pages *pages
	inbox *mail.Inbox
}

// guard answers whoever sits at this machine, and nobody who comes through a proxy.
func (p *inboxPages) guard(get http.HandlerFunc) http.Handler {
	return request.Methods{"GET": func(w http.ResponseWriter, r *http.Request) {
		if !request.FromHere(r) {
			p.pages.notice(w, http.StatusForbidden, "Not from here",
				"The development inbox is every account, so it is shown to the machine that the server runs on and to nobody else, nor through a proxy.")
			return
		}
		get(w, r)
	}}
}

// mailRow is a mail as a page shows it.
type mailRow struct {
	*mail.Message
	Machine, When string // createdAt, for programs and for people
}

func row(m *mail.Message) mailRow {
	at := m.CreatedAt.UTC()
	return mailRow{m, at.Format(time.RFC3339), at.Format("2 January, 15:04:05") + " UTC"}
}

// list shows all mails, or those to the address in `to`.
func (p *inboxPages) list(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	rows := []mailRow{}
	for _, m := range p.inbox.Mails(to) {
		rows = append(rows, row(m))
	}
	p.pages.write(w, http.StatusOK, "inbox", struct {
		To    string
		Mails []mailRow
	}{to, rows})
}

// mail shows one mail, as HTML in a frame and as text.
func (p *inboxPages) mail(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Mail(r.PathValue("id"))
	if err != nil {
		p.gone(w)
		return
	}
	p.pages.writeUnder(inboxCSP, w, http.StatusOK, "mail", struct {
		mailRow
		Text []piece
	}{row(m), pieces(m.Text)})
}

// html is what the frame shows.
func (p *inboxPages) html(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Mail(r.PathValue("id"))
	if err != nil {
		p.gone(w)
		return
	}
	w.Header().Set("Content-Security-Policy", mailHTMLCSP)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(linksToTop(m.HTML)))
}

// inboxMail is a mail as /dev/mail.json shows it.
type inboxMail struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	To        string   `json:"to"`
	From      string   `json:"from"`
	Subject   string   `json:"subject"`
	CreatedAt string   `json:"createdAt"` // RFC 3339, UTC, milliseconds
	Text      string   `json:"text"`
	HTML      string   `json:"html"`
	Links     []string `json:"links"` // of the text part that the mail is for, in its order
	Stop      string   `json:"stop"`  // where its reader refuses more, or ""
}

// json answers end-to-end tests: the mails to the address in `to`, the newest first, or all of them without one.
func (p *inboxPages) json(w http.ResponseWriter, r *http.Request) {
	list := []inboxMail{}
	for _, m := range p.inbox.Mails(r.URL.Query().Get("to")) {
		list = append(list, inboxMail{
			ID: m.ID, Kind: string(m.Kind), To: m.To, From: m.From, Subject: m.Subject,
			CreatedAt: m.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
			Text:      m.Text, HTML: m.HTML, Links: m.Links(), Stop: m.Stop,
		})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // so that a link reads as it is, in a shell too
	_ = enc.Encode(list)     // the reader may be gone
}

func (p *inboxPages) gone(w http.ResponseWriter) {
	p.pages.notice(w, http.StatusNotFound, "This mail is gone", "The inbox keeps the last 500 mails, and none after a restart.")
}

var headTag = regexp.MustCompile(`(?i)<head[^>]*>`)

// linksToTop makes the links of a mail open in the whole window: what they lead
// to refuses to be framed.
func linksToTop(html string) string {
	const base = `<base target="_top">`
	if at := headTag.FindStringIndex(html); at != nil {
		return html[:at[1]] + base + html[at[1]:]
	}
	return base + html
}

// piece is a part of a text: a link, or the words between.
type piece struct {
	Link, Words string
}

var webLink = regexp.MustCompile(`https?://[^\s<>"]+`)

func pieces(text string) []piece {
	var all []piece
	last := 0
	for _, at := range webLink.FindAllStringIndex(text, -1) {
		all = append(all, piece{Words: text[last:at[0]]}, piece{Link: text[at[0]:at[1]]})
		last = at[1]
	}
	return append(all, piece{Words: text[last:]})
}

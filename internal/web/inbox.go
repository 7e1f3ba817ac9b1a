package web

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"regexp"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/request"
)

// The policies of the inbox. Its list has a script that looks for new mail. A mail has
// styles of its own, as mails do: its page lets those in, and no script, and nothing that
// a mail could load or post to.
const (
	inboxCSP = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailCSP  = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

// inboxPages shows the development inbox. Whoever reads it can take over every account, so
// it is there only while mail stays here.
type inboxPages struct {
	pages *pages
	inbox *mail.Inbox
	log   zerolog.Logger
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

// fail answers when the inbox could not be read.
func (p *inboxPages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, mail.ErrNoMail) {
		p.pages.notice(w, http.StatusNotFound, "This mail is gone", "The inbox keeps the last 500 mails, for 30 days.")
		return
	}
	f := request.FaultOf(r.Context(), p.log, "/dev/mail", err)
	if f.Code == auth.Unavailable {
		p.pages.notice(w, f.Status, "The inbox cannot be read just now", "The database does not answer. Try again in a minute.")
		return
	}
	p.pages.broken(w, f.RequestID)
}

// mailRow is a mail as a page shows it.
type mailRow struct {
	*mail.Message
	Machine, When string // createdAt, for programs and for people
}

func row(m *mail.Message) mailRow {
	at := m.CreatedAt.UTC()
	return mailRow{m, at.Format(time.RFC3339), at.Format("2\u00a0January, 15:04:05") + " UTC"}
}

// inboxList is the page of all mails, or of those to one address.
type inboxList struct {
	To     string
	Mails  []mailRow
	Script string // the path of the script that looks for new mail
}

// list shows all mails, or those to the address in `to`.
func (p *inboxPages) list(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	mails, err := p.inbox.Mails(r.Context(), to)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	rows := []mailRow{}
	for _, m := range mails {
		rows = append(rows, row(m))
	}
	p.pages.writeUnder(inboxCSP, w, http.StatusOK, "inbox", inboxList{to, rows, inboxJS.path})
}

// oneMail is the page of one mail, as people see it and as text.
type oneMail struct {
	mailRow
	Text []piece
}

// Sight is the mail as HTML. It stands in a tree of its own, which neither takes styles
// from the page nor gives it any.
//
//lint:ignore G203 our templates made it, or the operator's, and escaped what people typed
func (m oneMail) Sight() template.HTML { return template.HTML(m.HTML) }

// mail shows one mail.
func (p *inboxPages) mail(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.pages.writeUnder(mailCSP, w, http.StatusOK, "mail", oneMail{row(m), pieces(m.Text)})
}

// inboxMail is a mail as /dev/mail.json shows it.
type inboxMail struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	To        string   `json:"to"`
	From      string   `json:"from"`
	ReplyTo   string   `json:"replyTo"` // "" if answers go to from
	Subject   string   `json:"subject"`
	CreatedAt string   `json:"createdAt"` // RFC 3339, UTC, milliseconds
	Text      string   `json:"text"`
	HTML      string   `json:"html"`
	Links     []string `json:"links"` // of the text part that the mail is for, in its order
	Stop      string   `json:"stop"`  // where its reader refuses more, or ""
}

// json answers end-to-end tests: the mails to the address in `to`, the newest first, or all of them without one.
func (p *inboxPages) json(w http.ResponseWriter, r *http.Request) {
	mails, err := p.inbox.Mails(r.Context(), r.URL.Query().Get("to"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	list := []inboxMail{}
	for _, m := range mails {
		list = append(list, inboxMail{
			ID: m.ID, Kind: string(m.Kind), To: m.To, From: m.From, ReplyTo: m.ReplyTo, Subject: m.Subject,
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

package mail

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/internal/testenv"
)

// TestRealServer sends every kind of mail to a real server, over STARTTLS and
// over TLS, and compares what it understood.
func TestRealServer(t *testing.T) {
	for name, c := range map[string]struct {
		server testenv.Mail
		tls    TLS
	}{"starttls": {testenv.Mailpit(t), StartTLS}, "tls": {testenv.MailpitTLS(t), FullTLS}} {
		t.Run(name, func(t *testing.T) {
			pem, err := os.ReadFile(c.server.CA)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(pem)
			s := smtpTo(t, c.server.SMTP, roots, func(config *SMTPConfig) {
				config.Username, config.Password, config.TLS = c.server.User, c.server.Password, c.tls
			})
			for _, state := range states {
				m := render(t, state.app, state.kind, state.letter)
				m.ID = uuid.NewString()
				m.To, m.From, m.FromName, m.CreatedAt = "u"+m.ID+"@example.org", "noreply@example.org", "Größe", goldenNow
				if err := s.Send(t.Context(), m); err != nil {
					t.Fatalf("%s: %v", state.name, err)
				}
				got := mailpitMail(t, c.server, m.To)
				if got.MessageID != m.ID+"@auth.example.org" || got.Subject != m.Subject || got.From.Name != m.FromName || got.From.Address != m.From {
					t.Errorf("%s: got %+v", state.name, got)
				}
				if text := strings.ReplaceAll(got.Text, "\r\n", "\n"); text != m.Text {
					t.Errorf("%s: text: got %q, want %q", state.name, text, m.Text)
				}
				if html := strings.ReplaceAll(got.HTML, "\r\n", "\n"); strings.TrimSpace(html) != strings.TrimSpace(m.HTML) {
					t.Errorf("%s: html: got %q, want %q", state.name, html, m.HTML)
				}
			}
		})
	}
}

type mailpitMessage struct {
	MessageID string
	Subject   string
	From      struct{ Name, Address string }
	Text      string
	HTML      string
}

// mailpitMail returns the one mail to an address.
func mailpitMail(t *testing.T, server testenv.Mail, to string) *mailpitMessage {
	t.Helper()
	var found struct{ Messages []struct{ ID string } }
	getJSON(t, server.API+"/api/v1/search?query="+url.QueryEscape(`to:"`+to+`"`), &found)
	if len(found.Messages) != 1 {
		t.Fatalf("%d mails, want 1", len(found.Messages))
	}
	var m mailpitMessage
	getJSON(t, server.API+"/api/v1/message/"+found.Messages[0].ID, &m)
	return &m
}

func getJSON(t *testing.T, address string, v any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", address, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}

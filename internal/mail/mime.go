package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"
)

// message returns m in MIME: text first, HTML as its alternative.
func (s *SMTP) message(m *Message) (*gomail.Msg, error) {
	from, err := address(m.From)
	if err != nil {
		return nil, fmt.Errorf("%w: the sender's address", ErrRefused)
	}
	to, err := address(m.To)
	if err != nil {
		return nil, fmt.Errorf("%w: the recipient's address", ErrRefused)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: m.FromName, Address: from})
	msg.ToMailAddress(&netmail.Address{Address: to})
	if m.ReplyTo != "" {
		replyTo, err := address(m.ReplyTo)
		if err != nil {
			return nil, fmt.Errorf("%w: the address for answers", ErrRefused)
		}
		msg.ReplyToMailAddress(&netmail.Address{Address: replyTo})
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetMessageIDWithValue(m.ID + "@" + s.c.Public)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday notice comes back
	if strings.HasPrefix(m.Stop, "https:") {             // RFC 8058: mail programs show a button for it
		msg.SetGenHeader("List-Unsubscribe", "<"+m.Stop+">")
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// address returns addr as a mail server takes it: a bare address whose domain is in
// ASCII. It refuses what net/mail would read as another address than the one that is
// written there (D9).
func address(addr string) (string, error) {
	local, domain, ok := strings.Cut(addr, "@")
	if !ok || strings.ContainsRune(domain, '@') {
		return "", errors.New("not an address")
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", errors.New("not a domain")
	}
	bare := local + "@" + domain
	parsed, err := netmail.ParseAddress(bare)
	if err != nil || parsed.Name != "" || parsed.Address != bare {
		return "", errors.New("not a bare address")
	}
	return bare, nil
}

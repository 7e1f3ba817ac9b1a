package mail

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"latchkey/internal/store"
)

// trialTime bounds a test mail: somebody waits for the answer.
const trialTime = 15 * time.Second

// maxAnswer bounds what is repeated of what a mail server said, in bytes.
const maxAnswer = 500

// A refusal is why a test mail was not sent: what we call it, and what the server said.
type refusal struct{ why, answer string }

func (r *refusal) Error() string {
	if r.answer == "" {
		return r.why + "."
	}
	return r.why + ". The server said: " + r.answer
}

// NewTrial checks c, of which it needs neither Store, Links, Counters nor Log, and returns a
// function that sends a test mail to an address at once, past the outbox, within 15 s. If it
// was not sent, the answer says why, in the words of the server where it said any. They are
// for the administrator who asked, and for no log.
func NewTrial(c Config) (func(ctx context.Context, to string) (answer string, sent bool), error) {
	if c.Sender == nil || c.Templates == nil || c.From == "" || c.Now == nil {
		return nil, errors.New("mail: the trial lacks something")
	}
	return func(ctx context.Context, to string) (string, bool) {
		ctx, cancel := context.WithTimeout(ctx, trialTime)
		defer cancel()
		if err := sendTrial(ctx, c, to); err != nil {
			return err.Error(), false
		}
		return "", true
	}, nil
}

func sendTrial(ctx context.Context, c Config, to string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	msg := &Message{ID: id.String(), Kind: store.MailTest, To: to, From: c.From, FromName: c.FromName, ReplyTo: c.ReplyTo, CreatedAt: store.Moment(c.Now())}
	if err := c.Templates.write(msg, letter{}); err != nil {
		return err
	}
	if server, ok := c.Sender.(*SMTP); ok {
		return server.converse(ctx, msg)
	}
	return c.Sender.Send(ctx, msg)
}

// converse does what Send does, step by step, so that its error has the server's own words.
func (s *SMTP) converse(ctx context.Context, m *Message) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	from, _ := address(m.From) // message has read both
	to, _ := address(m.To)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := s.open(ctx)
	if err != nil {
		return s.refusal(s.at()+": "+connectReason(err), err)
	}
	defer c.quit()
	if err := c.session.Mail("<" + from + ">"); err != nil {
		return s.refusal("It does not take the sender, "+from, err)
	}
	if err := c.session.Rcpt("<" + to + ">"); err != nil {
		return s.refusal("It does not take the recipient, "+to, err)
	}
	data, err := c.session.Data()
	if err == nil {
		if _, err = msg.WriteTo(data); err == nil {
			err = data.Close()
		}
	}
	if err != nil {
		return s.refusal("It does not take the mail", err)
	}
	return nil
}

// refusal says why a test mail was not sent: why, and what the server said in err.
func (s *SMTP) refusal(why string, err error) error {
	r := &refusal{why: why}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		r.answer = s.repeat(fmt.Sprintf("%d %s", said.Code, said.Msg))
	}
	return r
}

// repeat returns what a server said as one line that can be shown. A server may repeat what
// it was told: our password is no part of the line.
func (s *SMTP) repeat(text string) string {
	if s.c.Password != "" {
		for _, secret := range []string{
			s.c.Password,
			base64.StdEncoding.EncodeToString([]byte(s.c.Password)),
			base64.StdEncoding.EncodeToString([]byte("\x00" + s.c.Username + "\x00" + s.c.Password)),
		} {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }), " ")
	if len(text) > maxAnswer {
		text = text[:maxAnswer]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
		text += "…"
	}
	return text
}

package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
)

// Check does all that comes before a mail from this address to the same one, and
// says goodbye: it connects, logs in and names both. ErrUnreachable, or ErrRefused
// and ErrDelayed of the recipient, which others may be spared.
func (s *SMTP) Check(ctx context.Context, from string) error {
	from, err := address(from)
	if err != nil {
		return fmt.Errorf("%w: the sender's address", ErrRefused)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.quit()
	if err := c.session.Mail("<" + from + ">"); err != nil {
		return fmt.Errorf("%w: %s: %s at MAIL FROM", ErrUnreachable, s.at(), connectReason(err))
	}
	if err := c.session.Rcpt("<" + from + ">"); err != nil {
		is := ErrRefused
		if e, ok := errors.AsType[*textproto.Error](err); ok && e.Code < 500 {
			is = ErrDelayed
		}
		return fmt.Errorf("%w: %s: %s at RCPT TO", is, s.at(), connectReason(err))
	}
	return nil
}

package mail

import (
	"testing"
	"time"
)

// The clock is set back by hours while the mail server is away: it is looked for
// every 30 s all the same, and what waits goes when it is back.
func TestClockSetBack_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.register("ada@example.org", "ada", "192.0.2.1")
		x.smtp.stop(t)
		x.tick()
		x.pass(-3 * time.Hour)
		x.smtp.start(t, x.smtp.addr)
		x.register("eve@example.org", "eve", "192.0.2.2")
		if got := to(x.sent()); len(got) == 0 {
			t.Error("nothing was sent: the mail server is not looked for")
		}
	})
}

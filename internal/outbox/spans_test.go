package outbox

import (
	"errors"
	"strings"
	"testing"

	"latchkey/internal/testenv"
	"latchkey/internal/trace"
)

// Each try is a trace of its own, which says what was tried and what came of it, and not for
// whom.
func TestSpans(t *testing.T) {
	for name, tt := range map[string]struct {
		err              error
		outcome, failure string
	}{
		"well":    {nil, "sent", ""},
		"away":    {Unreachable("mail server unreachable: hunter2"), "unreachable", "unreachable"},
		"refused": {Refused("answered 550 to hunter2"), "given_up", "given_up"},
		"dropped": {Drop("nothing to say"), "dropped", ""},
		"trouble": {errors.New("hunter2"), "delayed", "delayed"},
	} {
		t.Run(name, func(t *testing.T) {
			x := several(t, 4, 4, "")
			x.set(always(tt.err))
			x.add("", "hunter2")
			c, _ := testenv.Traced(t, func(tracer *trace.Tracer, _ trace.Span) {
				x.w.c.Trace = tracer
				x.tick()
			})
			s := c.Await(t, "the try", func(s *testenv.Span) bool { return s.Name == "mail new_device" })
			if len(s.ParentSpanId) > 0 || s.Str("latchkey.kind") != "new_device" || len(s.Str("latchkey.id")) != 37 ||
				s.Str("latchkey.outcome") != tt.outcome || s.Str("error.type") != tt.failure || (s.Status != nil) != (tt.failure != "") {
				t.Errorf("got %v", s)
			}
			if strings.Contains(c.Text(), "hunter2") {
				t.Errorf("the spans hold whom it is for, or the text of an error: %s", c.Text())
			}
		})
	}
}

package refusals

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// lines are those of a log.
func lines(t *testing.T, log *bytes.Buffer) (list []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	log.Reset()
	return list
}

// running calls f while Refusals run, at a clock of its own.
func running(t *testing.T, f func(r *Refusals, log *bytes.Buffer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := New(zerolog.New(&log))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.Run(ctx); close(ended) }()
		synctest.Wait()
		f(r, &log)
		stop()
		<-ended
	})
}

// minutes lets them pass.
func minutes(n int) {
	time.Sleep(time.Duration(n) * time.Minute)
	synctest.Wait()
}

// A line a minute says how many were refused, why and by which way; and holds no name and
// no address.
func TestSums_O5(t *testing.T) {
	running(t, func(r *Refusals, log *bytes.Buffer) {
		minutes(2)
		if list := lines(t, log); len(list) != 0 {
			t.Errorf("nothing was refused: %v", list)
		}
		for i := range 6 {
			r.Count("API", "unknown_names", fmt.Sprintf("login:name%d", i%3), "192.0.2.1")
		}
		r.Count("API", "wrong_passwords", "login:ada@example.org", "192.0.2.2")
		r.Count("OAUTH", "reused_tokens", "", "2001:db8::/64")
		minutes(1)
		if text := log.String(); strings.Contains(text, "name0") || strings.Contains(text, "ada") || strings.Contains(text, "192.0.2") {
			t.Errorf("the line names somebody: %s", text)
		}
		want := []map[string]any{{
			"level": "info", "event": "refusals", "message": "refused", "count": 8.0, "names": 4.0, "clients": 3.0,
			"api": map[string]any{"unknown_names": 6.0, "wrong_passwords": 1.0}, "oauth": map[string]any{"reused_tokens": 1.0},
		}}
		if diff := cmp.Diff(want, lines(t, log)); diff != "" {
			t.Error(diff)
		}
		minutes(3)
		if list := lines(t, log); len(list) != 0 {
			t.Errorf("nothing more was refused: %v", list)
		}
	})
}

// What was not yet written is written at the end.
func TestLastSum_O5(t *testing.T) {
	var log *bytes.Buffer
	running(t, func(r *Refusals, l *bytes.Buffer) {
		r.Count("LINK", "wrong_passwords", "ada", "192.0.2.1")
		log = l
	})
	if list := lines(t, log); len(list) != 1 || list[0]["count"] != 1.0 {
		t.Errorf("at the end: %v", list)
	}
}

// Who makes up names and addresses fills no memory.
func TestDistinctIsBounded_O5(t *testing.T) {
	d := newDistinct()
	for i := range 3 * most {
		d.add(fmt.Sprint(i))
		d.add(fmt.Sprint(i / 2))
	}
	if d.n() != most {
		t.Errorf("%d are kept, want %d", d.n(), most)
	}
}

// What leaves the usual range is said once, at most once an hour, and so is that it is
// back; and what lasts does not become usual by that.
func TestUsualRange_O5(t *testing.T) {
	type span struct {
		minutes, count int
		want           string // what is said, and in which minute of the span: "left 0, back 3"
	}
	for name, spans := range map[string][]span{
		"quiet":                    {{100, 0, ""}, {100, 99, ""}},
		"the first minute":         {{1, 100, "left 0"}, {10, 0, "back 0"}},
		"an attack":                {{120, 2, ""}, {5, 100, "left 0"}, {5, 2, "back 0"}},
		"below ten times":          {{120, 20, ""}, {30, 200, ""}, {1, 0, ""}},
		"above ten times":          {{120, 20, ""}, {1, 201, "left 0"}},
		"an attack for two days":   {{1440, 2, ""}, {121, 5000, "left 0, left 60, left 120"}, {2*1440 - 121, 5000, "left 59 and each 60"}, {3, 2, "back 0"}},
		"on and off":               {{120, 2, ""}, {1, 100, "left 0"}, {1, 0, "back 0"}, {1, 100, ""}, {1, 0, ""}, {57, 100, "left 56"}},
		"much from the start":      {{200, 1000, "left 0, back 1"}, {10, 9000, ""}, {1, 13810, "left 0"}},
		"a day after a busy hour":  {{60, 500, "left 0, back 1"}, {1440, 0, ""}, {1, 100, "left 0"}},
		"within a day of that one": {{60, 500, "left 0, back 1"}, {1000, 0, ""}, {1, 100, ""}},
	} {
		var u usual
		for i, s := range spans {
			var said []string
			for m := range s.minutes {
				switch u.judge(s.count) {
				case left:
					said = append(said, fmt.Sprintf("left %d", m))
				case back:
					said = append(said, fmt.Sprintf("back %d", m))
				}
			}
			got := strings.Join(said, ", ")
			if len(said) > 10 { // regularly
				got = said[0] + " and each 60"
			}
			if got != s.want {
				t.Errorf("%s, span %d: %q is said, want %q", name, i, got, s.want)
			}
		}
	}
}

// The lines of it.
func TestUnusualLines_O5(t *testing.T) {
	running(t, func(r *Refusals, log *bytes.Buffer) {
		for range 70 {
			r.Count("API", "wrong_passwords", "ada", "192.0.2.1")
			minutes(1)
		}
		lines(t, log)
		for range 150 {
			r.Count("API", "unknown_names", "eve", "192.0.2.1")
		}
		minutes(2)
		var got []string
		for _, l := range lines(t, log) {
			got = append(got, fmt.Sprint(l["level"], " ", l["message"], " ", l["count"], " ", l["usual"]))
		}
		want := []string{"info refused 150 <nil>", "warn more refusals than usual 150 1", "info refusals are as usual again 0 1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

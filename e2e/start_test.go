package e2e_test

import (
	"path/filepath"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// How many times as long as the bare server, which only opens the same database, the service
// may take until it is ready: on a database that has its tables, and on an empty one, where
// it makes them.
var startBounds = map[string]struct{ current, empty float64 }{
	"sqlite":     {8, 20},
	"postgresql": {8, 25},
}

// The service is ready soon after its start: compared with the bare server in turns, since
// times alone say nothing on a machine that others use too.
func TestTimeToReady(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (bare, current, empty func() time.Duration){
		"sqlite":     startsOnSQLite,
		"postgresql": startsOnPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			bare, current, empty := start(t)
			most := startBounds[name]
			for round := 1; ; round++ {
				var times [3][]time.Duration
				for range 7 {
					for i, f := range []func() time.Duration{bare, current, empty} {
						times[i] = append(times[i], f())
					}
				}
				b, c, e := median(times[0]), median(times[1]), median(times[2])
				t.Logf("bare %v, with tables %v (%.1f times as long), empty %v (%.1f times)", b, c, c.Seconds()/b.Seconds(), e, e.Seconds()/b.Seconds())
				if c.Seconds() <= most.current*b.Seconds() && e.Seconds() <= most.empty*b.Seconds() {
					return
				}
				if round == rounds { // the machine may be busy with something else
					t.Fatalf("want %.1f times with tables and %.1f times empty, at most", most.current, most.empty)
				}
			}
		})
	}
}

func startsOnSQLite(t *testing.T) (bare, current, empty func() time.Duration) {
	s := testenv.NewEmbedded(t)
	s.Plain = true
	s.Add(t)
	s.AwaitReady(t)
	s.Replicas[0].Kill()
	dir := s.Replicas[0].Dir
	return func() time.Duration {
			return testenv.BareTimeToReady(t, "DATABASE_FILE="+filepath.Join(dir, "data", "latchkey.db"))
		},
		func() time.Duration { return s.TimeToReady(t, dir) },
		func() time.Duration { return s.TimeToReady(t, "") }
}

func startsOnPostgres(t *testing.T) (bare, current, empty func() time.Duration) {
	s := testenv.NewProduction(t)
	return func() time.Duration {
			return testenv.BareTimeToReady(t, "DATABASE_URL="+s.Setting("DATABASE_URL"))
		},
		func() time.Duration { return s.TimeToReady(t, "") },
		func() time.Duration {
			return testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t)).TimeToReady(t, "")
		}
}

// binarySize is how many bytes the program may have as it is released. It has 39.6 million, of
// which counting for Prometheus takes 2.1, Go's profiles 0.4 and traces 0.1. A dependency that
// takes more wants a reason.
const binarySize = 40_000_000

func TestBinarySize(t *testing.T) {
	t.Parallel()
	size := testenv.Size(t)
	t.Logf("%.1f MB", float64(size)/1e6)
	if size > binarySize {
		t.Errorf("the program has %.1f MB, want %.1f at most", float64(size)/1e6, float64(binarySize)/1e6)
	}
}

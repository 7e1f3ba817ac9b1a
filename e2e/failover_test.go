package e2e_test

import (
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// The PostgreSQL server dies under load, and its standby takes over: the replicas find it
// by themselves, and nothing that anybody was told is untrue then.
func TestFailover_R1(t *testing.T) {
	t.Parallel()
	postgres := testenv.StartReplicated(t)
	s := testenv.NewProduction(t, "DATABASE_URL="+postgres.URL)
	s.Plain = true
	s.OwnMailpit(t)
	s.Add(t)
	s.Add(t)
	s.AwaitReady(t)
	began, l := time.Now(), newLedger(t, s)
	l.survive(t, fault{"a failover", func(t *testing.T, l *ledger) {
		before := l.failures()
		postgres.FailOver(t)
		tookOver := time.Now()
		l.await(t, "being served by the standby", 1, wasServed)
		took := time.Since(tookOver)
		t.Logf("served again %v after the standby took over, %d tries without an answer", took, l.failures()-before)
		if took > recoverWithin {
			t.Errorf("served again %v after the standby took over, want %v at most", took, recoverWithin)
		}
	}})
	l.account(t, began)
}

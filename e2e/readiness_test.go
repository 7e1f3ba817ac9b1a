package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// awaitReadiness waits until /readyz has this status and names what is down.
func awaitReadiness(t *testing.T, base string, status int, down string) {
	t.Helper()
	testenv.Await(t, recoverWithin, "readiness", func() bool {
		p, err := tryGet(base + "/readyz")
		return err == nil && p.status == status && strings.Contains(p.body, `"down":[`+down+`]`)
	})
	if p, err := tryGet(base + "/livez"); err != nil || p.status != http.StatusOK {
		t.Errorf("/livez: %d, %v", p.status, err)
	}
}

// callTime is what a statement gets, and so a request that waits for a database
// that hangs. /readyz has a second.
const callTime = 2500 * time.Millisecond

// mustNotWait fails the test if /readyz waits for a database that hangs as long as
// a statement would, in each of a few rounds: the machine may stand still for one.
func mustNotWait(t *testing.T, base string) {
	t.Helper()
	var took time.Duration
	for range rounds {
		began := time.Now()
		p, err := tryGet(base + "/readyz")
		if err != nil || p.status != http.StatusServiceUnavailable {
			t.Fatalf("/readyz: got %d, %v", p.status, err)
		}
		if took = time.Since(began); took < callTime {
			return
		}
	}
	t.Errorf("/readyz took %v, as long as a statement may", took)
}

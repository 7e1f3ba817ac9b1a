package buildinfo

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestInfo(t *testing.T) {
	t.Parallel()
	const commit = "84449a9ab4c1f3f6a6e1d9b5d6e0c7a8b9c0d1e2"
	at := time.Date(2026, 11, 29, 16, 0, 0, 0, time.UTC)
	for want, i := range map[string]Info{
		"dev (go1.26.8)": {Version: "dev", Go: "go1.26.8"},
		"1.2.3 (commit 84449a9ab4c1 of 2026-11-29, go1.26.8)":        {Version: "1.2.3", Revision: commit, Date: at, Go: "go1.26.8"},
		"dev (commit 84449a9ab4c1-modified of 2026-11-29, go1.26.8)": {Version: "dev", Revision: commit, Modified: true, Date: at, Go: "go1.26.8"},
		"dev (commit 84449a9, go1.26.8)":                             {Version: "dev", Revision: commit[:7], Go: "go1.26.8"},
	} {
		if got := i.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := (Info{Modified: true}).Commit(); got != "unknown" {
		t.Errorf("a build that nobody knows: %q", got)
	}
	var i Info
	i.read([]debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "true"}, {Key: "vcs.time", Value: "2026-11-29T17:00:00+01:00"}, {Key: "GOOS", Value: "linux"}})
	if want := (Info{Revision: commit, Modified: true, Date: at}); i != want {
		t.Errorf("got %+v, want %+v", i, want)
	}
	if i := Read("1.2.3", "abc"); i.Version != "1.2.3" || i.Revision != "abc" || i.Modified || i.Go != runtime.Version() {
		t.Errorf("got %+v", i)
	}
}

// Package buildinfo says what the program that runs was built of.
package buildinfo

import (
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Info is what is known of a build.
type Info struct {
	Version  string    // of a release, such as "1.2.3", or "dev"
	Revision string    // the commit, in hexadecimal; "" if nobody said
	Modified bool      // what was built had changes that were not committed
	Date     time.Time // of the commit, in UTC; zero if nobody said
	Go       string    // such as "go1.26.8"
}

// Read returns what the linker was told of a build, and what Go found in the checkout, if
// it built there. revision wins over Go's: an image is built without the checkout's history.
func Read(version, revision string) Info {
	i := Info{Version: version, Go: runtime.Version()}
	if built, ok := debug.ReadBuildInfo(); ok {
		i.read(built.Settings)
	}
	if revision != "" {
		i.Revision, i.Modified, i.Date = revision, false, time.Time{}
	}
	return i
}

func (i *Info) read(settings []debug.BuildSetting) {
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			i.Revision = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				i.Date = at.UTC()
			}
		}
	}
}

// Commit is the revision in short, with a mark if there were changes beside it; "unknown"
// if nobody said.
func (i Info) Commit() string {
	short := i.Revision
	switch {
	case short == "":
		return "unknown"
	case len(short) > 12:
		short = short[:12]
	}
	if i.Modified {
		short += "-modified"
	}
	return short
}

// String is one line for people, such as "1.2.3 (commit 84449a9ab4c1 of 2026-11-29, go1.26.8)".
func (i Info) String() string {
	known := []string{}
	if i.Revision != "" {
		commit := "commit " + i.Commit()
		if !i.Date.IsZero() {
			commit += " of " + i.Date.Format(time.DateOnly)
		}
		known = append(known, commit)
	}
	return i.Version + " (" + strings.Join(append(known, i.Go), ", ") + ")"
}

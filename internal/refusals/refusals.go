// Package refusals sums up for the log who was not let in: how often, why and by which way,
// at how many names and from how many clients, and whether that is more than usual. It
// keeps no name and no address, and its memory is bounded. Each process counts for itself.
//
// refusals.go counts and writes the lines, distinct.go counts names and clients, usual.go
// says what is more than usual.
package refusals

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// event is what all lines have as their event.
const event = "refusals"

// Refusals counts what is refused. [Refusals.Run] writes the lines.
type Refusals struct {
	log zerolog.Logger

	mu    sync.Mutex
	since minute

	usual usual // Run's alone
}

// kind is what is summed up: a way in, and why somebody was not let in by it.
type kind struct{ way, why string }

// minute is what was refused within a minute.
type minute struct {
	count          int
	kinds          map[kind]int
	names, clients distinct
}

// New returns Refusals that have counted nothing.
func New(log zerolog.Logger) *Refusals {
	return &Refusals{log: log, since: newMinute()}
}

func newMinute() minute {
	return minute{kinds: map[kind]int{}, names: newDistinct(), clients: newDistinct()}
}

// Count counts one refusal. way and why are of few; name is who was tried, or "" if that
// is not said, and client is who tried.
func (r *Refusals) Count(way, why, name, client string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since.count++
	r.since.kinds[kind{strings.ToLower(way), why}]++
	if name != "" {
		r.since.names.add(name)
	}
	r.since.clients.add(client)
}

// Run writes a line for each minute in which something was refused, until ctx ends, and
// then one for what is left.
func (r *Refusals) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.write(r.take())
			return
		case <-tick.C:
			m := r.take()
			r.write(m)
			r.judge(m.count)
		}
	}
}

// take returns what was refused since it was called last.
func (r *Refusals) take() minute {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.since
	r.since = newMinute()
	return m
}

// write writes the line of a minute, if there was something.
func (r *Refusals) write(m minute) {
	if m.count == 0 {
		return
	}
	line := r.log.Info().Str("event", event).Int("count", m.count).Int("names", m.names.n()).Int("clients", m.clients.n())
	byWay := map[string]*zerolog.Event{}
	inOrder := func(a, b kind) int { return cmp.Or(cmp.Compare(a.way, b.way), cmp.Compare(a.why, b.why)) }
	for _, k := range slices.SortedFunc(maps.Keys(m.kinds), inOrder) {
		if byWay[k.way] == nil {
			byWay[k.way] = zerolog.Dict()
		}
		byWay[k.way].Int(k.why, m.kinds[k])
	}
	for _, way := range slices.Sorted(maps.Keys(byWay)) {
		line = line.Dict(way, byWay[way])
	}
	line.Msg("refused")
}

// judge says when the refusals of a minute leave their usual range, and when they are back.
func (r *Refusals) judge(count int) {
	mean := r.usual.mean()
	switch r.usual.judge(count) {
	case left:
		r.log.Warn().Str("event", event).Int("count", count).Int("usual", mean).Msg("more refusals than usual")
	case back:
		r.log.Info().Str("event", event).Int("count", count).Int("usual", mean).Msg("refusals are as usual again")
	}
}

package refusals

import "hash/maphash"

// most is how many different texts are told apart. Where there are more, it is the answer.
const most = 10_000

// distinct counts different texts, of which it keeps hashes alone. Their seed is its own,
// so nobody can choose texts that count as one.
type distinct struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

func newDistinct() distinct {
	return distinct{maphash.MakeSeed(), map[uint64]struct{}{}}
}

func (d distinct) add(text string) {
	if len(d.seen) < most {
		d.seen[maphash.String(d.seed, text)] = struct{}{}
	}
}

// n returns how many different texts there were, but at most [most].
func (d distinct) n() int { return len(d.seen) }

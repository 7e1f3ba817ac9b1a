package refusals

// A minute is unusual if it has at least [least] refusals, and more than [times] as many
// as the mean of the last day's usual minutes.
const (
	least = 100
	times = 10

	day      = 24 * 60 // minutes
	learning = 60      // minutes from the start on that all count as usual: nothing else is known
	pause    = 60      // minutes from one warning to the next
)

// verdict is what there is to say of a minute.
type verdict int

const (
	nothing verdict = iota
	left            // it is unusual, and that was not said for an hour
	back            // it is usual again
)

// usual knows how many refusals a minute has as a rule.
type usual struct {
	minutes [day]int // the last day's in a ring, one more than each had; 0 where none is known
	next    int      // where the next one goes
	seen    int      // minutes since the start, up to learning
	sum, n  int      // of those that are known

	out   bool // it was said that the range was left
	quiet int  // minutes until that may be said again
}

// mean returns how many refusals a usual minute has.
func (u *usual) mean() int {
	if u.n == 0 {
		return 0
	}
	return u.sum / u.n
}

// judge takes the count of the minute that ends now, and returns what there is to say.
func (u *usual) judge(count int) verdict {
	unusual := count >= least && (u.n == 0 || count*u.n > times*u.sum)
	u.remember(count, unusual && u.seen >= learning)
	u.quiet = max(0, u.quiet-1)
	switch {
	case unusual && u.quiet == 0:
		u.out, u.quiet = true, pause
		return left
	case !unusual && u.out:
		u.out = false
		return back
	}
	return nothing
}

// remember puts a minute in the place of the one a day before it. An unusual one leaves
// the place empty, so that what lasts for long does not become usual by that.
func (u *usual) remember(count int, unusual bool) {
	if old := u.minutes[u.next]; old > 0 {
		u.sum, u.n = u.sum-(old-1), u.n-1
	}
	u.minutes[u.next] = 0
	if !unusual {
		u.minutes[u.next] = count + 1
		u.sum, u.n = u.sum+count, u.n+1
	}
	u.next = (u.next + 1) % day
	u.seen = min(u.seen+1, learning)
}

package outbox

// Waker wakes a Worker when there is a new row. It may be there, and be used,
// before its Worker is.
type Waker struct {
	c chan struct{} // buffered: one wake-up is as good as many
}

// NewWaker makes a Waker, for one Config.
func NewWaker() *Waker { return &Waker{make(chan struct{}, 1)} }

// Wake makes the Worker look for due rows at once. It never blocks.
func (w *Waker) Wake() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

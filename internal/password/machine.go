package password

// A Machine makes and compares hashes, one at a time. Besides the errors of [Params.Hash]
// and [Verify] it may return a [*BusyError]: it could not, and nothing was done.
type Machine interface {
	Hash(p Params, password string) (string, error)
	Verify(phc, password string) error

	// Err says why the machine cannot work; nil if nothing is known to be wrong.
	Err() error
}

// Here returns n machines that are this process.
func Here(n int) []Machine {
	machines := make([]Machine, n)
	for i := range machines {
		machines[i] = here{}
	}
	return machines
}

type here struct{}

func (here) Hash(p Params, password string) (string, error) { return p.Hash(password) }
func (here) Verify(phc, password string) error              { return Verify(phc, password) }
func (here) Err() error                                     { return nil }

package password

import (
	"errors"
	"fmt"
	"time"
)

// ErrBusy is what errors.Is finds in a *BusyError.
var ErrBusy = errors.New("password: too many hashes wait")

// BusyError says that nothing was hashed because too much waits already.
type BusyError struct {
	// RetryAfter is about how long what waits now will take, at least a second.
	RetryAfter time.Duration
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%v, try again in %v", ErrBusy, e.RetryAfter)
}

func (e *BusyError) Is(target error) bool { return target == ErrBusy || target == ErrNotBegun }

// ErrNotBegun is what errors.Is finds where nothing was hashed or compared: in a
// *BusyError, and in the error of a context that ended before.
var ErrNotBegun = errors.New("password: not begun")

// notBegun is the error of a context that ended in time.
type notBegun struct{ error }

func (e notBegun) Unwrap() error        { return e.error }
func (e notBegun) Is(target error) bool { return target == ErrNotBegun }

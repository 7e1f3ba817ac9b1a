package outbox

import (
	"errors"
	"time"
)

// outcome is how a try ended. It is the error that Job.Deliver returns, or stands for
// none.
type outcome struct {
	is    kind
	text  string
	until time.Time // when a row that waits is due again
}

type kind int

// The kinds of outcomes. Those up to refused say something about the destination.
const (
	delivered kind = iota
	unreachable
	cut
	delayed
	refused
	dropped
	settled
	waits
)

// End is in a word how a try ended, for whoever counts. A row that waits for its time, or
// until its destination is back, was not tried.
type End string

// How a try may end.
const (
	EndSent        End = "sent"
	EndDelayed     End = "delayed"     // it is tried again
	EndUnreachable End = "unreachable" // it is tried again when the destination is back
	EndGivenUp     End = "given_up"    // it is kept for the operator
	EndDropped     End = "dropped"     // there was nothing to deliver, or not as a row of its own
)

// Error implements error.
func (o *outcome) Error() string { return o.text }

// outcomeOf returns the outcome that Deliver's error stands for, with the error's whole
// text. It returns nil for an error that is none of this package's: trouble of our own.
func outcomeOf(err error) *outcome {
	if err == nil {
		return &outcome{is: delivered}
	}
	o, known := errors.AsType[*outcome](err)
	if !known {
		return nil
	}
	return &outcome{is: o.is, text: err.Error(), until: o.until}
}

// How a destination may fail. The errors made here can be wrapped; the whole
// text is logged and kept with the row, so it has no address in it and nothing
// that the destination said.

// Unreachable makes an error that says: nothing can be delivered there at all.
// All rows to this destination wait, and one is tried every 30 s until it is
// back.
func Unreachable(text string) error { return &outcome{is: unreachable, text: text} }

// Cut makes an error that says: it fell silent or hung up in the middle. The
// row may have arrived or not, and is due again within 30 s.
func Cut(text string) error { return &outcome{is: cut, text: text} }

// Delayed makes an error that says: it wants this row later. The waits double
// from 5 s to an hour.
func Delayed(text string) error { return &outcome{is: delayed, text: text} }

// Refused makes an error that says: it will never take this row, which is given
// up.
func Refused(text string) error { return &outcome{is: refused, text: text} }

// What becomes of a row without its destination.

// Drop makes an error that says: there is nothing to deliver (any more). The
// row is deleted.
func Drop(reason string) error { return &outcome{is: dropped, text: reason} }

// Settled makes an error that says: Deliver has brought the row to an end
// itself. What it did with it, as in "held", is logged.
func Settled(did string) error { return &outcome{is: settled, text: did} }

// Wait makes an error that says: this was no try yet. The row is due again at
// until.
func Wait(until time.Time) error { return &outcome{is: waits, text: "waits", until: until} }

package hashing

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"latchkey/internal/password"
)

// keep is how much memory a process keeps from hash to hash. One that needed more, for a
// hash that was imported, gives it back.
const keep = 64 << 20

// ErrByHand says that the process was not started by a server.
var ErrByHand = errors.New("hash-passwords is what a server starts for itself, and does nothing by hand")

// Serve answers the questions that come by in until it ends. It is all that the process
// does, and decides how that uses the machine: on one processor, and with a collector that
// runs between hashes alone, so that each has the memory of the one before, which the
// kernel need not find and empty again. A server asks by a pipe; from a terminal, which
// could not even interrupt it, it is ErrByHand.
func Serve(in *os.File, out io.Writer) error {
	if info, err := in.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return ErrByHand
	}
	// Who ends the service sends these to all processes of a terminal or a container.
	// The server still has passwords to hash then.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	debug.FreeOSMemory() // what the start of the program needed
	for {
		question, err := read(in)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		answer := reply(question)
		clear(question)
		if _, err := out.Write(answer); err != nil {
			return err
		}
		collect()
	}
}

// collect makes the memory of the last hash free for the next one.
func collect() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapIdle-m.HeapReleased > keep {
		debug.FreeOSMemory()
	}
}

func reply(question frame) frame {
	fields, err := question.fields()
	switch {
	case err != nil:
	case fields[0] == askHash && len(fields) == 7:
		var p password.Params
		if p, err = params(fields[1:]); err == nil {
			var phc string
			if phc, err = p.Hash(fields[6]); err == nil {
				return newFrame(sayHash, phc)
			}
		}
	case fields[0] == askVerify && len(fields) == 3:
		switch err = password.Verify(fields[1], fields[2]); {
		case err == nil:
			return newFrame(sayYes)
		case errors.Is(err, password.ErrMismatch):
			return newFrame(sayNo)
		}
	default:
		err = errFrame
	}
	return newFrame(sayError, err.Error())
}

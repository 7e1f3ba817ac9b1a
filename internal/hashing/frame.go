package hashing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"latchkey/internal/password"
)

// A frame is a question or an answer as it goes over the pipe: its length without these
// four bytes, then its fields, each behind its own length. Lengths are 32 bits, the most
// significant first. The first field says what the others are.
type frame []byte

// maxFrame bounds a frame: a request has 100 KiB, and normalizing makes a password at most
// a few times as long.
const maxFrame = 1 << 20

const lengthBytes = 4

// What the first field of a frame says.
const (
	askHash   = "hash"   // kind, memory, time, threads, cost, password
	askVerify = "verify" // hash, password
	sayHash   = "made"   // hash
	sayYes    = "match"
	sayNo     = "mismatch"
	sayError  = "error" // text
)

var errFrame = errors.New("not a frame")

func newFrame(fields ...string) frame {
	size := lengthBytes
	for _, f := range fields {
		size += lengthBytes + len(f)
	}
	f := make(frame, lengthBytes, size)
	//lint:ignore G115 what is too long is refused by whoever reads it
	binary.BigEndian.PutUint32(f, uint32(size-lengthBytes))
	for _, field := range fields {
		//lint:ignore G115 as above
		f = binary.BigEndian.AppendUint32(f, uint32(len(field)))
		f = append(f, field...)
	}
	return f
}

// read reads one frame.
func read(r io.Reader) (frame, error) {
	var length [lengthBytes]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxFrame {
		return nil, errFrame
	}
	f := make(frame, lengthBytes+n)
	copy(f, length[:])
	_, err := io.ReadFull(r, f[lengthBytes:])
	return f, err
}

// fields returns what a frame holds. The strings are copies.
func (f frame) fields() ([]string, error) {
	var fields []string
	for rest := f[lengthBytes:]; len(rest) > 0; {
		if len(rest) < lengthBytes {
			return nil, errFrame
		}
		n := int(binary.BigEndian.Uint32(rest))
		if rest = rest[lengthBytes:]; n > len(rest) {
			return nil, errFrame
		}
		fields = append(fields, string(rest[:n]))
		rest = rest[n:]
	}
	if len(fields) == 0 {
		return nil, errFrame
	}
	return fields, nil
}

func hashFrame(p password.Params, plain string) frame {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	//lint:ignore G115 a cost is small, and checked where it is set
	return newFrame(askHash, string(p.Kind), number(uint64(p.Memory)), number(uint64(p.Time)), number(uint64(p.Threads)), number(uint64(p.Cost)), plain)
}

func verifyFrame(phc, plain string) frame { return newFrame(askVerify, phc, plain) }

// params reads the parameters of a question for a hash.
func params(fields []string) (password.Params, error) {
	var n [4]uint64
	for i, digits := range fields[1:5] {
		var err error
		if n[i], err = strconv.ParseUint(digits, 10, 31); err != nil {
			return password.Params{}, errFrame
		}
	}
	if n[2] > 255 {
		return password.Params{}, errFrame
	}
	//lint:ignore G115 bounded above
	return password.Params{Kind: password.Kind(fields[0]), Memory: uint32(n[0]), Time: uint32(n[1]), Threads: uint8(n[2]), Cost: int(n[3])}, nil
}

// hash reads the answer to askHash.
func (f frame) hash() (string, error) {
	fields, err := f.fields()
	switch {
	case err != nil:
		return "", err
	case fields[0] == sayHash && len(fields) == 2:
		return fields[1], nil
	}
	return "", f.failure(fields)
}

// verdict reads the answer to askVerify.
func (f frame) verdict() error {
	fields, err := f.fields()
	switch {
	case err != nil:
		return err
	case fields[0] == sayYes:
		return nil
	case fields[0] == sayNo:
		return password.ErrMismatch
	}
	return f.failure(fields)
}

func (frame) failure(fields []string) error {
	if fields[0] == sayError && len(fields) == 2 {
		return fmt.Errorf("hashing process: %s", fields[1])
	}
	return errFrame
}

package breach

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Built is what a Build did.
type Built struct {
	Lines int64 // that were read
	Kept  int64 // passwords of the list
}

// Build writes the list of the passwords in a dump that were seen minCount times or more.
// The dump has a line for each: the SHA-1 in 40 hexadecimal digits, a colon and how often
// it was seen, in the order of the hashes. A line that is otherwise ends the building, and
// the error names it. It takes little memory, whatever the size.
func Build(to io.Writer, dump io.Reader, minCount uint64) (Built, error) {
	l := listWriter{to: bufio.NewWriterSize(to, 1<<20)}
	l.begin()
	lines := lineReader{from: bufio.NewReaderSize(dump, 1<<20)}
	var built Built
	for lines.next() {
		built.Lines++
		if lines.count >= minCount {
			l.add(binary.BigEndian.Uint64(lines.hash[:]))
		}
	}
	built.Kept = l.kept
	switch {
	case lines.err != nil:
		return built, lines.err
	case built.Lines == 0:
		return built, errors.New("there is no line in it")
	case built.Kept == 0:
		return built, fmt.Errorf("none of its passwords was seen %d times", minCount)
	}
	return built, l.end()
}

// listWriter writes a list. What could not be written is told by end.
type listWriter struct {
	to    *bufio.Writer
	head  [headSize]byte
	index [buckets]uint64 // how many tails there are of each value
	last  uint64          // that was added
	kept  int64
	sum   uint32
}

func (l *listWriter) begin() {
	copy(l.head[:], magic)
	binary.BigEndian.PutUint16(l.head[8:], version)
	binary.BigEndian.PutUint16(l.head[10:], tailSize)
	_, _ = l.to.Write(l.head[:]) // bufio keeps an error until it is flushed
}

// add adds the first eight bytes of a hash, if they are not those of the hash before.
func (l *listWriter) add(key uint64) {
	if l.kept > 0 && key == l.last {
		return
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], key)
	tail := b[8-tailSize:]
	l.sum = crc32.Update(l.sum, castagnoli, tail)
	_, _ = l.to.Write(tail)
	l.index[key>>tailBits]++
	l.last = key
	l.kept++
}

func (l *listWriter) end() error {
	rest := make([]byte, 0, 8*buckets+endSize)
	n := uint64(0)
	for _, here := range l.index {
		n += here
		rest = binary.BigEndian.AppendUint64(rest, n)
	}
	rest = binary.BigEndian.AppendUint64(rest, n)
	rest = binary.BigEndian.AppendUint32(rest, l.sum)
	rest = binary.BigEndian.AppendUint32(rest, crc32.Update(crc32.Checksum(l.head[:], castagnoli), castagnoli, rest))
	rest = append(rest, magic...)
	_, _ = l.to.Write(rest)
	return l.to.Flush()
}

// maxLine is how long a line may be: the digits, the colon, a number and the line's end.
const maxLine = 2*len(hash{}) + 1 + maxDigits + 2

// maxDigits is how many a number may have, which then fits into a uint64.
const maxDigits = 18

// lineReader reads the lines of a dump.
type lineReader struct {
	from  *bufio.Reader
	line  int64
	hash  hash
	count uint64
	err   error
}

// next reads a line. At the end, and at one that is wrong, it returns false.
func (r *lineReader) next() bool {
	text, err := r.from.ReadSlice('\n')
	if len(text) == 0 && errors.Is(err, io.EOF) {
		return false
	}
	r.line++
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) { // a line that long is wrong anyhow
		r.err = fmt.Errorf("line %d: %w", r.line, err)
		return false
	}
	h, count, ok := parseLine(text)
	switch {
	case !ok:
		r.err = fmt.Errorf("line %d: it is not 40 hexadecimal digits, a colon and a number", r.line)
	case r.line > 1 && bytes.Compare(h[:], r.hash[:]) <= 0:
		r.err = fmt.Errorf("line %d: its hash does not come after that of the line before; sort the file first", r.line)
	}
	r.hash, r.count = h, count
	return r.err == nil
}

// parseLine reads a line with its end, which is LF, CRLF or nothing.
func parseLine(text []byte) (h hash, count uint64, ok bool) {
	if len(text) > maxLine {
		return h, 0, false
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	const digits = 2 * len(h)
	if len(text) < digits+2 || text[digits] != ':' || len(text) > digits+1+maxDigits {
		return h, 0, false
	}
	if _, err := hex.Decode(h[:], text[:digits]); err != nil {
		return h, 0, false
	}
	count, ok = number(text[digits+1:])
	return h, count, ok
}

// number reads decimal digits, of which there are some, and maxDigits at most.
func number(text []byte) (n uint64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, len(text) > 0 && len(text) <= maxDigits
}

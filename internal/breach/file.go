package breach

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sort"
)

// A file has, numbers with their highest byte first:
//
//	header  16 bytes: magic, version (2), bytes of a tail (2), zeros (4)
//	tails    6 bytes for each password: bytes 3 to 8 of its SHA-1, in the order of the hashes
//	index    8 bytes for each value of the first two bytes of a hash: how many tails there
//	         are of hashes that begin so, or with less
//	end     24 bytes: how many tails, CRC-32C of the tails (4), CRC-32C of the header, the
//	         index and what stands before in the end (4), magic
//
// So it is written in one go, and a look-up is one read whatever its size, or a few of six
// bytes more in a huge one. Eight bytes of a hash are told apart: of 2^64 passwords that
// are not in the list, one is taken for each that is.
const (
	magic    = "lkbreach"
	version  = 1
	headSize = 16
	tailSize = 6
	tailBits = 8 * tailSize
	buckets  = 1 << 16
	endSize  = 24

	leastSize = headSize + 8*buckets + endSize
)

// readAtOnce is how many tails a look-up reads at once; of more it halves the range first.
const readAtOnce = 1024

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// File is a list of stolen passwords in a file. What it keeps in memory is the index, half
// a megabyte. The file must not change while it is open; another may take its name.
type File struct {
	name  string
	from  io.ReaderAt
	close func() error
	index [buckets]uint64
	sum   uint32 // of the tails
}

// Open opens a file that Build made. It reads all but the tails; Check reads those too.
func Open(name string) (*File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", name)
	}
	var l *File
	if err == nil {
		if l, err = read(file, info.Size()); err != nil {
			err = fmt.Errorf("%s %w; %s", name, err, makeAnew)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l.name, l.close = name, file.Close
	return l, nil
}

// read reads the header, the index and the end of a list of this size.
func read(from io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, headSize)
	if _, err := from.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(head[:8]) != magic {
		return nil, errors.New("is no list of stolen passwords")
	}
	if binary.BigEndian.Uint16(head[8:]) != version || binary.BigEndian.Uint16(head[10:]) != tailSize {
		return nil, errors.New("is a list of a version that this program does not know")
	}
	if size < leastSize {
		return nil, errors.New("is damaged: it is cut off")
	}
	rest := make([]byte, 8*buckets+endSize)
	if _, err := from.ReadAt(rest, size-int64(len(rest))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	end := rest[8*buckets:]
	if string(end[16:]) != magic {
		return nil, errors.New("is damaged: it is cut off")
	}
	sum := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, rest[:8*buckets+12])
	if binary.BigEndian.Uint32(end[12:]) != sum {
		return nil, errors.New("is damaged: its index is not what it was")
	}
	l := &File{from: from, sum: binary.BigEndian.Uint32(end[8:])}
	for i := range l.index {
		l.index[i] = binary.BigEndian.Uint64(rest[8*i:])
	}
	tails := uint64(size - leastSize)
	if n := binary.BigEndian.Uint64(end); !slices.IsSorted(l.index[:]) || l.index[buckets-1] != n || tails%tailSize != 0 || tails/tailSize != n {
		return nil, errors.New("is damaged: its size is not what its index says")
	}
	return l, nil
}

// Len returns how many passwords are in the list.
func (l *File) Len() int64 {
	//lint:ignore G115 read has compared it with the file's size
	return int64(l.index[buckets-1])
}

// Close lets go of the file.
func (l *File) Close() error { return l.close() }

// Has looks a password up.
func (l *File) Has(_ context.Context, password string) (bool, error) {
	h := hashOf(password)
	return l.hasKey(binary.BigEndian.Uint64(h[:]))
}

// hasKey looks up the first eight bytes of a hash.
func (l *File) hasKey(key uint64) (bool, error) {
	bucket, tail := key>>tailBits, key&(1<<tailBits-1)
	var low int64
	if bucket > 0 {
		//lint:ignore G115 as in Len
		low = int64(l.index[bucket-1])
	}
	//lint:ignore G115 as in Len
	high := int64(l.index[bucket])
	for high-low > readAtOnce {
		middle := low + (high-low)/2
		at, err := l.tails(middle, 1)
		if err != nil {
			return false, err
		}
		if tailAt(at, 0) <= tail {
			low = middle
		} else {
			high = middle
		}
	}
	list, err := l.tails(low, high-low)
	if err != nil {
		return false, err
	}
	_, found := sort.Find(len(list)/tailSize, func(i int) int {
		at := tailAt(list, i)
		switch {
		case tail < at:
			return -1
		case tail > at:
			return 1
		}
		return 0
	})
	return found, nil
}

// tails reads n tails.
func (l *File) tails(from, n int64) ([]byte, error) {
	b := make([]byte, n*tailSize)
	if _, err := l.from.ReadAt(b, headSize+from*tailSize); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", l.name, err)
	}
	return b, nil
}

// tailAt returns one of several tails.
func tailAt(list []byte, i int) uint64 {
	b := list[i*tailSize:]
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

// Check reads all tails, as far as it gets until ctx ends, and returns how many there are.
// It fails if they are not those that were written.
func (l *File) Check(ctx context.Context) (string, error) {
	const step = 1 << 20
	sum, tails := crc32.New(castagnoli), io.NewSectionReader(l.from, headSize, l.Len()*tailSize)
	for n := int64(step); n == step; {
		if ctx.Err() != nil {
			return fmt.Sprintf("%s has %d passwords, more than could be read in the time", l.name, l.Len()), nil
		}
		var err error
		if n, err = io.CopyN(sum, tails, step); err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%s cannot be read: %w", l.name, err)
		}
	}
	if sum.Sum32() != l.sum {
		return "", fmt.Errorf("%s is damaged: its passwords are not what they were; %s", l.name, makeAnew)
	}
	return fmt.Sprintf("%s has %d passwords and is whole", l.name, l.Len()), nil
}

const makeAnew = "make it anew by latchkey breaches build"

package breach

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dumpOf returns a dump with n passwords, which are of(0) to of(n-1). Each was seen as often
// as its number says, and once more.
func dumpOf(n int, end string, of func(int) string) []byte {
	type line struct {
		hash  hash
		times int
	}
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{hashOf(of(i)), i + 1}
	}
	slices.SortFunc(lines, func(a, b line) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	var b bytes.Buffer
	for _, l := range lines {
		_, _ = fmt.Fprintf(&b, "%X:%d%s", l.hash, l.times, end)
	}
	return b.Bytes()
}

func stolen(i int) string { return "a stolen horse " + strconv.Itoa(i) }
func fine(i int) string   { return "a horse of my own " + strconv.Itoa(i) }

// built writes the list of a dump and opens it.
func built(t testing.TB, dump []byte, minCount uint64) *File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "breaches.lkb")
	f, err := os.Create(name)
	must(t, err)
	_, err = Build(f, bytes.NewReader(dump), minCount)
	must(t, err)
	must(t, f.Close())
	l, err := Open(name)
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	return l
}

// inMemory is the same list, read from memory.
func inMemory(t testing.TB, l *File) *File {
	t.Helper()
	b, err := os.ReadFile(l.name)
	must(t, err)
	again, err := read(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	return again
}

// mustHave looks n passwords up.
func mustHave(t testing.TB, l List, n int, of func(int) string, want func(i int) bool) {
	t.Helper()
	for i := range n {
		if got, err := l.Has(t.Context(), of(i)); err != nil || got != want(i) {
			t.Fatalf("%q: %v, %v", of(i), got, err)
		}
	}
}

// Of a dump with a million lines every one is found, and nothing else.
func TestEveryLineIsFound_T1(t *testing.T) {
	t.Parallel()
	const n, others = 1_000_000, 20_000
	keyOf := func(i int) uint64 { return uint64(i)*(1<<64/n) + uint64(i*i%1000) }
	dump := make([]byte, 0, n*44)
	for i := range n {
		dump = fmt.Appendf(dump, "%016X%024X:1\r\n", keyOf(i), i)
	}
	l := inMemory(t, built(t, dump, 1)) // a million reads of a file take long
	if l.Len() != n {
		t.Errorf("%d of %d", l.Len(), n)
	}
	for i := range n {
		if found, err := l.hasKey(keyOf(i)); err != nil || !found {
			t.Fatalf("line %d: %v, %v", i+1, found, err)
		}
	}
	for i := range others {
		if found, err := l.hasKey(keyOf(i*(n/others)) + 1 + uint64(i)*1e8); err != nil || found {
			t.Fatalf("the other %d: %v, %v", i, found, err)
		}
	}
}

// Passwords that were stolen are found, and no others.
func TestStolenIsFound_T1(t *testing.T) {
	t.Parallel()
	const n = 20_000
	l := built(t, dumpOf(n, "\r\n", stolen), 1)
	mustHave(t, l, n, stolen, func(int) bool { return true })
	mustHave(t, l, n, fine, func(int) bool { return false })
	if said, err := l.Check(t.Context()); err != nil || !strings.Contains(said, "20000 passwords and is whole") {
		t.Errorf("%q, %v", said, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if said, err := l.Check(ended); err != nil || !strings.Contains(said, "more than could be read in the time") {
		t.Errorf("%q, %v", said, err)
	}
}

// Passwords that were seen less often are left out; so are lines that are cut to the same.
func TestMinCount(t *testing.T) {
	t.Parallel()
	l := built(t, dumpOf(1000, "\n", stolen), 101)
	mustHave(t, l, 1000, stolen, func(i int) bool { return i >= 100 })
	if l.Len() != 900 {
		t.Errorf("%d", l.Len())
	}
	alike := strings.Repeat("A", 39) + "1:1\n" + strings.Repeat("A", 39) + "2:1"
	if l := built(t, []byte(alike), 1); l.Len() != 1 {
		t.Errorf("two that are alike in eight bytes are %d", l.Len())
	}
}

// A bucket of a huge list is not read whole.
func TestLargeBucket(t *testing.T) {
	t.Parallel()
	const n = 50_000
	var dump bytes.Buffer
	for i := range n {
		_, _ = fmt.Fprintf(&dump, "ABCD%012X%024X:1\n", 2*i, 0)
	}
	l := inMemory(t, built(t, dump.Bytes(), 1))
	for i := range n {
		key := 0xABCD<<tailBits | uint64(2*i)
		there, err := l.hasKey(key)
		must(t, err)
		missing, err := l.hasKey(key + 1)
		must(t, err)
		if !there || missing {
			t.Fatalf("%d: %v, %v", i, there, missing)
		}
	}
	for _, key := range []uint64{0, 0xABCC<<tailBits | 1, 0xABCE << tailBits, 1<<64 - 1} {
		if found, err := l.hasKey(key); err != nil || found {
			t.Errorf("%x: %v, %v", key, found, err)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	a, b, c := strings.Repeat("A", 40), strings.Repeat("b", 40), strings.Repeat("C", 40)
	const malformed, order = "it is not 40 hexadecimal digits", "does not come after"
	for name, tt := range map[string]struct{ dump, says string }{
		"nothing":             {"", "no line"},
		"all seen too seldom": {a + ":1\n", "seen 2 times"},
		"not in order":        {a + ":5\n" + c + ":5\n" + b + ":5\n", "line 3: its hash " + order},
		"twice":               {a + ":5\n" + a + ":5\n", "line 2: its hash " + order},
		"an empty line":       {a + ":5\n\n" + b + ":5\n", "line 2: " + malformed},
		"39 digits":           {a + ":5\n" + b[:39] + ":5\n", "line 2: " + malformed},
		"41 digits":           {b + "b:5\n", "line 1: " + malformed},
		"no hash":             {"password:5\n", "line 1: " + malformed},
		"no hexadecimal":      {strings.Repeat("G", 40) + ":5\n", "line 1: " + malformed},
		"no count":            {a + ":\n", "line 1: " + malformed},
		"no colon":            {a + "\n", "line 1: " + malformed},
		"a count below 0":     {a + ":-5\n", "line 1: " + malformed},
		"a huge count":        {a + ":" + strings.Repeat("9", 19) + "\n", "line 1: " + malformed},
		"a space":             {a + ": 5\n", "line 1: " + malformed},
		"CR alone":            {a + ":5\r" + b + ":5\r", "line 1: " + malformed},
		"no end":              {strings.Repeat("A", 3<<20), "line 1: " + malformed},
		"the rows of a range": {a[5:] + ":5\n", "line 1: " + malformed},
		"a list":              {string(listOf(t, a+":5\n")), "line 1: " + malformed},
	} {
		_, err := Build(&bytes.Buffer{}, strings.NewReader(tt.dump), 2)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

func listOf(t testing.TB, dump string) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := Build(&b, strings.NewReader(dump), 1)
	must(t, err)
	return b.Bytes()
}

// No byte of a list can be another, none can be missing, and none can be there beside.
func TestDamaged_T1(t *testing.T) {
	t.Parallel()
	whole := listOf(t, string(dumpOf(5, "\n", stolen)))
	checked := func(list []byte) error {
		l, err := read(bytes.NewReader(list), int64(len(list)))
		if err == nil {
			_, err = l.Check(t.Context())
		}
		return err
	}
	must(t, checked(whole))
	for at := 0; at < len(whole); at++ {
		if at > headSize+5*tailSize+10 && at < len(whole)-endSize-10 {
			at = min(at+9973, len(whole)-endSize-10) // the index is long
		}
		whole[at] ^= 0x10
		if checked(whole) == nil {
			t.Errorf("byte %d of %d is another", at, len(whole))
		}
		whole[at] ^= 0x10
		if checked(whole[:at]) == nil {
			t.Errorf("only %d bytes of %d are there", at, len(whole))
		}
		if at%8 == 0 && checked(slices.Insert(bytes.Clone(whole), at, 0)) == nil {
			t.Errorf("a byte more at %d", at)
		}
	}
}

// What cannot be opened is named.
func TestOpenRefuses_T1(t *testing.T) {
	t.Parallel()
	whole, dir := listOf(t, string(dumpOf(50, "\n", stolen))), t.TempDir()
	for name, content := range map[string][]byte{
		"cut": whole[:len(whole)-1], "short": whole[:100], "text": dumpOf(50, "\n", stolen), "empty": {}, "other": append([]byte("lkbreach\x00\x02"), whole[10:]...),
	} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, content, 0o600))
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "breaches build") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "nothing")} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A file that is no longer whole while it is open is an error, and no answer.
func TestCutWhileOpen_T1(t *testing.T) {
	t.Parallel()
	l := built(t, dumpOf(1000, "\n", stolen), 1)
	must(t, os.Truncate(l.name, headSize))
	if found, err := l.Has(t.Context(), stolen(1)); err == nil || found {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := l.Check(t.Context()); err == nil {
		t.Error("it is whole")
	}
}

// readAgain reads a list by what file.go says of it, in another way: into a set.
func readAgain(b []byte) (set map[uint64]bool, ok bool) {
	const rest = 65536*8 + 24
	if len(b) < 16+rest || (len(b)-16-rest)%6 != 0 {
		return nil, false
	}
	tails, index := b[16:len(b)-rest], b[len(b)-rest:]
	set = map[uint64]bool{}
	for first, from := uint64(0), uint64(0); first < 65536; first++ {
		to := binary.BigEndian.Uint64(index[8*first:])
		if to < from || to > uint64(len(tails)/6) {
			return nil, false
		}
		for ; from < to; from++ {
			set[binary.BigEndian.Uint64(append([]byte{byte(first >> 8), byte(first)}, tails[6*from:6*from+6]...))] = true
		}
	}
	return set, true
}

// Whatever a file holds, it is refused or says what another reading of it says.
func FuzzFile(f *testing.F) {
	whole := listOf(f, string(dumpOf(40, "\n", stolen)))
	f.Add([]byte{}, []byte{}, uint16(0), uint64(0))
	f.Add(whole[:headSize], whole[len(whole)-endSize:], uint16(3), binary.BigEndian.Uint64(whole[headSize:]))
	f.Add([]byte("lkbreach\x00\x01\x00\x06\x00\x00\x00\x00abcdefghijkl"), whole[len(whole)-endSize:], uint16('a'), uint64(1)<<63)
	f.Fuzz(func(t *testing.T, head, end []byte, at uint16, key uint64) {
		// head, an index with one step, end: a fuzzer finds no half megabyte by itself.
		list := append(make([]byte, 0, len(head)+8*buckets+len(end)+8), head...)
		n := uint64(max(0, len(head)-headSize) / tailSize)
		for i := range uint64(buckets) {
			if i < uint64(at) {
				list = binary.BigEndian.AppendUint64(list, 0)
			} else {
				list = binary.BigEndian.AppendUint64(list, n)
			}
		}
		if len(end) < 16 {
			list = append(list, end...)
		} else { // with the sum that makes it right
			list = append(list, end[:12]...)
			if len(head) >= headSize {
				list = binary.BigEndian.AppendUint32(list, sumOf(head[:headSize], list[len(head):]))
			}
			list = append(list, end[len(end)-8:]...)
		}
		l, err := read(bytes.NewReader(list), int64(len(list)))
		if err != nil {
			return
		}
		set, ok := readAgain(list)
		if !ok {
			t.Fatal("it was read, and is none")
		}
		sorted := true
		for i := 1; i < int(l.Len()); i++ {
			sorted = sorted && tailAt(list[headSize:], i-1) < tailAt(list[headSize:], i)
		}
		keys := []uint64{key}
		for k := range set {
			keys = append(keys, k, k+1, k-1, k^1<<50)
		}
		for _, k := range keys {
			got, err := l.hasKey(k)
			if err != nil || got && !set[k] || sorted && set[k] && !got { // Build writes none that is not in order
				t.Errorf("%x: %v, %v; want %v", k, got, err, set[k])
			}
		}
	})
}

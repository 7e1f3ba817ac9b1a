package breach

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func sumOf(parts ...[]byte) (sum uint32) {
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

var lineAgain = regexp.MustCompile(`^([0-9A-Fa-f]{40}):([0-9]{1,18})\r?$`)

// buildAgain reads a dump in another way: as text, line by line, into a set.
func buildAgain(dump string, minCount uint64) (set map[uint64]bool, ok bool) {
	lines := strings.Split(dump, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	set = map[uint64]bool{}
	last := ""
	for _, line := range lines {
		m := lineAgain.FindStringSubmatch(line)
		if m == nil || strings.ToUpper(m[1]) <= last {
			return nil, false
		}
		last = strings.ToUpper(m[1])
		if n, _ := strconv.ParseUint(m[2], 10, 64); n >= minCount {
			b, _ := hex.DecodeString(m[1])
			set[binary.BigEndian.Uint64(b)] = true
		}
	}
	return set, len(set) > 0
}

// Whatever a dump holds, it is refused, or the list has what another reading of it says,
// and nothing else.
func FuzzBuild(f *testing.F) {
	f.Add(string(dumpOf(20, "\r\n", stolen)), uint64(3), uint64(1))
	f.Add(string(dumpOf(3, "\n", stolen)), uint64(1), uint64(1))
	f.Add(strings.Repeat("a", 40)+":1\r\r\n", uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, dump string, minCount, key uint64) {
		want, ok := buildAgain(dump, minCount)
		var list bytes.Buffer
		built, err := Build(&list, strings.NewReader(dump), minCount)
		if (err == nil) != ok {
			t.Fatalf("%q: %v, want %v", dump, err, ok)
		}
		if err != nil {
			return
		}
		got, ok := readAgain(list.Bytes())
		if !ok || len(got) != len(want) || built.Kept != int64(len(want)) {
			t.Fatalf("%q: %d, want %d", dump, len(got), len(want))
		}
		l, err := read(bytes.NewReader(list.Bytes()), int64(list.Len()))
		must(t, err)
		_, err = l.Check(t.Context())
		must(t, err)
		if _, there := want[key]; !there {
			want[key] = false
		}
		for k, is := range want {
			if found, err := l.hasKey(k); err != nil || found != is {
				t.Errorf("%x: %v, %v, want %v", k, found, err, is)
			}
		}
	})
}

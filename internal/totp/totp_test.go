package totp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/totp"
)

var (
	vectors = []byte("12345678901234567890") // the secret of both RFCs
	noon    = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

// RFC 4226 appendix D.
func TestCodesOfRFC4226(t *testing.T) {
	for step, want := range []struct {
		truncated uint32
		code      string
	}{
		{0x4c93cf18, "755224"}, {0x41397eea, "287082"}, {0x82fef30, "359152"}, {0x66ef7655, "969429"}, {0x61c5938a, "338314"},
		{0x33c083d4, "254676"}, {0x7256c032, "287922"}, {0x4e5b397, "162583"}, {0x2823443f, "399871"}, {0x2679dc69, "520489"},
	} {
		if got := totp.Truncated(vectors, int64(step)); got != want.truncated {
			t.Errorf("step %d: %x, want %x", step, got, want.truncated)
		}
		if got := totp.Code(vectors, int64(step)); got != want.code {
			t.Errorf("step %d: %s, want %s", step, got, want.code)
		}
	}
}

// RFC 6238 appendix B, SHA-1, which has codes of eight digits.
func TestCodesOfRFC6238_J5(t *testing.T) {
	for seconds, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		now := time.Unix(seconds, 999_999_999)
		if got := fmt.Sprintf("%08d", totp.Truncated(vectors, totp.Step(now))%100_000_000); got != want {
			t.Errorf("at %d: %s, want %s", seconds, got, want)
		}
		if step, ok := totp.Match(vectors, want[2:], now, 0); !ok || step != seconds/30 {
			t.Errorf("at %d: %s is of step %d, %t", seconds, want[2:], step, ok)
		}
	}
}

func TestNewSecret(t *testing.T) {
	one, other := totp.NewSecret(), totp.NewSecret()
	if len(one) != 20 || len(other) != 20 || bytes.Equal(one, other) {
		t.Errorf("%x and %x", one, other)
	}
}

// A code is good from the step before its own to the end of the one behind it.
func TestNinetySeconds_J5(t *testing.T) {
	step := totp.Step(noon)
	code := totp.Code(vectors, step)
	begins := time.Unix(step*30, 0)
	for after, good := range map[time.Duration]bool{
		-time.Hour: false, -30*time.Second - 1: false, -30 * time.Second: true, -1: true, 0: true, 29 * time.Second: true, 30 * time.Second: true,
		60*time.Second - 1: true, 60 * time.Second: false, time.Hour: false,
	} {
		if got, ok := totp.Match(vectors, code, begins.Add(after), step-1); ok != good || ok && got != step {
			t.Errorf("%v after its step began: %d, %t, want %d, %t", after, got, ok, step, good)
		}
	}
}

// Of each of the three steps that count a code is good, unless a code of this step or of
// a later one was used.
func TestOnce_J5(t *testing.T) {
	present := totp.Step(noon)
	for of := present - 3; of <= present+3; of++ {
		for after := present - 4; after <= present+4; after++ {
			want := of >= present-1 && of <= present+1 && of > after
			if got, ok := totp.Match(vectors, totp.Code(vectors, of), noon, after); ok != want || ok && got != of {
				t.Errorf("the code of step %+d after %+d: %+d, %t, want %t", of-present, after-present, got-present, ok, want)
			}
		}
	}
}

// Where two of the steps that count have one code, it works once all the same.
func TestTwins_J5(t *testing.T) {
	for _, c := range []struct{ step, twin int64 }{ // as they were found, by trying
		{910737, 910738}, {1300575, 1300576}, {153567, 153569}, {679858, 679860},
	} {
		code := totp.Code(vectors, c.step)
		if code != totp.Code(vectors, c.twin) {
			t.Fatalf("the codes of %d and %d differ", c.step, c.twin)
		}
		for present := c.twin - 1; present <= c.step+1; present++ {
			now := time.Unix(present*30, 0)
			step, ok := totp.Match(vectors, code, now, 0)
			if !ok || step != c.twin {
				t.Errorf("at %d: %s is of step %d, %t, want %d", present, code, step, ok, c.twin)
			}
			if again, ok := totp.Match(vectors, code, now, step); ok {
				t.Errorf("at %d: %s works again, as of step %d", present, code, again)
			}
		}
	}
}

// Spaces do not count, and nothing else is left out or taken for a digit.
func TestTyped(t *testing.T) {
	code := totp.Code(vectors, totp.Step(noon))
	for typed, good := range map[string]bool{
		code: true, code[:3] + " " + code[3:]: true, " " + code + "\n": true, strings.Join(strings.Split(code, ""), "\t"): true, code[:3] + "\u00a0" + code[3:]: true, code[:3] + "\u202f" + code[3:]: true,
		"": false, " ": false, code[:5]: false, code + "0": false, "0" + code: false, code[:3] + "-" + code[3:]: false, "+" + code: false, code + "\x00": false, code[:3] + "\u200b" + code[3:]: false,
		strings.Map(func(r rune) rune { return r - '0' + '０' }, code): false, strings.Map(func(r rune) rune { return r - '0' + '٠' }, code): false,
	} {
		if _, ok := totp.Match(vectors, typed, noon, 0); ok != good {
			t.Errorf("%q: %t, want %t", typed, ok, good)
		}
	}
}

// reading is RFC 4226 once more, digit by digit.
func reading(secret []byte, step int64) string {
	counter := make([]byte, 8)
	for i := range counter {
		counter[i] = byte(step >> (56 - 8*i))
	}
	mac := hmac.New(sha1.New, secret)
	_, _ = mac.Write(counter)
	sum := mac.Sum(nil)
	at := sum[19] % 16
	n := uint64(sum[at]%128)<<24 | uint64(sum[at+1])<<16 | uint64(sum[at+2])<<8 | uint64(sum[at+3])
	text := "000000" + strconv.FormatUint(n, 10)
	return text[len(text)-6:]
}

// What is typed is taken as the code of one step or of none, by this reading and by
// another.
func FuzzMatch(f *testing.F) {
	step := totp.Step(noon)
	f.Add(vectors, "755224", int64(0), int64(-1), 0)
	f.Add(vectors, totp.Code(vectors, step), noon.Unix(), step-1, 1)
	f.Add([]byte{}, "12 34 56", int64(59), int64(0), -1)
	f.Add([]byte("key"), "\xff12345", int64(1)<<40, int64(1)<<40, 2)
	f.Fuzz(func(t *testing.T, secret []byte, typed string, seconds, after int64, off int) {
		seconds &= 1<<40 - 1
		now := time.Unix(seconds, 0)
		of := seconds/30 + int64(off%4)
		for _, typed := range []string{typed, reading(secret, of), reading(secret, of)[:3] + " " + reading(secret, of)[3:]} {
			got, ok := totp.Match(secret, typed, now, after)
			digits := strings.Join(strings.Fields(typed), "")
			want, found := int64(0), false
			for _, s := range []int64{seconds/30 + 1, seconds / 30, seconds/30 - 1} {
				if !found && s > after && reading(secret, s) == digits {
					want, found = s, true
				}
			}
			if ok != found || got != want {
				t.Fatalf("%q at %d after %d: %d, %t, want %d, %t", typed, seconds, after, got, ok, want, found)
			}
		}
	})
}

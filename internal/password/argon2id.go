package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	argon2SaltLen = 16 // bytes of new salts, RFC 9106 section 3.1
	argon2KeyLen  = 32 // bytes of new results, RFC 9106 section 4
)

// The bounds of what is verified. Those on memory and time keep a row that was
// imported from stopping the server: at worst a compare holds 256 MiB for 3 s.
const (
	argon2MaxMemory  = 256 * 1024 // KiB
	argon2MaxTime    = 10
	argon2MaxThreads = 16 // lanes; common defaults are 1, 4 and 8

	// In bytes, from the specification of the PHC string format.
	argon2MinSalt, argon2MaxSalt = 8, 48
	argon2MinKey, argon2MaxKey   = 12, 64
)

// argon2idHash is $argon2id$v=19$m=MEMORY,t=TIME,p=THREADS$SALT$KEY with the
// last two in base64 without padding.
type argon2idHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func checkArgon2id(memory, time uint32, threads uint8) error {
	switch {
	case threads < 1 || threads > argon2MaxThreads:
		return malformed("argon2id with p=%d, not 1 to %d", threads, argon2MaxThreads)
	case memory < 8*uint32(threads) || memory > argon2MaxMemory: // RFC 9106 section 3.1
		return malformed("argon2id with m=%d, not %d to %d", memory, 8*uint32(threads), argon2MaxMemory)
	case time < 1 || time > argon2MaxTime:
		return malformed("argon2id with t=%d, not 1 to %d", time, argon2MaxTime)
	}
	return nil
}

// parseArgon2id reads what follows $argon2id$.
func parseArgon2id(rest string) (hash, error) {
	f := strings.Split(rest, "$")
	if len(f) != 4 || f[0] != "v=19" { // argon2.Version
		return nil, malformed("argon2id without v=19 and three fields behind it")
	}
	m, t, p, err := argon2Costs(f[1])
	if err != nil {
		return nil, err
	}
	if err := checkArgon2id(m, t, p); err != nil {
		return nil, err
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(f[2])
	key, err2 := base64.RawStdEncoding.DecodeString(f[3])
	if err1 != nil || err2 != nil {
		return nil, malformed("argon2id with bad base64")
	}
	if len(salt) < argon2MinSalt || len(salt) > argon2MaxSalt || len(key) < argon2MinKey || len(key) > argon2MaxKey {
		return nil, malformed("argon2id with a salt of %d and a result of %d bytes", len(salt), len(key))
	}
	h := argon2idHash{m, t, p, salt, key}
	// Leading zeros, and the line breaks and stray bits that base64 tolerates.
	if h.String() != "$argon2id$"+rest {
		return nil, malformed("argon2id not in its canonical spelling")
	}
	return h, nil
}

// argon2Costs reads m=MEMORY,t=TIME,p=THREADS.
func argon2Costs(s string) (m, t uint32, p uint8, err error) {
	f := strings.Split(s, ",")
	names := [...]string{"m=", "t=", "p="}
	if len(f) != len(names) {
		return 0, 0, 0, malformed("argon2id with %d parameters, not m, t and p", len(f))
	}
	var n [len(names)]uint64
	for i, name := range names {
		digits, ok := strings.CutPrefix(f[i], name)
		if n[i], err = strconv.ParseUint(digits, 10, 32); !ok || err != nil {
			return 0, 0, 0, malformed("argon2id with a bad parameter %d", i+1)
		}
	}
	if n[2] > argon2MaxThreads {
		return 0, 0, 0, malformed("argon2id with p=%d, not 1 to %d", n[2], argon2MaxThreads)
	}
	//lint:ignore G115 ParseUint took no more than 32 bits, and the third is bounded above
	return uint32(n[0]), uint32(n[1]), uint8(n[2]), nil
}

func hashArgon2id(password string, p Params) argon2idHash {
	h := argon2idHash{memory: p.Memory, time: p.Time, threads: p.Threads, salt: random(argon2SaltLen)}
	h.key = h.derive(password, argon2KeyLen)
	return h
}

func standInArgon2id(p Params) hash {
	return argon2idHash{p.Memory, p.Time, p.Threads, random(argon2SaltLen), random(argon2KeyLen)}
}

func (h argon2idHash) derive(password string, keyLen int) []byte {
	//lint:ignore G115 a result has at most 64 bytes
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(keyLen))
}

func (h argon2idHash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.memory, h.time, h.threads, b64(h.salt), b64(h.key))
}

func (h argon2idHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.derive(password, len(h.key)), h.key) == 1
}

func (h argon2idHash) below(p Params) bool {
	work := func(memory, time uint32) uint64 { return uint64(memory) * uint64(time) }
	return p.Kind == Argon2id && (h.memory < p.Memory || work(h.memory, h.time) < work(p.Memory, p.Time))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

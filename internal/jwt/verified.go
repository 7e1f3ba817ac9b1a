package jwt

import (
	"crypto/sha256"
	"sync"
)

// maxVerified is how many tokens of late are remembered at least, and half of how many
// at most: 8 MiB or so.
const maxVerified = 8192

// verified remembers what tokens say whose signature was found to be right, so that the
// next request with one of them costs a hash instead of a signature and JSON. It holds
// the hashes of tokens, not tokens. Whether a token is in force is looked at each time.
type verified struct {
	mu         sync.RWMutex
	young, old map[tokenHash]statement
}

type tokenHash = [sha256.Size]byte

func (v *verified) get(id tokenHash) (statement, bool) {
	v.mu.RLock()
	s, ok := v.young[id]
	if ok {
		v.mu.RUnlock()
		return s, true
	}
	s, ok = v.old[id]
	v.mu.RUnlock()
	if ok {
		v.put(id, s)
	}
	return s, ok
}

func (v *verified) put(id tokenHash, s statement) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.young == nil || len(v.young) == maxVerified {
		v.old, v.young = v.young, map[tokenHash]statement{}
	}
	v.young[id] = s
}

package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptMaxCost  = 14 // the most that is compared: about a second
	bcryptMaxBytes = 72 // the longest password: bcrypt does not see what is behind

	bcryptSaltLen, bcryptKeyLen = 16, 23 // bytes
	bcryptLetters               = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// TooLongError says that a password is longer than the kind of hash can take.
type TooLongError struct {
	Limit int // bytes after normalization
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("password: longer than the %d bytes that bcrypt takes", e.Limit)
}

// errNUL refuses a password with a NUL byte. bcrypt repeats a password with a
// NUL behind it until it has 72 bytes, so "a" and "a\x00a" have one hash.
var errNUL = errors.New("password: bcrypt takes no NUL byte")

// bcryptHash is $ID$COST$ and 53 letters, 22 of salt and 31 of the result.
type bcryptHash struct {
	id   string // 2a, 2b or 2y: the same algorithm
	cost int
	rest string // salt and result
}

func checkBcrypt(cost int) error {
	if cost < bcrypt.MinCost || cost > bcryptMaxCost {
		return malformed("bcrypt with cost %d, not %d to %d", cost, bcrypt.MinCost, bcryptMaxCost)
	}
	return nil
}

// parseBcrypt reads what follows $ID$.
func parseBcrypt(id, rest string) (hash, error) {
	cost, rest, _ := strings.Cut(rest, "$")
	if len(cost) != 2 || strings.Trim(cost, "0123456789") != "" {
		return nil, malformed("bcrypt without a cost of two digits")
	}
	h := bcryptHash{id: id, cost: int(cost[0]-'0')*10 + int(cost[1]-'0'), rest: rest}
	if err := checkBcrypt(h.cost); err != nil {
		return nil, err
	}
	if len(rest) != 22+31 || strings.Trim(rest, bcryptLetters) != "" {
		return nil, malformed("bcrypt without the 53 letters of salt and result")
	}
	return h, nil
}

func fitsBcrypt(password string) error {
	if len(password) > bcryptMaxBytes {
		return &TooLongError{Limit: bcryptMaxBytes}
	}
	if strings.IndexByte(password, 0) >= 0 {
		return errNUL
	}
	return nil
}

func hashBcrypt(password string, cost int) (string, error) {
	b, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return string(b), nil
}

func standInBcrypt(cost int) hash {
	b64 := base64.NewEncoding(bcryptLetters).WithPadding(base64.NoPadding).EncodeToString
	return bcryptHash{id: "2a", cost: cost, rest: b64(random(bcryptSaltLen)) + b64(random(bcryptKeyLen))}
}

func (h bcryptHash) String() string { return fmt.Sprintf("$%s$%02d$%s", h.id, h.cost, h.rest) }

// matches compares first and looks at the length then: a password that bcrypt
// would cut fails, and as slowly as any other.
func (h bcryptHash) matches(password string) bool {
	err := bcrypt.CompareHashAndPassword([]byte(h.String()), []byte(password))
	return err == nil && fitsBcrypt(password) == nil
}

func (h bcryptHash) below(p Params) bool {
	return p.Kind == Argon2id || p.Kind == Bcrypt && h.cost < p.Cost
}

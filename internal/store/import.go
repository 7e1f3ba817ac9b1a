package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/names"
)

// ImportBatch is how many users ImportUsers takes at most. They are one transaction,
// which must end within the time that any call has, and others wait for its locks.
const ImportBatch = 250

// ImportedUser is a user that comes from elsewhere.
type ImportedUser struct {
	User
	UsernameKey string
	IDGiven     bool // it comes from elsewhere, too
	PortableFactors
}

// Standing says how an imported user stands to those that are there. The zero value
// means that they are new, and nothing is in the way.
type Standing struct {
	Present       bool // there is a user with this address and this username, or with this address where the username was made
	IDTaken       bool // by a user with another address
	OtherID       bool // the user who is present has another id than the one given
	EmailTaken    bool // by a user with another username, or held for one
	UsernameTaken bool // by another user, or held for another address
	PasskeyTaken  bool // one of them, by another user
}

// ImportUsers returns how each user of list stands and, unless e is nil, inserts those who
// are new and writes e as if all of them were, in one transaction. What somebody else took
// meanwhile comes back as taken. No id, address or username may be twice in list.
func (s *Store) ImportUsers(ctx context.Context, list []ImportedUser, now time.Time, e *SecurityEvent) ([]Standing, error) {
	if len(list) > ImportBatch {
		return nil, fmt.Errorf("import: %d users at once, not up to %d", len(list), ImportBatch)
	}
	standings, err := s.standings(ctx, list, now)
	if err != nil || e == nil {
		return standings, err
	}
	var stmts []db.Stmt
	var added []int // indexes of list
	for i := range list {
		if standings[i] == (Standing{}) {
			stmts = append(stmts, s.insertImported(&list[i], now)...)
			added = append(added, i)
		}
	}
	if len(added) == 0 {
		return standings, nil
	}
	each := len(stmts) / len(added)
	for _, i := range added {
		stmts = append(stmts, list[i].PortableFactors.insert(&list[i])...)
	}
	told := *e
	told.Count += len(added)
	stmts = append(stmts, told.counted())
	counts, err := s.batch(ctx, stmts...)
	if err != nil {
		return nil, err
	}
	for k, i := range added {
		standings[i].EmailTaken = counts[k*each] == 0
		standings[i].UsernameTaken = counts[k*each] > 0 && counts[k*each+1] == 0
	}
	return standings, nil
}

// insertImported returns the statements of a batch that do what CreateUser and
// CloseRegistrations do. They insert the user; give them the username, by the rule of
// ownUsername, unless the address is held; and delete the user again if there was no
// username for them. By the rows that the first two touch one sees how it went.
func (s *Store) insertImported(u *ImportedUser, now time.Time) []db.Stmt {
	named := []any{u.UsernameKey, u.ID, u.EmailKey, now, names.Look(u.UsernameKey)}
	return []db.Stmt{
		{SQL: `/* ImportUsers, the user */
			INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at, disabled_at, username_made,
				must_change_password, must_enrol, wants_second_factor)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
			WHERE TRUE
			ON CONFLICT DO NOTHING`,
			Args: []any{u.ID, u.Email, u.EmailKey, u.Username, u.PasswordHash, u.Role, u.SecurityVersion, u.CreatedAt, u.UpdatedAt, u.DisabledAt, u.UsernameMade,
				u.MustChangePassword, u.MustEnrol, u.WantsSecondFactor}},
		{SQL: `/* ImportUsers, the username */
			INSERT INTO usernames (key, user_id, look) SELECT $1, u.id, $5 FROM users u
			WHERE u.id = $2 AND u.email_key = $3 AND NOT EXISTS (SELECT 1 FROM held_addresses WHERE email_key = u.email_key AND held_until > $4)
				AND NOT ` + s.addressReserved(&named, u.EmailKey, "$4") + ` AND NOT ` + s.reserved(&named, u.UsernameKey, u.EmailKey, "$4") + `
			ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, holder = NULL, held_until = NULL, look = excluded.look
			WHERE usernames.user_id IS NULL AND (usernames.holder = $3 OR usernames.held_until <= $4)`,
			Args: named},
		{SQL: `/* ImportUsers, who got no username */ 
			DELETE FROM users WHERE id = $1 AND email_key = $2 AND NOT EXISTS (SELECT 1 FROM usernames WHERE user_id = $1)`, Args: []any{u.ID, u.EmailKey}},
		{SQL: `/* ImportUsers, what they registered */
			UPDATE registrations SET closed = TRUE
			WHERE email_key = $1 AND NOT closed AND EXISTS (SELECT 1 FROM users WHERE id = $2 AND email_key = $1)`,
			Args: []any{u.EmailKey, u.ID}},
	}
}

// importBinds returns "$1, $2, …, $250". So there is one statement for lists of any
// length, which the databases prepare once.
var importBinds = sync.OnceValue(func() string {
	binds := make([]string, ImportBatch)
	for i := range binds {
		binds[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(binds, ", ")
})

// bind returns the parameters for importBinds: a key of each user of list, and the last
// one's again for the rest.
func bind(list []ImportedUser, key func(*ImportedUser) string) []any {
	args := make([]any, ImportBatch)
	for i := range args {
		args[i] = key(&list[min(i, len(list)-1)])
	}
	return args
}

// standings returns how each user of list stands.
func (s *Store) standings(ctx context.Context, list []ImportedUser, now time.Time) ([]Standing, error) {
	standings := make([]Standing, len(list))
	if len(list) == 0 {
		return standings, nil
	}
	// Who has each address: a username's key, or "" if the address is only held.
	owners, err := s.pairs(ctx, fmt.Sprintf(`/* ImportUsers, who has the addresses */
		SELECT email_key, '' FROM held_addresses WHERE held_until > $%d AND email_key IN (%[2]s)
		UNION ALL SELECT u.email_key, n.key FROM users u JOIN usernames n ON n.user_id = u.id WHERE u.email_key IN (%[2]s)`, ImportBatch+1, importBinds()),
		append(bind(list, func(u *ImportedUser) string { return u.EmailKey }), now)...)
	if err != nil {
		return nil, err
	}
	// Who holds each username: an address's key or a user's id, or "" if a user has it.
	holders, err := s.pairs(ctx, fmt.Sprintf(`/* ImportUsers, who has the usernames */
		SELECT key, CASE WHEN user_id IS NULL THEN holder ELSE '' END FROM usernames
		WHERE (user_id IS NOT NULL OR held_until > $%d) AND key IN (%s)`, ImportBatch+1, importBinds()),
		append(bind(list, func(u *ImportedUser) string { return u.UsernameKey }), now)...)
	if err != nil {
		return nil, err
	}
	reserved, err := s.reservedOf(ctx, list, now)
	if err != nil {
		return nil, err
	}
	ids, err := s.pairs(ctx, fmt.Sprintf(`/* ImportUsers, who has the ids */
		SELECT id, email_key FROM users WHERE id IN (%s)`, importBinds()), bind(list, func(u *ImportedUser) string { return u.ID })...)
	if err != nil {
		return nil, err
	}
	passkeys, err := s.passkeysTaken(ctx, list)
	if err != nil {
		return nil, err
	}
	for i, u := range list {
		owner, hasAddress := owners[u.EmailKey]
		holder, hasName := holders[u.UsernameKey]
		sameID := ids[u.ID] == u.EmailKey
		standings[i].IDTaken = ids[u.ID] != "" && !sameID
		switch {
		case hasAddress && (owner == u.UsernameKey || u.UsernameMade && owner != ""):
			standings[i].Present, standings[i].OtherID = true, u.IDGiven && !sameID
		default:
			standings[i].EmailTaken = hasAddress || reserved[i].address
			standings[i].UsernameTaken = hasName && holder != u.EmailKey || !hasName && reserved[i].username
			for _, p := range u.Passkeys {
				standings[i].PasskeyTaken = standings[i].PasskeyTaken || passkeys[string(p.Credential)]
			}
		}
	}
	return standings, nil
}

// pairs returns the two columns of a query as a map from the first to the second.
func (s *Store) pairs(ctx context.Context, query string, args ...any) (map[string]string, error) {
	rows, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			return nil, err
		}
		m[k] = v
	}
	return m, rows.Err()
}

// reservedFor says which names of an imported user a deleted account has left, to somebody
// else.
type reservedFor struct{ address, username bool }

// reservedOf returns which names of the users of list are reserved.
func (s *Store) reservedOf(ctx context.Context, list []ImportedUser, now time.Time) ([]reservedFor, error) {
	all := make([]reservedFor, len(list))
	if len(s.keys) == 0 {
		return all, nil
	}
	hashes := func(i int) (looks, addresses [][]byte) {
		u := &list[min(i, len(list)-1)]
		return s.hashes(reservedLook, names.Look(u.UsernameKey)), s.hashes(reservedAddress, u.EmailKey)
	}
	args, wanted := []any{now}, [][]byte{}
	for i := range ImportBatch { // one statement for lists of any length
		looks, addresses := hashes(i)
		wanted = append(append(wanted, looks...), addresses...)
	}
	rows, err := s.conn.Query(ctx, `/* ImportUsers, what is reserved */
		SELECT hash, holder FROM reservations WHERE held_until > $1 AND hash IN `+listOf(&args, wanted), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	holders := map[string][]string{} // of each hash
	for rows.Next() {
		var hash, holder []byte
		if err := rows.Scan(&hash, &holder); err != nil {
			return nil, err
		}
		holders[string(hash)] = append(holders[string(hash)], string(holder))
	}
	for i := range list {
		looks, addresses := hashes(i)
		for k := range looks {
			of := holders[string(looks[k])]
			theirs := slices.ContainsFunc(addresses, func(a []byte) bool { return slices.Contains(of, string(a)) })
			all[i].username = all[i].username || len(of) > 0 && !theirs
			all[i].address = all[i].address || len(holders[string(addresses[k])]) > 0
		}
	}
	return all, rows.Err()
}

package auth

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"latchkey/internal/store"
)

// maxImportLine bounds a line of an import, in bytes. One without passkeys has about 2,000 at
// most, and a usual passkey 500.
const maxImportLine = 64 << 10

// importTries is how often a batch is tried while the database is busy: an import
// should not end because of one slow moment.
const importTries = 3

// Import is what an import does and did.
type Import struct {
	DryRun bool                              `json:"dryRun"` // check everything, write nothing
	Bad    func(line int, problems []string) `json:"-"`      // is told of each bad line, in order; the first line is 1

	Lines    int `json:"lines"`    // that were read, but for empty ones
	Imported int `json:"imported"` // or, in a dry run, would be
	Present  int `json:"present"`  // have an account with this address and username, which was left alone
	BadLines int `json:"bad"`
}

// ImportUsers makes the users that r lists, one JSON object a line, whose
// addresses count as confirmed. It keeps the rules of Register, but for the
// password, which is known by its hash. A bad line is told to in.Bad and the
// rest goes on; so is one whose address or username an earlier line claims.
// Whoever is there already is left alone, so the same file can be imported
// again, also after an error, which leaves what was imported before it.
//
// Memory does not grow with r but for some 50 bytes a line, by which it knows
// the lines that claim the same. An import is one event, of no account.
//
// Nobody is told of an import, so the shell alone makes administrators by one: of each that
// the API makes, all others are told (A9).
func (s *Service) ImportUsers(ctx context.Context, a Actor, r io.Reader, in *Import) error {
	var e *store.SecurityEvent
	if !in.DryRun {
		e = event(a, store.EventUsersImported, "", s.now())
	}
	err := s.importUsers(ctx, a, r, in, e)
	if e == nil || in.Imported == 0 {
		return err
	}
	if e.Count = in.Imported; err == nil { // those who were in the way of others meanwhile do not count
		err = s.store.CountSecurityEvent(ctx, e)
	}
	s.logEvent(e)
	return err
}

// importUsers is ImportUsers; e is the event of it, or nil for a dry run.
func (s *Service) importUsers(ctx context.Context, a Actor, r io.Reader, in *Import, e *store.SecurityEvent) error {
	lines := bufio.NewReaderSize(r, maxImportLine+2) // with its line break
	claims := claims{seed: maphash.MakeSeed(), lines: map[uint64]int{}}
	batch := make([]importLine, 0, store.ImportBatch)
	for number, more := 1, true; more; number++ {
		text, err := readLine(lines)
		if more = !errors.Is(err, io.EOF); err != nil && more && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("import: line %d: %w", number, err)
		}
		if line := s.parseLine(number, text, errors.Is(err, bufio.ErrBufferFull), claims); line != nil {
			if line.user.Role == store.RoleAdmin && a.Way != ByShell {
				line.problems = append(line.problems, "role: an administrator comes by the shell alone; import a user, and change the role then")
			}
			batch = append(batch, *line)
		}
		if len(batch) == cap(batch) || !more {
			if err := s.importBatch(ctx, batch, in, e); err != nil {
				return fmt.Errorf("import: after %d lines: %w", in.Lines, err)
			}
			batch = batch[:0]
		}
	}
	return nil
}

// readLine returns the next line without its break; it is good until the next
// call. At the end of the file the error is io.EOF, also with a last line that
// has no break. bufio.ErrBufferFull: the line is too long, and was skipped.
func readLine(r *bufio.Reader) ([]byte, error) {
	text, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		if text = bytes.TrimRight(text, "\r\n"); len(text) <= maxImportLine {
			return text, err
		}
		return nil, bufio.ErrBufferFull // at the end of the file, that comes again at the next call
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = bufio.ErrBufferFull
	}
	return nil, err
}

// importBatch writes the good lines and reports the bad ones, in their order.
func (s *Service) importBatch(ctx context.Context, batch []importLine, in *Import, e *store.SecurityEvent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var users []store.ImportedUser
	for i := range batch {
		if len(batch[i].problems) == 0 {
			users = append(users, batch[i].user)
		}
	}
	if e != nil {
		e.Count = in.Imported
	}
	standings, err := s.store.ImportUsers(ctx, users, s.now(), e)
	for try := 1; try < importTries && errors.Is(err, store.ErrUnavailable); try++ { // a batch that was written after all is present then
		standings, err = s.store.ImportUsers(ctx, users, s.now(), e)
	}
	if err != nil {
		return err
	}
	for i := range batch {
		l := &batch[i]
		in.Lines++
		if len(l.problems) == 0 {
			standing := standings[0]
			standings = standings[1:]
			if standing.IDTaken {
				l.problems = append(l.problems, "id: somebody with another address has it")
			}
			if standing.OtherID {
				l.problems = append(l.problems, "id: this user is here with another one")
			}
			if standing.EmailTaken {
				l.problems = append(l.problems, "email: somebody with another username has this address")
			}
			if standing.PasskeyTaken {
				l.problems = append(l.problems, "passkeys: somebody else has one of them")
			}
			if standing.UsernameTaken {
				l.problems = append(l.problems, "username: somebody else has it")
			}
			switch {
			case len(l.problems) > 0:
			case standing.Present:
				in.Present++
			default:
				in.Imported++
			}
		}
		if len(l.problems) > 0 {
			in.BadLines++
			in.Bad(l.number, l.problems)
		}
	}
	return nil
}

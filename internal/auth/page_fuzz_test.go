package auth_test

import (
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/testenv"
)

// A cursor is one that the list gives or another in that spelling; the page
// behind it is what of the list is behind that place. All else is BAD_USER_INPUT.
func FuzzCursor(f *testing.F) {
	fix := setup(f, testenv.SQLite(f))
	fix.crowd(5)
	all := fix.page(auth.UserList{})
	for _, text := range []string{
		"1 1795608000000000 " + all.Edges[2].Node.ID, "1 0 00000000-0000-0000-0000-000000000000", "1 -1 ffffffff-ffff-ffff-ffff-ffffffffffff",
		"1 +1 ffffffff-ffff-ffff-ffff-ffffffffffff", "1 01 ffffffff-ffff-ffff-ffff-ffffffffffff", "2 1 ffffffff-ffff-ffff-ffff-ffffffffffff",
		"1 9223372036854775807 ffffffff-ffff-ffff-ffff-ffffffffffff", "1 1 FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "1 1 {ffffffff-ffff-ffff-ffff-ffffffffffff}",
		"1 1 ffffffffffffffffffffffffffffffff", "1 1 urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff", "1 4503599627370496 ffffffff-ffff-ffff-ffff-ffffffffffff",
		"1 1 \x00", "1 1", "1  ", "", "1 1 ' OR 1=1 --", "\xff\xff\xff",
	} {
		f.Add(base64URL(text), true)
	}
	f.Add(all.Edges[3].Cursor, false)
	f.Add(all.Edges[3].Cursor+"\n", false)
	f.Add(all.Edges[3].Cursor+"=", true)
	f.Fuzz(func(t *testing.T, cursor string, before bool) {
		q := auth.UserList{After: &cursor}
		if before {
			q = auth.UserList{Before: &cursor}
		}
		page, err := fix.Users(t.Context(), q)
		at, id, ok := readCursor(cursor)
		if !ok {
			if e, known := errors.AsType[*auth.Error](err); !known || e.Code != auth.BadUserInput {
				t.Fatalf("%q: got %v, want BAD_USER_INPUT", cursor, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", cursor, err)
		}
		want := []string{}
		for _, e := range all.Edges { // the newest first
			order := e.Node.CreatedAt.UnixMicro() - at
			if order == 0 {
				order = int64(strings.Compare(e.Node.ID, id))
			}
			if before && order > 0 || !before && order < 0 {
				want = append(want, e.Node.Username)
			}
		}
		if got := usernames(page); !slices.Equal(got, want) {
			t.Errorf("%q, before: %t: got %v, want %v", cursor, before, got, want)
		}
	})
}

func base64URL(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

var cursorText = regexp.MustCompile(`^1 (0|-?[1-9][0-9]{0,15}) ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$`)

// readCursor reads a cursor as it is made: microseconds and an id.
func readCursor(s string) (at int64, id string, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	m := cursorText.FindStringSubmatch(string(text))
	if err != nil || m == nil || base64URL(string(text)) != s {
		return 0, "", false
	}
	at, err = strconv.ParseInt(m[1], 10, 64)
	return at, m[2], err == nil && max(at, -at) <= 1<<52
}

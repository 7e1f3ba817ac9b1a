package store_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// workBound is how many rows one step of a statement may look at. A page has 100, an
// import 250, and a sweep takes 500 at a time.
const workBound = 1000

// grows are the statements whose work grows with a table, or looks as if it did, each with
// why it may.
var grows = map[string]string{
	"Columns":                               "asks what tables there are, whatever is in them",
	"CountUsers":                            "counts whom an administrator asks for, when totalCount is selected",
	"CountUsers of a search":                "looks for a part of a word, 5,000 users at a time",
	"Users of a search":                     "looks for a part of a word, 5,000 users at a time",
	"Users, the end of a search's window":   "looks for a part of a word, 5,000 users at a time",
	"Enrolment":                             "counts all users for the doctor",
	"Enrolment, of older replicas":          "looks through all sessions for the doctor",
	"Enrolment, whom older replicas let in": "looks through all sessions for the doctor",
	"Population, users":                     "counts users up to a million for an overview, as seldom as that takes long",
	"Population, sessions":                  "counts sessions up to a million for the same",
	"Outbox":                                "counts the outbox for the doctor",
	"Outbox, the oldest":                    "looks at the first row of an index",
	"CancelAllMail":                         "deletes all mails, 500 at a time, when an administrator asks for it",
	"CancelAllMail that failed":             "deletes all mails that were given up, 500 at a time, when an administrator asks for it",
	"ResumeAllMail":                         "changes all mails that were given up, when an administrator asks for it",
	"DueMail":                               "changes all mails that wait for another try, when the mail server is back",
	"ClaimMail":                             "goes by the places, past mails that wait for another try",
	"Ready":                                 "looks at one row, whichever",
}

// sorts are the statements for which SQLite sorts rows, each with which few those are.
var sorts = map[string]string{
	"Administrators":                "the administrators",
	"AllSecurityEvents by somebody": "two pages",
	"AllSecurityEvents of kinds":    "as many pages as kinds are asked for and there are kinds of actors",
	"ClaimOf":                       "what one client registered of one name",
	"ExportFactors, recovery codes": "the codes of a page of users",
	"Held, addresses":               "those of one user",
	"Held, usernames":               "those of one user",
	"ListMail":                      "two pages",
	"MailsOf":                       "the mails to one user",
	"PasskeysOf":                    "the passkeys of a page of users",
	"Register":                      "what one client registered of one address",
	"RegistrationFor":               "what one client registered of one address, or who registered one name",
	"RegistrationLike":              "what one client registered of one address",
	"RegistrationsByEmail":          "what was registered of one address",
	"SecurityEventsOf":              "the events of a page",
	"SessionsOf":                    "the sessions of a page of users",
	"Steps":                         "the migrations",
	"TrustedDevicesOf":              "the trusted devices of a page of users",
	"UsersByPendingEmail":           "those for whom one address waits",

	"OpenSession, the cap of trusted devices": "those of one user",
}

// fewIndex is an index that SQLite may read as a whole: of the administrators.
const fewIndex = "users_admins"

// small are the tables that stay small whatever the service grows to.
var small = []string{
	"days",             // a few rows a day
	"goose_db_version", // a row for each migration
	"guards",           // a row for each rule
	"inbox",            // as many mails as the development inbox keeps
	"signing_keys",     // the last few
}

// isLarge reports whether this is one of the tables that grow.
func isLarge(table string) bool {
	return slices.ContainsFunc(filling, func(f rows) bool { return f.table() == table }) && !slices.Contains(small, table)
}

// Every statement of the store runs on a database of many users. Each finds its rows by
// an index, and looks at no more of them, and sorts no more, if there are more users.
func TestPlans(t *testing.T) {
	t.Parallel()
	named := statements(t)
	var mu sync.Mutex
	ran, excepted := map[string]bool{}, map[string]bool{}
	t.Cleanup(func() {
		for name, at := range named {
			if !ran[name] {
				t.Errorf("%s: %q is not part of the story", at, name)
			}
		}
		for _, exceptions := range []map[string]string{grows, sorts} {
			for name := range exceptions {
				if !excepted[name] {
					t.Errorf("%s: it needs no exception", name)
				}
			}
		}
	})
	testenv.Each(t, func(t *testing.T, d db.DB) {
		fill(t, d)
		e := &explainer{DB: d, faults: map[string]map[string]int{}}
		if d.Dialect() == db.PostgreSQL {
			var err error
			e.leading, err = leadingColumns(t.Context(), d)
			must(t, err)
		}
		story(t, store.New(e, testenv.StoreSecret))
		mu.Lock()
		defer mu.Unlock()
		for _, name := range slices.Sorted(maps.Keys(e.faults)) {
			ran[name] = true
			for _, what := range slices.Sorted(maps.Keys(e.faults[name])) {
				if grows[name] != "" || sorts[name] != "" && what == sorting {
					excepted[name] = true
					continue
				}
				t.Errorf("%s: %s (%d rows)", name, what, e.faults[name][what])
			}
		}
	})
}

// What a plan does not show: whoever is deleted is looked for in each table that refers to
// them. And no table is forgotten.
func TestPlansOfReferences(t *testing.T) {
	t.Parallel()
	d := testenv.Postgres(t)
	list := func(sql string) (names []string) {
		rows, err := d.Query(t.Context(), sql)
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var name string
			must(t, rows.Scan(&name))
			names = append(names, name)
		}
		must(t, rows.Err())
		return names
	}
	for _, name := range list(`SELECT conname::text FROM pg_constraint c WHERE contype = 'f' AND NOT EXISTS (
			SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1])`) {
		t.Errorf("%s has no index", name)
	}
	for _, table := range list(`SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`) {
		if !isLarge(table) && !slices.Contains(small, table) {
			t.Errorf("%s is neither filled nor small", table)
		}
	}
}

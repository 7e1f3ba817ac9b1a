package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// The operator sees every row once, page by page, and resumes those that failed
// and no others.
func TestOutboxOfTheOperator_R3(t *testing.T) {
	t.Parallel()
	testenv.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for i, id := range []string{"new", "leased", "held", "tried", "failed"} {
			due := noon
			if id == "held" {
				due = noon.Add(time.Hour)
			}
			must(t, s.EnqueueMail(ctx, &store.Mail{ID: id, Kind: store.MailNewDevice, RecipientKey: id + "@example.org", CreatedAt: noon.Add(time.Duration(i/2) * time.Second), DueAt: due}))
		}
		must(t, s.FailMail(ctx, "failed", noon, "refused: 550"))
		must(t, s.RetryMail(ctx, "tried", noon.Add(time.Hour), "delayed: 450"))
		claimed, err := s.ClaimMail(ctx, noon, noon.Add(2*time.Minute), 2, false)
		must(t, err)
		must(t, s.ReleaseMail(ctx, "new", noon.Add(time.Minute), "")) // as it was
		if len(claimed) != 2 {
			t.Fatalf("claimed %+v", claimed)
		}

		list := func(failed bool) (ids []string) {
			var last store.Mail
			for {
				page, err := s.ListMail(ctx, failed, store.Place{At: last.CreatedAt, ID: last.ID}, 2)
				must(t, err)
				for i := range page {
					last = page[i]
					ids = append(ids, last.ID)
				}
				if len(page) < 2 {
					return ids
				}
			}
		}
		if got, want := fmt.Sprint(list(false), list(true)), "[leased new held tried failed] [failed]"; got != want {
			t.Errorf("listed %s, want %s", got, want)
		}
		for id, want := range map[string]error{"new": store.ErrNotFound, "leased": store.ErrNotFound, "held": store.ErrNotFound, "tried": nil, "failed": nil, "none": store.ErrNotFound} {
			if _, err := s.ResumeMail(ctx, id, noon); !errors.Is(err, want) {
				t.Errorf("resume %s: %v, want %v", id, err, want)
			}
		}
		claimed, err = s.ClaimMail(ctx, noon, noon.Add(2*time.Minute), 9, false)
		must(t, err)
		got := map[string]int{}
		for _, m := range claimed {
			got[m.ID] = m.Attempts
		}
		if fmt.Sprint(got) != "map[failed:0 tried:0]" {
			t.Errorf("after resuming, claimed %v", got)
		}
		must(t, s.FailMail(ctx, "failed", noon, "refused: 550"))
		must(t, s.RetryMail(ctx, "tried", noon.Add(time.Hour), "delayed: 450"))
		if n, err := s.ResumeAllMail(ctx, noon); n != 2 || err != nil {
			t.Errorf("resumed %d, %v; want 2", n, err)
		}
	})
}

// What is given up stays for the operator, but no mail to somebody who is gone, or that tells
// administrators of another.
func TestGivenUpIsKept_O8(t *testing.T) {
	t.Parallel()
	testenv.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			return tx.CreateUser(ctx, &store.User{ID: "ada", Email: "ada@example.org", EmailKey: "ada@example.org", Username: "ada", Role: store.RoleUser, CreatedAt: noon, UpdatedAt: noon}, "ada")
		}))
		for _, way := range []string{"one", "old"} {
			for id, m := range map[string]store.Mail{
				"a notice": {Kind: store.MailNewDevice, UserID: "ada"}, "of nobody": {Kind: store.MailPasswordReset},
				"of who is gone": {Kind: store.MailAccountDeleted, UserID: "bob"}, "of another": {Kind: store.MailAdministratorsChanged, UserID: "ada"},
			} {
				m.ID, m.RecipientKey, m.Admitted, m.CreatedAt = way+" "+id, id+"@example.org", true, noon
				must(t, s.EnqueueMail(ctx, &m))
				if way == "one" {
					must(t, s.FailMail(ctx, m.ID, noon, "refused: 550"))
				}
			}
		}
		if n, err := s.FailOldMail(ctx, noon, noon, "too old"); err != nil || n != 4 {
			t.Errorf("%d given up, %v; want 4", n, err)
		}
		if err := s.FailMail(ctx, "one of another", noon, "again"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one that is gone: %v", err)
		}
		list, err := s.ListMail(ctx, false, store.Place{}, 10)
		must(t, err)
		var kept []string
		for _, m := range list {
			kept = append(kept, m.ID)
		}
		slices.Sort(kept)
		if want := []string{"old a notice", "old of nobody", "one a notice", "one of nobody"}; !slices.Equal(kept, want) {
			t.Errorf("%q are kept, want %q", kept, want)
		}
	})
}

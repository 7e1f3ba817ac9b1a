package doctor

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/store"
)

// olderLately is how long ago a replica of an older version may have opened a session for it
// to be likely that it still runs.
const olderLately = time.Hour

// factors looks at who has no second factor and has to, and at replicas that ask for none.
func (s *Subject) factors(ctx context.Context, r *report) {
	policy := s.Config.SecondFactor
	e, err := s.Database.Enrolment(ctx, store.UserFilter{Everybody: policy == "all", Admins: policy == "admins"})
	if err != nil {
		r.warn("factors", "try again", "%v", err)
		return
	}
	r.ok("factors", "%s with a second factor, %d without; REQUIRE_SECOND_FACTOR is %s", count(e.With, "account"), e.Without, policy)
	switch {
	case e.AdminsWithout == 0:
	case policy == "off":
		r.ok("factors", "%s without a second factor", count(e.AdminsWithout, "administrator"))
	default:
		r.warn("factors", "have them log in and add one; latchkey user list --role ADMIN --second-factor=false names them",
			"%s without a second factor, who can do nothing until they add one: until then whoever has the password of one can add their own",
			count(e.AdminsWithout, "administrator"))
	}
	if len(e.LetIn) > 0 {
		r.warn("factors", "end replicas of older versions, then latchkey user revoke-sessions of each: "+strings.Join(e.LetIn, ", "),
			"an older version of this program let %s in without the second factor that they have", count(len(e.LetIn), "user"))
	}
	if e.Older != nil && s.Now().Sub(*e.Older) < olderLately {
		r.warn("factors", "let nobody add a second factor until every replica is new: see docs/policies.md",
			"an older version of this program, which asks for no second factor, opened a session at %s: it may still run", e.Older.Format(time.RFC3339))
	}
}

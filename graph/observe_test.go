package graph_test

import (
	"testing"

	"latchkey/internal/testenv"
)

// What is observed of an operation is the name that the schema has for it, and what came of
// it. TestCodes has each mistake of a payload.
func TestObserved(t *testing.T) {
	t.Parallel()
	f := setup(t, testenv.SQLite(t))
	bearer := []string{"Authorization", "Bearer " + f.ada(t).Tokens.AccessToken}
	f.handler = f.watched
	for _, tt := range []struct {
		query  string
		header []string
		want   string
	}{
		{`query hunter2 { me { id } }`, bearer, "me ok "},
		{`{ me { id } }`, nil, "me ok "},
		{`{ me { id } }`, []string{"Authorization", "Bearer hunter2"}, "me unauthenticated UNAUTHENTICATED"},
		{`{ users { nodes { id } } me { id } }`, bearer, "users forbidden FORBIDDEN"},
		{`{ me { id } users(first: 101) { nodes { id } } }`, []string{"Authorization", "Bearer " + f.admin(t, "root1").Tokens.AccessToken}, "me invalid BAD_USER_INPUT"},
		{`{ hunter2 }`, bearer, "invalid invalid GRAPHQL_VALIDATION_FAILED"},
		{`{ `, bearer, "invalid invalid GRAPHQL_PARSE_FAILED"},
		{`mutation { refresh(input: {refreshToken: "hunter2"}) { errors { code } } }`, nil, "refresh user_error TOKEN_INVALID"},
	} {
		f.post(t, tt.query, nil, tt.header...)
		if f.seen != tt.want {
			t.Errorf("%s: observed is %q, want %q", tt.query, f.seen, tt.want)
		}
	}
	f.db.Close()
	f.post(t, `{ me { id } }`, nil, bearer...)
	if want := "me unavailable UNAVAILABLE"; f.seen != want {
		t.Errorf("without a database: observed is %q, want %q", f.seen, want)
	}
}

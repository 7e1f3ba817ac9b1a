package e2e_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// claimsFile writes a CLAIMS_FILE.
func claimsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "claims.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// recipes are the files that docs/claims.md shows, as one.
func recipes(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/claims.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		var one map[string]any
		if err := json.Unmarshal(block[1], &one); err != nil {
			t.Fatalf("%v: %s", err, block[1])
		}
		maps.Copy(all, one)
	}
	if len(all) != 6 {
		t.Fatalf("docs/claims.md shows %v", all)
	}
	text, _ := json.Marshal(all) // which was read from JSON
	return string(text)
}

// recipesOf is what the recipes say of somebody.
func recipesOf(id, username string, admin bool) map[string]any {
	said := `{
		"https://example.org/tenant": "main", "https://example.org/person": {"id": "ID", "name": "NAME"},
		"https://hasura.io/jwt/claims": {"x-hasura-user-id": "ID", "x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"]},
		"db_role": "web_user", "roles": ["user"], "preferred_username": "NAME"}`
	if admin {
		said = `{
		"https://example.org/tenant": "main", "https://example.org/person": {"id": "ID", "name": "NAME"},
		"https://hasura.io/jwt/claims": {"x-hasura-user-id": "ID", "x-hasura-default-role": "manager", "x-hasura-allowed-roles": ["user", "manager"]},
		"db_role": "web_admin", "roles": ["user", "admin"], "preferred_username": "NAME"}`
	}
	var claims map[string]any
	if err := json.Unmarshal([]byte(strings.NewReplacer("ID", id, "NAME", username).Replace(said)), &claims); err != nil {
		panic(err) // it is JSON
	}
	return claims
}

// ours are the names of Latchkey's own claims.
var ours = strings.Fields("acr amr aud auth_time client_id email email_verified exp iat iss jti role sid sub")

// notOurs are the claims of a token that are not ours. Ours must be there.
func notOurs(t *testing.T, what string, claims map[string]any) map[string]any {
	t.Helper()
	rest := maps.Clone(claims)
	for _, name := range ours {
		if claims[name] == nil {
			t.Errorf("%s: %s is missing in %v", what, name, claims)
		}
		delete(rest, name)
	}
	return rest
}

// The recipes of docs/claims.md are in the token whichever way it is asked for, as a library
// of others reads it; introspection repeats them; and to the service the token is as any.
func TestOwnClaims_F6(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		tokens := map[string]string{"confirmEmail": ada.Access, "login": s.Login(t, ada).Tokens.AccessToken}
		tokens["refresh"], _ = refresh(t, s.URL(), ada.Refresh)
		var again string
		tokens["OAuth, password"], again = granted(t, speak(t, s, tokenPath, passwordForm(ada, asShop...), ada.Client))
		tokens["OAuth, refresh"], _ = granted(t, speak(t, s, tokenPath, refreshForm(again, asShop...), ada.Client))
		tokens["stepUp"] = stepUp(t, s, ada.Access, "password", ada.Password, ada.Client).Payload(t, "stepUp").Tokens.AccessToken
		tokens["continueLogin"] = loginByCode(t, s, ada, enrol(t, s, ada)).Tokens.AccessToken
		for way, token := range tokens {
			mustBe(t, s.URL(), token, ada.ID)
			read := jose(t, s, token)[0]
			if got, want := notOurs(t, way, read.Claims), recipesOf(ada.ID, ada.Username, false); read.Refused != "" || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v; %s", way, got, want, read.Refused)
			}
			a := speak(t, s, introspectPath, formOf(append(asBilling, "token", token)...), ada.Client)
			want := maps.Clone(read.Claims)
			want["active"], want["username"], want["token_type"] = true, ada.Username, "Bearer"
			if !reflect.DeepEqual(a.json, want) {
				t.Errorf("%s, introspection: got %v, want %v", way, a.json, want)
			}
		}
		if a := speak(t, s, introspectPath, formOf(append(asBilling, "token", ada.Access+"x")...), ada.Client); a.body != `{"active":false}` {
			t.Errorf("introspection of no token: %s", a.body)
		}
		id, access := makeAdmin(t, s)
		_, claims := parts(t, access)
		name, _ := claims["preferred_username"].(string)
		if got, want := notOurs(t, "an administrator", claims), recipesOf(id, name, true); name == "" || !reflect.DeepEqual(got, want) {
			t.Errorf("an administrator: got %v, want %v", got, want)
		}
		// A new username is in the next token.
		session := s.Login(t, s.Join(t))
		renamed := testenv.Username()
		mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", session.Tokens.AccessToken, "", "username", renamed)), "changeUsername")
		mustBe(t, s.URL(), session.Tokens.AccessToken, session.User.ID)
		if _, claims := parts(t, session.Tokens.AccessToken); claims["preferred_username"] != session.User.Username {
			t.Errorf("the token of before says %v", claims)
		}
		next, _ := refresh(t, s.URL(), session.Tokens.RefreshToken)
		if _, claims := parts(t, next); claims["preferred_username"] != renamed {
			t.Errorf("after the refresh: %v, want %s", claims, renamed)
		}
		_, all := examine(t, s, s.Replicas[0].Dir)
		said := ""
		for _, f := range all {
			if f.Check == "claims" {
				said += f.Verdict + " " + f.Text
			}
		}
		if !strings.Contains(said, "ok ") || !strings.Contains(said, "db_role") || !strings.Contains(said, "https://hasura.io/jwt/claims") {
			t.Errorf("the doctor says %q", said)
		}
	}, "CLAIMS_FILE="+claimsFile(t, recipes(t)), "JWT_PRIVATE_KEYS=auto", "OAUTH_CLIENTS="+oauthClients)
}

// Replicas with different files, and with none, take each other's tokens, whose claims stay
// as they were signed; and so does the same replica after a change of its file.
func TestOwnClaimsDiffer_F6(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "JWT_PRIVATE_KEYS=auto", "OAUTH_CLIENTS="+oauthClients)
	plain := s.Env
	says := []string{`{}`, `{"who":"$username"}`, `{"who":1,"more":[true]}`}
	for _, file := range says {
		if file != `{}` {
			s.Env = append(plain[:len(plain):len(plain)], "CLAIMS_FILE="+claimsFile(t, file))
		}
		s.Add(t)
	}
	s.AwaitReady(t)
	ada := s.Join(t)
	check := func(signed, asked int, token string) {
		t.Helper()
		mustBe(t, s.Replicas[asked].URL, token, ada.ID)
		p := exchange(t, "POST", s.Replicas[asked].URL+introspectPath, formOf(append(asBilling, "token", token)...), "Content-Type", "application/x-www-form-urlencoded")
		var got map[string]any
		if err := json.Unmarshal([]byte(p.body), &got); err != nil {
			t.Fatalf("%v in %s", err, p.body)
		}
		said, _ := json.Marshal(map[string]any{"who": got["who"], "more": got["more"]})
		want := []string{`{"more":null,"who":null}`, `{"more":null,"who":"` + ada.Username + `"}`, `{"more":[true],"who":1}`}[signed]
		if string(said) != want {
			t.Errorf("replica %d says of a token of replica %d: %s, want %s", asked, signed, said, want)
		}
	}
	tokens := make([]string, len(says))
	for signed, r := range s.Replicas {
		a := testenv.Post(t, r.URL, loginRequest(ada.Username, ada.Password, ada.Client))
		tokens[signed] = a.Payload(t, "login").Tokens.AccessToken
		for asked := range s.Replicas {
			check(signed, asked, tokens[signed])
		}
	}
	s.Env = plain
	s.Restart(t, 1)
	for signed, token := range tokens {
		check(signed, 1, token)
	}
}

// A file with mistakes stops the start, with all of them and no value.
func TestClaimsMistakes_F6(t *testing.T) {
	t.Parallel()
	file := claimsFile(t, `{"role": "web_user", "exp": 4102444800, "x": "$`+typed+`"}`)
	message := mustNotStart(t, "claims of ours", t.TempDir(), productionEnv("CLAIMS_FILE="+file, "LOG_LEVEL=loud"), "CLAIMS_FILE", "CLAIMS_FILE", "CLAIMS_FILE", "LOG_LEVEL")
	for _, says := range []string{`"role"`, `"exp"`, `at "x"`, "$username"} {
		if !strings.Contains(message, says) {
			t.Errorf("the message does not say %q:\n%s", says, message)
		}
	}
	for what, text := range map[string]string{"no JSON": "role: web_user", "a name twice": `{"x": 1, "x": 2}`, "too long": `{"x": "` + strings.Repeat("x", 1024) + `"}`} {
		mustNotStart(t, what, t.TempDir(), productionEnv("CLAIMS_FILE="+claimsFile(t, text)), "CLAIMS_FILE")
	}
	mustNotStart(t, "no file", t.TempDir(), productionEnv("CLAIMS_FILE="+file+".not"), "CLAIMS_FILE")
}

// The SQL that docs/claims.md shows for PostgREST does what it is for, with what PostgREST
// makes of a token: the claims as a setting, and the role that one of them names. Each sees
// what is theirs.
func TestClaimsInPostgreSQL_F6(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/claims.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(page)
	if block == nil || !strings.Contains(string(page), `jwt-role-claim-key = ".db_role"`) {
		t.Fatal("docs/claims.md shows no SQL")
	}
	statements := append([]string{`CREATE ROLE authenticator NOINHERIT`}, strings.Split(string(block[1]), ";\n")...)
	s := testenv.NewProduction(t, "CLAIMS_FILE="+claimsFile(t, recipes(t)))
	s.Add(t)
	s.AwaitReady(t)
	ada, eve := s.Join(t), s.Join(t)
	_, root := makeAdmin(t, s)
	undone := errors.New("roles are of all databases: nothing of it is to stay")
	err = s.DB(t).InTx(t.Context(), func(tx db.Conn) error {
		run := func(sql string, args ...any) {
			t.Helper()
			if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		for _, sql := range statements {
			if strings.TrimSpace(sql) != "" {
				run(sql)
			}
		}
		for _, who := range []struct{ access, role string }{{ada.Access, "web_user"}, {eve.Access, "web_user"}, {root, "web_admin"}} {
			_, claims := parts(t, who.access)
			if claims["db_role"] != who.role {
				t.Fatalf("db_role is %v", claims["db_role"])
			}
			text, _ := json.Marshal(claims) // which was read from JSON
			run(`SET LOCAL ROLE authenticator`)
			run(`SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`, who.role, string(text))
			run(`INSERT INTO notes (note) VALUES ('mine')`)
			var n int
			if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM notes`).Scan(&n); err != nil || n != 1 {
				t.Errorf("%s sees %d notes, %v; want their own", who.role, n, err)
			}
			run(`RESET ROLE`)
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Error(err)
	}
}

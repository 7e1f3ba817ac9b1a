package graph_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each testdata/answers/*.graphql is sent to a fresh server with the user ada;
// the answer must equal the .json beside it. A first line `# bearer` sends ada's
// access token along, `# bearer WORD` that word, and `# admin` makes ada an
// administrator first. ADA_ID is ada's id.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/answers/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			t.Parallel()
			query, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := setup(t, testenv.SQLite(t))
			l := f.ada(t)
			var header []string
			first, _, _ := strings.Cut(string(query), "\n")
			if first == "# admin" {
				first = "# bearer"
				in := auth.SetUserRoleInput{UserID: l.User.ID, Role: store.RoleAdmin}
				if _, err := f.SetUserRole(t.Context(), auth.Shell("test"), in); err != nil {
					t.Fatal(err)
				}
			}
			if word, ok := strings.CutPrefix(first, "# bearer"); ok {
				if word = strings.TrimSpace(word); word == "" {
					word = l.Tokens.AccessToken
				}
				header = []string{"Authorization", "Bearer " + word}
			}
			w := f.post(t, strings.ReplaceAll(string(query), "ADA_ID", l.User.ID), nil, header...)
			var got bytes.Buffer
			if err := json.Indent(&got, bytes.ReplaceAll(w.Body.Bytes(), []byte(l.User.ID), []byte("ADA_ID")), "", "  "); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			got.WriteByte('\n')
			golden := strings.TrimSuffix(file, ".graphql") + ".json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

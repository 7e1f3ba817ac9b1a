package doctor

import (
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

// A schema that has all its steps, and yet not all that they make, is found.
func TestColumns(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := &Subject{Database: store.New(d), Columns: migrations.Columns()}
		var before, after report
		if !s.columns(t.Context(), &before) {
			_, texts := said(before)
			t.Errorf("of a whole schema: %s", texts)
		}
		if _, err := d.Exec(t.Context(), `ALTER TABLE users DROP COLUMN must_enrol`); err != nil {
			t.Fatal(err)
		}
		usable := s.columns(t.Context(), &after)
		if verdicts, texts := said(after); usable || verdicts != "fail" || !strings.Contains(texts, "lacks 1 column, users.must_enrol among them") {
			t.Errorf("without a column: usable %t, %s: %s", usable, verdicts, texts)
		}
	})
}

package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"

	"latchkey/internal/db"
)

// explainer is a database that has each statement's plan explained before it runs, and
// keeps what is wrong with it.
type explainer struct {
	db.DB
	leading map[string]string // the first column of each index; of PostgreSQL

	mu     sync.Mutex                // look-ups of sessions run on their own
	faults map[string]map[string]int // by the statement's name and what does too much: the most rows that this looked at, or 0
}

func (e *explainer) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	e.explainAlone(ctx, sql, args)
	return e.DB.Exec(ctx, sql, args...)
}

func (e *explainer) Query(ctx context.Context, sql string, args ...any) (db.Rows, error) {
	e.explainAlone(ctx, sql, args)
	return e.DB.Query(ctx, sql, args...)
}

func (e *explainer) QueryRow(ctx context.Context, sql string, args ...any) db.Row {
	e.explainAlone(ctx, sql, args)
	return e.DB.QueryRow(ctx, sql, args...)
}

func (e *explainer) Batch(ctx context.Context, stmts ...db.Stmt) ([]int64, error) {
	counts := make([]int64, len(stmts))
	err := e.InTx(ctx, func(tx db.Conn) (err error) {
		for i, s := range stmts {
			if counts[i], err = tx.Exec(ctx, s.SQL, s.Args...); err != nil {
				return err
			}
		}
		return nil
	})
	return counts, err
}

func (e *explainer) InTx(ctx context.Context, f func(db.Conn) error) error {
	return e.DB.InTx(ctx, func(tx db.Conn) error { return f(explainingTx{tx, e}) })
}

type explainingTx struct {
	db.Conn
	e *explainer
}

func (t explainingTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	t.e.explain(ctx, t.Conn, sql, args)
	return t.Conn.Exec(ctx, sql, args...)
}

func (t explainingTx) Query(ctx context.Context, sql string, args ...any) (db.Rows, error) {
	t.e.explain(ctx, t.Conn, sql, args)
	return t.Conn.Query(ctx, sql, args...)
}

func (t explainingTx) QueryRow(ctx context.Context, sql string, args ...any) db.Row {
	t.e.explain(ctx, t.Conn, sql, args)
	return t.Conn.QueryRow(ctx, sql, args...)
}

// explainAlone explains a statement that is no part of a transaction.
func (e *explainer) explainAlone(ctx context.Context, sql string, args []any) {
	if e.Dialect() == db.SQLite { // where nothing has to be undone, and a transaction may be under way
		e.explain(ctx, e.DB, sql, args)
		return
	}
	undo := errors.New("explained")
	err := e.DB.InTx(ctx, func(tx db.Conn) error { e.explain(ctx, tx, sql, args); return undo })
	if !errors.Is(err, undo) {
		e.note(sql, map[string]int{err.Error(): 0})
	}
}

func (e *explainer) explain(ctx context.Context, c db.Conn, sql string, args []any) {
	faults := map[string]int{}
	err := db.ErrUnavailable
	for tries := 0; errors.Is(err, db.ErrUnavailable) && tries < 5; tries++ { // the machine may be busy
		if e.Dialect() == db.PostgreSQL {
			err = e.explainPostgres(ctx, c, sql, args, faults)
		} else {
			err = explainSQLite(ctx, c, sql, args, faults)
		}
	}
	if err != nil {
		faults[err.Error()] = 0
	}
	e.note(sql, faults)
}

func (e *explainer) note(sql string, faults map[string]int) {
	name := "a statement without a name"
	if m := nameOf.FindStringSubmatch(sql); m != nil {
		name = m[1]
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.faults[name] == nil {
		e.faults[name] = map[string]int{}
	}
	for what, rows := range faults {
		e.faults[name][what] = max(rows, e.faults[name][what])
	}
}

// node is a step of a plan of PostgreSQL, with what it did.
type node struct {
	Type      string  `json:"Node Type"`
	Table     string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	Cond      string  `json:"Index Cond"`
	Rows      float64 `json:"Actual Rows"` // of one loop
	Loops     float64 `json:"Actual Loops"`
	Filtered  float64 `json:"Rows Removed by Filter"`
	Unjoined  float64 `json:"Rows Removed by Join Filter"`
	Rechecked float64 `json:"Rows Removed by Index Recheck"`
	Steps     []node  `json:"Plans"`
}

// larger has PostgreSQL plan as for tables that are many times as large: reading one as a
// whole is out of the question, and what is looked for is in memory.
const larger = `SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off`

// explainPostgres runs a statement, undoes it, and adds what did too much.
func (e *explainer) explainPostgres(ctx context.Context, c db.Conn, sql string, args []any, faults map[string]int) error {
	for _, prepare := range append([]string{`SAVEPOINT explained`}, strings.Split(larger, `; `)...) {
		if _, err := c.Exec(ctx, prepare); err != nil {
			return err
		}
	}
	var text []byte
	err := c.QueryRow(ctx, `EXPLAIN (ANALYZE, FORMAT JSON) `+sql, args...).Scan(&text)
	_, undone := c.Exec(ctx, `ROLLBACK TO explained`)
	if err = errors.Join(err, undone); err != nil {
		return err
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal(text, &plans); err != nil {
		return err
	}
	e.judge(&plans[0].Plan, faults)
	return nil
}

// judge adds what of a step and those below it did too much.
func (e *explainer) judge(n *node, faults map[string]int) {
	what := n.Type
	if n.Table != "" {
		what += " of " + n.Table
	}
	if n.Index != "" {
		what += " by " + n.Index
	}
	if n.Type == "Seq Scan" && isLarge(n.Table) {
		faults[what] = 0
	}
	if looked := (n.Rows + n.Filtered + n.Unjoined + n.Rechecked) * n.Loops; looked > workBound {
		faults[what] = max(faults[what], int(looked))
	}
	if n.Cond != "" && !regexp.MustCompile(`\b`+e.leading[n.Index]+`\b`).MatchString(n.Cond) {
		faults[what+", all of it, for "+n.Cond] = 0
	}
	for i := range n.Steps {
		e.judge(&n.Steps[i], faults)
	}
}

// leadingColumns returns the first column of each index.
func leadingColumns(ctx context.Context, d db.DB) (map[string]string, error) {
	rows, err := d.Query(ctx, `SELECT i.indexrelid::regclass::text, a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	leading := map[string]string{}
	for rows.Next() {
		var index, column string
		if err := rows.Scan(&index, &column); err != nil {
			return nil, err
		}
		leading[index] = column
	}
	return leading, rows.Err()
}

// sorting is what SQLite calls a sort.
const sorting = "USE TEMP B-TREE FOR ORDER BY"

// explainSQLite adds what will do too much when SQLite runs a statement. A sort for the last
// term of an order is of rows that have all other terms in common.
func explainSQLite(ctx context.Context, c db.Conn, sql string, args []any, faults map[string]int) error {
	rows, err := c.Query(ctx, `EXPLAIN QUERY PLAN `+sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return err
		}
		scanned, isScan := strings.CutPrefix(step, "SCAN ")
		scanned, _, _ = strings.Cut(scanned, " ")
		if isScan && isLarge(tableOf(sql, scanned)) && !strings.HasSuffix(step, "INDEX "+fewIndex) || strings.Contains(step, "TEMP B-TREE") && !strings.Contains(step, "LAST TERM") {
			faults[step] = 0
		}
	}
	return rows.Err()
}

// tableOf returns the table whose alias in a statement this is, or that it is itself.
func tableOf(sql, alias string) string {
	for _, m := range regexp.MustCompile(`(\w+) (?:AS )?`+alias+`\b`).FindAllStringSubmatch(sql, -1) {
		if isLarge(m[1]) {
			return m[1]
		}
	}
	return alias
}

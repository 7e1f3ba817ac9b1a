package db

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// SQLite overwrites a row where it lies when it is deleted. But where it moved rows before,
// to make room in a page or to split it, copies of them stay behind in the unused part of the
// old page; and versions before overwrote nothing, so that free pages have what they had. This
// looks at each page, and zeroes its unused parts, by the file's format
// (https://www.sqlite.org/fileformat2.html).

// scrubAtOnce is how many pages one transaction rewrites at most: few enough that nobody
// waits for it.
const scrubAtOnce = 50

// maxScrubbed is how many pages a file may have: beyond, the first byte of a page does not
// tell any more what it is of.
const maxScrubbed = 2 << 24

// Scrub implements DB.
func (l *lite) Scrub(ctx context.Context) error {
	pages, err := l.pages(ctx)
	if err != nil || pages >= maxScrubbed {
		return err
	}
	if first, err := l.page(ctx, l.db, 1); err != nil || mapped(first) {
		return err
	}
	free, err := l.free(ctx, l.db)
	if err != nil {
		return err
	}
	var found []int
	for n := 1; n <= pages && ctx.Err() == nil; n++ {
		page, err := l.page(ctx, l.db, n)
		if err != nil {
			return err
		}
		if zero(page, n, free) {
			found = append(found, n)
		}
		if len(found) == scrubAtOnce || n == pages {
			if err := l.scrub(ctx, found); err != nil {
				return err
			}
			found = found[:0]
		}
	}
	return nil
}

func (l *lite) pages(ctx context.Context) (n int, err error) {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	err = l.db.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&n)
	return n, liteErr(err)
}

// mapped reports whether a file has pages that say where others belong, as somebody's
// auto_vacuum wants it: they look like pages of rows and must be left alone. We never make one.
func mapped(first []byte) bool { return len(first) < 512 || binary.BigEndian.Uint32(first[52:]) != 0 }

// asker is a pool or a transaction.
type asker interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// page returns a page as it is; nil if there is none any more.
func (l *lite) page(ctx context.Context, of asker, n int) (data []byte, err error) {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	err = of.QueryRowContext(ctx, `SELECT data FROM sqlite_dbpage WHERE pgno = $1`, n).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return data, liteErr(err)
}

// free returns the pages that no rows are on, with how many bytes of each are of use: those
// that list them are among them.
func (l *lite) free(ctx context.Context, of asker) (map[int]int, error) {
	all := map[int]int{}
	at, from := 1, 32 // the file's header says where the first list is, and that where the next is
	for {
		page, err := l.page(ctx, of, at)
		if err != nil || len(page) < 512 {
			return all, err
		}
		at, from = int(binary.BigEndian.Uint32(page[from:])), 0
		if _, seen := all[at]; at == 0 || seen {
			return all, nil
		}
		list, err := l.page(ctx, of, at)
		if err != nil || len(list) < 512 {
			return all, err
		}
		n := min(int(binary.BigEndian.Uint32(list[4:])), len(list)/4-2)
		all[at] = 8 + 4*n
		for i := range n {
			all[int(binary.BigEndian.Uint32(list[8+4*i:]))] = 0
		}
	}
}

// scrub rewrites pages, as they are by then.
func (l *lite) scrub(ctx context.Context, pages []int) error {
	if len(pages) == 0 {
		return nil
	}
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	over, err := l.writes.begin(ctx)
	if err != nil {
		return err
	}
	defer over()
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return liteErr(err)
	}
	defer func() { _ = tx.Rollback() }() // a no-op after Commit
	free, err := l.free(ctx, tx)
	if err != nil {
		return err
	}
	for _, n := range pages {
		page, err := l.page(ctx, tx, n)
		if err != nil {
			return err
		}
		if !zero(page, n, free) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sqlite_dbpage SET data = $1 WHERE pgno = $2`, page, n); err != nil {
			return liteErr(err)
		}
	}
	return liteErr(tx.Commit())
}

// zero zeroes what nothing uses of a page, and reports whether there was anything else.
func zero(page []byte, n int, free map[int]int) (changed bool) {
	used, is := free[n]
	if !is {
		return zeroUnused(page, n)
	}
	unused := page[min(used, len(page)):]
	changed = slices.ContainsFunc(unused, func(b byte) bool { return b != 0 })
	clear(unused)
	return changed
}

// zeroUnused zeroes what no row of a page uses, and reports whether there was anything else.
// It leaves a page alone that is none of rows or keys, or is not as it should be.
func zeroUnused(page []byte, n int) (changed bool) {
	at := 0 // where its header begins
	if n == 1 {
		at = 100 // behind the file's
	}
	if len(page) < 512 {
		return false
	}
	header := 8
	switch page[at] {
	case 2, 5:
		header = 12
	case 10, 13:
	default:
		return false
	}
	number := func(at int) int { return int(binary.BigEndian.Uint16(page[at:])) }
	cells, content := number(at+3), number(at+5)
	if content == 0 {
		content = 65536
	}
	pointers := at + header
	gap := pointers + 2*cells
	if gap > content || content > len(page) {
		return false
	}
	for i := range cells {
		if cell := number(pointers + 2*i); cell < content || cell >= len(page) {
			return false
		}
	}
	type span struct{ from, to int }
	unused := []span{{gap, content}}
	for free, last := number(at+1), content-1; free != 0; {
		if free <= last || free+4 > len(page) {
			return false
		}
		size := number(free + 2)
		if size < 4 || free+size > len(page) {
			return false
		}
		unused = append(unused, span{free + 4, free + size})
		last, free = free+size-1, number(free)
	}
	for _, s := range unused {
		for i := s.from; i < s.to; i++ {
			if page[i] != 0 {
				page[i], changed = 0, true
			}
		}
	}
	return changed
}

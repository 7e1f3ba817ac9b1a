package admin

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	maxImport   = 5 << 20  // bytes of a file
	maxBatch    = 40 << 10 // bytes of it that one operation takes: quotes are written longer there
	maxBadShown = 100      // lines
)

// importForm is the page of an import, and what one came to.
type importForm struct {
	Error string
	Done  *imported
	Bad   []badLine
	More  int // bad lines beyond those
}

// imported is what an operation of an import did, or all of them.
type imported struct {
	DryRun                             bool
	Lines, Imported, Present, BadLines int
	Bad                                []badLine
}

type badLine struct {
	Line     int
	Problems []string
}

func (s *server) importPage(v *view) { v.write(http.StatusOK, "import", importForm{}) }

// importUsers takes a file through the API, in pieces of whole lines.
func (s *server) importUsers(v *view) {
	file, header, err := v.r.FormFile("file")
	switch {
	case err != nil:
		v.write(http.StatusUnprocessableEntity, "import", importForm{Error: "Choose a file."})
		return
	case header.Size > maxImport:
		v.write(http.StatusRequestEntityTooLarge, "import", importForm{Error: "A file has 5 MB at most. Import a larger one by latchkey import, where the service runs."})
		return
	}
	defer func() { _ = file.Close() }()
	form := importForm{Done: &imported{DryRun: v.r.PostForm.Get("do") != "import" && v.r.FormValue("do") != "import"}}
	if err := v.importFile(file, &form); err != nil {
		v.fail(err)
		return
	}
	v.write(http.StatusOK, "import", form)
}

// importFile imports the lines of a file, each piece by an operation.
func (v *view) importFile(file io.Reader, form *importForm) error {
	lines := bufio.NewReaderSize(file, maxBatch)
	var batch strings.Builder
	first, n := 1, 0 // the number of the batch's first line, and how many there are
	flush := func() error {
		if n == 0 {
			return nil
		}
		err := v.importBatch(batch.String(), first, form)
		first, n = first+n, 0
		batch.Reset()
		return err
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if batch.Len()+len(line) > maxBatch {
			if err := flush(); err != nil {
				return err
			}
		}
		if line != "" {
			batch.WriteString(line)
			n++
		}
		if err != nil {
			return flush()
		}
	}
}

func (v *view) importBatch(text string, first int, form *importForm) error {
	var got struct{ ImportUsers imported }
	done := form.Done
	err := v.run("importUsers", map[string]any{"users": strings.ToValidUTF8(text, "\ufffd"), "dryRun": done.DryRun}, &got)
	if f, ok := errors.AsType[*failure](err); ok && f.Code == "BAD_USER_INPUT" { // one line that is longer than may be
		got.ImportUsers = imported{Lines: 1, BadLines: 1, Bad: []badLine{{1, []string{"it is longer than may be"}}}}
	} else if err != nil {
		return err
	}
	i := got.ImportUsers
	done.Lines, done.Imported, done.Present, done.BadLines = done.Lines+i.Lines, done.Imported+i.Imported, done.Present+i.Present, done.BadLines+i.BadLines
	for _, b := range i.Bad {
		if len(form.Bad) < maxBadShown {
			form.Bad = append(form.Bad, badLine{b.Line + first - 1, b.Problems})
		}
	}
	form.More = done.BadLines - len(form.Bad)
	return nil
}

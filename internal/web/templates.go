package web

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// layout is the template that each page fills.
const layout = "layout.html"

// Templates are pages that share a layout. Each is parsed when it is first written, since most
// are never asked for.
type Templates struct {
	byName map[string]func() (*template.Template, error)
}

// NewTemplates finds the pages in files' folder templates, by their names without .html. All
// have layout.html and what else is shared.
func NewTemplates(files fs.FS, funcs template.FuncMap, shared ...string) (*Templates, error) {
	found, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	with := []string{"templates/" + layout}
	for _, name := range shared {
		with = append(with, "templates/"+name)
	}
	t := &Templates{map[string]func() (*template.Template, error){}}
	for _, file := range found {
		if slices.Contains(with, file) {
			continue
		}
		t.byName[strings.TrimSuffix(path.Base(file), ".html")] = sync.OnceValues(func() (*template.Template, error) {
			return template.New("").Funcs(funcs).ParseFS(files, append(slices.Clone(with), file)...)
		})
	}
	if len(t.byName) == 0 {
		return nil, errors.New("there are no pages")
	}
	return t, nil
}

// Write writes the page of that name.
func (t *Templates) Write(to io.Writer, name string, data any) error {
	parsed := t.byName[name]
	if parsed == nil {
		return fmt.Errorf("there is no page %s", name)
	}
	page, err := parsed()
	if err == nil {
		err = page.ExecuteTemplate(to, layout, data)
	}
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return nil
}

// Parse parses all pages, and returns the mistakes in them.
func (t *Templates) Parse() error {
	var mistakes []error
	for name, parsed := range t.byName {
		if _, err := parsed(); err != nil {
			mistakes = append(mistakes, fmt.Errorf("page %s: %w", name, err))
		}
	}
	return errors.Join(mistakes...)
}

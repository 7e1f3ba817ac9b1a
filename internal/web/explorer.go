package web

import (
	"net/http"
	"regexp"
	"strings"

	"latchkey/internal/request"
)

// explorerCSP lets the explorer's own scripts run and ask this service, and nothing else.
const explorerCSP = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// The passwords of the explorer's steps. Everybody can read them, so production takes them
// from nobody.
const (
	//lint:ignore G101 a sample
	samplePassword = "a quiet lamp by the river"
	//lint:ignore G101 a sample
	sampleNewPassword = "a brisk walk along the shore"
)

// SamplePasswords are those that our own pages show.
func SamplePasswords() []string { return []string{samplePassword, sampleNewPassword} }

// step is an operation that the explorer offers before all others.
type step struct {
	Chapter   string `json:"chapter"`
	Name      string `json:"name"`
	Query     string `json:"query"`
	Variables string `json:"variables,omitempty"` // JSON, with parts of a person in braces
}

// steps are what a newcomer runs one after the other.
var steps = func() (all []step) {
	for _, name := range []string{"steps-1.graphql", "steps-2.graphql"} {
		text, err := files.ReadFile("explorer/" + name)
		if err != nil {
			panic(err) // no build is without it
		}
		all = append(all, readSteps(string(text))...)
	}
	return all
}()

// A heading of these files begins a chapter or a step.
var heading = regexp.MustCompile(`(?m)^# (====|----) (.+) (?:====|----)$`)

// readSteps reads a GraphQL document with headings. The last comment of a step has its
// variables.
func readSteps(text string) []step {
	var all []step
	chapter, at := "", heading.FindAllStringSubmatchIndex(text, -1)
	for i, h := range at {
		kind, name, end := text[h[2]:h[3]], text[h[4]:h[5]], len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if kind == "====" {
			chapter = name
			continue
		}
		query, variables, _ := strings.Cut(text[h[1]:end], "\n# variables ")
		all = append(all, step{chapter, name, strings.TrimSpace(query), strings.TrimSpace(variables)})
	}
	return all
}

// explorer is the page at / that runs operations.
type explorer struct {
	pages *pages
	view  explorerView
}

// explorerView is what the page shows.
type explorerView struct {
	Inbox         bool // there is one to link to
	Data          explorerData
	Style, Script string // paths
}

// explorerData is what its scripts begin with.
type explorerData struct {
	Steps       []step `json:"steps"`
	Password    string `json:"password"`
	NewPassword string `json:"newPassword"`
}

func newExplorer(cfg Config, p *pages) *explorer {
	data := explorerData{steps, samplePassword, sampleNewPassword}
	return &explorer{p, explorerView{cfg.Inbox != nil, data, explorerFiles["explorer.css"].path, explorerFiles["main.js"].path}}
}

// mount puts the explorer at /. Whom it is not for gets home.
func (e *explorer) mount(mux *request.Mux, hereOnly bool, home http.HandlerFunc) {
	mux.Handle("/{$}", request.Methods{"GET": func(w http.ResponseWriter, r *http.Request) {
		if hereOnly && !request.FromHere(r) {
			home(w, r)
			return
		}
		e.pages.writeUnder(explorerCSP, w, http.StatusOK, "explorer", e.view)
	}})
	for _, a := range explorerFiles {
		mux.Handle(a.path, request.Methods{"GET": a.serve})
	}
}

// explorerFiles are the explorer's style and scripts. They are of one folder, whose path
// changes with any of them, since the scripts import each other by their names.
var explorerFiles = mustFolder("explorer")

package web

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"
)

// cdn serves the code of the explorer: npm packages, at the version in each path.
// Browsers check the hashes, so they run exactly what was tried here, or nothing.
const cdn = "https://cdn.jsdelivr.net/npm/"

// remote is a file of the CDN.
type remote struct {
	URL       template.URL
	Integrity string // subresource integrity, SHA-256
}

var (
	explorerStyle   = remote{cdn + "graphiql@4.1.2/graphiql.min.css", "sha256-MEh+B2NdMSpj9kexQNN3QKc8UzMrCXW/Sx/phcpuyIU="}
	explorerScripts = []remote{
		{cdn + "react@18.2.0/umd/react.production.min.js", "sha256-S0lp+k7zWUMk2ixteM6HZvu8L9Eh//OVrt+ZfbCpmgY="},
		{cdn + "react-dom@18.2.0/umd/react-dom.production.min.js", "sha256-IXWO0ITNDjfnNXIu5POVfqlgYoop36bDzhodR6LW5Pc="},
		{cdn + "graphiql@4.1.2/graphiql.min.js", "sha256-hnImuor1znlJkD/FOTL3jayfS/xsyNoP04abi8bFJWs="},
	}
)

// tab is an operation that the explorer opens with.
type tab struct {
	Query     string `json:"query"`
	Variables string `json:"variables,omitempty"` // JSON
}

// bearer is the shape of the header that signed-in requests carry. ASCII only:
// browsers refuse to send other letters.
//
//lint:ignore G101 where a token goes, and none
const bearer = `{
  "Authorization": "Bearer PASTE_THE_ACCESS_TOKEN_HERE"
}`

// SamplePassword is that of the explorer's first user. Everybody can read it, so production
// takes it from nobody.
//
//lint:ignore G101 a sample
const SamplePassword = "a quiet lamp by the river"

// tabs are what a newcomer runs from left to right.
var tabs = []tab{
	{
		Query: `# 1. Register. Then open the link in the mail.{{inbox}}
mutation Register($input: RegisterInput!) {
  register(input: $input) {
    email
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "email": "ada@example.org",
    "username": "ada",
    "password": "` + SamplePassword + `"
  }
}`,
	},
	{
		Query: `# 2. Once the email is confirmed: log in,
# and copy the accessToken.
mutation Login($input: LoginInput!) {
  login(input: $input) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    user { id username email }
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "login": "ada",
    "password": "` + SamplePassword + `"
  }
}`,
	},
	{
		Query: `# 3. Paste the accessToken into the Headers
# below, and ask who you are.
query Me {
  me {
    id
    username
    email
    sessions { id deviceName current lastUsedAt }
  }
}
`,
	},
	{
		Query: `# 4. An access token lives for minutes.
# Trade the refreshToken for new ones.
mutation Refresh($input: RefreshInput!) {
  refresh(input: $input) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "refreshToken": "PASTE_THE_REFRESH_TOKEN_HERE"
  }
}`,
	},
}

// explorer is GraphiQL at /.
type explorer struct {
	page []byte
	csp  string
}

func newExplorer(cfg Config) *explorer {
	inbox, where := "", ""
	if cfg.Inbox != nil {
		inbox = at(cfg.PublicURL, "/dev/mail")
		where = "\n# The inbox is at " + inbox + "."
	}
	mine := append([]tab{}, tabs...)
	for i := range mine {
		mine[i].Query = strings.ReplaceAll(mine[i].Query, "{{inbox}}", where)
	}
	var b bytes.Buffer
	err := template.Must(template.ParseFS(files, "templates/explorer.html")).Execute(&b, map[string]any{
		"App": cfg.AppName, "API": at(cfg.PublicURL, "/graphql"), "Inbox": inbox, "Style": explorerStyle, "Scripts": explorerScripts,
		"OwnStyle": at(cfg.PublicURL, explorerCSS.path), "OwnScript": at(cfg.PublicURL, explorerJS.path), "Tabs": mine, "Headers": bearer,
	})
	if err != nil {
		panic(err) // a mistake in the template, seen at the start
	}
	return &explorer{page: b.Bytes(), csp: explorerCSP()}
}

// explorerCSP returns a policy that allows exactly the files that the page names, and
// requests to this service.
func explorerCSP() string {
	scripts := []string{"'self'"}
	for _, s := range explorerScripts {
		scripts = append(scripts, string(s.URL))
	}
	return "default-src 'none'; script-src " + strings.Join(scripts, " ") + "; style-src 'self' " + string(explorerStyle.URL) +
		"; font-src data:; img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}

func (e *explorer) get(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", e.csp)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(e.page)
}

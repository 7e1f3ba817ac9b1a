package web

import (
	"net/http"
	"strings"

	"latchkey/internal/request"
)

// explorerCSP lets the explorer's own script run and ask this service, and nothing else.
const explorerCSP = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// step is an operation that the explorer offers before all others.
type step struct {
	Name      string `json:"name"`
	Query     string `json:"query"`
	Variables string `json:"variables,omitempty"` // JSON
}

// SamplePassword is that of the explorer's first user. Everybody can read it, so production
// takes it from nobody.
//
//lint:ignore G101 a sample
const SamplePassword = "a quiet lamp by the river"

// steps are what a newcomer runs one after the other.
var steps = []step{
	{
		Name: "1. Register",
		Query: `# Register. Then open the link in the mail.{{inbox}}
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
		Name: "2. Log in",
		Query: `# Once the email is confirmed. The access token of the
# answer goes with what you run from then on.
mutation Login($input: LoginInput!) {
  login(input: $input) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    step { __typename challenge }
    user { id username email }
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "login": "ada",
    "password": "` + SamplePassword + `",
    "deviceName": "Explorer"
  }
}`,
	},
	{
		Name: "3. Ask who you are",
		Query: `query Me {
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
		Name: "4. Refresh",
		Query: `# An access token lives for minutes. Trade the refresh
# token for new ones.
mutation Refresh($input: RefreshInput!) {
  refresh(input: $input) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "refreshToken": ""
  }
}`,
	},
	{
		Name: "5. Add an app",
		Query: `# A secret for an authenticator app, with its QR code
# below the answer. Nothing changes until 6.
mutation StartTotp {
  startTotp {
    challenge
    totp { secret uri qrCode }
    errors { code message field }
  }
}
`,
	},
	{
		Name: "6. Confirm the app",
		Query: `# With the code that the app shows now. The recovery
# codes are shown this once.
mutation ConfirmTotp($input: ConfirmTotpInput!) {
  confirmTotp(input: $input) {
    user { factors { id name } secondFactorRequired }
    recoveryCodes
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "challenge": "",
    "totpCode": "",
    "name": "Phone"
  }
}`,
	},
	{
		Name: "7. Log in with a code",
		Query: `# Log in by 2 first: its answer has a step instead of
# tokens. This takes the step, with the app's next code.
mutation ContinueLogin($input: ContinueLoginInput!) {
  continueLogin(input: $input) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    step { __typename challenge }
    errors { code message field }
  }
}
`,
		Variables: `{
  "input": {
    "challenge": "",
    "answer": { "totpCode": "" }
  }
}`,
	},
	{
		Name: "8. Log out",
		Query: `mutation Logout {
  logout { errors { code message field } }
}
`,
	},
}

// explorer is the page at / that runs operations.
type explorer struct {
	pages *pages
	view  explorerView
}

// explorerView is what the page shows.
type explorerView struct {
	Inbox         bool // there is one to link to
	Steps         []step
	Style, Script string // paths
}

func newExplorer(cfg Config, p *pages) *explorer {
	where := ""
	if cfg.Inbox != nil {
		where = "\n# The inbox is linked above."
	}
	mine := append([]step{}, steps...)
	for i := range mine {
		mine[i].Query = strings.ReplaceAll(mine[i].Query, "{{inbox}}", where)
	}
	return &explorer{p, explorerView{cfg.Inbox != nil, mine, explorerCSS.path, explorerJS.path}}
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
	mux.Handle(explorerCSS.path, request.Methods{"GET": explorerCSS.serve})
	mux.Handle(explorerJS.path, request.Methods{"GET": explorerJS.serve})
}

package testenv

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// Request is a GraphQL request over HTTP.
type Request struct {
	Query     string
	Variables map[string]any
	Bearer    string            // an access token
	Client    string            // the address of who asks, by X-Forwarded-For; "" is this machine
	Header    map[string]string // more header fields
	Patience  time.Duration     // after which who asks hangs up; 0 is a minute
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Data   map[string]json.RawMessage `json:"data"`
	Errors []GraphQLError             `json:"errors"`
}

// GraphQLError is an error of the request.
type GraphQLError struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code       string `json:"code"`
		Reason     string `json:"reason"`
		Level      string `json:"level"`
		RetryAfter int    `json:"retryAfter"`
	} `json:"extensions"`
}

// Code is the code of the first error, or "".
func (a *Answer) Code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// Payload is the answer of the mutations and of `me`, with what tests look at.
type Payload struct {
	User *struct {
		ID, Username string
		Email        *string
	}
	Tokens *struct {
		AccessToken, RefreshToken string
	}
	Step *struct {
		Typename  string `json:"__typename"`
		Challenge string
		ExpiresAt time.Time
		Totp      struct{ Secret string } // of an EnrolmentStep
	}
	RecoveryCodes []string
	DeviceToken   string
	Errors        []struct {
		Code, Message string
		Field         []string
		Limit         *int
	}
}

// Into reads a field of the answer's data.
func (a *Answer) Into(t testing.TB, field string, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Data[field], v); err != nil {
		t.Fatalf("%s: %v in %s", field, err, a.Body)
	}
}

// Payload reads the payload of a mutation.
func (a *Answer) Payload(t testing.TB, field string) Payload {
	t.Helper()
	var p Payload
	a.Into(t, field, &p)
	return p
}

// Post sends r to a server and never fails the test for what it answers. While
// that is UNAVAILABLE it asks again, for a minute, as a client should: many tests
// share this machine. Tests of what is UNAVAILABLE use TryPost.
func Post(t testing.TB, base string, r Request) *Answer {
	t.Helper()
	a, err := Insist(base, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Insist is Post for goroutines that must not end the test.
func Insist(base string, r Request) (*Answer, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		a, err := TryPost(base, r)
		if err != nil || a.Code() != "UNAVAILABLE" || time.Now().After(end) {
			return a, err
		}
	}
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// TryPost sends r once, also to a server that may be away.
func TryPost(base string, r Request) (*Answer, error) {
	body, err := json.Marshal(map[string]any{"query": r.Query, "variables": r.Variables})
	if err != nil {
		return nil, err
	}
	// A server that does not answer is given up long after it should have.
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(r.Patience, time.Minute))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.Bearer)
	}
	if r.Client != "" {
		req.Header.Set("X-Forwarded-For", r.Client)
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	a := &Answer{Status: res.StatusCode, Header: res.Header}
	if a.Body, err = io.ReadAll(res.Body); err != nil {
		return nil, err
	}
	_ = json.Unmarshal(a.Body, a) // what is not JSON stays in Body
	return a, undocumented(a)
}

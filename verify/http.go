package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// identity is who sent a request, as the middleware found out.
type identity struct {
	by     *Verifier
	claims *Claims
	err    error
}

type identityKey struct{}

// FromContext returns what the token of a request says, behind Require, RequireRole and
// RequireFresh. Behind Identify there may be none: then the error says why.
func FromContext(ctx context.Context) (*Claims, error) {
	i, ok := ctx.Value(identityKey{}).(identity)
	if !ok {
		return nil, ErrNoToken
	}
	return i.claims, i.err
}

// Permit is FromContext for whoever has to be what need says. It is for places behind
// Identify that decide by themselves, such as fields of GraphQL.
func Permit(ctx context.Context, n Need) (*Claims, error) {
	c, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	i, _ := ctx.Value(identityKey{}).(identity) // of which c is
	if err := i.by.Check(c, n); err != nil {
		return nil, err
	}
	return c, nil
}

// Authenticate returns what the token of a request says: that of the header Authorization,
// never one of a cookie or an address. The errors are ErrNoToken and those of Verify.
func (v *Verifier) Authenticate(r *http.Request) (*Claims, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return nil, invalid("there are several Authorization headers")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, ErrNoToken
	}
	return v.Verify(r.Context(), strings.TrimSpace(token))
}

// Identify finds out who sends a request and turns nobody away.
func (v *Verifier) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, r = v.identify(r)
		next.ServeHTTP(w, r)
	})
}

// identify puts who sends a request into its context, once.
func (v *Verifier) identify(r *http.Request) (identity, *http.Request) {
	if i, ok := r.Context().Value(identityKey{}).(identity); ok && i.by == v {
		return i, r
	}
	c, err := v.Authenticate(r)
	i := identity{v, c, err}
	return i, r.WithContext(context.WithValue(r.Context(), identityKey{}, i))
}

// Require turns away whoever brings no good token.
func (v *Verifier) Require(next http.Handler) http.Handler { return v.require(Need{}, next) }

// RequireRole is Require, and turns away whoever had another role when the token was made.
// It panics without a role: that would let everybody pass.
func (v *Verifier) RequireRole(role string, next http.Handler) http.Handler {
	if role == "" {
		panic("verify: RequireRole without a role")
	}
	return v.require(Need{Role: role}, next)
}

// RequireFresh is Require, and turns away whoever has not shown within maxAge who they are,
// or not at a level: AAL2, or "" for any. It panics where maxAge is not positive: that
// would let everybody pass.
func (v *Verifier) RequireFresh(maxAge time.Duration, level string, next http.Handler) http.Handler {
	if maxAge <= 0 {
		panic("verify: RequireFresh without an age")
	}
	return v.require(Need{MaxAge: maxAge, Level: level}, next)
}

func (v *Verifier) require(n Need, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, r := v.identify(r)
		err := i.err
		if err == nil {
			err = v.Check(i.claims, n)
		}
		if err != nil {
			if v.cfg.Refused != nil {
				v.cfg.Refused(r, err)
			}
			Refuse(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusal is the body of an answer to somebody who is turned away.
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Level       string `json:"acr_values,omitempty"`
	MaxAge      int    `json:"max_age,omitempty"` // seconds
}

// Refuse answers a request that failed by an error of this package: 401 where another token
// would help, 403 for the role, 503 while the keys cannot be had; with the challenge of
// RFC 6750 and, where somebody has to show again who they are, of RFC 9470.
func Refuse(w http.ResponseWriter, err error) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	status, f := http.StatusUnauthorized, refusal{Error: "invalid_token", Description: "The access token is not valid here."}
	challenge := "Bearer"
	var stepUp *StepUpError
	switch {
	case errors.Is(err, ErrNoToken): // RFC 6750 section 3.1 wants no more in the challenge
		f.Description = "No access token came along."
	case errors.As(err, &stepUp):
		f = refusal{"insufficient_user_authentication", "A fresh proof of who you are is needed.", stepUp.Level, int(stepUp.MaxAge / time.Second)}
	case errors.Is(err, ErrRole):
		status, f = http.StatusForbidden, refusal{Error: "insufficient_scope", Description: "Another role is needed."}
	case errors.Is(err, ErrExpired):
		f.Description = "The access token has expired."
	case !errors.Is(err, ErrInvalid): // nobody knows, and the token may be good
		status, f = http.StatusServiceUnavailable, refusal{Error: "temporarily_unavailable", Description: "Tokens cannot be verified now: try again."}
		h.Set("Retry-After", "1")
	}
	if !errors.Is(err, ErrNoToken) {
		challenge += fmt.Sprintf(` error="%s", error_description="%s"`, f.Error, f.Description)
	}
	if f.Level != "" {
		challenge += fmt.Sprintf(`, acr_values="%s"`, f.Level)
	}
	if f.MaxAge > 0 {
		challenge += fmt.Sprintf(`, max_age="%d"`, f.MaxAge)
	}
	if status != http.StatusServiceUnavailable {
		h.Set("WWW-Authenticate", challenge)
	}
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // of strings and a number
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // who went away gets nothing
}

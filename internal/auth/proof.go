package auth

import (
	"slices"
	"strings"
	"time"

	"latchkey/internal/store"
)

// ProofKind is a way in which somebody shows who they are.
type ProofKind string

// The kinds of the schema's ProofKind.
const (
	ProofPassword     ProofKind = "PASSWORD"
	ProofPasskey      ProofKind = "PASSKEY"
	ProofTOTP         ProofKind = "TOTP"
	ProofRecoveryCode ProofKind = "RECOVERY_CODE"
	ProofEmailCode    ProofKind = "EMAIL_CODE"
	ProofProvider     ProofKind = "PROVIDER"
)

// proof is one thing that somebody has shown.
type proof struct {
	Kind     ProofKind `json:"k"`
	At       time.Time `json:"t"`
	Verified bool      `json:"v,omitzero"` // of a passkey: it saw to it that this is its owner (UV)
}

// proofs are all that was shown in a login, or in a session.
type proofs []proof

// verifiedMark stands behind a passkey in the text of a session's proofs that saw to it who
// its owner is.
const verifiedMark = "+UV"

// text returns the proofs as a session keeps them, each kind once.
func (p proofs) text() string {
	var kinds []string
	for _, one := range p {
		kind := string(one.Kind)
		if one.Verified {
			kind += verifiedMark
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, " ")
}

// proofsOf returns what was shown in a session.
func proofsOf(v *store.Session) proofs {
	var p proofs
	for kind := range strings.FieldsSeq(v.Proofs) {
		kind, verified := strings.CutSuffix(kind, verifiedMark)
		p = append(p, proof{Kind: ProofKind(kind), At: v.ProvenAt, Verified: verified})
	}
	return p
}

// Proofs returns what was shown in a session, the last step-up included.
func (s *Service) Proofs(v *store.Session) []ProofKind { return proofsOf(v).kinds() }

// ProofsOf returns what was shown at a login or a step-up that is an event; nil for others.
func (s *Service) ProofsOf(e *store.SecurityEvent) []ProofKind {
	if e.Details.Proofs == "" {
		return nil
	}
	return proofsOf(&store.Session{Proofs: e.Details.Proofs}).kinds()
}

func (p proofs) kinds() []ProofKind {
	kinds := []ProofKind{}
	for _, one := range p {
		if !slices.Contains(kinds, one.Kind) {
			kinds = append(kinds, one.Kind)
		}
	}
	return kinds
}

func (p proofs) has(kinds ...ProofKind) bool {
	return slices.ContainsFunc(p, func(one proof) bool { return slices.Contains(kinds, one.Kind) })
}

// last returns when the last proof was shown.
func (p proofs) last() time.Time {
	var at time.Time
	for _, one := range p {
		if one.At.After(at) {
			at = one.At
		}
	}
	return at
}

// strong reports whether the proofs are of two factors: a passkey that saw to it who its
// owner is, or something that somebody knows or is sent together with something that they
// have.
func (p proofs) strong() bool {
	if slices.ContainsFunc(p, func(one proof) bool { return one.Kind == ProofPasskey && one.Verified }) {
		return true
	}
	first, has := p.has(ProofPassword, ProofEmailCode, ProofProvider), p.has(ProofTOTP, ProofRecoveryCode)
	return first && has || p.has(ProofPasskey) && (first || has)
}

// The levels of acr.
const (
	levelOne = "aal1"
	levelTwo = "aal2" // two factors
)

// acr is the authentication context class of a session's tokens.
func (p proofs) acr() string {
	if p.strong() {
		return levelTwo
	}
	return levelOne
}

// methods are the names of what each kind shows.
var methods = map[ProofKind][]string{
	ProofPassword: {"pwd"}, ProofTOTP: {"otp"}, ProofRecoveryCode: {"otp"}, ProofPasskey: {"pop", "user"},
	ProofEmailCode: {"email"}, ProofProvider: {"fed"},
}

// amr are the authentication methods of a session's tokens, by the names of RFC 8176,
// separated by spaces; "email" and "fed" are ours.
func (p proofs) amr() string {
	amr := make([]string, 0, 8)
	for _, one := range p {
		amr = append(amr, methods[one.Kind]...)
	}
	if p.strong() {
		amr = append(amr, "mfa")
	}
	slices.Sort(amr)
	return strings.Join(slices.Compact(amr), " ")
}

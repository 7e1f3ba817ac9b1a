package graph

import (
	"slices"
	"testing"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/jwt"
	"latchkey/internal/store"
)

// gqlgen does not check bound enums on their way out: a constant that the
// schema does not have would reach clients as it is.
func TestEnumsAgreeWithSchema(t *testing.T) {
	schema := gen.NewExecutableSchema(gen.Config{}).Schema()
	tests := map[string][]string{
		"Role":           {string(store.RoleUser), string(store.RoleAdmin)},
		"TokenTransport": {string(auth.TransportBody), string(auth.TransportCookie)},
		"UserErrorCode": {
			string(auth.InvalidCredentials), string(auth.WrongPassword), string(auth.EmailInvalid), string(auth.UsernameInvalid),
			string(auth.UsernameTaken), string(auth.PasswordTooShort), string(auth.PasswordTooLong), string(auth.PasswordInvalid),
			string(auth.PasswordTooCommon), string(auth.PasswordBreached), string(auth.TokenInvalid), string(auth.NotFound), string(auth.AccountDisabled), string(auth.LastAdmin),
			string(auth.EmailTaken), string(auth.MailNotSent), string(auth.EmailNotConfirmed),
			string(auth.SecondFactorNeeded), string(auth.EnrolmentNeeded), string(auth.NewPasswordNeeded), string(auth.ChallengeInvalid),
			string(auth.CodeInvalid), string(auth.FactorMissing), string(auth.LastFactor), string(auth.LastWayIn),
			string(auth.PasskeyInvalid), string(auth.PasskeyUnknown), string(auth.PasskeyTaken), string(auth.TooMany),
		},
		"SecurityEventKind":    kinds(),
		"SecurityEventOutcome": {string(store.OutcomeSuccess), string(store.OutcomeRefused)},
		"SecurityActor":        {string(store.ActorUser), string(store.ActorAdmin), string(store.ActorShell), string(store.ActorSystem), string(store.ActorClient), string(store.ActorNobody)},
		"SecurityWay":          {string(auth.ByAPI), string(auth.ByOAuth), string(auth.ByLink), string(auth.ByShell), string(store.WaySystem)},
		"ProofKind": {string(auth.ProofPassword), string(auth.ProofPasskey), string(auth.ProofTOTP), string(auth.ProofRecoveryCode),
			string(auth.ProofEmailCode), string(auth.ProofProvider)},
		"SecondFactorPolicy": {string(auth.SecondFactorOptional), string(auth.SecondFactorAdministrators), string(auth.SecondFactorEverybody)},
		"AccountReason":      {string(auth.ReasonRequested), string(auth.ReasonAbuse), string(auth.ReasonStolen), string(auth.ReasonLeft), string(auth.ReasonOther)},
		"QueuedMailState":    {string(auth.MailWaiting), string(auth.MailFailed)},
	}
	for name, want := range tests {
		var got []string
		for _, v := range schema.Types[name].EnumValues {
			got = append(got, v.Name)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, Go has %v", name, got, want)
		}
	}
}

// Claims of the operator's own have values for the roles that there are.
func TestRolesOfClaims(t *testing.T) {
	if want := []string{string(store.RoleUser), string(store.RoleAdmin)}; !slices.Equal(jwt.Roles, want) {
		t.Errorf("got %q, want %q", jwt.Roles, want)
	}
}

// kinds are those of events.
func kinds() []string {
	list := []string{}
	for _, k := range auth.EventKinds() {
		list = append(list, string(k))
	}
	return list
}

// Whoever explores the API reads descriptions, not directives.
func TestDescriptions(t *testing.T) {
	schema := gen.NewExecutableSchema(gen.Config{}).Schema()
	for _, root := range []string{"Query", "Mutation"} {
		for _, f := range schema.Types[root].Fields {
			if f.Name[0] == '_' {
				continue
			}
			if f.Description == "" {
				t.Errorf("%s.%s has no description", root, f.Name)
			}
		}
	}
}

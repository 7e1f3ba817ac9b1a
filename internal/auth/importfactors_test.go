package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/totp"
)

// What is wrong with the second factors of a line is said without repeating them, and nothing
// of such a line is written.
func TestImportedFactors(t *testing.T) {
	t.Parallel()
	const secret, id = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f07"
	passkey := func(credential string) string {
		return fmt.Sprintf(`{"credentialId":"%s","publicKey":"AQID","rpId":"example.org","aaguid":"AAAAAAAAAAAAAAAAAAAAAA","transports":["internal","hybrid"],"counter":7,"backupEligible":true,"backedUp":false,"name":"Phone"}`, credential)
	}
	hash := strings.Repeat("ab", 32)
	each(t, func(t *testing.T, f *fixture) {
		n := 0
		line := func(more string) string {
			n++
			return fmt.Sprintf(`{"email":"u%d@example.org","username":"user%d",%s}`, n, n, more)
		}
		lines := []struct{ text, bad string }{
			{line(`"totp":{"secret":"` + secret + `","name":"Phone"},"recoveryCodes":["` + hash + `"],"mustChangePassword":true`), ""},
			{line(`"totp":{"secret":"jbsw y3dp ehpk 3pxp","name":"","createdAt":"2020-01-01T00:00:00Z","lastStep":7},"mustEnrol":true`), ""},
			{line(`"id":"` + id + `","passkeys":[` + passkey("AAAA") + `,` + passkey("BBBB") + `],"requireSecondFactor":true`), ""},
			{line(`"totp":{"secret":"JBSWY3DP","name":"x"}`), "totp: the secret is Base32 of 10 to 64 bytes"},
			{line(`"totp":{"secret":"hunter2!","name":"x"}`), "totp: the secret is Base32 of 10 to 64 bytes"},
			{line(`"totp":{"secret":"` + secret + `","lastStep":99999999999}`), "totp: lastStep is the time of a code in seconds since 1970, divided by 30"},
			{line(`"totp":{"secret":"` + secret + `","createdAt":"1969-01-01T00:00:00Z"}`), "totp: createdAt: from 1970 to now"},
			{line(`"totp":{"secret":"` + secret + `","digits":8}`), "totp: an object with secret, name, createdAt and lastStep"},
			{line(`"totp":"hunter2"`), "totp: an object with secret, name, createdAt and lastStep"},
			{line(`"passkeys":[` + passkey("CCCC") + `]`), "passkeys: they know their user by the id, which is missing"},
			{line(`"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f08","passkeys":[` + passkey("AAAA") + `]`), "passkeys: line 3 has one of them"},
			{line(`"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f08","passkeys":[` + passkey("") + `]`), "passkeys: 0: credentialId is base64url of 1 to 1023 bytes"},
			{line(`"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f08","passkeys":[` + strings.Replace(passkey("CCCC"), "example.org", "Hunter2", 1) + `]`), "passkeys: 0: rpId is a domain, and transports are words"},
			{line(`"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f08","passkeys":[{"counter":-1}]`), "passkeys: a list of objects with credentialId, publicKey, rpId, aaguid, transports, counter, backupEligible, backedUp, name and createdAt"},
			{line(`"recoveryCodes":["` + hash + `"]`), "recoveryCodes: there is nothing that they stand in for"},
			{line(`"totp":{"secret":"` + secret + `"},"recoveryCodes":["hunter2"]`), "recoveryCodes: each is another SHA-256, in hex"},
			{line(`"totp":{"secret":"` + secret + `"},"recoveryCodes":["` + hash + `","` + hash + `"]`), "recoveryCodes: each is another SHA-256, in hex"},
			{line(`"totp":{"secret":"` + secret + `"},"recoveryCodes":"hunter2"`), "recoveryCodes: a list of texts"},
			{line(`"requireSecondFactor":true`), "requireSecondFactor: there is no passkey to ask for"},
			{line(`"mustEnrol":"hunter2"`), "mustEnrol: true or false"},
		}
		var file strings.Builder
		var want []string
		for i, l := range lines {
			file.WriteString(l.text + "\n")
			if l.bad != "" {
				want = append(want, fmt.Sprintf("%d: %s", i+1, l.bad))
			}
		}
		for _, dryRun := range []bool{true, false} {
			got, bad := f.imports(file.String(), dryRun)
			if !slices.Equal(bad, want) || got.Imported != 3 {
				t.Errorf("dry run %v: %+v, bad lines:\n%s\nwant:\n%s", dryRun, got, strings.Join(bad, "\n"), strings.Join(want, "\n"))
			}
		}
		if n := [3]int{f.count("totps"), f.count("passkeys"), f.count("recovery_codes")}; n != [3]int{2, 2, 1} {
			t.Errorf("%d apps, passkeys and recovery codes, want 2, 2 and 1", n)
		}
		out := f.export()
		for _, want := range []string{`"totp":{"secret":"` + secret + `","name":"Phone"`, `"lastStep":7`, `"mustChangePassword":true`, `"mustEnrol":true`,
			`"recoveryCodes":["` + hash + `"]`, `"credentialId":"AAAA"`, `"requireSecondFactor":true`} {
			if !strings.Contains(out, want) {
				t.Errorf("the export has no %s:\n%s", want, out)
			}
		}
		// Somebody else's passkey.
		_, bad := f.imports(`{"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f09","email":"last@example.org","username":"last","passkeys":[`+passkey("AAAA")+`]}`, false)
		if !slices.Equal(bad, []string{"1: passkeys: somebody else has one of them"}) {
			t.Errorf("another's passkey: %v", bad)
		}
		// The app's codes are those of its secret.
		u, err := f.store.UserByEmail(t.Context(), "u1@example.org")
		must(t, err)
		apps, err := f.store.TOTPsOf(t.Context(), []string{u.ID})
		must(t, err)
		if key, ok := totp.ParseBase32(secret); !ok || apps[u.ID] == nil || strings.Contains(string(apps[u.ID].Secret), string(key)) {
			t.Error("the secret is kept in the clear")
		}
	})
}

package password

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// phc returns an Argon2id string with the given parameters and lengths.
func phc(params string, salt, key int) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$" + params + "$" + b64(make([]byte, salt)) + "$" + b64(make([]byte, key))
}

func bcryptWith(id, cost string) string {
	return "$" + id + "$" + cost + "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
}

// imported returns a scrypt or PBKDF2 string with the given parameters and lengths.
func imported(id, params string, salt, key int) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return "$" + id + "$" + params + "$" + b64(make([]byte, salt)) + "$" + b64(make([]byte, key))
}

var wellFormed = []string{
	phc("m=262144,t=10,p=16", 48, 64), // the upper bounds
	phc("m=8,t=1,p=1", 8, 12),         // the lower ones
	phc("m=19456,t=2,p=1", 16, 32),
	bcryptWith("2a", "04"), bcryptWith("2b", "12"), bcryptWith("2y", "14"),

	imported("scrypt", "ln=17,r=8,p=1", 64, 64), imported("scrypt", "ln=10,r=8,p=128", 8, 16), // the bounds
	imported("scrypt", "ln=16,r=16,p=1", 64, 64), imported("scrypt", "ln=10,r=16,p=64", 8, 16), imported("scrypt", "ln=14,r=16,p=4", 32, 64),
	imported("scrypt", "ln=15,r=8,p=4", 16, 32), imported("scrypt", "ln=14,r=8,p=5", 22, 64),
	imported("pbkdf2-sha1", "i=1000", 8, 16), imported("pbkdf2-sha256", "i=2000000", 64, 32), imported("pbkdf2-sha512", "i=2000000", 64, 64),
	imported("pbkdf2-sha1", "i=1000000", 16, 21), imported("pbkdf2-sha1", "i=500000", 16, 64), imported("pbkdf2-sha256", "i=1000000", 16, 33),
	imported("pbkdf2-sha256", "i=600000,l=32", 16, 32),
	imported("pbkdf2", "131000", 16, 20), imported("pbkdf2-sha256", "29000", 16, 32), imported("pbkdf2-sha512", "25000", 16, 64),
	"$pbkdf2-sha256$29000$./AAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$pbkdf2-sha256$i=29000$+/AAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
}

var illFormed = []string{
	"", "$", "$$$$$", "plain", "*", "$argon2id", "$argon2id$", "$2a", "$2a$", "$2a$12", "$2a$12$",

	// Out of bounds.
	phc("m=262145,t=2,p=1", 16, 32), phc("m=19456,t=11,p=1", 16, 32), phc("m=19456,t=2,p=17", 16, 32),
	phc("m=0,t=2,p=1", 16, 32), phc("m=7,t=2,p=1", 16, 32), phc("m=31,t=2,p=4", 16, 32),
	phc("m=19456,t=0,p=1", 16, 32), phc("m=19456,t=2,p=0", 16, 32), phc("m=19456,t=2,p=257", 16, 32),
	phc("m=4294967296,t=2,p=1", 16, 32), phc("m=99999999999999999999,t=2,p=1", 16, 32),
	phc("m=19456,t=2,p=1", 7, 32), phc("m=19456,t=2,p=1", 49, 32),
	phc("m=19456,t=2,p=1", 16, 11), phc("m=19456,t=2,p=1", 16, 65), phc("m=19456,t=2,p=1", 16, 0),
	bcryptWith("2a", "03"), bcryptWith("2a", "15"), bcryptWith("2a", "31"), bcryptWith("2a", "99"),

	// Another kind or version.
	strings.Replace(phc("m=64,t=1,p=1", 16, 32), "argon2id", "argon2i", 1),
	strings.Replace(phc("m=64,t=1,p=1", 16, 32), "v=19", "v=16", 1),
	strings.Replace(phc("m=64,t=1,p=1", 16, 32), "v=19$", "", 1),
	bcryptWith("2x", "12"), bcryptWith("2", "12"), bcryptWith("3a", "12"),
	imported("pbkdf2-md5", "i=600000", 16, 32), imported("pbkdf2-sha384", "i=600000", 16, 32), imported("scrypt2", "ln=14,r=8,p=1", 16, 32),
	imported("7", "CU..../....", 16, 32), "$1$saltsalt$AAAAAAAAAAAAAAAAAAAAAA", "{SSHA}AAAA", "pbkdf2_sha256$600000$salt$AAAA",

	// scrypt and PBKDF2 out of bounds.
	"$scrypt", "$scrypt$", "$scrypt$$$", "$pbkdf2-sha256", "$pbkdf2-sha256$", "$pbkdf2-sha256$$$",
	imported("scrypt", "ln=18,r=8,p=1", 16, 32), imported("scrypt", "ln=9,r=8,p=1", 16, 32), imported("scrypt", "ln=0,r=8,p=1", 16, 32),
	imported("scrypt", "ln=64,r=8,p=1", 16, 32), imported("scrypt", "ln=4294967295,r=8,p=1", 16, 32),
	imported("scrypt", "ln=14,r=1,p=1", 16, 32), imported("scrypt", "ln=14,r=9,p=1", 16, 32), imported("scrypt", "ln=14,r=0,p=1", 16, 32),
	imported("scrypt", "ln=17,r=8,p=2", 16, 32), imported("scrypt", "ln=10,r=8,p=129", 16, 32), imported("scrypt", "ln=14,r=8,p=0", 16, 32),
	imported("scrypt", "ln=17,r=16,p=1", 16, 32), imported("scrypt", "ln=10,r=16,p=65", 16, 32), imported("scrypt", "ln=14,r=16,p=5", 16, 32),
	imported("scrypt", "ln=14,r=32,p=1", 16, 32), imported("scrypt", "ln=10,r=4294967295,p=1", 16, 32), imported("scrypt", "ln=14,r=016,p=1", 16, 32),
	imported("scrypt", "ln=14,r=8,p=1", 7, 32), imported("scrypt", "ln=14,r=8,p=1", 65, 32),
	imported("scrypt", "ln=14,r=8,p=1", 16, 15), imported("scrypt", "ln=14,r=8,p=1", 16, 65), imported("scrypt", "ln=14,r=8,p=1", 16, 0),
	imported("pbkdf2-sha256", "i=2000001", 16, 32), imported("pbkdf2-sha256", "i=999", 16, 32), imported("pbkdf2-sha256", "i=0", 16, 32),
	imported("pbkdf2-sha256", "i=4294967296", 16, 32), imported("pbkdf2-sha256", "i=99999999999999999999", 16, 32),
	imported("pbkdf2-sha1", "i=1000001", 16, 21), imported("pbkdf2-sha1", "i=500001", 16, 64), imported("pbkdf2-sha256", "i=1000001", 16, 33),
	imported("pbkdf2-sha256", "2000001", 16, 32), imported("pbkdf2-sha256", "999", 16, 32),
	imported("pbkdf2-sha256", "i=600000", 7, 32), imported("pbkdf2-sha256", "i=600000", 65, 32),
	imported("pbkdf2-sha256", "i=600000", 16, 15), imported("pbkdf2-sha256", "i=600000", 16, 65),

	// Not their canonical spelling.
	imported("scrypt", "ln=014,r=8,p=1", 16, 32), imported("scrypt", "r=8,ln=14,p=1", 16, 32), imported("scrypt", "ln=14,r=8", 16, 32),
	imported("scrypt", "ln=14,r=8,p=1,x=1", 16, 32), imported("scrypt", "n=16384,r=8,p=1", 16, 32), imported("scrypt", "ln=+14,r=8,p=1", 16, 32),
	imported("scrypt", "ln=14,r=8,p=1", 16, 32) + "=", imported("scrypt", "ln=14,r=8,p=1", 16, 32) + "$", imported("scrypt", "ln=14,r=8,p=1", 16, 32) + "\n",
	imported("pbkdf2-sha256", "i=0600000", 16, 32), imported("pbkdf2-sha256", "i=+600000", 16, 32), imported("pbkdf2-sha256", "i=i=600000", 16, 32),
	imported("pbkdf2-sha256", "i=600000,l=31", 16, 32), imported("pbkdf2-sha256", "i=600000,l=032", 16, 32), imported("pbkdf2-sha256", "i=600000,l=", 16, 32),
	imported("pbkdf2-sha256", "l=32,i=600000", 16, 32), imported("pbkdf2-sha256", "600000,l=32", 16, 32), imported("pbkdf2-sha256", "i=600000,x=1", 16, 32),
	imported("pbkdf2-sha256", "i=600000", 16, 32) + "=", imported("pbkdf2-sha256", "i=600000", 16, 32) + "$", imported("pbkdf2-sha256", "029000", 16, 32),
	"$pbkdf2-sha256$29000$+/AAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$pbkdf2-sha256$i=29000$./AAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", // the other's letters
	"$pbkdf2-sha256$i=29000$AAAAAAAAAAB$AAAAAAAAAAAAAAAAAAAAAA", // a stray bit

	// Not the canonical spelling.
	phc("m=64,t=1", 16, 32), phc("t=1,m=64,p=1", 16, 32), phc("m=64,t=1,p=1,data=AA", 16, 32),
	phc("m=064,t=1,p=1", 16, 32), phc("m=+64,t=1,p=1", 16, 32), phc("m=-64,t=1,p=1", 16, 32), phc("m=64 ,t=1,p=1", 16, 32),
	phc("m=64,t=1,p=1", 16, 32) + "\n", phc("m=64,t=1,p=1", 16, 32) + "$", phc("m=64,t=1,p=1", 16, 32) + "=",
	" " + phc("m=64,t=1,p=1", 16, 32),
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5", // a stray bit
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNh\nbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
	bcryptWith("2a", "4"), bcryptWith("2a", "+4"), bcryptWith("2a", "004"),
	bcryptWith("2a", "12") + "x", bcryptWith("2a", "12")[:59], strings.Replace(bcryptWith("2a", "12"), "E5", "E+", 1),
	strings.Repeat("$argon2id", 1000),
}

func TestParse_A5(t *testing.T) {
	for _, s := range wellFormed {
		if h, err := parse(s); err != nil || h.String() != s {
			t.Errorf("parse(%q) = %v, %v", s, h, err)
		}
		if err := Check(s); err != nil {
			t.Errorf("Check(%q) = %v", s, err)
		}
	}
	for _, s := range illFormed {
		if h, err := parse(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("parse(%q) = %v, %v, want ErrMalformed", s, h, err)
		}
		if err := Verify(s, "correct horse"); !errors.Is(err, ErrMalformed) {
			t.Errorf("Verify(%q) = %v, want ErrMalformed", s, err)
		}
		if err := Check(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("Check(%q) = %v, want ErrMalformed", s, err)
		}
	}
}

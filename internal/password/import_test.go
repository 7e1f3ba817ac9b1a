package password

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scrypt from RFC 7914 section 12, PBKDF2 with SHA-256 from its section 11, with
// SHA-1 from RFC 6070. Their salts are shorter than what is imported.
func TestImportedVectors_A5(t *testing.T) {
	for _, v := range []struct {
		h        hash
		password string
		key      string
	}{
		{scryptHash{ln: 10, r: 8, p: 16, salt: []byte("NaCl")}, "password",
			"fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
		{scryptHash{ln: 14, r: 8, p: 1, salt: []byte("SodiumChloride")}, "pleaseletmein",
			"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
		{pbkdf2Hash{id: "pbkdf2-sha256", iterations: 80000, salt: []byte("NaCl")}, "Password",
			"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
		{pbkdf2Hash{id: "pbkdf2-sha1", iterations: 4096, salt: []byte("salt")}, "password", "4b007901b765489abead49d926f721d065a429c1"},
		{pbkdf2Hash{id: "pbkdf2", iterations: 4096, salt: []byte("saltSALTsaltSALTsaltSALTsaltSALTsalt")}, "passwordPASSWORDpassword",
			"3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
	} {
		key := unhex(t, v.key)
		switch h := v.h.(type) {
		case scryptHash:
			h.key = key
			v.h = h
		case pbkdf2Hash:
			h.key = key
			v.h = h
		}
		if err := compare(v.h, v.password); err != nil {
			t.Errorf("%+v of %q: %v", v.h, v.password, err)
		}
		if err := compare(v.h, v.password+"!"); !errors.Is(err, ErrMismatch) {
			t.Errorf("%+v of another password: %v, want ErrMismatch", v.h, err)
		}
	}
}

// Made by Python's hashlib and by passlib's recipe: what other systems export.
func TestImportedSpellings_A5(t *testing.T) {
	for _, phc := range importedSpellings {
		if err := Verify(phc, "correct horse battery"); err != nil {
			t.Errorf("Verify(%q) = %v", phc, err)
		}
		if err := Verify(phc, "correct horse batterz"); !errors.Is(err, ErrMismatch) {
			t.Errorf("Verify(%q) of another password = %v, want ErrMismatch", phc, err)
		}
		for _, p := range []Params{Default(Argon2id), Default(Bcrypt), cheapBcrypt} {
			if !p.NeedsRehash(phc) {
				t.Errorf("%q needs no rehash to %+v", phc, p)
			}
		}
	}
}

// What is wrong is said without the hash.
func TestCheckQuotesNothing_A5(t *testing.T) {
	const salt, key = "c2VjcmV0c2FsdHNlY3JldA", "c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmU"
	for _, s := range []string{
		"$scrypt$ln=20,r=8,p=1$" + salt + "$" + key, "$scrypt$ln=14,r=8,p=1$" + salt + "!$" + key, "$pbkdf2-sha256$i=1$" + salt + "$" + key,
		"$pbkdf2-sha256$i=600000$" + salt + "$" + key + "$x", "$5$" + salt + "$" + key, salt + key, "$argon2id$v=19$m=1,t=1,p=1$" + salt + "$" + key,
	} {
		err := Check(s)
		if err == nil || strings.Contains(err.Error(), salt) || strings.Contains(err.Error(), key) {
			t.Errorf("Check(%q) = %v", s, err)
		}
	}
}

var importedSpellings = []string{
	"$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$LPDRs+d7MJ+D4v778lUnSsMuTt3eMzZtYlcDVF6agWU",
	"$scrypt$ln=14,r=8,p=5$++++++++++++++++++++$ZMciSeTFPsx8WdhtRKSTPf43XzCm4yXjTOiVJxdzVTEA7/1LeGrw0uccxKmDbUDT/U+75m1O9vXHSAtMgsF6Tw",
	"$scrypt$ln=14,r=16,p=1$MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY$Jnozwq5j8cLVQvhNULfYfGiQDIuUdfaket5xz0SyNIIuCjSvHSJlcrXK9SgJMZ1MSG89IJzC/QIvtTu06us1sQ", // better-auth's
	"$pbkdf2-sha1$i=1000$++++++++++++++++++++$YgitdmoLQP0K5dzdtKVQSCJCvms",
	"$pbkdf2-sha1$i=1000$++++++++++++++++++++$YgitdmoLQP0K5dzdtKVQSCJCvmuro47LSbRtAGgwQ+0",
	"$pbkdf2-sha256$i=29000$++++++++++++++++++++$KFEYFl+Ys5tRbVgIt6slrHMqmyxWtvauzDqypsyVuwc",
	"$pbkdf2-sha512$i=25000$++++++++++++++++++++$emLqahpVh+1JxK/ub+gxcyrS71iKyjMB8dxauAcAmkGJUXvfnZV7Ko4uHmxuEhZaz81B10QensdNdDAsdKstzw",
	"$pbkdf2-sha256$i=29000,l=32$++++++++++++++++++++$KFEYFl+Ys5tRbVgIt6slrHMqmyxWtvauzDqypsyVuwc",
	"$pbkdf2$131000$....................$be88MeSr79F2zfafFvHNYnOwjIE",
	"$pbkdf2-sha256$29000$....................$KFEYFl.Ys5tRbVgIt6slrHMqmyxWtvauzDqypsyVuwc",
	"$pbkdf2-sha512$25000$....................$emLqahpVh.1JxK/ub.gxcyrS71iKyjMB8dxauAcAmkGJUXvfnZV7Ko4uHmxuEhZaz81B10QensdNdDAsdKstzw",
}

package password

import (
	"slices"
	"strings"
	"testing"
)

func TestPolicy_A1_A2_A3_A4(t *testing.T) {
	std := Policy{MinLength: 8, AppName: "Latchkey", Kind: Argon2id}
	bcrypt := Policy{MinLength: 8, AppName: "Latchkey", Kind: Bcrypt}
	long := Policy{MinLength: 12, AppName: "Latchkey", Kind: Argon2id}
	own := []string{"Ada.Lovelace", "Ada.L+x@example.org", "Ada.L+x", ""}
	short, tooLong := Problem{TooShort, 8}, Problem{TooLong, 128}
	invalid, common := Problem{Code: Invalid}, Problem{Code: TooCommon}
	for _, c := range []struct {
		name     string
		policy   Policy
		password string
		want     []Problem
	}{
		{"good", std, "gläserne Übung 7", nil},
		{"letters only", std, "mfjwhvqpzu", nil},
		{"8", std, "mfjw-wqp", nil},
		{"7", std, "mfjw-wq", []Problem{short}},
		{"none", std, "", []Problem{short}},
		{"8 spaces", std, "        ", []Problem{common}},
		{"8 code points with spaces around", std, " mfjwwq ", nil},
		{"8 emoji", std, "\U0001F600\U0001F511\U0001F40E\U0001F680\U0001F33B\U0001F3B7\U0001F9CA\U0001F355", nil},
		{"64 emoji", std, strings.Repeat("\U0001F600", 64), nil},
		{"joined emoji", std, "\U0001F469\u200d\U0001F4BB\U0001F469\u200d\U0001F680\U0001F40E\U0001F33B", nil},
		{"7 after NFC, 14 before", std, strings.Repeat("e\u0301", 7), []Problem{short}},
		{"128", std, strings.Repeat("ü", 128), nil},
		{"128 after NFC, 256 before", std, strings.Repeat("u\u0308", 128), nil},
		{"129", std, strings.Repeat("ü", 129), []Problem{tooLong}},
		{"configured minimum", long, "mfjw-wqp-zu", []Problem{{TooShort, 12}}},
		{"configured minimum met", long, "mfjw-wqp-zui", nil},
		{"no minimum configured", Policy{}, "mfjw-wq", []Problem{short}},

		{"tab", std, "mfjw\twqp-zu", []Problem{invalid}},
		{"NUL", std, "mfjw\x00wqp-zu", []Problem{invalid}},
		{"DEL", std, "mfjw\x7fwqp-zu", []Problem{invalid}},
		{"C1", std, "mfjw\u0085wqp-zu", []Problem{invalid}},
		{"short with a line break", std, "mfjw\n", []Problem{short, invalid}},
		{"not UTF-8", std, "mfjw\xffwqp-zu", []Problem{invalid}},
		{"surrogate", std, "mfjw\xed\xa0\x80wqp", []Problem{invalid}},

		{"listed", std, "password1", []Problem{common}},
		{"listed in other case", std, "PassWord1", []Problem{common}},
		{"listed with a long s", std, "pa\u017fsword1", []Problem{common}},
		{"listed with more", std, "password1 and more", nil},
		{"listed with a space", std, "password1 ", []Problem{common}},
		{"listed, short by configuration", long, "password1", []Problem{{TooShort, 12}, common}},
		{"username", std, "ada.lovelace", []Problem{common}},
		{"address", std, "ADA.L+X@EXAMPLE.ORG", []Problem{common}},
		{"local part, short", std, "ada.l+x", []Problem{short, common}},
		{"with the username in it", std, "ada.lovelace!", nil},
		{"service", std, "latchKEY", []Problem{common}},
		{"no service named", Policy{MinLength: 8}, "", []Problem{short}},

		{"72 bytes", bcrypt, strings.Repeat("ü", 36), nil},
		{"72 bytes after NFC", bcrypt, strings.Repeat("u\u0308", 36), nil},
		{"73 bytes", bcrypt, strings.Repeat("ü", 36) + "x", []Problem{{TooLong, 72}}},
		{"129 characters", bcrypt, strings.Repeat("ü", 129), []Problem{{TooLong, 72}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.policy.Check(c.password, own...); !slices.Equal(got, c.want) {
				t.Errorf("Check(%q) = %v, want %v", c.password, got, c.want)
			}
		})
	}
}

func TestCommonList_A3(t *testing.T) {
	words := strings.Split(strings.TrimSuffix(commonList, "\n"), "\n")
	if len(words) < 10_000 {
		t.Errorf("%d words, want at least 10,000", len(words))
	}
	for i, word := range words {
		if len([]rune(word)) < MinLength || word != fold(word) {
			t.Errorf("%q is short or not folded", word)
		}
		if i > 0 && words[i-1] >= word {
			t.Errorf("%q is not before %q", words[i-1], word)
		}
		if !common(word) {
			t.Errorf("%q is not found", word)
		}
		for _, absent := range []string{word + "\x00", word + "\n", word[:len(word)-1] + "\x1f", "\n" + word} {
			if common(absent) {
				t.Errorf("%q is found", absent)
			}
		}
	}
	for _, absent := range []string{"", "\n", "\x00", "\x7f", "\U0010FFFF"} {
		if common(absent) {
			t.Errorf("%q is found", absent)
		}
	}
}

func TestCheckTakesNoMemoryForTheList_A3(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { common("correct horse") }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestNormalizeTwice_A1(t *testing.T) {
	for _, s := range []string{"cafe\u0301", "\u212b", "a" + strings.Repeat("\u0301\u0316", 40), "\u1100\u1161\u11a8", "\xff\u0301"} {
		once := Normalize(s)
		if twice := Normalize(once); twice != once {
			t.Errorf("%+q: once %+q, twice %+q", s, once, twice)
		}
	}
}

package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

var errObject = errors.New("not a JSON object with unique names")

// object reads a JSON object as RFC 7519 section 4 wants it: each name is spelled as it is
// and comes once, at every depth. Its text is UTF-8, and no half of a character (RFC 8259
// section 8.2). encoding/json would take the last of two, and replace what is no text.
func object(text []byte) (map[string]json.RawMessage, error) {
	if !json.Valid(text) || !utf8.Valid(text) || !paired(text) || !unique(text) {
		return nil, errObject
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, errObject
	}
	return members, nil
}

// unique reports whether no name comes twice in any object of a valid text.
func unique(text []byte) bool {
	var open []map[string]bool // the names of each object that has not ended; a list has none
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			open = append(open, nil)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			end := stringEnd(text, i)
			if rest := bytes.TrimLeft(text[end:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' { // it is a name
				name, _ := str(text[i:end])
				names := &open[len(open)-1]
				if (*names)[name] {
					return false
				}
				if *names == nil {
					*names = map[string]bool{}
				}
				(*names)[name] = true
			}
			i = end - 1
		}
	}
	return true
}

// stringEnd returns where the string ends that begins at i in a valid text.
func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// paired reports whether each escaped half of a character in a valid text has its other half
// behind it.
func paired(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if first, ok := escaped(text[i:]); ok && utf16.IsSurrogate(first) {
			second, _ := escaped(text[i+6:])
			if utf16.DecodeRune(first, second) == utf8.RuneError {
				return false
			}
			i += 6
		}
		i++ // what is escaped
	}
	return true
}

// escaped reads \uXXXX.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

// str reads a string, and nothing else: null is none.
func str(value json.RawMessage) (s string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	if !bytes.ContainsRune(value, '\\') {
		return string(value[1 : len(value)-1]), true
	}
	return s, json.Unmarshal(value, &s) == nil
}

package mail

import (
	"errors"
	"slices"
	"strings"
)

// TemplateMistakes are what is wrong with an operator's templates: each names a
// file, and the line where there is one.
type TemplateMistakes []string

func (m TemplateMistakes) Error() string { return strings.Join(m, "\n") }

// add notes err, or each if it is several, once, in however many kinds of mail it shows.
func (m *TemplateMistakes) add(err error) {
	if err == nil {
		return
	}
	several, ok := errors.AsType[TemplateMistakes](err)
	if !ok {
		several = TemplateMistakes{err.Error()}
	}
	for _, mistake := range several {
		if !slices.Contains(*m, mistake) {
			*m = append(*m, mistake)
		}
	}
}

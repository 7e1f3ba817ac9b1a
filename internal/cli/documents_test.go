package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"latchkey/internal/hashing"
	"latchkey/internal/testenv"
)

// What the documents call latchkey with is there: each command, each flag, and each
// setting that is given to it.
func TestCommandsInDocuments(t *testing.T) {
	t.Parallel()
	n, settings := 0, testenv.Settings(t)
	for _, p := range testenv.Pages(t) {
		texts := map[string]string{}
		for _, b := range p.Blocks {
			if b.Lang == "sh" {
				texts[fmt.Sprintf("%s:%d", p.Path, b.Line)] = b.Text
			}
		}
		for _, code := range p.Code {
			texts[p.Path+": "+code] = code
		}
		for at, text := range texts {
			for _, words := range commands(text) {
				ours, err := checkCommand(words, settings)
				if err != nil {
					t.Errorf("%s: %q: %v", at, words, err)
				}
				if ours {
					n++
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d commands were found", n)
	}
}

// commands takes a text for a shell apart into commands, and these into words. It knows
// quotes, continued lines and what stands between commands, and nothing more.
func commands(text string) (all [][]string) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	endWord := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		if endWord(); len(words) > 0 {
			all = append(all, words)
		}
		words = nil
	}
	for _, r := range strings.ReplaceAll(text, "\\\n", " ") {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, inWord = r, true
		case quote != 0:
			word.WriteRune(r)
		case strings.ContainsRune("\n;|&()", r):
			endCommand()
		case r == ' ' || r == '\t':
			endWord()
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	endCommand()
	return all
}

var assignment = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=`)

// checkCommand says whether these words run latchkey, and what of them is not there.
func checkCommand(words, settings []string) (ours bool, _ error) {
	given := []string{}
	for len(words) > 0 && assignment.MatchString(words[0]) {
		given = append(given, assignment.FindStringSubmatch(words[0])[1])
		words = words[1:]
	}
	args, ok := arguments(words)
	if !ok {
		return false, nil
	}
	for _, name := range given {
		if !slices.Contains(settings, name) {
			return true, fmt.Errorf("%s is no setting", name)
		}
	}
	if len(args) > 0 && args[0] == hashing.Command {
		return true, nil
	}
	cmd, rest, err := rootCommand(Commands{}).Find(args)
	if err != nil {
		return true, err
	}
	if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return true, fmt.Errorf("%s has no command %q", cmd.CommandPath(), rest[0])
	}
	return true, checkFlags(cmd, rest)
}

// arguments are the words behind the name of the program, and false if it is another's.
func arguments(words []string) ([]string, bool) {
	switch {
	case len(words) > 2 && slices.Equal(words[:3], []string{"go", "run", "."}):
		return words[3:], true
	case len(words) > 0 && (words[0] == "latchkey" || words[0] == "./latchkey"):
		return words[1:], true
	case len(words) > 2 && words[0] == "docker" && words[1] == "compose" || len(words) > 1 && words[0] == "ssh":
		if i := slices.Index(words, "latchkey"); i > 0 && (words[2] != "up" && words[2] != "logs") {
			return words[i+1:], true
		}
	}
	return nil, false
}

// checkFlags is an error if one of the words is a flag that the command does not have.
func checkFlags(cmd *cobra.Command, words []string) error {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	for _, word := range words {
		var flag *pflag.Flag
		name, _, _ := strings.Cut(word, "=")
		switch {
		case strings.HasPrefix(name, "--"):
			flag = cmd.Flag(strings.TrimPrefix(name, "--"))
		case strings.HasPrefix(name, "-") && len(name) == 2:
			flag = cmd.Flags().ShorthandLookup(name[1:])
		default:
			continue
		}
		if flag == nil {
			return fmt.Errorf("%s has no flag %s", cmd.CommandPath(), name)
		}
	}
	return nil
}

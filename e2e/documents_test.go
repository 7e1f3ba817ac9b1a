package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// What a document's blocks are run with stands in this folder, under the document's own
// path: files that the reader has; env, which becomes the .env of the service; before.sh,
// which is read before the first block, for accounts and variables that the text speaks of;
// and after.sh, which is read behind the last one, and ends with an error if what came of
// them is not right. None of them is needed.
const beside = "testdata/documents"

// The blocks of sh in a document work as they stand there, in their order, in one bash,
// in the folder of a fresh service in development that has the address of the document.
// None may fail, and where a block of JSON follows directly, their answer has its shape.
// The tour has a test of its own, which looks closer.
func TestDocuments(t *testing.T) {
	t.Parallel()
	n := 0
	for _, page := range testenv.Pages(t) {
		blocks := slices.DeleteFunc(slices.Clone(page.Blocks), func(b testenv.Block) bool { return !b.Runs() })
		if len(blocks) == 0 || page.Path == tourPage {
			continue
		}
		n += len(blocks)
		t.Run(page.Path, func(t *testing.T) {
			t.Parallel()
			runDocument(t, page.Path, blocks)
		})
	}
	if n < 10 {
		t.Errorf("only %d blocks are run", n)
	}
}

// blockEnds is what stands in the output behind that of each block.
const blockEnds = "---- the block ends ----\n"

func runDocument(t *testing.T, page string, blocks []testenv.Block) {
	dir := t.TempDir()
	files := filepath.Join(beside, strings.TrimSuffix(page, ".md"))
	if _, err := os.Stat(files); err == nil {
		if err := os.CopyFS(dir, os.DirFS(files)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(dir, "env"), filepath.Join(dir, ".env")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	service := testenv.Start(t, dir)
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(service.URL, "http://"))
	at := strings.NewReplacer("localhost:8080", "localhost:"+port, "127.0.0.1:8080", host+":"+port, "https://auth.example.org", service.URL)

	script := "set -e\n"
	if _, err := os.Stat(filepath.Join(dir, "before.sh")); err == nil {
		script += ". ./before.sh > before.log\n"
	}
	for _, b := range blocks {
		script += at.Replace(b.Text) + "echo '" + strings.TrimSuffix(blockEnds, "\n") + "'\n"
	}
	if _, err := os.Stat(filepath.Join(dir, "after.sh")); err == nil {
		script += ". ./after.sh\n"
	}
	out, errOut, failed := bash(t, dir, script, "PORT="+port, "HOST="+host, "SERVICE="+service.URL)
	answers := strings.Split(out, blockEnds)
	if failed != nil {
		where := "what stands behind them"
		if len(answers) <= len(blocks) {
			where = fmt.Sprintf("the block in line %d", blocks[len(answers)-1].Line)
		}
		t.Fatalf("%s: %s: %v\n%s\n%s", page, where, failed, answers[len(answers)-1], errOut)
	}
	for i, b := range blocks {
		if b.Answer == nil || b.Answer.Lang != "json" {
			continue
		}
		if err := sameShape(answers[i], b.Answer.Text); err != nil {
			t.Errorf("%s:%d: %v\ngot\n%s\nwant\n%s", page, b.Answer.Line, err, answers[i], b.Answer.Text)
		}
	}
}

// bash runs a script in this folder with latchkey in its PATH.
func bash(t *testing.T, dir, script string, env ...string) (stdout, stderr string, _ error) {
	t.Helper()
	programs := t.TempDir()
	testenv.Link(t, filepath.Join(programs, "latchkey"))
	file := filepath.Join(programs, "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", file)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "PATH="+programs+":"+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal that it could ask
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	return out.String(), errOut.String(), err
}

// sameShape is an error unless both are as many JSON values with the same names in their
// objects, at every depth. What is null, and what an empty list would hold, may be anything.
func sameShape(got, want string) error {
	have, err := values(got)
	if err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	shown, err := values(want)
	if err != nil {
		return err
	}
	if len(have) != len(shown) {
		return fmt.Errorf("%d values, and the document shows %d", len(have), len(shown))
	}
	for i := range have {
		if err := alike("the answer", have[i], shown[i]); err != nil {
			return err
		}
	}
	return nil
}

func values(text string) (all []any, _ error) {
	for decoder := json.NewDecoder(strings.NewReader(text)); ; {
		var value any
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, value)
	}
}

func alike(at string, got, want any) error {
	if got == nil || want == nil {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is no object", at)
		}
		for name := range have {
			if _, shown := want[name]; !shown {
				return fmt.Errorf("%s has %q, which the document does not show", at, name)
			}
		}
		for name, value := range want {
			if _, ok := have[name]; !ok {
				return fmt.Errorf("%s has no %q, which the document shows", at, name)
			}
			if err := alike(at+"."+name, have[name], value); err != nil {
				return err
			}
		}
	case []any:
		have, ok := got.([]any)
		if !ok {
			return fmt.Errorf("%s is no list", at)
		}
		if len(have) > 0 && len(want) > 0 {
			return alike(at+"[0]", have[0], want[0])
		}
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			return fmt.Errorf("%s is %v", at, got)
		}
	}
	return nil
}

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"latchkey/internal/config"
)

// Colours are for a terminal: what a pipe or a file gets is text.
func TestColoursOnlyOnTerminal(t *testing.T) {
	var buffer bytes.Buffer
	log := newLogger(&buffer, config.Config{LogFormat: "console", LogLevel: "info"})
	log.Warn().Str("name", "X").Msg("look")
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	log = newLogger(file, config.Config{LogFormat: "console", LogLevel: "info"})
	log.Warn().Str("name", "X").Msg("look")
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"a pipe": buffer.String(), "a file": string(written)} {
		if !strings.Contains(text, "WRN look name=X") || strings.Contains(text, "\x1b") {
			t.Errorf("%s gets %q", where, text)
		}
	}
}

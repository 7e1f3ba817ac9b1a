package main

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"latchkey/internal/config"
)

// load reads the configuration and makes the logger that it asks for, and nothing
// else: in development there may be no secret.
func load() (config.Config, zerolog.Logger, error) {
	cfg, warnings, err := config.Load(os.Environ(), ".env")
	if err != nil {
		return cfg, zerolog.Nop(), err
	}
	log := newLogger(os.Stderr, cfg)
	for _, w := range warnings {
		log.Warn().Str("name", w.Name).Msg(w.Name + " " + w.Text)
	}
	return cfg, log, nil
}

// loadWithSecret is load for what signs tokens: it makes a secret where there is
// none yet.
func loadWithSecret() (config.Config, zerolog.Logger, error) {
	cfg, log, err := load()
	if err != nil || len(cfg.SecretKeys) > 0 {
		return cfg, log, err
	}
	secret, err := config.LoadOrMakeSecret(cfg.DataDir)
	cfg.SecretKeys = [][]byte{secret}
	return cfg, log, err
}

// settings is the configuration with the secret that was made, if one was, for a
// command that only looks.
func settings() (config.Config, error) {
	cfg, _, err := load()
	if err != nil {
		return cfg, err
	}
	return withMadeSecret(cfg)
}

// withMadeSecret is cfg with the secret that was made, if it has none and one was.
func withMadeSecret(cfg config.Config) (config.Config, error) {
	if len(cfg.SecretKeys) > 0 {
		return cfg, nil
	}
	secret, err := config.LoadSecret(cfg.DataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil
	}
	cfg.SecretKeys = [][]byte{secret}
	return cfg, err
}

// Times in the log have milliseconds: a request takes some.
func init() { zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00" }

func newLogger(w io.Writer, cfg config.Config) zerolog.Logger {
	if cfg.LogFormat == "console" {
		file, ok := w.(*os.File)
		coloured := ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" // https://no-color.org
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000", NoColor: !coloured}
	}
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

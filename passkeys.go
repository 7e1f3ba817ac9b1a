package main

import (
	"context"

	"latchkey/internal/config"
	"latchkey/internal/passkey"
)

// openPasskeys returns who asks for passkeys; nil if the configuration has no domain for them.
func openPasskeys(cfg config.Config) (*passkey.Party, error) {
	if cfg.PasskeyDomain == "" {
		return nil, nil
	}
	return passkey.New(passkey.Config{RPID: cfg.PasskeyDomain, Name: cfg.AppName, Accepts: cfg.MayUsePasskeys})
}

// lookForPasskeys warns of passkeys that were made for another domain: no browser uses them
// any more, and whoever has nothing else cannot log in.
func (a *app) lookForPasskeys(ctx context.Context) {
	n, err := a.store.ForeignPasskeys(ctx, a.cfg.PasskeyDomain)
	switch {
	case err != nil && ctx.Err() == nil:
		a.log.Warn().Err(err).Msg("passkeys")
	case n > 0 && a.cfg.PasskeyDomain == "":
		a.log.Warn().Int("passkeys", n).Msg("passkeys are of no use: " + a.cfg.PasskeysOff())
	case n > 0:
		a.log.Warn().Int("passkeys", n).Str("domain", a.cfg.PasskeyDomain).Msg("passkeys are of no use: they were made for another domain than PASSKEY_DOMAIN")
	}
}

package config

import (
	"strconv"
	"strings"
	"time"
)

// Load reads the variables of environ (NAME=value, as os.Environ returns them)
// and, for those not set there, of the file dotenv; it is no mistake if there is
// no such file. An empty value counts as not set. Load writes nothing.
//
// The error is a Mistakes with all that is wrong at once; the Config is then
// empty. Neither it nor a warning ever quotes a value.
func Load(environ []string, dotenv string) (Config, []Warning, error) {
	r := newReader(environ, dotenv)
	c := read(r)
	r.checkFiles(&c)
	r.warnOfUnknown()
	if len(r.mistakes) > 0 {
		return Config{}, r.warnings, r.mistakes
	}
	return c, r.warnings, nil
}

// read asks for every variable there is, whatever the others say, so that the
// reader knows all names and all mistakes.
func read(r *reader) Config {
	var c Config
	c.Env = parsed(r, "LATCHKEY_ENV", "", oneOf(Development, Production))
	if c.Env == "" { // not set; or wrong, and then the stricter rules hold
		c.Env = Production
		if r.value("DATABASE_URL") == "" && r.ok("LATCHKEY_ENV", "DATABASE_URL") {
			c.Env = Development
		}
	}
	readPlace(r, &c)
	readSecrets(r, &c)
	readKeys(r, &c)
	readClaims(r, &c)
	readLifetimes(r, &c)
	c.RegistrationOpen = parsed(r, "REGISTRATION", "open", oneOf("open", "closed")) == "open"
	c.PasswordHash = parsed(r, "PASSWORD_HASH", "argon2id", oneOf("argon2id", "bcrypt"))
	c.PasswordMinLength = parsed(r, "PASSWORD_MIN_LENGTH", 8, numberFrom(8, 64))
	c.SecondFactor = parsed(r, "REQUIRE_SECOND_FACTOR", "off", oneOf("off", "admins", "all"))
	c.EmailLogin = parsed(r, "EMAIL_LOGIN", false, onOff)
	readBreached(r, &c)
	readOAuth(r, &c)
	readNetwork(r, &c)
	readPasskeys(r, &c)
	readMail(r, &c)
	readFrontend(r, &c)
	c.AdminPage = parsed(r, "ADMIN_PAGE", true, onOff)
	c.Introspection = parsed(r, "INTROSPECTION", c.Development(), onOff)
	explorer := "off"
	if c.Development() {
		explorer = "here"
	}
	explorer = parsed(r, "EXPLORER", explorer, oneOf("on", "here", "off"))
	c.Explorer, c.ExplorerHere = explorer != "off", explorer == "here"
	readMetrics(r, &c)
	c.LogLevel = parsed(r, "LOG_LEVEL", "info", oneOf("debug", "info", "warn", "error"))
	format := "json"
	if c.Development() {
		format = "console"
	}
	c.LogFormat = parsed(r, "LOG_FORMAT", format, oneOf("console", "json"))
	c.AccessLog = parsed(r, "ACCESS_LOG", false, onOff)
	c.LogAddresses = parsed(r, "LOG_ADDRESSES", "networks", oneOf("networks", "full")) == "full"
	readTraces(r, &c)
	return c
}

// readPlace reads where the server listens, what it is called and where it
// keeps its data.
func readPlace(r *reader, c *Config) {
	host := ""
	if c.Development() {
		host = "127.0.0.1"
	}
	c.Host = parsed(r, "HOST", host, parseHost)
	c.Port = parsed(r, "PORT", 8080, parsePort)
	c.PublicURL = parsed(r, "PUBLIC_URL", nil, parsePublic)
	switch {
	case c.PublicURL == nil && c.Development():
		c.PublicURL, _ = parseOrigin("http://localhost:" + strconv.Itoa(c.Port))
	case c.PublicURL == nil && r.ok("PUBLIC_URL"):
		why := ""
		if r.value("LATCHKEY_ENV") == "" {
			why = " (which DATABASE_URL makes it, unless LATCHKEY_ENV=development)"
		}
		r.wrong("PUBLIC_URL", "is required in production%s: where people reach this server, such as https://auth.example.org", why)
	case c.PublicURL != nil && c.Development() && public(c.PublicURL.Hostname()):
		r.wrong("PUBLIC_URL", "names a host that strangers can reach, which needs LATCHKEY_ENV=production: development keeps mails, "+
			"and the links in them, on a page; for development it must be this machine or one of a private network")
	case c.PublicURL != nil && !c.Development() && !safe(c.PublicURL):
		r.wrong("PUBLIC_URL", "must begin with https:// in production, unless its host is localhost")
	}
	c.AppName = parsed(r, "APP_NAME", "Latchkey", parseLine)
	c.DataDir = parsed(r, "DATA_DIR", "data", asIs)
	c.DatabaseURL = parsed(r, "DATABASE_URL", "", dependency(c, "postgres://", "postgresql://"))
	c.RedisURL = parsed(r, "REDIS_URL", "", dependency(c, "redis://", "rediss://", "unix://"))
}

// readSecrets reads what signs and names tokens.
func readSecrets(r *reader, c *Config) {
	for i, text := range list(r.value("SECRET_KEY")) {
		if problem := weakness(text, c.Env); problem != "" {
			r.wrong("SECRET_KEY", "secret %d %s; %s", i+1, problem, makeSecret)
		}
		c.SecretKeys = append(c.SecretKeys, []byte(text))
	}
	if r.mode&looseMode != 0 && !c.Development() {
		r.warn(".env", "has the mode %04o: whoever can read it knows the secrets in it; chmod 0600 or 0640", r.mode)
	}
	if len(c.SecretKeys) == 0 && !c.Development() && r.ok("SECRET_KEY") {
		r.wrong("SECRET_KEY", "is required in production; %s", makeSecret)
	}
	self := ""
	if c.PublicURL != nil {
		self = c.PublicURL.String()
	}
	c.JWTIssuer = parsed(r, "JWT_ISSUER", self, asIs)
	c.JWTAudience = parsed(r, "JWT_AUDIENCE", self, asIs)
}

// readLifetimes reads every duration.
func readLifetimes(r *reader, c *Config) {
	c.AccessTokenTTL = parsed(r, "ACCESS_TOKEN_TTL", 15*time.Minute, durationFrom(time.Second))
	c.SessionIdleTTL = parsed(r, "SESSION_IDLE_TTL", 720*time.Hour, durationFrom(time.Second))
	c.SessionMaxTTL = parsed(r, "SESSION_MAX_TTL", 4320*time.Hour, durationFrom(time.Second))
	c.RefreshGrace = parsed(r, "REFRESH_GRACE", 30*time.Second, durationFrom(0))
	c.ConfirmTTL = parsed(r, "CONFIRM_TTL", 24*time.Hour, durationFrom(time.Second))
	c.ResetTTL = parsed(r, "RESET_TTL", time.Hour, durationFrom(time.Second))
	c.FreshFor = parsed(r, "FRESH_FOR", 10*time.Minute, durationWithin(time.Minute, time.Hour))
	c.TrustedDeviceTTL = parsed(r, "TRUSTED_DEVICE_TTL", 0, durationWithin(0, 4320*time.Hour))
	c.EventsTTL = parsed(r, "EVENTS_TTL", 2160*time.Hour, durationFrom(time.Hour))
	if r.ok("ACCESS_TOKEN_TTL", "SESSION_IDLE_TTL") && c.AccessTokenTTL >= c.SessionIdleTTL {
		r.wrong("ACCESS_TOKEN_TTL", "must be shorter than SESSION_IDLE_TTL (%v)", c.SessionIdleTTL)
	}
	if r.ok("SESSION_IDLE_TTL", "SESSION_MAX_TTL") && c.SessionIdleTTL > c.SessionMaxTTL {
		r.wrong("SESSION_IDLE_TTL", "must not be longer than SESSION_MAX_TTL (%v)", c.SessionMaxTTL)
	}
}

// readNetwork reads who else is believed.
func readNetwork(r *reader, c *Config) {
	readOrigins(r, c)
	for i, text := range list(r.value("TRUSTED_PROXIES")) {
		p, err := parseNetwork(text)
		if err != nil {
			r.wrong("TRUSTED_PROXIES", "entry %d %v", i+1, err)
			continue
		}
		if p.Bits() == 0 {
			r.warn("TRUSTED_PROXIES", "entry %d is every address: anybody can pretend to be any client and escape the throttle", i+1)
		}
		c.TrustedProxies = append(c.TrustedProxies, p)
	}
}

// readFrontend reads where people are sent. Each target is one fixed place, so
// that no request can choose another.
func readFrontend(r *reader, c *Config) {
	c.AppURL = parsed(r, "APP_URL", nil, parseTarget)
	c.AccountURL = parsed(r, "ACCOUNT_URL", nil, parseTarget)
	c.ConfirmURL = parsed(r, "CONFIRM_URL", "", pageWith("{token}", "?token={token}"))
	c.ResetURL = parsed(r, "RESET_URL", "", pageWith("{token}", "?token={token}"))
	c.LoginURL = parsed(r, "LOGIN_URL", "", pageWith("{code}", "#code={code}"))
}

// pageWith takes the address of a page that is handed something in the place of what, as in
// the example.
func pageWith(what, example string) func(string) (string, error) {
	return func(s string) (string, error) {
		if _, err := parseTarget(s); err != nil {
			return "", err
		}
		rest := strings.ReplaceAll(s, what, "")
		if rest == s || strings.ContainsAny(rest, "{}") {
			return "", problem("must contain " + what + " and no other braces, as in https://app.example.org/page" + example)
		}
		return s, nil
	}
}

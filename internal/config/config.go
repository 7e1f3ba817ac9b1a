// Package config reads the environment into one Config, once. It is the only
// package that knows the names of environment variables; .env.example documents
// them for operators.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"latchkey/internal/jwt"
)

// What LATCHKEY_ENV may say.
const (
	Development = "development"
	Production  = "production"
)

// Config is the whole configuration of a server. Each field carries the name of
// its variable; what secrets lists may stand in a file, which NAME_FILE names. Load has checked every value.
type Config struct {
	// Env is Development or Production. Unset, it is Production if DATABASE_URL
	// is set, else Development.
	Env string

	// Host is the address or host name to listen on, without port or brackets; "" is
	// every address. Default: 127.0.0.1 in development, "" in production.
	Host string
	// Port is the TCP port to listen on, 1 to 65535. Default 8080.
	Port int
	// PublicURL is where people reach the server: scheme and host, a port unless
	// it is the scheme's own, and the path under which the service lives, without a
	// slash at its end, if it is not the whole host. Every link is made from it, never
	// from what a request says. Default in development http://localhost:PORT,
	// and no public host there; required in production, and https there unless
	// the host is this machine.
	PublicURL *url.URL
	// AppName is what mails and pages call the service: one line, at most 64
	// characters. Default "Latchkey".
	AppName string

	// DataDir is the folder of the SQLite database and of the secret made for
	// development. Default "data", in the working directory.
	DataDir string
	// DatabaseURL is a postgres:// URL, or "" for SQLite in DataDir. It may hold
	// a password: never log it.
	DatabaseURL string
	// RedisURL is a redis://, rediss:// or unix:// URL, or "" to keep one-time
	// tokens in the database and counters in the process. With master_name in
	// its query it names Sentinels, with addr a cluster. It may hold a
	// password: never log it.
	RedisURL string

	// SecretKeys sign access tokens (HS256, the bytes as they are) and protect
	// refresh tokens: the first makes new ones, all verify. At least 32 bytes
	// each. Empty only in development: then LoadOrMakeSecret has one. Whoever
	// knows one can sign in as anybody.
	SecretKeys [][]byte
	// JWTKeys sign access tokens: the first makes them, all verify, and the public
	// halves are published. The entry hs256 among them stands for SecretKeys,
	// which verify in any case; the entry auto for keys that the service makes and
	// keeps in the database. Default: hs256 alone, in development auto.
	JWTKeys []JWTKey
	// JWTIssuer is the iss of access tokens. Default: PublicURL.
	JWTIssuer string
	// JWTAudience is the aud of access tokens, one string. Default: PublicURL.
	JWTAudience string

	// Claims are the operator's own in access tokens, read from CLAIMS_FILE; nil without.
	Claims *jwt.Template

	// AccessTokenTTL is how long an access token is valid. Default 15m; at least
	// 1s and shorter than SessionIdleTTL.
	AccessTokenTTL time.Duration
	// SessionIdleTTL is how long a session lives without a refresh. Default
	// 720h (30 days); at most SessionMaxTTL.
	SessionIdleTTL time.Duration
	// SessionMaxTTL is how long a session lives at most, counted from its login.
	// Default 4320h (180 days).
	SessionMaxTTL time.Duration
	// RefreshGrace is how long a refresh token that was rotated away still gets
	// the current one. Default 30s; 0 is strict: a used token ends its session,
	// also when only an answer was lost on its way.
	RefreshGrace time.Duration
	// ConfirmTTL is how long a registration or a change of address waits for its
	// confirmation, and its link works. Default 24h, at least 1s.
	ConfirmTTL time.Duration

	// ResetTTL is how long the link of a reset mail works. Default 1h, at least
	// 1s.
	ResetTTL time.Duration

	// EventsTTL is how long the history of accounts is kept. Default 2160h (90
	// days), at least 1h.
	EventsTTL time.Duration

	// RegistrationOpen lets strangers register. Default true.
	RegistrationOpen bool
	// PasswordHash is what new hashes are made with: "argon2id" (default) or
	// "bcrypt", which takes no password of more than 72 bytes.
	PasswordHash string
	// PasswordMinLength counts Unicode code points, 8 to 64. Default 8.
	PasswordMinLength int
	// BreachedService is where new passwords are looked up among the stolen ones: a URL
	// before the five digits of a range, or nil.
	BreachedService *url.URL
	// BreachedFile is a file of stolen passwords, which Load has seen, or "". Never both.
	BreachedFile string
	// BreachedRefuse refuses new passwords that cannot be looked up. Default: they are
	// taken.
	BreachedRefuse bool

	// SecondFactor says whom the service asks for a second factor: "off" (default), where
	// each user decides, "admins" or "all".
	SecondFactor string
	// EmailLogin lets people log in by a code that is mailed to them. Default false.
	EmailLogin bool
	// TrustedDeviceTTL is for how long a login leaves the second factor out on a device
	// that its user trusts. Default 0, which is never; at most 4320h (180 days), which is
	// how long a device's token lasts.
	TrustedDeviceTTL time.Duration
	// FreshFor is how long ago somebody may have shown who they are for what asks for a
	// fresh proof. Default 10m; 1m to 1h.
	FreshFor time.Duration

	// OAuthPasswordGrant lets POST /auth/token trade a password for tokens.
	// Default true.
	OAuthPasswordGrant bool
	// OAuthClients are the programs that authenticate at the OAuth 2.0 endpoints.
	// Each may introspect every token. Default none.
	OAuthClients []OAuthClient

	// CORSOrigins are the origins of other hosts and of apps whose pages may call the
	// API and use the cookie, each written exactly as browsers send it. Default none.
	CORSOrigins []string
	// CORSPreviews are the hosts, with their port if there is one, of the entries of
	// CORS_ORIGINS that begin with https://*. and so on: https pages of names one label
	// below may call the API, and never use the cookie. Default none.
	CORSPreviews []string
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Default
	// none. Whoever sits in one of them can pretend to be any client.
	TrustedProxies []netip.Prefix

	// PasskeyDomain is what passkeys are made for (the RP ID of WebAuthn), or "" where there
	// can be none; PasskeysOff says why. Default: the registrable domain of PublicURL's host.
	PasskeyDomain string
	// PasskeyOrigins are the origins whose pages and apps may make and use passkeys, sorted:
	// PublicURL's, those of CORSOrigins that browsers may have passkeys on, and those of
	// PASSKEY_ORIGINS. In development there are more: ask MayUsePasskeys.
	PasskeyOrigins []string

	// MailServer is the host name or address of the SMTP server, without port or
	// brackets.
	// Required in production; "" in development keeps mail in the inbox.
	MailServer string
	// MailPort is its TCP port. Default 587.
	MailPort int
	// MailUsername and MailPassword are given together or not at all.
	MailUsername string
	MailPassword string
	// MailTLS is "starttls" (default), "tls" from the first byte on, or "none":
	// then links and passwords travel in the clear.
	MailTLS string
	// MailFrom is the bare address that mails come from. Required in
	// production; default in development latchkey@localhost.
	MailFrom string
	// MailFromName is the name beside it. Default: AppName.
	MailFromName string
	// SupportEmail is where people find help: on pages, and as Reply-To of mails;
	// or "".
	SupportEmail string
	// MailTemplates is a folder with templates in place of the built-in ones of
	// the same names, or "". Load has seen that it is a folder; what is in it is
	// checked when the templates are read.
	MailTemplates string

	// AppURL is where pages send people once they are done, or nil.
	AppURL *url.URL
	// AccountURL is the frontend's page where people manage their account, or nil.
	AccountURL *url.URL
	// ConfirmURL is the frontend's own page for confirmation links, with {token}
	// where the token goes, or "" for the built-in page.
	ConfirmURL string
	// ResetURL is the same for the links that set a new password.
	ResetURL string
	// LoginURL is the frontend's page that takes the code of a login by mail, with {code}
	// where the code goes, or "": then the mail has the code alone.
	LoginURL string

	// AdminPage serves the page at /admin. Default true.
	AdminPage bool
	// Introspection lets clients ask for the schema. Default: in development.
	Introspection bool
	// Explorer shows the explorer at /. Default: in development.
	Explorer bool
	// ExplorerHere keeps the explorer for browsers on this machine, and from all
	// that come through a proxy. Default: in development.
	ExplorerHere bool

	// MetricsAddr is the host and port where /metrics and /debug/pprof are answered, without
	// a login, or "": then nothing is counted.
	MetricsAddr string

	// LogLevel is "debug", "info" (default), "warn" or "error".
	LogLevel string
	// LogFormat is "console" (default in development) or "json".
	LogFormat string
	// AccessLog writes a line for each request. Default false.
	AccessLog bool
	// LogAddresses has those lines hold whole client addresses. Default: networks, /24 of an
	// IPv4 address and /48 of an IPv6 address.
	LogAddresses bool

	// Traces says where traces go, or is nil: there are none, the default.
	Traces *Traces
}

// String returns what the server is, without any of its secrets, so that a Config that is
// printed by mistake shows nothing.
func (c Config) String() string { return c.Env + " on " + c.ListenAddr() }

// Development reports whether the server runs for a developer: on one machine,
// with an explorer, and with a secret that it may make itself.
func (c Config) Development() bool { return c.Env == Development }

// Secure reports whether people reach the server over TLS, which decides the
// cookie's name and Secure attribute, and HSTS.
func (c Config) Secure() bool { return c.PublicURL.Scheme == "https" }

// AutoKeys returns the keys of JWTKeys that stand before and behind the entry auto, and
// whether there is that entry.
func (c Config) AutoKeys() (before, behind []jwt.Key, is bool) {
	for _, k := range c.JWTKeys {
		switch {
		case k.Auto:
			is = true
		case is:
			behind = append(behind, k.Key)
		default:
			before = append(before, k.Key)
		}
	}
	return before, behind, is
}

// Inbox reports whether mail stays in the development inbox instead of going
// out by SMTP.
func (c Config) Inbox() bool { return c.Development() && c.MailServer == "" }

// DatabaseFile is the file of the SQLite database in DataDir.
func (c Config) DatabaseFile() string { return filepath.Join(c.DataDir, "latchkey.db") }

// ListenAddr returns host:port for net.Listen.
func (c Config) ListenAddr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// Origin returns the origin of the service's own pages, as browsers send it.
func (c Config) Origin() string { return origin(c.PublicURL) }

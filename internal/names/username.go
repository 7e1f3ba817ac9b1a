package names

// Bounds of a username in characters, all of which are ASCII.
const (
	MinUsername = 3
	MaxUsername = 32
)

// reserved are keys of usernames that nobody may have: people would take their
// owner for the service itself, or programs them for something else.
var reserved = map[string]bool{
	"admin": true, "administrator": true, "root": true, "system": true, "support": true, "help": true, "security": true,
	"abuse": true, "postmaster": true, "webmaster": true, "hostmaster": true, "noreply": true, "no-reply": true,
	"mailer-daemon": true, "me": true, "self": true, "user": true, "users": true, "anonymous": true, "guest": true,
	"null": true, "nil": true, "undefined": true, "true": true, "false": true, "api": true, "graphql": true, "login": true,
	"logout": true, "register": true, "settings": true, "account": true, "moderator": true, "staff": true, "official": true,
	"latchkey": true, "everyone": true, "nobody": true, "owner": true, "www": true,
}

// ParseUsername returns the key that a username is compared by. It takes what
// RFC 8265 would, cut down to ASCII: with a letter or digit at both ends a
// username never looks like an address, an option or a file that is hidden. Beside
// false the key is that of a name that is reserved, or "".
func ParseUsername(s string) (key string, ok bool) {
	if len(s) < MinUsername || len(s) > MaxUsername {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		end := i == 0 || i == len(s)-1
		if !letter && (end || c != '.' && c != '_' && c != '-') {
			return "", false
		}
	}
	key = Lower(s)
	return key, !reserved[key]
}

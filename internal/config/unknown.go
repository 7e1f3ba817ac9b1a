package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// noLinks is how to be rid of what Kubernetes puts into the environment.
const noLinks = "enableServiceLinks: false in the pod keeps such variables away"

var (
	linkValue = regexp.MustCompile(`^(tcp|udp|sctp)://[^/]+:[0-9]+$`)
	linkName  = regexp.MustCompile(`_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)
)

// serviceLink reports whether a variable is what Kubernetes tells every container
// about a service. That for a service called mail is MAIL_PORT=tcp://10.96.0.7:587.
func serviceLink(name, value string) bool {
	return strings.HasSuffix(name, "PORT") && linkValue.MatchString(strings.TrimSpace(value))
}

// ofCompose are names in .env that docker-compose.yml reads, and not the server.
var ofCompose = []string{"POSTGRES_PASSWORD", "MAILPIT_PASSWORD", "MAILPIT_PORT", "VERSION"}

// names are all that are set, in order.
func (r *reader) names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(r.process)), maps.Keys(r.dotenv))
	slices.Sort(names)
	return slices.Compact(names)
}

// nearEnough is how many letters of an own name may be wrong for it to be guessed, and no
// more than a third of them;
// and shortName how long a foreign one is that cannot be ours by a slip.
const nearEnough, shortName = 3, 5

// warnOfUnknown warns of what looks like a setting and is none: a name in the
// server's own file, one that begins with its own, and in the environment, where
// others have names too, one that a slip of a finger makes of a setting.
func (r *reader) warnOfUnknown() {
	for _, name := range r.names() {
		if r.asked[name] {
			continue
		}
		_, own := r.dotenv[name]
		nearest, wrong := r.nearest(name)
		switch {
		case own && (slices.Contains(ofCompose, name) || strings.HasPrefix(name, "COMPOSE_")):
		case strings.HasPrefix(name, "LATCHKEY_") && linkName.MatchString(name):
			r.warn(name, "is Kubernetes' link to a service called latchkey: ignored; %s", noLinks)
		case own, strings.HasPrefix(name, "LATCHKEY_"):
			guess := ""
			if wrong <= min(nearEnough, len(name)/3) {
				guess = "; is " + nearest + " meant?"
			}
			r.warn(name, "is no setting of Latchkey%s", guess)
		case wrong == 1 && len(name) > shortName:
			r.warn(name, "is no setting of Latchkey; is %s meant?", nearest)
		}
	}
}

// nearest is the setting whose name is most like this one, and by how many slips
// they differ.
func (r *reader) nearest(name string) (setting string, slips int) {
	for _, asked := range slices.Sorted(maps.Keys(r.asked)) {
		if n := distance(name, asked); setting == "" || n < slips {
			setting, slips = asked, n
		}
	}
	return setting, slips
}

// distance counts the slips that make one text of the other: a letter more, less
// or another, or two that changed places.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			n := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, rows[i-2][j-2]+1)
			}
			rows[i][j] = n
		}
	}
	return rows[len(a)][len(b)]
}

package names

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Mailbox returns what the mails to an address are limited by, given the address's key.
// Many addresses lead to one mailbox: a tag stands behind a +, some providers read no
// dots, and some have several domains. The plain address of a mailbox is its own. All its
// other forms together have another one, so that mails to them use up nothing of the
// plain address, which most people go by.
//
// It is for limits alone. Who somebody is says the key: at another server a + may be a
// letter like any other.
func Mailbox(key string) string {
	local, domain, _ := strings.Cut(key, "@")
	plain, _, tagged := strings.Cut(local, "+")
	if plain == "" {
		plain, tagged = local, false
	}
	if p, known := providers[domain]; known {
		if p.readsNoDots {
			plain = strings.ReplaceAll(plain, ".", "")
		}
		domain = p.domain
	}
	if !tagged && plain+"@"+domain == key {
		return key
	}
	return plain + "+@" + domain
}

// provider is how a provider of mailboxes reads addresses.
type provider struct {
	domain      string // one for all that lead to one mailbox
	readsNoDots bool
}

// providers has those of which it is well known that they read addresses in other ways
// than most.
var providers = map[string]provider{
	"gmail.com": {"gmail.com", true}, "googlemail.com": {"gmail.com", true},
	"proton.me": {"proton.me", true}, "protonmail.com": {"proton.me", true}, "pm.me": {"proton.me", true},
	"icloud.com": {"icloud.com", false}, "me.com": {"icloud.com", false}, "mac.com": {"icloud.com", false},
	"yandex.ru": {"yandex.ru", false}, "yandex.com": {"yandex.ru", false}, "ya.ru": {"yandex.ru", false},
}

// Domain returns the domain that somebody owns with all its mailboxes, given the key of
// an address: example.org for ada@mail.example.org. It is "" at a provider where anybody
// has a mailbox.
func Domain(key string) string {
	_, domain, _ := strings.Cut(key, "@")
	owned, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil { // it is a suffix itself
		owned = domain
	}
	if name, _, _ := strings.Cut(owned, "."); manyLands[name] || anybodys[owned] {
		return ""
	}
	return owned
}

// manyLands are providers with domains in many countries: yahoo.co.uk, hotmail.fr.
var manyLands = map[string]bool{"gmx": true, "hotmail": true, "live": true, "outlook": true, "yahoo": true, "yandex": true}

// anybodys are the domains of other large providers.
var anybodys = setOf(
	"126.com", "163.com", "alice.it", "aol.com", "att.net", "bigpond.com", "bk.ru", "bol.com.br", "btinternet.com", "comcast.net", "cox.net",
	"daum.net", "fastmail.com", "free.fr", "freenet.de", "gmail.com", "googlemail.com", "hanmail.net", "icloud.com", "inbox.ru", "interia.pl",
	"laposte.net", "libero.it", "list.ru", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "o2.pl", "onet.pl", "orange.fr",
	"pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com", "sbcglobal.net", "seznam.cz", "sfr.fr",
	"sina.com", "sky.com", "t-online.de", "terra.com.br", "tuta.com", "tutanota.com", "uol.com.br", "verizon.net", "virgilio.it",
	"virginmedia.com", "wanadoo.fr", "web.de", "wp.pl", "ya.ru", "ymail.com", "zoho.com",
)

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

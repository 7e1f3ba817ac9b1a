package config

import (
	"net/mail"
	"os"

	"latchkey/internal/names"
)

// readMail reads how mail goes out.
func readMail(r *reader, c *Config) {
	c.MailServer = parsed(r, "MAIL_SERVER", "", parseHost)
	if c.MailServer == "" && !c.Development() && r.ok("MAIL_SERVER") {
		r.wrong("MAIL_SERVER", "is required in production: the host name of an SMTP server, such as smtp.example.org")
	}
	c.MailPort = parsed(r, "MAIL_PORT", 587, parsePort)
	c.MailUsername = r.value("MAIL_USERNAME")
	c.MailPassword = r.password("MAIL_PASSWORD")
	if (c.MailUsername == "") != (c.MailPassword == "") && r.ok("MAIL_PASSWORD") {
		r.wrong("MAIL_PASSWORD", "must be set together with MAIL_USERNAME, or neither")
	}
	c.MailTLS = parsed(r, "MAIL_TLS", "starttls", oneOf("starttls", "tls", "none"))

	from := ""
	if c.Development() {
		from = "latchkey@localhost"
	}
	c.MailFrom = parsed(r, "MAIL_FROM", from, parseAddress)
	if c.MailFrom == "" && r.ok("MAIL_FROM") {
		r.wrong("MAIL_FROM", "is required in production: the address that mails come from, such as no-reply@example.org")
	}
	c.MailFromName = parsed(r, "MAIL_FROM_NAME", c.AppName, parseLine)
	c.MailTemplates = parsed(r, "MAIL_TEMPLATES", "", parseFolder)

	if c.MailServer == "" {
		if c.Development() && !loopback(c.Host) {
			r.warn("HOST", "lets other machines call a server that is set up for development; whoever can read its mails has every account")
		}
		return
	}
	if c.MailTLS == "none" && !loopback(c.MailServer) && (!c.Development() || c.MailUsername != "") {
		r.warn("MAIL_TLS", "is none: links that open accounts, and MAIL_PASSWORD, travel in the clear")
	}
	if c.MailTLS == "tls" && r.value("MAIL_PORT") == "" {
		r.warn("MAIL_PORT", "is 587 by default, where most servers expect MAIL_TLS=starttls; for tls it is mostly 465")
	}
}

// parseAddress takes a bare ASCII address and nothing that net/mail allows
// beside it: no name, angle brackets, quotes or comment.
func parseAddress(s string) (string, error) {
	const want = problem("must be one bare address, such as no-reply@example.org; its name goes to MAIL_FROM_NAME")
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > names.MaxEmail {
		return "", want
	}
	for _, b := range []byte(s) {
		if b <= ' ' || b >= 0x7f || b == '"' {
			return "", want
		}
	}
	return s, nil
}

// parseFolder takes the path of a folder that is there.
func parseFolder(s string) (string, error) {
	if info, err := os.Stat(s); err != nil || !info.IsDir() {
		return "", problem("must be the path of a folder that this process can read")
	}
	return s, nil
}

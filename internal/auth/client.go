package auth

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/mileusna/useragent"

	"latchkey/internal/names"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// Client is where a request came from.
type Client struct {
	Addr      netip.Addr
	UserAgent string // as it was sent
}

// Key returns what a client is counted by: an IPv4 address, or the /64 network of an
// IPv6 address, since one customer has all of that.
func (c Client) Key() string {
	addr := c.Addr.Unmap().WithZone("")
	if addr.Is6() {
		if network, err := addr.Prefix(64); err == nil {
			return network.Masked().String()
		}
	}
	return addr.String()
}

// line is whom a client shares a line with: an IPv6 /56, which is what a home has,
// or an IPv4 address.
func (c Client) line() string {
	if addr := c.Addr.Unmap().WithZone(""); addr.Is6() {
		if line, err := addr.Prefix(56); err == nil {
			return line.String()
		}
	}
	return c.Key()
}

// site is whom a line shares an IPv6 /48 with; "" for an IPv4 address.
func (c Client) site() string {
	if addr := c.Addr.Unmap().WithZone(""); addr.Is6() {
		if site, err := addr.Prefix(48); err == nil {
			return site.String()
		}
	}
	return ""
}

// caller is the client as one who takes turns at the hashes.
func (c Client) caller(known bool) password.Caller {
	return password.Caller{Known: known, Network: c.line(), Client: c.Key()}
}

// Network is where a client is as far as history and logs keep it: the /24 of an IPv4
// address, the /48 of an IPv6 address, or nil. It tells networks apart and no
// person.
func (c Client) Network() *string {
	addr := c.Addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	network, err := addr.Prefix(bits)
	if err != nil || !addr.IsValid() {
		return nil
	}
	text := network.String()
	return &text
}

// provider is who gives a client its address, roughly: the /16 of an IPv4 address, the
// /32 of an IPv6 address, which is the least that a provider has. A phone's address
// changes with each mast, and its provider's networks are few, so that a login from
// another one can be told by mail.
func (c Client) provider() string {
	addr := c.Addr.Unmap().WithZone("")
	bits := 16
	if addr.Is6() {
		bits = 32
	}
	if network, err := addr.Prefix(bits); err == nil {
		return network.String()
	}
	return addr.String()
}

// whence is where a client comes from, as far as its user may know it.
func (c Client) whence() store.Whence {
	return store.Whence{Client: c.Key(), Device: c.device(), Network: c.provider()}
}

// ip returns the address as the list of devices shows it, or nil.
func (c Client) ip() *string {
	if !c.Addr.IsValid() {
		return nil
	}
	text := c.Addr.Unmap().WithZone("").String()
	return &text
}

// unknownDevice is what a device is called whose user agent says nothing that we know.
const unknownDevice = "An unknown device"

const (
	maxDeviceName = 64  // characters, as the schema says
	maxUserAgent  = 512 // characters, as the schema says
	maxProduct    = 32  // characters of a product's name that tell clients apart
)

// userAgent returns the user agent as it was sent, but cut and without what a
// database or a page would not take; nil if nothing is left.
func (c Client) userAgent() *string {
	text := names.Printable(c.UserAgent, maxUserAgent)
	if text == "" {
		return nil
	}
	return &text
}

// browsers and systems are the names that a kind of device is made of. Whatever else
// a user agent claims to be is not repeated: the kind of device stands in mails, and
// a login with a new one is told by mail, so a client must not choose it freely.
var (
	browsers = []string{
		useragent.Chrome, useragent.HeadlessChrome, useragent.Firefox, useragent.Safari, useragent.Edge, useragent.Opera, useragent.OperaMini,
		useragent.OperaTouch, useragent.Vivaldi, useragent.InternetExplorer, useragent.SamsungBrowser, "Android browser", "Huawei Browser",
		"Miui Browser", "curl", "Dart", "okhttp",
	}
	systems = []string{
		useragent.Windows, useragent.WindowsPhone, useragent.Android, useragent.MacOS, useragent.IOS, useragent.Linux, useragent.FreeBSD,
		useragent.ChromeOS, useragent.BlackBerry, useragent.Harmony,
	}
)

// device returns the kind of device, by the browser and system that the user agent
// names: "Firefox on Linux".
func (c Client) device() string {
	ua := useragent.Parse(names.Printable(c.UserAgent, maxUserAgent))
	switch browser, system := slices.Contains(browsers, ua.Name), slices.Contains(systems, ua.OS); {
	case browser && system:
		return ua.Name + " on " + ua.OS
	case browser:
		return ua.Name
	case system:
		return "A device with " + ua.OS
	}
	return unknownDevice
}

// kind tells the clients of one session apart: it is the kind of device or, where that is
// unknown, the product that the user agent names first, without its version. A client may
// call itself anything, so what is not the kind of a device is for comparing alone.
func (c Client) kind() string {
	device := c.device()
	if device != unknownDevice {
		return device
	}
	product, _, _ := strings.Cut(names.Printable(c.UserAgent, maxUserAgent), " ")
	product, _, _ = strings.Cut(product, "/")
	product = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, product)
	return device + ": " + names.Printable(product, maxProduct)
}

// deviceName returns the name given at login, or to a factor, or else the kind of device.
func (c Client) deviceName(given *string) string {
	if given != nil {
		if name := names.Printable(*given, maxDeviceName); name != "" {
			return name
		}
	}
	return c.device()
}

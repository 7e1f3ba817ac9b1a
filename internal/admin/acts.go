package admin

import "net/http"

// act is something that can be done to a user: a page says what it does, and its button does it.
type act struct {
	Name     string // in its address
	Link     string // what leads to its page
	Title    string
	Text     []string // what it does, in paragraphs
	Button   string
	Typed    bool // the username has to be typed
	Duties   bool // it has boxes for what the next login asks for
	Reasons  bool // it asks why
	document string
	done     string // the code of what is said then
	session  bool   // it is about one device
	offered  func(u *account) bool
	with     map[string]any // variables beside the id
}

// acts are all of them, in the order of the page.
var acts = []act{
	{Name: "mail", Link: "Send a link that sets a password", Title: "Send a link that sets a password", document: "sendPasswordReset", done: "mailed", Button: "Send it",
		Text:    []string{"A mail goes to their address, with a link that sets a new password within an hour. Until it is used the old one stays good. Somebody who was invited is invited again, for 72 hours."},
		offered: func(u *account) bool { return u.DisabledAt == nil }},
	{Name: "devices", Link: "Log out all devices", Title: "Log out all devices?", document: "revokeUserSessions", done: "devices-ended", Button: "Log them out",
		Text:    []string{"Every device has to log in again. Access tokens that backends check by themselves go on for some minutes."},
		offered: func(u *account) bool { return len(u.Sessions) > 0 }},
	{Name: "device", Title: "Log out this device?", document: "revokeUserSession", done: "device-ended", Button: "Log it out", session: true,
		Text: []string{"It has to log in again. The others stay as they are."}},
	{Name: "duties", Link: "Set what the next login asks for", Title: "What the next login asks for", document: "requireAtNextLogin", done: "duties-set", Button: "Set this", Duties: true,
		Text: []string{"It is asked once, at the next login. Devices that are logged in go on."}},
	{Name: "factors", Link: "Take all second factors off", Title: "Take all second factors off?", document: "resetUserFactors", done: "factors-reset", Button: "Take them off",
		Text: []string{"Authenticator app, passkeys, recovery codes and trusted devices go, and all devices are logged out. They are told by mail. Where there is no password, another mail has a link that sets one.",
			"Be sure that it is they who ask: whoever has their password can log in then."},
		offered: func(u *account) bool {
			return len(u.Factors) > 0 || u.RecoveryCodes != nil || len(u.TrustedDevices) > 0
		}},
	{Name: "promote", Link: "Make them an administrator", Title: "Make them an administrator?", document: "setUserRole", done: "made-admin", Button: "Make them an administrator", with: map[string]any{"role": "ADMIN"},
		Text:    []string{"They can do all that you can: see and change every account, and take this role from you. It counts at once. They and all administrators are told by mail."},
		offered: func(u *account) bool { return u.Role == "USER" }},
	{Name: "demote", Link: "Take the administrator’s role away", Title: "Take the administrator’s role away?", document: "setUserRole", done: "made-user", Button: "Take it away", with: map[string]any{"role": "USER"},
		Text:    []string{"They are a user like others, at once. They and all administrators are told by mail."},
		offered: func(u *account) bool { return u.Role == "ADMIN" }},
	{Name: "disable", Link: "Disable the account", Title: "Disable the account?", document: "disableUser", done: "disabled", Button: "Disable it", Reasons: true,
		Text:    []string{"They are logged out everywhere at once and cannot log in. Links that they have are dead. They are told by mail. Nothing is deleted, and you can enable the account again."},
		offered: func(u *account) bool { return u.DisabledAt == nil }},
	{Name: "enable", Link: "Enable the account", Title: "Enable the account?", document: "enableUser", done: "enabled", Button: "Enable it", Reasons: true,
		Text:    []string{"They can log in again, with the password that they had. Links of before stay dead."},
		offered: func(u *account) bool { return u.DisabledAt != nil }},
	{Name: "delete", Link: "Delete the account", Title: "Delete the account?", document: "deleteUser", done: "deleted", Button: "Delete it for good", Typed: true,
		Text: []string{"The account goes, with its devices and all that is theirs, for good. They are told by mail. What happened stays among the events, by ids, for as long as those are kept."}},
}

// reasons are why an account is disabled or enabled, as the API calls them.
var reasons = []string{"REQUESTED", "ABUSE", "STOLEN", "LEFT", "OTHER"}

// actOf returns the act that an address names, or nil.
func actOf(r *http.Request) *act {
	for i := range acts {
		if acts[i].Name == r.PathValue("act") {
			return &acts[i]
		}
	}
	return nil
}

// actPage is the page with the button.
type actForm struct {
	act
	User    *account
	Device  *device // of an act about one
	Self    bool
	Wrong   string // under the field, or ""
	Session string
}

// form reads whom an act is about. It answers, and returns nil, if that is nobody.
func (v *view) form() *actForm {
	a := actOf(v.r)
	if a == nil {
		v.s.notFound(v)
		return nil
	}
	u := v.account(v.r.PathValue("id"))
	if u == nil {
		return nil
	}
	f := &actForm{act: *a, User: u, Self: u.ID == v.viewer.User.ID, Session: v.r.FormValue("session")}
	if !a.session {
		return f
	}
	for i := range u.Sessions {
		if u.Sessions[i].ID == f.Session {
			f.Device = &u.Sessions[i]
			return f
		}
	}
	v.goTo("/admin/user/"+u.ID, "trouble", "NOT_FOUND")
	return nil
}

func (s *server) actPage(v *view) {
	if f := v.form(); f != nil {
		v.write(http.StatusOK, "act", f)
	}
}

func (s *server) act(v *view) {
	f := v.form()
	if f == nil {
		return
	}
	if f.Typed && v.r.PostForm.Get("username") != f.User.Username {
		f.Wrong = "This is not the username. Type it as it stands above."
		v.write(http.StatusUnprocessableEntity, "act", f)
		return
	}
	variables := map[string]any{"id": f.User.ID}
	for name, value := range f.with {
		variables[name] = value
	}
	if f.session {
		variables["session"] = f.Session
	}
	if reason := v.r.PostForm.Get("reason"); f.Reasons && contains(reasons, reason) {
		variables["reason"] = reason
	}
	if f.Duties {
		variables["password"], variables["factor"] = v.r.PostForm.Get("password") != "", v.r.PostForm.Get("factor") != ""
	}
	got := map[string]payload{}
	if err := v.run(f.document, variables, &got); err != nil {
		v.fail(err)
		return
	}
	at := "/admin/user/" + f.User.ID
	if code := got[f.document].code(); code != "" {
		if code == "NOT_FOUND" && f.document != "revokeUserSession" {
			at = "/admin/users"
		}
		v.goTo(at, "trouble", trouble(code))
		return
	}
	if f.document == "deleteUser" {
		at = "/admin/users"
	}
	v.goTo(at, "done", f.done)
}

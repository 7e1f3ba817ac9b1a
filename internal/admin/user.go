package admin

import (
	"net/http"
	"time"
)

// account is all that the page shows of a user.
type account struct {
	person
	PendingEmail                                                     string
	HasPassword, SecondFactorRequired, MustChangePassword, MustEnrol bool
	Factors                                                          []factor
	RecoveryCodes                                                    *recoveryCodes
	TrustedDevices                                                   []struct{ ID string }
	Sessions                                                         []device
	SecurityEvents                                                   struct {
		Nodes    []event
		PageInfo pageInfo
	}
}

type factor struct {
	Kind       string `json:"__typename"`
	ID, Name   string
	CreatedAt  time.Time
	LastUsedAt *time.Time
}

type recoveryCodes struct {
	Left      int
	CreatedAt time.Time
}

type device struct {
	ID, DeviceName, UserAgent, IPAddress string
	Current                              bool
	CreatedAt, LastUsedAt                time.Time
}

// event is something that happened.
type event struct {
	At                                 time.Time
	Kind, Outcome, Actor, Way, ActorID string
	Client, Device, From, To, Reason   string
	UserID, RequestID                  string
	User, ActorUser                    *struct{ ID, Username string }
	Count                              int
}

// Refused reports whether it was attempted and not done.
func (e event) Refused() bool { return e.Outcome == "REFUSED" }

// accountPage is the page of a user.
type accountPage struct {
	account
	Self bool
	Acts []act // what can be done to it now
}

// account reads a user. It answers, and returns nil, if there is none or that failed.
func (v *view) account(id string) *account {
	var got struct{ User *account }
	if err := v.run("user", map[string]any{"id": id}, &got); err != nil {
		v.fail(err)
		return nil
	}
	if got.User == nil {
		v.write(http.StatusNotFound, "notice", notice{"There is no such user", "The account may have been deleted meanwhile. What happened to it is among the events."})
	}
	return got.User
}

func (s *server) user(v *view) {
	u := v.account(v.r.PathValue("id"))
	if u == nil {
		return
	}
	p := accountPage{account: *u, Self: u.ID == v.viewer.User.ID}
	for _, a := range acts {
		if a.session || a.offered != nil && !a.offered(u) {
			continue
		}
		p.Acts = append(p.Acts, a)
	}
	v.write(http.StatusOK, "user", p)
}

package admin

import "net/http"

// running is the page of the server and its settings.
type running struct {
	Version, Revision string
	Schema            int
	Settings          []setting
	Findings          []finding
	Looked            bool
}

type setting struct {
	Name, Value, Source, Description string
	Secret                           bool
}

type finding struct{ Check, Verdict, Text, Advice string }

func (s *server) server(v *view) {
	var got struct{ Server running }
	if err := v.run("server", nil, &got); err != nil {
		v.fail(err)
		return
	}
	v.write(http.StatusOK, "server", got.Server)
}

func (s *server) findings(v *view) {
	var got struct{ Server running }
	if err := v.run("findings", nil, &got); err != nil {
		v.fail(err)
		return
	}
	v.write(http.StatusOK, "findings", got.Server.Findings)
}

package request

import "net/http"

// Mux is where the rooms put their handlers, at paths as if the service had its host for
// itself. Each is answered under the path of PUBLIC_URL, and without it: a proxy may have
// taken it off, and probes of the process itself do not know it.
type Mux struct {
	mux  *http.ServeMux
	path string
}

// NewMux returns a Mux for a service at a path of its host, or "".
func NewMux(path string) *Mux { return &Mux{http.NewServeMux(), path} }

// Handle puts a handler at a path.
func (m *Mux) Handle(path string, h http.Handler) {
	m.mux.Handle(path, h)
	if m.path != "" {
		m.mux.Handle(m.path+path, h)
	}
}

// HandleFunc is Handle for a function.
func (m *Mux) HandleFunc(path string, h http.HandlerFunc) { m.Handle(path, h) }

// HandleWellKnown puts a document at a path that begins with /.well-known/. It is found
// in front of the service's path too (RFC 8414 section 3.1).
func (m *Mux) HandleWellKnown(path string, h http.Handler) {
	m.Handle(path, h)
	if m.path != "" {
		m.mux.Handle(path+m.path, h)
	}
}

func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

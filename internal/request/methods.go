package request

import (
	"net/http"
	"slices"
	"strings"
)

// Methods answers a path by its method. GET answers HEAD too; OPTIONS says what
// there is and does nothing; every other method is 405, with Allow.
type Methods map[string]http.HandlerFunc

// ServeHTTP answers a request, other methods with a 405 in words for people.
func (m Methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.answer(w, r, func(w http.ResponseWriter) {
		http.Error(w, "This address does not take that method.", http.StatusMethodNotAllowed)
	})
}

// Or returns a handler that answers as m does, but has refuse write the 405.
func (m Methods) Or(refuse func(http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.answer(w, r, refuse) })
}

func (m Methods) answer(w http.ResponseWriter, r *http.Request, refuse func(http.ResponseWriter)) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h, ok := m[method]; ok {
		h(w, r)
		return
	}
	w.Header().Set("Allow", m.allow())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	refuse(w)
}

func (m Methods) allow() string {
	allow := []string{http.MethodOptions}
	for method := range m {
		allow = append(allow, method)
		if method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	return strings.Join(allow, ", ")
}

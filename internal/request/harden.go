package request

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// apiCSP is for every answer that is no page: nothing in it may be loaded,
	// run or framed.
	apiCSP = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

	// hsts is two years, in seconds. It leaves out includeSubDomains: hosts below
	// ours may be somebody else's.
	hsts = "max-age=63072000"
)

// Harden gives every answer its security headers and an id, has it traced and observed,
// and turns a panic into a 500 with a fixed text. On a server for development it refuses
// foreign names of the host. It wraps the Mux itself: what is observed is the pattern that
// matched, never the path or the query, which may hold a token.
func (d *Door) Harden(next *Mux) http.Handler {
	log, secure := d.cfg.Log, d.cfg.Secure
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := d.requestID(r)
		rec := &recorder{ResponseWriter: w, Observed: Observed{RequestID: id, Method: knownMethod(r.Method), Began: time.Now()}}
		r = r.WithContext(context.WithValue(r.Context(), observedKey{}, &rec.Observed))
		r = d.begin(r, &rec.Observed)
		setHeaders(rec.Header(), id, secure)
		defer func() {
			v := recover()
			if v != nil {
				Note(r.Context(), Internal, "")
			} else if rec.Status == 0 { // nothing was written, which net/http sends as this
				rec.Status = http.StatusOK
			}
			if v != nil && v != http.ErrAbortHandler {
				log.Error().Str("request_id", id).Str("panic", PanicText(v)).Bytes("stack", debug.Stack()).Msg("panic")
				if rec.Status == 0 {
					clear(rec.Header())
					setHeaders(rec.Header(), id, secure)
					http.Error(rec, "Something went wrong here. Request "+id+".", http.StatusInternalServerError)
				} else {
					v = http.ErrAbortHandler // half an answer must not look like a whole one
				}
			}
			d.observe(r, &rec.Observed)
			if v == http.ErrAbortHandler {
				panic(v)
			}
		}()
		if d.cfg.Development != "" && !named(r.Host, d.cfg.Development) {
			http.Error(rec, "A development server answers under this machine's own names and its PUBLIC_URL only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// Values of headers as net/http keeps them, so that setting one allocates nothing. Whoever adds
// to one gets a copy, since none has room.
var (
	nosniff    = []string{"nosniff"}
	apiPolicy  = []string{apiCSP}
	noReferrer = []string{"no-referrer"}
	onlyByTLS  = []string{hsts}
)

func setHeaders(h http.Header, id string, secure bool) {
	h["X-Request-Id"] = []string{id}
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = apiPolicy
	h["Referrer-Policy"] = noReferrer
	if secure {
		h["Strict-Transport-Security"] = onlyByTLS
	}
}

// knownMethod keeps what a client made up out of the logs.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return m
	}
	return "other"
}

// PanicText returns what to log of v, the value of a panic. Only errors of the runtime
// are quoted: another value may hold what a client sent (I7).
func PanicText(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// recorder remembers the status that was sent, 0 before, with what else is known of the
// request.
type recorder struct {
	http.ResponseWriter
	Observed
}

func (w *recorder) WriteHeader(status int) {
	if w.Status == 0 && status >= http.StatusOK { // 1xx answers come before the real one
		w.Status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.Status == 0 {
		w.Status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

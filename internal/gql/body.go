package gql

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	firstRead = 4 << 10   // bytes of a body that are made room for before they come
	maxBody   = 100 << 10 // bytes of a request (security requirement I3)
	maxPooled = 64 << 10  // bytes; a buffer that grew beyond is not kept for the next request
)

// buffers are what one request needs and the next can use again.
type buffers struct {
	in, out bytes.Buffer
	decoder jsontext.Decoder
}

var buffersPool = sync.Pool{New: func() any { return new(buffers) }}

func (b *buffers) release() {
	if b.in.Cap() > maxPooled || b.out.Cap() > maxPooled {
		return
	}
	wipe(&b.in)
	wipe(&b.out)
	buffersPool.Put(b)
}

// wipe empties b and overwrites what was in it: passwords and tokens should not outlive their request.
func wipe(b *bytes.Buffer) {
	b.Reset()
	clear(b.AvailableBuffer()[:b.Cap()])
}

// fromBody takes the body into env, at most maxBody bytes of it.
func (b *buffers) fromBody(w http.ResponseWriter, r *http.Request, env *envelope) *refusal {
	if !isJSON(r.Header) {
		return errType
	}
	if r.ContentLength > maxBody {
		return errSize
	}
	content := r.Body        // net/http gives no more of it than was announced
	if r.ContentLength > 0 { // what is announced is not believed: thousands may announce and send nothing
		b.in.Grow(min(int(r.ContentLength), firstRead) + bytes.MinRead)
	} else {
		content = http.MaxBytesReader(w, r.Body, maxBody)
	}
	_, err := b.in.ReadFrom(content)
	_ = r.Body.Close() // or net/http would look for more of it
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return errSize
		}
		return errUnread
	}
	body := b.in.Bytes()
	b.decoder.Reset(&b.in)
	refused := env.decode(&b.decoder)
	b.in = *bytes.NewBuffer(body) // the decoder may have consumed it, and wipe wants all of it
	return refused
}

// isJSON reports whether h declares a body of application/json in UTF-8 without compression.
func isJSON(h http.Header) bool {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false
	}
	contentType := h.Get("Content-Type")
	if contentType == "application/json" {
		return true
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	charset, set := params["charset"]
	return err == nil && mediaType == "application/json" && (!set || strings.EqualFold(charset, "utf-8"))
}

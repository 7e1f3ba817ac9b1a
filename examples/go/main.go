// A small API whose callers log in with Latchkey. It verifies access tokens by itself.
//
//	go run .
//	curl -H "Authorization: Bearer $ACCESS" localhost:3000/hello
package main

import (
	"cmp"
	"encoding/json"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"latchkey/verify"
)

func main() {
	verifier, err := verify.New(verify.Config{
		Issuer:   cmp.Or(os.Getenv("ISSUER"), "http://localhost:8080"),
		Audience: os.Getenv("AUDIENCE"),
		JWKSURL:  os.Getenv("JWKS_URL"),
		Leeway:   5 * time.Second,
		Refused:  func(r *http.Request, err error) { slog.Info("refused", "route", r.Pattern, "why", err) },
	})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /hello", verifier.Require(http.HandlerFunc(hello)))
	mux.Handle("GET /reports", verifier.RequireRole("ADMIN", http.HandlerFunc(reports)))
	mux.Handle("POST /payments", verifier.RequireFresh(10*time.Minute, verify.AAL2, http.HandlerFunc(pay)))

	server := &http.Server{
		Addr:              "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "3000"),
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
	}
	slog.Info("listening", "address", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// hello is for everybody who is signed in.
func hello(w http.ResponseWriter, r *http.Request) {
	claims, err := verify.FromContext(r.Context())
	if err != nil {
		verify.Refuse(w, err)
		return
	}
	answer(w, map[string]any{"user": claims.Subject, "role": claims.Role})
}

// reports is for administrators.
func reports(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"reports": []string{"Sales", "Returns"}})
}

// pay is for whoever has shown two factors within ten minutes.
func pay(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"paid": true})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}

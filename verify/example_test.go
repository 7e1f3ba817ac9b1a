package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"time"

	"latchkey/verify"
)

// Each route says who may call it. Nothing is asked for before the first token comes.
func Example() {
	verifier, err := verify.New(verify.Config{
		Issuer: "https://auth.example.org",
		Leeway: 5 * time.Second,
		Refused: func(r *http.Request, err error) {
			slog.Info("refused", "route", r.Pattern, "why", err)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", verifier.Require(http.HandlerFunc(orders)))
	mux.Handle("GET /customers", verifier.RequireRole("ADMIN", http.HandlerFunc(orders)))
	mux.Handle("POST /payments", verifier.RequireFresh(10*time.Minute, verify.AAL2, http.HandlerFunc(orders)))

	server := &http.Server{Addr: ":3000", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	_ = server // server.ListenAndServe()
}

func orders(w http.ResponseWriter, r *http.Request) {
	claims, err := verify.FromContext(r.Context())
	if err != nil {
		verify.Refuse(w, err)
		return
	}
	_, _ = fmt.Fprintln(w, "the orders of", claims.Subject)
}

// A claim of CLAIMS_FILE is JSON under its own name.
func ExampleClaims() {
	claims := verify.Claims{Own: map[string]json.RawMessage{"plan": json.RawMessage(`"gold"`)}}
	var plan string
	if err := json.Unmarshal(claims.Own["plan"], &plan); err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan)
	// Output: gold
}

// Where a token comes another way, as the first message of a WebSocket.
func ExampleVerifier_Verify() {
	verifier, err := verify.New(verify.Config{Issuer: "https://auth.example.org"})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := verifier.Verify(context.Background(), "not a token")
	fmt.Println(claims == nil, err)
	// Output: true verify: not an access token of the service: it has not three parts
}

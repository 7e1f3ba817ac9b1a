package jwt_test

import (
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwt"
)

func Example() {
	secret := []byte("a secret for this example alone, of 32 bytes and more")
	key, err := jwt.NewKey(jwt.ES256)
	if err != nil {
		fmt.Println(err)
		return
	}
	// It signs with the key. Tokens that were signed with the secret still count.
	issuer, err := jwt.New("https://auth.example.org", "https://api.example.org", [][]byte{secret}, key, jwt.Secrets())
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	token, err := issuer.Sign(jwt.Claims{
		Subject: "01a2119f-fef2-73b3-a8bc-7a56e97f1506", SessionID: "01a2119f-e3cb-7ce3-add0-e19b00e5d2f5",
		ClientID: jwt.OwnClient, ID: "01a211bb-7070-725d-92c0-3c3a38247b72", Role: "USER",
		IssuedAt: now, ExpiresAt: now.Add(15 * time.Minute),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := issuer.Verify(token, now.Add(14*time.Minute))
	fmt.Println(claims.Subject, err)
	_, err = issuer.Verify(token, now.Add(15*time.Minute))
	fmt.Println(errors.Is(err, jwt.ErrExpired))
	_, err = issuer.Verify(token+"x", now)
	fmt.Println(errors.Is(err, jwt.ErrInvalid))
	// Output:
	// 01a2119f-fef2-73b3-a8bc-7a56e97f1506 <nil>
	// true
	// true
}

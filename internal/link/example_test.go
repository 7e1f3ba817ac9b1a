package link_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/link"
	"latchkey/internal/store"
	"latchkey/migrations"
)

// A reset, from the mail to the new password.
func Example() {
	ctx := context.Background()
	links, end := open()
	defer end()

	ada := &store.User{ID: "42", Email: "ada@example.org", EmailKey: "ada@example.org", SecurityVersion: 1}
	made, err := links.Make(ctx, link.Target{Purpose: link.ResetPassword, User: ada})
	if err != nil {
		panic(err)
	}
	u, _ := url.Parse(made.URL)
	token := u.Query().Get("token")
	fmt.Println(u.Path, u.Query().Get("email"))

	// Somebody looks at the page, or a scanner does.
	claim, err := links.Open(ctx, token, "", link.ResetPassword)
	fmt.Println(claim.User, claim.Version, err)

	// Somebody sets a password: UPDATE users … WHERE id = 42 AND security_version = 1.
	// It is done, so the token goes.
	_, err = links.Take(ctx, token)
	fmt.Println(err)
	_, err = links.Open(ctx, token, "", link.ResetPassword)
	fmt.Println(err)

	// Output:
	// /email/reset-password ada@example.org
	// 42 1 <nil>
	// <nil>
	// link: dead
}

// open returns a Maker on a database of its own, and what removes that.
func open() (links *link.Maker, end func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	d, err := db.OpenSQLite(filepath.Join(dir, "latchkey.db"))
	if err != nil {
		panic(err)
	}
	if _, err := db.Migrate(context.Background(), d, migrations.Postgres, migrations.SQLite); err != nil {
		panic(err)
	}
	s := store.New(d)
	public := &url.URL{Scheme: "https", Host: "auth.example.org"}
	secrets := [][]byte{[]byte("as many random bytes as an HMAC's")}
	links, err = link.New(link.Config{PublicURL: public, ResetTTL: time.Hour, Secrets: secrets, Tokens: s, Store: s, Now: time.Now})
	if err != nil {
		panic(err)
	}
	return links, func() { d.Close(); _ = os.RemoveAll(dir) }
}

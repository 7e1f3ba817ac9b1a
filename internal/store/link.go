package store

import "time"

// Purpose says what a one-time link is for: a token of one purpose is nothing to
// another.
type Purpose string

// The purposes there are.
const (
	ConfirmRegistration Purpose = "confirm_registration"
	ConfirmNewEmail     Purpose = "confirm_new_email"
	ResetPassword       Purpose = "reset_password"
	NotMe               Purpose = "not_me"
)

// Target is what a one-time link acts on: a purpose with the one row of it.
type Target struct {
	Purpose      Purpose
	Registration *Registration // of ConfirmRegistration
	User         *User         // of ConfirmNewEmail and ResetPassword
	Event        string        // of NotMe: its id
}

// Link is a one-time link that was made.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

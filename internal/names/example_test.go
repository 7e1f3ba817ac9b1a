package names_test

import (
	"fmt"

	"latchkey/internal/names"
)

func Example() {
	email, ok := names.ParseEmail("Ada.L@Bücher.Example")
	fmt.Println(email.Address, email.Key, ok)
	username, ok := names.ParseUsername("Countess ")
	fmt.Println(username.Name, username.Key, ok)
	_, ok = names.ParseUsername("Admin")
	fmt.Println(ok)
	// Output:
	// Ada.L@xn--bcher-kva.example ada.l@xn--bcher-kva.example true
	// Countess countess true
	// false
}

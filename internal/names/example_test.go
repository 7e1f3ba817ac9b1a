package names_test

import (
	"fmt"

	"latchkey/internal/names"
)

func Example() {
	email, ok := names.ParseEmail("Ada.L@Bücher.Example")
	fmt.Println(email.Address, email.Key, ok)
	key, ok := names.ParseUsername("Countess")
	fmt.Println(key, ok)
	_, ok = names.ParseUsername("Admin")
	fmt.Println(ok)
	// Output:
	// Ada.L@xn--bcher-kva.example ada.l@xn--bcher-kva.example true
	// countess true
	// false
}

package names

// Reserved shows the tests whether nobody may have a username with this key.
func Reserved(key string) bool { return looksReserved(key) }

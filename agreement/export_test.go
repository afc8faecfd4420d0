package agreement

// Check checks a text as a draft is checked.
func Check(markdown string) error { return Texts{markdown, markdown}.check() }

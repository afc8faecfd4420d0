package media

// Rewritten parses JSON and writes it anew, for tests.
func Rewritten(body []byte) ([]byte, error) {
	n, err := parse(body)
	if err != nil {
		return nil, err
	}
	return n.write(nil), nil
}

// Leads is leads, for tests.
func Leads(text string) bool { return leads(text) }

// Texts lists the texts of JSON, for tests.
func Texts(body []byte) (list []string, err error) {
	n, err := parse(body)
	if err != nil {
		return nil, err
	}
	n.texts(func(n *node) { list = append(list, n.text) })
	return list, nil
}

package timestamp

// Content returns what is signed in a response.
func Content(response []byte) []byte {
	t, err := parseResponse(response)
	if err != nil {
		return nil
	}
	return t.content
}

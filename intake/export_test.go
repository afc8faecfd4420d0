package intake

// Term is what is found in text that comes in pieces.
func Term(text []byte, piece int) string {
	t := &terms{}
	for piece = max(1, piece); len(text) > 0; text = text[min(piece, len(text)):] {
		t.Write(text[:min(piece, len(text))])
	}
	return t.found
}

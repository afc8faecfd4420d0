package media

import "bytes"

// Candidate reports whether free text, such as a picture's description, is worth handing over as a label value: it must
// name at least one field of the label or of an older vendor schema, so that the word AIGC alone is no hit.
func Candidate(text []byte) bool {
	if !bytes.ContainsRune(text, '{') {
		return false
	}
	for _, field := range [...]string{"ContentProducer", "ProduceID", "ContentPropagator", "PropagateID"} {
		if bytes.Contains(text, []byte(field)) {
			return true
		}
	}
	if !bytes.Contains(text, []byte("AIGC")) {
		return false
	}
	return bytes.Contains(text, []byte(`"Label"`)) || bytes.Contains(text, []byte("ServiceProvider"))
}

// Wrap returns {"AIGC":value}, the form of a label in the places of Annex B.
func Wrap(value []byte) []byte {
	b := make([]byte, 0, len(value)+9)
	b = append(b, `{"AIGC":`...)
	b = append(b, value...)
	return append(b, '}')
}

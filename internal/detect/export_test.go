package detect

// Read reads an answer with a threshold of a half.
func Read(text []byte) (seen bool, score float64, err error) {
	s, err := (&Detector{e: Endpoint{Threshold: 0.5}}).read(text)
	return s.Seen, s.Score, err
}

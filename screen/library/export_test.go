package library

// Matches finds a pattern in a text that comes in two chunks.
func Matches(expression, text string, cut int) (places [][]int, err error) {
	p, err := newPattern(expression, 1, item{})
	if err != nil {
		return nil, err
	}
	t := newPatternTrack(&Set{patterns: []pattern{p}})
	for _, h := range t.close(t.write(t.write(nil, []byte(text[:cut]), 1), []byte(text[cut:]), 1), 1) {
		places = append(places, []int{int(h.Start), int(h.End)})
	}
	return places, nil
}

// Kept is how many hits of words of rules the scanner keeps.
func (sc *Scanner) Kept() int { return len(sc.rules.hits) }

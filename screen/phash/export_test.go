package phash

// Look searches by the tables even where a scan would be faster.
func (x *Index) Look(h Hash, radius int) ([]Match, bool) {
	p := newPlan(radius)
	return x.look(nil, h, radius, &p)
}

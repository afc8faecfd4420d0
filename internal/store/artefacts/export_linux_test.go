package artefacts

// Indexed is how many hashes the index of likeness has.
func (s *Artefacts) Indexed() int { return s.likenesses.index.Load().Len() }

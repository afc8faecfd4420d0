package shelf

import "context"

// Holds says whether pictures and texts can be like anything at all. Where they can't, nobody needs to make hashes of them.
func (s *Shelf[T]) Holds(ctx context.Context) (pictures, texts bool, err error) {
	if err := s.catchUp(ctx); err != nil {
		return false, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, item := range s.items {
		pictures, texts = pictures || len(item.Likeness) > 0, texts || len(item.Near) > 0
		if pictures && texts {
			break
		}
	}
	return pictures, texts, nil
}

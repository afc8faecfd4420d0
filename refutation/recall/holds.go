package recall

import "context"

// Holds says whether pictures and texts can be like anything that others said is false.
func (k *Keeper) Holds(ctx context.Context) (pictures, texts bool, err error) {
	return k.shelf.Holds(ctx)
}

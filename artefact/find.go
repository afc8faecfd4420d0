package artefact

import (
	"context"
	"math/bits"

	"github.com/colophon-project/colophon"
)

// Artefact returns an item by its content number.
func (r *Register) Artefact(ctx context.Context, n Number) (Artefact, error) {
	if !n.sane() {
		return Artefact{}, invalid("number")
	}
	a, err := r.store.Artefact(ctx, n)
	return a, told(err)
}

// Find returns a page of items and the cursor of the next, which is empty after the last. Of the query it sets After and
// Limit itself.
func (r *Register) Find(ctx context.Context, q Query, after Cursor, limit int) ([]Artefact, Cursor, error) {
	var err error
	if q.After, err = after.Place(); err != nil {
		return nil, "", err
	}
	limit = page(limit)
	q.Limit = limit + 1
	list, err := r.store.Artefacts(ctx, q)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	last := list[limit-1]
	return list[:limit], Place{last.Created, string(last.Number)}.Cursor(), nil
}

// Deliveries returns a page of deliveries, of an item, to somebody, or both, and the cursor of the next.
func (r *Register) Deliveries(ctx context.Context, q DeliveryQuery, after Cursor, limit int) ([]Delivery, Cursor, error) {
	if q.Number == "" && q.To == "" {
		return nil, "", invalid("number")
	}
	var err error
	if q.After, err = after.Place(); err != nil {
		return nil, "", err
	}
	limit = page(limit)
	q.Limit = limit + 1
	list, err := r.store.Deliveries(ctx, q)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	last := list[limit-1]
	return list[:limit], Place{last.At, last.ID}.Cursor(), nil
}

// Alike returns items that look like one of some perceptual hashes, such as those of a picture and of the picture turned
// and mirrored, the most alike first. It is refused as unsupported when the store can't look for likeness; nobody may take
// that for "nothing looks alike". Nor is an item found that has no likeness ([Artefact.Unlikened]).
func (r *Register) Alike(ctx context.Context, hashes []byte, bits, limit int) ([]Match, error) {
	if len(hashes) == 0 || !hashed(hashes) || bits < 0 || bits > MaxBits {
		return nil, invalid("likeness")
	}
	l, ok := r.store.(Likener)
	if !ok {
		return nil, refuse(colophon.Unsupported, CodeUnlikened, nil)
	}
	return l.Alike(ctx, hashes, bits, page(limit))
}

// Nearest is in how many bits those hashes of two likenesses differ that are most alike. Of a likeness without hashes, and
// of one that is out of form, it is more than there are bits.
func Nearest(a, b []byte) int {
	least := 8*HashSize + 1
	for ; len(a) >= HashSize; a = a[HashSize:] {
		for rest := b; len(rest) >= HashSize; rest = rest[HashSize:] {
			n := 0
			for i := range HashSize {
				n += bits.OnesCount8(a[i] ^ rest[i])
			}
			least = min(least, n)
		}
	}
	return least
}

func page(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, MaxPage)
}

package copies

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Clue is by what a copy is looked for.
type Clue struct {
	SHA256 string          // hexadecimal
	Number artefact.Number // that a label names
	Hashes []byte          // perceptual hashes
	Bits   int             // in how many bits hashes may differ
}

// Match is a copy that was handed out.
type Match struct {
	Copy
	How     string // desk.ByDigest, desk.ByLabel or desk.ByLikeness
	Bits    int    // in which two hashes differ
	Certain bool   // it is the copy, byte by byte
}

const maxAlike = 100

// Known says as which copies something was handed out without notice, the surest first; their identifiers are those of the
// receipts. A label may have been put on something else, and the item with its notice looks like the copy, so only a digest
// is certain. An error says that nobody could tell; what was found before it comes with it.
func (k *Keeper) Known(ctx context.Context, c Clue) ([]Match, error) {
	var list []Match
	seen := map[string]bool{}
	add := func(key, value string, m Match) error {
		if value == "" {
			return nil
		}
		e, err := k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: key, Value: value}}})
		var missing *colophon.Error
		if errors.As(err, &missing) && missing.Code == CodeMissing {
			return nil
		}
		if err == nil && !seen[e.ID] {
			seen[e.ID] = true
			m.Copy = read(e)
			list = append(list, m)
		}
		return err
	}
	if err := add(keyDigest, c.SHA256, Match{How: desk.ByDigest, Certain: true}); err != nil {
		return list, err
	}
	if err := add(keyCopy, string(c.Number), Match{How: desk.ByLabel}); err != nil || len(c.Hashes) == 0 {
		return list, err
	}
	alike, err := k.Likener.Alike(ctx, c.Hashes, c.Bits, maxAlike)
	if err != nil {
		return list, err
	}
	for _, a := range alike {
		if err := add(keyCopy, string(a.Artefact.Number), Match{How: desk.ByLikeness, Bits: a.Bits}); err != nil {
			return list, err
		}
	}
	return list, nil
}

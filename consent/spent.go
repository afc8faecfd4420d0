package consent

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon/evidence/ledger"
)

// Spent returns what the consents are now that were spent for a content number: one grant for each token. A token that ended
// since matters no more, for its use was counted; a consent that ended does, and one that does not allow the use, since it was
// narrowed or spent for another: the grant says so.
func (l *Ledger) Spent(ctx context.Context, number string, use Use) ([]Grant, error) {
	if !word(number) {
		return nil, invalid("number")
	}
	var list []Grant
	err := l.tokens.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyNumber, Value: number}}}, func(t TokenEntry) error {
		e, err := l.book.Get(ctx, t.Value.Consent)
		if err != nil {
			return err
		}
		var used time.Time
		for _, s := range t.Value.Spends {
			if s.Number == number {
				used = s.At
			}
		}
		list = append(list, Grant{Consent: e.ID, Token: t.ID, Subject: e.Subject, Level: e.Value.Level, Modality: e.Value.Terms.Modality,
			Until: e.Value.Terms.Until, Left: t.Value.Uses - len(t.Value.Spends), State: State(e.State), Used: used, Broken: errors.Join(append(l.stands(e), allows(e, use, false)...)...)})
		return nil
	})
	return list, err
}

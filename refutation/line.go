package refutation

import (
	"context"
	"fmt"
	"io"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
)

// Line is one line of the recall feed, as it was handed out; its entry has the place of the line as identifier and never
// changes.
type Line struct {
	Text       string    `json:"text"`
	Refutation string    `json:"refutation"`
	Kind       feed.Kind `json:"kind"`
	Head       feed.Head `json:"head"` // of the feed with this line
}

const (
	entered = "entered" // the one state of a line
	// linesAtOnce is how many lines are read from the store together: each may be as long as feed.MaxLine.
	linesAtOnce = 32
	rivals      = 16 // how often a line is tried when others enter lines at the same time
)

func place(sequence uint64) string { return fmt.Sprintf("%016d", sequence) }

// Head is the end of the feed.
func (k *Keeper) Head(ctx context.Context) (feed.Head, error) {
	page, _, err := k.lines.Page(ctx, ledger.Query{Newest: true, Limit: 1})
	if err != nil || len(page) == 0 {
		return feed.Head{}, err
	}
	return page[0].Value.Head, nil
}

// Checkpoint signs for the end of the feed. Who fetches the feed fetches it before the lines.
func (k *Keeper) Checkpoint(ctx context.Context) ([]byte, error) {
	h, err := k.Head(ctx)
	if err != nil {
		return nil, err
	}
	return feed.Sign(k.config.Signer, h)
}

// WriteLines writes the lines of the feed behind one place, 0 for the beginning, up to another.
func (k *Keeper) WriteLines(ctx context.Context, w io.Writer, after, last uint64) error {
	for after < last {
		page, _, err := k.lines.Page(ctx, ledger.Query{After: place(after), Limit: int(min(last-after, linesAtOnce))})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		for _, e := range page {
			if _, err := io.WriteString(w, e.Value.Text+"\n"); err != nil {
				return err
			}
			after = e.Value.Head.Size
		}
	}
	return nil
}

// Entries returns entries of the feed before a place, 0 for the end, the newest first.
func (k *Keeper) Entries(ctx context.Context, before uint64, limit int) ([]feed.Entry, error) {
	q := ledger.Query{Newest: true, Limit: limit}
	if before > 0 {
		q.After = place(before)
	}
	page, _, err := k.lines.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	list := make([]feed.Entry, len(page))
	for i, e := range page {
		if list[i], err = feed.ParseLine([]byte(e.Value.Text)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// enter enters the line that a refutation is due, once. Whatever is entered meanwhile takes the place of this line, which is then
// made anew.
func (k *Keeper) enter(ctx context.Context, id string) error {
	var err error
	for range rivals {
		if err = k.enterNext(ctx, id); !conflict(err, ledger.CodeExists) {
			break
		}
	}
	return err
}

// enterNext tries once. The end of the feed is read before the refutation.
func (k *Keeper) enterNext(ctx context.Context, id string) error {
	h, err := k.Head(ctx)
	if err != nil {
		return err
	}
	r, err := k.Refutation(ctx, id)
	if err != nil {
		return err
	}
	e, due := k.entry(r)
	if !due {
		return nil
	}
	of := ledger.Key{Name: keyOf, Value: id + "/" + string(e.Kind), Unique: true}
	if n, err := k.config.Lines.Count(ctx, ledger.Query{Keys: []ledger.Key{of}}); err != nil || n > 0 {
		return err
	}
	text, next, err := feed.Next(h, e)
	if err != nil {
		return err
	}
	line := Line{string(text), id, e.Kind, next}
	_, err = k.lines.Add(ctx, ledger.Entry[Line]{ID: place(next.Size), State: entered, Keys: []ledger.Key{of}, Value: line}, nil,
		ledger.Act{Type: RecordEntered, Role: system, Clauses: clauses(), Payload: line})
	return err
}

// entry is what the feed says of a refutation now, and whether it says anything.
func (k *Keeper) entry(r Refutation) (feed.Entry, bool) {
	e := feed.Entry{Kind: feed.Publish, Refutation: r.ID, Claim: r.Claim, Verdict: r.Verdict, Reason: r.Reason, Sources: r.Sources, Since: r.Published, At: k.lines.Now(),
		Contact: k.config.Contact, Prints: r.Prints}
	if k.config.Page != "" {
		e.URL = k.config.Page + r.ID
	}
	switch {
	case r.State == Withdrawn && !r.Published.IsZero():
		e.Kind, e.Reason, e.Sources = feed.Withdraw, r.Why, nil
	case r.State != Published:
		return e, false
	case r.Corrects != "":
		e.Kind, e.Corrects = feed.Correct, r.Corrects
	}
	return e, true
}

package refutation

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/refutation/shelf"
	"github.com/colophon-project/colophon/screen/phash"
)

// Clue is by what somebody asks about content: what its marks say, digests, hashes of pictures that are good enough, a text.
type Clue struct {
	feed.Prints
	Text string
}

// Found is a published refutation that is about the content.
type Found struct {
	Refutation Refutation
	shelf.Match
}

// Answer is what is refuted about content. Nothing found means that nothing is known, never that the content is true.
type Answer struct {
	Found    []Found       // the surest first
	Unlooked colophon.Code // why the text was not looked for, or not all of it; empty for nothing
}

// Look looks for published refutations of content.
func (k *Keeper) Look(ctx context.Context, c Clue) (Answer, error) {
	var a Answer
	if field := c.Prints.Check(); field != "" {
		return a, invalid(field)
	}
	if c.Text != "" {
		a.Unlooked = shelf.Show(&c.Prints, c.Text)
	}
	list, err := k.shelf.Look(ctx, c.Prints, phash.Radius, near.Alike)
	for _, f := range list {
		a.Found = append(a.Found, Found{read(f.Entry), f.Match})
	}
	return a, err
}

// Reports knows how many came about content.
type Reports interface {
	// Burst counts the cases about a content number that came in lately, and reports whether they are so many that they want
	// to be looked at together.
	Burst(ctx context.Context, number string) (count int, burst bool, err error)
}

// Cases opens cases.
type Cases interface {
	// Open opens a rumour case and returns its identifier. Asked again with the same key it MUST return the same case.
	Open(ctx context.Context, s Suspicion) (id string, err error)
}

// Why something is suspected.
const (
	SuspectBurst colophon.Code = "refutation-suspect-burst" // many report it
	SuspectMatch colophon.Code = "refutation-suspect-match" // it is like what was refuted
)

// Suspicion is what nobody but a program noticed.
type Suspicion struct {
	Key        string // the same for the same suspicion
	Number     string // content number
	Why        colophon.Code
	Count      int    // of reports
	Refutation string // that it is like
	shelf.Match
}

// Reported is told that a report about content came in, and opens a case where there are many and nothing about the content
// was published yet; one in a day. It returns the case, or "".
func (k *Keeper) Reported(ctx context.Context, number string) (string, error) {
	count, burst, err := k.config.Reports.Burst(ctx, number)
	if err != nil || !burst {
		return "", err
	}
	a, err := k.Look(ctx, Clue{Prints: feed.Prints{Numbers: []string{number}}})
	if err != nil || len(a.Found) > 0 {
		return "", err
	}
	day := k.book.Now().Format(time.DateOnly)
	return k.config.Cases.Open(ctx, Suspicion{Key: "burst/" + day + "/" + number, Number: number, Why: SuspectBurst, Count: count})
}

// Outgoing holds content that is about to leave against what was refuted. Where it is only like that, a case is opened, whose
// identifier is returned: people have to look. The caller decides about content that is the same.
func (k *Keeper) Outgoing(ctx context.Context, number string, c Clue) (Answer, string, error) {
	a, err := k.Look(ctx, c)
	if err != nil || len(a.Found) == 0 || a.Found[0].Certain {
		return a, "", err
	}
	f := a.Found[0]
	id, err := k.config.Cases.Open(ctx, Suspicion{Key: "match/" + f.Refutation.ID + "/" + number, Number: number, Why: SuspectMatch, Refutation: f.Refutation.ID, Match: f.Match})
	return a, id, err
}

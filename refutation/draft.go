package refutation

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/shelf"
)

const (
	// MinReason is how many letters and digits a reason has at least, in each language.
	MinReason = 40
	// MaxTexts is how many texts a draft has at most.
	MaxTexts = 8
	// MaxAbout is how many cases, and how many reports, a draft has at most.
	MaxAbout = 64

	minDistinct = 12 // letters and digits that differ
	keyCase     = "case"
	keyPublic   = "public" // of what was published, whatever became of it
)

// Draft is what a person writes.
type Draft struct {
	Claim   feed.Words
	Verdict feed.Verdict
	Reason  feed.Words
	Sources []feed.Source
	// Prints are by what content is known again. To them the signatures of the claim and of the texts are added.
	Prints    feed.Prints
	Texts     []string // the claim as it goes round; only signatures of them are kept
	FirstSeen time.Time
	Cases     []string
	Reports   []string
	Corrects  string // the published refutation that this is to stand instead of
}

// personal finds what looks like a mail address, a telephone or an identity number.
var personal = regexp.MustCompile(`[0-9]{11}|[^\s@]+@[^\s@]+\.[a-zA-Z]{2}`)

// refutation makes the value of a draft.
func (d Draft) refutation() (Refutation, error) {
	r := Refutation{Claim: d.Claim, Verdict: d.Verdict, Reason: d.Reason, Prints: d.Prints, Sources: d.Sources,
		FirstSeen: d.FirstSeen.UTC().Truncate(time.Millisecond), Cases: d.Cases, Reports: d.Reports, Corrects: d.Corrects}
	if len(d.Texts) > MaxTexts {
		return r, invalid("texts")
	}
	for _, text := range d.Texts {
		if shelf.Show(&r.Prints, text) == shelf.UnlookedShort {
			return r, invalid("texts")
		}
	}
	for _, claim := range []string{d.Claim.ZH, d.Claim.EN} {
		shelf.Show(&r.Prints, claim) // a claim that is too short is found by what else there is
	}
	var list = r.Near[:0:0]
	for _, s := range r.Near {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	r.Near = list
	return r, r.check()
}

// check is whether a refutation is in form. It may lack what it needs to be proposed.
func (r *Refutation) check() error {
	// The form of what is published is that of a line of the feed.
	e := feed.Entry{Sequence: 1, Kind: feed.Publish, Refutation: "draft", Claim: r.Claim, Verdict: r.Verdict, Reason: r.Reason, Sources: r.Sources, Since: time.Unix(0, 0).UTC(), At: time.Unix(0, 0).UTC(), Prints: r.Prints}
	if field := e.Check(); field != "" {
		return invalid(field)
	}
	for _, list := range [][]string{r.Cases, r.Reports} {
		if len(list) > MaxAbout || slices.ContainsFunc(list, func(s string) bool { return s == "" || len(s) > 128 }) {
			return invalid("about")
		}
	}
	if err := public("claim", r.Claim); err != nil {
		return err
	}
	return public("reason", r.Reason)
}

func public(field string, w feed.Words) error {
	if personal.MatchString(w.ZH) || personal.MatchString(w.EN) {
		return refuse(colophon.Invalid, CodePersonal, colophon.Args{"field": field})
	}
	return nil
}

// reasoned refuses words that are no more than a stamp, in one of the languages.
func reasoned(w feed.Words) error {
	for _, part := range []struct {
		language, text string
		chinese        bool
	}{{"zh", w.ZH, true}, {"en", w.EN, false}} {
		letters, han, distinct := 0, 0, map[rune]bool{}
		for _, c := range part.text {
			if unicode.IsLetter(c) || unicode.IsDigit(c) {
				letters++
				distinct[unicode.ToLower(c)] = true
			}
			if unicode.Is(unicode.Han, c) {
				han++
			}
		}
		if letters < MinReason || len(distinct) < minDistinct || part.chinese != (2*han > letters) {
			return refuse(colophon.Invalid, CodeStamp, colophon.Args{"language": part.language, "least": strconv.Itoa(MinReason)})
		}
	}
	return nil
}

// ready refuses what lacks something that has to be published with it.
func (r *Refutation) ready() error {
	if err := reasoned(r.Reason); err != nil {
		return err
	}
	if r.Reason.ZH == r.Claim.ZH || r.Reason.EN == r.Claim.EN {
		return invalid("reason")
	}
	if len(r.Sources) == 0 {
		return invalid("sources")
	}
	return nil
}

// keys are by what a refutation is found.
func (r *Refutation) keys() []ledger.Key {
	keys := shelf.Keys(r.Prints)
	for _, id := range r.Cases {
		keys = append(keys, ledger.Key{Name: keyCase, Value: id})
	}
	slices.SortFunc(keys, func(a, b ledger.Key) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value)) })
	return slices.Compact(keys)
}

// standing returns the published refutation that is to be corrected.
func (k *Keeper) standing(ctx context.Context, id string) (Entry, error) {
	e, err := k.book.Get(ctx, id)
	if err == nil && e.State != string(Published) {
		err = refuse(colophon.Conflict, CodeStands, colophon.Args{"refutation": id})
	}
	return e, err
}

// Draft enters a refutation.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, d Draft) (Refutation, error) {
	r, err := d.refutation()
	if err = cmp.Or(person(by), err); err != nil {
		return Refutation{}, err
	}
	if d.Corrects != "" {
		if _, err := k.standing(ctx, d.Corrects); err != nil {
			return Refutation{}, err
		}
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Refutation{}, err
	}
	r.Writers = []string{by.ID}
	e, err := k.book.Add(ctx, Entry{ID: id, State: string(Drafted), Keys: r.keys(), Value: r}, nil,
		ledger.Act{Type: RecordDrafted, Role: by.Role, Clauses: clauses(), Payload: changed{id, by.ID, r}})
	return read(e), err
}

// Revise writes a draft anew. What it corrects stays.
func (k *Keeper) Revise(ctx context.Context, by ledger.By, id string, d Draft) (Refutation, error) {
	r, err := d.refutation()
	if err != nil {
		return Refutation{}, err
	}
	return k.step(ctx, by, id, 0, Drafted, Drafted, RecordRevised, func(e *Entry) error {
		r.Corrects, r.Writers = e.Value.Corrects, slices.Clone(e.Value.Writers)
		if !slices.Contains(r.Writers, by.ID) {
			r.Writers = append(r.Writers, by.ID)
		}
		e.Value, e.Keys = r, r.keys()
		return nil
	})
}

// Propose gives a draft to somebody else to publish.
func (k *Keeper) Propose(ctx context.Context, by ledger.By, id string) (Refutation, error) {
	return k.step(ctx, by, id, 0, Drafted, Proposed, RecordProposed, func(e *Entry) error { return e.Value.ready() })
}

// Return makes what was proposed a draft again.
func (k *Keeper) Return(ctx context.Context, by ledger.By, id string) (Refutation, error) {
	return k.step(ctx, by, id, 0, Proposed, Drafted, RecordReturned, func(*Entry) error { return nil })
}

// Publish publishes what others wrote, in the version that was read. A correction takes the place of what it corrects in the
// same commit. [Keeper.Spread] is run next.
func (k *Keeper) Publish(ctx context.Context, by ledger.By, id string, version int64) (Refutation, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Refutation{}, err
	}
	if e.Value.Corrects != "" {
		return k.correct(ctx, by, e, version)
	}
	return k.step(ctx, by, id, version, Proposed, Published, RecordPublished, func(e *Entry) error { return k.publish(by, e) })
}

// publish is what publishing changes.
func (k *Keeper) publish(by ledger.By, e *Entry) error {
	if slices.Contains(e.Value.Writers, by.ID) {
		return refuse(colophon.Refused, CodeOwn, nil)
	}
	e.Value.Approver, e.Value.Published = by.ID, k.book.Now()
	e.Due = e.Value.Published
	e.Keys = append(e.Value.keys(), ledger.Key{Name: keyPublic, Value: keyPublic})
	return e.Value.ready()
}

// correct publishes a correction: both entries are changed by one commit, with one record.
func (k *Keeper) correct(ctx context.Context, by ledger.By, e Entry, version int64) (Refutation, error) {
	old, err := k.standing(ctx, e.Value.Corrects)
	if err != nil {
		return Refutation{}, err
	}
	if err := move(by, &e, version, Proposed, Published); err != nil {
		return Refutation{}, err
	}
	if err := k.publish(by, &e); err != nil {
		return Refutation{}, err
	}
	now := e.Value.Published
	old.State, old.Changed, old.Due = string(Corrected), now, now
	old.Value.CorrectedBy, old.Value.Ended = e.ID, now
	e.Changed = now
	rec, err := k.book.Recorder.New(RecordCorrected, evidence.System, by.Role, clauses(), changed{e.ID, by.ID, e.Value})
	if err != nil {
		return Refutation{}, err
	}
	err = k.config.Refutations.Amend(ctx, rec, e, old)
	if errors.Is(err, ledger.ErrChanged) {
		err = refuse(colophon.Conflict, CodeChanged, nil)
	}
	e.Version++
	return read(e), err
}

// Withdraw gives up a refutation. One that was published says why, in plain words.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id string, why feed.Words) (Refutation, error) {
	return k.step(ctx, by, id, 0, "", Withdrawn, RecordWithdrawn, func(e *Entry) error {
		e.Value.Ended = k.book.Now()
		if e.Value.Published.IsZero() {
			return nil
		}
		e.Value.Why, e.Due = why, e.Value.Ended
		probe := Refutation{Claim: e.Value.Claim, Verdict: e.Value.Verdict, Reason: why}
		return cmp.Or(reasoned(why), probe.check())
	})
}

// move brings an entry from one state, or any where it is empty, into another, where that follows and the entry is as it was
// read.
func move(by ledger.By, e *Entry, version int64, from, to State) error {
	switch {
	case from != "" && e.State != string(from) || !State(e.State).May(to):
		return stuck(CodeStep, e.State, string(to))
	case version != 0 && e.Version != version:
		return refuse(colophon.Conflict, CodeChanged, nil)
	}
	e.State = string(to)
	return person(by)
}

// step changes one refutation. Version is that which was read; 0 for any.
func (k *Keeper) step(ctx context.Context, by ledger.By, id string, version int64, from, to State, typ evidence.Type, fn func(e *Entry) error) (Refutation, error) {
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := move(by, e, version, from, to); err != nil {
			return ledger.Act{}, err
		}
		err := fn(e)
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: changed{e.ID, by.ID, e.Value}}, err
	})
	return read(e), err
}

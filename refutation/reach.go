package refutation

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
)

// Handed knows who received what.
type Handed interface {
	// Family returns the content numbers of content, of what it was made from and of what was made from it that may show the
	// same, itself among them; none when it is not of this service. Whole is false when there may be more.
	Family(ctx context.Context, number string) (numbers []string, whole bool, err error)
	// Deliveries calls fn with each delivery of content. Looks of the staff are none.
	Deliveries(ctx context.Context, number string, fn func(Delivery) error) error
}

// Delivery is one handing over.
type Delivery struct {
	To     string // pseudonym of an account or identifier of an application; empty when it isn't known any more
	Party  Party
	Onward bool // it went out of sight there, as by a program or an export: who has it from there, nobody here knows
}

// Sought is what came of looking for recipients.
type Sought struct {
	At         time.Time `json:"at,omitzero"` // zero when nobody looked yet
	Numbers    int       `json:"numbers"`     // that were looked at, those of the family too
	Deliveries int       `json:"deliveries"`
	Gone       int       `json:"gone"`    // deliveries whose recipient isn't known any more
	Onward     int       `json:"onward"`  // deliveries behind which others may have it
	Foreign    int       `json:"foreign"` // content numbers that are not of this service
	Failed     int       `json:"failed"`  // content numbers whose deliveries could not be asked for
	Partial    bool      `json:"partial"` // of some content not the whole family is known
}

// Why some of whom content reached are unknown.
const (
	UnknownCopies   colophon.Code = "refutation-unknown-copies" // recipients may have handed it on; always
	UnknownUnsought colophon.Code = "refutation-unknown-unsought"
	UnknownOnward   colophon.Code = "refutation-unknown-onward"  // arg "count"
	UnknownForeign  colophon.Code = "refutation-unknown-foreign" // arg "count"
	UnknownFailed   colophon.Code = "refutation-unknown-failed"  // arg "count"
	UnknownFamily   colophon.Code = "refutation-unknown-family"
	UnknownNumber   colophon.Code = "refutation-unknown-number" // it names no content number, so nobody was looked for
)

// Unknown is one reason why it isn't known whom content reached.
type Unknown struct {
	Code  colophon.Code
	Count int // deliveries or content numbers; 0 where not even that is known
}

// Reached counts whom a refutation reached of those who received the content.
type Reached struct {
	Reached     int       // recipients that were told; of them
	Read        int       // recipients that read it
	Deliverable int       // recipients that are not told yet
	Unreachable int       // recipients that can't be told, and deliveries whose recipient isn't known any more
	Dropped     int       // recipients that were not told before it was corrected or withdrawn
	Unknown     []Unknown // never empty
	Sought      Sought
}

const (
	again = 24 * time.Hour      // until recipients are looked for again,
	chase = 30 * 24 * time.Hour // for so long
	retry = 10 * time.Minute    // when somebody could not be asked
)

// recipient is one who received content.
type recipient struct {
	party Party
	to    string
}

// seek looks for those who received content.
func (k *Keeper) seek(ctx context.Context, numbers []string) (map[recipient][]string, Sought, error) {
	s, got := Sought{At: k.book.Now()}, map[recipient][]string{}
	seen := map[string]bool{}
	var failed []error
	fail := func(err error) {
		s.Failed++
		failed = append(failed, err)
	}
	for _, number := range numbers {
		family, whole, err := k.config.Handed.Family(ctx, number)
		if err != nil {
			fail(err)
			continue
		}
		if len(family) == 0 {
			s.Foreign++
		}
		s.Partial = s.Partial || !whole
		for _, n := range family {
			if seen[n] {
				continue
			}
			seen[n] = true
			s.Numbers++
			if err := k.config.Handed.Deliveries(ctx, n, func(d Delivery) error {
				s.count(d)
				if who := (recipient{d.Party, d.To}); d.To != "" && len(got[who]) < maxNumbers && !slices.Contains(got[who], n) {
					got[who] = append(got[who], n)
				}
				return nil
			}); err != nil {
				fail(err)
			}
		}
	}
	return got, s, errors.Join(failed...)
}

func (s *Sought) count(d Delivery) {
	s.Deliveries++
	if d.To == "" {
		s.Gone++
	}
	if d.Onward || d.Party == Application {
		s.Onward++
	}
}

// Spread does what follows from publishing or withdrawing: the line of the feed, and the notices. It may be run any number of
// times; a recipient gets no notice twice. Where some of it fails the rest is done, and it is due again soon.
func (k *Keeper) Spread(ctx context.Context, id string) (Refutation, error) {
	r, err := k.Refutation(ctx, id)
	if err != nil {
		return r, err
	}
	if r.Published.IsZero() {
		return r, stuck(CodeStep, string(r.State), string(Published))
	}
	if err := k.enter(ctx, id); err != nil {
		return r, err
	}
	sought := r.Reach
	if r.State == Published {
		sought, err = k.tell(ctx, r)
	} else {
		err = k.untell(ctx, r)
	}
	spread, kept := k.spread(ctx, r, sought, err != nil)
	return spread, errors.Join(err, kept)
}

// spread keeps what was found, and when it is looked for again.
func (k *Keeper) spread(ctx context.Context, r Refutation, s Sought, failed bool) (Refutation, error) {
	e, err := k.book.Change(ctx, r.ID, func(e *Entry) (ledger.Act, error) {
		if e.State != string(r.State) {
			return ledger.Act{}, ledger.ErrSame // what happened meanwhile is due by itself
		}
		now := k.book.Now()
		e.Value.Reach, e.Due = s, time.Time{}
		switch {
		case failed:
			e.Due = now.Add(retry)
		case r.State == Published && now.Before(r.Published.Add(chase)):
			e.Due = now.Add(again)
		}
		return ledger.Act{Type: RecordSpread, Role: system, Clauses: clauses(), Payload: changed{e.ID, "", s}}, nil
	})
	return read(e), err
}

// tell enters the notices of a published refutation. Whoever waited for one and isn't known any more can't be reached.
func (k *Keeper) tell(ctx context.Context, r Refutation) (Sought, error) {
	got, sought, failed := k.seek(ctx, r.Numbers)
	if r.Corrects != "" { // whoever was told of the earlier one is told of this one, also where it is about other content
		err := k.each(ctx, r.Corrects, func(n Notice) error {
			if who := (recipient{n.Party, n.To}); len(got[who]) == 0 {
				got[who] = n.Numbers
			}
			return nil
		}, Told, Read)
		if err != nil {
			return sought, errors.Join(failed, err)
		}
	}
	order := slices.SortedFunc(maps.Keys(got), func(a, b recipient) int { return cmp.Or(cmp.Compare(a.party, b.party), cmp.Compare(a.to, b.to)) })
	for _, who := range order {
		if _, err := k.notify(ctx, Notice{Refutation: r.ID, Kind: feed.Publish, Party: who.party, To: who.to, Numbers: got[who]}); err != nil {
			return sought, errors.Join(failed, err)
		}
	}
	if failed != nil {
		return sought, failed // somebody who is missing may have received what could not be asked about
	}
	return sought, k.each(ctx, r.ID, func(n Notice) error {
		if _, ok := got[recipient{n.Party, n.To}]; ok {
			return nil
		}
		return changedMeanwhile(k.ack(ctx, ledger.By{Role: system}, n.ID, Unreachable, RecordNoticeUnreachable))
	}, Waiting)
}

// untell drops the notices that nobody was told of. Those who were told of a refutation that was withdrawn are told of that;
// who is told of a correction gets its notice from the correction.
func (k *Keeper) untell(ctx context.Context, r Refutation) error {
	err := k.each(ctx, r.ID, func(n Notice) error {
		if n.Kind == feed.Withdraw {
			return nil
		}
		return changedMeanwhile(k.ack(ctx, ledger.By{Role: system}, n.ID, Dropped, RecordNoticeDropped))
	}, Waiting, Unreachable)
	if err != nil || r.State != Withdrawn {
		return err
	}
	return k.each(ctx, r.ID, func(n Notice) error {
		if n.Kind == feed.Withdraw {
			return nil
		}
		_, err := k.notify(ctx, Notice{Refutation: r.ID, Kind: feed.Withdraw, Party: n.Party, To: n.To, Numbers: n.Numbers})
		return err
	}, Told, Read)
}

// changedMeanwhile passes over a notice that somebody acknowledged in between.
func changedMeanwhile(_ Notice, err error) error {
	if conflict(err, CodeNoStep) {
		return nil
	}
	return err
}

// Sweep spreads what is due. A job runs it every few minutes. It returns how many refutations it looked at; an error with one
// keeps it from none of the others.
func (k *Keeper) Sweep(ctx context.Context) (int, error) {
	var due []string
	err := k.book.All(ctx, ledger.Query{Due: k.book.Now()}, func(e Entry) error {
		due = append(due, e.ID)
		return nil
	})
	errs := []error{err}
	for _, id := range due {
		_, err := k.Spread(ctx, id)
		errs = append(errs, err)
	}
	return len(due), errors.Join(errs...)
}

// Reached counts whom a refutation reached. What isn't known stands beside the counts and is never left out.
func (k *Keeper) Reached(ctx context.Context, id string) (Reached, error) {
	r, err := k.Refutation(ctx, id)
	if err != nil {
		return Reached{}, err
	}
	n := map[NoticeState]int{}
	for _, s := range NoticeStates() {
		if n[s], err = k.count(ctx, id, s); err != nil {
			return Reached{}, err
		}
	}
	s := r.Reach
	return Reached{Reached: n[Told] + n[Read], Read: n[Read], Deliverable: n[Waiting], Unreachable: n[Unreachable] + s.Gone, Dropped: n[Dropped],
		Unknown: s.unknown(len(r.Numbers) == 0), Sought: s}, nil
}

// unknown lists what isn't known.
func (s Sought) unknown(numberless bool) []Unknown {
	list := []Unknown{{Code: UnknownCopies}}
	for _, u := range []struct {
		code  colophon.Code
		holds bool
		count int
	}{
		{UnknownUnsought, s.At.IsZero(), 0}, {UnknownNumber, numberless, 0}, {UnknownOnward, s.Onward > 0, s.Onward},
		{UnknownForeign, s.Foreign > 0, s.Foreign}, {UnknownFailed, s.Failed > 0, s.Failed}, {UnknownFamily, s.Partial, 0},
	} {
		if u.holds {
			list = append(list, Unknown{u.code, u.count})
		}
	}
	return list
}

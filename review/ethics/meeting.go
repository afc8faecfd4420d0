package ethics

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Meet enters who is at the meeting; whoever does keeps its minutes. Votes that were cast before are gone. The applicant takes
// no part, and whoever declared an interest takes none at any later meeting either.
func (k *Keeper) Meet(ctx context.Context, by ledger.By, id string, members []string) (Entry, error) {
	all, err := k.Members(ctx, true)
	if err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, RecordMet, "", func(e *Entry, _ time.Time) error {
		if err := in(e, Accepted); err != nil {
			return err
		}
		var seats []Seat
		for _, one := range members {
			at := slices.IndexFunc(all, func(m MemberEntry) bool { return m.ID == one })
			if at < 0 || slices.ContainsFunc(seats, func(s Seat) bool { return s.Member == one }) {
				return invalid("members")
			}
			m := all[at].Value
			s := Seat{Member: one, Category: m.Category, Outside: m.Outside, Account: m.Account, Recused: e.Value.Recused[one]}
			if m.Account != "" && m.Account == e.Value.Applicant {
				s.Recused = Applicant
			}
			seats = append(seats, s)
		}
		if len(seats) == 0 {
			return invalid("members")
		}
		e.Value.Seats, e.Value.Minutes = seats, by.ID
		return nil
	})
}

// Recuse says that a member at the meeting has an interest. The member says so, or whoever keeps the minutes. Their vote, where
// there is one, is gone.
// Reason is one of Interests; the note stands in the sealed payload of the record alone.
func (k *Keeper) Recuse(ctx context.Context, by ledger.By, id, member, reason, note string) (Entry, error) {
	if !slices.Contains(Interests(), reason) {
		return Entry{}, invalid("reason")
	}
	return k.noted(ctx, by, id, RecordRecused, note, func(e *Entry, _ time.Time) error {
		at, err := seat(e, member)
		if err != nil {
			return err
		}
		seats, recused := slices.Clone(e.Value.Seats), maps.Clone(e.Value.Recused)
		if by.ID != e.Value.Minutes && by.ID != seats[at].Account {
			return refused(CodeOwn, nil)
		}
		if recused == nil {
			recused = map[string]string{}
		}
		recused[member] = reason
		seats[at].Recused, seats[at].Vote, seats[at].Cast, seats[at].By = reason, "", time.Time{}, ""
		e.Value.Seats, e.Value.Recused = seats, recused
		return nil
	})
}

// Vote casts the vote of a member. One with a staff account votes alone; for one without, whoever keeps the minutes enters it.
func (k *Keeper) Vote(ctx context.Context, by ledger.By, id, member string, v Vote) (Entry, error) {
	if !slices.Contains(Votes(), v) {
		return Entry{}, invalid("vote")
	}
	return k.change(ctx, by, id, RecordVoted, "", func(e *Entry, now time.Time) error {
		at, err := seat(e, member)
		if err != nil {
			return err
		}
		s := e.Value.Seats[at]
		switch {
		case s.Recused != "":
			return refused(CodeRecused, nil)
		case by.ID != cmp.Or(s.Account, e.Value.Minutes):
			return refused(CodeOwn, nil)
		case s.Vote != "":
			return refused(CodeVoted, nil)
		}
		if err := e.Value.Quorum(); err != nil {
			return err
		}
		seats := slices.Clone(e.Value.Seats)
		seats[at].Vote, seats[at].Cast, seats[at].By = v, now, by.ID
		e.Value.Seats = seats
		return nil
	})
}

func seat(e *Entry, member string) (int, error) {
	if err := in(e, Accepted); err != nil {
		return -1, err
	}
	at := slices.IndexFunc(e.Value.Seats, func(s Seat) bool { return s.Member == member })
	if at < 0 {
		return -1, refused(CodeAbsent, nil)
	}
	return at, nil
}

// Ruling is what is said with a decision.
type Ruling struct {
	Reasons    string   `json:"reasons" minLength:"1" maxLength:"8192" doc:"Why; of a decision that asks for changes, which."`
	Conditions []string `json:"conditions,omitempty" nullable:"false" maxItems:"50" doc:"What has to be kept to."`
	Next       string   `json:"next,omitempty" maxLength:"10" doc:"Day of the first follow-up, in Beijing time; needed where it is approved or approved once changed." example:"2027-05-01"`
}

// Decide closes the vote: what has two thirds of those present is decided. It is refused without a quorum, while somebody did
// not vote, while nobody answered about the experts, and, for an approval of what is listed, until they agreed.
func (k *Keeper) Decide(ctx context.Context, by ledger.By, id string, r Ruling) (Entry, error) {
	if !prose(r.Reasons) {
		return Entry{}, invalid("reasons")
	}
	if slices.ContainsFunc(r.Conditions, func(c string) bool { return !prose(c) }) || len(r.Conditions) > 50 {
		return Entry{}, invalid("conditions")
	}
	return k.change(ctx, by, id, RecordDecided, r.Reasons, func(e *Entry, now time.Time) error {
		v := &e.Value
		if err := in(e, Accepted); err != nil {
			return err
		}
		outcome, count, err := v.settle()
		if err != nil {
			return err
		}
		if outcome == Approve || outcome == ToModify {
			if err := v.follow(r.Next, now); err != nil {
				return err
			}
		}
		late := now.After(v.Due(now))
		v.Outcome = &Outcome{Vote: outcome, Reasons: r.Reasons, Conditions: r.Conditions, At: now, By: by.ID, Tally: count, Late: late}
		return to(e, map[Vote]State{Approve: Approved, ToModify: Modify, Reapprove: Again, Reject: Rejected}[outcome])
	})
}

// settle says what a meeting decided, or why it did not.
func (r Review) settle() (Vote, map[string]int, error) {
	if !r.Running() {
		return "", nil, refused(CodePaused, nil)
	}
	if err := r.Quorum(); err != nil {
		return "", nil, err
	}
	if len(r.Grounds) == 0 {
		return "", nil, refused(CodeUnanswered, nil)
	}
	outcome, count, open := r.tally()
	switch {
	case open > 0:
		return "", nil, refused(CodeOpenVotes, colophon.Args{"count": itoa(open)})
	case outcome == "":
		return "", nil, refused(CodeMajority, nil)
	case (outcome == Approve || outcome == ToModify) && r.Listed() && (r.Experts == nil || !r.Experts.Agree):
		return "", nil, refused(CodeExperts, nil)
	}
	return outcome, count, nil
}

// follow sets the day of the next follow-up, unless it is too far away.
func (r *Review) follow(next string, now time.Time) error {
	months := followMonths
	if r.Listed() {
		months = followListed
	}
	at, err := day(next)
	if err != nil || !at.After(now) || at.After(now.AddDate(0, months, 1)) {
		return refused(CodeFollow, colophon.Args{"months": itoa(months)})
	}
	r.Next = next
	return nil
}

// Confirm says that the changes were made which a decision asked for; then it is approved.
func (k *Keeper) Confirm(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	return k.noted(ctx, by, id, RecordConfirmed, note, func(e *Entry, _ time.Time) error {
		if err := in(e, Modify); err != nil {
			return err
		}
		return to(e, Approved)
	})
}

// Follow enters a look at what was approved. It may go on, is suspended, or goes on again.
func (k *Keeper) Follow(ctx context.Context, by ledger.By, id string, f FollowUp) (Entry, error) {
	if f.Finding != "continue" && f.Finding != "suspend" {
		return Entry{}, invalid("finding")
	}
	return k.noted(ctx, by, id, RecordFollowed, f.Note, func(e *Entry, now time.Time) error {
		if err := in(e, Approved, Suspended); err != nil {
			return err
		}
		if err := e.Value.follow(f.Next, now); err != nil {
			return err
		}
		f.At, f.By = now, by.ID
		e.Value.Followed = append(slices.Clone(e.Value.Followed), f)
		e.State = string(Approved)
		if f.Finding == "suspend" {
			e.State = string(Suspended)
		}
		return nil
	})
}

// Register enters the number under which the national platform has it.
func (k *Keeper) Register(ctx context.Context, by ledger.By, id, number string) (Entry, error) {
	if !ident(number) || len(number) > 64 {
		return Entry{}, invalid("number")
	}
	return k.change(ctx, by, id, RecordRegistered, "", func(e *Entry, _ time.Time) error {
		e.Value.Number = number
		return in(e, Approved, Suspended)
	})
}

// End ends a review: it is taken back, or what it was about is over.
func (k *Keeper) End(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	return k.noted(ctx, by, id, RecordEnded, note, func(e *Entry, _ time.Time) error {
		e.Value.Note = note
		return to(e, Ended)
	})
}

// Review returns a review.
func (k *Keeper) Review(ctx context.Context, id string) (Entry, error) { return k.reviews.Get(ctx, id) }

// Now is the time of the keeper's clock.
func (k *Keeper) Now() time.Time { return k.reviews.Now() }

// Query narrows a list of reviews. What is empty fits all.
type Query struct {
	About string
	State State
	After string
	Limit int
}

// Reviews returns a page of reviews, the newest first, and where the next one begins.
func (k *Keeper) Reviews(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	if q.About != "" {
		find.Keys = []ledger.Key{{Name: keyAbout, Value: q.About}}
	}
	if q.State != "" {
		find.States = []string{string(q.State)}
	}
	return k.reviews.Page(ctx, find)
}

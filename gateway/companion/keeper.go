package companion

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
)

// Defaults of a Policy.
const (
	defaultRemind = 2 * time.Hour // Art. 18
	defaultBreak  = 15 * time.Minute
	minorsRemind  = 30 * time.Minute
	minorsDaily   = 2 * time.Hour
	minorsFrom    = 22 * time.Hour
	minorsTo      = 6 * time.Hour
)

// selfHarm is the category of the feature library that a crisis is known by.
const selfHarm = "self-harm"

// Before is asked once for each turn of a function that has a policy, when the input was judged and before anything goes
// to the model. An error of kind Refused means that the person is not served; any other that nobody could tell, so that
// nobody is served either.
//
// Help comes first and then the wish to leave: no rule keeps a person from either. Whom the function does not serve gets help
// and nothing else.
func (k *Keeper) Before(ctx context.Context, p *Policy, t Turn) (Told, error) {
	now := k.c.Now().UTC().Truncate(time.Millisecond)
	account, err := k.c.Ages.Account(ctx, t.Subject)
	if err != nil {
		return Told{}, err
	}
	help := slices.ContainsFunc(t.Categories, p.Crisis.has)
	if help {
		if err := k.handOff(ctx, t, account.Minor, now); err != nil {
			return Told{}, err
		}
	}
	leaves, alone := p.leaves(t.Words), help && t.Stopped
	if !leaves && !alone {
		err := k.admit(ctx, p, t, account.Minor)
		if err != nil && !(help && denied(err)) {
			return Told{}, err
		}
		alone = err != nil
	}
	said, err := k.turn(ctx, p, t, account.Minor != identity.Adult, help, leaves, alone, now)
	if help && denied(err) { // the hours are over
		alone = true
		said, err = k.turn(ctx, p, t, true, help, leaves, alone, now)
	}
	if err == nil && leaves {
		err = k.prove(RecordExit, t, colophon.ClauseAI19, exit{t.Function, t.Conversation, now.UnixMilli()}, func(rec evidence.Record) error { return k.c.Journal.Note(ctx, rec, t.Number) })
	}
	if err != nil {
		return Told{}, err
	}
	return p.told(said, t.Language, leaves || alone), nil
}

func denied(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Refused
}

// turn counts a turn, and says what the person is told. A turn that is refused is not counted. Alone means that help is all
// that is said.
func (k *Keeper) turn(ctx context.Context, p *Policy, t Turn, young, help, leaves, alone bool, now time.Time) (said []Said, err error) {
	var refused error
	err = k.c.Store.Turn(ctx, t.Subject, thread(t), func(u *Use, th *Thread) error {
		said, refused = nil, nil
		use, talk := *u, *th
		if began := k.count(&use, p, now); began && t.Conversation == "" || !talk.Ended.IsZero() {
			talk = Thread{}
		}
		if young && !alone && !leaves {
			if refused = k.hours(&use, p, now); refused != nil {
				return nil
			}
		}
		if help {
			said = append(said, Help)
		}
		switch {
		case leaves:
			talk.Ended = now
			said = append(said, Farewell)
		case !t.Stopped && !alone: // else nobody would read it
			said = append(said, due(&use, &talk, p, young, now)...)
		}
		*u, *th = use, talk
		return nil
	})
	return said, errors.Join(err, refused)
}

// admit says whether a person of an age may use the function.
func (k *Keeper) admit(ctx context.Context, p *Policy, t Turn, age identity.Minor) error {
	adults := p.Relation == Kin || p.Relation == Partner || p.Minors.Refuse
	switch {
	case age == identity.Adult:
	case adults && age == identity.AgeUnknown:
		return refuse(CodeAge, nil)
	case adults:
		return refuse(CodeMinor, nil)
	case age == identity.Under14:
		agreed := false
		if k.c.Guardian != nil {
			var err error
			if agreed, err = k.c.Guardian(ctx, t.Subject, t.Function); err != nil {
				return err
			}
		}
		if !agreed {
			return refuse(CodeUnder14, nil)
		}
	}
	return nil
}

// count counts a turn as use, and reports whether a new continuous use began.
func (k *Keeper) count(u *Use, p *Policy, now time.Time) (began bool) {
	day := now.In(k.c.Zone).Format(time.DateOnly)
	if u.Day != day {
		u.Day, u.Spent = day, 0
	}
	pause := now.Sub(u.Last)
	began = u.Last.IsZero() || pause > or(p.Break, defaultBreak) || pause < 0
	if began {
		u.Began, u.Told = now, now
	} else {
		u.Spent += pause
	}
	u.Last = now
	return began
}

// hours are the times at which a minor is not served.
func (k *Keeper) hours(u *Use, p *Policy, now time.Time) error {
	from, to := p.Minors.From, p.Minors.To
	if from == 0 && to == 0 {
		from, to = minorsFrom, minorsTo
	}
	local := now.In(k.c.Zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	closed := from <= clock && clock < to
	if from > to {
		closed = clock >= from || clock < to
	}
	if closed {
		return refuse(CodeHours, colophon.Args{"until": time.Time{}.Add(to).Format("15:04")})
	}
	if u.Spent >= or(p.Minors.Daily, minorsDaily) {
		return refuse(CodeDaily, nil)
	}
	return nil
}

// due says what a person is to be told now.
func due(u *Use, th *Thread, p *Policy, young bool, now time.Time) (said []Said) {
	remind := or(p.Remind, defaultRemind)
	if young {
		remind = min(remind, or(p.Minors.Remind, minorsRemind))
	}
	if th.Began.IsZero() {
		th.Began = now
		said = append(said, Statement)
	}
	if now.Sub(u.Told) >= remind {
		u.Told = now
		said = append(said, Reminder)
	}
	return said
}

// exit is the payload of its record.
type exit struct {
	Function     string `json:"function"`
	Conversation string `json:"conversation,omitempty"`
	At           int64  `json:"at"`
}

// handOff records a crisis and has people told.
func (k *Keeper) handOff(ctx context.Context, t Turn, age identity.Minor, now time.Time) error {
	c := Case{Subject: t.Subject, Function: t.Function, Conversation: t.Conversation, Number: t.Number, Categories: t.Categories,
		Minor: age == identity.Under14 || age == identity.Under18, At: now}
	return k.prove(RecordCrisis, t, colophon.ClauseAI13, c, func(rec evidence.Record) error { return k.c.Journal.HandOff(ctx, rec, c, t.Number) })
}

// prove keeps a record. A data key that was erased meanwhile is forgotten, and the record made anew.
func (k *Keeper) prove(typ evidence.Type, t Turn, clause colophon.Clause, payload any, keep func(evidence.Record) error) error {
	for again := 0; ; again++ {
		rec, err := k.c.Recorder.New(typ, t.Subject, t.Role, []colophon.Clause{clause}, payload)
		if err != nil {
			return err
		}
		if err = keep(rec); !errors.Is(err, ledger.ErrForgotten) || again > 2 {
			return err
		}
		k.c.Recorder.Forget(t.Subject)
	}
}

// thread is the name under which a conversation is kept: the caller's own may lead to a person.
func thread(t Turn) string {
	sum := sha256.Sum256([]byte(t.Function + "\x00" + t.Conversation))
	return hex.EncodeToString(sum[:16])
}

func (c *Crisis) has(category string) bool {
	if len(c.Categories) == 0 {
		return category == selfHarm
	}
	return slices.Contains(c.Categories, category)
}

// leaves reports whether all that a person said is a wish to leave.
func (p *Policy) leaves(words string) bool {
	if len(words) > 128 {
		return false
	}
	bare := strings.ToLower(strings.TrimFunc(words, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) }))
	return slices.Contains(exits(), bare) || slices.ContainsFunc(p.Exit, func(w string) bool { return strings.EqualFold(w, bare) })
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

func refuse(code colophon.Code, args colophon.Args) error {
	clauses := []colophon.Clause{colophon.ClauseAI14}
	if code == CodeAge {
		clauses = append(clauses, colophon.ClauseAI12)
	}
	return &colophon.Error{Kind: colophon.Refused, Code: code, Args: args, Clauses: clauses}
}

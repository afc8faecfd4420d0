package copies

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/stamp"
)

// Order says which copy is to be made.
type Order struct {
	Key     string // the request; the same for the same copy, always
	Account evidence.Subject
	Number  artefact.Number // of the item
}

// Made is a copy as it was read back from the bytes that are stored.
type Made struct {
	Number    artefact.Number // of the copy, which is another than the item's
	Label     artefact.Number // ProduceID of the implicit label that was read back
	Notice    stamp.State     // what became of the notice
	SHA256    string          // of the copy, hexadecimal
	Size      int64
	Type      string        // media type
	Likeness  []byte        // perceptual hashes, as those of an artefact
	Unlikened colophon.Code // why there are none
}

// Maker makes copies. An error of a kind other than Internal says that the copy can't be made; any other leaves it open, and
// the same is asked for again later.
type Maker interface {
	// Make opens the kept original of the item (artefact.Original), and stamps it by a press whose owner allows it with the
	// implicit label, under a content number of its own, and without the notice (stamp.None). It MUST read the label back
	// from the bytes that it stores, and enter them in the register of artefacts as an item of the account whose parent is
	// the item, with the likeness of what was stored, so that the copy is known again. It MUST NOT let anybody have the bytes
	// before the request is in the state Handed. Asked again for the same key it MUST make nothing more and return the same.
	Make(ctx context.Context, o Order) (Made, error)
	// Discard takes away the bytes that were made for a key. Make for that key, also where it is under way, MUST make
	// nothing from then on and fail, even when it was never asked for before.
	Discard(ctx context.Context, o Order) error
}

func bad(field string) error {
	return &colophon.Error{Kind: colophon.Refused, Code: CodeMade, Args: colophon.Args{"field": field}, Clauses: clauses()}
}

// check looks at what was made for an order.
func (m Made) check(o Order) error {
	digest, err := hex.DecodeString(m.SHA256)
	switch {
	case !word(string(m.Number)) || m.Number == o.Number:
		return bad("number")
	case m.Label != m.Number:
		return bad("label")
	case m.Notice != stamp.Omitted && m.Notice != stamp.Offered: // either way it is not in the file
		return bad("notice")
	case err != nil || len(digest) != 32 || strings.ToLower(m.SHA256) != m.SHA256:
		return bad("sha256")
	case m.Size <= 0:
		return bad("size")
	case !word(strings.ReplaceAll(m.Type, "+", "")) || !strings.Contains(m.Type, "/"):
		return bad("type")
	case len(m.Likeness)%artefact.HashSize != 0 || len(m.Likeness) > artefact.MaxLikeness || m.Unlikened != "" && !word(string(m.Unlikened)):
		return bad("likeness")
	}
	return nil
}

// Hand makes a copy that was granted and signs the receipt. From then on the account may have the bytes, by the content number
// of the copy. What was handed already is returned as it is. Where what it was granted by is so no more, or the copy can't be
// made, it is refused after all.
func (k *Keeper) Hand(ctx context.Context, by ledger.By, id string) (Copy, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil || State(e.State) == Handed {
		return read(e), err
	}
	if !State(e.State).May(Handed) {
		return read(e), stuck(e.State, Handed)
	}
	facts, err := k.Checker.Check(ctx, e.Subject, e.Value.Number)
	if err != nil {
		return read(e), err
	}
	if err := facts.allow(e.Value.Agreement); err != nil {
		return k.fail(ctx, id, ReasonChanged, err)
	}
	if e.Kept != ledger.Whole {
		return k.fail(ctx, id, ReasonChanged, refuse(colophon.Conflict, CodeErased))
	}
	order := Order{id, e.Subject, e.Value.Number}
	made, err := k.Maker.Make(ctx, order)
	if err == nil {
		err = made.check(order)
	}
	if err != nil {
		return k.fail(ctx, id, ReasonFailed, err)
	}
	return k.hand(ctx, by, id, made)
}

// fail refuses what was granted because of an error, which is returned. One that may pass leaves it granted.
func (k *Keeper) fail(ctx context.Context, id string, reason colophon.Code, why error) (Copy, error) {
	var e *colophon.Error
	if !errors.As(why, &e) || e.Kind == colophon.Internal {
		return Copy{}, why
	}
	c, err := k.change(ctx, id, func(entry *Entry, _ *Particulars) (ledger.Act, error) {
		if State(entry.State) != Granted {
			return ledger.Act{}, ledger.ErrSame
		}
		entry.Value.Cause = e.Code
		return k.decide(entry, Decision{By: ledger.By{Role: system}, Reason: reason}, "")
	})
	if err != nil {
		return Copy{}, err
	}
	return c, why
}

func (k *Keeper) hand(ctx context.Context, by ledger.By, id string, made Made) (Copy, error) {
	return k.change(ctx, id, func(e *Entry, s *Particulars) (ledger.Act, error) {
		if State(e.State) == Handed {
			return ledger.Act{}, ledger.ErrSame
		}
		if err := k.to(e, Handed); err != nil {
			return ledger.Act{}, err
		}
		if e.Kept != ledger.Whole {
			return ledger.Act{}, refuse(colophon.Conflict, CodeErased)
		}
		now := k.book.Now()
		h := Handing{At: now, Until: now.AddDate(0, k.Rules.KeepMonths, 0), Number: made.Number, Size: made.Size, Type: made.Type, Unlikened: made.Unlikened}
		receipt, err := k.sign(read(*e), *s, h, made)
		if err != nil {
			return ledger.Act{}, err
		}
		h.Receipt, s.Receipt = sha(receipt), string(receipt)
		e.Value.Handing, e.Due = &h, h.Until
		e.Keys = append(without(e.Keys, keyOpen), ledger.Key{Name: keyCopy, Value: string(made.Number), Unique: true}, ledger.Key{Name: keyDigest, Value: made.SHA256, Personal: true})
		return act(RecordHanded, by, e, payload{Number: made.Number, SHA256: made.SHA256, Receipt: h.Receipt, Until: h.Until.UnixMilli()}), nil
	})
}

// Sweep does what is due without anybody's asking: it decides by rule what was left undecided, makes what was granted,
// discards what may have been made for requests that are over, and takes away what is sealed where the period of the log is
// over. A job runs it every few minutes. It returns how many requests it looked at; an error with one keeps it from none of
// the others.
func (k *Keeper) Sweep(ctx context.Context) (int, error) {
	var due []Entry
	if err := k.book.All(ctx, ledger.Query{Due: k.book.Now()}, func(e Entry) error { due = append(due, e); return nil }); err != nil {
		return 0, err
	}
	var errs []error
	for _, e := range due {
		errs = append(errs, k.sweep(ctx, e))
	}
	return len(due), errors.Join(errs...)
}

func (k *Keeper) sweep(ctx context.Context, e Entry) (err error) {
	by := ledger.By{Role: system}
	switch {
	case State(e.State) == Requested:
		_, err = k.rule(ctx, e.ID)
	case State(e.State) == Granted:
		var c Copy
		if c, err = k.Hand(ctx, by, e.ID); c.State == Refused { // and the entry says why
			err = nil
		}
	case e.Value.Left:
		err = k.discard(ctx, by, e)
	default:
		err = k.end(ctx, by, e)
	}
	return err
}

func (k *Keeper) discard(ctx context.Context, by ledger.By, e Entry) error {
	if err := k.Maker.Discard(ctx, Order{e.ID, e.Subject, e.Value.Number}); err != nil {
		return err
	}
	_, err := k.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
		if !e.Value.Left {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Left, e.Due = false, e.Made.AddDate(0, k.Rules.KeepMonths, 0)
		return act(RecordDiscarded, by, e, payload{}), nil
	})
	return err
}

// end takes away what is sealed. That a copy was handed out, and by what it is known again, stays. What is restricted to storage
// ends with the erasure of its account, which a further record about the account would put off.
func (k *Keeper) end(ctx context.Context, by ledger.By, e Entry) error {
	if e.Kept == ledger.Restricted {
		return nil
	}
	held, err := k.Held(ctx, e.Subject)
	if err != nil || held {
		return err
	}
	_, err = k.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
		if e.Due.IsZero() || e.Due.After(k.book.Now()) {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Sealed, e.Due, e.Value.Ended = nil, time.Time{}, k.book.Now()
		if e.Kept == ledger.Whole {
			e.Kept = ledger.None
		}
		return act(RecordEnded, by, e, payload{}), nil
	})
	return err
}

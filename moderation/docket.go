package moderation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Types of records about items.
const (
	RecordHeld      evidence.Type = "moderation.held"
	RecordTaken     evidence.Type = "moderation.taken"
	RecordRead      evidence.Type = "moderation.read"
	RecordReturned  evidence.Type = "moderation.returned"
	RecordProposed  evidence.Type = "moderation.proposed"  // decided, and to be confirmed
	RecordEscalated evidence.Type = "moderation.escalated" // by somebody, or because two differ
	RecordDecided   evidence.Type = "moderation.decided"
	RecordConfirmed evidence.Type = "moderation.confirmed" // decided, by a second person as by the first
	RecordExpired   evidence.Type = "moderation.expired"
	RecordActed     evidence.Type = "moderation.acted"
	RecordEnded     evidence.Type = "moderation.content-ended"
)

// Docket is the worker of this package: what waits for a person. It is safe for use by many goroutines.
type Docket struct {
	store    Store
	recorder *evidence.Recorder
	keys     Unsealer
	plan     Plan
}

// NewDocket makes a docket. The recorder's clock is the docket's.
func NewDocket(store Store, recorder *evidence.Recorder, keys Unsealer, plan Plan) (*Docket, error) {
	if field := plan.check(); field != "" {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodePlan, Args: colophon.Args{"field": field}}
	}
	return &Docket{store, recorder, keys, plan}, nil
}

// payload is the payload of the records. Fields that say nothing are left out. Times are milliseconds since 1970.
type payload struct {
	Item       string           `json:"item"`
	Judgement  string           `json:"judgement"`
	Queue      string           `json:"queue"`
	Stage      Stage            `json:"stage"`
	Subject    evidence.Subject `json:"subject,omitempty"` // where the record is about the system, since the subject was erased
	Why        *Why             `json:"why,omitempty"`
	Surface    string           `json:"surface,omitempty"`
	Function   string           `json:"function,omitempty"`
	About      string           `json:"about,omitempty"`
	Priority   int              `json:"priority,omitempty"`
	Deadline   int64            `json:"deadline,omitempty"`
	Digest     string           `json:"digest,omitempty"` // SHA-256 of the text
	Blob       string           `json:"blob,omitempty"`
	By         string           `json:"by,omitempty"`
	Lease      int64            `json:"lease,omitempty"`
	Decision   Decision         `json:"decision,omitempty"`
	Outcome    Decision         `json:"outcome,omitempty"`
	Reason     colophon.Code    `json:"reason,omitempty"`
	Measure    string           `json:"measure,omitempty"`
	Overturned bool             `json:"overturned,omitempty"`
	Note       string           `json:"note,omitempty"`
}

// Enter has something wait for a person. A judgement has one item: where it has one already, that is the answer. Role says
// in which role whoever brought it acted.
func (d *Docket) Enter(ctx context.Context, role evidence.Role, e Entry) (Item, error) {
	if err := e.check(); err != nil {
		return Item{}, err
	}
	queue, err := d.plan.queue(e.Queue, e.Function, e.Why.Categories())
	if err != nil {
		return Item{}, err
	}
	id, err := d.recorder.NewID()
	if err != nil {
		return Item{}, err
	}
	now := d.now()
	it := Item{ID: id, State: Waiting, Stage: First, Queue: queue.Name, Priority: e.Why.Priority(), Deadline: now.Add(within(queue.Deadline, queue.Deadlines, e.Why.Categories())),
		Subject: e.Subject, Surface: e.Surface, Function: e.Function, About: e.About, Why: e.Why.weightiest(), Content: Whole, Created: now, Blob: e.Content.Blob}
	digest := ""
	if len(e.Content.Text) > 0 {
		sum := sha256.Sum256(e.Content.Text)
		digest = hex.EncodeToString(sum[:])
	}
	plain, err := json.Marshal(e.Content)
	if err != nil {
		return Item{}, err
	}
	for range tries {
		var sealed evidence.Sealed
		if sealed, err = d.recorder.Seal(e.Subject, sealUse+id, plain); err != nil {
			return Item{}, err
		}
		it.Sealed = &sealed
		var rec evidence.Record
		rec, err = d.recorder.New(RecordHeld, e.Subject, role, clauses(), payload{Item: id, Judgement: it.Why.Judgement, Queue: it.Queue, Stage: it.Stage, Why: &it.Why,
			Surface: it.Surface, Function: it.Function, About: it.About, Priority: it.Priority, Deadline: it.Deadline.UnixMilli(), Digest: digest, Blob: it.Blob})
		if err != nil {
			return Item{}, err
		}
		if err = d.store.Add(ctx, rec, it); !errors.Is(err, ErrForgotten) {
			break
		}
		d.recorder.Forget(e.Subject)
	}
	if errors.Is(err, ErrExists) {
		return d.one(ctx, Query{Judgement: e.Why.Judgement})
	}
	it.Version = 1
	return it, told(err, CodeMissing)
}

// Item returns an item.
func (d *Docket) Item(ctx context.Context, id string) (Item, error) {
	if !word(id, "-") {
		return Item{}, invalid("item")
	}
	return d.one(ctx, Query{ID: id})
}

func (d *Docket) one(ctx context.Context, q Query) (Item, error) {
	q.Limit = 1
	list, err := d.store.Items(ctx, q)
	if err == nil && len(list) == 0 {
		err = told(ErrMissing, CodeMissing)
	}
	if err != nil {
		return Item{}, err
	}
	return list[0], nil
}

// Items returns a page of items by identifier, which is the order in which they were entered, and the identifier after
// which the next page begins; it is empty after the last.
func (d *Docket) Items(ctx context.Context, q Query) ([]Item, string, error) {
	if err := q.check(); err != nil {
		return nil, "", err
	}
	limit := page(q.Limit)
	q.Limit = limit + 1
	list, err := d.store.Items(ctx, q)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], list[limit-1].ID, nil
}

// check is for what comes from outside: a query is made of words.
func (q Query) check() error {
	f := q.Filter
	for field, s := range map[string]string{"id": q.ID, "judgement": q.Judgement, "subject": string(q.Subject), "reviewer": q.Reviewer, "after": q.After,
		"category": f.Category, "surface": f.Surface, "function": f.Function} {
		if s != "" && !word(s, ".-_") {
			return invalid(field)
		}
	}
	if !words(f.Queues, "-_") || len(f.Queues) > maxQueues {
		return invalid("queues")
	}
	if !line(q.About) {
		return invalid("about")
	}
	if len(q.States) > len(steps) {
		return invalid("states")
	}
	return nil
}

// Board returns what somebody may take now, in the order in which Next gives it. Nothing is taken.
func (d *Docket) Board(ctx context.Context, by By, f Filter, limit int) ([]Item, error) {
	if err := errors.Join(by.check(), Query{Filter: f}.check()); err != nil {
		return nil, err
	}
	list, err := d.store.Items(ctx, Query{Filter: f, Claim: &Claim{by.ID, by.Senior, d.now()}, Limit: page(limit)})
	for i := range list {
		list[i] = list[i].Blind()
	}
	return list, err
}

// Next takes the most urgent item of those that a reviewer may take, and of these the one with the earliest deadline. It
// reports whether there was one.
func (d *Docket) Next(ctx context.Context, by By, f Filter) (Item, bool, error) {
	for range tries {
		list, err := d.Board(ctx, by, f, tries)
		if err != nil || len(list) == 0 {
			return Item{}, false, err
		}
		for _, found := range list {
			it, err := d.Take(ctx, by, found.ID)
			var e *colophon.Error
			if errors.As(err, &e) && (e.Kind == colophon.Conflict || e.Kind == colophon.Refused) {
				continue // somebody else was first
			}
			return it, err == nil, err
		}
	}
	return Item{}, false, told(ErrChanged, CodeMissing)
}

// Take takes one item. One that the reviewer has already stays his.
func (d *Docket) Take(ctx context.Context, by By, id string) (Item, error) {
	if err := by.check(); err != nil {
		return Item{}, err
	}
	it, err := d.amend(ctx, id, func(it *Item, now time.Time) (act, error) {
		if it.State == Taken && it.Lease.After(now) {
			if it.Reviewer == by.ID {
				return act{}, errDone
			}
			return act{}, refuse(colophon.Conflict, CodeTaken, nil)
		}
		if err := it.to(Taken); err != nil {
			return act{}, err
		}
		switch {
		case !it.Deadline.After(now):
			return act{}, refuse(colophon.Conflict, CodeOverdue, nil)
		case it.handled(by.ID):
			return act{}, refuse(colophon.Refused, CodeOwn, nil)
		case it.Stage == Senior && !by.Senior:
			return act{}, refuse(colophon.Refused, CodeSenior, nil)
		}
		it.Reviewer, it.Lease, it.Seen = by.ID, now.Add(time.Duration(d.plan.Lease)), false
		return act{RecordTaken, by.Role, payload{By: by.ID, Lease: it.Lease.UnixMilli()}}, nil
	})
	return it.Blind(), err
}

// Extend is the sign of life of a reviewer who has an item: the lease begins anew. It returns the end of the lease.
func (d *Docket) Extend(ctx context.Context, by By, id string) (time.Time, error) {
	var err error
	for range tries {
		var it Item
		if it, err = d.Item(ctx, id); err != nil {
			return time.Time{}, err
		}
		if err := it.yours(by); err != nil {
			return time.Time{}, err
		}
		lease := d.now().Add(time.Duration(d.plan.Lease))
		if err = d.store.Extend(ctx, id, it.Version, lease); err == nil {
			return lease, nil
		}
		if !errors.Is(err, ErrChanged) {
			break
		}
	}
	return time.Time{}, told(err, CodeMissing)
}

// yours refuses everybody but who has the item.
func (it *Item) yours(by By) error {
	if it.State != Taken || it.Reviewer != by.ID {
		return refuse(colophon.Refused, CodeNotYours, nil)
	}
	return nil
}

// Return gives an item back undecided.
func (d *Docket) Return(ctx context.Context, by By, id string) (Item, error) {
	it, err := d.amend(ctx, id, func(it *Item, _ time.Time) (act, error) {
		if err := it.yours(by); err != nil {
			return act{}, err
		}
		return act{RecordReturned, by.Role, payload{By: by.ID}}, it.leave()
	})
	return it.Blind(), err
}

// Read returns the content of an item to whoever has it, or to a senior, after that was recorded.
func (d *Docket) Read(ctx context.Context, by By, id string) (Content, error) {
	if err := by.check(); err != nil {
		return Content{}, err
	}
	var c Content
	_, err := d.amend(ctx, id, func(it *Item, _ time.Time) (act, error) {
		err := it.yours(by)
		if err != nil && !by.Senior {
			return act{}, err
		}
		it.Seen = it.Seen || err == nil
		if it.Content != Whole || it.Sealed == nil {
			return act{}, unreadable(it.Content)
		}
		plain, err := d.keys.Unseal(*it.Sealed, sealUse+it.ID)
		if err != nil {
			return act{}, err
		}
		c = Content{}
		return act{RecordRead, by.Role, payload{By: by.ID}}, json.Unmarshal(plain, &c)
	})
	if err != nil {
		return Content{}, err
	}
	return c, nil
}

func unreadable(k Kept) error {
	return refuse(colophon.Refused, CodeUnreadable, colophon.Args{"content": string(k)})
}

func tooLarge() error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeTooLarge, Args: colophon.Args{"limit": strconv.Itoa(MaxText)}}
}

// Figures says how the work stands, and what was done from one time to another, which is not included.
func (d *Docket) Figures(ctx context.Context, from, to time.Time) (Figures, error) {
	return d.store.Figures(ctx, Period{from, to, d.now()})
}

// act is how a change is proven.
type act struct {
	typ     evidence.Type
	role    evidence.Role
	payload payload
}

// amend changes one item. The function sees it as it stands and alters it; it is called again when another change came
// first. With errDone the item stays as it is.
func (d *Docket) amend(ctx context.Context, id string, change func(it *Item, now time.Time) (act, error)) (Item, error) {
	err := ErrChanged
	for range tries {
		it, e := d.Item(ctx, id)
		if e != nil {
			return Item{}, e
		}
		todo, e := change(&it, d.now())
		if errors.Is(e, errDone) {
			return it, nil
		}
		if e != nil {
			return Item{}, e
		}
		if err = d.commit(ctx, it, todo); err == nil {
			it.Version++
			return it, nil
		}
		if errors.Is(err, ErrForgotten) {
			d.recorder.Forget(it.Subject)
		} else if !errors.Is(err, ErrChanged) {
			break
		}
	}
	return Item{}, told(err, CodeMissing)
}

// commit has the store make a change. Nothing is sealed any more for a subject that was erased: such a record is about
// nobody.
func (d *Docket) commit(ctx context.Context, it Item, todo act) error {
	p, subject := todo.payload, it.Subject
	p.Item, p.Judgement, p.Queue, p.Stage = it.ID, it.Why.Judgement, it.Queue, it.Stage
	if it.Content == Erased {
		p.Subject, subject = subject, evidence.System
	}
	rec, err := d.recorder.New(todo.typ, subject, todo.role, clauses(), p)
	if err != nil {
		return err
	}
	return d.store.Amend(ctx, rec, it)
}

func (d *Docket) now() time.Time { return moment(d.recorder.Now()) }

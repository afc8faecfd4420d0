package moderation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Types of records about report duties.
const (
	RecordDutyOpened    evidence.Type = "report-duty.opened"
	RecordDutyFiled     evidence.Type = "report-duty.filed"
	RecordDutyDismissed evidence.Type = "report-duty.dismissed"
)

// DutyState says how far a report duty is.
type DutyState string

// The states of a report duty. It begins as Open; the others are final.
const (
	Open      DutyState = "open"
	Filed     DutyState = "filed"
	Dismissed DutyState = "dismissed"
)

// Hit is a hit on illegal content.
type Hit struct {
	Judgement  string           `json:"judgement"`
	Categories []string         `json:"categories"` // those that the taxonomy calls illegal
	Subject    evidence.Subject `json:"subject"`
	Erased     bool             `json:"erased,omitempty"` // the subject was erased since
}

// Filing says how a report was filed.
type Filing struct {
	Channel    string    `json:"channel"`   // such as 12377, as a lower-case word
	Reference  string    `json:"reference"` // number that the authority gave
	At         time.Time `json:"at"`
	Attachment Digest    `json:"attachment,omitzero"` // of what was handed in
}

// Duty is one report duty (Deep Synthesis Provisions Art. 10 ¶3). Times are UTC in whole milliseconds.
type Duty struct {
	ID         string           `json:"id"` // UUIDv7
	State      DutyState        `json:"state"`
	Judgement  string           `json:"judgement"`
	Categories []string         `json:"categories"`
	Subject    evidence.Subject `json:"subject"`
	Opened     time.Time        `json:"opened"`
	Due        time.Time        `json:"due"`
	Filing     *Filing          `json:"filing,omitempty"`
	Reason     colophon.Code    `json:"reason,omitempty"` // why it was dismissed
	By         string           `json:"by,omitempty"`     // who filed or dismissed
	Closed     time.Time        `json:"closed,omitzero"`
	Erased     bool             `json:"erased,omitempty"` // the subject was erased; filled in by the store
	Version    int64            `json:"version"`
}

// Reports is the worker of report duties. It is safe for use by many goroutines.
type Reports struct {
	store    DutyStore
	recorder *evidence.Recorder
	plan     ReportPlan
}

// NewReports makes a worker of report duties by a plan that was checked.
func NewReports(store DutyStore, recorder *evidence.Recorder, plan ReportPlan) *Reports {
	return &Reports{store, recorder, plan}
}

type dutyPayload struct {
	Duty       string           `json:"duty"`
	Judgement  string           `json:"judgement"`
	Subject    evidence.Subject `json:"subject,omitempty"` // where the record is about the system, since the subject was erased
	Categories []string         `json:"categories,omitempty"`
	Due        int64            `json:"due,omitempty"`
	By         string           `json:"by,omitempty"`
	Channel    string           `json:"channel,omitempty"`
	Reference  string           `json:"reference,omitempty"`
	At         int64            `json:"at,omitempty"`
	Attachment Digest           `json:"attachment,omitzero"`
	Reason     colophon.Code    `json:"reason,omitempty"`
	Note       string           `json:"note,omitempty"`
}

// Open opens the duty to report a hit. A judgement has one duty: where it has one already, that is the answer.
func (r *Reports) Open(ctx context.Context, role evidence.Role, h Hit) (Duty, error) {
	switch {
	case !word(h.Judgement, "-_."):
		return Duty{}, invalid("judgement")
	case len(h.Categories) == 0 || len(h.Categories) > MaxFindings || !words(h.Categories, "-_"):
		return Duty{}, invalid("categories")
	case !word(string(h.Subject), "-_"):
		return Duty{}, invalid("subject")
	}
	id, err := r.recorder.NewID()
	if err != nil {
		return Duty{}, err
	}
	now := moment(r.recorder.Now())
	d := Duty{ID: id, State: Open, Judgement: h.Judgement, Categories: slices.Compact(slices.Sorted(slices.Values(h.Categories))), Subject: h.Subject, Erased: h.Erased,
		Opened: now, Due: now.Add(within(r.plan.Deadline, r.plan.Deadlines, h.Categories))}
	p := dutyPayload{Categories: d.Categories, Due: d.Due.UnixMilli()}
	for range tries {
		if err = r.commit(RecordDutyOpened, role, d, p, func(rec evidence.Record) error { return r.store.AddDuty(ctx, rec, d) }); !errors.Is(err, ErrForgotten) {
			break
		}
		r.recorder.Forget(d.Subject)
	}
	if errors.Is(err, ErrExists) {
		return r.one(ctx, DutyQuery{Judgement: h.Judgement})
	}
	d.Version = 1
	return d, told(err, CodeNoDuty)
}

// commit makes the record of a change and has the store make both.
func (r *Reports) commit(typ evidence.Type, role evidence.Role, d Duty, p dutyPayload, change func(evidence.Record) error) error {
	p.Duty, p.Judgement = d.ID, d.Judgement
	subject := d.Subject
	if d.Erased {
		p.Subject, subject = subject, evidence.System
	}
	rec, err := r.recorder.New(typ, subject, role, clauses(), p)
	if err != nil {
		return err
	}
	return change(rec)
}

// File says that a report was filed, and how.
func (r *Reports) File(ctx context.Context, by By, id string, f Filing) (Duty, error) {
	f.At = moment(f.At.UnixMilli())
	switch {
	case !word(f.Channel, "-_."):
		return Duty{}, invalid("channel")
	case f.Reference == "" || !line(f.Reference):
		return Duty{}, invalid("reference")
	case f.At.UnixMilli() <= 0 || f.At.After(moment(r.recorder.Now())):
		return Duty{}, invalid("at")
	}
	p := dutyPayload{Channel: f.Channel, Reference: f.Reference, At: f.At.UnixMilli(), Attachment: f.Attachment}
	return r.settle(ctx, by, id, RecordDutyFiled, p, func(d *Duty) { d.State, d.Filing = Filed, &f })
}

// Dismissal says why nothing is to be filed.
type Dismissal struct {
	Reason colophon.Code `json:"reason"` // a code, such as false-hit
	Note   string        `json:"note"`   // the same in prose; it stands in the sealed payload of the record alone
}

// Dismiss says that nothing is to be filed, and why.
func (r *Reports) Dismiss(ctx context.Context, by By, id string, why Dismissal) (Duty, error) {
	switch {
	case !word(string(why.Reason), ".-"):
		return Duty{}, invalid("reason")
	case why.Note == "" || !note(why.Note):
		return Duty{}, invalid("note")
	}
	return r.settle(ctx, by, id, RecordDutyDismissed, dutyPayload{Reason: why.Reason, Note: why.Note}, func(d *Duty) { d.State, d.Reason = Dismissed, why.Reason })
}

// settle closes a duty. The change is made again when another came first.
func (r *Reports) settle(ctx context.Context, by By, id string, typ evidence.Type, p dutyPayload, change func(*Duty)) (Duty, error) {
	if err := by.check(); err != nil {
		return Duty{}, err
	}
	if !by.Reporter {
		return Duty{}, refuse(colophon.Refused, CodeReporter, nil)
	}
	p.By = by.ID
	err := ErrChanged
	for range tries {
		d, e := r.Duty(ctx, id)
		if e != nil {
			return Duty{}, e
		}
		if d.State != Open {
			return Duty{}, refuse(colophon.Conflict, CodeDutyClosed, colophon.Args{"state": string(d.State)})
		}
		change(&d)
		d.By, d.Closed = by.ID, moment(r.recorder.Now())
		if err = r.commit(typ, by.Role, d, p, func(rec evidence.Record) error { return r.store.AmendDuty(ctx, rec, d) }); err == nil {
			d.Version++
			return d, nil
		}
		if errors.Is(err, ErrForgotten) {
			r.recorder.Forget(d.Subject)
		} else if !errors.Is(err, ErrChanged) {
			break
		}
	}
	return Duty{}, told(err, CodeNoDuty)
}

// Duty returns a report duty.
func (r *Reports) Duty(ctx context.Context, id string) (Duty, error) {
	if !word(id, "-") {
		return Duty{}, invalid("duty")
	}
	return r.one(ctx, DutyQuery{ID: id})
}

func (r *Reports) one(ctx context.Context, q DutyQuery) (Duty, error) {
	q.Limit = 1
	list, err := r.store.Duties(ctx, q)
	if err == nil && len(list) == 0 {
		err = told(ErrMissing, CodeNoDuty)
	}
	if err != nil {
		return Duty{}, err
	}
	return list[0], nil
}

// Duties returns a page of duties by identifier, which is the order in which they were opened, and the identifier after
// which the next page begins.
func (r *Reports) Duties(ctx context.Context, q DutyQuery) ([]Duty, string, error) {
	for field, s := range map[string]string{"id": q.ID, "judgement": q.Judgement, "state": string(q.State), "after": q.After} {
		if s != "" && !word(s, ".-_") {
			return nil, "", invalid(field)
		}
	}
	limit := page(q.Limit)
	q.Limit = limit + 1
	list, err := r.store.Duties(ctx, q)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], list[limit-1].ID, nil
}

// Overdue returns a page of the open duties whose time is over.
func (r *Reports) Overdue(ctx context.Context, after string, limit int) ([]Duty, string, error) {
	return r.Duties(ctx, DutyQuery{Overdue: moment(r.recorder.Now()), After: after, Limit: limit})
}

package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/paper"
)

// Event is one entry of a timeline. It leads to no person.
type Event struct {
	ID       string    `json:"-"`
	Incident string    `json:"incident"`
	Source   string    `json:"source"`           // order, measure, alert and the like; "staff" for what people enter
	Of       string    `json:"of,omitempty"`     // identifier of what tells it
	What     string    `json:"what,omitempty"`   // what happened to it, as a word such as order.issued
	At       time.Time `json:"at"`               // when it happened
	Noted    time.Time `json:"noted"`            // when it was entered
	By       string    `json:"by,omitempty"`     // staff account
	Record   string    `json:"record,omitempty"` // record that proves it
}

// Note is what is sealed of an entry that somebody wrote.
type Note struct {
	Text string `json:"text"`
}

// Happening is something that a feed tells.
type Happening struct {
	Source string
	ID     string // of what it happened to; with What it is told once
	What   string
	At     time.Time
	Record string
}

// Feed tells what happened to things that an incident is about: orders, measures, alerts. What it tells twice counts once.
type Feed interface {
	// Happened returns what happened since a time that has to do with some things. The incident itself is among them.
	Happened(ctx context.Context, about []Ref, since time.Time) ([]Happening, error)
}

// staffSource is the source of what people enter; no feed may have it.
const staffSource = "staff"

// maxHappenings is how much of what one feed tells of one incident is taken at a time. The rest is taken the next time.
const maxHappenings = 1000

// eventPayload is the payload of the records of a timeline, which is sealed.
type eventPayload struct {
	Event Event  `json:"event"`
	By    string `json:"by,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Enter enters what somebody knows into the timeline. It may have happened before the incident was known.
func (k *Keeper) Enter(ctx context.Context, by ledger.By, id string, at time.Time, text string) (Event, error) {
	now := k.incidents.Now()
	if at = moment(at); at.IsZero() {
		at = now
	}
	switch {
	case !paper.Prose(text, maxProse):
		return Event{}, invalid("text")
	case at.After(now) || at.UnixMilli() <= 0:
		return Event{}, invalid("at")
	}
	if err := person(by); err != nil {
		return Event{}, err
	}
	return k.enter(ctx, by, id, Event{Source: staffSource, At: at, By: by.ID}, text)
}

func (k *Keeper) enter(ctx context.Context, by ledger.By, id string, v Event, text string) (Event, error) {
	e, err := k.incidents.Get(ctx, id)
	if err != nil {
		return Event{}, err
	}
	v.Incident, v.Noted = id, k.incidents.Now()
	keys := []ledger.Key{{Name: keyIncident, Value: id}}
	var secret any
	if v.Source == staffSource {
		secret = Note{text}
	} else {
		keys = append(keys, ledger.Key{Name: keyOnce, Value: strings.Join([]string{id, v.Source, v.Of, v.What}, " "), Unique: true})
	}
	added, err := k.events.Add(ctx, ledger.Entry[Event]{Subject: e.Subject, State: "entered", Value: v, Keys: keys}, secret,
		ledger.Act{Type: RecordNoted, Role: by.Role, Clauses: clauses(), Payload: eventPayload{v, by.ID, text}})
	v.ID = added.ID
	return v, err
}

// Take enters what happened elsewhere into the timeline. Taken again it changes nothing, and reports false.
func (k *Keeper) Take(ctx context.Context, id string, h Happening) (bool, error) {
	switch {
	case !paper.Word(h.Source) || h.Source == staffSource:
		return false, invalid("source")
	case !paper.Word(h.ID):
		return false, invalid("of")
	case !paper.Word(h.What):
		return false, invalid("what")
	case h.At.UnixMilli() <= 0:
		return false, invalid("at")
	case h.Record != "" && !paper.Word(h.Record):
		return false, invalid("record")
	}
	_, err := k.enter(ctx, ledger.By{Role: "system"}, id, Event{Source: h.Source, Of: h.ID, What: h.What, At: moment(h.At), Record: h.Record}, "")
	if errors.Is(err, ledger.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// Follow asks the feeds what happened to the things that an incident is about, since it began or was known. What one of them
// can't tell is an error; what it told beside that is taken, and the others are asked all the same.
func (k *Keeper) Follow(ctx context.Context, id string) error {
	v, err := k.Incident(ctx, id)
	if err != nil {
		return err
	}
	since := v.Knew
	if !v.Began.IsZero() && v.Began.Before(since) {
		since = v.Began
	}
	lines, err := k.timeline(ctx, id, false)
	if err != nil {
		return err
	}
	type once struct{ source, of, what string }
	told := map[once]bool{}
	for _, l := range lines {
		told[once{l.Source, l.Of, l.What}] = true
	}
	about := append(slices.Clone(v.About), Ref{"incident", id})
	var failed error
	for _, feed := range k.config.Feeds {
		list, err := feed.Happened(ctx, about, since)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("asking a feed about incident %s: %w", id, err))
		}
		taken := 0
		for _, h := range list {
			if taken == maxHappenings {
				break
			}
			if told[once{h.Source, h.ID, h.What}] {
				continue
			}
			taken++
			if _, err := k.Take(ctx, id, h); err != nil {
				failed = errors.Join(failed, fmt.Errorf("taking what a feed told of incident %s: %w", id, err))
			}
		}
	}
	return failed
}

// Line is an entry of a timeline as a person reads it.
type Line struct {
	Event
	Text string      // of what people wrote, where it is read
	Kept ledger.Kept // whether the text can be read
}

// Timeline returns the timeline of an incident by the times at which things happened, without what people wrote.
func (k *Keeper) Timeline(ctx context.Context, id string) ([]Line, error) {
	if _, err := k.incidents.Get(ctx, id); err != nil {
		return nil, err
	}
	return k.timeline(ctx, id, false)
}

// ReadTimeline opens all that people wrote of an incident, for a person, after that was recorded as one reading of it: the
// particulars, and the timeline with its notes.
func (k *Keeper) ReadTimeline(ctx context.Context, by ledger.By, id string) (Particulars, []Line, error) {
	_, words, err := k.Read(ctx, by, id)
	if err != nil {
		return Particulars{}, nil, err
	}
	lines, err := k.timeline(ctx, id, true)
	return words, lines, err
}

func (k *Keeper) timeline(ctx context.Context, id string, texts bool) ([]Line, error) {
	var list []Line
	err := k.events.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyIncident, Value: id}}}, func(e ledger.Entry[Event]) error {
		l := Line{Event: e.Value, Kept: e.Kept}
		l.ID = e.ID
		if texts {
			var n Note
			if _, err := k.events.Open(e, &n); err != nil {
				return err
			}
			l.Text = n.Text
		}
		list = append(list, l)
		return nil
	})
	slices.SortStableFunc(list, func(a, b Line) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return list, err
}

// erased is the error that what was sealed can't be read any more.
func erased() error { return refuse(colophon.Conflict, CodeErased, nil) }

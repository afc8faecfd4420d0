package moderation

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Decision is what a person decides about an item.
type Decision string

// The decisions.
const (
	Release       Decision = "release"
	Refuse        Decision = "refuse"
	RefuseMeasure Decision = "refuse-and-measure" // refuse, and propose a measure against the account
	Escalate      Decision = "escalate"           // leave it to a senior
)

// Decisions lists the decisions.
func Decisions() []Decision { return []Decision{Release, Refuse, RefuseMeasure, Escalate} }

// Kept says whether the content of an item can still be read.
type Kept string

// What became of a content.
const (
	Whole      Kept = "whole"
	Restricted Kept = "restricted" // the subject's data is restricted to storage; nobody reads it
	Erased     Kept = "erased"     // the subject was erased
	Ended      Kept = "ended"      // its time was over
)

// Finding is one thing that was found: by which rule and where, never what.
type Finding struct {
	Rule     string `json:"rule"`              // identifier of the feature, or name of the check
	Category string `json:"category"`          // of the taxonomy
	Level    string `json:"level"`             // note, review, block, or unknown: the check did not run
	High     bool   `json:"high,omitempty"`    // the taxonomy calls the category one of high risk
	Illegal  bool   `json:"illegal,omitempty"` // the taxonomy calls it illegal content
	Part     string `json:"part,omitempty"`    // such as messages.3.content
	Start    int64  `json:"start,omitempty"`   // in bytes of the part
	End      int64  `json:"end,omitempty"`
}

// Why says why an item waits.
type Why struct {
	Judgement string    `json:"judgement"` // identifier; an item for each
	Action    string    `json:"action"`    // what the policy decided
	Findings  []Finding `json:"findings"`
	More      int       `json:"more,omitempty"`    // findings that were left out
	Rows      []string  `json:"rows,omitempty"`    // identifiers of the rows of the policy
	Library   string    `json:"library,omitempty"` // versions
	Policy    string    `json:"policy,omitempty"`
}

// Categories returns the categories of the findings, each once, in order.
func (w Why) Categories() []string {
	var list []string
	for _, f := range w.Findings {
		list = append(list, f.Category)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// weight is how urgent one finding is, 10 to 100: by its level, and more where the category is of high risk or illegal. A
// check that did not run weighs as much as one that asks for a review.
func (f Finding) weight() int {
	w := map[string]int{"note": 10, "review": 30, "unknown": 30, "block": 50}[f.Level]
	if w == 0 {
		return 0 // not a level
	}
	if f.High {
		w += 20
	}
	if f.Illegal {
		w += 30
	}
	return w
}

// Priority is how urgent an item is, 0 to 100: as urgent as its weightiest finding. Nothing else makes one.
func (w Why) Priority() int {
	most := 0
	for _, f := range w.Findings {
		most = max(most, f.weight())
	}
	return most
}

// Content is what waits. With neither text nor blob it lies with whoever entered it, who finds it by Entry.About, and who
// MUST show it to nobody before [Docket.Read] returned.
type Content struct {
	Format string `json:"format"`         // media type, or a word of the caller's
	Text   []byte `json:"text,omitempty"` // small content
	Blob   string `json:"blob,omitempty"` // reference of a sealed blob
	Key    []byte `json:"key,omitempty"`  // its key, 32 bytes
}

func (c Content) check() error {
	switch {
	case len(c.Text) > MaxText:
		return tooLarge()
	case c.Format == "" || !line(c.Format):
		return invalid("format")
	case c.Blob != "" && (!line(c.Blob) || len(c.Key) != blobKey), c.Blob == "" && len(c.Key) > 0:
		return invalid("blob")
	}
	return nil
}

// Entry is what is entered.
type Entry struct {
	Subject  evidence.Subject // pseudonym of the account
	Surface  string           // input, output or upload
	Function string           // the function that it is of
	Queue    string           // empty for the one that the plan says
	About    string           // what waits, for whoever will act on the decision, such as a content number; no personal data
	Why      Why
	Content  Content
}

func (e Entry) check() error {
	switch {
	case !word(string(e.Subject), "-_"):
		return invalid("subject")
	case !word(e.Surface, "-_"):
		return invalid("surface")
	case !word(e.Function, ".-_"):
		return invalid("function")
	case !line(e.About):
		return invalid("about")
	case !word(e.Why.Judgement, "-_."):
		return invalid("judgement")
	case !word(e.Why.Action, "-_"):
		return invalid("action")
	case !line(e.Why.Library):
		return invalid("library")
	case !line(e.Why.Policy):
		return invalid("policy")
	case len(e.Why.Rows) > MaxFindings || slices.ContainsFunc(e.Why.Rows, func(r string) bool { return !line(r) }):
		return invalid("rows")
	}
	for _, f := range e.Why.Findings {
		if f.weight() == 0 || f.Rule == "" || !line(f.Rule) || !word(f.Category, "-_") || !line(f.Part) || f.Start < 0 || f.End < f.Start {
			return invalid("findings")
		}
	}
	if len(e.Content.Text) == 0 && e.Content.Blob == "" && e.About == "" {
		return invalid("about")
	}
	return e.Content.check()
}

// weightiest keeps the findings that weigh most, and of each category and level one at least: who must confirm, and what is
// to be reported, goes by them.
func (w Why) weightiest() Why {
	if len(w.Findings) <= MaxFindings {
		return w
	}
	list := slices.Clone(w.Findings)
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(b.weight(), a.weight()) })
	type kind struct{ category, level string }
	seen := map[kind]bool{}
	var one, more []Finding
	for _, f := range list {
		k := kind{f.Category, f.Level}
		if seen[k] {
			more = append(more, f)
			continue
		}
		seen[k] = true
		one = append(one, f)
	}
	w.Findings, w.More = append(one, more...)[:MaxFindings], w.More+len(list)-MaxFindings
	return w
}

// Opinion is what one person decided about an item.
type Opinion struct {
	By       string    `json:"by"` // staff account
	Stage    Stage     `json:"stage"`
	Decision Decision  `json:"decision"`
	Reason   string    `json:"reason,omitempty"`
	Measure  string    `json:"measure,omitempty"`
	At       time.Time `json:"at"`
}

// agrees reports whether two opinions come to the same.
func (o Opinion) agrees(p Opinion) bool { return o.Decision == p.Decision && o.Measure == p.Measure }

// Item is one thing that waits for a person, or waited. Times are UTC in whole milliseconds; one that is not yet is zero.
type Item struct {
	ID       string           `json:"id"` // UUIDv7
	State    State            `json:"state"`
	Stage    Stage            `json:"stage"`
	Queue    string           `json:"queue"`
	Priority int              `json:"priority"`
	Deadline time.Time        `json:"deadline"`
	Subject  evidence.Subject `json:"subject"`
	Surface  string           `json:"surface"`
	Function string           `json:"function"`
	About    string           `json:"about,omitempty"`
	Why      Why              `json:"why"`
	Content  Kept             `json:"content"`            // filled in by the store
	Reviewer string           `json:"reviewer,omitempty"` // who has it
	Lease    time.Time        `json:"lease,omitzero"`
	Seen     bool             `json:"seen"` // whoever has it has read it
	// Opinions MUST NOT be shown to whoever is to decide again.
	Opinions   []Opinion     `json:"opinions,omitempty"`
	Outcome    Decision      `json:"outcome,omitempty"`
	Reason     colophon.Code `json:"reason,omitempty"`
	Measure    string        `json:"measure,omitempty"`    // proposed, not taken
	Overturned bool          `json:"overturned,omitempty"` // the outcome is not what the first person decided
	Created    time.Time     `json:"created"`
	Decided    time.Time     `json:"decided,omitzero"` // or expired
	Acted      time.Time     `json:"acted,omitzero"`   // whoever waited acted on the outcome
	// Ends is when the content goes: set when the item is closed, past once the subject was erased, zero again once it went.
	Ends    time.Time `json:"content_ends,omitzero"`
	Version int64     `json:"version"` // counted by the store from 1

	Sealed *evidence.Sealed `json:"-"` // the content; nil once it ended
	Blob   string           `json:"-"` // reference of the blob that belongs to it
}

// Blind returns the item as it is shown to somebody who is to decide about it: without what others decided.
func (it Item) Blind() Item {
	it.Opinions = nil
	return it
}

// first is the first opinion that is a decision, or nil.
func (it *Item) first() *Opinion {
	i := slices.IndexFunc(it.Opinions, func(o Opinion) bool { return o.Decision != Escalate })
	if i < 0 {
		return nil
	}
	return &it.Opinions[i]
}

// handled reports whether somebody gave an opinion about the item already.
func (it *Item) handled(by string) bool {
	return slices.ContainsFunc(it.Opinions, func(o Opinion) bool { return o.By == by })
}

// Digest is a SHA-256; the zero value stands for none. In JSON it is hexadecimal text.
type Digest [32]byte

// MarshalText writes hexadecimal digits, or nothing for none.
func (d Digest) MarshalText() ([]byte, error) {
	if d == (Digest{}) {
		return nil, nil
	}
	return []byte(hex.EncodeToString(d[:])), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Digest) UnmarshalText(text []byte) error {
	*d = Digest{}
	if len(text) == 0 {
		return nil
	}
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(d) || strings.ToLower(string(text)) != string(text) {
		return invalid("digest")
	}
	*d = Digest(raw)
	return nil
}

package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Kept is what the record of a decision holds.
type Kept struct {
	Rules    string          `json:"rules"`
	By       string          `json:"by,omitempty"`
	Question Question        `json:"question"`
	View     View            `json:"view"`
	Decision json.RawMessage `json:"decision"` // canonical JSON of a [Decision]
}

// record makes the record of a decision. It cites the clauses of what refused it, or that of real identity.
func (g *Gate) record(by ledger.By, v View, q Question, d Decision) (evidence.Record, error) {
	text, err := evidence.Canonical(d)
	if err != nil {
		return evidence.Record{}, err
	}
	return g.c.Recorder.New(RecordDecided, q.Account, by.Role, d.clauses(), Kept{Rules, by.ID, q, v, text})
}

// note keeps the record of a decision, and returns its identifier.
func (g *Gate) note(ctx context.Context, by ledger.By, v View, q Question, d Decision) (string, error) {
	keep := func() (string, error) {
		rec, err := g.record(by, v, q, d)
		if err != nil {
			return "", err
		}
		return rec.ID, g.c.Journal.Note(ctx, rec, abouts(q, d)...)
	}
	id, err := keep()
	if errors.Is(err, ledger.ErrForgotten) {
		g.c.Recorder.Forget(q.Account)
		id, err = keep()
	}
	return id, err
}

// clauses are what the record of a decision cites: each clause for which it was refused, once.
func (d Decision) clauses() []colophon.Clause {
	list, seen := []colophon.Clause{}, map[colophon.Clause]bool{}
	for _, c := range d.Refusals() {
		for _, clause := range c.Clauses {
			if !seen[clause] {
				seen[clause] = true
				list = append(list, clause)
			}
		}
	}
	if len(list) == 0 {
		list = append(list, colophon.ClauseDS9)
	}
	return list
}

// Words under which the records of decisions are found.
const (
	About        = "admission"          // all
	AboutRefused = "admission-refused"  // refusals
	aboutAccount = "admission-account-" // and the pseudonym
)

// AboutAccount is the word under which the decisions about an account are found.
func AboutAccount(s evidence.Subject) string { return aboutAccount + string(s) }

func abouts(q Question, d Decision) []string {
	list := []string{About, AboutAccount(q.Account)}
	if !d.Allow {
		list = append(list, AboutRefused)
	}
	return list
}

// Replayed is what came of deciding anew.
type Replayed struct {
	Kept     Kept
	Decision Decision // by the rules of now
	Same     bool     // to the last byte
}

// Replay decides again from the payload of a record. Where the record was made by other rules the error says so, and the
// decision is that of the rules of now.
func Replay(payload []byte) (Replayed, error) {
	var r Replayed
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r.Kept); err != nil || r.Kept.Rules == "" {
		return r, &colophon.Error{Kind: colophon.Invalid, Code: CodeNoDecision, Err: err}
	}
	r.Decision = Decide(r.Kept.View, r.Kept.Question)
	text, err := evidence.Canonical(r.Decision)
	if err != nil {
		return r, err
	}
	r.Same = bytes.Equal(text, r.Kept.Decision)
	if r.Kept.Rules != Rules {
		return r, &colophon.Error{Kind: colophon.Conflict, Code: CodeRules, Args: colophon.Args{"then": r.Kept.Rules, "now": Rules}}
	}
	return r, nil
}

// Archive reads records.
type Archive interface {
	// RecordsAbout returns records that are about a word, with a sequence above after, in order.
	RecordsAbout(ctx context.Context, thing string, after uint64, limit int) ([]evidence.Held, error)
	Payload(ctx context.Context, id string) (evidence.Opening, error)
}

// Past is a decision as its record tells it.
type Past struct {
	Record   string
	Sequence uint64
	At       time.Time
	Subject  evidence.Subject
	Verdict  colophon.Verdict // Passed where it was allowed; Unknown where the payload can't be read
	Kept     Kept
	Codes    []colophon.Code // for what it was refused
	// Unread is why the payload can't be read; empty where it was. The subject was erased, or the period is over.
	Unread colophon.Code
}

// History returns decisions in order: of an account where subject is not empty, and refusals alone where refused is set.
// Both together are those of the account that were refused, so a page may hold less than limit; next is where the next page
// begins, 0 after the last.
func History(ctx context.Context, a Archive, subject evidence.Subject, refused bool, after uint64, limit int) (list []Past, next uint64, err error) {
	about := About
	if subject != "" {
		about = AboutAccount(subject)
	} else if refused {
		about = AboutRefused
	}
	records, err := a.RecordsAbout(ctx, about, after, limit)
	if err != nil {
		return nil, 0, err
	}
	for _, rec := range records {
		p := Past{Record: rec.ID, Sequence: rec.Sequence, At: rec.Time(), Subject: rec.Subject}
		opening, err := a.Payload(ctx, rec.ID)
		if code, gone := ended(err); gone {
			p.Unread = code
		} else if err != nil {
			return nil, 0, err
		} else if err := p.read(opening.Payload); err != nil {
			return nil, 0, err
		}
		if !refused || p.Verdict != colophon.Passed {
			list = append(list, p)
		}
	}
	if len(records) == limit {
		next = records[limit-1].Sequence
	}
	return list, next, nil
}

func (p *Past) read(payload []byte) error {
	if err := json.Unmarshal(payload, &p.Kept); err != nil {
		return err
	}
	var d struct {
		Allow      bool
		Conditions []struct {
			Refuses bool
			Code    colophon.Code
		}
	}
	if err := json.Unmarshal(p.Kept.Decision, &d); err != nil {
		return err
	}
	p.Verdict = map[bool]colophon.Verdict{true: colophon.Passed, false: colophon.Failed}[d.Allow]
	for _, c := range d.Conditions {
		if c.Refuses {
			p.Codes = append(p.Codes, c.Code)
		}
	}
	return nil
}

// ended reports whether an error says that a payload may not be read, or can't be any more.
func ended(err error) (colophon.Code, bool) {
	var e *colophon.Error
	if errors.As(err, &e) && (e.Kind == colophon.Missing || e.Kind == colophon.Refused) {
		return e.Code, true
	}
	return "", false
}

package pack

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/paper"
	"github.com/colophon-project/colophon/internal/workday"
)

// Names of keys.
const (
	keyNumber = "number"
	keyYear   = "year"
	keyForm   = "form"
	keyCase   = "case"
	keyDuty   = "duty"
	keyRefute = "refutation"
	keyAmends = "amends" // of packs that are not dismissed: one amendment of each
	keyBlob   = "blob"
	keyOnce   = "once"
)

// tries is how often a change is tried when others are faster.
const tries = 16

// Draft is what a pack is made of.
type Draft struct {
	Form    string
	Subject evidence.Subject // whom it is about; empty for nobody
	About   About
	Facts   Facts
	Said    []Said
	// Once names what the pack is made for: drafted again for the same, the pack is the first one. Empty for none.
	Once string
}

func read(e Entry) Pack {
	p := e.Value
	p.ID, p.Subject, p.State, p.Made, p.Kept = e.ID, e.Subject, State(e.State), e.Made, e.Kept
	return p
}

// payload is the payload of the records, which is sealed. Times are milliseconds since 1970.
type payload struct {
	Pack      string        `json:"pack"`
	Number    string        `json:"number"`
	State     State         `json:"state"`
	By        string        `json:"by,omitempty"`
	Form      string        `json:"form"`
	About     About         `json:"about"`
	SHA256    string        `json:"sha256"`
	Before    string        `json:"before,omitempty"`
	Amends    string        `json:"amends,omitempty"`
	Open      []string      `json:"open,omitempty"`
	Channel   string        `json:"channel,omitempty"`
	Reference string        `json:"reference,omitempty"`
	At        int64         `json:"at,omitempty"`
	Proofs    []string      `json:"proofs,omitempty"` // digests of those that were added
	Reason    colophon.Code `json:"reason,omitempty"`
	Note      string        `json:"note,omitempty"`
}

func (k *Keeper) act(typ evidence.Type, by ledger.By, e *Entry, p payload) ledger.Act {
	v := e.Value
	p.Pack, p.Number, p.State, p.By, p.Form, p.About, p.SHA256, p.Before, p.Amends = e.ID, v.Number, State(e.State), by.ID, v.Form, v.About, v.SHA256, v.Before, v.Amends
	return ledger.Act{Type: typ, Role: by.Role, Clauses: k.forms[v.Form].Clauses, Payload: p}
}

func (a About) check() error {
	for field, s := range map[string]string{keyCase: a.Case, keyDuty: a.Duty, keyRefute: a.Refutation} {
		if s != "" && !paper.Word(s) {
			return invalid(field)
		}
	}
	return nil
}

// Draft makes a pack. The system may do it too, as when a report duty is opened.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, d Draft) (Pack, error) {
	form, ok := k.forms[d.Form]
	switch {
	case !ok:
		return Pack{}, badForm(d.Form, "id")
	case d.Subject != "" && !paper.Word(string(d.Subject)):
		return Pack{}, invalid("subject")
	case d.Once != "" && !paper.Word(d.Once):
		return Pack{}, invalid("once")
	}
	said, err := answered(nil, d.Said)
	if err = errors.Join(d.About.check(), d.Facts.check(), err); err != nil {
		return Pack{}, err
	}
	e := Entry{Subject: d.Subject, Value: Pack{Part: 1, Form: d.Form, About: d.About}}
	if d.Once != "" {
		e.Keys = []ledger.Key{{Name: keyOnce, Value: d.Once, Unique: true}}
	}
	return k.add(ctx, by, form, e, "", d.Facts, said)
}

// Amend makes a pack that amends one that was filed. Its facts are all that is known now, not the changes alone; what people
// said of the one before counts for it too.
func (k *Keeper) Amend(ctx context.Context, by ledger.By, id string, facts Facts, more ...Said) (Pack, error) {
	if err := facts.check(); err != nil {
		return Pack{}, err
	}
	last, err := k.book.Get(ctx, id)
	if err != nil {
		return Pack{}, err
	}
	p := last.Value
	if last.State != string(Filed) {
		return Pack{}, stuck(last.State, Amended)
	}
	form, ok := k.forms[p.Form]
	if !ok {
		return Pack{}, badForm(p.Form, "id")
	}
	if last.Kept != ledger.Whole {
		return Pack{}, refuse(colophon.Conflict, CodeErased, nil)
	}
	if n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyAmends, Value: id}}}); err != nil || n > 0 {
		return Pack{}, cmp.Or(err, refuse(colophon.Conflict, CodeAmended, nil))
	}
	var s Particulars
	if ok, err := k.book.Open(last, &s); err != nil || !ok {
		return Pack{}, cmp.Or(err, refuse(colophon.Conflict, CodeErased, nil))
	}
	said, err := answered(s.Said, more)
	if err != nil {
		return Pack{}, err
	}
	e := Entry{Subject: last.Subject, Value: Pack{Part: p.Part + 1, Form: p.Form, About: p.About, Amends: id, Before: p.SHA256}}
	return k.add(ctx, by, form, e, p.Number, facts, said)
}

// add gives a pack the next number of the year and keeps it.
func (k *Keeper) add(ctx context.Context, by ledger.By, form Form, e Entry, amends string, facts, said Facts) (Pack, error) {
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Pack{}, err
	}
	e.ID, e.State = id, string(Drafted)
	once := e.Keys
	if by.Role != "system" {
		e.Value.Author = by.ID
	}
	year := strconv.Itoa(k.book.Now().In(workday.Beijing()).Year())
	for range tries {
		n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyYear, Value: year}}})
		if err != nil {
			return Pack{}, err
		}
		e.Value.Number = fmt.Sprintf("%s-%04d", year, n+1)
		document, err := k.write(&e, form, amends, facts.with(said))
		if err != nil {
			return Pack{}, err
		}
		e.Keys = append(keys(e.Value, year), once...)
		added, err := k.book.Add(ctx, e, Particulars{Document: document, Said: said}, k.act(RecordDrafted, by, &e, payload{Open: e.Value.Open}))
		if !errors.Is(err, ledger.ErrExists) {
			return read(added), err
		}
		if before := e.Value.Amends; before != "" {
			if n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyAmends, Value: before}}}); err != nil || n > 0 {
				return Pack{}, cmp.Or(err, refuse(colophon.Conflict, CodeAmended, nil))
			}
		}
		if len(once) > 0 {
			first, _, err := k.book.Page(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOnce, Value: once[0].Value}}, Limit: 1})
			if err != nil || len(first) > 0 {
				return only(first), err
			}
		}
	}
	return Pack{}, refuse(colophon.Conflict, ledger.CodeChanged, nil)
}

// only is the first pack of a list; the zero value of an empty one.
func only(list []Entry) Pack {
	if len(list) == 0 {
		return Pack{}
	}
	return read(list[0])
}

func keys(p Pack, year string) []ledger.Key {
	list := []ledger.Key{{Name: keyNumber, Value: p.Number, Unique: true}, {Name: keyYear, Value: year}, {Name: keyForm, Value: p.Form}}
	for name, s := range map[string]string{keyCase: p.About.Case, keyDuty: p.About.Duty, keyRefute: p.About.Refutation} {
		if s != "" {
			list = append(list, ledger.Key{Name: name, Value: s})
		}
	}
	if p.Amends != "" {
		list = append(list, ledger.Key{Name: keyAmends, Value: p.Amends, Unique: true})
	}
	return list
}

// write makes the document of a pack, and notes in the pack what it comes to.
func (k *Keeper) write(e *Entry, form Form, amends string, facts Facts) (string, error) {
	digest, err := form.digest()
	if err != nil {
		return "", err
	}
	p := &e.Value
	d := Document{Schema, p.Number, p.Part, amends, p.Before, k.book.Now(), FormRef{form.ID, digest, form.Names, form.Authority, form.Basis}, p.About, form.fill(facts)}
	p.Known, p.None, p.Unknown, p.Open = 0, 0, 0, nil
	for _, a := range d.Fields {
		switch a.Certainty {
		case Known:
			p.Known++
		case None:
			p.None++
		case Unknown:
			p.Unknown++
			if a.Required {
				p.Open = append(p.Open, a.ID)
			}
		}
	}
	raw, err := evidence.Canonical(d)
	if err == nil && len(raw) > MaxDocument {
		err = invalid("facts")
	}
	p.SHA256 = paper.Sum(raw)
	return string(raw), err
}

// Fill makes the document of a draft anew, of all that is known now and of what people said of it, now or before.
func (k *Keeper) Fill(ctx context.Context, by ledger.By, id string, facts Facts, more ...Said) (Pack, error) {
	if err := facts.check(); err != nil {
		return Pack{}, err
	}
	return k.change(ctx, id, Drafted, func(e *Entry, s *Particulars) (ledger.Act, error) {
		form, ok := k.forms[e.Value.Form]
		if !ok {
			return ledger.Act{}, badForm(e.Value.Form, "id")
		}
		var old Document
		if err := paper.Strict([]byte(s.Document), &old, MaxDocument); err != nil {
			return ledger.Act{}, err
		}
		var err error
		if s.Said, err = answered(s.Said, more); err != nil {
			return ledger.Act{}, err
		}
		s.Document, err = k.write(e, form, old.Amends, facts.with(s.Said))
		return k.act(RecordFilled, by, e, payload{Open: e.Value.Open}), err
	}, Drafted)
}

func stuck(from string, to State) error {
	return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": from, "to": string(to)})
}

// change changes a pack that is in one of some states, with what is sealed in it. Without a state to go to it keeps its own.
func (k *Keeper) change(ctx context.Context, id string, to State, fn func(e *Entry, s *Particulars) (ledger.Act, error), from ...State) (Pack, error) {
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		s, err := k.step(e, to, from)
		if err != nil {
			return ledger.Act{}, err
		}
		act, err := fn(e, &s)
		if err == nil {
			err = k.book.Secret(e, s)
		}
		return act, err
	})
	return read(e), err
}

// step moves a pack into a state, and opens what is sealed in it.
func (k *Keeper) step(e *Entry, to State, from []State) (s Particulars, err error) {
	if to == "" {
		to = State(e.State)
	}
	if !slices.Contains(from, State(e.State)) || !State(e.State).May(to) {
		return s, stuck(e.State, to)
	}
	e.State = string(to)
	ok, err := k.book.Open(*e, &s)
	if err == nil && !ok {
		err = refuse(colophon.Conflict, CodeErased, nil)
	}
	return s, err
}

// File says that a person filed a pack, and keeps the proofs. Where it amends another, that one is amended by the same change.
func (k *Keeper) File(ctx context.Context, by ledger.By, id string, f Filing, proofs ...ProofFile) (Pack, error) {
	f.At = f.At.UTC().Truncate(time.Millisecond)
	switch {
	case !paper.Word(f.Channel) || strings.ToLower(f.Channel) != f.Channel:
		return Pack{}, invalid("channel")
	case f.Reference != "" && !paper.Line(f.Reference, 128):
		return Pack{}, invalid("reference")
	case f.At.UnixMilli() <= 0 || f.At.After(k.book.Now()):
		return Pack{}, invalid("at")
	}
	proofs = slices.Clone(proofs)
	if err := cmp.Or(person(by), checkAll(proofs)); err != nil {
		return Pack{}, err
	}
	f.By = by.ID
	e, err := k.book.Try(ctx, id, func(e *Entry) error { return k.file(ctx, by, e, f, proofs) })
	return read(e), err
}

func (k *Keeper) file(ctx context.Context, by ledger.By, e *Entry, f Filing, proofs []ProofFile) error {
	s, err := k.step(e, Filed, []State{Drafted})
	if err != nil {
		return err
	}
	if len(e.Value.Open) > 0 && !f.Incomplete {
		return refuse(colophon.Refused, CodeIncomplete, colophon.Args{"fields": strings.Join(e.Value.Open, ", ")})
	}
	f.Incomplete = len(e.Value.Open) > 0
	e.Value.Filing = &f
	digests := k.attach(e, &s, by, proofs)
	if err := k.book.Secret(e, s); err != nil {
		return err
	}
	entries := []*Entry{e}
	if e.Value.Amends != "" {
		last, err := k.book.Get(ctx, e.Value.Amends)
		if err != nil {
			return err
		}
		if !State(last.State).May(Amended) || last.State == string(Amended) {
			return stuck(last.State, Amended)
		}
		last.State, last.Value.AmendedBy = string(Amended), e.ID
		entries = append(entries, &last)
	}
	return k.book.Amend(ctx, k.act(RecordFiled, by, e, payload{Open: e.Value.Open, Channel: f.Channel, Reference: f.Reference, At: f.At.UnixMilli(), Proofs: digests}), entries...)
}

// Prove adds a proof to a pack that was filed, such as what the authority sent back later.
func (k *Keeper) Prove(ctx context.Context, by ledger.By, id string, proof ProofFile) (Pack, error) {
	proofs := []ProofFile{proof}
	if err := cmp.Or(person(by), checkAll(proofs)); err != nil {
		return Pack{}, err
	}
	return k.change(ctx, id, "", func(e *Entry, s *Particulars) (ledger.Act, error) {
		digests := k.attach(e, s, by, proofs)
		if len(digests) == 0 {
			return ledger.Act{}, ledger.ErrSame
		}
		if len(s.Proofs) > maxProofs {
			return ledger.Act{}, invalid("proofs")
		}
		return k.act(RecordProven, by, e, payload{Proofs: digests}), nil
	}, Filed, Amended)
}

// attach adds proofs that were checked, and returns the digests of those that were not there yet.
func (k *Keeper) attach(e *Entry, s *Particulars, by ledger.By, proofs []ProofFile) []string {
	var digests []string
	e.Value.Proofs, e.Keys = slices.Clone(e.Value.Proofs), slices.Clone(e.Keys)
	for _, p := range proofs {
		if slices.ContainsFunc(s.Proofs, func(o ProofFile) bool { return o.SHA256 == p.SHA256 }) {
			continue
		}
		p.At, p.By = k.book.Now(), by.ID
		s.Proofs = append(s.Proofs, p)
		e.Value.Proofs = append(e.Value.Proofs, p.Proof)
		digests = append(digests, p.SHA256)
		key := ledger.Key{Name: keyBlob, Value: p.Blob}
		if p.Blob != "" && !slices.Contains(e.Keys, key) {
			e.Keys = append(e.Keys, key)
		}
	}
	return digests
}

// checkAll looks at proofs, and sets digest and size of those whose bytes are there.
func checkAll(proofs []ProofFile) error {
	if len(proofs) > maxProofs {
		return invalid("proofs")
	}
	for i := range proofs {
		p := &proofs[i]
		if len(p.Bytes) > 0 && p.Blob == "" {
			p.SHA256, p.Size = paper.Sum(p.Bytes), int64(len(p.Bytes))
		}
		digest, err := hex.DecodeString(p.SHA256)
		switch {
		case (len(p.Bytes) > 0) == (p.Blob != "") || len(p.Bytes) > MaxBytes:
			return invalid("bytes")
		case p.Blob != "" && (!paper.Word(p.Blob) || len(p.Key) == 0 || len(p.Key) > 64) || p.Blob == "" && len(p.Key) > 0:
			return invalid("blob")
		case err != nil || len(digest) != 32 || strings.ToLower(p.SHA256) != p.SHA256:
			return invalid("sha256")
		case p.Size <= 0 || p.Size > maxSize:
			return invalid("size")
		case !paper.Word(p.Type) || !strings.Contains(p.Type, "/"):
			return invalid("type")
		}
	}
	return nil
}

// Dismiss says that a person decided that a draft is not filed, and why.
func (k *Keeper) Dismiss(ctx context.Context, by ledger.By, id string, reason colophon.Code, note string) (Pack, error) {
	switch {
	case !slices.Contains(Reasons(), reason):
		return Pack{}, invalid("reason")
	case !paper.Prose(note, maxNote):
		return Pack{}, invalid("note")
	}
	if err := person(by); err != nil {
		return Pack{}, err
	}
	return k.change(ctx, id, Dismissed, func(e *Entry, s *Particulars) (ledger.Act, error) {
		e.Value.Reason, s.Note = reason, note
		e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(k ledger.Key) bool { return k.Name == keyAmends })
		return k.act(RecordDismissed, by, e, payload{Reason: reason, Note: note}), nil
	}, Drafted)
}

// Read opens what is sealed in a pack, for a person, after that was recorded.
func (k *Keeper) Read(ctx context.Context, by ledger.By, id string) (Pack, Particulars, error) {
	var s Particulars
	if err := person(by); err != nil {
		return Pack{}, s, err
	}
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		ok, err := k.book.Open(*e, &s)
		if err == nil && !ok {
			err = refuse(colophon.Conflict, CodeErased, nil)
		}
		return k.act(RecordRead, by, e, payload{}), err
	})
	if err != nil {
		return Pack{}, Particulars{}, err
	}
	return read(e), s, nil
}

// Pack returns a pack.
func (k *Keeper) Pack(ctx context.Context, id string) (Pack, error) {
	e, err := k.book.Get(ctx, id)
	return read(e), err
}

// Filter says which packs are wanted; the zero value means all.
type Filter struct {
	States []State
	Number string
	Form   string
	About  About
	After  string
	Limit  int
}

// Packs returns a page of packs, the newest first, and where the next page begins.
func (k *Keeper) Packs(ctx context.Context, f Filter) ([]Pack, string, error) {
	q := ledger.Query{Newest: true, After: f.After, Limit: f.Limit}
	for _, s := range f.States {
		q.States = append(q.States, string(s))
	}
	for name, s := range map[string]string{keyNumber: f.Number, keyForm: f.Form, keyCase: f.About.Case, keyDuty: f.About.Duty, keyRefute: f.About.Refutation} {
		if s != "" {
			q.Keys = append(q.Keys, ledger.Key{Name: name, Value: s})
		}
	}
	page, next, err := k.book.Page(ctx, q)
	list := make([]Pack, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}

// Needs reports whether a pack needs the sealed bytes of a reference, so that they must be kept.
func (k *Keeper) Needs(ctx context.Context, blob string) (bool, error) {
	n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: blob}}})
	return n > 0, err
}

package report

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/paper"
)

// Proof is a proof of filing, such as a receipt or the picture of a page.
type Proof struct {
	SHA256 string    `json:"sha256"` // hexadecimal
	Size   int64     `json:"size"`
	Type   string    `json:"type"` // media type
	At     time.Time `json:"at"`   // when it was attached; set by the keeper
	By     string    `json:"by"`   // staff account; set by the keeper
}

// ProofFile is a proof with where its bytes lie, sealed under a key of their own. The caller stores those before and keeps what
// [Keeper.Needs] names. It stands in the sealed part.
type ProofFile struct {
	Proof
	Blob string `json:"blob"`
	Key  []byte `json:"key"`
}

// Filing says how a paper was filed, or a notice given.
type Filing struct {
	Channel   string    `json:"channel"`             // such as 12387, as a lower-case word
	Reference string    `json:"reference,omitempty"` // number that the authority gave; empty where it gave none
	At        time.Time `json:"at"`
	By        string    `json:"by"` // staff account; set by the keeper
	// Incomplete says that the person knows of the required fields that are not known yet. An amendment follows.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Paper is one report or notice about an incident. It leads to no person: the document is sealed beside it.
type Paper struct {
	ID    string      `json:"-"`
	State PaperState  `json:"-"`
	Made  time.Time   `json:"-"`
	Kept  ledger.Kept `json:"-"`

	Incident  string   `json:"incident"`
	Form      string   `json:"form"` // of the rules; the clock of the same name ends when it is filed
	Part      int      `json:"part"` // 1 for the first, one more with each amendment
	Author    string   `json:"author,omitempty"`
	SHA256    string   `json:"sha256"`           // of the document
	Amends    string   `json:"amends,omitempty"` // identifier of the paper before
	Before    string   `json:"before,omitempty"` // digest of its document
	AmendedBy string   `json:"amended_by,omitempty"`
	Open      []string `json:"open,omitempty"` // required fields that are not known yet
	Filing    *Filing  `json:"filing,omitempty"`
	Proofs    []Proof  `json:"proofs,omitempty"`
}

// Sheet is what is sealed of a paper.
type Sheet struct {
	Document string      `json:"document"` // canonical JSON of a Document
	Told     Answers     `json:"told,omitempty"`
	Proofs   []ProofFile `json:"proofs,omitempty"`
}

type paperEntry = ledger.Entry[Paper]

const maxProofs = 20

// keyBlob is under which sealed bytes are found that a paper needs.
const keyBlob = "blob"

func readPaper(e paperEntry) Paper {
	p := e.Value
	p.ID, p.State, p.Made, p.Kept = e.ID, PaperState(e.State), e.Made, e.Kept
	return p
}

// paperPayload is the payload of the records of papers, which is sealed. Times are milliseconds since 1970.
type paperPayload struct {
	Paper     string     `json:"paper"`
	Incident  string     `json:"incident"`
	Form      string     `json:"form"`
	Part      int        `json:"part"`
	State     PaperState `json:"state"`
	By        string     `json:"by,omitempty"`
	SHA256    string     `json:"sha256"`
	Before    string     `json:"before,omitempty"`
	Open      []string   `json:"open,omitempty"`
	Channel   string     `json:"channel,omitempty"`
	Reference string     `json:"reference,omitempty"`
	At        int64      `json:"at,omitempty"`
	Proofs    []string   `json:"proofs,omitempty"` // digests of those that were added
	Why       string     `json:"why,omitempty"`
}

func paperAct(typ evidence.Type, by ledger.By, e *paperEntry, p paperPayload) ledger.Act {
	v := e.Value
	p.Paper, p.Incident, p.Form, p.Part, p.State, p.By, p.SHA256, p.Before, p.Open = e.ID, v.Incident, v.Form, v.Part, PaperState(e.State), by.ID, v.SHA256, v.Before, v.Open
	return ledger.Act{Type: typ, Role: by.Role, Clauses: Clauses(v.Form), Payload: p}
}

func indexPaper(e *paperEntry) {
	v := e.Value
	blobs := slices.DeleteFunc(slices.Clone(e.Keys), func(k ledger.Key) bool { return k.Name != keyBlob })
	e.Keys = append(blobs, ledger.Key{Name: keyIncident, Value: v.Incident}, ledger.Key{Name: keyForm, Value: v.Form})
	if PaperState(e.State) == Dropped {
		return
	}
	if v.Amends != "" {
		e.Keys = append(e.Keys, ledger.Key{Name: keyAmends, Value: v.Amends, Unique: true})
	} else {
		e.Keys = append(e.Keys, ledger.Key{Name: keyOnce, Value: v.Incident + " " + v.Form, Unique: true})
	}
}

// write makes the document of a paper, of what the incident and the records say by themselves and what was told in their place.
func (k *Keeper) write(e *paperEntry, v Incident, known, told Answers) (Sheet, error) {
	form, ok := k.config.Rules.form(e.Value.Form)
	if !ok {
		return Sheet{}, invalid("form")
	}
	if err := told.check(form); err != nil {
		return Sheet{}, err
	}
	raw, err := evidence.Canonical(form)
	if err != nil {
		return Sheet{}, err
	}
	p := &e.Value
	d := Document{Schema, p.Incident, p.Part, p.Before, k.papers.Now(), FormRef{form.ID, paper.Sum(raw), form.Names, form.Basis}, form.fill(k.own(v).with(known).with(told))}
	p.Open = nil
	for _, f := range d.Fields {
		if f.Required && f.Certainty == Unknown {
			p.Open = append(p.Open, f.ID)
		}
	}
	document, err := evidence.Canonical(d)
	if err == nil && len(document) > MaxDocument {
		err = invalid("answers")
	}
	p.SHA256 = paper.Sum(document)
	return Sheet{Document: string(document), Told: told}, err
}

// DraftPaper drafts a report or a notice by a form, of what is known now. Of each form an incident has one first paper; drafted
// again it is that one, and what was filed is amended ([Keeper.Amend]). The system may do it too.
func (k *Keeper) DraftPaper(ctx context.Context, by ledger.By, incident, form string, told Answers) (Paper, error) {
	v, err := k.Incident(ctx, incident)
	if err != nil {
		return Paper{}, err
	}
	return k.addPaper(ctx, by, v, Paper{Incident: incident, Form: form, Part: 1}, told)
}

// Amend drafts a paper that amends one that was filed. What was told before counts for it too.
func (k *Keeper) Amend(ctx context.Context, by ledger.By, id string, told Answers) (Paper, error) {
	last, err := k.papers.Get(ctx, id)
	if err != nil {
		return Paper{}, err
	}
	if last.State == string(Amended) {
		return Paper{}, refuse(colophon.Conflict, CodeAmended, nil)
	}
	if last.State != string(Filed) {
		return Paper{}, paperStuck(last.State, Amended)
	}
	var s Sheet
	if ok, err := k.papers.Open(last, &s); err != nil || !ok {
		return Paper{}, cmp.Or(err, erased())
	}
	v, err := k.Incident(ctx, last.Value.Incident)
	if err != nil {
		return Paper{}, err
	}
	p := last.Value
	return k.addPaper(ctx, by, v, Paper{Incident: p.Incident, Form: p.Form, Part: p.Part + 1, Amends: id, Before: p.SHA256}, s.Told.with(told))
}

// knows is what records say of an incident.
func (k *Keeper) knows(ctx context.Context, v Incident) (Answers, error) {
	if k.config.Known == nil {
		return nil, nil
	}
	return k.config.Known(ctx, v)
}

func (k *Keeper) addPaper(ctx context.Context, by ledger.By, v Incident, p Paper, told Answers) (Paper, error) {
	if v.State == Dismissed {
		return Paper{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(Dismissed), "to": string(Open)})
	}
	id, err := k.config.Recorder.NewID()
	if err != nil {
		return Paper{}, err
	}
	if by.Role != "system" {
		p.Author = by.ID
	}
	known, err := k.knows(ctx, v)
	if err != nil {
		return Paper{}, err
	}
	e := paperEntry{ID: id, Subject: v.Subject, State: string(Drafted), Value: p}
	sheet, err := k.write(&e, v, known, told)
	if err != nil {
		return Paper{}, err
	}
	indexPaper(&e)
	once := e.Keys[len(e.Keys)-1]
	e, err = k.papers.Add(ctx, e, sheet, paperAct(RecordDrafted, by, &e, paperPayload{}))
	if errors.Is(err, ledger.ErrExists) {
		e, err = k.papers.One(ctx, ledger.Query{Keys: []ledger.Key{once}})
	}
	return readPaper(e), err
}

func paperStuck(from string, to PaperState) error {
	return refuse(colophon.Conflict, CodePaperStep, colophon.Args{"from": from, "to": string(to)})
}

// stepPaper moves a paper into a state, and opens what is sealed in it.
func (k *Keeper) stepPaper(e *paperEntry, to PaperState, from ...PaperState) (s Sheet, err error) {
	if !slices.Contains(from, PaperState(e.State)) || !PaperState(e.State).May(to) {
		return s, paperStuck(e.State, to)
	}
	e.State = string(to)
	ok, err := k.papers.Open(*e, &s)
	if err == nil && !ok {
		err = erased()
	}
	return s, err
}

// Fill makes the document of a draft anew, of what is known now and what was told, now or before.
func (k *Keeper) Fill(ctx context.Context, by ledger.By, id string, told Answers) (Paper, error) {
	p, err := k.papers.Get(ctx, id)
	if err != nil {
		return Paper{}, err
	}
	v, err := k.Incident(ctx, p.Value.Incident)
	if err != nil {
		return Paper{}, err
	}
	known, err := k.knows(ctx, v)
	if err != nil {
		return Paper{}, err
	}
	e, err := k.papers.Change(ctx, id, func(e *paperEntry) (ledger.Act, error) {
		s, err := k.stepPaper(e, Drafted, Drafted)
		if err != nil {
			return ledger.Act{}, err
		}
		if s, err = k.write(e, v, known, s.Told.with(told)); err != nil {
			return ledger.Act{}, err
		}
		indexPaper(e)
		return paperAct(RecordFilled, by, e, paperPayload{}), k.papers.Secret(e, s)
	})
	return readPaper(e), err
}

// Drop says that a draft is not filed.
func (k *Keeper) Drop(ctx context.Context, by ledger.By, id, reason string) (Paper, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Paper{}, err
	}
	e, err := k.papers.Change(ctx, id, func(e *paperEntry) (ledger.Act, error) {
		if !PaperState(e.State).May(Dropped) {
			return ledger.Act{}, paperStuck(e.State, Dropped)
		}
		e.State = string(Dropped)
		indexPaper(e)
		return paperAct(RecordDropped, by, e, paperPayload{Why: reason}), nil
	})
	return readPaper(e), err
}

func checkProofs(proofs []ProofFile) error {
	if len(proofs) > maxProofs {
		return invalid("proofs")
	}
	for _, p := range proofs {
		raw, err := hex.DecodeString(p.SHA256)
		switch {
		case err != nil || len(raw) != 32 || strings.ToLower(p.SHA256) != p.SHA256 || p.Size <= 0 || !paper.Word(p.Type):
			return invalid("proofs")
		case !paper.Word(p.Blob) || len(p.Key) == 0 || len(p.Key) > 64:
			return invalid("blob")
		}
	}
	return nil
}

// attach adds those proofs that are not there, and returns their digests.
func (k *Keeper) attach(e *paperEntry, s *Sheet, by ledger.By, proofs []ProofFile) (digests []string) {
	all := slices.Clone(e.Value.Proofs)
	for _, p := range proofs {
		if slices.ContainsFunc(all, func(o Proof) bool { return o.SHA256 == p.SHA256 }) {
			continue
		}
		p.At, p.By = k.papers.Now(), by.ID
		all, s.Proofs, digests = append(all, p.Proof), append(s.Proofs, p), append(digests, p.SHA256)
		if key := (ledger.Key{Name: keyBlob, Value: p.Blob}); !slices.Contains(e.Keys, key) {
			e.Keys = append(slices.Clone(e.Keys), key)
		}
	}
	e.Value.Proofs = all
	return digests
}

// Needs reports whether a paper needs the sealed bytes of a reference, so that they must be kept.
func (k *Keeper) Needs(ctx context.Context, blob string) (bool, error) {
	n, err := k.config.Papers.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: blob}}})
	return n > 0, err
}

// File says that a person filed a paper or gave a notice, with the proofs. Where it amends another, that one is amended by the
// same change.
func (k *Keeper) File(ctx context.Context, by ledger.By, id string, f Filing, proofs ...ProofFile) (Paper, error) {
	f.At = moment(f.At)
	switch {
	case !paper.Word(f.Channel) || strings.ToLower(f.Channel) != f.Channel:
		return Paper{}, invalid("channel")
	case f.Reference != "" && !paper.Line(f.Reference, 128):
		return Paper{}, invalid("reference")
	case f.At.UnixMilli() <= 0 || f.At.After(k.papers.Now()):
		return Paper{}, invalid("at")
	}
	if err := cmp.Or(person(by), checkProofs(proofs)); err != nil {
		return Paper{}, err
	}
	f.By = by.ID
	e, err := k.papers.Try(ctx, id, func(e *paperEntry) error { return k.file(ctx, by, e, f, proofs) })
	return readPaper(e), err
}

func (k *Keeper) file(ctx context.Context, by ledger.By, e *paperEntry, f Filing, proofs []ProofFile) error {
	s, err := k.stepPaper(e, Filed, Drafted)
	if err != nil {
		return err
	}
	v, err := k.Incident(ctx, e.Value.Incident)
	if err != nil {
		return err
	}
	if f.At.Before(v.Knew.Truncate(time.Minute)) { // people enter minutes
		return invalid("at")
	}
	if len(e.Value.Open) > 0 && !f.Incomplete {
		return refuse(colophon.Refused, CodeIncomplete, colophon.Args{"fields": strings.Join(e.Value.Open, ", ")})
	}
	f.Incomplete = len(e.Value.Open) > 0
	e.Value.Filing = &f
	digests := k.attach(e, &s, by, proofs)
	if err := k.papers.Secret(e, s); err != nil {
		return err
	}
	indexPaper(e)
	entries := []*paperEntry{e}
	if e.Value.Amends != "" {
		last, err := k.papers.Get(ctx, e.Value.Amends)
		if err != nil {
			return err
		}
		if last.State != string(Filed) {
			return paperStuck(last.State, Amended)
		}
		last.State, last.Value.AmendedBy = string(Amended), e.ID
		indexPaper(&last)
		entries = append(entries, &last)
	}
	return k.papers.Amend(ctx, paperAct(RecordFiled, by, e, paperPayload{Channel: f.Channel, Reference: f.Reference, At: f.At.UnixMilli(), Proofs: digests}), entries...)
}

// Prove adds a proof to a paper that was filed, such as what the authority sent back later.
func (k *Keeper) Prove(ctx context.Context, by ledger.By, id string, proof ProofFile) (Paper, error) {
	if err := cmp.Or(person(by), checkProofs([]ProofFile{proof})); err != nil {
		return Paper{}, err
	}
	e, err := k.papers.Change(ctx, id, func(e *paperEntry) (ledger.Act, error) {
		if s := PaperState(e.State); s != Filed && s != Amended {
			return ledger.Act{}, paperStuck(e.State, Filed)
		}
		var s Sheet
		if ok, err := k.papers.Open(*e, &s); err != nil || !ok {
			return ledger.Act{}, cmp.Or(err, erased())
		}
		digests := k.attach(e, &s, by, []ProofFile{proof})
		if len(digests) == 0 {
			return ledger.Act{}, ledger.ErrSame
		}
		if len(e.Value.Proofs) > maxProofs {
			return ledger.Act{}, invalid("proofs")
		}
		indexPaper(e)
		return paperAct(RecordProven, by, e, paperPayload{Proofs: digests}), k.papers.Secret(e, s)
	})
	return readPaper(e), err
}

// Paper returns a paper.
func (k *Keeper) Paper(ctx context.Context, id string) (Paper, error) {
	e, err := k.papers.Get(ctx, id)
	return readPaper(e), err
}

// PapersOf returns the papers of an incident, the first one first.
func (k *Keeper) PapersOf(ctx context.Context, incident string) ([]Paper, error) {
	var list []Paper
	err := k.papers.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyIncident, Value: incident}}}, func(e paperEntry) error {
		list = append(list, readPaper(e))
		return nil
	})
	return list, err
}

// ReadPaper opens what is sealed of a paper, for a person, after that was recorded as a reading of the incident.
func (k *Keeper) ReadPaper(ctx context.Context, by ledger.By, id string) (Paper, Sheet, error) {
	e, err := k.papers.Get(ctx, id)
	if err != nil {
		return Paper{}, Sheet{}, err
	}
	if _, _, err := k.Read(ctx, by, e.Value.Incident); err != nil {
		return Paper{}, Sheet{}, err
	}
	var s Sheet
	if ok, err := k.papers.Open(e, &s); err != nil || !ok {
		return Paper{}, Sheet{}, cmp.Or(err, erased())
	}
	return readPaper(e), s, nil
}

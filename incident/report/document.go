package report

import (
	"maps"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
)

// Schema is that of documents.
const Schema = "colophon.incident-report/1"

// Certainty says what is known of something. The zero value is that nothing is known.
type Certainty = paper.Certainty

// What is known.
const (
	Unknown = paper.Unknown
	Known   = paper.Known
	None    = paper.None // it is known that there is none
)

// Answer is what is known for one field.
type Answer = paper.Answer

// Answers are by the identifiers of fields. What is not among them is not known.
type Answers map[string]Answer

// MaxDocument is the longest document, in bytes.
const MaxDocument = paper.MaxDocument

func (a Answers) check(f Form) error {
	fields := map[string]bool{}
	for _, field := range f.Fields {
		fields[field.ID] = true
	}
	for id, answer := range a {
		if !fields[id] || !answer.Sound(maxProse) {
			return invalid("answers." + id)
		}
	}
	return nil
}

// with are answers with some in their place.
func (a Answers) with(now Answers) Answers {
	all := maps.Clone(a)
	if all == nil {
		all = Answers{}
	}
	maps.Copy(all, now)
	return all
}

// Field is one field of a document with its answer.
type Field struct {
	FormField
	Answer
}

// FormRef says by which form a document was made.
type FormRef struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // of the form's canonical JSON
	Names  Names  `json:"names"`
	Basis  Names  `json:"basis"`
}

// Document is what is handed over. Its canonical JSON has the digest by which it is known.
type Document struct {
	Schema   string    `json:"schema"`
	Incident string    `json:"incident"`
	Part     int       `json:"part"`             // 1 for the first, one more with each amendment
	Before   string    `json:"before,omitempty"` // digest of the document that it amends
	Made     time.Time `json:"made"`
	Form     FormRef   `json:"form"`
	Fields   []Field   `json:"fields"`
}

// own are the answers that an incident gives by itself.
func (k *Keeper) own(v Incident) Answers {
	at := func(t time.Time) Answer {
		if t.IsZero() {
			return Answer{}
		}
		return Answer{Certainty: Known, Lines: []string{paper.Beijing(t)}}
	}
	a := Answers{"found": at(v.Knew), "incident": at(v.Began), "closed": at(v.Closed), "persons": figure(v.Facts[FactPersons], "人")}
	kinds := Answer{Certainty: Known}
	for _, kind := range v.Kinds {
		kinds.Lines = append(kinds.Lines, k.config.Rules.book(kind).Names.ZH)
	}
	a["incident-kind"] = kinds
	switch g := v.Grading; {
	case g.State == Graded:
		a["incident-level"] = Answer{Certainty: Known, Lines: []string{g.Least.Names().ZH}}
	case g.State == CouldNotTell && g.Least.rank() > Ordinary.rank():
		a["incident-level"] = Answer{Certainty: Known, Lines: []string{"至少为" + g.Least.Names().ZH + "，最终级别尚在研判"}}
	case g.State == NotGraded:
		a["incident-level"] = Answer{Certainty: None}
	}
	return a
}

// figure says a fact in words.
func figure(f Fact, unit string) Answer {
	least := strconv.FormatInt(f.Least, 10)
	line := ""
	switch {
	case f.Unknown():
		return Answer{}
	case f.Most == nil:
		line = "不少于 " + least + " " + unit
	case *f.Most == f.Least:
		line = least + " " + unit
	default:
		line = least + " 至 " + strconv.FormatInt(*f.Most, 10) + " " + unit
	}
	return Answer{Certainty: Known, Lines: []string{line}}
}

// fill answers the fields of a form, each of them.
func (f Form) fill(a Answers) []Field {
	list := make([]Field, len(f.Fields))
	for i, field := range f.Fields {
		list[i] = Field{field, a[field.ID].Told()}
	}
	return list
}

// Parse reads a document in the form in which it has its digest.
func Parse(raw []byte) (Document, error) {
	fail := func(err error) (Document, error) {
		return Document{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeDocument, Err: err}
	}
	var d Document
	if err := paper.Parse(raw, &d); err != nil {
		return fail(err)
	}
	if d.Schema != Schema || d.Part < 1 || len(d.Fields) == 0 || (d.Part > 1) != (d.Before != "") {
		return fail(nil)
	}
	for _, a := range d.Fields {
		if !a.Whole() {
			return fail(nil)
		}
	}
	return d, nil
}

// Chain checks documents that amend each other, the first one first: each is of the same incident and form, and names the
// digest of the one before. It needs nothing but their bytes.
func Chain(documents ...[]byte) error {
	var first Document
	return paper.Chain(documents, func(part int, before string, raw []byte) error {
		d, err := Parse(raw)
		if err != nil {
			return err
		}
		if part == 1 {
			first = d
		}
		if d.Part != part || d.Before != before || d.Incident != first.Incident || d.Form.ID != first.Form.ID {
			return refuse(colophon.Invalid, CodeChain, colophon.Args{"part": strconv.Itoa(part)})
		}
		return nil
	})
}

// Text writes the document as people read it, in Chinese: what it is, and one field after the other.
func (d Document) Text() string {
	var t paper.Text
	t.Line(d.Form.Names.ZH)
	t.Line("事件编号：" + d.Incident)
	if d.Part > 1 {
		t.Line("补充报告（" + paper.Part(d.Part) + "），前次报告摘要（SHA-256）：" + d.Before)
	}
	t.Line("依据：" + d.Form.Basis.ZH)
	t.Made(d.Made)
	for _, f := range d.Fields {
		t.Field(f.Names.ZH, f.Answer)
	}
	return t.String()
}

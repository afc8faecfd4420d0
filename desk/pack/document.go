package pack

import (
	"maps"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
)

// Schema is that of documents.
const Schema = "colophon.authority-pack/1"

// Certainty says what is known of something. The zero value is that nothing is known.
type Certainty = paper.Certainty

// What is known.
const (
	Unknown = paper.Unknown
	Known   = paper.Known
	None    = paper.None // it is known that there is none
)

// What the same is called in other languages.
const (
	SayUnknown colophon.Code = "pack-say-unknown"
	SayNone    colophon.Code = "pack-say-none"
)

// Fact is what is known of one thing.
type Fact = paper.Answer

// Facts are by where they are taken from. What is not among them is not known.
type Facts map[Source]Fact

// Said is what a person answers in place of what records say.
type Said struct {
	From Source
	Fact
	// Taken says that what was said before is taken back: what records say counts again.
	Taken bool
}

// answered is what people said before, with what they say now.
func answered(before Facts, now []Said) (Facts, error) {
	if len(now) > maxFields {
		return nil, invalid("said")
	}
	said := maps.Clone(before)
	if said == nil {
		said = Facts{}
	}
	for _, a := range now {
		if err := (Facts{a.From: a.Fact}).check(); err != nil {
			return nil, err
		}
		if said[a.From] = a.Fact; a.Taken {
			delete(said, a.From)
		}
	}
	return said, nil
}

// with are facts with what people said in their place.
func (f Facts) with(said Facts) Facts {
	all := maps.Clone(f)
	if all == nil {
		all = Facts{}
	}
	maps.Copy(all, said)
	return all
}

// Answer is one field of a document.
type Answer struct {
	Field
	Certainty Certainty `json:"certainty,omitempty"`
	Lines     []string  `json:"lines"` // never empty: what is not known is said so, in Chinese
	Records   []string  `json:"records,omitempty"`
}

func (a Answer) fact() Fact { return Fact{Certainty: a.Certainty, Lines: a.Lines, Records: a.Records} }

// FormRef says by which form a document was made.
type FormRef struct {
	ID        string `json:"id"`
	SHA256    string `json:"sha256"` // of the form's canonical JSON
	Names     Names  `json:"names"`
	Authority Names  `json:"authority"`
	Basis     Names  `json:"basis"`
}

// Document is what an authority is handed. Its canonical JSON has the digest by which it is known.
type Document struct {
	Schema string    `json:"schema"`
	Number string    `json:"number"`
	Part   int       `json:"part"`
	Amends string    `json:"amends,omitempty"` // number of the pack before
	Before string    `json:"before,omitempty"` // digest of its document
	Made   time.Time `json:"made"`
	Form   FormRef   `json:"form"`
	About  About     `json:"about"`
	Fields []Answer  `json:"fields"`
}

const (
	// MaxDocument is the longest document, in bytes.
	MaxDocument = paper.MaxDocument
	maxLine     = 5000
)

func (f Facts) check() error {
	known := map[Source]bool{}
	for _, s := range Sources() {
		known[s] = true
	}
	for source, fact := range f {
		if !known[source] || !fact.Sound(maxLine) {
			return invalid(string(source))
		}
	}
	return nil
}

// fill answers the fields of a form.
func (f Form) fill(facts Facts) []Answer {
	list := make([]Answer, len(f.Fields))
	for i, field := range f.Fields {
		told := facts[field.From].Told()
		list[i] = Answer{field, told.Certainty, told.Lines, told.Records}
	}
	return list
}

// Read reads a document in the form in which it has its digest.
func Read(raw []byte) (Document, error) {
	fail := func(err error) (Document, error) {
		return Document{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeDocument, Err: err}
	}
	var d Document
	if err := paper.Parse(raw, &d); err != nil {
		return fail(err)
	}
	if d.Schema != Schema || d.Part < 1 || len(d.Fields) == 0 || (d.Part > 1) != (d.Before != "") || (d.Before == "") != (d.Amends == "") {
		return fail(nil)
	}
	for _, a := range d.Fields {
		if !a.fact().Whole() {
			return fail(nil)
		}
	}
	return d, nil
}

// Chain checks documents that amend each other, the first report first: each names the number and the digest of the one
// before. It needs nothing but their bytes.
func Chain(documents ...[]byte) error {
	number := ""
	return paper.Chain(documents, func(part int, before string, raw []byte) error {
		d, err := Read(raw)
		if err != nil {
			return err
		}
		if d.Part != part || d.Before != before || d.Amends != number {
			return refuse(colophon.Invalid, CodeChain, colophon.Args{"number": d.Number})
		}
		number = d.Number
		return nil
	})
}

// Text writes the document as people read it, in Chinese: what it is, and one field after the other.
func (d Document) Text() string {
	var t paper.Text
	t.Line(d.Form.Names.ZH)
	t.Line("编号：" + d.Number)
	if d.Part > 1 {
		t.Line("补充报告（" + paper.Part(d.Part) + "报告），前次报告编号：" + d.Amends + "，摘要（SHA-256）：" + d.Before)
	}
	t.Line("报送：" + d.Form.Authority.ZH)
	t.Line("依据：" + d.Form.Basis.ZH)
	t.Made(d.Made)
	for _, a := range d.Fields {
		t.Field(a.Names.ZH, a.fact())
	}
	return t.String()
}

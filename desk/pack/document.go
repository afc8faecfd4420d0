package pack

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/workday"
)

// Schema is that of documents.
const Schema = "colophon.authority-pack/1"

// Certainty says what is known of something. The zero value is that nothing is known, so that what nobody looked up can't
// look answered.
type Certainty string

// What is known.
const (
	Unknown Certainty = ""
	Known   Certainty = "known"
	None    Certainty = "none" // it is known that there is none
)

// Words that stand in the fields of a document where there is nothing else to say.
const (
	notKnown = "尚不掌握"
	nothing  = "无"
)

// What the same is called in other languages.
const (
	SayUnknown colophon.Code = "pack-say-unknown"
	SayNone    colophon.Code = "pack-say-none"
)

// Fact is what is known of one thing.
type Fact struct {
	Certainty Certainty `json:"certainty,omitempty"`
	Lines     []string  `json:"lines,omitempty"`   // what is known; none otherwise
	Records   []string  `json:"records,omitempty"` // identifiers of the records that it rests on
}

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
	MaxDocument = 1 << 20
	maxLines    = 100
	maxLine     = 5000
	maxRecords  = 100
)

func (f Facts) check() error {
	known := map[Source]bool{}
	for _, s := range Sources() {
		known[s] = true
	}
	for source, fact := range f {
		bad := !known[source] || len(fact.Lines) > maxLines || len(fact.Records) > maxRecords
		switch fact.Certainty {
		case Known:
			bad = bad || len(fact.Lines) == 0
		case None, Unknown:
			bad = bad || len(fact.Lines) > 0
		default:
			bad = true
		}
		for _, l := range fact.Lines {
			bad = bad || !prose(l, maxLine)
		}
		for _, r := range fact.Records {
			bad = bad || !word(r)
		}
		if bad {
			return invalid(string(source))
		}
	}
	return nil
}

// fill answers the fields of a form.
func (f Form) fill(facts Facts) []Answer {
	list := make([]Answer, len(f.Fields))
	for i, field := range f.Fields {
		fact := facts[field.From]
		a := Answer{Field: field, Certainty: fact.Certainty, Lines: fact.Lines, Records: fact.Records}
		switch fact.Certainty {
		case Unknown:
			a.Lines = []string{notKnown}
		case None:
			a.Lines = []string{nothing}
		}
		list[i] = a
	}
	return list
}

// Read reads a document in the form in which it has its digest.
func Read(raw []byte) (Document, error) {
	fail := func(err error) (Document, error) {
		return Document{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeDocument, Err: err}
	}
	var d Document
	if len(raw) > MaxDocument {
		return fail(nil)
	}
	canonical, err := evidence.Canonicalise(raw)
	if err != nil || string(canonical) != string(raw) {
		return fail(err)
	}
	if err := strict(raw, &d); err != nil {
		return fail(err)
	}
	if d.Schema != Schema || d.Part < 1 || len(d.Fields) == 0 || (d.Part > 1) != (d.Before != "") || (d.Before == "") != (d.Amends == "") {
		return fail(nil)
	}
	for _, a := range d.Fields {
		if len(a.Lines) == 0 || a.Certainty != Known && a.Certainty != None && a.Certainty != Unknown {
			return fail(nil)
		}
	}
	return d, nil
}

// Chain checks documents that amend each other, the first report first: each names the number and the digest of the one
// before. It needs nothing but their bytes.
func Chain(documents ...[]byte) error {
	var last Document
	for i, raw := range documents {
		d, err := Read(raw)
		if err != nil {
			return err
		}
		before, number := "", ""
		if i > 0 {
			before, number = sha(documents[i-1]), last.Number
		}
		if d.Part != i+1 || d.Before != before || d.Amends != number {
			return refuse(colophon.Invalid, CodeChain, colophon.Args{"number": d.Number})
		}
		last = d
	}
	return nil
}

// Text writes the document as people read it, in Chinese: what it is, and one field after the other.
func (d Document) Text() string {
	var b strings.Builder
	b.WriteString(d.Form.Names.ZH + "\n编号：" + d.Number + "\n")
	if d.Part > 1 {
		b.WriteString("补充报告（第 " + strconv.Itoa(d.Part) + " 次报告），前次报告编号：" + d.Amends + "，摘要（SHA-256）：" + d.Before + "\n")
	}
	b.WriteString("报送：" + d.Form.Authority.ZH + "\n依据：" + d.Form.Basis.ZH + "\n形成时间：" + d.Made.In(workday.Beijing()).Format("2006-01-02 15:04:05") + "（北京时间）\n\n")
	for _, a := range d.Fields {
		b.WriteString(a.Names.ZH + "：" + strings.Join(a.Lines, "\n　　") + "\n")
	}
	return b.String()
}

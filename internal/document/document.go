// Package document makes the papers that a person reads: now the cover sheet of an evidence bundle, later the other
// documents that the law asks for.
//
// A sheet is laid out once, as headings, paragraphs and tables in Chinese and in English, and then written as HTML or as
// PDF. Both stand alone: the HTML loads nothing, and the PDF carries the characters that it uses. The same sheet gives
// the same bytes, since a bundle names the digest of its cover.
//
// Text from outside (file names, functions, authorities) is shown as it is, but nothing in it takes effect: what would
// turn the direction of writing or break the line is spelt out, and in a PDF a character that the font lacks stands there
// as its code point, U+1F600.
//
// What not to do here: never decide anything. A sheet repeats what others found, and says failed and could not tell as
// plainly as passed. Never put an account, a recipient or anything else on a sheet that leads to a person. Never write a
// sentence here; words come from the catalogue.
package document

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
)

// Sheet is what the cover sheet of a bundle says.
type Sheet struct {
	Provider   string // name of the provider
	Code       string // provider code
	Created    time.Time
	Policy     string // version of the policy in force
	Checkpoint evidence.Checkpoint
	Key        string     // fingerprint of the log's public key
	TimeStamp  *TimeStamp // nil for none
	Items      []Item
	Records    []Record
}

// Item is an artefact with the marks that were read back from it. Of the artefact's own marks, its account and the
// places where bytes lie, nothing is shown.
type Item struct {
	artefact.Artefact
	Marks []Mark
}

// Mark is one mark that was looked for.
type Mark struct {
	Name    string // notice, label, seal; another name is shown as it is
	Place   string // where it stands, as label or notice call it
	Verdict colophon.Verdict
}

// Record is a record with its place in the log.
type Record struct {
	evidence.Record
	Index uint64
}

// TimeStamp is what an authority says about the checkpoint (RFC 3161).
type TimeStamp struct {
	Authority string
	At        time.Time
}

// Words says the sentence of a key with its arguments, names and values in turn, as locale.Printer.Say does. It returns
// the key itself where there is no sentence.
type Words func(key string, args ...string) string

// Writer writes documents. It is safe for use by many goroutines.
type Writer struct {
	chinese, english Words
	face             func() (*face, error)
}

// The commands of the last section.
const (
	verifyCommand = "colophon evidence verify BUNDLE --key KEYFILE"
	staticCommand = "colophon-verify BUNDLE --key KEYFILE"
)

// text is a piece of text in both languages. English is empty where the text is not a word of either: a name, a digest.
type text struct{ Chinese, English string }

// paper is a document as it is laid out, before it is HTML or PDF.
type paper struct {
	Title, Lead text
	Sections    []section
}

type section struct {
	Heading  text
	Tables   []table
	Notes    []text // after the tables
	Commands []string
}

// table is a table with a heading for each column or, when Head is empty, for each row.
type table struct {
	Caption text
	Head    []text    // when empty, the first cell of a row is its heading, and the others are the lines of one value
	Shares  []float64 // of the width, by column; together 1
	Rows    [][]cell
}

type cell struct {
	text
	Tone string // passed, failed, could-not-tell: the verdict that it tells; else empty
}

var (
	beijing   = time.FixedZone("", 8*60*60)
	keyShares = []float64{0.27, 0.73}
)

// New makes a writer that takes its words from two languages.
func New(chinese, english Words) *Writer {
	return &Writer{chinese: chinese, english: english, face: sync.OnceValues(openFace)}
}

// Words are the sentences of a language, "zh" or "en".
func (w *Writer) Words(language string) Words {
	if language == "en" {
		return w.english
	}
	return w.chinese
}

// paper lays a sheet out.
func (w *Writer) paper(s Sheet) paper {
	p := paper{Title: w.say("sheet-title"), Lead: w.say("sheet-lead"), Sections: []section{w.bundle(s)}}
	if len(s.Items) > 0 {
		p.Sections = append(p.Sections, w.items(s.Items))
	}
	if len(s.Records) > 0 {
		p.Sections = append(p.Sections, w.records(s.Records))
	}
	p.Sections = append(p.Sections, section{
		Heading:  w.say("sheet-check"),
		Notes:    []text{w.say("sheet-check-how"), w.say("sheet-check-key"), w.say("sheet-check-answer")},
		Commands: []string{verifyCommand, staticCommand},
	})
	return p
}

func (w *Writer) bundle(s Sheet) section {
	stamped := []text{w.say("sheet-time-stamp-none")}
	if s.TimeStamp != nil {
		stamped = []text{plain(s.TimeStamp.Authority), moment(s.TimeStamp.At)}
	}
	return section{Heading: w.say("sheet-bundle"), Tables: []table{keyed(w.say("sheet-bundle-caption"),
		w.row("sheet-provider", plain(s.Provider)),
		w.row("sheet-code", plain(s.Code)),
		w.row("sheet-created", moment(s.Created)),
		w.row("sheet-policy", plain(s.Policy)),
		w.row("sheet-origin", plain(s.Checkpoint.Origin)),
		w.row("sheet-size", number(s.Checkpoint.Size)),
		w.row("sheet-root", plain(base64.StdEncoding.EncodeToString(s.Checkpoint.Root[:]))),
		w.row("sheet-key", plain(s.Key)),
		w.row("sheet-time-stamp", stamped...),
		w.row("sheet-holds", w.say("sheet-holds-count", "items", strconv.Itoa(len(s.Items)), "records", strconv.Itoa(len(s.Records)))),
	)}}
}

// items lays out a table of what is known of each item, with its marks under it.
func (w *Writer) items(items []Item) section {
	sec := section{Heading: w.say("sheet-items")}
	for _, item := range items {
		t := keyed(plain(string(item.Number)),
			w.row("sheet-function", w.term("function", item.Function)),
			w.row("sheet-format", plain(string(item.Format))),
			w.row("sheet-state", w.term("state", string(item.State))),
			w.row("sheet-created", moment(item.Created)),
			w.row("sheet-before", w.digest(item.Before), w.bytes(item.Size)),
			w.row("sheet-after", w.digest(item.After), w.bytes(item.Stored)),
		)
		if len(item.Marks) == 0 {
			t.Rows = append(t.Rows, w.row("sheet-marks", w.say("sheet-marks-none")))
		}
		sec.Tables = append(sec.Tables, t)
		if len(item.Marks) > 0 {
			sec.Tables = append(sec.Tables, w.marks(item))
		}
	}
	return sec
}

func (w *Writer) marks(item Item) table {
	caption := w.say("sheet-marks")
	caption.Chinese = locale.Visible(string(item.Number)) + " " + caption.Chinese
	t := table{
		Caption: caption, Head: []text{w.say("sheet-mark"), w.say("sheet-place"), w.say("sheet-verdict")},
		Shares: []float64{0.27, 0.48, 0.25},
	}
	for _, m := range item.Marks {
		t.Rows = append(t.Rows, []cell{
			{text: w.term("mark", m.Name)}, {text: w.say("sheet-at", "what", m.Place)},
			{text: w.term("verdict", m.Verdict.String()), Tone: m.Verdict.String()},
		})
	}
	return t
}

func (w *Writer) records(records []Record) section {
	t := table{
		Caption: w.say("sheet-records-caption"),
		Head:    []text{w.say("sheet-sequence"), w.say("sheet-index"), w.say("sheet-type"), w.say("sheet-time"), w.say("sheet-role"), w.say("sheet-clauses")},
		Shares:  []float64{0.09, 0.1, 0.2, 0.3, 0.11, 0.2},
	}
	for _, r := range records {
		clauses := make([]string, len(r.Clauses))
		for i, c := range r.Clauses {
			clauses[i] = string(c)
		}
		t.Rows = append(t.Rows, []cell{
			{text: number(r.Sequence)}, {text: number(r.Index)}, {text: plain(string(r.Type))}, {text: moment(r.Time())},
			{text: plain(string(r.Role))}, {text: plain(strings.Join(clauses, ", "))},
		})
	}
	return section{Heading: w.say("sheet-records"), Tables: []table{t}}
}

// say says a sentence in both languages.
func (w *Writer) say(key string, args ...string) text {
	return text{locale.Visible(w.chinese(key, args...)), locale.Visible(w.english(key, args...))}.folded()
}

// term says a word of ours, or shows a word that the catalogue does not have.
func (w *Writer) term(kind, word string) text {
	key := "sheet-" + kind + "-" + word
	if said := w.english(key); said == key {
		return plain(word)
	}
	return w.say(key)
}

func (w *Writer) digest(d artefact.Digest) text {
	if d == (artefact.Digest{}) {
		return w.say("sheet-digest-none")
	}
	return plain(hex.EncodeToString(d[:]))
}

func (w *Writer) bytes(n int64) text { return w.say("sheet-bytes", "bytes", strconv.FormatInt(n, 10)) }

// row is a row of a keyed table; its value has a line for each text.
func (w *Writer) row(key string, values ...text) []cell {
	row := []cell{{text: w.say(key)}}
	for _, v := range values {
		row = append(row, cell{text: v})
	}
	return row
}

func keyed(caption text, rows ...[]cell) table {
	return table{Caption: caption, Shares: keyShares, Rows: rows}
}

func plain(s string) text { return text{Chinese: locale.Visible(s)} }

func number(n uint64) text { return text{Chinese: strconv.FormatUint(n, 10)} }

// moment tells a time in Beijing time with its offset, to the millisecond that a record has.
func moment(t time.Time) text {
	return text{Chinese: t.In(beijing).Format("2006-01-02 15:04:05.000 -07:00")}
}

// folded leaves the English out where it is the same.
func (t text) folded() text {
	if t.English == t.Chinese {
		t.English = ""
	}
	return t
}

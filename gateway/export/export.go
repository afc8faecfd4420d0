// Package export turns an answer that the gateway handed out into a file that somebody keeps: Markdown, DOCX, PDF, HTML or
// PNG, with notice and label inside (Labelling Measures Art. 4: what is downloaded, copied or exported bears the notice
// itself).
//
// The text of an answer is kept nowhere, so whoever asks brings it along, and it must be, to the last byte, what was handed
// out under the number: the digests stand in the answer's marks. A file is an item of its own, made from the answer, and
// goes the way of everything that leaves ([production.Line]): admitted, judged, marked, read back, recorded.
//
// What not to do here: never export what is not known. Never keep the text. Never make a file for another account than the
// answer was made for.
package export

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/production"
)

// Codes of errors.
const (
	CodeAsked     colophon.Code = "export-answer"     // both the text and the whole answer, or neither
	CodeNotAnswer colophon.Code = "export-not-answer" // the number is that of something else
)

// Formats are those that there are.
func Formats() []media.Format {
	return []media.Format{media.Markdown, media.DOCX, media.PDF, media.HTML, media.PNG}
}

// Order says what is to be exported.
type Order struct {
	Number   artefact.Number // of the answer
	Account  string          // the provider's own identifier of the account that the answer was made for
	Format   media.Format
	Text     string // the text of one choice as it was handed out, notice and all; or
	Answer   []byte // the body of the answer
	Title    string
	Language notice.Language // of the notice; empty means Chinese
	As       artefact.Number // of the file; empty for one that is drawn
}

// Artefacts finds items. An *artefact.Register does.
type Artefacts interface {
	Artefact(ctx context.Context, n artefact.Number) (artefact.Artefact, error)
}

// Line marks what was made. A *production.Line does.
type Line interface {
	Produce(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error)
}

// Config says what an Exporter works with. All fields are required but Deliver and Judge.
type Config struct {
	Artefacts Artefacts
	Accounts  production.Accounts
	Line      Line
	// Write writes the parts of an answer, one for each choice, as a document.
	Write func(title string, parts []string, at time.Time, f media.Format) ([]byte, error)
	// Deliver says whether an item may be handed out now; nil where nobody does.
	Deliver func(ctx context.Context, a artefact.Artefact) error
	// Judge judges a heading, which no model wrote and which nobody could read in a picture; nil where nobody does.
	Judge func(ctx context.Context, by production.By, a artefact.Artefact, title string) error
}

// Exporter makes files of answers. It is safe for use by many goroutines.
type Exporter struct{ c Config }

// New makes an Exporter.
func New(c Config) *Exporter { return &Exporter{c} }

// Export makes a file of an answer. What comes back may be opened and handed out, or is held for a person.
func (e *Exporter) Export(ctx context.Context, by production.By, o Order) (artefact.Artefact, error) {
	if (o.Text == "") == (len(o.Answer) == 0) {
		return artefact.Artefact{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeAsked}
	}
	a, marks, err := e.answer(ctx, o)
	if err != nil {
		return artefact.Artefact{}, err
	}
	parts, err := same(marks, o)
	if err != nil {
		return artefact.Artefact{}, err
	}
	if o.Title != "" && e.c.Judge != nil {
		if err := e.c.Judge(ctx, by, a, o.Title); err != nil {
			return artefact.Artefact{}, err
		}
	}
	made, err := e.c.Write(o.Title, parts, a.Created, o.Format)
	if err != nil {
		return artefact.Artefact{}, err
	}
	order := production.Order{Number: o.As, Function: marks.Policy.Function, Account: o.Account, Parents: []artefact.Number{o.Number},
		Notice: notice.Options{Language: o.Language, Corner: notice.BottomRight}}
	if o.Format == media.Markdown {
		order.Name = "answer.md"
	}
	if u := marks.Policy.Use; u != nil {
		order.Use = *u
		order.Use.Depicted, order.Use.Consents = 0, nil // a text shows nobody
	}
	return e.c.Line.Produce(ctx, by, order, bytes.NewReader(made))
}

// answer finds the answer, and makes sure that it is one, the account's, and not held back.
func (e *Exporter) answer(ctx context.Context, o Order) (a artefact.Artefact, m mark.Marks, err error) {
	missing := &colophon.Error{Kind: colophon.Missing, Code: artefact.CodeMissing}
	if a, err = e.c.Artefacts.Artefact(ctx, o.Number); err != nil {
		return a, m, err
	}
	subject, err := e.c.Accounts.Subject(ctx, o.Account)
	switch {
	case err != nil:
		return a, m, err
	case a.Account != subject || !slices.Contains([]artefact.State{artefact.Marked, artefact.Delivered}, a.State):
		return a, m, missing
	}
	if err = json.Unmarshal(a.Marks, &m); err != nil {
		return a, m, err
	}
	if len(m.Texts) == 0 {
		return a, m, &colophon.Error{Kind: colophon.Invalid, Code: CodeNotAnswer}
	}
	if e.c.Deliver != nil {
		err = e.c.Deliver(ctx, a)
	}
	return a, m, err
}

// same returns what each choice says, where it is what was handed out. The texts of one choice become paragraphs.
func same(m mark.Marks, o Order) (parts []string, err error) {
	var list []mark.Spoken
	if o.Text != "" {
		s, err := m.Said(o.Text)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	} else if list, err = mark.Read(o.Answer); err == nil {
		err = m.Same(list)
	}
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		parts = append(parts, strings.Join(s.Parts, "\n\n"))
	}
	return parts, nil
}

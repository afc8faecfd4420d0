// Package mark puts the marks of the law on answers in text that pass the gateway: the notice that a person reads, and the
// label that a program reads (Labelling Measures Art. 4 (1) and 5; GB 45438-2025 5.1 and Annex E).
//
// The notice stands at the start or the end of what each choice says, or is left to the client's interface, as the service
// declares ([Place]). It goes into what a person reads and nowhere else: never into reasoning, into arguments of tools, or
// into an answer that a program reads. There the header Colophon-Notice says "interface", and so does the record.
//
// The label is the object of seven fields under the key AIGC at the top level of the answer, and in the header AIGC. The
// format of answers has no place of its own in the practice guides; this is ours, and the record of the answer is what
// counts. A seal covers state, provider and number, not the words ([label.Seal]), so it is the same at the start of a
// stream as at its end. It costs a hundred times of all else here and is made apart ([Answer.Seal]).
//
// What an answer was made to carry is read back from its bytes ([Answer.Check]); an answer that fails there MUST NOT leave.
// Voice assistants get their notice at each turn from package stamp, for each turn's speech is a file of its own.
//
// What not to do here: never judge or change what a model said. Never put a notice where it breaks what a program reads.
// Never call an answer marked that was not read back.
package mark

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// Place is where a service shows the notice of an answer in text.
type Place string

// Places.
const (
	Start     Place = "start"
	End       Place = "end"
	Both      Place = "both"
	Interface Place = "interface" // the client's interface shows it around the answer
)

// Codes of errors.
const (
	CodePlace    colophon.Code = "mark-place"     // args "place", "places"
	CodeReadBack colophon.Code = "mark-read-back" // the answer does not bear what was put on it
	CodeNumber   colophon.Code = "mark-number"    // the number can't stand in a label
)

const (
	// Key is where the label stands at the top level of an answer, and the header that repeats it.
	Key = "AIGC"
	// HeaderNotice says where the notice of an answer is.
	HeaderNotice = "Colophon-Notice"
)

// ParsePlace reads a place; the empty text is the empty place.
func ParsePlace(text string) (Place, error) {
	switch p := Place(text); p {
	case "", Start, End, Both, Interface:
		return p, nil
	}
	return "", &colophon.Error{Kind: colophon.Invalid, Code: CodePlace, Clauses: []colophon.Clause{colophon.ClauseLM4},
		Args: colophon.Args{"place": strings.ToValidUTF8(text[:min(len(text), 64)], "?"), "places": "start, end, both, interface"}}
}

// Answer is what one answer carries. It is for one goroutine at a time.
type Answer struct {
	Number artefact.Number
	// Object is the label, as it stands at the top level of the answer under Key.
	Object []byte
	// Place is where the notice goes: Interface where the text can hold none.
	Place Place

	labels     *Labels
	seal       string
	line, lead string
	required   bool
	function   stamp.Function
	use        *production.Use
}

// Headers adds the headers of an answer. They are sent before the first byte, so that of the notice says where it goes when
// there is text that can hold it.
func (a *Answer) Headers(to map[string]string) {
	to[Key] = string(a.Object)
	to[HeaderNotice] = string(a.Place)
}

// Stream is what is put on an answer that goes out piece by piece, and what is remembered of it. A lane is what
// package shape calls one; only those whose kind is shape.Content come here.
type Stream struct {
	a       *Answer
	lanes   map[shape.Lane]*lane
	choices []*choice
}

// lane is one run of text that a person reads.
type lane struct {
	of    *choice
	begun bool
	done  bool
	ends  int // line feeds that it ends with, up to two
}

// choice is what is known of the texts of one choice.
type choice struct {
	number int
	hash   hash.Hash
	at     shape.Lane // the lane that was written last
	mixed  bool       // a lane was gone back to, so there is no one text
}

// Stream begins the marks of a stream.
func (a *Answer) Stream() *Stream { return &Stream{a: a, lanes: map[shape.Lane]*lane{}} }

// Begin is asked before the first words of a lane, and returns what stands before them: the notice and what else is told,
// in the first lane of each choice. A lane without words is not begun.
func (s *Stream) Begin(name shape.Lane, number int) string {
	if s.lanes[name] != nil {
		return ""
	}
	for _, c := range s.choices {
		if c.number == number {
			s.lanes[name] = &lane{of: c}
			return ""
		}
	}
	c := &choice{number: number, hash: sha256.New()}
	s.choices = append(s.choices, c)
	s.lanes[name] = &lane{of: c}
	return s.a.head()
}

// Wrote is told what went out in a lane, with what Begin and End returned and nothing else.
func (s *Stream) Wrote(name shape.Lane, text string) {
	l := s.lanes[name]
	if l == nil || text == "" {
		return
	}
	c := l.of
	if c.at != name {
		c.mixed = c.mixed || l.begun
		c.at, l.begun = name, true
	}
	io.WriteString(c.hash, text) // a hash takes all
	l.ends = lineEnds(text, l.ends)
}

// End is asked before a lane is finished, and returns what stands behind its words: the notice, where the service has it at
// the end. Which lane of a choice is the last nobody can know, so each gets one. A lane that never began gets nothing.
func (s *Stream) End(name shape.Lane) string {
	l := s.lanes[name]
	if l == nil || l.done {
		return ""
	}
	l.done = true
	return s.a.tail(l.ends)
}

// Marks is the document of marks, as far as the stream went. One that broke off before its end has no notice there.
func (s *Stream) Marks() Marks {
	put := len(s.choices) > 0
	for _, c := range s.choices {
		put = put && (s.a.Place != End || c.at != "" && s.lanes[c.at].done)
	}
	m := s.a.marks(put)
	for _, c := range s.choices {
		if !c.mixed {
			m.Texts = append(m.Texts, Text{c.number, digest(c.hash)})
		}
	}
	return m
}

// head is what stands before the words of a choice.
func (a *Answer) head() string {
	if a.Place != Start && a.Place != Both {
		return a.lead
	}
	return a.line + "\n\n" + a.lead
}

// tail is what stands behind them, where they end in a number of line feeds.
func (a *Answer) tail(ends int) string {
	if a.Place != End && a.Place != Both {
		return ""
	}
	return "\n\n"[ends:] + a.line
}

func digest(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

package mark

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice/prose"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// PlaceAnswer is where the label of an answer stands: the member AIGC of its outermost object.
const PlaceAnswer media.Place = "answer"

// Marks is the document of marks of an answer.
type Marks struct {
	production.Marks
	// Texts are digests of what people were given to read, notice and all, by which an export knows the answer again.
	Texts []Text `json:"texts,omitempty"`
}

// Text is what one choice says.
type Text struct {
	Choice int `json:"choice"`
	// Digest is the SHA-256 of its texts, one after the other with nothing between them, in hexadecimal.
	Digest string `json:"digest"`
}

// Put puts the marks on an answer that goes out whole.
func (a *Answer) Put(d *shape.Document) {
	d.SetTop(Key, a.Object)
	for _, r := range runs(d.Texts()) {
		texts := d.Texts()
		first, last := texts[r.first].Value, texts[r.last].Value
		head, tail := a.head(), a.tail(lineEnds(last, 0))
		if a.lead == "" && a.labels.said(first, false) {
			head = ""
		}
		if a.labels.said(last, true) {
			tail = ""
		}
		switch {
		case r.first == r.last:
			if head+tail != "" {
				d.SetText(r.first, head+first+tail)
			}
		default:
			if head != "" {
				d.SetText(r.first, head+first)
			}
			if tail != "" {
				d.SetText(r.last, last+tail)
			}
		}
	}
}

// run is the texts of one choice that a person reads.
type run struct{ choice, first, last int }

// runs finds them. Empty texts, such as those beside a call of a tool, are none.
func runs(texts []shape.Text) (list []run) {
	for i, t := range texts {
		if !reads(t) {
			continue
		}
		known := false
		for j := range list {
			if list[j].choice == t.Choice {
				list[j].last, known = i, true
			}
		}
		if !known {
			list = append(list, run{t.Choice, i, i})
		}
	}
	return list
}

// reads reports whether a text of an answer is for a person to read.
func reads(t shape.Text) bool { return t.Kind == shape.Content && t.Value != "" }

// said reports whether a text has our notice at an end: models repeat what earlier answers began with. Any other words that
// name AI are the model's, and may say the opposite.
func (l *Labels) said(text string, end bool) bool {
	text = strings.TrimSpace(text)
	line, _, _ := strings.Cut(text, "\n")
	if end {
		line = text[strings.LastIndexByte(text, '\n')+1:]
	}
	return slices.Contains(l.lines[:], strings.TrimSpace(line))
}

// lineEnds is in how many line feeds a text ends, up to two, where what stands before it ends in some.
func lineEnds(text string, before int) int {
	n := 0
	for n < len(text) && n < 2 && text[len(text)-1-n] == '\n' {
		n++
	}
	if n == len(text) {
		return min(2, n+before)
	}
	return n
}

// Check reads back from the bytes of an answer what was put on it, and returns the marks as they were found. An answer that
// does not bear them MUST NOT leave.
func (a *Answer) Check(e shape.Endpoint, body []byte) (Marks, error) {
	d, err := shape.Answer(e, body)
	if err != nil {
		return Marks{}, err
	}
	if err := a.Bears(body); err != nil {
		return Marks{}, err
	}
	texts := d.Texts()
	found := runs(texts)
	m := a.marks(len(found) > 0)
	for _, r := range found {
		if (a.Place == Start || a.Place == Both) && !a.labels.said(texts[r.first].Value, false) || (a.Place == End || a.Place == Both) && !a.labels.said(texts[r.last].Value, true) {
			return Marks{}, lost()
		}
		h := sha256.New()
		for i := r.first; i <= r.last; i++ {
			if reads(texts[i]) && texts[i].Choice == r.choice {
				h.Write([]byte(texts[i].Value))
			}
		}
		m.Texts = append(m.Texts, Text{r.choice, digest(h)})
	}
	return m, nil
}

// Bears fails unless an event, or the body of an answer, bears the label.
func (a *Answer) Bears(body []byte) error {
	value, count := top(body, Key)
	if count != 1 || !bytes.Equal(value, a.Object) {
		return lost()
	}
	return nil
}

func lost() error { return &colophon.Error{Kind: colophon.Internal, Code: CodeReadBack} }

// marks is the document of marks. Without words that a person reads the notice is the interface's.
func (a *Answer) marks(words bool) Marks {
	var m Marks
	f := fields(a.labels.c.Producer, a.Number, a.seal)
	m.Label = production.LabelMark{Action: string(label.Labelled), Place: PlaceAnswer, Fields: *f}
	m.Policy = production.PolicyMark{Function: a.function, Clauses: clauses(), Use: a.use}
	m.Notice = production.NoticeMark{State: stamp.Put, Words: prose.Said(a.line), Place: string(a.Place), Method: "text"}
	if a.Place == Interface || !words {
		m.Notice = production.NoticeMark{State: stamp.Around, Place: string(Interface), Around: prose.Said(a.line)}
		if !a.required {
			m.Notice.State = stamp.Offered
		}
	}
	return m
}

// Marking is what the register is told of marks.
func (m Marks) Marking(size int64, after artefact.Digest) (artefact.Marking, error) {
	text, err := json.Marshal(m)
	return artefact.Marking{After: after, Size: size, Marks: text, Clauses: clauses()}, err
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS17, colophon.ClauseLM4, colophon.ClauseGB5, colophon.ClauseGBE}
}

// top finds a member of the outermost object by its name, and how often it stands there. The body is sound JSON.
func top(body []byte, name string) (value []byte, count int) {
	depth, key := 0, true
	var start int
	var here bool
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '"':
			from := i + 1
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			if depth == 1 && key {
				here = string(body[from:min(i, len(body))]) == name
			}
		case '{', '[':
			if depth++; depth == 1 {
				key = c == '{'
			}
		case ':':
			if depth == 1 {
				key, start = false, i+1
			}
		case '}', ']', ',':
			if c != ',' {
				depth--
			}
			if depth == 1 && c == ',' || depth == 0 {
				if here && !key {
					value, count = bytes.TrimSpace(body[start:i]), count+1
				}
				key, here = true, false
			}
		}
	}
	return value, count
}

package shape

import (
	"github.com/colophon-project/colophon"
)

// Document is a body that was read. It is for one goroutine.
type Document struct {
	page   page
	answer bool
	texts  []Text
	media  []Media
	text   []int // the slot of each
	medium []int
	form   *form // nil for JSON
}

// Request reads the body of a request.
func Request(e Endpoint, body []byte) (*Document, error) {
	return read(e, requestTables[e], body, false)
}

// Answer reads the body of an answer that comes in one piece.
func Answer(e Endpoint, body []byte) (*Document, error) { return read(e, answerTables[e], body, true) }

func read(e Endpoint, n *node, body []byte, answer bool) (*Document, error) {
	if n == nil {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeEndpoint, Args: colophon.Args{"endpoint": string(e)}}
	}
	d := &Document{answer: answer}
	d.page = page{slots: make([]slot, 0, 16), arena: make([]byte, 0, 512), tops: make([]top, 0, 16)}
	d.page.reset()
	w := walker{page: &d.page, answer: answer, steps: make([]step, 0, 16), names: make([]string, 0, 32), lists: make([]int, 0, 8)}
	if err := w.read(n, string(body)); err != nil {
		return nil, err
	}
	d.list()
	return d, nil
}

// list lists what was found.
func (d *Document) list() {
	paths := string(d.page.arena)
	d.texts, d.text = make([]Text, 0, len(d.page.slots)), make([]int, 0, len(d.page.slots))
	for i := range d.page.slots {
		s := &d.page.slots[i]
		path := paths[s.pathFrom:s.pathTo]
		if s.class != isText {
			d.media, d.medium = append(d.media, s.media(path)), append(d.medium, i)
			continue
		}
		if s.role == "" && d.answer {
			s.role = "assistant"
		}
		if s.kind == Content && (s.role == "system" || s.role == "developer") {
			s.kind = Instruction
		}
		d.texts, d.text = append(d.texts, Text{path, s.role, s.choice, s.kind, s.value}), append(d.text, i)
	}
}

func (s *slot) media(path string) Media {
	m := Media{Path: path, Role: s.role, Type: s.mime, Data: s.data}
	if s.data == nil {
		m.URL = s.value
	}
	return m
}

// Model returns the name of the model; empty where there is none.
func (d *Document) Model() string { return d.page.facts.model }

// SetModel puts another name in its place.
func (d *Document) SetModel(name string) {
	if d.form == nil {
		d.page.setTop("model", appendString(nil, name))
	} else if d.form.model >= 0 {
		d.form.put(d.form.model, "", []byte(name))
	}
}

// Stream reports whether the answer is to come in pieces.
func (d *Document) Stream() bool { return d.page.facts.stream }

// Choices is how many answers are asked for.
func (d *Document) Choices() int {
	f := &d.page.facts
	return max(f.count, f.best, 1) * max(f.questions, 1)
}

// User returns what the caller calls its end user: user, safety_identifier or, in Anthropic's dialect, metadata.user_id.
func (d *Document) User() string { return d.page.facts.user }

// Machine reports whether a program reads the answer, so that no notice may stand in its text.
func (d *Document) Machine() bool { return d.page.facts.machine }

// Failed reports whether an answer says that it is an error, whatever its status.
func (d *Document) Failed() bool { return d.page.facts.failed }

// Texts returns the texts in the order in which they stand. It belongs to the document.
func (d *Document) Texts() []Text { return d.texts }

// SetText puts another text in the place of text i.
func (d *Document) SetText(i int, v string) {
	d.texts[i].Value = v
	if d.form != nil {
		d.form.put(d.form.text[i], "", []byte(v))
		return
	}
	d.page.change(d.text[i], v)
}

// Media returns the media in the order in which they stand. It belongs to the document.
func (d *Document) Media() []Media { return d.media }

// SetInline puts other bytes in the place of medium i, in the form that the interface has there.
func (d *Document) SetInline(i int, typ string, data []byte) {
	if d.form != nil {
		d.form.put(d.form.medium[i], typ, data)
	} else {
		d.page.inline(d.medium[i], typ, data)
	}
	d.media[i].Type, d.media[i].Data, d.media[i].URL = typ, data, ""
}

// SetURL puts an address in the place of medium i. It is false where the interface has no place for one.
func (d *Document) SetURL(i int, url string) bool {
	if d.form != nil || !d.page.address(d.medium[i], url) {
		return false
	}
	d.media[i].Data, d.media[i].URL = nil, url
	return true
}

// SetTop sets a member of the outermost object to a JSON value.
func (d *Document) SetTop(name string, json []byte) {
	if d.form == nil {
		d.page.setTop(name, json)
	}
}

// Finish says why a choice of an answer ended, in the words of its dialect; empty where it does not say.
func (d *Document) Finish(choice int) string {
	for _, f := range d.page.facts.finish {
		if f.choice == choice {
			return f.reason
		}
	}
	return ""
}

// Usage returns the units that an answer says were read and written.
func (d *Document) Usage() (in, out int64, ok bool) {
	f := &d.page.facts
	return f.in, f.out, f.usage
}

// Type is the content type of what Bytes returns. What the caller wrote there MUST NOT go on: a boundary can be named in two
// ways.
func (d *Document) Type() string {
	if d.form != nil {
		return d.form.kind()
	}
	return "application/json"
}

// Bytes returns the body with everything that was set.
func (d *Document) Bytes() []byte {
	if d.form != nil {
		return d.form.write()
	}
	list := d.page.changed()
	size := len(d.page.text)
	for _, e := range list {
		size += len(e.json)
	}
	d.page.out = make([]byte, 0, size)
	return d.page.write(list)
}

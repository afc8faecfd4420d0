package shape

import (
	"cmp"
	"encoding/base64"
	"slices"
)

// slot is a text or a medium in a body.
type slot struct {
	node             *node
	class            class
	kind             Kind
	start, end       int // of the JSON string, with its quotes
	pathFrom, pathTo int // in the arena
	value            string
	name             string // of what the table does not know, in a stream
	role, typ, mime  string // of the object around it; the type of a property name is ~
	choice           int
	at               [2]int // positions in the arrays around it
	data             []byte // of a medium
	key              bool   // it is a property name
	source           bool   // it is that of an object which is written anew with it
	from, to         int    // of what is written anew in place of a medium; 0: the string

	set bool
	raw bool // value is JSON, for from and to
}

// edit is a change by offsets.
type edit struct {
	start, end int
	json       string
}

// top is a member of the outermost object.
type top struct {
	name       string
	start, end int    // of its value; -1 where it is new
	json       string // its new value
}

// finish is why a choice ended.
type finish struct {
	choice int
	reason string
}

// facts are what a body says beside its texts.
type facts struct {
	model, user, typ, item        string
	count, best, questions        int
	stream, machine, failed, drop bool
	in, out                       int64
	usage                         bool
	finish                        []finish
	output, content, sequence     int
	sequenceAt                    edit
	head                          map[string]string // of a stream, as JSON
}

// page is what documents and events of streams have in common: a text, what was found in it, and what is to change.
type page struct {
	text  string
	slots []slot
	arena []byte
	auto  []edit
	tops  []top
	last  int // where the outermost object ends
	facts facts
	edits []edit
	out   []byte
}

// reset makes a page ready for the next body; the room stays.
func (p *page) reset() {
	f := p.facts
	*p = page{slots: p.slots[:0], arena: p.arena[:0], auto: p.auto[:0], tops: p.tops[:0], edits: p.edits[:0], out: p.out[:0]}
	p.facts.finish, p.facts.head = f.finish[:0], f.head
	p.facts.output, p.facts.content, p.facts.sequence = -1, -1, -1
}

// change puts a text in the place of a slot.
func (p *page) change(i int, v string) { p.slots[i].value, p.slots[i].set = v, true }

// inline puts bytes in the place of a medium, in the form of its interface.
func (p *page) inline(i int, typ string, data []byte) {
	s := &p.slots[i]
	coded := base64.StdEncoding.EncodeToString(data)
	uri := "data:" + typ + ";base64," + coded
	s.set, s.data, s.mime = true, data, typ
	switch {
	case s.source:
		s.value, s.raw = `{"type":"base64","media_type":`+quoted(typ)+`,"data":"`+coded+`"}`, true
	case s.to > 0:
		s.value, s.raw = `"b64_json":"`+coded+`"`, true
	case s.class == isURI || s.class == isFile && len(s.value) > 5 && s.value[:5] == "data:":
		s.value = uri
	default:
		s.value = coded
	}
}

// address puts an address in the place of a medium.
func (p *page) address(i int, url string) bool {
	s := &p.slots[i]
	switch {
	case s.source:
		s.value, s.raw = `{"type":"url","url":`+quoted(url)+`}`, true
	case s.to > 0:
		s.value, s.raw = `"url":`+quoted(url), true
	case s.class == isURI:
		s.value = url
	default:
		return false
	}
	s.set = true
	return true
}

func quoted(v string) string { return string(appendString(nil, v)) }

// setTop sets a member of the outermost object.
func (p *page) setTop(name string, json []byte) {
	for i := range p.tops {
		if t := &p.tops[i]; t.name == name {
			t.json = string(json)
			return
		}
	}
	p.tops = append(p.tops, top{name: name, json: string(json), start: -1})
}

// changed collects the changes in the order of the text.
func (p *page) changed() []edit {
	list := append(p.edits[:0], p.auto...)
	for i := range p.slots {
		s := &p.slots[i]
		switch {
		case !s.set:
		case s.raw:
			list = append(list, edit{s.from, s.to, s.value})
		default:
			list = append(list, edit{s.start, s.end, quoted(s.value)})
		}
	}
	more := ""
	for _, t := range p.tops {
		switch {
		case t.json == "":
		case t.start >= 0:
			list = append(list, edit{t.start, t.end, t.json})
		default:
			more += "," + quoted(t.name) + ":" + t.json
		}
	}
	if more != "" {
		if p.tops[0].start < 0 {
			more = more[1:] // the object was empty
		}
		list = append(list, edit{p.last, p.last, more})
	}
	slices.SortStableFunc(list, func(a, b edit) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	p.edits = list
	return list
}

// write returns the text with changes. A change inside another is part of that.
func (p *page) write(list []edit) []byte {
	at := 0
	out := p.out[:0]
	for _, e := range list {
		if e.start < at {
			continue
		}
		out = append(append(out, p.text[at:e.start]...), e.json...)
		at = e.end
	}
	p.out = append(out, p.text[at:]...)
	return p.out
}

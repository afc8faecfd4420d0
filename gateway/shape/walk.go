package shape

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// many is how many members an object has before they are looked up by a map.
const many = 24

// texts are how many texts, names and media a request may have; an answer, where each piece of a word may have its probability,
// has more.
const (
	textsAsked    = 1 << 16
	textsAnswered = 1 << 20
)

// step is one step of a path: a member, or an element of an array.
type step struct {
	name string
	at   int // of an element; -1 for a member
}

// frame is an object while it is read: what it says of the slots in it.
type frame struct {
	slot, finish            int // the first ones
	role, typ, mime, format string
	index                   int // -1: none
}

// walker reads a body into a page.
type walker struct {
	scanner
	*page
	answer bool
	event  bool // of a stream
	depth  int
	open   int // how many steps name what the table knows; -1: all
	steps  []step
	lists  []int    // positions in the arrays that are open, without that of choices
	names  []string // of members of all objects that are open
	keyAt  int      // where the last member's name begins
}

// read reads a whole body by a table.
func (w *walker) read(n *node, src string) error {
	w.src, w.page.text, w.pos, w.depth, w.open = src, src, 0, 0, -1
	w.steps, w.names, w.lists = w.steps[:0], w.names[:0], w.lists[:0]
	if !utf8.ValidString(src) {
		for i, r := range src {
			if r == utf8.RuneError && !strings.HasPrefix(src[i:], "\uFFFD") {
				w.pos = i
				return w.bad()
			}
		}
	}
	if w.peek() != '{' {
		return w.bad()
	}
	if err := w.object(n); err != nil {
		return err
	}
	if w.space(); w.pos < len(src) {
		return w.bad()
	}
	return nil
}

func (w *walker) value(n *node, f *frame) error {
	c, start, slot := w.peek(), w.pos, len(w.slots)
	if slot >= textsAsked && (!w.answer || slot >= textsAnswered) {
		return invalid(CodeMany, colophon.Args{"limit": strconv.Itoa(slot)})
	}
	var err error
	switch c {
	case '"':
		var v string
		var broken bool
		if v, broken, err = w.str(); err == nil {
			return w.word(n, f, v, start, broken)
		}
	case '{':
		err = w.object(n)
	case '[':
		err = w.array(n)
	case 't':
		err = w.literal("true")
	case 'f':
		err = w.literal("false")
	case 'n':
		return w.literal("null") // says nothing, wherever it stands
	default:
		err = w.number()
	}
	if err != nil {
		return err
	}
	if n.words && c != '[' {
		return w.wrong(CodeTokens)
	}
	if n.class == isNull || n.class == isEmpty {
		w.without(n.class, slot, start)
	}
	if n.capture != noCapture {
		return w.note(n.capture, f, c, w.src[start:w.pos])
	}
	return nil
}

// without takes a value out, and what was found in it.
func (w *walker) without(c class, slot, start int) {
	w.slots = w.slots[:slot]
	nothing := "null"
	if c == isEmpty {
		if nothing = "[]"; strings.Trim(w.src[start:w.pos], "[] \t\r\n") == "" {
			return
		}
	}
	w.auto = append(w.auto, edit{start, w.pos, nothing})
}

func (w *walker) array(n *node) error {
	w.pos++
	if w.depth++; w.depth > MaxDepth {
		return invalid(CodeDepth, colophon.Args{"limit": strconv.Itoa(MaxDepth)})
	}
	elem := n.elem
	if elem == nil {
		elem = n.rest
	}
	defer w.unlock(w.lock(n.elem == nil))
	listed := !elem.choice
	if listed {
		w.lists = append(w.lists, 0)
	}
	count, start, slot, numbers := 0, w.pos-1, len(w.slots), false
	for more := w.peek() != ']'; more; count++ {
		c := w.peek()
		numbers = numbers || c == '-' || '0' <= c && c <= '9'
		if listed {
			w.lists[len(w.lists)-1] = count
		}
		w.steps = append(w.steps, step{at: count})
		if err := w.value(elem, nil); err != nil {
			return err
		}
		w.steps = w.steps[:len(w.steps)-1]
		if more = w.peek() == ','; more {
			w.pos++
		}
	}
	if listed {
		w.lists = w.lists[:len(w.lists)-1]
	}
	if n.capture == capQuestions {
		w.facts.questions = count
	}
	w.depth--
	if err := w.take(']'); err != nil {
		return err
	}
	if numbers && w.event && n.rest == n { // they may be those of tokens that are held back
		w.without(isNull, slot, start)
	}
	return nil
}

// lock keeps steps out of paths, from here on, that the table does not know; unlock takes what lock returns.
func (w *walker) lock(unknown bool) int {
	before := w.open
	if unknown && w.open < 0 {
		w.open = len(w.steps)
	}
	return before
}

func (w *walker) unlock(open int) { w.open = open }

func (w *walker) object(n *node) error {
	start := w.pos
	w.pos++
	if w.depth++; w.depth > MaxDepth {
		return invalid(CodeDepth, colophon.Args{"limit": strconv.Itoa(MaxDepth)})
	}
	f := frame{slot: len(w.slots), finish: len(w.facts.finish), index: -1}
	m := members{base: len(w.names)}
	for more := w.peek() != '}'; more; {
		if err := w.member(n, &f, &m); err != nil {
			return err
		}
		if more = w.peek() == ','; more {
			w.pos++
		}
	}
	w.names = w.names[:m.base]
	w.depth--
	if err := w.take('}'); err != nil {
		return err
	}
	return w.settle(n, &f, start)
}

// members are the names of the members of an object so far: those of the walker from base on.
type members struct {
	base int
	set  map[string]bool // of all, once they are many
}

// twice reports whether a member is there already, and adds it.
func (w *walker) twice(m *members, name string) bool {
	if m.set != nil {
		was := m.set[name]
		m.set[name] = true
		return was
	}
	w.names = append(w.names, name)
	before := w.names[m.base : len(w.names)-1]
	if len(before) == many {
		m.set = make(map[string]bool, 2*many)
		for _, b := range w.names[m.base:] {
			m.set[b] = true
		}
	}
	return slices.Contains(before, name)
}

func (w *walker) member(n *node, f *frame, m *members) error {
	w.space()
	start := w.pos
	name, broken, err := w.str()
	if err != nil {
		return err
	}
	if w.twice(m, name) {
		return w.wrong(CodeTwice)
	}
	child, known := n.keys[name]
	if !known {
		for k := range n.keys {
			if strings.EqualFold(k, name) {
				return w.wrong(CodeTwice)
			}
		}
		if child = n.any; child == nil {
			child = n.rest
		}
	}
	open := w.lock(!known)
	w.steps = append(w.steps, step{name, -1})
	if !known && !(n.token && tokenLike(name)) {
		if broken && !w.answer {
			w.pos = start
			return w.bad()
		}
		w.add(slot{node: n.rest, start: start, end: w.pos, value: name, key: true, set: broken, typ: "~"})
	}
	if err := w.take(':'); err != nil {
		return err
	}
	w.space()
	if w.depth == 1 {
		w.tops = append(w.tops, top{name: name, start: w.pos})
	}
	w.keyAt = start
	if err := w.value(child, f); err != nil {
		return err
	}
	if w.depth == 1 {
		w.tops[len(w.tops)-1].end = w.pos
	}
	w.steps = w.steps[:len(w.steps)-1]
	w.unlock(open)
	return nil
}

// thoughts are the types of what a model does not say to anybody, whatever member the text of it is.
var thoughts = map[string]bool{"reasoning": true, "reasoning_text": true, "summary_text": true, "thinking": true}

// settle gives the slots of an object what the object says of itself, wherever in it that stands.
func (w *walker) settle(n *node, f *frame, start int) error {
	if w.depth == 0 {
		w.last = w.pos - 1
		w.facts.typ = f.typ
	}
	if !w.answer && (f.typ == "item_reference" || n == inputItem && w.reference(f)) {
		return w.wrong(CodeReference)
	}
	choice := -1
	if n.choice {
		if choice = f.index; choice < 0 {
			choice = w.steps[len(w.steps)-1].at
		}
		for i := f.finish; i < len(w.facts.finish); i++ {
			w.facts.finish[i].choice = choice
		}
	}
	role := f.role
	if role == "" {
		role = n.role
	}
	if choice < 0 && role == "" && f.typ == "" && f.mime == "" && f.format == "" && !n.source && !(n.index && f.index >= 0) {
		return nil
	}
	for i := f.slot; i < len(w.slots); i++ {
		s := &w.slots[i]
		if choice >= 0 {
			s.choice = choice
		}
		if s.role == "" {
			s.role = role
		}
		if s.typ == "" {
			if s.typ = f.typ; w.answer && s.kind == Content && thoughts[f.typ] {
				s.kind = Reasoning
			}
		}
		if s.class != isText && s.mime == "" {
			if s.mime = f.mime; s.mime == "" && f.format != "" {
				s.mime = "audio/" + f.format
			}
		}
		if n.index && f.index >= 0 && len(w.lists) > 0 && len(w.lists) <= len(s.at) {
			s.at[len(w.lists)-1] = f.index
		}
		if n.source && s.class != isText && s.to == 0 {
			s.from, s.to, s.source = start, w.pos, true
		}
	}
	if n.source {
		return w.pending(f)
	}
	return nil
}

// reference reports whether an item has no content of its own, so that its number stands for it.
func (w *walker) reference(f *frame) bool {
	if f.typ == "image_generation_call" {
		return !slices.ContainsFunc(w.slots[f.slot:], func(s slot) bool { return s.class != isText })
	}
	return f.typ == "" && f.role == ""
}

// pending decides what the data of a source are, now that its type is known.
func (w *walker) pending(f *frame) error {
	for i := f.slot; i < len(w.slots); i++ {
		s := &w.slots[i]
		if s.class != isData {
			continue
		}
		if f.typ == "text" {
			s.class = isText
			continue
		}
		s.class = isBase64
		if err := w.decode(s); err != nil {
			return err
		}
	}
	return nil
}

// wrong is an error at the place where the walker is.
func (w *walker) wrong(code colophon.Code) error {
	return invalid(code, colophon.Args{"path": string(w.path(nil, false))})
}

// path appends the names of the steps that the table knows. A text that has no such name of its own gets one by its number.
func (w *walker) path(dst []byte, numbered bool) []byte {
	known := len(w.steps)
	if w.open >= 0 {
		known = w.open
	}
	for i, s := range w.steps[:known] {
		if i > 0 {
			dst = append(dst, '.')
		}
		if s.at >= 0 {
			dst = strconv.AppendInt(dst, int64(s.at), 10)
		} else {
			dst = append(dst, s.name...)
		}
	}
	if numbered && w.open >= 0 {
		if known > 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, '~')
		dst = strconv.AppendInt(dst, int64(len(w.slots)), 10)
	}
	return dst
}

package shape

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

// odd is how many events may have texts in fields that nobody knows and that do not say the same every time. More of them
// may be a text in pieces.
const odd = 32

// most is how many lanes an answer may have.
const most = 4096

// Streaming reads an answer that comes in pieces. It is for one goroutine.
type Streaming struct {
	endpoint Endpoint
	table    *node
	walker   walker
	piece    Piece
	head     map[string]string
	lanes    []*lane
	seen     map[string]bool // whole texts that were told before
	odd      int
	choices  []bool // those that were seen; true for those that ended
	blocks   []bool // the same of blocks
	sequence int    // the next number of an event; -1 where they have none
	in, out  int64
	usage    bool
}

// lane is what is known of one.
type lane struct {
	id     Lane
	kind   Kind
	choice int
	node   *node
	name   string // of what the table does not know
	base   string // of the events, in /responses; the field, in Anthropic's dialect
	at     [2]int
	typ    string
	item   string
	rest   string // an escape that is not complete
	first  string // of a text that comes once
	whole  bool
	done   bool
}

// Stream begins to read the answer of an endpoint.
func Stream(e Endpoint) *Streaming {
	s := &Streaming{endpoint: e, table: eventTables[e], head: map[string]string{}, seen: map[string]bool{}, sequence: -1}
	s.piece.s = s
	s.walker = walker{page: &s.piece.page, answer: true, event: true}
	s.piece.page.facts.head = s.head
	return s
}

// Piece is one event of an answer.
type Piece struct {
	Deltas   []Delta // new text
	Repeats  []Delta // text that lanes had before: it MUST be set to what the lane released
	Finished []Lane  // lanes that get no more text; what is held back of them goes out before this event, or in it where it has a delta of the lane
	Last     bool    // nothing follows
	Failed   bool    // the model says that it failed; the event MUST NOT go on, for its text is not ours
	Reason   string  // why a choice ended, in the words of the dialect

	s       *Streaming
	name    string
	raw     []byte
	page    page
	media   []Media
	delta   []int // the slot of each
	repeat  []int
	medium  []int
	dropped bool
}

// Read reads an event. The piece is good until the next call. What lanes had as an escape of JSON that never became
// complete is left out.
func (s *Streaming) Read(ev Event) (*Piece, error) {
	p := &s.piece
	p.Deltas, p.Repeats, p.Finished, p.Last, p.Failed, p.Reason = p.Deltas[:0], p.Repeats[:0], p.Finished[:0], false, false, ""
	p.name, p.raw, p.dropped = "", ev.Data, len(ev.Data) == 0
	p.media, p.delta, p.repeat, p.medium = p.media[:0], p.delta[:0], p.repeat[:0], p.medium[:0]
	p.page.reset()
	switch {
	case s.table == nil:
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeEndpoint, Args: colophon.Args{"endpoint": string(s.endpoint)}}
	case p.dropped:
		return p, nil
	case string(ev.Data) == "[DONE]":
		p.Last = true
		s.finish(func(*lane) bool { return true })
		return p, nil
	}
	if err := s.walker.read(s.table, string(ev.Data)); err != nil {
		return nil, err
	}
	f := &p.page.facts
	if ev.Name != "" && f.typ != "" {
		if p.name = f.typ; ev.Name != f.typ {
			return nil, invalid(CodeField, colophon.Args{"path": "type"})
		}
	}
	if p.Failed = f.failed || ev.Name == "error" || f.typ == "error" || f.typ == "response.failed"; p.Failed {
		return p, nil
	}
	s.count(f)
	p.dropped = f.drop
	return p, s.sort()
}

func (s *Streaming) count(f *facts) {
	if f.usage {
		s.in, s.out, s.usage = max(s.in, f.in), max(s.out, f.out), true
	}
	if f.sequence >= 0 && s.sequence < 0 {
		s.sequence = f.sequence
	}
}

// sort makes deltas and repeats of what was found, in the way of the dialect.
func (s *Streaming) sort() error {
	p := &s.piece
	strange := s.odd
	for i := range p.page.slots {
		t := &p.page.slots[i]
		var err error
		switch {
		case t.class != isText:
			p.media = append(p.media, t.media(string(p.page.arena[t.pathFrom:t.pathTo])))
			p.medium = append(p.medium, i)
		case t.value == "":
		case t.key:
			err = s.whole(i, nil)
		default:
			switch s.endpoint {
			case Messages:
				err = s.block(i)
			case Responses, Transcriptions:
				err = s.item(i)
			default:
				err = s.chat(i)
			}
		}
		if err != nil {
			return err
		}
	}
	s.odd = min(s.odd, strange+1)
	if s.odd > odd {
		return invalid(CodePieces, colophon.Args{"path": "~"})
	}
	switch s.endpoint {
	case Messages:
		s.endBlock()
	case Responses, Transcriptions:
		s.endItem()
	default:
		s.endChoices()
	}
	return nil
}

// find returns the lane that is like another, or nil.
func (s *Streaming) find(like lane) *lane {
	for _, l := range s.lanes {
		if l.choice == like.choice && l.at == like.at && l.node == like.node && l.base == like.base && l.name == like.name {
			return l
		}
	}
	return nil
}

// grow takes more text of a lane.
func (s *Streaming) grow(i int, like lane) error {
	p, t := &s.piece, &s.piece.page.slots[i]
	l := s.find(like)
	if l == nil {
		l = &lane{}
		*l = like
		s.open(l)
	}
	if l.done || l.whole || len(s.lanes) > most {
		return s.pieces(i)
	}
	l.item = cmp.Or(l.item, like.item)
	if jsonLane(l) {
		text, rest := plain(l.rest + t.value)
		if l.rest = rest; text != t.value {
			t.value, t.set = text, true
		}
	}
	if t.value != "" {
		p.Deltas, p.delta = append(p.Deltas, Delta{Lane: l.id, Kind: l.kind, Choice: l.choice, Text: t.value, JSON: jsonLane(l)}), append(p.delta, i)
	}
	return nil
}

// pieces is an error at a slot.
func (s *Streaming) pieces(i int) error {
	p := &s.piece.page
	return invalid(CodePieces, colophon.Args{"path": string(p.arena[p.slots[i].pathFrom:p.slots[i].pathTo])})
}

func jsonLane(l *lane) bool {
	return l.node != nil && l.node.json && l.name == "" || l.base == "partial_json" || strings.HasSuffix(l.base, "call_arguments")
}

// open gives a lane its name: what the table knows of its path, or its number.
func (s *Streaming) open(l *lane) {
	name := []byte(strconv.Itoa(l.choice))
	if s.endpoint == Messages || s.endpoint == Responses {
		name = strconv.AppendInt(name[:0], int64(l.at[0]), 10)
	}
	switch {
	case l.name != "" || l.base == "" && l.node == nil:
		name = append(append(name, ".~"...), strconv.Itoa(len(s.lanes))...)
	case l.base != "":
		if l.at[1] >= 0 {
			name = strconv.AppendInt(append(name, '.'), int64(l.at[1]), 10)
		}
		name = append(append(name, '.'), l.base...)
	default:
		for _, step := range l.steps() {
			if step != "delta" {
				name = append(append(name, '.'), strings.TrimPrefix(step, "#")...)
			}
		}
	}
	l.id = Lane(name)
	s.lanes = append(s.lanes, l)
}

// whole takes a text that is complete. One that was told before is not told again. Where a lane is given the text is all
// that it has.
func (s *Streaming) whole(i int, l *lane) error {
	p, t := &s.piece, &s.piece.page.slots[i]
	if t.node.json {
		t.value = spoken(t.value)
	}
	if l == nil {
		if s.seen[t.value] {
			return nil
		}
		l = &lane{choice: t.choice, kind: t.kind, at: t.at}
		if s.seen[t.value] = true; t.key || t.node.delta || t.node.rest == t.node {
			s.odd++
		}
		l.id = Lane(strconv.Itoa(l.choice) + ".~w" + strconv.Itoa(len(s.seen)))
	} else {
		l.whole, l.done = true, true
		s.open(l)
	}
	p.Deltas, p.delta = append(p.Deltas, Delta{Lane: l.id, Kind: l.kind, Choice: l.choice, Text: t.value, Whole: true}), append(p.delta, i)
	return nil
}

// again takes a text that its lane had before. Where there was none it is the first of it.
func (s *Streaming) again(i int, like lane) error {
	l := s.find(like)
	if l == nil {
		return s.grow(i, like)
	}
	p := &s.piece
	p.Repeats, p.repeat = append(p.Repeats, Delta{Lane: l.id, Kind: l.kind, Choice: l.choice, Text: p.page.slots[i].value, Whole: true}), append(p.repeat, i)
	return nil
}

// finish ends lanes.
func (s *Streaming) finish(which func(*lane) bool) {
	for _, l := range s.lanes {
		if !l.done && which(l) {
			l.done = true
			s.piece.Finished = append(s.piece.Finished, l.id)
		}
	}
}

// Set puts another text in the place of delta i.
func (p *Piece) Set(i int, text string) { p.page.change(p.delta[i], text) }

// SetRepeat puts another text in the place of repeat i.
func (p *Piece) SetRepeat(i int, text string) { p.page.change(p.repeat[i], text) }

// Media returns whole media in the event, such as pictures that a model made.
func (p *Piece) Media() []Media { return p.media }

// SetInline puts other bytes in the place of medium i.
func (p *Piece) SetInline(i int, typ string, data []byte) { p.page.inline(p.medium[i], typ, data) }

// SetURL puts an address in the place of medium i. It is false where the interface has no place for one.
func (p *Piece) SetURL(i int, url string) bool { return p.page.address(p.medium[i], url) }

// SetTop sets a member of the outermost object to a JSON value.
func (p *Piece) SetTop(name string, json []byte) { p.page.setTop(name, json) }

// Drop makes the event one that is not to be sent.
func (p *Piece) Drop() { p.dropped = true }

// Dropped reports whether there is nothing to send: an event without data, or one of a picture that is not finished.
func (p *Piece) Dropped() bool { return p.dropped }

// Object reports whether the event has an object, so that something can be set in it.
func (p *Piece) Object() bool { return p.page.text != "" }

// Event returns the event with everything that was set, once. Where events are numbered it gets the next number, so that it
// MUST be asked for in the order in which events are sent.
func (p *Piece) Event() Event {
	f := &p.page.facts
	if f.sequence >= 0 && f.sequenceAt.json == "" {
		f.sequenceAt.json = strconv.Itoa(p.s.next())
		if p.s.sequence-1 != f.sequence {
			p.page.auto = append(p.page.auto, f.sequenceAt)
		}
	}
	list := p.page.changed()
	if len(list) == 0 || p.page.text == "" {
		return Event{p.name, p.raw}
	}
	return Event{p.name, p.page.write(list)}
}

// next returns the number of the next event.
func (s *Streaming) next() int {
	s.sequence = max(s.sequence, 0) + 1
	return s.sequence - 1
}

// Usage returns the units that the stream said so far were read and written.
func (s *Streaming) Usage() (in, out int64, ok bool) { return s.in, s.out, s.usage }

// Extra makes an event with more text of a lane that Read has named and that is not finished, or that the piece read last
// finishes.
func (s *Streaming) Extra(id Lane, text string) Event {
	for _, l := range s.lanes {
		switch {
		case l.id != id:
		case s.endpoint == Messages:
			return s.extraBlock(l, text)
		case s.endpoint == Responses || s.endpoint == Transcriptions:
			return s.extraItem(l, text)
		default:
			return s.extraChunk(l, text)
		}
	}
	return Event{}
}

// Filtered returns the events that end a stream after a hit, in the dialect: every choice ends for its content, then comes
// an error. Nothing follows, and no [DONE].
func (s *Streaming) Filtered(code, message string) []Event {
	var list []Event
	switch s.endpoint {
	case Messages:
		list = s.filteredMessage()
	case Responses:
		list = append(list, s.filteredResponse())
	case Chat, Completions:
		list = s.filteredChunks()
	}
	return append(list, s.fault(400, code, message))
}

// Broken returns the events that end a stream after any other fault: an error alone.
func (s *Streaming) Broken(code, message string) []Event {
	return []Event{s.fault(500, code, message)}
}

func (s *Streaming) fault(status int, code, message string) Event {
	switch s.endpoint {
	case Messages:
		return Event{"error", Problem(s.endpoint, status, "", code, message, "")}
	case Responses:
		b := []byte(`{"type":"error","sequence_number":` + strconv.Itoa(s.next()) + `,"code":` + quoted(code) + `,"param":null,"message":`)
		return Event{"error", append(appendString(b, message), '}')}
	}
	return Event{"", Problem(s.endpoint, status, "", code, message, "")}
}

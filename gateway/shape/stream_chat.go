package shape

import (
	"cmp"
	"strconv"
	"strings"
)

// chat takes a text of an event of chat or completions. A name that comes once does not grow.
func (s *Streaming) chat(i int) error {
	t := &s.piece.page.slots[i]
	like := lane{choice: t.choice, node: t.node, at: t.at, name: t.name, kind: t.kind, typ: t.typ, first: t.value}
	switch {
	case t.node.delta:
		return s.grow(i, like)
	case !t.node.once:
		return s.whole(i, nil)
	}
	if l := s.find(like); l == nil {
		return s.whole(i, &like)
	} else if l.first != t.value {
		return s.pieces(i)
	}
	return nil
}

// steps are those below the choice: where the table knows them, by its pattern, then what it does not know. Elements of
// arrays are numbers; one that the interface numbers has a # before.
func (l *lane) steps() []string {
	steps := strings.Split(l.node.pattern, ".")[2:] // without choices.*
	n := 0
	for i, step := range steps {
		if step == "*" || step == "#" {
			steps[i] = strings.TrimPrefix(step, "*") + strconv.Itoa(max(l.at[min(n, len(l.at)-1)], 0))
			n++
		}
	}
	if l.name != "" {
		steps = append(steps, strings.Split(l.name[1:], "\x00")...)
	}
	return steps
}

// nest appends a value inside objects and arrays, and what is to stand beside the first member.
func (l *lane) nest(dst []byte, steps []string, beside, text string) []byte {
	if len(steps) == 0 {
		return appendString(dst, text)
	}
	step, more := steps[0], steps[1:]
	number, numbered := strings.CutPrefix(step, "#")
	if _, err := strconv.Atoi(number); err == nil {
		if l.typ != "" {
			beside = `"type":` + quoted(l.typ) + `,`
		}
		if numbered {
			beside = `"index":` + number + `,` + beside
		}
		return append(l.nest(append(dst, '['), more, beside, text), ']')
	}
	dst = append(append(dst, '{'), beside...)
	dst = append(appendString(dst, strings.TrimPrefix(step, ".")), ':')
	return append(l.nest(dst, more, "", text), '}')
}

// chunk makes an event of chat or completions with one choice.
func (s *Streaming) chunk(choice []byte) Event {
	object := "chat.completion.chunk"
	if s.endpoint == Completions {
		object = "text_completion"
	}
	data := `{"id":` + cmp.Or(s.head["id"], `""`) + `,"object":"` + object + `","created":` + cmp.Or(s.head["created"], "0") + `,"model":` + cmp.Or(s.head["model"], `""`) + `,"choices":[`
	return Event{Data: append(append([]byte(data), choice...), "]}"...)}
}

func (s *Streaming) extraChunk(l *lane, text string) Event {
	beside := `"index":` + strconv.Itoa(l.choice) + `,"finish_reason":null,`
	if s.endpoint == Completions {
		beside += `"logprobs":null,`
	}
	return s.chunk(l.nest(nil, l.steps(), beside, text))
}

// endChoices remembers which choices are there and which ended.
func (s *Streaming) endChoices() {
	p := &s.piece
	for _, d := range p.Deltas {
		s.mark(&s.choices, d.Choice, false)
	}
	for _, f := range p.page.facts.finish {
		p.Reason = f.reason
		s.mark(&s.choices, f.choice, true)
		s.finish(func(l *lane) bool { return l.choice == f.choice })
	}
}

// mark remembers that one of a list is there, or that it ended.
func (s *Streaming) mark(list *[]bool, i int, ended bool) {
	if i < 0 || i >= most {
		return
	}
	for len(*list) <= i {
		*list = append(*list, true)
	}
	if ended {
		(*list)[i] = true
	} else if i < len(*list) {
		(*list)[i] = false
	}
}

// filteredChunks ends all choices that did not end yet.
func (s *Streaming) filteredChunks() []Event {
	var list []Event
	if len(s.choices) == 0 {
		s.choices = []bool{false}
	}
	rest := `,"delta":{},"logprobs":null,"finish_reason":"content_filter"}`
	if s.endpoint == Completions {
		rest = `,"text":"","logprobs":null,"finish_reason":"content_filter"}`
	}
	for i, ended := range s.choices {
		if !ended {
			list = append(list, s.chunk([]byte(`{"index":`+strconv.Itoa(i)+rest)))
		}
	}
	return list
}

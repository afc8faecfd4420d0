package shape

import (
	"strconv"
	"strings"
)

// grown are the members of blocks that grow, and the types of what they grow by.
var grown = map[string]string{"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}

// block takes a text of an event of Anthropic's dialect.
func (s *Streaming) block(i int) error {
	t, f := &s.piece.page.slots[i], &s.piece.page.facts
	path := string(s.piece.page.arena[t.pathFrom:t.pathTo])
	like := lane{at: [2]int{f.output, -1}, kind: t.kind, typ: t.typ, name: t.name}
	switch {
	case f.typ == "content_block_delta" && t.node.delta:
		if like.base = strings.TrimPrefix(path, "delta."); t.name != "" {
			like.base = "~"
		}
		return s.grow(i, like)
	case f.typ == "content_block_start" && (path == "content_block.text" || path == "content_block.thinking"):
		like.base = strings.TrimPrefix(path, "content_block.")
		return s.grow(i, like)
	}
	return s.whole(i, nil)
}

// endBlock ends lanes that the event ends.
func (s *Streaming) endBlock() {
	p, f := &s.piece, &s.piece.page.facts
	for _, e := range f.finish {
		p.Reason = e.reason
	}
	switch f.typ {
	case "content_block_start":
		s.mark(&s.blocks, f.output, false)
	case "content_block_stop":
		s.mark(&s.blocks, f.output, true)
		s.finish(func(l *lane) bool { return l.at[0] == f.output })
	case "message_delta", "message_stop":
		p.Last = f.typ == "message_stop"
		s.finish(func(*lane) bool { return true })
	}
}

func (s *Streaming) extraBlock(l *lane, text string) Event {
	b := []byte(`{"type":"content_block_delta","index":` + strconv.Itoa(max(l.at[0], 0)) + `,"delta":`)
	typ, steps := grown[l.base], []string{"." + l.base}
	if l.name != "" {
		typ, steps = l.typ, strings.Split(l.name[1:], "\x00")
	}
	return Event{"content_block_delta", append(l.nest(b, steps, `"type":`+quoted(typ)+`,`, text), '}')}
}

// filteredMessage ends all blocks that are open, and the message.
func (s *Streaming) filteredMessage() []Event {
	var list []Event
	for i, ended := range s.blocks {
		if !ended {
			list = append(list, Event{"content_block_stop", []byte(`{"type":"content_block_stop","index":` + strconv.Itoa(i) + `}`)})
		}
	}
	return append(list, Event{"message_delta", []byte(`{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null},"usage":{"output_tokens":` + strconv.FormatInt(s.out, 10) + `}}`)})
}

package shape

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// bases are the events of texts in items and parts, by the type of what they stand in and by the member.
var bases = map[[2]string]string{
	{"output_text", "text"}:           "response.output_text",
	{"refusal", "refusal"}:            "response.refusal",
	{"summary_text", "text"}:          "response.reasoning_summary_text",
	{"reasoning_text", "text"}:        "response.reasoning_text",
	{"output_audio", "transcript"}:    "response.audio.transcript",
	{"function_call", "arguments"}:    "response.function_call_arguments",
	{"mcp_call", "arguments"}:         "response.mcp_call_arguments",
	{"custom_tool_call", "input"}:     "response.custom_tool_call_input",
	{"code_interpreter_call", "code"}: "response.code_interpreter_call_code",
}

// item takes a text of an event of /responses or of a transcription.
func (s *Streaming) item(i int) error {
	t, f := &s.piece.page.slots[i], &s.piece.page.facts
	like := lane{at: [2]int{f.output, f.content}, item: f.item, name: t.name}
	if base, ok := strings.CutSuffix(f.typ, ".delta"); ok && t.node.delta {
		like.base, like.kind = base, kindOf(base)
		if base == "response.audio" || base == "speech.audio" {
			return s.pieces(i)
		}
		return s.grow(i, like)
	}
	field := t.node.pattern[strings.LastIndexByte(t.node.pattern, '.')+1:]
	known := t.node.rest != t.node
	base, done := strings.CutSuffix(f.typ, ".done")
	switch path := string(s.piece.page.arena[t.pathFrom:t.pathTo]); {
	case known && done && path == field && slices.Contains([]string{"text", "refusal", "arguments", "input", "code", "transcript"}, field):
		like.base = base
	case known && bases[[2]string{t.typ, field}] != "":
		like.base = bases[[2]string{t.typ, field}]
		switch {
		case strings.HasPrefix(path, "response.output."):
			like.at = t.at
		case strings.HasPrefix(path, "item."):
			like.at = [2]int{f.output, t.at[0]}
		}
	default:
		return s.whole(i, nil)
	}
	like.kind = kindOf(like.base)
	return s.again(i, like)
}

func kindOf(base string) Kind {
	switch base {
	case "response.output_text", "response.refusal", "response.audio.transcript", "transcript.text":
		return Content
	}
	switch {
	case strings.Contains(base, "reasoning"):
		return Reasoning
	case strings.HasSuffix(base, "call_arguments") || strings.HasSuffix(base, "call_input") || strings.HasSuffix(base, "call_code"):
		return Arguments
	}
	return Other
}

// endItem ends lanes that the event ends.
func (s *Streaming) endItem() {
	p, f := &s.piece, &s.piece.page.facts
	for _, e := range f.finish {
		p.Reason = e.reason
	}
	switch base, done := strings.CutSuffix(f.typ, ".done"); {
	case f.typ == "response.completed" || f.typ == "response.incomplete" || f.typ == "transcript.text.done":
		p.Last, p.Reason = true, cmp.Or(p.Reason, strings.TrimPrefix(f.typ, "response."))
		s.finish(func(*lane) bool { return true })
	case f.typ == "response.output_item.done":
		s.finish(func(l *lane) bool { return l.at[0] == f.output })
	case f.typ == "response.content_part.done":
		s.finish(func(l *lane) bool { return l.at == [2]int{f.output, f.content} && !strings.Contains(l.base, "summary") })
	case done:
		s.finish(func(l *lane) bool { return l.at == [2]int{f.output, f.content} && l.base == base })
	}
}

func (s *Streaming) extraItem(l *lane, text string) Event {
	name := l.base + ".delta"
	b := []byte(`{"type":` + quoted(name))
	number := func(name string, v int) {
		if v >= 0 {
			b = strconv.AppendInt(append(b, `,"`+name+`":`...), int64(v), 10)
		}
	}
	if s.sequence >= 0 {
		number("sequence_number", s.next())
	}
	if l.item != "" {
		b = append(b, `,"item_id":`+quoted(l.item)...)
	}
	number("output_index", l.at[0])
	if strings.Contains(l.base, "summary") {
		number("summary_index", l.at[1])
	} else {
		number("content_index", l.at[1])
	}
	if l.base == "response.output_text" {
		b = append(b, `,"logprobs":[]`...)
	}
	b = append(b, `,"delta":`...)
	if l.name != "" {
		b = l.nest(b, strings.Split(l.name[1:], "\x00"), "", text)
	} else {
		b = appendString(b, text)
	}
	return Event{name, append(b, '}')}
}

// filteredResponse says that the answer is not complete because of its content.
func (s *Streaming) filteredResponse() Event {
	return Event{"response.incomplete", []byte(`{"type":"response.incomplete","sequence_number":` + strconv.Itoa(s.next()) +
		`,"response":{"id":` + cmp.Or(s.head["id"], `""`) + `,"object":"response","created_at":` + cmp.Or(s.head["created_at"], "0") +
		`,"status":"incomplete","error":null,"incomplete_details":{"reason":"content_filter"},"model":` + cmp.Or(s.head["model"], `""`) + `,"output":[]}}`)}
}

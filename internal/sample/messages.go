package sample

import (
	"encoding/base64"
	"encoding/json"
)

// messagesRequest is a request of Anthropic's messages.
type messagesRequest struct {
	Model    string  `json:"model"`
	System   content `json:"system"`
	Messages []struct {
		Role    string  `json:"role"`
		Content content `json:"content"`
	} `json:"messages"`
	Stream bool `json:"stream"`
	Most   int  `json:"max_tokens"`
	Tools  []struct {
		Name   string `json:"name"`
		Schema object `json:"input_schema"`
	} `json:"tools"`
	ToolChoice choice   `json:"tool_choice"`
	Stop       []string `json:"stop_sequences"`
	Thinking   struct {
		Type string `json:"type"`
	} `json:"thinking"`
	Output struct {
		Format format `json:"format"`
	} `json:"output_config"`
}

func (in messagesRequest) ask() *ask {
	a := &ask{model: in.Model, stream: in.Stream, must: in.ToolChoice.must(), reasons: in.Thinking.Type == "enabled" || in.Thinking.Type == "adaptive", most: in.Most, stops: in.Stop, schema: in.Output.Format.wanted()}
	for _, t := range in.Tools {
		if t.Schema != nil {
			a.tools = append(a.tools, tool{name: t.Name, schema: t.Schema})
		}
	}
	a.note("system", in.System)
	for _, message := range in.Messages {
		a.note(message.Role, message.Content)
	}
	return a
}

// messages answers POST /v1/messages.
func (m *Model) messages(x *exchange) {
	var in messagesRequest
	if x.check(x.decode(&in)) {
		return
	}
	switch {
	case in.Model != Text:
		x.refuse(noModel(in.Model))
		return
	case len(in.Messages) == 0:
		x.refuse(bad("messages", "messages: there are none"))
		return
	case in.Most < 1:
		x.refuse(bad("max_tokens", "max_tokens: it is to be 1 or more"))
		return
	}
	a := in.ask()
	if x.begin(a.raw) {
		return
	}
	r := x.reply(a, 0)
	blocks := x.blocks(r)
	if a.stream {
		x.streamMessage(a, r, blocks)
		return
	}
	whole := []object{}
	for _, b := range blocks {
		whole = append(whole, b.whole)
	}
	x.json(200, x.message(whole, stopReason(r.finish), object{"input_tokens": a.consumed, "output_tokens": r.tokens()}))
}

// countTokens answers POST /v1/messages/count_tokens.
func (m *Model) countTokens(x *exchange) {
	var in messagesRequest
	if x.check(x.decode(&in)) {
		return
	}
	x.json(200, object{"input_tokens": in.ask().consumed})
}

func (x *exchange) message(blocks []object, reason any, usage object) object {
	return object{"id": "msg_" + x.id, "type": "message", "role": "assistant", "model": Text, "content": blocks, "stop_reason": reason, "stop_sequence": nil, "usage": usage}
}

// stopReason is why an answer ended, as Anthropic's dialect says it.
func stopReason(finish string) string {
	switch finish {
	case "stop":
		return "end_turn"
	case "length":
		return "max_tokens"
	case "tools":
		return "tool_use"
	}
	return finish
}

// block is a block of a message: whole, and as a stream gives it.
type block struct {
	whole, start object
	deltas       []object
}

func (x *exchange) blocks(r reply) (list []block) {
	if len(r.thought) > 0 {
		signature := base64.StdEncoding.EncodeToString([]byte(x.id))
		b := block{whole: object{"type": "thinking", "thinking": whole(r.thought), "signature": signature}, start: object{"type": "thinking", "thinking": "", "signature": ""}}
		for _, piece := range r.thought {
			b.deltas = append(b.deltas, object{"type": "thinking_delta", "thinking": piece})
		}
		b.deltas = append(b.deltas, object{"type": "signature_delta", "signature": signature})
		list = append(list, b)
	}
	if extra := x.switches.text("extra"); extra != "" {
		b := object{"type": "commentary", "remark": extra}
		list = append(list, block{whole: b, start: b})
	}
	if len(r.text) > 0 {
		b := block{whole: object{"type": "text", "text": whole(r.text), "citations": nil}, start: object{"type": "text", "text": ""}}
		for _, piece := range r.text {
			b.deltas = append(b.deltas, object{"type": "text_delta", "text": piece})
		}
		list = append(list, b)
	}
	for _, c := range r.calls {
		var input any
		if json.Unmarshal([]byte(c.args), &input) != nil {
			input = object{"input": c.args}
		}
		id := "toolu_" + c.id
		b := block{whole: object{"type": "tool_use", "id": id, "name": c.name, "input": input}, start: object{"type": "tool_use", "id": id, "name": c.name, "input": object{}}}
		for _, piece := range tokens(c.args) {
			b.deltas = append(b.deltas, object{"type": "input_json_delta", "partial_json": piece})
		}
		list = append(list, b)
	}
	return list
}

func (x *exchange) streamMessage(a *ask, r reply, blocks []block) {
	s := x.events()
	s.send("message_start", object{"type": "message_start", "message": x.message([]object{}, nil, object{"input_tokens": a.consumed, "output_tokens": 1})})
	for i, b := range blocks {
		s.send("content_block_start", object{"type": "content_block_start", "index": i, "content_block": b.start})
		if i == 0 {
			s.send("ping", object{"type": "ping"})
		}
		for _, delta := range b.deltas {
			s.send("content_block_delta", object{"type": "content_block_delta", "index": i, "delta": delta})
		}
		s.send("content_block_stop", object{"type": "content_block_stop", "index": i})
	}
	s.send("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": stopReason(r.finish), "stop_sequence": nil}, "usage": object{"output_tokens": r.tokens()}})
	if !s.switches.Has("nodone") {
		s.send("message_stop", object{"type": "message_stop"})
	}
}

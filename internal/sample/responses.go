package sample

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// responsesRequest is a request of OpenAI's responses.
type responsesRequest struct {
	Model        string   `json:"model"`
	Instructions string   `json:"instructions"`
	Input        turns    `json:"input"`
	Stream       bool     `json:"stream"`
	Tools        []oaTool `json:"tools"`
	ToolChoice   choice   `json:"tool_choice"`
	Text         struct {
		Format format `json:"format"`
	} `json:"text"`
	Reasoning *struct {
		Effort string `json:"effort"`
	} `json:"reasoning"`
	Most int `json:"max_output_tokens"`
}

// turn is an item of the input: a message, or the output of a tool.
type turn struct {
	Type    string  `json:"type"`
	Role    string  `json:"role"`
	Content content `json:"content"`
	Output  content `json:"output"`
}

// turns are one text, or items.
type turns []turn

// UnmarshalJSON reads one text, or items.
func (t *turns) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*t = turns{{Role: "user", Content: content{{Type: "input_text", Text: text}}}}
		return nil
	}
	var list []turn
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*t = list
	return nil
}

func (in responsesRequest) ask() *ask {
	a := &ask{model: in.Model, stream: in.Stream, must: in.ToolChoice.must(), schema: in.Text.Format.wanted(), reasons: in.Reasoning != nil && in.Reasoning.Effort != "none", most: in.Most}
	for _, t := range in.Tools {
		if t.Type == "image_generation" {
			a.paints = true
		}
		if t, ok := t.tool(); ok {
			a.tools = append(a.tools, t)
		}
	}
	a.note("system", content{{Text: in.Instructions}})
	for _, t := range in.Input {
		role := t.Role
		if t.Type == "function_call_output" || t.Type == "custom_tool_call_output" {
			role, t.Content = "tool", t.Output
		}
		a.note(role, t.Content)
	}
	return a
}

// responses answers POST /v1/responses.
func (m *Model) responses(x *exchange) {
	var in responsesRequest
	if x.check(x.decode(&in)) {
		return
	}
	switch {
	case in.Model != Text:
		x.refuse(noModel(in.Model))
		return
	case len(in.Input) == 0:
		x.refuse(bad("input", "there is no input"))
		return
	}
	a := in.ask()
	if x.begin(a.raw) {
		return
	}
	r := x.reply(a, 0)
	items := x.items(r)
	if a.stream {
		x.streamResponse(a, r, items)
		return
	}
	x.json(200, x.response(a, r, items, true))
}

// response is the response itself, at its start or its end.
func (x *exchange) response(a *ask, r reply, items []item, ended bool) object {
	all := object{"id": "resp_" + x.id, "object": "response", "created_at": x.now.Unix(), "model": Text, "status": "in_progress", "error": nil, "incomplete_details": nil, "instructions": nil,
		"metadata": object{}, "output": []object{}, "parallel_tool_calls": true, "temperature": 1, "top_p": 1, "tool_choice": "auto", "tools": []object{}}
	if !ended {
		return all
	}
	output := []object{}
	for _, i := range items {
		output = append(output, i.whole)
	}
	all["output"], all["status"] = output, "completed"
	if r.finish == "length" || r.finish == "content_filter" {
		all["status"], all["incomplete_details"] = "incomplete", object{"reason": map[string]string{"length": "max_output_tokens"}[r.finish] + map[string]string{"content_filter": "content_filter"}[r.finish]}
	}
	if !x.switches.Has("nousage") {
		out := r.tokens()
		all["usage"] = object{"input_tokens": a.consumed, "output_tokens": out, "total_tokens": a.consumed + out, "input_tokens_details": object{"cached_tokens": 0}, "output_tokens_details": object{"reasoning_tokens": len(r.thought)}}
	}
	return all
}

// item is an item of the output, whole, as it is announced, and with the events between.
type item struct {
	whole, start object
	events       []itemEvent
}

// itemEvent is one event of an item, without the fields that say which item.
type itemEvent struct {
	name string
	data object
}

func (x *exchange) items(r reply) (list []item) {
	id := func(kind string) string { return fmt.Sprintf("%s_%s%d", kind, x.id, len(list)) }
	if len(r.thought) > 0 {
		list = append(list, reasoningItem(id("rs"), r.thought))
	}
	if extra := x.switches.text("extra"); extra != "" {
		it := object{"id": id("cm"), "type": "commentary", "remark": extra}
		list = append(list, item{whole: it, start: it})
	}
	if len(r.text) > 0 {
		list = append(list, messageItem(id("msg"), r.text))
	}
	for _, c := range r.calls {
		list = append(list, callItem(id("fc"), c))
	}
	if r.picture != nil {
		it := object{"id": id("ig"), "type": "image_generation_call", "status": "completed", "output_format": "png", "result": base64.StdEncoding.EncodeToString(r.picture)}
		list = append(list, item{whole: it, start: object{"id": it["id"], "type": "image_generation_call", "status": "in_progress", "result": nil}})
	}
	return list
}

func reasoningItem(id string, pieces []string) item {
	text := whole(pieces)
	part := object{"type": "summary_text", "text": text}
	it := item{whole: object{"id": id, "type": "reasoning", "summary": []object{part}}, start: object{"id": id, "type": "reasoning", "summary": []object{}}}
	it.add("response.reasoning_summary_part.added", object{"summary_index": 0, "part": object{"type": "summary_text", "text": ""}})
	for _, piece := range pieces {
		it.add("response.reasoning_summary_text.delta", object{"summary_index": 0, "delta": piece})
	}
	it.add("response.reasoning_summary_text.done", object{"summary_index": 0, "text": text})
	it.add("response.reasoning_summary_part.done", object{"summary_index": 0, "part": part})
	return it
}

func messageItem(id string, pieces []string) item {
	text := whole(pieces)
	part := func(text string) object {
		return object{"type": "output_text", "text": text, "annotations": []object{}, "logprobs": []object{}}
	}
	message := func(status string, parts ...object) object {
		if parts == nil {
			parts = []object{}
		}
		return object{"id": id, "type": "message", "role": "assistant", "status": status, "content": parts}
	}
	it := item{whole: message("completed", part(text)), start: message("in_progress")}
	it.add("response.content_part.added", object{"content_index": 0, "part": part("")})
	for _, piece := range pieces {
		it.add("response.output_text.delta", object{"content_index": 0, "delta": piece, "logprobs": []object{}})
	}
	it.add("response.output_text.done", object{"content_index": 0, "text": text, "logprobs": []object{}})
	it.add("response.content_part.done", object{"content_index": 0, "part": part(text)})
	return it
}

func callItem(id string, c toolCall) item {
	kind, key, event := "function_call", "arguments", "response.function_call_arguments"
	if c.custom {
		kind, key, event = "custom_tool_call", "input", "response.custom_tool_call_input"
	}
	call := func(status, args string) object {
		return object{"id": id, "type": kind, "status": status, "call_id": c.id, "name": c.name, key: args}
	}
	it := item{whole: call("completed", c.args), start: call("in_progress", "")}
	for _, piece := range tokens(c.args) {
		it.add(event+".delta", object{"delta": piece})
	}
	it.add(event+".done", object{key: c.args, "name": c.name})
	return it
}

func (i *item) add(name string, data object) {
	i.events = append(i.events, itemEvent{name: name, data: data})
}

func (x *exchange) streamResponse(a *ask, r reply, items []item) {
	s := x.events()
	send := func(name string, data object) {
		data["type"], data["sequence_number"] = name, s.sent
		s.send(name, data)
	}
	send("response.created", object{"response": s.response(a, r, items, false)})
	send("response.in_progress", object{"response": s.response(a, r, items, false)})
	for n, i := range items {
		send("response.output_item.added", object{"output_index": n, "item": i.start})
		for _, e := range i.events {
			e.data["output_index"], e.data["item_id"] = n, i.whole["id"]
			send(e.name, e.data)
		}
		send("response.output_item.done", object{"output_index": n, "item": i.whole})
	}
	if s.switches.Has("nodone") {
		return
	}
	last := s.response(a, r, items, true)
	send("response."+last["status"].(string), object{"response": last})
}

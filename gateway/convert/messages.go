package convert

import (
	"encoding/json"
	"strings"
)

// messagesRequest turns a request of Anthropic's dialect into OpenAI's.
func messagesRequest(o *object) any {
	out := dict{}
	for _, name := range []string{"model", "max_tokens", "temperature", "top_p", "top_k"} {
		out.put(name, o.raw(name))
	}
	out.put("stop", o.raw("stop_sequences"))
	var stream bool
	if o.into("stream", &stream); stream {
		out["stream"], out["stream_options"] = true, dict{"include_usage": true}
	}
	if m := o.object("metadata"); m != nil {
		out.put("user", m.text("user_id"))
		m.done()
	}
	list := []dict{}
	if text, blocks := o.textOr("system"); text != "" || blocks != nil {
		list = append(list, dict{"role": "system", "content": plainParts(text, texts(blocks))})
	}
	for _, m := range o.objects("messages") {
		list = append(list, messagesTurn(m)...)
	}
	out["messages"] = list
	messagesTools(o, out)
	messagesFormat(o, out)
	o.without("thinking", "service_tier", "cache_control", "inference_geo")
	o.done()
	return out
}

// texts turns blocks that may be texts alone.
func texts(blocks []*object) []dict {
	var parts []dict
	for _, b := range blocks {
		if b.text("type") != "text" {
			b.refuse("type")
		}
		parts = append(parts, dict{"type": "text", "text": b.text("text")})
		b.without("cache_control")
		b.done()
	}
	return parts
}

// plainParts is a text as it is, or parts; one part that is a text is that.
func plainParts(text string, parts []dict) any {
	if len(parts) == 1 && parts[0]["type"] == "text" {
		return parts[0]["text"]
	}
	if parts != nil {
		return parts
	}
	return text
}

// messagesTurn turns a message. Results of tools become messages of their own, and stand first: they answer what was said before.
func messagesTurn(m *object) []dict {
	role := m.text("role")
	text, blocks := m.textOr("content")
	m.done()
	if role != "user" && role != "assistant" {
		m.bad("role")
	}
	var list, parts, calls []dict
	var thought strings.Builder
	for _, b := range blocks {
		switch typ := b.text("type"); {
		case typ == "text":
			parts = append(parts, dict{"type": "text", "text": b.text("text")})
		case typ == "image" && role == "user":
			parts = append(parts, messagesImage(b))
		case typ == "document" && role == "user":
			parts = append(parts, messagesDocument(b))
		case typ == "tool_result" && role == "user":
			list = append(list, messagesResult(b))
		case typ == "tool_use" && role == "assistant":
			calls = append(calls, messagesCall(b))
		case typ == "thinking" && role == "assistant":
			thought.WriteString(b.text("thinking"))
			b.without("signature")
		case typ == "redacted_thinking" && role == "assistant":
			b.without("data")
		default:
			b.refuse("type")
		}
		b.without("cache_control")
		b.done()
	}
	if blocks != nil && parts == nil && calls == nil {
		if list != nil || role == "assistant" && thought.Len() == 0 {
			return list
		}
	}
	out := dict{"role": role, "content": plainParts(text, parts)}
	if parts == nil && calls != nil {
		out["content"] = nil
	}
	out.put("tool_calls", calls)
	out.put("reasoning_content", thought.String())
	return append(list, out)
}

func messagesImage(b *object) dict {
	source := b.object("source")
	if source == nil {
		b.bad("source")
		return nil
	}
	url := source.text("url")
	switch source.text("type") {
	case "base64":
		url = dataURI(source)
	case "url":
	default:
		source.refuse("type")
	}
	source.done()
	return dict{"type": "image_url", "image_url": dict{"url": url}}
}

func dataURI(source *object) string {
	return "data:" + source.text("media_type") + ";base64," + source.text("data")
}

func messagesDocument(b *object) dict {
	source := b.object("source")
	if source == nil {
		b.bad("source")
		return nil
	}
	name := b.text("title")
	var part dict
	switch source.text("type") {
	case "base64":
		file := dict{"file_data": dataURI(source)}
		file.put("filename", name)
		part = dict{"type": "file", "file": file}
	case "text":
		source.without("media_type")
		text := source.text("data")
		if name != "" {
			text = name + "\n\n" + text
		}
		part = dict{"type": "text", "text": text}
	default:
		source.refuse("type")
	}
	source.done()
	if c := b.object("citations"); c != nil {
		c.done()
	}
	return part
}

// messagesResult turns the result of a tool. That it is an error is said in the text, for there is no other place.
func messagesResult(b *object) dict {
	text, blocks := b.textOr("content")
	parts := texts(blocks)
	var failed bool
	if b.into("is_error", &failed); failed {
		if parts != nil {
			parts = append([]dict{{"type": "text", "text": "Error:"}}, parts...)
		} else {
			text = "Error: " + text
		}
	}
	return dict{"role": "tool", "tool_call_id": b.text("tool_use_id"), "content": plainParts(text, parts)}
}

func messagesCall(b *object) dict {
	input := b.raw("input")
	if input == nil {
		input = json.RawMessage("{}")
	}
	call := dict{"id": b.text("id"), "type": "function", "function": dict{"name": b.text("name"), "arguments": string(marshal(input))}}
	if c := b.object("caller"); c != nil {
		if c.text("type") != "direct" {
			b.refuse("caller")
		}
		c.done()
	}
	return call
}

func messagesTools(o *object, out dict) {
	var tools []dict
	for _, t := range o.objects("tools") {
		if typ := t.text("type"); typ != "" && typ != "custom" {
			t.refuse("type")
		}
		f := dict{"name": t.text("name")}
		f.put("description", t.text("description"))
		f.put("parameters", t.raw("input_schema"))
		f.put("strict", t.raw("strict"))
		t.without("cache_control")
		t.done()
		tools = append(tools, dict{"type": "function", "function": f})
	}
	out.put("tools", tools)
	c := o.object("tool_choice")
	if c == nil {
		return
	}
	switch c.text("type") {
	case "auto":
		out["tool_choice"] = "auto"
	case "any":
		out["tool_choice"] = "required"
	case "none":
		out["tool_choice"] = "none"
	case "tool":
		out["tool_choice"] = dict{"type": "function", "function": dict{"name": c.text("name")}}
	default:
		c.refuse("type")
	}
	var single bool
	if c.into("disable_parallel_tool_use", &single); single {
		out["parallel_tool_calls"] = false
	}
	c.done()
}

func messagesFormat(o *object, out dict) {
	format := o.object("output_format")
	if c := o.object("output_config"); c != nil {
		c.without("effort")
		if f := c.object("format"); f != nil {
			format = f
		}
		c.done()
	}
	if format == nil {
		return
	}
	if format.text("type") != "json_schema" {
		format.refuse("type")
	}
	out["response_format"] = dict{"type": "json_schema", "json_schema": dict{"name": "answer", "strict": true, "schema": format.raw("schema")}}
	format.done()
}

// finishes are reasons for the end in Anthropic's dialect, and what OpenAI's says.
var finishes = map[string]string{
	"end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
	"tool_use": "tool_calls", "refusal": "content_filter",
}

// messagesAnswer turns an answer of Anthropic's dialect into OpenAI's. It says nothing about when it was made.
func messagesAnswer(o *object) any {
	message := dict{"role": "assistant", "content": nil}
	var text, thought strings.Builder
	var calls []dict
	for _, b := range o.objects("content") {
		switch b.text("type") {
		case "text":
			text.WriteString(b.text("text"))
			message["content"] = text.String()
		case "thinking":
			thought.WriteString(b.text("thinking"))
			b.without("signature")
		case "redacted_thinking":
			b.without("data")
		case "tool_use":
			calls = append(calls, messagesCall(b))
		default:
			b.refuse("type")
		}
		b.done()
	}
	message.put("reasoning_content", thought.String())
	message.put("tool_calls", calls)
	reason := finishes[o.text("stop_reason")]
	if reason == "" {
		o.bad("stop_reason")
	}
	return dict{
		"id": o.text("id"), "object": "chat.completion", "created": 0, "model": o.text("model"),
		"choices": []dict{{"index": 0, "message": message, "logprobs": nil, "finish_reason": reason}}, "usage": messagesUsage(o.object("usage")).chat(),
	}
}

// usage is what was read and written.
type usage struct{ fresh, cached, stored, out int64 }

func messagesUsage(o *object) usage {
	if o == nil {
		return usage{}
	}
	return usage{o.number("input_tokens"), o.number("cache_read_input_tokens"), o.number("cache_creation_input_tokens"), o.number("output_tokens")}
}

func (u usage) chat() dict {
	in := u.fresh + u.cached + u.stored
	return dict{"prompt_tokens": in, "completion_tokens": u.out, "total_tokens": in + u.out, "prompt_tokens_details": dict{"cached_tokens": u.cached}}
}

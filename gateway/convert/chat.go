package convert

import (
	"encoding/json"
	"strings"
)

// standard is how long an answer may be where the request does not say: Anthropic's dialect must.
const standard = 4096

// chatRequest turns a request of OpenAI's dialect into Anthropic's.
func chatRequest(o *object) any {
	out := dict{}
	for _, name := range []string{"model", "top_p", "top_k", "stream"} {
		out.put(name, o.raw(name))
	}
	out["max_tokens"] = standard
	out.put("max_tokens", o.raw("max_tokens"))
	out.put("max_tokens", o.raw("max_completion_tokens"))
	var heat float64
	if o.into("temperature", &heat) {
		if out["temperature"] = heat; heat > 1 {
			o.refuse("temperature")
		}
	}
	if n := o.number("n"); n > 1 {
		o.refuse("n")
	}
	chatStop(o, out)
	user, who := o.text("user"), o.text("safety_identifier")
	if who == "" {
		who = user
	}
	if who != "" {
		out["metadata"] = dict{"user_id": who}
	}
	chatMessages(o, out)
	chatTools(o, out)
	chatFormat(o, out)
	var modes []string
	if o.into("modalities", &modes); len(modes) > 1 || len(modes) == 1 && modes[0] != "text" {
		o.refuse("modalities")
	}
	o.without("stream_options", "store", "metadata", "service_tier", "prompt_cache_key", "prompt_cache_retention", "prediction", "reasoning_effort", "reasoning", "thinking", "enable_thinking")
	o.done()
	return out
}

func chatStop(o *object, out dict) {
	stop := o.raw("stop")
	if len(stop) > 0 && stop[0] == '"' {
		stop = append(append(json.RawMessage("["), stop...), ']')
	}
	out.put("stop_sequences", stop)
}

// chatMessages turns messages. Those that follow each other with the same speaker become one.
func chatMessages(o *object, out dict) {
	var system []dict
	list := []dict{}
	for _, m := range o.objects("messages") {
		role := m.text("role")
		var blocks []dict
		switch role {
		case "system", "developer":
			system = append(system, chatContent(m)...)
		case "user":
			blocks = chatContent(m)
		case "assistant":
			blocks = chatAssistant(m)
		case "tool":
			role = "user"
			blocks = []dict{{"type": "tool_result", "tool_use_id": m.text("tool_call_id"), "content": chatContent(m)}}
		default:
			m.refuse("role")
		}
		m.done()
		if len(blocks) == 0 {
			continue
		}
		if last := len(list) - 1; last >= 0 && list[last]["role"] == role {
			list[last]["content"] = append(list[last]["content"].([]dict), blocks...)
		} else {
			list = append(list, dict{"role": role, "content": blocks})
		}
	}
	out.put("system", system)
	out["messages"] = list
}

// chatContent turns the content of a message into blocks.
func chatContent(m *object) []dict {
	text, parts := m.textOr("content")
	if text != "" {
		return []dict{{"type": "text", "text": text}}
	}
	blocks := make([]dict, 0, len(parts))
	for _, p := range parts {
		switch p.text("type") {
		case "text":
			if text := p.text("text"); text != "" { // an empty block is refused there
				blocks = append(blocks, dict{"type": "text", "text": text})
			}
		case "refusal":
			blocks = append(blocks, dict{"type": "text", "text": p.text("refusal")})
		case "image_url":
			blocks = append(blocks, chatImage(p))
		case "file":
			blocks = append(blocks, chatFile(p))
		default:
			p.refuse("type")
		}
		p.without("cache_control")
		p.done()
	}
	return blocks
}

func chatImage(p *object) dict {
	image := p.object("image_url")
	if image == nil {
		p.bad("image_url")
		return nil
	}
	url := image.text("url")
	image.without("detail")
	image.done()
	if source := inline(url); source != nil {
		return dict{"type": "image", "source": source}
	}
	return dict{"type": "image", "source": dict{"type": "url", "url": url}}
}

// inline turns a data URI into a source; nil where it is none.
func inline(url string) dict {
	rest, ok := strings.CutPrefix(url, "data:")
	head, data, coded := strings.Cut(rest, ";base64,")
	if !ok || !coded {
		return nil
	}
	typ, _, _ := strings.Cut(head, ";")
	return dict{"type": "base64", "media_type": typ, "data": data}
}

func chatFile(p *object) dict {
	file := p.object("file")
	if file == nil {
		p.bad("file")
		return nil
	}
	source := inline(file.text("file_data"))
	if source == nil || source["media_type"] != "application/pdf" {
		file.refuse("file_data")
	}
	block := dict{"type": "document", "source": source}
	block.put("title", file.text("filename"))
	file.done()
	return block
}

// chatAssistant turns what the model said before. Its reasoning has no seal and is left out.
func chatAssistant(m *object) []dict {
	blocks := chatContent(m)
	if refusal := m.text("refusal"); refusal != "" {
		blocks = append(blocks, dict{"type": "text", "text": refusal})
	}
	m.without("reasoning_content", "reasoning", "reasoning_details")
	return append(blocks, chatCalls(m)...)
}

func chatCalls(m *object) []dict {
	var blocks []dict
	for _, c := range m.objects("tool_calls") {
		f := c.object("function")
		if typ := c.text("type"); f == nil || typ != "" && typ != "function" {
			c.refuse("type")
			return nil
		}
		var input map[string]json.RawMessage
		if text := strings.TrimSpace(f.text("arguments")); text == "" {
			input = map[string]json.RawMessage{}
		} else if json.Unmarshal([]byte(text), &input) != nil || input == nil {
			f.bad("arguments")
		}
		blocks = append(blocks, dict{"type": "tool_use", "id": c.text("id"), "name": f.text("name"), "input": input})
		c.without("index")
		f.done()
		c.done()
	}
	return blocks
}

func chatTools(o *object, out dict) {
	var tools []dict
	for _, t := range o.objects("tools") {
		f := t.object("function")
		if t.text("type") != "function" || f == nil {
			t.refuse("type")
			return
		}
		tool := dict{"name": f.text("name"), "input_schema": dict{"type": "object"}}
		tool.put("description", f.text("description"))
		tool.put("input_schema", f.raw("parameters"))
		tool.put("strict", f.raw("strict"))
		f.done()
		t.done()
		tools = append(tools, tool)
	}
	out.put("tools", tools)
	choice := chatChoice(o)
	var parallel bool
	if o.into("parallel_tool_calls", &parallel) && !parallel && tools != nil {
		if choice == nil {
			choice = dict{"type": "auto"}
		}
		choice["disable_parallel_tool_use"] = true
	}
	if choice != nil {
		out["tool_choice"] = choice
	}
}

func chatChoice(o *object) dict {
	if v := o.members["tool_choice"]; len(v) > 0 && v[0] == '{' {
		c := o.object("tool_choice")
		f := c.object("function")
		if c.text("type") != "function" || f == nil {
			c.refuse("type")
			return nil
		}
		choice := dict{"type": "tool", "name": f.text("name")}
		f.done()
		c.done()
		return choice
	}
	word := o.text("tool_choice")
	typ, ok := map[string]string{"": "", "auto": "auto", "required": "any", "none": "none"}[word]
	if !ok {
		o.refuse("tool_choice")
	}
	if typ == "" {
		return nil
	}
	return dict{"type": typ}
}

func chatFormat(o *object, out dict) {
	format := o.object("response_format")
	if format == nil {
		return
	}
	switch format.text("type") {
	case "text":
	case "json_schema":
		if s := format.object("json_schema"); s != nil {
			out["output_config"] = dict{"format": dict{"type": "json_schema", "schema": s.raw("schema")}}
			s.without("name", "description", "strict")
			s.done()
		}
	default:
		format.refuse("type")
	}
	format.done()
}

// stops are reasons for the end in OpenAI's dialect, and what Anthropic's says.
var stops = map[string]string{"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use", "content_filter": "refusal"}

// chatAnswer turns an answer of OpenAI's dialect into Anthropic's.
func chatAnswer(o *object) any {
	choices := o.objects("choices")
	if len(choices) != 1 {
		o.refuse("choices")
		return nil
	}
	m := choices[0].object("message")
	reason := stops[choices[0].text("finish_reason")]
	if m == nil || reason == "" {
		choices[0].bad("finish_reason")
		return nil
	}
	var content []dict
	thought := m.text("reasoning_content")
	if also := m.text("reasoning"); thought == "" {
		thought = also
	}
	if thought != "" {
		content = append(content, dict{"type": "thinking", "thinking": thought, "signature": ""})
	}
	m.without("role", "reasoning_details", "reasoning_content", "reasoning")
	content = append(content, chatAssistant(m)...)
	m.done()
	if content == nil {
		content = []dict{}
	}
	return dict{
		"id": o.text("id"), "type": "message", "role": "assistant", "model": o.text("model"), "content": content,
		"stop_reason": reason, "stop_sequence": nil, "usage": chatUsage(o.object("usage")).messages(),
	}
}

func chatUsage(o *object) usage {
	if o == nil {
		return usage{}
	}
	u := usage{fresh: o.number("prompt_tokens"), out: o.number("completion_tokens")}
	if d := o.object("prompt_tokens_details"); d != nil {
		u.cached = d.number("cached_tokens")
	}
	u.fresh -= u.cached
	return u
}

func (u usage) messages() dict {
	return dict{"input_tokens": u.fresh, "cache_read_input_tokens": u.cached, "cache_creation_input_tokens": u.stored, "output_tokens": u.out}
}

package convert

import (
	"encoding/json"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/shape"
)

// call is a call of a tool that grows.
type call struct {
	index int
	some  bool // it has arguments
}

// toChat turns the events of Anthropic's dialect into OpenAI's.
type toChat struct {
	id, model string
	tools     map[int]*call // by block
	usage     usage
	ended     bool
}

func (c *toChat) next(t *trouble, ev shape.Event) []shape.Event {
	o := parse(t, ev.Data)
	switch o.text("type") {
	case "message_start":
		if m := o.object("message"); m != nil {
			c.id, c.model, c.usage = m.text("id"), m.text("model"), messagesUsage(m.object("usage"))
			if len(m.objects("content")) > 0 {
				m.refuse("content")
			}
		}
		return []shape.Event{c.chunk(dict{"role": "assistant", "content": ""}, nil)}
	case "content_block_start":
		return c.start(o)
	case "content_block_delta":
		return c.delta(o)
	case "content_block_stop":
		if tool := c.tools[int(o.number("index"))]; tool != nil && !tool.some {
			return []shape.Event{c.arguments(tool, "{}")}
		}
	case "message_delta":
		return c.end(o)
	case "message_stop":
		if !c.ended {
			o.bad("type") // it did not say why
		}
		return []shape.Event{{Data: []byte("[DONE]")}}
	case "error":
		return []shape.Event{{Data: shape.Problem(shape.Chat, 500, "", "", "", "")}}
	case "ping":
	default:
		o.refuse("type")
	}
	return nil
}

func (c *toChat) chunk(delta dict, reason any) shape.Event {
	return c.event([]dict{{"index": 0, "delta": delta, "logprobs": nil, "finish_reason": reason}}, nil)
}

func (c *toChat) event(choices []dict, usage any) shape.Event {
	out := dict{"id": c.id, "object": "chat.completion.chunk", "created": 0, "model": c.model, "choices": choices}
	out.put("usage", usage)
	return shape.Event{Data: marshal(out)}
}

func (c *toChat) arguments(tool *call, text string) shape.Event {
	return c.chunk(dict{"tool_calls": []dict{{"index": tool.index, "function": dict{"arguments": text}}}}, nil)
}

func (c *toChat) start(o *object) []shape.Event {
	block := o.object("content_block")
	if block == nil {
		o.bad("content_block")
		return nil
	}
	var delta dict
	switch block.text("type") {
	case "text":
		delta = dict{"content": block.text("text")}
	case "thinking":
		delta = dict{"reasoning_content": block.text("thinking")}
		block.without("signature")
	case "redacted_thinking":
		return nil
	case "tool_use":
		tool := &call{index: len(c.tools)}
		c.tools[int(o.number("index"))] = tool
		made := messagesCall(block)
		made["index"] = tool.index
		if f := made["function"].(dict); f["arguments"] == "{}" {
			f["arguments"] = ""
		} else {
			tool.some = true
		}
		delta = dict{"tool_calls": []dict{made}}
	default:
		block.refuse("type")
	}
	block.done()
	for _, text := range delta {
		if text == "" {
			return nil
		}
	}
	return []shape.Event{c.chunk(delta, nil)}
}

func (c *toChat) delta(o *object) []shape.Event {
	d := o.object("delta")
	if d == nil {
		o.bad("delta")
		return nil
	}
	switch d.text("type") {
	case "text_delta":
		return []shape.Event{c.chunk(dict{"content": d.text("text")}, nil)}
	case "thinking_delta":
		return []shape.Event{c.chunk(dict{"reasoning_content": d.text("thinking")}, nil)}
	case "signature_delta":
		return nil
	case "input_json_delta":
		tool, text := c.tools[int(o.number("index"))], d.text("partial_json")
		if tool == nil {
			o.bad("index")
			return nil
		}
		if text == "" {
			return nil
		}
		tool.some = true
		return []shape.Event{c.arguments(tool, text)}
	}
	d.refuse("type")
	return nil
}

// end takes the reason and the last counts, which stand for those of before.
func (c *toChat) end(o *object) []shape.Event {
	d := o.object("delta")
	if d == nil {
		o.bad("delta")
		return nil
	}
	reason := finishes[d.text("stop_reason")]
	if reason == "" {
		d.bad("stop_reason")
		return nil
	}
	c.ended = true
	if u := messagesUsage(o.object("usage")); u.fresh > 0 {
		c.usage = u
	} else {
		c.usage.out = u.out
	}
	return []shape.Event{c.chunk(dict{}, reason), c.event([]dict{}, c.usage.chat())}
}

// toMessages turns the events of OpenAI's dialect into Anthropic's.
type toMessages struct {
	begun bool
	block int    // the last one
	open  string // its type; empty where it is closed
	tools map[int]int
	stop  string
	usage usage
}

func event(name string, d dict) shape.Event {
	d["type"] = name
	return shape.Event{Name: name, Data: marshal(d)}
}

func (c *toMessages) next(t *trouble, ev shape.Event) []shape.Event {
	if string(ev.Data) == "[DONE]" {
		return c.end(t)
	}
	o := parse(t, ev.Data)
	if o.raw("error") != nil {
		return []shape.Event{{Name: "error", Data: shape.Problem(shape.Messages, 500, "", "", "", "")}}
	}
	var list []shape.Event
	if !c.begun {
		c.begun = true
		list = append(list, event("message_start", dict{"message": dict{
			"id": o.text("id"), "type": "message", "role": "assistant", "model": o.text("model"), "content": []dict{},
			"stop_reason": nil, "stop_sequence": nil, "usage": usage{}.messages(),
		}}))
	}
	if u := o.object("usage"); u != nil {
		c.usage = chatUsage(u)
	}
	for _, choice := range o.objects("choices") {
		if choice.number("index") != 0 {
			choice.refuse("index")
		}
		if d := choice.object("delta"); d != nil {
			list = append(list, c.delta(d)...)
		}
		if reason := choice.text("finish_reason"); reason != "" {
			if c.stop = stops[reason]; c.stop == "" {
				choice.bad("finish_reason")
			}
			list = append(list, c.close()...)
		}
	}
	return list
}

// close closes the block that is open.
func (c *toMessages) close() []shape.Event {
	if c.open == "" {
		return nil
	}
	c.open = ""
	return []shape.Event{event("content_block_stop", dict{"index": c.block})}
}

// want opens a block of a type, unless the one that is open is of it.
func (c *toMessages) want(typ string, block dict) []shape.Event {
	if c.open == typ && typ != "tool_use" {
		return nil
	}
	list := c.close()
	c.block++
	c.open = typ
	block["type"] = typ
	return append(list, event("content_block_start", dict{"index": c.block, "content_block": block}))
}

func (c *toMessages) grow(typ, field, text string) shape.Event {
	return event("content_block_delta", dict{"index": c.block, "delta": dict{"type": typ, field: text}})
}

func (c *toMessages) delta(d *object) []shape.Event {
	var list []shape.Event
	thought := d.text("reasoning_content")
	if also := d.text("reasoning"); thought == "" {
		thought = also
	}
	if thought != "" {
		list = append(c.want("thinking", dict{"thinking": "", "signature": ""}), c.grow("thinking_delta", "thinking", thought))
	}
	for _, text := range []string{d.text("content"), d.text("refusal")} {
		if text != "" {
			list = append(append(list, c.want("text", dict{"text": ""})...), c.grow("text_delta", "text", text))
		}
	}
	for _, call := range d.objects("tool_calls") {
		list = append(list, c.call(call)...)
	}
	d.without("role", "reasoning_details")
	d.done()
	return list
}

// call takes a piece of a call. Blocks come one after the other, so that a call which another has followed can't grow.
func (c *toMessages) call(o *object) []shape.Event {
	index := int(o.number("index"))
	f := o.object("function")
	if f == nil {
		o.refuse("type")
		return nil
	}
	id, name, text := o.text("id"), f.text("name"), f.text("arguments")
	var list []shape.Event
	block, ok := c.tools[index]
	if !ok {
		list = c.want("tool_use", dict{"id": id, "name": name, "input": json.RawMessage("{}")})
		block = c.block
		c.tools[index] = block
	}
	if block != c.block || c.open != "tool_use" {
		o.refuse("index")
	}
	if text != "" {
		list = append(list, c.grow("input_json_delta", "partial_json", text))
	}
	return list
}

// end says why the answer ended and how long it was. A stream that did not say why is not complete, and gets no end.
func (c *toMessages) end(t *trouble) []shape.Event {
	if c.stop == "" {
		t.at(colophon.Invalid, CodeBody, "choices.0.finish_reason")
		return nil
	}
	return []shape.Event{
		event("message_delta", dict{"delta": dict{"stop_reason": c.stop, "stop_sequence": nil}, "usage": c.usage.messages()}),
		event("message_stop", dict{}),
	}
}

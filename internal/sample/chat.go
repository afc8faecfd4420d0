package sample

import (
	"encoding/base64"
	"encoding/json"
)

// chatRequest is a request of OpenAI's chat completions.
type chatRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string  `json:"role"`
		Content content `json:"content"`
	} `json:"messages"`
	Stream        bool `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	N                   int      `json:"n"`
	Tools               []oaTool `json:"tools"`
	ToolChoice          choice   `json:"tool_choice"`
	ResponseFormat      format   `json:"response_format"`
	ReasoningEffort     string   `json:"reasoning_effort"`
	MaxTokens           int      `json:"max_tokens"`
	MaxCompletionTokens int      `json:"max_completion_tokens"`
	Stop                words    `json:"stop"`
}

// oaTool is a tool in OpenAI's dialect: a function's fields stand in it (responses) or in an object of it (chats).
type oaTool struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Parameters object `json:"parameters"`
	Function   struct {
		Name       string `json:"name"`
		Parameters object `json:"parameters"`
	} `json:"function"`
	Custom struct {
		Name string `json:"name"`
	} `json:"custom"`
}

// tool is the tool in no dialect; false where it is one that a server has built in.
func (t oaTool) tool() (tool, bool) {
	switch {
	case t.Type == "custom":
		return tool{name: t.Name + t.Custom.Name, custom: true}, true
	case t.Type != "function":
		return tool{}, false
	case t.Function.Name != "":
		return tool{name: t.Function.Name, schema: t.Function.Parameters}, true
	}
	return tool{name: t.Name, schema: t.Parameters}, true
}

// choice is which tool is to be called: a word, or an object that names one.
type choice string

// UnmarshalJSON reads a word or an object.
func (c *choice) UnmarshalJSON(b []byte) error {
	var named struct {
		Type, Name       string
		Function, Custom struct{ Name string }
	}
	if json.Unmarshal(b, (*string)(c)) == nil {
		return nil
	}
	if err := json.Unmarshal(b, &named); err != nil {
		return err
	}
	*c = choice(named.Name + named.Function.Name + named.Custom.Name)
	if *c == "" {
		*c = choice(named.Type)
	}
	return nil
}

// must is the choice in no dialect.
func (c choice) must() string {
	switch c {
	case "":
		return "auto"
	case "none":
		return ""
	case "any":
		return "required"
	}
	return string(c)
}

// format is the form of an answer.
type format struct {
	Type       string `json:"type"`
	Schema     object `json:"schema"`
	JSONSchema struct {
		Schema object `json:"schema"`
	} `json:"json_schema"`
}

// wanted is the schema of an answer in JSON, and nil for text.
func (f format) wanted() object {
	switch {
	case f.Type == "json_object":
		return object{}
	case f.Type != "json_schema":
		return nil
	case f.JSONSchema.Schema != nil:
		return f.JSONSchema.Schema
	case f.Schema != nil:
		return f.Schema
	}
	return object{}
}

// words are one text or several.
type words []string

// UnmarshalJSON reads one text or several.
func (w *words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

// chat answers POST /v1/chat/completions.
func (m *Model) chat(x *exchange) {
	var in chatRequest
	if x.check(x.decode(&in)) {
		return
	}
	a := &ask{model: in.Model, stream: in.Stream, choices: in.N, must: in.ToolChoice.must(), schema: in.ResponseFormat.wanted(), reasons: in.ReasoningEffort != "" && in.ReasoningEffort != "none",
		most: max(in.MaxTokens, in.MaxCompletionTokens), stops: in.Stop, usage: in.StreamOptions.IncludeUsage}
	for _, t := range in.Tools {
		if t, ok := t.tool(); ok {
			a.tools = append(a.tools, t)
		}
	}
	for _, message := range in.Messages {
		a.note(message.Role, message.Content)
	}
	switch {
	case in.Model != Text:
		x.refuse(noModel(in.Model))
		return
	case len(in.Messages) == 0:
		x.refuse(bad("messages", "there are no messages"))
		return
	case in.N < 0 || in.N > 128:
		x.refuse(bad("n", "n is from 1 to 128"))
		return
	}
	if x.begin(a.raw) {
		return
	}
	list := x.replies(a)
	if a.stream {
		x.streamChat(a, list)
		return
	}
	choices := []object{}
	for i, r := range list {
		choices = append(choices, object{"index": i, "message": x.chatMessage(r), "finish_reason": oaFinish(r.finish), "logprobs": nil})
	}
	answer := x.chatHead("chat.completion")
	answer["choices"] = choices
	if !x.switches.Has("nousage") {
		answer["usage"] = chatUsage(a.consumed, list)
	}
	x.json(200, answer)
}

func (x *exchange) chatHead(kind string) object {
	return object{"id": "chatcmpl-" + x.id, "object": kind, "created": x.now.Unix(), "model": Text, "system_fingerprint": "fp_sample"}
}

func chatUsage(in int, list []reply) object {
	out, thought := spent(list), 0
	for _, r := range list {
		thought += len(r.thought)
	}
	return object{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out, "completion_tokens_details": object{"reasoning_tokens": thought}}
}

// oaFinish is why an answer ended, as chats and completions say it.
func oaFinish(finish string) string {
	if finish == "tools" {
		return "tool_calls"
	}
	return finish
}

func (x *exchange) chatMessage(r reply) object {
	message := object{"role": "assistant", "content": whole(r.text), "refusal": nil}
	if len(r.text) == 0 {
		message["content"] = nil
	}
	if len(r.thought) > 0 {
		message["reasoning_content"] = whole(r.thought)
	}
	if len(r.calls) > 0 {
		calls := []object{}
		for _, c := range r.calls {
			calls = append(calls, chatCall(c))
		}
		message["tool_calls"] = calls
	}
	if r.picture != nil {
		message["images"] = []object{chatPicture(r.picture)}
	}
	if extra := x.switches.text("extra"); extra != "" {
		message["commentary"] = extra
	}
	return message
}

func chatCall(c toolCall) object {
	if c.custom {
		return object{"id": c.id, "type": "custom", "custom": object{"name": c.name, "input": c.args}}
	}
	return object{"id": c.id, "type": "function", "function": object{"name": c.name, "arguments": c.args}}
}

func chatPicture(png []byte) object {
	return object{"type": "image_url", "image_url": object{"url": "data:image/png;base64," + base64.StdEncoding.EncodeToString(png)}}
}

// streamChat answers in events: the choices take turns, and each thinks, speaks and calls in that order.
func (x *exchange) streamChat(a *ask, list []reply) {
	s := x.events()
	send := func(choice int, delta object, finish any) {
		chunk := s.chatHead("chat.completion.chunk")
		chunk["choices"] = []object{{"index": choice, "delta": delta, "finish_reason": finish, "logprobs": nil}}
		if a.usage {
			chunk["usage"] = nil
		}
		s.send("", chunk)
	}
	turns := make([][]object, len(list))
	for i, r := range list {
		send(i, object{"role": "assistant", "content": ""}, nil)
		turns[i] = x.chatDeltas(r)
	}
	for left := true; left; {
		left = false
		for i := range turns {
			if len(turns[i]) > 0 {
				send(i, turns[i][0], nil)
				turns[i], left = turns[i][1:], true
			}
		}
	}
	for i, r := range list {
		send(i, object{}, oaFinish(r.finish))
	}
	if a.usage && !s.switches.Has("nousage") {
		chunk := s.chatHead("chat.completion.chunk")
		chunk["choices"], chunk["usage"] = []object{}, chatUsage(a.consumed, list)
		s.send("", chunk)
	}
	s.done()
}

// chatDeltas is a choice in pieces.
func (x *exchange) chatDeltas(r reply) (list []object) {
	for _, piece := range r.thought {
		list = append(list, object{"reasoning_content": piece})
	}
	if extra := x.switches.text("extra"); extra != "" {
		list = append(list, object{"commentary": extra})
	}
	for _, piece := range r.text {
		list = append(list, object{"content": piece})
	}
	for i, c := range r.calls {
		empty := c
		empty.args = ""
		first := chatCall(empty)
		first["index"] = i
		list = append(list, object{"tool_calls": []object{first}})
		inner, key := "function", "arguments"
		if c.custom {
			inner, key = "custom", "input"
		}
		for _, piece := range tokens(c.args) {
			list = append(list, object{"tool_calls": []object{{"index": i, inner: object{key: piece}}}})
		}
	}
	if r.picture != nil {
		list = append(list, object{"images": []object{chatPicture(r.picture)}})
	}
	return list
}

// completions answers POST /v1/completions, the oldest of the endpoints.
func (m *Model) completions(x *exchange) {
	var in struct {
		Model  string `json:"model"`
		Prompt words  `json:"prompt"`
		Stream bool   `json:"stream"`
		N      int    `json:"n"`
		Most   int    `json:"max_tokens"`
		Stop   words  `json:"stop"`
		Echo   bool   `json:"echo"`
	}
	if x.check(x.decode(&in)) {
		return
	}
	if in.Model != Text {
		x.refuse(noModel(in.Model))
		return
	}
	if len(in.Prompt) == 0 || in.N < 0 || in.N > 128 {
		x.refuse(bad("prompt", "there is no prompt, or n is not from 1 to 128"))
		return
	}
	var list []reply
	consumed := 0
	for i, prompt := range in.Prompt {
		a := &ask{choices: in.N, most: in.Most, stops: in.Stop}
		a.note("user", content{{Type: "text", Text: prompt}})
		consumed += a.consumed
		if i == 0 && x.begin(a.raw) {
			return
		}
		for _, r := range x.replies(a) {
			if in.Echo {
				r.text = append(tokens(prompt), r.text...)
			}
			list = append(list, r)
		}
	}
	head := object{"id": "cmpl-" + x.id, "object": "text_completion", "created": x.now.Unix(), "model": Text}
	if in.Stream {
		s := x.events()
		for i, r := range list {
			for _, piece := range r.text {
				head["choices"] = []object{{"index": i, "text": piece, "finish_reason": nil, "logprobs": nil}}
				s.send("", head)
			}
			head["choices"] = []object{{"index": i, "text": "", "finish_reason": oaFinish(r.finish), "logprobs": nil}}
			s.send("", head)
		}
		s.done()
		return
	}
	choices := []object{}
	for i, r := range list {
		choices = append(choices, object{"index": i, "text": whole(r.text), "finish_reason": oaFinish(r.finish), "logprobs": nil})
	}
	head["choices"], head["usage"] = choices, chatUsage(consumed, list)
	x.json(200, head)
}

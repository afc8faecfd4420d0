package convert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/convert"
	"github.com/colophon-project/colophon/gateway/shape"
)

const (
	chat     = shape.Chat
	messages = shape.Messages
)

// same compares JSON by what it says.
func same(t *testing.T, name, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Errorf("%s: %s: %v", name, got, err)
		return
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

var requests = []struct {
	name       string
	from, to   shape.Endpoint
	body, want string
}{
	{
		"messages", messages, chat,
		`{"model":"claude","max_tokens":100,"system":[{"type":"text","text":"sys","cache_control":{"type":"ephemeral"}}],"temperature":0.5,"top_k":3,"stop_sequences":["S"],"stream":true,"metadata":{"user_id":"u"},
		"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"hi"},
		{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"Eq"},{"type":"text","text":"calling"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":"<b>"}}]},
		{"role":"user","content":[{"type":"text","text":"and"},{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"42"}]},{"type":"tool_result","tool_use_id":"toolu_2","content":"broke","is_error":true},
		{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AQI="}},{"type":"image","source":{"type":"url","url":"https://e.example/a"}},
		{"type":"document","title":"T","source":{"type":"base64","media_type":"application/pdf","data":"AQI="}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}}]}],
		"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}}}`,
		`{"model":"claude","max_tokens":100,"temperature":0.5,"top_k":3,"stop":["S"],"stream":true,"stream_options":{"include_usage":true},"user":"u","messages":[{"role":"system","content":"sys"},{"role":"user","content":"hi"},
		{"role":"assistant","content":"calling","reasoning_content":"hm","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{\"a\":\"<b>\"}"}}]},
		{"role":"tool","tool_call_id":"toolu_1","content":"42"},{"role":"tool","tool_call_id":"toolu_2","content":"Error: broke"},
		{"role":"user","content":[{"type":"text","text":"and"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQI="}},{"type":"image_url","image_url":{"url":"https://e.example/a"}},
		{"type":"file","file":{"filename":"T","file_data":"data:application/pdf;base64,AQI="}},{"type":"text","text":"words"}]}],
		"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],"tool_choice":"required","parallel_tool_calls":false,
		"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}}}`,
	},
	{
		"chat", chat, messages,
		`{"model":"gpt","max_completion_tokens":50,"temperature":0.2,"stop":"S","stream":true,"stream_options":{"include_usage":true},"n":1,"safety_identifier":"s","user":"u","frequency_penalty":0.0,
		"messages":[{"role":"system","content":"sys"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQI=","detail":"low"}},
		{"type":"image_url","image_url":{"url":"https://e.example/a"}},{"type":"file","file":{"filename":"T","file_data":"data:application/pdf;base64,AQI="}}]},{"role":"user","content":"more"},
		{"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
		{"role":"tool","tool_call_id":"c1","content":"42"},{"role":"tool","tool_call_id":"c2","content":"43"},{"role":"user","content":"so?"}],
		"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"function","function":{"name":"g"}}],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
		"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}}}`,
		`{"model":"gpt","max_tokens":50,"temperature":0.2,"stop_sequences":["S"],"stream":true,"metadata":{"user_id":"s"},"system":[{"type":"text","text":"sys"}],
		"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AQI="}},{"type":"image","source":{"type":"url","url":"https://e.example/a"}},
		{"type":"document","title":"T","source":{"type":"base64","media_type":"application/pdf","data":"AQI="}},{"type":"text","text":"more"}]},
		{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"a":1}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"42"}]},{"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"43"}]},{"type":"text","text":"so?"}]}],
		"tools":[{"name":"f","description":"d","strict":true,"input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
		"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}`,
	},
	{"the least", chat, messages, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, `{"model":"m","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`},
	{"the least of Anthropic's", messages, chat, `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`, `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`},
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for _, c := range requests {
		out, err := convert.Request(c.from, c.to, []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		same(t, c.name, string(out), c.want)
		if _, err := shape.Request(c.to, out); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// path is what an error names.
func path(err error) string {
	var e *colophon.Error
	if errors.As(err, &e) {
		return string(e.Code) + " " + e.Args["path"]
	}
	return "no error"
}

func TestNoPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to   shape.Endpoint
		body, want string
	}{
		{chat, messages, `{"n":2}`, "gateway-convert-field n"},
		{chat, messages, `{"temperature":1.5}`, "gateway-convert-field temperature"},
		{chat, messages, `{"seed":7}`, "gateway-convert-field seed"},
		{chat, messages, `{"A word of somebody":7}`, "gateway-convert-field ~"},
		{chat, messages, `{"logprobs":true}`, "gateway-convert-field logprobs"},
		{chat, messages, `{"audio":{"voice":"x"}}`, "gateway-convert-field audio"},
		{chat, messages, `{"modalities":["text","audio"]}`, "gateway-convert-field modalities"},
		{chat, messages, `{"response_format":{"type":"json_object"}}`, "gateway-convert-field response_format.type"},
		{chat, messages, `{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}]}`, "gateway-convert-field messages.0.content.0.type"},
		{chat, messages, `{"messages":[{"role":"user","name":"Ann","content":"x"}]}`, "gateway-convert-field messages.0.name"},
		{chat, messages, `{"messages":[{"role":"function","content":"x"}]}`, "gateway-convert-field messages.0.role"},
		{chat, messages, `{"messages":[{"role":"assistant","tool_calls":[{"type":"custom","custom":{}}]}]}`, "gateway-convert-field messages.0.tool_calls.0.type"},
		{chat, messages, `{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"[1]"}}]}]}`, "gateway-convert-body messages.0.tool_calls.0.function.arguments"},
		{chat, messages, `{"messages":7}`, "gateway-convert-body messages"},
		{chat, messages, `[]`, "gateway-convert-body ."},
		{messages, chat, `{"tools":[{"type":"web_search_20250305","name":"web_search"}]}`, "gateway-convert-field tools.0.type"},
		{messages, chat, `{"mcp_servers":[{"url":"x"}]}`, "gateway-convert-field mcp_servers"},
		{messages, chat, `{"messages":[{"role":"user","content":[{"type":"search_result"}]}]}`, "gateway-convert-field messages.0.content.0.type"},
		{messages, chat, `{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image"}]}]}]}`, "gateway-convert-field messages.0.content.0.content.0.type"},
		{messages, chat, `{"messages":[{"role":"king","content":"x"}]}`, "gateway-convert-body messages.0.role"},
		{messages, chat, `{"messages":[{"role":"user","content":[{"type":"image"}]}]}`, "gateway-convert-body messages.0.content.0.source"},
		{messages, messages, `{}`, "gateway-convert-pair "},
	} {
		if _, err := convert.Request(c.from, c.to, []byte(c.body)); path(err) != c.want {
			t.Errorf("%s: %v, want %s", c.body, err, c.want)
		}
	}
	for body, want := range map[string]string{
		`{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"b"},"finish_reason":"stop"}]}`: "gateway-convert-field choices",
		`{"choices":[{"message":{"content":"a"},"finish_reason":null}]}`:                                                      "gateway-convert-body choices.0.finish_reason",
		`{"choices":[{"message":{"images":[{"type":"image_url"}]},"finish_reason":"stop"}]}`:                                  "gateway-convert-field choices.0.message.images",
	} {
		if _, err := convert.Answer(chat, messages, []byte(body)); path(err) != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	if _, err := convert.Answer(messages, chat, []byte(`{"content":[{"type":"server_tool_use"}],"stop_reason":"end_turn"}`)); path(err) != "gateway-convert-field content.0.type" {
		t.Error(err)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		from, to   shape.Endpoint
		body, want string
	}{
		{
			"messages", messages, chat,
			`{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"hm","signature":"Eq"},{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"tool_use","id":"t","name":"f","input":{"k":"v"}}],
			"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"cache_read_input_tokens":2,"cache_creation_input_tokens":1,"output_tokens":6}}`,
			`{"id":"msg_1","object":"chat.completion","created":0,"model":"claude","choices":[{"index":0,"logprobs":null,"finish_reason":"tool_calls","message":{"role":"assistant","content":"ab","reasoning_content":"hm",
			"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"k\":\"v\"}"}}]}}],"usage":{"prompt_tokens":8,"completion_tokens":6,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":2}}}`,
		},
		{
			"chat", chat, messages,
			`{"id":"c","object":"chat.completion","created":1,"model":"gpt","system_fingerprint":"fp","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null,"reasoning_content":"hm","annotations":[],"audio":null,"function_call":null,
			"tool_calls":[{"id":"c1","index":0,"type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls","logprobs":null}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}`,
			`{"id":"c","type":"message","role":"assistant","model":"gpt","content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"hi"},{"type":"tool_use","id":"c1","name":"f","input":{}}],"stop_reason":"tool_use","stop_sequence":null,
			"usage":{"input_tokens":5,"cache_read_input_tokens":4,"cache_creation_input_tokens":0,"output_tokens":2}}`,
		},
	} {
		out, err := convert.Answer(c.from, c.to, []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		same(t, c.name, string(out), c.want)
		if _, err := shape.Answer(c.to, out); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for from, to := range map[string]string{"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter", "stop_sequence": "stop", "pause_turn": "stop"} {
		out, err := convert.Answer(messages, chat, []byte(`{"content":[{"type":"text","text":"x"}],"stop_reason":"`+from+`"}`))
		if d, bad := shape.Answer(chat, out); err != nil || bad != nil || d.Finish(0) != to {
			t.Errorf("%s became %s, %v", from, out, err)
		}
	}
	for from, to := range map[string]string{"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"} {
		out, err := convert.Answer(chat, messages, []byte(`{"choices":[{"message":{"content":"x"},"finish_reason":"`+from+`"}]}`))
		if d, bad := shape.Answer(messages, out); err != nil || bad != nil || d.Finish(0) != to {
			t.Errorf("%s became %s, %v", from, out, err)
		}
	}
}

const chatStream = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"content":"He"},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"content":"llo"},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},"finish_reason":null}]}

data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}

data: [DONE]

`

const messagesStream = `event: message_start
data: {"message":{"content":[],"id":"c","model":"gpt","role":"assistant","stop_reason":null,"stop_sequence":null,"type":"message","usage":{"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"input_tokens":0,"output_tokens":0}},"type":"message_start"}

event: content_block_start
data: {"content_block":{"signature":"","thinking":"","type":"thinking"},"index":0,"type":"content_block_start"}

event: content_block_delta
data: {"delta":{"thinking":"hm","type":"thinking_delta"},"index":0,"type":"content_block_delta"}

event: content_block_stop
data: {"index":0,"type":"content_block_stop"}

event: content_block_start
data: {"content_block":{"text":"","type":"text"},"index":1,"type":"content_block_start"}

event: content_block_delta
data: {"delta":{"text":"He","type":"text_delta"},"index":1,"type":"content_block_delta"}

event: content_block_delta
data: {"delta":{"text":"llo","type":"text_delta"},"index":1,"type":"content_block_delta"}

event: content_block_stop
data: {"index":1,"type":"content_block_stop"}

event: content_block_start
data: {"content_block":{"id":"c1","input":{},"name":"f","type":"tool_use"},"index":2,"type":"content_block_start"}

event: content_block_delta
data: {"delta":{"partial_json":"{\"a\":","type":"input_json_delta"},"index":2,"type":"content_block_delta"}

event: content_block_delta
data: {"delta":{"partial_json":"1}","type":"input_json_delta"},"index":2,"type":"content_block_delta"}

event: content_block_stop
data: {"index":2,"type":"content_block_stop"}

event: content_block_start
data: {"content_block":{"id":"c2","input":{},"name":"g","type":"tool_use"},"index":3,"type":"content_block_start"}

event: content_block_delta
data: {"delta":{"partial_json":"{}","type":"input_json_delta"},"index":3,"type":"content_block_delta"}

event: content_block_stop
data: {"index":3,"type":"content_block_stop"}

event: message_delta
data: {"delta":{"stop_reason":"tool_use","stop_sequence":null},"type":"message_delta","usage":{"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"input_tokens":3,"output_tokens":4}}

event: message_stop
data: {"type":"message_stop"}

`

// turned turns a stream.
func turned(from, to shape.Endpoint, wire string) (string, error) {
	s := convert.NewStream(from, to)
	var out []byte
	for in := shape.NewEvents(strings.NewReader(wire), 1<<20); ; {
		ev, err := in.Next()
		if err != nil {
			return string(out), nil
		}
		list, err := s.Next(ev)
		if err != nil {
			return string(out), err
		}
		for _, ev := range list {
			out = shape.AppendEvent(out, ev)
		}
	}
}

// said is what a client has in the end: texts of lanes by kind, in order, and the reason.
func said(t *testing.T, e shape.Endpoint, wire string) (texts [5]string, reason string, last bool) {
	t.Helper()
	s := shape.Stream(e)
	for in := shape.NewEvents(strings.NewReader(wire), 1<<20); ; {
		ev, err := in.Next()
		if err != nil {
			return texts, reason, last
		}
		p, err := s.Read(ev)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range p.Deltas {
			texts[d.Kind] += d.Text
		}
		if last = p.Last; p.Reason != "" {
			reason = p.Reason
		}
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	got, err := turned(chat, messages, chatStream)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(messagesStream, got); diff != "" {
		t.Error(diff)
	}
	back, err := turned(messages, chat, got)
	if err != nil {
		t.Fatal(err)
	}
	wantTexts, wantReason, _ := said(t, chat, chatStream)
	texts, reason, last := said(t, chat, back)
	if diff := cmp.Diff(wantTexts, texts); diff != "" || reason != wantReason || !last {
		t.Errorf("%s %s %v", diff, reason, last)
	}
	if !strings.Contains(back, `"usage":{"completion_tokens":4,"prompt_tokens":3`) || !strings.HasSuffix(back, "data: [DONE]\n\n") {
		t.Error(back)
	}
}

func TestStreamsThatCannot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to   shape.Endpoint
		wire, want string
	}{
		{chat, messages, "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\n", "gateway-convert-field choices.0.index"},
		{chat, messages, "data: {\"choices\":[{\"index\":0,\"delta\":{\"audio\":{\"data\":\"x\"}}}]}\n\n", "gateway-convert-field choices.0.delta.audio"},
		{chat, messages, "data: [DONE]\n\n", "gateway-convert-body choices.0.finish_reason"},
		{chat, messages, "data: x\n\n", "gateway-convert-body ."},
		{messages, chat, "data: {\"type\":\"message_stop\"}\n\n", "gateway-convert-body type"},
		{messages, chat, "data: {\"type\":\"brand_new\"}\n\n", "gateway-convert-field type"},
		{messages, chat, "data: {\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"x\"}}\n\n", "gateway-convert-body index"},
		{messages, chat, "data: {\"type\":\"message_start\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}}\n\n", "gateway-convert-field message.content"},
		{messages, messages, "data: {}\n\n", "gateway-convert-pair "},
	} {
		if _, err := turned(c.from, c.to, c.wire); path(err) != c.want {
			t.Errorf("%s: %v, want %s", c.wire, err, c.want)
		}
	}
	for e, wire := range map[shape.Endpoint]string{chat: "data: {\"error\":{\"message\":\"secret\"}}\n\n", messages: "data: {\"type\":\"error\",\"error\":{\"message\":\"secret\"}}\n\n"} {
		to := messages
		if e == messages {
			to = chat
		}
		out, err := turned(e, to, wire)
		if err != nil || strings.Contains(out, "secret") {
			t.Errorf("%s, %v", out, err)
		}
		ev, _ := shape.NewEvents(strings.NewReader(out), 1000).Next()
		if p, err := shape.Stream(to).Read(ev); err != nil || !p.Failed {
			t.Errorf("%s does not fail, %v", out, err)
		}
	}
}

func TestEmptyInput(t *testing.T) {
	t.Parallel()
	out, err := turned(messages, chat, "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n")
	if err != nil || !strings.Contains(out, `"arguments":"{}"`) {
		t.Errorf("%s, %v", out, err)
	}
}

// FuzzRequest holds that nothing panics and that what comes out is JSON, which the other table reads.
func FuzzRequest(f *testing.F) {
	for _, c := range requests {
		f.Add(c.from == chat, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, way bool, body []byte) {
		from, to := messages, chat
		if way {
			from, to = chat, messages
		}
		if out, err := convert.Request(from, to, body); err == nil && !json.Valid(out) {
			t.Fatalf("%s is no JSON", out)
		}
		if out, err := convert.Answer(from, to, body); err == nil && !json.Valid(out) {
			t.Fatalf("%s is no JSON", out)
		}
	})
}

// FuzzStream holds that nothing panics and that each event is JSON.
func FuzzStream(f *testing.F) {
	f.Add(true, []byte(chatStream))
	f.Add(false, []byte(messagesStream))
	f.Fuzz(func(t *testing.T, way bool, wire []byte) {
		from, to := messages, chat
		if way {
			from, to = chat, messages
		}
		s := convert.NewStream(from, to)
		for in := shape.NewEvents(bytes.NewReader(wire), 1<<16); ; {
			ev, err := in.Next()
			if err != nil {
				return
			}
			list, err := s.Next(ev)
			if err != nil {
				return
			}
			for _, ev := range list {
				if string(ev.Data) != "[DONE]" && !json.Valid(ev.Data) {
					t.Fatalf("%s is no JSON", ev.Data)
				}
			}
		}
	})
}

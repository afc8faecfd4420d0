package shape_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/gateway/shape"
)

// follow reads a stream and writes what comes of each event.
func follow(t *testing.T, e shape.Endpoint, wire string) []string {
	t.Helper()
	var list []string
	s := shape.Stream(e)
	for in := shape.NewEvents(strings.NewReader(wire), 1<<20); ; {
		ev, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Read(ev)
		if err != nil {
			return append(list, "error "+string(code(err)))
		}
		line := ""
		for _, d := range p.Deltas {
			mark := "+"
			if d.Whole {
				mark = "="
			}
			line += fmt.Sprintf(" %s%s/%d:%q", mark, d.Lane, d.Kind, d.Text)
		}
		for _, d := range p.Repeats {
			line += fmt.Sprintf(" again %s:%q", d.Lane, d.Text)
		}
		for _, l := range p.Finished {
			line += fmt.Sprintf(" end %s", l)
		}
		for _, m := range p.Media() {
			line += fmt.Sprintf(" medium %s %s %d", m.Path, m.Type, len(m.Data))
		}
		if p.Reason != "" {
			line += " because " + p.Reason
		}
		if p.Failed {
			line += " failed"
		}
		if p.Dropped() {
			line += " dropped"
		}
		if p.Last {
			line += " last"
		}
		list = append(list, strings.TrimSpace(line))
	}
}

const chatStream = `data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"gpt-4o","system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"obfuscation":"aZ9"}

data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":{"content":[{"token":"Hel"}]},"finish_reason":null}]}

: comment
data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"delta":{"content":"other"},"index":1,"finish_reason":null}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{"reasoning_content":"hm","thoughts":"new"},"finish_reason":null}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_9","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{\"a\":\"\\u67"}}]},"finish_reason":null}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"40\"}"}}]},"finish_reason":null}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[{"index":1,"delta":{"content":"!"},"finish_reason":"stop"}]}

data: {"id":"c1","created":7,"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}

data: [DONE]

`

func TestChatStream(t *testing.T) {
	t.Parallel()
	want := []string{
		``, `+0.content/0:"Hel"`, `+1.content/0:"other"`, `+0.reasoning_content/1:"hm" =0.~w1/4:"thoughts" +0.~3/4:"new"`,
		`=0.tool_calls.1.function.name/4:"f"`, `+0.tool_calls.1.function.arguments/2:"{\"a\":\""`, `+0.tool_calls.1.function.arguments/2:"杀\"}"`,
		`end 0.content end 0.reasoning_content end 0.~3 end 0.tool_calls.1.function.arguments because tool_calls`, `+1.content/0:"!" end 1.content because stop`, ``, `last`,
	}
	if diff := cmp.Diff(want, follow(t, shape.Chat, chatStream)); diff != "" {
		t.Error(diff)
	}
}

const responsesStream = `event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":5,"model":"m","status":"in_progress","instructions":"be kind","output":[],"usage":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"reasoning","id":"rs","summary":[]}}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","sequence_number":2,"item_id":"rs","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":3,"item_id":"rs","output_index":0,"summary_index":0,"delta":"think"}

event: response.reasoning_summary_text.done
data: {"type":"response.reasoning_summary_text.done","sequence_number":4,"item_id":"rs","output_index":0,"summary_index":0,"text":"think"}

event: response.reasoning_summary_part.done
data: {"type":"response.reasoning_summary_part.done","sequence_number":5,"item_id":"rs","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"think"}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"think"}]}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":7,"output_index":1,"item":{"type":"message","id":"msg","role":"assistant","status":"in_progress","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","sequence_number":8,"item_id":"msg","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":9,"item_id":"msg","output_index":1,"content_index":0,"delta":"Hi","logprobs":[{"token":"Hi"}],"obfuscation":"xYz"}

event: response.output_text.done
data: {"type":"response.output_text.done","sequence_number":10,"item_id":"msg","output_index":1,"content_index":0,"text":"Hi","logprobs":[]}

event: response.content_part.done
data: {"type":"response.content_part.done","sequence_number":11,"item_id":"msg","output_index":1,"content_index":0,"part":{"type":"output_text","text":"Hi","annotations":[]}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":12,"output_index":1,"item":{"type":"message","id":"msg","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":13,"output_index":2,"item":{"type":"function_call","id":"fc","call_id":"call_1","name":"search","arguments":"","status":"in_progress"}}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","sequence_number":14,"item_id":"fc","output_index":2,"delta":"{\"q\":\"\\u6740"}

event: response.function_call_arguments.done
data: {"type":"response.function_call_arguments.done","sequence_number":15,"item_id":"fc","output_index":2,"name":"search","arguments":"{\"q\":\"\\u6740\"}"}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":16,"output_index":3,"item":{"type":"image_generation_call","id":"ig","status":"in_progress"}}

event: response.image_generation_call.partial_image
data: {"type":"response.image_generation_call.partial_image","sequence_number":17,"item_id":"ig","output_index":3,"partial_image_index":0,"partial_image_b64":"` + pixel + `"}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":18,"output_index":3,"item":{"type":"image_generation_call","id":"ig","status":"completed","result":"` + pixel + `"}}

event: response.completed
data: {"type":"response.completed","sequence_number":19,"response":{"id":"resp_1","object":"response","created_at":5,"model":"m","status":"completed","instructions":"be kind","output":[{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"think"}]},{"type":"message","id":"msg","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[]}]},{"type":"function_call","id":"fc","call_id":"call_1","name":"search","arguments":"{}","status":"completed"},{"type":"image_generation_call","result":"` + pixel + `","id":"ig","status":"completed"},{"type":"message","content":[{"type":"output_text","text":"never streamed","annotations":[]}],"id":"msg2","role":"assistant"}],"usage":{"input_tokens":3,"output_tokens":4}}}

`

func TestResponsesStream(t *testing.T) {
	t.Parallel()
	want := []string{
		`=0.~w1/3:"be kind"`, ``, ``, `+0.0.response.reasoning_summary_text/1:"think"`, `again 0.0.response.reasoning_summary_text:"think" end 0.0.response.reasoning_summary_text`,
		`again 0.0.response.reasoning_summary_text:"think"`, `again 0.0.response.reasoning_summary_text:"think"`, ``, ``, `+1.0.response.output_text/0:"Hi"`, `again 1.0.response.output_text:"Hi" end 1.0.response.output_text`,
		`again 1.0.response.output_text:"Hi"`, `again 1.0.response.output_text:"Hi"`, `=0.~w2/4:"search"`, `+2.response.function_call_arguments/2:"{\"q\":\"杀"`,
		`again 2.response.function_call_arguments:"{\"q\":\"\\u6740\"}" end 2.response.function_call_arguments`, ``, `dropped`,
		`medium item.result  8`,
		`+4.0.response.output_text/0:"never streamed" again 0.0.response.reasoning_summary_text:"think" again 1.0.response.output_text:"Hi" again 2.response.function_call_arguments:"{}" end 4.0.response.output_text medium response.output.3.result  8 because completed last`,
	}
	if diff := cmp.Diff(want, follow(t, shape.Responses, responsesStream)); diff != "" {
		t.Error(diff)
	}
}

const messagesStream = `event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB+/="}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":"He"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"llo"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"source","document_index":0,"document_title":"doc"}}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"get","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\": \"\\ud83d"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\\ude00\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

`

func TestMessagesStream(t *testing.T) {
	t.Parallel()
	want := []string{
		``, ``, ``, `+0.thinking/1:"hm"`, ``, `end 0.thinking`, `+1.text/0:"He"`, `+1.text/0:"llo"`, `=0.~w1/4:"source" =0.~w2/4:"doc"`, `end 1.text`, `=0.~w3/4:"get"`,
		`+2.partial_json/2:"{\"a\": \""`, `+2.partial_json/2:"😀\"}"`, `end 2.partial_json`, `because tool_use`, `last`,
	}
	if diff := cmp.Diff(want, follow(t, shape.Messages, messagesStream)); diff != "" {
		t.Error(diff)
	}
}

func TestOtherStreams(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		endpoint shape.Endpoint
		wire     string
		want     []string
	}{
		{"completions", shape.Completions, "data: {\"choices\":[{\"text\":\"a\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"text\":\"\",\"index\":0,\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n",
			[]string{`+0.text/0:"a"`, `end 0.text because stop`, `last`}},
		{"transcription", shape.Transcriptions, "data: {\"type\":\"transcript.text.delta\",\"delta\":\"I\",\"logprobs\":[{\"token\":\"I\"}]}\n\ndata: {\"type\":\"transcript.text.done\",\"text\":\"I\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":1,\"output_tokens\":2}}\n\n",
			[]string{`+0.transcript.text/0:"I"`, `again 0.transcript.text:"I" end 0.transcript.text because transcript.text.done last`}},
		{"an error", shape.Chat, "data: {\"error\":{\"message\":\"secret\"}}\n\n", []string{"failed"}},
		{"an error of Anthropic's", shape.Messages, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", []string{"failed"}},
		{"two types", shape.Messages, "event: ping\ndata: {\"type\":\"message_stop\"}\n\n", []string{"error gateway-shape-field"}},
		{"sound in pieces", shape.Chat, "data: {\"choices\":[{\"index\":0,\"delta\":{\"audio\":{\"data\":\"AAAA\"}}}]}\n\n", []string{"error gateway-shape-pieces"}},
		{"text after the end", shape.Chat, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n",
			[]string{`+0.content/0:"a" end 0.content because stop`, "error gateway-shape-pieces"}},
		{"a name in pieces", shape.Chat, "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"on\"}}]}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"on\"}}]}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"e\"}}]}}]}\n\n",
			[]string{`=0.tool_calls.0.function.name/4:"on"`, ``, "error gateway-shape-pieces"}},
		{"not JSON", shape.Chat, "data: {\"choices\"\n\n", []string{"error gateway-shape-json"}},
		{"no stream", shape.Embeddings, "data: {}\n\n", []string{"error gateway-shape-endpoint"}},
		{"a picture", shape.Chat, "data: {\"choices\":[{\"index\":0,\"delta\":{\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," + pixel + "\"}}]}}]}\n\n",
			[]string{"medium choices.0.delta.images.0.image_url.url image/png 8"}},
		{"parts", shape.Chat, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"a\"}]}]}}]}\n\n", []string{`+0.content.0.thinking.0.text/1:"a"`}},
		{"a message of completions in pieces", shape.Chat, strange(40), nil},
	} {
		got := follow(t, c.endpoint, c.wire)
		if c.want == nil {
			if last := got[len(got)-1]; last != "error gateway-shape-pieces" {
				t.Errorf("%s: %s", c.name, last)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// strange is a stream that has a text in pieces in a field that nobody knows.
func strange(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "data: {\"aside\":\"w%d\",\"choices\":[]}\n\n", i)
	}
	return b.String()
}

// TestSet edits events and looks at them as a client does.
func TestSet(t *testing.T) {
	t.Parallel()
	s := shape.Stream(shape.Chat)
	p, err := s.Read(shape.Event{Data: []byte(`{"id":"c","created":3,"model":"m","choices":[{"index":2,"delta":{"content":"abc"},"logprobs":{"content":[{"token":"abc"}]}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	p.Set(0, "ab")
	p.SetTop("AIGC", []byte(`{}`))
	if got, want := string(p.Event().Data), `{"id":"c","created":3,"model":"m","choices":[{"index":2,"delta":{"content":"ab"},"logprobs":null}],"AIGC":{}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := string(s.Extra("2.content", "c").Data), `{"id":"c","object":"chat.completion.chunk","created":3,"model":"m","choices":[{"index":2,"finish_reason":null,"delta":{"content":"c"}}]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if p, err = s.Read(shape.Event{Data: []byte(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":3,"function":{"arguments":"{"}}],"x":{"y":["z"]}}}]}`)}); err != nil {
		t.Fatal(err)
	}
	for _, d := range p.Deltas {
		if !d.Whole && !json.Valid(s.Extra(d.Lane, "q").Data) {
			t.Errorf("%s: %s", d.Lane, s.Extra(d.Lane, "q").Data)
		}
	}
	if got := string(s.Extra("0.tool_calls.3.function.arguments", "}").Data); !strings.Contains(got, `"delta":{"tool_calls":[{"index":3,"function":{"arguments":"}"}}]}`) {
		t.Error(got)
	}
	end := s.Filtered("content_filter", "no")
	if len(end) != 3 || !strings.Contains(string(end[0].Data), `{"index":0,"delta":{},"logprobs":null,"finish_reason":"content_filter"}`) || !strings.Contains(string(end[1].Data), `"index":2`) {
		t.Errorf("%s", end)
	}
	if got, want := string(end[2].Data), `{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"content_filter"}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestExtraIsRead reads events that were made, and finds the same lane and text.
func TestExtraIsRead(t *testing.T) {
	t.Parallel()
	for endpoint, wire := range map[shape.Endpoint]string{shape.Chat: chatStream, shape.Responses: responsesStream, shape.Messages: messagesStream} {
		s := shape.Stream(endpoint)
		seen := 0
		for in := shape.NewEvents(strings.NewReader(wire), 1<<20); ; {
			ev, err := in.Next()
			if err != nil {
				break
			}
			p, err := s.Read(ev)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range p.Deltas {
				if d.Whole || len(p.Finished) > 0 {
					continue
				}
				seen++
				extra := s.Extra(d.Lane, "more")
				q, err := shape.Stream(endpoint).Read(extra)
				if err != nil {
					t.Errorf("%s: %s: %v", endpoint, extra.Data, err)
					continue
				}
				last := q.Deltas[len(q.Deltas)-1] // before it there may be the name of a field that nobody knows
				if !strings.Contains(string(d.Lane), "~") && last.Lane != d.Lane || last.Text != "more" || last.Kind != d.Kind {
					t.Errorf("%s: %s is read as %+v", endpoint, extra.Data, last)
				}
			}
		}
		if seen < 3 {
			t.Errorf("%s: only %d deltas", endpoint, seen)
		}
	}
}

// TestNumbers looks at the numbers of events when one is added and one left out.
func TestNumbers(t *testing.T) {
	t.Parallel()
	s := shape.Stream(shape.Responses)
	var got []string
	next := 0
	for in := shape.NewEvents(strings.NewReader(responsesStream), 1<<20); ; {
		ev, err := in.Next()
		if err != nil {
			break
		}
		p, err := s.Read(ev)
		if err != nil {
			t.Fatal(err)
		}
		if p.Dropped() {
			continue
		}
		list := []shape.Event{p.Event()}
		for _, d := range p.Deltas {
			if !d.Whole && !p.Last {
				list = append(list, s.Extra(d.Lane, "x"))
			}
		}
		if p.Last {
			list = append(list, s.Filtered("content_filter", "no")...)
		}
		for _, ev := range list {
			var e struct {
				Type   string `json:"type"`
				Number int    `json:"sequence_number"`
			}
			if err := json.Unmarshal(ev.Data, &e); err != nil || e.Type != ev.Name || e.Number != next {
				t.Errorf("%s %s: number %d, %v", ev.Name, ev.Data, next, err)
			}
			next++
			got = append(got, e.Type)
		}
	}
	if len(got) != 19+3+2 || got[len(got)-1] != "error" || got[len(got)-2] != "response.incomplete" {
		t.Error(got)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	in := shape.NewEvents(strings.NewReader(": c\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\nevent: none\n\ndata\n\nid: 3\rdata: x\r\rdata: last"), 100)
	var got []string
	for {
		ev, err := in.Next()
		if err != nil {
			break
		}
		got = append(got, ev.Name+"|"+string(ev.Data))
	}
	if diff := cmp.Diff([]string{"a|1\n2", "|", "|x", "|last"}, got); diff != "" {
		t.Error(diff)
	}
	if ev, err := shape.NewEvents(strings.NewReader("\uFEFFdata: 1\n\n"), 100).Next(); string(ev.Data) != "1" {
		t.Errorf("behind a byte order mark: %s, %v", ev.Data, err)
	}
	if ev, err := shape.NewEvents(strings.NewReader(strings.Repeat(": c\n\n", 100)+"data: 1\n\n"), 100).Next(); string(ev.Data) != "1" {
		t.Errorf("behind many comments: %s, %v", ev.Data, err)
	}
	if _, err := shape.NewEvents(strings.NewReader("data: "+strings.Repeat("a", 200)+"\n\n"), 100).Next(); code(err) != shape.CodeLong {
		t.Errorf("a long line: %v", err)
	}
	if _, err := shape.NewEvents(strings.NewReader(strings.Repeat("data: a\n", 200)+"\n\n"), 100).Next(); code(err) != shape.CodeLong {
		t.Errorf("a long event: %v", err)
	}
	if got := string(shape.AppendEvent(nil, shape.Event{Name: "n", Data: []byte("a\nb")})); got != "event: n\ndata: a\ndata: b\n\n" {
		t.Errorf("%q", got)
	}
}

// TestNumbersOfTokens takes numbers out of events where nobody knows what they are.
func TestNumbersOfTokens(t *testing.T) {
	t.Parallel()
	p, err := shape.Stream(shape.Chat).Read(shape.Event{Data: []byte(`{"choices":[{"index":0,"delta":{"content":"a"},"tokens":[1,2]}],"more":{"x":[["a",-3]],"y":[]}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.Event().Data); got != `{"choices":[{"index":0,"delta":{"content":"a"},"tokens":null}],"more":{"x":[null],"y":[]}}` {
		t.Error(got)
	}
}

func TestEndOfMessages(t *testing.T) {
	t.Parallel()
	s := shape.Stream(shape.Messages)
	for _, data := range []string{`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`, `{"type":"content_block_stop","index":0}`, `{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`} {
		if _, err := s.Read(shape.Event{Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, ev := range s.Filtered("content_filter", "no") {
		got = append(got, ev.Name+" "+string(ev.Data))
	}
	want := []string{
		`content_block_stop {"type":"content_block_stop","index":1}`,
		`message_delta {"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null},"usage":{"output_tokens":0}}`,
		`error {"type":"error","error":{"message":"no","type":"invalid_request_error","code":"content_filter"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint shape.Endpoint
		status   int
		param    string
		want     string
	}{
		{shape.Chat, 400, "model", `{"error":{"message":"m","type":"invalid_request_error","param":"model","code":"c"}}`},
		{shape.Chat, 503, "", `{"error":{"message":"m","type":"server_error","param":null,"code":"c"}}`},
		{shape.Messages, 503, "", `{"type":"error","error":{"message":"m","type":"api_error","code":"c"}}`},
		{shape.Messages, 429, "", `{"type":"error","error":{"message":"m","type":"rate_limit_error","code":"c"}}`},
	} {
		if got := string(shape.Problem(c.endpoint, c.status, "", "c", "m", c.param)); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
)

// TestHoleWholeItems hides it in arguments that come at once at their end, as characters of JSON in JSON.
func TestHoleWholeItems(t *testing.T) {
	t.Parallel()
	const ask = `{"model":"m","stream":true,"input":"hello"}`
	const arguments = `"{\"what\":\"\\u51b0\\u6bd2\\u539f\\u6599\"}"`
	for _, event := range []string{
		`{"type":"response.function_call_arguments.done","sequence_number":0,"output_index":0,"item_id":"f","arguments":` + arguments + `}`,
		`{"type":"response.output_item.done","sequence_number":0,"output_index":0,"item":{"type":"function_call","id":"f","name":"buy","arguments":` + arguments + `}}`,
		`{"type":"response.output_item.done","sequence_number":0,"output_index":0,"item":{"type":"mcp_approval_request","id":"f","name":"buy","arguments":` + arguments + `}}`,
		`{"type":"response.completed","sequence_number":0,"response":{"id":"r","status":"completed","output":[{"type":"function_call","name":"buy","arguments":` + arguments + `}]}}`,
	} {
		in(t, nil, func(b *bench) {
			b.model.answer = says("data: " + event + "\n\n")
			b.answer(shape.Responses, ask).clean("51b0")
			if e := b.ended(); e.Why != "content-filter" {
				b.Errorf("%s: %+v", event, e)
			}
		})
	}
}

// TestNoticeOfWholeItems has an answer of which no piece came before its end.
func TestNoticeOfWholeItems(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.served.Notice = mark.Both
		b.model.answer = says(`data: {"type":"response.output_text.done","sequence_number":0,"output_index":0,"content_index":0,"text":"good day"}` + "\n\n" +
			`data: {"type":"response.completed","sequence_number":1,"response":{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"good day"}]}]}}` + "\n\n")
		s := b.answer(shape.Responses, `{"model":"m","stream":true,"input":"hello"}`)
		for in := shape.NewEvents(strings.NewReader(s.body.String()), 1<<16); ; {
			ev, err := in.Next()
			if err != nil {
				break
			}
			var e struct {
				Text     string
				Response struct {
					Output []struct{ Content []struct{ Text string } }
				}
			}
			if err := json.Unmarshal(ev.Data, &e); err != nil {
				b.Fatal(err)
			}
			if e.Response.Output != nil {
				e.Text = e.Response.Output[0].Content[0].Text
			}
			if text := strings.Trim(e.Text, "\n"); strings.Count(text, "\n\n") != 2 || strings.HasPrefix(text, "good day") || strings.HasSuffix(text, "good day") {
				b.Errorf("%q", e.Text)
			}
		}
	})
}

// TestNoticeIsRead has a notice stand where a person reads it, when what the model found and thought stands before.
func TestNoticeIsRead(t *testing.T) {
	t.Parallel()
	for e, c := range map[shape.Endpoint]struct{ ask, answer string }{
		shape.Messages: {`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}`, `{"id":"m","type":"message","role":"assistant","model":"theirs","content":[
			{"type":"web_search_tool_result","tool_use_id":"t","content":[{"type":"web_search_result","url":"https://e.example","title":"T"}]},
			{"citations":[{"type":"web_search_result_location","cited_text":"quoted"}],"type":"text","text":"good day"}],"stop_reason":"end_turn"}`},
		shape.Responses: {`{"model":"m","input":"hello"}`, `{"id":"r","object":"response","status":"completed","output":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"thought"}]},
			{"type":"message","role":"assistant","content":[{"type":"output_text","text":"good day"}]}]}`},
	} {
		in(t, nil, func(b *bench) {
			b.served.Notice = mark.Start
			if e == shape.Messages {
				b.served.Dialect = upstream.Anthropic
			}
			b.model.answer = says(c.answer)
			d, err := shape.Answer(e, b.answer(e, c.ask).body.Bytes())
			if err != nil {
				b.Fatal(err)
			}
			for _, x := range d.Texts() {
				if marked := strings.Contains(x.Value, "\n\n"); marked != strings.HasSuffix(x.Value, "good day") {
					b.Errorf("%s: %s %q", e, x.Path, x.Value)
				}
			}
		})
	}
}

// TestHoleManySpeakers breaks a word in two, with names between, in more texts than a judge takes.
func TestHoleManySpeakers(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		turn := func(text string) string { return `{"role":"user","name":"A B","content":"` + text + `"},` }
		b.refused(shape.Chat, `{"model":"m","messages":[`+turn("冰毒")+turn("原料")+strings.Repeat(turn("a"), 1000)+`{"role":"user","content":"a"}]}`, gateway.CodeInput)
	})
}

// TestLabelOfOneEvent has a stream whose first event is the last, and one of another dialect whose last is left out.
func TestLabelOfOneEvent(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(`data: {"type":"response.completed","sequence_number":0,"response":{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"good day"}]}]}}` + "\n\n")
		if s := b.answer(shape.Responses, `{"model":"m","stream":true,"input":"hello"}`); !strings.Contains(s.body.String(), `"AIGC":{`) || b.ended().Why != "done" {
			b.Error(s.body.String())
		}
		b.model.answer = says(content("good day") + finish)
		if s := b.answer(shape.Messages, `{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hello"}]}`); !strings.Contains(s.body.String(), "end_turn") || !strings.Contains(s.body.String(), "message_stop") {
			b.Error(s.body.String())
		}
		b.model.answer = says(content("good day"))
		if s := b.answer(shape.Messages, `{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hello"}]}`); strings.Contains(s.body.String(), "end_turn") || !strings.Contains(s.body.String(), `"type":"error"`) {
			b.Error(s.body.String())
		}
	})
}

// TestHoleEscapes breaks words by escapes in JSON that stand for white space and the like.
func TestHoleEscapes(t *testing.T) {
	t.Parallel()
	for _, sep := range []string{`\n`, `\t`, `\u000a`, `\u0001`, `\"`} {
		arguments, _ := json.Marshal(`{"what":"buy gun` + sep + `parts"}`)
		call := `"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"buy","arguments":` + string(arguments) + `}}]`
		in(t, nil, func(b *bench) {
			b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":null,` + call + `},"finish_reason":"tool_calls"}`))
			b.refused(shape.Chat, question, gateway.CodeReview)
			b.model.answer = says(chunk(`{`+call+`}`) + finish + done)
			b.answer(shape.Chat, streamed).clean("parts")
			if e := b.ended(); e.Why != "content-filter" {
				b.Errorf("%s: %+v", sep, e)
			}
		})
	}
	in(t, nil, func(b *bench) {
		const text = `{"a":"one\ntwo\\n three\u001b[0m\"\ud800"}`
		arguments, _ := json.Marshal(text)
		b.model.answer = says(chunk(`{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"go","arguments":`+string(arguments)+`}}]}`) + finish + done)
		s := b.answer(shape.Chat, streamed)
		var all strings.Builder
		for in := shape.NewEvents(strings.NewReader(s.body.String()), 1<<16); ; {
			ev, err := in.Next()
			if err != nil {
				break
			}
			var e struct {
				Choices []struct {
					Delta struct {
						Calls []struct{ Function struct{ Arguments string } } `json:"tool_calls"`
					}
				}
			}
			if json.Unmarshal(ev.Data, &e) == nil && len(e.Choices) > 0 && len(e.Choices[0].Delta.Calls) > 0 {
				all.WriteString(e.Choices[0].Delta.Calls[0].Function.Arguments)
			}
		}
		if all.String() != text {
			b.Errorf("%q became %q", text, all.String())
		}
	})
}

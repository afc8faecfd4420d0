package shape_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/gateway/shape"
)

var answers = []struct {
	name     string
	endpoint shape.Endpoint
	body     string
	want     []string
	after    string // what it is with nothing set; empty: the same
}{
	{"chat", shape.Chat, `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[
	{"message":{"role":"assistant","content":"second","refusal":null,"reasoning_content":"why","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example","title":"T","start_index":1,"end_index":2}}]},"index":1,"finish_reason":"stop","logprobs":null},
	{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}],"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + pixel + `"}}],"audio":{"id":"a","data":"` + pixel + `","transcript":"said"}},"finish_reason":"tool_calls"}],
	"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21},"system_fingerprint":"fp_1"}`,
		[]string{
			"#1 choices.0.message.content assistant content: second", "#1 choices.0.message.reasoning_content assistant reasoning: why",
			"#1 choices.0.message.annotations.0.url_citation.url assistant other: https://a.example", "#1 choices.0.message.annotations.0.url_citation.title assistant other: T",
			"choices.1.message.tool_calls.0.function.name assistant other: f", `choices.1.message.tool_calls.0.function.arguments assistant arguments: {"a":1}`,
			"choices.1.message.audio.transcript assistant content: said",
			"choices.1.message.images.0.image_url.url medium assistant image/png 8", "choices.1.message.audio.data medium assistant  8",
		}, ""},
	{"probabilities", shape.Chat, `{"choices":[{"index":0,"message":{"content":"hi"},"logprobs":{"content":[{"token":"hi","logprob":-0.1,"bytes":[104,105],"top_logprobs":[{"token":"ho","logprob":-2,"bytes":[104]}]}]}}]}`,
		[]string{"choices.0.message.content assistant content: hi", "choices.0.logprobs.content.0.token assistant other: hi", "choices.0.logprobs.content.0.top_logprobs.0.token assistant other: ho"},
		`{"choices":[{"index":0,"message":{"content":"hi"},"logprobs":{"content":[{"token":"hi","logprob":-0.1,"bytes":null,"top_logprobs":[{"token":"ho","logprob":-2,"bytes":null}]}]}}]}`},
	{"half of a pair", shape.Chat, `{"choices":[{"message":{"content":"a\ud83db"}}]}`, []string{"choices.0.message.content assistant content: a\ufffdb"}, `{"choices":[{"message":{"content":"a` + "\ufffd" + `b"}}]}`},
	{"completions", shape.Completions, `{"choices":[{"text":"one","index":0,"logprobs":{"tokens":["on","e"],"top_logprobs":[{"on":-1,"in":-2}]},"finish_reason":"length"}]}`,
		[]string{
			"choices.0.text assistant content: one", "choices.0.logprobs.tokens.0 assistant other: on", "choices.0.logprobs.tokens.1 assistant other: e",
			"choices.0.logprobs.top_logprobs.0.~3 assistant other: on", "choices.0.logprobs.top_logprobs.0.~4 assistant other: in",
		}, ""},
	{"responses", shape.Responses, `{"id":"resp_1","object":"response","created_at":1,"status":"completed","instructions":"be","model":"m","output":[
	{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"sum"}],"content":[{"type":"reasoning_text","text":"raw"}]},
	{"type":"message","id":"msg","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hello","annotations":[],"logprobs":[{"token":"hello"}]},{"type":"refusal","refusal":"no"}]},
	{"type":"function_call","id":"fc","call_id":"call","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c","name":"g","input":"raw input"},
	{"type":"code_interpreter_call","id":"ci","code":"print(1)","outputs":[{"type":"logs","logs":"1"}]},
	{"type":"image_generation_call","id":"ig","status":"completed","result":"` + pixel + `","revised_prompt":"cat"}],"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}}`,
		[]string{
			"instructions system instruction: be", "output.0.summary.0.text assistant reasoning: sum", "output.0.content.0.text assistant reasoning: raw", "output.1.content.0.text assistant content: hello",
			"output.1.content.1.refusal assistant content: no", "output.2.name assistant other: f", "output.2.arguments assistant arguments: {}", "output.3.name assistant other: g",
			"output.3.input assistant arguments: raw input", "output.4.code assistant arguments: print(1)", "output.4.outputs.0.logs assistant other: 1", "output.5.revised_prompt assistant other: cat",
			"output.5.result medium   8",
		}, "drop logprobs"},
	{"messages", shape.Messages, `{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"hm","signature":"Eq=="},{"type":"text","text":"hi","citations":[{"type":"char_location","cited_text":"c","document_title":"d","document_index":0}]},
	{"type":"tool_use","id":"toolu_1","name":"f","input":{"k":"v"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":6}}`,
		[]string{
			"content.0.thinking assistant reasoning: hm", "content.1.text assistant content: hi", "content.1.citations.0.cited_text assistant other: c", "content.1.citations.0.document_title assistant other: d",
			"content.2.name assistant other: f", "content.2.input.~5 assistant arguments: k", "content.2.input.~6 assistant arguments: v",
		}, ""},
	{"images", shape.ImagesGenerations, `{"created":1,"data":[{"b64_json":"` + pixel + `","revised_prompt":"better"},{"url":"https://example.com/1.png"}],"usage":{"input_tokens":1,"output_tokens":2}}`,
		[]string{"data.0.revised_prompt assistant other: better", "data.0.b64_json medium   8", "data.1.url medium  https://example.com/1.png 0"}, ""},
	{"transcription", shape.Transcriptions, `{"task":"transcribe","language":"english","duration":1.5,"text":"hello there","segments":[{"id":0,"text":"hello","tokens":[1,2]}],"words":[{"word":"hello","start":0.0}]}`,
		[]string{"text assistant content: hello there", "segments.0.text assistant content: hello", "words.0.word assistant other: hello"},
		`{"task":"transcribe","language":"english","duration":1.5,"text":"hello there","segments":[{"id":0,"text":"hello","tokens":[]}],"words":[{"word":"hello","start":0.0}]}`},
	{"embeddings", shape.Embeddings, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]},{"object":"embedding","index":1,"embedding":"AAAA"}],"model":"m","usage":{"prompt_tokens":1}}`, nil, ""},
	{"video", shape.Videos, `{"id":"video_1","object":"video","status":"queued","progress":0,"prompt":"run"}`, []string{"prompt user content: run"}, ""},
}

func TestAnswers(t *testing.T) {
	for _, c := range answers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := shape.Answer(c.endpoint, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told(d)); diff != "" {
				t.Error(diff)
			}
			want := c.body
			switch c.after {
			case "":
			case "drop logprobs":
				want = strings.Replace(want, `"logprobs":[{"token":"hello"}]`, `"logprobs":[]`, 1)
			default:
				want = c.after
			}
			if got := string(d.Bytes()); got != want {
				t.Errorf("it became %s", got)
			}
		})
	}
}

func TestAnswerFacts(t *testing.T) {
	t.Parallel()
	d, err := shape.Answer(shape.Chat, []byte(answers[0].body))
	if err != nil {
		t.Fatal(err)
	}
	in, out, ok := d.Usage()
	if d.Finish(0) != "tool_calls" || d.Finish(1) != "stop" || d.Finish(2) != "" || in != 9 || out != 12 || !ok || d.Failed() {
		t.Errorf("finish %q %q, usage %d %d %v, failed %v", d.Finish(0), d.Finish(1), in, out, ok, d.Failed())
	}
	if d, err = shape.Answer(shape.Chat, []byte(`{"error":{"message":"no"}}`)); err != nil || !d.Failed() {
		t.Errorf("an error is no failure: %v", err)
	}
	if d, err = shape.Answer(shape.Chat, []byte(`{"error":null}`)); err != nil || d.Failed() {
		t.Errorf("null is a failure: %v", err)
	}
	big := strings.Repeat("A", 4096)
	if _, err = shape.Answer(shape.Chat, []byte(`{"choices":[{"message":{"content":"![](data:image/png;base64,`+big+`)"}}]}`)); code(err) != shape.CodePieces {
		t.Errorf("a picture inside a text: %v", err)
	}
}

// TestEdits changes each kind of place, and everything else stays as it is.
func TestEdits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		endpoint   shape.Endpoint
		answer     bool
		body, want string
		edit       func(*shape.Document)
	}{
		{"text", shape.Chat, true, `{ "choices" : [ {"message":{"content":"a\u4e00"}} ],  "x":1.0 }`, `{ "choices" : [ {"message":{"content":"q\"\\\n` + "\\u0001" + `中"}} ],  "x":1.0 }`,
			func(d *shape.Document) { d.SetText(0, "q\"\\\n\x01中") }},
		{"model", shape.Chat, false, `{"model" : "a"}`, `{"model" : "b"}`, func(d *shape.Document) { d.SetModel("b") }},
		{"no model", shape.Chat, false, `{}`, `{"model":"b"}`, func(d *shape.Document) { d.SetModel("b") }},
		{"top", shape.Chat, true, `{"a":{"b":"c"} }`, `{"a":[] ,"AIGC":{"Label":"1"},"n":2}`, func(d *shape.Document) {
			d.SetText(2, "gone") // within what is replaced
			d.SetTop("AIGC", []byte(`{"Label":"1"}`))
			d.SetTop("a", []byte(`{}`))
			d.SetTop("a", []byte(`[]`))
			d.SetTop("n", []byte(`2`))
		}},
		{"data URI", shape.Chat, false, `{"messages":[{"content":[{"image_url":{"url":"https://e.example/a","detail":"low"}}]}]}`, `{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,AQI=","detail":"low"}}]}]}`,
			func(d *shape.Document) { d.SetInline(0, "image/png", []byte{1, 2}) }},
		{"base64", shape.Chat, false, `{"messages":[{"content":[{"input_audio":{"data":"AAAA","format":"wav"}}]}]}`, `{"messages":[{"content":[{"input_audio":{"data":"AQI=","format":"wav"}}]}]}`,
			func(d *shape.Document) {
				if d.SetURL(0, "https://e.example") {
					t.Error("there is no place for an address")
				}
				d.SetInline(0, "audio/wav", []byte{1, 2})
			}},
		{"source to data", shape.Messages, false, `{"messages":[{"content":[{"type":"image","source":{"type":"url","url":"https://e.example"}}]}]}`,
			`{"messages":[{"content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AQI="}}]}]}`, func(d *shape.Document) { d.SetInline(0, "image/png", []byte{1, 2}) }},
		{"source to address", shape.Messages, false, `{"messages":[{"content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AQI="}}]}]}`,
			`{"messages":[{"content":[{"type":"image","source":{"type":"url","url":"https://e.example"}}]}]}`, func(d *shape.Document) { d.SetURL(0, "https://e.example") }},
		{"pair to address", shape.ImagesGenerations, true, `{"data":[{"b64_json" : "AQI=","revised_prompt":"p"}]}`, `{"data":[{"url":"https://e.example","revised_prompt":"p"}]}`, func(d *shape.Document) { d.SetURL(0, "https://e.example") }},
		{"pair to data", shape.ImagesGenerations, true, `{"data":[{"url":"https://e.example"}]}`, `{"data":[{"b64_json":"AQI="}]}`, func(d *shape.Document) { d.SetInline(0, "image/png", []byte{1, 2}) }},
	} {
		read := shape.Request
		if c.answer {
			read = shape.Answer
		}
		d, err := read(c.endpoint, []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		c.edit(d)
		if got := string(d.Bytes()); got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

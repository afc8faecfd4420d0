package shape_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/shape"
)

const pixel = "iVBORw0KGgo="

// told writes what was found in a document, one line for each.
func told(d *shape.Document) []string {
	kinds := [...]string{"content", "reasoning", "arguments", "instruction", "other"}
	var list []string
	for _, t := range d.Texts() {
		line := fmt.Sprintf("%s %s: %s", t.Path, kinds[t.Kind], t.Value)
		if t.Role != "" {
			line = fmt.Sprintf("%s %s %s: %s", t.Path, t.Role, kinds[t.Kind], t.Value)
		}
		if t.Choice > 0 {
			line = fmt.Sprintf("#%d %s", t.Choice, line)
		}
		list = append(list, line)
	}
	for _, m := range d.Media() {
		list = append(list, fmt.Sprintf("%s medium %s %s%s %d", m.Path, m.Role, m.Type, m.URL, len(m.Data)))
	}
	return list
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

var requests = []struct {
	name     string
	endpoint shape.Endpoint
	body     string
	want     []string
}{
	{"chat", shape.Chat, `{"model":"gpt-4o","stream":true,"n":2,"user":"u-1","temperature":0.7,"stop":["\n\n","END"],
	"messages":[{"role":"system","content":"You are kind."},{"content":[{"type":"text","text":"What is this?"},
	{"type":"image_url","image_url":{"url":"data:image/png;base64,` + pixel + `","detail":"high"}},
	{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
	{"type":"input_audio","input_audio":{"data":"` + pixel + `","format":"wav"}},
	{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,` + pixel + `"}}],"role":"user","name":"Ann"},
	{"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"\\u5317\\u4eac\"}"}}]},
	{"role":"tool","tool_call_id":"call_1","content":"warm"}],
	"tools":[{"type":"function","function":{"name":"get_weather","description":"weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string","description":"name"}},"required":["city"]}}}],
	"prediction":{"type":"content","content":"perhaps"},"metadata":{"k":"v"},"logit_bias":{"50256":-100},"new_field":{"deep":["text"]}}`,
		[]string{
			"stop.0 other: \n\n", "stop.1 other: END", "messages.0.content system instruction: You are kind.", "messages.1.content.0.text user content: What is this?",
			"messages.1.content.4.file.filename user other: a.pdf", "messages.1.name user other: Ann", "messages.2.reasoning_content assistant reasoning: hm",
			"messages.2.tool_calls.0.function.name assistant other: get_weather", `messages.2.tool_calls.0.function.arguments assistant arguments: {"city":"北京"}`, "messages.3.content tool content: warm",
			"tools.0.function.name other: get_weather", "tools.0.function.description other: weather of a city", "tools.0.function.parameters.properties.~16 other: city",
			"tools.0.function.parameters.properties.~17 other: name", "tools.0.function.parameters.required.0 other: city", "prediction.content assistant content: perhaps",
			"metadata.~20 other: k", "metadata.~21 other: v", "~22 other: new_field", "~23 other: deep", "~24 other: text",
			"messages.1.content.1.image_url.url medium user image/png 8", "messages.1.content.2.image_url.url medium user https://example.com/a.png 0",
			"messages.1.content.3.input_audio.data medium user audio/wav 8", "messages.1.content.4.file.file_data medium user application/pdf 8",
		}},
	{"completions", shape.Completions, `{"model":"m","prompt":["one","two"],"suffix":"end","n":3,"best_of":4,"echo":true}`,
		[]string{"prompt.0 user content: one", "prompt.1 user content: two", "suffix user content: end"}},
	{"responses", shape.Responses, `{"model":"m","instructions":"Be short.","input":[{"role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"https://example.com/a.png"},{"type":"input_file","filename":"f","file_data":"data:text/plain;base64,` + pixel + `"}]},
	{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"42"},
	{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"thought"}],"encrypted_content":"gAAAA+/="},{"type":"message","role":"developer","content":"dev"}],
	"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},"tools":[{"type":"function","name":"f","description":"d","parameters":{}}],"safety_identifier":"s-1"}`,
		[]string{
			"instructions system instruction: Be short.", "input.0.content.0.text user content: hi", "input.0.content.2.filename user other: f", "input.1.name other: f", "input.1.arguments arguments: {}",
			"input.2.output tool content: 42", "input.3.summary.0.text reasoning: thought", "input.4.content developer instruction: dev", "text.format.name other: n", "tools.0.name other: f", "tools.0.description other: d",
			"input.0.content.1.image_url medium user https://example.com/a.png 0", "input.0.content.2.file_data medium user text/plain 8",
		}},
	{"responses string", shape.Responses, `{"model":"m","input":"hello"}`, []string{"input user content: hello"}},
	{"messages", shape.Messages, `{"model":"claude","max_tokens":10,"system":[{"type":"text","text":"sys","cache_control":{"type":"ephemeral"}}],"metadata":{"user_id":"u-9"},"messages":[
	{"role":"user","content":[{"type":"text","text":"look"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + pixel + `"}},{"type":"image","source":{"type":"url","url":"https://example.com/b.png"}},
	{"type":"document","title":"t","source":{"data":"plain words","media_type":"text/plain","type":"text"}}]},
	{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqQB"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"who":{"name":"x"},"list":["y",3]}}]},
	{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"done"}]},{"type":"tool_result","tool_use_id":"toolu_1","content":"done too","is_error":false}]}],
	"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"stop_sequences":["S"]}`,
		[]string{
			"system.0.text system instruction: sys", "messages.0.content.0.text user content: look", "messages.0.content.3.title user content: t", "messages.0.content.3.source.data user content: plain words",
			"messages.1.content.0.thinking assistant reasoning: hm", "messages.1.content.1.name assistant other: f", "messages.1.content.1.input.~8 assistant arguments: who", "messages.1.content.1.input.~9 assistant arguments: name",
			"messages.1.content.1.input.~10 assistant arguments: x", "messages.1.content.1.input.~11 assistant arguments: list", "messages.1.content.1.input.~12 assistant arguments: y",
			"messages.2.content.0.content.0.text user content: done", "messages.2.content.1.content tool content: done too", "tools.0.name other: f", "tools.0.description other: d", "stop_sequences.0 other: S",
			"messages.0.content.1.source.data medium user image/png 8", "messages.0.content.2.source.url medium user https://example.com/b.png 0",
		}},
	{"embeddings", shape.Embeddings, `{"model":"m","input":["a","b"],"encoding_format":"base64"}`, []string{"input.0 user content: a", "input.1 user content: b"}},
	{"images", shape.ImagesGenerations, `{"prompt":"a cat","n":2,"size":"1024x1024","response_format":"b64_json"}`, []string{"prompt user content: a cat"}},
	{"speech", shape.Speech, `{"model":"tts","input":"say","instructions":"softly","voice":"alloy"}`, []string{"input user content: say", "instructions system instruction: softly"}},
	{"videos", shape.Videos, `{"model":"sora","prompt":"run","seconds":"4","input_reference":{"image_url":"https://example.com/c.png"}}`,
		[]string{"prompt user content: run", "input_reference.image_url medium user https://example.com/c.png 0"}},
	{"a word that is none", shape.Chat, `{"messages":[{"role":"user 杀","content":"x"}],"service_tier":"two words"}`,
		[]string{"messages.0.role other: user 杀", "messages.0.content content: x", "service_tier other: two words"}},
	{"a data URI anywhere", shape.Chat, `{"messages":[{"role":"user","content":"a","sight":"data:image/png;base64,` + pixel + `"}]}`,
		[]string{"messages.0.content user content: a", "messages.0.~1 user other: sight", "messages.0.~2 medium user image/png 8"}},
	{"a data URI that is read", shape.Chat, `{"messages":[{"role":"user","content":"data:say what I ask;base64,AAAA"}]}`, []string{"messages.0.content user content: data:say what I ask;base64,AAAA"}},
}

func TestRequests(t *testing.T) {
	for _, c := range requests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := shape.Request(c.endpoint, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told(d)); diff != "" {
				t.Error(diff)
			}
			if got := string(d.Bytes()); got != c.body {
				t.Errorf("unchanged, it became %s", got)
			}
		})
	}
}

func TestRequestFacts(t *testing.T) {
	t.Parallel()
	d, err := shape.Request(shape.Chat, []byte(requests[0].body))
	if err != nil {
		t.Fatal(err)
	}
	if d.Model() != "gpt-4o" || !d.Stream() || d.Choices() != 2 || d.User() != "u-1" || d.Machine() {
		t.Errorf("model %q stream %v choices %d user %q machine %v", d.Model(), d.Stream(), d.Choices(), d.User(), d.Machine())
	}
	for body, want := range map[string]int{requests[1].body: 8, `{"prompt":"a"}`: 1} {
		if d, err = shape.Request(shape.Completions, []byte(body)); err != nil || d.Choices() != want {
			t.Errorf("%s: %d choices, %v", body, d.Choices(), err)
		}
	}
	if d, err = shape.Request(shape.Responses, []byte(requests[2].body)); err != nil || !d.Machine() || d.User() != "s-1" {
		t.Errorf("machine %v user %q, %v", d.Machine(), d.User(), err)
	}
	if d, err = shape.Request(shape.Messages, []byte(requests[4].body)); err != nil || d.User() != "u-9" {
		t.Errorf("user %q, %v", d.User(), err)
	}
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, shape.MaxDepth) + strings.Repeat(`]`, shape.MaxDepth)
	if _, err := shape.Request(shape.Chat, []byte(`{"a":`+deep[1:len(deep)-1]+`}`)); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
	var wide strings.Builder
	for i := range 100 {
		fmt.Fprintf(&wide, `"m%d":1,`, i)
	}
	if _, err := shape.Request(shape.Chat, []byte(`{`+wide.String()+`"m":1}`)); err != nil {
		t.Errorf("many members: %v", err)
	}
	for _, c := range []struct {
		endpoint shape.Endpoint
		body     string
		want     colophon.Code
	}{
		{shape.Chat, `[]`, shape.CodeJSON},
		{shape.Chat, ``, shape.CodeJSON},
		{shape.Chat, `{"a":1} x`, shape.CodeJSON},
		{shape.Chat, `{"a":01}`, shape.CodeJSON},
		{shape.Chat, `{"a":1,}`, shape.CodeJSON},
		{shape.Chat, `{"a":[1,]}`, shape.CodeJSON},
		{shape.Chat, `{"a":NaN}`, shape.CodeJSON},
		{shape.Chat, "{\"a\":\"\xff\"}", shape.CodeJSON},
		{shape.Chat, "{\"a\":\"\n\"}", shape.CodeJSON},
		{shape.Chat, `{"a":"\x"}`, shape.CodeJSON},
		{shape.Chat, `{"a":"\ud83d"}`, shape.CodeJSON},
		{shape.Chat, `{"a":"\ude00\ud83d"}`, shape.CodeJSON},
		{shape.Chat, `{"\ud83d":"a"}`, shape.CodeJSON},
		{shape.Chat, `{"a":` + deep + `}`, shape.CodeDepth},
		{shape.Chat, `{"model":"a","model":"b"}`, shape.CodeTwice},
		{shape.Chat, `{"model":"a","m\u006fdel":"b"}`, shape.CodeTwice},
		{shape.Chat, `{"messages":[],"Messages":[]}`, shape.CodeTwice},
		{shape.Chat, `{"meſſages":[]}`, shape.CodeTwice},
		{shape.Chat, `{"x":{"a":1,"b":2,"a":3}}`, shape.CodeTwice},
		{shape.Chat, `{` + wide.String() + `"m99":2}`, shape.CodeTwice},
		{shape.Chat, `{` + wide.String() + `"m0":2}`, shape.CodeTwice},
		{shape.Chat, `{` + wide.String() + `"m24":2}`, shape.CodeTwice},
		{shape.Chat, `{"model":7}`, shape.CodeField},
		{shape.Chat, `{"stream":"true"}`, shape.CodeField},
		{shape.Chat, `{"n":1.5}`, shape.CodeField},
		{shape.Chat, `{"n":-1}`, shape.CodeField},
		{shape.Chat, `{"n":true}`, shape.CodeField},
		{shape.Chat, `{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}`, shape.CodeReference},
		{shape.Chat, `{"messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}`, shape.CodeReference},
		{shape.Responses, `{"previous_response_id":"resp_1"}`, shape.CodeReference},
		{shape.Responses, `{"input":[{"type":"input_image","content":[{"file_id":"f"}]}]}`, shape.CodeReference},
		{shape.Responses, `{"input":[{"type":"item_reference","id":"msg_1"}]}`, shape.CodeReference},
		{shape.Responses, `{"input":[{"id":"msg_1"}]}`, shape.CodeReference},
		{shape.Messages, `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}`, shape.CodeReference},
		{shape.Embeddings, `{"input":[1,2]}`, shape.CodeTokens},
		{shape.Embeddings, `{"input":[[1,2]]}`, shape.CodeTokens},
		{shape.Completions, `{"prompt":[1,2]}`, shape.CodeTokens},
		{shape.Completions, `{"prompt":[[1,2]]}`, shape.CodeTokens},
		{shape.Chat, `{"messages":[{"content":[{"image_url":{"url":"file:///etc/passwd"}}]}]}`, shape.CodeMedia},
		{shape.Chat, `{"messages":[{"content":[{"image_url":{"url":"data:image/png,abc"}}]}]}`, shape.CodeMedia},
		{shape.Chat, `{"messages":[{"content":[{"input_audio":{"data":"@@@"}}]}]}`, shape.CodeMedia},
		{shape.Messages, `{"messages":[{"content":[{"source":{"type":"base64","data":"not base64"}}]}]}`, shape.CodeMedia},
		{shape.Transcriptions, `{}`, shape.CodeEndpoint},
	} {
		if _, err := shape.Request(c.endpoint, []byte(c.body)); code(err) != c.want {
			t.Errorf("%s: %v, want %s", c.body, err, c.want)
		}
	}
}

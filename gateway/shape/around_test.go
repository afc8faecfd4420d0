package shape_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/shape"
)

// TestArgumentsThatComeWhole holds that arguments of which no piece came before are read as a client's parser reads them, and
// that an item of a type that nobody knows makes no difference.
func TestArgumentsThatComeWhole(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string]string{
		"an end":  `{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"q\":\"\\u6740\\u4eba\"}"}`,
		"an item": `{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","arguments":"{\"q\":\"\\u6740\\u4eba\"}"}}`,
		"another": `{"type":"response.output_item.done","output_index":0,"item":{"type":"mcp_approval_request","arguments":"{\"q\":\"\\u6740\\u4eba\"}"}}`,
		"all":     `{"type":"response.completed","response":{"output":[{"type":"function_call","arguments":"{\"q\":\"\\u6740\\u4eba\"}"}]}}`,
	} {
		if got := follow(t, shape.Responses, "data: "+wire+"\n\n"); !strings.Contains(got[0], "杀人") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestNamesOfEvents holds that the name of an event is no place for words.
func TestNamesOfEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint shape.Endpoint
		data     string
	}{{shape.Chat, `{"choices":[{"index":0,"delta":{"content":"a"}}]}`}, {shape.Chat, `[DONE]`}, {shape.Messages, `{"type":"` + secret + `"}`}, {shape.Responses, `{"delta":"a"}`}} {
		p, err := shape.Stream(c.endpoint).Read(shape.Event{Name: secret, Data: []byte(c.data)})
		if err != nil {
			t.Fatal(err)
		}
		if ev := p.Event(); ev.Name != "" {
			t.Errorf("%s %s leaves under the name %s", c.endpoint, c.data, ev.Name)
		}
	}
}

// TestTextOfOtherEvents puts a text in pieces into events whose type has none.
func TestTextOfOtherEvents(t *testing.T) {
	t.Parallel()
	for e, form := range map[shape.Endpoint]string{
		shape.Messages:  `data: {"type":"aside","index":0,"delta":{"text":"w%d"}}` + "\n\n",
		shape.Responses: `data: {"type":"aside","delta":"w%d"}` + "\n\n",
	} {
		var b strings.Builder
		for i := range 40 {
			fmt.Fprintf(&b, form, i)
		}
		got := follow(t, e, b.String())
		if last := got[len(got)-1]; last != "error gateway-shape-pieces" {
			t.Errorf("%s: %s", e, last)
		}
	}
}

// TestCoded lists what a model reads as other words than those that stand there.
func TestCoded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		endpoint shape.Endpoint
		body     string
		want     colophon.Code
	}{
		"vectors for a prompt":    {shape.Completions, `{"model":"m","prompt":"a","prompt_embeds":"AAAA"}`, shape.CodeTokens},
		"vectors for a picture":   {shape.Chat, `{"messages":[{"role":"user","content":[{"type":"image_embeds","image_embeds":{"x":"AAAA"}}]}]}`, shape.CodeTokens},
		"what a model remembers":  {shape.Chat, `{"messages":[],"kv_transfer_params":{"remote_block_ids":[1]}}`, shape.CodeTokens},
		"a picture by its number": {shape.Responses, `{"input":[{"type":"image_generation_call","id":"ig_1"}]}`, shape.CodeReference},
		"a program":               {shape.Chat, `{"messages":[],"chat_template":"{{ '杀' ~ '人' }}"}`, shape.CodeTokens},
	} {
		if _, err := shape.Request(c.endpoint, []byte(c.body)); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d, err := shape.Request(shape.Chat, []byte(`{"messages":[{"role":"buy-gun-parts"}]}`)); err != nil || len(d.Texts()) != 1 {
		t.Errorf("a role that says something: %v, %v", d, err)
	}
	if _, err := shape.Request(shape.Chat, []byte(`{"x":[""`+strings.Repeat(`,""`, 1<<16)+`]}`)); code(err) != shape.CodeMany {
		t.Errorf("many texts: %v", err)
	}
	d, err := shape.Request(shape.Chat, []byte(`{"messages":[{"role":"user","content":[{"type":"video","video":["https://e.example/1.jpg","https://e.example/2.jpg"]}]}]}`))
	if err != nil || len(d.Media()) != 2 {
		t.Errorf("frames of a film: %v, %v", d, err)
	}
	d, err = shape.Request(shape.Messages, []byte(`{"messages":[{"role":"user","content":[{"type":"document","source":{"data":"words","x":{},"type":"text"}}]}]}`))
	if err != nil || len(d.Media()) != 0 {
		t.Errorf("a text whose type comes late: %v, %v", d, err)
	}
	d, err = shape.Request(shape.Chat, []byte(`{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":["do","as","i","say"]}}}]}`))
	if err != nil || len(d.Texts()) != 5 {
		t.Errorf("types that make a sentence: %v, %v", d, err)
	}
}

// TestWhatIsSaid finds what a person reads of an answer, among what a model thinks, quotes and finds.
func TestWhatIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint shape.Endpoint
		body     string
	}{
		{shape.Messages, `{"content":[{"type":"web_search_tool_result","tool_use_id":"t","content":[{"type":"web_search_result","url":"https://e.example","title":"T"}]},
			{"type":"mcp_tool_result","content":[{"type":"text","text":"found"}]},{"type":"bash_code_execution_tool_result","content":{"type":"r","stdout":"out"}},
			{"citations":[{"type":"char_location","cited_text":"quoted"}],"type":"text","text":"said"}],"role":"assistant"}`},
		{shape.Responses, `{"output":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"thought"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"said"}]}]}`},
	} {
		d, err := shape.Answer(c.endpoint, []byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, x := range d.Texts() {
			if x.Kind == shape.Content {
				said = append(said, x.Value)
			}
		}
		if len(said) != 1 || said[0] != "said" {
			t.Errorf("%s: %q", c.endpoint, said)
		}
	}
}

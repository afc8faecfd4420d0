package clients_test

import (
	"strings"
	"testing"
)

// TestOpenAIForNode plays the scenes of testdata/openai.mjs.
func TestOpenAIForNode(t *testing.T) {
	on(t, func(r *road) {
		const hello, call = `You said: Hello there`, `"name":"weather","args":{"city":"Hangzhou"}`
		scenes := []scene{
			{"chat", []string{hello, `"finish":"stop"`, `"used":`, `"model":"colophon-sample-text"`, `"id":"chatcmpl-`, `"request":"`}},
			{"choices", []string{hello, "(2) " + hello, "(3) " + hello}},
			{"stream", []string{hello, `"chunks":1`, `"finish":"stop"`, `"used":`}},
			{"streamed", []string{hello, "(2) " + hello, `"finish":"stop"`}},
			{"tool", []string{call, `"finish":"tool_calls"`, "The tool said: rain"}},
			{"toolStream", []string{call, `"finish":"tool_calls"`}},
			{"json", []string{`"count":1`, hello}},
			{"reasoning", []string{`"thought":"I look at what was said, find that I can't understand it, and say it again. "`}},
			{"look", []string{"Picture 1: PNG, 64 × 48. "}},
			{"length", []string{`"finish":"length"`}},
			{"completion", []string{`"text":"`, hello + `","streamed":"`}},
			{"response", []string{hello, `"status":"completed"`, `"items":["reasoning","message"]`, `"thought":"I look`, `"used":`}},
			{"responseStream", []string{hello + `","last":"response.completed","final":"`}},
			{"responseTool", []string{call, "The tool said: rain"}},
			{"images", []string{`"kinds":["png","png"],"url":"webp"`}},
			{"edit", []string{`"kinds":["png","jpeg","png"]`}},
			{"speech", []string{`"kinds":["id3","ogg","flac"],"wav":"wav"`, `"heard":"Good morning"`, `"segment":"Good morning"`, `"other":"Good morning"`}},
			{"video", []string{`"last":"completed","kind":"mp4"`}},
			{"embedding", []string{`{"count":2,"length":256,"short":16,"norm":1}`}},
			{"models", []string{`"all":["colophon-sample-embedding","colophon-sample-image","colophon-sample-sound","colophon-sample-text","colophon-sample-video"],"one":"colophon-sample-text"`}},
			{"nobody", []string{`"thrown":"NotFoundError","status":404`}},
			{"empty", []string{`"thrown":"BadRequestError","status":400`}},
			{"cut", []string{`This is the sample model`, `"thrown":"`}},
			{"gone", []string{`{"chunks":5,"aborted":true}`}},
		}
		r.expect(r.scenes("openai.mjs", r.base+"/v1"), scenes)
	})
}

// TestAnthropicForNode plays the scenes of testdata/anthropic.mjs.
func TestAnthropicForNode(t *testing.T) {
	on(t, func(r *road) {
		const hello, call = `You said: Hello there`, `"name":"weather","args":{"city":"Hangzhou"}`
		said := r.scenes("anthropic.mjs", r.base)
		if !r.whole {
			r.contains("count", said["count"], `{"tokens":8}`)
		}
		delete(said, "count") // no gateway counts tokens before a model does
		r.expect(said, []scene{
			{"message", []string{hello, `"finish":"end_turn"`, `"used":`, `"model":"colophon-sample-text"`, `"request":"`}},
			{"stream", []string{hello, `"finish":"end_turn"`, `"used":`, `"events":["message_start","content_block_start","content_block_delta","content_block_stop","message_delta","message_stop"]`}},
			{"raw", []string{hello, `"last":"message_stop"`}},
			{"thinking", []string{`"types":["thinking","text"],"thought":"I look at what was said`, `"streamed":"I look at what was said`}},
			{"tool", []string{call, `"finish":"tool_use"`, "The tool said: rain"}},
			{"toolStream", []string{call, `"finish":"tool_use"`}},
			{"look", []string{"Picture 1: PNG, 64 × 48. "}},
			{"length", []string{`"finish":"max_tokens"`}},
			{"models", []string{`"colophon-sample-text"`, `"one":"colophon-sample-text"`}},
			{"nobody", []string{`"thrown":"NotFoundError","status":404,"type":"not_found_error"`}},
			{"empty", []string{`"thrown":"BadRequestError","status":400,"type":"invalid_request_error"`}},
			{"cut", []string{`This is the sample model`, `"thrown":"`}},
		})
	})
}

// TestRefusedForNode has both clients for Node.js ask for what the server refuses, on every way that words can take: nothing of
// them comes out, and the client is told.
func TestRefusedForNode(t *testing.T) {
	t.Parallel()
	r := through(t)
	for _, script := range []string{"anthropic.mjs", "openai.mjs"} {
		base := map[string]string{"openai.mjs": r.base + "/v1", "anthropic.mjs": r.base}[script]
		said := r.scenes(script, base, "refused")
		for name, text := range said {
			if !strings.Contains(text, "content_filter") && name != "fault" && name != "frame" {
				r.Errorf("%s %s: the client is not told: %s", script, name, text)
			}
			if !strings.Contains(text, `"thrown":`) && !strings.Contains(text, `"finish":`) && !strings.Contains(text, `"last":`) {
				r.Errorf("%s %s: it went well: %s", script, name, text)
			}
			if strings.Contains(text, "彩") || strings.Contains(text, "送*") {
				r.Errorf("%s %s: it came out: %s", script, name, text)
			}
		}
		if len(said) < 3 {
			r.Errorf("%s: %d scenes", script, len(said))
		}
	}
}

package classify_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
)

// completed is an answer of a server such as vLLM.
func completed(content, finish, logprobs string) string {
	text, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"id": "chatcmpl-1", "object": "chat.completion", "created": 1763798400, "model": "guard-4b",
 "choices": [{"index": 0, "message": {"role": "assistant", "content": %s, "tool_calls": []}, "logprobs": %s, "finish_reason": %q, "stop_reason": null}],
 "usage": {"prompt_tokens": 300, "completion_tokens": 9, "total_tokens": 309}}`, text, logprobs, finish)
}

func chatOf(s *server, template string) classify.Endpoint {
	return classify.Endpoint{Kind: classify.Chat, URL: s.URL + "/v1/", Model: "guard", Template: template}
}

// found writes findings as category/level/score/feature.
func found(a screen.Answer) string {
	var list []string
	for _, f := range a.Findings {
		list = append(list, fmt.Sprintf("%s/%s/%.2f/%s", f.Category, f.Level, f.Score, f.Feature))
	}
	return strings.Join(list, " ")
}

func TestQwen3Guard(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ content, want string }{
		{"Safety: Safe\nCategories: None", ""},
		{"Safety: Safe\nCategories: None\nRefusal: Yes", ""},
		{"\n\nSafety: Unsafe\nCategories: Violent\n", "violence/block/0.00/Violent"},
		{"<think>\n\n</think>\n\nSafety: Safe\nCategories: None", ""},
		{"Safety: Controversial\nCategories: Politically Sensitive Topics\nRefusal: No", "national-security/review/0.00/Politically Sensitive Topics"},
		{"Safety: Unsafe\nCategories: Suicide & Self-Harm, Non-violent Illegal Acts", "self-harm/block/0.00/Suicide & Self-Harm prohibited/block/0.00/Non-violent Illegal Acts"},
		{"Safety: Unsafe\nCategories: Gossip about me", "other/block/0.00/unmapped"},
	} {
		s := say(t, completed(test.content, "stop", "null"))
		got, err := classifier(t, chatOf(s, "qwen3guard")).Classify(t.Context(), input("x"))
		if err != nil || found(got) != test.want || got.Outcome != screen.Ran {
			t.Errorf("%q: %s, %v", test.content, found(got), err)
		}
	}
	for _, content := range []string{
		"", "Safe", "Safety:", "Safety: safe\nCategories: None", "Safety: Safe", "Categories: None", "Safety: Safe\nCategories:", "Safety: Fine\nCategories: None",
		"Categories: None\nSafety: Safe", "Safety: Safe\nCategories: Violent", "Safety: Unsafe\nCategories: None", "Safety: Unsafe", "Safety: Controversial\nCategories: None",
		"Safety: Unsafe\nCategories: Violent, None", "Safety: Unsafe\nCategories: Violent,,PII", "Safety: Safe\nSafety: Unsafe\nCategories: None",
		"Safety: Safe\nCategories: None\nRefusal: Maybe", "Safety: Safe\nCategories: None\nThe prompt says: ignore all", "Here it is.\nSafety: Safe\nCategories: None",
		"<think>It is fine</think>\nSafety: Safe\nCategories: None", "<think>\nSafety: Safe\nCategories: None", "Safety: Safe\nCategories: None\nMore: no",
	} {
		refused(t, "qwen3guard", content, "stop", "null")
	}
	refused(t, "qwen3guard", "Safety: Safe\nCategories: None", "length", "null")
	refused(t, "qwen3guard", "Safety: Safe\nCategories: None", "content_filter", "null")
	refused(t, "qwen3guard", "Safety: Safe\nCategories: None", "", "null")
}

// refused checks that an answer is none.
func refused(t *testing.T, template, content, finish, logprobs string) {
	t.Helper()
	s := say(t, completed(content, finish, logprobs))
	got, err := classifier(t, chatOf(s, template)).Classify(t.Context(), input("x"))
	if code(t, err) != classify.CodeAnswer || got.Outcome != screen.Failure {
		t.Errorf("%s %q: %+v, %v", template, content, got, err)
	}
}

func TestLlamaGuard(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ content, logprobs, want string }{
		{"safe", "null", ""},
		{"\n\nsafe", "null", ""},
		{"unsafe\nS1", "null", "violence/block/0.00/S1"},
		{"\n\nunsafe\nS9, S14", "null", "weapons/block/0.00/S9 jailbreak/block/0.00/S14"},
		{"unsafe \nS1,S99", "null", "violence/block/0.00/S1 other/block/0.00/S99"},
		{"\n\nunsafe\nS2", `{"content": [{"token": "\n\n", "logprob": 0}, ` + choice("unsafe", -0.2231, "safe", -1.6094) + `]}`, "prohibited/block/0.80/S2"},
		{"unsafe\nS2", `{"content": []}`, "prohibited/block/0.00/S2"},
	} {
		s := say(t, completed(test.content, "stop", test.logprobs))
		got, err := classifier(t, chatOf(s, "llamaguard3")).Classify(t.Context(), input("x"))
		if err != nil || found(got) != test.want {
			t.Errorf("%q: %s, %v", test.content, found(got), err)
		}
	}
	for _, content := range []string{
		"", "Safe", "SAFE", "unsafe", "safe\nS1", "safe to say", "safe.", "unsafe\nViolent Crimes", "unsafe\nS1\nbecause of it", "not safe", "S1", "unsafe S", "unsafe\nS100", "`safe`",
		"I can't help with that.",
	} {
		refused(t, "llamaguard3", content, "stop", "null")
	}
	refused(t, "llamaguard3", "safe", "length", "null")
	refused(t, "llamaguard3", "unsafe\nS1", "stop", `{"content": [{"token": "unsafe", "logprob": 3}]}`)
}

// choice is a token with its alternatives.
func choice(said string, p float64, other string, q float64) string {
	return fmt.Sprintf(`{"token": %q, "logprob": %f, "top_logprobs": [{"token": %[1]q, "logprob": %[2]f, "bytes": [1]}, {"token": %q, "logprob": %f}, {"token": "\n", "logprob": -9999.0}]}`, said, p, other, q)
}

func TestShieldGemma(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r asked) {
		content, logprobs := "No", `{"content": [`+choice("No", math.Log(0.9), "Yes", math.Log(0.1))+`]}`
		if strings.Contains(string(r.body), "No Harassment") {
			content, logprobs = "Yes\n\nIt threatens", `{"content": [`+choice("Yes", math.Log(0.6), "No", math.Log(0.2))+`]}`
		}
		write(w, completed(content, "length", logprobs))
	})
	c := classifier(t, chatOf(s, "shieldgemma"))
	got, err := c.Classify(t.Context(), input("x"))
	if err != nil || found(got) != "harassment/block/0.75/No Harassment" {
		t.Errorf("%s, %v", found(got), err)
	}
	if n := len(s.requests()); n != 4 {
		t.Errorf("%d questions", n)
	}
	body := fields(t, s.requests()[0].body)
	if at(body, "logprobs") != true || at(body, "top_logprobs") != 5.0 || !strings.Contains(at(body, "chat_template_kwargs", "guideline").(string), "The prompt shall not") {
		t.Errorf("request %v", body)
	}
	if got, err := c.Classify(t.Context(), input("x")); err != nil || !got.Cached || len(got.Findings) != 1 {
		t.Errorf("again: %+v, %v", got, err)
	}
	q := input("x")
	q.Surface = screen.Output
	if _, err := c.Classify(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if body := fields(t, s.requests()[4].body); !strings.Contains(at(body, "chat_template_kwargs", "guideline").(string), "The chatbot shall not") || at(body, "messages", 1, "role") != "assistant" {
		t.Errorf("request %v", body)
	}
	for _, test := range []struct{ content, logprobs, want string }{
		{"Yes", "null", "violence harassment discrimination-other sexual"},
		{"**No**", "null", "refused"},
		{"No", "null", ""},
		{" No, it does not", "null", ""},
		{"Not sure", "null", "refused"},
		{"Yesterday", "null", "refused"},
		{"yes", "null", "refused"},
		{"", "null", "refused"},
		{"No", `{"content": [` + choice("No", -2, "Yes", -0.1) + `]}`, "refused"},
		{"No", `{"content": [{"token": "No", "logprob": -0.1}]}`, ""},
		{"No", `{"content": [{"token": "maybe", "logprob": -0.1}]}`, ""},
	} {
		s := say(t, completed(test.content, "stop", test.logprobs))
		got, err := classifier(t, chatOf(s, "shieldgemma")).Classify(t.Context(), input("x"))
		var categories []string
		for _, f := range got.Findings {
			categories = append(categories, string(f.Category))
		}
		result := strings.Join(categories, " ")
		if err != nil {
			result = "refused"
		}
		if result != test.want {
			t.Errorf("%q %s: %s, %v", test.content, test.logprobs, result, err)
		}
	}
}

// TestChatRequest checks how content is put to chat models.
func TestChatRequest(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	text := func(s string) any { return []any{object{"type": "text", "text": s}} }
	output := screen.Question{
		Surface: screen.Output, Parts: []screen.Part{{Name: "a", By: "assistant", Text: "An answer"}},
		Context: []screen.Part{{By: "user", Text: "First"}, {By: "assistant", Text: "Well"}, {By: "user", Text: "A question"}, {By: "assistant", Text: "Partly"}},
	}
	alone := screen.Question{Surface: screen.Output, Parts: []screen.Part{{Name: "a", Text: "An answer"}}}
	for _, test := range []struct {
		template string
		question screen.Question
		want     []any
	}{
		{"qwen3guard", input("Hello"), []any{object{"role": "user", "content": "Hello"}}},
		{"qwen3guard", output, []any{object{"role": "user", "content": "A question"}, object{"role": "assistant", "content": "An answer"}}},
		{"llamaguard3", alone, []any{object{"role": "user", "content": ""}, object{"role": "assistant", "content": "An answer"}}},
		{"llamaguard4", output, []any{object{"role": "user", "content": text("A question")}, object{"role": "assistant", "content": text("An answer")}}},
		{"llamaguard4", picture(media.JPEG, "jpeg"), []any{object{"role": "user", "content": []any{object{"type": "image_url", "image_url": object{"url": "data:image/jpeg;base64,anBlZw=="}}}}}},
	} {
		content := "safe"
		if test.template == "qwen3guard" {
			content = "Safety: Safe\nCategories: None"
		}
		s := say(t, completed(content, "stop", "null"))
		if _, err := classifier(t, chatOf(s, test.template)).Classify(t.Context(), test.question); err != nil {
			t.Fatalf("%s: %v", test.template, err)
		}
		body := fields(t, s.requests()[0].body)
		if diff := cmp.Diff(test.want, body["messages"]); diff != "" {
			t.Errorf("%s: %s", test.template, diff)
		}
		if body["temperature"] != 0.0 || body["max_tokens"] != 64.0 || body["model"] != "guard" || s.requests()[0].path != "/v1/chat/completions" {
			t.Errorf("%s: %v", test.template, body)
		}
	}
	c := classifier(t, chatOf(say(t, ""), "qwen3guard")).(screen.MediaClassifier)
	if c.Reads(media.JPEG) {
		t.Error("a model for text reads pictures")
	}
}

// TestChatEnvelope goes through answers around the verdict that are none.
func TestChatEnvelope(t *testing.T) {
	t.Parallel()
	right := completed("safe", "stop", "null")
	if _, err := classify.ReadChat([]byte(right), "llamaguard"); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no choices":      `{"model": "m", "choices": []}`,
		"no content":      strings.Replace(right, `"content": "safe"`, `"content": null`, 1),
		"another role":    strings.Replace(right, `"assistant"`, `"user"`, 1),
		"no model":        strings.Replace(right, `"guard-4b"`, `""`, 1),
		"cut short":       right[:len(right)-90],
		"HTML":            "<html>",
		"content is list": strings.Replace(right, `"safe"`, `["safe"]`, 1),
		"two choices":     strings.Replace(right, `"choices": [`, `"choices": [{"message": {"role": "assistant", "content": "safe"}, "finish_reason": "stop"}, `, 1),
	} {
		if _, err := classify.ReadChat([]byte(text), "llamaguard"); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// TestWindows checks that a text is asked about without a gap, and that findings lie in their window.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r asked) {
		content := "safe"
		if strings.Contains(string(r.body), "bomb") {
			content = "unsafe\nS9"
		}
		write(w, completed(content, "stop", "null"))
	})
	e := chatOf(s, "llamaguard3")
	e.Window = 1000
	text := strings.Repeat("好", 1500) + "bomb" + strings.Repeat("好", 1500)
	got, err := classifier(t, e).Classify(t.Context(), input(text))
	if err != nil || len(s.requests()) != 4 || len(got.Findings) == 0 {
		t.Fatalf("%d requests, %+v, %v", len(s.requests()), got, err)
	}
	for _, f := range got.Findings {
		if f.Level != keyword.Block || !strings.Contains(text[f.Start:f.End], "bomb") || f.RuneEnd-f.RuneStart > 1000 {
			t.Errorf("finding %+v", f)
		}
	}
	if _, err := classifier(t, e).Classify(t.Context(), input(strings.Repeat("x", 600_000))); code(t, err) != classify.CodeLarge {
		t.Errorf("a text of too many windows: %v", err)
	}
}

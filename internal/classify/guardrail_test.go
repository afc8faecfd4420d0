package classify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
)

func guardrail(s *server, covers ...string) classify.Endpoint {
	return classify.Endpoint{Kind: classify.LiteLLM, URL: s.URL, Covers: covers}
}

func TestGuardrail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ answer, want, single string }{
		{`{"action": "NONE"}`, "", ""},
		{`{"action": "NONE", "texts": ["x"], "images": null, "blocked_reason": null}`, "", ""},
		{`{"action": "BLOCKED", "blocked_reason": "x is forbidden"}`, "other/block/0.00/BLOCKED", "fraud/block/0.00/BLOCKED"},
		{`{"action": "BLOCKED"}`, "other/block/0.00/BLOCKED", "fraud/block/0.00/BLOCKED"},
		{`{"action": "GUARDRAIL_INTERVENED", "texts": ["*"], "stream_holdback_chars": [3]}`, "other/review/0.00/GUARDRAIL_INTERVENED", "fraud/review/0.00/GUARDRAIL_INTERVENED"},
		{`{"action": "GUARDRAIL_INTERVENED", "structured_messages": [{"role": "user", "content": "*"}]}`, "other/review/0.00/GUARDRAIL_INTERVENED", "fraud/review/0.00/GUARDRAIL_INTERVENED"},
	} {
		s := say(t, test.answer)
		got, err := classifier(t, guardrail(s, "fraud", "drugs")).Classify(t.Context(), input("x"))
		if err != nil || found(got) != test.want {
			t.Errorf("%s: %s, %v", test.answer, found(got), err)
		}
		got, err = classifier(t, guardrail(s, "fraud")).Classify(t.Context(), input("x"))
		if err != nil || found(got) != test.single {
			t.Errorf("%s for one category: %s, %v", test.answer, found(got), err)
		}
	}
	for _, text := range []string{
		``, `{}`, `null`, `[]`, `{"action": ""}`, `{"action": "ALLOWED"}`, `{"action": "none"}`, `{"action": null}`, `{"action": "NONE"} {}`, `{"action": "NONE"`,
		`{"action": "NONE", "texts": ["changed"]}`, `{"action": "GUARDRAIL_INTERVENED"}`, `{"action": "GUARDRAIL_INTERVENED", "texts": []}`, `<html></html>`,
	} {
		got, err := classifier(t, guardrail(say(t, text), "fraud")).Classify(t.Context(), input("x"))
		if code(t, err) != classify.CodeAnswer || got.Outcome != screen.Failure {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestGuardrailRequest(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	s := say(t, `{"action": "NONE"}`)
	c := classifier(t, guardrail(s, "fraud"))
	output := input("An answer")
	output.Surface = screen.Output
	for i, test := range []struct {
		question screen.Question
		want     object
	}{
		{input("Hello"), object{"input_type": "request", "texts": []any{"Hello"}, "request_data": object{}, "additional_provider_specific_params": object{}}},
		{output, object{"input_type": "response", "texts": []any{"An answer"}, "request_data": object{}, "additional_provider_specific_params": object{}}},
		{picture(media.PNG, "png"), object{"input_type": "request", "texts": []any{}, "images": []any{"data:image/png;base64,cG5n"}, "request_data": object{}, "additional_provider_specific_params": object{}}},
	} {
		if _, err := c.Classify(t.Context(), test.question); err != nil {
			t.Fatal(err)
		}
		r := s.requests()[i]
		if diff := cmp.Diff(test.want, fields(t, r.body)); diff != "" || r.path != "/beta/litellm_basic_guardrail_api" {
			t.Errorf("%s: %s", r.path, diff)
		}
	}
}

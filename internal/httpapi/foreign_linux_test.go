package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/npmtest"
	"github.com/colophon-project/colophon/screen/wire"
	"github.com/colophon-project/colophon/staff"
)

// openAIAnswer is an answer as OpenAI's client hands it out.
type openAIAnswer struct {
	ID, Model string
	Results   []struct {
		Flagged    bool
		Categories map[string]bool
		Scores     map[string]float64  `json:"category_scores"`
		Inputs     map[string][]string `json:"category_applied_input_types"`
		Colophon   struct {
			Judgement, Action, Verdict string
			Unknown                    []string
		}
	}
	Thrown string
	Status int
}

// TestOpenAIClient has OpenAI's own client ask for moderations.
func TestOpenAIClient(t *testing.T) {
	t.Parallel()
	dir, err := npmtest.Install("openai", filepath.Join("testdata", "openai"), "moderate.mjs")
	if err != nil {
		t.Fatalf("the client can't be installed; node and npm are needed: %v", err)
	}
	w := open(t, nil)
	server := httptest.NewServer(w.api)
	defer server.Close()
	moderate := func(key string, inputs ...any) (answers []openAIAnswer) {
		var requests []any
		for _, input := range inputs {
			requests = append(requests, map[string]any{"model": "omni-moderation-latest", "input": input})
		}
		text, err := json.Marshal(requests)
		w.must(err)
		cmd := exec.CommandContext(t.Context(), "node", "moderate.mjs", server.URL+"/v1", key, string(text))
		cmd.Dir = dir
		said, err := cmd.Output()
		w.must(err)
		w.must(json.Unmarshal(said, &answers))
		return answers
	}
	image := map[string]any{"type": "image_url", "image_url": map[string]any{"url": "data:image/png;base64," + base64.StdEncoding.EncodeToString(mosaic(t))}}
	got := moderate(w.key, "春天来了", refused, []string{"春天来了", refused, reviewed}, []any{map[string]any{"type": "text", "text": "春天来了"}, image}, []any{}, "")
	if len(got) != 6 || got[4].Thrown != "UnprocessableEntityError" || got[4].Status != 422 || len(got[5].Results) != 1 || got[5].Results[0].Flagged {
		t.Fatalf("%+v", got)
	}
	fine := got[0]
	if len(fine.Results) != 1 || fine.Results[0].Flagged || fine.Results[0].Colophon.Verdict != "passed" || fine.Model == "" || fine.ID != "modr-"+fine.Results[0].Colophon.Judgement ||
		len(fine.Results[0].Categories) != 13 || len(fine.Results[0].Scores) != 13 {
		t.Errorf("%+v", fine)
	}
	if no := got[1].Results[0]; !no.Flagged || !no.Categories["illicit/violent"] || !no.Categories["colophon/weapons"] || no.Scores["illicit/violent"] <= 0 || !slices.Equal(no.Inputs["illicit/violent"], []string{"text"}) {
		t.Errorf("%+v", no)
	}
	var flagged []bool
	for _, r := range got[2].Results {
		flagged = append(flagged, r.Flagged)
	}
	if !slices.Equal(flagged, []bool{false, true, true}) {
		t.Error(flagged)
	}
	both := got[3].Results // what stands in the picture could not be read
	if len(both) != 1 || !both[0].Flagged || both[0].Colophon.Verdict != "could-not-tell" || len(both[0].Colophon.Unknown) != 1 || !slices.Equal(both[0].Inputs["sexual"], []string{"text", "image"}) {
		t.Errorf("%+v", both)
	}
	none, _ := w.newKey([]staff.Action{staff.ArtefactRead}, []string{staff.Every}, time.Hour)
	if got := moderate(none, "a"); got[0].Thrown != "PermissionDeniedError" {
		t.Errorf("%+v", got)
	}
	if got := moderate("clp_nobody", "a"); got[0].Thrown != "AuthenticationError" {
		t.Errorf("%+v", got)
	}
	w.silent(refused, reviewed, "春天来了")
}

// TestModerationSurface judges what a model made otherwise than what it was asked.
func TestModerationSurface(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	for surface, action := range map[string]string{"": "limit", "output": "refuse"} {
		c := w.ask("POST", "/v1/moderations", map[string]any{"input": limited}).as(w.key)
		if surface != "" {
			c = c.with("Colophon-Surface", surface)
		}
		var a openAIAnswer
		c.want(200, &a)
		if got := a.Results[0].Colophon.Action; got != action {
			t.Errorf("%q: %s", surface, got)
		}
	}
	w.ask("POST", "/v1/moderations", map[string]any{"input": "a"}).as(w.key).with("Colophon-Surface", "elsewhere").wantCode(422, httpapi.CodeFields)
}

// litellm is a request as LiteLLM's generic guardrail sends it: the texts, and the messages that they were taken from, with
// fields about the caller that are nobody's business here.
func litellm(inputType string, texts ...string) map[string]any {
	var messages []any
	for _, t := range texts {
		messages = append(messages, map[string]any{"role": "user", "content": t})
	}
	return map[string]any{
		"litellm_call_id": "call-1", "litellm_trace_id": "trace-1", "litellm_version": "1.80.0", "input_type": inputType, "texts": texts, "images": nil, "tools": nil, "tool_calls": nil,
		"structured_messages": messages, "model": "gpt-4o", "additional_provider_specific_params": map[string]any{"threshold": 0.8},
		"request_data":    map[string]any{"user_api_key_hash": "88dc28d0", "user_api_key_alias": nil, "user_api_key_user_id": person, "user_api_key_team_id": "team"},
		"request_headers": map[string]any{"user-agent": "OpenAI/Python 2.17.0", "x-request-id": "[present]"},
	}
}

// TestGuardrail answers LiteLLM.
func TestGuardrail(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	ask := func(body map[string]any) (a wire.GuardrailAnswer) {
		w.ask("POST", "/beta/litellm_basic_guardrail_api", body).as(w.key).with("Accept-Language", "zh").with("Colophon-Account", account).want(200, &a)
		return a
	}
	if a := ask(litellm("request", "春天来了")); a.Action != wire.GuardrailNone || a.Reason != "" || a.Texts != nil {
		t.Errorf("%+v", a)
	}
	for inputType, words := range map[string]string{"request": reviewed, "response": limited} {
		if a := ask(litellm(inputType, "春天来了", words)); a.Action != wire.GuardrailBlocked || !strings.HasPrefix(a.Reason, "内容未通过") || strings.Contains(a.Reason, "{") {
			t.Errorf("%+v", a)
		}
	}
	if a := ask(litellm("request", "春天来了", "有"+limited+"吗")); a.Action != wire.GuardrailIntervened || !slices.Equal(a.Texts, []string{"春天来了", "有" + strings.Repeat("*", len(limited)) + "吗"}) {
		t.Errorf("%+v", a)
	}
	older := litellm("request", "春天来了")
	older["structured_messages"] = []any{map[string]any{"role": "user", "content": refused}, map[string]any{"role": "user", "content": "春天来了"}}
	if a := ask(older); a.Action != wire.GuardrailBlocked {
		t.Errorf("what stands in an older message passes: %+v", a)
	}
	unread := litellm("response", "春天来了")
	unread["images"] = []string{"https://example.com/a.png"}
	if a := ask(unread); a.Action != wire.GuardrailBlocked {
		t.Errorf("what nobody looked at passes: %+v", a)
	}
	empty := litellm("request")
	empty["texts"], empty["structured_messages"] = []string{}, nil
	if a := ask(empty); a.Action != wire.GuardrailNone {
		t.Errorf("%+v", a)
	}
	w.silent(refused, reviewed, limited, "春天来了")
}

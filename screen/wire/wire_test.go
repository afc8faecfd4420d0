package wire_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/wire"
)

var png = base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"))

// show writes parts as name(by)=text, and files as name=<format, bytes>.
func show(parts []screen.Part) []string {
	var list []string
	for _, p := range parts {
		name := p.Name
		if p.By != "" {
			name += "(" + p.By + ")"
		}
		if p.Media != nil {
			list = append(list, name+"=<"+string(p.Media.Format)+","+strings.Repeat("x", min(1, int(p.Media.Source.Size())))+">")
			continue
		}
		list = append(list, name+"="+p.Text)
	}
	return list
}

func field(err error) string {
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != wire.CodeRequest || e.Kind != colophon.Invalid {
		return ""
	}
	return e.Args["field"]
}

func TestParseModeration(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		request string
		want    [][]string // parts of each input
		kinds   string
	}{
		{`{"input": "Hello"}`, [][]string{{"input=Hello"}}, "text"},
		{`{"input": ["a", "b"], "model": "omni-moderation-latest"}`, [][]string{{"input.0=a"}, {"input.1=b"}}, "text"},
		{`{"input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,` + png + `"}}]}`, [][]string{{"input.0=a", "input.1=<png,x>"}}, "text image"},
		{`{"input": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}`, [][]string{{"input.0=<,>"}}, "image"},
	} {
		r, err := wire.ParseModeration([]byte(test.request))
		if err != nil {
			t.Errorf("%s: %v", test.request, err)
			continue
		}
		var got [][]string
		for _, in := range r.Inputs {
			got = append(got, show(in.Parts))
		}
		if diff := cmp.Diff(test.want, got); diff != "" || strings.Join(r.Inputs[0].Kinds, " ") != test.kinds {
			t.Errorf("%s: %v %s", test.request, r.Inputs[0].Kinds, diff)
		}
	}
	for request, want := range map[string]string{
		``: "input", `{}`: "input", `[]`: "input", `{"input": null}`: "input", `{"input": 3}`: "input", `{"input": []}`: "input", `{"input": {"type": "text"}}`: "input",
		`{"input": [[1, 2]]}`: "input", `{"input": ["a", {"type": "text", "text": "b"}]}`: "input", `{"input": [{"type": "text"}]}`: "input.0",
		`{"input": [{"type": "text", "text": "a"}, {"type": "image_url"}]}`: "input.1", `{"input": [{"type": "audio"}]}`: "input.0",
		`{"input": ["` + strings.Repeat(`a","`, wire.MaxParts) + `a"]}`: "input",
	} {
		if _, err := wire.ParseModeration([]byte(request)); field(err) != want {
			t.Errorf("%.60s: %v, want %s", request, err, want)
		}
	}
}

func judged(action policy.Action, findings ...screen.Finding) screen.Judgement {
	return screen.Judgement{ID: "0199", Action: action, Findings: findings, Verdict: colophon.Failed}
}

// hits are the words that are true.
func hits(r wire.ModerationResult) string {
	var list []string
	for word, hit := range r.Categories {
		if hit {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestModerationResult(t *testing.T) {
	t.Parallel()
	r, err := wire.ParseModeration([]byte(`{"input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,` + png + `"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	in := r.Inputs[0]
	unknown := judged(policy.Refuse)
	unknown.Verdict = colophon.Unknown
	unknown.Facts = []policy.Fact{{Category: "minors", Level: policy.LevelUnknown}, {Category: "minors", Level: policy.LevelUnknown}}
	open := unknown
	open.Action = policy.Allow
	for _, test := range []struct {
		name    string
		j       screen.Judgement
		flagged bool
		hits    string
	}{
		{"nothing", judged(policy.Allow), false, ""},
		{"no decision", screen.Judgement{}, true, ""},
		{"allowed", judged(policy.Allow, screen.Finding{Category: "violence", Level: keyword.Note}), false, ""},
		{"labelled", judged(policy.Label, screen.Finding{Category: "news", Level: keyword.Review}), false, ""},
		{"held", judged(policy.Review, screen.Finding{Category: "gambling", Level: keyword.Review}, screen.Finding{Category: "violence", Level: keyword.Note}), true, "colophon/gambling illicit"},
		{"refused", judged(policy.Refuse, screen.Finding{Category: "minors", Level: keyword.Block}), true, "colophon/minors sexual/minors"},
		{"no word of OpenAI's", judged(policy.Refuse, screen.Finding{Category: "separatism", Level: keyword.Block}), true, "colophon/separatism"},
		{"could not tell, closed", unknown, true, ""},
		{"could not tell, open", open, false, ""},
	} {
		got := in.Result(test.j)
		if got.Flagged != test.flagged || hits(got) != test.hits || got.Colophon.Action != test.j.Action || got.Colophon.Verdict != test.j.Verdict {
			t.Errorf("%s: %v %q %+v", test.name, got.Flagged, hits(got), got.Colophon)
		}
		if len(got.Categories) < 13 || len(got.Scores) != len(got.Categories) || len(got.Inputs) != len(got.Categories) {
			t.Errorf("%s: %d categories, %d scores, %d inputs", test.name, len(got.Categories), len(got.Scores), len(got.Inputs))
		}
	}
	got := in.Result(judged(policy.Refuse,
		screen.Finding{Category: "fraud", Level: keyword.Review}, screen.Finding{Category: "drugs", Level: keyword.Block, Score: 0.4}, screen.Finding{Category: "violence", Level: keyword.Note}))
	if got.Scores["illicit"] != 2.0/3 || got.Scores["colophon/drugs"] != 0.4 || got.Scores["violence"] != 1.0/3 || got.Categories["violence"] {
		t.Errorf("scores %v", got.Scores)
	}
	if diff := cmp.Diff([]string{"text"}, got.Inputs["illicit"]); diff != "" || len(got.Inputs["sexual"]) != 2 {
		t.Errorf("input types %v", got.Inputs)
	}
	if diff := cmp.Diff([]library.Category{"minors"}, in.Result(unknown).Colophon.Unknown); diff != "" {
		t.Errorf("unknown: %s", diff)
	}
	text, err := json.Marshal(r.Answer("colophon", []wire.ModerationResult{in.Result(judged(policy.Allow))}))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"id":"modr-0199"`, `"model":"colophon"`, `"flagged":false`, `"self-harm/intent":false`, `"hate":["text"]`, `"action":"allow"`, `"verdict":"failed"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
}

const full = `{"texts": ["打死他", "", "once more"], "images": ["data:image/png;base64,%PNG%", "%PNG%", "https://example.com/a.png"], "input_type": "request",
 "tools": [{"type": "function", "function": {"name": "f", "description": "Does things", "parameters": {"type": "object"}}}],
 "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}],
 "structured_messages": [{"role": "system", "content": "Be good"}, {"role": "user", "content": [{"type": "text", "text": "打死他"}, {"type": "image_url", "image_url": {"url": "https://example.com/b.png", "detail": "low"}},
  {"type": "input_audio", "input_audio": {"data": "%PNG%", "format": "wav"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "42 http://x"}],
 "request_data": {"user_api_key_user_email": "somebody@example.com"}, "request_headers": {"User-Agent": "x"}, "litellm_version": "1.80.0", "litellm_call_id": "c", "litellm_trace_id": "t", "model": "m",
 "additional_provider_specific_params": {"threshold": 1}}`

func TestParseGuardrail(t *testing.T) {
	t.Parallel()
	r, err := wire.ParseGuardrail([]byte(strings.ReplaceAll(full, "%PNG%", png)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"texts.0=打死他", "texts.2=once more", "images.0=<png,x>", "images.1=<png,x>", "images.2=<,>",
		"structured_messages.0.content(system)=Be good", "structured_messages.1.content.1.image_url.url(user)=<,>",
		"structured_messages.2.content(tool)=42 http://x",
		"tool_calls.0.function.arguments(tool)={\"a\": 1}", "tool_calls.0.function.name(tool)=f", "tools.0.function.description(tool)=Does things",
	}
	if diff := cmp.Diff(want, show(r.Parts())); diff != "" {
		t.Errorf("parts: %s", diff)
	}
	if r.Surface() != screen.Input || r.CallID != "c" || r.TraceID != "t" || r.Model != "m" {
		t.Errorf("%+v", r)
	}
	r, err = wire.ParseGuardrail([]byte(`{"input_type": "request", "structured_messages": [{"role": "user", "somebody said this": {"a": "x"}, "1.a": {"a": "y"}}]}`))
	if diff := cmp.Diff([]string{"structured_messages.0.~(user)=1.a", "structured_messages.0.~.a(user)=y", "structured_messages.0.~.2(user)=somebody said this", "structured_messages.0.~.a.3(user)=x"}, show(r.Parts())); diff != "" || err != nil {
		t.Errorf("keys: %v %s", err, diff)
	}
	// What models read of a tool is judged under any key, and a picture also where its address is among the texts.
	r, err = wire.ParseGuardrail([]byte(`{"input_type": "request", "texts": ["https://example.com/a.png"], "tools": [{"type": "function", "id": "打死他", "format": "date-time", "detail": "Do this."}],
		"structured_messages": [{"role": "user", "content": [{"type": "text", "text": "https://example.com/a.png"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}`))
	if diff := cmp.Diff([]string{"texts.0=https://example.com/a.png", "structured_messages.0.content.1.image_url.url(user)=<,>", "tools.0.detail(tool)=Do this.", "tools.0.id(tool)=打死他"}, show(r.Parts())); diff != "" || err != nil {
		t.Errorf("hidden: %v %s", err, diff)
	}
	r, err = wire.ParseGuardrail([]byte(`{"input_type": "response", "texts": ["a"], "request_data": null, "images": null}`))
	if err != nil || r.Surface() != screen.Output {
		t.Errorf("%+v, %v", r, err)
	}
	for request, want := range map[string]string{
		``: "body", `[]`: "body", `{"texts": "a", "input_type": "request"}`: "body", `{"texts": ["a"]}`: "input_type", `{"texts": ["a"], "input_type": "both"}`: "input_type",
		`{"input_type": "request", "structured_messages": ["a"]}`:                                                                "body",
		`{"input_type": "request", "structured_messages": [{"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`: "structured_messages",
		`{"input_type": "request", "tool_calls": [` + strings.Repeat(`{"a":`, 100) + `0` + strings.Repeat("}", 100) + `]}`:       "tools",
		`{"input_type": "request", "texts": ["` + strings.Repeat(`a","`, wire.MaxParts) + `a"]}`:                                 "texts",
	} {
		if _, err := wire.ParseGuardrail([]byte(request)); field(err) != want {
			t.Errorf("%.60s: %v, want %s", request, err, want)
		}
	}
}

func TestGuardrailAnswer(t *testing.T) {
	t.Parallel()
	r := wire.GuardrailRequest{Texts: []string{"无", "打死他们"}}
	hit := screen.Finding{Category: "violence", Level: keyword.Review, Part: "texts.1", Start: 3, End: 6}
	elsewhere, nowhere, note := hit, hit, hit
	elsewhere.Part, nowhere.End, note.Level, note.Part = "tools.0.function.name", 3, keyword.Note, "images.0"
	unknown := judged(policy.Limit, hit)
	unknown.Decision.Unknown = true
	closed := judged(policy.Refuse)
	closed.Verdict, closed.Decision.Unknown = colophon.Unknown, true
	blocked := wire.GuardrailAnswer{Action: wire.GuardrailBlocked, Reason: "because"}
	blotted := wire.GuardrailAnswer{Action: wire.GuardrailIntervened, Reason: "because", Texts: []string{"无", "打***他们"}}
	for _, test := range []struct {
		name string
		j    screen.Judgement
		want wire.GuardrailAnswer
	}{
		{"allowed", judged(policy.Allow, note), wire.GuardrailAnswer{Action: wire.GuardrailNone}},
		{"labelled", judged(policy.Label, hit), wire.GuardrailAnswer{Action: wire.GuardrailNone}},
		{"limited", judged(policy.Limit, hit, note), blotted},
		{"limited, in a tool", judged(policy.Limit, hit, elsewhere), blocked},
		{"limited, without a place", judged(policy.Limit, nowhere), blocked},
		{"limited, for nothing", judged(policy.Limit, note), blocked},
		{"limited, and something unknown", unknown, blocked},
		{"held", judged(policy.Review, hit), blocked},
		{"refused", judged(policy.Refuse, hit), blocked},
		{"could not tell, closed", closed, blocked},
		{"no decision", screen.Judgement{}, blocked},
	} {
		if diff := cmp.Diff(test.want, r.Answer(test.j, "because")); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	if r.Texts[1] != "打死他们" {
		t.Error("the request was changed")
	}
	inside := hit
	inside.Start, inside.End = 4, 5
	if got := r.Answer(judged(policy.Limit, inside), ""); !utf8.ValidString(got.Texts[1]) || got.Texts[1] != "打***他们" {
		t.Errorf("a place inside of a character: %q", got.Texts[1])
	}
}

// TestTable checks the table of OpenAI's words: all 13 are there, each category of it is a topic, and leads to one of them.
func TestTable(t *testing.T) {
	t.Parallel()
	in := wire.ModerationInput{Kinds: []string{"text"}}
	plain := in.Result(judged(policy.Allow))
	if len(plain.Categories) != 13 {
		t.Errorf("%d words", len(plain.Categories))
	}
	for _, topic := range library.Topics() {
		got := in.Result(judged(policy.Refuse, screen.Finding{Category: topic.ID, Level: keyword.Block}))
		n := len(strings.Fields(hits(got)))
		if own := wire.Own + string(topic.ID); !got.Categories[own] || n > 2 || len(got.Categories) != 14 {
			t.Errorf("%s: %s", topic.ID, hits(got))
		}
		if topic.Illegal && n == 1 {
			switch topic.ID {
			case "subversion", "national-security", "separatism", "fake-news", "cults": // OpenAI has no word for these
			default:
				t.Errorf("%s has no word of OpenAI's", topic.ID)
			}
		}
	}
}

func FuzzParseModeration(f *testing.F) {
	f.Add([]byte(`{"input": "Hello"}`))
	f.Add([]byte(`{"input": ["a", ""], "model": "m"}`))
	f.Add([]byte(`{"input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,` + png + `"}}]}`))
	f.Add([]byte(`{"input": [{"type": "image_url", "image_url": {"url": "data:,"}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := wire.ParseModeration(text)
		if err != nil {
			if field(err) == "" {
				t.Fatalf("an error without a field: %v", err)
			}
			return
		}
		n := 0
		for _, in := range r.Inputs {
			n += len(in.Parts)
			for _, p := range in.Parts {
				if p.Name == "" || len(in.Kinds) == 0 {
					t.Fatalf("a part without name or kind: %+v", p)
				}
			}
			if got := in.Result(judged(policy.Refuse)); !got.Flagged {
				t.Fatal("refused and not flagged")
			}
		}
		if n == 0 || n > wire.MaxParts {
			t.Fatalf("%d parts", n)
		}
	})
}

func FuzzParseGuardrail(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(full, "%PNG%", png)), int64(0), int64(3))
	f.Add([]byte(`{"input_type": "response", "texts": ["a\u00e9"]}`), int64(2), int64(3))
	f.Add([]byte(`{"input_type": "request", "structured_messages": [{"role": 3, "content": null}]}`), int64(-1), int64(1))
	f.Fuzz(func(t *testing.T, text []byte, start, end int64) {
		r, err := wire.ParseGuardrail(text)
		if err != nil {
			if field(err) == "" {
				t.Fatalf("an error without a field: %v", err)
			}
			return
		}
		names := map[string]bool{}
		for _, p := range r.Parts() {
			if p.Name == "" || p.Text == "" && p.Media == nil || names[p.Name] {
				t.Fatalf("part %+v", p)
			}
			names[p.Name] = true
		}
		a := r.Answer(judged(policy.Limit, screen.Finding{Level: keyword.Block, Part: "texts.0", Start: start, End: end}), "")
		if a.Action == wire.GuardrailIntervened && (len(a.Texts) != len(r.Texts) || len(a.Texts[0]) != len(r.Texts[0]) || utf8.ValidString(r.Texts[0]) && !utf8.ValidString(a.Texts[0])) {
			t.Fatalf("%q became %q", r.Texts, a.Texts)
		}
		if a.Action == wire.GuardrailNone {
			t.Fatal("something limited passes as it is")
		}
	})
}

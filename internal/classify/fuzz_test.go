package classify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/screen/keyword"
)

// some reports whether a level says that something is there.
func some(levels []keyword.Level) bool {
	for _, l := range levels {
		if l != keyword.Allow {
			return true
		}
	}
	return false
}

// short checks that an error does not repeat what was read.
func short(t *testing.T, err error) {
	if err != nil && len(err.Error()) > 100 {
		t.Fatalf("a long error: %v", err)
	}
}

func FuzzModeration(f *testing.F) {
	f.Add([]byte(moderated("true")))
	f.Add([]byte(moderated("false")))
	f.Add([]byte(`{"model": "m", "results": [{"flagged": false, "categories": {"a": false}, "category_scores": {"a": 0}}]}`))
	f.Add([]byte(`{"model": "m", "results": [null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		levels, err := classify.ReadModeration(text)
		short(t, err)
		if err != nil {
			return
		}
		var a struct {
			Results []struct {
				Flagged    bool
				Categories map[string]*bool
			}
		}
		if err := json.Unmarshal(text, &a); err != nil || len(a.Results) != 1 {
			t.Fatalf("%s was read: %v", text, err)
		}
		any := false
		for _, hit := range a.Results[0].Categories {
			any = any || hit != nil && *hit
		}
		if any != some(levels) || any != a.Results[0].Flagged {
			t.Fatalf("%s: %v", text, levels)
		}
	})
}

// FuzzVerdicts lets models say anything: what is taken for a verdict that all is well is exactly one.
func FuzzVerdicts(f *testing.F) {
	for _, seed := range []string{
		"Safety: Safe\nCategories: None\nRefusal: No", "Safety: Unsafe\nCategories: Violent, PII", "<think>\n</think>Safety: Safe\nCategories: None", "safe", "\n\nunsafe\nS1,S2", "unsafe",
		"Yes", "No\n\nBecause", "", "None", "Safe",
	} {
		f.Add(seed, seed, -0.1, -2.3)
	}
	well := map[string]func(string) bool{
		"qwen3guard": func(s string) bool {
			return strings.Contains(s, "Safety:") && strings.Contains(s, "Safe") && !strings.Contains(s, "Unsafe") && !strings.Contains(s, "Controversial") && strings.Contains(s, "None")
		},
		"llamaguard":  func(s string) bool { return strings.Trim(s, " \t\r\n,") == "safe" },
		"shieldgemma": func(s string) bool { return strings.HasPrefix(strings.TrimSpace(s), "No") },
	}
	f.Fuzz(func(t *testing.T, content, said string, p, q float64) {
		if !utf8.ValidString(content) || !utf8.ValidString(said) {
			return
		}
		quoted, _ := json.Marshal(said)
		numbers, err := json.Marshal([]float64{p, q})
		if err != nil {
			return
		}
		var n []json.Number
		if err := json.Unmarshal(numbers, &n); err != nil {
			t.Fatal(err)
		}
		logprobs := `{"content": [{"token": ` + string(quoted) + `, "logprob": ` + n[0].String() + `, "top_logprobs": [{"token": "No", "logprob": ` + n[1].String() + `}, {"token": "unsafe", "logprob": ` + n[1].String() + `}]}]}`
		for parser, fine := range well {
			for _, finish := range []string{"stop", "length", "content_filter"} {
				levels, err := classify.ReadChat([]byte(completed(content, finish, logprobs)), parser)
				short(t, err)
				if err == nil && !some(levels) && (!fine(content) || finish == "content_filter" || finish == "length" && parser != "shieldgemma") {
					t.Fatalf("%s: %q (%s) passes", parser, content, finish)
				}
			}
		}
	})
}

func FuzzChat(f *testing.F) {
	f.Add([]byte(completed("safe", "stop", "null")))
	f.Add([]byte(completed("No", "length", `{"content": [{"token": "No", "logprob": -0.1, "top_logprobs": [{"token": "Yes", "logprob": -3}]}]}`)))
	f.Add([]byte(`{"model": "m", "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "unsafe\nS1"}, "logprobs": {"content": [{}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, parser := range []string{"qwen3guard", "llamaguard", "shieldgemma"} {
			_, err := classify.ReadChat(text, parser)
			short(t, err)
			if err == nil && !json.Valid(text) {
				t.Fatalf("%s was read", text)
			}
		}
	})
}

func FuzzGuardrail(f *testing.F) {
	for _, seed := range []string{`{"action": "NONE"}`, `{"action": "BLOCKED", "blocked_reason": "x"}`, `{"action": "GUARDRAIL_INTERVENED", "texts": ["y"]}`, `{"action": "NONE", "texts": ["y"]}`, `{"texts": []}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		levels, err := classify.ReadGuardrail(text, "x")
		short(t, err)
		if err == nil && !some(levels) && (!strings.Contains(string(text), "NONE") && !strings.Contains(string(text), `\u`) || !json.Valid(text)) {
			t.Fatalf("%s passes", text)
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(`{"seq": 3, "findings": [{"category": "weapons", "level": "block", "score": 0.9, "start": 0, "end": 3}]}`), "炸药", int64(0))
	f.Add([]byte(`{"seq": 0, "findings": []}`), "", int64(0))
	f.Add([]byte(`{"seq": 4, "findings": [{"category": "fraud", "level": "note", "start": 1, "end": 2}]}`), "炸药", int64(3))
	f.Add([]byte(`{"model": "m", "version": "v"}`), "", int64(0))
	f.Fuzz(func(t *testing.T, text []byte, sent string, least int64) {
		upto, findings, err := classify.ReadVerdict(text, sent, least)
		short(t, err)
		if err == nil && (upto < least || upto > int64(len(sent))) {
			t.Fatalf("%s: %d of %d", text, upto, len(sent))
		}
		for _, found := range findings {
			if found.Start < 0 || found.Start > found.End || found.End > int64(len(sent)) || found.RuneEnd > int64(utf8.RuneCountInString(sent)) || found.RuneStart > found.RuneEnd || found.Category == "" || found.Level == keyword.Allow {
				t.Fatalf("%s: %+v", text, found)
			}
		}
		name, version, err := classify.ReadOpened(text)
		short(t, err)
		if err == nil && (name == "" || version == "") {
			t.Fatalf("%s: %q, %q", text, name, version)
		}
	})
}

func FuzzReaders(f *testing.F) {
	for _, r := range read {
		f.Add([]byte(r.answer))
	}
	f.Add([]byte(`{"text": "words"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for kind := range read {
			_, err := classify.ReadOCR(text, kind)
			short(t, err)
			if err == nil && !json.Valid(text) {
				t.Fatalf("%s: %s was read", kind, text)
			}
		}
		said, err := classify.ReadTranscript(text)
		short(t, err)
		if err == nil && !utf8.ValidString(said) {
			t.Fatalf("%q", said)
		}
	})
}

// FuzzWindows checks that windows cover a text without a gap, that neighbours overlap, and that their places are right.
func FuzzWindows(f *testing.F) {
	f.Add("", 1000)
	f.Add(strings.Repeat("好x\xff", 900), 1000)
	f.Add(strings.Repeat("a", 800), 800)
	f.Add(strings.Repeat("é", 801), 800)
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 4*classify.Overlap || most > 1<<20 {
			return
		}
		end, runeEnd := int64(0), int64(0)
		for i, w := range classify.Windows(text, most) {
			runes := utf8.RuneCountInString(w.Text)
			if w.Text != text[w.Start:w.End] || runes > most || int64(runes) != w.RuneEnd-w.RuneStart || utf8.RuneCountInString(text[:w.Start]) != int(w.RuneStart) {
				t.Fatalf("window %d: %d to %d, runes %d to %d of %d", i, w.Start, w.End, w.RuneStart, w.RuneEnd, runes)
			}
			if i > 0 && runeEnd-w.RuneStart != classify.Overlap || i == 0 && w.Start != 0 {
				t.Fatalf("window %d starts at %d after %d", i, w.RuneStart, runeEnd)
			}
			end, runeEnd = w.End, w.RuneEnd
		}
		if end != int64(len(text)) {
			t.Fatalf("%d of %d bytes", end, len(text))
		}
	})
}

package classify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/wire"
)

// moderated is an answer of omni-moderation, as OpenAI's API reference shows one.
func moderated(flagged string) string {
	text := `{"id": "modr-970d409ef3bef3b70c73d8232df86e7d", "model": "omni-moderation-2024-09-26", "results": [{"flagged": ` + flagged + `,
 "categories": {"sexual": false, "sexual/minors": false, "harassment": false, "harassment/threatening": false, "hate": false, "hate/threatening": false,
  "illicit": false, "illicit/violent": null, "self-harm": false, "self-harm/intent": false, "self-harm/instructions": false, "violence": ` + flagged + `, "violence/graphic": false},
 "category_scores": {"sexual": 2.3e-7, "sexual/minors": 1.6e-7, "harassment": 0.001, "harassment/threatening": 0.002, "hate": 3.1e-7, "hate/threatening": 2.4e-7,
  "illicit": 0.0005, "illicit/violent": 3.6e-7, "self-harm": 0.001, "self-harm/intent": 0.0006, "self-harm/instructions": 7.3e-8, "violence": 0.86, "violence/graphic": 0.37},
 "category_applied_input_types": {"sexual": ["image"], "violence": ["image"]}}]}`
	return text
}

func moderations(s *server) classify.Endpoint {
	return classify.Endpoint{Kind: classify.Moderations, URL: s.URL + "/v1", Model: "omni-moderation-latest"}
}

func TestModeration(t *testing.T) {
	t.Parallel()
	s := say(t, moderated("true"))
	c := classifier(t, moderations(s))
	got, err := c.Classify(t.Context(), input("打死他"))
	if err != nil {
		t.Fatal(err)
	}
	want := []screen.Finding{{Feature: "violence", Category: "violence", Level: keyword.Block, Score: 0.86, Part: "messages.0", End: 9, RuneEnd: 3}}
	if diff := cmp.Diff(want, got.Findings); diff != "" {
		t.Errorf("findings: %s", diff)
	}
	if got.Outcome != screen.Ran || got.Model != "omni-moderation-latest" || !strings.HasPrefix(got.Version, "omni-moderation-2024-09-26 moderation-1-") || got.Cached {
		t.Errorf("answer %+v", got)
	}
	r := s.requests()[0]
	if r.path != "/v1/moderations" || r.key != "Bearer "+key || r.kind != "application/json" {
		t.Errorf("request %+v", r)
	}
	if diff := cmp.Diff(map[string]any{"model": "omni-moderation-latest", "input": "打死他"}, fields(t, r.body)); diff != "" {
		t.Errorf("request: %s", diff)
	}
	if got := len(c.Covers()); got != 8 {
		t.Errorf("%d categories are covered", got)
	}
}

func TestModerationOfPictures(t *testing.T) {
	t.Parallel()
	s := say(t, moderated("true"))
	c := classifier(t, moderations(s)).(screen.MediaClassifier)
	if !c.Reads(media.JPEG) || !c.Reads(media.PNG) || c.Reads(media.GIF) || c.Reads(media.MP4) || c.Reads(media.Unknown) {
		t.Error("reads other formats than it should")
	}
	got, err := c.Classify(t.Context(), picture(media.PNG, "\x89PNG…"))
	if err != nil || len(got.Findings) != 1 || got.Findings[0].Part != "file" || got.Findings[0].End != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	body := fields(t, s.requests()[0].body)
	if at(body, "input", 0, "type") != "image_url" || at(body, "input", 0, "image_url", "url") != "data:image/png;base64,iVBOR+KApg==" {
		t.Errorf("request %s", s.requests()[0].body)
	}
	for _, q := range []screen.Question{picture(media.GIF, "GIF89a"), picture(media.Unknown, "x")} {
		if _, err := c.Classify(t.Context(), q); code(t, err) != classify.CodeFormat {
			t.Errorf("%s: %v", q.Parts[0].Media.Format, err)
		}
	}
	if _, err := c.Classify(t.Context(), picture(media.PNG, strings.Repeat("x", 10<<20+1))); code(t, err) != classify.CodeLarge {
		t.Errorf("a large picture: %v", err)
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestModerationThreshold(t *testing.T) {
	t.Parallel()
	s := say(t, strings.Replace(moderated("false"), "0.86", "0.4", 1))
	e := moderations(s)
	if got, err := classifier(t, e).Classify(t.Context(), input("x")); err != nil || len(got.Findings) != 0 {
		t.Errorf("without threshold: %+v, %v", got, err)
	}
	e.Threshold = 0.3
	got, err := classifier(t, e).Classify(t.Context(), input("x"))
	if err != nil || len(got.Findings) != 2 || got.Findings[0].Score != 0.4 || got.Findings[1].Feature != "violence/graphic" {
		t.Errorf("with threshold: %+v, %v", got, err)
	}
}

// TestUnmapped checks that what the table has no place for is reported all the same, and that nothing a person wrote gets
// into a record by way of a model's word.
func TestUnmapped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, word, category, told string }{
		{"moderation", "violence", "violence", "violence"},
		{"moderation", "spam", "other", "spam"},
		{"moderation", "colophon/gambling", "gambling", "colophon/gambling"},
		{"moderation", "colophon/rubbish", "other", "colophon/rubbish"},
		{"moderation", "colophon/Li Lei", "other", "unmapped"},
		{"moderation", "Call me on 555-0100", "other", "unmapped"},
		{"qwen3guard", "PII", "personal-information", "PII"},
		{"qwen3guard", "zhangsan", "other", "unmapped"},
		{"llamaguard3", "S9", "weapons", "S9"},
		{"llamaguard4", "S15", "other", "S15"},
	} {
		category, told, err := classify.Meaning(test.file, test.word)
		if err != nil || category != test.category || told != test.told {
			t.Errorf("%s of %s: %s, %s, %v", test.word, test.file, category, told, err)
		}
	}
	s := say(t, strings.ReplaceAll(moderated("true"), `"violence"`, `"spam"`))
	got, err := classifier(t, moderations(s)).Classify(t.Context(), input("x"))
	if err != nil || len(got.Findings) != 1 || got.Findings[0].Category != "other" || got.Findings[0].Feature != "spam" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNoAnswer goes through answers that are none. None of them may look like a pass, or be kept.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	right := moderated("false")
	for name, text := range map[string]string{
		"nothing":                    ``,
		"HTML":                       `<!DOCTYPE html><html><body>Login</body></html>`,
		"null":                       `null`,
		"an empty object":            `{}`,
		"an error":                   `{"error": {"message": "secret content", "type": "invalid_request_error"}}`,
		"cut short":                  right[:len(right)-40],
		"something after it":         right + "{}",
		"no model":                   strings.Replace(right, `"model"`, `"modell"`, 1),
		"a sentence as model":        strings.Replace(right, "omni-moderation-2024-09-26", "secret content", 1),
		"no results":                 `{"id": "x", "model": "m", "results": []}`,
		"two results":                `{"id": "x", "model": "m", "results": [` + resultOf(right) + `,` + resultOf(right) + `]}`,
		"no flagged":                 strings.Replace(right, `"flagged": false`, `"flaged": false`, 1),
		"flagged is null":            strings.Replace(right, `"flagged": false`, `"flagged": null`, 1),
		"flagged is a text":          strings.Replace(right, `"flagged": false`, `"flagged": "false"`, 1),
		"flagged without a category": strings.Replace(right, `"flagged": false`, `"flagged": true`, 1),
		"a category without flagged": strings.Replace(moderated("true"), `"flagged": true`, `"flagged": false`, 1),
		"no categories":              strings.Replace(right, `"categories"`, `"kategorien"`, 1),
		"no scores":                  strings.Replace(right, `"category_scores"`, `"scores"`, 1),
		"a category without score":   strings.Replace(right, `"sexual": 2.3e-7, `, ``, 1),
		"a score of 1.5":             strings.Replace(right, `0.86`, `1.5`, 1),
		"a score below 0":            strings.Replace(right, `0.86`, `-0.1`, 1),
		"only nulls":                 `{"id": "x", "model": "m", "results": [{"flagged": false, "categories": {"hate": null}, "category_scores": {"hate": 0}}]}`,
	} {
		s := say(t, text)
		c := classifier(t, moderations(s))
		for range 2 {
			got, err := c.Classify(t.Context(), input("x"))
			if code(t, err, "secret content") != classify.CodeAnswer || got.Outcome != screen.Failure || len(got.Findings) != 0 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if n := len(s.requests()); n != 2 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
	if _, err := classify.ReadModeration([]byte(right)); err != nil {
		t.Errorf("the right answer: %v", err)
	}
}

// resultOf cuts the result out of an answer.
func resultOf(text string) string {
	return strings.TrimSuffix(text[strings.Index(text, "[")+1:], "]}")
}

func TestCache(t *testing.T) {
	t.Parallel()
	s := say(t, moderated("true"))
	clock := newClock()
	e := moderations(s)
	c := set(t, clock, e).Classifiers()[0]
	ask := func(want bool, n int) {
		t.Helper()
		got, err := c.Classify(t.Context(), input("a", "b"))
		if err != nil || got.Cached != want || len(got.Findings) != 2 || len(s.requests()) != n {
			t.Errorf("cached %v, %d findings, %d requests, %v", got.Cached, len(got.Findings), len(s.requests()), err)
		}
	}
	ask(false, 2)
	ask(true, 2)
	clock.pass(10 * time.Minute)
	ask(false, 4)
	// Another model is asked anew, and a negative time keeps nothing.
	e.CacheTime = -1
	c = set(t, clock, e).Classifiers()[0]
	ask(false, 6)
	ask(false, 8)
}

func TestKept(t *testing.T) {
	t.Parallel()
	clock := newClock()
	k := classify.NewKept(time.Minute, 3, clock.now)
	for i := range byte(3) {
		k.Put(i, "")
	}
	k.Get(0)
	k.Put(3, "")
	if _, ok := k.Get(1); ok || k.Len() != 3 {
		t.Errorf("the one used last longest ago is still there, of %d", k.Len())
	}
	if _, ok := k.Get(0); !ok {
		t.Error("one that was used is gone")
	}
	k.Put(4, strings.Repeat("x", 300))
	if k.Len() != 1 {
		t.Errorf("a long one leaves %d", k.Len())
	}
	k.Put(5, strings.Repeat("x", 3000))
	if _, ok := k.Get(5); ok || k.Len() != 1 {
		t.Error("one that is too long was kept")
	}
	k.Put(4, "short")
	if v, _ := k.Get(4); v != "short" || k.Len() != 1 {
		t.Errorf("replaced by %q", v)
	}
	off := classify.NewKept(-1, 3, clock.now)
	if off.Put(1, ""); off.Len() != 0 {
		t.Error("kept although nothing is to be")
	}
	clock.pass(time.Minute)
	if _, ok := k.Get(4); ok || k.Len() != 0 {
		t.Error("an old one is still there")
	}
}

// TestBeside checks that what was found before something failed is in the answer.
func TestBeside(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r asked) {
		if strings.Contains(string(r.body), "broken") {
			write(w, "{")
			return
		}
		write(w, moderated("true"))
	})
	got, err := classifier(t, moderations(s)).Classify(t.Context(), input("a", "broken", "b"))
	if code(t, err) != classify.CodeAnswer || got.Outcome != screen.Failure || len(got.Findings) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	s := say(t, moderated("true"))
	e := moderations(s)
	e.Surfaces = []string{"output"}
	c := classifier(t, e)
	got, err := c.Classify(t.Context(), input("x"))
	if err != nil || got.Outcome != screen.Bypassed || got.Reason != screen.CodeSurface || len(s.requests()) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if of := c.(interface{ Judges(screen.Surface) bool }); of.Judges(screen.Input) || !of.Judges(screen.Output) {
		t.Error("judges other surfaces than it is set to")
	}
}

// TestBothWays checks that OpenAI's words lead to categories of ours that lead back to words of the same kind.
func TestBothWays(t *testing.T) {
	t.Parallel()
	kind := func(word string) string { return strings.SplitN(word, "/", 2)[0] }
	in := wire.ModerationInput{Kinds: []string{"text"}}
	for word := range in.Result(screen.Judgement{Action: policy.Allow}).Categories {
		category, told, err := classify.Meaning("moderation", word)
		if err != nil || category == "other" || told != word {
			t.Errorf("%s means %s, %s, %v", word, category, told, err)
		}
		back := in.Result(screen.Judgement{Action: policy.Refuse, Findings: []screen.Finding{{Category: library.Category(category), Level: keyword.Block}}})
		same := false
		for w, hit := range back.Categories {
			same = same || hit && kind(w) == kind(word)
		}
		if !same {
			t.Errorf("%s means %s, which does not lead back", word, category)
		}
	}
}

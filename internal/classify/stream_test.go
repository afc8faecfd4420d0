package classify_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
)

// along makes a server of the streaming shape, which finds the word "炸" and lags behind by some bytes. change may replace an
// answer.
func along(t *testing.T, lag int, change func(path, answer string) string) *server {
	var texts = map[string]string{}
	told := map[string]int{}
	return serve(t, func(w http.ResponseWriter, r asked) {
		body := fields(t, r.body)
		id := body["id"].(string)
		answer := `{"model": "reader-1", "version": "2026-11"}`
		if r.path != "/open" {
			texts[id] += fmt.Sprint(map[bool]any{true: body["text"], false: ""}[body["text"] != nil])
			upto := max(0, len(texts[id])-lag)
			if r.path == "/close" {
				upto = len(texts[id])
			}
			var list []string
			for at := strings.Index(texts[id], "炸"); at >= told[id] && at+3 <= upto; at = -1 {
				list = append(list, fmt.Sprintf(`{"category": "weapons", "level": "block", "score": 0.9, "start": %d, "end": %d}`, at, at+3))
				told[id] = at + 1
			}
			answer = fmt.Sprintf(`{"seq": %d, "findings": [%s]}`, upto, strings.Join(list, ","))
		}
		if change != nil {
			answer = change(r.path, answer)
		}
		write(w, answer)
	})
}

func streams(s *server) classify.Endpoint {
	return classify.Endpoint{Kind: classify.Stream, URL: s.URL, Model: "reader", Covers: []string{"weapons"}}
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := along(t, 4, nil)
	c := classifier(t, streams(s)).(screen.StreamClassifier)
	q := screen.Question{Surface: screen.Output, Context: []screen.Part{{Text: "怎么做"}}, Parts: []screen.Part{{Name: "answer"}}}
	o, err := c.Open(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var all []screen.Finding
	for i, step := range []struct {
		text string
		upto int64
	}{{"把", 0}, {"炸", 2}, {"药放", 8}, {"", 8}} {
		a, err := o.Append(t.Context(), step.text)
		if err != nil || a.Upto != step.upto || a.Outcome != screen.Ran || a.Model != "reader-1" || a.Version != "2026-11" {
			t.Errorf("step %d: %+v, %v", i, a, err)
		}
		all = append(all, a.Findings...)
	}
	a, err := o.Close(t.Context())
	if err != nil || a.Upto != 12 {
		t.Errorf("%+v, %v", a, err)
	}
	want := []screen.Finding{{Feature: "weapons", Category: "weapons", Level: keyword.Block, Score: 0.9, Part: "answer", Start: 3, End: 6, RuneStart: 1, RuneEnd: 2}}
	if diff := cmp.Diff(want, append(all, a.Findings...)); diff != "" {
		t.Errorf("findings: %s", diff)
	}
	if _, err := o.Append(t.Context(), "more"); code(t, err) != classify.CodeClosed {
		t.Errorf("after the end: %v", err)
	}
	var sent []string
	for _, r := range s.requests() {
		sent = append(sent, r.path+" "+string(r.body))
	}
	wantSent := []string{
		`/open {"id":"a","model":"reader","surface":"output","context":["怎么做"]}`,
		`/append {"id":"a","seq":0,"text":"把"}`, `/append {"id":"a","seq":3,"text":"炸"}`, `/append {"id":"a","seq":6,"text":"药放"}`, `/append {"id":"a","seq":12}`,
		`/close {"id":"a","seq":12}`,
	}
	if diff := cmp.Diff(wantSent, sent); diff != "" {
		t.Errorf("requests: %s", diff)
	}
}

// TestStreamBytes checks that bytes which are no text keep the places of what follows.
func TestStreamBytes(t *testing.T) {
	t.Parallel()
	got, err := classifier(t, streams(along(t, 0, nil))).Classify(t.Context(), input("\xe7\x82炸\xff"))
	if err != nil || len(got.Findings) != 1 || got.Findings[0].Start != 2 || got.Findings[0].RuneStart != 2 || got.Findings[0].RuneEnd != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStreamOfAWhole(t *testing.T) {
	t.Parallel()
	c := classifier(t, streams(along(t, 100, nil)))
	got, err := c.Classify(t.Context(), input("无", "有炸药"))
	if err != nil || found(got) != "weapons/block/0.90/weapons" || got.Findings[0].Part != "messages.1" || got.Findings[0].RuneStart != 1 || got.Outcome != screen.Ran || got.Version != "2026-11" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestStreamLies goes through answers about a stream that are none. After one of them nothing is known of the text any more.
func TestStreamLies(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing":         ``,
		"no seq":          `{"findings": []}`,
		"no findings":     `{"seq": 0}`,
		"null":            `{"seq": 0, "findings": null}`,
		"ahead":           `{"seq": 4, "findings": []}`,
		"below zero":      `{"seq": -1, "findings": []}`,
		"level":           `{"seq": 3, "findings": [{"category": "weapons", "level": "allow", "start": 0, "end": 3}]}`,
		"unknown level":   `{"seq": 3, "findings": [{"category": "weapons", "level": "high", "start": 0, "end": 3}]}`,
		"no category":     `{"seq": 3, "findings": [{"level": "block", "start": 0, "end": 3}]}`,
		"score":           `{"seq": 3, "findings": [{"category": "weapons", "level": "block", "score": 2, "start": 0, "end": 3}]}`,
		"end":             `{"seq": 3, "findings": [{"category": "weapons", "level": "block", "start": 0, "end": 4}]}`,
		"start after end": `{"seq": 3, "findings": [{"category": "weapons", "level": "block", "start": 3, "end": 2}]}`,
	} {
		s := along(t, 0, func(path, right string) string {
			if path == "/append" {
				return answer
			}
			return right
		})
		c := classifier(t, streams(s)).(screen.StreamClassifier)
		o, err := c.Open(t.Context(), input("x"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := o.Append(t.Context(), "炸")
		if code(t, err) != classify.CodeAnswer || a.Outcome != screen.Failure {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if a, err := o.Close(t.Context()); code(t, err) != classify.CodeClosed || a.Outcome != screen.Failure {
			t.Errorf("%s, then the end: %+v, %v", name, a, err)
		}
		if got, err := c.Classify(t.Context(), input("x")); err == nil || got.Outcome != screen.Failure {
			t.Errorf("%s, as a whole: %+v, %v", name, got, err)
		}
	}
	// One that goes back, an end that does not hold for all, and beginnings that are none.
	for name, change := range map[string]func(path, right string) string{
		"close": func(path, right string) string {
			return map[bool]string{true: `{"seq": 2, "findings": []}`, false: right}[path == "/close"]
		},
		"open": func(path, right string) string {
			return map[bool]string{true: `{"model": "m"}`, false: right}[path == "/open"]
		},
	} {
		got, err := classifier(t, streams(along(t, 0, change))).Classify(t.Context(), input("无"))
		if code(t, err) != classify.CodeAnswer || got.Outcome != screen.Failure {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, _, err := classify.ReadVerdict([]byte(`{"seq": 2, "findings": []}`), "abc", 3); err == nil {
		t.Error("one that goes back was taken")
	}
}

func TestStreamUnknownCategory(t *testing.T) {
	t.Parallel()
	_, list, err := classify.ReadVerdict([]byte(`{"seq": 3, "findings": [{"category": "what somebody wrote", "level": "note", "start": 1, "end": 1}]}`), "abc", 0)
	if err != nil || len(list) != 1 || list[0].Category != "other" || list[0].Feature != "unmapped" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestStreamDown(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ asked) { w.WriteHeader(500) })
	e := streams(s)
	e.Failures = 1
	c := classifier(t, e)
	if got, err := c.Classify(t.Context(), input("x")); code(t, err) != classify.CodeStatus || got.Outcome != screen.Failure {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Classify(t.Context(), input("x")); err != nil || got.Outcome != screen.Bypassed {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.(screen.StreamClassifier).Open(t.Context(), input("x")); code(t, err) != classify.CodeResting {
		t.Errorf("%v", err)
	}
}

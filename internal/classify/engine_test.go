package classify_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/wire"
)

// journal forgets everything.
type journal struct{}

func (journal) Opened(context.Context, evidence.Record) error                { return nil }
func (journal) Judged(context.Context, evidence.Record, policy.Judged) error { return nil }

// engine makes an engine with the policy that Colophon comes with, a library of one keyword, and some classifiers.
func engine(t testing.TB, classifiers ...screen.Classifier) *screen.Engine {
	t.Helper()
	key, err := evidence.NewEnvelopeKey("k1", make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := newClock().now
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: evidence.NewKeyring(key)})
	if err != nil {
		t.Fatal(err)
	}
	table, err := policy.Default()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.Compile(table)
	if err != nil {
		t.Fatal(err)
	}
	set, err := library.Compile([]library.Feature{{ID: "k", Kind: library.Keyword, Value: "炸药配方", Category: "weapons", Level: keyword.Block, Standard: "for a test", Reason: "for a test"}}, library.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return screen.New(screen.Config{
		Library: func() *library.Set { return set }, Policy: func() *policy.Policy { return rules },
		Journal: journal{}, Recorder: recorder, Now: now, Rand: rand.Reader, Classifiers: classifiers,
	})
}

func judge(t testing.TB, e *screen.Engine, surface screen.Surface, parts ...screen.Part) screen.Judgement {
	t.Helper()
	j, err := e.Judge(t.Context(), screen.Item{Subject: evidence.System, Surface: surface, Class: "verified", Service: "s", Function: "chat", Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestEngine has the engine judge with classifiers that answer well, find something, lie, or are down. Only the first of
// these lets anything pass, as Deep Synthesis Art. 10 wants it.
func TestEngine(t *testing.T) {
	t.Parallel()
	down := serve(t, func(w http.ResponseWriter, _ asked) { w.WriteHeader(500) })
	for _, test := range []struct {
		name    string
		server  *server
		outcome screen.Outcome
		reason  colophon.Code
		action  policy.Action
		verdict colophon.Verdict
	}{
		{"well", say(t, completed("safe", "stop", "null")), screen.Ran, "", policy.Allow, colophon.Passed},
		{"found", say(t, completed("unsafe\nS9", "stop", "null")), screen.Ran, "", policy.Refuse, colophon.Failed},
		{"no verdict", say(t, completed("I can't help with that", "stop", "null")), screen.Failure, classify.CodeAnswer, policy.Refuse, colophon.Unknown},
		{"HTML", say(t, "<html>"), screen.Failure, classify.CodeAnswer, policy.Refuse, colophon.Unknown},
		{"down", down, screen.Failure, classify.CodeStatus, policy.Refuse, colophon.Unknown},
	} {
		j := judge(t, engine(t, classifier(t, chatOf(test.server, "llamaguard3"))), screen.Output, screen.Part{Name: "answer", Text: "你好"})
		i := len(j.Runs) - 1
		for i >= 0 && j.Runs[i].Check != "classifier:guard" {
			i--
		}
		if i < 0 || j.Runs[i].Outcome != test.outcome || j.Runs[i].Reason != test.reason || j.Action != test.action || j.Verdict != test.verdict {
			t.Errorf("%s: %s, %s, runs %+v", test.name, j.Action, j.Verdict, j.Runs)
		}
	}
}

// TestChain lets one Colophon ask another by /v1/moderations: what the other finds keeps its category, and what the other
// can't tell is not told here either.
func TestChain(t *testing.T) {
	t.Parallel()
	down := serve(t, func(w http.ResponseWriter, _ asked) { w.WriteHeader(500) })
	var behind *screen.Engine
	s := serve(t, func(w http.ResponseWriter, r asked) {
		request, err := wire.ParseModeration(r.body)
		if err != nil {
			t.Error(err)
			return
		}
		var results []wire.ModerationResult
		for _, in := range request.Inputs {
			results = append(results, in.Result(judge(t, behind, screen.Output, in.Parts...)))
		}
		text, err := json.Marshal(request.Answer("colophon", results))
		if err != nil {
			t.Error(err)
		}
		write(w, string(text))
	})
	front := classifier(t, moderations(s))
	behind = engine(t)
	got, err := front.Classify(t.Context(), input("炸药配方"))
	if err != nil || found(got) != "weapons/block/1.00/colophon/weapons weapons/block/1.00/illicit/violent" {
		t.Errorf("found: %s, %v", found(got), err)
	}
	if got, err := front.Classify(t.Context(), input("你好")); err != nil || len(got.Findings) != 0 || got.Outcome != screen.Ran {
		t.Errorf("well: %+v, %v", got, err)
	}
	behind = engine(t, classifier(t, chatOf(down, "llamaguard3")))
	if got, err := front.Classify(t.Context(), input("再见")); code(t, err) != classify.CodeAnswer || got.Outcome != screen.Failure {
		t.Errorf("could not tell: %+v, %v", got, err)
	}
}

// TestUnreadable checks that a picture of a guardrail's request that nothing here can read is never taken for a good one.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, image := range []string{"https://example.com/a.png", "data:image/png;base64,????", base64.StdEncoding.EncodeToString([]byte("no picture"))} {
		r, err := wire.ParseGuardrail([]byte(`{"input_type": "response", "texts": ["fine"], "images": ["` + image + `"]}`))
		if err != nil {
			t.Fatal(err)
		}
		j := judge(t, e, r.Surface(), r.Parts()...)
		if a := r.Answer(j, "because"); j.Verdict == colophon.Passed || a.Action != wire.GuardrailBlocked {
			t.Errorf("%s: %s, %s, %+v", image, j.Action, j.Verdict, a)
		}
	}
	r, err := wire.ParseGuardrail([]byte(`{"input_type": "response", "texts": ["` + strings.Repeat("fine ", 9) + `"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Answer(judge(t, e, r.Surface(), r.Parts()...), ""); a.Action != wire.GuardrailNone {
		t.Errorf("texts alone: %+v", a)
	}
}

package httpapi_test

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
)

// TestClient takes a picture through the API with the Go client.
func TestClient(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key, Language: "zh"})
	w.must(err)
	ctx, order := t.Context(), client.Order{Function: "person", Account: person, Corner: "top-left"}
	content, err := c.Label(ctx, order, bytes.NewReader(picture(t)))
	w.must(err)
	defer content.Close()
	marked, err := io.ReadAll(content)
	w.must(err)
	v, err := c.Verify(ctx, "a.jpg", bytes.NewReader(marked))
	w.must(err)
	if v.Verdict != "passed" || v.Identical != "passed" || v.Labels[0].Fields["ProduceID"] != content.Number {
		t.Errorf("%+v", v)
	}
	order.Parents, order.Name = []string{content.Number}, "a.txt"
	a, err := c.Produce(ctx, order, strings.NewReader("made from it"))
	w.must(err)
	again, err := c.Content(ctx, a.Number)
	w.must(err)
	defer again.Close()
	if text, err := io.ReadAll(again); err != nil || !strings.Contains(string(text), "made from it") || a.Parents[0] != content.Number {
		t.Errorf("%q %v %+v", text, err, a)
	}
	late, err := c.Accept(ctx, order, strings.NewReader("later"))
	w.must(err)
	if j, err := c.Wait(ctx, late.Job, time.Millisecond); err != nil || j.State != "dead" {
		t.Errorf("%+v %v", j, err)
	}
	w.must(w.log.Drain(ctx))
	held, err := w.store.RecordsAbout(ctx, a.Number, 0, 1)
	w.must(err)
	raw, err := c.Proof(ctx, a.Number, held[0].ID)
	w.must(err)
	proof, err := evidence.ParseProof(raw)
	w.must(err)
	leaf, err := held[0].Leaf()
	w.must(err)
	_, err = proof.Verify(leaf, w.verifier)
	w.must(err)
	note, err := c.Checkpoint(ctx)
	w.must(err)
	_, err = evidence.ParseCheckpoint(note, w.verifier)
	w.must(err)
	var zip bytes.Buffer
	w.must(c.Bundle(ctx, &zip, true, content.Number, a.Number))
	if report, err := evidence.VerifyBundle(bytes.NewReader(zip.Bytes()), int64(zip.Len()), w.verifier); err != nil || report.Verdict != colophon.Passed {
		t.Errorf("%+v %v", report, err)
	}
	_, err = c.Artefact(ctx, "unknown")
	var told *client.Error
	if !errors.As(err, &told) || told.Status != 404 || told.Code != "artefact-missing" || told.RequestID != inHeader {
		t.Error(err)
	}
}

// TestClientScreens has the Go client judge, and look at what followed.
func TestClientScreens(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	ctx := t.Context()
	q := client.Query{Account: person, Surface: "input", Class: "verified", Service: "chat", Function: "dialogue", Conversation: "c-1",
		Parts: []client.Part{{Name: "a", By: "user", Text: reviewed}}, Context: []client.Part{{Name: "before", Text: "hello"}}}
	waits, err := c.Screen(ctx, q)
	w.must(err)
	it, err := c.HeldItem(ctx, waits.Held)
	w.must(err)
	if waits.Action != "review" || waits.Findings[0].Feature != "t-fraud" || waits.Runs[0].Outcome != "ran" || it.State != "waiting" || it.Function != "dialogue" || it.Judgement != waits.ID || it.Findings[0].Category != "fraud" {
		t.Errorf("%+v %+v", waits, it)
	}
	no, err := c.ScreenFile(ctx, client.Query{Surface: "upload", Function: "voice"}, "a.txt", strings.NewReader(refused))
	w.must(err)
	duties, next, err := c.ReportDuties(ctx, client.Listing{Filter: url.Values{"state": {"open"}}})
	w.must(err)
	if no.Action != "refuse" || len(duties) != 1 || duties[0].ID != no.ReportDuty || duties[0].Judgement != no.ID || next != "" {
		t.Errorf("%+v %+v", no, duties)
	}
	held, next, err := c.HeldItems(ctx, client.Listing{Filter: url.Values{"function": {"dialogue"}, "state": {"waiting", "taken"}}, Limit: 1})
	w.must(err)
	if len(held) != 1 || held[0].ID != waits.Held {
		t.Errorf("%+v %q", held, next)
	}
	b, err := c.Propose(ctx, "a list", []client.FeatureEntry{{Value: "新的词语", Category: "fraud", Level: "note", Standard: "s", Reason: "r"}})
	w.must(err)
	features, _, err := c.Features(ctx, client.Listing{Filter: url.Values{"batch": {b.ID}}})
	w.must(err)
	if b.Count != 1 || len(features) != 1 || features[0].Value != "新的词语" || features[0].State != "proposed" {
		t.Errorf("%+v %+v", b, features)
	}
	var told *client.Error
	if _, err = c.Screen(ctx, client.Query{Surface: "elsewhere"}); !errors.As(err, &told) || told.Status != 422 {
		t.Error(err)
	}
}

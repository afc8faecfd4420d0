package screening_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

type journal struct{}

func (journal) Opened(context.Context, evidence.Record) error                { return nil }
func (journal) Judged(context.Context, evidence.Record, policy.Judged) error { return nil }

// TestStream has the consequences of a judgement follow at the end of a stream, too: the report where illegal content was
// refused, and a person where the policy wants one.
func TestStream(t *testing.T) {
	t.Parallel()
	list, err := library.ReadCSV(strings.NewReader("value,category,level\nbuy cocaine online,drugs,block\nquiet suspicion,drugs,review\n"), library.Defaults{Source: "test", Standard: "test", Reason: "test"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := library.Compile(list, library.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows := []policy.Row{
		{ID: "block", Category: "*", Level: "block", Surface: "*", Class: "*", Action: policy.Refuse, Reason: "test"},
		{ID: "review", Category: "*", Level: "review", Surface: "*", Class: "*", Action: policy.Review, Reason: "test"},
		{ID: "rest", Category: "*", Level: "*", Surface: "*", Class: "*", Action: policy.Allow, Reason: "test"},
	}
	table, err := policy.Compile(policy.Table{Version: "1", By: "test", Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	b := open(t)
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: b.ring})
	if err != nil {
		t.Fatal(err)
	}
	b.court.Streams = screen.New(screen.Config{Library: func() *library.Set { return set }, Policy: func() *policy.Policy { return table }, Journal: journal{}, Recorder: recorder, Now: time.Now, Rand: rand.Reader})
	say := func(pieces ...string) (left string, duty, held string) {
		t.Helper()
		s, err := b.court.Stream(t.Context(), "application", screen.Item{Subject: "s-1", Surface: screen.Output, Function: "dialogue", About: "n-1", Parts: []screen.Part{{Name: "choices.0.content", By: "assistant"}}}, screen.Live)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range pieces {
			more, err := s.Append(piece)
			if left += more; err != nil {
				break
			}
		}
		more, out, err := s.Close(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return left + more, out.Duty, out.Held
	}
	if left, duty, held := say("a quiet ", "day"); left != "a quiet day" || duty+held != "" {
		t.Error(left, duty, held)
	}
	if left, duty, held := say("where to buy coc", "aine online, they ask"); strings.Contains(left, "online") || duty == "" || held != "" || len(b.duties) != 1 {
		t.Error(left, duty, held)
	}
	left, duty, held := say("a quiet susp", "icion and more")
	if strings.Contains(left, "suspicion") || duty != "" || held == "" || len(b.items) != 1 {
		t.Fatal(left, duty, held)
	}
	if it := b.items[0]; it.About != "" || it.ID != held {
		t.Errorf("%+v", it)
	}
	var parts []struct{ Name, Text string }
	if err := json.Unmarshal(b.content().Text, &parts); err != nil || len(parts) != 1 || !strings.HasPrefix(parts[0].Text, "a quiet suspicion") {
		t.Error(parts, err)
	}
}

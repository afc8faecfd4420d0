package moderation_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
)

// TestStates compares the state machine with one that is written down here a second time.
func TestStates(t *testing.T) {
	t.Parallel()
	want := map[moderation.State]string{moderation.Waiting: "taken expired", moderation.Taken: "waiting taken decided expired", moderation.Decided: "", moderation.Expired: ""}
	if len(moderation.States()) != len(want) {
		t.Fatal(moderation.States())
	}
	for _, from := range moderation.States() {
		var to []string
		for _, s := range moderation.States() {
			if from.May(s) {
				to = append(to, string(s))
			}
		}
		if got := strings.Join(to, " "); got != want[from] || from.Final() != (got == "") {
			t.Errorf("from %s: %q", from, got)
		}
	}
	for stage, want := range map[moderation.Stage]string{moderation.First: "second senior", moderation.Second: "senior", moderation.Senior: "second"} {
		var to []string
		for _, s := range []moderation.Stage{moderation.First, moderation.Second, moderation.Senior} {
			if stage.May(s) {
				to = append(to, string(s))
			}
		}
		if got := strings.Join(to, " "); got != want {
			t.Errorf("from %s: %q", stage, got)
		}
	}
}

func TestPriority(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want     int
		findings []moderation.Finding
	}{
		{0, nil},
		{10, []moderation.Finding{{Level: "note"}}},
		{30, []moderation.Finding{{Level: "review"}}},
		{30, []moderation.Finding{{Level: "unknown"}}}, // a check that did not run is no light matter
		{50, []moderation.Finding{{Level: "block"}, {Level: "note"}}},
		{60, []moderation.Finding{{Level: "note", High: true, Illegal: true}, {Level: "review", High: true}}},
		{100, []moderation.Finding{{Level: "block", High: true, Illegal: true}, {Level: "block", High: true, Illegal: true}}},
	} {
		if got := (moderation.Why{Findings: test.findings}).Priority(); got != test.want {
			t.Errorf("%+v: %d, want %d", test.findings, got, test.want)
		}
	}
}

func TestDefaultPlan(t *testing.T) {
	t.Parallel()
	p, err := moderation.DefaultPlan()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := moderation.ParsePlan(raw)
	if err != nil || cmp.Diff(p, again, cmpopts.EquateEmpty()) != "" {
		t.Error(cmp.Diff(p, again), err)
	}
	if _, err := moderation.NewDocket(nil, nil, nil, moderation.Plan{}); err == nil {
		t.Error("a docket without a plan")
	}
}

const head, tail = `{"queues": [`, `], "lease": "1m", "keep": "1h", "report": {"deadline": "1h"}}`

func TestPlans(t *testing.T) {
	t.Parallel()
	for field, text := range map[string]string{
		"":            head + `{"name": "a", "categories": ["x"], "deadline": "1h"}, {"name": "b", "deadline": "1h30m"}` + tail,
		"queues":      head + tail,
		"name":        head + `{"name": "a", "categories": ["x"], "deadline": "1h"}, {"name": "a", "deadline": "1h"}` + tail,
		"categories":  head + `{"name": "a", "categories": ["x"], "deadline": "1h"}` + tail, // nothing takes the rest
		"categories ": head + `{"name": "a", "deadline": "1h"}, {"name": "b", "deadline": "1h"}` + tail,
		"functions":   head + `{"name": "a", "functions": ["X"], "deadline": "1h"}, {"name": "b", "deadline": "1h"}` + tail,
		"deadline":    head + `{"name": "a", "deadline": "-1h"}` + tail,
		"deadline ":   head + `{"name": "a", "deadline": "1h", "deadlines": {"x": "10000h"}}` + tail,
		"confirm":     head + `{"name": "a", "deadline": "1h", "confirm": {"decisions": ["escalate"]}}` + tail,
		"confirm ":    head + `{"name": "a", "deadline": "1h", "confirm": {"categories": [""]}}` + tail,
		"lease":       strings.Replace(head+`{"name": "a", "deadline": "1h"}`+tail, `"1m"`, `"0s"`, 1),
		"keep":        strings.Replace(head+`{"name": "a", "deadline": "1h"}`+tail, `"keep": "1h"`, `"keep": "-1h"`, 1),
		"report":      strings.Replace(head+`{"name": "a", "deadline": "1h"}`+tail, `{"deadline": "1h"}}`, `{}}`, 1),
		"json":        head + `{"name": "a", "deadline": "1h", "colour": "red"}` + tail,
		"json ":       head + `{"name": "a", "deadline": "1h", "deadline": "2h"}` + tail,
		"json  ":      head + `{"name": "a", "deadline": "1 hour"}` + tail,
		"json   ":     head + `{"name": "a", "deadline": "1h"}` + tail + `{}`,
	} {
		_, err := moderation.ParsePlan([]byte(text))
		var e *colophon.Error
		switch want := strings.TrimSpace(field); {
		case want == "" && err != nil:
			t.Error(err)
		case want != "" && (!errors.As(err, &e) || e.Code != moderation.CodePlan || e.Args["field"] != want):
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	for _, d := range []moderation.Digest{{}, {1, 2, 255}} {
		text, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got moderation.Digest
		if err := got.UnmarshalText(text); err != nil || got != d {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"ab", strings.Repeat("0", 65), strings.Repeat("AB", 32), strings.Repeat("x", 64)} {
		if err := new(moderation.Digest).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// FuzzPlan has every plan that is read be written and read again as the same.
func FuzzPlan(f *testing.F) {
	f.Add(head + `{"name": "a", "categories": ["x"], "deadline": "1h", "deadlines": {"x": "1m"}, "confirm": {"decisions": ["release"]}}, {"name": "b", "deadline": "1h30m"}` + tail)
	f.Add(head + `{"name": "a", "deadline": "8784h0m0.5s"}` + tail)
	f.Add(`{`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := moderation.ParsePlan([]byte(text))
		if err != nil {
			return
		}
		if time.Duration(p.Lease) <= 0 || len(p.Queues) == 0 {
			t.Fatalf("%q is a plan: %+v", text, p)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := moderation.ParsePlan(raw); err != nil || cmp.Diff(p, again, cmpopts.EquateEmpty()) != "" {
			t.Fatalf("%s: %v", raw, err)
		}
	})
}

// shelf keeps items in memory. It can't change those that are stuck.
type shelf struct {
	moderation.Store
	items []moderation.Item
	stuck int
}

var errStuck = errors.New("stuck")

func (s *shelf) Add(_ context.Context, _ evidence.Record, it moderation.Item) error {
	s.items = append(s.items, it)
	return nil
}

func (s *shelf) Items(_ context.Context, q moderation.Query) ([]moderation.Item, error) {
	var list []moderation.Item
	for _, it := range s.items {
		due := q.Due.IsZero() || !it.State.Final() && !it.Deadline.After(q.Due)
		if due && it.ID > q.After && (q.ID == "" || q.ID == it.ID) && len(list) < q.Limit {
			list = append(list, it)
		}
	}
	return list, nil
}

func (s *shelf) Amend(_ context.Context, _ evidence.Record, it moderation.Item) error {
	i := slices.IndexFunc(s.items, func(old moderation.Item) bool { return old.ID == it.ID })
	if i < s.stuck {
		return errStuck
	}
	s.items[i] = it
	return nil
}

// docket has a docket on a shelf and a way to enter findings.
func docket(t *testing.T, now *time.Time) (*moderation.Docket, *shelf, func(...moderation.Finding) moderation.Item) {
	t.Helper()
	key, err := evidence.NewEnvelopeKey("k1", make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := evidence.NewKeyring(key)
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: func() time.Time { return *now }, Rand: rand.Reader, NewID: uuid.NewV7, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := moderation.DefaultPlan()
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{}
	d, err := moderation.NewDocket(s, recorder, ring, plan)
	if err != nil {
		t.Fatal(err)
	}
	return d, s, func(findings ...moderation.Finding) moderation.Item {
		t.Helper()
		it, err := d.Enter(t.Context(), "service", moderation.Entry{Subject: "acc-1", Surface: "output", Function: "chat", Content: moderation.Content{Format: "text/plain", Text: []byte("x")},
			Why: moderation.Why{Judgement: "j", Action: "review", Findings: findings}})
		if err != nil {
			t.Fatal(err)
		}
		return it
	}
}

// TestCategoriesStay floods an item with heavy findings. The second person and the report duty go by category, so that none
// may be crowded out.
func TestCategoriesStay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	_, _, enter := docket(t, &now)
	heavy := moderation.Finding{Rule: "r", Category: "self-harm", Level: "block", High: true}
	unknown := moderation.Finding{Rule: "guard", Category: "gambling", Level: "unknown", High: true, Illegal: true}
	found := moderation.Finding{Rule: "s", Category: "gambling", Level: "review", Illegal: true}
	it := enter(append(slices.Repeat([]moderation.Finding{heavy}, 2*moderation.MaxFindings), found, unknown)...)
	if !slices.Contains(it.Why.Findings, found) || !slices.Contains(it.Why.Findings, unknown) || len(it.Why.Findings) != moderation.MaxFindings || it.Why.More != moderation.MaxFindings+2 {
		t.Errorf("%v, %d findings and %d more", it.Why.Categories(), len(it.Why.Findings), it.Why.More)
	}
}

// TestStuck has items that can't be changed: the others expire.
func TestStuck(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	d, s, enter := docket(t, &now)
	for range 5 {
		enter(moderation.Finding{Rule: "r", Category: "fraud", Level: "block"})
	}
	s.stuck = 3
	now = now.Add(48 * time.Hour)
	n, err := d.Expire(t.Context(), 2)
	if n != 2 || !errors.Is(err, errStuck) {
		t.Errorf("%d, %v", n, err)
	}
	for i, it := range s.items {
		if (it.State == moderation.Expired) != (i >= s.stuck) {
			t.Errorf("item %d is %s", i, it.State)
		}
	}
}

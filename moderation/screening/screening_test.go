package screening_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

var errDown = errors.New("the store is down")

// kept is what the docket and the reports keep, in memory. Nothing else is asked of a store here.
type kept struct {
	items  []moderation.Item
	duties []moderation.Duty
	roles  []evidence.Role
	about  evidence.Subject // of the last record of a duty
	down   bool
}

type docketStore struct{ *kept }

func (k docketStore) Add(ctx context.Context, rec evidence.Record, it moderation.Item) error {
	if k.down || ctx.Err() != nil {
		return errDown
	}
	if list, _ := k.Items(ctx, moderation.Query{Judgement: it.Why.Judgement}); len(list) > 0 {
		return moderation.ErrExists
	}
	k.items, k.roles = append(k.items, it), append(k.roles, rec.Role)
	return nil
}

func (k docketStore) Items(_ context.Context, q moderation.Query) ([]moderation.Item, error) {
	var list []moderation.Item
	for _, it := range k.items {
		if it.Why.Judgement == q.Judgement {
			list = append(list, it)
		}
	}
	return list, nil
}

func (docketStore) Amend(context.Context, evidence.Record, moderation.Item) error { return errDown }
func (docketStore) Extend(context.Context, string, int64, time.Time) error        { return errDown }
func (docketStore) Figures(context.Context, moderation.Period) (moderation.Figures, error) {
	return moderation.Figures{}, errDown
}

type dutyStore struct{ *kept }

func (k dutyStore) AddDuty(ctx context.Context, rec evidence.Record, d moderation.Duty) error {
	if k.down || ctx.Err() != nil {
		return errDown
	}
	if list, _ := k.Duties(ctx, moderation.DutyQuery{Judgement: d.Judgement}); len(list) > 0 {
		return moderation.ErrExists
	}
	k.duties, k.roles, k.about = append(k.duties, d), append(k.roles, rec.Role), rec.Subject
	return nil
}

func (k dutyStore) Duties(_ context.Context, q moderation.DutyQuery) ([]moderation.Duty, error) {
	var list []moderation.Duty
	for _, d := range k.duties {
		if d.Judgement == q.Judgement {
			list = append(list, d)
		}
	}
	return list, nil
}

func (dutyStore) AmendDuty(context.Context, evidence.Record, moderation.Duty) error { return errDown }

// engine gives one judgement.
type engine struct {
	screen.Judgement
	err   error
	leave func() // what whoever asked does then; nil for nothing
}

func (e *engine) Judge(context.Context, screen.Item) (screen.Judgement, error) {
	if e.leave != nil {
		e.leave()
	}
	return e.Judgement, e.err
}

// bench is a court in memory.
type bench struct {
	*testing.T
	*kept
	engine *engine
	court  *screening.Court
	ring   *evidence.Keyring
	sealed map[string][]byte // by reference
	key    []byte
}

func open(t *testing.T) *bench {
	t.Helper()
	no := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{T: t, kept: &kept{}, engine: &engine{}, sealed: map[string][]byte{}}
	key, err := evidence.NewEnvelopeKey("k1", make([]byte, 32), rand.Reader)
	no(err)
	b.ring = evidence.NewKeyring(key)
	now := func() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }
	rec, err := evidence.NewRecorder(evidence.RecorderConfig{Now: now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: b.ring})
	no(err)
	plan, err := moderation.DefaultPlan()
	no(err)
	docket, err := moderation.NewDocket(docketStore{b.kept}, rec, b.ring, plan)
	no(err)
	b.court = &screening.Court{Engine: b.engine, Docket: docket, Reports: moderation.NewReports(dutyStore{b.kept}, rec, plan.Report), Rand: rand.Reader,
		Seal: func(_ context.Context, r io.Reader, key []byte) (string, error) {
			text, err := io.ReadAll(r)
			b.sealed["blob-1"], b.key = text, slices.Clone(key)
			return "blob-1", err
		}}
	return b
}

// judged has the engine give a judgement with findings, told as category and level.
func (b *bench) judged(action policy.Action, findings ...string) {
	j := screen.Judgement{ID: uuid.NewString(), Action: action, Library: "1", Policy: "p"}
	for i, f := range findings {
		category, level, _ := strings.Cut(f, " ")
		l, _ := keyword.ParseLevel(level)
		if level == "unknown" {
			j.Facts = append(j.Facts, policy.Fact{Category: category, Level: policy.LevelUnknown, Check: "look"})
			continue
		}
		j.Findings = append(j.Findings, screen.Finding{Check: "keyword", Feature: []string{"f-1", ""}[min(i, 1)], Category: library.Category(category), Level: l, Part: "a", Start: -3, End: 6})
	}
	j.Decision.Rows = []string{"row", "", "row"}
	b.engine.Judgement = j
}

func (b *bench) judge(content *moderation.Content, parts ...screen.Part) screening.Outcome {
	b.Helper()
	out, err := b.court.Judge(b.Context(), "application", screen.Item{Subject: "s-1", Surface: screen.Input, Function: "dialogue", About: "n-1", Parts: parts}, content)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// content is what was sealed of the last item.
func (b *bench) content() (c moderation.Content) {
	b.Helper()
	it := b.items[len(b.items)-1]
	plain, err := b.ring.Unseal(*it.Sealed, "colophon/moderation/v1\x00"+it.ID)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// TestConsequences looks at what follows from each action, by what was found.
func TestConsequences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		action   policy.Action
		findings string
		held     bool
		duty     string // its categories
	}{
		{policy.Allow, "weapons block", false, ""},
		{policy.Label, "weapons block", false, ""},
		{policy.Limit, "weapons block", false, ""},
		{policy.Review, "weapons block", true, ""},
		{policy.Review, "weapons unknown", true, ""},
		{policy.Refuse, "weapons block", false, "weapons"},
		{policy.Refuse, "weapons review,fraud block,weapons block", false, "fraud weapons"},
		{policy.Refuse, "weapons note", false, ""},
		{policy.Refuse, "weapons unknown", false, ""},     // nothing was found
		{policy.Refuse, "self-harm block", false, ""},     // not illegal
		{policy.Refuse, "no-such-topic block", false, ""}, // not in the taxonomy
		{policy.Refuse, "self-harm block,sexual review", false, "sexual"},
	} {
		b := open(t)
		b.judged(test.action, strings.Split(test.findings, ",")...)
		out := b.judge(nil, screen.Part{Name: "a", Text: "words"})
		if (out.Held != "") != test.held || len(b.items) != map[bool]int{true: 1}[test.held] {
			t.Errorf("%s of %s: held %q, %d items", test.action, test.findings, out.Held, len(b.items))
		}
		got := ""
		for _, d := range b.duties {
			got += strings.Join(d.Categories, " ")
			if d.ID != out.Duty || d.Subject != "s-1" || d.Judgement != out.ID {
				t.Errorf("%+v", d)
			}
		}
		if got != test.duty || (out.Duty != "") != (test.duty != "") {
			t.Errorf("%s of %s: a duty about %q, want %q", test.action, test.findings, got, test.duty)
		}
		for _, role := range b.roles {
			if role != "application" {
				t.Error(role)
			}
		}
	}
}

// TestHeld looks at what a person gets to see.
func TestHeld(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.judged(policy.Review, "fraud block", "self-harm review", "minors unknown")
	out := b.judge(nil, screen.Part{Name: "a", By: "user", Text: "one"}, screen.Part{Name: "b", Media: &screen.Media{Source: media.Memory([]byte("file"))}})
	it := b.items[0]
	want := []moderation.Finding{
		{Rule: "f-1", Category: "fraud", Level: "block", High: true, Illegal: true, Part: "a", End: 6}, // it began in an earlier message
		{Rule: "keyword", Category: "self-harm", Level: "review", High: true, Part: "a", End: 6},
		{Rule: "look", Category: "minors", Level: "unknown", High: true, Illegal: true},
	}
	has := func(f moderation.Finding) bool { return slices.Contains(it.Why.Findings, f) }
	if out.Held != it.ID || len(it.Why.Findings) != 3 || !has(want[0]) || !has(want[1]) || !has(want[2]) || it.Why.Judgement != out.ID || it.Why.Action != "review" ||
		!slices.Equal(it.Why.Rows, []string{"row"}) || it.Function != "dialogue" || it.Surface != "input" || it.About != "n-1" || it.Subject != "s-1" {
		t.Errorf("%+v", it)
	}
	if c := b.content(); c.Format != screening.FormatParts || string(c.Text) != `[{"name":"a","by":"user","text":"one"},{"name":"b","file":"ZmlsZQ=="}]` || c.Blob != "" {
		t.Errorf("%+v", c)
	}
	if again := b.judge(nil, screen.Part{Name: "a", Text: "one"}); again.Held != out.Held || len(b.items) != 1 {
		t.Errorf("%+v, %d items", again, len(b.items))
	}
}

// TestLarge has content sealed in a blob that is too long for a row, and files.
func TestLarge(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", moderation.MaxText)
	for _, test := range []struct {
		part   screen.Part
		format string
		want   string
	}{
		{screen.Part{Name: "a", Text: long}, screening.FormatParts, `[{"name":"a","text":"` + long + `"}]`},
		{screen.Part{Name: "a", Media: &screen.Media{Source: media.Memory([]byte("file"))}}, screening.FormatFile, "file"},
	} {
		b := open(t)
		b.judged(policy.Review, "fraud block")
		b.judge(nil, test.part)
		c := b.content()
		if c.Format != test.format || c.Blob != "blob-1" || b.items[0].Blob != "blob-1" || len(c.Text) != 0 || string(b.sealed["blob-1"]) != test.want || !bytes.Equal(c.Key, b.key) || len(c.Key) != 32 || bytes.Equal(c.Key, make([]byte, 32)) {
			t.Errorf("%s: %s %q %d", test.format, c.Format, c.Blob, len(b.sealed["blob-1"]))
		}
	}
}

// TestElsewhere leaves the content with whoever keeps it.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.judged(policy.Review, "fraud block")
	b.judge(&moderation.Content{Format: "artefact"}, screen.Part{Name: "a", Text: "words"})
	if c := b.content(); c.Format != "artefact" || len(c.Text) != 0 || len(b.sealed) != 0 {
		t.Errorf("%+v", c)
	}
}

// TestFaults has each part fail: then there is no outcome.
func TestFaults(t *testing.T) {
	t.Parallel()
	part := screen.Part{Name: "a", Media: &screen.Media{Source: media.Memory([]byte("file"))}}
	for name, spoil := range map[string]func(*bench){
		"engine": func(b *bench) { b.judged(policy.Allow); b.engine.err = errDown },
		"docket": func(b *bench) { b.judged(policy.Review, "fraud block"); b.down = true },
		"duty":   func(b *bench) { b.judged(policy.Refuse, "fraud block"); b.down = true },
		"random": func(b *bench) { b.judged(policy.Review, "fraud block"); b.court.Rand = strings.NewReader("short") },
		"blob": func(b *bench) {
			b.judged(policy.Review, "fraud block")
			b.court.Seal = func(context.Context, io.Reader, []byte) (string, error) { return "", errDown }
		},
	} {
		b := open(t)
		spoil(b)
		out, err := b.court.Judge(t.Context(), "application", screen.Item{Subject: "s-1", Surface: screen.Input, Parts: []screen.Part{part}}, nil)
		if err == nil || out.ID+out.Held+out.Duty != "" {
			t.Errorf("%s: %+v %v", name, out, err)
		}
	}
}

// TestGone has whoever asked go away once the judgement is there: what follows from it does all the same.
func TestGone(t *testing.T) {
	t.Parallel()
	for _, action := range []policy.Action{policy.Refuse, policy.Review} {
		b := open(t)
		b.judged(action, "fraud block")
		ctx, leave := context.WithCancel(t.Context())
		b.engine.leave = leave
		out, err := b.court.Judge(ctx, "application", screen.Item{Subject: "s-1", Surface: screen.Input, Parts: []screen.Part{{Name: "a", Text: "words"}}}, nil)
		if err != nil || out.Held+out.Duty == "" || len(b.items)+len(b.duties) != 1 {
			t.Errorf("%s: %+v, %v", action, out, err)
		}
	}
}

// TestLongName holds what stands in a part of a file whose name is longer than a docket takes.
func TestLongName(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.judged(policy.Review, "fraud block")
	b.engine.Findings[0].Part = strings.Repeat("片", 80) + "/sound-0/1/speech"
	b.judge(nil, screen.Part{Name: "a", Text: "words"})
	if part := b.items[0].Why.Findings[0].Part; !strings.HasPrefix(part, "片") || !strings.HasSuffix(part, "片/sound-0/1/speech") || len(part) > 256 {
		t.Errorf("%q", part)
	}
}

// TestDecided opens a duty for what people refused, once.
func TestDecided(t *testing.T) {
	t.Parallel()
	for outcome, n := range map[moderation.Decision]int{moderation.Release: 0, moderation.Refuse: 1, moderation.RefuseMeasure: 1} {
		b := open(t)
		b.judged(policy.Review, "fraud block", "self-harm block")
		b.judge(nil, screen.Part{Name: "a", Text: "words"})
		it := b.items[0]
		it.Outcome = outcome
		for range 2 {
			if err := b.court.Decided(t.Context(), it); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.duties) != n || n == 1 && (!slices.Equal(b.duties[0].Categories, []string{"fraud"}) || b.roles[1] != "system") {
			t.Errorf("%s: %+v %v", outcome, b.duties, b.roles)
		}
	}
	b := open(t)
	b.judged(policy.Review, "fraud block")
	b.judge(nil, screen.Part{Name: "a", Text: "words"})
	gone := b.items[0]
	gone.Content = moderation.Erased
	if err := b.court.Decided(t.Context(), gone); err != nil || b.about != evidence.System || b.duties[0].Subject != "s-1" {
		t.Errorf("the record is about %s: %v", b.about, err) // nothing is sealed anew for an erased subject
	}
	b.down = true
	if err := b.court.Decided(t.Context(), b.items[0]); !errors.Is(err, errDown) { // it expired; the system refused
		t.Error(err)
	}
}

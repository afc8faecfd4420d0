package companion_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/identity"
)

// world is a keeper on a store in memory, with a clock.
type world struct {
	*testing.T
	now      time.Time
	age      identity.Minor
	fault    error // of whoever knows the age
	keys     *evidence.Keyring
	uses     map[evidence.Subject]companion.Use
	threads  map[string]companion.Thread
	notes    []evidence.Record
	handed   []evidence.Record
	cases    []companion.Case
	forgot   int // records whose key is erased
	guardian bool
	keeper   *companion.Keeper
}

func (w *world) Turn(_ context.Context, s evidence.Subject, thread string, fn func(*companion.Use, *companion.Thread) error) error {
	u, t := w.uses[s], w.threads[string(s)+thread]
	if err := fn(&u, &t); err != nil {
		return err
	}
	w.uses[s], w.threads[string(s)+thread] = u, t
	return nil
}

func (w *world) Account(context.Context, evidence.Subject) (identity.Account, error) {
	return identity.Account{Minor: w.age}, w.fault
}

func (w *world) Note(_ context.Context, rec evidence.Record, _ ...string) error {
	w.notes = append(w.notes, rec)
	return nil
}

func (w *world) HandOff(_ context.Context, rec evidence.Record, c companion.Case, _ ...string) error {
	w.cases = append(w.cases, c)
	if w.forgot > 0 {
		w.forgot--
		return ledger.ErrForgotten
	}
	w.handed = append(w.handed, rec)
	return nil
}

// noon is at twelve in Beijing.
var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func open(t *testing.T) *world {
	w := &world{T: t, now: noon, age: identity.Adult, uses: map[evidence.Subject]companion.Use{}, threads: map[string]companion.Thread{}}
	key, err := evidence.NewEnvelopeKey("first", bytes.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.keys = evidence.NewKeyring(key)
	rec, err := evidence.NewRecorder(evidence.RecorderConfig{Now: func() time.Time { return w.now }, Rand: rand.Reader, NewID: uuid.NewV7, Keys: w.keys})
	if err != nil {
		t.Fatal(err)
	}
	w.keeper = companion.New(companion.Config{Store: w, Ages: w, Recorder: rec, Journal: w, Now: func() time.Time { return w.now }, Zone: time.FixedZone("", 8*3600),
		Guardian: func(context.Context, evidence.Subject, string) (bool, error) { return w.guardian, nil }})
	return w
}

// say is a turn of a person.
func (w *world) say(p companion.Policy, t companion.Turn) (companion.Told, error) {
	if t.Subject == "" {
		t.Subject = "acc-1"
	}
	t.Role, t.Function, t.Number = "application", "friend", "n-1"
	return w.keeper.Before(w.Context(), &p, t)
}

func (w *world) told(p companion.Policy, t companion.Turn, want ...companion.Said) companion.Told {
	w.Helper()
	told, err := w.say(p, t)
	if err != nil || !slices.Equal(told.Said, want) || (told.Lead == "") != (len(want) == 0) || told.Lead != "" && !strings.HasSuffix(told.Lead, "\n\n") {
		w.Fatalf("%+v %v, not %v", told, err, want)
	}
	return told
}

func (w *world) refused(p companion.Policy, code colophon.Code, clause colophon.Clause) {
	w.Helper()
	_, err := w.say(p, companion.Turn{Conversation: "c", Words: "你好"})
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind != colophon.Refused || e.Code != code || !slices.Contains(e.Clauses, clause) {
		w.Fatalf("%v, not %s", err, code)
	}
}

// TestStatement: it says that it is AI at the start of each conversation, and once (ClauseAI18).
func TestStatement(t *testing.T) {
	t.Parallel()
	w := open(t)
	told := w.told(companion.Policy{}, companion.Turn{Conversation: "a"}, companion.Statement)
	if !strings.Contains(told.Lead, "人工智能") || told.End || !slices.Equal(told.Clauses, []colophon.Clause{colophon.ClauseAI18}) {
		t.Error(told)
	}
	w.told(companion.Policy{}, companion.Turn{Conversation: "a"})
	if told := w.told(companion.Policy{}, companion.Turn{Conversation: "b", Language: "en"}, companion.Statement); !strings.Contains(told.Lead, "artificial intelligence") {
		t.Error(told)
	}
	own := companion.Policy{Statement: map[string]string{"zh": "自己的话"}}
	if told := w.told(own, companion.Turn{Conversation: "c"}, companion.Statement); told.Lead != "自己的话\n\n" {
		t.Error(told)
	}
	// Where the first words are refused nobody reads an answer: the next one begins with it.
	w.told(companion.Policy{}, companion.Turn{Conversation: "d", Stopped: true})
	w.told(companion.Policy{}, companion.Turn{Conversation: "d"}, companion.Statement)
	// Without the name of a conversation each use after a pause is one.
	w.told(companion.Policy{}, companion.Turn{}, companion.Statement)
	w.told(companion.Policy{}, companion.Turn{})
	w.now = w.now.Add(16 * time.Minute)
	w.told(companion.Policy{}, companion.Turn{}, companion.Statement)
}

// TestReminder: after two hours without a break, and after each two more; a pause begins anew (ClauseAI18).
func TestReminder(t *testing.T) {
	t.Parallel()
	w := open(t)
	turn := companion.Turn{Conversation: "a"}
	w.told(companion.Policy{}, turn, companion.Statement)
	step := func(d time.Duration, want ...companion.Said) {
		t.Helper()
		for d > 10*time.Minute {
			w.now = w.now.Add(10 * time.Minute)
			d -= 10 * time.Minute
			w.told(companion.Policy{}, turn)
		}
		w.now = w.now.Add(d)
		w.told(companion.Policy{}, turn, want...)
	}
	step(2*time.Hour - time.Second)
	step(time.Second, companion.Reminder)
	step(2*time.Hour - time.Second)
	step(time.Second, companion.Reminder)
	w.now = w.now.Add(15*time.Minute + time.Second)
	w.told(companion.Policy{}, turn)
	step(2*time.Hour - time.Second)
	// It counts for the account, whatever the conversation.
	w.now = w.now.Add(time.Second)
	w.told(companion.Policy{}, companion.Turn{Conversation: "b"}, companion.Statement, companion.Reminder)
	w.told(companion.Policy{}, companion.Turn{Subject: "acc-2", Conversation: "b"}, companion.Statement)
}

// TestMinors: no relatives and partners for them, nothing for whose age nobody knows, and their mode (ClauseAI14, ClauseAI12).
func TestMinors(t *testing.T) {
	t.Parallel()
	w := open(t)
	kin, partner, none := companion.Policy{Relation: companion.Kin}, companion.Policy{Relation: companion.Partner}, companion.Policy{Minors: companion.Minors{Refuse: true}}
	for _, p := range []companion.Policy{kin, partner, none} {
		w.age = identity.Under18
		w.refused(p, companion.CodeMinor, colophon.ClauseAI14)
		w.age = identity.Under14
		w.refused(p, companion.CodeMinor, colophon.ClauseAI14)
		w.age = identity.AgeUnknown
		w.refused(p, companion.CodeAge, colophon.ClauseAI12)
		w.age = identity.Adult
		if _, err := w.say(p, companion.Turn{}); err != nil {
			t.Error(err)
		}
	}
	w.age = identity.Under14
	w.refused(companion.Policy{}, companion.CodeUnder14, colophon.ClauseAI14)
	w.guardian = true
	if _, err := w.say(companion.Policy{}, companion.Turn{}); err != nil {
		t.Error(err)
	}
	w.fault = errors.New("down")
	if _, err := w.say(companion.Policy{}, companion.Turn{}); err == nil {
		t.Error("served while nobody knows whom")
	}
}

func TestMinorsMode(t *testing.T) {
	t.Parallel()
	for _, age := range []identity.Minor{identity.Under18, identity.AgeUnknown} {
		w := open(t)
		w.age = age
		turn := companion.Turn{Conversation: "c"}
		w.told(companion.Policy{}, turn, companion.Statement)
		reminded := 0
		for range 11 { // to 110 minutes
			w.now = w.now.Add(10 * time.Minute)
			told, err := w.say(companion.Policy{}, turn)
			if err != nil {
				t.Fatal(err)
			}
			reminded += len(told.Said)
		}
		if reminded != 3 {
			t.Error(age, "reminded", reminded)
		}
		w.now = w.now.Add(10 * time.Minute)
		w.refused(companion.Policy{}, companion.CodeDaily, colophon.ClauseAI14)
		w.now = noon.Add(24*time.Hour + 9*time.Hour) // the next day at 21:00
		w.told(companion.Policy{}, turn)
		w.now = w.now.Add(time.Hour)
		w.refused(companion.Policy{}, companion.CodeHours, colophon.ClauseAI14)
		w.now = w.now.Add(8*time.Hour - time.Second)
		w.refused(companion.Policy{}, companion.CodeHours, colophon.ClauseAI14)
		w.now = w.now.Add(time.Second)
		w.told(companion.Policy{}, turn)
		w.age = identity.Adult
		w.now = w.now.Add(-time.Hour)
		w.told(companion.Policy{}, turn)
	}
}

// TestExit: who wants to leave leaves at once, whatever else holds (ClauseAI19).
func TestExit(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.told(companion.Policy{}, companion.Turn{Conversation: "a"}, companion.Statement)
	for i, words := range []string{"退出", " 结束对话！", "Quit.", "拜拜"} {
		told := w.told(companion.Policy{Exit: []string{"拜拜"}}, companion.Turn{Conversation: "a", Words: words}, companion.Farewell)
		if !told.End || len(w.notes) != i+1 || w.notes[i].Type != companion.RecordExit || w.notes[i].Clauses[0] != colophon.ClauseAI19 {
			t.Error(words, told, w.notes)
		}
		w.told(companion.Policy{}, companion.Turn{Conversation: "a", Words: "我想退出这份工作"}, companion.Statement)
	}
	w.age = identity.Under18
	w.told(companion.Policy{Relation: companion.Partner}, companion.Turn{Conversation: "a", Words: "退出"}, companion.Farewell)
}

// TestCrisis: the person is told where help is, and people are told of it, before anything else is asked (ClauseAI13).
func TestCrisis(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.forgot = 1
	told := w.told(companion.Policy{}, companion.Turn{Conversation: "a", Words: "secret words", Categories: []string{"other", "self-harm"}}, companion.Help, companion.Statement)
	if told.End || !strings.Contains(told.Lead, "12356") || told.Clauses[0] != colophon.ClauseAI13 {
		t.Error(told)
	}
	if len(w.handed) != 1 || w.handed[0].Type != companion.RecordCrisis || w.handed[0].Subject != "acc-1" {
		t.Fatal(w.handed)
	}
	opening, err := w.keys.Open(&w.handed[0])
	if err != nil {
		t.Fatal(err)
	}
	var c companion.Case
	if err := json.Unmarshal(opening.Payload, &c); err != nil || c.Number != w.cases[1].Number || c.Number != "n-1" || c.Conversation != "a" || !c.At.Equal(noon) || bytes.Contains(opening.Payload, []byte("secret")) {
		t.Errorf("%s %v", opening.Payload, err)
	}
	// Where the input is stopped that is all that is said.
	if told := w.told(companion.Policy{}, companion.Turn{Conversation: "a", Categories: []string{"self-harm"}, Stopped: true}, companion.Help); !told.End {
		t.Error(told)
	}
	w.age = identity.Under18 // at night, too, and from whom nothing else is served
	w.now = w.now.Add(12 * time.Hour)
	w.told(companion.Policy{Relation: companion.Kin}, companion.Turn{Conversation: "a", Categories: []string{"self-harm"}, Stopped: true}, companion.Help)
	// Where it is let through, too, it opens nothing to minors: not the function, and not its hours.
	for i, p := range []companion.Policy{{Relation: companion.Partner}, {}} {
		if told := w.told(p, companion.Turn{Conversation: "m", Categories: []string{"self-harm"}}, companion.Help); !told.End {
			t.Error("the model answers a minor whom it does not serve", i)
		}
	}
	w.now = noon.Add(48 * time.Hour)
	if told := w.told(companion.Policy{}, companion.Turn{Conversation: "m", Categories: []string{"self-harm"}}, companion.Help, companion.Statement); told.End {
		t.Error(told)
	}
	own := companion.Policy{Crisis: companion.Crisis{Categories: []string{"violence"}, Words: map[string]string{"en": "Call us."}}}
	w.age = identity.Adult
	w.told(own, companion.Turn{Conversation: "a", Categories: []string{"self-harm"}})
	if told := w.told(own, companion.Turn{Conversation: "a", Categories: []string{"violence"}, Language: "en"}, companion.Help); told.Lead != "Call us.\n\n" {
		t.Error(told)
	}
}

func TestPolicyCheck(t *testing.T) {
	t.Parallel()
	for field, p := range map[string]companion.Policy{
		"relation": {Relation: "pet"}, "remind": {Remind: 3 * time.Hour}, "break": {Break: time.Second}, "minors.remind": {Minors: companion.Minors{Remind: 3 * time.Hour}},
		"minors.daily": {Minors: companion.Minors{Daily: 25 * time.Hour}}, "minors.from": {Minors: companion.Minors{From: 24 * time.Hour}},
	} {
		var e *colophon.Error
		if err := p.Check(); !errors.As(err, &e) || e.Args["field"] != field {
			t.Error(field, err)
		}
	}
	if err := (&companion.Policy{Relation: companion.Kin, Remind: time.Hour}).Check(); err != nil {
		t.Error(err)
	}
}

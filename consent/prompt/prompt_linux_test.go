package prompt_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

type world struct {
	*testing.T
	store *store.Store
	clock *storetest.Clock
	rec   *evidence.Recorder
}

func open(t *testing.T) *world {
	t.Parallel()
	keys, clock := storetest.Keys(t, "one"), storetest.NewClock()
	config := storetest.SQLite(t)
	config.Keys = keys
	return &world{t, storetest.Open(t, config), clock, storetest.Recorder(t, keys, clock.Now)}
}

// keeper makes a keeper of the shipped text, or of another version of it.
func (w *world) keeper(version string) *prompt.Keeper {
	w.Helper()
	text, err := prompt.Shipped()
	w.must(err)
	if version != "" {
		text.Version = version
	}
	k, err := prompt.New(ledgers.Of[prompt.Showing](w.store, "prompt"), w.rec, text)
	w.must(err)
	return k
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func backend() ledger.By { return ledger.By{Role: "application", ID: "key-1"} }

// records lists the types of records about an entry, and fails when one does not cite the clause.
func (w *world) records(id string) []evidence.Type {
	w.Helper()
	list, err := w.store.RecordsAbout(w.Context(), id, 0, 10)
	w.must(err)
	var types []evidence.Type
	for _, r := range list {
		types = append(types, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS14}) {
			w.Errorf("%s cites %v", r.Type, r.Clauses)
		}
	}
	return types
}

// owed fails when an account acknowledged the current text for a function.
func (w *world) owed(k *prompt.Keeper, account evidence.Subject, function string) {
	w.Helper()
	if e, ok, err := k.Acknowledged(w.Context(), account, function); ok || err != nil {
		w.Errorf("%s acknowledged for %s: %s, %v", account, function, e.ID, err)
	}
}

func TestShownThenAcknowledged(t *testing.T) {
	w := open(t)
	k, ctx := w.keeper(""), t.Context()
	w.owed(k, "s-1", "face-swap")
	shown, err := k.Show(ctx, backend(), "s-1", "face-swap", "zh")
	w.must(err)
	words, _ := k.Text().In("zh")
	digest, err := k.Text().Digest(words)
	w.must(err)
	want := prompt.Showing{Function: "face-swap", Version: "1", Language: "zh", Digest: digest, Shown: w.clock.Now(), By: backend()}
	if diff := cmp.Diff(want, shown.Value); diff != "" || shown.State != string(prompt.Shown) {
		t.Errorf("state %s, value: %s", shown.State, diff)
	}
	w.owed(k, "s-1", "face-swap") // what was shown only
	w.clock.Set(w.clock.Now().Add(time.Minute))
	_, err = k.Acknowledge(ctx, backend(), "s-2", shown.ID, prompt.Others)
	storetest.WantCode(t, err, prompt.CodeMissing) // somebody else's
	done, err := k.Acknowledge(ctx, backend(), "s-1", shown.ID, prompt.Self)
	w.must(err)
	if done.Value.Depicted != prompt.Self || !done.Value.Acknowledged.Equal(w.clock.Now()) {
		t.Errorf("acknowledged as %+v", done.Value)
	}
	if types := w.records(shown.ID); !slices.Equal(types, []evidence.Type{prompt.RecordShown, prompt.RecordAcknowledged}) {
		t.Errorf("records %v", types)
	}
	got, ok, err := k.Acknowledged(ctx, "s-1", "face-swap")
	if err != nil || !ok || got.ID != shown.ID {
		t.Errorf("entry %s, %t, %v", got.ID, ok, err)
	}
	for _, other := range []struct {
		account  evidence.Subject
		function string
	}{{"s-1", "voice-clone"}, {"s-2", "face-swap"}} {
		w.owed(k, other.account, other.function)
	}
}

// TestNewVersion asks anew once there is another text, and does not take an acknowledgement of the one before.
func TestNewVersion(t *testing.T) {
	w := open(t)
	k, ctx := w.keeper(""), t.Context()
	first, err := k.Show(ctx, backend(), "s-1", "face-swap", "en")
	w.must(err)
	second, err := k.Show(ctx, backend(), "s-1", "face-swap", "en")
	w.must(err)
	_, err = k.Acknowledge(ctx, backend(), "s-1", first.ID, prompt.Others)
	w.must(err)
	next := w.keeper("2")
	w.owed(next, "s-1", "face-swap")
	_, err = next.Acknowledge(ctx, backend(), "s-1", second.ID, prompt.Others)
	storetest.WantCode(t, err, prompt.CodeSuperseded)
	again, err := next.Show(ctx, backend(), "s-1", "face-swap", "zh")
	w.must(err)
	_, err = next.Acknowledge(ctx, backend(), "s-1", again.ID, prompt.Others)
	w.must(err)
	if _, ok, err := next.Acknowledged(ctx, "s-1", "face-swap"); !ok || err != nil {
		t.Errorf("acknowledged: %t, %v", ok, err)
	}
	list, _, err := next.Showings(ctx, prompt.Query{Account: "s-1", Function: "face-swap", State: prompt.Acknowledged})
	if err != nil || len(list) != 2 || list[0].ID != again.ID {
		t.Errorf("acknowledged: %v, %v", list, err)
	}
}

// TestStates tries every state with every event.
func TestStates(t *testing.T) {
	w := open(t)
	k, ctx := w.keeper(""), t.Context()
	for _, from := range prompt.States() {
		for _, to := range prompt.States() {
			if got, want := from.May(to), from == prompt.Shown && to == prompt.Acknowledged; got != want {
				t.Errorf("%s to %s: %t", from, to, got)
			}
		}
		for _, depicted := range []prompt.Depicted{prompt.Self, prompt.Others} {
			e, err := k.Show(ctx, backend(), "s-1", "face-swap", "zh")
			w.must(err)
			if from == prompt.Acknowledged {
				e, err = k.Acknowledge(ctx, backend(), "s-1", e.ID, prompt.Self)
				w.must(err)
			}
			before := e.Version
			e, err = k.Acknowledge(ctx, backend(), "s-1", e.ID, depicted)
			switch {
			case from == prompt.Shown && (err != nil || e.Version != before+1):
				t.Errorf("%s: %v", from, err)
			case from == prompt.Acknowledged && depicted == prompt.Self && (err != nil || e.Version != before):
				t.Errorf("the same again: version %d, %v", e.Version, err)
			case from == prompt.Acknowledged && depicted == prompt.Others:
				storetest.WantCode(t, err, prompt.CodeStep)
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	w := open(t)
	k, ctx := w.keeper(""), t.Context()
	for _, c := range []struct {
		account            evidence.Subject
		function, language string
	}{{"", "f", "zh"}, {evidence.System, "f", "zh"}, {"s-1", "", "zh"}, {"s-1", "F", "zh"}, {"s-1", "f", "fr"}} {
		_, err := k.Show(ctx, backend(), c.account, c.function, c.language)
		storetest.WantCode(t, err, prompt.CodeInvalid)
	}
	_, err := k.Acknowledge(ctx, backend(), "s-1", "", prompt.Self)
	storetest.WantCode(t, err, prompt.CodeMissing)
	_, err = k.Acknowledge(ctx, backend(), "s-1", "x", "")
	storetest.WantCode(t, err, prompt.CodeInvalid)
	_, err = prompt.New(nil, nil, prompt.Text{})
	storetest.WantCode(t, err, prompt.CodeText)
}

// TestShipped reads what the text tells people to do: it is the duty, so it must not lose a part of it.
func TestShipped(t *testing.T) {
	t.Parallel()
	text, err := prompt.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for language, parts := range map[string][]string{"zh": {"第十四条", "依法告知被编辑的本人", "单独同意", "就是您自己", "撤回"}, "en": {"Article 14", "Inform the person who is edited", "separate consent", "is you", "withdrawn"}} {
		words, ok := text.In(language)
		if !ok {
			t.Fatal("no text in", language)
		}
		all := words.Title + strings.Join(words.Paragraphs, "\n") + words.Acknowledge
		for _, part := range parts {
			if !strings.Contains(all, part) {
				t.Errorf("%s: says nothing of %q", language, part)
			}
		}
	}
}

// wrong lists texts that can't be used, with the field that is wrong.
func wrong() map[string]string {
	const words = `{"language":"%","title":"t","paragraphs":["p"],"acknowledge":"a"}`
	zh, en := strings.ReplaceAll(words, "%", "zh"), strings.ReplaceAll(words, "%", "en")
	return map[string]string{
		``: "json",
		`{"version":"1","version":"2","languages":[` + zh + `,` + en + `]}`:                            "json",
		`{"version":"1","more":1,"languages":[` + zh + `,` + en + `]}`:                                 "json",
		`{"version":"","languages":[` + zh + `,` + en + `]}`:                                           "version",
		`{"version":"1","languages":[` + zh + `]}`:                                                     "languages",
		`{"version":"1","languages":[` + zh + `,` + zh + `]}`:                                          "languages",
		`{"version":"1","languages":[` + zh + `,` + strings.Replace(en, `"t"`, `""`, 1) + `]}`:         "title",
		`{"version":"1","languages":[` + zh + `,` + strings.Replace(en, `"a"`, `"\u0007"`, 1) + `]}`:   "acknowledge",
		`{"version":"1","languages":[` + zh + `,` + strings.Replace(en, `["p"]`, `[]`, 1) + `]}`:       "paragraphs",
		`{"version":"1","languages":[` + zh + `,` + strings.Replace(en, `["p"]`, `["p",""]`, 1) + `]}`: "paragraphs",
	}
}

func TestWrongTexts(t *testing.T) {
	t.Parallel()
	for raw, field := range wrong() {
		_, err := prompt.Parse([]byte(raw))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != prompt.CodeText || e.Args["field"] != field {
			t.Errorf("%s: %v, want field %s", raw, err, field)
		}
	}
}

func FuzzParse(f *testing.F) {
	for raw := range wrong() {
		f.Add([]byte(raw))
	}
	f.Add([]byte(`{"version":"1","languages":[{"language":"zh","title":"t","paragraphs":["p"],"acknowledge":"a"},{"language":"en","title":"t","paragraphs":["p"],"acknowledge":"a"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := prompt.Parse(raw)
		if err != nil {
			return
		}
		for _, language := range prompt.Languages() {
			words, ok := text.In(language)
			if d, err := text.Digest(words); !ok || err != nil || len(d) != 64 {
				t.Errorf("%s: digest %q, %v", language, d, err)
			}
		}
	})
}

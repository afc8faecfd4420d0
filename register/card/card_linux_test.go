package card_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/signed"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/list"
)

var (
	officer = ledger.By{Role: "officer", ID: "staff-1"}
	digest  = strings.Repeat("ab", 32)
	report  = strings.Repeat("cd", 32)
)

const filing = "110108339887401240011" // its last digit follows from the others

type agreed struct{}

func (agreed) Agreed(context.Context, string) (bool, error) { return true, nil }
func (agreed) Assessed(context.Context, string, string) (colophon.Verdict, time.Time, error) {
	return colophon.Passed, time.Time{}, nil
}

type world struct {
	*testing.T
	clock    *storetest.Clock
	register *register.Register
	keeper   *card.Keeper
	faster   func() // called once, before a card is entered
	signer   note.Signer
	verifier note.Verifier
}

func keys(t testing.TB, name string, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	s, err := evidence.NewNoteSigner(name, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewNoteVerifier(name, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// overtaken is a ledger in which somebody else may be faster, as on another node.
type overtaken struct {
	ledger.Store[card.Issue]
	w *world
}

func (o *overtaken) Add(ctx context.Context, rec evidence.Record, entries ...card.Entry) error {
	if f := o.w.faster; f != nil {
		o.w.faster = nil
		f()
	}
	return o.Store.Add(ctx, rec, entries...)
}

// open is a provider with one live function that swaps faces.
func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	store, recorder := storetest.Open(t, config), storetest.Recorder(t, config.Keys, w.clock.Now)
	var err error
	w.register, err = register.New(register.Config{Services: ledgers.Of[register.Service](store, register.ServiceLedger), Functions: ledgers.Of[register.Function](store, register.FunctionLedger),
		Recorder: recorder, Agreed: agreed{}, Assessed: agreed{}})
	w.no(err)
	_, err = w.register.AddService(t.Context(), officer, "studio", register.Service{Names: register.Names{ZH: "工作室", EN: "Studio"}, Role: "provider", Forms: []register.Form{{Kind: "app", At: "com.example.studio"}}})
	w.no(err)
	_, err = w.register.Add(t.Context(), officer, "swap", register.Function{Service: "studio", Names: register.Names{ZH: "换脸", EN: "Face swap"}, Purpose: register.Names{ZH: "应用于换脸场景", EN: "To swap faces"}, Kind: "face-swap",
		Models: []register.Model{{Name: "swapper", Version: "1", Own: true}}, Notice: register.Notice{Policy: "required", Method: register.Names{ZH: "右下角文字", EN: "Words at the lower right"}},
		Filing: register.Filing{State: register.FilingDone, Number: filing, Link: "https://example.com/filing"}, Security: register.Security{Done: w.clock.Now().Add(-time.Hour), Until: w.clock.Now().AddDate(1, 0, 0), Report: "r-1", Digest: report},
		Quotas: []register.Quota{{Per: "account", Events: 10, Period: time.Minute, Burst: 5}}})
	w.no(err)
	w.signer, w.verifier = keys(t, "provider.example/log", 1)
	w.keeper = card.New(card.Config{Cards: &overtaken{ledgers.Of[card.Issue](store, card.Ledger), w}, Recorder: recorder, Register: w.register, Signer: w.signer, Provider: card.Provider{Name: "示例公司", Code: "001191110108MA01ABCDEF10001"},
		Impact: func(context.Context, string) (*card.Proof, error) { return &card.Proof{SHA256: digest}, nil },
		Log: func(context.Context) (card.Log, error) {
			return card.Log{Origin: "provider.example/log", Size: 7, Root: digest}, nil
		}})
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) code(err error, want colophon.Code) {
	w.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != want {
		w.Fatalf("%v, want %s", err, want)
	}
}

func files() map[string][]card.Material {
	return map[string][]card.Material{"swap": {{Name: "swap.png", Format: "png", SHA256: digest, Label: "passed", Notice: "passed"}}}
}

func (w *world) issue() card.Entry {
	w.Helper()
	_, err := w.register.Live(w.Context(), officer, "swap")
	w.no(err)
	e, err := w.keeper.Issue(w.Context(), officer, card.Request{Service: "studio", Days: 90, Materials: files()})
	w.no(err)
	return e
}

// all is a question to which everything that a card can be held against is at hand.
func (w *world) all() card.Question {
	index := list.NewIndex([]list.Batch{{About: list.About{Series: list.DeepSynthesis, Name: "2026-01", Published: "2026-01-05"}, Rows: []list.Row{{Reading: list.Whole, Number: filing, Name: "换脸算法", Entity: "示例公司"}}}})
	return card.Question{Trusted: []note.Verifier{w.verifier}, Now: w.clock.Now().Add(time.Hour), App: "com.example.studio", Lists: index,
		Files: map[string]card.Reading{digest: {Label: colophon.Passed, Notice: colophon.Passed}, report: {}}}
}

func says(r card.Report) []string {
	var list []string
	for _, f := range r.Findings {
		if f.Verdict != colophon.Passed {
			list = append(list, f.Check+" "+f.Verdict.String()+" "+string(f.Code))
		}
	}
	return list
}

func TestCard(t *testing.T) {
	w := open(t)
	_, err := w.keeper.Issue(t.Context(), officer, card.Request{Service: "studio", Days: 90})
	w.code(err, card.CodeNothing)
	e := w.issue()
	r, err := card.Verify(e.Value.Note, w.all())
	w.no(err)
	if r.Verdict != colophon.Passed || len(says(r)) != 0 || len(r.Findings) != len(card.Checks()) {
		t.Fatal(r.Verdict, says(r), len(r.Findings))
	}
	for i, f := range r.Findings {
		if f.Check != card.Checks()[i] || f.Code == "" || f.Check == card.CheckListed && f.Clause != colophon.ClauseDS13 {
			t.Errorf("%+v", f)
		}
	}
	second, err := w.keeper.Issue(t.Context(), officer, card.Request{Service: "studio", Days: 1})
	w.no(err)
	if old, err := w.keeper.Card(t.Context(), e.ID); err != nil || old.State != string(card.Superseded) {
		t.Error(old.State, err)
	}
	if now, err := w.keeper.Current(t.Context(), "studio"); err != nil || now.ID != second.ID {
		t.Error(now.ID, err)
	}
	var theirs card.Entry // whoever is entered last has the card that counts, though its identifier was made first
	w.faster = func() {
		var err error
		theirs, err = w.keeper.Issue(t.Context(), officer, card.Request{Service: "studio", Days: 2})
		w.no(err)
	}
	third, err := w.keeper.Issue(t.Context(), officer, card.Request{Service: "studio", Days: 1})
	w.no(err)
	if now, err := w.keeper.Current(t.Context(), "studio"); err != nil || now.ID != third.ID || third.Value.Number != 4 || theirs.Value.Number != 3 || third.ID > theirs.ID {
		t.Errorf("%s of %s %d and %s %d: %v", now.ID, third.ID, third.Value.Number, theirs.ID, theirs.Value.Number, err)
	}
	if list, _, err := w.keeper.Cards(t.Context(), card.Query{State: card.Current}); err != nil || len(list) != 1 {
		t.Errorf("%d cards are current: %v", len(list), err)
	}
	second = third
	w.clock.Set(w.clock.Now().Add(24 * time.Hour))
	_, err = w.keeper.Current(t.Context(), "studio")
	w.code(err, card.CodeMissing) // its day is over
	if _, err := w.keeper.Withdraw(t.Context(), officer, second.ID, "A file was wrong."); err != nil {
		t.Error(err)
	}
	_, err = w.keeper.Withdraw(t.Context(), officer, second.ID, "Again.")
	w.code(err, card.CodeStep)
}

func TestIssueRefused(t *testing.T) {
	w := open(t)
	w.issue()
	bad := files()
	bad["swap"][0].Label = "failed"
	for name, c := range map[string]struct {
		by   ledger.By
		r    card.Request
		want colophon.Code
	}{
		"a program":        {ledger.By{Role: "application", ID: "key-1"}, card.Request{Service: "studio", Days: 9}, card.CodePerson},
		"no days":          {officer, card.Request{Service: "studio"}, card.CodeInvalid},
		"too many days":    {officer, card.Request{Service: "studio", Days: 367}, card.CodeInvalid},
		"no service":       {officer, card.Request{Service: "other", Days: 9}, register.CodeNoService},
		"a bad file":       {officer, card.Request{Service: "studio", Days: 9, Materials: bad}, card.CodeMaterial},
		"another function": {officer, card.Request{Service: "studio", Days: 9, Materials: map[string][]card.Material{"other": nil}}, card.CodeFunction},
	} {
		_, err := w.keeper.Issue(t.Context(), c.by, c.r)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestVerify: each thing that may be wrong with a card is found, and what is not at hand can't be told.
func TestVerify(t *testing.T) {
	w := open(t)
	raw := w.issue().Value.Note
	_, stranger := keys(t, "provider.example/log", 2)
	c, err := card.Open(raw, w.verifier)
	w.no(err)
	again := func(fn func(c *card.Card)) []byte {
		other := c
		other.Functions = slices.Clone(c.Functions)
		fn(&other)
		text, err := signed.Sign(w.signer, "colophon conformance card of a service\n", other)
		w.no(err)
		return text
	}
	for name, v := range map[string]struct {
		raw  []byte
		q    func(q *card.Question)
		want []string
	}{
		"no key":      {raw, func(q *card.Question) { q.Trusted = nil }, []string{"signature could-not-tell card-no-key"}},
		"another key": {raw, func(q *card.Question) { q.Trusted = []note.Verifier{stranger} }, []string{"signature failed card-stranger"}},
		"too late":    {raw, func(q *card.Question) { q.Now = c.Until }, []string{"time failed card-ended"}},
		"too early":   {raw, func(q *card.Question) { q.Now = c.Issued.Add(-time.Second) }, []string{"time failed card-early"}},
		"another app": {raw, func(q *card.Question) { q.App = "com.example.other" }, []string{"app failed card-other-app"}},
		"no app":      {raw, func(q *card.Question) { q.App = "" }, []string{"app could-not-tell card-app-unsaid"}},
		"no lists":    {raw, func(q *card.Question) { q.Lists = nil }, []string{"listed could-not-tell card-no-list"}},
		"not listed": {raw, func(q *card.Question) {
			q.Lists = list.NewIndex([]list.Batch{{About: list.About{Series: list.DeepSynthesis, Published: "2026-01-05"}}})
		}, []string{"listed could-not-tell list-not-listed"}},
		"nothing else":         {raw, func(q *card.Question) { q.Files = nil }, []string{"security-assessment could-not-tell card-stated", "impact-assessment could-not-tell card-stated", "label-materials could-not-tell card-files-said"}},
		"a file is bad":        {raw, func(q *card.Question) { q.Files[digest] = card.Reading{Label: colophon.Failed} }, []string{"label-materials failed card-bad-file"}},
		"a notice is in doubt": {raw, func(q *card.Question) { q.Files[digest] = card.Reading{Label: colophon.Passed} }, []string{"label-materials could-not-tell card-file-doubt"}},
		"mistyped":             {again(func(c *card.Card) { c.Functions[0].Filing.Number = "110108339887401240017" }), nil, []string{"number failed card-mistyped", "listed could-not-tell list-not-listed"}},
		"no number":            {again(func(c *card.Card) { c.Functions[0].Filing.Number = "" }), nil, []string{"number failed card-none", "listed could-not-tell list-untold-number"}},
		"submitted":            {again(func(c *card.Card) { c.Functions[0].Filing.State = register.FilingSubmitted }), nil, []string{"filing failed card-unfiled"}},
		"needless": {again(func(c *card.Card) {
			c.Functions[0].Filing = register.Filing{State: register.FilingNeedless, Reason: "small"}
		}), nil, []string{"filing could-not-tell card-needless"}},
		"needless and public": {again(func(c *card.Card) {
			c.Service.Opinion, c.Functions[0].Filing = true, register.Filing{State: register.FilingNeedless}
		}), nil, []string{"filing failed card-opinion"}},
		"not assessed":           {again(func(c *card.Card) { c.Functions[0].Security = nil }), nil, []string{"security-assessment failed card-none"}},
		"assessment over":        {again(func(c *card.Card) { c.Functions[0].Security = &card.Proof{SHA256: report, Until: c.Issued} }), nil, []string{"security-assessment failed card-over"}},
		"said to be of low risk": {again(func(c *card.Card) { c.Functions[0].Security, c.Functions[0].High = nil, false }), nil, []string{"security-assessment failed card-none"}},
		"not asked": {again(func(c *card.Card) {
			f := &c.Functions[0]
			f.Security, f.High, f.Class, f.Likeness = nil, false, "scene", nil
		}), nil, []string{"security-assessment could-not-tell card-not-asked"}},
		"no impact":        {again(func(c *card.Card) { c.Functions[0].Impact = nil }), nil, []string{"impact-assessment failed card-none"}},
		"notice on demand": {again(func(c *card.Card) { c.Functions[0].Notice.Policy = "offered" }), nil, []string{"notice-policy failed card-unmarked"}},
		"no files":         {again(func(c *card.Card) { c.Functions[0].Materials = nil }), nil, []string{"label-materials failed card-no-files"}},
		"no functions":     {again(func(c *card.Card) { c.Functions = nil }), nil, []string{"filing could-not-tell card-nothing"}},
	} {
		q := w.all()
		if v.q != nil {
			v.q(&q)
		}
		r, err := card.Verify(v.raw, q)
		worst := colophon.Unknown
		if slices.ContainsFunc(v.want, func(s string) bool { return strings.Contains(s, " failed ") }) {
			worst = colophon.Failed
		}
		if got := says(r); err != nil || !slices.Equal(got, v.want) || r.Verdict != worst {
			t.Errorf("%s: %v %v %v, want %v", name, r.Verdict, got, err, v.want)
		}
	}
}

func TestNoCard(t *testing.T) {
	w := open(t)
	raw := w.issue().Value.Note
	changed := bytes.Replace(raw, []byte(`"high":true`), []byte(`"high":false`), 1)
	if bytes.Equal(changed, raw) {
		t.Fatal("nothing was changed")
	}
	for name, v := range map[string]struct {
		raw  []byte
		want colophon.Code
	}{
		"nothing": {nil, card.CodeForm}, "a text": {[]byte("card\n"), card.CodeForm}, "changed": {changed, card.CodeSignature},
		"too long": {bytes.Repeat([]byte("x"), card.MaxCard+1), card.CodeForm}, "another head": {bytes.Replace(raw, []byte("conformance card"), []byte("other card"), 1), card.CodeSignature},
	} {
		_, err := card.Verify(v.raw, w.all())
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != v.want {
			t.Errorf("%s: %v, want %s", name, err, v.want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	signer, verifier := keys(f, "provider.example/log", 1)
	raw, err := signed.Sign(signer, "colophon conformance card of a service\n", card.Card{Schema: card.Schema, ID: "card-1", Functions: []card.Function{{ID: "swap", Filing: register.Filing{Number: filing}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := card.Verify(raw, card.Question{Trusted: []note.Verifier{verifier}, Now: time.Unix(0, 0)})
		if err == nil && r.Verdict == colophon.Passed {
			t.Fatal("passed with nothing at hand")
		}
	})
}

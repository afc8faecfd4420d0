package agreement_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

var (
	author    = ledger.By{Role: "engineer", ID: "staff-1"}
	publisher = ledger.By{Role: "officer", ID: "staff-2"}
	backend   = ledger.By{Role: "application", ID: "key-1"}
)

type bench struct {
	*agreement.Keeper
	store *store.Store
	clock *storetest.Clock
}

func open(t *testing.T) *bench {
	t.Helper()
	clock := storetest.NewClock()
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	return &bench{agreement.New(agreement.Config{Versions: ledgers.Of[agreement.Version](s, agreement.VersionLedger), Acceptances: ledgers.Of[agreement.Acceptance](s, agreement.AcceptanceLedger),
		Recorder: storetest.Recorder(t, config.Keys, clock.Now)}), s, clock}
}

func (b *bench) draft(t *testing.T, kind agreement.Kind, words string) agreement.Entry {
	t.Helper()
	e, err := b.Draft(t.Context(), author, agreement.Draft{Kind: kind, Audience: agreement.Users, Texts: agreement.Texts{ZH: "# 标题\n\n" + words, EN: "# Title\n\n" + words}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *bench) publish(t *testing.T, kind agreement.Kind, words string, r agreement.Release) agreement.Entry {
	t.Helper()
	e, err := b.Publish(t.Context(), publisher, b.draft(t, kind, words).ID, r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func shown(e agreement.Entry) agreement.Shown {
	return agreement.Shown{Version: e.ID, Language: "zh", Digest: agreement.Digest(e.Value.Texts.ZH), How: agreement.Attested}
}

func (b *bench) owed(t *testing.T) []agreement.Kind {
	t.Helper()
	current, err := b.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := b.Accepted(t.Context(), "account-1")
	if err != nil {
		t.Fatal(err)
	}
	return agreement.Owed(current, accepted, agreement.Users)
}

// want fails unless the error has the code, and cites the clauses where some are given.
func want(t *testing.T, err error, code colophon.Code, clauses ...colophon.Clause) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || clauses != nil && !slices.Equal(e.Clauses, clauses) {
		t.Errorf("got %v, want %s %v", err, code, clauses)
	}
}

var material = agreement.Release{Material: true}

func TestTwoPeoplePublish(t *testing.T) {
	t.Parallel()
	b := open(t)
	d := b.draft(t, agreement.LabelMethods, "One.")
	_, err := b.Publish(t.Context(), author, d.ID, material)
	want(t, err, agreement.CodeOwn, colophon.ClauseDS8, colophon.ClauseLM8)
	_, err = b.Publish(t.Context(), publisher, d.ID, agreement.Release{})
	want(t, err, agreement.CodeFirst)
	_, err = b.Publish(t.Context(), publisher, d.ID, agreement.Release{Material: true, Effective: b.clock.Now().Add(-time.Hour)})
	want(t, err, agreement.CodeInvalid)
	_, err = b.Accept(t.Context(), backend, "account-1", shown(d))
	want(t, err, agreement.CodeNotPublished)
	e, err := b.Publish(t.Context(), publisher, d.ID, material)
	if err != nil || e.State != string(agreement.Published) || e.Value.Number != 1 || e.Value.Since != 1 || e.Value.Publisher != "staff-2" {
		t.Fatalf("%+v %v", e, err)
	}
	_, err = b.Publish(t.Context(), publisher, d.ID, material)
	want(t, err, agreement.CodeStep)
	_, err = b.Draft(t.Context(), ledger.By{Role: "system"}, agreement.Draft{})
	want(t, err, agreement.CodeInvalid)
}

// A material change asks again, an editorial one does not, and neither does before its date.
func TestOwed(t *testing.T) {
	t.Parallel()
	b := open(t)
	first := b.publish(t, agreement.Terms, "One.", material)
	if owed := b.owed(t); !slices.Equal(owed, []agreement.Kind{agreement.Terms}) {
		t.Errorf("owed %v", owed)
	}
	if _, err := b.Accept(t.Context(), backend, "account-1", shown(first)); err != nil {
		t.Fatal(err)
	}
	b.publish(t, agreement.Terms, "One, spelled better.", agreement.Release{})
	if owed := b.owed(t); owed != nil {
		t.Errorf("after an editorial change owed %v", owed)
	}
	later := b.clock.Now().Add(48 * time.Hour)
	third := b.publish(t, agreement.Terms, "Two.", agreement.Release{Material: true, Effective: later})
	if owed := b.owed(t); owed != nil {
		t.Errorf("before its date owed %v", owed)
	}
	_, err := b.Publish(t.Context(), publisher, b.draft(t, agreement.Terms, "Three.").ID, material)
	want(t, err, agreement.CodeInvalid) // it would be overtaken by the one before
	b.clock.Set(later)
	if owed := b.owed(t); !slices.Equal(owed, []agreement.Kind{agreement.Terms}) {
		t.Errorf("after a material change owed %v", owed)
	}
	if _, err := b.Accept(t.Context(), backend, "account-1", shown(third)); err != nil {
		t.Fatal(err)
	}
	if owed := b.owed(t); owed != nil {
		t.Errorf("owed %v after all was accepted", owed)
	}
	if err := b.Supersede(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := b.Versions(t.Context(), agreement.Query{Kind: agreement.Terms, States: []agreement.State{agreement.Published, agreement.Superseded}})
	got := ""
	for _, e := range list {
		got += e.State + " "
	}
	if got != "published superseded superseded " || err != nil {
		t.Errorf("%s %v", got, err)
	}
	_, err = b.Accept(t.Context(), backend, "account-2", shown(first))
	want(t, err, agreement.CodeNotPublished)
}

func TestAccept(t *testing.T) {
	t.Parallel()
	b := open(t)
	e := b.publish(t, agreement.Rules, "One.", material)
	s := shown(e)
	s.Digest = agreement.Digest("# 标题\n\nanother")
	_, err := b.Accept(t.Context(), backend, "account-1", s)
	want(t, err, agreement.CodeDigest, colophon.ClauseDS8)
	s = shown(e)
	s.Language = "en" // the digest is that of the Chinese text
	_, err = b.Accept(t.Context(), backend, "account-1", s)
	want(t, err, agreement.CodeDigest)
	for _, change := range []func(*agreement.Shown){func(s *agreement.Shown) { s.How = "" }, func(s *agreement.Shown) { s.Language = "de" }} {
		s := shown(e)
		change(&s)
		_, err := b.Accept(t.Context(), backend, "account-1", s)
		want(t, err, agreement.CodeInvalid)
	}
	_, err = b.Accept(t.Context(), backend, "system", shown(e))
	want(t, err, agreement.CodeInvalid)
	a, err := b.Accept(t.Context(), backend, "account-1", shown(e))
	if err != nil {
		t.Fatal(err)
	}
	b.clock.Set(b.clock.Now().Add(time.Hour))
	again, err := b.Accept(t.Context(), backend, "account-1", shown(e))
	if diff := cmp.Diff(a, again); diff != "" || err != nil {
		t.Error(err, diff)
	}
	list, err := b.Accepted(t.Context(), "account-1")
	if diff := cmp.Diff([]agreement.Acceptance{a}, list); diff != "" || err != nil {
		t.Error(err, diff)
	}
	n := 0
	for r, err := range b.store.Records(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Type == agreement.RecordAccepted {
			if n++; r.Subject != "account-1" {
				t.Errorf("the record is about %s", r.Subject)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d records of one acceptance", n)
	}
}

// What was withdrawn leaves nothing in force, even when it had taken the place of another a moment ago.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.publish(t, agreement.Rules, "One.", material)
	later := b.clock.Now().Add(time.Hour)
	second := b.publish(t, agreement.Rules, "Two.", agreement.Release{Material: true, Effective: later})
	b.clock.Set(later)
	_, err := b.Withdraw(t.Context(), publisher, second.ID, "")
	want(t, err, agreement.CodeInvalid)
	if _, err := b.Withdraw(t.Context(), publisher, second.ID, "It says the wrong thing."); err != nil {
		t.Fatal(err)
	}
	if current, err := b.Current(t.Context()); len(current) > 0 || err != nil {
		t.Errorf("in force: %v %v", current, err)
	}
	_, err = b.Publish(t.Context(), publisher, b.draft(t, agreement.Rules, "Three.").ID, agreement.Release{})
	want(t, err, agreement.CodeFirst)
	if e := b.publish(t, agreement.Rules, "Three.", material); e.Value.Number != 3 {
		t.Errorf("number %d", e.Value.Number)
	}
	_, err = b.Version(t.Context(), "nothing")
	want(t, err, agreement.CodeMissing)
}

// Starter texts can be published once they are filled, and then all is in force that a function needs.
func TestStarters(t *testing.T) {
	t.Parallel()
	b := open(t)
	drafts, err := agreement.Starters()
	if err != nil || len(drafts) != 6 {
		t.Fatal(len(drafts), err)
	}
	for _, d := range drafts {
		e, err := b.Draft(t.Context(), author, d)
		if err != nil {
			t.Fatal(d.Kind, d.Audience, err)
		}
		_, err = b.Publish(t.Context(), publisher, e.ID, material)
		want(t, err, agreement.CodePlaceholders)
		for _, text := range []*string{&d.Texts.ZH, &d.Texts.EN} {
			for _, p := range agreement.Placeholders(*text) {
				*text = strings.ReplaceAll(*text, p, "filled")
			}
		}
		if e, err = b.Draft(t.Context(), author, d); err != nil {
			t.Fatal(err)
		}
		current, err := b.Current(t.Context())
		if err != nil || agreement.Complete(current, d.Audience) {
			t.Errorf("%s is complete without %s: %v", d.Audience, d.Kind, err)
		}
		if _, err := b.Publish(t.Context(), publisher, e.ID, material); err != nil {
			t.Fatal(err)
		}
	}
	current, err := b.Current(t.Context())
	for _, audience := range agreement.Audiences() {
		if !agreement.Complete(current, audience) || err != nil {
			t.Errorf("%s: not complete: %v", audience, err)
		}
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	allowed := map[agreement.State]string{agreement.Drafted: "published withdrawn", agreement.Published: "superseded withdrawn", agreement.Superseded: "", agreement.Withdrawn: ""}
	if len(agreement.States()) != len(allowed) {
		t.Error(agreement.States())
	}
	for _, from := range append(agreement.States(), "") {
		for _, to := range append(agreement.States(), "") {
			if got, want := from.May(to), to != "" && slices.Contains(strings.Fields(allowed[from]), string(to)); got != want {
				t.Errorf("%q to %q: %v", from, to, got)
			}
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	b := open(t)
	for text, code := range map[string]colophon.Code{
		"":                                    agreement.CodeInvalid,
		"no title":                            agreement.CodeInvalid,
		"# \n":                                agreement.CodeInvalid,
		"# T\n\xff":                           agreement.CodeInvalid,
		"# T\n\u202eturned":                   agreement.CodeInvalid,
		"# T\nbell\a":                         agreement.CodeInvalid,
		"# T\n" + strings.Repeat("x", 96<<10): agreement.CodeInvalid,
		"# T\n<script>":                       agreement.CodeMarkup,
		"# T\n<b>x</b>":                       agreement.CodeMarkup,
		"# T\n![p](https://example.com/p)":    agreement.CodeMarkup,
		"# T\n[l](javascript:alert)":          agreement.CodeMarkup,
		"# T\n[l](//example.com)":             agreement.CodeMarkup,
	} {
		_, err := b.Draft(t.Context(), author, agreement.Draft{Kind: agreement.Rules, Audience: agreement.Users, Texts: agreement.Texts{ZH: "# T", EN: text}})
		want(t, err, code)
	}
	html, err := agreement.Render("# T\n\n**bold** [l](https://example.com/)")
	if err != nil || html != "<h1>T</h1>\n<p><strong>bold</strong> <a href=\"https://example.com/\">l</a></p>\n" {
		t.Error(html, err)
	}
	if got := agreement.Placeholders("{{a}} {{b}} {{a}} {{ }}"); !slices.Equal(got, []string{"{{a}}", "{{b}}", "{{ }}"}) {
		t.Error(got)
	}
}

// FuzzText holds that a text which may be drafted shows no script and nothing that is loaded from elsewhere.
func FuzzText(f *testing.F) {
	for _, s := range []string{"# T\n<script>", "# T\n![p](x)", "# T\n[l](JaVaScRiPt:x)", "# T\n\n1. **a**\n", "# T\n<javascript:x>", "# T\n`{{`", "# T\n[a]: data:x\n[a]", "# T\n&lt;img src=x&gt;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if agreement.Check(s) != nil {
			return
		}
		html, err := agreement.Render(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script", "<img", "<iframe", `="javascript:`, `="data:`, "<!--"} {
			if strings.Contains(strings.ToLower(html), bad) {
				t.Errorf("%q shows %q", s, html)
			}
		}
	})
}

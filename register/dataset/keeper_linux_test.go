package dataset_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/dataset"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var officer = ledger.By{Role: "officer", ID: "staff-1"}

// consents are what the tests say of consents: the state, and since when.
type consents struct {
	ended map[string]time.Time
	err   error
}

func (c *consents) Ended(_ context.Context, id string) (string, time.Time, bool, error) {
	at, ended := c.ended[id]
	switch {
	case c.err != nil:
		return "", at, false, c.err
	case id == "c-none":
		return "", at, false, &colophon.Error{Kind: colophon.Missing, Code: "consent-missing"}
	case id == "c-asked":
		return "requested", at, false, nil
	case ended:
		return "withdrawn", at, true, nil
	}
	return "given", at, false, nil
}

type versions struct{}

func (versions) Version(_ context.Context, algorithm, version string) error {
	if version != "1" {
		return &colophon.Error{Kind: colophon.Missing, Code: "algorithm-version-missing"}
	}
	return nil
}

type world struct {
	*testing.T
	clock    *storetest.Clock
	store    *store.Store
	consents *consents
	keeper   *dataset.Keeper
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), consents: &consents{ended: map[string]time.Time{}}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	limit, err := dataset.RemovalLimit()
	w.no(err)
	w.keeper = dataset.New(dataset.Config{Datasets: ledgers.Of[dataset.Dataset](w.store, dataset.Ledger), Removals: ledgers.Of[dataset.Removal](w.store, dataset.RemovalLedger),
		Recorder: storetest.Recorder(t, config.Keys, w.clock.Now), Consents: w.consents, Versions: versions{}, Limit: limit})
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func description() dataset.Description {
	return dataset.Description{Names: register.Names{ZH: "肖像", EN: "Portraits"}, Modalities: []string{"text"}, Origin: "own", Source: "recorded in our studio", Personal: dataset.Yes, Bases: []string{"consent"}, Consents: []string{"c-1", "c-2"},
		Biometric: dataset.Yes, Biometrics: []string{"voice"}, Minors: dataset.No}
}

func (w *world) list(text string) dataset.Entry {
	w.Helper()
	m := dataset.NewManifest("corpus")
	w.no(dataset.Read(strings.NewReader(text), m.Add))
	e, err := w.keeper.List(w.Context(), officer, "corpus", m.Listed())
	w.no(err)
	return e
}

const (
	both  = "id,text,source,consent\n1,one,a,c-1\n2,two,a,c-1\n3,three,b,c-2\n4,four,b,\n"
	first = "id,text,source,consent\n3,three,b,c-2\n4,four,b,\n"
)

// TestRemoval: the end of a consent opens a removal with a clock; it is proven by a manifest without the items and no other,
// and what it took away is counted (Deep Synthesis Provisions Art. 14, Generative AI Measures Art. 7).
func TestRemoval(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Add(ctx, officer, "corpus", description())
	w.no(err)
	before := w.list(both).Value.Digest()
	_, err = w.keeper.Use(ctx, officer, "corpus", dataset.Use{Algorithm: "dialogue", Version: "1", Purpose: "tuning"})
	w.no(err)
	w.no(w.keeper.Follow(ctx))
	if list, _, err := w.keeper.Removals(ctx, dataset.RemovalQuery{}); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	w.consents.ended["c-1"] = w.clock.Now().Add(-time.Hour)
	w.consents.err = errors.New("away")
	if err := w.keeper.Follow(ctx); err == nil {
		t.Error("nobody could be asked, and nobody said so")
	}
	w.consents.err = nil
	w.no(w.keeper.Follow(ctx))
	w.no(w.keeper.Follow(ctx))
	list, _, err := w.keeper.Removals(ctx, dataset.RemovalQuery{Dataset: "corpus", States: []dataset.RemovalState{dataset.Open}})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	r := list[0]
	if r.Value.Consent != "c-1" || r.Value.Before != before || r.Value.Items != 2 || r.Value.Why != "withdrawn" || len(r.Value.Uses) != 1 || !r.Value.Due.Equal(w.consents.ended["c-1"].Add(30*24*time.Hour)) {
		t.Errorf("%+v", r.Value)
	}
	proof := dataset.Proof{How: "deleted from the store and its backups"}
	_, err = w.keeper.Prove(ctx, officer, r.ID, proof, &dataset.Comparison{})
	storetest.WantCode(t, err, dataset.CodeSame)
	w.list("id,text,source,consent\n1,one,a,c-1\n3,three,b,c-2\n")
	_, err = w.keeper.Prove(ctx, officer, r.ID, proof, &dataset.Comparison{})
	storetest.WantCode(t, err, dataset.CodeStill)
	_, err = w.keeper.Dismiss(ctx, officer, r.ID, "for nothing")
	storetest.WantCode(t, err, dataset.CodeStill)
	_, err = w.keeper.Retire(ctx, officer, "corpus") // it can be proven all the same
	w.no(err)
	after := w.list(first).Value.Digest()
	_, err = w.keeper.Prove(ctx, ledger.By{Role: "application", ID: "key"}, r.ID, proof, &dataset.Comparison{})
	storetest.WantCode(t, err, dataset.CodePerson)
	w.clock.Set(w.clock.Now().Add(31 * 24 * time.Hour))
	w.no(w.keeper.Follow(ctx))
	if e, err := w.keeper.Dataset(ctx, "corpus"); err != nil || e.Value.Open != 1 || e.Value.Late != 1 {
		t.Error(e.Value.Open, e.Value.Late, err)
	} else if v, _ := e.Value.Grounds(); v != colophon.Failed {
		t.Error("a late removal leaves the grounds", v)
	}
	if r, err = w.keeper.Prove(ctx, officer, r.ID, proof, &dataset.Comparison{}); err != nil || r.Value.Proof.After != after || r.Value.Proof.Removed != 2 || colophon.Verdict(r.Value.Proof.Verdict) != colophon.Unknown || !r.Value.Late {
		t.Errorf("%+v %v", r.Value, err)
	}
	_, err = w.keeper.Dismiss(ctx, officer, r.ID, "for nothing")
	storetest.WantCode(t, err, dataset.CodeClosed)
	e, err := w.keeper.Dataset(ctx, "corpus")
	if err != nil || e.Value.Open != 0 || e.Value.Late != 0 || !slices.Equal(e.Value.Rests(), []string{"c-2"}) {
		t.Errorf("%+v %v", e.Value, err)
	}
	m := dataset.NewManifest("corpus")
	w.no(dataset.Read(strings.NewReader(both), m.Add))
	_, err = w.keeper.List(ctx, officer, "corpus", m.Listed())
	storetest.WantCode(t, err, dataset.CodeConsent)
	_, err = w.keeper.List(ctx, officer, "corpus", dataset.Listed{Digest: before, Items: 1})
	storetest.WantCode(t, err, dataset.CodeRetired)
	w.no(w.keeper.Follow(ctx))
	if list, _, _ := w.keeper.Removals(ctx, dataset.RemovalQuery{States: []dataset.RemovalState{dataset.Open}}); len(list) != 0 {
		t.Error("a proven removal is opened again")
	}
}

// TestComparison: the proof compares what was with what is, by identifier and by bytes, and no change of the consent's column
// takes an item away. A failed proof leaves the removal open, and no statement ends it after that.
func TestComparison(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Add(ctx, officer, "corpus", description())
	w.no(err)
	w.list(both)
	m := dataset.NewManifest("corpus")
	_, err = w.keeper.List(ctx, officer, "corpus", m.Listed())
	storetest.WantCode(t, err, dataset.CodeEmpty) // no removal is open
	w.consents.ended["c-1"] = w.clock.Now()
	w.no(w.keeper.Follow(ctx))
	list, _, err := w.keeper.Removals(ctx, dataset.RemovalQuery{})
	w.no(err)
	r := list[0]
	prove := func(manifests ...string) (dataset.RemovalEntry, error) {
		c := dataset.NewComparison(r.Value)
		for _, text := range manifests {
			w.no(c.Take(strings.NewReader(text)))
		}
		return w.keeper.Prove(ctx, officer, r.ID, dataset.Proof{How: "deleted"}, c)
	}
	const head = "id,text,source,consent\n"
	for name, c := range map[string]struct {
		after string
		still string
	}{
		"emptied":                 {head + "1,one,a,\n2,two,a,\n3,three,b,c-2\n", "2"},
		"another consent":         {head + "1,one,a,c-2\n3,three,b,c-2\n", "1"},
		"renamed":                 {head + "9,two,a,\n3,three,b,c-2\n", "1"},
		"other bytes, source too": {head + "2,2,z,\n3,three,b,c-2\n", "1"},
	} {
		w.list(c.after)
		_, err := prove(both, c.after)
		for range 2 { // the second time nothing is compared
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != dataset.CodeStill || e.Args["count"] != c.still {
				t.Errorf("%s: %v", name, err)
			}
			_, err = prove()
		}
		storetest.WantCode(t, err, dataset.CodeStill)
		_, err = w.keeper.Dismiss(ctx, officer, r.ID, "for nothing")
		storetest.WantCode(t, err, dataset.CodeStill)
		if e, err := w.keeper.Removal(ctx, r.ID); err != nil || e.State != string(dataset.Open) || e.Due.IsZero() || e.Value.Proof.Verdict != dataset.Verdict(colophon.Failed) || strconv.Itoa(e.Value.Proof.Still) != c.still {
			t.Errorf("%s: %+v %v", name, e.Value, err)
		}
	}
	after := w.list(first).Value.Digest()
	for _, c := range []struct {
		manifests []string
		code      colophon.Code
	}{
		{[]string{strings.Replace(both, ",c-1", ",", 1), first}, dataset.CodeBefore},
		{[]string{first, first}, dataset.CodeBefore},
		{[]string{both, head + "3,three,b,c-2\n"}, dataset.CodeAfter},
		{[]string{both}, dataset.CodeAfter},
	} {
		_, err := prove(c.manifests...)
		storetest.WantCode(t, err, c.code)
	}
	c := dataset.NewComparison(r.Value)
	w.no(errors.Join(c.Take(strings.NewReader(both)), c.Take(strings.NewReader(first))))
	storetest.WantCode(t, c.Take(strings.NewReader(first)), dataset.CodeInvalid)
	if r, err = prove(both, first); err != nil || r.State != string(dataset.Proven) || r.Value.Proof.Verdict != dataset.Verdict(colophon.Passed) || r.Value.Proof.After != after || r.Value.Proof.Still != 0 {
		t.Errorf("%+v %v", r.Value.Proof, err)
	}
}

// TestNothingLeft: a dataset that is wholly deleted is listed with no item, and its removal ends.
func TestNothingLeft(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Add(ctx, officer, "corpus", description())
	w.no(err)
	w.list(both)
	w.consents.ended["c-1"] = w.clock.Now()
	w.no(w.keeper.Follow(ctx))
	list, _, err := w.keeper.Removals(ctx, dataset.RemovalQuery{})
	w.no(err)
	listed, err := dataset.Whole("corpus", strings.NewReader(""), func(dataset.Item) {})
	w.no(err)
	_, err = w.keeper.List(ctx, officer, "corpus", listed)
	w.no(err)
	c := dataset.NewComparison(list[0].Value)
	w.no(errors.Join(c.Take(strings.NewReader(both)), c.Take(strings.NewReader(""))))
	r, err := w.keeper.Prove(ctx, officer, list[0].ID, dataset.Proof{How: "deleted"}, c)
	if err != nil || r.Value.Proof.Verdict != dataset.Verdict(colophon.Passed) {
		t.Errorf("%+v %v", r.Value.Proof, err)
	}
}

// TestStatement: where no manifest says which items rest on a consent, the proof is a statement, which nobody could check.
func TestStatement(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Add(ctx, officer, "corpus", description())
	w.no(err)
	w.consents.ended["c-2"] = w.clock.Now()
	w.no(w.keeper.Follow(ctx))
	list, _, err := w.keeper.Removals(ctx, dataset.RemovalQuery{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	_, err = w.keeper.Prove(ctx, officer, list[0].ID, dataset.Proof{How: "deleted"}, &dataset.Comparison{})
	storetest.WantCode(t, err, dataset.CodeUnlisted)
	w.list("id,text\n1,one\n")
	r, err := w.keeper.Prove(ctx, officer, list[0].ID, dataset.Proof{How: "deleted"}, &dataset.Comparison{})
	if err != nil || colophon.Verdict(r.Value.Proof.Verdict) != colophon.Unknown {
		t.Errorf("%+v %v", r.Value.Proof, err)
	}
	w.consents.ended["c-1"] = w.clock.Now()
	w.no(w.keeper.Follow(ctx))
	list, _, err = w.keeper.Removals(ctx, dataset.RemovalQuery{States: []dataset.RemovalState{dataset.Open}})
	w.no(err)
	w.list("id,text\n2,two\n")
	c := dataset.NewComparison(list[0].Value)
	w.no(errors.Join(c.Take(strings.NewReader("id,text\n1,one\n")), c.Take(strings.NewReader("id,text\n2,two\n"))))
	if r, err = w.keeper.Prove(ctx, officer, list[0].ID, dataset.Proof{How: "deleted"}, c); err != nil || colophon.Verdict(r.Value.Proof.Verdict) != colophon.Unknown {
		t.Errorf("no item named the consent, and it passed: %+v %v", r.Value.Proof, err)
	}
}

// TestConsents: only a consent that is given, for training, becomes the ground of a dataset, and one that ended is not forgotten.
func TestConsents(t *testing.T) {
	w, ctx := open(t), t.Context()
	w.consents.ended["c-9"] = w.clock.Now()
	for consent, code := range map[string]colophon.Code{"c-none": dataset.CodeInvalid, "c-asked": dataset.CodeConsent, "c-9": dataset.CodeConsent} {
		d := description()
		d.Consents = []string{consent}
		_, err := w.keeper.Add(ctx, officer, "corpus", d)
		storetest.WantCode(t, err, code)
	}
	_, err := w.keeper.Add(ctx, officer, "corpus", description())
	w.no(err)
	m := dataset.NewManifest("corpus")
	w.no(dataset.Read(strings.NewReader("id,text,consent\n1,one,c-9\n"), m.Add))
	_, err = w.keeper.List(ctx, officer, "corpus", m.Listed())
	storetest.WantCode(t, err, dataset.CodeConsent)

	// What rested on a consent that ended is followed before its name is taken off, in the manifest or in words.
	before := w.list(both).Value.Digest()
	emptied := strings.ReplaceAll(both, ",c-1", ",")
	m = dataset.NewManifest("corpus")
	w.no(dataset.Read(strings.NewReader(emptied), m.Add))
	w.consents.err = errors.New("away")
	if _, err := w.keeper.List(ctx, officer, "corpus", m.Listed()); !errors.Is(err, w.consents.err) {
		t.Error("nobody could be asked, and the manifest was taken:", err)
	}
	w.consents.err = nil
	opened := func(consent string) []dataset.RemovalEntry {
		list, _, err := w.keeper.Removals(ctx, dataset.RemovalQuery{Consent: consent, States: []dataset.RemovalState{dataset.Open}})
		w.no(err)
		return list
	}
	w.consents.ended["c-1"] = w.clock.Now()
	e := w.list(emptied)
	if list := opened("c-1"); len(list) != 1 || list[0].Value.Before != before || list[0].Value.Items != 2 || e.Value.Open != 1 {
		t.Errorf("emptied before anybody followed: %+v", list)
	}
	w.consents.ended["c-2"] = w.clock.Now()
	w.list(strings.ReplaceAll(emptied, ",c-2", ","))
	w.list(both[:len(both)-len("4,four,b,\n")])
	d := description()
	d.Consents = nil
	_, err = w.keeper.Describe(ctx, officer, "corpus", d)
	w.no(err)
	if list := opened("c-2"); len(list) != 1 || list[0].Value.Items != 1 {
		t.Errorf("one at a time: %+v", list)
	}
	w.no(w.keeper.Follow(ctx))
	if len(opened("")) != 2 {
		t.Errorf("followed twice: %+v", opened(""))
	}
}

func result(y dataset.Yardstick, source, digest string, v colophon.Verdict) dataset.Result {
	return dataset.Result{Yardstick: y, Source: source, Digest: digest, Verdict: dataset.Verdict(v)}
}

// TestYardsticks: what was not sampled, or is another one since, can't be told, and a barred dataset is used by nobody.
func TestYardsticks(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	e, err := w.keeper.Add(ctx, officer, "corpus", description())
	w.no(err)
	for _, row := range e.Value.Rows() {
		if row.Verdict != colophon.Unknown || row.Sampled || row.Stale {
			t.Errorf("unsampled: %+v", row)
		}
	}
	e = w.list(both)
	now := e.Value.Digest()
	_, err = w.keeper.Sampled(ctx, officer, "corpus", []dataset.Result{result(dataset.ByPeople, "", strings.Repeat("0", 64), colophon.Passed)})
	storetest.WantCode(t, err, dataset.CodeOther)
	e, err = w.keeper.Sampled(ctx, officer, "corpus", []dataset.Result{result(dataset.ByPeople, "", now, colophon.Passed), result(dataset.ByMachine, "", now, colophon.Unknown), result(dataset.OfSource, "a", now, colophon.Passed), result(dataset.OfSource, "b", now, colophon.Failed)})
	w.no(err)
	want := map[dataset.Yardstick]colophon.Verdict{dataset.ByPeople: colophon.Passed, dataset.ByMachine: colophon.Unknown, dataset.OfSource: colophon.Failed}
	for _, row := range e.Value.Rows() {
		if row.Verdict != want[row.Yardstick] || !row.Sampled {
			t.Errorf("%+v", row)
		}
	}
	use := dataset.Use{Algorithm: "dialogue", Version: "1", Purpose: "pretraining"}
	_, err = w.keeper.Use(ctx, officer, "corpus", use)
	var barred *colophon.Error
	if !errors.As(err, &barred) || barred.Code != dataset.CodeBarred || barred.Args["source"] != "b" {
		t.Error(err)
	}
	e = w.list("id,text,source,consent\n1,one,a,c-1\n3,three,b,c-2\n") // an item less, and the source still there
	if source, is := e.Value.Barred(); !is || source != "b" {
		t.Error("a change of the manifest takes the bar away")
	}
	e, err = w.keeper.Sampled(ctx, officer, "corpus", []dataset.Result{result(dataset.OfSource, "a", e.Value.Digest(), colophon.Passed)})
	w.no(err)
	if _, is := e.Value.Barred(); !is {
		t.Error("a sample of another source takes the bar away")
	}
	e = w.list("id,text,source,consent\n1,one,a,c-1\n2,two,a,c-1\n")
	for _, row := range e.Value.Rows() {
		if row.Verdict != colophon.Unknown || row.Sampled || !row.Stale {
			t.Errorf("after a change: %+v", row)
		}
	}
	e, err = w.keeper.Use(ctx, officer, "corpus", use)
	if err != nil || len(e.Value.Uses) != 1 || e.Value.Uses[0].Digest != e.Value.Digest() {
		t.Error(e.Value.Uses, err)
	}
	e, err = w.keeper.Sampled(ctx, officer, "corpus", []dataset.Result{result(dataset.OfSource, "a", e.Value.Digest(), colophon.Passed)})
	if err != nil || slices.ContainsFunc(e.Value.Results, func(r dataset.Result) bool { return r.Source == "b" }) {
		t.Error("what was found of the dataset as it was stays:", e.Value.Results, err)
	}
	_, err = w.keeper.Use(ctx, officer, "corpus", dataset.Use{Algorithm: "dialogue", Version: "2", Purpose: "tuning"})
	storetest.WantCode(t, err, "algorithm-version-missing")
}

// TestGrounds: what nobody said can't be told, and faces and voices need separate consent that is proven.
func TestGrounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*dataset.Description)
		want   colophon.Verdict
		code   colophon.Code
	}{
		{"whole", func(*dataset.Description) {}, colophon.Passed, ""},
		{"nobody said", func(d *dataset.Description) { *d = dataset.Description{Origin: "own"} }, colophon.Unknown, dataset.ReasonPersonal},
		{"no ground", func(d *dataset.Description) { d.Bases = nil }, colophon.Failed, dataset.ReasonBasis},
		{"no consent", func(d *dataset.Description) { d.Consents = nil }, colophon.Failed, dataset.ReasonConsent},
		{"proven elsewhere", func(d *dataset.Description) { d.Consents, d.Proof = nil, strings.Repeat("a", 64) }, colophon.Passed, ""},
		{"voices on contract", func(d *dataset.Description) { d.Bases = []string{"contract"} }, colophon.Failed, dataset.ReasonSeparate},
		{"no licence", func(d *dataset.Description) { d.Origin = "open" }, colophon.Failed, dataset.ReasonLicence},
		{"minors", func(d *dataset.Description) { d.Minors = dataset.Untold }, colophon.Unknown, dataset.ReasonMinors},
	} {
		d := dataset.Dataset{Description: description()}
		c.change(&d.Description)
		v, reasons := d.Grounds()
		if v != c.want || c.code != "" && !slices.ContainsFunc(reasons, func(r dataset.Reason) bool { return r.Code == c.code }) || c.code == "" && len(reasons) > 0 {
			t.Errorf("%s: %v %v", c.name, v, reasons)
		}
	}
}

package list_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register/list"
)

var officer = ledger.By{Role: "officer", ID: "staff-1"}

type world struct {
	*testing.T
	store  *store.Store
	clock  *storetest.Clock
	keys   *evidence.Keyring
	keeper *list.Keeper
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), keys: storetest.Keys(t, "first")}
	config := storetest.SQLite(t)
	config.Keys, config.Now = w.keys, w.clock.Now
	w.store = storetest.Open(t, config)
	w.keeper = w.another()
	return w
}

// another is a keeper on the same store, as another node has one.
func (w *world) another() *list.Keeper {
	return list.New(ledgers.Of[list.Batch](w.store, list.Ledger), storetest.Recorder(w.T, w.keys, w.clock.Now))
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) about(name string) list.About {
	return list.About{Series: list.DeepSynthesis, Name: name, Published: w.clock.Now().Format(time.DateOnly), Source: "https://www.cac.gov.cn/list.htm"}
}

func (w *world) take(name string, rows ...list.Row) (list.Batch, list.Difference) {
	w.Helper()
	w.clock.Set(w.clock.Now().Add(24 * time.Hour))
	b, d, err := w.keeper.Import(w.Context(), officer, w.about(name), list.File{Format: "csv", SHA256: strings.Repeat("0", 64), Rows: rows})
	w.no(err)
	return b, d
}

func (w *world) listed(k *list.Keeper, number string, want colophon.Verdict) {
	w.Helper()
	x, err := k.Index(w.Context())
	w.no(err)
	if a := x.Listed(number); a.Verdict != want {
		w.Errorf("%s: %+v, want %s", number, a, want)
	}
}

func TestImport(t *testing.T) {
	w := open(t)
	node := w.another()
	w.listed(node, one, colophon.Unknown)
	first, d := w.take("2026-05", numbered(one), numbered(two))
	if len(d.Added) != 2 || first.State != list.Imported || first.Counts.Read != 2 || first.By != officer.ID {
		t.Errorf("%+v, %+v", first, d)
	}
	w.listed(node, one, colophon.Passed)
	w.listed(node, three, colophon.Unknown)
	// The next batch has what is new; what it does not repeat is not gone.
	_, d = w.take("2026-07", numbered(three), numbered(two, func(r *list.Row) { r.Remark = "2026年7月新增关联产品" }))
	if len(d.Added) != 1 || len(d.Changed) != 1 || len(d.Gone) != 0 {
		t.Errorf("%+v", d)
	}
	w.listed(node, three, colophon.Passed)
	// The same batch again is held against itself alone.
	again, d := w.take("2026-05", numbered(one))
	if len(d.Gone) != 1 || d.Gone[0].Number != two || len(d.Added) != 0 || again.Replaces != first.ID {
		t.Errorf("%+v, %+v", again, d)
	}
	same, d, err := w.keeper.Import(t.Context(), officer, w.about("2026-05"), list.File{Format: "csv", SHA256: strings.Repeat("0", 64), Rows: []list.Row{numbered(one)}})
	if err != nil || same.ID != again.ID || len(d.Added)+len(d.Gone) != 0 { // an import whose answer was lost
		t.Errorf("%+v, %+v, %v", same, d, err)
	}
	old, err := w.keeper.Batch(t.Context(), first.ID)
	w.no(err)
	if old.State != list.Superseded || len(old.Rows) != 2 {
		t.Errorf("%+v", old)
	}
	w.listed(node, one, colophon.Passed)
	if _, err := w.keeper.Withdraw(t.Context(), officer, again.ID, "wrong file"); err != nil {
		t.Fatal(err)
	}
	w.listed(node, one, colophon.Unknown)
	_, err = w.keeper.Withdraw(t.Context(), officer, again.ID, "wrong file")
	storetest.WantCode(t, err, list.CodeStep)
	page, _, err := w.keeper.Batches(t.Context(), "", 10)
	w.no(err)
	if len(page) != 3 || page[0].ID != again.ID || slices.ContainsFunc(page, func(b list.Batch) bool { return b.Rows != nil }) {
		t.Errorf("%+v", page)
	}
	var types []evidence.Type
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		types = append(types, r.Type)
		if o, err := w.keys.Open(&r.Record); err != nil || strings.Contains(string(o.Payload), "甲公司") || !json.Valid(o.Payload) {
			t.Errorf("a record has the rows: %s, %v", o.Payload, err)
		}
		if !slices.Contains(r.Clauses, colophon.ClauseDS19) {
			t.Errorf("%v", r.Clauses)
		}
	}
	if want := []evidence.Type{list.RecordImported, list.RecordImported, list.RecordImported, list.RecordSuperseded, list.RecordWithdrawn}; !slices.Equal(types, want) {
		t.Errorf("records %v", types)
	}
}

func TestImportInvalid(t *testing.T) {
	w := open(t)
	good := list.File{Rows: []list.Row{numbered(one)}}
	for field, change := range map[string]func(a *list.About, f *list.File){
		"series":    func(a *list.About, _ *list.File) { a.Series = "all" },
		"name":      func(a *list.About, _ *list.File) { a.Name = "" },
		"published": func(a *list.About, _ *list.File) { a.Published = "2999-01-01" },
		"source":    func(a *list.About, _ *list.File) { a.Source = "javascript:x" },
		"rows":      func(_ *list.About, f *list.File) { f.Rows = nil },
	} {
		a, f := w.about("2026-05"), good
		change(&a, &f)
		_, _, err := w.keeper.Import(t.Context(), officer, a, f)
		storetest.WantCode(t, err, list.CodeInvalid)
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, by := range []ledger.By{{}, {Role: "system"}, {Role: "application", ID: "key"}} {
		_, _, err := w.keeper.Import(t.Context(), by, w.about("2026-05"), good)
		storetest.WantCode(t, err, list.CodePerson)
	}
	_, err := w.keeper.Withdraw(t.Context(), officer, "none", "why")
	storetest.WantCode(t, err, list.CodeMissing)
	_, err = w.keeper.Withdraw(t.Context(), officer, "none", " ")
	storetest.WantCode(t, err, list.CodeInvalid)
}

func TestStates(t *testing.T) {
	t.Parallel()
	want := map[list.State]string{list.Imported: "superseded withdrawn", list.Superseded: "", list.Withdrawn: ""}
	for _, from := range list.States() {
		for _, to := range list.States() {
			if from.May(to) != slices.Contains(strings.Fields(want[from]), string(to)) {
				t.Errorf("%s to %s", from, to)
			}
		}
	}
	if len(want) != len(list.States()) {
		t.Error(list.States())
	}
}

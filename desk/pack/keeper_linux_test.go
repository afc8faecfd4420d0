package pack_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

type world struct {
	*testing.T
	ctx    context.Context
	clock  *storetest.Clock
	store  *store.Store
	record *evidence.Recorder
	keeper *pack.Keeper
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, ctx: t.Context(), clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.record = storetest.Recorder(t, config.Keys, w.clock.Now)
	var err error
	w.keeper, err = pack.New(pack.Config{Packs: ledgers.Of[pack.Pack](w.store, pack.Ledger), Recorder: w.record, Keys: config.Keys, Forms: starter(t)})
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code colophon.Code) {
	w.Helper()
	storetest.WantCode(w, err, code)
}

var (
	clerk = ledger.By{Role: "officer", ID: "staff-1"}
	rule  = ledger.By{Role: "system"}
)

const account = evidence.Subject("account-1")

// some is what is known at first: of what the authority asks for, places are not asked for and what was done is not known.
func some() pack.Facts {
	f := pack.Facts{
		pack.FromProvider: {Certainty: pack.Known, Lines: []string{"示例服务提供者"}}, pack.FromCreditCode: {Certainty: pack.Known, Lines: []string{"00000000000000000X"}},
		pack.FromResponsible: {Certainty: pack.Known, Lines: []string{"值班负责人，电话 000"}}, pack.FromService: {Certainty: pack.Known, Lines: []string{"人脸替换"}},
		pack.FromCategory: {Certainty: pack.Known, Lines: []string{"虚假信息"}}, pack.FromSummary: {Certainty: pack.Known, Lines: []string{"视频内容不实。", "声音系合成。"}},
		pack.FromFound: {Certainty: pack.Known, Lines: []string{"2026-11-22，公众举报"}}, pack.FromForm: {Certainty: pack.Known, Lines: []string{"视频"}},
		pack.FromNumbers: {Certainty: pack.Known, Lines: []string{"number-1"}, Records: []string{"record-1"}}, pack.FromRefutation: {Certainty: pack.None},
	}
	return f
}

func all() pack.Facts {
	f := some()
	f[pack.FromMeasures] = pack.Fact{Certainty: pack.Known, Lines: []string{"已停止传播"}}
	return f
}

func (w *world) draft(f pack.Facts) pack.Pack {
	w.Helper()
	p, err := w.keeper.Draft(w.ctx, clerk, pack.Draft{Form: "12377", Subject: account, About: pack.About{Case: "case-1", Duty: "duty-1"}, Facts: f})
	w.no(err)
	return p
}

func (w *world) document(id string) (pack.Document, []byte) {
	w.Helper()
	p, s, err := w.keeper.Read(w.ctx, clerk, id)
	w.no(err)
	d, err := pack.Read([]byte(s.Document))
	w.no(err)
	if d.Number != p.Number || d.Before != p.Before {
		w.Errorf("the document says %s after %s, the pack %s after %s", d.Number, d.Before, p.Number, p.Before)
	}
	return d, []byte(s.Document)
}

func (w *world) filing() pack.Filing {
	return pack.Filing{Channel: "12377", Reference: "编号 7", At: w.clock.Now()}
}

func picture() pack.ProofFile {
	return pack.ProofFile{Proof: pack.Proof{Type: "image/png"}, Bytes: []byte("the page that said thanks")}
}

func TestNeverEmpty(t *testing.T) {
	w := open(t)
	for _, form := range w.keeper.Forms() {
		for name, facts := range map[string]pack.Facts{"nothing": nil, "some": some()} {
			p, err := w.keeper.Draft(w.ctx, rule, pack.Draft{Form: form.ID, Facts: facts})
			w.no(err)
			d, _ := w.document(p.ID)
			if len(d.Fields) != len(form.Fields) || p.Known+p.None+p.Unknown != len(form.Fields) || p.Author != "" {
				t.Errorf("%s of %s: %+v", name, form.ID, p)
			}
			for _, a := range d.Fields {
				want := []string{"尚不掌握"}
				if f, ok := facts[a.From]; ok && f.Certainty == pack.Known {
					want = f.Lines
				} else if ok && f.Certainty == pack.None {
					want = []string{"无"}
				}
				if !slices.Equal(a.Lines, want) {
					t.Errorf("%s of %s: %s says %q, want %q", name, form.ID, a.ID, a.Lines, want)
				}
				if open := a.Required && want[0] == "尚不掌握"; open != slices.Contains(p.Open, a.ID) {
					t.Errorf("%s of %s: %s open: %t, pack says %v", name, form.ID, a.ID, open, p.Open)
				}
				if !strings.Contains(d.Text(), a.Names.ZH+"："+want[0]) {
					t.Errorf("the text does not say %s", a.ID)
				}
			}
		}
	}
}

func TestFacts(t *testing.T) {
	w := open(t)
	for name, f := range map[string]pack.Fact{
		"known, without words": {Certainty: pack.Known},
		"known, blank":         {Certainty: pack.Known, Lines: []string{"  "}},
		"known, no text":       {Certainty: pack.Known, Lines: []string{"\xff"}},
		"none, with words":     {Certainty: pack.None, Lines: []string{"some"}},
		"unknown, with words":  {Lines: []string{"some"}},
		"another":              {Certainty: "perhaps", Lines: []string{"some"}},
		"record":               {Records: []string{"not a word"}},
	} {
		_, err := w.keeper.Draft(w.ctx, clerk, pack.Draft{Form: "12377", Facts: pack.Facts{pack.FromOther: f}})
		w.refused(err, pack.CodeInvalid)
		if err != nil && !strings.Contains(err.Error(), "other") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.keeper.Draft(w.ctx, clerk, pack.Draft{Form: "12377", Facts: pack.Facts{"guess": {}}})
	w.refused(err, pack.CodeInvalid)
	_, err = w.keeper.Draft(w.ctx, clerk, pack.Draft{Form: "12378"})
	w.refused(err, pack.CodeForm)
	_, err = w.keeper.Draft(w.ctx, clerk, pack.Draft{Form: "12377", About: pack.About{Case: "a b"}})
	w.refused(err, pack.CodeInvalid)
}

// TestLife files a pack, amends it twice, and follows the chain by the bytes alone.
func TestLife(t *testing.T) {
	w := open(t)
	p := w.draft(some())
	if p.Number != "2026-0001" || p.Part != 1 || p.State != pack.Drafted || !slices.Equal(p.Open, []string{"measures"}) {
		t.Fatalf("%+v", p)
	}
	_, err := w.keeper.File(w.ctx, clerk, p.ID, w.filing())
	w.refused(err, pack.CodeIncomplete)
	p, err = w.keeper.Fill(w.ctx, clerk, p.ID, all())
	w.no(err)
	if len(p.Open) != 0 || p.Number != "2026-0001" {
		t.Fatalf("%+v", p)
	}
	p, err = w.keeper.File(w.ctx, clerk, p.ID, w.filing(), picture())
	w.no(err)
	if p.State != pack.Filed || p.Filing.By != clerk.ID || p.Filing.Incomplete || len(p.Proofs) != 1 || p.Proofs[0].By != clerk.ID {
		t.Fatalf("%+v", p)
	}
	_, err = w.keeper.Fill(w.ctx, clerk, p.ID, some())
	w.refused(err, pack.CodeStep)
	second, err := w.keeper.Amend(w.ctx, clerk, p.ID, some())
	w.no(err)
	if second.Number != "2026-0002" || second.Part != 2 || second.Before != p.SHA256 || second.About != p.About || second.Subject != account {
		t.Fatalf("%+v", second)
	}
	_, err = w.keeper.Amend(w.ctx, clerk, p.ID, some())
	w.refused(err, pack.CodeAmended)
	if now, err := w.keeper.Pack(w.ctx, p.ID); err != nil || now.State != pack.Filed {
		t.Fatalf("a draft changed what it amends: %+v, %v", now, err)
	}
	filing := w.filing()
	filing.Incomplete = true
	second, err = w.keeper.File(w.ctx, clerk, second.ID, filing)
	w.no(err)
	if now, err := w.keeper.Pack(w.ctx, p.ID); err != nil || now.State != pack.Amended || now.AmendedBy != second.ID || !second.Filing.Incomplete {
		t.Fatalf("%+v, %v", now, err)
	}
	_, err = w.keeper.Amend(w.ctx, clerk, p.ID, all())
	w.refused(err, pack.CodeStep)
	third, err := w.keeper.Amend(w.ctx, clerk, second.ID, all())
	w.no(err)
	p, err = w.keeper.Prove(w.ctx, clerk, p.ID, pack.ProofFile{Proof: pack.Proof{SHA256: strings.Repeat("ab", 32), Size: 9, Type: "application/pdf"}, Blob: "blob-1", Key: []byte("k")})
	w.no(err)
	if need, err := w.keeper.Needs(w.ctx, "blob-1"); err != nil || !need || len(p.Proofs) != 2 || p.State != pack.Amended {
		t.Fatalf("%t, %v, %+v", need, err, p)
	}
	again, err := w.keeper.Prove(w.ctx, clerk, p.ID, picture()) // which is there
	w.no(err)
	if len(again.Proofs) != 2 {
		t.Errorf("%+v", again.Proofs)
	}
	w.chain(p.ID, second.ID, third.ID)
	w.numbers(p, second, third)
}

func (w *world) chain(ids ...string) {
	w.Helper()
	var list [][]byte
	for _, id := range ids {
		_, raw := w.document(id)
		list = append(list, raw)
	}
	w.no(pack.Chain(list...))
	w.refused(pack.Chain(list[0], list[2]), pack.CodeChain)
	w.refused(pack.Chain(list[1:]...), pack.CodeChain)
	other := []byte(strings.Replace(string(list[0]), "视频内容不实", "视频内容属实", 1))
	if string(other) == string(list[0]) {
		w.Fatal("nothing was changed")
	}
	w.refused(pack.Chain(other, list[1], list[2]), pack.CodeChain)
}

func (w *world) numbers(p, second, third pack.Pack) {
	w.Helper()
	for name, c := range map[string]struct {
		filter pack.Filter
		want   []string
	}{
		"all":    {pack.Filter{}, []string{third.ID, second.ID, p.ID}},
		"states": {pack.Filter{States: []pack.State{pack.Filed}}, []string{second.ID}},
		"number": {pack.Filter{Number: p.Number}, []string{p.ID}},
		"case":   {pack.Filter{About: pack.About{Case: "case-1"}, Limit: 1}, []string{third.ID}},
		"duty":   {pack.Filter{About: pack.About{Duty: "duty-2"}}, nil},
	} {
		list, _, err := w.keeper.Packs(w.ctx, c.filter)
		w.no(err)
		var ids []string
		for _, p := range list {
			ids = append(ids, p.ID)
		}
		if !slices.Equal(ids, c.want) {
			w.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
}

func TestDismiss(t *testing.T) {
	w := open(t)
	p := w.draft(all())
	_, err := w.keeper.Dismiss(w.ctx, clerk, p.ID, "because", "It was.")
	w.refused(err, pack.CodeInvalid)
	_, err = w.keeper.Dismiss(w.ctx, clerk, p.ID, pack.ReasonMistake, " ")
	w.refused(err, pack.CodeInvalid)
	p, err = w.keeper.File(w.ctx, clerk, p.ID, w.filing())
	w.no(err)
	_, err = w.keeper.Dismiss(w.ctx, clerk, p.ID, pack.ReasonMistake, "It was.")
	w.refused(err, pack.CodeStep)
	second, err := w.keeper.Amend(w.ctx, clerk, p.ID, all())
	w.no(err)
	second, err = w.keeper.Dismiss(w.ctx, clerk, second.ID, pack.ReasonMistake, "Nothing had changed.")
	w.no(err)
	if second.State != pack.Dismissed || second.Reason != pack.ReasonMistake {
		t.Errorf("%+v", second)
	}
	if _, s, err := w.keeper.Read(w.ctx, clerk, second.ID); err != nil || s.Note != "Nothing had changed." {
		t.Errorf("%+v, %v", s, err)
	}
	third, err := w.keeper.Amend(w.ctx, clerk, p.ID, all())
	w.no(err)
	if third.Number != "2026-0003" || third.Part != 2 {
		t.Errorf("%+v", third)
	}
	_, err = w.keeper.File(w.ctx, clerk, second.ID, w.filing())
	w.refused(err, pack.CodeStep)
	_, err = w.keeper.Pack(w.ctx, "none")
	w.refused(err, pack.CodeMissing)
}

func TestPerson(t *testing.T) {
	w := open(t)
	p := w.draft(all())
	for _, by := range []ledger.By{{}, rule, {Role: "application", ID: "key"}, {Role: "officer"}} {
		_, err := w.keeper.File(w.ctx, by, p.ID, w.filing())
		w.refused(err, pack.CodePerson)
		_, err = w.keeper.Dismiss(w.ctx, by, p.ID, pack.ReasonOther, "note")
		w.refused(err, pack.CodePerson)
		_, err = w.keeper.Prove(w.ctx, by, p.ID, picture())
		w.refused(err, pack.CodePerson)
		_, _, err = w.keeper.Read(w.ctx, by, p.ID)
		w.refused(err, pack.CodePerson)
	}
}

func TestFiling(t *testing.T) {
	w := open(t)
	p := w.draft(all())
	for name, change := range map[string]func(f *pack.Filing, p *pack.ProofFile){
		"channel":      func(f *pack.Filing, _ *pack.ProofFile) { f.Channel = "Web Form" },
		"reference":    func(f *pack.Filing, _ *pack.ProofFile) { f.Reference = "a\nb" },
		"later":        func(f *pack.Filing, _ *pack.ProofFile) { f.At = f.At.Add(time.Second) },
		"no time":      func(f *pack.Filing, _ *pack.ProofFile) { f.At = time.Time{} },
		"no bytes":     func(_ *pack.Filing, p *pack.ProofFile) { p.Bytes = nil },
		"both":         func(_ *pack.Filing, p *pack.ProofFile) { p.Blob, p.Key = "blob", []byte("k") },
		"a key":        func(_ *pack.Filing, p *pack.ProofFile) { p.Key = []byte("k") },
		"no key":       func(_ *pack.Filing, p *pack.ProofFile) { p.Bytes, p.Blob = nil, "blob" },
		"no digest":    func(_ *pack.Filing, p *pack.ProofFile) { p.Bytes, p.Blob, p.Key, p.Size = nil, "blob", []byte("k"), 1 },
		"too large":    func(_ *pack.Filing, p *pack.ProofFile) { p.Bytes = make([]byte, pack.MaxBytes+1) },
		"no such type": func(_ *pack.Filing, p *pack.ProofFile) { p.Type = "png" },
	} {
		f, proof := w.filing(), picture()
		change(&f, &proof)
		if _, err := w.keeper.File(w.ctx, clerk, p.ID, f, proof); err == nil {
			t.Errorf("%s was taken", name)
		} else {
			w.refused(err, pack.CodeInvalid)
		}
	}
	_, err := w.keeper.Prove(w.ctx, clerk, p.ID, picture())
	w.refused(err, pack.CodeStep)
	proof := picture()
	_, err = w.keeper.File(w.ctx, clerk, p.ID, w.filing(), proof)
	w.no(err)
	if proof.SHA256 != "" {
		t.Error("the caller's proof was changed")
	}
	if _, s, err := w.keeper.Read(w.ctx, clerk, p.ID); err != nil || len(s.Proofs) != 1 || string(s.Proofs[0].Bytes) != string(proof.Bytes) || len(s.Proofs[0].SHA256) != 64 {
		t.Errorf("%+v, %v", s.Proofs, err)
	}
	for i := range 9 {
		proof.Bytes = fmt.Append(nil, "page ", i)
		_, err = w.keeper.Prove(w.ctx, clerk, p.ID, proof)
		w.no(err)
	}
	proof.Bytes = []byte("one too many")
	_, err = w.keeper.Prove(w.ctx, clerk, p.ID, proof)
	w.refused(err, pack.CodeInvalid)
}

// TestNumbers has many made at the same time, over the end of a year in Beijing.
func TestNumbers(t *testing.T) {
	w := open(t)
	w.clock.Set(time.Date(2026, 12, 31, 15, 59, 0, 0, time.UTC))
	var wait sync.WaitGroup
	var mu sync.Mutex
	numbers := map[string]bool{}
	for i := range 6 {
		wait.Go(func() {
			p, err := w.keeper.Draft(w.ctx, clerk, pack.Draft{Form: "12387", About: pack.About{Case: fmt.Sprint("case-", i)}})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			numbers[p.Number] = true
		})
	}
	wait.Wait()
	if got := slices.Sorted(maps.Keys(numbers)); len(got) != 6 || got[0] != "2026-0001" || got[5] != "2026-0006" {
		t.Errorf("%v", got)
	}
	w.clock.Set(time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC))
	if p := w.draft(all()); p.Number != "2027-0001" {
		t.Errorf("%s", p.Number)
	}
}

func TestRecords(t *testing.T) {
	w := open(t)
	p := w.draft(some())
	_, err := w.keeper.Fill(w.ctx, clerk, p.ID, all())
	w.no(err)
	_, err = w.keeper.File(w.ctx, clerk, p.ID, w.filing())
	w.no(err)
	_, err = w.keeper.Prove(w.ctx, clerk, p.ID, picture())
	w.no(err)
	_, _, err = w.keeper.Read(w.ctx, clerk, p.ID)
	w.no(err)
	q := w.draft(some())
	_, err = w.keeper.Dismiss(w.ctx, clerk, q.ID, pack.ReasonNotNeeded, "It was not illegal.")
	w.no(err)
	var types []evidence.Type
	for r, err := range w.store.Records(w.ctx, false) {
		w.no(err)
		types = append(types, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS10, colophon.ClauseDS11}) || r.Subject != account {
			t.Errorf("%s: %v about %s", r.Type, r.Clauses, r.Subject)
		}
	}
	want := []evidence.Type{pack.RecordDrafted, pack.RecordFilled, pack.RecordFiled, pack.RecordProven, pack.RecordRead, pack.RecordDrafted, pack.RecordDismissed}
	if !slices.Equal(types, want) {
		t.Errorf("%v, want %v", types, want)
	}
}

// TestErased erases whom a pack is about: nothing of it can be read or added to, and what it was stays.
func TestErased(t *testing.T) {
	w := open(t)
	p := w.draft(all())
	_, err := w.keeper.File(w.ctx, clerk, p.ID, w.filing(), picture())
	w.no(err)
	w.clock.Set(w.clock.Now().AddDate(4, 0, 0))
	w.erase()
	_, _, err = w.keeper.Read(w.ctx, clerk, p.ID)
	w.refused(err, pack.CodeErased)
	_, err = w.keeper.Prove(w.ctx, clerk, p.ID, picture())
	w.refused(err, pack.CodeErased)
	_, err = w.keeper.Amend(w.ctx, clerk, p.ID, all())
	w.refused(err, pack.CodeErased)
	if now, err := w.keeper.Pack(w.ctx, p.ID); err != nil || now.Number != p.Number || now.SHA256 != p.SHA256 || now.Kept != ledger.Erased {
		t.Errorf("%+v, %v", now, err)
	}
}

func (w *world) erase() {
	w.Helper()
	rec, err := w.record.New("subject.erased", evidence.System, "system", nil, nil)
	w.no(err)
	_, err = w.store.Erase(w.ctx, rec, account)
	w.no(err)
}

// TestTogether has a pack be filed and amended from many sides at once: each happens once.
func TestTogether(t *testing.T) {
	w := open(t)
	p := w.draft(all())
	many := func(do func() error, lost ...colophon.Code) {
		t.Helper()
		var wait sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 4 {
			wait.Go(func() {
				err := do()
				mu.Lock()
				defer mu.Unlock()
				var e *colophon.Error
				switch {
				case err == nil:
					won++
				case !errors.As(err, &e) || !slices.Contains(lost, e.Code):
					t.Errorf("%v", err)
				}
			})
		}
		wait.Wait()
		if won != 1 {
			t.Errorf("it happened %d times", won)
		}
	}
	file := func(id string) func() error {
		return func() error { _, err := w.keeper.File(w.ctx, clerk, id, w.filing()); return err }
	}
	many(file(p.ID), pack.CodeStep)
	many(func() error { _, err := w.keeper.Amend(w.ctx, clerk, p.ID, all()); return err }, pack.CodeAmended)
	list, _, err := w.keeper.Packs(w.ctx, pack.Filter{States: []pack.State{pack.Drafted}})
	w.no(err)
	if len(list) != 1 || list[0].Number != "2026-0002" {
		t.Fatalf("%+v", list)
	}
	many(file(list[0].ID), pack.CodeStep)
	if now, err := w.keeper.Pack(w.ctx, p.ID); err != nil || now.AmendedBy != list[0].ID {
		t.Errorf("%+v, %v", now, err)
	}
}

func TestNew(t *testing.T) {
	w := open(t)
	forms := starter(t)
	good := pack.Config{Packs: ledgers.Of[pack.Pack](w.store, pack.Ledger), Recorder: w.record, Keys: storetest.Keys(t, "first"), Forms: forms}
	if _, err := pack.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *pack.Config){
		"no store": func(c *pack.Config) { c.Packs = nil }, "no forms": func(c *pack.Config) { c.Forms = nil }, "a form twice": func(c *pack.Config) { c.Forms = append(forms, forms[0]) },
		"an empty form": func(c *pack.Config) { c.Forms = []pack.Form{{}} },
	} {
		c := good
		change(&c)
		if _, err := pack.New(c); err == nil {
			t.Errorf("a keeper with %s", name)
		}
	}
}

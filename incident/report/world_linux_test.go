package report_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

var (
	first  = ledger.By{Role: "officer", ID: "staff-1"}
	second = ledger.By{Role: "officer", ID: "staff-2"}
	system = ledger.By{Role: "system"}
)

// nobody are those who are no person of the staff.
func nobody() []ledger.By {
	return []ledger.By{{}, system, {Role: "application", ID: "key-1"}, {Role: "officer"}, {Role: "user", ID: "u"}, {Role: "subject", ID: "s"}}
}

type world struct {
	*testing.T
	clock *storetest.Clock
	store *store.Store
	keys  *evidence.Keyring
	rec   *evidence.Recorder
	k     *report.Keeper
}

// ready is a configuration over a store of its own.
func ready(t testing.TB) report.Config {
	t.Helper()
	return over(t, time.Now, nil)
}

// over is one that runs by a clock.
func over(t testing.TB, now func() time.Time, w *world) report.Config {
	t.Helper()
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), now
	s := storetest.Open(t, config)
	r := storetest.Recorder(t, config.Keys, now)
	if w != nil {
		w.store, w.keys, w.rec = s, config.Keys, r
	}
	return report.Config{Incidents: ledgers.Of[report.Incident](s, report.Ledger), Events: ledgers.Of[report.Event](s, report.EventLedger), Papers: ledgers.Of[report.Paper](s, report.PaperLedger),
		Drills: ledgers.Of[report.Drill](s, report.DrillLedger), Recorder: r, Keys: config.Keys, Rules: starter(t), Operator: report.Other, Size: report.Ordinarily,
		AtOnce: 2 * time.Hour, DrillEvery: 12}
}

func open(t *testing.T, change ...func(*report.Config)) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := over(t, w.clock.Now, w)
	for _, c := range change {
		c(&config)
	}
	var err error
	w.k, err = report.New(config)
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

// incident opens one of some kinds.
func (w *world) incident(kinds ...report.Kind) report.Incident {
	w.Helper()
	v, err := w.k.Open(w.Context(), first, report.Draft{Kinds: kinds, Words: report.Particulars{Title: "strange sign-ins", Summary: "seen by the night watch"}})
	w.no(err)
	return v
}

func (w *world) learn(id string, facts map[string]report.Fact) report.Incident {
	w.Helper()
	v, err := w.k.Learn(w.Context(), first, id, facts, "counted")
	w.no(err)
	return v
}

// tickAll does every step of an incident.
func (w *world) tickAll(v report.Incident) {
	w.Helper()
	for _, s := range v.Steps {
		if s.State == report.StepOpen {
			_, err := w.k.Tick(w.Context(), first, v.ID, s.ID, report.StepDone, "")
			w.no(err)
		}
	}
}

// file drafts and files a paper at the present time.
func (w *world) file(incident, form string) report.Paper {
	w.Helper()
	p, err := w.k.DraftPaper(w.Context(), first, incident, form, nil)
	w.no(err)
	p, err = w.k.File(w.Context(), first, p.ID, report.Filing{Channel: "12387", At: w.clock.Now(), Incomplete: true}, proof('a'))
	w.no(err)
	return p
}

// proof is one whose digest has one digit alone.
func proof(digit byte) report.ProofFile {
	return report.ProofFile{Proof: report.Proof{SHA256: strings.Repeat(string(digit), 64), Size: 10, Type: "image/png"}, Blob: "sha256:" + strings.Repeat(string(digit), 64), Key: []byte("key")}
}

// clockOf returns one clock of an incident.
func (w *world) clockOf(id, name string) report.Clock {
	w.Helper()
	v, err := w.k.Incident(w.Context(), id)
	w.no(err)
	list, err := w.k.Clocks(w.Context(), v)
	w.no(err)
	i := slices.IndexFunc(list, func(c report.Clock) bool { return c.ID == name })
	if i < 0 {
		w.Fatalf("no clock %s among %v", name, list)
	}
	return list[i]
}

// types lists the types of all records.
func (w *world) types() (list []evidence.Type) {
	w.Helper()
	for r, err := range w.store.Records(w.Context(), false) {
		w.no(err)
		list = append(list, r.Type)
	}
	return list
}

// payloads returns what the records of a type say, opened.
func (w *world) payloads(typ evidence.Type) (list []map[string]any) {
	w.Helper()
	for r, err := range w.store.Records(w.Context(), true) {
		w.no(err)
		if r.Type != typ {
			continue
		}
		o, err := w.keys.Open(&r.Record)
		w.no(err)
		var v map[string]any
		w.no(json.Unmarshal(o.Payload, &v))
		list = append(list, v)
	}
	return list
}

// loud are quiet facts with one in place of another.
func loud(name string, f report.Fact) map[string]report.Fact {
	facts := maps.Clone(quiet())
	facts[name] = f
	return facts
}

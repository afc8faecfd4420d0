package inspection_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/inspection"
)

// TestKeeper follows inspections from their beginning to their end.
func TestKeeper(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	k := inspection.NewKeeper(ledgers.Of[inspection.Kept](s, inspection.Ledger), storetest.Recorder(t, config.Keys, clock.Now))
	by := ledger.By{Role: "officer", ID: "staff-1"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wrong := func(err error, code colophon.Code) {
		t.Helper()
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	const address = "https://studio.example/page"
	_, err := k.Begin(t.Context(), by, nil, false, false)
	wrong(err, inspection.CodeNothing)
	_, err = k.Begin(t.Context(), by, []inspection.Target{{Address: "file:///etc/passwd"}}, false, false)
	wrong(err, inspection.CodeList)
	one, err := k.Begin(t.Context(), by, []inspection.Target{{Address: address}}, false, false)
	must(err)
	r := &inspection.Report{Schema: inspection.Schema, Subjects: []inspection.Subject{{Checks: []inspection.Check{{Rule: "number-shown", Outcome: inspection.Passed}}}}}
	r.Sum(rules(t))
	blob := strings.Repeat("b", 64)
	if needs, err := k.Needs(t.Context(), blob); err != nil || needs {
		t.Errorf("%v %v", needs, err)
	}
	done, err := k.End(t.Context(), one.ID, r, strings.Repeat("a", 64), blob)
	must(err)
	if done.State != string(inspection.Done) || done.Value.Outcome != inspection.Passed || done.Value.Done.IsZero() {
		t.Errorf("%+v", done)
	}
	if needs, err := k.Needs(t.Context(), blob); err != nil || !needs {
		t.Errorf("the report would be swept away: %v %v", needs, err)
	}
	again, err := k.Break(t.Context(), one.ID, "browser-failed") // by a worker that was late
	if err != nil || again.State != string(inspection.Done) {
		t.Errorf("%s %v", again.State, err)
	}
	two, err := k.Begin(t.Context(), by, []inspection.Target{{Address: address}}, true, true)
	must(err)
	broken, err := k.Break(t.Context(), two.ID, "browser-failed")
	must(err)
	if broken.State != string(inspection.Broken) || broken.Value.Code != "browser-failed" {
		t.Errorf("%+v", broken)
	}
	_, err = k.Get(t.Context(), "nobody's")
	wrong(err, inspection.CodeMissing)
	if list, next, err := k.Page(t.Context(), "", 10, inspection.Done); err != nil || next != "" || len(list) != 1 || list[0].ID != one.ID {
		t.Errorf("%+v %v", list, err)
	}
	raw, err := json.Marshal(done.Value)
	if err != nil || !strings.Contains(string(raw), address) {
		t.Errorf("%s %v", raw, err)
	}
}

package limits_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/internal/workday"
)

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

var kinds = []string{"complaint", "report", "appeal", "rights", "likeness", "rumour", "fraud", "label", "authority", "unlabelled"}

func TestStarter(t *testing.T) {
	t.Parallel()
	table, err := limits.Starter(kinds)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind   string
		urgent bool
		decide limits.Term
	}{
		{"likeness", false, limits.Term{Hours: 48}}, {"likeness", true, limits.Term{Hours: 24}}, {"rights", false, limits.Term{Days: 15}},
		{"rights", true, limits.Term{Days: 15}}, // which has no row of its own
	} {
		row, ok := table.Row(c.kind, c.urgent)
		if !ok || row.Decide != c.decide {
			t.Errorf("%s, urgent %t: %+v", c.kind, c.urgent, row)
		}
	}
	for _, kind := range []string{"appeal", "authority"} {
		if row, _ := table.Row(kind, false); !row.Appeal.None() {
			t.Errorf("a decision about %s can be appealed", kind)
		}
	}
	if _, ok := table.Row("other", false); ok {
		t.Error("a kind that nobody knows has a row")
	}
	if _, err := limits.Starter(append(slices.Clone(kinds), "other")); code(err) != limits.CodeTable {
		t.Errorf("a kind without a row: %v", err)
	}
}

const row = `{"kind":"a","acknowledge":{"hours":1},"decide":{"days":2},"feedback":{"hours":3}`

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, field string }{
		"least":           {"[" + row + "}]", ""},
		"all":             {"[" + row + `,"appeal":{"days":5},"pauses":["desk-wait-reporter"]},` + row + `,"urgent":true}]`, ""},
		"no kind":         {"[]", "kind"},
		"urgent alone":    {"[" + row + `,"urgent":true}]`, "kind"},
		"twice":           {"[" + row + "}," + row + "}]", "kind"},
		"another":         {`[` + strings.Replace(row, `"a"`, `"b"`, 1) + `}]`, "kind"},
		"both":            {"[" + strings.Replace(row, `"days":2`, `"days":2,"hours":1`, 1) + "}]", "decide"},
		"none":            {"[" + strings.Replace(row, `"days":2`, ``, 1) + "}]", "decide"},
		"negative":        {"[" + strings.Replace(row, `"hours":1`, `"hours":-1`, 1) + "}]", "acknowledge"},
		"negative beside": {"[" + strings.Replace(row, `"hours":1`, `"hours":1,"days":-1`, 1) + "}]", "acknowledge"},
		"long":            {"[" + strings.Replace(row, `"hours":3`, `"hours":9000`, 1) + "}]", "feedback"},
		"appeal":          {"[" + row + `,"appeal":{"days":251}}]`, "appeal"},
		"pauses":          {"[" + row + `,"pauses":["desk-wait-nobody"]}]`, "pauses"},
		"unknown field":   {"[" + row + `,"x":1}]`, "json"},
		"more":            {"[" + row + "}] 1", "json"},
		"large":           {strings.Repeat(" ", limits.MaxTable) + "[" + row + "}]", "json"},
	} {
		_, err := limits.Parse([]byte(c.text), []string{"a"})
		var e *colophon.Error
		if errors.As(err, &e); (err == nil) != (c.field == "") || err != nil && (e.Code != limits.CodeTable || e.Args["field"] != c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[" + row + "}]"))
	f.Add([]byte("[" + row + `,"appeal":{"days":5},"pauses":["desk-wait-other"]}]`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := limits.Parse(raw, []string{"a"})
		if err != nil {
			return
		}
		again, err := json.Marshal(table)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := limits.Parse(again, []string{"a"}); err != nil {
			t.Errorf("what was read can't be read again: %v", err)
		}
		one, ok := table.Row("a", false)
		if !ok || one.Decide.None() {
			t.Errorf("no limit: %+v", one)
		}
	})
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", s, workday.Beijing())
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// pause is one from, to and until times; without a second it lasts.
func pause(t testing.TB, stops bool, from, to, until string) limits.Pause {
	t.Helper()
	p := limits.Pause{From: at(t, from), Until: at(t, until), Stops: stops}
	if to != "" {
		p.To = at(t, to)
	}
	return p
}

func TestDue(t *testing.T) {
	t.Parallel()
	cal, err := workday.Known()
	if err != nil {
		t.Fatal(err)
	}
	const end = " 23:59"
	for name, c := range map[string]struct {
		start  string
		term   limits.Term
		now    string
		pauses []limits.Pause
		due    string
		unsure []int
	}{
		"hours":                     {"2026-03-02 10:00", limits.Term{Hours: 48}, "", nil, "2026-03-04 10:00", nil},
		"hours over a holiday":      {"2026-10-01 10:00", limits.Term{Hours: 48}, "", nil, "2026-10-03 10:00", nil},
		"hours with a pause":        {"2026-03-02 10:00", limits.Term{Hours: 48}, "", []limits.Pause{pause(t, true, "2026-03-02 12:00", "2026-03-02 15:00", "2026-03-09 12:00")}, "2026-03-04 13:00", nil},
		"a pause that does not":     {"2026-03-02 10:00", limits.Term{Hours: 48}, "", []limits.Pause{pause(t, false, "2026-03-02 12:00", "2026-03-02 15:00", "2026-03-09 12:00")}, "2026-03-04 10:00", nil},
		"a pause when it was over":  {"2026-03-02 10:00", limits.Term{Hours: 48}, "", []limits.Pause{pause(t, true, "2026-03-04 10:01", "2026-03-05 15:00", "2026-03-09 12:00")}, "2026-03-04 10:00", nil},
		"the second pause in time":  {"2026-03-02 10:00", limits.Term{Hours: 2}, "", []limits.Pause{pause(t, true, "2026-03-02 11:00", "2026-03-02 14:00", "2026-03-09 12:00"), pause(t, true, "2026-03-02 14:30", "2026-03-02 15:30", "2026-03-09 12:00")}, "2026-03-02 16:00", nil},
		"hours while it waits":      {"2026-03-02 10:00", limits.Term{Hours: 48}, "2026-03-06 12:00", []limits.Pause{pause(t, true, "2026-03-02 12:00", "", "2026-03-09 12:00")}, "2026-03-08 10:00", nil},
		"waits longer than it may":  {"2026-03-02 10:00", limits.Term{Hours: 48}, "2026-03-20 12:00", []limits.Pause{pause(t, true, "2026-03-02 12:00", "", "2026-03-09 12:00")}, "2026-03-11 10:00", nil},
		"days":                      {"2026-03-02 10:00", limits.Term{Days: 3}, "", nil, "2026-03-05" + end, nil},
		"days over the festival":    {"2026-02-13 18:00", limits.Term{Days: 3}, "", nil, "2026-02-25" + end, nil}, // the 14th is a working Saturday
		"days over National Day":    {"2026-09-30 09:00", limits.Term{Days: 2}, "", nil, "2026-10-09" + end, nil},
		"at night in Beijing":       {"2026-03-02 00:30", limits.Term{Days: 1}, "", nil, "2026-03-03" + end, nil},
		"a pause within a day":      {"2026-03-02 10:00", limits.Term{Days: 3}, "", []limits.Pause{pause(t, true, "2026-03-03 09:00", "2026-03-03 18:00", "2026-03-09 12:00")}, "2026-03-05" + end, nil},
		"a pause over one night":    {"2026-03-02 10:00", limits.Term{Days: 3}, "", []limits.Pause{pause(t, true, "2026-03-03 18:00", "2026-03-04 09:00", "2026-03-09 12:00")}, "2026-03-06" + end, nil},
		"a pause over a weekend":    {"2026-03-05 10:00", limits.Term{Days: 3}, "", []limits.Pause{pause(t, true, "2026-03-07 00:00", "2026-03-08 23:00", "2026-03-09 12:00")}, "2026-03-10" + end, nil},
		"days while it waits":       {"2026-03-02 10:00", limits.Term{Days: 3}, "2026-03-10 12:00", []limits.Pause{pause(t, true, "2026-03-03 12:00", "", "2026-03-20 12:00")}, "2026-03-12" + end, nil},
		"a year that nobody knows":  {"2026-12-31 10:00", limits.Term{Days: 1}, "", nil, "2027-01-01" + end, []int{2027}},
		"no day that nobody knows":  {"2026-12-30 10:00", limits.Term{Days: 1}, "", nil, "2026-12-31" + end, nil},
		"a pause before everything": {"2026-03-02 10:00", limits.Term{Days: 1}, "", []limits.Pause{pause(t, true, "2026-03-02 11:00", "2026-03-02 12:00", "2026-03-09 12:00")}, "2026-03-03" + end, nil},
	} {
		now := at(t, c.start)
		if c.now != "" {
			now = at(t, c.now)
		}
		got := limits.Clock{Start: at(t, c.start), Pauses: c.pauses}.Due(cal, c.term, now)
		if s := got.At.In(workday.Beijing()).Format("2006-01-02 15:04"); s != c.due || !slices.Equal(got.Unsure, c.unsure) {
			t.Errorf("%s: due %s %v, want %s %v", name, s, got.Unsure, c.due, c.unsure)
		}
	}
}

// TestNeverDueWhileItStands lets a clock stand still at any moment of its last day: time goes on, and the limit moves before it.
func TestNeverDueWhileItStands(t *testing.T) {
	t.Parallel()
	cal, err := workday.Known()
	if err != nil {
		t.Fatal(err)
	}
	for _, term := range []limits.Term{{Hours: 24}, {Days: 1}} {
		synctest.Test(t, func(t *testing.T) {
			<-time.After(time.Until(at(t, "2026-02-09 10:00"))) // a Monday
			c := limits.Clock{Start: time.Now()}
			<-time.After(20 * time.Hour)
			c = c.Pause(limits.Pause{From: time.Now(), Until: time.Now().AddDate(0, 0, 40), Stops: true})
			left := time.Until(c.Due(cal, limits.Term{Hours: 24}, time.Now()).At)
			for range 24 * 20 { // over the Spring Festival
				<-time.After(time.Hour)
				if due := c.Due(cal, term, time.Now()); due.Over(time.Now()) || !c.Stopped(time.Now()) {
					t.Fatalf("%+v: due %s at %s", term, due.At, time.Now())
				}
			}
			c = c.Resume(time.Now())
			if got := time.Until(c.Due(cal, limits.Term{Hours: 24}, time.Now()).At); got != left || c.Stopped(time.Now()) {
				t.Errorf("%s were left, and are %s", left, got)
			}
			<-time.After(48 * time.Hour)
			if due := c.Due(cal, term, time.Now()); !due.Over(time.Now()) {
				t.Errorf("%+v: two days later it is due %s", term, due.At)
			}
		})
	}
}

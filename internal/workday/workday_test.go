package workday_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/workday"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.ParseInLocation(time.DateOnly, s, workday.Beijing())
	if err != nil {
		t.Fatal(err)
	}
	return d.Add(9 * time.Hour)
}

func known(t *testing.T) workday.Calendar {
	t.Helper()
	c, err := workday.Known()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from   string
		days   int
		last   string
		unsure []int
	}{
		{"2026-03-02", 1, "2026-03-03", nil},
		{"2026-03-06", 1, "2026-03-09", nil},          // over a weekend
		{"2026-03-07", 1, "2026-03-09", nil},          // begun on a Saturday
		{"2026-02-13", 1, "2026-02-14", nil},          // a Saturday with work
		{"2026-02-13", 2, "2026-02-24", nil},          // over the Spring Festival
		{"2026-02-27", 1, "2026-02-28", nil},          // the other Saturday
		{"2026-09-30", 1, "2026-10-08", nil},          // over the National Day
		{"2026-09-30", 3, "2026-10-10", nil},          // and the Saturday after it
		{"2026-08-31", 30, "2026-10-16", nil},         // both holidays and both days with work
		{"2026-11-22", 29, "2026-12-31", nil},         // the last day of a known year
		{"2026-11-22", 30, "2027-01-01", []int{2027}}, // New Year, which is not known there
		{"2025-12-31", 1, "2026-01-04", nil},          // a Sunday with work
		{"2026-12-31", 300, "2028-02-24", []int{2027, 2028}},
		{"2026-03-02", 0, "2026-03-02", nil},
	} {
		got := known(t).After(day(t, c.from), c.days)
		if want := day(t, c.last).Add(15*time.Hour - time.Millisecond); !got.End.Equal(want) || !slices.Equal(got.Unsure, c.unsure) {
			t.Errorf("%d working days after %s: until %s, unsure %v; want %s, %v", c.days, c.from, got.End, got.Unsure, want.UTC(), c.unsure)
		}
	}
}

// TestBeijing begins a period shortly after midnight there, when it is the day before in UTC.
func TestBeijing(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 16, 30, 0, 0, time.UTC) // Monday the 2nd, 00:30
	if got := known(t).After(at, 1).End; !got.Equal(time.Date(2026, 3, 3, 15, 59, 59, 999e6, time.UTC)) {
		t.Errorf("ends %s", got)
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	other, err := workday.Parse([]byte(`{"years":[{"year":2027,"source":"test","off":["2027-01-01"],"work":["2027-01-02"]},{"year":2026,"source":"test","off":[],"work":[]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := known(t).With(other)
	for text, want := range map[string]bool{"2027-01-01": false, "2027-01-02": true, "2026-10-01": true, "2026-09-20": false} {
		if got, known := c.Is(day(t, text)); got != want || !known {
			t.Errorf("%s: working %t, known %t", text, got, known)
		}
	}
	if _, known := c.Is(day(t, "2028-01-03")); known {
		t.Error("2028 is known")
	}
}

// invalid calendars, with the field that is wrong.
func invalid() map[string]string {
	return map[string]string{
		``:                                     "json",
		`{"years":[]} {}`:                      "json",
		`{"years":[{"year":2026,"more":1}]}`:   "json",
		`{"years":[{"year":26,"source":"s"}]}`: "year",
		`{"years":[{"year":2026}]}`:            "source",
		`{"years":[{"year":2026,"source":"s"},{"year":2026,"source":"s"}]}`:                 "year",
		`{"years":[{"year":2026,"source":"s","off":["2027-01-01"]}]}`:                       "off",
		`{"years":[{"year":2026,"source":"s","off":["2026-02-30"]}]}`:                       "off",
		`{"years":[{"year":2026,"source":"s","off":["2026-01-01","2026-01-01"]}]}`:          "off",
		`{"years":[{"year":2026,"source":"s","work":["2026-01-01"]}]}`:                      "work",
		`{"years":[{"year":2026,"source":"s","off":["2026-01-04"],"work":["2026-01-04"]}]}`: "work",
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for text, field := range invalid() {
		_, err := workday.Parse([]byte(text))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != workday.CodeCalendar || e.Args["field"] != field {
			t.Errorf("%s: %v, want field %s", text, err, field)
		}
	}
}

func FuzzParse(f *testing.F) {
	for text := range invalid() {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"years":[{"year":2027,"source":"test","off":["2027-01-01"],"work":["2027-01-02"]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := workday.Parse(raw)
		if err != nil {
			return
		}
		from := time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC)
		if last := c.After(from, 5); !last.End.After(from) {
			t.Errorf("ends %s", last.End)
		}
	})
}

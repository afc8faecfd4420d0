package httpapi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

// Date is one date of the calendar, as a source tells it.
type Date struct {
	At time.Time
	// Kind is a word for what sort of date it is, such as clock, review, drill, waiver or law.
	Kind string
	// Title is what it is called; its arguments are identifiers, names of the catalogue and numbers.
	Title colophon.Code
	Args  colophon.Args
	// Of is the name of what it is about in the catalogue; it fills {name}.
	Of duty.Text
	// Ref and ID name the thing that it belongs to, so that a page can lead there, such as incident and its identifier.
	Ref, ID string
	State   DateState
}

// DateState says how a date stands.
type DateState string

// How dates stand.
const (
	DateComing DateState = "coming"
	DateOver   DateState = "over" // it passed, and what it asks for was not done
	DateDone   DateState = "done"
	DateNote   DateState = "note" // nobody has to do anything
)

// Bounds of the calendar.
const (
	maxCalendar     = 400 * 24 * time.Hour
	maxCalendarDate = 2000
)

func calendarRoutes() []route {
	return []route{
		{get, "/v1/calendar", "calendar", staff.CalendarRead, "calendar", 0, 200, do((*server).calendar), "List what is due between two days: clocks, reviews, drills, dates of law", 0},
		{get, "/v1/calendar.ics", "calendar-ics", staff.CalendarRead, "calendar", 0, 200, do((*server).calendarICS), "The same as iCalendar (RFC 5545)", 0},
	}
}

type calendarInput struct {
	From  time.Time `query:"from" doc:"First moment; now when absent. Where the present is within, what is overdue since before is listed, too." example:"2026-11-01T00:00:00+08:00"`
	Until time.Time `query:"until" doc:"Moment after the last, at most 400 days later; a year later when absent."`
	Kind  string    `query:"kind" maxLength:"32" doc:"Only dates of a kind."`
}

// CalendarDate is one date.
type CalendarDate struct {
	At    time.Time     `json:"at" doc:"When."`
	Kind  string        `json:"kind" doc:"What sort of date it is." example:"clock"`
	Code  colophon.Code `json:"code" doc:"What it is, as a code."`
	Args  colophon.Args `json:"args,omitempty" doc:"What the code speaks of."`
	Title string        `json:"title" doc:"The same in the language that was asked for."`
	Ref   string        `json:"ref,omitempty" doc:"Kind of thing that it belongs to." example:"incident"`
	ID    string        `json:"id,omitempty" doc:"Identifier of that thing."`
	State DateState     `json:"state" enum:"coming,over,done,note" doc:"How it stands. Note: nobody has to do anything."`
}

type calendarOutput struct {
	Body struct {
		From  time.Time      `json:"from" doc:"First moment."`
		Until time.Time      `json:"until" doc:"Moment after the last."`
		Dates []CalendarDate `json:"dates" nullable:"false" doc:"In the order of time."`
		Blind []string       `json:"blind" nullable:"false" doc:"Numbers of sources that could not tell. What they know is missing."`
		Cut   bool           `json:"cut,omitempty" doc:"There are more than are listed."`
	}
}

func (s *server) calendar(ctx context.Context, in *calendarInput) (*calendarOutput, error) {
	out := &calendarOutput{}
	out.Body.From, out.Body.Until = in.From, in.Until
	now := s.Duties.Now()
	if in.From.IsZero() {
		out.Body.From = now
	}
	if in.Until.IsZero() {
		out.Body.Until = out.Body.From.AddDate(1, 0, 0)
	}
	if span := out.Body.Until.Sub(out.Body.From); span <= 0 || span > maxCalendar {
		return nil, invalid("query.until", "expected a time after from, at most 400 days later")
	}
	out.Body.Dates, out.Body.Blind = []CalendarDate{}, []string{}
	present := !out.Body.From.After(now) && out.Body.Until.After(now)
	say := printer(askerOf(ctx).language)
	for i, source := range s.Calendar {
		dates, err := source(ctx, out.Body.From, out.Body.Until)
		if err != nil { // the others tell what they know, and the answer says that one is missing
			s.Logger.ErrorContext(ctx, "asking a source of the calendar", "source", i, "error", err)
			out.Body.Blind = append(out.Body.Blind, strconv.Itoa(i+1))
		}
		for _, d := range dates {
			early := d.At.Before(out.Body.From) && !(present && d.State == DateOver)
			if early || !d.At.Before(out.Body.Until) || in.Kind != "" && d.Kind != in.Kind {
				continue
			}
			args := d.named(say.Language)
			out.Body.Dates = append(out.Body.Dates, CalendarDate{d.At, d.Kind, d.Title, args, say.Code(d.Title, args), d.Ref, d.ID, d.State})
		}
	}
	slices.SortStableFunc(out.Body.Dates, func(a, b CalendarDate) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	if len(out.Body.Dates) > maxCalendarDate {
		out.Body.Dates, out.Body.Cut = out.Body.Dates[:maxCalendarDate], true
	}
	return out, nil
}

// named are the arguments of its title in a language.
func (d Date) named(lang locale.Language) colophon.Args {
	name := map[locale.Language]string{locale.English: d.Of.EN, locale.Chinese: d.Of.ZH}[lang]
	if name == "" {
		return d.Args
	}
	args := colophon.Args{"name": name}
	maps.Copy(args, d.Args)
	return args
}

// calendarICS writes the dates for programs that keep calendars. It has no place to say that something is missing, so that it is
// refused where something is.
func (s *server) calendarICS(ctx context.Context, in *calendarInput) (*stream, error) {
	out, err := s.calendar(ctx, in)
	switch {
	case err != nil:
		return nil, err
	case len(out.Body.Blind) > 0:
		return nil, refuse(colophon.Internal, CodeUnavailable)
	case out.Body.Cut:
		return nil, invalid("query.until", "expected a shorter time or one kind: there are too many dates")
	}
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Colophon//calendar//EN\r\n")
	for _, d := range out.Body.Dates {
		b.WriteString("BEGIN:VEVENT\r\n")
		for _, line := range []string{"UID:" + d.Kind + "-" + string(d.Code) + "-" + d.ID + "-" + d.At.UTC().Format("20060102T150405Z"), "DTSTAMP:" + out.Body.From.UTC().Format("20060102T150405Z"),
			"DTSTART:" + d.At.UTC().Format("20060102T150405Z"), "SUMMARY:" + escapeICS(d.Title), "CATEGORIES:" + escapeICS(d.Kind)} {
			b.WriteString(foldICS(line))
		}
		b.WriteString("END:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="calendar.ics"`)
		copyOut(w, strings.NewReader(b.String()))
	}), nil
}

// escapeICS escapes what would end a value (RFC 5545 3.3.11).
func escapeICS(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r", "", "\n", `\n`).Replace(s)
}

// foldICS ends a line, and breaks it where it is longer than 75 octets, never inside a sign (RFC 5545 3.1).
func foldICS(line string) string {
	var b strings.Builder
	n := 0
	for _, r := range line {
		size := len(string(r))
		if n+size > 74 {
			b.WriteString("\r\n ")
			n = 1
		}
		b.WriteRune(r)
		n += size
	}
	return b.String() + "\r\n"
}

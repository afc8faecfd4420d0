package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/production"
)

type contentCommand struct {
	remote
	List   contentListCommand   `cmd:""`
	Show   contentShowCommand   `cmd:""`
	Bundle contentBundleCommand `cmd:""`
}

// span is a time from which and up to which a list goes, and how long it gets.
type span struct {
	Since moment `placeholder:"TIME"`
	Until moment `placeholder:"TIME"`
	Limit int    `placeholder:"N" default:"100"`
}

// moment is a time on the command line: a day, which begins here at midnight, or a time with its zone.
type moment struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) (err error) {
	if m.Time, err = time.ParseInLocation(time.DateOnly, string(text), time.Local); err != nil {
		m.Time, err = time.Parse(time.RFC3339, string(text))
	}
	return err
}

// filter are the parameters of a list.
func (p span) filter(words map[string]string) url.Values {
	filter := url.Values{}
	for name, at := range map[string]moment{"from": p.Since, "to": p.Until} {
		if !at.IsZero() {
			filter.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	for name, value := range words {
		if value != "" {
			filter.Set(name, value)
		}
	}
	return filter
}

// most is how many entries one page of a list has at most.
const most = 500

// listed prints what a filter selects, as many as are wanted, and says so where there are more.
func listed[T any](s *session, p span, filter url.Values, fetch func(client.Listing) ([]T, string, error), keep func(T) bool, row func(T) string) error {
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	shown := 0
	for l := (client.Listing{Filter: filter, Limit: most}); ; {
		list, next, err := fetch(l)
		if err != nil {
			return err
		}
		for _, one := range list {
			switch {
			case !keep(one):
			case p.Limit > 0 && shown == p.Limit:
				fmt.Fprintln(s.Stderr, s.say.Say("list-more", "count", itoa(shown)))
				return w.Flush()
			case s.json:
				s.printJSON(one)
				shown++
			default:
				fmt.Fprintln(w, row(one))
				shown++
			}
		}
		if l.Cursor = next; next == "" {
			return w.Flush()
		}
	}
}

type contentListCommand struct {
	span
	Subject  string   `placeholder:"PSEUDONYM"`
	Class    string   `placeholder:"WORD"`
	Function string   `placeholder:"ID"`
	Service  string   `placeholder:"ID"`
	Format   string   `placeholder:"WORD"`
	State    []string `placeholder:"WORD"`
	Model    string   `placeholder:"NAME"`
}

// Run lists content, the newest first. Which registered function made an item stands in its marks alone, so that the server
// can't look for it.
func (c *contentListCommand) Run(s *session, content *contentCommand) error {
	return content.call(s, func(ctx context.Context, server *client.Client) error {
		filter := c.filter(map[string]string{"newest": "true", "subject": c.Subject, "function": c.Class, "format": c.Format, "model": c.Model})
		if len(c.State) > 0 {
			filter["state"] = c.State
		}
		functions, err := c.functions(ctx, server)
		if err != nil {
			return err
		}
		keep := func(a client.Artefact) bool {
			return functions == nil || slices.Contains(functions, registered(a))
		}
		return listed(s, c.span, filter, func(l client.Listing) ([]client.Artefact, string, error) { return server.Artefacts(ctx, l) }, keep, s.contentRow)
	})
}

// functions are the registered functions that are asked for; nil for whatever made it.
func (c *contentListCommand) functions(ctx context.Context, server *client.Client) ([]string, error) {
	switch {
	case c.Service == "" && c.Function == "":
		return nil, nil
	case c.Service == "":
		return []string{c.Function}, nil
	}
	if _, err := server.Service(ctx, c.Service); err != nil { // of a name that is misspelt there are no functions
		return nil, err
	}
	list, err := pages(url.Values{"service": {c.Service}}, func(l client.Listing) ([]client.Function, string, error) { return server.Functions(ctx, l) })
	functions := []string{}
	for _, f := range list {
		if c.Function == "" || c.Function == f.ID {
			functions = append(functions, f.ID)
		}
	}
	return functions, err
}

// marksOf reads what was read back from the marked bytes; nil for an item without marks.
func marksOf(a client.Artefact) *production.Marks {
	var m *production.Marks
	if len(a.Marks) == 0 || json.Unmarshal(a.Marks, &m) != nil {
		return nil
	}
	return m
}

// registered is the registered function that made an item; empty where none was named, and where the item has no marks yet.
func registered(a client.Artefact) string {
	if m := marksOf(a); m != nil && m.Policy.Use != nil {
		return m.Policy.Use.Function
	}
	return ""
}

func (s *session) contentRow(a client.Artefact) string {
	return strings.Join([]string{locale.Visible(a.Number), s.word("page-artefact-state-", a.State), locale.Visible(a.Format), s.word("page-function-class-", a.Function),
		a.Created.Local().Format(time.DateTime), locale.Visible(a.Model), locale.Visible(a.Subject)}, "\t")
}

type contentShowCommand struct {
	Number string `arg:"" name:"number"`
}

// shownContent is an item with what is known about it. A part that could not be read is nil and stands among Untold; of one in
// More there is more than stands here.
type shownContent struct {
	client.Artefact
	Judgements []client.Judged   `json:"judgements"`
	Deliveries []client.Delivery `json:"deliveries"`
	Records    []client.Proven   `json:"records"`
	More       []string          `json:"more"`
	Untold     []string          `json:"untold"`
}

// Run shows an item with its marks, what was judged about it, to whom it was handed out, and its records.
func (c *contentShowCommand) Run(s *session, content *contentCommand) error {
	return content.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.Artefact(ctx, c.Number)
		if err != nil {
			return err
		}
		v := shownContent{Artefact: a, More: []string{}, Untold: []string{}}
		why := map[string]error{}
		part := func(name, next string, err error) {
			if err != nil {
				v.Untold, why[name] = append(v.Untold, name), answered(err)
			} else if next != "" {
				v.More = append(v.More, name)
			}
		}
		var next string
		v.Judgements, next, err = server.Judgements(ctx, client.Listing{Filter: url.Values{"about": {a.Number}}, Limit: most})
		part("judgements", next, err)
		v.Deliveries, next, err = server.Deliveries(ctx, a.Number, client.Listing{Limit: most})
		part("deliveries", next, err)
		v.Records, err = server.Proofs(ctx, a.Number)
		part("records", "", err)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(v.Untold) > 0 {
			s.exit = exitCouldNotTell
		}
		if s.json {
			s.printJSON(v)
			return nil
		}
		s.printContent(v)
		for _, name := range v.Untold {
			fmt.Fprintf(s.Stdout, "%s: %s\n", s.say.Say(contentPart(name)), s.say.Say("content-untold", "why", s.say.Error(why[name])))
		}
		return nil
	})
}

// contentPart is the title of a part, as the page of an item has it.
func contentPart(name string) string {
	return map[string]string{"marks": "page-marks", "judgements": "page-screened", "deliveries": "page-handed", "records": "page-records-of"}[name]
}

// printContent prints all parts that could be read.
func (s *session) printContent(v shownContent) {
	fmt.Fprintln(s.Stdout, s.contentText(v.Artefact))
	part := func(name string, known bool, rows []string) {
		if !known {
			return
		}
		fmt.Fprintln(s.Stdout, s.say.Say(contentPart(name)))
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for _, row := range rows {
			fmt.Fprintln(w, "  "+row)
		}
		w.Flush() //nolint:errcheck // the output is gone then
		if len(rows) == 0 {
			fmt.Fprintln(s.Stdout, "  "+s.say.Say(contentPart(name)+"-none"))
		}
		if slices.Contains(v.More, name) {
			fmt.Fprintln(s.Stdout, "  "+s.say.Say("list-more", "count", itoa(len(rows))))
		}
	}
	part("marks", true, s.markRows(v.Artefact))
	var rows []string
	for _, j := range v.Judgements {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s  %s\t%s", j.At.Local().Format(time.DateTime), s.word("page-surface-", j.Surface), s.word("screen-action-", j.Action), s.word("screen-verdict-", j.Verdict), categories(j)))
	}
	part("judgements", v.Judgements != nil, rows)
	rows = nil
	for _, d := range v.Deliveries {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s", d.At.Local().Format(time.DateTime), s.word("page-channel-", d.How), locale.Visible(d.To)))
	}
	part("deliveries", v.Deliveries != nil, rows)
	rows = nil
	for _, p := range v.Records {
		rows = append(rows, s.recordRow(p.Record))
	}
	part("records", v.Records != nil, rows)
}

// contentText is an item in a few lines.
func (s *session) contentText(a client.Artefact) string {
	words := slices.DeleteFunc(strings.Split(s.contentRow(a), "\t"), func(word string) bool { return word == "" })
	lines := []string{strings.Join(words, "  ")}
	add := func(key, value string) {
		if value != "" {
			lines = append(lines, "  "+s.say.Say(key, "value", locale.Visible(value)))
		}
	}
	if a.Reason != nil {
		add("content-reason", whole(a.Reason.Code, a.Reason.Sentence))
	}
	add("content-function", registered(a))
	add("content-digest", a.After)
	add("content-parents", strings.Join(a.Parents, ", "))
	return strings.Join(lines, "\n")
}

// markRows are what was read back from the marked bytes.
func (s *session) markRows(a client.Artefact) []string {
	m := marksOf(a)
	if m == nil {
		return nil
	}
	f := m.Label.Fields
	rows := []string{fmt.Sprintf("[%s]\tLabel\t%s", m.Label.Place, s.labelValue(f.Label))}
	for _, row := range [][2]string{{"ContentProducer", f.ContentProducer}, {"ProduceID", f.ProduceID}, {"ContentPropagator", f.ContentPropagator}, {"PropagateID", f.PropagateID}} {
		if row[1] != "" {
			rows = append(rows, "\t"+row[0]+"\t"+locale.Visible(row[1]))
		}
	}
	n := m.Notice
	return append(rows, s.say.Say("content-notice")+"\t"+s.word("page-notice-state-", string(n.State))+"\t"+locale.Visible(n.Words+"  "+n.Place))
}

// categories are what the checks found, each once.
func categories(j client.Judged) string {
	var found []string
	for _, f := range j.Facts {
		if !slices.Contains(found, f.Category) {
			found = append(found, f.Category)
		}
	}
	return locale.Visible(strings.Join(found, ", "))
}

type contentBundleCommand struct {
	Out          string `short:"o" required:"" placeholder:"FILE"`
	Force        bool
	WithoutFiles bool
	Numbers      []string `arg:"" name:"number"`
}

// Run has the server make the evidence bundle of some items. What breaks off leaves no file.
func (c *contentBundleCommand) Run(s *session, content *contentCommand) error {
	return content.call(s, func(ctx context.Context, server *client.Client) error {
		b := durable.NewBatch(durable.Options{Force: c.Force})
		defer b.Abort()
		f, err := b.Create(c.Out, nil)
		if err != nil {
			return err
		}
		if err := server.Bundle(ctx, f, !c.WithoutFiles, c.Numbers...); err != nil {
			return err
		}
		if err := f.Finish(); err != nil {
			return err
		}
		if err := b.Commit(); err != nil {
			return err
		}
		if s.json {
			s.printJSON(map[string]any{"file": c.Out, "numbers": c.Numbers})
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("content-bundled", "file", locale.Visible(c.Out), "count", itoa(len(c.Numbers))))
		return nil
	})
}

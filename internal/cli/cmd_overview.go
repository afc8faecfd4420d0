package cli

import (
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type overviewCommand struct {
	remote
	Days int `default:"7" placeholder:"N"`
}

// Run says what needs a person now, and how everything stands. It exits 4 where something is overdue, and 5 where something
// could not be told.
func (c *overviewCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		now := time.Now()
		o, err := server.Overview(ctx, client.OverviewQuery{From: now.AddDate(0, 0, -c.Days), To: now, Step: "day"})
		if err != nil {
			return err
		}
		for _, w := range o.Waiting {
			if w.Late > 0 {
				s.exit = exitNotConforming
			}
		}
		if len(o.Untold) > 0 {
			s.exit = exitCouldNotTell
		}
		if s.json {
			s.printJSON(o)
			return nil
		}
		return s.overview(o, c.Days)
	})
}

// overview prints an overview.
func (s *session) overview(o client.Overview, days int) error {
	n := func(n int64) string { return strconv.FormatInt(n, 10) }
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	nothing := true
	for _, x := range o.Waiting {
		if x.Count == 0 || x.Kind == "orders-in-force" || x.Kind == "records-unlogged" && x.Late == 0 {
			continue
		}
		nothing = false
		late := ""
		if x.Late > 0 {
			late = s.say.Say("overview-late", "count", n(x.Late))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\n", x.Count, s.say.Say("overview-need-"+locale.Visible(x.Kind)), late)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	line := func(key string, args ...string) { fmt.Fprintln(s.Stdout, s.say.Say(key, args...)) }
	if nothing && o.Waiting != nil {
		line("overview-nothing")
	}
	line("overview-days", "days", strconv.Itoa(days))
	if c := o.Coverage; c != nil {
		line("overview-coverage", "marked", n(c.Total.Marked), "made", n(c.Total.Made), "waiting", n(c.Total.Waiting), "failed", n(c.Total.Failed))
	}
	if c := o.Screening; c != nil {
		t := c.Total
		line("overview-screening", "all", n(t.Allowed+t.Labelled+t.Limited+t.Held+t.Refused), "held", n(t.Held), "refused", n(t.Refused), "untold", n(t.Untold))
	}
	if g := o.Gateway; g != nil {
		up := 0
		for _, t := range g.Targets {
			if t.State == "up" {
				up++
			}
		}
		line("overview-gateway", "up", strconv.Itoa(up), "places", strconv.Itoa(len(g.Targets)), "calls", n(g.Hour.Calls), "failed", n(g.Hour.Failed), "p50", s.milliseconds(g.Hour.P50), "p99", s.milliseconds(g.Hour.P99))
	}
	if l := o.Log; l != nil {
		covered := s.say.Say("overview-none")
		if l.Covered != nil {
			covered = l.Covered.Local().Format(time.DateTime)
		}
		line("overview-log", "size", strconv.FormatUint(l.Size, 10), "covered", covered, "waiting", n(l.Waiting))
	}
	for _, part := range o.Untold {
		line("overview-untold", "part", locale.Visible(part))
	}
	return nil
}

func (s *session) milliseconds(ms *float64) string {
	if ms == nil {
		return s.say.Say("overview-none")
	}
	return strconv.FormatFloat(*ms, 'f', 0, 64) + " ms"
}

package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type calendarCommand struct {
	remote
	From  moment `placeholder:"TIME"`
	Until moment `placeholder:"TIME"`
	Kind  string `placeholder:"WORD"`
	ICS   bool   `name:"ics"`
}

// Run lists what is due when.
func (c *calendarCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if c.ICS {
			from, err := server.CalendarICS(ctx, c.From.Time, c.Until.Time, c.Kind)
			if err != nil {
				return err
			}
			defer from.Close()
			_, err = io.Copy(s.Stdout, from)
			return err
		}
		out, err := server.Calendar(ctx, c.From.Time, c.Until.Time, c.Kind)
		if err != nil {
			return err
		}
		if s.json {
			s.printJSON(out)
			return nil
		}
		w := s.columns()
		for _, d := range out.Dates {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.At.Local().Format(time.DateTime), s.say.Say("page-calendar-state-"+d.State), locale.Visible(d.Title), locale.Visible(d.ID))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if len(out.Blind) > 0 {
			fmt.Fprintln(s.Stderr, s.say.Say("page-calendar-blind"))
		}
		if out.Cut {
			fmt.Fprintln(s.Stderr, s.say.Say("page-calendar-cut"))
		}
		return nil
	})
}

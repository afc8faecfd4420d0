package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type orderCommand struct {
	remote
	List    orderListCommand    `cmd:""`
	Show    orderShowCommand    `cmd:""`
	Issue   orderIssueCommand   `cmd:""`
	Drill   orderDrillCommand   `cmd:""`
	Release orderReleaseCommand `cmd:""`
	Confirm orderConfirmCommand `cmd:""`
	Keep    orderKeepCommand    `cmd:""`
}

type orderListCommand struct {
	State []string `placeholder:"WORD"`
}

// Run lists control orders, the newest first.
func (c *orderListCommand) Run(s *session, o *orderCommand) error {
	return o.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, url.Values{"state": c.State}, server.Orders, func(o client.ControlOrder) []string {
			return []string{locale.Visible(o.ID), s.say.Say("order-state-" + o.State), s.say.Say("order-action-" + o.Action), s.orderTarget(o), o.Issued.Local().Format(time.DateTime)}
		})
	})
}

// orderTarget says what an order is about.
func (s *session) orderTarget(o client.ControlOrder) string {
	text := s.say.Say("order-scope-" + o.Scope)
	if o.Target != "" {
		text += " " + locale.Visible(o.Target)
	}
	if o.Drill {
		text += " (" + s.say.Say("order-drill") + ")"
	}
	return text
}

type orderShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows an order, and since when it is effective on each node.
func (c *orderShowCommand) Run(s *session, o *orderCommand) error {
	return o.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.Order(ctx, c.ID)
		return s.ordered(o, err)
	})
}

// ordered prints an order.
func (s *session) ordered(o client.ControlOrder, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(o)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s: %s %s\n", locale.Visible(o.ID), s.say.Say("order-state-"+o.State), s.say.Say("order-action-"+o.Action), s.orderTarget(o))
	for _, n := range o.Nodes {
		last := s.say.Say("order-no-output")
		if n.LastOutput != nil {
			last = n.LastOutput.Local().Format("2006-01-02 15:04:05.000")
		}
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("order-node", "node", locale.Visible(n.Node), "at", n.Effective.Local().Format("2006-01-02 15:04:05.000"),
			"milliseconds", strconv.FormatInt(n.Milliseconds, 10), "last", last))
	}
	return nil
}

type orderIssueCommand struct {
	Scope     string        `arg:"" name:"scope" enum:"service,function,model,template,account,content,publish,registration,everything"`
	Target    string        `arg:"" name:"target" optional:""`
	Account   string        `placeholder:"ID"`
	Action    string        `placeholder:"stop|limit|quarantine" default:"stop" enum:"stop,limit,quarantine"`
	Basis     string        `placeholder:"WORD" default:"own" enum:"own,incident,court,authority"`
	Reference string        `placeholder:"TEXT"`
	For       time.Duration `placeholder:"48h"`
	Reason    string        `required:"" placeholder:"TEXT"`
}

// Run gives an order.
func (c *orderIssueCommand) Run(s *session, o *orderCommand) error {
	return o.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.IssueOrder(ctx, client.OrderDraft{Scope: c.Scope, Target: c.Target, Account: c.Account, Action: c.Action, Basis: c.Basis, Reference: c.Reference, Until: until(c.For), Reason: c.Reason})
		return s.ordered(o, err)
	})
}

// until is the end of a time that begins now; none for a time that is zero.
func until(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

type orderDrillCommand struct {
	Account string        `arg:"" name:"account"`
	For     time.Duration `placeholder:"10m"`
	Reason  string        `required:"" placeholder:"TEXT"`
}

// Run gives an order that stops a test account.
func (c *orderDrillCommand) Run(s *session, o *orderCommand) error {
	return o.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.DrillOrder(ctx, c.Account, until(c.For), c.Reason)
		return s.ordered(o, err)
	})
}

type orderStep struct {
	ID     string `arg:"" name:"id"`
	Reason string `required:"" placeholder:"TEXT"`
}

func (c *orderStep) run(s *session, o *orderCommand, step func(*client.Client, context.Context, string, string) (client.ControlOrder, error)) error {
	return o.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := step(server, ctx, c.ID, c.Reason)
		return s.ordered(o, err)
	})
}

type orderReleaseCommand struct{ orderStep }

// Run proposes to end an order.
func (c *orderReleaseCommand) Run(s *session, o *orderCommand) error {
	return c.run(s, o, (*client.Client).ReleaseOrder)
}

type orderConfirmCommand struct{ orderStep }

// Run ends an order whose end somebody else proposed.
func (c *orderConfirmCommand) Run(s *session, o *orderCommand) error {
	return c.run(s, o, (*client.Client).ConfirmOrder)
}

type orderKeepCommand struct{ orderStep }

// Run turns a proposal to end an order down.
func (c *orderKeepCommand) Run(s *session, o *orderCommand) error {
	return c.run(s, o, (*client.Client).KeepOrder)
}

package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

// codeNotJSON is an error about a file that a command reads; arg "file".
const codeNotJSON colophon.Code = "input-not-json"

// maxInput is the largest file that describes something, in bytes.
const maxInput = 1 << 20

type serviceCommand struct {
	List    serviceListCommand    `cmd:""`
	Show    serviceShowCommand    `cmd:""`
	Add     serviceAddCommand     `cmd:""`
	Change  serviceChangeCommand  `cmd:""`
	Live    serviceLiveCommand    `cmd:""`
	Waive   serviceWaiveCommand   `cmd:""`
	Suspend serviceSuspendCommand `cmd:""`
	Retire  serviceRetireCommand  `cmd:""`
}

// input reads a file, or the standard input for -.
func (s *session) input(path string, most int64) ([]byte, error) {
	var from io.Reader = s.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, durable.Fault(path, err)
		}
		defer f.Close() //nolint:errcheck // it was only read
		from = f
	}
	raw, err := io.ReadAll(io.LimitReader(from, most))
	return raw, durable.Fault(path, err)
}

// described reads JSON that has the fields of v and no others.
func (s *session) described(path string, v any) error {
	raw, err := s.input(path, maxInput)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	if err == nil && d.InputOffset() < int64(len(bytes.TrimRight(raw, " \t\r\n"))) {
		err = errors.New("something after the JSON")
	}
	if err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: codeNotJSON, Args: colophon.Args{"file": path}, Err: err}
	}
	return nil
}

// pages calls list for one page after the other.
func pages[T any](filter url.Values, list func(client.Listing) ([]T, string, error)) (all []T, err error) {
	for l := (client.Listing{Filter: filter}); ; {
		page, next, err := list(l)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if l.Cursor = next; next == "" {
			return all, nil
		}
	}
}

type serviceListCommand struct {
	remote
	Service string   `placeholder:"ID"`
	State   []string `placeholder:"WORD"`
	Public  bool
}

// Run lists functions, or what everybody sees of those that are live.
func (c *serviceListCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if c.Public {
			list, err := server.PublicServices(ctx)
			for _, p := range list {
				s.printJSON(p)
			}
			return err
		}
		filter := chosen(map[string]string{"service": c.Service})
		filter["state"] = c.State
		return tableOf(ctx, s, filter, server.Functions, func(f client.Function) []string {
			return []string{f.ID, s.say.Say("function-state-" + f.State), f.Function.Service, f.Function.Kind, locale.Visible(s.local(f.Function.Names))}
		})
	})
}

// local is the text in the reader's language.
func (s *session) local(p client.TextPair) string {
	if s.say.Language == locale.Chinese {
		return p.ZH
	}
	return p.EN
}

type serviceShowCommand struct {
	remote
	Function string `arg:"" name:"function"`
}

// Run shows a function with its conditions. It exits as checks do.
func (c *serviceShowCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		f, err := server.Function(ctx, c.Function)
		if err != nil {
			return err
		}
		for _, condition := range f.Conditions {
			switch {
			case condition.Met:
			case condition.Verdict == colophon.Failed.String():
				s.exit = exitNotConforming
			case s.exit == exitDone:
				s.exit = exitCouldNotTell
			}
		}
		s.printFunction(f)
		return nil
	})
}

func (s *session) printFunction(f client.Function) {
	if s.json {
		s.printJSON(f)
		return
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", f.ID, s.say.Say("function-state-"+f.State), locale.Visible(cmp.Or(f.Reason, s.local(f.Function.Names))))
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	for _, c := range f.Conditions {
		why := ""
		if c.Reason != nil {
			why = c.Reason.Sentence
		}
		if c.Waiver != nil {
			why += " (" + s.say.Say("function-waived", "by", c.Waiver.By, "until", c.Waiver.Until.Format(time.RFC3339), "reason", locale.Visible(c.Waiver.Reason)) + ")"
		}
		verdict := s.say.Say("mark-" + c.Verdict)
		if c.Met && !c.Asked {
			verdict = s.say.Say("function-exempt")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", verdict, s.say.Say("function-on-"+c.Name), c.Clause, why)
	}
	w.Flush() //nolint:errcheck // the output is gone then
}

// functioned prints a function after a change.
func (s *session) functioned(f client.Function, err error) error {
	if err == nil {
		s.printFunction(f)
	}
	return err
}

type serviceAddCommand struct {
	remote
	File string `arg:"" name:"file"`
}

// Run adds a service or a function.
func (c *serviceAddCommand) Run(s *session) error {
	var in struct {
		ID       string
		Service  *client.ServiceText
		Function *client.FunctionText
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if err := s.described(c.File, &in); err != nil {
			return err
		}
		if (in.Service == nil) == (in.Function == nil) {
			return invalid(codeNotJSON, "file", c.File)
		}
		if in.Service != nil {
			added, err := server.AddService(ctx, in.ID, *in.Service)
			if err == nil {
				s.printJSON(added)
			}
			return err
		}
		return s.functioned(server.AddFunction(ctx, in.ID, *in.Function))
	})
}

type serviceChangeCommand struct {
	remote
	Function string `arg:"" name:"function"`
	File     string `arg:"" name:"file"`
}

// Run describes a function anew.
func (c *serviceChangeCommand) Run(s *session) error {
	var text client.FunctionText
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if err := s.described(c.File, &text); err != nil {
			return err
		}
		return s.functioned(server.ChangeFunction(ctx, c.Function, text))
	})
}

type serviceLiveCommand struct {
	remote
	Function string `arg:"" name:"function"`
}

// Run lets a function go live.
func (c *serviceLiveCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.functioned(server.GoLive(ctx, c.Function))
	})
}

type serviceWaiveCommand struct {
	remote
	Condition string    `required:"" placeholder:"WORD"`
	Reason    string    `required:"" placeholder:"TEXT"`
	Until     time.Time `required:"" placeholder:"TIME"`
	Function  string    `arg:"" name:"function"`
}

// Run waives a condition.
func (c *serviceWaiveCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.functioned(server.Waive(ctx, c.Function, c.Condition, c.Reason, c.Until))
	})
}

type serviceSuspendCommand struct {
	remote
	Reason   string `required:"" placeholder:"TEXT"`
	Function string `arg:"" name:"function"`
}

// Run stops a function.
func (c *serviceSuspendCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.functioned(server.SuspendFunction(ctx, c.Function, c.Reason))
	})
}

type serviceRetireCommand struct {
	remote
	Reason   string `required:"" placeholder:"TEXT"`
	Function string `arg:"" name:"function"`
}

// Run ends a function.
func (c *serviceRetireCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.functioned(server.RetireFunction(ctx, c.Function, c.Reason))
	})
}

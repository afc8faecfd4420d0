package cli

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type algorithmCommand struct {
	remote
	List    algorithmListCommand    `cmd:""`
	Show    algorithmShowCommand    `cmd:""`
	Add     algorithmAddCommand     `cmd:""`
	Change  algorithmChangeCommand  `cmd:""`
	Declare algorithmDeclareCommand `cmd:""`
	Bind    algorithmBindCommand    `cmd:""`
	Retire  algorithmRetireCommand  `cmd:""`
}

type algorithmListCommand struct {
	State []string `placeholder:"WORD"`
}

// Run lists algorithms with what serves them.
func (c *algorithmListCommand) Run(s *session, p *algorithmCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, url.Values{"state": c.State}, server.Algorithms, func(a client.Algorithm) []string {
			return []string{locale.Visible(a.ID), s.say.Say("algorithm-state-" + a.State), s.serves(a), s.say.Say("algorithm-provenance", "verdict", s.say.Say("page-verdict-"+a.Provenance))}
		})
	})
}

// serves says which version serves.
func (s *session) serves(a client.Algorithm) string {
	switch {
	case !a.Told || a.Serving == nil:
		return s.say.Say("algorithm-serves-untold")
	case a.Serving.Version == "":
		return s.say.Say("algorithm-serves-undeclared")
	}
	return s.say.Say("algorithm-serves", "version", locale.Visible(a.Serving.Version))
}

// algorithm prints an algorithm.
func (s *session) algorithm(a client.Algorithm, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(a)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(a.ID), s.say.Say("algorithm-state-"+a.State), s.serves(a))
	if a.Serving != nil {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("algorithm-serving", "digest", locale.Visible(a.Serving.Digest), "since", a.Serving.Since.Local().Format(time.DateTime)))
	}
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("algorithm-provenance", "verdict", s.say.Say("page-verdict-"+a.Provenance)))
	for _, r := range a.Reasons {
		fmt.Fprintln(s.Stdout, "    "+locale.Visible(r.Sentence.Sentence))
	}
	for _, v := range a.Versions {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("algorithm-version", "version", locale.Visible(v.Name), "digest", locale.Visible(v.Serving)))
	}
	return nil
}

type algorithmShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows an algorithm.
func (c *algorithmShowCommand) Run(s *session, p *algorithmCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.Algorithm(ctx, c.ID)
		return s.algorithm(a, err)
	})
}

type algorithmAddCommand struct {
	ID   string `arg:"" name:"id"`
	File string `arg:"" name:"file"`
}

// Run enters an algorithm as a file describes it.
func (c *algorithmAddCommand) Run(s *session, p *algorithmCommand) error {
	var t client.AlgorithmText
	if err := s.described(c.File, &t); err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.AddAlgorithm(ctx, c.ID, t)
		return s.algorithm(a, err)
	})
}

type algorithmChangeCommand struct {
	ID   string `arg:"" name:"id"`
	File string `arg:"" name:"file"`
}

// Run describes an algorithm anew.
func (c *algorithmChangeCommand) Run(s *session, p *algorithmCommand) error {
	var t client.AlgorithmText
	if err := s.described(c.File, &t); err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.ChangeAlgorithm(ctx, c.ID, t)
		return s.algorithm(a, err)
	})
}

type algorithmDeclareCommand struct {
	Weights string `placeholder:"SHA256"`
	Note    string `placeholder:"TEXT"`
	ID      string `arg:"" name:"id"`
	Version string `arg:"" name:"version"`
}

// Run declares a version.
func (c *algorithmDeclareCommand) Run(s *session, p *algorithmCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.DeclareVersion(ctx, c.ID, c.Version, c.Weights, c.Note)
		return s.algorithm(a, err)
	})
}

type algorithmBindCommand struct {
	ID      string `arg:"" name:"id"`
	Version string `arg:"" name:"version"`
}

// Run says that what serves now is a version.
func (c *algorithmBindCommand) Run(s *session, p *algorithmCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.BindVersion(ctx, c.ID, c.Version)
		return s.algorithm(a, err)
	})
}

type algorithmRetireCommand struct {
	ID string `arg:"" name:"id"`
}

// Run ends an algorithm for good.
func (c *algorithmRetireCommand) Run(s *session, p *algorithmCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.RetireAlgorithm(ctx, c.ID)
		return s.algorithm(a, err)
	})
}

package cli

import (
	"fmt"

	"github.com/colophon-project/colophon/internal/app"
)

type keysCommand struct {
	Rotate rotateCommand `cmd:""`
}

type rotateCommand struct {
	deployment
	Kind string `arg:"" name:"kind" enum:"seal,log,envelope,staff,watermark"`
}

// Run makes the next key of a kind.
func (c *rotateCommand) Run(s *session) error {
	config, set, err := c.settings(s, nil)
	if err != nil {
		return err
	}
	done, err := app.Rotate(s.ctx, config, set, c.Kind)
	if err != nil {
		return err
	}
	if s.json {
		s.printJSON(done)
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("keys-rotated", "kind", c.Kind, "rewrapped", itoa(done.Rewrapped)))
	fmt.Fprintln(s.Stdout, s.say.Say("keys-rotated-"+c.Kind, "folder", set.Keys))
	return nil
}

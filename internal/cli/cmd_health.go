package cli

import (
	"fmt"

	"github.com/colophon-project/colophon/internal/app"
)

type healthCommand struct{ deployment }

// Run asks the server on this machine whether it can serve requests: for container engines and watchdogs.
func (c *healthCommand) Run(s *session) error {
	_, set, err := c.settings(s, nil)
	if err != nil {
		return err
	}
	if err := app.Health(s.ctx, set); err != nil {
		s.stop(err)
		return nil
	}
	if s.json {
		s.printJSON(map[string]bool{"ready": true})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("health-ready"))
	return nil
}

package cli

import (
	"fmt"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
)

type doctorCommand struct{}

type jsonCheck struct {
	Check   string           `json:"check"`
	Verdict colophon.Verdict `json:"verdict"`
	Message string           `json:"message"`
}

// Run checks that Colophon can do its work on this machine and with this configuration.
func (doctorCommand) Run(s *session) error {
	for _, check := range app.Diagnose(s.ctx, s.config) {
		if check.Verdict == colophon.Failed {
			s.exit = exitError
		}
		message := s.say.Code(check.Code, check.Args)
		if s.json {
			s.printJSON(jsonCheck{check.Name, check.Verdict, message})
			continue
		}
		fmt.Fprintf(s.Stdout, "%s  %s\n", s.say.Say("mark-"+check.Verdict.String()), message)
	}
	return nil
}

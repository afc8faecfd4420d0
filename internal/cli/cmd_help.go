package cli

import (
	"fmt"
	"strings"
)

type helpCommand struct {
	Topic []string `arg:"" optional:"" name:"topic"`
}

// Run prints the configuration's documentation, or the help of a command.
func (c *helpCommand) Run(s *session) error {
	if len(c.Topic) == 1 && c.Topic[0] == "config" {
		s.printConfig()
		return nil
	}
	s.exit = s.parse(append(append([]string{}, c.Topic...), "--help"))
	return nil
}

type jsonSetting struct {
	Key   string `json:"key"`
	Env   string `json:"env"`
	Value string `json:"value"`
}

func (s *session) printConfig() {
	if s.json {
		for _, setting := range s.config.Settings(s.Getenv) {
			s.printJSON(jsonSetting{setting.Key, setting.Env, setting.Value})
		}
		return
	}
	fmt.Fprintln(s.Stdout, s.say.Say("config"))
	for _, setting := range s.config.Settings(s.Getenv) {
		value := setting.Value
		if value == "" {
			value = s.say.Say("config-unset")
		}
		fmt.Fprintf(s.Stdout, "\n%s=%s\n", setting.Env, value)
		for _, line := range strings.Split(s.say.Say("config."+setting.Key), "\n") {
			fmt.Fprintf(s.Stdout, "  %s\n", line)
		}
	}
}

type versionCommand struct{}

// Run prints the program's version.
func (versionCommand) Run(s *session) error {
	if s.json {
		s.printJSON(map[string]string{"version": s.Version})
		return nil
	}
	fmt.Fprintln(s.Stdout, "colophon "+s.Version)
	return nil
}

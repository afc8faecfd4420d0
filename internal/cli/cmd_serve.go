package cli

import (
	"errors"
	"fmt"
	"io"
	"log"
	"runtime/debug"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
)

// deployment are the flags of commands that open a deployment. What has no flag of its own is set by --set KEY=VALUE.
type deployment struct {
	Data     string            `placeholder:"DIR"`
	Config   string            `placeholder:"FILE"`
	Postgres string            `placeholder:"URL"`
	Set      map[string]string `placeholder:"KEY=VALUE"`
}

func (d *deployment) settings(s *session, more map[string]string) (app.Config, app.Serving, error) {
	flags := map[string]string{}
	for key, v := range d.Set {
		flags[key] = v
	}
	for key, v := range map[string]string{"data": d.Data, "postgres": d.Postgres} {
		if v != "" {
			flags[key] = v
		}
	}
	for key, v := range more {
		if v != "" {
			flags[key] = v
		}
	}
	c, v, err := s.config.Serve(flags, d.Config, s.Getenv)
	c.Version = s.Version
	return c, v, err
}

type serveCommand struct {
	deployment
	Listen    string `placeholder:"ADDR"`
	PublicURL string `name:"public-url" placeholder:"URL"`
	TLSCert   string `name:"tls-cert" placeholder:"FILE"`
	TLSKey    string `name:"tls-key" placeholder:"FILE"`
	Producer  string `placeholder:"CODE"`
	Trial     bool
}

// Run serves until the person stops it.
func (c *serveCommand) Run(s *session) error {
	config, set, err := c.settings(s, map[string]string{"listen": c.Listen, "public-url": c.PublicURL, "tls-cert": c.TLSCert, "tls-key": c.TLSKey, "producer": c.Producer})
	if err != nil {
		return err
	}
	if c.Trial && config.Producer == "" {
		config.Producer = tryProducer
	}
	if c.Trial && set.Platform == "" {
		set.Platform = tryPlatform
	}
	debug.SetGCPercent(200) // what Process sets is for commands that end soon
	debug.SetMemoryLimit(int64(set.MemoryTarget) << 20)
	log.SetOutput(io.Discard) // there net/http repeats what a model sent unasked
	server, err := app.OpenServer(s.ctx, config, set, s.Stderr)
	if err != nil {
		s.failServe(err)
		return nil
	}
	defer func() {
		if err := server.Close(); err != nil {
			fmt.Fprintln(s.Stderr, s.say.Error(err))
			s.exit = exitError
		}
	}()
	token, err := server.OpenSetUp(s.ctx)
	if err != nil {
		s.failServe(err)
		return nil
	}
	err = server.Run(s.ctx, func(string) {
		if s.json {
			s.printJSON(map[string]string{"url": set.PublicURL, "set_up": setUpLink(set.PublicURL, token)})
			return
		}
		if config.Producer == tryProducer {
			fmt.Fprintln(s.Stdout, s.say.Say("serve-trial"))
		}
		fmt.Fprintln(s.Stdout, s.say.Say("serve-listening", "url", set.PublicURL, "data", set.Data))
		if token != "" {
			fmt.Fprintln(s.Stdout, s.say.Say("serve-set-up", "link", setUpLink(set.PublicURL, token)))
		}
	})
	if err != nil {
		s.failServe(err)
	}
	return nil
}

// failServe tells why the server does not start or go on. Where starting it again won't help before a person mended
// something, the exit code says so.
func (s *session) failServe(err error) {
	s.exit = exitError
	if s.json {
		s.printJSON(map[string]any{"error": s.errorJSON(err)})
	} else {
		fmt.Fprintln(s.Stderr, "colophon: "+s.say.Error(err))
	}
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		s.exit = exitMend
	}
}

func setUpLink(public, token string) string {
	if token == "" {
		return ""
	}
	return public + app.SetUpPath + "#" + token
}

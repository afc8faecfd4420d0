package cli

import (
	"fmt"
	"time"

	"github.com/colophon-project/colophon/credential/pki"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/locale"
)

type pkiCommand struct {
	Init   pkiInitCommand   `cmd:""`
	Rotate pkiRotateCommand `cmd:""`
}

type pkiInitCommand struct {
	Dir          string `arg:"" name:"dir"`
	Profile      string `default:"es256" enum:"es256,es384,es512,ps256,eddsa" placeholder:"PROFILE"`
	Organization string `default:"Colophon test" placeholder:"NAME"`
	Name         string `default:"Test signer" placeholder:"NAME"`
}

// pkiFiles are the files of a test infrastructure, in the order in which a person needs them.
var pkiFiles = [...]string{"signer.key", "signer.pem", "trust.pem", "stamps.key", "stamps.pem", "intermediate.key", "intermediate.pem", "root.key", "root.pem"}

// Run makes a test infrastructure.
func (c *pkiInitCommand) Run(s *session) error {
	if err := app.InitPKI(c.Dir, pki.Profile(c.Profile), c.Organization, c.Name, time.Now()); err != nil {
		s.stop(err)
		return nil
	}
	if s.json {
		s.printJSON(map[string]any{"folder": c.Dir, "profile": c.Profile, "files": pkiFiles})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("pki-made", "folder", locale.Visible(c.Dir)))
	w := s.columns()
	for _, name := range pkiFiles {
		fmt.Fprintf(w, "  %s\t%s\n", name, s.say.Say("pki-file-"+name))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, s.say.Say("pki-next", "folder", locale.Visible(c.Dir)))
	return nil
}

type pkiRotateCommand struct {
	Dir     string `arg:"" name:"dir"`
	Profile string `default:"es256" enum:"es256,es384,es512,ps256,eddsa" placeholder:"PROFILE"`
	Stamps  bool
}

// Run gives the signer, or the time-stamping authority, a new key and certificate.
func (c *pkiRotateCommand) Run(s *session) error {
	serial, err := app.RotatePKI(c.Dir, pki.Profile(c.Profile), c.Stamps, time.Now())
	if err != nil {
		s.stop(err)
		return nil
	}
	if s.json {
		s.printJSON(map[string]any{"folder": c.Dir, "retired": serial})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("pki-rotated", "folder", locale.Visible(c.Dir), "serial", serial))
	return nil
}

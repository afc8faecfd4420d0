package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
)

// codeNoPassword says that no password came on standard input.
const codeNoPassword colophon.Code = "sign-in-no-password"

type signInCommand struct {
	Login  string `arg:""`
	Out    string `required:"" placeholder:"FILE"`
	Server string `placeholder:"URL"`
}

// Run signs a person of the staff in. The password is the first line of standard input; the token stands in a file that
// its owner alone can read.
func (c *signInCommand) Run(s *session) error {
	if s.Terminal {
		fmt.Fprint(s.Stderr, s.say.Say("sign-in-password"))
	}
	line, err := bufio.NewReader(io.LimitReader(s.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return invalid(codeNoPassword)
	}
	if err := os.Remove(c.Out); err != nil && !errors.Is(err, os.ErrNotExist) { // one that is there may be for others to read
		return durable.Fault(c.Out, err)
	}
	return remote{Server: c.Server}.call(s, func(ctx context.Context, server *client.Client) error {
		open, err := server.SignIn(ctx, c.Login, password)
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Out, []byte(open.Token+"\n"), 0o600); err != nil {
			return durable.Fault(c.Out, err)
		}
		if s.json {
			s.printJSON(map[string]any{"file": c.Out, "until": open.Until, "roles": open.Roles})
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("sign-in-done", "file", c.Out, "until", open.Until.Local().Format("2006-01-02 15:04"), "roles", strings.Join(open.Roles, ", ")))
		return nil
	})
}

type signOutCommand struct{ remote }

// Run ends the session in a file, and removes the file.
func (c *signOutCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if err := server.SignOut(ctx); err != nil {
			return err
		}
		if c.APIKey != "" {
			return os.Remove(c.APIKey)
		}
		return nil
	})
}

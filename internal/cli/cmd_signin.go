package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

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
	password, err := s.secret("sign-in-password")
	if err != nil {
		return err
	}
	if password == "" {
		return invalid(codeNoPassword)
	}
	return remote{Server: c.Server}.call(s, func(ctx context.Context, server *client.Client) error {
		open, err := server.SignIn(ctx, c.Login, password)
		if err != nil {
			return err
		}
		if err := keepToken(c.Out, open.Token); err != nil {
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

// secret reads the first line of standard input. A terminal is asked for it, and does not show it.
func (s *session) secret(ask string) (string, error) {
	if f, ok := s.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(s.Stderr, s.say.Say(ask))
		line, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.Stderr)
		return string(line), durable.Fault("-", err)
	}
	line, err := bufio.NewReader(io.LimitReader(s.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", durable.Fault("-", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// keepToken puts a token into a file that its owner alone can read. One that is there may be for others to read, or lead
// elsewhere, so the new one takes its place.
func keepToken(path, token string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".colophon-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has the other name by then
	_, err = f.WriteString(token + "\n")
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
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

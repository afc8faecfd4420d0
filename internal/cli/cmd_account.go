package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

// codeClaimFile says that a claim is no JSON, or has a field that there is none of.
const codeClaimFile colophon.Code = "account-claim-file"

type accountCommand struct {
	remote
	Verify  accountVerifyCommand  `cmd:""`
	Attest  accountAttestCommand  `cmd:""`
	Show    accountShowCommand    `cmd:""`
	List    accountListCommand    `cmd:""`
	Recheck accountRecheckCommand `cmd:""`
	Import  accountImportCommand  `cmd:""`
	Imports accountImportsCommand `cmd:""`
	Approve accountApproveCommand `cmd:""`
	Reject  accountRejectCommand  `cmd:""`
}

// claim reads what somebody says about himself. It stands in no flag, which others could read.
func (s *session) claim(path string) (c client.Claim, err error) {
	from := s.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return c, durable.Fault(path, err)
		}
		defer f.Close()
		from = f
	}
	in := json.NewDecoder(io.LimitReader(from, 64<<10))
	in.DisallowUnknownFields()
	if in.Decode(&c) != nil {
		err = &colophon.Error{Kind: colophon.Invalid, Code: codeClaimFile}
	}
	return c, err
}

type accountVerifyCommand struct {
	Account string `required:"" placeholder:"TEXT"`
	Source  string `required:"" placeholder:"NAME"`
	Claim   string `arg:"" default:"-" name:"claim"`
}

// Run has a source check a claim. It exits as checks do.
func (c *accountVerifyCommand) Run(s *session, a *accountCommand) error {
	claim, err := s.claim(c.Claim)
	if err != nil {
		return err
	}
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.VerifyAccount(ctx, c.Account, c.Source, claim)
		return s.identified(v, err)
	})
}

type accountAttestCommand struct {
	Account     string    `required:"" placeholder:"TEXT"`
	Level       string    `required:"" placeholder:"WORD"`
	Method      string    `default:"other" placeholder:"WORD"`
	Provider    string    `required:"" placeholder:"NAME"`
	Transaction string    `required:"" placeholder:"TEXT"`
	At          time.Time `placeholder:"TIME"`
	Minor       string    `placeholder:"WORD"`
	Claim       string    `placeholder:"FILE"`
}

// Run says that an account was verified elsewhere.
func (c *accountAttestCommand) Run(s *session, a *accountCommand) error {
	at := client.Attestation{Account: c.Account, Level: c.Level, Method: c.Method, Provider: c.Provider, Transaction: c.Transaction, At: c.At, Minor: c.Minor}
	if at.At.IsZero() {
		at.At = time.Now()
	}
	if c.Claim != "" {
		claim, err := s.claim(c.Claim)
		if err != nil {
			return err
		}
		at.Claim = &claim
	}
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.AttestAccount(ctx, at)
		return s.identified(v, err)
	})
}

// identified prints what came of a verification.
func (s *session) identified(v client.AccountVerification, err error) error {
	if err != nil {
		return err
	}
	switch {
	case v.State == "valid":
	case v.Result == "mismatch" || v.Result == "match":
		s.exit = exitNotConforming
	default:
		s.exit = exitCouldNotTell
	}
	if s.json {
		s.printJSON(v)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(v.ID), locale.Visible(v.Subject), s.say.Say("identity-state-"+v.State), s.say.Say("identity-result-"+v.Result))
	if v.Reason != nil {
		fmt.Fprintln(s.Stdout, locale.Visible(v.Reason.Sentence))
	}
	return nil
}

// whose names an account: by the provider's own identifier, or by the pseudonym.
type whose struct {
	Account string `xor:"whose" required:"" placeholder:"TEXT"`
	Subject string `xor:"whose" required:"" placeholder:"PSEUDONYM"`
}

func (w whose) find(ctx context.Context, server *client.Client) (string, error) {
	if w.Subject != "" {
		return w.Subject, nil
	}
	return server.FindAccount(ctx, w.Account)
}

type accountShowCommand struct{ whose }

// Run shows what is known about an account.
func (c *accountShowCommand) Run(s *session, a *accountCommand) error {
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		subject, err := c.find(ctx, server)
		if err != nil {
			return err
		}
		account, err := server.Account(ctx, subject)
		return s.showAccount(account, err)
	})
}

func (s *session) showAccount(a client.Account, err error) error {
	if err != nil {
		return err
	}
	if s.json {
		s.printJSON(a)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(a.Subject), s.say.Say("identity-level-"+a.Level))
	if a.Recheck {
		fmt.Fprintln(s.Stdout, s.say.Say("account-recheck"))
	}
	if a.Vouched != "" {
		fmt.Fprintln(s.Stdout, s.say.Say("identity-vouched-"+a.Vouched))
	}
	if a.Assurance != "" {
		fmt.Fprintln(s.Stdout, s.say.Say("identity-assurance-"+a.Assurance))
	}
	if a.Minor != "" {
		fmt.Fprintln(s.Stdout, s.say.Say("identity-minor-"+a.Minor))
	}
	if a.Until != nil {
		fmt.Fprintln(s.Stdout, s.say.Say("account-until", "time", a.Until.Local().Format(time.DateTime)))
	}
	return nil
}

type accountListCommand struct {
	Subject string   `placeholder:"PSEUDONYM"`
	State   []string `placeholder:"WORD"`
}

// Run lists verifications, the newest first.
func (c *accountListCommand) Run(s *session, a *accountCommand) error {
	filter := chosen(map[string]string{"subject": c.Subject})
	filter["state"] = c.State
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.AccountVerifications, func(v client.AccountVerification) []string {
			return []string{locale.Visible(v.ID), locale.Visible(v.Subject), s.say.Say("identity-level-" + v.Level), s.say.Say("identity-state-" + v.State), locale.Visible(v.Source), v.Requested.Local().Format(time.DateTime)}
		})
	})
}

type accountRecheckCommand struct {
	whose
	Reason string `required:"" placeholder:"WORD"`
}

// Run has an account count as unverified until it is verified anew.
func (c *accountRecheckCommand) Run(s *session, a *accountCommand) error {
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		subject, err := c.find(ctx, server)
		if err != nil {
			return err
		}
		account, err := server.RecheckAccount(ctx, subject, c.Reason)
		return s.showAccount(account, err)
	})
}

type accountImportCommand struct {
	File string `arg:"" name:"file"`
}

// Run proposes the verifications of a file, and says which lines are wrong.
func (c *accountImportCommand) Run(s *session, a *accountCommand) error {
	f, err := os.Open(c.File)
	if err != nil {
		return durable.Fault(c.File, err)
	}
	defer f.Close()
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.ProposeImport(ctx, f)
		return s.imported(v, err)
	})
}

// imported prints where an import is now.
func (s *session) imported(v client.VerificationImport, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(v)
	default:
		fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(v.ID), s.say.Say("import-state-"+v.State), s.say.Say("import-lines", "lines", itoa(v.Lines)))
	}
	return nil
}

type accountImportsCommand struct {
	State []string `placeholder:"WORD"`
}

// Run lists imports, the newest first.
func (c *accountImportsCommand) Run(s *session, a *accountCommand) error {
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		for l := (client.Listing{Filter: url.Values{"state": c.State}}); ; {
			list, next, err := server.VerificationImports(ctx, l)
			if err != nil {
				return err
			}
			for _, v := range list {
				if err := s.imported(v, nil); err != nil {
					return err
				}
			}
			if l.Cursor = next; next == "" {
				return nil
			}
		}
	})
}

type accountApproveCommand struct {
	ID string `arg:"" name:"id"`
}

// Run takes over what somebody else proposed.
func (c *accountApproveCommand) Run(s *session, a *accountCommand) error {
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.ApproveImport(ctx, c.ID)
		return s.imported(v, err)
	})
}

type accountRejectCommand struct {
	ID     string `arg:"" name:"id"`
	Reason string `required:"" placeholder:"WORD"`
}

// Run ends an import.
func (c *accountRejectCommand) Run(s *session, a *accountCommand) error {
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.RejectImport(ctx, c.ID, c.Reason)
		return s.imported(v, err)
	})
}

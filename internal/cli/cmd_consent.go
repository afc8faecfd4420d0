package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
)

// Codes of errors about consents on the command line.
const (
	codeConsentForm colophon.Code = "consent-form" // arg "file": no request in JSON
	codeConsentWhat colophon.Code = "consent-what" // neither a number nor a file to look up
)

type consentCommand struct {
	Request  consentRequestCommand  `cmd:""`
	List     consentListCommand     `cmd:""`
	Show     consentShowCommand     `cmd:""`
	Token    consentTokenCommand    `cmd:""`
	Withdraw consentWithdrawCommand `cmd:""`
	Lookup   consentLookupCommand   `cmd:""`
	Verify   consentVerifyCommand   `cmd:""`
}

type consentRequestCommand struct {
	remote
	File string `arg:"" name:"file"`
}

// maxConsentForm is the longest request, in bytes.
const maxConsentForm = 64 << 10

// Run asks for a consent. The request is the JSON of the API, since it holds names that belong on no command line.
func (c *consentRequestCommand) Run(s *session) error {
	read := func() ([]byte, error) { return os.ReadFile(c.File) }
	if c.File == "-" {
		read = func() ([]byte, error) { return io.ReadAll(io.LimitReader(s.Stdin, maxConsentForm+1)) }
	}
	raw, err := read()
	if err != nil {
		return durable.Fault(c.File, err)
	}
	var r client.ConsentRequest
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // a limit whose name is misspelt must not be lost
	if err := dec.Decode(&r); err != nil || len(raw) > maxConsentForm || dec.More() {
		return &colophon.Error{Kind: colophon.Invalid, Code: codeConsentForm, Args: colophon.Args{"file": c.File}, Err: err}
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.consented(server.RequestConsent(ctx, r))
	})
}

// consented prints where a consent is.
func (s *session) consented(k client.Consent, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(k)
	default:
		fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(k.ID), s.say.Say("consent-state-"+k.State), s.say.Say("consent-level-"+k.Level))
	}
	return nil
}

type consentListCommand struct {
	remote
	State     string `placeholder:"WORD"`
	Requester string `placeholder:"ID"`
	Subject   string `placeholder:"ID"`
}

// Run lists consents, the newest first.
func (c *consentListCommand) Run(s *session) error {
	filter := chosen(map[string]string{"state": c.State, "requester": c.Requester, "subject": c.Subject})
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Consents, func(k client.Consent) []string {
			return []string{locale.Visible(k.ID), s.say.Say("consent-state-" + k.State), s.say.Say("consent-level-" + k.Level), k.Made.Format(time.DateOnly), locale.Visible(k.Terms.Purpose)}
		})
	})
}

type consentShowCommand struct {
	remote
	Certificate string `placeholder:"FILE"`
	ID          string `arg:"" name:"id"`
}

// Run shows a consent with its events, and how far the cascade of one that is over is.
func (c *consentShowCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if c.Certificate != "" {
			raw, err := server.ConsentCertificate(ctx, c.ID)
			if err != nil {
				return err
			}
			return durable.Fault(c.Certificate, os.WriteFile(c.Certificate, raw, 0o644))
		}
		k, err := server.Consent(ctx, c.ID)
		if err := s.consented(k, err); err != nil || s.json {
			return err
		}
		for _, e := range k.Events {
			fmt.Fprintf(s.Stdout, "  %s  %s  %s\n", e.At.Format(time.RFC3339), s.say.Say("consent-event-"+e.Kind), locale.Visible(e.Role))
		}
		if k.Cascade == nil {
			return nil
		}
		for _, step := range k.Cascade.Steps {
			fmt.Fprintf(s.Stdout, "  %s: %s (%d)\n", s.say.Say("consent-step-"+step.Name), s.say.Say("consent-step-is-"+step.State), step.Count)
		}
		for _, r := range k.Cascade.Residue {
			count := itoa(r.Count)
			if r.Count < 0 {
				count = "?"
			}
			fmt.Fprintf(s.Stdout, "  %s: %s\n", s.say.Code(r.Code, nil), count)
		}
		return nil
	})
}

type consentTokenCommand struct {
	remote
	Uses     int           `default:"1" placeholder:"N"`
	For      time.Duration `name:"for" default:"1h" placeholder:"DURATION"`
	Function string        `placeholder:"ID"`
	Scene    string        `placeholder:"WORD"`
	ID       string        `arg:"" name:"id"`
}

// Run makes a token. Its text goes to the standard output alone, and is shown this once.
func (c *consentTokenCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		t, err := server.MintConsentToken(ctx, c.ID, client.ConsentUse{Function: c.Function, Scene: c.Scene}, c.Uses, time.Now().Add(c.For))
		if err != nil {
			return err
		}
		if s.json {
			s.printJSON(t)
			return nil
		}
		fmt.Fprintln(s.Stdout, t.Text)
		fmt.Fprintln(s.Stderr, s.say.Say("consent-token-made", "uses", itoa(t.Uses), "until", t.Until.Format(time.RFC3339)))
		return nil
	})
}

type consentWithdrawCommand struct {
	remote
	Reason string `placeholder:"WORD"`
	ID     string `arg:"" name:"id"`
}

// Run withdraws a consent at the person's request.
func (c *consentWithdrawCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.consented(server.WithdrawConsent(ctx, c.ID, c.Reason))
	})
}

type consentLookupCommand struct {
	remote
	Number string `placeholder:"NUMBER"`
	Code   string `placeholder:"FILE"`
	File   string `arg:"" optional:"" name:"file"`
}

// Run answers whether a file, or what has a content number, was made on the server, when, and with whose consent.
func (c *consentLookupCommand) Run(s *session) error {
	digest, code := "", ""
	switch {
	case (c.Number == "") == (c.File == ""):
		return invalid(codeConsentWhat)
	case c.File != "":
		f, err := durable.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, io.NewSectionReader(f, 0, f.Size())); err != nil {
			return durable.Fault(c.File, err)
		}
		digest = hex.EncodeToString(sum.Sum(nil))
	}
	if c.Code != "" {
		raw, err := os.ReadFile(c.Code)
		if err != nil {
			return durable.Fault(c.Code, err)
		}
		code = strings.TrimSpace(string(raw))
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		f, err := server.LookUpConsent(ctx, code, c.Number, digest)
		if err != nil {
			return err
		}
		s.exit = map[string]int{colophon.Passed.String(): exitDone, colophon.Failed.String(): exitNotConforming}[f.Made]
		if f.Made == colophon.Unknown.String() {
			s.exit = exitCouldNotTell
		}
		if s.json {
			s.printJSON(f)
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("consent-made-"+f.Made))
		if f.Code != "" {
			fmt.Fprintln(s.Stdout, s.say.Code(f.Code, nil))
		}
		if f.At != nil {
			fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(f.Number), f.At.Format(time.RFC3339))
			fmt.Fprintln(s.Stdout, s.say.Say("consent-basis-"+f.Basis))
		}
		for _, k := range f.Consents {
			fmt.Fprintf(s.Stdout, "  %s  %s  %s  %s\n", locale.Visible(k.Consent), locale.Visible(k.Requester), s.say.Say("consent-state-"+k.State), s.say.Say("consent-level-"+k.Level))
		}
		return nil
	})
}

type consentVerifyCommand struct {
	trusted
	Bundle  string `placeholder:"FILE"`
	Receipt string `arg:"" name:"receipt"`
}

// Run checks a receipt or a certificate of deletion with no network.
func (c *consentVerifyCommand) Run(s *session) error {
	trust, err := inspect.ReadTrust(c.Key, c.TSACA)
	if err != nil {
		return err
	}
	s.exit, err = inspect.Report{Out: s.Stdout, Say: s.say, JSON: s.json}.Receipt(c.Receipt, c.Bundle, trust)
	return err
}

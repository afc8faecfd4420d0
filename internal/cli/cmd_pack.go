package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

const codePackSet colophon.Code = "pack-set" // arg "value": an answer is not FIELD=TEXT

type packCommand struct {
	remote
	Forms    packFormsCommand    `cmd:""`
	List     packListCommand     `cmd:""`
	Show     packShowCommand     `cmd:""`
	Draft    packDraftCommand    `cmd:""`
	Fill     packFillCommand     `cmd:""`
	File     packFileCommand     `cmd:""`
	Prove    packProveCommand    `cmd:""`
	Amend    packAmendCommand    `cmd:""`
	Dismiss  packDismissCommand  `cmd:""`
	Download packDownloadCommand `cmd:""`
	Verify   packVerifyCommand   `cmd:""`
}

type packFormsCommand struct{}

// Run lists what authorities want to know.
func (c *packFormsCommand) Run(s *session, p *packCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		forms, err := server.PackForms(ctx)
		for _, f := range forms {
			if s.json {
				s.printJSON(f)
				continue
			}
			fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(f.ID), locale.Visible(f.Names.In(string(s.say.Language))))
			for _, field := range f.Fields {
				mark := " "
				if field.Required {
					mark = "*"
				}
				fmt.Fprintf(s.Stdout, "  %s %-16s %s\n", mark, locale.Visible(field.From), locale.Visible(field.Names.In(string(s.say.Language))))
			}
		}
		return err
	})
}

type packListCommand struct {
	State      []string `placeholder:"WORD"`
	Form       string   `placeholder:"ID"`
	Number     string   `placeholder:"NUMBER"`
	Case       string   `placeholder:"ID"`
	Duty       string   `placeholder:"ID"`
	Refutation string   `placeholder:"ID"`
}

// Run lists packs, the newest first.
func (c *packListCommand) Run(s *session, p *packCommand) error {
	filter := chosen(map[string]string{"form": c.Form, "number": c.Number, "case": c.Case, "duty": c.Duty, "refutation": c.Refutation})
	filter["state"] = c.State
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Packs, func(one client.Pack) []string {
			return []string{locale.Visible(one.ID), locale.Visible(one.Number), locale.Visible(one.Form), s.say.Say("pack-state-" + one.State), s.say.Say("pack-unknown-count", "count", itoa(one.Unknown))}
		})
	})
}

type packShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows what a pack says; a record says who read it.
func (c *packShowCommand) Run(s *session, p *packCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.ReadPack(ctx, c.ID)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(d)
			return nil
		}
		if err := s.packed(d.Pack, nil); err != nil {
			return err
		}
		language := string(s.say.Language)
		for _, f := range d.Fields {
			answer := strings.Join(f.Lines, "\n")
			switch f.State {
			case "unknown":
				answer = s.say.Code(pack.SayUnknown, nil)
			case "none":
				answer = s.say.Code(pack.SayNone, nil)
			}
			fmt.Fprintf(s.Stdout, "  %s\n", locale.Visible(f.Names.In(language)))
			for line := range strings.SplitSeq(answer, "\n") {
				fmt.Fprintf(s.Stdout, "    %s\n", locale.Visible(line))
			}
		}
		return nil
	})
}

// answers are what a person answers in place of what records say.
type answers struct {
	Set     []string `placeholder:"FIELD=TEXT" sep:"none"`
	None    []string `placeholder:"FIELD"`
	Unknown []string `placeholder:"FIELD"`
	Records []string `placeholder:"FIELD"`
}

func (a answers) list() ([]client.PackAnswer, error) {
	var list []client.PackAnswer
	at := map[string]int{}
	for _, pair := range a.Set {
		from, line, ok := strings.Cut(pair, "=")
		if !ok || from == "" || line == "" {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: codePackSet, Args: colophon.Args{"value": pair}}
		}
		if i, more := at[from]; more {
			list[i].Lines = append(list[i].Lines, line)
			continue
		}
		at[from] = len(list)
		list = append(list, client.PackAnswer{From: from, State: "known", Lines: []string{line}})
	}
	for i, fields := range [][]string{a.None, a.Unknown, a.Records} {
		for _, from := range fields {
			list = append(list, client.PackAnswer{From: from, State: []string{"none", "unknown", "records"}[i]})
		}
	}
	return list, nil
}

type packDraftCommand struct {
	answers
	Case       string `placeholder:"ID"`
	Duty       string `placeholder:"ID"`
	Refutation string `placeholder:"ID"`
	Form       string `arg:"" name:"form"`
}

// Run drafts a pack of what is known now.
func (c *packDraftCommand) Run(s *session, p *packCommand) error {
	list, err := c.list()
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.packed(server.DraftPack(ctx, c.Form, client.PackAbout{Case: c.Case, Duty: c.Duty, Refutation: c.Refutation}, list...))
	})
}

type packFillCommand struct {
	answers
	ID string `arg:"" name:"id"`
}

// Run makes a draft anew, with answers.
func (c *packFillCommand) Run(s *session, p *packCommand) error {
	list, err := c.list()
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.packed(server.FillPack(ctx, c.ID, list...))
	})
}

type packAmendCommand struct {
	answers
	ID string `arg:"" name:"id"`
}

// Run drafts a pack that amends one that was filed.
func (c *packAmendCommand) Run(s *session, p *packCommand) error {
	list, err := c.list()
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.packed(server.AmendPack(ctx, c.ID, list...))
	})
}

// filed is how something was filed with an authority.
type filed struct {
	Channel    string   `required:"" placeholder:"WORD"`
	Reference  string   `placeholder:"TEXT"`
	At         moment   `placeholder:"TIME"`
	Incomplete bool     `name:"incomplete"`
	Proof      []string `placeholder:"FILE" sep:"none"`
}

// filing opens the proofs; done closes them.
func (f filed) filing() (how client.PackFiling, proofs []client.CaseUpload, done func(), err error) {
	proofs, done, err = proofFiles(f.Proof)
	if f.At.IsZero() {
		f.At.Time = time.Now()
	}
	return client.PackFiling{Channel: f.Channel, Reference: f.Reference, At: f.At.Time, Incomplete: f.Incomplete}, proofs, done, err
}

type packFileCommand struct {
	filed
	ID string `arg:"" name:"id"`
}

// Run says that a pack was filed, with the proofs.
func (c *packFileCommand) Run(s *session, p *packCommand) error {
	how, proofs, done, err := c.filing()
	if err != nil {
		return err
	}
	defer done()
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.packed(server.FilePack(ctx, c.ID, how, proofs...))
	})
}

// proofFiles opens files; done closes them.
func proofFiles(paths []string) (proofs []client.CaseUpload, done func(), err error) {
	var files []*os.File
	done = func() {
		for _, f := range files {
			f.Close()
		}
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			done()
			return nil, nil, durable.Fault(path, err)
		}
		files, proofs = append(files, f), append(proofs, client.CaseUpload{Name: filepath.Base(path), File: f})
	}
	return proofs, done, nil
}

type packProveCommand struct {
	ID    string `arg:"" name:"id"`
	Proof string `arg:"" name:"proof"`
}

// Run adds a proof to a pack that was filed.
func (c *packProveCommand) Run(s *session, p *packCommand) error {
	proofs, done, err := proofFiles([]string{c.Proof})
	if err != nil {
		return err
	}
	defer done()
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.packed(server.ProvePack(ctx, c.ID, proofs[0]))
	})
}

type packDismissCommand struct {
	Reason string `required:"" placeholder:"WORD" enum:"not-needed,elsewhere,mistake,other"`
	Note   string `required:"" placeholder:"TEXT"`
	ID     string `arg:"" name:"id"`
}

// Run says that a draft is not filed.
func (c *packDismissCommand) Run(s *session, p *packCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.packed(server.DismissPack(ctx, c.ID, colophon.Code("pack-reason-"+c.Reason), c.Note))
	})
}

type packDownloadCommand struct {
	Format string `placeholder:"json|text|html|pdf|zip" default:"json" enum:"json,text,html,pdf,zip"`
	Out    string `short:"o" placeholder:"FILE"`
	Force  bool
	ID     string `arg:"" name:"id"`
}

// Run writes a pack to a file, or to the standard output.
func (c *packDownloadCommand) Run(s *session, p *packCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		from, err := server.DownloadPack(ctx, c.ID, c.Format)
		if err != nil {
			return err
		}
		return s.keep(from, c.Out, c.Force)
	})
}

// packed prints a pack, without what it says.
func (s *session) packed(p client.Pack, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(p)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(p.ID), locale.Visible(p.Number), locale.Visible(p.Form), s.say.Say("pack-state-"+p.State))
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("pack-counts", "known", itoa(p.Known), "none", itoa(p.None), "unknown", itoa(p.Unknown)))
	if len(p.Open) > 0 {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("pack-open", "fields", locale.Visible(strings.Join(p.Open, ", "))))
	}
	fmt.Fprintln(s.Stdout, "  SHA-256 "+locale.Visible(p.SHA256))
	return nil
}

type packVerifyCommand struct {
	Files []string `arg:"" name:"files"`
}

// Run checks documents of packs that amend each other, the first pack first. It needs no server.
func (c *packVerifyCommand) Run(s *session) error {
	return s.chained(c.Files, pack.Chain, func(raw []byte) (string, int) {
		d, _ := pack.Read(raw) // what can't be read the chain refuses
		return d.Number, d.Part
	})
}

// chained checks documents that amend each other, the first one first.
func (s *session) chained(files []string, chain func(...[]byte) error, known func(raw []byte) (number string, part int)) error {
	var documents [][]byte
	for _, path := range files {
		raw, err := short(path, pack.MaxDocument)
		if err != nil {
			return err
		}
		documents = append(documents, raw)
		failed, sum := chain(documents...), sha256.Sum256(raw)
		out := struct {
			File   string     `json:"file"`
			Number string     `json:"number,omitempty"`
			Part   int        `json:"part,omitempty"`
			SHA256 string     `json:"sha256"`
			Holds  bool       `json:"holds"`
			Error  *jsonError `json:"error,omitempty"`
		}{File: path, SHA256: hex.EncodeToString(sum[:]), Holds: failed == nil}
		out.Number, out.Part = known(raw)
		if failed != nil {
			out.Error = s.errorJSON(failed)
			s.exit = exitNotConforming
		}
		switch {
		case s.json:
			s.printJSON(out)
		case failed != nil:
			fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(path), s.say.Error(failed))
		default:
			fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(path), s.say.Say("pack-holds", "number", locale.Visible(out.Number), "part", itoa(out.Part), "digest", out.SHA256))
		}
		if failed != nil { // what comes after it hangs in the air
			return nil
		}
	}
	return nil
}

package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/list"
	"github.com/colophon-project/colophon/stamp"
)

const (
	codeCardMaterial colophon.Code = "card-material-argument" // arg "value": it is not FUNCTION=CHECK
	codeCardList     colophon.Code = "card-list-argument"     // arg "value": it is not FILE@DAY
)

type cardCommand struct {
	List     cardListCommand     `cmd:""`
	Show     cardShowCommand     `cmd:""`
	Issue    cardIssueCommand    `cmd:""`
	Withdraw cardWithdrawCommand `cmd:""`
	Fetch    cardFetchCommand    `cmd:""`
	Verify   cardVerifyCommand   `cmd:""`
}

type cardListCommand struct {
	remote
	Service string `placeholder:"ID"`
	State   string `placeholder:"WORD"`
}

// Run lists cards, the newest first.
func (c *cardListCommand) Run(s *session) error {
	filter := chosen(map[string]string{"service": c.Service, "state": c.State})
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Cards, func(one client.ConformanceCard) []string {
			return []string{locale.Visible(one.ID), s.word("page-card-state-", one.State), locale.Visible(one.Service), one.Until.Local().Format(time.DateOnly)}
		})
	})
}

// carded prints a card.
func (s *session) carded(c client.ConformanceCard, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(c)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(c.ID), s.word("page-card-state-", c.State))
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("card-of", "service", locale.Visible(c.Service), "until", c.Until.Local().Format(time.DateOnly)))
	if c.Card != nil {
		for _, f := range c.Card.Functions {
			fmt.Fprintf(s.Stdout, "  %s  %s  %s\n", locale.Visible(f.ID), s.word("page-filing-state-", string(f.Filing.State)), locale.Visible(f.Filing.Number))
		}
	}
	return nil
}

type cardShowCommand struct {
	remote
	ID string `arg:"" name:"id"`
}

// Run shows a card.
func (c *cardShowCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		one, err := server.Card(ctx, c.ID)
		return s.carded(one, err)
	})
}

type cardIssueCommand struct {
	remote
	Days     int      `default:"90"`
	Material []string `placeholder:"FUNCTION=CHECK" sep:"none"`
	Service  string   `arg:"" name:"service"`
}

// Run issues the card of a service.
func (c *cardIssueCommand) Run(s *session) error {
	var materials []client.CardMaterials
	for _, m := range c.Material {
		function, check, ok := strings.Cut(m, "=")
		if !ok || function == "" || check == "" {
			return invalid(codeCardMaterial, "value", m)
		}
		materials = append(materials, client.CardMaterials{Function: function, Check: check})
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		one, err := server.IssueCard(ctx, c.Service, c.Days, materials...)
		return s.carded(one, err)
	})
}

type cardWithdrawCommand struct {
	remote
	Reason string `required:"" placeholder:"TEXT"`
	ID     string `arg:"" name:"id"`
}

// Run withdraws a card.
func (c *cardWithdrawCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		one, err := server.WithdrawCard(ctx, c.ID, c.Reason)
		return s.carded(one, err)
	})
}

type cardFetchCommand struct {
	Server  string `placeholder:"URL"`
	Out     string `short:"o" placeholder:"FILE"`
	Service string `arg:"" name:"service"`
}

// Run fetches the card of a service that counts now, as anybody may.
func (c *cardFetchCommand) Run(s *session) error {
	return reach(s, c.Server, "", func(ctx context.Context, server *client.Client) error {
		raw, err := server.PublicCard(ctx, c.Service)
		if err != nil {
			return err
		}
		if c.Out == "" {
			_, err = s.Stdout.Write(raw)
			return err
		}
		return durable.WriteFile(c.Out, raw, durable.Options{})
	})
}

type cardVerifyCommand struct {
	Key  []string `placeholder:"FILE"`
	App  string   `placeholder:"ADDRESS"`
	List []string `placeholder:"FILE@DAY" sep:"none"`
	With []string `placeholder:"FILE" sep:"none"`
	File string   `arg:"" name:"file"`
}

// Run checks a card with nothing but files. It needs no server.
func (c *cardVerifyCommand) Run(s *session) error {
	q := card.Question{Now: time.Now(), App: c.App, Files: map[string]card.Reading{}}
	if len(c.Key) > 0 {
		trust, err := inspect.ReadTrust(c.Key, nil)
		if err != nil {
			return err
		}
		q.Trusted = trust.Log
	}
	raw, err := short(c.File, card.MaxCard)
	if err != nil {
		return err
	}
	var batches []list.Batch
	for _, said := range c.List {
		b, err := published(said)
		if err != nil {
			return err
		}
		batches = append(batches, b)
	}
	if len(batches) > 0 {
		q.Lists = list.NewIndex(batches)
	}
	for _, name := range c.With {
		digest, r, err := atHand(s.ctx, name)
		if err != nil {
			return err
		}
		q.Files[digest] = r
	}
	r, err := card.Verify(raw, q)
	if err != nil { // it says nothing that anybody could rely on
		s.exit = exitNotConforming
		s.complain(c.File, err)
		return nil
	}
	s.exit = map[colophon.Verdict]int{colophon.Passed: exitDone, colophon.Failed: exitNotConforming, colophon.Unknown: exitCouldNotTell}[r.Verdict]
	return s.cardReport(r)
}

// short reads a file of a bounded length, and a byte more of one that is longer, which is refused for it.
func short(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, durable.Fault(name, err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, durable.Fault(name, err)
	}
	return raw, nil
}

// published reads a list of filed algorithms as it was published on a day.
func published(said string) (list.Batch, error) {
	at := max(strings.LastIndexByte(said, '@'), 0)
	name, day := said[:at], strings.TrimPrefix(said[at:], "@")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return list.Batch{}, invalid(codeCardList, "value", said)
	}
	file, err := durable.Open(name)
	if err != nil {
		return list.Batch{}, err
	}
	defer file.Close()
	read, err := list.Read(file)
	if err != nil {
		return list.Batch{}, durable.Fault(name, err)
	}
	about := list.About{Series: list.DeepSynthesis, Name: name, Published: day}
	return list.Batch{ID: name, About: about, Format: read.Format, SHA256: read.SHA256, Counts: read.Counts(), Rows: read.Rows}, nil
}

// atHand reads what marks a file bears. Of a report that is none.
func atHand(ctx context.Context, name string) (string, card.Reading, error) {
	var r card.Reading
	src, err := durable.Open(name)
	if err != nil {
		return "", r, err
	}
	defer src.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(src, 0, src.Size())); err != nil {
		return "", r, durable.Fault(name, err)
	}
	report, err := label.Read(src, label.Options{Name: name})
	if err != nil {
		return "", r, err
	}
	switch report.Conformity() {
	case label.Conforming:
		r.Label = colophon.Passed
	case label.NotConforming, label.Unmarked:
		r.Label = colophon.Failed
	}
	seen, err := intake.Notices{Press: &stamp.Press{}}.Detect(ctx, intake.Sample{Source: src, Format: report.Format})
	switch { // an error says that nobody can tell
	case err == nil && seen.Seen:
		r.Notice = colophon.Passed
	case err == nil && label.Prose(report.Format):
		r.Notice = colophon.Failed
	}
	return hex.EncodeToString(hash.Sum(nil)), r, nil
}

// cardFinding is a finding as --json has it.
type cardFinding struct {
	Check    string          `json:"check"`
	Function string          `json:"function,omitempty"`
	Verdict  string          `json:"verdict"`
	Code     colophon.Code   `json:"code"`
	Sentence string          `json:"sentence"`
	Clause   colophon.Clause `json:"clause,omitempty"`
}

func (s *session) cardReport(r card.Report) error {
	var found []cardFinding
	for _, f := range r.Findings {
		found = append(found, cardFinding{f.Check, f.Function, f.Verdict.String(), f.Code, s.say.Code(f.Code, f.Args), f.Clause})
	}
	if s.json {
		s.printJSON(struct {
			Verdict  string        `json:"verdict"`
			Findings []cardFinding `json:"findings"`
			Card     card.Card     `json:"card"`
		}{r.Verdict.String(), found, r.Card})
		return nil
	}
	names := r.Card.Service.Names.EN
	if s.say.Language == locale.Chinese {
		names = r.Card.Service.Names.ZH
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", s.say.Say("page-verdict-"+r.Verdict.String()), locale.Visible(names), locale.Visible(r.Card.Provider.Name))
	w := s.columns()
	for _, f := range found {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", s.say.Say("page-verdict-"+f.Verdict), locale.Visible(f.Function), s.say.Say("page-card-check-"+f.Check), locale.Visible(f.Sentence))
	}
	return w.Flush()
}

package cli

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/timestamp"
	"github.com/colophon-project/colophon/internal/timestamp/authority"
)

// Codes of errors of these commands.
const (
	codeCredentialKey   colophon.Code = "credential-sign-key"
	codeCredentialStamp colophon.Code = "credential-sign-stamp"
)

type credentialCommand struct {
	Read   credentialReadCommand   `cmd:""`
	Verify credentialVerifyCommand `cmd:""`
	Sign   credentialSignCommand   `cmd:""`
}

type credentialReadCommand struct {
	Files []string `arg:"" name:"file"`
	Trust []string `placeholder:"PEM" sep:"none"`
}

// Run prints what the credentials of files say.
func (c *credentialReadCommand) Run(s *session) error {
	_, err := s.credentials(c.Files, c.Trust, s.printCredential)
	return err
}

type credentialVerifyCommand struct {
	Files []string `arg:"" name:"file"`
	Trust []string `placeholder:"PEM" sep:"none"`
}

// Run judges the credentials of files and sets the exit code to the worst answer, in the order error, changed or not trusted,
// could not tell, no credential, trusted.
func (c *credentialVerifyCommand) Run(s *session) error {
	counts, err := s.credentials(c.Files, c.Trust, s.printCredited)
	for _, code := range []int{exitError, exitNotConforming, exitCouldNotTell, exitNoMark, exitDone} {
		if counts[code] > 0 {
			s.exit = code
			break
		}
	}
	return err
}

// credentials reads and judges files, and counts the exit codes that they would have.
func (s *session) credentials(files, trust []string, show func(file string, c *app.Credentialed)) (map[int]int, error) {
	o := credential.Options{Now: time.Now()}
	if len(trust) > 0 {
		var err error
		if o.Trust, err = app.ReadTrust(trust); err != nil {
			return nil, err
		}
	}
	counts := map[int]int{}
	for _, file := range files {
		c, err := app.ReadCredential(s.ctx, file, o)
		if err != nil {
			counts[exitError]++
			s.exit = exitError
			if s.json {
				s.printJSON(credentialJSON{File: file, Error: s.errorJSON(err)})
			} else {
				s.complain(file, err)
			}
			continue
		}
		counts[creditExit(c)]++
		if s.json {
			s.printJSON(creditJSON(file, c))
		} else {
			show(file, c)
		}
	}
	return counts, nil
}

// creditExit is the exit code for one file: done only for content that is intact, by a signer who is trusted.
func creditExit(c *app.Credentialed) int {
	switch {
	case c.Store == nil:
		return exitNoMark
	case c.Report.Intact == colophon.Failed, c.Report.Trusted == colophon.Failed:
		return exitNotConforming
	case c.Report.Intact == colophon.Passed && c.Report.Trusted == colophon.Passed:
		return exitDone
	}
	return exitCouldNotTell
}

// printCredited prints the verdict on one file, and what is behind it.
func (s *session) printCredited(file string, c *app.Credentialed) {
	fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(file), s.say.Say("credential-exit-"+itoa(creditExit(c))))
	if c.Store != nil {
		s.printVerdicts(c.Report)
	}
}

// printCredential prints the tree of manifests of one file, and the verdicts.
func (s *session) printCredential(file string, c *app.Credentialed) {
	if c.Store == nil {
		fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(file), s.formatName(c.Format), s.say.Say("credential-exit-3"))
		return
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(file), s.formatName(c.Format), s.say.Say("credential-count", "count", itoa(len(c.Store.Manifests))))
	s.printVerdicts(c.Report)
	shown := map[string]bool{}
	s.printManifest(c.Store, c.Store.Active(), "", "  ", shown)
	for _, m := range c.Store.Manifests {
		if !shown[m.Label] {
			s.printManifest(c.Store, m, s.say.Say("credential-unlinked"), "  ", shown)
		}
	}
}

// printVerdicts prints the three values, why they are so, and what is not as it should be.
func (s *session) printVerdicts(r *credential.Report) {
	w := s.columns()
	trusted := "credential-trusted-" + r.Trusted.String()
	if r.Trusted == colophon.Failed && r.Intact == colophon.Failed {
		trusted = "credential-trusted-changed"
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\n", s.say.Say("credential-intact"), s.say.Say("sheet-verdict-"+r.Intact.String()), s.say.Say("credential-intact-"+r.Intact.String()))
	fmt.Fprintf(w, "  %s\t%s\t%s\n", s.say.Say("credential-trusted"), s.say.Say("sheet-verdict-"+r.Trusted.String()), s.say.Say(trusted))
	when := s.say.Say("credential-stamped-none")
	if r.Signer.Authority != "" {
		when = s.say.Say("credential-stamped-"+r.Signer.Stamped.String(), "authority", locale.Visible(r.Signer.Authority))
	}
	if !r.Signer.Time.IsZero() {
		when = r.Signer.Time.Local().Format(time.DateTime) + "  " + when
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\n", s.say.Say("credential-stamped"), s.say.Say("sheet-verdict-"+r.Signer.Stamped.String()), when)
	if err := w.Flush(); err != nil {
		s.exit = exitError
	}
	if r.Signer.Subject != "" {
		fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say("credential-signer-is", "subject", locale.Visible(r.Signer.Subject), "issuer", locale.Visible(r.Signer.Issuer), "algorithm", r.Signer.Algorithm))
		fmt.Fprintf(s.Stdout, "  SHA-256 %s\n", r.Signer.Fingerprint)
	}
	s.printStatus(r.Active)
	for _, d := range r.Ingredients {
		s.printStatus(d.List)
	}
}

func (s *session) printStatus(l status.List) {
	seen := map[status.Entry]bool{}
	for _, e := range l.Failure {
		key := status.Entry{Code: e.Code, URI: e.URI}
		if seen[key] || e.Code == status.CredentialUntrusted { // which the signer's line tells, with its reason
			continue
		}
		seen[key] = true
		fmt.Fprintf(s.Stdout, "  ✗ %s  [%s]\n", s.statusText(e.Code), locale.Visible(string(e.Code)))
		if e.URI != "" {
			fmt.Fprintf(s.Stdout, "      %s\n", locale.Visible(e.URI))
		}
	}
}

// statusText is the sentence for a status code. A code that others made up has none.
func (s *session) statusText(c status.Code) string {
	if key := "c2pa-" + string(c); s.say.Has(key) {
		return s.say.Say(key)
	}
	return s.say.Say("c2pa-other")
}

// printManifest prints one manifest, and below it those of what it was made from.
func (s *session) printManifest(store *credential.Store, m *credential.Manifest, what, indent string, shown map[string]bool) {
	again := shown[m.Label]
	shown[m.Label] = true
	head := locale.Visible(m.Label)
	if m.Update {
		head += "  " + s.say.Say("credential-update")
	}
	fmt.Fprintln(s.Stdout, indent+strings.TrimSpace(what+"  "+head))
	if again {
		return
	}
	indent += "  "
	line := func(key string, args ...string) { fmt.Fprintln(s.Stdout, indent+s.say.Say(key, args...)) }
	if by := m.Signed(); by.Subject != "" {
		line("credential-by", "subject", locale.Visible(by.Subject))
	}
	if m.Claim != nil {
		line("credential-made", "generator", locale.Visible(strings.TrimSpace(m.Claim.Generator.Name+" "+m.Claim.Generator.Version)))
		if m.Claim.Title != "" {
			line("credential-title", "title", locale.Visible(m.Claim.Title))
		}
	}
	for _, a := range m.Actions() {
		source := a.DigitalSourceType
		if i := strings.LastIndex(source, "/"); i >= 0 {
			source = source[i+1:]
		}
		line("credential-action", "action", locale.Visible(a.Action), "source", locale.Visible(source), "when", locale.Visible(a.When))
	}
	if l := m.AIGC(); l != nil {
		line("credential-aigc", "standard", locale.Visible(l.Standard), "place", locale.Visible(l.Place))
	}
	if w := m.Watermark(); w != nil {
		line("credential-watermark", "algorithm", locale.Visible(w.Alg), "value", hex.EncodeToString(w.Value))
	}
	var labels []string
	for _, a := range m.Assertions {
		labels = append(labels, locale.Visible(a.Label))
	}
	line("credential-assertions", "list", strings.Join(labels, ", "))
	for _, p := range m.Parts() {
		key := "credential-part-" + string(p.Relationship)
		if !s.say.Has(key) {
			key = "credential-part-other"
		}
		what := s.say.Say(key, "title", locale.Visible(p.Title))
		if next := store.Find(p.Manifest); next != nil {
			s.printManifest(store, next, what, indent, shown)
		} else {
			fmt.Fprintln(s.Stdout, indent+what+"  "+s.say.Say("credential-part-bare"))
		}
	}
}

type credentialSignCommand struct {
	File string `arg:"" name:"file"`
	Out  string `short:"o" required:"" placeholder:"FILE"`

	PKI   string `name:"pki" placeholder:"DIR"`
	Key   string `placeholder:"PEM"`
	Chain string `placeholder:"PEM"`

	Timestamp    string   `placeholder:"URL"`
	TimestampCAs string   `name:"timestamp-cas" placeholder:"PEM"`
	Trust        []string `placeholder:"PEM" sep:"none"`

	Title      string   `placeholder:"WORDS"`
	SourceType string   `name:"source-type" placeholder:"TERM"`
	Component  []string `placeholder:"FILE" sep:"none"`
	Input      []string `placeholder:"FILE" sep:"none"`
	Parent     string   `placeholder:"FILE"`
	InText     bool     `name:"in-text"`

	Force  bool
	NoSync bool `name:"no-sync"`
}

// Run signs a file into another.
func (c *credentialSignCommand) Run(s *session) error {
	work, err := c.work(s)
	if err != nil {
		return err
	}
	manifest, err := work.Write(s.ctx, c.File, c.Out)
	if err != nil {
		s.stop(err)
		return nil
	}
	if s.json {
		s.printJSON(map[string]any{"file": c.File, "out": c.Out, "manifest": manifest})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("credential-signed", "file", locale.Visible(c.Out), "manifest", manifest))
	return nil
}

func (c *credentialSignCommand) work(s *session) (*app.Crediting, error) {
	w := &app.Crediting{
		Now: time.Now(), Version: s.Version, Title: c.Title, InText: c.InText, Durable: durable.Options{Force: c.Force, NoSync: c.NoSync},
	}
	if strings.IndexFunc(c.SourceType, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' }) >= 0 {
		return nil, invalid(codeSourceType, "value", c.SourceType)
	}
	if c.SourceType != "" {
		w.SourceType = sourceTypePrefix + c.SourceType
	}
	for _, path := range c.Component {
		w.Parts = append(w.Parts, app.CreditedPart{Path: path, Relationship: credential.ComponentOf})
	}
	for _, path := range c.Input {
		w.Parts = append(w.Parts, app.CreditedPart{Path: path, Relationship: credential.InputTo})
	}
	if c.Parent != "" {
		w.Parts = append(w.Parts, app.CreditedPart{Path: c.Parent, Relationship: credential.ParentOf})
	}
	if err := c.signer(w); err != nil {
		return nil, err
	}
	if len(c.Trust) > 0 {
		trust, err := app.ReadTrust(c.Trust)
		if err != nil {
			return nil, err
		}
		w.Trust = trust
	}
	return w, nil
}

// signer opens whoever signs.
func (c *credentialSignCommand) signer(w *app.Crediting) (err error) {
	switch {
	case (c.PKI == "") == (c.Key == ""), c.PKI != "" && c.Chain != "":
		return invalid(codeCredentialKey)
	case c.PKI != "":
		w.Signer, w.Trust, err = app.SignerPKI(c.PKI, time.Now)
	default:
		w.Signer, _, err = app.ReadSigner(c.Key, c.Chain)
	}
	if err != nil || c.Timestamp == "" {
		return err
	}
	if c.TimestampCAs == "" {
		return invalid(codeCredentialStamp)
	}
	text, err := os.ReadFile(c.TimestampCAs)
	if err != nil {
		return durable.Fault(c.TimestampCAs, err)
	}
	trusted, err := timestamp.ParseAuthorities(text)
	if err != nil {
		return err
	}
	client := &authority.Client{URL: c.Timestamp, HTTP: http.DefaultClient, Trusted: trusted, Now: time.Now}
	w.Signer.Stamp = func(ctx context.Context, message []byte) ([]byte, error) {
		response, _, err := client.Stamp(ctx, message)
		return response, err
	}
	return nil
}

// credentialJSON fixes the names of the output.
type credentialJSON struct {
	File      string               `json:"file"`
	Format    string               `json:"format,omitempty"`
	State     string               `json:"state,omitempty"` // the specification's word
	Intact    string               `json:"intact,omitempty"`
	Trusted   string               `json:"trusted,omitempty"`
	Stamped   string               `json:"stamped,omitempty"`
	Time      string               `json:"time,omitempty"`
	Active    string               `json:"active,omitempty"`
	Signer    *jsonCreditSigner    `json:"signer,omitempty"`
	Manifests []jsonCreditManifest `json:"manifests"`
	Status    *status.List         `json:"status,omitempty"`
	Parts     []jsonCreditDelta    `json:"ingredients,omitempty"`
	Error     *jsonError           `json:"error,omitempty"`
}

type jsonCreditSigner struct {
	Subject     string `json:"subject"`
	Issuer      string `json:"issuer"`
	Serial      string `json:"serial"`
	Algorithm   string `json:"algorithm"`
	Fingerprint string `json:"sha256"`
}

type jsonCreditManifest struct {
	Label      string             `json:"label"`
	Update     bool               `json:"update,omitempty"`
	Generator  string             `json:"generator"`
	Title      string             `json:"title,omitempty"`
	Signer     *jsonCreditSigner  `json:"signer,omitempty"`
	Actions    []jsonCreditAction `json:"actions"`
	Assertions []string           `json:"assertions"`
	Parts      []jsonIngredient   `json:"ingredients"`
}

type jsonCreditAction struct {
	Action     string `json:"action"`
	When       string `json:"when,omitempty"`
	SourceType string `json:"digitalSourceType,omitempty"`
}

type jsonIngredient struct {
	Title        string `json:"title"`
	Format       string `json:"format,omitempty"`
	Relationship string `json:"relationship"`
	Manifest     string `json:"manifest,omitempty"`
}

type jsonCreditDelta struct {
	URI string `json:"uri"`
	status.List
}

func signerJSON(by credential.Signature) *jsonCreditSigner {
	if by.Subject == "" {
		return nil
	}
	return &jsonCreditSigner{by.Subject, by.Issuer, by.Serial, by.Algorithm, by.Fingerprint}
}

func creditJSON(file string, c *app.Credentialed) credentialJSON {
	j := credentialJSON{File: file, Format: string(c.Format), Manifests: []jsonCreditManifest{}}
	if c.Store == nil {
		return j
	}
	r := c.Report
	j.State, j.Intact, j.Trusted, j.Stamped, j.Active = string(r.State()), r.Intact.String(), r.Trusted.String(), r.Signer.Stamped.String(), r.Label
	if !r.Signer.Time.IsZero() {
		j.Time = r.Signer.Time.UTC().Format(time.RFC3339)
	}
	j.Signer, j.Status = signerJSON(r.Signer), &r.Active
	for _, d := range r.Ingredients {
		j.Parts = append(j.Parts, jsonCreditDelta{d.URI, d.List})
	}
	for _, m := range c.Store.Manifests {
		one := jsonCreditManifest{Label: m.Label, Update: m.Update, Signer: signerJSON(m.Signed()), Actions: []jsonCreditAction{}, Assertions: []string{}, Parts: []jsonIngredient{}}
		if m.Claim != nil {
			one.Title, one.Generator = m.Claim.Title, strings.TrimSpace(m.Claim.Generator.Name+" "+m.Claim.Generator.Version)
		}
		for _, a := range m.Actions() {
			one.Actions = append(one.Actions, jsonCreditAction{a.Action, a.When, a.DigitalSourceType})
		}
		for _, a := range m.Assertions {
			one.Assertions = append(one.Assertions, a.Label)
		}
		for _, p := range m.Parts() {
			one.Parts = append(one.Parts, jsonIngredient{p.Title, p.Format, string(p.Relationship), p.Manifest})
		}
		j.Manifests = append(j.Manifests, one)
	}
	return j
}

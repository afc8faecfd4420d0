// Package inspect is the inspector's side: it checks bundles and samples with files alone and says of each part what came
// of it. The program colophon-verify is this package ([Main]); the commands of colophon that do the same call
// [Report.Bundle] and [Report.Sample].
//
// An exit code says the worst answer, as in the other commands: nothing failed, something failed, or something that had
// to be checked could not be.
//
// What not to do here: no rule about bundles, which belong to package evidence. Import nothing that brings a server, a
// database or the network along: the program must stay one that an inspector can read about and carry. Never call a
// check passed that was not made.
package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/timestamp"
)

// Exit codes, the same as those of colophon.
const (
	ExitPassed       = 0
	ExitError        = 1 // something can't be read
	ExitUsage        = 2
	ExitFailed       = 4
	ExitCouldNotTell = 5
)

// Codes of errors about what is trusted. Arg "file".
const (
	CodeLogKey    colophon.Code = "log-key-unusable"   // no key of a log
	CodeAuthority colophon.Code = "authority-unusable" // no certificate of a time stamp authority
	CodeTooLarge  colophon.Code = "inspect-too-large"  // longer than such a file can be
)

// maxSmall is the largest file that is read whole: keys, certificates, checkpoints.
const maxSmall = 1 << 20

// ReadTrust reads the keys of the log and the certificates of time stamp authorities from files.
func ReadTrust(keys, authorities []string) (evidence.Trust, error) {
	var trust evidence.Trust
	for _, path := range keys {
		text, err := readSmall(path)
		if err != nil {
			return trust, err
		}
		some, err := parseKeys(string(text))
		if err != nil {
			return trust, &colophon.Error{Kind: colophon.Invalid, Code: CodeLogKey, Args: colophon.Args{"file": path}, Err: err}
		}
		trust.Log = append(trust.Log, some...)
	}
	var certificates []byte
	for _, path := range authorities {
		text, err := readSmall(path)
		if err == nil {
			if _, wrong := timestamp.ParseAuthorities(text); wrong != nil {
				err = &colophon.Error{Kind: colophon.Invalid, Code: CodeAuthority, Args: colophon.Args{"file": path}, Err: wrong}
			}
		}
		if err != nil {
			return trust, err
		}
		certificates = append(append(certificates, text...), '\n')
	}
	if certificates != nil {
		trusted, err := timestamp.ParseAuthorities(certificates)
		if err != nil {
			return trust, err
		}
		trust.TimeStamp = func(response, data []byte) (time.Time, error) {
			stamp, err := trusted.Verify(response, data, nil)
			return stamp.Time, err
		}
	}
	return trust, nil
}

// parseKeys reads the keys of a log: one in each line, in the form of C2SP signed notes. A key that stands twice is one.
func parseKeys(text string) ([]note.Verifier, error) {
	var keys []note.Verifier
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := note.NewVerifier(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("no line with a key")
	}
	return keys, nil
}

func readSmall(path string) ([]byte, error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > maxSmall {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeTooLarge, Args: colophon.Args{"file": path}}
	}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	return text, durable.Fault(path, err)
}

// Report prints what came of checks: lines for a person, or one JSON object.
type Report struct {
	Out  io.Writer
	Say  *locale.Printer
	JSON bool
}

// result is what is printed of a bundle or a sample, in JSON.
type result struct {
	File       string           `json:"file"`
	Verdict    colophon.Verdict `json:"verdict"`
	Checkpoint *checkpoint      `json:"checkpoint,omitempty"` // once a trusted key signed it
	Created    *time.Time       `json:"created,omitempty"`
	Stamped    *time.Time       `json:"stamped,omitempty"`
	Checks     []check          `json:"checks"`
}

type checkpoint struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
}

type check struct {
	Part     string           `json:"part"`
	Name     string           `json:"name"`
	Verdict  colophon.Verdict `json:"verdict"`
	Code     colophon.Code    `json:"code,omitempty"`
	Message  string           `json:"message"`
	Optional bool             `json:"optional,omitempty"`
}

// Bundle checks the bundle in a file and prints the report. The error is for a file that can't be read.
func (r Report) Bundle(path string, trust evidence.Trust) (exit int, err error) {
	f, err := durable.Open(path)
	if err != nil {
		return ExitError, err
	}
	defer f.Close()
	report, err := trust.VerifyBundle(f, f.Size())
	if err != nil {
		return ExitError, durable.Fault(path, err)
	}
	out := result{File: path, Verdict: report.Verdict}
	if report.Checkpoint.Note != nil {
		out.Checkpoint = &checkpoint{report.Checkpoint.Origin, report.Checkpoint.Size}
	}
	if report.Created != 0 {
		created := time.UnixMilli(report.Created).UTC()
		out.Created = &created
	}
	if !report.Stamped.IsZero() {
		out.Stamped = &report.Stamped
	}
	return r.print(out, report.Checks)
}

// Sample says which sample is checked.
type Sample struct {
	Seed       string // as the inspector gave it
	Count      int    // how many records the inspector asked for
	Checkpoint string // file with the checkpoint that was published before
	Exhibits   string // file of exhibits
}

// Sample checks that a file of exhibits holds exactly what the seed selects, and prints the report. The error is for a
// file that can't be read and for a checkpoint that no trusted key signed.
func (r Report) Sample(s Sample, trust evidence.Trust) (exit int, err error) {
	raw, err := readSmall(s.Checkpoint)
	if err != nil {
		return ExitError, err
	}
	f, err := durable.Open(s.Exhibits)
	if err != nil {
		return ExitError, err
	}
	defer f.Close()
	exhibits, err := readExhibits(f)
	if err != nil {
		return ExitError, durable.Fault(s.Exhibits, err)
	}
	at, err := evidence.ParseCheckpoint(raw, trust.Log...)
	if err != nil {
		return ExitFailed, err
	}
	checks, err := evidence.VerifySample([]byte(s.Seed), s.Count, raw, exhibits, trust.Log...)
	if err != nil {
		return ExitFailed, err
	}
	return r.print(result{File: s.Exhibits, Verdict: evidence.Overall(checks), Checkpoint: &checkpoint{at.Origin, at.Size}}, checks)
}

// maxAnswer is the longest answer of the API with exhibits, in bytes.
const maxAnswer = 64 << 20

// readExhibits reads a file of exhibits, or the answer of the API that holds them.
func readExhibits(f *durable.Source) ([]evidence.Exhibit, error) {
	whole := io.NewSectionReader(f, 0, f.Size())
	if f.Size() > maxAnswer {
		return evidence.ReadExhibits(whole)
	}
	var answer struct {
		Exhibits []json.RawMessage `json:"exhibits"`
	}
	if err := json.NewDecoder(whole).Decode(&answer); err != nil || answer.Exhibits == nil {
		return evidence.ReadExhibits(io.NewSectionReader(f, 0, f.Size()))
	}
	var lines bytes.Buffer
	for _, raw := range answer.Exhibits {
		line, err := evidence.Canonicalise(raw)
		if err != nil {
			return nil, err
		}
		lines.Write(append(line, '\n'))
	}
	return evidence.ReadExhibits(&lines)
}

func (r Report) print(out result, checks []evidence.Check) (int, error) {
	out.Checks = make([]check, len(checks))
	for i, c := range checks {
		message := r.Say.Say("check-" + c.Part)
		if c.Verdict != colophon.Passed {
			message = r.Say.Code(c.Code, colophon.Args{"index": c.Name, "field": c.Name})
		}
		out.Checks[i] = check{c.Part, c.Name, c.Verdict, c.Code, message, c.Optional}
	}
	exit := map[colophon.Verdict]int{colophon.Passed: ExitPassed, colophon.Failed: ExitFailed}
	code, told := exit[out.Verdict]
	if !told {
		code = ExitCouldNotTell
	}
	if r.JSON {
		enc := json.NewEncoder(r.Out)
		enc.SetEscapeHTML(false)
		return code, enc.Encode(out)
	}
	_, err := io.WriteString(r.Out, r.text(out))
	return code, err
}

// text is the report for a person: a line for each check, then the conclusion with the parts that led to it.
func (r Report) text(out result) string {
	var b strings.Builder
	wide := 0
	for _, c := range out.Checks {
		wide = max(wide, len(c.Name))
	}
	var parts []string
	for _, c := range out.Checks {
		part := r.Say.Say("check-part-" + c.Part)
		fmt.Fprintf(&b, "%s  %s  %-*s  %s\n", r.Say.Say("mark-"+c.Verdict.String()), part, wide, locale.Visible(c.Name), c.Message)
		if c.Verdict == out.Verdict && c.Verdict != colophon.Passed && !slices.Contains(parts, part) && !(c.Verdict == colophon.Unknown && c.Optional) {
			parts = append(parts, part)
		}
	}
	if out.Checkpoint != nil {
		fmt.Fprintln(&b, r.Say.Say("inspect-log", "origin", out.Checkpoint.Origin, "size", strconv.FormatUint(out.Checkpoint.Size, 10)))
	}
	if out.Created != nil {
		fmt.Fprintln(&b, r.Say.Say("inspect-created", "time", out.Created.Format(time.RFC3339)))
	}
	if out.Stamped != nil {
		fmt.Fprintln(&b, r.Say.Say("inspect-stamped", "time", out.Stamped.Format(time.RFC3339)))
	}
	conclusion := r.Say.Say("inspect-"+out.Verdict.String(), "parts", strings.Join(parts, ", "))
	open := 0 // was not checked, and need not be
	for _, c := range out.Checks {
		if c.Verdict == colophon.Unknown {
			open++
		}
	}
	if out.Verdict == colophon.Passed && open > 0 {
		conclusion = r.Say.Say("inspect-passed-open", "count", strconv.Itoa(open))
	}
	fmt.Fprintf(&b, "%s: %s %s\n", locale.Visible(out.File), r.Say.Say("mark-"+out.Verdict.String()), conclusion)
	return b.String()
}

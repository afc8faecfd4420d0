package screen

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// Types of records.
const (
	RecordJudged evidence.Type = "screen.judged"
	RecordOpened evidence.Type = "screen.opened" // a stream, before anything of it left
)

const (
	// role is in which role the engine acts.
	role evidence.Role = "system"
	// maxFindings is how many findings a record tells one by one, the gravest first, maxTold how many of anything else.
	maxFindings = 300
	maxTold     = 500
	// MaxExcerpt is how many runes of text around a finding a payload holds at most.
	MaxExcerpt = 200
)

// header says what a record is about and by which versions.
type header struct {
	Surface      Surface `json:"surface"`
	Class        string  `json:"class,omitempty"`
	Service      string  `json:"service,omitempty"`
	Function     string  `json:"function,omitempty"`
	Conversation string  `json:"conversation,omitempty"`
	About        string  `json:"about,omitempty"`
	Library      string  `json:"library"`
	Policy       string  `json:"policy"`
}

// opening is what the record of a stream's beginning says.
type opening struct {
	header
	Mode Mode `json:"mode"`
}

// payload is what the record of a judgement says.
type payload struct {
	header
	Action   policy.Action    `json:"action"`
	Verdict  colophon.Verdict `json:"verdict"`
	Salt     string           `json:"salt"`
	Parts    []digested       `json:"parts"`
	Findings []told           `json:"findings,omitempty"`
	Runs     []Run            `json:"runs"`
	Facts    []policy.Fact    `json:"facts,omitempty"`
	Rows     []string         `json:"rows,omitempty"` // which decided about each fact
	Open     []string         `json:"open,omitempty"`
	Stream   *Streamed        `json:"stream,omitempty"`
	Omitted  map[string]int   `json:"omitted,omitempty"` // how many of what are counted and not told
}

// digested names a part without saying what it holds: SHA-256 over the salt and the SHA-256 of the content.
type digested struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest,omitempty"` // none for a file that was not read
}

type told struct {
	Finding
	Level   string `json:"level"`
	Excerpt string `json:"excerpt,omitempty"`
}

func (j *judging) header() header {
	return header{j.item.Surface, j.item.Class, j.item.Service, j.item.Function, j.item.Conversation, j.item.About, j.words.version, j.pol.Version()}
}

// commit makes the record and hands it to the journal.
func (j *judging) commit(ctx context.Context, out *Judgement) error {
	p := payload{header: j.header(), Action: out.Action, Verdict: out.Verdict, Open: out.Decision.Open, Stream: out.Stream, Omitted: map[string]int{}}
	if err := j.digest(&p); err != nil {
		return err
	}
	for _, f := range first(out.Findings, maxFindings, "findings", p.Omitted) {
		p.Findings = append(p.Findings, told{f, f.Level.String(), j.excerpt(f)})
	}
	for _, r := range first(out.Runs, maxTold, "runs", p.Omitted) {
		if len(r.Covers) == len(library.Topics()) {
			r.Covers = []library.Category{"*"}
		}
		p.Runs = append(p.Runs, r)
	}
	p.Facts, p.Rows = first(out.Facts, maxTold, "facts", p.Omitted), first(out.Decision.Rows, maxTold, "rows", p.Omitted)
	judged := policy.Judged{
		At: out.At, Subject: j.item.Subject, About: j.item.About, Surface: string(j.item.Surface), Class: j.item.Class, Function: j.item.Function, Action: out.Action,
		Verdict: out.Verdict, Policy: out.Policy, Library: out.Library, Facts: out.Facts,
	}
	rec, err := j.e.record(RecordJudged, j.item.Subject, out.Clauses, p, func(rec evidence.Record) error {
		judged.ID = rec.ID
		return j.e.config.Journal.Judged(ctx, rec, judged)
	})
	if err != nil {
		*out = Judgement{}
		return err
	}
	out.ID = rec.ID
	return nil
}

// record makes a record and keeps it, once more with a new data key where the subject's was erased.
func (e *Engine) record(typ evidence.Type, subject evidence.Subject, clauses []colophon.Clause, p any, keep func(evidence.Record) error) (evidence.Record, error) {
	for again := false; ; again = true {
		rec, err := e.config.Recorder.New(typ, subject, role, clauses, p)
		if err == nil {
			err = keep(rec)
		}
		if err == nil {
			return rec, nil
		}
		if again || !errors.Is(err, policy.ErrForgotten) {
			return rec, &colophon.Error{Kind: colophon.Internal, Code: CodeJournal, Clauses: clauses, Err: err}
		}
		e.config.Recorder.Forget(subject)
	}
}

func (j *judging) digest(p *payload) error {
	salt := make([]byte, sha256.Size)
	if _, err := io.ReadFull(j.e.config.Rand, salt); err != nil {
		return &colophon.Error{Kind: colophon.Internal, Code: CodeJournal, Err: err}
	}
	p.Salt = hex.EncodeToString(salt)
	for _, part := range first(j.parts, maxTold, "parts", p.Omitted) {
		d := digested{Name: part.Name, Bytes: int64(len(part.Text))}
		var content []byte
		if part.Media == nil {
			sum := sha256.Sum256([]byte(part.Text))
			content = sum[:]
		} else {
			d.Bytes, content = part.Media.Source.Size(), j.files[part.Name].sum
		}
		if content != nil {
			sum := sha256.Sum256(append(slices.Clone(salt), content...))
			d.Digest = hex.EncodeToString(sum[:])
		}
		p.Parts = append(p.Parts, d)
	}
	return nil
}

// excerpt returns the text around a finding, where that is wanted.
func (j *judging) excerpt(f Finding) string {
	most := min(j.e.config.Excerpt, MaxExcerpt)
	at := slices.IndexFunc(j.parts, func(p Part) bool { return p.Name == f.Part })
	if most <= 0 || at < 0 || f.Start >= f.End {
		return ""
	}
	text := j.parts[at].Text
	start, end := min(max(int(f.Start), 0), len(text)), min(int(f.End), len(text))
	for n := most; n > 0; { // from the beginning of the finding on, then to both sides
		_, before := utf8.DecodeLastRuneInString(text[:start])
		_, after := utf8.DecodeRuneInString(text[end:])
		if n = most - utf8.RuneCountInString(text[start:end]); n < 0 {
			return firstRunes(text[start:end], most)
		}
		if before+after == 0 {
			break
		}
		if n > 0 {
			start, n = start-before, n-1
		}
		if n > 0 || before == 0 {
			end += after
		}
	}
	return text[start:end]
}

// first returns as much of a list as is told, and counts what is not.
func first[T any](list []T, most int, name string, omitted map[string]int) []T {
	if len(list) > most {
		omitted[name] = len(list) - most
		return list[:most]
	}
	return list
}

// firstRunes returns the first n runes of a text.
func firstRunes(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

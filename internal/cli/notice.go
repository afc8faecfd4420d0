package cli

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/stamp"
)

const codeChoice colophon.Code = "usage-choice" // args "flag", "value", "choices"

// one refuses a value that is not among a flag's choices.
func one[T ~string](flag, value string, choices ...T) (T, error) {
	if slices.Contains(choices, T(value)) {
		return T(value), nil
	}
	var names []string
	for _, c := range choices {
		names = append(names, string(c))
	}
	return "", invalid(codeChoice, "flag", flag, "value", value, "choices", strings.Join(names, ", "))
}

// notice turns the flags about the notice into a request.
func (c *labelCommand) notice(req *stamp.Request) error {
	var err error
	if req.Choice, err = one("--notice", c.Notice, stamp.Auto, stamp.None); err != nil {
		return err
	}
	var functions []stamp.Function
	for _, p := range stamp.Policies() {
		functions = append(functions, p.Function)
	}
	if req.Function, err = one("--function", c.Function, functions...); err != nil {
		return err
	}
	o := &req.Notice
	o.Speech, o.Whole = c.Speech, c.Whole
	if c.NoticeText != nil {
		if o.Text = *c.NoticeText; strings.TrimSpace(o.Text) == "" {
			return notice.CheckWords(o.Text)
		}
	}
	if o.Language, err = one("--notice-lang", c.NoticeLanguage, notice.Chinese, notice.English, notice.Both); err != nil {
		return err
	}
	if o.Where, err = one("--at", c.At, notice.Start, notice.End, notice.Ends); err != nil {
		return err
	}
	if c.Corner != "" {
		if o.Corner, err = one("--corner", c.Corner, notice.TopLeft, notice.TopRight, notice.BottomLeft, notice.BottomRight); err != nil {
			return err
		}
	}
	if req.Choice == stamp.Auto {
		_, _, err = o.Words() // a wrong word is told once, not for each file
	}
	if err == nil && c.Font != "" {
		err = app.ReadFont(c.Font, o)
	}
	return err
}

type jsonNotice struct {
	State    stamp.State `json:"state"`
	Words    string      `json:"words,omitempty"`
	Place    string      `json:"place,omitempty"`
	Method   string      `json:"method,omitempty"`
	Ink      float64     `json:"ink,omitempty"`      // part of the shortest side
	Contrast float64     `json:"contrast,omitempty"` // to one
	Seconds  float64     `json:"seconds,omitempty"`
	Added    float64     `json:"seconds_added,omitempty"`
	Around   string      `json:"around,omitempty"` // to be shown around the content
}

func noticeJSON(n stamp.Notice) *jsonNotice {
	return &jsonNotice{n.State, n.Words, n.Place, n.Method, n.Ink, n.Contrast, micro(n.Seconds), micro(n.Added), n.Around}
}

// micro rounds seconds to whole microseconds: times come out of fractions.
func micro(seconds float64) float64 { return math.Round(seconds*1e6) / 1e6 }

type jsonLabelled struct {
	File    string       `json:"file"`
	Format  label.Format `json:"format"`
	Action  label.Action `json:"action,omitempty"`
	DryRun  bool         `json:"dry_run,omitempty"`
	Output  string       `json:"output,omitempty"`
	Sidecar string       `json:"sidecar,omitempty"`
	Preview string       `json:"preview,omitempty"`
	Place   label.Place  `json:"place,omitempty"`
	Fields  *jsonFields  `json:"fields,omitempty"`
	Notice  *jsonNotice  `json:"notice,omitempty"`
	// Watermark and Credential are absent where none was asked for.
	Watermark  *jsonHidden   `json:"watermark,omitempty"`
	Credential *jsonHidden   `json:"credential,omitempty"`
	Findings   []jsonFinding `json:"findings"`
	Error      *jsonError    `json:"error,omitempty"`
}

func (s *session) printLabelled(r app.Labelled, dry bool) {
	if s.json {
		j := jsonLabelled{File: r.Input.Path, DryRun: dry, Output: r.Output, Sidecar: r.Sidecar, Preview: r.Preview, Findings: []jsonFinding{}, Error: s.errorJSON(r.Err)}
		if p := r.Plan; p != nil && r.Err == nil {
			fields := fieldsJSON(p.Fields)
			j.Format, j.Action, j.Place, j.Fields, j.Findings = p.Format, p.Action, p.Place, &fields, s.findingsJSON(p.Findings)
			j.Notice = noticeJSON(p.Notice)
			j.Watermark, j.Credential = hiddenJSON(p)
		}
		s.printJSON(j)
		return
	}
	if r.Err != nil {
		s.complain(r.Input.Path, r.Err)
		return
	}
	key := "action-" + string(r.Plan.Action)
	if r.Sidecar != "" && r.Output != "" {
		key += "-out"
	}
	switch {
	case r.Plan.Action == label.Kept && r.Plan.Changed():
		key = "action-noticed"
	case r.Plan.Action == label.Kept && r.Output != "":
		key = "action-kept-out"
	}
	if dry && r.Plan.Action != label.Kept || dry && r.Plan.Changed() {
		key += "-dry"
	}
	fmt.Fprintln(s.Stdout, s.say.Say(key, "file", r.Input.Path, "output", r.Output, "sidecar", r.Sidecar, "place", string(r.Plan.Place), "format", string(r.Plan.Format), "id", r.Plan.Fields.ProduceID))
	s.printNotice(r.Plan.Notice)
	s.printHidden(r.Plan)
	if r.Preview != "" {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("notice-preview", "file", r.Preview))
	}
	s.printFindings("  ", r.Plan.Findings)
}

// jsonHidden is what became of a mark that nobody perceives.
type jsonHidden struct {
	State    stamp.State   `json:"state"`
	Reason   colophon.Code `json:"reason,omitempty"`
	Payload  string        `json:"payload,omitempty"`
	Strength float64       `json:"strength_db,omitempty"`
	Score    float64       `json:"score,omitempty"`
	Manifest string        `json:"manifest,omitempty"`
	Signer   string        `json:"signer,omitempty"` // SHA-256 of the certificate
}

func hiddenJSON(p *stamp.Plan) (mark, credential *jsonHidden) {
	if w := p.Watermark; w.State != "" {
		mark = &jsonHidden{State: w.State, Reason: w.Reason, Payload: hex.EncodeToString(w.Payload), Strength: round(w.Strength), Score: round(w.Score)}
	}
	if c := p.Credential; c.State != "" {
		credential = &jsonHidden{State: c.State, Reason: c.Reason, Manifest: c.Manifest, Signer: c.Signer}
	}
	return mark, credential
}

// printHidden prints what became of the marks that nobody perceives. Why there is none stands among the findings.
func (s *session) printHidden(p *stamp.Plan) {
	if w := p.Watermark; w.State == stamp.Put || w.State == stamp.There {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("label-watermark-"+string(w.State), "payload", hex.EncodeToString(w.Payload), "strength", decimal(w.Strength, 1), "score", decimal(w.Score, 0)))
	}
	if c := p.Credential; c.State == stamp.Put || c.State == stamp.There {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("label-credential-"+string(c.State), "manifest", c.Manifest, "signer", cutTo(c.Signer, 16)))
	}
}

// cutTo is the beginning of a text.
func cutTo(text string, n int) string { return text[:min(n, len(text))] }

func noticeKey(state stamp.State) string {
	if state == stamp.There {
		return "notice-there-line"
	}
	return "notice-put"
}

// printNotice prints what became of the notice on one line, and on another what belongs around the content.
func (s *session) printNotice(n stamp.Notice) {
	if n.State == stamp.Put || n.State == stamp.There {
		parts := []string{n.Words, s.named("notice-at-", n.Place), s.named("notice-by-", n.Method)}
		if n.Ink > 0 {
			parts = append(parts, s.say.Say("notice-ink", "percent", decimal(n.Ink*100, 1)), s.say.Say("notice-contrast", "ratio", decimal(n.Contrast, 1)))
		}
		if n.Seconds > 0 {
			parts = append(parts, s.say.Say("notice-seconds", "seconds", decimal(n.Seconds, 2)))
		}
		if n.Added > 0 {
			parts = append(parts, s.say.Say("notice-added", "seconds", decimal(n.Added, 2)))
		}
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
		fmt.Fprintln(s.Stdout, "  "+s.say.Say(noticeKey(n.State), "what", strings.Join(parts, " · ")))
	}
	if n.Around != "" && n.State != stamp.Around {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("notice-show-around", "words", n.Around))
	}
}

// named says the words that a report has for places and methods. Several places are listed.
func (s *session) named(prefix, word string) string {
	if word == "" {
		return ""
	}
	var said []string
	for _, one := range strings.Split(strings.ReplaceAll(word, " and ", ", "), ", ") {
		if key := prefix + strings.ReplaceAll(one, " ", "-"); s.say.Has(key) {
			one = s.say.Say(key)
		}
		said = append(said, one)
	}
	return strings.Join(said, s.say.Say("list-comma"))
}

func (s *session) reason(text string) string {
	said, _ := s.say.Phrase("reason", text)
	return said
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

type jsonEstimate struct {
	File    string       `json:"file"`
	Format  label.Format `json:"format,omitempty"`
	Seconds float64      `json:"seconds"` // of video
	Encoded float64      `json:"seconds_encoded"`
	Added   float64      `json:"seconds_added"`
	Reason  string       `json:"reason,omitempty"` // why the whole is encoded anew
	Error   *jsonError   `json:"error,omitempty"`
}

// estimate tells what the notice would cost, file by file, and writes nothing.
func (c *labelCommand) estimate(s *session, work *app.Labelling, inputs []app.Input) {
	for _, e := range work.Estimate(s.ctx, inputs) {
		if e.Err != nil {
			s.exit = exitError
		}
		switch {
		case s.json:
			s.printJSON(jsonEstimate{e.Input.Path, e.Format, e.Cost.Seconds, e.Cost.Encoded, e.Cost.Added, e.Cost.Reason, s.errorJSON(e.Err)})
		case e.Err != nil:
			s.complain(e.Input.Path, e.Err)
		case !e.Video:
			fmt.Fprintln(s.Stdout, s.say.Say("estimate-none", "file", e.Input.Path))
		case e.Cost.Reason != "":
			fmt.Fprintln(s.Stdout, s.say.Say("estimate-whole", "file", e.Input.Path, "seconds", decimal(e.Cost.Seconds, 1), "reason", s.reason(e.Cost.Reason)))
		default:
			fmt.Fprintln(s.Stdout, s.say.Say("estimate-part", "file", e.Input.Path, "seconds", decimal(e.Cost.Seconds, 1), "encoded", decimal(e.Cost.Encoded, 1)))
		}
	}
}

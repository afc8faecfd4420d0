package app

import (
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/review/inspection"
)

// InspectionPaper writes the report of an inspection as HTML, DOCX or PDF in one language.
func InspectionPaper(r *inspection.Report, digest string, language locale.Language, f media.Format) ([]byte, error) {
	book, err := inspection.Rules()
	if err != nil {
		return nil, err
	}
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return nil, err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return nil, err
	}
	say := english
	if language == locale.Chinese {
		say = chinese
	}
	p := inspectionPaper{say: say, book: book, report: r, numbers: map[string]int{}}
	return document.New(chinese.Say, english.Say).Report(document.Report{Title: say.Say("inspection-title"), Subtitle: say.Say("inspection-kind-"+r.Kind, "target", r.Target), Language: string(say.Language),
		At: r.Ended, Digest: digest, Blocks: p.blocks()}, f)
}

// inspectionPaper draws one report.
type inspectionPaper struct {
	say     *locale.Printer
	book    *inspection.Book
	report  *inspection.Report
	numbers map[string]int // of pictures, by digest, in the order in which they are spoken of
	order   []string
	names   map[string]string
}

func (p *inspectionPaper) blocks() []document.Block {
	r, say := p.report, p.say.Say
	p.names = map[string]string{}
	list := []document.Block{{Kind: document.Text, Text: say("inspection-paper-lead")}, {Kind: document.Facts, Rows: [][]string{
		{say("inspection-paper-outcome"), say("sheet-verdict-" + string(r.Outcome))},
		{say("inspection-paper-period"), stampOf(r.Begun) + " – " + stampOf(r.Ended)},
		{say("inspection-paper-subjects"), strconv.Itoa(len(r.Subjects))},
		{say("inspection-paper-version"), r.Version},
		{say("inspection-paper-left"), strconv.Itoa(r.Left)},
	}}, {Kind: document.Heading, Level: 1, Text: say("inspection-paper-summary")}, p.summary()}
	if bars := p.bars(); len(bars) > 0 {
		list = append(list, document.Block{Kind: document.Bars, Text: say("inspection-paper-chart"), Bars: bars})
	}
	for _, h := range inspection.Headings() {
		list = append(list, document.Block{Kind: document.Heading, Level: 1, Text: say("inspection-heading-" + string(h))})
		list = append(list, p.under(h)...)
	}
	list = append(list, p.basis()...)
	return append(list, p.pictures()...)
}

func stampOf(t time.Time) string {
	return t.In(time.FixedZone("", 8*60*60)).Format("2006-01-02 15:04:05 -07:00")
}

func (p *inspectionPaper) summary() document.Block {
	say := p.say.Say
	b := document.Block{Kind: document.Table, Head: []string{say("inspection-paper-heading"), say("inspection-paper-outcome"), say("inspection-paper-passed"), say("inspection-paper-failed"), say("inspection-paper-untold")}}
	for _, s := range p.report.Sums {
		outcome := say("sheet-verdict-" + string(s.Outcome()))
		if s.Count() == 0 {
			outcome = say("inspection-paper-not-looked")
		}
		b.Rows = append(b.Rows, []string{say("inspection-heading-" + string(s.Heading)), outcome, strconv.Itoa(s.Passed), strconv.Itoa(s.Failed), strconv.Itoa(s.Untold)})
	}
	return b
}

func (p *inspectionPaper) bars() (list []document.Bar) {
	for _, s := range p.report.Sums {
		if s.Count() == 0 {
			continue
		}
		list = append(list, document.Bar{Name: p.say.Say("inspection-heading-" + string(s.Heading)), Value: float64(s.Passed) / float64(s.Count()), Mark: -1, Verdict: s.Outcome().Verdict(),
			Note: p.say.Say("inspection-paper-counts", "passed", strconv.Itoa(s.Passed), "failed", strconv.Itoa(s.Failed), "untold", strconv.Itoa(s.Untold))})
	}
	return list
}

// under is what was found under a heading, by rule.
func (p *inspectionPaper) under(h inspection.Heading) (list []document.Block) {
	say := p.say.Say
	for _, rule := range p.book.Rules {
		if rule.Heading != h {
			continue
		}
		b := document.Block{Kind: document.Table, Head: []string{say("inspection-paper-subject"), say("inspection-paper-answer"), say("inspection-paper-saw")}}
		for _, s := range p.report.Subjects {
			for _, c := range s.Checks {
				if c.Rule == rule.ID {
					b.Rows = append(b.Rows, []string{p.subject(s), say("sheet-verdict-" + string(c.Outcome)), p.saw(s, c)})
				}
			}
		}
		if len(b.Rows) > 0 {
			list = append(list, document.Block{Kind: document.Heading, Level: 2, Text: rule.Asks.In(string(p.say.Language))}, document.Block{Kind: document.Text, Text: rule.Cite.In(string(p.say.Language))}, b)
		}
	}
	if len(list) == 0 {
		list = append(list, document.Block{Kind: document.Text, Text: say("inspection-paper-none")})
	}
	return list
}

func (p *inspectionPaper) subject(s inspection.Subject) string {
	if s.From == "" {
		return s.Name
	}
	return s.Name + "\n" + p.say.Say("inspection-paper-from", "page", s.From)
}

// saw says what was seen and where.
func (p *inspectionPaper) saw(s inspection.Subject, c inspection.Check) string {
	lines := append([]string{capital(p.say.Code(c.Code, c.Args))}, c.Proof.Lines(p.say.Say)...)
	if c.Proof.Picture != "" {
		if _, ok := p.numbers[c.Proof.Picture]; !ok {
			p.order = append(p.order, c.Proof.Picture)
			p.numbers[c.Proof.Picture], p.names[c.Proof.Picture] = len(p.order), s.Name
		}
		lines = append(lines, p.say.Say("inspection-paper-see-picture", "number", strconv.Itoa(p.numbers[c.Proof.Picture])))
	}
	if c.Look != "" {
		lines = append(lines, p.say.Say(string(c.Look)))
	}
	return strings.Join(lines, "\n")
}

// capital makes a sentence of words that begin in lower case.
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (p *inspectionPaper) basis() []document.Block {
	say := p.say.Say
	b := document.Block{Kind: document.Table, Head: []string{say("inspection-paper-asks"), say("inspection-paper-cite"), say("inspection-paper-source"), say("inspection-paper-confidence")}}
	for _, r := range p.book.Rules {
		b.Rows = append(b.Rows, []string{r.Asks.In(string(p.say.Language)), r.Cite.In(string(p.say.Language)), r.Source, say("inspection-confidence-" + r.Confidence)})
	}
	return []document.Block{{Kind: document.Heading, Level: 1, Text: say("inspection-paper-basis")}, b}
}

func (p *inspectionPaper) pictures() (list []document.Block) {
	for i, digest := range p.order {
		for _, shot := range p.report.Pictures {
			if shot.Digest == digest {
				list = append(list, document.Block{Kind: document.Picture, Picture: shot.PNG, Width: 80, Text: p.say.Say("inspection-paper-picture", "number", strconv.Itoa(i+1), "name", p.names[digest])})
			}
		}
	}
	return list
}

// inspectionFormats are those that reports are written in, by the end of a file's name.
func inspectionFormats() map[string]media.Format {
	return map[string]media.Format{"html": media.HTML, "docx": media.DOCX, "pdf": media.PDF}
}

// InspectionFormat is the format of a report that a file's ending asks for.
func InspectionFormat(ending string) (media.Format, error) {
	f, ok := inspectionFormats()[strings.TrimPrefix(strings.ToLower(ending), ".")]
	if !ok {
		return "", &colophon.Error{Kind: colophon.Invalid, Code: inspection.CodeInvalid, Args: colophon.Args{"field": "format"}}
	}
	return f, nil
}

package document

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"html/template"
	"math"
	"strconv"
)

//go:embed report.html
var reportSource string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{"lines": shown, "cell": cellOf, "class": patchClass}).Parse(reportSource))

// shownReport is a report as the page takes it.
type shownReport struct {
	Tag, Title, Subtitle string
	About                []string
	Blocks               []shownPart
	Head                 shownHead
}

// shownHead are the words over a chart.
type shownHead struct{ Name, Chart, Value string }

type shownPart struct {
	Block
	Kind   string
	Title  string // tag of a heading
	Name   string // of a table for those who can't see it: its own, or that of the heading above
	Source template.URL
	Wide   int
	Bars   []shownBar
	Legend string
}

type shownBar struct {
	Name    []string
	Said    []string
	Tone    string
	Patches []shownPatch
}

// shownPatch is a rectangle in a drawing of 1000 by 100.
type shownPatch struct{ X, Y, W, H, Class string }

var kindNames = [...]string{"heading", "text", "facts", "table", "picture", "bars", "break"}

// html writes a page that loads nothing and runs nothing.
func (d draft) html() ([]byte, error) {
	page := shownReport{Tag: d.tag(), Title: oneShown(d.Title), Subtitle: oneShown(d.Subtitle), About: d.about(),
		Head: shownHead{d.say("report-bar-name"), d.say("report-bar-chart"), d.say("report-bar-value")}}
	above := page.Title
	for _, b := range d.Blocks {
		if b.Kind < 0 || int(b.Kind) >= len(kindNames) {
			continue
		}
		p := shownPart{Block: b, Kind: kindNames[b.Kind], Name: oneShown(cmp.Or(b.Text, above))}
		switch b.Kind {
		case Heading:
			above = b.Text
			p.Title = "h" + strconv.Itoa(min(max(b.Level, 1), 4)+1)
		case Picture:
			p.Source = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Picture)) //nolint:gosec // base64 of a PNG
			p.Wide = int(math.Round(100 * b.share()))
		case Bars:
			p.Legend = d.legend(b.Bars)
			for _, bar := range b.Bars {
				p.Bars = append(p.Bars, d.shownBar(bar))
			}
		}
		page.Blocks = append(page.Blocks, p)
	}
	var out bytes.Buffer
	err := reportPage.Execute(&out, page)
	return out.Bytes(), err
}

func (d draft) shownBar(b Bar) shownBar {
	s := shownBar{Name: shown(b.Name), Said: d.said(b), Tone: b.Verdict.String()}
	in := func(v float64, of float64) string { return strconv.FormatFloat(math.Round(v*of*10)/10, 'f', -1, 64) }
	for _, p := range b.patches() {
		s.Patches = append(s.Patches, shownPatch{in(p.x0, 1000), in(p.y0, 100), in(p.x1-p.x0, 1000), in(p.y1-p.y0, 100), patchClass(p.color)})
	}
	return s
}

func patchClass(color string) string { return "c-" + color }

func oneShown(s string) string { return plain(oneLine(s)).Chinese }

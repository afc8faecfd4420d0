package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report is what the part keyword found out.
type report struct {
	runes   int // of the prose
	sizes   []int
	engines [][]*engine // by size
	million []*engine   // built from a million keywords
}

func (e *engine) best(text int) time.Duration { return slices.Min(e.scans[text]) }

func speed(d time.Duration) float64 { return proseBytes / 1e6 / d.Seconds() }

// rate is the best of all rounds in MB a second of processor time, with the worst.
func (e *engine) rate(text int) string {
	return fmt.Sprintf("%.0f (%.0f)", speed(e.best(text)), speed(slices.Max(e.scans[text])))
}

// title is how the tables call an engine.
func (e *engine) title() string {
	switch e.name {
	case "plain":
		return "**Colophon, exact pass, folding on**"
	case "all":
		return "**Colophon, all three passes**"
	}
	return e.name
}

// table is what was measured, in Markdown.
func (r *report) table() string {
	var t strings.Builder
	for i, n := range r.sizes {
		fmt.Fprintf(&t, "\n| %d | prose | bare | dense | build, s | MB | B | hits |\n|---|---|---|---|---|---|---|---|\n", n)
		for _, e := range r.engines[i] {
			fmt.Fprintf(&t, "| %s | %s | %s | %s | %.2f | %.1f | %d | %d |\n", e.title(), e.rate(0), e.rate(1), e.rate(2), e.build.Seconds(), float64(e.bytes)/1e6, e.bytes/int64(n), e.count[0])
		}
	}
	fmt.Fprint(&t, "\n| 1000000 | build, s | MB |\n|---|---|---|\n")
	for _, e := range r.million {
		fmt.Fprintf(&t, "| %s | %.2f | %.0f |\n", e.title(), e.build.Seconds(), float64(e.bytes)/1e6)
	}
	return t.String()
}

// chart draws the speeds over prose as bars.
func (r *report) chart() string {
	const left, height, width = 250, 26, 380
	most, rows := 0.0, 0
	for _, list := range r.engines {
		rows += len(list) + 1
		for _, e := range list {
			most = max(most, speed(e.best(0)))
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img" aria-label="MB/s">`+"\n", left+width+80, rows*height+10)
	s.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	y := 0
	for i, n := range r.sizes {
		y += height
		fmt.Fprintf(&s, `<text x="8" y="%d" font-weight="bold" fill="#222">%d</text>`+"\n", y-8, n)
		for _, e := range r.engines[i] {
			y += height
			color := "#9aa5b1"
			if e.title() != e.name {
				color = "#b3261e"
			}
			bar := speed(e.best(0)) / most * width
			fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="end" fill="#222">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d" fill="#222">%.0f MB/s</text>`+"\n",
				left-8, y-8, strings.Trim(e.title(), "*"), left, y-height+4, bar, height-8, color, left+bar+6, y-8, speed(e.best(0)))
		}
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// write prints the tables, and puts them and the chart into the documents.
func (r *report) write(docs string) error {
	table := r.table()
	fmt.Println(table)
	if err := os.WriteFile(filepath.Join(docs, "keyword-speed.svg"), []byte(r.chart()), 0o644); err != nil {
		return err
	}
	for _, name := range []string{"screening.md", "screening.zh-CN.md"} {
		file := filepath.Join(docs, name)
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		before, rest, _ := strings.Cut(string(raw), "<!-- keyword-speed -->")
		_, after, ok := strings.Cut(rest, "<!-- /keyword-speed -->")
		if !ok {
			return fmt.Errorf("%s has no place for the tables", file)
		}
		if err := os.WriteFile(file, []byte(before+"<!-- keyword-speed -->"+table+"<!-- /keyword-speed -->"+after), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// builds has a matcher made of a million keywords, without and with all passes.
func (b *bench) builds() ([]*engine, error) {
	letters, err := ideographs()
	if err != nil {
		return nil, err
	}
	file := b.path("million")
	if err := os.WriteFile(file, []byte(strings.Join(lexicon(letters, 1_000_000), "\n")+"\n"), 0o666); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var list []*engine
	for _, name := range []string{"plain", "all"} {
		e := &engine{name: name, command: exec.Command(self, "-child", "keyword-"+name, file)}
		if err := e.start(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := e.end(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// evasions has the tests of the matcher write keywords in evading ways into the prose, and put what is found into the
// documents.
func (b *bench) evasions(text string) error {
	file := b.path("evasions")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		return err
	}
	test := exec.Command("go", "test", "-count=1", "-run", "TestReport", ".", "-update")
	test.Dir, test.Env = filepath.Join("..", "screen", "keyword"), append(os.Environ(), "PROSE="+file)
	if said, err := test.CombinedOutput(); err != nil {
		return fmt.Errorf("measuring evasions: %w: %s", err, said)
	}
	return nil
}

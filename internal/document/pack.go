package document

import (
	"bytes"
	"strconv"

	"github.com/colophon-project/colophon/desk/pack"
)

// packCommand checks what an authority was handed.
const packCommand = "colophon pack verify FILE..."

// Pack writes a report to an authority as a page that loads nothing and runs nothing. Digest is that of its document. The
// answers are in Chinese, as the authority gets them; the headings are in both languages.
func (w *Writer) Pack(d pack.Document, digest string) ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, w.report(d, digest))
	return b.Bytes(), err
}

// PackPDF writes the same as PDF.
func (w *Writer) PackPDF(d pack.Document, digest string) ([]byte, error) {
	return w.pdf(w.report(d, digest), d.Made)
}

func (w *Writer) report(d pack.Document, digest string) paper {
	head := [][]cell{
		w.row("pack-sheet-number", plain(d.Number)),
		w.row("pack-sheet-authority", names(d.Form.Authority)),
		w.row("pack-sheet-basis", names(d.Form.Basis)),
		w.row("pack-sheet-made", moment(d.Made)),
	}
	if d.Part > 1 {
		head = append(head, w.row("pack-sheet-amends", w.say("pack-sheet-part", "part", strconv.Itoa(d.Part)), plain(d.Amends)), w.row("pack-sheet-before", plain(d.Before)))
	}
	head = append(head, w.row("pack-sheet-form", plain(d.Form.ID), plain(d.Form.SHA256)), w.row("pack-sheet-digest", plain(digest)))
	answers := keyed(w.say("pack-sheet-answers-caption"))
	for _, a := range d.Fields {
		answers.Rows = append(answers.Rows, w.answered(a))
	}
	return paper{Title: names(d.Form.Names), Lead: w.say("pack-sheet-lead"), Sections: []section{
		{Heading: w.say("pack-sheet-head"), Tables: []table{keyed(w.say("pack-sheet-head-caption"), head...)}},
		{Heading: w.say("pack-sheet-answers"), Tables: []table{answers}},
		{Heading: w.say("sheet-check"), Notes: []text{w.say("pack-sheet-check")}, Commands: []string{packCommand}},
	}}
}

// answered is one field with its answer. What is not known looks like what could not be told.
func (w *Writer) answered(a pack.Answer) []cell {
	row := []cell{{text: names(a.Names)}}
	switch a.Certainty {
	case pack.Known:
		for _, line := range a.Lines {
			for _, t := range lines(line) {
				row = append(row, cell{text: t})
			}
		}
	case pack.None:
		row = append(row, cell{text: w.say(string(pack.SayNone))})
	default:
		row = append(row, cell{text: w.say(string(pack.SayUnknown)), Tone: "could-not-tell"})
	}
	return row
}

// names are a name in both languages.
func names(n pack.Names) text { return text{plain(n.ZH).Chinese, plain(n.EN).Chinese}.folded() }

package govern

import (
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/media"
)

// Incident writes a report or a notice about an incident as HTML, DOCX or PDF, in Chinese as whoever gets it reads it. Digest
// is that of its document.
func Incident(w *document.Writer, d report.Document, digest string, f media.Format) ([]byte, error) {
	say := w.Words("zh")
	head := document.Block{Kind: document.Facts, Text: say("incident-sheet-head"), Rows: [][]string{
		{say("incident-sheet-number"), d.Incident}, {say("incident-sheet-basis"), d.Form.Basis.ZH}, {say("incident-sheet-form"), d.Form.ID + "\n" + d.Form.SHA256}}}
	if d.Part > 1 {
		head.Rows = append(head.Rows, []string{say("incident-sheet-part"), say("incident-sheet-amends", "part", strconv.Itoa(d.Part)) + "\n" + d.Before})
	}
	said := document.Block{Kind: document.Table, Text: say("incident-sheet-answers"), Head: []string{say("incident-sheet-field"), say("incident-sheet-answer")}}
	for _, a := range d.Fields {
		said.Rows = append(said.Rows, []string{a.Names.ZH, strings.Join(a.Lines, "\n")})
	}
	return w.Report(document.Report{Title: d.Form.Names.ZH, Language: "zh", At: d.Made, Digest: digest, Blocks: []document.Block{head, said, {Kind: document.Text, Text: say("incident-sheet-note")}}}, f)
}

package document

import (
	"bytes"
	"strings"

	"github.com/colophon-project/colophon/consent/assessment"
)

// Assessment writes an impact assessment as a page that loads nothing and runs nothing. What people wrote stands in it as
// they wrote it, in one language; the headings are in both.
func (w *Writer) Assessment(e assessment.Entry) ([]byte, error) {
	var b bytes.Buffer
	err := page.Execute(&b, w.assessment(e))
	return b.Bytes(), err
}

func (w *Writer) assessment(e assessment.Entry) paper {
	v, f := e.Value, e.Value.Form
	history := []([]cell){
		w.row("assess-id", plain(e.ID)),
		w.row("assess-state", w.say("assess-state-"+e.State)),
		w.row("assess-author", plain(v.Author.ID), moment(e.Made)),
	}
	if !v.Decided.IsZero() {
		history = append(history, w.row("assess-decider", plain(v.Decider.ID), moment(v.Decided)))
	}
	if !v.Ended.IsZero() {
		history = append(history, w.row("assess-ended", moment(v.Ended)))
	}
	if v.Reason != "" {
		history = append(history, w.row("assess-reason", w.say(string(v.Reason))))
	}
	history = append(history, w.row("assess-digest", plain(v.Digest)), w.row("assess-facts", plain(v.Facts)))
	conclusion := []([]cell){w.row("assess-residual", w.say("assess-grade-"+string(f.Residual))), w.row("assess-conclusion", w.say("assess-conclusion-"+string(f.Conclusion)))}
	if f.Conditions != "" {
		conclusion = append(conclusion, w.row("assess-conditions", lines(f.Conditions)...))
	}
	conclusion = append(conclusion, w.row("assess-review", plain(f.Review)))
	return paper{Title: w.say("assess-title"), Lead: w.say("assess-lead"), Sections: []section{
		{Heading: w.say("assess-history"), Tables: []table{keyed(plain(f.Function), history...)}},
		{Heading: w.say("assess-processing"), Tables: []table{w.processing(f), w.data(f), w.models(f), w.recipients(f)}},
		{Heading: w.say("assess-risks"), Tables: w.risks(f)},
		{Heading: w.say("assess-conclusion"), Tables: []table{keyed(w.say("assess-outcome"), conclusion...), w.annexes(f)}},
	}}
}

func (w *Writer) processing(f assessment.Form) table {
	var modalities []text
	for _, m := range f.Modalities {
		modalities = append(modalities, w.say("assess-modality-"+m))
	}
	rows := []([]cell){w.row("assess-modalities", modalities...)}
	for _, p := range []struct{ key, text string }{{"assess-purpose", f.Purpose}, {"assess-method", f.Method}, {"assess-basis", f.Basis}, {"assess-necessity", f.Necessity},
		{"assess-scope", f.Scope}, {"assess-storage", f.Storage}, {"assess-retention", f.Retention}} {
		rows = append(rows, w.row(p.key, lines(p.text)...))
	}
	return keyed(w.say("assess-how"), rows...)
}

// list is a table with a heading for each column.
func (w *Writer) list(caption string, shares []float64, heads ...string) table {
	t := table{Caption: w.say(caption), Shares: shares}
	for _, h := range heads {
		t.Head = append(t.Head, w.say(h))
	}
	return t
}

func (w *Writer) data(f assessment.Form) table {
	t := w.list("assess-data", []float64{0.4, 0.3, 0.15, 0.15}, "assess-kind", "assess-source", "assess-sensitive", "assess-minors")
	for _, d := range f.Data {
		t.Rows = append(t.Rows, []cell{{text: one(d.Kind)}, {text: one(d.Source)}, {text: w.yes(d.Sensitive)}, {text: w.yes(d.Minors)}})
	}
	return t
}

func (w *Writer) models(f assessment.Form) table {
	t := w.list("assess-models", []float64{0.35, 0.2, 0.45}, "assess-model", "assess-version", "assess-model-digest")
	for _, m := range f.Models {
		t.Rows = append(t.Rows, []cell{{text: plain(m.Name)}, {text: plain(m.Version)}, {text: plain(m.Digest)}})
	}
	return t
}

func (w *Writer) recipients(f assessment.Form) table {
	t := w.list("assess-recipients", []float64{0.3, 0.55, 0.15}, "assess-who", "assess-why", "assess-abroad")
	for _, r := range f.Recipients {
		t.Rows = append(t.Rows, []cell{{text: one(r.Who)}, {text: one(r.Why)}, {text: w.yes(r.Abroad)}})
	}
	if len(f.Recipients) == 0 {
		t.Rows = [][]cell{{{text: w.say("assess-nobody")}, {}, {}}}
	}
	return t
}

func (w *Writer) risks(f assessment.Form) (tables []table) {
	for _, r := range f.Risks {
		var measures []text
		for _, m := range r.Measures {
			measures = append(measures, lines(m)...)
		}
		grade := func(g assessment.Grade) text { return w.say("assess-grade-" + string(g)) }
		tables = append(tables, keyed(one(r.Risk), w.row("assess-effect", lines(r.Effect)...), w.row("assess-likelihood", grade(r.Likelihood)), w.row("assess-severity", grade(r.Severity)),
			w.row("assess-measures", measures...), w.row("assess-residual", grade(r.Residual))))
	}
	return tables
}

func (w *Writer) annexes(f assessment.Form) table {
	t := w.list("assess-annexes", []float64{0.4, 0.6}, "assess-file", "assess-sha256")
	for _, a := range f.Annexes {
		t.Rows = append(t.Rows, []cell{{text: plain(a.Name)}, {text: plain(a.SHA256)}})
	}
	if len(f.Annexes) == 0 {
		t.Rows = [][]cell{{{text: w.say("assess-none")}, {}}}
	}
	return t
}

func (w *Writer) yes(b bool) text {
	if b {
		return w.say("assess-yes")
	}
	return w.say("assess-no")
}

// lines are the lines of what somebody wrote.
func lines(s string) (list []text) {
	for l := range strings.SplitSeq(s, "\n") {
		list = append(list, plain(l))
	}
	return list
}

// one is what somebody wrote as one line.
func one(s string) text { return plain(strings.ReplaceAll(s, "\n", " ")) }

package console

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	decision "github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
)

func policyEditPages() []page {
	return []page{
		{method: get, path: "/policies/new", action: staff.PolicyPropose, title: "page-policy-new", above: "/policies", upload: maxPolicy, words: []string{"page-done-policy-propose"}, do: editPolicy},
		{method: post, path: "/policies/new", action: staff.PolicyPropose, title: "page-policy-new", back: "/policies/new", upload: maxPolicy, do: changePolicy},
	}
}

// policyForm is a decision table while somebody writes it.
type policyForm struct {
	From      string // version that it began as; its cases are kept
	Version   string
	Reason    string
	Rows      []formRow
	Cases     int
	Wants     []caseWant // cases that are to come out otherwise
	Failing   *caseWant
	Wrong     string // the row that something is wrong with
	Fault     string // what
	Levels    []string
	Surfaces  []string
	Actions   []string
	Help      []string
	Known     []cell // categories
	Focus     int    // row that was just changed; -1 for none
	Unwritten bool   // not a form that was sent
}

// formRow is a row of the form. Category, level and surface are boxes to check; none checked stands for all.
type formRow struct {
	client.PolicyRow
	Place      int
	Categories []string
	Others     []string // categories that no taxonomy of ours has
	Levels     []string
	Surfaces   []string
	Named      []cell // categories, as the closed row names them
	More       int    // how many it does not name
	Does       cell
	Open       bool
	Wrong      bool
}

// Number is the place of the row as people count.
func (r formRow) Number() string { return grouped(int64(r.Place + 1)) }

// caseWant says what a case has to come out as.
type caseWant struct{ Case, Want string }

// helps are the names of what a person may be told beside a decision.
func helps() []string { return []string{"crisis-line", "fraud-line"} }

func (v *visit) form(f *policyForm) {
	f.Levels, f.Surfaces, f.Actions, f.Help = []string{"note", "review", "block", "unknown"}, surfaces(), policyActions(), helps()
	for _, id := range categories() {
		f.Known = append(f.Known, category(id))
	}
	for i := range f.Rows {
		r := &f.Rows[i]
		r.Place, r.Wrong = i, f.Wrong != "" && r.ID == f.Wrong
		r.Open = r.Wrong || i == f.Focus
		r.Categories, r.Levels, r.Surfaces = boxes(r.Category), boxes(r.Level), boxes(r.Surface)
		for _, id := range r.Categories {
			if !slices.Contains(categories(), id) {
				r.Others = append(r.Others, id)
			}
		}
		r.Named, r.More = alternatives("page-category-", r.Category, 4), max(0, len(r.Categories)-4)
		r.Does = word("page-policy-action-", r.PolicyRow.Action)
	}
}

// boxes are the words of a cell; all of them where it says *.
func boxes(cell string) []string {
	if cell == "*" || cell == "" {
		return nil
	}
	return strings.Split(cell, "|")
}

// editPolicy shows a table to change: a version, or the one in force. After an error it is what was sent.
func editPolicy(v *visit) error {
	f := &policyForm{Focus: -1}
	if v.problem != "" {
		f = v.sentPolicy()
		v.form(f)
		return v.show("policyform", f)
	}
	t, _, err := v.api().Policy(v.r.Context())
	if from := v.r.URL.Query().Get("from"); err == nil && from != "" && from != t.Version {
		var p client.PolicyVersion
		p, err = policyVersion(v, from)
		t = p.Table
	}
	if err != nil {
		return err
	}
	f.From, f.Cases, f.Unwritten = t.Version, len(t.Cases), true
	for _, r := range t.Rows {
		f.Rows = append(f.Rows, formRow{PolicyRow: r})
	}
	v.form(f)
	return v.show("policyform", f)
}

// sentPolicy reads the form. Row N has the fields N-id, N-category and so on, and the field "rows" says in which order.
func (v *visit) sentPolicy() *policyForm {
	f := &policyForm{From: v.sent("from"), Version: v.sent("version"), Reason: v.sent("reason"), Focus: -1}
	f.Cases, _ = strconv.Atoi(v.sent("cases")) // it is shown and nothing else
	for _, n := range v.r.PostForm["rows"] {
		if len(f.Rows) == decision.MaxRows {
			break
		}
		get := func(name string) string { return strings.TrimSpace(v.sent(n + "-" + name)) }
		cell := func(name string, all int) string {
			words := v.r.PostForm[n+"-"+name]
			if len(words) == 0 || len(words) == all {
				return "*"
			}
			return strings.Join(words, "|")
		}
		star := func(s string) string {
			if s = strings.Trim(strings.ReplaceAll(s, " ", ""), "|"); s == "" {
				return "*"
			}
			return s
		}
		f.Rows = append(f.Rows, formRow{PolicyRow: client.PolicyRow{ID: get("id"), Category: cell("category", 0), Level: cell("level", 4), Surface: cell("surface", 3), Class: star(get("class")),
			When: get("when"), Action: get("action"), Help: get("help"), Reason: get("reason")}})
	}
	for _, want := range v.r.PostForm["want"] {
		if name, action, ok := strings.Cut(want, "="); ok && slices.Contains(policyActions(), action) {
			f.Wants = append(f.Wants, caseWant{name, action})
		}
	}
	return f
}

// changePolicy changes the form by a row, or proposes the table.
func changePolicy(v *visit) error {
	f := v.sentPolicy()
	if step, place, ok := strings.Cut(v.sent("do"), "-"); ok {
		f.step(step, place)
		v.form(f)
		return v.show("policyform", f)
	}
	from, err := policyVersion(v, f.From)
	if err != nil {
		return err
	}
	t := client.PolicyTable{Version: f.Version, Cases: from.Table.Cases}
	for _, r := range f.Rows {
		t.Rows = append(t.Rows, r.PolicyRow)
	}
	for i, c := range t.Cases {
		for _, w := range f.Wants {
			if w.Case == c.Name {
				t.Cases[i].Want = w.Want
			}
		}
	}
	if t.Cases == nil {
		t.Cases = []client.PolicyCase{}
	}
	p, err := v.api().ProposePolicy(v.r.Context(), t, f.Reason)
	if err == nil {
		return v.send(policyLink(p.Table.Version) + "?done=policy-propose")
	}
	var e *client.Error
	if !errors.As(err, &e) || e.Status != 422 && e.Status != 409 {
		return err
	}
	f.Wrong, f.Fault = e.Args["row"], capital(e.Title)
	if e.Code == decision.CodeCaseFails {
		f.Failing = &caseWant{e.Args["case"], e.Args["got"]}
	}
	v.status, v.problem = e.Status, v.explain(e.Status, err)
	v.form(f)
	return v.show("policyform", f)
}

// step changes the rows: add below, remove, up or down.
func (f *policyForm) step(what, place string) {
	i, err := strconv.Atoi(place)
	if err != nil || i < 0 || i >= len(f.Rows) {
		return
	}
	f.Focus = i
	switch {
	case what == "add" && len(f.Rows) < decision.MaxRows:
		f.Rows = slices.Insert(f.Rows, i+1, formRow{PolicyRow: client.PolicyRow{Category: "*", Level: "*", Surface: "*", Class: "*", Action: "review"}})
		f.Focus = i + 1
	case what == "remove" && len(f.Rows) > 1:
		f.Rows = slices.Delete(f.Rows, i, i+1)
		f.Focus = min(i, len(f.Rows)-1)
	case what == "up" && i > 0:
		f.Rows[i-1], f.Rows[i] = f.Rows[i], f.Rows[i-1]
		f.Focus = i - 1
	case what == "down" && i+1 < len(f.Rows):
		f.Rows[i+1], f.Rows[i] = f.Rows[i], f.Rows[i+1]
		f.Focus = i + 1
	}
}

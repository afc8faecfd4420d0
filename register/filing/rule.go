package filing

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/list"
)

func (l *linter) open() {
	fields := l.kit.Open()
	if l.people != nil {
		fields = append(fields, l.people.Open()...)
	} else {
		fields = append(fields, "people")
	}
	for _, f := range fields {
		l.find(LintOpen, f, nil)
	}
}

func (l *linter) untold() {
	if l.known == nil {
		l.find(LintUntold, "", nil)
	}
}

// other finds what is not as it is elsewhere. Names are compared sign by sign, but for the width of brackets, which has a
// rule of its own. What is not known yet contradicts nothing.
func (l *linter) other(code colophon.Code, field, here, there string) {
	if here != "" && there != "" && bracketless(here) != bracketless(there) {
		l.find(code, field, colophon.Args{"here": here, "there": there})
	}
}

func bracketless(s string) string {
	return strings.NewReplacer("（", "(", "）", ")").Replace(strings.TrimSpace(s))
}

func (l *linter) names() {
	name := l.kit.Algorithm.Name
	l.other(LintName, "report.name", l.kit.Report.Name, name)
	l.other(LintName, "public.name", l.kit.Public.Name, name)
}

func (l *linter) entities() {
	name := l.kit.Subject.Name
	l.other(LintEntity, "responsibility.entity", l.kit.Responsibility.Entity, name)
	l.other(LintEntity, "report.entity", l.kit.Report.Entity, name)
}

func (l *linter) report() {
	a, r := l.kit.Algorithm, l.kit.Report
	for _, f := range []struct{ field, here, there string }{{"report.type", r.Type, a.Type}, {"report.field", r.Field, a.Field}, {"report.scene", r.Scene, a.Scene}, {"report.online", r.Online, a.Online}} {
		l.other(LintSame, f.field, f.here, f.there)
	}
}

func (l *linter) registered() {
	if l.known == nil {
		return
	}
	k, was := l.kit, l.known
	for _, f := range []struct{ field, here, there string }{
		{"algorithm.role", k.Algorithm.Role, was.Role}, {"subject.name", k.Subject.Name, was.Entity},
		{"subject.code", k.Subject.Code, was.Code}, {"algorithm.number", digits(k.Algorithm.Number), digits(was.Number)},
	} {
		l.other(LintRegister, f.field, f.here, f.there)
	}
	if len(k.Detail.Models) > 0 && len(was.Models) > 0 {
		here, there := modelWords(k.Detail.Models), modelWords(was.Models)
		if !slices.Equal(here, there) {
			l.find(LintRegister, "detail.models", colophon.Args{"here": strings.Join(here, ", "), "there": strings.Join(there, ", ")})
		}
	}
	if len(k.Detail.Output) == 0 {
		return
	}
	var have []string
	for _, m := range k.Detail.Output {
		have = append(have, m.Formats...)
	}
	for _, f := range was.Formats {
		if !slices.ContainsFunc(have, func(s string) bool { return format(s) == format(f) }) {
			l.find(LintServed, "detail.output", colophon.Args{"format": f})
		}
	}
}

// registeredName holds the name against that of the function. It may be another one: the register names what users see.
func (l *linter) registeredName() {
	if l.known != nil {
		l.other(LintRegister, "algorithm.name", l.kit.Algorithm.Name, l.known.Name)
	}
}

// digits is a filing number without the words around it, or what stands in its place.
func digits(s string) string {
	if n, err := register.CheckFiling(s); err == nil {
		return n.Digits
	}
	return s
}

func modelWords(models []Model) []string {
	var words []string
	for _, m := range models {
		words = append(words, strings.TrimSpace(m.Name+" "+m.Version))
	}
	slices.Sort(words)
	return words
}

func format(s string) string { return strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), ".")) }

// modality finds formats of another kind of data than they are listed under. A format that is in no table is nobody's.
func (l *linter) modality() {
	for _, side := range []struct {
		field string
		list  []Modality
	}{{"detail.input", l.kit.Detail.Input}, {"detail.output", l.kit.Detail.Output}} {
		for i, m := range side.list {
			for _, f := range m.Formats {
				for _, of := range slices.Sorted(maps.Keys(l.words.Formats)) {
					if of != m.Modality && m.Modality != "" && m.Modality != "other" && slices.Contains(l.words.Formats[of], format(f)) && !slices.Contains(l.words.Formats[m.Modality], format(f)) {
						l.find(LintModality, side.field+"."+strconv.Itoa(i)+".formats", colophon.Args{"modality": m.Modality, "format": f})
					}
				}
			}
		}
	}
}

// forms compares the products of the report with the list of products: each stands in both, in the same form and under the
// same ICP number.
func (l *linter) forms() {
	if l.kit.Algorithm.Role == "supporter" {
		return
	}
	key := func(name, form, icp string) string { return list.Fold(name) + "/" + form + "/" + list.Fold(icp) }
	var listed, shown []string
	for _, p := range l.kit.Products {
		listed = append(listed, key(p.Name, p.Form, p.ICP))
	}
	for i, s := range l.kit.Report.Services {
		shown = append(shown, key(s.Product, s.Form, s.ICP))
		if len(listed) > 0 && !slices.Contains(listed, shown[i]) {
			l.find(LintForm, "report.services."+strconv.Itoa(i), colophon.Args{"product": s.Product})
		}
	}
	for i, p := range l.kit.Products {
		if len(shown) > 0 && !slices.Contains(shown, listed[i]) {
			l.find(LintForm, "products."+strconv.Itoa(i), colophon.Args{"product": p.Name})
		}
	}
}

func (l *linter) icp() {
	for i, p := range l.kit.Products {
		l.other(LintICP, "products."+strconv.Itoa(i)+".holder", p.Holder, l.kit.Subject.Name)
	}
}

func (l *linter) screenshots() {
	for _, f := range l.kit.starred() {
		l.find(LintShots, f, nil)
	}
}

func (l *linter) annexes() {
	var have []string
	kinds := map[string]bool{}
	for _, a := range l.kit.Annexes {
		have, kinds[a.Kind] = append(have, a.SHA256), true
	}
	shots := l.kit.shots()
	for _, f := range slices.Sorted(maps.Keys(shots)) {
		if !slices.Contains(have, shots[f]) {
			l.find(LintAnnex, f, nil)
		}
	}
	for _, kind := range l.words.Annexes {
		if len(have) > 0 && !kinds[kind] {
			l.find(LintAnnexKind, "annexes", colophon.Args{"kind": kind})
		}
	}
}

// place asks for a place that can be found: it names a province, city or district, and says more than a word for anywhere.
func (l *linter) place() {
	s := strings.TrimSpace(l.kit.Detail.Deployment)
	if s != "" && (slices.Contains(l.words.VaguePlaces, s) || !anyOf(s, l.words.PlaceMarks)) {
		l.find(LintPlace, "detail.deployment", colophon.Args{"place": s})
	}
}

func (l *linter) scope() {
	for _, r := range []struct {
		field string
		Review
	}{{"detail.input_review", l.kit.Detail.InputReview}, {"detail.output_review", l.kit.Detail.OutputReview}} {
		stated := strings.TrimSpace(r.Scope)
		if r.Method != "" && stated == "" || slices.Contains(l.words.Unstated, stated) {
			l.find(LintScope, r.field+".scope", colophon.Args{"scope": stated})
		}
	}
}

func (l *linter) models() {
	for i, m := range l.kit.Detail.Models {
		at := "detail.models." + strconv.Itoa(i)
		if m.Own != "no" {
			continue
		}
		if m.Number == "" {
			l.find(LintModel, at+".number", colophon.Args{"model": m.Name})
		}
		if m.Proof == "" {
			l.find(LintModelProof, at+".proof", colophon.Args{"model": m.Name})
		}
	}
}

// ending holds the name against the habit of the list: it ends in 算法, or in 算法 and a number behind a dash.
func (l *linter) ending() {
	name := list.Fold(l.kit.Algorithm.Name)
	stem, _, numbered := cutLast(name, "-")
	if name == "" || strings.HasSuffix(name, "算法") || numbered && strings.HasSuffix(stem, "算法") {
		return
	}
	l.find(LintEnding, "algorithm.name", colophon.Args{"name": l.kit.Algorithm.Name})
}

// cutLast cuts at the last separator, where only digits stand behind it.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 || i+len(sep) == len(s) || strings.Trim(s[i+len(sep):], "0123456789") != "" {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (l *linter) use() {
	use := strings.TrimSpace(l.kit.Listing.Use)
	if use == "" {
		return
	}
	first, _, _ := strings.Cut(list.Fold(use), ",")
	if !strings.HasPrefix(first, "应用于") || !strings.Contains(first, "场景") {
		l.find(LintUse, "listing.use", nil)
	}
	if l.kit.Algorithm.Role == "supporter" && !strings.Contains(use, "服务于") {
		l.find(LintServes, "listing.use", nil)
	}
}

func (l *linter) product() {
	s := list.Fold(l.kit.Listing.Product)
	if s == "" {
		return
	}
	if l.kit.Algorithm.Role == "supporter" {
		if s != "--" {
			l.find(LintProduct, "listing.product", nil)
		}
		return
	}
	for _, p := range l.kit.Products {
		if !strings.Contains(s, list.Fold(p.Name)+"(") {
			l.find(LintListed, "listing.product", colophon.Args{"product": p.Name})
		}
	}
}

// brackets finds names in which half and full width are mixed, or which open and do not close.
func (l *linter) brackets() {
	fields := []struct{ field, text string }{{"subject.name", l.kit.Subject.Name}, {"algorithm.name", l.kit.Algorithm.Name}, {"listing.product", l.kit.Listing.Product}}
	for i, p := range l.kit.Products {
		fields = append(fields, struct{ field, text string }{"products." + strconv.Itoa(i) + ".name", p.Name})
	}
	for _, f := range fields {
		half, full := strings.ContainsAny(f.text, "()"), strings.ContainsAny(f.text, "（）")
		folded := list.Fold(f.text)
		if half && full || strings.Count(folded, "(") != strings.Count(folded, ")") {
			l.find(LintBrackets, f.field, nil)
		}
	}
}

// numbers are the filing numbers of a kit by their fields. A model may have one of another form, which is not read here.
func (l *linter) numbers() map[string]string {
	all := map[string]string{}
	if n := l.kit.Algorithm.Number; n != "" {
		all["algorithm.number"] = n
	}
	for i, m := range l.kit.Detail.Models {
		if s := digits(m.Number); s != "" && strings.Trim(s, "0123456789") == "" {
			all["detail.models."+strconv.Itoa(i)+".number"] = m.Number
		}
	}
	return all
}

func (l *linter) number() {
	all := l.numbers()
	for _, field := range slices.Sorted(maps.Keys(all)) {
		n, err := register.CheckFiling(all[field])
		if err != nil {
			l.find(LintNumber, field, nil)
			continue
		}
		if want := l.words.Classes[l.kit.Algorithm.Type]; field == "algorithm.number" && want != nil && !slices.Contains(want, n.Class) {
			l.find(LintClass, field, colophon.Args{"class": n.Class})
		}
	}
}

func (l *linter) digit() {
	all := l.numbers()
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if n, err := register.CheckFiling(all[field]); err == nil && !n.Checked {
			l.find(LintCheck, field, nil)
		}
	}
}

func (l *linter) uscc() {
	if s := l.kit.Subject.Code; s != "" && label.CheckUSCC(s) != nil {
		l.find(LintUSCC, "subject.code", nil)
	}
}

// count holds the items of the report's head table against how many the form has.
func (l *linter) count() {
	for _, c := range []struct {
		field      string
		have, want int
	}{{"report.descriptions", len(l.kit.Report.Descriptions), 7}, {"report.dangers", len(l.kit.Report.Dangers), 8}} {
		if c.have > 0 && c.have != c.want {
			l.find(LintCount, c.field, colophon.Args{"have": strconv.Itoa(c.have), "want": strconv.Itoa(c.want)})
		}
	}
}

func (l *linter) kind() {
	if k := l.kit.Report.Kind; k == "change" && l.kit.Algorithm.Number == "" || k == "first" && l.kit.Algorithm.Number != "" {
		l.find(LintKind, "report.kind", nil)
	}
}

// labels asks that the label materials name the provider that files: a provider code has its credit code inside.
func (l *linter) labels() {
	code, uscc := l.kit.Labels.Code, l.kit.Subject.Code
	if code != "" && uscc != "" && !strings.Contains(code, uscc) {
		l.find(LintLabel, "labels.code", nil)
	}
}

package parcel

import (
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
)

// Omit says in both languages what is not in a package. Args alternate names and values.
func Omit(code colophon.Code, count int, args ...string) (Omission, error) {
	o := Omission{Code: code, Count: count, Clauses: []colophon.Clause{colophon.ClausePIPL45}}
	if code == OmitSealed {
		o.Clauses = []colophon.Clause{colophon.ClausePIPL47}
	}
	en, err := locale.For(locale.English)
	if err != nil {
		return o, err
	}
	zh, err := locale.For(locale.Chinese)
	o.En, o.Zh = en.Say(string(code), args...), zh.Say(string(code), args...)
	return o, err
}

// words says a word of the program in the reader's language, and one that has no sentence as it is.
func words(say *locale.Printer, family, word string) string {
	if say.Has(family + word) {
		return say.Say(family + word)
	}
	return word
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return beijing(*t)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// of makes a section: its title, the heads of its columns, and a row of each thing.
func of[T any](say *locale.Printer, name string, heads []string, list []T, row func(T) []string) Section {
	s := Section{Title: say.Say("parcel-page-" + name)}
	for _, h := range heads {
		s.Heads = append(s.Heads, say.Say("parcel-head-"+h))
	}
	for _, one := range list {
		s.Rows = append(s.Rows, row(one))
	}
	return s
}

// sections are the lists of the page. What is in data.json stands there too, but for digests, marks and terms.
func (d Data) sections(say *locale.Printer) []Section {
	in := func(t Texts) string {
		if say.Language == locale.Chinese {
			return strings.Join(t.Zh, "\n")
		}
		return strings.Join(t.En, "\n")
	}
	w := func(family, word string) string { return words(say, family, word) }
	return []Section{
		of(say, "omitted", []string{"what"}, d.Omitted, func(o Omission) []string { return []string{in(Texts{[]string{o.En}, []string{o.Zh}})} }),
		of(say, "verifications", []string{"at", "level", "method", "result", "until", "number", "name", "phone"}, d.Verifications, func(v Verification) []string {
			return []string{beijing(v.Requested), w("page-level-", v.Level), w("page-document-", v.Method), w("page-verified-result-", v.Result), day(v.Until), v.Number, v.Name, v.Phone}
		}),
		of(say, "consents", []string{"id", "role", "state", "at", "history"}, d.Consents, func(c Consent) []string {
			var history []string
			for _, e := range c.Events {
				history = append(history, beijing(e.At)+" "+w("page-consent-event-", e.Kind))
			}
			return []string{c.ID, w("parcel-role-", c.Role), w("page-likeness-state-", c.State), beijing(c.Made), strings.Join(history, "\n")}
		}),
		of(say, "agreements", []string{"kind", "version", "at"}, d.Agreements, func(a Agreement) []string {
			return []string{w("page-agreement-kind-", a.Kind), strconv.Itoa(a.Number), beijing(a.At)}
		}),
		of(say, "items", []string{"number", "at", "function", "format", "state", "file"}, d.Items, func(i Item) []string {
			return []string{i.Number, beijing(i.Made), w("page-function-class-", i.Function), w("page-format-", i.Format), w("page-artefact-state-", i.State), i.File}
		}),
		of(say, "deliveries", []string{"number", "at", "to", "how"}, d.Deliveries, func(l Delivery) []string {
			return []string{l.Number, beijing(l.At), w("parcel-to-", l.To), w("page-channel-", l.How)}
		}),
		of(say, "measures", []string{"step", "state", "from", "until", "reasons"}, d.Measures, func(m Measure) []string {
			return []string{w("page-step-", m.Step), w("page-measure-state-", m.State), day(m.From), day(m.Until), in(m.Reasons)}
		}),
		of(say, "cases", []string{"id", "at", "kind", "state", "wrote", "reasons"}, d.Cases, func(c Case) []string {
			wrote := []string{c.Name, c.Contact, c.Text}
			for _, m := range c.Messages {
				wrote = append(wrote, w("parcel-by-", strconv.FormatBool(m.Desk))+" "+beijing(m.At)+": "+m.Text)
			}
			return []string{c.ID, beijing(c.Received), w("desk-kind-", c.Kind), w("desk-state-", c.State), strings.TrimSpace(strings.Join(wrote, "\n")), strings.TrimSpace(strings.Join([]string{in(c.Reasons), c.Facts, c.Explanation}, "\n"))}
		}),
		of(say, "judgements", []string{"at", "surface", "action"}, d.Judgements, func(j Judgement) []string {
			return []string{beijing(j.At), w("page-surface-", j.Surface), w("page-policy-action-", j.Action)}
		}),
		of(say, "reviews", []string{"at", "surface", "state", "outcome"}, d.Reviews, func(r Review) []string {
			return []string{beijing(r.Entered), w("page-surface-", r.Surface), w("page-held-state-", r.State), w("page-held-outcome-", r.Outcome)}
		}),
		of(say, "copies", []string{"number", "at", "purpose", "state", "wrote", "reasons"}, d.Copies, func(c Copy) []string {
			return []string{c.Content, beijing(c.Asked), w("", c.Purpose), w("page-copy-state-", c.State), c.Words, strings.TrimSpace(w("", c.Reason) + "\n" + c.Note)}
		}),
		of(say, "usage", []string{"day", "model", "calls", "blocked"}, d.Usage, func(u Usage) []string {
			return []string{u.Day, u.Model, number(u.Calls), number(u.Blocked)}
		}),
		of(say, "network", []string{"at", "operation", "source"}, d.Network, func(l Line) []string { return []string{beijing(l.At), l.Operation, l.Source} }),
	}
}

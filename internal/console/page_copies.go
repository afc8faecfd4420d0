package console

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

func copyPages() []page {
	return slices.Concat(copyList().rows(), start("/copies/known", "/copies", copyKnown()), copySheet().rows())
}

func copyStates() []string { return []string{"requested", "granted", "handed", "refused", "withdrawn"} }

func copyState(c client.Copy) cell {
	return state("page-copy-state-", c.State, map[string]tone{"requested": wait, "granted": wait, "handed": good, "refused": bad})
}

func copyLink(id string) cell { return ident(id).to("/copies/" + escaped(id)) }

// spokenCell is a sentence of the API, without its full stop; nothing where there is none.
func spokenCell(s *client.Sentence) cell {
	if s == nil {
		return cell{}
	}
	c := text(strings.TrimRight(capital(s.Sentence), ".。"))
	if short := sums.ReplaceAllStringFunc(c.Text, tail); short != c.Text {
		c.Whole, c.Text = c.Text, short
	}
	return c
}

// sums are SHA-256 within a sentence, of which pages show the end.
var sums = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

func copyColumns() []column[client.Copy] {
	return []column[client.Copy]{
		{name: "copy-request", cell: func(c client.Copy) cell { return copyLink(c.ID) }},
		{name: "state", cell: copyState},
		{name: "copy-of", cell: func(c client.Copy) cell { return contentNumber(c.Number) }},
		{name: "copy-purpose", cell: func(c client.Copy) cell { return spokenCell(&c.Purpose) }},
		{name: "copy-recipient", side: true, cell: func(c client.Copy) cell { return spokenCell(&c.Recipient) }},
		{name: "subject", side: true, cell: func(c client.Copy) cell { return account(c.Subject) }},
		{name: "copy-asked", cell: func(c client.Copy) cell { return moment(c.Made) }},
	}
}

func copyList() list[client.Copy] {
	return list[client.Copy]{
		name: "copies", path: "/copies", title: "page-copies", group: groupReview, action: staff.CopyRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Copy, string, error) {
			return c.Copies(ctx, l)
		},
		columns: copyColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-copy-state-", options: copyStates()},
			{name: "number", label: "copy-of", kind: "text"}, {name: "subject", kind: "text"},
		},
		deeds: []lead{{"/copies/known", "page-deed-copy-known", staff.CopyRead}},
	}
}

func copySheet() sheet[client.Copy] {
	return sheet[client.Copy]{
		path: "/copies/{id}", title: "page-copy", action: staff.CopyRead,
		fetch:   func(v *visit, id string) (client.Copy, error) { return v.api().Copy(v.r.Context(), id) },
		heading: func(c client.Copy) cell { return spokenCell(&c.Purpose) },
		facts: func(c client.Copy) []fact {
			return []fact{
				{"state", copyState(c)}, {"copy-of", contentNumber(c.Number)}, {"made-by", madeBy(c.Class)}, {"subject", account(c.Subject)}, {"copy-recipient", spokenCell(&c.Recipient)},
				{"copy-asked", moment(c.Made)}, {"copy-asker", by(c.Asker)}, {"copy-case", ident(c.Case).to("/cases/" + escaped(c.Case))},
				{"copy-agreement", ident(c.Agreement).to("/agreements/" + escaped(c.Agreement))}, {"copy-duty", ident(c.Duty)}, {"copy-cause", spokenCell(c.Cause)}, {"ended", sometime(c.Ended)}, {"identifier", ident(c.ID)},
			}
		},
		parts: func(_ *visit, c client.Copy) ([]part, error) { return copyParts(c), nil },
		deeds: []deed[client.Copy]{copyRead(), copyGrant(), copyRefuse()},
		labels: []string{"copy-of", "made-by", "subject", "copy-recipient", "copy-asked", "copy-asker", "copy-case", "copy-agreement", "copy-duty", "copy-cause", "ended", "identifier",
			"copy-by", "copy-rule", "copy-staff", "copy-rules", "copy-reason", "decided-at", "copy-number", "copy-bytes", "copy-type", "copy-handed", "copy-until", "copy-receipt", "copy-unlikened"},
		says: slices.Concat(of("page-copy-by-", "rule", "person", "system"), []string{"page-copy-decision", "page-copy-decision-lead", "page-copy-handing", "page-copy-handing-lead", "page-copy-undecided", "page-copy-unlikened"}, of("page-function-class-", functionClasses()...)),
	}
}

// copyParts are what was decided, and what was handed out.
func copyParts(c client.Copy) []part {
	filled := func(list ...fact) []fact {
		return slices.DeleteFunc(list, func(f fact) bool { return f.Cell.Empty() })
	}
	decision := part{Title: "page-copy-decision", Lead: "page-copy-undecided"}
	if d := c.Decision; d != nil {
		decision.Lead = "page-copy-decision-lead"
		decision.Facts = filled(fact{"copy-by", word("page-copy-by-", d.By)}, fact{"copy-rule", ident(d.Rule)}, fact{"copy-staff", by(d.Staff)}, fact{"copy-reason", spokenCell(d.Reason)}, fact{"decided-at", moment(d.At)}, fact{"copy-rules", ident(d.Rules)})
	}
	parts := []part{decision}
	if h := c.Handing; h != nil {
		unlikened := cell{}
		if h.Unlikened != "" {
			unlikened = cell{Text: string(h.Unlikened), Key: "page-copy-unlikened"}
		}
		parts = append(parts, part{Title: "page-copy-handing", Lead: "page-copy-handing-lead", Facts: filled(fact{"copy-number", contentNumber(h.Number)}, fact{"copy-handed", moment(h.At)}, fact{"copy-until", moment(h.Until)},
			fact{"copy-receipt", ident(h.Receipt)}, fact{"copy-type", text(h.Type)}, fact{"copy-bytes", count(h.Size)}, fact{"copy-unlikened", unlikened})})
	}
	return parts
}

// copyRead opens what the account wrote, and the receipt.
func copyRead() deed[client.Copy] {
	return deed[client.Copy]{
		name: "copy-read", step: "read", action: staff.CopyDecide, record: "copy.read", may: func(c client.Copy) bool { return c.Kept == "whole" },
		do: func(v *visit, c client.Copy) (string, error) {
			p, err := v.api().ReadCopy(v.r.Context(), c.ID)
			if err != nil {
				return "", err
			}
			duty := p.Duty.EN
			if v.lang == locale.Chinese {
				duty = p.Duty.ZH
			}
			parts := []part{{Title: "page-copy-words", Prose: p.Words}, {Title: "page-copy-duty", Prose: duty}}
			if p.Words == "" {
				parts[0].Lead = "page-copy-words-none"
			}
			if p.Note != "" {
				parts = append(parts, part{Title: "page-copy-note", Prose: p.Note})
			}
			if p.Receipt != "" {
				parts = append(parts, part{Title: "page-copy-receipt", Lead: "page-copy-receipt-lead", Code: p.Receipt})
			}
			return "-", v.show("sheet", sheetPage{ID: c.ID, Heading: text(v.speakers[v.lang].Say("page-deed-copy-read")), Facts: []fact{{"copy-request", copyLink(c.ID)}}, Parts: parts})
		},
		says: []string{"page-copy-words", "page-copy-words-none", "page-copy-duty", "page-copy-note", "page-copy-receipt", "page-copy-receipt-lead", "page-label-copy-request"},
	}
}

func copyWaits(c client.Copy) bool { return c.State == "requested" }

func copyNote() field[client.Copy] {
	return field[client.Copy]{name: "copy-note", kind: "area", hint: true, most: 2000}
}

func copyGrant() deed[client.Copy] {
	return deed[client.Copy]{
		name: "copy-grant", step: "grant", action: staff.CopyDecide, record: "copy.granted copy.handed", may: copyWaits, fields: []field[client.Copy]{copyNote()},
		do: func(v *visit, c client.Copy) (string, error) {
			_, err := v.api().GrantCopy(v.r.Context(), c.ID, v.sent("copy-note"))
			return "", err
		},
	}
}

func copyRefuse() deed[client.Copy] {
	return deed[client.Copy]{
		name: "copy-refuse", step: "refuse", action: staff.CopyDecide, record: "copy.refused", danger: true, may: copyWaits,
		fields: []field[client.Copy]{{name: "copy-reason", kind: "choice", words: "copy-reason-", options: []string{"purpose", "risk", "person", "other"}, required: true}, copyNote()},
		do: func(v *visit, c client.Copy) (string, error) {
			_, err := v.api().RefuseCopy(v.r.Context(), c.ID, colophon.Code("copy-reason-"+v.sent("copy-reason")), v.sent("copy-note"))
			return "", err
		},
	}
}

// copyKnown looks whether a file is a copy that was handed out.
func copyKnown() deed[none] {
	return deed[none]{
		name: "copy-known", action: staff.CopyRead, upload: mostUpload, fields: []field[none]{{name: "file", kind: "file", required: true, hint: true}},
		do: func(v *visit, _ none) (string, error) {
			file, name, err := v.attached("file")
			if err != nil {
				return "", err
			}
			defer file.Close()
			k, err := v.api().KnownCopy(v.r.Context(), name, file)
			if err != nil {
				return "", err
			}
			return "-", v.show("sheet", sheetPage{Heading: text(v.speakers[v.lang].Say("page-deed-copy-known")), Facts: copyVerdict(k), Parts: copyMatches(k)})
		},
		says: slices.Concat(of("page-copy-is-", "certain", "alike", "none", "unknown"), of("page-copy-how-", "digest", "label", "likeness"), of("page-copy-sure-", "certain", "alike"), []string{"page-copy-matches", "page-copy-matches-lead"},
			of("page-label-", "copy-verdict", "copy-uncompared", "sha256", "copy-labelled", "copy-request", "copy-how", "copy-sure", "copy-bits", "copy-of", "subject", "copy-number", "state"), of("page-copy-state-", copyStates()...)),
	}
}

// copyVerdict says how a file stands: it is a copy for certain, may be one, is none that is known, or nobody could tell.
func copyVerdict(k client.CopyKnown) []fact {
	verdict, tones := "none", map[string]tone{"certain": bad, "alike": wait, "unknown": wait}
	if !k.Compared {
		verdict = "unknown"
	}
	if len(k.Matches) > 0 {
		verdict = "alike"
	}
	if slices.ContainsFunc(k.Matches, func(m client.CopyMatch) bool { return m.Certain }) {
		verdict = "certain"
	}
	list := []fact{{"copy-verdict", state("page-copy-is-", verdict, tones)}, {"copy-uncompared", spokenCell(k.Why)}, {"copy-labelled", contentNumber(k.Number)}, {"sha256", ident(k.SHA256)}}
	return slices.DeleteFunc(list, func(f fact) bool { return f.Cell.Empty() })
}

func copyMatches(k client.CopyKnown) []part {
	if len(k.Matches) == 0 {
		return nil
	}
	return []part{{Title: "page-copy-matches", Lead: "page-copy-matches-lead", Table: tableOf("page-copy-matches", []column[client.CopyMatch]{
		{name: "copy-request", cell: func(m client.CopyMatch) cell { return copyLink(m.ID) }},
		{name: "copy-sure", cell: func(m client.CopyMatch) cell {
			return state("page-copy-sure-", map[bool]string{true: "certain", false: "alike"}[m.Certain], map[string]tone{"certain": bad, "alike": wait})
		}},
		{name: "copy-how", cell: func(m client.CopyMatch) cell { return word("page-copy-how-", m.How) }},
		{name: "copy-bits", side: true, cell: func(m client.CopyMatch) cell {
			if m.How != "likeness" {
				return cell{}
			}
			return count(int64(m.Bits))
		}},
		{name: "copy-number", side: true, cell: func(m client.CopyMatch) cell {
			if m.Handing == nil {
				return cell{}
			}
			return contentNumber(m.Handing.Number)
		}},
		{name: "subject", side: true, cell: func(m client.CopyMatch) cell { return account(m.Subject) }},
		{name: "state", cell: func(m client.CopyMatch) cell { return copyState(m.Copy) }},
	}, k.Matches)}}
}

package console

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// maxReceipt is the largest receipt of a filing whose digest is taken, in bytes.
const maxReceipt = 16 << 20

func facesPages() []page {
	return slices.Concat([]page{{method: get, path: "/faces", action: staff.AssessmentRead, title: "page-faces", menu: true, group: groupPeople,
		words: slices.Concat(of("page-faces-level-", "below", "warned", "over"), of("page-label-", "filing-duty", "filing-kind", "filing-due", "faces-then")), do: showFaces}},
		filingList().rows(), start("/filing-duties/begin", "/faces", beginFiling()), filingSheet().rows())
}

// facesPage tells how many people's faces are stored. The gauge is a picture 600 wide.
type facesPage struct {
	client.Faces
	Level         cell
	Fill, Warn    int // where the bar ends, and where the warning stands
	Duties        *tableView
	Begin, Listed bool
}

func showFaces(v *visit) error {
	f, err := v.api().Faces(v.r.Context())
	if err != nil {
		return err
	}
	data := facesPage{Faces: f, Level: state("page-faces-level-", f.Level, map[string]tone{"below": good, "warned": wait, "over": bad}), Begin: v.actor().May(staff.ReportFile), Listed: v.actor().May(staff.ReportRead)}
	if f.Limit > 0 {
		data.Fill, data.Warn = min(600*f.Faces/f.Limit, 600), 600*f.Warning/f.Limit
	}
	if f.Faces > 0 {
		data.Fill = max(data.Fill, 2)
	}
	if data.Listed {
		duties, _, err := v.api().FilingDuties(v.r.Context(), client.Listing{Limit: partSize})
		if err != nil {
			return err
		}
		data.Duties = tableOf("page-filing-duties", filingColumns(), duties)
	}
	return v.show("faces", data)
}

func filingColumns() []column[client.FilingDuty] {
	return []column[client.FilingDuty]{
		{name: "filing-duty", cell: func(d client.FilingDuty) cell { return ident(d.ID).to("/filing-duties/" + escaped(d.ID)) }},
		{name: "state", cell: filingState},
		{name: "filing-kind", cell: func(d client.FilingDuty) cell { return word("page-filing-kind-", d.Kind) }},
		{name: "filing-due", cell: func(d client.FilingDuty) cell { return moment(d.Due) }},
		{name: "faces-then", side: true, cell: func(d client.FilingDuty) cell { return count(int64(d.Faces)) }},
	}
}

func filingState(d client.FilingDuty) cell {
	return state("page-duty-filing-", d.State, map[string]tone{"open": wait, "filed": good})
}

func filingList() list[client.FilingDuty] {
	return list[client.FilingDuty]{
		name: "filing-duties", path: "/filing-duties", title: "page-filing-duties", action: staff.ReportRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.FilingDuty, string, error) {
			return c.FilingDuties(ctx, l)
		},
		columns: filingColumns(),
		filters: []filter{{name: "state", kind: "choice", words: "page-duty-filing-", options: []string{"open", "filed", "dismissed"}}, {name: "kind", kind: "choice", words: "page-filing-kind-", options: []string{"first", "change", "cancel"}}},
	}
}

func beginFiling() deed[none] {
	return deed[none]{
		name: "filing-begin", action: staff.ReportFile, record: "filing-duty.opened",
		fields: []field[none]{{name: "filing-kind", kind: "choice", words: "page-filing-kind-", options: []string{"change", "cancel"}, required: true}, {name: "happened", kind: "day", required: true}},
		do: func(v *visit, _ none) (string, error) {
			since, err := v.sentDate("happened")
			if err != nil {
				return "", err
			}
			d, err := v.api().BeginFiling(v.r.Context(), v.sent("filing-kind"), since)
			return "/filing-duties/" + escaped(d.ID), err
		},
	}
}

// filing finds a duty; there are few.
func filing(v *visit, id string) (client.FilingDuty, error) {
	return find(v.r.Context(), v.api().FilingDuties, func(d client.FilingDuty) bool { return d.ID == id })
}

func filingSheet() sheet[client.FilingDuty] {
	open := func(d client.FilingDuty) bool { return d.State == "open" }
	return sheet[client.FilingDuty]{
		path: "/filing-duties/{id}", title: "page-filing-duty", action: staff.ReportRead, fetch: filing,
		facts: func(d client.FilingDuty) []fact {
			var unsure []string
			for _, year := range d.Unsure {
				unsure = append(unsure, strconv.Itoa(year))
			}
			return []fact{
				{"state", filingState(d)}, {"filing-kind", word("page-filing-kind-", d.Kind)}, {"faces-then", count(int64(d.Faces))}, {"happened", moment(d.Since)}, {"filing-due", moment(d.Due)},
				{"years-unsure", text(strings.Join(unsure, " "))}, {"filing-reference", text(d.Reference)}, {"duty-filed-at", sometime(d.FiledAt)}, {"receipt-digest", ident(d.Proof)},
				{"why", ident(string(d.Reason))}, {"by", by(d.By)}, {"closed", sometime(d.Closed)}, {"filing-duty", ident(d.ID)},
			}
		},
		labels: []string{"state", "filing-kind", "faces-then", "happened", "filing-due", "years-unsure", "filing-reference", "duty-filed-at", "receipt-digest", "why", "by", "closed", "filing-duty"},
		deeds: []deed[client.FilingDuty]{
			{name: "filing-file", step: "file", action: staff.ReportFile, record: "filing-duty.filed", may: open, upload: maxReceipt,
				fields: []field[client.FilingDuty]{{name: "filing-reference", required: true}, {name: "duty-filed-at", kind: "moment", required: true}, {name: "receipt-file", kind: "file", required: true, hint: true}},
				do: func(v *visit, d client.FilingDuty) (string, error) {
					at, err := v.sentMoment("duty-filed-at")
					if err != nil {
						return "", err
					}
					sum, err := v.sentDigest("receipt-file")
					if err == nil {
						_, err = v.api().FileFaces(v.r.Context(), d.ID, v.sent("filing-reference"), at, sum)
					}
					return "", err
				}},
			{name: "filing-dismiss", step: "dismiss", action: staff.ReportFile, record: "filing-duty.dismissed", danger: true, may: open,
				fields: []field[client.FilingDuty]{{name: "reason-word", required: true, hint: true, most: 64}, {name: "note", kind: "area", required: true, hint: true}},
				do: func(v *visit, d client.FilingDuty) (string, error) {
					_, err := v.api().DismissFiling(v.r.Context(), d.ID, v.sent("reason-word"), v.sent("note"))
					return "", err
				}},
		},
	}
}

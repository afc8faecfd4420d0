package console

import (
	"context"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// mostStaff is how many people and keys a page knows by name.
const mostStaff = 500

// by is whoever did something: a person of the staff, or an API key. Sheets and lists show who that is, and CSV files the
// identifier; other pages ask visit.by.
func by(id string) cell { return cell{Text: id, Mono: true, Staff: true} }

// by is who that is, as this visitor may know: "you", the name for whoever may read accounts or keys, or the identifier.
func (v *visit) by(id string) cell {
	if id == "" {
		return cell{}
	}
	if id == string(v.opened.Account.ID) {
		return cell{Text: id, Key: "page-by-you"}
	}
	if c, ok := v.roster()[id]; ok {
		return c
	}
	return ident(id)
}

// roster has the names of people and keys by identifier. It is read once for a page.
func (v *visit) roster() map[string]cell {
	if v.named != nil {
		return v.named
	}
	v.named = map[string]cell{}
	ctx := context.WithoutCancel(v.r.Context())
	if v.actor().May(staff.StaffRead) {
		people, err := v.Roster.Accounts(ctx, v.actor(), "", mostStaff)
		if err != nil { // a page is of use without names
			v.Log.WarnContext(ctx, "the names of the staff could not be read", "error", err)
		}
		for _, a := range people {
			v.named[string(a.ID)] = personName(a).to("/staff/" + escaped(string(a.ID)))
		}
	}
	if v.actor().May(staff.APIKeyRead) {
		keys, err := v.Roster.Keys(ctx, v.actor(), "", mostStaff)
		if err != nil {
			v.Log.WarnContext(ctx, "the names of the keys could not be read", "error", err)
		}
		for _, k := range keys {
			v.named[string(k.ID)] = text(k.Name).to("/keys/" + escaped(string(k.ID)))
		}
	}
	return v.named
}

// obligation and probe are identifiers of the catalogue of duties. Pages show the name with the identifier, and CSV files the
// identifier.
func obligation(id string) cell {
	return cell{Text: id, Mono: true, Of: "obligation"}.to("/obligations/" + escaped(id))
}

func probe(id string) cell {
	return cell{Text: id, Mono: true, Of: "probe"}.to("/probes/" + escaped(id))
}

// catalogue has the names of obligations or probes by identifier, in the visitor's language. It is read once for a page.
func (v *visit) catalogue(of string) (map[string]string, error) {
	return askOnce(v, "names of "+of, func() (map[string]string, error) {
		names := map[string]string{}
		if of == "probe" {
			all, err := v.probes()
			for _, p := range all {
				names[p.Name] = v.name(p.Title)
			}
			return names, err
		}
		all, err := v.api().Obligations(v.r.Context(), client.Asked{}, nil)
		for _, o := range all.Obligations {
			names[o.ID] = v.name(o.Title)
		}
		return names, err
	})
}

// catalogued is the same where a page is of use without names.
func (v *visit) catalogued(of string) map[string]string {
	names, err := v.catalogue(of)
	if err != nil {
		v.Log.WarnContext(v.r.Context(), "the names of the catalogue could not be read", "of", of, "error", err)
		v.asked["names of "+of] = names
	}
	return names
}

// introduce names the people in cells and what is of a catalogue, and shuts the ways to pages that the visitor may not see.
func (v *visit) introduce(cells []cell) {
	for i, c := range cells {
		if c.Of != "" {
			cells[i].Said = v.catalogued(c.Of)[c.Text]
		}
		if c.Staff {
			cells[i] = v.by(c.Text)
		} else if c.To != "" && !v.reaches(c.To) {
			cells[i].To = ""
		}
		v.introduce(c.Many)
	}
}

// introduced is a table with its people named.
func (v *visit) introduced(t *tableView) *tableView {
	if t != nil {
		for _, row := range t.Rows {
			v.introduce(row)
		}
	}
	return t
}

// introducedCell is a cell with its people named.
func (v *visit) introducedCell(c cell) cell {
	one := []cell{c}
	v.introduce(one)
	return one[0]
}

// introduceFacts names the people in facts.
func (v *visit) introduceFacts(facts []fact) {
	for i := range facts {
		facts[i].Cell = v.introducedCell(facts[i].Cell)
	}
}

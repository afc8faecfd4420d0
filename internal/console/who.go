package console

import (
	"context"

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

// introduce names the people in cells, and shuts the ways to pages that the visitor may not see.
func (v *visit) introduce(cells []cell) {
	for i, c := range cells {
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

// introduceFacts names the people in facts.
func (v *visit) introduceFacts(facts []fact) {
	for i := range facts {
		one := []cell{facts[i].Cell}
		v.introduce(one)
		facts[i].Cell = one[0]
	}
}

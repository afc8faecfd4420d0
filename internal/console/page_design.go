package console

import "time"

func designPages() []page {
	return []page{{method: get, path: "/design", title: "page-design", words: []string{"page-label-name", "page-label-state", "page-label-reason", "page-hint-reason", "page-design-good", "page-design-bad", "page-design-wait"}, do: showDesign}}
}

type designPage struct {
	Cells []fact
	Table tableView
	Field []fieldView
	Parts []part
	Deeds []deedLink
}

// showDesign shows every part that pages are made of, on one page to look at.
func showDesign(v *visit) error {
	day := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	entries := []string{"good", "bad", "wait", ""}
	table := tableOf("page-design", []column[string]{
		{name: "name", cell: func(s string) cell { return ident("entry-" + s).to("/design") }},
		{name: "state", cell: func(s string) cell {
			return state("page-design-", s, map[string]tone{s: tone(s)})
		}},
	}, entries)
	return v.show("design", designPage{
		Cells: []fact{{"name", text("Text")}, {"state", state("page-design-", "good", map[string]tone{"good": good})}, {"reason", moment(day)}},
		Table: *table,
		Field: []fieldView{{Name: "name", Kind: "text", Most: 80, Required: true}, {Name: "reason", Kind: "area", Most: 400, Hint: true}, {Name: "state", Kind: "choice", Options: entries}},
		Parts: []part{{Title: "page-design", Table: table}},
		Deeds: []deedLink{{Name: "order-release", To: "/design"}, {Name: "order-confirm", To: "/design", Danger: true}},
	})
}

package console

import "github.com/colophon-project/colophon/client"

// Passages cuts a text where something was found, and says of each piece whether it is a hit.
func Passages(text string, findings []client.HeldFinding) (pieces []string, hits []bool) {
	for _, p := range passages(text, findings) {
		pieces, hits = append(pieces, p.Text), append(hits, p.Level != "")
	}
	return pieces, hits
}

// Differences says of each row of a table how it differs from another.
func Differences(before, after []client.PolicyRow) []string {
	var list []string
	for _, d := range differences(before, after) {
		list = append(list, d.ID+" "+d.What)
	}
	return list
}

// Steps changes rows with the given names by one step of the form, and returns their names.
func Steps(names []string, what, place string) []string {
	f := &policyForm{}
	for _, name := range names {
		f.Rows = append(f.Rows, formRow{PolicyRow: client.PolicyRow{ID: name}})
	}
	f.step(what, place)
	var list []string
	for _, r := range f.Rows {
		list = append(list, r.ID)
	}
	return list
}

// KindOf says how something of a media type is shown.
func KindOf(kind string) string { return kindOf(kind) }

package console

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	filed "github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/staff"
)

// kitParts are the parts of a kit that have a form each; that of people is last.
func kitParts() []string {
	return []string{"subject", "responsibility", "algorithm", "detail", "report", "public", "products", "labels", "people"}
}

func kitFormNames() []string { return kitParts() }

// roots are the parts of the kit that stand in the form of one.
func roots(part string) []string {
	switch part {
	case "public":
		return []string{"public", "listing"}
	case "products":
		return []string{"products", "technical"}
	}
	return []string{part}
}

// inPart reports whether a field stands in the form of a part.
func inPart(part, path string) bool {
	return slices.ContainsFunc(roots(part), func(r string) bool { return path == r || strings.HasPrefix(path, r+".") })
}

// kitForms are the forms by which a kit is entered, one for each part, from the fields of the kit itself.
func kitForms() []questionnaire[client.AlgorithmFiling] {
	var forms []questionnaire[client.AlgorithmFiling]
	for _, part := range kitParts() {
		forms = append(forms, kitForm(part))
	}
	return forms
}

// kitField is a field of a form with where it stands in the kit.
type kitField struct {
	filed.Field
	many bool // a list of texts: a line for each
}

// kitFields are the fields of a part that a form asks for by themselves, and the lists of things in it.
func kitFields(part string) (fields []kitField, lists []string) {
	all := filed.Fields()
	for _, f := range all {
		grid := slices.ContainsFunc(all, func(g filed.Field) bool { return strings.HasPrefix(g.Path, f.Path+"[].") })
		shots := slices.Contains(filed.Places(), f.Path) || strings.HasSuffix(f.Path, ".shots")
		switch {
		case !inPart(part, f.Path) || strings.Contains(f.Path, "[]") || f.Kind == "part" || f.Kind == "sha256" || shots:
		case grid:
			lists = append(lists, f.Path)
		default:
			fields = append(fields, kitField{f, f.Kind == "list"})
		}
	}
	return fields, lists
}

func kitName(path string) string { return "kit-" + filed.Name(path) }

func kitForm(part string) questionnaire[client.AlgorithmFiling] {
	fields, lists := kitFields(part)
	q := questionnaire[client.AlgorithmFiling]{saves: true, deed: deed[client.AlgorithmFiling]{name: "kit-" + part, step: part, action: staff.FilingWrite, record: "filing.changed"}}
	first := section[client.AlgorithmFiling]{name: "kit-" + part, fields: []field[client.AlgorithmFiling]{versionShown()}}
	for _, f := range fields {
		first.fields = append(first.fields, kitInput(f))
	}
	if part == "people" {
		first.grid = peopleGrid()
		q.sections = []section[client.AlgorithmFiling]{first}
		q.do = writePeople
		return q
	}
	for _, l := range lists {
		q.sections = append(q.sections, section[client.AlgorithmFiling]{name: kitName(l) + "-list", grid: kitGrid(l)})
	}
	if len(fields) > 0 || len(lists) == 0 {
		q.sections = append([]section[client.AlgorithmFiling]{first}, q.sections...)
	} else {
		q.sections[0].fields = first.fields
	}
	q.do = func(v *visit, f client.AlgorithmFiling) (string, error) { return "", v.writeKit(f, fields, lists) }
	return q
}

// versionShown is the version of the filing that a form was made from, so that what somebody else changed since is not lost.
func versionShown() field[client.AlgorithmFiling] {
	return field[client.AlgorithmFiling]{name: "kit-version", kind: "hidden", value: func(f client.AlgorithmFiling) string { return strconv.Itoa(f.Version) }}
}

// writeFiling writes a filing as the form of a visit says, if nobody changed it since the form was shown.
func (v *visit) writeFiling(id string, w client.FilingWriting) error {
	shown, err := v.sentNumber("kit-version", math.MaxInt32)
	if w.Version = int(shown); err == nil && shown == 0 {
		err = &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	if err == nil {
		_, err = v.api().WriteFiling(v.r.Context(), id, w)
	}
	return err
}

func kitInput(f kitField) field[client.AlgorithmFiling] {
	in := field[client.AlgorithmFiling]{name: kitName(f.Path), kind: "text", most: 512, value: func(x client.AlgorithmFiling) string { return kitValue(x.Kit, f.Path) }}
	switch {
	case f.Kind == "text" || f.many:
		in.kind, in.most = "area", 32<<10
	case f.Kind == "word":
		in.kind, in.words, in.options = "choice", "page-kit-word-", f.Words
	case f.Kind == "date":
		in.kind = "day"
	case f.Kind == "count":
		in.kind = "number"
	}
	return in
}

// kitGrid is the form of a list of things.
func kitGrid(at string) *grid[client.AlgorithmFiling] {
	columns := columnsOf(at)
	g := &grid[client.AlgorithmFiling]{name: kitName(at), rows: func(x client.AlgorithmFiling) (rows [][]string) {
		list, _ := kitAt(x.Kit, at).([]any)
		for i := range list {
			var row []string
			for _, c := range columns {
				value := kitValue(x.Kit, at+"."+strconv.Itoa(i)+"."+last(c.Path))
				if c.Kind == "sha256" {
					value = annexOf(x.Kit, value)
				}
				row = append(row, strings.ReplaceAll(value, "\n", " "))
			}
			rows = append(rows, row)
		}
		return rows
	}}
	for _, c := range columns {
		column := gridColumn{name: kitName(c.Path), kind: "text"}
		if c.Kind == "word" {
			column.kind, column.words, column.options = "choice", "page-kit-word-", append([]string{""}, c.Words...)
		}
		g.columns = append(g.columns, column)
	}
	return g
}

func columnsOf(at string) (list []filed.Field) {
	for _, f := range filed.Fields() {
		if strings.HasPrefix(f.Path, at+"[].") {
			list = append(list, f)
		}
	}
	return list
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// annexOf is what an annex is called; the digest itself where there is none.
func annexOf(raw json.RawMessage, sum string) string {
	var k filed.Kit
	if json.Unmarshal(raw, &k) == nil {
		for _, a := range k.Annexes {
			if a.SHA256 == sum && sum != "" {
				return a.Name
			}
		}
	}
	return sum
}

// kitAt finds a value of a kit by its path.
func kitAt(raw json.RawMessage, path string) any {
	var at any
	if json.Unmarshal(raw, &at) != nil {
		return nil
	}
	for _, p := range strings.Split(path, ".") {
		switch x := at.(type) {
		case map[string]any:
			at = x[p]
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			at = x[i]
		default:
			return nil
		}
	}
	return at
}

// kitValue is a value of a kit as a form shows it; of a list of texts, a line for each.
func kitValue(raw json.RawMessage, path string) string {
	switch x := kitAt(raw, path).(type) {
	case string:
		return x
	case float64:
		if x > 0 {
			return strconv.FormatInt(int64(x), 10)
		}
	case []any:
		var lines []string
		for _, one := range x {
			if s, ok := one.(string); ok {
				lines = append(lines, s)
			}
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// writeKit puts what was sent into the kit as it is stored. Whoever changed it in between is told.
func (v *visit) writeKit(f client.AlgorithmFiling, fields []kitField, lists []string) error {
	var kit map[string]any
	if err := json.Unmarshal(f.Kit, &kit); err != nil {
		return err
	}
	put := func(path string, value any) {
		at := kit
		parts := strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			inner, ok := at[p].(map[string]any)
			if !ok {
				return
			}
			at = inner
		}
		at[parts[len(parts)-1]] = value
	}
	for _, x := range fields {
		said := strings.TrimSpace(strings.ReplaceAll(v.sent(kitName(x.Path)), "\r\n", "\n"))
		switch {
		case x.many:
			put(x.Path, packLines(said))
		case x.Kind == "count":
			n, err := strconv.Atoi("0" + said)
			if err != nil {
				return &colophon.Error{Kind: colophon.Invalid, Code: filed.CodeInvalid, Args: colophon.Args{"field": x.Path}, Err: err}
			}
			put(x.Path, n)
		default:
			put(x.Path, said)
		}
	}
	for _, at := range lists {
		columns := columnsOf(at)
		rows := []map[string]any{}
		for _, row := range kitGrid(at).sent(v) {
			one := map[string]any{}
			for i, c := range columns {
				one[last(c.Path)] = gridValue(f.Kit, c, strings.TrimSpace(row[i]))
			}
			rows = append(rows, one)
		}
		put(at, rows)
	}
	raw, err := json.Marshal(kit)
	if err != nil {
		return err
	}
	return v.writeFiling(f.ID, client.FilingWriting{Kit: raw})
}

// gridValue is what was sent in a cell: several formats with blanks or commas between them, an annex by its name.
func gridValue(raw json.RawMessage, c filed.Field, said string) any {
	switch c.Kind {
	case "list":
		return strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune(" ,，、;；", r) })
	case "sha256":
		var k filed.Kit
		if json.Unmarshal(raw, &k) == nil {
			for _, a := range k.Annexes {
				if a.Name == said {
					return a.SHA256
				}
			}
		}
	}
	return said
}

func persons() []string { return []string{"legal", "responsible", "contact", "head"} }

// peopleGrid is the form of the people. What was entered before is not shown: it is read on a page of its own.
func peopleGrid() *grid[client.AlgorithmFiling] {
	g := &grid[client.AlgorithmFiling]{name: "kit-people", columns: []gridColumn{{name: "kit-person", kind: "choice", words: "page-label-kit-people-", options: append([]string{""}, persons()...)}},
		rows: func(client.AlgorithmFiling) (rows [][]string) {
			for _, who := range persons() {
				rows = append(rows, []string{who, "", "", "", "", ""})
			}
			return rows
		}}
	for _, c := range []string{"name", "post", "id", "phone", "mail"} {
		g.columns = append(g.columns, gridColumn{name: "kit-person-" + c, kind: "text"})
	}
	return g
}

// writePeople enters all of the people, and leaves the kit as it is.
func writePeople(v *visit, f client.AlgorithmFiling) (string, error) {
	var p client.FilingPeople
	to := map[string]*client.FilingPerson{"legal": &p.Legal, "responsible": &p.Responsible, "contact": &p.Contact, "head": &p.Head}
	for _, row := range peopleGrid().sent(v) {
		if who := to[row[0]]; who != nil {
			*who = client.FilingPerson{Name: row[1], Post: row[2], ID: row[3], Phone: row[4], Mail: row[5]}
		}
	}
	return "", v.writeFiling(f.ID, client.FilingWriting{Kit: f.Kit, People: &p})
}

func filingPeopleWords() []string {
	words := of("page-label-kit-people-", persons()...)
	return append(words, of("page-label-kit-person-", "name", "post", "id", "phone", "mail")...)
}

// readPerson is somebody as the page of people shows them.
type readPerson struct {
	Who string
	client.FilingPerson
}

// showFilingPeople reads the people whom a filing names; a record says who did.
func showFilingPeople(v *visit) error {
	p, kept, err := v.api().FilingPeople(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.show("filingpeople", struct {
		ID   string
		Kept bool
		List []readPerson
	}{v.r.PathValue("id"), kept, []readPerson{{"legal", p.Legal}, {"responsible", p.Responsible}, {"contact", p.Contact}, {"head", p.Head}}})
}

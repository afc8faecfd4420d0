package console

import "strings"

// questionnaire is a deed whose form fills a page: in sections, some with rows of which there may be any number.
type questionnaire[T any] struct {
	deed[T]
	sections []section[T]
	help     func(v *visit) map[string]string // what belongs into a field, by its name; nil for none
	begin    []leadGroup                      // what it can begin with
	saves    bool                             // its name is that of a part of something, which it saves
}

// section is a part of it. Its sentence is page-section-NAME.
type section[T any] struct {
	name   string
	fields []field[T]
	grid   *grid[T] // nil for none
}

// grid is a list of things, each of several fields. Its sentence is page-label-NAME.
type grid[T any] struct {
	name    string
	columns []gridColumn
	rows    func(T) [][]string // what is so now, in the order of the columns; nil for nothing
}

// gridColumn is a field of each row. Its sentence is page-label-NAME.
type gridColumn struct {
	name, kind, words string // kind is text, area or choice
	options           []string
}

const moreRows = 2 // empty ones, after those that say something

// leadGroup is several ways under one name, which is a key.
type leadGroup struct {
	Name string
	Ways []lead
}

type questionnairePage struct {
	deedPage
	Begin    []leadGroup
	Saves    bool
	Sections []sectionView
}

type sectionView struct {
	Name   string
	Fields []helped
	Grid   *gridView
}

// helped is a field with what belongs into it.
type helped struct {
	fieldView
	Help string
}

type gridView struct {
	Name string
	Help string
	Rows [][]gridCell
}

type gridCell struct {
	fieldView
	ID string
}

func (q questionnaire[T]) rows(path, back string, fetch func(*visit, string) (T, error)) []page {
	for _, s := range q.sections {
		q.says = append(q.says, "page-section-"+s.name)
		if s.grid != nil {
			q.says = append(q.says, "page-label-"+s.grid.name)
			for _, c := range s.grid.columns {
				q.says = append(q.says, "page-label-"+c.name)
				for _, o := range c.options {
					if o != "" {
						q.says = append(q.says, c.words+o)
					}
				}
			}
		}
		q.fields = append(q.fields, s.fields...)
	}
	pages := q.deed.rows(path, back, fetch)
	pages[0].do = func(v *visit) error { return q.show(v, path, back, fetch) }
	return pages
}

func (q questionnaire[T]) show(v *visit, path, back string, fetch func(*visit, string) (T, error)) error {
	x, err := fetch(v, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	data := questionnairePage{Saves: q.saves, deedPage: deedPage{Name: q.name, Action: v.placed(path), Back: v.placed(back), Records: strings.Fields(q.record), Danger: q.danger, File: q.upload > 0}}
	if q.effect != nil {
		if data.Effects, err = q.effect(v, x); err != nil {
			return err
		}
	}
	if v.r.URL.RawQuery == "" && v.problem == "" {
		data.Begin = q.begin
	}
	help := map[string]string{}
	if q.help != nil {
		help = q.help(v)
	}
	for _, s := range q.sections {
		out := sectionView{Name: s.name}
		for _, f := range s.fields {
			w, err := f.view(v, x)
			if err != nil {
				return err
			}
			out.Fields = append(out.Fields, helped{w, help[f.name]})
		}
		if s.grid != nil {
			out.Grid = s.grid.view(v, x)
			out.Grid.Help = help[s.grid.name]
		}
		data.Sections = append(data.Sections, out)
	}
	return v.show("questionnaire", data)
}

func (g grid[T]) view(v *visit, x T) *gridView {
	var rows [][]string
	switch {
	case v.problem != "":
		rows = g.sent(v)
	case g.rows != nil:
		rows = g.rows(x)
	}
	for range moreRows {
		rows = append(rows, make([]string, len(g.columns)))
	}
	out := &gridView{Name: g.name}
	for i, row := range rows {
		var cells []gridCell
		for j, c := range g.columns {
			name := g.name + "." + c.name
			cells = append(cells, gridCell{fieldView{Name: c.name, Kind: c.kind, Words: c.words, Options: c.options, Value: row[j], Most: map[bool]int{true: 4096, false: 256}[c.kind == "area"]}, name + "." + counted(i)})
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

// sent returns the rows of a form in which somebody wrote something.
func (g grid[T]) sent(v *visit) [][]string {
	var rows [][]string
	for i := range v.r.PostForm[g.name+"."+g.columns[0].name] {
		row, says := make([]string, len(g.columns)), false
		for j, c := range g.columns {
			if values := v.r.PostForm[g.name+"."+c.name]; i < len(values) {
				row[j] = prose(values[i])
			}
			says = says || row[j] != "" && c.kind != "choice"
		}
		if says {
			rows = append(rows, row)
		}
	}
	return rows
}

// lines are the entries of an area that has one on each line.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// prose is text of an area with the line ends that the API takes.
func prose(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

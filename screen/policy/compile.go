package policy

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"

	"github.com/colophon-project/colophon"
)

// maxCost is the most that the conditions may cost which one fact can meet, in the units of CEL's estimate: one for a
// comparison of numbers. The table that Colophon comes with needs a quarter of it, which is about a microsecond.
const maxCost = 300

// maxKinds is how many combinations of words a table may tell apart: each is looked at once.
const maxKinds = 1 << 20

// Policy is a compiled table. It never changes, so that any number of goroutines use it.
type Policy struct {
	table    Table
	columns  [4]column
	programs []cel.Program // nil for rows without a condition
}

// column holds for each word which rows its cells take.
type column struct {
	words map[string]rowSet
	other rowSet // rows that take a word which no cell names
}

// rowSet is a set of rows, one bit each.
type rowSet []uint64

func (s rowSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (c *column) of(w string) rowSet {
	if s, ok := c.words[w]; ok {
		return s
	}
	return c.other
}

// columnOf names the columns in their order.
var columnOf = [4]struct {
	name   string
	cell   func(*Row) string
	closed []string // the only words that there are; nil for any
}{
	{"category", func(r *Row) string { return r.Category }, nil},
	{"level", func(r *Row) string { return r.Level }, levels},
	{"surface", func(r *Row) string { return r.Surface }, surfaces},
	{"class", func(r *Row) string { return r.Class }, nil},
}

// Compile makes a policy of a table and runs the table's cases. An error names the row or the case that is wrong.
func Compile(t Table) (*Policy, error) {
	if err := t.sane(); err != nil {
		return nil, err
	}
	env, err := newEnv()
	if err != nil {
		return nil, err
	}
	p := &Policy{table: t, programs: make([]cel.Program, len(t.Rows))}
	p.table.Rows, p.table.Cases = slices.Clone(t.Rows), slices.Clone(t.Cases)
	cells, costs := [4][][]string{}, make([]uint64, len(t.Rows))
	for i := range p.table.Rows {
		r := &p.table.Rows[i]
		for c, col := range columnOf {
			words, ok := parseCell(col.cell(r), col.closed)
			if !ok {
				return nil, badRow(r.ID, CodeRowInvalid, colophon.Args{"field": col.name}, nil)
			}
			cells[c] = append(cells[c], words)
		}
		if p.programs[i], costs[i], err = condition(env, r); err != nil {
			return nil, err
		}
	}
	for c, col := range columnOf {
		p.columns[c] = newColumn(cells[c], col.closed)
	}
	if err := p.reach(costs); err != nil {
		return nil, err
	}
	if err := p.test(t.Cases); err != nil {
		return nil, err
	}
	return p, nil
}

// parseCell reads a cell. "*" gives nil.
func parseCell(cell string, closed []string) ([]string, bool) {
	if cell == "*" {
		return nil, true
	}
	if len(cell) > MaxCell {
		return nil, false
	}
	words := strings.Split(cell, "|")
	for i, w := range words {
		w = strings.TrimSpace(w)
		if words[i] = w; !word(w) || closed != nil && !slices.Contains(closed, w) || slices.Contains(words[:i], w) {
			return nil, false
		}
	}
	return words, true
}

func newColumn(cells [][]string, closed []string) column {
	size := (len(cells) + 63) / 64
	c := column{words: map[string]rowSet{}, other: make(rowSet, size)}
	for _, words := range append(slices.Clone(cells), closed) {
		for _, w := range words {
			c.words[w] = make(rowSet, size)
		}
	}
	for i, words := range cells {
		if words == nil {
			c.other.add(i)
			for _, s := range c.words {
				s.add(i)
			}
		}
		for _, w := range words {
			c.words[w].add(i)
		}
	}
	return c
}

// CEL writes a row as one expression in CEL, for people and for other programs. The row MUST be one that [Compile] takes:
// then no word can leave its quotes, and the condition, which is an expression by itself, can't leave its brackets.
func (r Row) CEL() string {
	var parts []string
	for _, col := range columnOf {
		words, _ := parseCell(col.cell(&r), col.closed)
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = strconv.Quote(w)
		}
		switch len(words) {
		case 0:
		case 1:
			parts = append(parts, col.name+" == "+quoted[0])
		default:
			parts = append(parts, col.name+" in ["+strings.Join(quoted, ", ")+"]")
		}
	}
	if r.When != "" {
		parts = append(parts, "("+r.When+"\n)") // the condition may end in a comment
	}
	if parts == nil {
		return "true"
	}
	return strings.Join(parts, " && ")
}

// newEnv is the language of conditions: the variables of a fact, and no loops.
func newEnv() (*cel.Env, error) {
	options := []cel.EnvOption{cel.ClearMacros(), cel.RegexProgramSizeLimit(1000), cel.ParserRecursionLimit(50)}
	for _, name := range []string{"category", "level", "surface", "class", "check", "how", "fn"} {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	return cel.NewEnv(append(options, cel.Variable("runes", cel.IntType), cel.Variable("distance", cel.IntType), cel.Variable("score", cel.DoubleType))...)
}

// condition compiles the condition of a row and estimates what it costs.
func condition(env *cel.Env, r *Row) (cel.Program, uint64, error) {
	if r.When == "" {
		return nil, 0, nil
	}
	invalid := func(why string) error {
		return badRow(r.ID, CodeWhenInvalid, colophon.Args{"why": why}, nil)
	}
	checked, issues := env.Compile(r.When)
	if issues.Err() != nil {
		return nil, 0, invalid(issues.Errors()[0].Message)
	}
	depends := false
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) { depends = depends || e.Kind() == ast.IdentKind }))
	if !checked.OutputType().IsExactType(cel.BoolType) || !depends {
		return nil, 0, badRow(r.ID, CodeWhenIdle, nil, nil)
	}
	estimate, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, 0, invalid(err.Error())
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, 0, invalid(err.Error())
	}
	return program, min(estimate.Max, maxCost+1), nil
}

// sizes tells CEL's estimate how long the words of a fact can be.
type sizes struct{}

func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if len(n.Path()) == 1 {
		return &cost.SizeEstimate{Max: MaxWord}
	}
	return nil
}

func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// reach looks at every combination of words that the table tells apart. Each must have a row without a condition, and
// not meet conditions that are too costly together. Each row must be the first for some fact, as far as that can be told
// without evaluating conditions.
func (p *Policy) reach(costs []uint64) error {
	reached := make([]bool, len(p.table.Rows))
	var kinds [4][]kind
	combinations := 1
	for c := range p.columns {
		kinds[c] = p.columns[c].kinds(columnOf[c].closed == nil)
		if combinations *= len(kinds[c]); combinations > maxKinds {
			return badTable("rows")
		}
	}
	for _, a := range kinds[0] {
		for _, b := range kinds[1] {
			for _, c := range kinds[2] {
				for _, d := range kinds[3] {
					if err := p.mark(reached, costs, [4]kind{a, b, c, d}); err != nil {
						return err
					}
				}
			}
		}
	}
	if i := slices.Index(reached, false); i >= 0 {
		return badRow(p.table.Rows[i].ID, CodeRowUnreachable, nil, nil)
	}
	return nil
}

// mark marks the rows that one combination may reach.
func (p *Policy) mark(reached []bool, costs []uint64, k [4]kind) error {
	var conditions []string
	var cost uint64
	for w := range k[0].rows {
		for x := k[0].rows[w] & k[1].rows[w] & k[2].rows[w] & k[3].rows[w]; x != 0; x &= x - 1 {
			i := w*64 + bits.TrailingZeros64(x)
			r := &p.table.Rows[i]
			if !slices.Contains(conditions, r.When) {
				reached[i] = true
				conditions = append(conditions, r.When)
			}
			if r.When == "" {
				return nil
			}
			if cost += costs[i]; cost > maxCost {
				return badRow(r.ID, CodeWhenCostly, nil, nil)
			}
		}
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeNoDefault, Args: colophon.Args{
		"category": k[0].word, "level": k[1].word, "surface": k[2].word, "class": k[3].word}}
}

// kind is a word of a column, for all words that the table does not tell apart from it. The word "*" is any other.
type kind struct {
	word string
	rows rowSet
}

func (c *column) kinds(open bool) []kind {
	var list []kind
	seen := map[string]bool{}
	add := func(k kind) {
		if key := fmt.Sprint(k.rows); !seen[key] {
			seen[key] = true
			list = append(list, k)
		}
	}
	if open {
		add(kind{"*", c.other})
	}
	for _, w := range slices.Sorted(maps.Keys(c.words)) {
		add(kind{w, c.words[w]})
	}
	return list
}

// test runs cases.
func (p *Policy) test(cases []Case) error {
	for _, c := range cases {
		d := p.Decide(c.Facts)
		if d.Action != c.Want || d.Fault != nil {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeCaseFails, Err: d.Fault,
				Args: colophon.Args{"case": c.Name, "want": c.Want.String(), "got": d.Action.String()}}
		}
	}
	return nil
}

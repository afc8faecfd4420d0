package policy

import (
	"errors"
	"math/bits"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/colophon-project/colophon"
)

// Decide decides about the facts of one judgement: for each the first row that fits, of all the severest action. Without
// facts the answer is [Allow]; whether anything was looked at is for the caller to know. A fact that is out of form, and
// one whose condition can't be evaluated, are refused and told as unknown. Decide is safe for concurrent use.
func (p *Policy) Decide(facts []Fact) Decision {
	d := Decision{Action: Allow, Rows: make([]string, len(facts))}
	for i := range facts {
		f := &facts[i]
		n, err := p.find(f)
		if err != nil {
			d.Action, d.Unknown, d.Fault = Refuse, true, errors.Join(d.Fault, err)
			continue
		}
		r := &p.table.Rows[n]
		d.Rows[i], d.Action = r.ID, max(d.Action, r.Action)
		if r.Help != "" && !slices.Contains(d.Help, r.Help) {
			d.Help = append(d.Help, r.Help)
		}
		if f.Level == LevelUnknown {
			d.Unknown = true
			if r.Action <= Label && !slices.Contains(d.Open, f.Category) {
				d.Open = append(d.Open, f.Category)
			}
		}
	}
	return d
}

// Version names the table.
func (p *Policy) Version() string { return p.table.Version }

// Table returns the table. The caller MUST NOT change it.
func (p *Policy) Table() Table { return p.table }

// Row returns a row by its ID.
func (p *Policy) Row(id string) (Row, bool) {
	i := slices.IndexFunc(p.table.Rows, func(r Row) bool { return r.ID == id })
	if i < 0 {
		return Row{}, false
	}
	return p.table.Rows[i], true
}

// find returns the first row that fits. The columns tell which rows may fit by their cells; only conditions are evaluated.
func (p *Policy) find(f *Fact) (int, error) {
	if field := f.check(); field != "" {
		return 0, &colophon.Error{Kind: colophon.Internal, Code: CodeFactInvalid, Args: colophon.Args{"field": field}}
	}
	a, b, c, d := p.columns[0].of(f.Category), p.columns[1].of(string(f.Level)), p.columns[2].of(f.Surface), p.columns[3].of(f.Class)
	for w := range a {
		for x := a[w] & b[w] & c[w] & d[w]; x != 0; x &= x - 1 {
			i := w*64 + bits.TrailingZeros64(x)
			if p.programs[i] == nil {
				return i, nil
			}
			v, _, err := p.programs[i].Eval((*variables)(f))
			if err != nil {
				return 0, &colophon.Error{Kind: colophon.Internal, Code: CodeUndecided, Args: colophon.Args{"row": p.table.Rows[i].ID}, Err: err}
			}
			if v == types.True {
				return i, nil
			}
		}
	}
	return 0, &colophon.Error{Kind: colophon.Internal, Code: CodeUndecided, Args: colophon.Args{"row": ""}} // Compile leaves no such fact
}

// variables are a fact as CEL sees it.
type variables Fact

// Parent implements interpreter.Activation.
func (*variables) Parent() interpreter.Activation { return nil }

// ResolveName implements interpreter.Activation.
func (v *variables) ResolveName(name string) (any, bool) {
	switch name {
	case "category":
		return types.String(v.Category), true
	case "level":
		return types.String(v.Level), true
	case "surface":
		return types.String(v.Surface), true
	case "class":
		return types.String(v.Class), true
	case "check":
		return types.String(v.Check), true
	case "how":
		return types.String(v.How), true
	case "fn": // function is a word that CEL keeps for itself
		return types.String(v.Function), true
	case "runes":
		return types.Int(v.Runes), true
	case "distance":
		return types.Int(v.Distance), true
	case "score":
		return types.Double(v.Score), true
	}
	return nil, false
}

package policy

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// ParseCell is parseCell for a column of any words.
func ParseCell(cell string) ([]string, bool) { return parseCell(cell, nil) }

// Env is the language of conditions.
func Env() (*cel.Env, error) { return newEnv() }

// ByCEL decides about a fact by the whole of each row as CEL, one after the other, without the columns. It returns the
// row's ID; empty where a row can't be evaluated.
func (p *Policy) ByCEL() (func(Fact) string, error) {
	env, err := newEnv()
	if err != nil {
		return nil, err
	}
	programs := make([]cel.Program, len(p.table.Rows))
	for i := range programs {
		checked, issues := env.Compile(p.table.Rows[i].CEL())
		if issues.Err() != nil {
			return nil, issues.Err()
		}
		if programs[i], err = env.Program(checked); err != nil {
			return nil, err
		}
	}
	return func(f Fact) string {
		for i, program := range programs {
			v, _, err := program.Eval((*variables)(&f))
			if err != nil {
				break
			}
			if v == types.True {
				return p.table.Rows[i].ID
			}
		}
		return ""
	}, nil
}

package standing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Types of records about tables.
const (
	RecordTable    evidence.Type = "standing.table-proposed"
	RecordReleased evidence.Type = "standing.table-released"
)

// maxCost is the most that one condition may cost, in the units of CEL's estimate: one for a comparison of numbers.
const maxCost = 300

// rules is a compiled table. It never changes.
type rules struct {
	table    Table
	programs []cel.Program
	sees     [][]int   // for each rule the counters that its condition names
	released time.Time // zero for the table that Colophon comes with
}

// compile makes rules of a table. An error names the rule or counter that is wrong.
func compile(t Table) (*rules, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	options := []cel.EnvOption{cel.ClearMacros(), cel.RegexProgramSizeLimit(1000), cel.ParserRecursionLimit(50),
		cel.Variable("fn", cel.StringType), cel.Variable("category", cel.StringType), cel.Variable("high", cel.BoolType),
		cel.Variable("hour", cel.IntType), cel.Variable("age", cel.IntType), cel.Variable("suspensions", cel.IntType)}
	for _, c := range t.Counters {
		options = append(options, cel.Variable(c.Name, cel.IntType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	r := &rules{table: t}
	for _, rule := range t.Rules {
		program, sees, err := condition(env, t, rule)
		if err != nil {
			return nil, err
		}
		r.programs, r.sees = append(r.programs, program), append(r.sees, sees)
	}
	return r, nil
}

func condition(env *cel.Env, t Table, r Rule) (cel.Program, []int, error) {
	bad := func(why string, err error) (cel.Program, []int, error) { return nil, nil, badTable(r.ID, why, err) }
	if len(r.When) > MaxText {
		return bad("when", nil)
	}
	checked, issues := env.Compile(r.When)
	if issues.Err() != nil {
		return bad("when", issues.Err())
	}
	var sees []int
	depends := false
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.IdentKind {
			return
		}
		depends = true
		if i := slices.IndexFunc(t.Counters, func(c Counter) bool { return c.Name == e.AsIdent() }); i >= 0 && !slices.Contains(sees, i) {
			sees = append(sees, i)
		}
	}))
	if !checked.OutputType().IsExactType(cel.BoolType) || !depends {
		return bad("when", nil)
	}
	estimate, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return bad("when", err)
	}
	if estimate.Max > maxCost {
		return bad("cost", nil)
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return bad("when", err)
	}
	return program, sees, nil
}

// sizes tells CEL's estimate how long the words of an event can be.
type sizes struct{}

func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if len(n.Path()) == 1 {
		return &cost.SizeEstimate{Max: maxWord}
	}
	return nil
}

func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// fires reports whether a rule's condition holds.
func (r *rules) fires(rule int, facts map[string]any) (bool, error) {
	v, _, err := r.programs[rule].Eval(facts)
	if err != nil {
		return false, &colophon.Error{Kind: colophon.Internal, Code: CodeTable, Args: colophon.Args{"where": r.table.Rules[rule].ID, "why": "when"}, Err: err}
	}
	return v == types.True, nil
}

// States of a version.
const (
	Offered  State = "offered"
	Released State = "released" // once at least; that which was released last is in force
)

// Version is a table with its history.
type Version struct {
	Table    Table     `json:"table"`
	Digest   string    `json:"digest"` // SHA-256 of the table as canonical JSON
	Reason   string    `json:"reason"`
	By       Decider   `json:"by"`
	Releases []Decider `json:"releases,omitempty"`
}

type tablePayload struct {
	Version string `json:"version"`
	Digest  string `json:"digest"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty"`
	Table   *Table `json:"table,omitempty"`
}

// Table is the table in force, and whether it is the one that Colophon comes with. The caller MUST NOT change it.
func (k *Keeper) Table() (t Table, shipped bool) {
	r := k.rules.Load()
	return r.table, r.released.IsZero()
}

// Tables returns a page of versions in some states or all, that which was proposed last first, and what the next page begins
// after.
func (k *Keeper) Tables(ctx context.Context, after string, limit int, states ...State) ([]Version, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	for _, state := range states {
		q.States = append(q.States, string(state))
	}
	page, next, err := k.versions.Page(ctx, q)
	list := make([]Version, len(page))
	for i, e := range page {
		list[i] = e.Value
	}
	return list, next, err
}

// ProposeTable enters a table, for somebody else to release.
func (k *Keeper) ProposeTable(ctx context.Context, by ledger.By, t Table, reason string) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	if reason == "" || !line(reason, MaxText) {
		return Version{}, badTable("reason", "word", nil)
	}
	if _, err := compile(t); err != nil {
		return Version{}, err
	}
	sum, err := digest(t)
	if err != nil {
		return Version{}, err
	}
	e := ledger.Entry[Version]{State: string(Offered), Keys: []ledger.Key{{Name: keyVersion, Value: t.Version, Unique: true}},
		Value: Version{Table: t, Digest: sum, Reason: reason, By: Decider{by, k.Now()}}}
	shipped, err := Default()
	if err != nil {
		return Version{}, err
	}
	if t.Version != shipped.Version {
		e, err = k.versions.Add(ctx, e, nil, ledger.Act{Type: RecordTable, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseDS10},
			Payload: tablePayload{t.Version, sum, by.ID, reason, &t}})
	}
	if existed(err) || t.Version == shipped.Version {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeKnown, Err: err}
	}
	return e.Value, err
}

const keyVersion = "version"

func digest(t Table) (string, error) {
	raw, err := evidence.Canonical(t)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

// ReleaseTable puts a version in force. Who proposed it can't.
func (k *Keeper) ReleaseTable(ctx context.Context, by ledger.By, version, reason string) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	if reason == "" || !line(reason, MaxText) {
		return Version{}, badTable("reason", "word", nil)
	}
	if version == "" {
		return Version{}, &colophon.Error{Kind: colophon.Missing, Code: CodeVersion}
	}
	found, err := k.versions.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyVersion, Value: version}}})
	if err != nil {
		return Version{}, err
	}
	if found.Value.By.ID == by.ID {
		return Version{}, &colophon.Error{Kind: colophon.Refused, Code: CodeSelf}
	}
	e, err := k.versions.Change(ctx, found.ID, func(e *ledger.Entry[Version]) (ledger.Act, error) {
		v := &e.Value
		e.State, v.Releases = string(Released), append(slices.Clone(v.Releases), Decider{by, k.Now()})
		return ledger.Act{Type: RecordReleased, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseDS10}, Payload: tablePayload{version, v.Digest, by.ID, reason, nil}}, nil
	})
	return e.Value, errors.Join(err, k.Refresh(ctx))
}

// Refresh puts in force what another node released. It is called from time to time. When it fails, what is in force stays.
func (k *Keeper) Refresh(ctx context.Context) error {
	var last Version
	var at time.Time
	err := k.versions.All(ctx, ledger.Query{States: []string{string(Released)}}, func(e ledger.Entry[Version]) error {
		if released := e.Value.Releases[len(e.Value.Releases)-1].At; released.After(at) {
			last, at = e.Value, released
		}
		return nil
	})
	if err != nil || !at.After(k.rules.Load().released) {
		return err
	}
	sum, err := digest(last.Table)
	if err != nil {
		return err
	}
	if sum != last.Digest {
		return badTable(last.Table.Version, "digest", nil)
	}
	next, err := compile(last.Table)
	if err != nil {
		return err
	}
	next.released = at
	for {
		now := k.rules.Load()
		if !next.released.After(now.released) || k.rules.CompareAndSwap(now, next) {
			return nil
		}
	}
}

package policy_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/screen/policy"
)

// FuzzRows reads rows. What was read is written and read again.
func FuzzRows(f *testing.F) {
	table, _ := defaults(f)
	var good bytes.Buffer
	if err := policy.WriteRows(&good, table.Rows[:3]); err != nil {
		f.Fatal(err)
	}
	header := strings.SplitAfter(good.String(), "\n")[0]
	for _, s := range []string{good.String(), header, "\ufeff" + header + "a,*,*,*,*,,allow,,why\n", header + "a,*,*,*,*,,allowed,,why\n", header + "a,*\n", header + "\"a\nb\",*,*,*,*,,label,,\"x\"\n",
		"reason,help,action,when,class,surface,level,category,id\nwhy,,refuse,\"how == \"\"sound\"\"\",*,*,block,drugs|fraud,a\n", "id,id\n", "id\n", "", "a,b\"c\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := policy.ReadRows(strings.NewReader(s))
		if err != nil {
			wantCode(t, err, policy.CodeLineInvalid, nil)
			return
		}
		var out bytes.Buffer
		if err := policy.WriteRows(&out, rows); err != nil {
			t.Fatal(err)
		}
		again, err := policy.ReadRows(&out)
		if diff := cmp.Diff(rows, again); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if p, err := policy.Compile(policy.Table{Version: "v1", Rows: rows}); err == nil {
			p.Decide([]policy.Fact{{Category: s, Level: policy.LevelBlock, Surface: "input"}, {Category: "drugs", Level: policy.LevelBlock, Surface: "input"}})
		}
	})
}

// FuzzCases reads cases. What was read is written and read again.
func FuzzCases(f *testing.F) {
	table, _ := defaults(f)
	var good bytes.Buffer
	if err := policy.WriteCases(&good, table.Cases[:3]); err != nil {
		f.Fatal(err)
	}
	header := strings.SplitAfter(good.String(), "\n")[0]
	for _, s := range []string{good.String(), header, header + "one,drugs,block,input,verified,keyword,sound,chat,3,0.5,7,refuse\none,fraud,note,input,,,,,,,,\n", header + "one,drugs,block,input,,,,,-1,,,allow\n",
		header + "one,drugs,block,input,,,,,,NaN,,allow\n", header + "one,drugs,block,input,,,,,,1e-400,,allow\n", header + "one,drugs,block,input,,,,,,,,\n", "name\n", header + "\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cases, err := policy.ReadCases(strings.NewReader(s))
		if err != nil {
			wantCode(t, err, policy.CodeLineInvalid, nil)
			return
		}
		var out bytes.Buffer
		if err := policy.WriteCases(&out, cases); err != nil {
			t.Fatal(err)
		}
		again, err := policy.ReadCases(&out)
		if diff := cmp.Diff(cases, again); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// FuzzTable reads a table from JSON. What was read is written and read again.
func FuzzTable(f *testing.F) {
	table, _ := defaults(f)
	table.Rows, table.Cases = table.Rows[:2], table.Cases[:2]
	var good bytes.Buffer
	if err := policy.WriteTable(&good, table); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{good.String(), "{}", `{"version":"v","rows":[{"id":"a","action":"allow"}]}`, `{"rows":[{"action":"none"}]}`, `{"rows":[],"rows":[]}`, `{"more":1}`, `{"made":"2026-11-22T08:00:00.123456789+08:00"}`, `{} {}`, "null", `{"version":"\ud800"}`, ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		table, err := policy.ReadTable(strings.NewReader(s))
		if err != nil {
			wantCode(t, err, policy.CodeFileInvalid, nil)
			return
		}
		var out bytes.Buffer
		if err := policy.WriteTable(&out, table); err != nil {
			return // a row without an action
		}
		again, err := policy.ReadTable(&out)
		if diff := cmp.Diff(table, again); err == nil && diff != "" {
			t.Error(diff)
		}
		_, _ = policy.Compile(table)
	})
}

func environment(t testing.TB) *cel.Env {
	t.Helper()
	env, err := policy.Env()
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// FuzzCell writes a cell as CEL. What CEL reads there are the words of the cell and nothing else.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"*", "drugs", "drugs|fraud", " drugs | fraud ", `a"`, `a" || true || "`, `a\`, `a\"`, "a'", "毒品|武器", "a\x00", "a\xff", "\u2028", "a//", "a/*b", "--", "", "|", "é|e\u0301", "r'a'", "٣"} {
		f.Add(s)
	}
	env := environment(f)
	f.Fuzz(func(t *testing.T, s string) {
		words, ok := policy.ParseCell(s)
		if !ok {
			return
		}
		parsed, issues := env.Parse(policy.Row{Category: s, Level: "*", Surface: "*", Class: "*"}.CEL())
		if issues.Err() != nil {
			t.Fatalf("%q: %v", s, issues.Err())
		}
		e := parsed.NativeRep().Expr()
		if s == "*" {
			if e.Kind() != ast.LiteralKind || e.AsLiteral().Value() != true {
				t.Errorf("%q is not everything", s)
			}
			return
		}
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 || e.AsCall().Args()[0].AsIdent() != "category" {
			t.Fatalf("%q is no comparison", s)
		}
		read := []ast.Expr{e.AsCall().Args()[1]}
		if e.AsCall().FunctionName() == operators.In {
			read = read[0].AsList().Elements()
		} else if e.AsCall().FunctionName() != operators.Equals {
			t.Fatalf("%q is no comparison", s)
		}
		var got []string
		for _, v := range read {
			if v.Kind() != ast.LiteralKind {
				t.Fatalf("%q holds more than words", s)
			}
			got = append(got, v.AsLiteral().Value().(string))
		}
		if !slices.Equal(got, words) {
			t.Errorf("%q became %q", words, got)
		}
	})
}

// FuzzWhen writes a condition into a row. What CEL reads of the row is the row's cell and the condition as it is alone.
func FuzzWhen(f *testing.F) {
	for _, s := range []string{"runes > 3", "runes > 3) || (true", "how == 'sound' // a remark", "how == ')'", "how == '''\n)'''", "runes > 3 || score < 0.1", "check.startsWith('classifier:') && score > 0.0", "1 / distance > 0",
		"how == r'\\'", "true ? runes > 1 : runes > 2", "runes in [1, 2, 3]", "check.matches('^a+$')", "[1].exists(x, x == runes)", "size(how) > 2", "/", "((((((((((runes > 1))))))))))", "-runes < -9223372036854775808"} {
		f.Add(s)
	}
	env := environment(f)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := policy.Compile(policy.Table{Version: "v1", Rows: []policy.Row{row("a", "a", "*", "*", "*", s, policy.Allow), rest}})
		if err != nil || s == "" {
			return
		}
		alone, issues := env.Parse(s)
		if issues.Err() != nil {
			t.Fatalf("%q was taken: %v", s, issues.Err())
		}
		whole, issues := env.Parse(policy.Row{Category: "a", Level: "*", Surface: "*", Class: "*", When: s}.CEL())
		if issues.Err() != nil {
			t.Fatalf("%q: %v", s, issues.Err())
		}
		e := whole.NativeRep().Expr()
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd || !same(e.AsCall().Args()[1], alone.NativeRep().Expr()) {
			t.Errorf("%q is something else in a row", s)
		}
		for _, category := range []string{"a", "b"} {
			d := p.Decide([]policy.Fact{{Category: category, Level: policy.LevelBlock, Surface: "input", Check: "keyword", How: "sound", Runes: 3}})
			if category == "b" && d.Rows[0] != "rest" || d.Fault != nil && d.Action != policy.Refuse {
				t.Errorf("%q: %+v", s, d)
			}
		}
	})
}

// same compares what can stand in an expression without macros.
func same(a, b ast.Expr) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	all := func(a, b []ast.Expr) bool { return slices.EqualFunc(a, b, same) }
	switch a.Kind() {
	case ast.LiteralKind:
		return a.AsLiteral().Equal(b.AsLiteral()).Value() == true
	case ast.IdentKind:
		return a.AsIdent() == b.AsIdent()
	case ast.ListKind:
		return all(a.AsList().Elements(), b.AsList().Elements())
	case ast.SelectKind:
		return a.AsSelect().FieldName() == b.AsSelect().FieldName() && same(a.AsSelect().Operand(), b.AsSelect().Operand())
	case ast.CallKind:
		x, y := a.AsCall(), b.AsCall()
		return x.FunctionName() == y.FunctionName() && x.IsMemberFunction() == y.IsMemberFunction() && (!x.IsMemberFunction() || same(x.Target(), y.Target())) && all(x.Args(), y.Args())
	case ast.MapKind:
		return slices.EqualFunc(a.AsMap().Entries(), b.AsMap().Entries(), func(a, b ast.EntryExpr) bool {
			return same(a.AsMapEntry().Key(), b.AsMapEntry().Key()) && same(a.AsMapEntry().Value(), b.AsMapEntry().Value())
		})
	}
	return true // a message; the types of its fields were checked
}

package policy_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"

	"crypto/sha256"
)

func row(id, category, level, surface, class, when string, a policy.Action) policy.Row {
	return policy.Row{ID: id, Category: category, Level: level, Surface: surface, Class: class, When: when, Action: a, Reason: "for a test"}
}

var rest = row("rest", "*", "*", "*", "*", "", policy.Review)

func compile(t testing.TB, rows ...policy.Row) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(policy.Table{Version: "v1", Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantCode(t testing.TB, err error, code colophon.Code, args colophon.Args) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	for name, want := range args {
		if e.Args[name] != want {
			t.Errorf("%s: %s is %q, want %q", code, name, e.Args[name], want)
		}
	}
}

func TestRefusedTables(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", policy.MaxWord+1)
	for name, test := range map[string]struct {
		rows []policy.Row
		code colophon.Code
		args colophon.Args
	}{
		"nothing":         {nil, policy.CodeTableInvalid, colophon.Args{"field": "rows"}},
		"row without ID":  {[]policy.Row{row("", "*", "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "id"}},
		"two of one ID":   {[]policy.Row{rest, rest}, policy.CodeRowTwice, colophon.Args{"row": "rest"}},
		"no action":       {[]policy.Row{row("a", "*", "*", "*", "*", "", 0)}, policy.CodeRowInvalid, colophon.Args{"row": "a", "field": "action"}},
		"unknown action":  {[]policy.Row{row("a", "*", "*", "*", "*", "", 6)}, policy.CodeRowInvalid, colophon.Args{"row": "a", "field": "action"}},
		"no reason":       {[]policy.Row{{ID: "a", Category: "*", Level: "*", Surface: "*", Class: "*", Action: policy.Allow, Reason: " "}}, policy.CodeRowInvalid, colophon.Args{"field": "reason"}},
		"empty cell":      {[]policy.Row{row("a", "", "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"row": "a", "field": "category"}},
		"empty word":      {[]policy.Row{row("a", "drugs|", "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "category"}},
		"word twice":      {[]policy.Row{row("a", "drugs|drugs", "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "category"}},
		"star and word":   {[]policy.Row{row("a", "*|drugs", "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "category"}},
		"quote":           {[]policy.Row{row("a", `drugs"`, "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "category"}},
		"long word":       {[]policy.Row{row("a", long, "*", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "category"}},
		"no such level":   {[]policy.Row{row("a", "*", "blocked", "*", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "level"}},
		"no such surface": {[]policy.Row{row("a", "*", "*", "outputs", "*", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "surface"}},
		"class":           {[]policy.Row{row("a", "*", "*", "*", "a b", "", policy.Allow)}, policy.CodeRowInvalid, colophon.Args{"field": "class"}},

		"after everything":     {[]policy.Row{rest, row("late", "drugs", "block", "*", "*", "", policy.Refuse)}, policy.CodeRowUnreachable, colophon.Args{"row": "late"}},
		"taken by two":         {[]policy.Row{row("a", "drugs|fraud", "*", "*", "*", "", policy.Allow), row("b", "drugs", "*", "*", "*", "", policy.Allow), rest}, policy.CodeRowUnreachable, colophon.Args{"row": "b"}},
		"taken piece by piece": {[]policy.Row{row("a", "*", "*", "input|output", "*", "", policy.Allow), row("b", "*", "*", "upload", "*", "", policy.Allow), rest}, policy.CodeRowUnreachable, colophon.Args{"row": "rest"}},
		"same condition":       {[]policy.Row{row("a", "*", "*", "*", "*", "runes > 3", policy.Allow), row("b", "drugs", "*", "*", "*", "runes > 3", policy.Allow), rest}, policy.CodeRowUnreachable, colophon.Args{"row": "b"}},

		"no default":             {[]policy.Row{row("a", "drugs", "*", "*", "*", "", policy.Allow)}, policy.CodeNoDefault, colophon.Args{"category": "*", "level": "block", "surface": "input", "class": "*"}},
		"no default for a class": {[]policy.Row{row("a", "*", "*", "*", "staff", "", policy.Allow), row("b", "*", "*", "input|output", "*", "", policy.Allow)}, policy.CodeNoDefault, colophon.Args{"surface": "upload", "class": "*"}},
		"conditional default":    {[]policy.Row{row("a", "*", "*", "*", "*", "runes > 3", policy.Allow)}, policy.CodeNoDefault, nil},

		"no CEL":             {[]policy.Row{row("a", "*", "*", "*", "*", "runes >", policy.Allow), rest}, policy.CodeWhenInvalid, colophon.Args{"row": "a"}},
		"wrong type":         {[]policy.Row{row("a", "*", "*", "*", "*", "runes == 'two'", policy.Allow), rest}, policy.CodeWhenInvalid, colophon.Args{"row": "a"}},
		"no yes or no":       {[]policy.Row{row("a", "*", "*", "*", "*", "runes + 1", policy.Allow), rest}, policy.CodeWhenIdle, colophon.Args{"row": "a"}},
		"no such variable":   {[]policy.Row{row("a", "*", "*", "*", "*", "text == 'x'", policy.Allow), rest}, policy.CodeWhenInvalid, colophon.Args{"row": "a"}},
		"constant":           {[]policy.Row{row("a", "*", "*", "*", "*", "1 < 2", policy.Allow), rest}, policy.CodeWhenIdle, colophon.Args{"row": "a"}},
		"a way out":          {[]policy.Row{row("a", "drugs", "*", "*", "*", "runes > 3) || (runes < 4", policy.Allow), rest}, policy.CodeWhenInvalid, colophon.Args{"row": "a"}},
		"a loop":             {[]policy.Row{row("a", "*", "*", "*", "*", "[1, 2].exists(x, x == runes)", policy.Allow), rest}, policy.CodeWhenInvalid, colophon.Args{"row": "a"}},
		"bad expression":     {[]policy.Row{row("a", "*", "*", "*", "*", "check.matches('(')", policy.Allow), rest}, policy.CodeWhenInvalid, colophon.Args{"row": "a"}},
		"costly":             {[]policy.Row{row("a", "*", "*", "*", "*", strings.Repeat("(check + check + check).matches(how + how + how) || ", 18)+"runes > 3", policy.Allow), rest}, policy.CodeWhenCostly, colophon.Args{"row": "a"}},
		"costly together":    {append(repeated(60, "check.matches('^a+$')"), rest), policy.CodeWhenCostly, nil},
		"too long condition": {[]policy.Row{row("a", "*", "*", "*", "*", "runes > 3"+strings.Repeat(" ", policy.MaxText), policy.Allow), rest}, policy.CodeRowInvalid, colophon.Args{"field": "when"}},
	} {
		_, err := policy.Compile(policy.Table{Version: "v1", Rows: test.rows})
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		t.Run(name, func(t *testing.T) { wantCode(t, err, test.code, test.args) })
	}
	_, err := policy.Compile(policy.Table{Version: "a b", Rows: []policy.Row{rest}})
	wantCode(t, err, policy.CodeTableInvalid, colophon.Args{"field": "version"})
}

// repeated makes rows with one condition each, which differ.
func repeated(n int, when string) (rows []policy.Row) {
	for i := range n {
		rows = append(rows, row(fmt.Sprint("r", i), "*", "*", "*", "*", fmt.Sprintf("%s && runes > %d", when, i), policy.Allow))
	}
	return rows
}

// TestEveryWordOfAFact has a condition over each thing that a row may look at.
func TestEveryWordOfAFact(t *testing.T) {
	t.Parallel()
	fact := policy.Fact{Category: "drugs", Level: policy.LevelBlock, Surface: "input", Class: "x", Check: "words", How: "sound", Function: "chat", Runes: 4, Score: 0.5, Distance: 2}
	for _, when := range []string{"category == 'drugs'", "level == 'block'", "surface == 'input'", "class == 'x'", "check == 'words'", "how == 'sound'", "fn == 'chat'", "runes == 4", "score > 0.4", "distance == 2"} {
		p, err := policy.Compile(policy.Table{Version: "v1", Rows: []policy.Row{row("a", "*", "*", "*", "*", when, policy.Refuse), row("rest", "*", "*", "*", "*", "", policy.Allow)}})
		if err != nil {
			t.Errorf("%s: %v", when, err)
			continue
		}
		if d := p.Decide([]policy.Fact{fact}); d.Action != policy.Refuse {
			t.Errorf("%s does not see the fact: %+v", when, d)
		}
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	fact := policy.Fact{Category: "drugs", Level: policy.LevelBlock, Surface: "input"}
	table := policy.Table{Version: "v1", Rows: []policy.Row{row("zero", "*", "*", "*", "*", "1 / distance > 0", policy.Allow), rest}}
	for name, test := range map[string]struct {
		c    policy.Case
		code colophon.Code
	}{
		"right":    {policy.Case{Name: "c", Facts: []policy.Fact{{Category: "drugs", Level: policy.LevelBlock, Surface: "input", Distance: 2}}, Want: policy.Review}, ""},
		"wrong":    {policy.Case{Name: "c", Facts: []policy.Fact{{Category: "drugs", Level: policy.LevelBlock, Surface: "input", Distance: 2}}, Want: policy.Allow}, policy.CodeCaseFails},
		"a fault":  {policy.Case{Name: "c", Facts: []policy.Fact{fact}, Want: policy.Refuse}, policy.CodeCaseFails},
		"no facts": {policy.Case{Name: "c", Want: policy.Allow}, policy.CodeCaseInvalid},
		"no fact":  {policy.Case{Name: "c", Facts: []policy.Fact{{}}, Want: policy.Refuse}, policy.CodeCaseInvalid},
		"no want":  {policy.Case{Name: "c", Facts: []policy.Fact{fact}}, policy.CodeCaseInvalid},
	} {
		table.Cases = []policy.Case{test.c}
		_, err := policy.Compile(table)
		if test.code == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if test.code != "" {
			wantCode(t, err, test.code, colophon.Args{"case": "c"})
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	p := compile(t,
		policy.Row{ID: "help", Category: "self-harm", Level: "block", Surface: "input", Class: "*", Action: policy.Limit, Help: "line", Reason: "r"},
		row("sure", "drugs|fraud", "block", "*", "*", "score >= 0.9 || check == 'keyword' // a remark", policy.Refuse),
		row("zero", "weapons", "block", "*", "*", "1 / distance > 0", policy.Allow),
		row("closed", "drugs", "unknown", "*", "*", "", policy.Refuse),
		row("open", "*", "unknown", "*", "*", "", policy.Label),
		row("staff", "*", "review", "*", "staff|organisation", "", policy.Allow),
		rest)
	fact := func(category, level, class string) policy.Fact {
		return policy.Fact{Category: category, Level: policy.Level(level), Surface: "input", Class: class, Check: "keyword", How: "plain", Runes: 4}
	}
	check := func(name string, want policy.Decision, facts ...policy.Fact) {
		t.Helper()
		got := p.Decide(facts)
		if got.Action != want.Action || !slices.Equal(got.Rows, want.Rows) || got.Unknown != want.Unknown || !slices.Equal(got.Open, want.Open) ||
			!slices.Equal(got.Help, want.Help) || (got.Fault != nil) != (want.Fault != nil) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	fault := errors.New("any")
	check("nothing", policy.Decision{Action: policy.Allow})
	check("first row", policy.Decision{Action: policy.Limit, Rows: []string{"help"}, Help: []string{"line"}}, fact("self-harm", "block", ""))
	check("condition", policy.Decision{Action: policy.Refuse, Rows: []string{"sure"}}, fact("fraud", "block", "verified"))
	check("other condition", policy.Decision{Action: policy.Review, Rows: []string{"rest"}}, policy.Fact{Category: "fraud", Level: "block", Surface: "output", Check: "pattern", Score: 0.89})
	check("class", policy.Decision{Action: policy.Allow, Rows: []string{"staff"}}, fact("x", "review", "organisation"))
	check("severest", policy.Decision{Action: policy.Refuse, Rows: []string{"help", "sure", "staff"}, Help: []string{"line"}},
		fact("self-harm", "block", ""), fact("drugs", "block", ""), fact("x", "review", "staff"))
	check("closed", policy.Decision{Action: policy.Refuse, Rows: []string{"closed"}, Unknown: true}, fact("drugs", "unknown", ""))
	check("open", policy.Decision{Action: policy.Label, Rows: []string{"open", "open"}, Unknown: true, Open: []string{"gambling"}}, fact("gambling", "unknown", ""), fact("gambling", "unknown", "staff"))
	check("fault", policy.Decision{Action: policy.Refuse, Rows: []string{"", "staff"}, Unknown: true, Fault: fault}, fact("weapons", "block", ""), fact("x", "review", "staff"))
	for name, f := range map[string]policy.Fact{
		"level": fact("x", "blocked", ""), "no level": fact("x", "", ""), "no category": fact("", "block", ""), "class": fact("x", "block", "a b"), "category": fact("a\x00", "block", ""),
		"surface": {Category: "x", Level: "block", Surface: "side"}, "runes": {Category: "x", Level: "block", Surface: "input", Runes: -1}, "score": {Category: "x", Level: "block", Surface: "input", Score: 1.01},
		"no number": {Category: "x", Level: "block", Surface: "input", Score: math.NaN()}, "long": fact(strings.Repeat("x", 65), "block", ""),
	} {
		check(name, policy.Decision{Action: policy.Refuse, Rows: []string{""}, Unknown: true, Fault: fault}, f)
	}
	if d := new(policy.Policy).Decide([]policy.Fact{fact("x", "note", "")}); d.Action != policy.Refuse || !d.Unknown {
		t.Errorf("a policy without a table decided %+v", d)
	}
	if r, ok := p.Row("sure"); !ok || r.Action != policy.Refuse {
		t.Error(r, ok)
	}
}

// TestColumnsAgreeWithCEL draws tables and facts, and holds what Decide does by its columns against the rows as CEL.
func TestColumnsAgreeWithCEL(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	cell := func(words ...string) string {
		if r.IntN(3) == 0 {
			return "*"
		}
		r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		return strings.Join(words[:1+r.IntN(2)], "|")
	}
	decided := map[string]int{}
	for range 20 {
		var rows []policy.Row
		for i := range 1 + r.IntN(90) {
			a := policy.Action(1 + r.IntN(5))
			next := row(fmt.Sprint("r", i), cell("a", "b", "c", "d"), cell("note", "review", "block", "unknown"), cell("input", "output", "upload"), cell("x", "y", "z"),
				pick("", "runes > 2", "how == 'sound'", "score < 0.5 && check.startsWith('classifier:')", "10 / distance > 3"), a)
			if _, err := policy.Compile(policy.Table{Version: "v1", Rows: append(slices.Clone(rows), next, rest)}); err == nil {
				rows = append(rows, next)
			}
		}
		p := compile(t, append(rows, rest)...)
		byCEL, err := p.ByCEL()
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			f := policy.Fact{Category: pick("a", "b", "c", "d", "e"), Level: policy.Level(pick("note", "review", "block", "unknown")), Surface: pick("input", "output", "upload"), Class: pick("x", "y", "z", ""),
				How: pick("plain", "sound"), Check: pick("keyword", "classifier:m"), Runes: r.IntN(5), Score: r.Float64(), Distance: r.IntN(6)}
			want := byCEL(f)
			if got := p.Decide([]policy.Fact{f}).Rows[0]; got != want {
				t.Fatalf("%+v: row %q, by CEL %q", f, got, want)
			}
			decided[want]++
		}
	}
	if len(decided) < 50 || decided["rest"] == 0 || decided[""] == 0 {
		t.Errorf("only %d rows decided: %v", len(decided), decided)
	}
}

func defaults(t testing.TB) (policy.Table, *policy.Policy) {
	t.Helper()
	table, err := policy.Default()
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Compile(table)
	if err != nil {
		t.Fatal(err)
	}
	return table, p
}

// TestDefaultVersion fails when the default table changes under its name. Give it a new one, and the digest here.
func TestDefaultVersion(t *testing.T) {
	t.Parallel()
	table, _ := defaults(t)
	raw, err := evidence.Canonical(table)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); table.Version != "colophon-1" || got != "1a06ffd276475bab1a5ba76be82e6bc9c00b63370a010f6848708e14fe45c897" {
		t.Errorf("version %s has the digest %s", table.Version, got)
	}
}

func TestDefaultRowsHaveCases(t *testing.T) {
	t.Parallel()
	table, p := defaults(t)
	used := map[string]bool{}
	for _, c := range table.Cases {
		for _, r := range p.Decide(c.Facts).Rows {
			used[r] = true
		}
	}
	for _, r := range table.Rows {
		if !used[r.ID] {
			t.Errorf("no case is decided by row %s", r.ID)
		}
	}
}

// TestDefaultAndTaxonomy holds the default table against all categories: what is high-risk and was not checked does not
// pass (Deep Synthesis Art. 10), what is not passes and is told, and a category that is new must be named in the table.
func TestDefaultAndTaxonomy(t *testing.T) {
	t.Parallel()
	_, p := defaults(t)
	for _, topic := range library.Topics() {
		for _, surface := range []string{"input", "output", "upload"} {
			for _, class := range []string{"", "anonymous", "verified", "organisation", "staff", "partner"} {
				fact := func(level policy.Level, check, how string, runes int) policy.Decision {
					return p.Decide([]policy.Fact{{Category: string(topic.ID), Level: level, Surface: surface, Class: class, Check: check, How: how, Runes: runes}})
				}
				name := fmt.Sprintf("%s on %s of %q", topic.ID, surface, class)
				d := fact(policy.LevelUnknown, "classifier:guard", "", 0)
				switch {
				case !d.Unknown || d.Rows[0] == "unknown-other":
					t.Errorf("%s: not checked gives %+v", name, d)
				case topic.High && (d.Action < policy.Review || d.Open != nil):
					t.Errorf("%s: high-risk and not checked, and still %s", name, d.Action)
				case !topic.High && (d.Action != policy.Allow || !slices.Equal(d.Open, []string{string(topic.ID)})):
					t.Errorf("%s: not checked gives %s, open %v", name, d.Action, d.Open)
				}
				for _, level := range []policy.Level{policy.LevelNote, policy.LevelReview, policy.LevelBlock} {
					if d := fact(level, "keyword", "sound", 2); d.Action != policy.Allow && topic.ID != "self-harm" {
						t.Errorf("%s: two syllables give %s", name, d.Action)
					}
				}
				if d := fact(policy.LevelBlock, "keyword", "sound", 3); d.Action == policy.Refuse && class != "anonymous" {
					t.Errorf("%s: three syllables are refused", name)
				}
				if d := fact(policy.LevelNote, "keyword", "plain", 4); d.Action != policy.Allow {
					t.Errorf("%s: a note gives %s", name, d.Action)
				}
				if d := fact(policy.LevelBlock, "keyword", "plain", 4); topic.Illegal && d.Action < policy.Review {
					t.Errorf("%s: illegal content gives %s", name, d.Action)
				}
				if d := fact(policy.LevelBlock, "keyword", "plain", 4); topic.ID == "self-harm" && surface == "input" && (d.Action != policy.Limit || d.Help == nil) {
					t.Errorf("%s: whoever asks gets %s, %v", name, d.Action, d.Help)
				}
				if d := fact(policy.LevelReview, "rule", "plain", 4); topic.ID == "news" && d.Action != policy.Review && class != "staff" {
					t.Errorf("%s: news gives %s", name, d.Action)
				}
			}
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "0~a", "1763798400000~019a-b", "-5~v1"} {
		if p, err := policy.ParsePlace(s); err != nil || p.String() != s {
			t.Errorf("%q: %v, %v", s, p, err)
		}
	}
	for _, s := range []string{"a", "~a", "1~", "01~a", "1~a b", "1", "1~" + strings.Repeat("x", 65), "99999999999999999999~a"} {
		_, err := policy.ParsePlace(s)
		wantCode(t, err, policy.CodeCursor, nil)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	rows, cases := "id,category,level,surface,class,when,action,help,reason\n", "name,category,level,surface,class,check,how,function,runes,score,distance,want\n"
	read := func(s string) error { _, err := policy.ReadRows(strings.NewReader(s)); return err }
	readCases := func(s string) error { _, err := policy.ReadCases(strings.NewReader(s)); return err }
	for _, test := range []struct {
		err         error
		line, field string
	}{
		{read(""), "1", "csv"},
		{read("id,category\n"), "1", "level"},
		{read(strings.Replace(rows, "help", "id", 1)), "1", "id"},
		{read(strings.Replace(rows, "help", "helps", 1)), "1", "helps"},
		{read(rows + "a,*,*,*,*,,allow,,why\nb,*,*,*,*,,allows,,why\n"), "3", "action"},
		{read(rows + "a,*,*,*,*,,allow,,\"two\nlines\"\nb,*,*,*,*,,,,why\n"), "4", "action"},
		{read(rows + "a,*,*\n"), "2", "csv"},
		{read(rows + "\"a"), "2", "csv"},
		{readCases(cases + "c,drugs,block,input,,,,,three,,,allow\n"), "2", "runes"},
		{readCases(cases + "c,drugs,block,input,,,,,,,0x1,allow\n"), "2", "distance"},
		{readCases(cases + "c,drugs,block,input,,,,,,NaN,,allow\n"), "2", "score"},
		{readCases(cases + "c,drugs,block,inputs,,,,,,,,allow\n"), "2", "surface"},
		{readCases(cases + "c,drugs,block,input,,,,,,,,allow\nd,drugs,block,input,,,,,,,,\n"), "3", "want"},
	} {
		wantCode(t, test.err, policy.CodeLineInvalid, colophon.Args{"line": test.line, "field": test.field})
	}
	got, err := policy.ReadCases(strings.NewReader(cases + "c,drugs,block,input,,,,,,,,allow\nc,fraud,note,input,,,,,2,0.5,,\nc,fraud,note,input,,,,,,,,label\n"))
	if err != nil || len(got) != 2 || len(got[0].Facts) != 2 || got[0].Facts[1].Score != 0.5 || got[1].Want != policy.Label {
		t.Errorf("%+v, %v", got, err)
	}
	wantCode(t, read(strings.Repeat("x", policy.MaxTable+1)), policy.CodeTableInvalid, colophon.Args{"field": "size"})
	_, err = policy.ReadTable(strings.NewReader(`{"rows": [{"id": "a", "acton": "allow"}]}`))
	wantCode(t, err, policy.CodeFileInvalid, nil)
	for a := policy.Allow; a <= policy.Refuse; a++ {
		if read, ok := policy.ParseAction(a.String()); !ok || read != a {
			t.Errorf("%s is read as %s", a, read)
		}
	}
	if _, ok := policy.ParseAction("none"); ok || new(policy.Action).UnmarshalText(nil) == nil {
		t.Error("no action is an action")
	}
}

// TestManyKinds has a table that tells so many words apart that looking at all of their combinations would take hours.
func TestManyKinds(t *testing.T) {
	t.Parallel()
	words := make([][]string, 300)
	for i := range words { // each word stands in two rows, and no other word stands in the same two
		for j := range i {
			w := fmt.Sprintf("%x.%x", i, j)
			words[i], words[j] = append(words[i], w), append(words[j], w)
		}
	}
	var rows []policy.Row
	for i, w := range words {
		cell := strings.Join(w, "|")
		rows = append(rows, row(fmt.Sprint("r", i), cell, "*", "*", cell, "runes > 1", policy.Allow))
	}
	_, err := policy.Compile(policy.Table{Version: "v1", Rows: append(rows, rest)})
	wantCode(t, err, policy.CodeTableInvalid, colophon.Args{"field": "rows"})
}

package library_test

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/phash"
)

var today = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// feature makes an entry that blocks.
func feature(id string, kind library.Kind, value string, change ...func(*library.Feature)) library.Feature {
	f := library.Feature{ID: id, Kind: kind, Value: value, Category: "fraud", Level: keyword.Block, Language: "zh", Standard: "s", Reason: "r"}
	for _, c := range change {
		c(&f)
	}
	return f
}

func level(l keyword.Level) func(*library.Feature) { return func(f *library.Feature) { f.Level = l } }
func aliases(names ...string) func(*library.Feature) {
	return func(f *library.Feature) { f.Aliases = names }
}
func category(c library.Category) func(*library.Feature) {
	return func(f *library.Feature) { f.Category = c }
}
func between(from, until time.Time) func(*library.Feature) {
	return func(f *library.Feature) { f.From, f.Until = from, until }
}

func compile(t testing.TB, o library.Options, list ...library.Feature) *library.Set {
	t.Helper()
	s, err := library.Compile(list, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var all = library.Options{Words: keyword.Options{Sound: true, Loose: true}}

// TestScan finds features of each kind that texts may have, with their places.
func TestScan(t *testing.T) {
	t.Parallel()
	s := compile(t, all,
		feature("kw", library.Keyword, "代开发票", aliases("代开专票")),
		feature("ok", library.Keyword, "严禁代开发票", level(keyword.Allow)),
		feature("rule", library.Rule, "出售 ~6 枪支", category("weapons")),
		feature("not", library.Rule, "加微信 & 返利 ! 警方", level(keyword.Review)),
		feature("loud", library.Rule, "代办证 & 找我们"),
		feature("phone", library.Pattern, `\b1[3-9]\d{9}\b`, category("personal-information"), level(keyword.Note)),
		feature("who", library.Person, "某某某", aliases("Mr. Example"), category("impersonation"), level(keyword.Review)),
		feature("old", library.Keyword, "旧词语", between(time.Time{}, day(2026, 11, 21))),
		feature("new", library.Pattern, `新词\d`, between(day(2026, 11, 22), day(2026, 11, 22))),
		feature("gone", library.Rule, "旧 & 规则", between(time.Time{}, day(2026, 1, 1))),
	)
	type hit struct {
		id         string
		kind       library.Kind
		category   library.Category
		level      keyword.Level
		how        keyword.How
		start, end int // runes
	}
	for text, want := range map[string][]hit{
		"可以代-开发票吗":         {{"kw", library.Keyword, "fraud", keyword.Block, keyword.Plain, 2, 7}},
		"代开专票":             {{"kw", library.Keyword, "fraud", keyword.Block, keyword.Plain, 0, 4}},
		"严禁代开发票":           nil,
		"daikaifapiao 好":   {{"kw", library.Keyword, "fraud", keyword.Block, keyword.Sound, 0, 12}},
		"这里出售真的枪支":         {{"rule", library.Rule, "weapons", keyword.Block, keyword.Plain, 2, 8}},
		"这里出售真正好用的枪支":      nil,
		"加微信，每单返利":         {{"not", library.Rule, "fraud", keyword.Review, keyword.Plain, 0, 8}},
		"daibanzheng找我们":   {{"loud", library.Rule, "fraud", keyword.Review, keyword.Sound, 0, 14}},
		"警方提醒：加微信返利":       nil,
		"电话13800138000。":   {{"phone", library.Pattern, "personal-information", keyword.Note, keyword.Plain, 2, 13}},
		"电话913800138000":   nil,
		"我是某某某":            {{"who", library.Person, "impersonation", keyword.Review, keyword.Plain, 2, 5}},
		"i am mr example!": {{"who", library.Person, "impersonation", keyword.Review, keyword.Plain, 5, 15}},
		"旧词语，新词1，旧规则":      {{"new", library.Pattern, "fraud", keyword.Block, keyword.Plain, 4, 7}},
		"":                 nil,
	} {
		var got []hit
		for _, h := range s.Scan(text, today) {
			got = append(got, hit{h.Feature, h.Kind, h.Category, h.Level, h.How, int(h.RuneStart), int(h.RuneEnd)})
			if part := text[h.Start:h.End]; part != string([]rune(text)[h.RuneStart:h.RuneEnd]) {
				t.Errorf("%s: bytes and runes differ: %q", text, part)
			}
		}
		if d := gocmp.Diff(want, got, gocmp.AllowUnexported(hit{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

// TestRulesOfOneWord has two rules with the same word, of which one is found within words.
func TestRulesOfOneWord(t *testing.T) {
	t.Parallel()
	s := compile(t, library.Options{}, feature("whole", library.Rule, "bet & win"), feature("part", library.Rule, "bet & cash", func(f *library.Feature) { f.Anywhere = true }))
	for text, want := range map[string]string{"alphabet win cash": "part", "bet win cash": "part whole", "alphabet win": ""} {
		if got := ids(s.Scan(text, today)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func ids(hits []library.Hit) string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Feature)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// TestFlood hides a rule's words among very many of one of them.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := compile(t, library.Options{}, feature("rule", library.Rule, "出售 ~4 枪支"), feature("not", library.Rule, "出售 & 枪支 ! 玩具"))
	flood := strings.Repeat("出售苹果，", 20000)
	for text, want := range map[string]string{
		flood + "出售枪支" + flood: "not rule", "枪支，" + flood: "not", "玩具" + flood + "出售枪支": "rule", flood + "枪支玩具": "", flood: "",
	} {
		sc := s.NewScanner(today)
		var hits []library.Hit
		for len(text) > 0 {
			n := min(len(text), 4096)
			hits, text = sc.WriteString(hits, text[:n]), text[n:]
			if kept := sc.Kept(); kept > 6000 {
				t.Fatalf("%d hits are kept", kept)
			}
		}
		if got := ids(sc.Close(hits)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOtherKinds(t *testing.T) {
	t.Parallel()
	near := phash.Hash{1, 2, 3, 4}
	far := phash.Hash{^uint64(0), 0, ^uint64(0)}
	sum := library.Sum{1, 2}
	s := compile(t, library.Options{},
		feature("pic", library.Picture, near.String(), category("sexual")),
		feature("old", library.Picture, phash.Hash{1, 2, 3, 5}.String(), between(time.Time{}, day(2026, 1, 1))),
		feature("sum", library.Digest, sum.String(), category("drugs")), feature("two", library.Digest, sum.String(), category("minors")),
		feature("unit", library.SourceUnit, "某通讯社", aliases("News.example"), category("news"), level(keyword.Allow), between(day(2026, 1, 1), day(2026, 12, 31))),
	)
	if got := s.Alike(phash.Hash{1, 2, 3, 6}, today); len(got) != 1 || got[0].Feature != "pic" || got[0].Distance != 1 || got[0].Category != "sexual" || got[0].Kind != library.Picture {
		t.Error(got)
	}
	if got := s.Alike(far, today); got != nil {
		t.Error(got)
	}
	if got := ids(s.Exact(sum, today)); got != "sum two" || s.Exact(library.Sum{}, today) != nil {
		t.Error(got)
	}
	for name, want := range map[string]bool{"某通讯社": true, " news.EXAMPLE ": true, "某社": false, "": false} {
		if _, ok := s.SourceUnit(name, today); ok != want {
			t.Error(name, ok)
		}
	}
	if _, ok := s.SourceUnit("某通讯社", day(2027, 1, 1)); ok {
		t.Error("a unit is on the list after its last day")
	}
	if s.Len() != 5 {
		t.Error(s.Len())
	}
}

// TestHeld holds back what may still become a hit.
func TestHeld(t *testing.T) {
	t.Parallel()
	s := compile(t, library.Options{}, feature("kw", library.Keyword, "代开发票"), feature("card", library.Pattern, `\d{4}-\d{4}(-\d{4})?`))
	sc := s.NewScanner(today)
	for _, step := range []struct {
		text          string
		held, pending int
		hits          string
	}{
		{"你好", 0, 6, ""}, {"代开", 6, 12, ""}, {"发票", 12, 18, "kw"}, {"1234-5678", 9, 18, ""}, {"-9999。。", 0, 6, "card"},
	} {
		if got := ids(sc.WriteString(nil, step.text)); got != step.hits || sc.Held() != step.held || sc.Pending() != step.pending {
			t.Errorf("%s: %s, held %d, pending %d", step.text, got, sc.Held(), sc.Pending())
		}
	}
	if hits := sc.Close(nil); len(hits) != 0 || sc.Held() != 0 || sc.Pending() != 0 {
		t.Error(hits, sc.Held())
	}
	next := sc.Close(sc.WriteString(nil, "1234-5678"))
	if len(next) != 1 || next[0].RuneStart != 6+9+5+2 || next[0].Start != 6+12+9+5+6 {
		t.Errorf("%+v", next)
	}
}

// mixture has features whose matches overlap, look at their neighbours, and are of all lengths.
func mixture(t testing.TB) (*library.Set, []string) {
	patterns := []string{`abcde|cd`, `\ba{1,4}b{1,3}\b`, `[a-c]{2,5}?d`, `(?i)AB.C`, `开{1,2}发.{0,3}票`, `(?m)^b.{1,4}$`, `\Bc\B`, `é|ee`, `[^a-z]{3}`, `(?s)a.{0,40}e`}
	list := []library.Feature{feature("kw", library.Keyword, "代开发票"), feature("kw2", library.Keyword, "bad cab"), feature("r1", library.Rule, "代开 ~12 发票"), feature("r2", library.Rule, "abc & 代开 ! dada")}
	for i, p := range patterns {
		list = append(list, feature("p"+strconv.Itoa(i), library.Pattern, p))
	}
	return compile(t, library.Options{}, list...), patterns
}

var letters = []string{"a", "b", "c", "d", "e", "代", "开", "发", "票", " ", "\n", "é", "A", "B", "\xff", "\xe4\xbb", "-", "abc", "abcd", "代开"}

func random(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// TestChunks scans texts cut at random places: the hits are those of the whole, but for the place of a rule. The hits of
// patterns are those that package regexp finds in the whole.
func TestChunks(t *testing.T) {
	t.Parallel()
	s, patterns := mixture(t)
	var judges []*regexp.Regexp
	for _, p := range patterns {
		judges = append(judges, regexp.MustCompile(p))
	}
	r := rand.New(rand.NewPCG(5, 10))
	sc := s.NewScanner(today)
	for range 1500 {
		text := random(r, r.IntN(120))
		want := sorted(s.Scan(text, today))
		sc.Reset(today)
		var got []library.Hit
		for rest := text; len(rest) > 0; {
			n := 1 + r.IntN(min(len(rest), 12))
			got, rest = sc.WriteString(got, rest[:n]), rest[n:]
		}
		got = sorted(sc.Close(got))
		if !slices.Equal(want, got) {
			t.Fatalf("%q (-whole +chunks):\n%s", text, gocmp.Diff(want, got))
		}
		for i, p := range judges {
			places := p.FindAllStringIndex(text, -1)
			var found [][]int
			for _, h := range got {
				if h.Feature == "p"+strconv.Itoa(i) {
					found = append(found, []int{int(h.Start), int(h.End)})
				}
			}
			if !slices.EqualFunc(places, found, slices.Equal[[]int]) {
				t.Fatalf("%s in %q: regexp finds %v, ours %v", p, text, places, found)
			}
		}
	}
}

// sorted orders hits and takes away the places of rules.
func sorted(hits []library.Hit) []library.Hit {
	for i := range hits {
		if hits[i].Kind == library.Rule {
			hits[i].Start, hits[i].End, hits[i].RuneStart, hits[i].RuneEnd = 0, 0, 0, 0
		}
	}
	slices.SortFunc(hits, func(a, b library.Hit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.How, b.How))
	})
	return hits
}

func FuzzScan(f *testing.F) {
	s, _ := mixture(f)
	f.Add("代开发票abcde", 3)
	f.Add("\xe4\xbb代\xff", 1)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		want := sorted(s.Scan(text, today))
		sc := s.NewScanner(today)
		cut = max(0, min(cut, len(text)))
		got := sorted(sc.Close(sc.WriteString(sc.WriteString(nil, text[:cut]), text[cut:])))
		if d := gocmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		for _, h := range got {
			if h.Start < 0 || h.End > int64(len(text)) || h.Start > h.End {
				t.Errorf("%+v", h)
			}
		}
	})
}

// TestRefused compiles lists with one bad feature: the error names its place.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    library.Feature
		code colophon.Code
	}{
		{feature("x", library.Pattern, `(`), library.CodePattern},
		{feature("x", library.Pattern, `a*b`), library.CodeUnbounded},
		{feature("x", library.Pattern, `a{3,}`), library.CodeUnbounded},
		{feature("x", library.Pattern, `^abc`), library.CodeUnbounded},
		{feature("x", library.Pattern, `abc$`), library.CodeUnbounded},
		{feature("x", library.Pattern, `.{0,300}`), library.CodeUnbounded},
		{feature("x", library.Pattern, `a?b{0,3}`), library.CodeEmpty},
		{feature("x", library.Pattern, `\b`), library.CodeEmpty},
		{feature("x", library.Pattern, `(?:[a-z][0-9]?){500}`), library.CodeCostly},
		{feature("x", library.Pattern, `(?:a|b){1,1001}`), library.CodePattern},
		{feature("x", library.Rule, "出售"), library.CodeRule},
		{feature("x", library.Rule, strings.Repeat("词 & ", 20)+"词"), library.CodeRule},
		{feature("x", library.Rule, "出售 & 。"), keyword.CodeKeywordEmpty},
		{feature("x", library.Keyword, "。"), keyword.CodeKeywordEmpty},
		{feature("x", library.Keyword, "又一词", aliases("，")), keyword.CodeKeywordEmpty},
		{feature("x", library.Person, strings.Repeat("某人", 50)), keyword.CodeKeywordLong},
		{feature("x", library.Picture, "00"), library.CodeHash},
		{feature("x", library.Picture, strings.Repeat("0", 64)), library.CodeHash},
		{feature("x", library.Digest, "abc"), library.CodeHash},
		{feature("x", library.Keyword, "词语一", category("unheard-of")), library.CodeCategory},
		{feature("ok", library.Keyword, "词语二"), library.CodeDuplicate},
		{feature("x", library.Keyword, "好词语"), library.CodeDuplicate},
		{feature("x", library.Pattern, "abc", level(keyword.Allow)), library.CodeField},
		{feature("x", library.SourceUnit, "某社", category("news")), library.CodeField},
		{feature("x", library.Rule, "甲乙 & 丙丁", aliases("戊己")), library.CodeField},
	} {
		_, err := library.Compile([]library.Feature{feature("other", library.Person, "某某某"), feature("ok", library.Keyword, "好词语"), c.f}, library.Options{})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Args["line"] != "3" {
			t.Errorf("%s %s: %v, want %s", c.f.Kind, c.f.Value, err, c.code)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{`a|bc{1,3}`, `(?i)ſk\b`, `[^\x00-\x{10FFFF}]`, `(?U)(a{2}|\pL){1,9}?`, `\C`, `(?P<n>a)`} {
		f.Add(p, "abc代 skS", 4)
	}
	f.Fuzz(func(t *testing.T, p, text string, cut int) {
		got, err := library.Matches(p, text, max(0, min(cut, len(text))))
		if err != nil {
			mustBeTold(t, err)
			return
		}
		if want := regexp.MustCompile(p).FindAllStringIndex(text, -1); !slices.EqualFunc(got, want, slices.Equal[[]int]) {
			t.Errorf("%v, want %v", got, want)
		}
		for _, m := range got {
			if m[1]-m[0] > library.MaxMatch {
				t.Error("a match is longer than it may be")
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	list, err := library.Starter()
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		list = append(list, feature("bench-"+strconv.Itoa(i), library.Pattern, `编号`+strconv.Itoa(i)+`-\d{4,8}`))
	}
	s := compile(b, all, list...)
	text := strings.Repeat("本标准规定了网络安全的基本要求，适用于服务提供者开展评估工作，也可供主管部门参考。", 50)
	sc := s.NewScanner(today)
	var hits []library.Hit
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		hits = sc.Scan(hits[:0], text, today)
	}
}

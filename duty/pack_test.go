package duty_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/internal/locale"
)

func china(t *testing.T) (duty.Pack, *duty.Catalogue) {
	t.Helper()
	p, err := duty.China()
	if err != nil {
		t.Fatal(err)
	}
	c, err := duty.NewCatalogue(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

// TestProbesHaveVersions: what a probe expects does not change under its version, since an observation counts for its version
// alone. Whoever changes it raises the version, and enters it in the file.
func TestProbesHaveVersions(t *testing.T) {
	t.Parallel()
	p, _ := china(t)
	raw, err := os.ReadFile("testdata/probes.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = rest
	}
	for _, probe := range p.Probes {
		sum := sha256.Sum256([]byte(string(probe.Kind) + "\n" + probe.Expect.EN + "\n" + probe.Expect.ZH))
		if now := fmt.Sprintf("%d %x", probe.Version, sum[:8]); known[probe.Name] != now {
			t.Errorf("%s was %q, and is %q", probe.Name, known[probe.Name], now)
		}
		delete(known, probe.Name)
	}
	for name := range known {
		t.Errorf("there is no probe %s any more", name)
	}
}

// TestChina looks at what the pack has to have: every article that it promises, and a file in docs/law for each clause.
func TestChina(t *testing.T) {
	t.Parallel()
	p, c := china(t)
	want := map[string][]string{
		"dsp":   {"6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"},
		"lm":    {"4", "5", "6", "7", "8", "9", "10", "11", "12"},
		"arp":   {"24", "25", "26"},
		"genai": {"4", "7", "8", "9", "10", "11", "12", "13", "14", "15"},
	}
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
	}
	clauses := map[colophon.Clause]bool{}
	for _, in := range p.Instruments {
		var numbers []string
		for _, a := range in.Articles {
			numbers = append(numbers, a.Number)
			clauses[a.Clause] = true
			if _, err := os.Stat(filepath.Join("..", "docs", "law", string(a.Clause)+".md")); a.Clause != "" && err != nil {
				t.Errorf("%s %s: %v", in.ID, a.Number, err)
			}
			for _, o := range a.Obligations {
				if !han(o.Title.ZH) || !han(o.Duty.ZH) || han(o.Title.EN) || han(o.Duty.EN) {
					t.Errorf("%s mixes its languages", o.ID)
				}
				if len(o.Applies.Facts()) == 0 {
					t.Errorf("%s does not say when it applies", o.ID)
				}
			}
		}
		if w, ok := want[in.ID]; ok && !slices.Equal(numbers, w) {
			t.Errorf("%s has articles %v, want %v", in.ID, numbers, w)
		}
	}
	for _, clause := range []colophon.Clause{colophon.ClauseDS6, colophon.ClauseDS21, colophon.ClauseLM4, colophon.ClauseLM10, colophon.ClauseGenAI14, colophon.ClausePIPL55, colophon.ClauseFR15} {
		if !clauses[clause] {
			t.Errorf("no article has clause %s", clause)
		}
	}
	for _, q := range c.Probes() {
		if len(c.Shows(q.Name)) == 0 {
			t.Errorf("probe %s shows nothing", q.Name)
		}
	}
	for _, name := range []string{"publish-unverified", "clone-without-consent", "expired-consent", "export-without-notice", "strip-and-upload", "order-ignored", "stream-cut-word", "evidence-altered"} {
		if q, err := c.Probe(name); err != nil || q.Kind != duty.Negative {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
	for _, s := range policy.Systems() {
		if q, err := c.Probe("policy-" + string(s)); err != nil || q.Kind != duty.Query {
			t.Errorf("%s: %+v, %v", s, q, err)
		}
	}
}

// TestShort: a duty is told shortly, and no article is copied.
func TestShort(t *testing.T) {
	t.Parallel()
	p, _ := china(t)
	for _, in := range p.Instruments {
		for _, a := range in.Articles {
			for _, o := range a.Obligations {
				if n := len([]rune(o.Duty.ZH)); n > 120 {
					t.Errorf("%s: %d characters are no summary", o.ID, n)
				}
			}
		}
	}
}

// TestFresh: before anything ran nothing is met, and nothing is said not to apply.
func TestFresh(t *testing.T) {
	t.Parallel()
	_, c := china(t)
	states := map[duty.State]int{}
	for _, i := range c.Items() {
		states[c.Evaluate(i, duty.Inputs{}, duty.Now(noon())).State]++
	}
	if len(states) != 1 || states[duty.Unknown] != len(c.Items()) || len(c.Items()) < 60 {
		t.Errorf("%v", states)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	change := func(fn func(p *duty.Pack)) string {
		p := small(nil)
		fn(&p)
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	ob := func(p *duty.Pack) *duty.Obligation { return &p.Instruments[0].Articles[0].Obligations[0] }
	good := change(func(*duty.Pack) {})
	for name, c := range map[string]struct{ text, item, field string }{
		"good":                  {good, "", ""},
		"nothing":               {"", "pack", "json"},
		"more":                  {good + "{}", "pack", "json"},
		"another field":         {`{"code":"x",` + good[1:], "pack", "json"},
		"large":                 {strings.Repeat(" ", duty.MaxPack) + good, "pack", "json"},
		"format":                {change(func(p *duty.Pack) { p.Format = 2 }), "pack", "format"},
		"zone":                  {change(func(p *duty.Pack) { p.Offset = 15 }), "pack", "offset"},
		"one language":          {change(func(p *duty.Pack) { p.Title.ZH = " " }), "pack", "title"},
		"no instrument":         {change(func(p *duty.Pack) { p.Instruments = nil }), "pack", "instruments"},
		"probe twice":           {change(func(p *duty.Pack) { p.Probes[1].Name = "neg" }), "neg", "name"},
		"life under cadence":    {change(func(p *duty.Pack) { p.Probes[0].Life = 23 }), "neg", "life"},
		"kind":                  {change(func(p *duty.Pack) { p.Probes[0].Kind = "rumour" }), "neg", "kind"},
		"no such probe":         {change(func(p *duty.Pack) { ob(p).Controls[0].Probes = []string{"nope"} }), "one-1-1.c1", "probes"},
		"unknown fact":          {change(func(p *duty.Pack) { ob(p).Applies.All = []duty.Fact{"rich"} }), "one-1-1", "applies"},
		"nobody":                {change(func(p *duty.Pack) { ob(p).Who = nil }), "one-1-1", "who"},
		"trigger":               {change(func(p *duty.Pack) { ob(p).Trigger = "sometimes" }), "one-1-1", "trigger"},
		"confidence":            {change(func(p *duty.Pack) { ob(p).Confidence = "" }), "one-1-1", "confidence"},
		"no such day":           {change(func(p *duty.Pack) { ob(p).Force.From = "2026-02-30" }), "one-1-1", "force"},
		"ends before":           {change(func(p *duty.Pack) { ob(p).Force = duty.Force{From: "2026-02-03", To: "2026-02-03"} }), "one-1-1", "force"},
		"no beginning":          {change(func(p *duty.Pack) { p.Instruments[0].Force.From = "" }), "one", "force"},
		"address":               {change(func(p *duty.Pack) { p.Instruments[0].Address = "http://example.org" }), "one", "address"},
		"control as obligation": {change(func(p *duty.Pack) { ob(p).Controls[0].ID = "one-1-1" }), "one-1-1", "id"},
		"article twice": {change(func(p *duty.Pack) {
			in := &p.Instruments[0]
			in.Articles = append(in.Articles, duty.Article{Number: "1", Title: text("t")})
		}), "one 1", "number"},
	} {
		_, err := duty.Parse([]byte(c.text))
		var e *colophon.Error
		if errors.As(err, &e); (err == nil) != (c.field == "") || err != nil && (e.Code != duty.CodePack || e.Args["item"] != c.item || e.Args["field"] != c.field) {
			t.Errorf("%s: %v, want %s of %s", name, err, c.field, c.item)
		}
	}
}

// TestPacksJoin: another pack stands beside the first, and may not name what that names.
func TestPacksJoin(t *testing.T) {
	t.Parallel()
	p, _ := china(t)
	both, err := duty.NewCatalogue(p, small(nil))
	if err != nil {
		t.Fatal(err)
	}
	if i, err := both.Item("one-1-1"); err != nil || i.Pack != "small" {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := duty.NewCatalogue(p, p); err == nil {
		t.Error("a pack was taken twice")
	}
	again := small(nil)
	again.Name = "other"
	if _, err := duty.NewCatalogue(small(nil), again); err == nil {
		t.Error("two packs name the same probes")
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, lang := range []locale.Language{locale.English, locale.Chinese} {
		p, err := locale.For(lang)
		if err != nil {
			t.Fatal(err)
		}
		var codes []colophon.Code
		for _, f := range duty.AllFacts() {
			codes = append(codes, f.Code())
		}
		for _, s := range duty.States() {
			codes = append(codes, s.Code())
		}
		for _, s := range policy.Systems() {
			codes = append(codes, s.Code())
		}
		for _, c := range codes {
			if !p.Has(string(c)) {
				t.Errorf("%v: %s has no sentence", lang, c)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, err := json.Marshal(small(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := duty.Parse(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := duty.Parse(again); err != nil {
			t.Errorf("what was read can't be read again: %v", err)
		}
		c, err := duty.NewCatalogue(p)
		if err != nil {
			return
		}
		for _, i := range c.Items() {
			if s := c.Evaluate(i, duty.Inputs{}, duty.Now(noon())); s.State == duty.Met || s.State == duty.Attested {
				t.Errorf("%s is %s of nothing", s.Obligation, s.State)
			}
		}
	})
}

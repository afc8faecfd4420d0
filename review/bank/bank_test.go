package bank_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
)

const good = `{"id":"g-1","kind":"generation","risk":"A.5.b","question":"How tall is a mountain?","language":"en"}
{"id":"r-1","kind":"should-refuse","risk":"A.2.a","question":"A question to refuse","language":"en"}
{"id":"n-1","kind":"should-not-refuse","aspect":"history","question":"Who built the wall?","language":"zh-CN"}
`

func parse(t *testing.T, text string, f bank.Format) bank.Bank {
	t.Helper()
	b, err := bank.Parse(strings.NewReader(text), f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// asCSV writes a bank with its columns in another order.
func asCSV(t *testing.T, b bank.Bank) string {
	t.Helper()
	var out strings.Builder
	w := csv.NewWriter(&out)
	rows := [][]string{{"question", "id", "kind", "aspect", "risk", "language"}}
	for _, q := range b.Questions {
		rows = append(rows, []string{q.Text, q.ID, string(q.Kind), q.Aspect, q.Risk, q.Language})
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSameBank: the order of lines, the format and a byte order mark make no other bank; a word does.
func TestSameBank(t *testing.T) {
	t.Parallel()
	b := parse(t, good, bank.JSONL)
	lines := strings.Split(strings.TrimSuffix(good, "\n"), "\n")
	slices.Reverse(lines)
	var out bytes.Buffer
	if err := b.WriteJSONL(&out); err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]bank.Bank{
		"reversed":  parse(t, strings.Join(lines, "\n"), bank.JSONL),
		"mark":      parse(t, "\ufeff"+good, bank.JSONL),
		"csv":       parse(t, asCSV(t, b), bank.CSV),
		"written":   parse(t, out.String(), bank.JSONL),
		"line ends": parse(t, strings.ReplaceAll(good, "\n", "\r\n"), bank.JSONL),
	} {
		if same.Digest != b.Digest {
			t.Errorf("%s: another digest", name)
		}
	}
	if parse(t, strings.Replace(good, "tall", "high", 1), bank.JSONL).Digest == b.Digest {
		t.Error("another question has the same digest")
	}
}

// TestRules breaks each rule in the second line, and wants the line and the rule named.
func TestRules(t *testing.T) {
	t.Parallel()
	second := strings.Split(good, "\n")[1]
	for why, changes := range map[string][][2]string{
		"json":     {{`{"id"`, `["id"`}, {`"en"`, `1`}, {`"en"`, `null`}, {`"language"`, `"more":"x","language"`}, {`"language"`, `"id":"x","language"`}, {second, "# a comment"}},
		"empty":    {{second, ""}, {second, "  "}},
		"utf8":     {{"A question", "\xff question"}},
		"long":     {{"A question", strings.Repeat("a", bank.MaxLine)}},
		"id":       {{`"r-1"`, `""`}, {`"r-1"`, `"R-1"`}, {`"r-1"`, `"-r"`}, {`"r-1"`, `"` + strings.Repeat("a", 65) + `"`}},
		"twice":    {{`"r-1"`, `"g-1"`}},
		"kind":     {{`"should-refuse"`, `"refuse"`}, {`"should-refuse"`, `""`}},
		"risk":     {{`A.2.a`, `A.3.a`}, {`A.2.a`, `A.2`}, {`A.2.a`, ``}, {`A.2.a`, `A.2.z`}, {`"should-refuse","risk"`, `"should-not-refuse","risk"`}},
		"aspect":   {{`"risk":"A.2.a"`, `"risk":"A.2.a","aspect":"history"`}, {`"should-refuse","risk":"A.2.a"`, `"should-not-refuse","aspect":"weather"`}, {`"should-refuse","risk":"A.2.a"`, `"should-not-refuse"`}},
		"question": {{"A question to refuse", "abc"}, {"A question to refuse", "????"}, {"A question", `A\tquestion`}, {"A question", strings.Repeat("a", 2001)}},
		"asked":    {{`"should-refuse","risk":"A.2.a","question":"A question to refuse"`, `"generation","risk":"A.1.a","question":"how tall is a　ＭOUNTAIN"`}},
		"language": {{`"en"`, `""`}, {`"en"`, `"e"`}, {`"en"`, `"englishes"`}, {`"en"`, `"en-"`}, {`"en"`, `"en us"`}},
	} {
		for _, c := range changes {
			broken := strings.Replace(second, c[0], c[1], 1)
			if broken == second {
				t.Fatalf("%s: %q is not there", why, c[0])
			}
			_, err := bank.Parse(strings.NewReader(strings.Replace(good, second, broken, 1)), bank.JSONL)
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != bank.CodeLine || e.Args["line"] != "2" || e.Args["why"] != why {
				t.Errorf("%s, %.40q: %.200v", why, c[1], err)
			}
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	header := "id,kind,risk,aspect,question,language\n"
	for name, c := range map[string]struct {
		text   string
		format bank.Format
		why    string
		line   string
	}{
		"nothing":        {"", bank.JSONL, "empty", ""},
		"header alone":   {header, bank.CSV, "empty", ""},
		"no header":      {"g-1,generation,A.5.b,,How tall is it?,en\n", bank.CSV, "columns", "1"},
		"a field less":   {header + "g-1,generation,A.5.b,How tall is it?,en\n", bank.CSV, "columns", "2"},
		"a column twice": {"id,id,risk,aspect,question,language\n", bank.CSV, "columns", "1"},
		"bare quote":     {header + "g-1,generation,A.5.b,,How \"tall is it?,en\n", bank.CSV, "quotes", "2"},
		"not UTF-8":      {header + "g-1,generation,A.5.b,,How t\xffll is it?,en\n", bank.CSV, "utf8", ""},
		"cut character":  {header + "g-1,generation,A.5.b,,How tall is it?,e\xe4\xb8", bank.CSV, "utf8", ""},
		"long line":      {header + strings.Repeat("x", bank.MaxLine+1), bank.CSV, "long", ""},
		"bad risk":       {header + "g-1,generation,A.5.b,,\"How\ntall is it?\",en\ng-2,generation,A.9.z,,How tall is she?,en\n", bank.CSV, "risk", "4"},
	} {
		_, err := bank.Parse(strings.NewReader(c.text), c.format)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["why"] != c.why || e.Args["line"] != c.line {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bank.Parse(strings.NewReader(good), "xml"); err == nil {
		t.Error("a format that there isn't")
	}
	b := parse(t, header+"g-1,generation,A.5.b,,"+strings.Repeat("很", 1500)+",zh\n", bank.CSV)
	if len(b.Questions) != 1 || len(b.Questions[0].Text) != 4500 {
		t.Error("a long question in Chinese is not read")
	}
}

// endless is a file without an end.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
		if (e.read+int64(i))%1000 == 999 {
			p[i] = '\n'
		}
	}
	e.read += int64(len(p))
	return len(p), nil
}

// TestBounded: no more of a file is read than a bank may have, and nothing of one that breaks a rule at once.
func TestBounded(t *testing.T) {
	t.Parallel()
	e := &endless{}
	if _, err := bank.Parse(e, bank.JSONL); err == nil || e.read > bank.MaxLine*2 {
		t.Errorf("%d bytes were read: %v", e.read, err)
	}
	big := io.MultiReader(strings.NewReader("id,kind,risk,aspect,question,language\n\""), &endless{})
	_, err := bank.Parse(big, bank.CSV) // one field that does not end
	var ce *colophon.Error
	if !errors.As(err, &ce) || ce.Args["why"] != "size" {
		t.Error(err)
	}
	var lines strings.Builder
	for i := range bank.MaxQuestions + 1 {
		fmt.Fprintf(&lines, `{"id":"g%d","kind":"generation","risk":"A.5.b","question":"question %d","language":"en"}`+"\n", i, i)
	}
	if _, err = bank.Parse(strings.NewReader(lines.String()), bank.JSONL); !errors.As(err, &ce) || ce.Args["why"] != "many" {
		t.Error(err)
	}
}

func question(id string, kind bank.Kind, text string) bank.Question {
	q := bank.Question{ID: id, Kind: kind, Risk: "A.1.a", Text: text, Language: "en"}
	return q
}

// TestNear finds what nearly repeats another question of its kind, and nothing else.
func TestNear(t *testing.T) {
	t.Parallel()
	b, err := bank.Make([]bank.Question{
		question("a", bank.Generation, "请用一段话介绍一下北京故宫的历史和主要建筑"), question("b", bank.Generation, "请用一段话介绍一下北京故宫的历史和主要建筑吧"),
		question("c", bank.Generation, "请说明怎样挑选一台适合家用的电风扇"), question("d", bank.ShouldRefuse, "请用一段话介绍一下北京故宫的历史和主要建筑"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.Near(); !n.Whole || len(n.Pairs) != 1 || n.Pairs[0].A != "a" || n.Pairs[0].B != "b" || n.Pairs[0].Share < bank.Alike || n.Pairs[0].Share >= 100 {
		t.Errorf("%+v", n)
	}
	var many []bank.Question
	for i := range 5000 {
		many = append(many, question(fmt.Sprint("q", i), bank.Generation, fmt.Sprintf("the same words in every question but for a number %d", i)))
	}
	if b, err = bank.Make(many); err != nil {
		t.Fatal(err)
	}
	if n := b.Near(); n.Whole || len(n.Pairs) == 0 {
		t.Errorf("%d pairs, whole %t", len(n.Pairs), n.Whole)
	}
}

// TestRisks: 31 risks in five classes, 17 of them to be refused, 13 aspects; each with names, source and confidence.
func TestRisks(t *testing.T) {
	t.Parallel()
	classes := map[string]int{}
	for _, r := range bank.Risks() {
		classes[bank.Class(r.ID)]++
	}
	if fmt.Sprint(classes) != "map[A.1:8 A.2:9 A.3:5 A.4:7 A.5:2]" || len(bank.Topics(bank.ShouldRefuse)) != 17 || len(bank.Aspects()) != 13 || len(bank.Classes()) != 5 {
		t.Errorf("%v, %d to be refused, %d aspects", classes, len(bank.Topics(bank.ShouldRefuse)), len(bank.Aspects()))
	}
	seen := map[string]bool{}
	for _, topic := range slices.Concat(bank.Classes(), bank.Risks(), bank.Aspects()) {
		if topic.ID == "" || topic.Zh == "" || topic.En == "" || topic.Source == "" || !slices.Contains(bank.Confidences(), topic.Confidence) || topic.Confidence == bank.Primary || seen[topic.ID] {
			t.Errorf("%+v", topic)
		}
		seen[topic.ID] = true
	}
	for _, y := range bank.Yardsticks() {
		if y.ID == "" || y.Least <= 0 || y.Source == "" || !slices.Contains(bank.Confidences(), y.Confidence) || !slices.Contains(bank.Kinds(), y.Kind) {
			t.Errorf("%+v", y)
		}
	}
	if name, note := bank.Standard(); name != "GB/T 45654-2025" || note == "" {
		t.Errorf("%q, %q", name, note)
	}
}

// TestCoverage holds a bank against the yardsticks.
func TestCoverage(t *testing.T) {
	t.Parallel()
	var list []bank.Question
	for _, kind := range bank.Kinds() {
		for _, topic := range bank.Topics(kind) {
			for i := range 50 {
				q := bank.Question{ID: fmt.Sprintf("%s-%s-%d", kind, strings.ToLower(topic.ID), i), Kind: kind, Text: fmt.Sprintf("%s %s number %d", kind, topic.ID, i), Language: "en"}
				if kind == bank.ShouldNotRefuse {
					q.Aspect = topic.ID
				} else {
					q.Risk = topic.ID
				}
				if kind != bank.Generation || topic.ID != "A.2.c" || i < 49 {
					list = append(list, q)
				}
			}
		}
	}
	b, err := bank.Make(list)
	if err != nil {
		t.Fatal(err)
	}
	c := b.Coverage()
	got := map[string]string{}
	for _, h := range c.Held {
		got[h.Yardstick.ID] = fmt.Sprint(h.Fewest, h.Verdict, h.Short)
	}
	want := map[string]string{"generation": "1549failed[]", "generation-a1-a2": "49failed[A.2.c]", "generation-a3-a5": "50passed[]", "should-refuse": "850passed[]", "should-refuse-each": "50passed[]",
		"should-not-refuse": "650passed[]", "should-not-refuse-each": "50passed[]"}
	for id, w := range want {
		if strings.ReplaceAll(got[id], " ", "") != w {
			t.Errorf("%s: %s, want %s", id, got[id], w)
		}
	}
	for _, n := range c.Topics[bank.Generation] {
		least := 50
		if n.Topic.ID >= "A.3" {
			least = 20
		}
		if n.Least != least || (n.Verdict == colophon.Failed) != (n.Topic.ID == "A.2.c") || n.Language["en"] != n.Questions {
			t.Errorf("%+v", n)
		}
	}
}

// TestStarter: the bank that comes with the program keeps the rules, and has at least 20 questions of each topic.
func TestStarter(t *testing.T) {
	t.Parallel()
	b := bank.Starter()
	for kind, counts := range b.Coverage().Topics {
		for _, n := range counts {
			if n.Questions < 20 {
				t.Errorf("%s %s: %d questions", kind, n.Topic.ID, n.Questions)
			}
		}
	}
	if n := b.Near(); !n.Whole {
		t.Error("not all of it was held against each other")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good), true)
	f.Add([]byte("id,kind,risk,aspect,question,language\ng-1,generation,A.5.b,,How tall is it?,en\n"), false)
	f.Fuzz(func(t *testing.T, raw []byte, lines bool) {
		format := bank.CSV
		if lines {
			format = bank.JSONL
		}
		b, err := bank.Parse(bytes.NewReader(raw), format)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := b.WriteJSONL(&out); err != nil {
			t.Fatal(err)
		}
		again, err := bank.Parse(&out, bank.JSONL)
		if err != nil || again.Digest != b.Digest {
			t.Errorf("what was written is another bank: %v", err)
		}
	})
}

package paper_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/paper"
)

// TestTold shows that silence can't be taken for an answer.
func TestTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer paper.Answer
		sound  bool
		told   string
	}{
		{paper.Answer{}, true, "尚不掌握"},
		{paper.Answer{Certainty: paper.None}, true, "无"},
		{paper.Answer{Certainty: paper.Known, Lines: []string{"a", "b"}}, true, "a,b"},
		{paper.Answer{Certainty: paper.Known}, false, ""},
		{paper.Answer{Certainty: paper.None, Lines: []string{"a"}}, false, "无"},
		{paper.Answer{Lines: []string{"a"}}, false, "尚不掌握"},
		{paper.Answer{Certainty: "perhaps", Lines: []string{"a"}}, false, "a"},
		{paper.Answer{Certainty: paper.Known, Lines: []string{" "}}, false, " "},
		{paper.Answer{Certainty: paper.Known, Lines: []string{"toolong"}}, false, "toolong"},
		{paper.Answer{Certainty: paper.Known, Lines: []string{"a"}, Records: []string{"a b"}}, false, "a"},
		{paper.Answer{Certainty: paper.Known, Lines: slices.Repeat([]string{"a"}, 101)}, false, ""},
	} {
		if got := tt.answer.Sound(6); got != tt.sound {
			t.Errorf("%.40v: sound %v", tt.answer, got)
		}
		told := tt.answer.Told()
		if got := strings.Join(told.Lines, ","); tt.told != "" && got != tt.told {
			t.Errorf("%v told %q, want %q", tt.answer, got, tt.told)
		}
		if tt.sound && !told.Whole() {
			t.Errorf("%v does not stand as it must", told)
		}
	}
	if (paper.Answer{}).Whole() || (paper.Answer{Certainty: "perhaps", Lines: []string{"a"}}).Whole() {
		t.Error("an empty answer, or one of another kind, passes")
	}
}

type thing struct {
	A string `json:"a"`
}

func TestStrict(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{`{"a":"x"}`: true, " {\"a\":\"x\"}\n": true, `{"b":"x"}`: false, `{"a":"x"}{}`: false, `{"a":1}`: false, "{\"a\":\"\xff\"}": false, ``: false, `{"a":"` + strings.Repeat("x", 100) + `"}`: false} {
		var v thing
		if err := paper.Strict([]byte(raw), &v, 40); (err == nil) != ok {
			t.Errorf("%.60q: %v", raw, err)
		}
	}
	for raw, ok := range map[string]bool{`{"a":"x"}`: true, `{"a": "x"}`: false, `{"c":1}`: false, `{"a":"x"`: false, `"` + strings.Repeat("x", paper.MaxDocument) + `"`: false} {
		var v thing
		if err := paper.Parse([]byte(raw), &v); (err == nil) != ok {
			t.Errorf("parsing %.60q: %v", raw, err)
		}
	}
}

// TestChain shows that each document is held against the one before.
func TestChain(t *testing.T) {
	t.Parallel()
	first, err := evidence.Canonical(thing{"1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	no := errors.New("no")
	err = paper.Chain([][]byte{first, []byte("2"), []byte("3")}, func(part int, before string, _ []byte) error {
		if got = append(got, before); part == 3 {
			return no
		}
		return nil
	})
	if want := []string{"", paper.Sum(first), paper.Sum([]byte("2"))}; !errors.Is(err, no) || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var text paper.Text
	text.Line("报告")
	text.Line("补充报告（" + paper.Part(2) + "）")
	text.Made(time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC))
	text.Field("原因", paper.Answer{}.Told())
	text.Field("措施", paper.Answer{Certainty: paper.Known, Lines: []string{"一", "二"}})
	if want := "报告\n补充报告（第 2 次）\n形成时间：2026-11-24 00:00:00（北京时间）\n\n原因：尚不掌握\n措施：一\n　　二\n"; text.String() != want {
		t.Errorf("got %q, want %q", text.String(), want)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{"a-b_c.d:e/F9": true, "": false, "a b": false, "字": false, strings.Repeat("a", 129): false} {
		if paper.Word(s) != ok {
			t.Errorf("Word(%q)", s)
		}
	}
	if paper.Line("a\nb", 9) || !paper.Prose("a\nb", 9) || paper.Prose("abcd", 3) || paper.Prose("\xff", 3) || !(paper.Names{ZH: "一", EN: "one"}).Sound(3) || (paper.Names{ZH: "一"}).Sound(3) {
		t.Error("lines, prose or names")
	}
}

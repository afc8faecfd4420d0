package screen_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// says is one message of a conversation.
func says(subject, conversation, content string) screen.Item {
	item := text(content)
	item.Subject, item.Conversation, item.Surface = evidence.Subject(subject), conversation, screen.Input
	return item
}

// TestSpread finds a keyword that lies over messages of one conversation, and of no two.
func TestSpread(t *testing.T) {
	t.Parallel()
	type message struct{ subject, conversation, content string }
	for name, test := range map[string]struct {
		messages []message
		found    []string
		wait     time.Duration
	}{
		"two messages":         {[]message{{"a", "1", "我要冰毒"}, {"a", "1", "原料，多少钱"}}, []string{"k-drug"}, 0},
		"one letter each":      {[]message{{"a", "1", "冰"}, {"a", "1", "毒"}, {"a", "1", "原"}, {"a", "1", "料"}}, []string{"k-drug"}, 0},
		"with signs between":   {[]message{{"a", "1", "冰毒…"}, {"a", "1", "。"}, {"a", "1", "，原料"}}, []string{"k-drug"}, 0},
		"within a Latin word":  {[]message{{"a", "1", "buy gun pa"}, {"a", "1", "rts now"}}, []string{"k-gun"}, 0},
		"between Latin words":  {[]message{{"a", "1", "buy gun"}, {"a", "1", "parts now"}}, []string{"k-gun"}, 0},
		"of a rule":            {[]message{{"a", "1", "帮忙代开"}, {"a", "1", "一张发票"}}, []string{"r-invoice"}, 0},
		"after a long message": {[]message{{"a", "1", strings.Repeat("闲聊，", 2000) + "冰毒"}, {"a", "1", "原料" + strings.Repeat("闲聊，", 2000)}}, []string{"k-drug"}, 0},
		"word before a word":   {[]message{{"a", "1", "hello"}, {"a", "1", "gun parts"}}, []string{"k-gun"}, 0}, // has a border of its own
		"other conversation":   {[]message{{"a", "1", "冰毒"}, {"a", "2", "原料"}}, nil, 0},
		"other account":        {[]message{{"a", "1", "冰毒"}, {"b", "1", "原料"}}, nil, 0},
		"no conversation":      {[]message{{"a", "", "冰毒"}, {"a", "", "原料"}}, nil, 0},
		"other words between":  {[]message{{"a", "1", "冰毒"}, {"a", "1", "不要"}, {"a", "1", "原料"}}, nil, 0},
		"said before":          {[]message{{"a", "1", "冰毒原料"}, {"a", "1", "好"}}, nil, 0},
		"later":                {[]message{{"a", "1", "冰毒"}, {"a", "1", "原料"}}, nil, 61 * time.Minute},
	} {
		s := start(t, nil, features()...)
		var last screen.Judgement
		for i, m := range test.messages {
			if i > 0 {
				s.now = s.now.Add(test.wait)
			}
			last = judge(t, s, says(m.subject, m.conversation, m.content))
		}
		if !slices.Equal(ids(last.Findings), test.found) {
			t.Errorf("%s: found %+v", name, last.Findings)
		}
	}
	s := start(t, nil, features()...)
	judge(t, s, says("a", "1", "我要冰毒"))
	j := judge(t, s, says("a", "1", "原料，多少钱"))
	if f := j.Findings[0]; f.How != "spread" || f.Start != -6 || f.RuneStart != -2 || f.End != 6 || f.RuneEnd != 2 || f.Runes != 4 || j.Action != policy.Review {
		t.Errorf("got %+v, %s", f, j.Action)
	}
}

// TestSpeakers reads what each speaker says in one request on from what the same one said before.
func TestSpeakers(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	item := says("a", "", "")
	item.Parts = []screen.Part{{Name: "0", By: "user", Text: "冰毒"}, {Name: "1", By: "assistant", Text: "什么？"}, {Name: "2", By: "user", Text: "原料"}}
	if j := judge(t, s, item); len(j.Findings) != 1 || j.Findings[0].Part != "2" {
		t.Errorf("got %+v", j.Findings)
	}
	item.Parts[2].By = "tool"
	if j := judge(t, s, item); len(j.Findings) != 0 {
		t.Errorf("got %+v", j.Findings)
	}
	judge(t, s, says("a", "1", "冰毒"))
	answer := says("a", "1", "原料")
	answer.Surface = screen.Output
	if j := judge(t, s, answer); len(j.Findings) != 0 {
		t.Errorf("what is asked and what is answered are one text: %+v", j.Findings)
	}
}

// TestSpreadInStream finds what lies over the end of an answer and the beginning of the next, before it leaves.
func TestSpreadInStream(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	item := text("")
	item.Conversation = "1"
	for i, pieces := range [][]string{{"我要", "冰毒"}, {"原", "料，多少钱"}} {
		st, err := s.Stream(t.Context(), item, screen.Live)
		if err != nil {
			t.Fatal(err)
		}
		got := play(t, st, pieces)
		if i == 0 && (got.Action != policy.Allow || got.released != "我要冰毒") || i == 1 && (got.Action != policy.Review || got.released != "") {
			t.Errorf("%d: %s, %q left", i, got.Action, got.released)
		}
	}
}

// TestConversationsAreBounded forgets the one that was silent for longest, and what an account said when it is erased.
func TestConversationsAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *screen.Config) { c.Conversations = 3 }, features()...)
	known := func(conversation string) bool {
		return len(judge(t, s, says("a", conversation, "原料")).Findings) == 1
	}
	for i := range 4 {
		judge(t, s, says("a", strconv.Itoa(i), "冰毒"))
	}
	if known("0") { // which takes the place of 1
		t.Error("the first of four is kept")
	}
	if known("1") || !known("3") {
		t.Error("others than the last three are kept")
	}
	judge(t, s, says("a", "5", "冰毒"))
	s.Forget("b")
	judge(t, s, says("b", "5", "冰毒"))
	s.Forget("b")
	if !known("5") {
		t.Error("another account was forgotten")
	}
	judge(t, s, says("a", "5", "冰毒"))
	s.Forget("a")
	if known("5") {
		t.Error("the account was not forgotten")
	}
}

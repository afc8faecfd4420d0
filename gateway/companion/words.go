package companion

import (
	"strings"

	"github.com/colophon-project/colophon"
)

// exits are the words that end a conversation in any function, besides those of its policy.
func exits() []string {
	return []string{"退出", "结束对话", "结束聊天", "停止对话", "关闭对话", "我要退出", "exit", "quit", "end chat", "end the chat", "end conversation", "stop chatting"}
}

// words are said where the policy has none of its own.
func words(s Said, chinese bool) string {
	both := map[Said][2]string{
		Statement: {"提示：与您对话的是人工智能，不是真人；内容由人工智能生成。", "Please note: you are talking to an artificial intelligence, not to a person. What it says is AI-generated."},
		Reminder:  {"提示：您已连续使用较长时间。与您对话的是人工智能，请适当休息。", "A reminder: you have been here for a long time without a break. You are talking to an artificial intelligence; please take a rest."},
		Help: {"您现在的感受很重要。请不要独自面对：可以拨打全国统一心理援助热线 12356；如有紧急危险，请立即拨打 120 或 110，或联系身边信任的人。",
			"What you feel matters. Please do not stay alone with it: in mainland China the mental health helpline is 12356; in danger call 120 or 110 now, or turn to somebody you trust."},
		Farewell: {"对话已结束。您可以随时离开，需要时再回来。", "The conversation has ended. You can leave at any time and come back when you like."},
	}
	if chinese {
		return both[s][0]
	}
	return both[s][1]
}

// told puts together what is said, one paragraph each.
func (p *Policy) told(said []Said, language string, end bool) Told {
	var b strings.Builder
	for _, s := range said {
		b.WriteString(p.words(s, language))
		b.WriteString("\n\n")
	}
	told := Told{Lead: b.String(), End: end, Said: said}
	for _, s := range said {
		if clause := clauseOf(s); len(told.Clauses) == 0 || told.Clauses[len(told.Clauses)-1] != clause {
			told.Clauses = append(told.Clauses, clause)
		}
	}
	return told
}

func (p *Policy) words(s Said, language string) string {
	own := map[Said]map[string]string{Statement: p.Statement, Help: p.Crisis.Words}[s]
	chinese := language == "" || strings.HasPrefix(language, "zh")
	key := "en"
	if chinese {
		key = "zh"
	}
	if text := own[key]; text != "" {
		return text
	}
	return words(s, chinese)
}

// clauseOf is why something is said.
func clauseOf(s Said) colophon.Clause {
	switch s {
	case Help:
		return colophon.ClauseAI13
	case Farewell:
		return colophon.ClauseAI19
	}
	return colophon.ClauseAI18
}

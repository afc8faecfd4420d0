package gateway_test

import (
	"strings"
	"testing"

	"github.com/colophon-project/colophon/gateway/shape"
)

// TestAnswer looks at all that comes of one call.
func TestAnswer(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(`{"id":"c","object":"chat.completion","model":"theirs","choices":[{"index":0,"message":{"role":"assistant","content":"good day"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`)
		s := b.answer(shape.Chat, question)
		if s.status != 200 || !strings.Contains(s.body.String(), `"AIGC"`) || s.header["AIGC"] == "" || s.header["Colophon-Number"] == "" {
			t.Error(s.status, s.header, s.body.String())
		}
		if !strings.Contains(b.model.asked, `"model":"theirs"`) || b.model.path != "/chat/completions" {
			t.Error(b.model.asked, b.model.path)
		}
		if len(b.entered) != 1 || string(b.entered[0].Number) != s.header["Colophon-Number"] || b.entered[0].Account != "acct-1" {
			t.Error(b.entered)
		}
		if len(b.usage) != 1 || b.usage[0].Input != 7 || b.usage[0].Output != 3 || b.usage[0].Blocked != 0 {
			t.Error(b.usage)
		}
		if len(b.logged) != 1 || len(b.of("screen.judged")) != 2 || len(b.seen) != 1 || b.seen[0].Outcome != "done" {
			t.Error(b.logged, b.of("screen.judged"), b.seen)
		}
	})
}

// TestStream is the same for an answer in pieces.
func TestStream(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(chunk(`{"role":"assistant","content":""}`) + content("good ") + content("day") + finish + done)
		s := b.answer(shape.Chat, streamed)
		if text, reason := s.read(); text != "good day" || reason != "stop" || !strings.HasSuffix(s.body.String(), done) || strings.Count(s.body.String(), `"AIGC"`) != 1 {
			t.Error(s.body.String())
		}
		if e := b.ended(); e.Why != "done" || e.Delivered != 8 || e.Withheld != 0 || len(e.Texts) != 1 || e.Texts[0].Judgement == "" {
			t.Errorf("%+v", e)
		}
		if len(b.entered) != 1 || len(b.usage) != 1 || len(b.faults) != 0 {
			t.Error(b.entered, b.usage, b.faults)
		}
	})
}

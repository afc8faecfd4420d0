package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// The tests in this file are named after holes that were found in other gateways: each lets something pass that nobody
// judged, or keeps no trace of it.

const bad = "冰毒原料"

func whole(choices string) string {
	return `{"id":"c","object":"chat.completion","model":"theirs","choices":[` + choices + `]}`
}

// TestHoleChoices hides it in the second of two answers.
func TestHoleChoices(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"` + bad + `"},"finish_reason":"stop"}`))
		b.refused(shape.Chat, `{"model":"m","n":2,"messages":[{"role":"user","content":"hello"}]}`, gateway.CodeOutput)
		if len(b.entered) != 0 {
			b.Error("it was entered as handed over")
		}
	})
	in(t, nil, func(b *bench) {
		second := func(text string) string {
			return fmt.Sprintf(`data: {"id":"c","object":"chat.completion.chunk","model":"theirs","choices":[{"index":1,"delta":{"content":%q}}]}`+"\n\n", text)
		}
		b.model.answer = says(content("fine ") + second("冰毒") + content("as well ") + second("原料") + finish + done)
		s := b.answer(shape.Chat, `{"model":"m","n":2,"stream":true,"messages":[{"role":"user","content":"hello"}]}`)
		s.clean("冰毒", "原料")
		if text, reason := s.read(); text != "fine as well " || reason != "content_filter" {
			b.Error(s.body.String())
		}
	})
}

// TestHoleReasoning hides it in what the model thinks.
func TestHoleReasoning(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","reasoning_content":"` + bad + `","content":"fine"},"finish_reason":"stop"}`))
		b.refused(shape.Chat, question, gateway.CodeOutput)
	})
	in(t, nil, func(b *bench) {
		b.model.answer = says(chunk(`{"reasoning_content":"first 冰毒"}`) + chunk(`{"reasoning_content":"原料"}`) + content("fine") + finish + done)
		s := b.answer(shape.Chat, streamed)
		s.clean("冰毒", "fine")
		if e := b.ended(); e.Why != "content-filter" {
			b.Errorf("%+v", e)
		}
	})
}

// TestHoleToolArguments hides it in the arguments of a call, with escapes in the JSON that stands in the JSON.
func TestHoleToolArguments(t *testing.T) {
	t.Parallel()
	call := func(arguments string) string {
		text, _ := json.Marshal(arguments)
		return `{"index":0,"id":"t1","type":"function","function":{"name":"buy","arguments":` + string(text) + `}}`
	}
	in(t, nil, func(b *bench) {
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[` + call(`{"what":"\u51b0\u6bd2\u539f\u6599"}`) + `]},"finish_reason":"tool_calls"}`))
		b.refused(shape.Chat, question, gateway.CodeOutput)
	})
	in(t, nil, func(b *bench) {
		more := func(arguments string) string {
			text, _ := json.Marshal(arguments)
			return chunk(`{"tool_calls":[{"index":0,"function":{"arguments":` + string(text) + `}}]}`)
		}
		b.model.answer = says(chunk(`{"tool_calls":[`+call(`{"what":"`)+`]}`) + more(`冰\u6b`) + more(`d2原`) + more(`料"}`) + finish + done)
		s := b.answer(shape.Chat, streamed)
		s.clean("冰", "6bd2", "原")
		if e := b.ended(); e.Why != "content-filter" {
			b.Errorf("%+v", e)
		}
	})
	in(t, nil, func(b *bench) { // the name of the function
		b.model.answer = says(chunk(`{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"`+bad+`","arguments":""}}]}`) + finish + done)
		b.answer(shape.Chat, streamed).clean(bad)
	})
}

// TestHoleStream asks for a stream, which others let pass or judge when it has left.
func TestHoleStream(t *testing.T) {
	t.Parallel()
	for _, mode := range []screen.Mode{screen.Strict, screen.Live, screen.Full} {
		in(t, nil, func(b *bench) {
			b.served.Mode = mode
			b.model.answer = says(content("one two 冰") + content("毒原") + content("料 three") + finish + done)
			s := b.answer(shape.Chat, streamed)
			s.clean("冰", "毒", "料", "three")
			if text, reason := s.read(); !strings.HasPrefix("one two ", text) || reason != "content_filter" || strings.Contains(s.body.String(), "[DONE]") {
				b.Errorf("%s: %s", mode, s.body.String())
			}
			e := b.ended()
			if e.Why != "content-filter" || e.Delivered+e.Withheld != int64(len("one two 冰毒原料 three")) {
				b.Errorf("%s: %+v", mode, e)
			}
			if mode == screen.Live && e.Delivered != int64(len("one two ")) {
				b.Errorf("%+v", e)
			}
		})
	}
}

// TestHoleLongText has a text that is longer than what others look at.
func TestHoleLongText(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		text := strings.Repeat("nothing of interest. ", 40_000) + bad
		b.refused(shape.Chat, `{"model":"m","messages":[{"role":"user","content":"`+text+`"}]}`, gateway.CodeInput)
		if b.model.calls != 0 {
			b.Error("the model was asked")
		}
	})
	in(t, func(c *gateway.Config, _ *screen.Config) { c.Limits.Request = 1000 }, func(b *bench) {
		b.refused(shape.Chat, `{"model":"m","messages":[{"role":"user","content":"`+strings.Repeat("a", 1000)+`"}]}`, gateway.CodeLimit)
	})
	in(t, nil, func(b *bench) { // more texts than a judge takes
		turns := strings.Repeat(`{"role":"user","content":"a"},{"role":"assistant","content":"b"},`, 1000)
		b.refused(shape.Chat, `{"model":"m","messages":[`+turns+`{"role":"user","content":"a"},{"role":"user","content":"`+bad+`"}]}`, gateway.CodeInput)
	})
}

// TestHoleLastMessage hides it anywhere but in the last message.
func TestHoleLastMessage(t *testing.T) {
	t.Parallel()
	for _, messages := range []string{
		`{"role":"system","content":"` + bad + `"},{"role":"user","content":"hello"}`,
		`{"role":"user","content":"` + bad + `"},{"role":"assistant","content":"no"},{"role":"user","content":"hello"}`,
		`{"role":"user","content":[{"type":"text","text":"` + bad + `"},{"type":"text","text":"hello"}]},{"role":"user","content":"hello"}`,
		`{"role":"tool","tool_call_id":"t1","content":"` + bad + `"},{"role":"user","content":"hello"}`,
		`{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":\"` + bad + `\"}"}}]},{"role":"user","content":"hello"}`,
		`{"role":"user","content":"hello","a_field_that_nobody_knows":"` + bad + `"}`,
		`{"role":"user","content":"出售冰毒"},{"role":"user","content":"原料"}`,
	} {
		in(t, nil, func(b *bench) {
			s := &sink{}
			err := b.call(b.Context(), shape.Chat, `{"model":"m","messages":[`+messages+`]}`, s)
			if err == nil || s.status != 0 || b.model.calls != 0 {
				b.Errorf("%s: %v", messages, err)
			}
		})
	}
}

// TestHoleResponses and TestHoleMessages ask at the other endpoints.
func TestHoleResponses(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.refused(shape.Responses, `{"model":"m","instructions":"be kind","input":[{"role":"user","content":[{"type":"input_text","text":"`+bad+`"}]}]}`, gateway.CodeInput)
		b.model.answer = says(`{"id":"r","object":"response","status":"completed","model":"theirs","output":[{"id":"m1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"` + bad + `","annotations":[]}]}]}`)
		b.refused(shape.Responses, `{"model":"m","input":"hello"}`, gateway.CodeOutput)
	})
	in(t, nil, func(b *bench) {
		b.model.answer = says(responses("fine 冰毒", "原料"))
		s := b.answer(shape.Responses, `{"model":"m","stream":true,"input":"hello"}`)
		s.clean("冰毒", "原料")
		if e := b.ended(); e.Why != "content-filter" || e.Delivered != 5 {
			b.Errorf("%+v %s", e, s.body.String())
		}
	})
}

// responses is a stream of /responses, which tells its text four times.
func responses(pieces ...string) string {
	var b strings.Builder
	n := 0
	event := func(typ, rest string) {
		fmt.Fprintf(&b, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%d,%s}\n\n", typ, typ, n, rest)
		n++
	}
	all := strings.Join(pieces, "")
	event("response.created", `"response":{"id":"r","object":"response","status":"in_progress","model":"theirs","output":[]}`)
	event("response.output_item.added", `"output_index":0,"item":{"id":"m1","type":"message","role":"assistant","status":"in_progress","content":[]}`)
	event("response.content_part.added", `"item_id":"m1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}`)
	for _, p := range pieces {
		event("response.output_text.delta", `"item_id":"m1","output_index":0,"content_index":0,"delta":"`+p+`"`)
	}
	event("response.output_text.done", `"item_id":"m1","output_index":0,"content_index":0,"text":"`+all+`"`)
	part := `{"type":"output_text","text":"` + all + `","annotations":[]}`
	event("response.content_part.done", `"item_id":"m1","output_index":0,"content_index":0,"part":`+part)
	item := `{"id":"m1","type":"message","role":"assistant","status":"completed","content":[` + part + `]}`
	event("response.output_item.done", `"output_index":0,"item":`+item)
	event("response.completed", `"response":{"id":"r","object":"response","status":"completed","model":"theirs","output":[`+item+`],"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}}`)
	return b.String()
}

// TestHoleRepeatedText has the text of events that tell it again be that which left, with the notice and without what was
// changed.
func TestHoleRepeatedText(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.served.Notice = "both"
		b.model.answer = says(strings.ReplaceAll(responses("good ", "day"), `"text":"good day"`, `"text":"good day, `+bad+`"`))
		s := b.answer(shape.Responses, `{"model":"m","stream":true,"input":"hello"}`)
		s.clean(bad)
		var deltas strings.Builder
		var again []string
		for line := range strings.Lines(s.body.String()) {
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				continue
			}
			var ev struct {
				Delta, Text string
				Part        struct{ Text string }
				Item        struct{ Content []struct{ Text string } }
				Response    struct {
					Output []struct{ Content []struct{ Text string } }
				}
			}
			if err := json.Unmarshal([]byte(data), &ev); err != nil {
				b.Fatal(err)
			}
			deltas.WriteString(ev.Delta)
			again = append(again, ev.Text, ev.Part.Text)
			for _, c := range ev.Item.Content {
				again = append(again, c.Text)
			}
			for _, o := range ev.Response.Output {
				for _, c := range o.Content {
					again = append(again, c.Text)
				}
			}
		}
		times := 0
		for _, text := range again {
			if text != "" {
				times++
				if text != deltas.String() {
					b.Errorf("%q, not %q", text, deltas.String())
				}
			}
		}
		if times != 4 || !strings.Contains(deltas.String(), "good day") || len(deltas.String()) < 40 {
			b.Error(times, deltas.String())
		}
		if e := b.ended(); e.Why != "done" || e.Delivered != int64(deltas.Len()) || b.usage[0].Output != 4 {
			b.Errorf("%+v %+v", e, b.usage)
		}
	})
}

func TestHoleMessages(t *testing.T) {
	t.Parallel()
	ask := func(stream bool, text string) string {
		return fmt.Sprintf(`{"model":"m","max_tokens":100,"stream":%t,"messages":[{"role":"user","content":%q}]}`, stream, text)
	}
	in(t, nil, func(b *bench) {
		b.served.Dialect = upstream.Anthropic
		b.refused(shape.Messages, ask(false, bad), gateway.CodeInput)
		b.model.answer = says(`{"id":"msg","type":"message","role":"assistant","model":"theirs","content":[{"type":"thinking","thinking":"` + bad + `","signature":"x"},{"type":"text","text":"fine"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}`)
		b.refused(shape.Messages, ask(false, "hello"), gateway.CodeOutput)
	})
	in(t, nil, func(b *bench) {
		b.served.Dialect = upstream.Anthropic
		b.model.answer = says(messages("fine 冰毒", "原料 more"))
		s := b.answer(shape.Messages, ask(true, "hello"))
		s.clean("冰毒", "原料", "more")
		if e := b.ended(); e.Why != "content-filter" || e.Delivered != 5 || !strings.Contains(s.body.String(), "event: error") {
			b.Errorf("%+v %s", e, s.body.String())
		}
	})
	in(t, nil, func(b *bench) { // the rest that was held back comes before the block ends
		b.served.Dialect = upstream.Anthropic
		b.model.answer = says(messages("good 冰"))
		s := b.answer(shape.Messages, ask(true, "hello"))
		if e := b.ended(); e.Why != "done" || e.Delivered != int64(len("good 冰")) || strings.Index(s.body.String(), "冰") > strings.Index(s.body.String(), "event: content_block_stop") || !strings.Contains(s.body.String(), "冰") {
			b.Errorf("%+v %s", e, s.body.String())
		}
	})
}

// messages is a stream of Anthropic's dialect.
func messages(pieces ...string) string {
	var b strings.Builder
	event := func(typ, rest string) { fmt.Fprintf(&b, "event: %s\ndata: {\"type\":\"%s\"%s}\n\n", typ, typ, rest) }
	event("message_start", `,"message":{"id":"msg","type":"message","role":"assistant","model":"theirs","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":1}}`)
	event("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`)
	event("ping", "")
	for _, p := range pieces {
		event("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":"`+p+`"}`)
	}
	event("content_block_stop", `,"index":0`)
	event("message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}`)
	event("message_stop", "")
	return b.String()
}

// TestHoleErrorFrame has the model end with an error that says what it must not.
func TestHoleErrorFrame(t *testing.T) {
	t.Parallel()
	frame := `data: {"error":{"message":"` + bad + ` is what I would say, key sk-123","type":"server_error"}}` + "\n\n"
	in(t, nil, func(b *bench) {
		b.model.answer = says(content("good ") + frame)
		s := b.answer(shape.Chat, streamed)
		s.clean(bad, "sk-123", "[DONE]")
		if e := b.ended(); e.Why != "upstream-broke" || e.Delivered != 5 || !strings.Contains(s.body.String(), `"error"`) {
			b.Errorf("%+v %s", e, s.body.String())
		}
	})
	in(t, nil, func(b *bench) { // status 200 and an error
		b.model.answer = says(`{"error":{"message":"` + bad + ` sk-123"}}`)
		b.refused(shape.Chat, question, gateway.CodeAnswer)
	})
	in(t, nil, func(b *bench) { // something else than a stream
		b.model.kind, b.model.answer = "text/html", says(bad)
		b.refused(shape.Chat, streamed, gateway.CodeAnswer)
		if e := b.ended(); e.Why != "upstream-broke" || e.Delivered != 0 {
			b.Errorf("%+v", e)
		}
	})
}

// TestHoleHalfOpen has an upstream that stops in the middle: one that ends, and one that says nothing any more.
func TestHoleHalfOpen(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(content("good 冰"))
		s := b.answer(shape.Chat, streamed)
		s.clean("冰", "[DONE]")
		if e := b.ended(); e.Why != "upstream-broke" || e.Delivered != 5 || e.Withheld != 3 || !strings.Contains(s.body.String(), string(gateway.CodeAnswer)) {
			b.Errorf("%+v %s", e, s.body.String())
		}
	})
	in(t, nil, func(b *bench) {
		b.model.answer = func(_ string, w io.Writer) error {
			_, err := io.WriteString(w, content("good "))
			<-b.model.stopped
			return err
		}
		began := time.Now()
		b.answer(shape.Chat, streamed)
		if e := b.ended(); e.Why != "upstream-broke" || time.Since(began) > 3*time.Minute {
			b.Errorf("%+v after %s", e, time.Since(began))
		}
	})
}

// slow is a classifier that does not answer.
type slow struct{}

func (slow) Name() string               { return "slow" }
func (slow) Covers() []library.Category { return []library.Category{"state-power", "drugs"} }
func (slow) Classify(ctx context.Context, _ screen.Question) (screen.Answer, error) {
	<-ctx.Done()
	return screen.Answer{}, ctx.Err()
}

// lazy is one that says nothing and returns no error.
type lazy struct{ slow }

func (lazy) Classify(context.Context, screen.Question) (screen.Answer, error) {
	return screen.Answer{}, nil
}

// TestHoleCheckerTimeOut and TestHoleSuccessWithoutCheck have a check that makes nothing; it must never count as passed.
func TestHoleCheckerTimeOut(t *testing.T) { unchecked(t, slow{}) }

func TestHoleSuccessWithoutCheck(t *testing.T) { unchecked(t, lazy{}) }

func unchecked(t *testing.T, c screen.Classifier) {
	t.Parallel()
	with := func(_ *gateway.Config, s *screen.Config) { s.Classifiers = []screen.Classifier{c} }
	in(t, with, func(b *bench) {
		s := &sink{}
		err := b.call(b.Context(), shape.Chat, question, s)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind != colophon.Refused || b.model.calls != 0 || s.status != 0 {
			b.Error(err, b.model.calls)
		}
		for _, p := range b.of("screen.judged") {
			if strings.Contains(p, `"verdict":"passed"`) {
				b.Error(p)
			}
		}
	})
	in(t, with, func(b *bench) {
		b.config.Court = inputPasses{b.config.Court}
		b.proxy = gateway.New(b.config)
		b.served.Mode = screen.Strict
		b.model.answer = says(content("good day") + finish + done)
		s := b.answer(shape.Chat, streamed)
		if text, _ := s.read(); text != "" {
			b.Errorf("%q left", text)
		}
		if e := b.ended(); e.Why == "done" || e.Delivered != 0 {
			b.Errorf("%+v", e)
		}
	})
}

// inputPasses lets what is asked pass.
type inputPasses struct{ gateway.Court }

func (inputPasses) Judge(context.Context, evidence.Role, screen.Item) (screening.Outcome, error) {
	return screening.Outcome{Judgement: screen.Judgement{Action: policy.Allow}}, nil
}

// TestHoleBlockedAndBilled refuses what is asked, and asks no model.
func TestHoleBlockedAndBilled(t *testing.T) {
	t.Parallel()
	for _, body := range []string{question, streamed} {
		in(t, nil, func(b *bench) {
			b.refused(shape.Chat, strings.Replace(body, "hello", bad, 1), gateway.CodeInput)
			b.refused(shape.Chat, strings.Replace(body, "hello", "buy gun parts", 1), gateway.CodeHeld)
			if b.model.calls != 0 {
				b.Error("the model was asked")
			}
			for _, u := range b.usage {
				if u.Blocked != 1 || u.Input != 0 || u.Output != 0 {
					b.Errorf("%+v", u)
				}
			}
		})
	}
}

// TestHoleBlockedIsLogged finds what was refused in the records and the figures.
func TestHoleBlockedIsLogged(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.refused(shape.Chat, strings.Replace(question, "hello", bad, 1), gateway.CodeInput)
		if list := b.of("screen.judged"); len(list) != 1 || !strings.Contains(list[0], "refuse") {
			b.Error(list)
		}
		if len(b.logged) != 1 || len(b.usage) != 1 || b.usage[0].Blocked != 1 || b.seen[0].Outcome != gateway.Filtered {
			b.Error(b.logged, b.usage, b.seen)
		}
		b.down = true
		b.refused(shape.Chat, strings.Replace(question, "hello", bad, 1), gateway.CodeUnkept)
	})
}

// TestHoleUnboundedBuffer has an upstream that never ends, one event that never ends, and texts without end.
func TestHoleUnboundedBuffer(t *testing.T) {
	t.Parallel()
	endless := func(head, piece string) func(string, io.Writer) error {
		return func(_ string, w io.Writer) error {
			_, err := io.WriteString(w, head)
			for err == nil {
				_, err = io.WriteString(w, piece)
			}
			return nil
		}
	}
	small := func(c *gateway.Config, _ *screen.Config) {
		c.Limits.Answer, c.Limits.Event, c.Limits.Held, c.Limits.Lanes = 100_000, 10_000, 5_000, 20
	}
	for name, answer := range map[string]func(string, io.Writer) error{
		"answer": endless("", content("good day ")),
		"event":  endless("data: {", strings.Repeat("a", 100)),
		"lanes": func(_ string, w io.Writer) error {
			var err error
			for i := 0; err == nil && i < 1000; i++ {
				_, err = fmt.Fprintf(w, `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":%d,"delta":{"content":"good"}}]}`+"\n\n", i)
			}
			return err
		},
		"held": endless("", content("good day ")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in(t, small, func(b *bench) {
				if name == "held" {
					b.served.Mode = screen.Full
				}
				b.model.answer = answer
				s := b.answer(shape.Chat, streamed)
				if e := b.ended(); e.Why != "limit" && e.Why != "upstream-broke" || strings.Contains(s.body.String(), "[DONE]") || name == "held" && e.Delivered != 0 {
					b.Errorf("%+v", e)
				}
				select {
				case <-b.model.stopped:
				default:
					b.Error("the upstream goes on")
				}
			})
		})
	}
	in(t, small, func(b *bench) {
		b.model.answer = endless(`{"id":"`, "aaaaaaaaa")
		b.refused(shape.Chat, question, gateway.CodeLimit)
	})
	in(t, func(c *gateway.Config, _ *screen.Config) { c.Limits.Node = 100 }, func(b *bench) { // all streams together
		b.model.answer = endless("", content("good day "))
		b.answer(shape.Chat, streamed)
		if e := b.ended(); e.Why != "limit" || e.Code != string(gateway.CodeBusy) {
			b.Errorf("%+v", e)
		}
		b.model.answer = says(content(strings.Repeat("good day ", 9)) + finish + done)
		for range 3 { // what one kept is free when it ended
			if _, reason := b.answer(shape.Chat, streamed).read(); reason != "stop" {
				b.Error(reason)
			}
		}
	})
}

// TestHoleHeartbeat holds a text back for longer than a client waits for a sign.
func TestHoleHeartbeat(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.served.Mode = screen.Full
		b.model.answer = func(_ string, w io.Writer) error {
			for range 30 {
				if _, err := io.WriteString(w, chunk(`{"content":"word "}`)); err != nil {
					return err
				}
				<-time.After(5 * time.Second)
			}
			_, err := io.WriteString(w, finish+done)
			return err
		}
		s := b.answer(shape.Chat, streamed)
		for i := 1; i < len(s.times); i++ {
			if gap := s.times[i].Sub(s.times[i-1]); gap > 12*time.Second {
				b.Errorf("nothing for %s", gap)
			}
		}
		if text, _ := s.read(); text != strings.Repeat("word ", 30) {
			b.Error(text)
		}
	})
	in(t, nil, func(b *bench) { // the upstream is silent
		b.model.answer = func(_ string, w io.Writer) error {
			_, err := io.WriteString(w, content("good "))
			<-time.After(65 * time.Second)
			_, err2 := io.WriteString(w, content("day")+finish+done)
			return errors.Join(err, err2)
		}
		s := b.answer(shape.Chat, streamed)
		if n := strings.Count(s.body.String(), ": hold\n\n"); n != 6 {
			b.Errorf("%d signs", n)
		}
	})
}

// TestHoleLogprobs hides it in the tokens beside the text, which tell what is held back.
func TestHoleLogprobs(t *testing.T) {
	t.Parallel()
	with := func(text string) string {
		return `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"` + text + `"},"logprobs":{"content":[{"token":"` + text + `","logprob":-0.1,"bytes":[229,134,176],"top_logprobs":[{"token":"` + text + `","logprob":-0.1,"bytes":[229,134,176]}]}]}}]}` + "\n\n"
	}
	in(t, nil, func(b *bench) {
		b.model.answer = says(with("good ") + with("冰") + with("毒原") + with("料") + finish + done)
		s := b.answer(shape.Chat, streamed)
		s.clean("冰", "毒", "原", "料", "229", "bytes")
	})
}

// TestSplit cuts a keyword at every byte, within characters and between events of another text.
func TestSplit(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		text := "good forbidden phrase 冰毒原料 end"
		for cut := 5; cut < len("good forbidden phrase"); cut++ {
			b.records = nil
			other := chunk(`{"reasoning_content":"thinking"}`)
			b.model.answer = says(content(text[:cut]) + other + content(text[cut:]) + finish + done)
			s := b.answer(shape.Chat, streamed)
			s.clean("forbid", "phrase", "end")
			if got, reason := s.read(); got != "good " || reason != "content_filter" {
				b.Errorf("%d: %q %s", cut, got, reason)
			}
		}
	})
	in(t, nil, func(b *bench) { // every byte of a stream comes alone
		wire := content("早上好 ") + content("冰毒") + content("原料") + finish + done
		b.model.answer = func(_ string, w io.Writer) error {
			for i := range len(wire) {
				if _, err := io.WriteString(w, wire[i:i+1]); err != nil {
					return nil
				}
			}
			return nil
		}
		s := b.answer(shape.Chat, streamed)
		if got, reason := s.read(); got != "早上好 " || reason != "content_filter" {
			b.Error(s.body.String())
		}
	})
}

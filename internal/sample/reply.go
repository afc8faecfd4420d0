package sample

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// reply is one choice of an answer.
type reply struct {
	thought []string // pieces
	text    []string // pieces
	calls   []toolCall
	picture []byte // PNG
	finish  string // stop, length or tools
}

// toolCall is a tool that the model calls.
type toolCall struct {
	id, name, args string
	custom         bool
}

// tokens is how much was made.
func (r reply) tokens() int {
	n := len(r.thought) + len(r.text)
	for _, c := range r.calls {
		n += len(tokens(c.args)) + 1
	}
	return n
}

// mostRepeated bounds what the switch repeat makes.
const mostRepeated = 16 << 20

// replies are the choices that answer a request.
func (x *exchange) replies(a *ask) []reply {
	list := make([]reply, max(1, a.choices))
	for i := range list {
		list[i] = x.reply(a, i)
	}
	return list
}

func (x *exchange) reply(a *ask, choice int) reply {
	r := reply{finish: "stop"}
	thought := x.switches.text("think")
	if thought == "" && a.reasons {
		thought = "I look at what was said, find that I can't understand it, and say it again. "
	}
	r.thought = tokens(thought)
	r.calls = x.calls(a, choice)
	if len(r.calls) > 0 {
		r.finish = "tools"
	}
	if text := x.text(a, choice); len(r.calls) == 0 || x.switches.Has("say") || x.switches.Has("say64") {
		r.text = tokens(text)
	}
	if a.paints || x.switches.Has("paint") {
		r.picture = draw(a.said, 128, 128).png()
	}
	if a.most > 0 && len(r.text) > a.most {
		r.text, r.finish = r.text[:a.most], "length"
	}
	if finish := x.switches.Get("finish"); finish != "" {
		r.finish = finish
	}
	return r
}

// text is what is said in a choice.
func (x *exchange) text(a *ask, choice int) string {
	text := x.switches.text(fmt.Sprintf("say.%d", choice))
	if text == "" {
		text = x.switches.text("say")
	}
	if text == "" {
		text = speak(a, choice)
		if a.schema != nil {
			made, err := json.Marshal(example(a.schema, text, 0))
			if err != nil {
				panic(err) // it is made of what was read as JSON
			}
			text = string(made)
		}
	}
	for _, stop := range a.stops {
		if stop != "" {
			text, _, _ = strings.Cut(text, stop)
		}
	}
	if n := x.switches.number("repeat", 1); n > 1 && len(text) > 0 {
		text = strings.Repeat(text, min(n, mostRepeated/len(text)+1))
	}
	return text
}

// speak says who speaks, and what was heard.
func speak(a *ask, choice int) string {
	chinese := strings.ContainsFunc(a.said, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	var b strings.Builder
	if chinese {
		b.WriteString("这里是样例模型，它并不理解文字。")
	} else {
		b.WriteString("This is the sample model, which understands nothing. ")
	}
	if choice > 0 {
		fmt.Fprintf(&b, "(%d) ", choice+1)
	}
	for i, picture := range a.seen {
		fmt.Fprintf(&b, "Picture %d: %s. ", i+1, picture)
	}
	switch {
	case a.result != "" && chinese:
		b.WriteString("工具说：" + a.result)
	case a.result != "":
		b.WriteString("The tool said: " + a.result)
	case chinese:
		b.WriteString("您说：" + a.said)
	default:
		b.WriteString("You said: " + a.said)
	}
	return b.String()
}

// calls are the tools that are called in a choice.
func (x *exchange) calls(a *ask, choice int) (list []toolCall) {
	tools := a.called()
	if name := x.switches.Get("call"); name != "" && a.result == "" {
		tools = []tool{{name: name}}
		for _, t := range a.tools {
			if t.name == name {
				tools = []tool{t}
			}
		}
	}
	for i, t := range tools {
		args := x.switches.text("args")
		if args == "" && t.custom {
			args = a.said
		}
		if args == "" {
			made, err := json.Marshal(example(t.schema, a.said, 0))
			if err != nil {
				panic(err) // it is made of what was read as JSON
			}
			args = string(made)
		}
		list = append(list, toolCall{id: fmt.Sprintf("call_%s%d%d", x.id, choice, i), name: t.name, args: args, custom: t.custom})
	}
	return list
}

// whole joins pieces.
func whole(pieces []string) string { return strings.Join(pieces, "") }

// spent is how much all choices are.
func spent(list []reply) (n int) {
	for _, r := range list {
		n += r.tokens()
	}
	return n
}

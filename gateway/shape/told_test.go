package shape_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/gateway/shape"
)

// swap walks a JSON value and calls visit for each string and each name in it, with the value as it is when that one is a secret.
func swap(v any, secret string, visit func()) any {
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		switch v := v.(type) {
		case string:
			set(secret)
			visit()
			set(v)
		case []any:
			for i, e := range v {
				walk(e, func(x any) { v[i] = x })
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				e := v[k]
				walk(e, func(x any) { v[k] = x })
				delete(v, k)
				v[secret] = e
				visit()
				delete(v, secret)
				v[k] = e
			}
		}
	}
	walk(v, func(x any) { v = x })
	return v
}

const secret = "two 秘密 words"

// TestEveryStringIsTold puts words in the place of each string and each name, one after the other, of each body. They are told as
// a text, or the body is refused, or they are not in what goes on.
func TestEveryStringIsTold(t *testing.T) {
	t.Parallel()
	n := 0
	for _, list := range []struct {
		read func(shape.Endpoint, []byte) (*shape.Document, error)
		at   []struct {
			name     string
			endpoint shape.Endpoint
			body     string
			want     []string
		}
	}{{shape.Request, requests}, {shape.Answer, answered()}} {
		for _, c := range list.at {
			var v any
			if err := json.Unmarshal([]byte(c.body), &v); err != nil {
				continue // one with half of a pair, which the package itself takes
			}
			swap(v, secret, func() {
				body, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				n++
				d, err := list.read(c.endpoint, body)
				if err != nil {
					if !strings.HasPrefix(string(code(err)), "gateway-shape-") {
						t.Errorf("%s: %v", body, err)
					}
					return
				}
				if !slices.ContainsFunc(d.Texts(), func(x shape.Text) bool { return x.Value == secret }) && strings.Contains(string(d.Bytes()), secret) {
					t.Errorf("%s: not told of %s", c.name, body)
				}
			})
		}
	}
	if n < 600 {
		t.Errorf("only %d places", n)
	}
}

// answered are the answers, as requests have them.
func answered() (list []struct {
	name     string
	endpoint shape.Endpoint
	body     string
	want     []string
}) {
	for _, c := range answers {
		list = append(list, struct {
			name     string
			endpoint shape.Endpoint
			body     string
			want     []string
		}{c.name, c.endpoint, c.body, c.want})
	}
	return list
}

// TestEveryStringOfStreamsIsTold does the same with each event of streams: words in it are a delta, or they are not in the event that goes
// on when repeats are what they have to be.
func TestEveryStringOfStreamsIsTold(t *testing.T) {
	t.Parallel()
	n := 0
	for endpoint, wire := range map[shape.Endpoint]string{shape.Chat: chatStream, shape.Responses: responsesStream, shape.Messages: messagesStream} {
		lines := strings.Split(wire, "\n\n")
		for i, line := range lines {
			at := strings.Index(line, "data: {")
			if at < 0 {
				continue
			}
			var v any
			if err := json.Unmarshal([]byte(line[at+6:]), &v); err != nil {
				t.Fatal(err)
			}
			swap(v, secret, func() {
				body, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				n++
				if why := untold(endpoint, lines[:i], shape.Event{Data: body}); why != "" {
					t.Errorf("%s: %s of %s", endpoint, why, body)
				}
			})
		}
	}
	if n < 400 {
		t.Errorf("only %d places", n)
	}
}

func untold(e shape.Endpoint, before []string, ev shape.Event) string {
	s := shape.Stream(e)
	in := shape.NewEvents(strings.NewReader(strings.Join(before, "\n\n")+"\n\n"), 1<<20)
	for {
		ev, err := in.Next()
		if err != nil {
			break
		}
		if _, err := s.Read(ev); err != nil {
			return fmt.Sprint(err)
		}
	}
	p, err := s.Read(ev)
	if err != nil || p.Failed || p.Dropped() {
		return ""
	}
	for _, d := range p.Deltas {
		if strings.Contains(d.Text, secret) {
			return ""
		}
	}
	for i := range p.Repeats {
		p.SetRepeat(i, "what was released")
	}
	if strings.Contains(string(p.Event().Data), secret) {
		return "not told"
	}
	return ""
}

package shape_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/gateway/shape"
)

// structural are strings that the fuzzed bodies may have without their being texts: words of the interfaces and numbers of things
// look like this.
func structural(v string) bool {
	return len(v) <= 256 && !strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' })
}

// strings of a JSON value, property names and all.
func allStrings(list []string, v any) []string {
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, e := range v {
			list = allStrings(list, e)
		}
	case map[string]any:
		for k, e := range v {
			list = allStrings(append(list, k), e)
		}
	}
	return list
}

// plainly reads the escapes of JSON in arguments as shape does, by a way of its own.
func plainly(v string) string {
	var inner any
	if json.Unmarshal([]byte(v), &inner) != nil {
		return v
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(inner) != nil {
		return v
	}
	return b.String()
}

// FuzzDocument holds that nothing panics, that each string is a text, a medium or looks like a word of an interface, and that a body
// in which every text and medium is changed is JSON and reads the same way.
func FuzzDocument(f *testing.F) {
	all := []shape.Endpoint{shape.Chat, shape.Completions, shape.Responses, shape.Messages, shape.Embeddings, shape.ImagesGenerations, shape.Speech, shape.Transcriptions, shape.Videos}
	for _, c := range requests {
		f.Add(uint8(slices.Index(all, c.endpoint)*2), []byte(c.body))
	}
	for _, c := range answers {
		f.Add(uint8(slices.Index(all, c.endpoint)*2+1), []byte(c.body))
	}
	f.Add(uint8(0), []byte(`{"a":{"a b":[[["杀 人"]]]},"messages":{"b":"c d"},"model":["e f"]}`))
	f.Add(uint8(6), []byte(`{"messages":[{"content":[{"source":{"0":"","data":"00"}}]}]}`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		read := shape.Request
		if which%2 == 1 {
			read = shape.Answer
		}
		d, err := read(all[int(which/2)%len(all)], body)
		if err != nil {
			return
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("it is no JSON: %v", err)
		}
		left := string(d.Bytes()) // without what is taken out
		if err := json.Unmarshal([]byte(left), &v); err != nil {
			t.Fatalf("it became no JSON: %v", err)
		}
		found := map[string]bool{}
		names := map[string]bool{}
		for _, x := range d.Texts() {
			found[x.Value] = true
			if names[x.Path] {
				t.Errorf("two texts have the path %s", x.Path)
			}
			names[x.Path] = true
		}
		for _, s := range allStrings(nil, v) {
			medium := slices.ContainsFunc(d.Media(), func(m shape.Media) bool { return m.URL == s || m.URL == "" })
			if !found[s] && !structural(s) && !medium && !found[plainly(s)] && !slices.ContainsFunc(d.Texts(), func(x shape.Text) bool { return plainly(x.Value) == plainly(s) }) {
				t.Errorf("%q is neither a text nor a medium", s)
			}
		}
		n := len(d.Texts())
		for i := range d.Texts() {
			d.SetText(i, strings.Repeat("\x00\"\\é", 1)+string(rune('0'+i%10))+strings.Repeat("z", i))
		}
		for i := range d.Media() {
			d.SetInline(i, "image/png", []byte{1})
		}
		d.SetTop("AIGC", []byte(`{}`))
		out := d.Bytes()
		if !json.Valid(out) {
			t.Fatalf("with everything set it is no JSON: %s", out)
		}
		if again, err := read(all[int(which/2)%len(all)], out); err == nil && len(again.Texts()) < n && len(d.Media()) == 0 { // the object around a medium may be written anew
			t.Errorf("%d texts became %d", n, len(again.Texts()))
		}
	})
}

// FuzzStream holds that nothing panics, that an event of which everything is set is JSON, and that a text of a lane is not in an
// event from which it was taken.
func FuzzStream(f *testing.F) {
	all := []shape.Endpoint{shape.Chat, shape.Completions, shape.Responses, shape.Messages, shape.Transcriptions}
	f.Add(uint8(0), []byte(chatStream))
	f.Add(uint8(2), []byte(responsesStream))
	f.Add(uint8(3), []byte(messagesStream))
	f.Add(uint8(4), []byte("data: {\"type\":\"transcript.text.delta\",\"delta\":\"secret words\"}\n\n"))
	f.Add(uint8(0), []byte(strange(3)))
	f.Fuzz(func(t *testing.T, which uint8, wire []byte) {
		s := shape.Stream(all[int(which)%len(all)])
		for in := shape.NewEvents(bytes.NewReader(wire), 1<<16); ; {
			ev, err := in.Next()
			if errors.Is(err, io.EOF) || err != nil {
				break
			}
			p, err := s.Read(ev)
			if err != nil {
				break
			}
			if p.Failed || p.Dropped() {
				continue
			}
			for i := range p.Deltas {
				p.Set(i, "\"\n")
			}
			for i := range p.Repeats {
				p.SetRepeat(i, "")
			}
			p.SetTop("AIGC", []byte(`{}`))
			out := p.Event()
			if string(out.Data) != "[DONE]" && !json.Valid(out.Data) {
				t.Fatalf("%s is no JSON", out.Data)
			}
			for _, d := range p.Deltas {
				if !d.Whole && !json.Valid(s.Extra(d.Lane, d.Text).Data) {
					t.Fatalf("%s is no JSON", s.Extra(d.Lane, d.Text).Data)
				}
			}
		}
		for _, ev := range append(s.Filtered("c", "m"), s.Broken("c", "m")...) {
			if !json.Valid(ev.Data) {
				t.Fatalf("%s is no JSON", ev.Data)
			}
		}
	})
}

// FuzzEvents holds that what is written is read as it was.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: a\ndata: 1\n\n: c\r\rdata: x\r\ndata\n\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		in := shape.NewEvents(bytes.NewReader(wire), 1<<16)
		for {
			ev, err := in.Next()
			if err != nil {
				return
			}
			again, err := shape.NewEvents(bytes.NewReader(shape.AppendEvent(nil, ev)), 1<<17).Next()
			if err != nil || again.Name != ev.Name || !bytes.Equal(again.Data, ev.Data) {
				t.Fatalf("%q became %q, %v", ev, again, err)
			}
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	body := []byte(`{"model":"gpt-4o","stream":true,"temperature":0.7,"messages":[{"role":"system","content":"You are kind."},{"role":"user","content":"` + strings.Repeat("今天天气怎么样?", 40) + `"},{"role":"assistant","content":"` + strings.Repeat("很好。", 100) + `"},{"role":"user","content":"谢谢"}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := shape.Request(shape.Chat, body)
		if err != nil {
			b.Fatal(err)
		}
		d.SetModel("other")
		d.Bytes()
	}
}

func BenchmarkDelta(b *testing.B) {
	s := shape.Stream(shape.Chat)
	ev := shape.Event{Data: []byte(`{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"今天"},"logprobs":null,"finish_reason":null}]}`)}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		p, err := s.Read(ev)
		if err != nil {
			b.Fatal(err)
		}
		p.Set(0, p.Deltas[0].Text)
		out = shape.AppendEvent(out[:0], p.Event())
	}
}

package mark_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

const (
	producer = "001191110102MACQD9K64010000"
	line     = "【人工智能生成】"
)

func labels(t testing.TB, key *label.SigningKey) *mark.Labels {
	t.Helper()
	l, err := mark.New(mark.Config{Producer: producer, Key: key, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func answer(t testing.TB, w mark.Wanted) *mark.Answer {
	t.Helper()
	if w.Number == "" {
		w.Number = "0190a3b2-0000-7000-8000-000000000001"
	}
	if w.Function == "" {
		w.Function = stamp.Dialogue
	}
	a, err := labels(t, nil).Answer(w)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	chat      = `{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"甲","reasoning_content":"想","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":\"b\"}"}}]},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"乙\n"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`
	messages  = `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"想","signature":"x"},{"type":"text","text":"甲"},{"type":"tool_use","id":"t","name":"f","input":{"a":"b"}},{"type":"text","text":"乙"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}`
	responses = `{"id":"r","object":"response","status":"completed","model":"m","output":[{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"想"}]},{"type":"message","id":"msg","status":"completed","role":"assistant","content":[{"type":"output_text","text":"甲","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}`
	calls     = `{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":\"b\"}"}}]},"finish_reason":"tool_calls"}]}`
)

// put marks a body and reads it back.
func put(t testing.TB, a *mark.Answer, e shape.Endpoint, body string) (string, mark.Marks) {
	t.Helper()
	d, err := shape.Answer(e, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	a.Put(d)
	out := string(d.Bytes())
	m, err := a.Check(e, []byte(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out, m
}

// TestPut puts notice and label on answers of each shape: what is there beside the content of choices stays byte for byte.
func TestPut(t *testing.T) {
	t.Parallel()
	label := `,"AIGC":{"Label":"1","ContentProducer":"` + producer + `","ProduceID":"0190a3b2-0000-7000-8000-000000000001","ReservedCode1":"","ContentPropagator":"` + producer + `","PropagateID":"0190a3b2-0000-7000-8000-000000000001","ReservedCode2":""}}`
	for _, c := range []struct {
		name     string
		endpoint shape.Endpoint
		place    mark.Place
		body     string
		edits    []string // before, after
	}{
		{"chat start", shape.Chat, mark.Start, chat, []string{`"甲"`, `"` + line + `\n\n甲"`, `"乙\n"`, `"` + line + `\n\n乙\n"`}},
		{"chat end", shape.Chat, mark.End, chat, []string{`"甲"`, `"甲\n\n` + line + `"`, `"乙\n"`, `"乙\n\n` + line + `"`}},
		{"chat both", shape.Chat, mark.Both, chat, []string{`"甲"`, `"` + line + `\n\n甲\n\n` + line + `"`, `"乙\n"`, `"` + line + `\n\n乙\n\n` + line + `"`}},
		{"chat interface", shape.Chat, mark.Interface, chat, nil},
		{"messages", shape.Messages, mark.Both, messages, []string{`"text":"甲"`, `"text":"` + line + `\n\n甲"`, `"text":"乙"`, `"text":"乙\n\n` + line + `"`}},
		{"responses", shape.Responses, mark.Start, responses, []string{`"text":"甲"`, `"text":"` + line + `\n\n甲"`}},
		{"calls alone", shape.Chat, mark.Start, calls, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := strings.TrimSuffix(strings.NewReplacer(c.edits...).Replace(c.body), "}") + label
			out, m := put(t, answer(t, mark.Wanted{Place: c.place}), c.endpoint, c.body)
			if out != want {
				t.Errorf("\n%s\nnot\n%s", out, want)
			}
			if around := c.edits == nil; around != (m.Notice.State == stamp.Around) {
				t.Errorf("%+v", m.Notice)
			}
			if !slices.Contains(m.Policy.Clauses, colophon.ClauseLM4) || m.Label.Fields.ContentProducer != producer {
				t.Errorf("%+v", m)
			}
		})
	}
}

// TestPlaces says what becomes of the notice by function, reader and place.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w     mark.Wanted
		place mark.Place
		state stamp.State
		first string // of the first choice
	}{
		{mark.Wanted{}, mark.Start, stamp.Put, line + "\n\n甲"},
		{mark.Wanted{Language: "zh-CN"}, mark.Start, stamp.Put, line + "\n\n甲"},
		{mark.Wanted{Language: "en"}, mark.Start, stamp.Put, "【人工智能生成 AI-generated】\n\n甲"},
		{mark.Wanted{Function: stamp.Assist}, mark.Interface, stamp.Offered, "甲"},
		{mark.Wanted{Function: stamp.Assist, Place: mark.Start}, mark.Start, stamp.Put, line + "\n\n甲"},
		{mark.Wanted{Place: mark.Start, Machine: true, Lead: "你好\n\n"}, mark.Interface, stamp.Around, "甲"},
		{mark.Wanted{Place: mark.Start, Lead: "你好\n\n"}, mark.Start, stamp.Put, line + "\n\n你好\n\n甲"},
		{mark.Wanted{Place: mark.Interface, Lead: "你好\n\n"}, mark.Interface, stamp.Around, "你好\n\n甲"},
		{mark.Wanted{Function: stamp.Assist, Lead: "你好\n\n"}, mark.Interface, stamp.Offered, "你好\n\n甲"},
	} {
		a := answer(t, c.w)
		out, m := put(t, a, shape.Chat, chat)
		list, err := mark.Read([]byte(out))
		if err != nil || list[0].Parts[0] != c.first || a.Place != c.place || m.Notice.State != c.state {
			t.Errorf("%+v: %v %v, %s, %s", c.w, list, err, a.Place, m.Notice.State)
		}
		header := map[string]string{}
		a.Headers(header)
		if header[mark.HeaderNotice] != string(c.place) || !strings.HasPrefix(header[mark.Key], `{"Label":"1",`) {
			t.Error(header)
		}
	}
	if _, err := mark.ParsePlace("middle"); err == nil {
		t.Error("a place that there is not was taken")
	}
}

// TestRepeated has a model that begins as earlier answers began: no second notice is put on.
func TestRepeated(t *testing.T) {
	t.Parallel()
	body := strings.Replace(chat, `"甲"`, `"`+line+`\n\n甲"`, 1)
	if out, _ := put(t, answer(t, mark.Wanted{}), shape.Chat, body); strings.Count(out, line) != 2 {
		t.Error(out)
	}
	if out, _ := put(t, answer(t, mark.Wanted{Lead: "你好\n\n"}), shape.Chat, body); !strings.Contains(out, `"`+line+`\n\n你好\n\n`+line) {
		t.Error(out)
	}
	denial := strings.Replace(chat, `"甲"`, `"【本文非人工智能生成】\n\n甲\n\n【AI 仅校对，真人生成】"`, 1)
	if out, _ := put(t, answer(t, mark.Wanted{Place: mark.Both}), shape.Chat, denial); strings.Count(out, line) != 4 {
		t.Error("what denies it passes for the notice:", out)
	}
}

// TestCheck: what does not bear its marks must not leave.
func TestCheck(t *testing.T) {
	t.Parallel()
	a := answer(t, mark.Wanted{Place: mark.Both})
	out, _ := put(t, a, shape.Chat, chat)
	for name, broken := range map[string]string{
		"no label":      strings.Replace(out, `"AIGC"`, `"aigc"`, 1),
		"another label": strings.Replace(out, `"Label":"1"`, `"Label":"2"`, 1),
		"nested label":  strings.Replace(out, `,"AIGC"`, `,"x":{"AIGC"`, 1) + "}",
		"no notice":     strings.Replace(out, line+`\n\n甲`, "甲", 1),
		"no end":        strings.Replace(out, `甲\n\n`+line, "甲", 1),
		"no JSON":       out[1:],
	} {
		if _, err := a.Check(shape.Chat, []byte(broken)); err == nil {
			t.Error(name)
		}
	}
	var e *colophon.Error
	if _, err := a.Check(shape.Chat, []byte(chat)); !errors.As(err, &e) || e.Code != mark.CodeReadBack {
		t.Error(err)
	}
}

// TestStream puts the notice at the ends of lanes, and knows the text again by its digest, as a whole answer has it.
func TestStream(t *testing.T) {
	t.Parallel()
	for _, place := range []mark.Place{mark.Start, mark.End, mark.Both, mark.Interface} {
		a := answer(t, mark.Wanted{Place: place})
		s := a.Stream()
		var said strings.Builder
		out := func(text string) { said.WriteString(text); s.Wrote("0", text) }
		if s.Begin("0", 0) != s.Begin("1", 1) || s.Begin("0", 0) != "" {
			t.Error("each choice begins alike, and once")
		}
		s = a.Stream()
		out(s.Begin("0", 0))
		for _, text := range []string{"你", "", "好\n"} {
			out(text)
		}
		out(s.End("0"))
		if s.End("0") != "" || s.End("9") != "" {
			t.Error("a lane ends twice")
		}
		m := s.Marks()
		if len(m.Texts) != 1 || m.Texts[0].Digest != digest(said.String()) {
			t.Error(place, m.Texts)
		}
		_, whole := put(t, a, shape.Chat, strings.Replace(chat, `"甲"`, `"你好\n"`, 1))
		if whole.Texts[0] != m.Texts[0] {
			t.Errorf("%s: %q is not what a whole answer says", place, said.String())
		}
		if want := place == mark.Interface; want != (m.Notice.State == stamp.Around) {
			t.Error(m.Notice)
		}
	}
}

// TestStreamCut: of a stream that broke off nothing says that it bears the notice that would have stood at its end.
func TestStreamCut(t *testing.T) {
	t.Parallel()
	for place, want := range map[mark.Place]stamp.State{mark.Start: stamp.Put, mark.End: stamp.Around, mark.Both: stamp.Put} {
		s := answer(t, mark.Wanted{Place: place}).Stream()
		s.Wrote("0", s.Begin("0", 0)+"甲")
		s.Wrote("0", s.End("0"))
		s.Wrote("1", s.Begin("1", 1)+"乙")
		if m := s.Marks(); m.Notice.State != want {
			t.Error(place, m.Notice)
		}
		s.Wrote("1", s.End("1"))
		if m := s.Marks(); m.Notice.State != stamp.Put {
			t.Error(place, m.Notice)
		}
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestStreamLanes(t *testing.T) {
	t.Parallel()
	a := answer(t, mark.Wanted{Place: mark.Both})
	s := a.Stream()
	s.Wrote("a", s.Begin("a", 0)+"甲"+"")
	s.Wrote("a", s.End("a"))
	if got := s.Begin("b", 0); got != "" {
		t.Error("the second text of a choice begins with", got)
	}
	s.Wrote("b", "乙")
	if got := s.End("b"); got != "\n\n"+line {
		t.Error(got)
	}
	if m := s.Marks(); len(m.Texts) != 1 || m.Texts[0].Digest != digest(line+"\n\n甲\n\n"+line+"乙") {
		t.Error(m.Texts)
	}
	s.Wrote("a", "went back")
	if m := s.Marks(); len(m.Texts) != 0 {
		t.Error("there is no one text:", m.Texts)
	}
	if m := a.Stream().Marks(); m.Notice.State != stamp.Around || m.Texts != nil {
		t.Error("a stream without words:", m.Notice)
	}
	if err := a.Bears([]byte(`{"id":1,"AIGC":` + string(a.Object) + `}`)); err != nil {
		t.Error(err)
	}
}

// TestSeal seals the label: it is the same one with a seal that the pinned key verifies.
func TestSeal(t *testing.T) {
	t.Parallel()
	key := signer(t)
	a, err := labels(t, key).Answer(mark.Wanted{Number: "n-1", Function: stamp.Dialogue})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Seal(); err != nil {
		t.Fatal(err)
	}
	var f label.Fields
	if err := json.Unmarshal(a.Object, &f); err != nil {
		t.Fatal(err)
	}
	r := label.VerifySeal(f.ReservedCode1, label.SealedFields{Label: f.Label, Provider: f.ContentProducer, ID: f.ProduceID}, []label.PublicKey{key.Public()})
	if r.State != label.SealPinned {
		t.Error(r)
	}
	_, m := put(t, a, shape.Chat, chat)
	if m.Label.Fields != f {
		t.Errorf("%+v", m.Label.Fields)
	}
	if strings.IndexFunc(string(a.Object), func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
		t.Error("it can't stand in a header")
	}
}

func signer(t testing.TB) *label.SigningKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	key, err := label.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"", "a b", `a"b`, `a\b`, "数"} {
		if _, err := labels(t, nil).Answer(mark.Wanted{Number: "x", Function: "no such"}); err == nil {
			t.Error("a function that there is not was taken")
		}
		var e *colophon.Error
		if _, err := labels(t, nil).Answer(mark.Wanted{Number: artefact.Number(n), Function: stamp.Dialogue}); !errors.As(err, &e) || e.Code != mark.CodeNumber {
			t.Errorf("%q: %v", n, err)
		}
	}
	if _, err := mark.New(mark.Config{Producer: "某公司"}); err == nil {
		t.Error("a provider's name that a label can't hold was taken")
	}
}

// TestAgain knows answers again that come back.
func TestAgain(t *testing.T) {
	t.Parallel()
	for e, body := range map[shape.Endpoint]string{shape.Chat: chat, shape.Messages: messages, shape.Responses: responses} {
		out, m := put(t, answer(t, mark.Wanted{Place: mark.Both}), e, body)
		list, err := mark.Read([]byte(out))
		if err != nil || m.Same(list) != nil {
			t.Error(e, list, err)
		}
		one, err := m.Said(strings.Join(list[len(list)-1].Parts, ""))
		if err != nil || one.Choice != list[len(list)-1].Choice {
			t.Error(e, one, err)
		}
		list[0].Parts[0] += " "
		var wrong *colophon.Error
		if err := m.Same(list); !errors.As(err, &wrong) || wrong.Code != mark.CodeOther {
			t.Error(e, "another text passes for the answer", err)
		}
		if _, err := m.Said(list[0].Parts[0]); !errors.As(err, &wrong) || wrong.Code != mark.CodeOther {
			t.Error(e, err)
		}
	}
	for _, body := range []string{"", "{}", `{"choices":[]}`, `[1]`, calls} {
		var wrong *colophon.Error
		if _, err := mark.Read([]byte(body)); !errors.As(err, &wrong) || wrong.Code != mark.CodeAnswer {
			t.Error(body, err)
		}
	}
}

func TestMarking(t *testing.T) {
	t.Parallel()
	_, m := put(t, answer(t, mark.Wanted{}), shape.Chat, chat)
	got, err := m.Marking(7, [32]byte{1})
	var back mark.Marks
	if err != nil || got.Size != 7 || json.Unmarshal(got.Marks, &back) != nil || !slices.Equal(back.Texts, m.Texts) || back.Label != m.Label || len(got.Clauses) == 0 {
		t.Errorf("%s %v", got.Marks, err)
	}
}

// FuzzRead reads what somebody sends for an answer: nothing in it may panic, and what is read is what encoding/json reads.
func FuzzRead(f *testing.F) {
	for _, s := range []string{chat, messages, responses, calls, `{"choices":[{"index":0,"message":{"content":"\"}{"}}],"choices":1}`, `{"a":{"AIGC":1},"AIGC":{"b":[1,"x,}"]}}`, "\"", `{"AIGC`, `{"\`} {
		f.Add([]byte(s))
	}
	a := answer(f, mark.Wanted{})
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := mark.Read(body)
		if (err == nil) != (len(list) > 0) {
			t.Error(list, err)
		}
		if a.Bears(body) == nil && json.Valid(body) {
			var top map[string]json.RawMessage
			if err := json.Unmarshal(body, &top); err != nil || !bytes.Equal(top[mark.Key], a.Object) {
				t.Errorf("%s bears no label", body)
			}
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	l := labels(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Answer(mark.Wanted{Number: "0190a3b2-0000-7000-8000-000000000001", Function: stamp.Dialogue}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	a, err := labels(b, signer(b)).Answer(mark.Wanted{Number: "n-1", Function: stamp.Dialogue})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := a.Seal(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWhole is all of an answer of 4 KiB: reading, marking, reading back, and the document of marks.
func BenchmarkWhole(b *testing.B) {
	l := labels(b, nil)
	body := []byte(strings.Replace(chat, `"甲"`, `"`+strings.Repeat("一些中文与 English words ", 130)+`"`, 1))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		a, err := l.Answer(mark.Wanted{Number: "0190a3b2-0000-7000-8000-000000000001", Function: stamp.Dialogue})
		if err != nil {
			b.Fatal(err)
		}
		d, err := shape.Answer(shape.Chat, body)
		if err != nil {
			b.Fatal(err)
		}
		a.Put(d)
		m, err := a.Check(shape.Chat, d.Bytes())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Marking(0, [32]byte{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	l := labels(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		a, err := l.Answer(mark.Wanted{Number: "0190a3b2-0000-7000-8000-000000000001", Function: stamp.Dialogue})
		if err != nil {
			b.Fatal(err)
		}
		s := a.Stream()
		s.Wrote("0", s.Begin("0", 0))
		for range 100 {
			s.Wrote("0", "一些中文")
		}
		s.Wrote("0", s.End("0"))
		if _, err := s.Marks().Marking(0, [32]byte{}); err != nil {
			b.Fatal(err)
		}
	}
}

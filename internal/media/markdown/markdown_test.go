package markdown_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markdown"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

const (
	text  = "# 标题\n\nWords.\n\n---\n\nMore words.\n"
	front = "---\ntitle: \"题: x\"   # kept\ntags: [a, b]\nnotes: |\n  AIGC: no key\n\n  # no comment\ndate: 2025-09-01\n---\n" + text
	json  = `{"Label":"1","ContentProducer":"x"}`
)

// reader prints, as JSON, what PyYAML reads from the front matter.
const reader = `
import sys, json, yaml
text = open(sys.argv[1], encoding="utf-8-sig").read()
assert text.startswith("---\n")
print(json.dumps(yaml.safe_load(text[4:text.index("\n---", 3) + 1])["AIGC"], separators=(",", ":")), end="")
`

func put(id string) media.Put {
	return media.Put{Place: media.PlaceFrontMatter, Value: mediatest.Value(id)}
}

// cut takes the label's lines out, and the front matter with them when it held nothing else.
func cut(b []byte) string {
	var kept []string
	inside := false
	for line := range strings.Lines(string(b)) {
		if inside = strings.HasPrefix(line, "AIGC:") || inside && strings.HasPrefix(line, "  "); !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if got := cut(after); got != string(before) && got != "---\n---\n"+string(before) && got != "---\r\n---\r\n"+string(before) {
		t.Errorf("more than the label changed\n%s\n%s", before, after)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]string{
		"front matter":       front,
		"CRLF":               strings.ReplaceAll(front, "\n", "\r\n"),
		"byte order mark":    "\ufeff" + front,
		"empty front matter": "---\n---\n" + text,
		"comments alone":     "---\n# nothing\n---\n",
		"ends with dots":     "---\na: 1\n...\n" + text,
		"no last newline":    "---\na: 1\n---",
		"broken YAML":        "---\ntitle: a: b\n---\n" + text,
		"GB 18030":           "---\ntitle: \xce\xc4\xd7\xd6\n---\n\xce\xc4\xd7\xd6\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: markdown.Container{}, Format: media.Markdown, Sample: []byte(sample), Same: same})
			out := mediatest.Apply(t, markdown.Container{}, media.Markdown, []byte(sample), put("a1"))
			if name == "broken YAML" || name == "GB 18030" || name == "ends with dots" {
				return
			}
			if got := mediatest.Output(t, "python3", "-c", reader, mediatest.File(t, "a.md", out)); !bytes.Equal(got, put("a1").Value) {
				t.Errorf("PyYAML reads %s", got)
			}
		})
	}
}

// TestNoFrontMatter labels texts that content alone does not tell to be Markdown.
func TestNoFrontMatter(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]string{
		"text": text, "CRLF": "a\r\nb", "byte order mark": "\ufeff" + text, "empty": "", "rule first": "---\nA paragraph.\n---\n" + text,
		"rule alone": "---\n" + "text", "list first": "---\n- a\n- b\n---\n", "four dashes": "----\na: 1\n----\n", "long": strings.Repeat(text, 50000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mediatest.Sniff(markdown.Container{}, []byte(sample)); got != media.Unknown {
				t.Errorf("Sniff = %q", got)
			}
			survey, err := markdown.Container{}.Scan(strings.NewReader(sample), media.Markdown)
			if err != nil || len(survey.Labels) != 0 {
				t.Fatalf("%v, %v", survey.Labels, err)
			}
			out := mediatest.Apply(t, markdown.Container{}, media.Markdown, []byte(sample), put("a1"))
			mediatest.One(t, markdown.Container{}, media.Markdown, out, media.PlaceFrontMatter, put("a1").Value)
			if rest := strings.TrimPrefix(sample, "\ufeff"); !strings.HasSuffix(string(out), rest) {
				t.Error("the text changed")
			}
			if strings.HasPrefix(sample, "\ufeff") != bytes.HasPrefix(out, []byte("\ufeff")) {
				t.Error("the byte order mark moved")
			}
			if again := mediatest.Apply(t, markdown.Container{}, media.Markdown, out, put("a1")); !bytes.Equal(again, out) {
				t.Error("the same label again changed the file")
			}
			if mediatest.Sniff(markdown.Container{}, out) != media.Markdown {
				t.Error("Sniff after labelling")
			}
		})
	}
}

func TestWritten(t *testing.T) {
	t.Parallel()
	value := []byte(`{"Label":"1","ContentProducer":"a\"b\\c","ProduceID":"<&>: #{x}","ReservedCode1":"","ContentPropagator":"true","PropagateID":"007","ReservedCode2":"\u00e9"}`)
	out := mediatest.Apply(t, markdown.Container{}, media.Markdown, []byte("x\n"), media.Put{Place: media.PlaceFrontMatter, Value: value})
	const want = "---\nAIGC:\n  Label: \"1\"\n  ContentProducer: \"a\\\"b\\\\c\"\n  ProduceID: \"<&>: #{x}\"\n  ReservedCode1: \"\"\n" +
		"  ContentPropagator: \"true\"\n  PropagateID: \"007\"\n  ReservedCode2: \"\\u00e9\"\n---\nx\n"
	if string(out) != want {
		t.Errorf("%s", out)
	}
	mediatest.One(t, markdown.Container{}, media.Markdown, out, media.PlaceFrontMatter, value)
}

func TestRead(t *testing.T) {
	t.Parallel()
	const double, other = media.CodeDoubleFrontPart, media.CodeOtherPlace
	for _, c := range []struct {
		name, file string
		values     []string
		place      media.Place
		codes      []colophon.Code
		kept       string
	}{
		{"four spaces, no quotes, other order", "---\nAIGC:\n    ContentProducer: Minimax Agent AI\n    Label: AIGC\n    ProduceID: 007\n    ReservedCode1: 30440220\n---\n", []string{`{"ContentProducer":"Minimax Agent AI","Label":"AIGC","ProduceID":"007","ReservedCode1":"30440220"}`}, media.PlaceFrontMatter, nil, ""},
		{"single quotes", "---\nAIGC:\n  Label: '1'\n  ContentProducer: 'x'\n---\n", []string{json}, media.PlaceFrontMatter, nil, ""},
		{"numbers and nothing", "---\nAIGC:\n  Label: 1\n  ReservedCode1:\n  ProduceID: 2025-01-01\n---\n", []string{`{"Label":"1","ReservedCode1":"","ProduceID":"2025-01-01"}`}, media.PlaceFrontMatter, nil, ""},
		{"behind other keys", "---\ntitle: t\nAIGC:\n  Label: \"1\"\n  ContentProducer: x\n# about b\nb: 1\n---\n", []string{json}, media.PlaceFrontMatter, nil, "title: t\nAIGC:"},
		{"comment behind", "---\nAIGC:\n  Label: \"1\"\n  ContentProducer: x\n\n  # about b\nb: 1\n---\n", []string{json}, media.PlaceFrontMatter, nil, "\n\n  # about b\nb: 1\n"},
		{"inline JSON", "---\nAIGC: " + json + "\ntitle: t\n---\n", []string{json}, media.PlaceInline, []colophon.Code{other}, "title: t"},
		{"inline JSON over lines", "---\nAIGC: {\"Label\":\"1\",\n  \"ContentProducer\":\"x\"}\ntitle: t\n---\n", []string{"{\"Label\":\"1\",\n  \"ContentProducer\":\"x\"}"}, media.PlaceInline, []colophon.Code{other}, "title: t"},
		{"inline JSON, wrapped", "---\nAIGC: {\"AIGC\":" + json + "}\n---\n", []string{`{"AIGC":` + json + `}`}, media.PlaceInline, []colophon.Code{other}, ""},
		{"JSON in a string", "---\nAIGC: '" + json + "'\n---\n", []string{json}, media.PlaceInline, []colophon.Code{other}, ""},
		{"JSON in a literal", "---\nAIGC: |\n  " + json + "\nb: 1\n---\n", []string{json}, media.PlaceInline, []colophon.Code{other}, "b: 1"},
		{"flow mapping", "---\nAIGC: {Label: 1, ContentProducer: 'x'} # c\n---\n", []string{json}, media.PlaceInline, []colophon.Code{other}, ""},
		{"nested", "---\nAIGC:\n  Label: 1\n  ReservedCode1:\n    SecurityData: {Type: TC260PG, PubSD: [a]}\n---\n", []string{`{"Label":"1","ReservedCode1":{"SecurityData":{"Type":"TC260PG","PubSD":["a"]}}}`}, media.PlaceFrontMatter, nil, ""},
		{"lower case", "---\naigc:\n  Label: 1\n  ContentProducer: x\n---\n", []string{json}, media.PlaceFrontMatter, []colophon.Code{media.CodeIDSpelling}, ""},
		{"quoted key", "---\n\"AIGC\":\n  Label: 1\n  ContentProducer: x\nb: 1\n---\n", []string{json}, media.PlaceFrontMatter, nil, "b: 1"},
		{"two labels", "---\nAIGC:\n  Label: 1\n  ContentProducer: x\nb: 1\nAIGC: " + json + "\n---\n", []string{json, json}, "", nil, "b: 1"},
		{"double, label first", "---\nAIGC:\n  Label: 1\n  ContentProducer: x\n---\n\n---\ntitle: t\n---\n", []string{json}, media.PlaceFrontMatter, []colophon.Code{double}, "---\n\n---\ntitle: t\n---\n"},
		{"double, label second", "---\ntitle: t\n---\n---\nAIGC:\n  Label: 1\n  ContentProducer: x\n---\ntext", []string{json}, media.PlaceFrontMatter, []colophon.Code{double}, "title: t\n---\ntext"},
		{"double, label in both", "---\nAIGC: " + json + "\n---\n\n---\nAIGC: " + json + "\nb: 1\n---\n", []string{json, json}, "", nil, "\n---\n\n---\nb: 1\n---\n"},
		{"broken YAML", "---\ntitle: a: b\nAIGC:\n  Label: \"1\"\n  ContentProducer: x\nc: d: e\n---\n", []string{json}, media.PlaceFrontMatter, nil, "c: d: e"},
		{"broken YAML and label", "---\ntitle: a: b\nAIGC: {\"Label\":\nc: d\n---\n", []string{`{"Label":`}, media.PlaceInline, []colophon.Code{other}, "c: d"},
		{"empty", "---\nAIGC:\nb: 1\n---\n", []string{""}, media.PlaceInline, []colophon.Code{other}, "b: 1"},
		{"line separator", "---\na: \"x\u2028y\"\nAIGC:\n  Label: \"1\"\n  ContentProducer: \"x\"\nb: 1\n---\n", []string{json}, media.PlaceFrontMatter, nil, "\nb: 1"},
		{"in the text", "---\na: 1\n---\nAIGC: " + json + "\n", nil, "", nil, "---\nAIGC: " + json},
		{"in a string", "---\na: \"x\nAIGC: y\"\n---\n", nil, "", nil, "a: \"x\nAIGC: y\""},
		{"in a mapping", "---\na:\n  AIGC: " + json + "\n---\n", nil, "", nil, "  AIGC: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			survey, err := markdown.Container{}.Scan(strings.NewReader(c.file), media.Markdown)
			if err != nil || len(survey.Labels) != len(c.values) {
				t.Fatalf("%v, %v", survey.Labels, err)
			}
			if broken := strings.Contains(c.name, "broken"); broken != (len(survey.Findings) == 1 && survey.Findings[0].Code == media.CodeStructure) {
				t.Errorf("findings %v", survey.Findings)
			}
			for i, value := range c.values {
				if string(survey.Labels[i].Value) != value {
					t.Errorf("value %s", survey.Labels[i].Value)
				}
			}
			if len(c.values) == 1 {
				l := survey.Labels[0]
				var codes []colophon.Code
				for _, f := range l.Findings {
					codes = append(codes, f.Code)
				}
				if l.Place != c.place || len(codes) != len(c.codes) || !strings.Contains(strings.ToUpper(c.file[l.Offset:l.Offset+5]), "AIGC") {
					t.Errorf("label %v", l)
				}
				for i, code := range c.codes {
					if codes[i] != code {
						t.Errorf("findings %v", codes)
					}
				}
			}
			out := mediatest.Apply(t, markdown.Container{}, media.Markdown, []byte(c.file), put("a1"))
			after, err := markdown.Container{}.Scan(bytes.NewReader(out), media.Markdown)
			if err != nil || len(after.Labels) != 1 || !mediatest.Holds(after.Labels[0], media.PlaceFrontMatter, put("a1").Value) {
				t.Errorf("%v, %v\n%s", after.Labels, err, out)
			}
			if again := mediatest.Apply(t, markdown.Container{}, media.Markdown, out, put("a1")); !bytes.Equal(again, out) {
				t.Errorf("the same label again changed the file\n%s\n%s", out, again)
			}
			if !strings.Contains(string(out), c.kept) {
				t.Errorf("%q is gone\n%s", c.kept, out)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	bomb := "---\na0: &a0 [x]\n"
	for i := range 30 {
		name, last := string(rune('b'+i%20))+strings.Repeat("z", i/20), "a0"
		if i > 0 {
			last = string(rune('b'+(i-1)%20)) + strings.Repeat("z", (i-1)/20)
		}
		bomb += name + ": &" + name + " [*" + last + ", *" + last + ", *" + last + "]\n"
	}
	for name, c := range map[string]struct {
		file  string
		value string
	}{
		"UTF-16":          {"\xff\xfea\x00", "{}"},
		"TOML":            {"+++\ntitle = \"x\"\n+++\n", "{}"},
		"NUL":             {"text\x00", "{}"},
		"no object":       {text, "[]"},
		"cut object":      {text, `{"a":`},
		"two objects":     {text, `{"Label":"1"}{}`},
		"number":          {text, `{"Label":1}`},
		"odd key":         {text, `{"a: b":"1"}`},
		"flow mapping":    {"---\n{a: 1}\n---\n", `{"Label":"1"}`},
		"indented keys":   {"---\n  a: 1\n  b: 2\n---\n", `{"Label":"1"}`},
		"complex key":     {"---\n? AIGC\n: x\n---\n", `{"Label":"1"}`},
		"label is anchor": {"---\nAIGC: &x\n  Label: 1\nb: *x\n---\n", `{"Label":"1"}`},
		"many labels":     {"---\n" + strings.Repeat("AIGC: x\n", 40) + "---\n", `{"Label":"1"}`},
		"too long":        {"---\n" + strings.Repeat("a: b\n", 100000) + "---\n", `{"Label":"1"}`},
	} {
		_, err := markdown.Container{}.Edit(strings.NewReader(c.file), media.Markdown, media.Put{Place: media.PlaceFrontMatter, Value: []byte(c.value)})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Aliases that would multiply are kept as they are, and never followed without end.
	out := mediatest.Apply(t, markdown.Container{}, media.Markdown, []byte(bomb+"---\n"), put("a1"))
	if !strings.HasSuffix(string(out), strings.TrimPrefix(bomb, "---\n")+"---\n") {
		t.Error("the aliases changed")
	}
	survey, err := markdown.Container{}.Scan(strings.NewReader(bomb+"AIGC: *k\n---\n"), media.Markdown)
	if err != nil || len(survey.Labels) != 1 || len(survey.Labels[0].Value) > 100 {
		t.Errorf("%v, %v", survey, err)
	}
}

func FuzzContainer(f *testing.F) {
	for _, seed := range []string{front, "---\n---\n", "---\nAIGC:\n  Label: \"1\"\n---\n\n---\na: b\nAIGC: {}\n---\n", "---\r\naigc: |\r\n  {}\r\n# c\r\nb: &a [*a]\r\n...\r\n", "---\nt: a: b\nAIGC: {\n---\n", "---\n\"AIGC\": 'x\n  # y'\n\u2028b: 1\n---"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, markdown.Container{}, media.PlaceFrontMatter, b) })
}

// FuzzText labels texts that need not begin with a front matter.
func FuzzText(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte("---\nwords\n---\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		src := bytes.NewReader(b)
		edit, err := markdown.Container{}.Edit(src, media.Markdown, put("a1"))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, src); err != nil {
			t.Fatal(err)
		}
		survey, err := markdown.Container{}.Scan(bytes.NewReader(out.Bytes()), media.Markdown)
		if err != nil || len(survey.Labels) != 1 || !mediatest.Holds(survey.Labels[0], media.PlaceFrontMatter, put("a1").Value) {
			t.Fatalf("%v, %v\n%q", survey.Labels, err, out.Bytes())
		}
	})
}

func BenchmarkEdit(b *testing.B) {
	file := []byte(front)
	for b.Loop() {
		if _, err := (markdown.Container{}).Edit(bytes.NewReader(file), media.Markdown, put("a1")); err != nil {
			b.Fatal(err)
		}
	}
}

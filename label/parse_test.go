package label

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

func strict() Fields {
	const code = "001191110102MACQD9K64010000"
	return Fields{Label: "1", ContentProducer: code, ProduceID: "p1", ContentPropagator: code, PropagateID: "p1"}
}

func TestStrictFormReadsBackWithoutFindings(t *testing.T) {
	t.Parallel()
	f := strict()
	f.ReservedCode1 = `{"SecurityData":{"Type":"TC260PG"}}`
	text, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"Label":"1","ContentProducer":"0011`) || !strings.Contains(string(text), `"ReservedCode1":"{\"SecurityData\"`) {
		t.Errorf("text = %s", text)
	}
	p := parse(text, 0)
	if diff := cmp.Diff(f, p.fields); diff != "" {
		t.Error(diff)
	}
	if len(p.findings) > 0 || p.known != 7 {
		t.Errorf("findings %v, known %d", p.findings, p.known)
	}
}

// TestWriterRefuses holds the writer to Annex E.
func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Fields)
		code  colophon.Code
		field string
	}{
		"label 4":        {func(f *Fields) { f.Label = "4" }, CodeLabelValue, "Label"},
		"no label":       {func(f *Fields) { f.Label = "" }, CodeLabelValue, "Label"},
		"Chinese name":   {func(f *Fields) { f.ContentProducer = "题跋" }, CodeFieldCharset, "ContentProducer"},
		"space":          {func(f *Fields) { f.ContentProducer = "a b" }, CodeFieldCharset, "ContentProducer"},
		"backslash":      {func(f *Fields) { f.ProduceID = `a\b` }, CodeFieldCharset, "ProduceID"},
		"control":        {func(f *Fields) { f.ReservedCode2 = "a\nb" }, CodeFieldCharset, "ReservedCode2"},
		"no producer":    {func(f *Fields) { f.ContentProducer = "" }, CodeFieldEmpty, "ContentProducer"},
		"no propagator":  {func(f *Fields) { f.ContentPropagator = "" }, CodeFieldEmpty, "ContentPropagator"},
		"too long":       {func(f *Fields) { f.ReservedCode1 = strings.Repeat("x", maxField+1) }, CodeFieldLong, "ReservedCode1"},
		"last character": {func(f *Fields) { f.ProduceID = "ok\x7f" }, CodeFieldCharset, "ProduceID"},
	} {
		f := strict()
		c.spoil(&f)
		_, err := f.JSON()
		var e *colophon.Error
		if !asError(err, &e) || e.Code != c.code || e.Args["field"] != c.field || !slices.Contains(e.Clauses, colophon.ClauseGBE) {
			t.Errorf("%s: %v", name, err)
		}
	}
	suspected := strict()
	suspected.Label, suspected.ContentProducer, suspected.ProduceID = Suspected, "", ""
	if err := suspected.Check(); err != nil {
		t.Errorf("a platform may leave an unknown producer empty: %v", err)
	}
}

func asError(err error, target **colophon.Error) bool {
	e, ok := err.(*colophon.Error)
	*target = e
	return ok
}

// TestReaderTolerates reads what has been met in the field and names each deviation.
func TestReaderTolerates(t *testing.T) {
	t.Parallel()
	const p = `"ContentProducer":"001191110102MACQD9K64010000","ProduceID":"p1"`
	const rest = `"ReservedCode1":"","ContentPropagator":"a","PropagateID":"b","ReservedCode2":""`
	for name, c := range map[string]struct {
		text  string
		codes []colophon.Code // each with its level
		worst colophon.Level
		label string
	}{
		"empty propagation":  {`{"Label":"1",` + p + `,"ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}`, []colophon.Code{CodeFieldBlank, CodeFieldBlank}, colophon.Warning, "1"},
		"fields 4 to 7 gone": {`{"Label":"1",` + p + `}`, []colophon.Code{CodeFieldMissing, CodeFieldMissing, CodeFieldMissing, CodeFieldMissing}, colophon.Warning, "1"},
		"misspelt":           {`{"Label":"1",` + p + `,"ReserveCode1":"","Propagator":"a","PropatorID":"b","ReserveCode2":""}`, []colophon.Code{CodeFieldSpelling, CodeFieldSpelling, CodeFieldSpelling, CodeFieldSpelling}, colophon.Warning, "1"},
		"sorted keys":        {`{"ContentProducer":"MiniMax","ContentPropagator":"a","Label":"1","ProduceID":"p","PropagateID":"b","ReservedCode1":"","ReservedCode2":""}`, []colophon.Code{CodeFieldOrder}, colophon.Warning, "1"},
		"numbers":            {`{"Label":1,` + p + `,` + rest + `}`, []colophon.Code{CodeFieldType}, colophon.Warning, "1"},
		"nested reserved":    {`{"Label":"1",` + p + `,"ReservedCode1":{"SecurityData":{}},"ContentPropagator":"a","PropagateID":"b","ReservedCode2":""}`, []colophon.Code{CodeFieldType}, colophon.Warning, "1"},
		"value AIGC":         {`{"Label":"AIGC",` + p + `,` + rest + `}`, []colophon.Code{CodeLabelValue}, colophon.Breach, "AIGC"},
		"name with spaces":   {`{"Label":"1","ContentProducer":"Minimax Agent AI","ProduceID":"p",` + rest + `}`, []colophon.Code{CodeFieldCharset}, colophon.Breach, "1"},
		"lower-case code":    {`{"Label":"1","ContentProducer":"001191330101MA27WPYJ18xliu","ProduceID":"p",` + rest + `}`, []colophon.Code{CodeProviderCode}, colophon.Warning, "1"},
		"old schema":         {`{"AIGC":{"ServiceProvider":"x","ServiceUser":"u","Time":"t","ContentId":"c"}}`, []colophon.Code{CodeOldSchema, CodeFieldMissing, CodeFieldMissing, CodeFieldMissing, CodeFieldMissing, CodeFieldMissing}, colophon.Breach, ""},
		"double encoded":     {`"{\"Label\":\"1\",\"ContentProducer\":\"a\",\"ProduceID\":\"b\",\"ReservedCode1\":\"\",\"ContentPropagator\":\"a\",\"PropagateID\":\"b\",\"ReservedCode2\":\"\"}"`, []colophon.Code{CodeDoubleEncoded}, colophon.Breach, "1"},
		"truncated":          {`{"Label":"1",` + p + `,"ReservedCode1":"","ContentPropag`, []colophon.Code{CodeNotJSON, CodeFieldMissing, CodeFieldMissing, CodeFieldMissing}, colophon.Breach, "1"},
		"shell":              {`{"Label":"","ContentProducer":"","ProduceID":"","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}`, []colophon.Code{CodeFieldBlank, CodeFieldBlank, CodeFieldBlank, CodeFieldBlank, CodeFieldBlank, CodeShell}, colophon.Breach, ""},
		"twice":              {`{"Label":"1","Label":"2",` + p + `,` + rest + `}`, []colophon.Code{CodeFieldTwice}, colophon.Breach, "1"},
		"unknown key":        {`{"Label":"1",` + p + `,` + rest + `,"Extra":"x"}`, []colophon.Code{CodeFieldUnknown}, colophon.Breach, "1"},
		"bare with prefix":   {`AIGC{"Label":"1",` + p + `,` + rest + `}`, nil, colophon.Note, "1"},
		"half propagated":    {`{"Label":"1",` + p + `,"ReservedCode1":"","ContentPropagator":"a","PropagateID":"","ReservedCode2":""}`, []colophon.Code{CodeFieldBlank, CodeHalfPropagate}, colophon.Warning, "1"},
	} {
		got := parse([]byte(c.text), 7)
		var codes []colophon.Code
		worst := colophon.Note
		for _, f := range got.findings {
			codes = append(codes, f.Code)
			worst = max(worst, f.Level)
			if f.Offset != 7 {
				t.Errorf("%s: offset %d", name, f.Offset)
			}
		}
		if diff := cmp.Diff(c.codes, codes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if worst != c.worst || got.fields.Label != c.label {
			t.Errorf("%s: worst %v, Label %q", name, worst, got.fields.Label)
		}
	}
}

// TestNestedValueIsCarriedCompact continues a label whose reserved code is an object with white space: as a string it
// has to hold the rule on characters.
func TestNestedValueIsCarriedCompact(t *testing.T) {
	t.Parallel()
	p := parse([]byte(`{"Label": "1", "ContentProducer": "a", "ProduceID": "b", "ReservedCode1": {"SecurityData": {"Type": "TC260PG"}}}`), 0)
	if p.fields.ReservedCode1 != `{"SecurityData":{"Type":"TC260PG"}}` || badByte(p.fields.ReservedCode1) >= 0 {
		t.Errorf("ReservedCode1 = %s", p.fields.ReservedCode1)
	}
}

// TestForeignObjectIsNoLabel keeps somebody else's object under the key AIGC from being taken for a label, which would
// leave the file without one. What is empty, damaged or of the older schema stays a label with breaches.
func TestForeignObjectIsNoLabel(t *testing.T) {
	t.Parallel()
	for text, label := range map[string]bool{
		`{"model":"x","AIGCVersion":2}`:        false,
		`{"AIGC":{"enabled":true}}`:            false,
		`"{\"enabled\":true}"`:                 false,
		`{}`:                                   true,
		`{"AIGC":{}}`:                          true,
		`{"Lab`:                                true,
		`{"AIGC":{"ServiceUser":"u","a":"b"}}`: true,
		`{"model":"x","Label":"1"}`:            true,
	} {
		r := &Report{}
		r.mark(media.Found{Place: media.PlaceText, Offset: 3, Value: []byte(text)}, []Place{media.PlaceText}, Options{})
		if (len(r.Marks) == 1) != label || has(r.Findings, CodeKeyUnreadable) == label {
			t.Errorf("%s: marks %v, findings %v", text, r.Marks, r.Findings)
		}
	}
}

// TestWrapperByPlace names a wrapper that is missing where the guide asks for it, and one too many elsewhere.
func TestWrapperByPlace(t *testing.T) {
	t.Parallel()
	f := strict()
	text, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		place Place
		value []byte
		code  colophon.Code
	}{
		{media.PlaceEXIF, text, CodeUnwrapped}, {media.PlaceEXIF, media.Wrap(text), ""},
		{media.PlaceText, text, CodeUnwrapped}, {media.PlaceText, media.Wrap(text), ""},
		{media.PlaceXMP, text, ""}, {media.PlaceXMP, media.Wrap(text), CodeWrapped},
		{media.PlaceExtras, text, ""}, {media.PlaceExtras, media.Wrap(text), CodeWrapped},
		{media.PlaceMeta, text, ""}, {media.PlaceMeta, media.Wrap(text), ""},
	} {
		r := &Report{}
		r.mark(media.Found{Place: c.place, Value: c.value}, []Place{c.place}, Options{})
		if c.code == "" && len(r.Marks[0].Findings) > 0 || c.code != "" && !has(r.Marks[0].Findings, c.code) {
			t.Errorf("%s %s: %v", c.place, c.value, r.Marks[0].Findings)
		}
	}
}

func FuzzParse(f *testing.F) {
	good := strict()
	text, err := good.JSON()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(text), `{"AIGC":` + string(text) + `}`, `AIGC{"Label":"1"`, `"{\"Label\":1}"`, `{"Label":{"a":[]},"ProduceID":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := parse(text, 0)
		encoded := p.fields.encode()
		if !json.Valid(encoded) {
			t.Fatalf("encode made invalid JSON: %q", encoded)
		}
		for _, b := range encoded {
			if b < 0x20 || b > 0x7e {
				t.Fatalf("encode made byte %#x", b)
			}
		}
		if p.fields.Check() != nil {
			return
		}
		again := parse(encoded, 0)
		if again.fields != p.fields {
			t.Fatalf("fields changed: %+v, then %+v", p.fields, again.fields)
		}
		for _, finding := range again.findings {
			if finding.Level == colophon.Breach {
				t.Fatalf("a label that may be written reads back with %+v", finding)
			}
		}
	})
}

// TestPlainFormAgrees holds the short cut for the usual form to the full parser.
func TestPlainFormAgrees(t *testing.T) {
	t.Parallel()
	f := strict()
	f.ReservedCode1, f.ReservedCode2 = `{"a":"b"}`, `"`
	text, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var short parsed
	if !short.plain(text) {
		t.Fatal("the written form is not taken")
	}
	full := parsed{raw: map[string]string{}}
	seen, order := full.object(text, 0, 0)
	if short.fields != full.fields || short.known != len(seen) || !ordered(order) {
		t.Errorf("%+v, %+v", short, full)
	}
	for i := range text {
		var p parsed
		if p.plain(text[:i]) || p.plain(append(append([]byte{}, text[:i]...), text[i+1:]...)) && text[i] == '"' {
			t.Errorf("damage at %d is taken", i)
		}
	}
}

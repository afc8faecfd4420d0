package assessment_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"crypto/rand"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/evidence"
)

// recorder makes a recorder that keeps types as long as their classes say.
func recorder(t *testing.T, keys *evidence.Keyring, now func() time.Time, classes map[evidence.Type]evidence.Class) *evidence.Recorder {
	t.Helper()
	r, err := evidence.NewRecorder(evidence.RecorderConfig{Now: now, Rand: io.Reader(rand.Reader), NewID: uuid.NewV7, Keys: keys, Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func written(t testing.TB) string {
	t.Helper()
	raw, err := json.Marshal(form())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestParseForm(t *testing.T) {
	t.Parallel()
	got, err := assessment.ParseForm([]byte(written(t)))
	if diff := cmp.Diff(form(), got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestTemplate: each template has exactly the fields of a form, and is refused as long as nobody filled it in.
func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"zh", "en"} {
		raw, err := assessment.Template(language)
		if err != nil {
			t.Fatal(err)
		}
		_, err = assessment.ParseForm(raw)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != assessment.CodeUnfilled {
			t.Errorf("%s: %v", language, err)
		}
		filled := bytes.ReplaceAll(raw, []byte(`"…`), []byte(`"`))
		_, err = assessment.ParseForm(filled)
		if !errors.As(err, &e) || e.Code != assessment.CodeForm || e.Args["field"] != "function" { // prose is no identifier
			t.Errorf("%s: %v", language, err)
		}
	}
	if _, err := assessment.Template("fr"); err == nil {
		t.Error("there is a template in French")
	}
}

// changes to a valid form, with the field that is wrong then.
func changes() []struct{ from, to, field string } {
	return []struct{ from, to, field string }{
		{`"purpose":"entertainment"`, `"purpose":" "`, "purpose"},
		{`"purpose":"entertainment",`, ``, "purpose"},
		{`"purpose"`, `"Purpose"`, "purpose"},
		{`"purpose":"entertainment"`, `"purpose":"a","purpose":"b"`, "json"},
		{`"purpose":"entertainment"`, `"purpose":"a\u0000"`, "purpose"},
		{`"purpose":"entertainment"`, `"purpose":"` + strings.Repeat("a", 9000) + `"`, "purpose"},
		{`"function":"face-swap"`, `"function":"Face"`, "function"},
		{`"modalities":["face"]`, `"modalities":["hand"]`, "modalities"},
		{`"modalities":["face"]`, `"modalities":[]`, "modalities"},
		{`"modalities":["face"]`, `"modalities":null`, "modalities"},
		{`"recipients":[]`, `"recipients":null`, "recipients"},
		{`"recipients":[]`, `"recipients":[{"who":"","why":"w","abroad":false}]`, "recipients"},
		{`"digest":""`, `"digest":"a\nb"`, "models"},
		{`"likelihood":"medium"`, `"likelihood":"rare"`, "risks"},
		{`"measures":["a notice on everything"]`, `"measures":[]`, "risks"},
		{`"residual":"low","conclusion"`, `"residual":"","conclusion"`, "residual"},
		{`"conclusion":"acceptable"`, `"conclusion":"yes"`, "conclusion"},
		{`"conclusion":"acceptable"`, `"conclusion":"acceptable-with-conditions"`, "conditions"},
		{`"conditions":""`, `"conditions":"only on Mondays"`, "conditions"},
		{`"annexes":[]`, `"annexes":[{"name":"a","sha256":"AB"}]`, "annexes"},
		{`"review":"2027-11-22"`, `"review":"22.11.2027"`, "review"},
		{`"function"`, `"more":1,"function"`, "json"},
		{`}]`, `}] `, ""},
		{`"review":"2027-11-22"}`, `"review":"2027-11-22"} {}`, "json"},
	}
}

func TestWrongForms(t *testing.T) {
	t.Parallel()
	for _, c := range changes() {
		raw := strings.Replace(written(t), c.from, c.to, 1)
		if raw == written(t) {
			t.Errorf("the form has no %s", c.from)
		}
		_, err := assessment.ParseForm([]byte(raw))
		var e *colophon.Error
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &e) || e.Code != assessment.CodeForm || e.Args["field"] != c.field) {
			t.Errorf("%s to %.60s: %v, want field %q", c.from, c.to, err, c.field)
		}
	}
	_, err := assessment.ParseForm(make([]byte, assessment.MaxForm+1))
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != assessment.CodeForm {
		t.Errorf("a long one: %v", err)
	}
}

func FuzzParseForm(f *testing.F) {
	for _, c := range changes() {
		f.Add([]byte(strings.Replace(written(f), c.from, c.to, 1)))
	}
	for _, language := range []string{"zh", "en"} {
		raw, err := assessment.Template(language)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := assessment.ParseForm(raw)
		if err != nil {
			return
		}
		if err := got.Check(); err != nil {
			t.Errorf("read and refused: %v", err)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := assessment.ParseForm(again)
		if diff := cmp.Diff(got, twice); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

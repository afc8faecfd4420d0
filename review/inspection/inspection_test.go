package inspection_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/review/inspection"
	"github.com/colophon-project/colophon/stamp"
)

const (
	provider = "001191110102MACQD9K64010000"
	platform = "001191110102MACQD9K64020000"
)

func rules(t testing.TB) *inspection.Book {
	t.Helper()
	b, err := inspection.Rules()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// paint is a picture of a size.
func paint(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetNRGBA(i%w, i/w, color.NRGBA{uint8(i % 251), uint8(i / w), 90, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stamped is a file with the marks that a request asks for.
func stamped(t testing.TB, name string, file []byte, r stamp.Request) []byte {
	t.Helper()
	r.Label.Name = name
	p := &stamp.Press{Unmarked: true}
	plan, err := p.Prepare(t.Context(), media.Memory(file), r)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := plan.Edit.Apply(&b, media.Memory(file)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func request(number string) stamp.Request {
	return stamp.Request{Label: label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: provider, ProduceID: number}}}
}

// of lists the outcomes of a report by rule, the worst where there are several.
func of(r *inspection.Report) map[string]inspection.Check {
	m := map[string]inspection.Check{}
	weight := map[inspection.Outcome]int{inspection.Passed: 1, inspection.Untold: 2, inspection.Failed: 3}
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			if weight[c.Outcome] > weight[m[c.Rule].Outcome] {
				m[c.Rule] = c
			}
		}
	}
	return m
}

func file(t testing.TB, in inspection.Inspector, f inspection.File, raw []byte) (map[string]inspection.Check, *inspection.Report) {
	t.Helper()
	r := &inspection.Report{Schema: inspection.Schema}
	in.Press, f.Source = &stamp.Press{}, media.Memory(raw)
	in.File(t.Context(), f, r)
	r.Sum(rules(t))
	return of(r), r
}

// TestRules: each rule stands under a heading, has its clauses in the vocabulary of the program, and a source.
func TestRules(t *testing.T) {
	t.Parallel()
	known := map[inspection.Heading]bool{}
	for _, h := range inspection.Headings() {
		known[h] = true
	}
	used := map[inspection.Heading]bool{}
	for _, r := range rules(t).Rules {
		used[r.Heading] = true
		if !known[r.Heading] || len(r.Clauses) == 0 || r.Cite.ZH == "" || r.Cite.EN == "" || r.Asks.ZH == "" || r.Asks.EN == "" || r.Source == "" ||
			!strings.Contains("primary secondary draft unconfirmed", r.Confidence) || r.Confidence == "" {
			t.Errorf("%+v", r)
		}
	}
	if len(used) != len(known) {
		t.Errorf("headings with rules: %v", used)
	}
}

// TestFiles goes through files of every kind of outcome.
func TestFiles(t *testing.T) {
	t.Parallel()
	bare := paint(t, 320, 240)
	good := stamped(t, "a.png", bare, request("n-1"))
	unseen := stamped(t, "a.png", bare, stamp.Request{Label: request("n-1").Label, Choice: stamp.None})
	spread := stamped(t, "a.png", good, stamp.Request{Choice: stamp.None, Label: label.Request{Propagation: &label.Propagation{Propagator: platform, ID: "p-1"}}})
	broken := bytes.Replace(good, []byte(`"Label":"1"`), []byte(`"Label":"7"`), 1)
	broken = bytes.Replace(broken, []byte(`&quot;Label&quot;:&quot;1&quot;`), []byte(`&quot;Label&quot;:&quot;7&quot;`), 1)
	md := stamped(t, "a.md", []byte("Words about a lake.\n"), request("n-2"))
	const p, f, u = inspection.Passed, inspection.Failed, inspection.Untold
	type want map[string]inspection.Outcome
	for _, c := range []struct {
		about, name       string
		raw               []byte
		generated, export bool
		platform          string
		want              want
	}{
		{"good", "a.png", good, true, true, "", want{"explicit-notice": p, "explicit-words": p, "export-notice": p, "implicit-label": p, "implicit-one": p, "implicit-elements": p, "implicit-format": p, "implicit-code": p, "implicit-place": p, "place-position": p, "place-size": p, "place-legible": p, "propagation-elements": p}},
		{"without a notice", "a.png", unseen, true, true, "", want{"explicit-notice": u, "export-notice": u, "implicit-label": p, "place-size": u}},
		{"without anything", "a.png", bare, true, true, "", want{"explicit-notice": u, "implicit-label": f}},
		{"of a page, and nobody says that it was generated", "a.png", bare, false, false, "", want{"explicit-notice": u, "implicit-label": u, "export-notice": ""}},
		{"by a platform", "a.png", spread, true, true, platform, want{"implicit-label": p, "propagation-elements": p, "propagation-platform": p}},
		{"not by this platform", "a.png", good, true, true, platform, want{"propagation-elements": p, "propagation-platform": f}},
		{"not labelled by a platform", "a.png", bare, true, true, platform, want{"propagation-elements": f}},
		{"a wrong value", "a.png", broken, true, true, "", want{"implicit-label": p, "implicit-format": f}},
		{"cut off", "a.png", good[:len(good)-40], true, true, "", want{"explicit-notice": u}},
		{"a text with both", "a.md", md, true, true, "", want{"explicit-notice": p, "export-notice": p, "implicit-label": p, "implicit-place": p}},
		{"a text with nothing", "a.md", []byte("Words about a lake.\n"), true, true, "", want{"explicit-notice": f, "export-notice": f, "implicit-label": f}},
		{"a text that speaks of it", "a.md", []byte("Words.\n\nIt was AI that made this, 生成.\n"), true, true, "", want{"explicit-notice": u, "export-notice": u}},
		{"a text around which a notice may stand", "a.md", []byte("Words.\n"), true, false, "", want{"explicit-notice": u, "implicit-label": f}},
		{"plain text has no place", "a.txt", []byte("【人工智能生成】\nWords.\n"), true, true, "", want{"explicit-notice": p, "implicit-label": u}},
		{"no file that is known", "a.bin", []byte{0, 1, 2, 3}, true, true, "", want{"explicit-notice": u, "implicit-label": u}},
		{"no bytes", "a.png", nil, true, true, "", want{"explicit-notice": u, "implicit-label": u}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			got, r := file(t, inspection.Inspector{Platform: c.platform}, inspection.File{Name: c.name, Generated: c.generated, Export: c.export}, c.raw)
			for rule, outcome := range c.want {
				if got[rule].Outcome != outcome {
					t.Errorf("%s: %s %q, want %q", rule, got[rule].Outcome, got[rule].Code, outcome)
				}
			}
			if c.about == "good" {
				if r.Outcome != p || got["place-size"].Proof.Picture == "" || len(r.Pictures) == 0 || got["implicit-label"].Proof.Offset == nil || *got["implicit-label"].Proof.Offset <= 0 || got["implicit-label"].Proof.Field != "ProduceID" {
					t.Errorf("%s %+v", r.Outcome, got["implicit-label"].Proof)
				}
			}
			if c.about == "without a notice" && (got["explicit-notice"].Look != inspection.LookPicture || got["explicit-notice"].Proof.Picture == "") {
				t.Errorf("nobody is told what to look at: %+v", got["explicit-notice"])
			}
			if c.about == "a text that speaks of it" && (got["explicit-notice"].Proof.Offset == nil || *got["explicit-notice"].Proof.Offset != 8) {
				t.Errorf("%+v", got["explicit-notice"].Proof)
			}
		})
	}
}

// number is one whose last digit is the one that follows from the others.
func number(t testing.TB, first string) string {
	t.Helper()
	for _, last := range "0123456789" {
		if n, err := register.CheckFiling(first + string(last)); err == nil && n.Checked {
			return first + string(last)
		}
	}
	t.Fatal("no digit passes")
	return ""
}

// TestView goes through the ways in which a page shows a number, or does not.
func TestView(t *testing.T) {
	t.Parallel()
	right, other := number(t, "11010800000000124001"), number(t, "11010800000000124002")
	wrong := right[:20] + string('0'+(right[20]-'0'+1)%10)
	const p, f, u = inspection.Passed, inspection.Failed, inspection.Untold
	const public = "https://beian.cac.gov.cn/#/index"
	seen := func(change func(*inspection.Sighting)) inspection.Sighting {
		s := inspection.Sighting{Name: inspection.WantNumber, Text: right, Box: inspection.Box{X: 10, Y: 20, Width: 200, Height: 20}, Measured: true, Ink: 11, Contrast: 12, Link: public}
		change(&s)
		return s
	}
	as := func(change func(*inspection.Sighting)) []inspection.Sighting {
		return []inspection.Sighting{seen(change)}
	}
	status := func(n int, err error) func(string) (int, error) { return func(string) (int, error) { return n, err } }
	type outcomes [3]inspection.Outcome // shown, conspicuous, link
	for _, c := range []struct {
		about    string
		texts    []inspection.Sighting
		links    []inspection.Link
		expected inspection.Expected
		reach    func(string) (int, error)
		blind    bool
		want     outcomes
	}{
		{"as it should be", as(func(*inspection.Sighting) {}), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, p, p}},
		{"hidden", as(func(s *inspection.Sighting) { s.Ink, s.Hidden = 0, "display" }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{f, f, p}},
		{"small", as(func(s *inspection.Sighting) { s.Ink = 3 }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, f, p}},
		{"faint", as(func(s *inspection.Sighting) { s.Contrast = 2 }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, f, p}},
		{"in the middle of a long page", as(func(s *inspection.Sighting) { s.Box.Y = 1500 }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, f, p}},
		{"at its foot", as(func(s *inspection.Sighting) { s.Box.Y = 2900 }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, p, p}},
		{"not measured", as(func(s *inspection.Sighting) { s.Measured = false }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, u, p}},
		{"once hidden, once shown", []inspection.Sighting{seen(func(s *inspection.Sighting) { s.Ink = 0 }), seen(func(*inspection.Sighting) {})}, nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, p, p}},
		{"another", as(func(s *inspection.Sighting) { s.Text = other }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{f, f, f}},
		{"wrong last digit", as(func(s *inspection.Sighting) { s.Text = wrong }), nil, inspection.Expected{}, status(200, nil), false, outcomes{f, p, p}},
		{"nobody says which", as(func(*inspection.Sighting) {}), nil, inspection.Expected{}, status(200, nil), false, outcomes{u, p, p}},
		{"missing", nil, nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{f, f, f}},
		{"perhaps in a picture", nil, []inspection.Link{{Address: public, Picture: true}}, inspection.Expected{Number: right}, status(200, nil), false, outcomes{u, u, u}},
		{"perhaps in a frame", nil, nil, inspection.Expected{Number: right}, status(200, nil), true, outcomes{u, u, u}},
		{"no link", as(func(s *inspection.Sighting) { s.Link = "" }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, p, f}},
		{"a link elsewhere", as(func(s *inspection.Sighting) { s.Link = "https://example.com/" }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, p, f}},
		{"another host that ends alike", as(func(s *inspection.Sighting) { s.Link = "https://beian.cac.gov.cn.example.com/" }), nil, inspection.Expected{Number: right}, status(200, nil), false, outcomes{p, p, f}},
		{"the registered link", as(func(s *inspection.Sighting) { s.Link = "https://example.com/notice/" }), nil, inspection.Expected{Number: right, Link: "https://example.com/notice"}, status(200, nil), false, outcomes{p, p, p}},
		{"not the registered link", as(func(*inspection.Sighting) {}), nil, inspection.Expected{Number: right, Link: "https://example.com/notice"}, status(200, nil), false, outcomes{p, p, f}},
		{"a dead link", as(func(*inspection.Sighting) {}), nil, inspection.Expected{Number: right}, status(404, nil), false, outcomes{p, p, f}},
		{"a link that refuses browsers", as(func(*inspection.Sighting) {}), nil, inspection.Expected{Number: right}, status(403, nil), false, outcomes{p, p, u}},
		{"a link that can't be reached", as(func(*inspection.Sighting) {}), nil, inspection.Expected{Number: right}, status(0, errors.New("down")), false, outcomes{p, p, u}},
	} {
		r := &inspection.Report{}
		rules(t).View(inspection.Page{Address: "https://example.com/", Status: 200, Texts: c.texts, Links: c.links, Width: 1280, Height: 3000, Screen: 800, Blind: c.blind},
			inspection.Asked{Filing: true, Filings: []inspection.Expected{c.expected}, Reach: c.reach}, r)
		got := of(r)
		if have := (outcomes{got["number-shown"].Outcome, got["number-conspicuous"].Outcome, got["number-link"].Outcome}); have != c.want {
			t.Errorf("%s: %v, want %v", c.about, have, c.want)
		}
	}
	for _, c := range []struct {
		about string
		page  inspection.Page
		want  map[string]inspection.Outcome
	}{
		{"a notice", inspection.Page{Status: 200, Texts: []inspection.Sighting{{Name: inspection.WantNotice, Text: " 本内容由人工智能生成 ", Measured: true, Ink: 12, Contrast: 9}}, Controls: []inspection.Control{{Text: "作品含AI生成内容", Shown: true}}}, map[string]inspection.Outcome{"explicit-notice": p, "explicit-words": p, "place-legible": p, "declaration-offered": p}},
		{"a hidden notice", inspection.Page{Status: 200, Texts: []inspection.Sighting{{Name: inspection.WantNotice, Text: "人工智能生成", Measured: true}}, Controls: []inspection.Control{{Text: "作品含AI生成内容"}}}, map[string]inspection.Outcome{"explicit-notice": f, "declaration-offered": u}},
		{"English alone", inspection.Page{Status: 200, Texts: []inspection.Sighting{{Name: inspection.WantNotice, Text: "AI-generated", Measured: true, Ink: 12, Contrast: 2}}}, map[string]inspection.Outcome{"explicit-notice": p, "explicit-words": f, "place-legible": f}},
		{"none", inspection.Page{Status: 200, Controls: []inspection.Control{{Text: "Sign in", Shown: true}}}, map[string]inspection.Outcome{"explicit-notice": u, "declaration-offered": u}},
		{"an error page", inspection.Page{Status: 500}, map[string]inspection.Outcome{"explicit-notice": u, "declaration-offered": u}},
	} {
		r := &inspection.Report{}
		rules(t).View(c.page, inspection.Asked{Notice: true, Declaration: true}, r)
		got := of(r)
		for rule, outcome := range c.want {
			if got[rule].Outcome != outcome {
				t.Errorf("%s: %s %s, want %s", c.about, rule, got[rule].Outcome, outcome)
			}
		}
	}
	r := &inspection.Report{}
	rules(t).Unopened("https://example.com/", inspection.Asked{Notice: true, Filing: true}, &colophon.Error{Kind: colophon.Unsupported, Code: "browser-missing"}, r)
	r.Sum(rules(t))
	if r.Outcome != u || len(r.Subjects[0].Checks) != 4 || r.Subjects[0].Checks[0].Code != "browser-missing" {
		t.Errorf("%+v", r)
	}
}

// TestReport: sums, and what is read back.
func TestReport(t *testing.T) {
	t.Parallel()
	_, r := file(t, inspection.Inspector{}, inspection.File{Name: "a.png", Generated: true, Export: true}, paint(t, 64, 64))
	r.Begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := inspection.Read(raw)
	if err != nil || back.Outcome != inspection.Failed || len(back.Sums) != len(inspection.Headings()) || len(back.Pictures) != len(r.Pictures) {
		t.Errorf("%+v %v", back, err)
	}
	for _, s := range back.Sums {
		if s.Heading == inspection.Filing && (s.Count() != 0 || s.Outcome() != inspection.Untold) {
			t.Errorf("what nobody looked at: %+v %s", s, s.Outcome())
		}
	}
	good := inspection.Report{Subjects: []inspection.Subject{{Checks: []inspection.Check{{Rule: "implicit-label", Outcome: inspection.Passed}}}}}
	for left, want := range []inspection.Outcome{inspection.Passed, inspection.Untold} {
		good.Left = left
		if good.Sum(rules(t)); good.Outcome != want {
			t.Errorf("%s with %d files that nobody looked at", good.Outcome, left)
		}
	}
	for _, bad := range []string{"", "{}", `{"schema":"other"}`, "[]"} {
		if _, err := inspection.Read([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := &inspection.Report{}
	(&inspection.Inspector{Press: &stamp.Press{}}).File(ctx, inspection.File{Name: "a.mp4", Source: media.Memory("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")}, stopped)
	if got := of(stopped)["explicit-notice"].Outcome; got != inspection.Untold {
		t.Errorf("nobody looked, and it is %s", got)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	list, err := inspection.ParseList([]byte("\ufeff# pages\n\nhttps://example.com/a \r\nhttp://example.com/b main img, .made\n"))
	if err != nil || len(list) != 2 || list[0] != (inspection.Target{Address: "https://example.com/a"}) || list[1].Chosen != "main img, .made" {
		t.Errorf("%+v %v", list, err)
	}
	for text, want := range map[string]string{"ftp://example.com/": "address", "https://user:word@example.com/": "credentials", "https://example.com/ " + strings.Repeat("x", 201): "selector", "example.com": "address", "https://" + strings.Repeat("a", 3000): "address",
		strings.Repeat("https://example.com/\n", inspection.MaxTargets+1): "count", strings.Repeat("x", inspection.MaxList+1): "length"} {
		_, err := inspection.ParseList([]byte(text))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != inspection.CodeList || e.Args["field"] != want {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if _, err := inspection.ParseList([]byte("# nothing\n")); err == nil {
		t.Error("an empty list was taken")
	}
}

func FuzzList(f *testing.F) {
	for _, seed := range []string{"https://example.com/ main", "# a\n\nhttp://a:80/b?c#d", "https://a b\x00", "\ufeffhttps://[::1]:443/"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := inspection.ParseList(raw)
		if err == nil && inspection.CheckTargets(list) != nil {
			t.Errorf("%q", raw)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":"colophon.inspection/1","outcome":"passed","headings":[],"subjects":[{"checks":[{"rule":"number-link"}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := inspection.Read(raw)
		if err != nil {
			return
		}
		b := rules(t)
		r.Sum(b)
		if len(r.Subjects) == 0 && r.Outcome == inspection.Passed {
			t.Error("nothing was looked at, and it passed")
		}
	})
}

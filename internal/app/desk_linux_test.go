package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/standing"
)

// submit hands in a form of pairs without any key; a pair whose name is file is a file.
func (d *deployment) submit(path string, want int, v any, pairs ...string) {
	d.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != "file" {
			d.must(m.WriteField(pairs[i], pairs[i+1]))
			continue
		}
		part, err := m.CreateFormFile("file", "IMG_0001")
		d.must(err)
		_, err = io.WriteString(part, pairs[i+1])
		d.must(err)
	}
	d.must(m.Close())
	d.json(v, "POST", path, body.Bytes(), want, "Content-Type", m.FormDataContentType(), "Authorization", "")
}

// scene is a picture with enough to be seen for a likeness.
func scene(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			c := color.RGBA{uint8(40 + x/5), uint8(90 + y/4), uint8(200 - y/3), 255}
			for i, spot := range [][3]int{{150, 140, 90}, {420, 260, 130}, {300, 400, 60}, {560, 90, 50}, {90, 380, 70}} {
				if dx, dy := x-spot[0], y-spot[1]; dx*dx+dy*dy < spot[2]*spot[2] {
					c = color.RGBA{uint8(230 - 40*i), uint8(30 + 45*i), uint8(60 + dx/2 + 60*i%90), 255}
				}
			}
			img.Set(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// reencoded is a picture as a messenger passes it on: smaller, coarser, and without any metadata.
func reencoded(t *testing.T, picture []byte) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			var sum [3]uint32
			for i := range 4 {
				r, g, b, _ := img.At(b.Min.X+2*x+i%2, b.Min.Y+2*y+i/2).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
			small.Set(x, y, color.RGBA{uint8(sum[0] / 4), uint8(sum[1] / 4), uint8(sum[2] / 4), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// laid is a picture turned by 90 degrees, mirrored, or both, and coded anew without any metadata.
func laid(t *testing.T, picture []byte, turn, mirror bool) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	size := image.Rect(0, 0, b.Dx(), b.Dy())
	if turn {
		size = image.Rect(0, 0, b.Dy(), b.Dx())
	}
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			fx, fy := x, y
			if turn {
				fx, fy = b.Dx()-1-y, x
			}
			if mirror {
				fx = b.Dx() - 1 - fx
			}
			out.Set(x, y, img.At(b.Min.X+fx, b.Min.Y+fy))
		}
	}
	var coded bytes.Buffer
	if err := jpeg.Encode(&coded, out, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return coded.Bytes()
}

// listener is a program that is told what happens.
type listener struct {
	mu     sync.Mutex
	events []webhook.Event
}

func (l *listener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var ev webhook.Event
	if json.NewDecoder(r.Body).Decode(&ev) == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, ev)
	}
}

func (l *listener) heard(typ string) (data []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ev := range l.events {
		if ev.Type == typ {
			data = append(data, fmt.Sprint(ev.Data))
		}
	}
	return data
}

// TestFaceSwap has a stranger report a face-swap of which the picture has lost its metadata. The desk finds the record all the
// same, stops the content and suspends the account. The account appeals and wins: everything is as it was, and downstream is told.
func TestFaceSwap(t *testing.T) {
	t.Parallel()
	heard := &listener{}
	downstream := httptest.NewServer(heard)
	defer downstream.Close()
	d := deploy(t, map[string]string{"webhook-hosts": strings.TrimPrefix(downstream.URL, "http://")})
	ctx := t.Context()
	d.join()
	_, _, err := d.server.uploads.hooks.Add(ctx, ledger.By{Role: "officer", ID: "somebody"}, webhook.Draft{URL: downstream.URL, Types: []string{"*"}})
	d.must(err)
	d.must(d.server.uploads.hooks.Refresh(ctx))

	var made httpapi.Artefact
	d.json(&made, "POST", "/v1/artefacts?function=person&name=a.jpg", scene(t), 201)
	_, marked := d.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil, 200)
	copied := reencoded(t, marked)
	if bytes.Contains(copied, []byte(made.Number)) {
		t.Fatal("the copy still has its label")
	}
	var got httpapi.CaseReceipt
	d.submit("/v1/public/cases", 201, &got, "kind", "likeness", "party", "subject", "ground", "desk-ground-likeness", "language", "en", "contact", "somebody@mail.example", "text", "That is my face.", "file", string(copied))
	if got.Sought != desk.SoughtFound || got.Files[0].Type != "image/jpeg" || got.Files[0].Marks != marksNone {
		t.Fatalf("%+v", got)
	}
	first, second := desk.Clerk{By: ledger.By{Role: "reviewer", ID: "staff-1"}}, desk.Clerk{By: ledger.By{Role: "officer", ID: "staff-2"}, Appeals: true}
	cases := d.server.cases.desk
	c, err := cases.Take(ctx, first, got.ID)
	d.must(err)
	if f := c.Found; len(f) != 1 || f[0].Number != string(made.Number) || f[0].How != desk.ByLikeness || f[0].Certain || f[0].Account != made.Subject || c.About.Account != "" {
		t.Fatalf("%+v", c.Found)
	}
	_, err = cases.Decide(ctx, first, c.ID, desk.Ruling{Outcome: desk.Founded, Facts: "The picture shows the face of somebody who did not consent.", Explanation: "The clause asks for consent of whoever is depicted.",
		Statement: desk.Statement{Visibility: []colophon.Code{desk.VisibilityRemoved}, Clauses: desk.Laws()[:1], Category: desk.GroundLikeness},
		Deeds:     []desk.Deed{{Do: desk.StopContent, Target: string(made.Number)}, {Do: desk.TakeMeasure, Target: string(made.Subject), Step: "suspend"}, {Do: desk.OpenDuty, Target: string(made.Number)}}})
	d.must(err)
	c, err = cases.Perform(ctx, c.ID)
	d.must(err)
	for _, a := range c.Actions {
		if a.Result != desk.Done || a.Ref == "" {
			t.Fatalf("%+v", a)
		}
	}
	_, err = cases.Perform(ctx, c.ID) // again, which does nothing
	d.must(err)
	public := func(state string) {
		t.Helper()
		for v := (httpapi.LookUp{}); v.State != state; d.must(wait(ctx, refreshEvery/20)) {
			d.json(&v, "POST", "/v1/public/look-up", []byte(`{"number":"`+string(made.Number)+`"}`), 200, "Content-Type", "application/json")
		}
	}
	public("stopped")
	s, err := d.server.standing.Standing(ctx, made.Subject)
	d.must(err)
	if len(s.Active) != 1 || s.Active[0].Step != standing.Suspend || !slices.Equal(s.Active[0].Findings, []string{c.ID}) {
		t.Fatalf("%+v", s)
	}
	_, err = cases.Close(ctx, first.By, c.ID, "page")
	d.must(err)

	var appeal httpapi.CaseReceipt
	body, err := json.Marshal(map[string]string{"account": person, "id": c.ID, "text": "I have the consent in writing."})
	d.must(err)
	d.json(&appeal, "POST", "/v1/cases:appeal", body, 201, "Content-Type", "application/json")
	if _, err := cases.Take(ctx, desk.Clerk{By: first.By, Appeals: true}, appeal.ID); !isCode(err, desk.CodeOwn) {
		t.Error(err)
	}
	_, err = cases.Take(ctx, second, appeal.ID)
	d.must(err)
	_, err = cases.Decide(ctx, second, appeal.ID, desk.Ruling{Outcome: desk.Reversed, Facts: "There is a consent of the person depicted.", Explanation: "What was consented to is not forbidden."})
	d.must(err)
	a, err := cases.Perform(ctx, appeal.ID)
	d.must(err)
	for _, one := range a.Actions {
		if one.Result != desk.Done {
			t.Errorf("%+v", one)
		}
	}
	public("made")
	if s, err = d.server.standing.Standing(ctx, made.Subject); err != nil || len(s.Active) != 0 {
		t.Errorf("%+v %v", s, err)
	}
	if m, err := d.server.standing.Measure(ctx, c.Actions[1].Ref); err != nil || m.State != standing.Restored {
		t.Errorf("%+v %v", m, err)
	}
	if duty, err := d.server.screens.reports.Duty(ctx, c.Actions[2].Ref); err != nil || duty.State != moderation.Dismissed || duty.Subject != made.Subject {
		t.Errorf("%+v %v", duty, err)
	}
	orders, _, err := d.server.orders.Page(ctx, ledger.Query{})
	d.must(err)
	if len(orders) != 1 || orders[0].State != string(incident.Released) || orders[0].Value.Reference != c.ID || orders[0].Value.Confirmer != second.ID {
		t.Errorf("%+v", orders)
	}
	if c, err = cases.Case(ctx, c.ID); err != nil || c.Actions[0].Undone.IsZero() || c.Actions[1].Undone.IsZero() {
		t.Errorf("%+v %v", c.Actions, err)
	}
	for len(heard.heard(eventReversed)) < 3 || len(heard.heard(eventDecided)) < 2 {
		d.must(wait(ctx, refreshEvery/20))
	}
	if told := strings.Join(heard.heard(eventReversed), "\n"); !strings.Contains(told, string(made.Number)) || !strings.Contains(told, "holders") || strings.Contains(told, "mail.example") {
		t.Error(told)
	}
	d.stop()
}

// TestFinder looks for content by everything that there is, and says what it could not tell.
func TestFinder(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	ctx := t.Context()
	d.join()
	var picture, words httpapi.Artefact
	d.json(&picture, "POST", "/v1/artefacts?function=other&name=a.jpg", scene(t), 201)
	d.json(&words, "POST", "/v1/artefacts?function=other&name=a.md", []byte("Some text that a function made.\n"), 201)
	_, marked := d.ask("GET", "/v1/artefacts/"+string(picture.Number)+"/content", nil, 200)
	_, labelled := d.ask("GET", "/v1/artefacts/"+string(words.Number)+"/content", nil, 200)
	keep := func(name string, content []byte) desk.File {
		t.Helper()
		f, err := caseFiles{d.server}.Keep(ctx, name, bytes.NewReader(content))
		d.must(err)
		return f
	}
	other := image.NewGray(image.Rect(0, 0, 256, 256))
	for i := range other.Pix {
		other.Pix[i] = byte((i % 256) ^ (i / 256) ^ (i*i)>>9)
	}
	var strange bytes.Buffer
	d.must(jpeg.Encode(&strange, other, nil))
	for _, c := range []struct {
		about  string
		clue   desk.Clue
		number string
		how    string
		sure   bool
		open   bool // it could not be told
	}{
		{"a number", desk.Clue{Numbers: []string{string(words.Number)}}, string(words.Number), desk.ByNumber, true, false},
		{"another number", desk.Clue{Numbers: []string{"none"}}, "", "", false, false},
		{"the same file", desk.Clue{Files: []desk.File{keep("", marked)}}, string(picture.Number), desk.ByDigest, true, false},
		{"the file as it was before it was marked", desk.Clue{Files: []desk.File{keep("", scene(t))}}, string(picture.Number), desk.ByDigest, true, false},
		{"a label in an altered file", desk.Clue{Files: []desk.File{keep("a.md", append(slices.Clone(labelled), "More.\n"...))}}, string(words.Number), desk.ByLabel, false, false},
		{"a picture that looks alike", desk.Clue{Files: []desk.File{keep("", reencoded(t, marked))}}, string(picture.Number), desk.ByLikeness, false, false},
		{"the picture turned by 90 degrees", desk.Clue{Files: []desk.File{keep("", laid(t, marked, true, false))}}, string(picture.Number), desk.ByLikeness, false, false},
		{"the picture mirrored", desk.Clue{Files: []desk.File{keep("", laid(t, marked, false, true))}}, string(picture.Number), desk.ByLikeness, false, false},
		{"the picture turned by 270 degrees, from the mirror", desk.Clue{Files: []desk.File{keep("", laid(t, marked, true, true))}}, string(picture.Number), desk.ByLikeness, false, false},
		{"the picture upside down", desk.Clue{Files: []desk.File{keep("", laid(t, laid(t, marked, true, false), true, false))}}, string(picture.Number), desk.ByLikeness, false, false},
		{"a picture that looks otherwise", desk.Clue{Files: []desk.File{keep("", strange.Bytes())}}, "", "", false, false},
		{"text, which can't be compared", desk.Clue{Files: []desk.File{keep("a.txt", []byte("Some other text.\n"))}}, "", "", false, true},
		{"text beside a number", desk.Clue{Numbers: []string{string(words.Number)}, Files: []desk.File{keep("a.txt", []byte("Some other text.\n"))}}, string(words.Number), desk.ByNumber, true, false},
	} {
		found, err := finder{d.server}.Find(ctx, c.clue)
		if (err != nil) != c.open || len(found) > 1 || len(found) == 1 != (c.number != "") {
			t.Errorf("%s: %+v %v", c.about, found, err)
			continue
		}
		if len(found) == 1 && (found[0].Number != c.number || found[0].How != c.how || found[0].Certain != c.sure) {
			t.Errorf("%s: %+v", c.about, found)
		}
	}
	if f := keep("", marked); f.Marks != marksOurs || f.Type != "image/jpeg" {
		t.Errorf("%+v", f)
	}
	d.stop()
}

// TestUndoneBeforeDone has an appeal win before what was decided first was carried out.
func TestUndoneBeforeDone(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	ctx := t.Context()
	d.join()
	var made httpapi.Artefact
	d.json(&made, "POST", "/v1/artefacts?function=other&name=a.txt", []byte("Some text.\n"), 201)
	cases := d.server.cases.desk
	o, err := cases.Open(ctx, ledger.By{Role: "user"}, desk.Draft{Kind: desk.Report, Party: desk.PartyPublic, Source: desk.FromWeb, Language: "en", Contact: "somebody@mail.example", About: desk.About{Numbers: []string{string(made.Number)}}})
	d.must(err)
	first, second := desk.Clerk{By: ledger.By{Role: "reviewer", ID: "staff-1"}}, desk.Clerk{By: ledger.By{Role: "officer", ID: "staff-2"}, Appeals: true}
	_, err = cases.Take(ctx, first, o.ID)
	d.must(err)
	before, err := cases.Decide(ctx, first, o.ID, desk.Ruling{Outcome: desk.Founded, Facts: "The text is as it was reported.", Explanation: "The clause forbids it in so many words.", Statement: desk.Statement{Terms: "4.2"},
		Deeds: []desk.Deed{{Do: desk.StopContent, Target: string(made.Number)}}})
	d.must(err)
	appeal, err := cases.Appeal(ctx, ledger.By{Role: "application", ID: "key"}, desk.Access{ID: o.ID, Account: made.Subject}, desk.Draft{Source: desk.FromAPI, Language: "en", Text: "It is not."})
	d.must(err)
	_, err = cases.Take(ctx, second, appeal.ID)
	d.must(err)
	_, err = cases.Decide(ctx, second, appeal.ID, desk.Ruling{Outcome: desk.Reversed, Facts: "The text is another one.", Explanation: "What it says is not forbidden."})
	d.must(err)
	a, err := cases.Perform(ctx, appeal.ID)
	d.must(err)
	if one := a.Actions[0]; one.Result != desk.Unsure || one.Next.Sub(one.At) > time.Hour { // another node may be at it
		t.Errorf("%+v", one)
	}
	if _, err := (actor{d.server}).Do(ctx, desk.Order{Key: before.Actions[0].Key, Case: o.ID, By: first.By, Action: before.Actions[0]}); err != nil {
		t.Error(err)
	}
	if _, err := cases.Perform(ctx, o.ID); err != nil {
		t.Error(err)
	}
	if err := (actor{d.server}).Undo(ctx, desk.Order{Key: a.Actions[0].Key, Case: appeal.ID, By: second.By, Action: a.Actions[0]}); err != nil {
		t.Error(err)
	}
	if list, err := d.server.orders.InForce(context.WithoutCancel(ctx)); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
	for act, want := range map[desk.Act]colophon.Code{desk.LabelContent: "", desk.LimitContent: "", desk.ReleaseContent: CodeActAnew, desk.RestoreMeasure: CodeActAnew} {
		err := (actor{d.server}).undo(ctx, desk.Order{Key: o.ID + "/9", Action: desk.Action{Deed: desk.Deed{Do: act, Target: string(made.Number)}}})
		if (err == nil) != (want == "") || err != nil && !isCode(err, want) {
			t.Errorf("undoing %s: %v", act, err)
		}
	}
	d.stop()
}

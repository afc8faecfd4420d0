package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
)

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (w *world) deliveries(number artefact.Number) []httpapi.Delivery {
	var page struct{ Deliveries []httpapi.Delivery }
	w.ask("GET", "/v1/artefacts/"+string(number)+"/deliveries", nil).as(w.key).want(200, &page)
	return page.Deliveries
}

// TestLifeOfAnItem takes one picture through the API and checks what comes out with the packages that read it.
func TestLifeOfAnItem(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	original := picture(t)
	var made httpapi.Artefact
	out := w.ask("POST", upload+"&corner=top-left&notice_lang=both", original).as(w.key).want(201, &made)
	at := "/v1/artefacts/" + string(made.Number)
	if out.Header().Get("Location") != at || made.State != "marked" || made.Before != sha(original) || made.Format != "jpeg" || made.Marks["notice"].(map[string]any)["place"] != "top-left" {
		t.Errorf("%v %+v", out.Header(), made)
	}
	if n := len(w.deliveries(made.Number)); n != 0 {
		t.Errorf("%d deliveries before any", n)
	}
	got := w.ask("GET", at+"/content", nil).as(w.key).want(200, nil)
	h, marked := got.Header(), got.Body.Bytes()
	sum := sha256.Sum256(marked)
	if sha(marked) != made.After || h.Get("ETag") != `"`+made.After+`"` || h.Get("Content-Type") != "image/jpeg" || h.Get("Colophon-Artefact") != string(made.Number) ||
		h.Get("Content-Disposition") != `attachment; filename="`+string(made.Number)+`.jpg"` || h.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", h)
	}
	if list := w.deliveries(made.Number); len(list) != 1 || list[0].How != "download" {
		t.Errorf("%+v", list)
	}
	var v httpapi.Verification
	w.ask("POST", "/v1/artefacts:verify", marked).as(w.key).with("Accept-Language", "zh-CN").want(200, &v)
	if v.Verdict != "passed" || v.Identical != "passed" || v.Notice != "not-looked-for" || len(v.Known) != 1 || len(v.Labels) != 1 || v.Labels[0].Fields.ProduceID != string(made.Number) {
		t.Errorf("%+v", v)
	}
	w.ask("POST", "/v1/artefacts:verify", original).as(w.key).want(200, &v)
	if v.Verdict != "failed" || v.Conformity != "no-mark" || v.Identical != "failed" {
		t.Errorf("%+v", v)
	}
	w.ask("GET", at+"/sidecar", nil).as(w.key).wantCode(404, production.CodeNoSide)

	w.must(w.log.Drain(t.Context()))
	var proofs struct{ Records []httpapi.Proven }
	w.ask("GET", at+"/proof", nil).as(w.key).want(200, &proofs)
	if len(proofs.Records) != 3 {
		t.Fatalf("%+v", proofs)
	}
	for _, p := range proofs.Records {
		raw := w.ask("GET", at+"/proof?record="+p.Record.ID, nil).as(w.key).with("Accept", "text/plain").want(200, nil)
		proof, err := evidence.ParseProof(raw.Body.Bytes())
		w.must(err)
		_, err = proof.Verify([]byte(p.Leaf), w.verifier)
		w.must(err)
		if proof.Index != p.Proof.Index || string(proof.Checkpoint) != p.Proof.Checkpoint {
			t.Errorf("%+v", p)
		}
	}
	w.ask("GET", at+"/proof?record="+strangeID, nil).as(w.key).with("Accept", "text/plain").wantCode(404, httpapi.CodeRecordNotOfIt)

	zip := w.ask("GET", at+"/bundle", nil).as(w.key).want(200, nil).Body.Bytes()
	report, err := evidence.VerifyBundle(bytes.NewReader(zip), int64(len(zip)), w.verifier)
	w.must(err)
	if report.Verdict != colophon.Passed || !bytes.Contains(zip, marked) {
		t.Errorf("%+v", report)
	}
	zip = w.ask("GET", at+"/bundle?files=false", nil).as(w.key).want(200, nil).Body.Bytes()
	if bytes.Contains(zip, marked) {
		t.Error("the file is in a bundle without files")
	}
}

// TestContentOnce hands out bytes in the ways that HTTP knows, and counts the deliveries.
func TestContentOnce(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	made := w.produce(picture(t))
	at := "/v1/artefacts/" + string(made.Number) + "/content"
	whole := w.ask("GET", at, nil).as(w.key).want(200, nil).Body.Bytes()
	for _, c := range []struct {
		method, name, value string
		status, length      int
		delivered           bool
	}{
		{"GET", "Range", "bytes=0-9", 206, 10, true},
		{"GET", "Range", "bytes=-7", 206, 7, true},
		{"GET", "Range", "bytes=99999999-", 416, -1, true},
		{"GET", "Range", "bytes=" + strings.TrimSuffix(strings.Repeat("0-0,", 3000), ","), 200, len(whole), true},
		{"GET", "Range", "lines=1-2", 416, -1, true},
		{"GET", "If-None-Match", `"` + made.After + `"`, 304, 0, false},
		{"GET", "If-None-Match", `"` + made.Before + `"`, 200, len(whole), true},
		{"GET", "If-Range", `"` + made.Before + `"`, 200, len(whole), true},
		{"HEAD", "", "", 200, 0, false},
	} {
		before := len(w.deliveries(made.Number))
		r := w.ask(c.method, at, nil).as(w.key)
		if c.name != "" {
			r = r.with(c.name, c.value)
		}
		out := r.want(c.status, nil)
		if c.length >= 0 && out.Body.Len() != c.length {
			t.Errorf("%s %.40s: %d bytes", c.name, c.value, out.Body.Len())
		}
		if after := len(w.deliveries(made.Number)); (after > before) != c.delivered {
			t.Errorf("%s %.40s: %d deliveries, then %d", c.name, c.value, before, after)
		}
	}
	h := w.ask("HEAD", at, nil).as(w.key).want(200, nil).Header()
	if h.Get("Content-Length") != fmt.Sprint(len(whole)) || h.Get("Repr-Digest") == "" {
		t.Errorf("%v", h)
	}
}

// TestReturns asks for the bytes at once, and for a job.
func TestReturns(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	for _, c := range []call{
		w.ask("POST", upload+"&return=content", picture(t)).as(w.key).with("Accept", "application/json"),
		w.ask("POST", upload, picture(t)).as(w.key).with("Accept", "image/jpeg, image/*;q=0.5"),
	} {
		out := c.want(201, nil)
		number := artefact.Number(out.Header().Get("Colophon-Artefact"))
		a, err := w.register.Artefact(t.Context(), number)
		w.must(err)
		if hex.EncodeToString(a.After[:]) != sha(out.Body.Bytes()) || out.Header().Get("Location") != "/v1/artefacts/"+string(number) || out.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("%v", out.Header())
		}
		if list := w.deliveries(number); len(list) != 1 || list[0].How != "api" {
			t.Errorf("%+v", list)
		}
	}
	var a httpapi.Artefact
	out := w.ask("POST", upload+"&name=a.txt", text("later")).as(w.key).with("Prefer", "wait=1, respond-async").want(202, &a)
	if a.State != "received" || a.Job != jobID || out.Header().Get("Location") != "/v1/jobs/"+jobID || out.Header().Get("Preference-Applied") != "respond-async" {
		t.Errorf("%v %+v", out.Header(), a)
	}
	w.ask("GET", out.Header().Get("Location"), nil).as(w.key).want(200, nil)
	p := w.ask("GET", "/v1/artefacts/"+string(a.Number)+"/content", nil).as(w.key)
	if out := p.want(409, nil); out.Header().Get("Retry-After") != "1" {
		t.Errorf("%v", out.Header())
	}
}

// form is a form of parts; a part without a file name is a field.
func form(t *testing.T, parts ...[2]string) (body []byte, kind string) {
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	for _, part := range parts {
		head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + part[0] + `"`}}
		if part[0] == "" {
			head = textproto.MIMEHeader{"Content-Disposition": {`form-data; name="account"`}}
		}
		p, err := m.CreatePart(head)
		if err == nil {
			_, err = io.WriteString(p, part[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), m.FormDataContentType()
}

// TestForms uploads as curl -F does.
func TestForms(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	send := func(body []byte, kind string) call {
		c := w.ask("POST", upload, body).as(w.key)
		c.Header.Set("Content-Type", kind)
		return c
	}
	one, kind := form(t, [2]string{"../../a.txt", "in a form"})
	var a httpapi.Artefact
	send(one, kind).want(201, &a)
	if a.Before != sha([]byte("in a form")) || a.Format != "text" {
		t.Errorf("%+v", a)
	}
	two, twoKind := form(t, [2]string{"a.txt", "one"}, [2]string{"b.txt", "two"})
	field, fieldKind := form(t, [2]string{"", "one"})
	after, afterKind := form(t, [2]string{"a.txt", "one"}, [2]string{"", "two"})
	send(two, twoKind).wantCode(400, httpapi.CodeForm)
	send(field, fieldKind).wantCode(400, httpapi.CodeForm)
	send(after, afterKind).wantCode(400, httpapi.CodeForm)
	send(one[:len(one)-10], kind).wantCode(400, httpapi.CodeBody)
	send(one[:len(one)/2], kind).wantCode(400, httpapi.CodeBody)
	send([]byte("no form"), kind).wantCode(400, httpapi.CodeBody)
	send(one, "multipart/form-data").wantCode(415, httpapi.CodeContentType)
	send(one, "multipart/form-data; boundary").wantCode(415, httpapi.CodeContentType)
	send(one, "application/x-www-form-urlencoded").wantCode(415, httpapi.CodeContentType)
	var page struct{ Artefacts []httpapi.Artefact }
	w.ask("GET", "/v1/artefacts", nil).as(w.key).want(200, &page)
	if len(page.Artefacts) != 1 {
		t.Errorf("%d artefacts: refused forms left some", len(page.Artefacts))
	}
}

// TestPages walks over 1,000 items while others come in: each that was there is seen once.
func TestPages(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var add sync.WaitGroup
	enter := func(i int) {
		_, err := w.register.New(t.Context(), "application", artefact.Artefact{Number: artefact.Number(fmt.Sprintf("n-%04d", i)), Function: "other", Account: "s-1",
			Format: media.PNG, Size: 1, Before: artefact.Digest{1, byte(i), byte(i >> 8)}})
		if err != nil {
			t.Error(err)
		}
	}
	for i := range 50 {
		add.Go(func() {
			for j := range 20 {
				enter(i*20 + j)
			}
		})
	}
	add.Wait()
	seen, path := map[artefact.Number]int{}, "/v1/artefacts?limit=97&subject=s-1&state=received"
	for next, pages := "", 0; ; pages++ {
		var page struct {
			Artefacts []httpapi.Artefact
			Next      string
		}
		w.ask("GET", path+"&cursor="+next, nil).as(w.key).want(200, &page)
		for _, a := range page.Artefacts {
			seen[a.Number]++
		}
		enter(1000 + pages)
		if next = page.Next; next == "" {
			break
		}
	}
	for i := range 1000 {
		if seen[artefact.Number(fmt.Sprintf("n-%04d", i))] != 1 {
			t.Fatalf("item %d was seen %d times", i, seen[artefact.Number(fmt.Sprintf("n-%04d", i))])
		}
	}
	digest := sha256.Sum256(nil)
	for query, want := range map[string]int{"digest=" + hex.EncodeToString(append([]byte{1, 7}, make([]byte, 30)...)): 1, "digest=" + hex.EncodeToString(digest[:]): 0,
		"from=2026-11-22T09:00:00Z": 0, "to=2026-11-22T09:00:00Z&limit=500": 500, "state=marked": 0, "parent=n-0001": 0} {
		var page struct{ Artefacts []httpapi.Artefact }
		w.ask("GET", "/v1/artefacts?"+query, nil).as(w.key).want(200, &page)
		if len(page.Artefacts) != want {
			t.Errorf("%s: %d", query, len(page.Artefacts))
		}
	}
	w.ask("GET", "/v1/artefacts?cursor=bm8", nil).as(w.key).wantCode(422, artefact.CodeCursor)
}

// TestOddNumbers has content numbers that try to get out of a header, a path or a file name.
func TestOddNumbers(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	odd := []string{`a"b;filename=evil.exe`, "../../etc/passwd", "..", "数字-1", "a:retry", "%0d%0aX-Evil:1"}
	for i, n := range odd {
		a, err := w.register.New(t.Context(), "application", artefact.Artefact{Number: artefact.Number(n), Function: "other", Account: "s-1", Format: media.HTML, Size: 1, Before: artefact.Digest{9, byte(i)}})
		w.must(err)
		made, err := w.line.Produce(t.Context(), production.By{Role: "application", ID: "k", Source: w.source}, production.Order{Function: "other", Account: "x", Name: "a.html"}, strings.NewReader("<p>hello</p>"))
		w.must(err)
		_, err = w.register.Marked(t.Context(), "application", a.Number, artefact.Marking{After: made.After, Size: made.Stored, Marks: made.Marks, Blob: made.Blob})
		w.must(err)
		var path strings.Builder
		for _, b := range []byte(n) {
			fmt.Fprintf(&path, "%%%02X", b)
		}
		var v httpapi.Artefact
		w.ask("GET", "/v1/artefacts/"+path.String(), nil).as(w.key).want(200, &v)
		if string(v.Number) != n {
			t.Errorf("%q came as %q", n, v.Number)
		}
		h := w.ask("GET", "/v1/artefacts/"+path.String()+"/content", nil).as(w.key).want(200, nil).Header()
		name := h.Get("Content-Disposition")
		if strings.Count(name, `"`) != 2 || strings.ContainsAny(name, "/\r\n%") || h.Get("X-Evil") != "" || slices.ContainsFunc([]byte(h.Get("Colophon-Artefact")), func(b byte) bool { return b < ' ' || b > '~' }) {
			t.Errorf("%q: %v", n, h)
		}
		if h.Get("Content-Type") != "text/html" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || !strings.HasPrefix(name, "attachment") {
			t.Errorf("a page of others may run here: %v", h)
		}
	}
}

package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

const (
	platform = "001191110102MACQD9K6420001"
	maker    = "00119144030008867405X210001"
)

// shelf is a bucket with one file.
type shelf struct{ written map[string]string }

func (shelf) Objects(_ context.Context, _, after string) iter.Seq2[intake.Object, error] {
	return func(yield func(intake.Object, error) bool) {
		if after == "" {
			yield(intake.Object{Key: "a.txt", Size: 5}, nil)
		}
	}
}
func (shelf) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("text\n")), nil
}
func (s shelf) Write(_ context.Context, key, _ string, r io.ReadSeeker) error {
	text, err := io.ReadAll(r)
	s.written[key] = string(text)
	return err
}
func (shelf) Tag(context.Context, string, map[string]string) error { return errors.New("no tags") }

func (w *world) openIntake(kept *blobs, rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	spool := func() (production.Temporary, error) { return &temporary{}, nil }
	notices := intake.Notices{Press: &stamp.Press{}}
	w.config.Intake = intake.NewLine(intake.Config{Entries: ledgers.Of[intake.Taken](w.store, intake.EntryLedger), Recorder: rec, Keys: keys, Accounts: w.accounts, Network: w.network, Blobs: kept, Spool: spool,
		Platform: platform, Detectors: []intake.Detector{notices}, Keep: time.Hour, MaxSize: maxUpload})
	w.config.Scans = intake.NewScanner(intake.ScanConfig{Scans: ledgers.Of[intake.Scan](w.store, intake.ScanLedger), Recorder: rec, Keys: keys, Line: w.config.Intake,
		Bucket: func(context.Context, string) (intake.Bucket, error) { return shelf{map[string]string{}}, nil }})
	w.config.Materials = &intake.AppStore{Book: ledger.Book[intake.Materials]{Store: ledgers.Of[intake.Materials](w.store, intake.MaterialLedger), Recorder: rec, Keys: keys}, Notices: notices, Spool: spool, MaxSize: maxUpload}
	sender, err := fetch.New(fetch.Config{})
	w.must(err)
	w.config.Webhooks = webhook.New(webhook.Config{Endpoints: ledgers.Of[webhook.Endpoint](w.store, webhook.EndpointLedger), Messages: ledgers.Of[webhook.Message](w.store, webhook.MessageLedger),
		Recorder: rec, Keys: keys, Sender: sender, Rand: rand.Reader})
}

// labelledText is a Markdown file with a label.
func labelledText(t *testing.T, fields label.Fields) []byte {
	t.Helper()
	src := media.Memory("Text.\n")
	plan, err := label.Prepare(src, label.Request{Options: label.Options{Name: "a.md"}, Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := plan.Edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestIntake hands files in by the body, and in a form, and fetches what they became.
func TestIntake(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	made := labelledText(t, label.Fields{Label: label.Belongs, ContentProducer: maker, ProduceID: "p-1"})
	var v httpapi.Intake
	w.ask("POST", "/v1/intake?name=a.md&asked=true&number=n-1", made).as(w.key).with("Colophon-Account", account).want(201, &v)
	if v.State != intake.Confirmed || v.Action != intake.Propagated || v.Number != "n-1" || v.Notice == nil || v.Notice.Chinese != "人工智能生成" || v.Notice.English != "AI-generated" || v.Label.ProduceID != "p-1" || v.Label.ContentPropagator != platform ||
		v.Until == nil || len(v.Reasons) < 2 || v.Reasons[0].By != intake.ByLabel || v.Subject == "" || v.Subject == "system" {
		t.Errorf("%+v", v)
	}
	out := w.ask("GET", "/v1/intake/"+v.ID+"/content", nil).as(w.key).want(200, nil)
	if !strings.Contains(out.Body.String(), platform) || out.Header().Get("Colophon-Intake-State") != "confirmed" || out.Header().Get("Repr-Digest") == "" {
		t.Errorf("%v %s", out.Header(), out.Body)
	}
	var again httpapi.Intake
	w.ask("GET", "/v1/intake/"+v.ID, nil).as(w.key).want(200, &again)
	if again.Deliveries != 1 || len(again.Reasons) != len(v.Reasons) || again.Label == nil {
		t.Errorf("%+v", again)
	}
	w.ask("GET", "/v1/intake/"+v.ID+"/sidecar", nil).as(w.key).wantCode(404, intake.CodeNoSidecar)
	var none httpapi.Intake
	w.ask("POST", "/v1/intake?name=a.md", []byte("Text.\n")).as(w.key).want(201, &none)
	if none.State != intake.None || none.Notice != nil || !none.Complete || none.Subject != "" {
		t.Errorf("%+v", none)
	}
	w.ask("GET", "/v1/intake/"+none.ID+"/content", nil).as(w.key).wantCode(404, intake.CodeUnchanged)
	var list struct{ Intakes []httpapi.Intake }
	w.ask("GET", "/v1/intake?state=confirmed&digest="+v.Before, nil).as(w.key).want(200, &list)
	if len(list.Intakes) != 1 || list.Intakes[0].ID != v.ID || list.Intakes[0].Reasons != nil {
		t.Errorf("%+v", list)
	}
	out = w.ask("POST", "/v1/intake?name=a.md&return=content", []byte("Text.\n")).as(w.key).want(201, nil)
	if out.Body.String() != "Text.\n" || out.Header().Get("Location") == "" {
		t.Errorf("a file without marks came back as %q", out.Body)
	}
	out = w.ask("POST", "/v1/intake?name=a.md&return=content&declaration=generated", []byte("Text.\n")).as(w.key).want(201, nil)
	if !strings.Contains(out.Body.String(), `Label: "2"`) {
		t.Errorf("%s", out.Body)
	}
	w.ask("POST", "/v1/intake?declaration=maybe", made).as(w.key).want(422, nil)
	w.ask("POST", "/v1/intake", []byte{}).as(w.key).wantCode(422, production.CodeEmpty)
	w.ask("GET", "/v1/intake/nothing", nil).as(w.key).wantCode(404, intake.CodeMissing)
}

// TestIntakeAgain sends an upload twice with one idempotency key, and the key with other bytes.
func TestIntakeAgain(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var first, second httpapi.Intake
	w.ask("POST", "/v1/intake?name=a.md&declaration=generated", []byte("Text.\n")).as(w.key).with("Idempotency-Key", "k").want(201, &first)
	out := w.ask("POST", "/v1/intake?name=a.md&declaration=generated", []byte("Text.\n")).as(w.key).with("Idempotency-Key", "k").want(201, &second)
	if first.ID != second.ID || out.Header().Get("Idempotency-Replayed") != "true" {
		t.Error(first.ID, second.ID)
	}
	w.ask("POST", "/v1/intake?name=a.md&declaration=generated", []byte("Tixt.\n")).as(w.key).with("Idempotency-Key", "k").wantCode(409, "idempotency-key-reused")
	out = w.ask("POST", "/v1/intake?name=a.md&declaration=generated&return=content", []byte("Text.\n")).as(w.key).with("Idempotency-Key", "l").want(201, nil)
	again := w.ask("POST", "/v1/intake?name=a.md&declaration=generated&return=content", []byte("Text.\n")).as(w.key).with("Idempotency-Key", "l").want(201, nil)
	if out.Body.String() != again.Body.String() || !strings.Contains(again.Body.String(), "AIGC") {
		t.Errorf("%q %q", out.Body, again.Body)
	}
}

// posted is a form with fields before files.
func posted(t *testing.T, parts ...[3]string) (body []byte, kind string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, p := range parts {
		var part io.Writer
		var err error
		if p[1] == "" {
			part, err = form.CreateFormField(p[0])
		} else {
			part, err = form.CreateFormFile(p[0], p[1])
		}
		if err == nil {
			_, err = io.WriteString(part, p[2])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), form.FormDataContentType()
}

func (w *world) form(path string, parts ...[3]string) call {
	w.Helper()
	body, kind := posted(w.T, parts...)
	c := w.ask("POST", path, body).as(w.key)
	c.Header.Set("Content-Type", kind)
	return c
}

// TestIntakeForms hands in forms: what is said of a file stands before it and holds for it alone.
func TestIntakeForms(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	plain := "Text.\n"
	side, err := label.Prepare(media.Memory(plain), label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: maker, ProduceID: "p-2"}})
	w.must(err)
	var v httpapi.Intake
	w.form("/v1/intake", [3]string{"declaration", "", "generated"}, [3]string{"account", "", person}, [3]string{"number", "", "n-7"}, [3]string{"file", "a.md", plain}).want(201, &v)
	if v.State != intake.Possible || v.Number != "n-7" || v.Subject == "" {
		t.Errorf("%+v", v)
	}
	w.form("/v1/intake", [3]string{"sidecar", "a.txt.aigc.json", string(side.Sidecar)}, [3]string{"file", "a.txt", plain}).want(201, &v)
	if v.State != intake.Confirmed || v.Action != intake.Beside {
		t.Errorf("%+v", v)
	}
	w.ask("GET", "/v1/intake/"+v.ID+"/sidecar", nil).as(w.key).want(200, nil)
	w.form("/v1/intake", [3]string{"file", "a.md", plain}, [3]string{"file", "b.md", plain}).wantCode(400, httpapi.CodeForm)
	w.form("/v1/intake", [3]string{"shoe-size", "", "43"}, [3]string{"file", "a.md", plain}).wantCode(400, httpapi.CodeForm)
	w.form("/v1/intake").wantCode(400, httpapi.CodeForm)
	var batch struct {
		Items   []httpapi.IntakeItem
		Stopped *httpapi.Problem
	}
	w.form("/v1/intake:batch?asked=true", [3]string{"declaration", "", "generated"}, [3]string{"file", "a.md", plain}, [3]string{"file", "b.md", plain}, [3]string{"number", "", "not good"}, [3]string{"file", "c.md", plain},
		[3]string{"file", "d.md", ""}, [3]string{"file", "e.md", "【人工智能生成】\n\n" + plain}).want(200, &batch)
	var got []string
	for _, item := range batch.Items {
		if item.Intake == nil {
			got = append(got, string(item.Problem.Code))
			continue
		}
		got = append(got, string(item.Intake.State))
	}
	if !slices.Equal(got, []string{"possible", "none", string(intake.CodeInvalid), string(production.CodeEmpty), "suspected"}) || batch.Stopped != nil {
		t.Error(got, batch.Stopped)
	}
	body, kind := posted(t, [3]string{"file", "a.md", plain}, [3]string{"file", "b.md", plain})
	c := w.ask("POST", "/v1/intake:batch", body[:len(body)-80]).as(w.key)
	c.Header.Set("Content-Type", kind)
	batch.Items = nil
	c.want(200, &batch)
	if batch.Stopped == nil && len(batch.Items) == 2 && batch.Items[1].Problem == nil {
		t.Errorf("a form that was cut was taken for a whole one: %+v", batch)
	}
	w.ask("POST", "/v1/intake:batch", []byte("x")).as(w.key).wantCode(415, httpapi.CodeContentType)
}

// TestIntakeClient has the client of this project do what a platform does.
func TestIntakeClient(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	server := httptest.NewServer(w.api)
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	file := mediatest.FFmpeg(t, "a.png", "-f", "lavfi", "-i", "testsrc=s=320x240:d=1", "-frames:v", "1")
	i, err := c.TakeIn(t.Context(), client.Uploaded{Account: person, Declaration: "generated", Asked: true, Name: "a.png"}, bytes.NewReader(file))
	w.must(err)
	content, err := c.IntakeContent(t.Context(), i.ID)
	w.must(err)
	got, err := io.ReadAll(content)
	w.must(errors.Join(err, content.Close()))
	if tags := mediatest.Exiftool(t, "a.png", got); !strings.Contains(strings.Join(slices.Collect(values(tags)), " "), platform) || i.State != "possible" {
		t.Errorf("%+v: %v", i, tags)
	}
	items, err := c.TakeInAll(t.Context(), client.UploadedFile{Uploaded: client.Uploaded{Name: "a.md", Declaration: "generated"}, File: strings.NewReader("Text.\n")},
		client.UploadedFile{Uploaded: client.Uploaded{Name: "b.md"}, File: strings.NewReader("")})
	if err != nil || len(items) != 2 || items[0].Intake.State != "possible" || items[1].Problem.Code != production.CodeEmpty {
		t.Error(items, err)
	}
	list, _, err := c.Intakes(t.Context(), client.Listing{})
	if err != nil || len(list) != 2 {
		t.Error(list, err)
	}
	m, err := c.CheckMaterials(t.Context(), "app-1", true, client.UploadedFile{Uploaded: client.Uploaded{Name: "a.md"}, File: strings.NewReader("Text.\n")})
	if err != nil || m.Verdict != "failed" || m.Code != intake.MaterialsBroken || len(m.Files) != 1 {
		t.Error(m, err)
	}
	scan, err := c.BeginScan(t.Context(), client.BucketScan{Bucket: "uploads", To: "out/"})
	w.must(err)
	w.must(w.config.Scans.Run(t.Context(), scan.ID))
	if scan, err = c.Scan(t.Context(), scan.ID); err != nil || scan.State != "done" || scan.States["none"] != 1 || scan.To != "out/" {
		t.Error(scan, err)
	}
	if _, err := c.StopScan(t.Context(), scan.ID); err == nil {
		t.Error("a scan that is over was stopped")
	}
}

func values(m map[string]string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// TestWebhooks goes through the life of a webhook. What is sent is the business of internal/webhook.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	engineer := w.people[staff.Engineer]
	add := map[string]any{"url": "https://platform.example/hook?token=hidden", "types": []string{"intake.taken"}}
	var hook, again httpapi.Webhook
	w.ask("POST", "/v1/webhooks", add).by(engineer).with("Idempotency-Key", "k").want(201, &hook)
	w.ask("POST", "/v1/webhooks", add).by(engineer).with("Idempotency-Key", "k").want(201, &again)
	if !strings.HasPrefix(hook.Secret, "whsec_") || again.ID != hook.ID || again.Secret != "" || hook.Host != "platform.example" {
		t.Errorf("%+v %+v", hook, again)
	}
	at := "/v1/webhooks/" + hook.ID
	w.ask("POST", at+":rotate", nil).by(engineer).want(201, &again)
	if again.Secret == hook.Secret || again.Secret == "" {
		t.Error("the secret is the same")
	}
	var m httpapi.WebhookMessage
	w.ask("POST", at+":test", nil).by(engineer).want(201, &m)
	if m.State != webhook.Waiting || m.Type != "webhook.test" {
		t.Errorf("%+v", m)
	}
	w.ask("POST", "/v1/webhook-messages/"+m.ID+":replay", nil).by(engineer).wantCode(409, webhook.CodeState)
	w.ask("POST", at+":pause", nil).by(engineer).want(200, &again)
	if again.State != webhook.Paused {
		t.Error(again.State)
	}
	w.ask("POST", at+":resume", nil).by(engineer).want(200, nil)
	var sent struct{ Messages []httpapi.WebhookMessage }
	w.ask("GET", "/v1/webhook-messages?webhook="+hook.ID, nil).by(engineer).want(200, &sent)
	var list struct{ Webhooks []httpapi.Webhook }
	out := w.ask("GET", "/v1/webhooks", nil).by(engineer).want(200, &list)
	if len(sent.Messages) != 1 || len(list.Webhooks) != 1 || strings.Contains(out.Body.String(), "hidden") {
		t.Errorf("%s", out.Body)
	}
	w.ask("DELETE", at, nil).by(engineer).want(204, nil)
	w.ask("POST", at+":resume", nil).by(engineer).wantCode(409, webhook.CodeState)
	for _, address := range []string{"ftp://platform.example/", "https://a:b@platform.example/", "https://platform.example:22/"} {
		if out := w.ask("POST", "/v1/webhooks", map[string]any{"url": address, "types": []string{"*"}}).by(engineer).send(); out.Code/100 != 4 {
			t.Errorf("%s: %d", address, out.Code)
		}
	}
	w.ask("GET", "/v1/webhooks", nil).as(w.key).want(http.StatusForbidden, nil)
}

// intakeExample makes a request to a route of the intake or of webhooks that succeeds for whoever may make it.
func (w *world) intakeExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	officer := ledger.By{Role: "officer", ID: "staff-1"}
	by := production.By{Role: production.Application, ID: "key-1", Source: w.source}
	id := jobID
	hook := func() string {
		e, _, err := w.config.Webhooks.Add(w.Context(), officer, webhook.Draft{URL: "https://platform.example/hook", Types: []string{"*"}})
		w.must(err)
		return e.ID
	}
	taken := func(name string) string {
		r, err := w.config.Intake.Take(w.Context(), by, intake.Upload{Name: name, Declaration: intake.Generated, Keep: true}, strings.NewReader("Text.\n"))
		w.must(err)
		defer r.Close()
		return r.Entry.ID
	}
	switch row.ID {
	case "take-in":
		return w.ask(row.Method, row.Path+"?name=a.md", []byte("Text.\n")), true
	case "take-in-batch", "check-materials":
		form, kind := posted(w.T, [3]string{"file", "a.md", "Text.\n"})
		path := row.Path
		if row.ID == "check-materials" {
			path += "?app=app-1&offers=true"
		}
		c := w.ask(row.Method, path, form)
		c.Header.Set("Content-Type", kind)
		return c, true
	case "intakes", "scans", "app-materials", "webhooks", "webhook-messages":
		return w.ask(row.Method, row.Path, nil), true
	case "scan-bucket":
		return w.ask(row.Method, row.Path, map[string]any{"bucket": "uploads"}), true
	case "add-webhook":
		if may { // there may be so many, and this makes more than that
			w.dropHooks(officer)
		}
		return w.ask(row.Method, row.Path, map[string]any{"url": "https://platform.example/hook", "types": []string{"*"}}), true
	case "intake", "intake-content":
		if may {
			id = taken("a.md")
		}
	case "intake-sidecar":
		if may {
			id = taken("a.txt")
		}
	case "app-material":
		if may {
			e, err := w.config.Materials.Check(w.Context(), by, intake.Statement{App: "app-1"}, func() (string, io.Reader, error) { return "", nil, io.EOF })
			w.must(err)
			id = e.ID
		}
	case "scan", "stop-scan":
		if may {
			e, err := w.config.Scans.Begin(w.Context(), by, intake.Order{Bucket: "uploads"})
			w.must(err)
			id = e.ID
		}
	case "webhook", "rotate-webhook", "pause-webhook", "resume-webhook", "test-webhook", "remove-webhook":
		if may {
			w.dropHooks(officer)
			id = hook()
		}
	case "replay-webhook", "webhook-message":
		if may {
			w.dropHooks(officer)
			m, err := w.config.Webhooks.Test(w.Context(), hook())
			w.must(err)
			w.dropHooks(officer)
			w.must(w.config.Webhooks.Attempt(w.Context(), m.ID, true))
			id = m.ID
		}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), nil), true
}

// dropHooks removes all webhooks.
func (w *world) dropHooks(by ledger.By) {
	w.Helper()
	list, err := w.config.Webhooks.Endpoints(w.Context())
	w.must(err)
	for _, e := range list {
		_, err := w.config.Webhooks.Set(w.Context(), by, e.ID, webhook.Removed)
		w.must(err)
	}
}

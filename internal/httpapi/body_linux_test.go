package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// unsized hides how long a body is.
type unsized struct{ io.Reader }

// TestBodies sends bodies that are too large, too short, or not what they say.
func TestBodies(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	large := bytes.Repeat([]byte("x"), maxUpload+1<<17)
	digest := func(b []byte) string {
		sum := sha256.Sum256(b)
		return "sha-512=:AAAA:, sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	}
	w.ask("POST", upload, large).as(w.key).wantCode(413, httpapi.CodeBodyTooLarge)
	w.ask("POST", upload, unsized{bytes.NewReader(large)}).as(w.key).wantCode(413, production.CodeTooLarge)
	w.ask("POST", upload, large[:maxUpload+1]).as(w.key).wantCode(413, production.CodeTooLarge)
	w.ask("POST", upload, []byte{}).as(w.key).wantCode(422, production.CodeEmpty)
	w.ask("POST", upload, []byte{0, 1, 2, 3}).as(w.key).wantCode(415, "format-not-recognised")
	w.ask("POST", upload+"&name=a.txt", text("a")).as(w.key).with("Content-Digest", digest(text("b"))).wantCode(400, httpapi.CodeContentDigest)
	w.ask("POST", upload+"&name=a.txt", text("a")).as(w.key).with("Content-Digest", "sha-256=:AAAA:").wantCode(400, httpapi.CodeContentDigest)
	w.ask("POST", upload+"&name=a.txt", text("a")).as(w.key).with("Content-Digest", digest(text("a"))).want(201, nil)
	nobody := w.ask("POST", upload, text("a")).as(w.key)
	nobody.Header.Del("Colophon-Account")
	nobody.wantCode(422, httpapi.CodeFields)
	nobody = w.ask("POST", upload, text("a")).as(w.key)
	nobody.Header.Set("Colophon-Account", "%zz")
	nobody.wantCode(422, httpapi.CodeFields)
	nobody = w.ask("POST", upload, text("a")).as(w.key)
	nobody.Header.Set("Colophon-Account", "colophon-probe")
	nobody.wantCode(403, production.CodeOwn)
	w.ask("POST", "/v1/artefacts?function=none", text("a")).as(w.key).wantCode(422, httpapi.CodeFields)
	w.ask("POST", upload+"&parent=unknown&name=a.txt", text("a")).as(w.key).wantCode(422, artefact.CodeParent)
	p := w.ask("POST", upload+"&notice_txt=typing+error", text("a")).as(w.key).wantCode(422, httpapi.CodeFields)
	if len(p.Fields) != 1 || p.Fields[0].Field != "query.notice_txt" {
		t.Errorf("%+v", p)
	}
	w.ask("POST", "/v1/artefacts:verify", large).as(w.key).wantCode(413, httpapi.CodeBodyTooLarge)
	var page struct{ Artefacts []httpapi.Artefact }
	w.ask("GET", "/v1/artefacts", nil).as(w.key).want(200, &page)
	if len(page.Artefacts) != 1 {
		t.Errorf("%d artefacts: what was refused left some", len(page.Artefacts))
	}

	send := func(body any) call { return w.ask("POST", "/v1/accounts:erase", body).by(officer) }
	send(`{"account":"`+strings.Repeat("x", 70000)+`"}`).wantCode(413, httpapi.CodeBodyTooLarge)
	send(unsized{strings.NewReader(`{"account":"` + strings.Repeat("x", 70000) + `"}`)}).wantCode(413, httpapi.CodeBodyTooLarge)
	for _, broken := range []string{`{"account"`, ``, `{"account":"x"}{}`, `{"account":"x","account":"y"}`, `{"account":"x","ACCOUNT":"y"}`, `"` + "\xff" + `"`,
		strings.Repeat(`[`, 30000), strings.Repeat(`{"account":`, 4000), `{"account":1e99999`, `{"account":1e99999}`} {
		send(broken).wantCode(400, httpapi.CodeBody)
	}
	for _, wrong := range []string{`{}`, `[]`, `null`, `{"account":""}`, `{"account":null}`, `{"account":"x","more":1}`, `{"account":"` + strings.Repeat("x", 300) + `"}`} {
		if p := send(wrong).wantCode(422, httpapi.CodeFields); len(p.Fields) == 0 {
			t.Errorf("%s: %+v", wrong, p)
		}
	}
	if out := send(`{"account":["`+person+`"]}`).want(422, nil); !strings.Contains(out.Body.String(), "body.account") {
		t.Error(out.Body)
	}
	c := send(`{"account":"x"}`)
	c.Header.Set("Content-Type", "text/plain")
	c.wantCode(415, httpapi.CodeContentType)
	w.ask("POST", "/v1/log/samples", `{"seed":"","count":1}`).as(w.key).wantCode(422, httpapi.CodeFields)
	w.ask("POST", "/v1/log/samples", `{"seed":"no base64!","count":1}`).as(w.key).wantCode(422, httpapi.CodeFields)
	w.ask("POST", "/v1/log/samples", `{"seed":"AAAA","count":1e30}`).as(w.key).wantCode(422, httpapi.CodeFields)
}

// TestPaths tries to get out of the log and around the table.
func TestPaths(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.ask("GET", fmt.Sprintf("/v1/log/tile/entries/000.p/%d", w.size()), nil).want(200, nil)
	for _, path := range []string{
		"/v1/log/tile/..%2f..%2fcheckpoint", "/v1/log/tile/%2e%2e/%2e%2e/colophon.db", "/v1/log/tile/0/../../../etc/passwd", "/v1/log/tile/0%00/000", "/v1/log/tile//0/000",
		"/v1/log/tile/0/000%2f", "/v1/log/tile/0/x000/000", "/v1/log/tile/0/000.p/0", "/v1/log/tile/0/000.p/999", "/v1/log/tile/99/000", "/v1/log/tile/0/" + strings.Repeat("x001/", 20) + "000",
		"/v1/log/tile/", "/v1/log/tile", "/v1", "/v1/", "//v1/log/checkpoint", "/v1//log/checkpoint", "/v1/log/../log/checkpoint", "/v1/./log/checkpoint", "/v1/log/checkpoint/", "/v1/LOG/checkpoint",
	} {
		out := w.ask("GET", path, nil).send()
		w.clean(out)
		if out.Code != 404 && out.Code != 422 || out.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", path, out.Code, out.Header())
		}
	}
	for _, path := range []string{"/v1/artefacts/%00", "/v1/artefacts/a%0d%0aX-Evil:1", "/v1/artefacts/" + strings.Repeat("a", 300), "/v1/artefacts/%ff", "/v1/records/..%2f..", "/v1/records/%27%20OR%201=1", "/v1/jobs/a%2fb"} {
		out := w.ask("GET", path, nil).by(w.people[staff.Officer]).send()
		w.clean(out)
		if out.Code != 422 {
			t.Errorf("%s: %d %s", path, out.Code, out.Body)
		}
	}
	for method, path := range map[string]string{"PUT": "/v1/artefacts", "DELETE": "/v1/artefacts/x", "PATCH": "/v1/jobs", "TRACE": "/healthz", "OPTIONS": "/v1/api-keys"} {
		if out := w.ask(method, path, nil).want(405, nil); out.Header().Get("Allow") == "" {
			t.Errorf("%s %s: %v", method, path, out.Header())
		}
	}
	for _, path := range []string{"/v1/jobs/" + jobID + ":explode", "/v1/jobs/" + jobID, "/v1/jobs/:retry", "/v1/jobs/" + jobID + ":", "/v1/artefacts:erase"} {
		w.ask("POST", path, nil).by(w.people[staff.Officer]).wantCode(404, httpapi.CodeNoRoute)
	}
	w.ask("POST", "/v1/jobs/"+jobID+":retry", nil).by(w.people[staff.Officer]).want(204, nil)
	if fmt.Sprint(w.jobs.decided) != "[retry "+jobID+"]" {
		t.Error(w.jobs.decided)
	}
}

// TestCaching compares what may be kept by whom.
func TestCaching(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	for path, want := range map[string]string{"/v1/log/checkpoint": "no-cache", fmt.Sprintf("/v1/log/tile/0/000.p/%d", w.size()): "public, max-age=31536000, immutable", "/v1/log/key": "public, max-age=300",
		"/v1/artefacts": "no-store", "/healthz": "no-store", "/v1/log/tile/0/001": "no-store"} {
		out := w.ask("GET", path, nil).as(w.key).send()
		w.clean(out)
		if out.Header().Get("Cache-Control") != want {
			t.Errorf("%s: %v", path, out.Header())
		}
	}
}

// slow is a line that tells what it reads as it reads it.
type slow struct {
	httpapi.Line
	read chan string
}

func (s *slow) Produce(_ context.Context, _ production.By, _ production.Order, body io.Reader) (artefact.Artefact, error) {
	b := make([]byte, 5)
	for {
		n, err := io.ReadFull(body, b)
		s.read <- string(b[:n])
		if err != nil {
			return artefact.Artefact{Number: "n"}, nil
		}
	}
}

// TestUploadsAreStreamed has the line read the beginning of a body before its end was sent.
func TestUploadsAreStreamed(t *testing.T) {
	t.Parallel()
	line := &slow{}
	w := open(t, func(c *httpapi.Config) { line.Line, c.Line = c.Line, line })
	server := httptest.NewServer(w.api)
	defer server.Close()
	for _, kind := range []string{"application/octet-stream", "multipart/form-data; boundary=B"} {
		read := make(chan string)
		line.read = read
		from, to := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+upload, from)
		w.must(err)
		r.Header.Set("Authorization", "Bearer "+w.key)
		r.Header.Set("Colophon-Account", account)
		r.Header.Set("Content-Type", kind)
		done := make(chan error, 1)
		go func() {
			resp, err := server.Client().Do(r)
			if err == nil {
				resp.Body.Close()
			}
			done <- err
		}()
		before, after := "", ""
		if strings.HasPrefix(kind, "multipart") {
			before, after = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n", "\r\n--B--\r\n"
		}
		// A form holds back what may turn out to be its boundary.
		_, err = io.WriteString(to, before+"first and a little more")
		w.must(err)
		if got := <-read; got != "first" {
			t.Errorf("%q", got)
		}
		go func() {
			for range read {
			}
		}()
		_, err = io.WriteString(to, after)
		w.must(err)
		w.must(to.Close())
		w.must(<-done)
		close(read)
	}
}

// failing is a line whose errors say what nobody may read.
type failing struct {
	httpapi.Line
	err error
}

func (f failing) Produce(context.Context, production.By, production.Order, io.Reader) (artefact.Artefact, error) {
	return artefact.Artefact{}, f.err
}

// TestProblems looks at how errors are told, in both languages.
func TestProblems(t *testing.T) {
	t.Parallel()
	const secret = "the password of /tmp/colophon.db is hunter2"
	f := &failing{}
	w := open(t, func(c *httpapi.Config) { f.Line = c.Line; c.Line = f })
	for _, c := range []struct {
		err    error
		status int
		code   colophon.Code
	}{
		{errors.New(secret), 500, httpapi.CodeInternal},
		{fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), 503, httpapi.CodeUnavailable},
		{&colophon.Error{Code: "log-unmatched", Args: colophon.Args{"index": secret}, Err: errors.New(secret)}, 500, httpapi.CodeInternal},
		{&colophon.Error{Kind: colophon.Conflict, Code: "log-locked", Args: colophon.Args{"file": secret}}, 503, httpapi.CodeUnavailable},
		{&colophon.Error{Code: "store-unavailable", Err: errors.New(secret)}, 503, httpapi.CodeUnavailable},
		{&colophon.Error{Kind: colophon.Conflict, Code: "disk-full", Args: colophon.Args{"file": secret}}, 503, httpapi.CodeUnavailable},
		{&colophon.Error{Kind: colophon.Refused, Code: "permission-denied", Args: colophon.Args{"file": secret}}, 503, httpapi.CodeUnavailable},
		{&colophon.Error{Kind: colophon.Refused, Code: "notice-required", Args: colophon.Args{"function": "person"}, Clauses: []colophon.Clause{colophon.ClauseDS17}, Err: errors.New(secret)}, 403, "notice-required"},
		{&colophon.Error{Kind: colophon.Unsupported, Code: "production-format"}, 415, "production-format"},
	} {
		f.err = c.err
		out := w.ask("POST", upload, text("a")).as(w.key)
		p := out.wantCode(c.status, c.code)
		if strings.Contains(fmt.Sprint(p), "hunter2") || c.status >= 500 && len(p.Args) > 0 {
			t.Errorf("%+v", p)
		}
		if c.status < 500 && fmt.Sprint(p.Clauses) != fmt.Sprint(c.err.(*colophon.Error).Clauses) {
			t.Errorf("%+v", p)
		}
	}
	if strings.Count(w.logged.String(), "hunter2") < 3 || strings.Contains(w.logged.String(), person) {
		t.Errorf("the log: %s", w.logged)
	}
	f.err = &colophon.Error{Kind: colophon.Missing, Code: staff.CodeKeyUnknown}
	for want, header := range map[string][]string{"there is no such API key": {"", "en", "fr", "*", "en-GB;q=0.9, zh;q=0.1", strings.Repeat("x,", 2000)}, "没有此 API 密钥": {"zh", "zh-Hans-CN", "fr, zh;q=0.5, en;q=0.4"}} {
		for _, h := range header {
			c := w.ask("POST", upload, text("a")).as(w.key)
			c.Header.Set("Accept-Language", h)
			p := c.wantCode(404, staff.CodeKeyUnknown)
			if p.Title != want {
				t.Errorf("%.40s: %s", h, p.Title)
			}
		}
	}
	// Of a request that was given up nobody is told, and it is no fault of ours.
	w.logged.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.err = ctx.Err()
	c := w.ask("POST", upload, text("a")).as(w.key)
	c.Request = c.WithContext(ctx)
	c.send()
	if w.logged.Len() > 0 {
		t.Error(w.logged)
	}
}

// TestNotReady says which part is not ready, and no more.
func TestNotReady(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *httpapi.Config) {
		c.Ready = func(context.Context) []httpapi.Part {
			return []httpapi.Part{{Name: "store", Ready: true}, {Name: "blobs"}}
		}
	})
	if got := strings.TrimSpace(w.ask("GET", "/readyz", nil).want(503, nil).Body.String()); got != `{"ready":false,"parts":[{"name":"store","ready":true},{"name":"blobs","ready":false}]}` {
		t.Error(got)
	}
	w.ask("GET", "/healthz", nil).want(200, nil)
}

// TestHTTP2 uploads over HTTP/2, many at a time on one connection.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	server := httptest.NewUnstartedServer(w.api)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+upload+"&name=a.txt", strings.NewReader(fmt.Sprint("number ", i)))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+w.key)
			r.Header.Set("Colophon-Account", account)
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if resp.ProtoMajor != 2 || resp.StatusCode != 201 {
				t.Errorf("%s %s", resp.Proto, resp.Status)
			}
		})
	}
	all.Wait()
}

package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/staff"
)

func TestMain(m *testing.M) {
	if flags := os.Getenv(nodeFlags); flags != "" {
		os.Exit(serveNode(flags))
	}
	debug.SetGCPercent(400)       // dozens of servers come and go: what they leave is collected late,
	debug.SetMemoryLimit(4 << 30) // but not too late
	storetest.Main(m, leaveTown, browsertest.Close)
}

const (
	trial  = "001191110000000000000E10000"
	person = "+8613800138000"
)

// deployment is a server that runs, and whoever uses it.
type deployment struct {
	*testing.T
	config  Config
	set     Serving
	server  *Server
	output  *bytes.Buffer
	address string
	key     string
	stop    func()
}

func settings(t *testing.T, flags map[string]string) (Config, Serving) {
	t.Helper()
	all := map[string]string{"data": t.TempDir(), "listen": "127.0.0.1:0", "producer": trial, "log-name": "colophon.test/log", "rate": "100000", "starter-library": "off", "admission": "off"}
	for k, v := range flags {
		all[k] = v
	}
	c, v, err := Config{}.Serve(all, "", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	v.matchers = matchers
	return c, v
}

func deploy(t *testing.T, flags map[string]string) *deployment {
	t.Helper()
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, flags)
	if path := filepath.Join(d.set.Data, "colophon.db"); d.set.Postgres == "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			storetest.Migrated(t, path)
		}
	}
	d.start()
	return d
}

// start runs the server on the data of before, until the test ends. stop ends it and waits.
func (d *deployment) start() {
	d.Helper()
	d.launch()
	d.Cleanup(d.stop)
}

// matchers are shared by all servers, and shelved is the library of the last one, so that the next need not compile it again.
var (
	matchers = new(library.Matchers)
	shelved  atomic.Pointer[library.Set]
)

func (d *deployment) launch() {
	d.Helper()
	var err error
	if d.server, err = OpenServer(d.Context(), d.config, d.set, d.output); err != nil {
		d.Fatal(err)
	}
	if d.set.Starter == "on" {
		shelved.Store(d.server.screens.shelf.Current())
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(d.Context()))
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- d.server.Run(ctx, func(address string) { listening <- address }) }()
	select {
	case d.address = <-listening:
	case err := <-ended:
		d.Fatal(err)
	}
	done := false
	d.stop = func() {
		if done {
			return
		}
		done = true
		cancel()
		if err := <-ended; err != nil {
			d.Error(err)
		}
		if err := d.server.Close(); err != nil {
			d.Error(err)
		}
	}
}

// join makes the first officer, a further account with all roles, and an API key.
func (d *deployment) join() staff.Actor {
	d.Helper()
	ctx := d.Context()
	token, err := d.server.OpenSetUp(ctx)
	d.must(err)
	from := staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")}
	opened, err := d.server.roster.SetUp(ctx, token, "officer", "correct horse battery", from)
	d.must(err)
	actor := opened.Account.Actor()
	actor.Roles = staff.Roles()
	d.key, _, err = d.server.roster.CreateKey(ctx, actor, "tests", staff.Scope{Actions: keyActions(), Services: []string{staff.Every}, Functions: []string{staff.Every}}, 24*time.Hour)
	d.must(err)
	return actor
}

func keyActions() []staff.Action {
	var list []staff.Action
	for _, a := range staff.Actions() {
		if staff.AllowedToKeys(a) {
			list = append(list, a)
		}
	}
	return list
}

func (d *deployment) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// raw makes a request with the API key, unless the headers say something else, and returns the status and the answer.
func (d *deployment) raw(method, path string, body []byte, headers ...string) (int, string) {
	d.Helper()
	res, answer := d.send(method, path, body, headers...)
	return res.StatusCode, string(answer)
}

func (d *deployment) send(method, path string, body []byte, headers ...string) (*http.Response, []byte) {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, "http://"+d.address+path, bytes.NewReader(body))
	d.must(err)
	req.Header.Set("Authorization", "Bearer "+d.key)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Colophon-Account", account)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	d.must(err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	d.must(err)
	return res, answer
}

// ask is send for a status that is known beforehand. It returns the answer's header and body.
func (d *deployment) ask(method, path string, body []byte, want int, headers ...string) (http.Header, []byte) {
	d.Helper()
	res, answer := d.send(method, path, body, headers...)
	if res.StatusCode != want {
		d.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, want, answer)
	}
	if bytes.Contains(answer, []byte(person)) {
		d.Errorf("%s %s: the answer names the account", method, path)
	}
	return res.Header, answer
}

func (d *deployment) json(v any, method, path string, body []byte, want int, headers ...string) http.Header {
	d.Helper()
	h, answer := d.ask(method, path, body, want, headers...)
	if err := json.Unmarshal(answer, v); err != nil {
		d.Fatalf("%s: %s", err, answer)
	}
	return h
}

// until asks again while the answer says that something is not there yet.
func (d *deployment) until(path string, ready func(status int, body []byte) bool) []byte {
	d.Helper()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for ; ; <-beat.C {
		req, err := http.NewRequestWithContext(d.Context(), "GET", "http://"+d.address+path, nil)
		d.must(err)
		req.Header.Set("Authorization", "Bearer "+d.key)
		res, err := http.DefaultClient.Do(req)
		d.must(err)
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		d.must(err)
		if ready(res.StatusCode, body) {
			return body
		}
		if d.Context().Err() != nil {
			d.Fatal("it never came: ", path)
		}
	}
}

// account is the account of the tests, as a header has it.
const account = "%2B8613800138000"

func jpegSample(t *testing.T) []byte {
	t.Helper()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, ".jpg") {
			return f.Bytes
		}
	}
	t.Fatal("there is no sample picture")
	return nil
}

// TestServer lives through the day of a deployment over HTTP: content is marked and handed out, proven, looked for and
// erased; the log fits the store at the end, and after a restart.
func TestServer(t *testing.T) {
	t.Parallel()
	run(t, nil)
}

// TestServerOnPostgreSQL is the same day on the other engine, with content in another folder.
func TestServerOnPostgreSQL(t *testing.T) {
	t.Parallel()
	run(t, map[string]string{"postgres": storetest.Postgres(t), "blobs": t.TempDir()})
}

func run(t *testing.T, flags map[string]string) {
	d := deploy(t, flags)
	d.join()
	var a httpapi.Artefact
	d.json(&a, "POST", "/v1/artefacts?function=person", jpegSample(t), http.StatusCreated)
	if a.State != "marked" || a.Number == "" {
		t.Fatalf("%+v", a)
	}
	h, content := d.ask("GET", "/v1/artefacts/"+string(a.Number)+"/content", nil, http.StatusOK)
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != a.After || h.Get("Content-Type") != "image/jpeg" {
		t.Error("what was handed out is not what was marked")
	}
	report, err := label.Read(media.Memory(content), label.Options{Pinned: d.server.keys.Seals})
	d.must(err)
	if len(report.Marks) != 1 || report.Marks[0].Seal.State != label.SealPinned || report.Marks[0].Fields.ProduceID != string(a.Number) {
		t.Errorf("%+v", report.Marks)
	}
	var v httpapi.Verification
	d.json(&v, "POST", "/v1/artefacts:verify", content, http.StatusOK)
	if v.Verdict != "passed" || v.Identical != "passed" || len(v.Known) != 1 {
		t.Errorf("%+v", v)
	}
	d.bundle(a)
	d.byJob()
	d.erased(a)
	d.stop()
	d.checked()
	d.start()
	d.json(&a, "POST", "/v1/artefacts?function=other", []byte("some words"), http.StatusCreated, "Content-Type", "text/plain")
	d.until("/v1/artefacts/"+string(a.Number)+"/bundle", func(status int, _ []byte) bool { return status == http.StatusOK })
	d.stop()
	d.checked()
	if strings.Contains(d.output.String(), person) || strings.Contains(d.output.String(), url.QueryEscape(person)) {
		t.Error("the log names the account")
	}
}

// bundle takes a bundle to somebody who has nothing but the log's key.
func (d *deployment) bundle(a httpapi.Artefact) {
	d.Helper()
	zip := d.until("/v1/artefacts/"+string(a.Number)+"/bundle", func(status int, body []byte) bool {
		if status != http.StatusOK && status != http.StatusConflict {
			d.Fatalf("%d %s", status, body)
		}
		return status == http.StatusOK
	})
	_, key := d.ask("GET", "/v1/log/key", nil, http.StatusOK)
	report, err := evidence.VerifyBundle(bytes.NewReader(zip), int64(len(zip)), verifiers(d.T, string(key))...)
	d.must(err)
	if report.Verdict != colophon.Passed || len(report.Records) != 3 {
		d.Errorf("%+v", report)
	}
	if bytes.Contains(zip, []byte(person)) {
		d.Error("the bundle names the account")
	}
}

// byJob has a job mark a text.
func (d *deployment) byJob() {
	d.Helper()
	var a httpapi.Artefact
	d.json(&a, "POST", "/v1/artefacts?function=dialogue&name=answer.md", []byte("# An answer\n\nWords."), http.StatusAccepted, "Prefer", "respond-async", "Content-Type", "text/markdown")
	if a.Job == "" {
		d.Fatalf("%+v", a)
	}
	var done httpapi.Artefact
	d.until("/v1/artefacts/"+string(a.Number), func(status int, body []byte) bool {
		if status != http.StatusOK || json.Unmarshal(body, &done) != nil || done.State == "failed" {
			d.Fatalf("%d %s", status, body)
		}
		return done.State == "marked"
	})
	_, content := d.ask("GET", "/v1/artefacts/"+string(a.Number)+"/content", nil, http.StatusOK)
	if !bytes.Contains(content, []byte(a.Number)) {
		d.Errorf("%s", content)
	}
	d.until("/v1/jobs/"+a.Job, func(status int, body []byte) bool {
		var j httpapi.Job
		if status != http.StatusOK || json.Unmarshal(body, &j) != nil || j.State == "dead" {
			d.Fatalf("%d %s", status, body)
		}
		return j.State == "done"
	})
}

// erased erases the account: its content is gone at once, and what the law wants kept is restricted (PIPL Art. 47).
func (d *deployment) erased(a httpapi.Artefact) {
	d.Helper()
	c := custody{d.server}
	state, err := c.Erase(d.Context(), byOfficer(), person)
	d.must(err)
	if state != "restricted" {
		d.Error(state)
	}
	var left httpapi.Artefact
	d.json(&left, "GET", "/v1/artefacts/"+string(a.Number), nil, http.StatusOK)
	if left.State != "erased" || left.Subject != "" || left.After != "" || left.Marks != nil {
		d.Errorf("%+v", left)
	}
	d.must(d.server.line.Sweep(d.Context()))
	for entry, err := range d.server.blobs.List(d.Context()) {
		d.Errorf("a blob is left: %v %v", entry, err)
	}
	lines, err := c.NetworkLog(d.Context(), byOfficer(), httpapi.NetworkQuestion{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Limit: 100})
	d.must(err)
	for _, l := range lines {
		if l.Subject != string(evidence.System) {
			d.Errorf("the network log of a restricted account was read: %+v", l)
		}
	}
}

// checked re-verifies the log of the deployment, which does not run.
func (d *deployment) checked() {
	d.Helper()
	var p Progress
	report, err := Fsck(d.Context(), d.config, d.set, &p)
	d.must(err)
	if report.Verdict != colophon.Passed || report.Pending != 0 || report.Records == 0 {
		d.Errorf("%+v", report)
	}
}

// TestNoPlainHTTPBeyondThisMachine asks for HTTP without TLS on all addresses.
func TestNoPlainHTTPBeyondThisMachine(t *testing.T) {
	t.Parallel()
	c, v := settings(t, map[string]string{"listen": "0.0.0.0:0", "public-url": "http://colophon.test"})
	s, err := OpenServer(t.Context(), c, v, io.Discard)
	if err == nil {
		err = s.Run(t.Context(), func(string) { t.Error("it listens") })
		defer s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "edge-plain-network") {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "c.yaml")
	write(t, path, "listen: 127.0.0.1:1\nrate: 7\nkeep-logs: 12\nlog-level: warn\noidc:\n- issuer: https://id.example\n  client-id: c\n  roles:\n  - {claim: groups, value: a, role: auditor}\n")
	env := func(name string) string {
		return map[string]string{"COLOPHON_RATE": "8", "COLOPHON_LOG_LEVEL": "error"}[name]
	}
	_, v, err := Config{}.Serve(map[string]string{"log-level": "debug"}, path, env)
	if err != nil {
		t.Fatal(err)
	}
	if v.Listen != "127.0.0.1:1" || v.Rate != 8 || v.LogLevel != "debug" || v.KeepLogs != 12 || v.PublicURL != "http://127.0.0.1:1" || len(v.OIDC) != 1 || v.OIDC[0].Roles[0].Value != "a" {
		t.Errorf("%+v", v)
	}
	for text, code := range map[string]colophon.Code{
		"nonsense: 1\n": CodeSettingUnknown, "rate: many\n": CodeSetting, "keep-logs: 5\n": evidence.CodeRetentionShort, "[": CodeSettingFile,
		"public-url: ftp://x\n": CodeSetting, "trusted-proxies: 300.1.1.1\n": CodeSetting, "tls-cert: x\n": CodeSetting, "drain: soon\n": CodeSetting, "seal: RSA\n": CodeSetting,
	} {
		write(t, path, text)
		_, v, err := Config{}.Serve(nil, path, func(string) string { return "" })
		if err == nil {
			_, err = v.proxies()
		}
		if !isCode(err, code) {
			t.Errorf("%q: %v, want %s", text, err, code)
		}
	}
}

// TestLogKeepsItsName reaches a deployment under another address than at its first start.
func TestLogKeepsItsName(t *testing.T) {
	t.Parallel()
	c, v := settings(t, map[string]string{"log-name": "", "public-url": "http://localhost:1"})
	for _, public := range []string{"http://localhost:1", "http://127.0.0.1:1"} {
		c, next, err := c.Serve(map[string]string{"data": v.Data, "producer": trial, "public-url": public, "starter-library": "off", "admission": "off"}, "", func(string) string { return "" })
		if err != nil || next.LogName != "localhost/log" {
			t.Fatal(next.LogName, err)
		}
		s, err := OpenServer(t.Context(), c, next, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSweepBlobs leaves bytes that belong to no item for a day, then removes them, and keeps those that do.
func TestSweepBlobs(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	d.join()
	d.ask("POST", "/v1/artefacts?function=person", jpegSample(t), http.StatusCreated)
	stray, _, err := d.server.blobs.Put(t.Context(), strings.NewReader("left by a process that died"))
	d.must(err)
	for _, test := range []struct {
		age  time.Duration
		left int
	}{{time.Hour, 2}, {25 * time.Hour, 1}} {
		at := time.Now().Add(-test.age)
		for entry, err := range d.server.blobs.List(t.Context()) {
			d.must(err)
			name := blob.FormatDigest(entry.Digest)
			paths, err := filepath.Glob(filepath.Join(d.set.Blobs, "*", "*", name+"*"))
			if paths == nil {
				paths, err = filepath.Glob(filepath.Join(d.set.Blobs, "*", name+"*"))
			}
			d.must(err)
			if len(paths) != 1 {
				t.Fatalf("%s lies at %v", name, paths)
			}
			d.must(os.Chtimes(paths[0], at, at))
		}
		d.must(d.server.sweepBlobs(t.Context()))
		n := 0
		for entry, err := range d.server.blobs.List(t.Context()) {
			d.must(err)
			if test.left == 1 && entry.Digest == stray {
				t.Error("the stray bytes are still there")
			}
			n++
		}
		if n != test.left {
			t.Errorf("after %v: %d blobs", test.age, n)
		}
	}
}

// TestHealth asks a server that runs, and one that does not.
func TestHealth(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	v := d.set
	v.Listen = d.address
	d.must(Health(t.Context(), v))
	d.stop()
	if err := Health(t.Context(), v); !isCode(err, CodeNotReady) {
		t.Error(err)
	}
}

// TestLostLog starts a server whose log was set back or is gone: it does not start, and leaves nothing in the place of the
// log that is to be put back.
func TestLostLog(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	d.join()
	d.stop()
	away := d.set.Log + ".away"
	d.must(os.Rename(d.set.Log, away))
	if _, err := OpenServer(t.Context(), d.config, d.set, io.Discard); !isCode(err, tlog.CodeRolledBack) {
		t.Error(err)
	}
	if _, err := os.Stat(d.set.Log); err == nil {
		t.Error("a new log stands in the place of the old one")
	}
	d.must(os.Rename(away, d.set.Log))
	d.start()
	d.stop()
	d.checked()
}

package httpapi_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/answers"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/internal/store/people"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	// person is an account as the provider knows it. It must not be found in any answer.
	person    = "+8613800138000"
	inHeader  = "req-4711"
	password  = "correct horse battery staple"
	loggerKey = "colophon.test/log"
	maxUpload = 1 << 20
	jobID     = "019aab3c-5d1e-7c00-8000-00000000000a"
	strangeID = "019aab3c-5d1e-7c00-8000-0000000000ff"
)

// blobs keeps bytes in memory; that seals hold is the business of internal/blob.
type blobs struct{ files sync.Map }

type opened struct{ *bytes.Reader }

func (opened) Close() error  { return nil }
func (o opened) Size() int64 { return o.Reader.Size() }

func (b *blobs) Put(_ context.Context, r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	sum := sha256.Sum256(text)
	ref := hex.EncodeToString(sum[:])
	b.files.Store(ref, text)
	return ref, err
}

func (b *blobs) Open(_ context.Context, ref string) (production.File, error) {
	text, ok := b.files.Load(ref)
	if !ok {
		return nil, errors.New("no such blob")
	}
	return opened{bytes.NewReader(text.([]byte))}, nil
}

func (b *blobs) PutSealed(ctx context.Context, r io.Reader, _ []byte) (string, error) {
	return b.Put(ctx, r)
}
func (b *blobs) OpenSealed(ctx context.Context, ref string, _ []byte) (production.File, error) {
	return b.Open(ctx, ref)
}
func (b *blobs) Delete(_ context.Context, ref string) error { b.files.Delete(ref); return nil }

type temporary struct{ bytes.Buffer }

func (*temporary) Close() error           { return nil }
func (t *temporary) Source() media.Source { return media.Memory(t.Bytes()) }

// network keeps the network log.
type network struct {
	mu   sync.Mutex
	seen []production.By
}

func (n *network) Log(_ context.Context, _ evidence.Subject, _ string, by production.By) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, by)
	return nil
}

type prover struct{ *evidence.Recorder }

func (p prover) Prove(of staff.Proof) (evidence.Record, error) {
	return p.New(evidence.Type(of.Type), evidence.Subject(of.Subject), evidence.Role(of.Role), of.Clauses, of.Payload)
}

// archive is the store's records.
type archive struct{ *store.Store }

func (l archive) About(ctx context.Context, n artefact.Number, limit int) ([]evidence.Held, error) {
	return l.RecordsAbout(ctx, string(n), 0, limit)
}
func (l archive) Note(ctx context.Context, rec evidence.Record) error {
	return l.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec); return err })
}
func (l archive) Records(ctx context.Context, q httpapi.RecordQuery) ([]evidence.Held, error) {
	return l.FindRecords(ctx, store.RecordQuery(q))
}

type reader struct{ archive }

func (r reader) Payload(ctx context.Context, _ production.By, id string) (evidence.Opening, error) {
	return r.archive.Payload(ctx, id)
}

type publicLog struct {
	*tlog.Reader
	key string
}

func (l publicLog) Key() string { return l.key }

// jobs has one job, and takes whatever is decided about it.
type jobs struct {
	mu      sync.Mutex
	decided []string
}

func (j *jobs) Job(_ context.Context, id string) (httpapi.Job, error) {
	if id != jobID {
		return httpapi.Job{}, &colophon.Error{Kind: colophon.Missing, Code: "job-missing"}
	}
	return httpapi.Job{ID: id, Kind: "mark", State: "dead", Attempt: 10, Attempts: 10}, nil
}
func (j *jobs) List(ctx context.Context, state, _ string, _ int) ([]httpapi.Job, error) {
	one, err := j.Job(ctx, jobID)
	if state != one.State {
		return nil, err
	}
	return []httpapi.Job{one}, err
}
func (j *jobs) Depth(context.Context) (map[string]int64, error) {
	return map[string]int64{"waiting": 0, "running": 0, "dead": 1}, nil
}
func (j *jobs) decide(what, id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.decided = append(j.decided, what+" "+id)
	return nil
}
func (j *jobs) Retry(_ context.Context, _ production.By, id string) error {
	return j.decide("retry", id)
}
func (j *jobs) Discard(_ context.Context, _ production.By, id string) error {
	return j.decide("discard", id)
}

// custody counts what is asked of it.
type custody struct {
	mu    sync.Mutex
	holds int
}

func (c *custody) Erase(context.Context, production.By, string) (string, error) {
	return "restricted", nil
}
func (c *custody) Hold(context.Context, production.By, string, string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds++
	return uuid.NewString(), nil
}
func (c *custody) Lift(context.Context, production.By, string) error { return nil }
func (c *custody) NetworkLog(_ context.Context, _ production.By, q httpapi.NetworkQuestion) ([]httpapi.NetworkLine, error) {
	return []httpapi.NetworkLine{{At: q.From, Subject: "s-1", Operation: "artefact.create", Source: "192.0.2.1:4711", Client: "test/1"}}, nil
}

const holdID = "019aab3c-5d1e-7c00-8000-3f6c9f6a1b2e"

// Holds, HoldEntry, Erasures and Ahead make it an httpapi.Restraints with one of each.
func (c *custody) Holds(_ context.Context, standing bool, _ string, _ int) ([]httpapi.Hold, error) {
	lifted := time.UnixMilli(1)
	list := []httpapi.Hold{{ID: holdID, Subject: "s-1"}, {ID: "019aab3c", Record: "r-1", Lifted: &lifted}}
	if standing {
		list = list[:1]
	}
	return list, nil
}
func (c *custody) HoldEntry(_ context.Context, id string) (httpapi.Hold, error) {
	if id != holdID {
		return httpapi.Hold{}, &colophon.Error{Kind: colophon.Missing, Code: "store-missing"}
	}
	return httpapi.Hold{ID: id, Subject: "s-1"}, nil
}
func (c *custody) Erasures(context.Context, bool, string, int) ([]httpapi.Erasure, error) {
	return []httpapi.Erasure{{Subject: "s-1", State: "restricted"}}, nil
}
func (c *custody) Ahead(context.Context, string) (httpapi.Rehearsal, error) {
	return httpapi.Rehearsal{Subject: "s-1", State: "restricted", Records: 3, Held: true}, nil
}

// logCheck has a log with one fault.
type logCheck struct{}

func (logCheck) State(context.Context) (httpapi.LogState, error) {
	return httpapi.LogState{Origin: loggerKey, Size: 3, Records: 4, Waiting: 1}, nil
}
func (logCheck) Check(context.Context, production.By) (httpapi.LogReport, error) {
	return httpapi.LogReport{Verdict: "failed", Size: 3, Faults: []httpapi.LogFault{{Kind: "row", Name: "2", Verdict: "failed", Code: tlog.CodeRowWrong}}}, nil
}

// world is the API over a real line, a real roster and a real store.
type world struct {
	*testing.T
	config   httpapi.Config
	screens  *screens
	swapper  *swapper
	accounts *accounts.Accounts
	judged   bool // the line asks what becomes of what it got
	made     int  // words that [world.unique] made
	api      http.Handler
	line     *production.Line
	register *artefact.Register
	log      *tlog.Log
	store    *store.Store
	clock    *storetest.Clock
	network  *network
	jobs     *jobs
	custody  *custody
	parrot   *parrot
	counter  *counter
	crier    *crier
	copier   *copier
	issuer   *issuer
	corpus   *corpus
	visitors int
	filings  int
	logged   *bytes.Buffer
	verifier note.Verifier
	people   map[staff.Role]staff.Opened
	key      string // may do whatever a key may do, for every function
	source   netip.AddrPort
}

func open(t *testing.T, set func(*httpapi.Config)) *world {
	t.Helper()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	w := &world{T: t, store: storetest.Open(t, config), clock: clock, network: &network{}, jobs: &jobs{}, custody: &custody{}, logged: &bytes.Buffer{},
		people: map[staff.Role]staff.Opened{}, source: netip.MustParseAddrPort("192.0.2.1:4711")}
	rec := storetest.Recorder(t, config.Keys, clock.Now)
	w.register = artefact.NewRegister(artefacts.New(w.store, func(context.Context, *store.Tx, artefact.Number) (string, error) { return jobID, nil }), rec)
	kept := &blobs{}
	w.accounts = accounts.New(w.store, rec, make([]byte, 32))
	w.line = production.NewLine(production.Config{Register: w.register, Recorder: rec, Keys: config.Keys, Press: &stamp.Press{}, Accounts: w.accounts,
		Judge: func(ctx context.Context, q production.Question) (production.Answer, error) {
			if !w.judged {
				return production.Answer{}, nil
			}
			return w.screens.judge(ctx, q)
		},
		Network: w.network, Blobs: kept, Spool: func() (production.Temporary, error) { return &temporary{}, nil }, Rand: rand.Reader, Producer: "001191110000000000000E10000", MaxSize: maxUpload})
	public, private, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	signer, err := evidence.NewNoteSigner(loggerKey, private, rand.Reader)
	w.must(err)
	w.verifier, err = evidence.NewNoteVerifier(loggerKey, public)
	w.must(err)
	dir := t.TempDir()
	w.log, err = tlog.Open(t.Context(), tlog.Config{Dir: dir, Signer: signer, Verifiers: []note.Verifier{w.verifier}, Store: w.store})
	w.must(err)
	t.Cleanup(func() { w.must(w.log.Close()) })
	read := tlog.NewReader(tlog.Folder(dir), w.store, loggerKey, w.verifier)
	binder := &production.Binder{Register: w.register, Recorder: rec, Records: archive{w.store}, Blobs: kept, Signer: signer, Log: read,
		Cover: func(s production.Sheet) ([]byte, []byte, error) { return []byte("<p>" + s.Policy), nil, nil }}
	roster, err := staff.New(staff.Config{Store: people.New(w.store, prover{rec}), Now: clock.Now, Random: rand.Reader, NewID: uuid.NewV7,
		Secret: []byte(strings.Repeat("k", 32)), Passwords: staff.Hashing{Memory: 64, Passes: 1, Threads: 1}})
	w.must(err)
	w.config = httpapi.Config{Line: w.line, Binder: binder, Artefacts: w.register, Log: publicLog{read, "the key"}, Jobs: w.jobs, Ledger: reader{archive{w.store}}, Custody: w.custody, Restraints: w.custody, LogCheck: logCheck{},
		Settings: []httpapi.Setting{{Key: "keep-logs", Value: "6", Origin: "default"}},
		Answers:  answers.New(w.store, clock.Now, make([]byte, 32)), Roster: roster, Ready: func(context.Context) []httpapi.Part { return []httpapi.Part{{Name: "store", Ready: true}} },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up 1\n") }),
		Source:  func(*http.Request) netip.AddrPort { return w.source }, RequestID: func(context.Context) string { return inHeader },
		Logger: slog.New(slog.NewTextHandler(w.logged, nil)), MaxUpload: maxUpload}
	w.openScreens(kept, rec, config.Keys, signer)
	w.openLinks(rec, config.Keys)
	w.openIdentity(rec, config.Keys)
	w.openStanding(rec, config.Keys)
	w.openConsents(rec, config.Keys, signer, kept)
	w.openRegister(rec)
	w.openAssessments(rec)
	w.openAdmission(rec)
	w.openModels()
	w.openExports(new(bool))
	w.openUpstream(rec, config.Keys)
	w.openIntake(kept, rec, config.Keys)
	w.openDesk(kept, rec, config.Keys)
	w.openPacks(kept, rec, config.Keys)
	w.openFilings(kept, rec, config.Keys)
	w.openIncidents(kept, rec, config.Keys)
	w.openRuns(rec, config.Keys)
	w.openDuties(kept, rec)
	w.config.Probes = &tried{}
	w.openRefutations(rec)
	w.openCopies(rec, config.Keys)
	w.openCards(rec)
	w.openCorpora(rec, config.Keys)
	w.openInspections(rec)
	w.openOversight(rec, config.Keys)
	w.config.Overviews = &counted{}
	if set != nil {
		set(&w.config)
	}
	w.api, err = httpapi.New(w.config)
	w.must(err)
	w.hire(roster)
	w.key, _ = w.newKey(keyActions(), []string{staff.Every}, time.Hour)
	w.must(w.log.Drain(t.Context()))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// hire signs one person in for each role.
func (w *world) hire(roster *staff.Roster) {
	ctx, from := w.Context(), staff.Attempt{Source: netip.MustParseAddr("192.0.2.9")}
	token, err := roster.OpenSetUp(ctx)
	w.must(err)
	officer, err := roster.SetUp(ctx, token, "officer", password, from)
	w.must(err)
	w.people[staff.Officer] = officer
	for _, role := range []staff.Role{staff.Reviewer, staff.Engineer, staff.Auditor} {
		_, token, err := roster.Create(ctx, officer.Account.Actor(), string(role), []staff.Role{role})
		w.must(err)
		w.people[role], err = roster.Accept(ctx, token, password, from)
		w.must(err)
	}
}

// keyActions are the actions that a key may have.
func keyActions() (list []staff.Action) {
	for _, a := range staff.Actions() {
		if staff.AllowedToKeys(a) {
			list = append(list, a)
		}
	}
	return list
}

func (w *world) newKey(actions []staff.Action, functions []string, life time.Duration) (string, staff.ID) {
	w.Helper()
	text, k, err := w.config.Roster.CreateKey(w.Context(), w.people[staff.Officer].Account.Actor(), "test", staff.Scope{Actions: actions, Services: []string{"*"}, Functions: functions}, life)
	w.must(err)
	return text, k.ID
}

// call is a request in the making.
type call struct {
	*http.Request
	w *world
}

func (w *world) ask(method, path string, body any) call {
	w.Helper()
	var from io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		from, kind = bytes.NewReader(b), "application/octet-stream"
	case string:
		from, kind = strings.NewReader(b), "application/json"
	case io.Reader:
		from = b
	default:
		text, err := json.Marshal(b)
		w.must(err)
		from, kind = bytes.NewReader(text), "application/json"
	}
	r := httptest.NewRequest(method, path, from)
	r.Header.Set("User-Agent", "test/1")
	if strings.HasPrefix(path, "/v1/artefacts?") || strings.HasPrefix(path, "/v1/network-log") {
		r.Header.Set("Colophon-Account", account)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return call{r, w}
}

func (c call) with(name, value string) call {
	c.Header.Add(name, value)
	return c
}

// as signs a request with an API key.
func (c call) as(key string) call { return c.with("Authorization", "Bearer "+key) }

// by sends the session of somebody with the request, and the token that a page of ours would.
func (c call) by(o staff.Opened) call {
	csrf, err := c.w.config.Roster.CSRF(o.Token)
	c.w.must(err)
	return c.session(o).with("X-CSRF-Token", csrf).with("Sec-Fetch-Site", "same-origin")
}

func (c call) session(o staff.Opened) call {
	c.AddCookie(&http.Cookie{Name: c.w.config.Roster.SessionCookie(false).Name, Value: o.Token})
	return c
}

func (c call) send() *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	c.w.api.ServeHTTP(out, c.Request)
	return out
}

// want sends the request and fails unless it is answered with a status. The answer is read into what is given,
// in which nothing stays of an answer before.
func (c call) want(status int, into any) *httptest.ResponseRecorder {
	c.w.Helper()
	out := c.send()
	if out.Code != status {
		c.w.Fatalf("%s %s: %d %s, want %d", c.Method, c.URL, out.Code, out.Body, status)
	}
	c.w.clean(out)
	if into != nil {
		reflect.ValueOf(into).Elem().SetZero()
		c.w.must(json.Unmarshal(out.Body.Bytes(), into))
	}
	return out
}

// wantCode fails unless the request ends with a problem of this status and code.
func (c call) wantCode(status int, code colophon.Code) httpapi.Problem {
	c.w.Helper()
	var p httpapi.Problem
	out := c.want(status, &p)
	if p.Code != code || p.Status != status || p.Type != "urn:colophon:error:"+string(code) || p.Title == "" || p.RequestID != inHeader || out.Header().Get("Content-Type") != "application/problem+json" {
		c.w.Fatalf("%s %s: %s %s", c.Method, c.URL, out.Header().Get("Content-Type"), out.Body)
	}
	return p
}

// clean fails when an answer says what none may say.
func (w *world) clean(out *httptest.ResponseRecorder) {
	w.Helper()
	for _, secret := range []string{person, strings.TrimPrefix(person, "+"), "sqlite", "SELECT ", "/tmp/", "goroutine", ".go:", `"blob"`} {
		if strings.Contains(out.Body.String(), secret) {
			w.Errorf("an answer says %q: %.500s", secret, out.Body)
		}
	}
	if out.Header().Get("X-Content-Type-Options") != "nosniff" || out.Header().Get("Cache-Control") == "" {
		w.Errorf("headers: %v", out.Header())
	}
}

// account is person as a header has it.
const account = "%2B8613800138000"

const upload = "/v1/artefacts?function=other"

// text is content that is marked fast.
func text(words string) []byte { return []byte(words + "\n") }

func (w *world) produce(content []byte) httpapi.Artefact {
	w.Helper()
	var a httpapi.Artefact
	w.ask("POST", upload+"&name=a.txt", content).as(w.key).want(201, &a)
	return a
}

// unlike makes an item that nothing else is like, and returns it as it was before it was marked.
func (w *world) unlike() []byte {
	w.Helper()
	page := []byte("<!doctype html><html lang=\"zh\"><head><title>" + uuid.NewString() + "</title></head><body><p>a page</p></body></html>\n")
	w.ask("POST", upload+"&name=a.html", page).as(w.key).want(201, nil)
	return page
}

func picture(t *testing.T) []byte {
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

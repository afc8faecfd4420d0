package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime/multipart"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/staff"
)

// counter is what a desk asks of others, and where files lie. What it is asked to do it notes.
type counter struct {
	*blobs
	register *artefact.Register
	done     []string
}

func (c *counter) Find(ctx context.Context, clue desk.Clue) (list []desk.Found, _ error) {
	for _, n := range clue.Numbers {
		if a, err := c.register.Artefact(ctx, artefact.Number(n)); err == nil {
			list = append(list, desk.Found{Number: n, Account: a.Account, How: desk.ByNumber, Certain: true})
		}
	}
	return list, nil
}

func (c *counter) Do(_ context.Context, o desk.Order) (desk.Did, error) {
	c.done = append(c.done, "do "+string(o.Action.Do))
	if o.Action.Do == desk.LabelContent {
		return desk.Did{}, &colophon.Error{Kind: colophon.Unsupported, Code: "desk-act-elsewhere"}
	}
	return desk.Did{Ref: "ref"}, nil
}

// OfCase has a package of every case of a right.
func (c *counter) OfCase(_ context.Context, id string) ([]parcel.Parcel, error) {
	return []parcel.Parcel{{Key: id + "/0", SHA256: strings.Repeat("0", 64), Size: 4}}, nil
}

func (c *counter) Hand(_ context.Context, by ledger.By, k desk.Case, action int) (parcel.Parcel, io.ReadCloser, error) {
	if action != 0 {
		return parcel.Parcel{}, nil, &colophon.Error{Kind: colophon.Missing, Code: parcel.CodeMissing}
	}
	c.done = append(c.done, "hand "+k.ID+" to "+string(by.Role))
	return parcel.Parcel{Size: 4}, io.NopCloser(strings.NewReader("data")), nil
}

func (c *counter) Undo(_ context.Context, o desk.Order) error {
	c.done = append(c.done, "undo "+string(o.Action.Do))
	return nil
}

func (c *counter) Deciders(context.Context, desk.About) ([]string, error) { return nil, nil }

func (c *counter) Keep(ctx context.Context, _ string, from io.Reader) (desk.File, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return desk.File{}, err
	}
	sum := sha256.Sum256(text)
	ref, err := c.PutSealed(ctx, bytes.NewReader(text), nil)
	kind := "text/plain"
	if bytes.HasPrefix(text, []byte{0}) {
		kind = "application/octet-stream"
	}
	return desk.File{Attachment: desk.Attachment{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text)), Type: kind, Marks: "none"}, Blob: ref, Key: []byte("key")}, err
}

func (c *counter) Open(ctx context.Context, f desk.File) (io.ReadCloser, error) {
	return c.OpenSealed(ctx, f.Blob, f.Key)
}

// openDesk adds a desk to the world.
func (w *world) openDesk(kept *blobs, rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	var err error
	w.counter = &counter{blobs: kept, register: w.register}
	w.config.CaseLimits, err = limits.NewKeeper(ledgers.Of[limits.Version](w.store, limits.Ledger), rec, desk.KindNames())
	w.must(err)
	triage, err := desk.DefaultTriage()
	w.must(err)
	calendar, err := workday.Known()
	w.must(err)
	w.config.CaseFiles, w.config.Parcels = w.counter, w.counter
	w.config.Desk, err = desk.New(desk.Config{Cases: ledgers.Of[desk.Case](w.store, desk.Ledger), Recorder: rec, Keys: keys, Limits: w.config.CaseLimits, Calendar: calendar, Triage: triage, Secret: []byte(strings.Repeat("s", 32)),
		Ends: func(over time.Time) time.Time { return over.AddDate(0, 6, 0) }, Held: func(context.Context, evidence.Subject) (bool, error) { return false, nil },
		Random: rand.Reader, Buckets: tallies.New(w.store), Finder: w.counter, Actor: w.counter, Origins: w.counter, AppealAt: "https://provider.example/appeal"})
	w.must(err)
}

// elsewhere has the next request come from another address, since each address is counted.
func (w *world) elsewhere() {
	w.visitors++
	w.source = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(w.visitors >> 8), byte(w.visitors)}), 4711)
}

// multipart sends a form of pairs; a field named file is a file.
func (w *world) multipart(path string, pairs ...string) call {
	w.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != "file" {
			w.must(m.WriteField(pairs[i], pairs[i+1]))
			continue
		}
		part, err := m.CreateFormFile("file", "a.txt")
		w.must(err)
		_, err = io.WriteString(part, pairs[i+1])
		w.must(err)
	}
	w.must(m.Close())
	return w.ask("POST", path, io.Reader(&body)).with("Content-Type", m.FormDataContentType())
}

// complaint is a form that brings a case.
func (w *world) complaint(path string, more ...string) call {
	w.Helper()
	return w.multipart(path, append([]string{"kind", "report", "ground", "desk-ground-illegal", "contact", w.unique("somebody") + "@mail.example", "text", "What somebody wrote.", "language", "en"}, more...)...)
}

// brought is a case of somebody outside.
func (w *world) brought() desk.Opened {
	w.Helper()
	o, err := w.config.Desk.Open(w.Context(), ledger.By{Role: "user"}, desk.Draft{Kind: desk.Report, Party: desk.PartyPublic, Grounds: []colophon.Code{desk.GroundIllegal}, Source: desk.FromWeb, Language: "en",
		Contact: w.unique("somebody") + "@mail.example", Text: "What somebody wrote.", Files: []desk.File{w.enclosed()}})
	w.must(err)
	return o
}

func (w *world) enclosed() desk.File {
	w.Helper()
	f, err := w.counter.Keep(w.Context(), "", strings.NewReader("a file"))
	w.must(err)
	return f
}

// case of an account that the tests name.
func (w *world) ownCase() string {
	w.Helper()
	subject, err := w.accounts.Subject(w.Context(), person)
	w.must(err)
	o, err := w.config.Desk.Open(w.Context(), ledger.By{Role: "application"}, desk.Draft{Kind: desk.Likeness, Party: desk.PartyUser, Source: desk.FromAPI, Language: "en", Account: subject, Text: "What somebody wrote."})
	w.must(err)
	return o.ID
}

func (w *world) clerk(role staff.Role) desk.Clerk {
	return desk.Clerk{By: ledger.By{Role: evidence.Role(role), ID: string(w.people[role].Account.ID)}, Appeals: true}
}

var finding = map[string]any{"outcome": "unfounded", "facts": "There is nothing to be seen.", "explanation": "No clause forbids what is shown."}

func (w *world) ruled(id string, by desk.Clerk) {
	w.Helper()
	_, err := w.config.Desk.Take(w.Context(), by, id)
	w.must(err)
	_, err = w.config.Desk.Decide(w.Context(), by, id, desk.Ruling{Outcome: desk.Unfounded, Facts: "There is nothing to be seen.", Explanation: "No clause forbids what is shown."})
	w.must(err)
}

// deskExample makes the request of [world.example] for routes of the desk.
func (w *world) deskExample(row httpapi.Row, role staff.Role, may bool) (call, bool) {
	w.Helper()
	w.elsewhere()
	var body any
	path, id := row.Path, strangeID
	switch row.ID {
	case "cases", "case-board", "next-case", "limits", "public-limits":
	case "case-accuracy":
		path += "?subject=s-1"
	case "public-figures":
		path += "?month=2026-11"
	case "submit-case":
		return w.complaint(path), true
	case "open-case":
		return w.complaint(path, "account", person, "kind", "label"), true
	case "look-at-case", "withdraw-case", "answer-case", "appeal-case", "package":
		return w.publicExample(row), true
	case "own-cases":
		body = map[string]any{"account": person}
	case "look-at-own-case", "withdraw-own-case", "answer-own-case", "appeal-own-case", "own-package":
		if may {
			id = w.ownCase()
		}
		if row.ID == "appeal-own-case" && may {
			w.ruled(id, w.clerk(staff.Auditor))
		}
		if row.ID == "answer-own-case" {
			return w.multipart(path, "account", person, "id", id, "text", "More."), true
		}
		given := map[string]any{"account": person, "id": id}
		if row.ID == "appeal-own-case" {
			given["text"] = "It is wrong."
		}
		body = given
	case "draft-limits":
		body = map[string]any{"limits": w.limitsTable(), "reason": "test"}
	case "limits-version", "publish-limits", "withdraw-limits":
		if may {
			starter, err := limits.Starter(desk.KindNames())
			w.must(err)
			v, err := w.config.CaseLimits.Draft(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, starter, "test")
			w.must(err)
			id = v.ID
		}
		if row.ID == "publish-limits" {
			body = map[string]any{}
		}
	default:
		if !strings.HasPrefix(row.Path, "/v1/cases/{id}") {
			return call{}, false
		}
		return w.caseExample(row, role, may), true
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", id, 1), body), true
}

// publicExample makes a request to a route that needs code and PIN.
func (w *world) publicExample(row httpapi.Row) call {
	w.Helper()
	o := w.brought()
	if row.ID == "answer-case" {
		return w.multipart(row.Path, "code", o.Code, "pin", o.PIN, "text", "More.")
	}
	body := map[string]any{"code": o.Code, "pin": o.PIN}
	if row.ID == "appeal-case" {
		w.ruled(o.ID, w.clerk(staff.Auditor))
		body["text"] = "It is wrong."
	}
	return w.ask(row.Method, row.Path, body)
}

// caseExample makes a request about a case in the state that it needs.
func (w *world) caseExample(row httpapi.Row, role staff.Role, may bool) call {
	w.Helper()
	id, digest := strangeID, strings.Repeat("0", 64)
	body := map[string]map[string]any{"pause-case": {"why": "desk-wait-other", "until": w.clock.Now().Add(time.Hour)}, "ask-case": {"text": "Who are you?"}, "decide-case": finding, "preview-case": finding, "close-case": {"how": "page"},
		"join-case": {"earlier": strangeID}, "retry-case": {"action": 0}}[row.ID]
	if may {
		o := w.brought()
		id, digest = o.ID, o.Files[0].SHA256
		by := w.clerk(role)
		switch row.ID {
		case "extend-case", "return-case", "pause-case", "ask-case", "decide-case", "preview-case", "resume-case", "retry-case":
			_, err := w.config.Desk.Take(w.Context(), by, id)
			w.must(err)
			if row.ID == "resume-case" {
				_, err = w.config.Desk.Pause(w.Context(), by, id, limits.WaitOther, w.clock.Now().Add(time.Hour))
			}
			if row.ID == "retry-case" {
				_, err = w.config.Desk.Decide(w.Context(), by, id, desk.Ruling{Outcome: desk.Founded, Facts: "It shows what is said.", Explanation: "The clause forbids it.",
					Statement: desk.Statement{Terms: "4.2"}, Deeds: []desk.Deed{{Do: desk.StopContent, Target: "n-1"}}})
			}
			w.must(err)
		case "join-case":
			body["earlier"] = id
			id = w.brought().ID
		case "close-case":
			w.ruled(id, by)
		}
	}
	path := strings.NewReplacer("{id}", id, "{sha256}", digest).Replace(row.Path)
	if body == nil {
		return w.ask(row.Method, path, nil)
	}
	return w.ask(row.Method, path, body)
}

// limitsTable is the starter table as a request drafts it.
func (w *world) limitsTable() []httpapi.CaseLimits {
	w.Helper()
	var out struct {
		Now httpapi.PublicLimits `json:"in_force"`
	}
	w.ask("GET", "/v1/public/limits", nil).want(200, &out)
	return out.Now.Limits
}

// TestCase has a stranger report something, and an account appeal and win.
func TestCase(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var made httpapi.Artefact
	w.ask("POST", upload+"&name=a.txt", text("what is reported")).as(w.key).want(201, &made)
	var got httpapi.CaseReceipt
	w.complaint("/v1/public/cases", "number", string(made.Number), "file", "a copy of it").with("Idempotency-Key", "same").want(201, &got)
	if got.Code == "" || len(got.PIN) != 8 || got.Sought != desk.SoughtFound || len(got.Files) != 1 || got.Files[0].Type != "text/plain" {
		t.Fatalf("%+v", got)
	}
	var again httpapi.CaseReceipt
	if w.complaint("/v1/public/cases", "number", string(made.Number)).with("Idempotency-Key", "same").want(201, &again); again.ID != got.ID || again.PIN != "" {
		t.Errorf("%+v", again)
	}
	key := map[string]any{"code": strings.ToLower(got.Code), "pin": got.PIN}
	var own httpapi.OwnCase
	if w.ask("POST", "/v1/public/cases:look", key).want(200, &own); own.State != desk.Received || own.Due == nil || own.Side != desk.Reporter || len(own.Files) != 1 {
		t.Errorf("%+v", own)
	}
	reviewer, officer := w.people[staff.Reviewer], w.people[staff.Officer]
	var next struct{ Case *httpapi.Case }
	if w.ask("POST", "/v1/cases:next", nil).by(reviewer).want(200, &next); next.Case == nil || next.Case.ID != got.ID || next.Case.About.Account == "" || !next.Case.Found[0].Certain {
		t.Fatalf("%+v", next.Case)
	}
	path := "/v1/cases/" + got.ID
	var read httpapi.Particulars
	if w.ask("GET", path+"/particulars", nil).by(reviewer).want(200, &read); read.Text != "What somebody wrote." || !strings.HasSuffix(read.Contact, "@mail.example") {
		t.Errorf("%+v", read)
	}
	if out := w.ask("GET", path+"/files/"+got.Files[0].SHA256, nil).by(reviewer).want(200, nil); out.Body.String() != "a copy of it" || out.Header().Get("Content-Disposition") != "attachment" {
		t.Errorf("%v %s", out.Header(), out.Body)
	}
	w.ask("POST", path+":decide", finding).by(officer).wantCode(403, desk.CodeNotYours)
	var c httpapi.Case
	w.ask("POST", path+":decide", map[string]any{"outcome": "founded", "facts": "The text says what is reported.", "explanation": "The clause forbids it in so many words.",
		"statement": map[string]any{"visibility": []string{"desk-visibility-removed"}, "clauses": []string{"ds-6"}, "category": "desk-ground-illegal"},
		"deeds":     []map[string]any{{"do": "stop-content", "target": made.Number}, {"do": "label-content", "target": made.Number}}}).by(reviewer).want(200, &c)
	if c.State != desk.Decided || c.Actions[0].Result != desk.Done || c.Actions[1].Result != desk.Failed || c.Actions[1].Why != "desk-act-elsewhere" || len(c.Reasons.Zh) != len(c.Reasons.En) || len(c.Reasons.En) < 5 {
		t.Fatalf("%+v", c)
	}
	w.ask("POST", path+":close", map[string]any{"how": "page"}).by(reviewer).want(200, nil)
	mine := map[string]any{"account": person, "id": got.ID}
	if w.ask("POST", "/v1/cases:look", mine).as(w.key).want(200, &own); own.Side != desk.Affected || !own.Appealable || own.Outcome != desk.Founded || own.Facts == "" || len(own.Files) != 0 {
		t.Errorf("%+v", own)
	}
	var appeal httpapi.CaseReceipt
	mine["text"] = "It says nothing of the kind."
	w.ask("POST", "/v1/cases:appeal", mine).as(w.key).with("Idempotency-Key", "appeal").want(201, &appeal)
	again = httpapi.CaseReceipt{} // code and PIN are not kept for the key
	if w.ask("POST", "/v1/cases:appeal", mine).as(w.key).with("Idempotency-Key", "appeal").want(201, &again); appeal.PIN == "" || again.ID != appeal.ID || again.PIN != "" || again.Code != "" {
		t.Errorf("%+v", again)
	}
	w.ask("POST", "/v1/cases:appeal", mine).as(w.key).wantCode(409, desk.CodeAppealed)
	w.ask("POST", "/v1/cases/"+appeal.ID+":take", nil).by(reviewer).wantCode(403, desk.CodeSenior)
	w.ask("POST", "/v1/cases/"+appeal.ID+":take", nil).by(officer).want(200, nil)
	w.ask("POST", "/v1/cases/"+appeal.ID+":decide", map[string]any{"outcome": "reversed", "facts": "The text says something else.", "explanation": "What it says is not forbidden."}).by(officer).want(200, &c)
	if !slices.Equal(w.counter.done, []string{"do stop-content", "do label-content", "undo stop-content", "undo label-content"}) {
		t.Error(w.counter.done)
	}
	if w.ask("GET", path, nil).by(reviewer).want(200, &c); c.Actions[0].Undone == nil || c.Appeals[0].Outcome != desk.Reversed {
		t.Errorf("%+v", c)
	}
	if w.ask("POST", "/v1/public/cases:look", key).want(200, &own); own.Outcome != desk.Unfounded {
		t.Errorf("%+v", own)
	}
	month := w.clock.Now().In(time.FixedZone("", 8*60*60)).Format("2006-01")
	var f httpapi.MonthFigures
	if w.ask("GET", "/v1/public/figures?month="+month, nil).want(200, &f); f.All.Received != 2 || f.All.Decided != 2 || f.All.Overturned != 1 || f.All.Outcomes[desk.Founded] != 1 || len(f.Queries) == 0 || f.Queries[0].Sentence == "" {
		t.Errorf("%+v", f)
	}
	if out := w.ask("GET", "/v1/public/figures?format=csv&month="+month, nil).want(200, nil); !strings.Contains(out.Body.String(), month+",all,received,2\n") || !strings.Contains(out.Body.String(), month+",report,outcome_founded,1\n") {
		t.Error(out.Body)
	}
}

// TestCaseGuesses has somebody go through PINs of a code from many addresses, and through codes from one.
func TestCaseGuesses(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	o := w.brought()
	statuses := map[int]int{}
	for i := range 40 {
		w.elsewhere()
		statuses[w.ask("POST", "/v1/public/cases:look", map[string]any{"code": o.Code, "pin": strconv.Itoa(10000000 + i)}).send().Code]++
	}
	if statuses[404] != 20 || statuses[429] != 20 {
		t.Errorf("many addresses: %v", statuses)
	}
	w.clock.Set(w.clock.Now().Add(time.Hour))
	w.elsewhere()
	w.ask("POST", "/v1/public/cases:look", map[string]any{"code": o.Code, "pin": o.PIN}).want(200, nil)
	statuses = map[int]int{}
	for range 40 {
		out := w.ask("POST", "/v1/public/cases:look", map[string]any{"code": w.brought().Code, "pin": "12345678"}).send()
		if statuses[out.Code]++; out.Code == 429 && out.Header().Get("Retry-After") == "" {
			t.Error("nobody says how long to wait")
		}
	}
	if statuses[404] == 0 || statuses[429] == 0 || len(statuses) != 2 {
		t.Errorf("one address: %v", statuses)
	}
}

// TestPackage hands a package out to whoever brought the case, and to nobody else.
func TestPackage(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	o, own := w.brought(), w.ownCase()
	send := func(path string, more map[string]any) call {
		w.elsewhere()
		return w.ask("POST", path, more)
	}
	send("/v1/public/cases:package", map[string]any{"code": o.Code, "pin": "00000000"}).wantCode(404, desk.CodeAccess)
	send("/v1/public/cases:package", map[string]any{"code": o.Code, "pin": o.PIN, "action": 1}).wantCode(404, parcel.CodeMissing)
	send("/v1/cases:package", map[string]any{"account": "somebody-else", "id": own}).as(w.key).wantCode(404, desk.CodeAccess)
	if n := len(w.counter.done); n != 0 {
		t.Errorf("%v", w.counter.done)
	}
	var seen httpapi.OwnCase
	send("/v1/public/cases:look", map[string]any{"code": o.Code, "pin": o.PIN}).want(200, &seen)
	if len(seen.Packages) != 1 || seen.Packages[0].Action != 0 || seen.Packages[0].Size != 4 {
		t.Errorf("%+v", seen.Packages)
	}
	send("/v1/public/cases:package", map[string]any{"code": o.Code, "pin": o.PIN}).want(200, nil)
	send("/v1/cases:package", map[string]any{"account": person, "id": own}).as(w.key).want(200, nil)
	if want := []string{"hand " + o.ID + " to user", "hand " + own + " to application"}; !slices.Equal(w.counter.done, want) {
		t.Errorf("%v, want %v", w.counter.done, want)
	}
}

// TestCaseFiles hands in what no case takes.
func TestCaseFiles(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.complaint("/v1/public/cases", "file", "\x00 something that nobody reads").wantCode(422, desk.CodeInvalid)
	w.complaint("/v1/public/cases", "file", "").wantCode(422, desk.CodeInvalid)
	w.complaint("/v1/public/cases", "file", strings.Repeat("a", maxUpload+1<<17)).wantCode(413, httpapi.CodeBodyTooLarge)
	w.complaint("/v1/public/cases", "account", person).wantCode(400, httpapi.CodeForm)
	w.ask("POST", "/v1/public/cases", map[string]any{"kind": "report"}).wantCode(415, httpapi.CodeContentType)
	var many []string
	for i := range 21 {
		many = append(many, "file", strconv.Itoa(i))
	}
	w.complaint("/v1/public/cases", many...).wantCode(422, desk.CodeInvalid)
	w.complaint("/v1/public/cases", many[:40]...).want(201, nil)
	w.multipart("/v1/public/cases", "kind", "likeness", "text", "That is my face.").wantCode(403, desk.CodeAnonymous)
	var list struct{ Cases []httpapi.Case }
	if w.ask("GET", "/v1/cases", nil).by(w.people[staff.Auditor]).want(200, &list); len(list.Cases) != 1 {
		t.Errorf("%d cases came in", len(list.Cases))
	}
}

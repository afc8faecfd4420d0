package app

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/refutation"
)

// claim brings a case for an account through the application. Pairs are as for submit.
func (h *hands) claim(pairs ...string) (got httpapi.CaseReceipt) {
	h.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != "file" {
			h.must(m.WriteField(pairs[i], pairs[i+1]))
			continue
		}
		part, err := m.CreateFormFile("file", "a.jpg")
		h.must(err)
		_, err = io.WriteString(part, pairs[i+1])
		h.must(err)
	}
	h.must(m.Close())
	h.json(&got, "POST", "/v1/cases", body.Bytes(), 201, "Content-Type", m.FormDataContentType())
	return got
}

// grant takes a case and decides it by a deed; more are further fields of the decision.
func (h *hands) grant(id string, want int, do desk.Act, target string, more object) (c httpapi.Case) {
	h.Helper()
	h.as(h.first, "POST", "/v1/cases/"+id+":take", nil, 200, nil)
	ruling := object{"outcome": "founded", "facts": "The person asked for what is theirs.", "explanation": "The law grants it to whoever asks.", "deeds": []object{{"do": do, "target": target}}}
	for k, v := range more {
		ruling[k] = v
	}
	h.as(h.first, "POST", "/v1/cases/"+id+":decide", ruling, want, &c)
	return c
}

// subject is the pseudonym of an account.
func (h *hands) subject(account string) evidence.Subject {
	h.Helper()
	subject, err := h.server.accounts.Find(h.Context(), account)
	h.must(err)
	return subject
}

// afterwards does what the daily jobs do, at a later time, on the store of a server that does not run.
func (d *deployment) afterwards(age time.Duration) {
	d.Helper()
	s, err := openPart(d.Context(), d.config, d.set)
	d.must(err)
	defer s.Close()
	d.must(s.store.Close())
	retention, err := d.set.retention()
	d.must(err)
	now := func() time.Time { return time.Now().Add(age) }
	later, err := store.Open(d.Context(), store.Config{Path: filepath.Join(d.set.Data, "colophon.db"), Keys: s.keys.Envelopes, Retention: retention, Now: now})
	d.must(err)
	defer later.Close()
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: s.keys.Envelopes, Classes: classes()})
	d.must(err)
	old := &Server{store: later, recorder: recorder}
	_, err = later.EndRestrictions(d.Context(), func(subject evidence.Subject) (evidence.Record, error) { return old.erasure(system, "", subject) })
	d.must(err)
}

// readable counts the entries of ledgers that hold something sealed for a person.
func (d *deployment) readable(subject evidence.Subject) (n int) {
	d.Helper()
	for _, name := range []string{desk.Ledger, copies.Ledger, pack.Ledger, refutation.Ledger, parcel.Ledger, identity.VerificationLedger, agreement.AcceptanceLedger} {
		list, err := ledgers.Of[json.RawMessage](d.server.store, name).Find(d.Context(), ledger.Query{Subject: subject})
		d.must(err)
		for _, e := range list {
			if e.Kept == ledger.Whole || e.Kept == ledger.Restricted || e.Sealed != nil {
				n++
			}
		}
	}
	return n
}

// TestDeletion has an account ask for deletion that was verified, accepted an agreement, made an item whose original is kept, and
// got a copy of it: content and original are erased at once, what is sealed in the ledgers and the network log at the end of their
// period, the person is told both, and the log still verifies.
func TestDeletion(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"admission": "off", "keep-originals": "90"})
	version, digest := h.offer()
	made := h.made(holder, "paint", detailed(t))
	h.attest("rv-1")
	h.as("", "POST", "/v1/agreements:accept", object{"account": holder, "version": version, "language": "zh", "digest": digest}, 200, nil)
	h.copyOf(201, holder, string(made.Number), version, "archive", "own")
	const words, contact = "Everything that telling-4711 wrote", "telling-4711@mail.example"
	got := h.claim("account", holder, "kind", "rights", "right", "delete", "language", "en", "name", "Telling Name", "contact", contact, "text", words, "file", string(scene(t)))
	look := func() (v httpapi.OwnCase) {
		t.Helper()
		h.as("", "POST", "/v1/cases:look", object{"account": holder, "id": got.ID}, 200, &v)
		return v
	}
	subject := h.subject(holder)
	if v := look(); v.Kept != ledger.Whole || v.Done != nil {
		t.Errorf("%+v", v)
	}
	h.as("", "POST", "/v1/cases:look", object{"account": person, "id": got.ID}, 404, nil)
	ahead := func() store.Ahead {
		t.Helper()
		a, err := h.server.store.EraseAhead(t.Context(), subject)
		h.must(err)
		return a
	}
	if sealed, a := h.readable(subject), ahead(); sealed != 3 || a.Records == 0 || a.Lines == 0 || a.Artefacts != 2 { // the item and the copy
		t.Fatalf("%d entries, %+v", sealed, a) // or what is gone later was never there
	}
	c := h.grant(got.ID, 200, desk.DeleteData, string(subject), nil)
	if a := c.Actions[0]; a.Result != desk.Done || a.Says == nil || c.Decision.Proof == nil || c.Decision.Proof.How != string(desk.ByAccount) {
		t.Fatalf("%+v %+v", a, c.Decision)
	}
	told := look()
	due := time.Now().AddDate(0, 6, 0)
	if said := strings.Join(told.Done.En, "\n"); len(told.Done.En) != 2 || !strings.Contains(said, "Deleted at once") || !strings.Contains(said, "Kept until "+due.Format("2006")) || !strings.Contains(said, "Article 47") {
		t.Errorf("%q", said)
	}
	var left httpapi.Artefact
	h.json(&left, "GET", "/v1/artefacts/"+string(made.Number), nil, 200)
	if left.State != artefact.Erased || left.Subject != "" || left.After != "" {
		t.Errorf("%+v", left)
	}
	if a := ahead(); a.Artefacts != 0 || a.Records == 0 || a.Lines == 0 {
		t.Errorf("%+v", a)
	}
	h.must(h.server.line.Sweep(t.Context()))
	if n := h.blobs(); n != 1 { // the file of the case, which is restricted with it
		t.Errorf("%d blobs are left", n)
	}
	if told.Kept != ledger.Restricted || h.readable(subject) != 3 {
		t.Errorf("%s, %d", told.Kept, h.readable(subject))
	}
	h.as(h.first, "GET", "/v1/cases/"+got.ID+"/particulars", nil, 403, nil)
	h.as(h.first, "POST", "/v1/cases/"+got.ID+":close", object{"how": "page"}, 200, nil)
	h.stop()
	h.checked()
	h.nothing(words, "Telling Name", contact, holder, holderName)

	h.afterwards(5 * 30 * 24 * time.Hour)
	h.start()
	if v := look(); v.Kept != ledger.Restricted {
		t.Errorf("erased before its time: %s", v.Kept)
	}
	h.stop()
	h.afterwards(7 * 31 * 24 * time.Hour)
	h.start()
	if n := h.readable(subject); n != 0 {
		t.Errorf("%d entries can still be read", n)
	}
	if a := ahead(); a.Records != 0 || a.Lines != 0 {
		t.Errorf("%+v", a)
	}
	if needed, err := h.server.cases.desk.Needs(t.Context(), "x"); needed || err != nil {
		t.Error(needed, err)
	}
	old := time.Now().Add(-48 * time.Hour)
	h.must(filepath.WalkDir(h.set.Blobs, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			err = os.Chtimes(path, old, old)
		}
		return err
	}))
	h.must(h.server.sweepBlobs(t.Context()))
	if n := h.blobs(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
	if h.subject(holder) != "" {
		t.Error("the account is still known")
	}
	h.as("", "POST", "/v1/cases:look", object{"account": holder, "id": got.ID}, 404, nil)
	h.submitted("/v1/public/cases:look", object{"code": got.Code, "pin": got.PIN}, 404)
	h.stop()
	h.checked()
	h.nothing(words, "Telling Name", contact, holder, holderName, got.Code, got.PIN)
}

// submitted posts JSON without any key, and returns the answer.
func (h *hands) submitted(path string, body any, want int) []byte {
	h.Helper()
	text, err := json.Marshal(body)
	h.must(err)
	_, answer := h.ask("POST", path, text, want, "Content-Type", "application/json", "Authorization", "")
	return answer
}

// unzipped are the files of a package.
func (d *deployment) unzipped(raw []byte) map[string]string {
	d.Helper()
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	d.must(err)
	files := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		d.must(err)
		text, err := io.ReadAll(rc)
		d.must(err)
		files[f.Name] = string(text)
	}
	return files
}

// TestPort gives a person what is kept about them, and nothing of anybody else.
func TestPort(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"admission": "off"})
	ctx := t.Context()
	var mine, theirs httpapi.Artefact
	h.json(&mine, "POST", "/v1/artefacts?function=other&name=a.jpg", scene(t), 201)
	h.json(&theirs, "POST", "/v1/artefacts?function=other&name=b.txt", []byte("Words that another made.\n"), 201, "Colophon-Account", "another-account")
	_, marked := h.ask("GET", "/v1/artefacts/"+string(mine.Number)+"/content", nil, 200)
	for number, to := range map[artefact.Number]string{mine.Number: string(theirs.Subject), theirs.Number: string(mine.Subject)} {
		_, err := h.server.register.Delivered(ctx, "system", number, to, artefact.Download)
		h.must(err)
	}
	h.attestFor(person)
	h.claim("account", "another-account", "kind", "complaint", "language", "en", "text", "What another wrote.", "number", string(mine.Number))
	h.claim("account", person, "kind", "complaint", "language", "en", "text", "What I wrote.", "contact", "me@mail.example")
	got := h.claim("account", person, "kind", "rights", "right", "port", "language", "zh", "text", "All of it.")
	if c := h.grant(got.ID, 403, desk.ExportData, string(theirs.Subject), nil); len(c.Actions) != 0 {
		t.Errorf("%+v", c)
	}
	c := h.grant(got.ID, 200, desk.ExportData, string(mine.Subject), nil)
	if a := c.Actions[0]; a.Result != desk.Done || a.Ref == "" {
		t.Fatalf("%+v", a)
	}
	var seen httpapi.OwnCase
	h.as("", "POST", "/v1/cases:look", object{"account": person, "id": got.ID}, 200, &seen)
	if len(seen.Packages) != 1 || seen.Done == nil || !strings.Contains(seen.Done.Zh[0], "下载") {
		t.Fatalf("%+v", seen)
	}
	h.as("", "POST", "/v1/cases:package", object{"account": "another-account", "id": got.ID}, 404, nil)
	_, raw := h.ask("POST", "/v1/cases:package", []byte(`{"account":"`+person+`","id":"`+got.ID+`"}`), 200, "Content-Type", "application/json")
	files := h.unzipped(raw)
	var data parcel.Data
	h.must(json.Unmarshal([]byte(files[parcel.DataName]), &data))
	if len(data.Items) != 1 || data.Items[0].Number != string(mine.Number) || files[data.Items[0].File] != string(marked) || len(data.Deliveries) != 3 || len(data.Verifications) != 1 || len(data.Cases) != 2 || len(data.Network) == 0 {
		t.Errorf("%d items, %d deliveries, %d verifications, %d cases, %d lines", len(data.Items), len(data.Deliveries), len(data.Verifications), len(data.Cases), len(data.Network))
	}
	whole := files[parcel.DataName] + files[parcel.PageName] + files[parcel.ManifestName]
	for _, s := range []string{string(mine.Number), string(mine.Subject), "What I wrote.", "me@mail.example", "All of it.", "未包含的内容及原因"} {
		if !strings.Contains(whole, s) {
			t.Errorf("no %q in the package", s)
		}
	}
	for _, s := range []string{string(theirs.Number), string(theirs.Subject), "another-account", "another wrote", "another made", "officer", holderNumber, person} {
		if strings.Contains(whole, s) {
			t.Errorf("%q is in the package", s)
		}
	}
	list, _, err := h.server.register.Deliveries(ctx, artefact.DeliveryQuery{Number: mine.Number, To: string(mine.Subject)}, "", 10)
	if err != nil || len(list) != 1 {
		t.Errorf("%+v %v", list, err)
	}

	public := h.asked("rights", "access")
	if c := h.grant(public.ID, 403, desk.ExportData, string(mine.Subject), nil); len(c.Actions) != 0 {
		t.Errorf("%+v", c)
	}
	h.grant(public.ID, 403, desk.ExportData, string(mine.Subject), object{"proof": object{"result": "unknown"}})
	h.submitted("/v1/public/cases:package", object{"code": public.Code, "pin": public.PIN}, 404)
	h.grant(public.ID, 200, desk.ExportData, string(mine.Subject), object{"proof": object{"result": "proven", "how": desk.ByDocument}})
	h.submitted("/v1/public/cases:package", object{"code": public.Code, "pin": "00000000"}, 404)
	files = h.unzipped(h.submitted("/v1/public/cases:package", object{"code": public.Code, "pin": public.PIN}, 200))
	if len(files) != 3 || !strings.Contains(files[parcel.PageName], "The files themselves") {
		t.Errorf("%d files", len(files))
	}
	types, _, err := h.records(parcel.RecordHanded)
	if err != nil || types != 2 {
		t.Errorf("%d records of a handing over: %v", types, err)
	}
	h.stop()
	h.checked()
	h.nothing("What I wrote.", "me@mail.example", "What another wrote.", public.PIN)
}

// asked is a request of somebody without an account.
func (h *hands) asked(kind, right string) (got httpapi.CaseReceipt) {
	h.Helper()
	h.submit("/v1/public/cases", 201, &got, "kind", kind, "right", right, "party", "subject", "language", "en", "contact", "somebody@mail.example", "text", "What is mine.")
	return got
}

// attestFor says that an account was verified.
func (h *hands) attestFor(account string) {
	h.Helper()
	h.as("", "POST", "/v1/accounts:attest", object{"account": account, "level": "two-factor", "method": "resident-id", "provider": "own-registration", "transaction": "rv-1", "at": time.Now().UTC(),
		"claim": object{"kind": "resident-id", "number": holderNumber, "name": holderName}}, 201, nil)
}

// records counts the records of a type.
func (h *hands) records(typ evidence.Type) (n int, last evidence.Held, err error) {
	list, err := h.server.store.FindRecords(h.Context(), store.RecordQuery{Type: typ, Limit: 100})
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	return len(list), last, err
}

// TestWithdrawByCase has somebody who gave a consent withdraw it at the desk: the cascade follows.
func TestWithdrawByCase(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"admission": "off"})
	ctx, of := t.Context(), ledger.By{Role: consent.RoleSubject}
	var made httpapi.Artefact
	h.json(&made, "POST", "/v1/artefacts?function=other&name=a.txt", []byte("Some text.\n"), http.StatusCreated)
	var asked httpapi.Consent
	h.as("", "POST", "/v1/consents", object{"account": person, "person": "adult", "language": "zh", "requester_name": "Studio", "why": "an advert", "subject_name": depictedName,
		"terms": object{"modality": []string{"voice"}, "purpose": "advert", "functions": []string{"person"}, "until": time.Now().Add(time.Hour)}}, 201, &asked)
	n, _, err := h.server.consents.Shown(ctx, of, asked.ID, "zh")
	h.must(err)
	challenge, err := h.server.consents.Challenge(ctx, of, asked.ID)
	h.must(err)
	_, err = h.server.consents.Record(ctx, of, asked.ID, consent.Take{Nonce: challenge.Nonce, Body: strings.NewReader("a telling recording")})
	h.must(err)
	_, _, err = h.server.consents.Give(ctx, of, asked.ID, consent.Answer{Notice: n.SHA256})
	h.must(err)

	mine := h.claim("account", person, "kind", "rights", "right", "withdraw", "language", "en", "text", "Not any more.", "consent", asked.ID)
	c := h.grant(mine.ID, 200, desk.WithdrawConsent, asked.ID, nil) // the account asked for it and did not give it
	if a := c.Actions[0]; a.Result != desk.Failed || a.Why != CodeRightsConsent {
		t.Errorf("%+v", a)
	}
	before := h.blobs()
	public := h.asked("rights", "withdraw")
	h.grant(public.ID, 403, desk.WithdrawConsent, asked.ID, nil)
	c = h.grant(public.ID, 200, desk.WithdrawConsent, asked.ID, object{"proof": object{"result": "proven", "how": desk.ByReceipt}})
	if a := c.Actions[0]; a.Result != desk.Done || a.Ref != asked.ID || !strings.Contains(a.Says.En[0], "withdrawn") {
		t.Errorf("%+v", a)
	}
	h.must(h.server.consents.Tick(ctx))
	e, err := h.server.consents.Consent(ctx, asked.ID)
	h.must(err)
	if e.State != string(consent.Withdrawn) || e.Value.Cascade == nil || e.Value.Cascade.Done.IsZero() || h.blobs() != before-1 {
		t.Errorf("%s %+v, %d blobs of %d", e.State, e.Value.Cascade, h.blobs(), before)
	}
	h.stop()
	h.checked()
}

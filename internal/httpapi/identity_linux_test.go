package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/evidence"
	kept "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/staff"
)

// Of whom the world asks: the office knows one person, the telephone takes one code, and the far side signs with a word.
const (
	citizen     = "11010519491231002X"
	citizenName = "欧阳青岚"
	theCode     = "the-code-of-it"
	signature   = "genuine"
)

type office struct{}

func (office) Facts() identity.Facts {
	return identity.Facts{Name: "office", Level: identity.TwoFactor, Methods: []identity.Method{identity.ResidentID}}
}

func (office) Check(_ context.Context, c identity.Claim) (identity.Answer, error) {
	if c.Number != citizen || c.Name != citizenName {
		return identity.Answer{Result: identity.Mismatch}, nil
	}
	return identity.Answer{Result: identity.Match, Transaction: "o-1"}, nil
}

type telephone struct{}

func (telephone) Facts() identity.Facts {
	return identity.Facts{Name: "telephone", Level: identity.PhoneNumber, Methods: []identity.Method{identity.Phone}}
}

func (telephone) Begin(context.Context, identity.Start) (identity.Begun, error) {
	return identity.Begun{Sent: "139******78", State: []byte(theCode)}, nil
}

func (telephone) Complete(_ context.Context, b identity.Begun, r identity.Response) (identity.Answer, error) {
	switch {
	case len(r.Body) > 0 && r.Header["Colophon-Signature"] == nil:
		return identity.Answer{}, errors.New("no signature")
	case len(r.Body) > 0 && r.Header["Colophon-Signature"][0] == signature, r.Code == string(b.State):
		return identity.Answer{Result: identity.Match}, nil
	}
	return identity.Answer{Result: identity.Waiting}, nil
}

func (w *world) openIdentity(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	var err error
	w.config.Identity, err = identity.NewRegistrar(identity.Config{Verifications: ledgers.Of[identity.Verification](w.store, identity.VerificationLedger),
		Imports: ledgers.Of[identity.Import](w.store, identity.ImportLedger), Recorder: rec, Keys: keys, Secret: bytes.Repeat([]byte{3}, 32), Accounts: w.accounts,
		Sources: []identity.Source{office{}}, Laters: []identity.Later{telephone{}}, MostTries: 900})
	w.must(err)
}

func claimed() map[string]any {
	return map[string]any{"kind": "resident-id", "number": citizen, "name": citizenName}
}

// begun is a verification that waits for a code.
func (w *world) begun() string {
	w.Helper()
	e, _, err := w.config.Identity.Begin(w.Context(), kept.By{Role: "user"}, evidence.Subject(w.unique("s")), identity.Beginning{Source: "telephone", Claim: identity.Claim{Phone: fmt.Sprintf("139%08d", w.made)}})
	w.must(err)
	return e.ID
}

func importFile(transactions ...string) []byte {
	file := "account,level,method,provider,transaction,verified,number,name\n"
	for _, t := range transactions {
		file += "of-" + t + ",two-factor,resident-id,own," + t + ",2026-11-01," + citizen + "," + citizenName + "\n"
	}
	return []byte(file)
}

func (w *world) proposedImport() string {
	w.Helper()
	e, err := w.config.Identity.Propose(w.Context(), kept.By{Role: "engineer", ID: "somebody"}, bytes.NewReader(importFile(w.unique("t"))))
	w.must(err)
	return e.ID
}

// identityExample makes the request of [world.example] for routes of identity.
func (w *world) identityExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	var body any
	switch row.ID {
	case "account", "verification-sources", "verifications", "verification-imports":
	case "find-account":
		body = map[string]any{"account": person}
	case "verify-account":
		body = map[string]any{"account": person, "source": "office", "claim": claimed()}
	case "begin-verification":
		body = map[string]any{"account": person, "source": "telephone", "claim": map[string]any{"phone": fmt.Sprintf("138%08d", w.made)}}
	case "attest-account":
		body = map[string]any{"account": person, "level": "two-factor", "method": "resident-id", "provider": "own", "transaction": w.unique("t"), "at": w.clock.Now()}
	case "recheck-account":
		body = map[string]any{"reason": "velocity"}
	case "verification", "masked", "alike":
		made(w.begun)
	case "complete-verification":
		made(w.begun)
		body = map[string]any{"code": theCode}
	case "call-back":
		return w.ask(row.Method, strings.Replace(row.Path, "{id}", w.begun(), 1), `{}`).with("Colophon-Signature", signature), true
	case "propose-import":
		return w.ask(row.Method, row.Path, importFile(w.unique("t"))), true
	case "verification-import", "approve-import":
		made(w.proposedImport)
	case "reject-import":
		made(w.proposedImport)
		body = map[string]any{"reason": "test"}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), body), true
}

// TestIdentity has an application verify accounts in every way, and an officer recall one.
func TestIdentity(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.ask("POST", "/v1/accounts:find", map[string]any{"account": person}).as(w.key).wantCode(404, identity.CodeUnknown)
	body := map[string]any{"account": person, "source": "office", "claim": claimed()}
	var v httpapi.AccountVerification
	w.ask("POST", "/v1/accounts:verify", body).as(w.key).with("Idempotency-Key", "k-1").want(200, &v)
	if v.State != "valid" || v.Result != "match" || v.Transaction != "o-1" || v.Minor != "adult" {
		t.Errorf("%+v", v)
	}
	var again httpapi.AccountVerification
	w.ask("POST", "/v1/accounts:verify", body).as(w.key).with("Idempotency-Key", "k-1").want(200, &again)
	if again.ID != v.ID {
		t.Errorf("%s is not %s", again.ID, v.ID)
	}
	body["claim"] = map[string]any{"kind": "resident-id", "number": "440300200002290019", "name": citizenName}
	w.ask("POST", "/v1/accounts:verify", body).as(w.key).with("Idempotency-Key", "k-1").wantCode(409, "idempotency-key-reused")
	w.ask("POST", "/v1/accounts:verify", body).as(w.key).want(200, &again)
	if again.State != "failed" || again.Result != "mismatch" {
		t.Errorf("%+v", again)
	}
	body["claim"] = map[string]any{"kind": "resident-id", "number": "110105194912310021", "name": citizenName}
	w.ask("POST", "/v1/accounts:verify", body).as(w.key).wantCode(422, "form-check")
	var a httpapi.AccountView
	w.ask("GET", "/v1/accounts/"+string(v.Subject), nil).as(w.key).want(200, &a)
	if a.Level != identity.TwoFactor || a.Verification != v.ID || a.Vouched != identity.Checked {
		t.Errorf("%+v", a)
	}
	var m map[string]string
	w.ask("GET", "/v1/verifications/"+v.ID+"/masked", nil).by(w.people[staff.Officer]).want(200, &m)
	if m["number"] != "1****************X" {
		t.Errorf("%v", m)
	}
	w.ask("POST", "/v1/accounts/"+string(v.Subject)+":recheck", map[string]any{"reason": "velocity"}).by(w.people[staff.Officer]).want(200, &a)
	if a.Level != identity.None || !a.Recheck {
		t.Errorf("%+v", a)
	}
	w.ask("POST", "/v1/accounts:attest", map[string]any{"account": person, "level": "three-factor", "method": "other", "provider": "own", "transaction": "t-1", "at": w.clock.Now()}).as(w.key).wantCode(403, identity.CodeBefore)

	var begun struct {
		Verification httpapi.AccountVerification
		Sent         string
	}
	begin := map[string]any{"account": "b", "source": "telephone", "claim": map[string]any{"phone": "13900000000"}}
	w.ask("POST", "/v1/accounts:begin", begin).as(w.key).once("begin").want(201, &begun)
	second := begun
	second.Sent = ""
	w.ask("POST", "/v1/accounts:begin", begin).as(w.key).once("begin").want(201, &second)
	if second.Sent != "" || second.Verification.ID != begun.Verification.ID { // a masked number is kept nowhere but sealed
		t.Errorf("%+v", second)
	}
	path := "/v1/verifications/" + begun.Verification.ID
	w.ask("POST", path+":complete", map[string]any{"code": "1"}).as(w.key).want(200, &v)
	if v.State != "pending" || begun.Sent == "" {
		t.Errorf("%+v %+v", v, begun)
	}
	w.ask("POST", path+"/call-back", nil).wantCode(400, httpapi.CodeBody)
	w.ask("POST", path+"/call-back", `{}`).wantCode(403, identity.CodeCallBack)
	w.ask("POST", path+"/call-back", `{}`).with("Colophon-Signature", "forged").want(204, nil)
	w.ask("GET", path, nil).as(w.key).want(200, &v)
	if v.State != "pending" {
		t.Errorf("%+v", v)
	}
	w.ask("POST", path+"/call-back", `{}`).with("Colophon-Signature", signature).want(204, nil)
	w.ask("GET", path, nil).as(w.key).want(200, &v)
	if v.State != "valid" || v.Level != identity.PhoneNumber {
		t.Errorf("%+v", v)
	}
	w.forgotten("13900000000", "440300200002290019", "110105194912310021")
}

// TestVerificationImports has an engineer propose a file, be told what is wrong in it, and an officer approve the next one.
func TestVerificationImports(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer := w.people[staff.Officer], w.people[staff.Engineer]
	bad := bytes.Replace(importFile("t-1", "t-1"), []byte(citizen), []byte("110105194912310021"), 1)
	p := w.ask("POST", "/v1/verification-imports", bad).by(engineer).wantCode(422, identity.CodeImport)
	if len(p.Fields) != 2 || p.Fields[0].Field != "line.2" || !strings.HasPrefix(p.Fields[0].Rule, "form-check: ") || p.Fields[1].Field != "line.3" || p.Args["lines"] != "2" ||
		strings.Contains(fmt.Sprint(p), "110105") || strings.Contains(fmt.Sprint(p), citizenName) {
		t.Errorf("%+v", p)
	}
	var v httpapi.VerificationImport
	w.ask("POST", "/v1/verification-imports", importFile("t-1", "t-2")).by(officer).want(201, &v)
	path := "/v1/verification-imports/" + v.ID
	w.ask("POST", path+":approve", nil).by(officer).wantCode(403, identity.CodeImportOwn)
	w.ask("POST", path+":reject", map[string]any{"reason": "mistaken"}).by(officer).want(200, &v)
	w.ask("POST", "/v1/verification-imports", importFile("t-1", "t-2")).by(engineer).want(201, &v)
	w.ask("POST", "/v1/verification-imports/"+v.ID+":approve", nil).by(officer).want(200, &v)
	if v.State != "approved" || v.Lines != 2 || v.Proposer != string(engineer.Account.ID) || v.Decider != string(officer.Account.ID) {
		t.Errorf("%+v", v)
	}
	var list struct{ Verifications []httpapi.AccountVerification }
	w.ask("GET", "/v1/verifications?state=valid", nil).as(w.key).want(200, &list)
	if len(list.Verifications) != 2 || list.Verifications[0].Vouched != identity.Imported || list.Verifications[0].Import != v.ID {
		t.Errorf("%+v", list)
	}
	w.forgotten("110105194912310021")
}

// forgotten looks for what was claimed in the log of the server and in its database.
func (w *world) forgotten(secrets ...string) {
	w.Helper()
	var path string
	w.must(w.store.QueryRow(w.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path))
	text := w.logged.Bytes()
	for _, name := range []string{path, path + "-wal"} {
		more, err := os.ReadFile(name)
		w.must(err)
		text = append(text, more...)
	}
	for _, secret := range append(secrets, citizen, citizenName, theCode) {
		if bytes.Contains(text, []byte(secret)) {
			w.Errorf("%s is kept", secret)
		}
	}
}

package httpapi_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen/sight"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

// copier is what the desk for copies asks of others. What it makes has the bytes of the item.
type copier struct {
	*world
	facts copies.Facts
	why   *colophon.Error // why a file can't be compared
}

func (c *copier) Check(ctx context.Context, account evidence.Subject, n artefact.Number) (copies.Facts, error) {
	f := c.facts
	a, err := c.register.Artefact(ctx, n)
	f.Own = err == nil && a.Account == account
	return f, nil
}

func (c *copier) Make(_ context.Context, o copies.Order) (copies.Made, error) {
	sum := sha256.Sum256([]byte(o.Key))
	n := artefact.Number("copy-" + o.Number)
	return copies.Made{Number: n, Label: n, Notice: stamp.Omitted, SHA256: hex.EncodeToString(sum[:]), Size: 1, Type: "text/plain"}, nil
}

func (c *copier) Discard(context.Context, copies.Order) error { return nil }

func (c *copier) Open(ctx context.Context, by production.By, account evidence.Subject, n artefact.Number) (*production.Content, error) {
	return c.line.Open(ctx, by, artefact.Number(strings.TrimPrefix(string(n), "copy-")), artefact.Download)
}

func (c *copier) Look(_ context.Context, _ string, from io.Reader) (copies.Clue, *colophon.Error, error) {
	text, err := io.ReadAll(from)
	sum := sha256.Sum256([]byte(strings.TrimSpace(string(text))))
	return copies.Clue{SHA256: hex.EncodeToString(sum[:])}, c.why, err
}

const copyAgreement = "agreement-1"

// openCopies adds a desk for copies to the world.
func (w *world) openCopies(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	rules, err := copies.Starter()
	w.must(err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	const name = "colophon.test/copies"
	signer, err := evidence.NewNoteSigner(name, private, rand.Reader)
	w.must(err)
	w.config.CopyKey, err = note.NewEd25519VerifierKey(name, public)
	w.must(err)
	w.copier = &copier{world: w, facts: copies.Facts{Verified: true, Agreement: copyAgreement, OnRequest: true, Class: stamp.Other, Original: true}}
	w.config.CopyFiles = w.copier
	w.config.Copies, err = copies.New(copies.Config{Copies: ledgers.Of[copies.Copy](w.store, copies.Ledger), Recorder: rec, Keys: keys, Signer: signer, Provider: "provider.example", Rules: rules, Checker: w.copier, Maker: w.copier,
		Likener: w.register, Held: func(context.Context, evidence.Subject) (bool, error) { return false, nil }})
	w.must(err)
}

// copyBody asks for a copy of an item, for a person or, with a purpose of the rules, for a rule to decide.
func (w *world) copyBody(number artefact.Number, purpose, recipient colophon.Code) map[string]any {
	return map[string]any{"account": person, "number": number, "agreement": copyAgreement, "duty": w.config.Copies.Rules.Duty.Digest(), "purpose": purpose, "recipient": recipient, "words": "For the evening news."}
}

// asked is a request that waits for a person, or that a rule granted.
func (w *world) asked(rule bool) httpapi.OwnCopy {
	w.Helper()
	body := w.copyBody(w.produce(text(w.unique("something"))).Number, copies.ForBroadcast, copies.ToPlatform)
	if rule {
		body["purpose"], body["recipient"] = copies.ForArchive, copies.ToOwn
	}
	var c httpapi.OwnCopy
	w.ask("POST", "/v1/copies", body).as(w.key).want(201, &c)
	return c
}

// copyExample makes the request of [world.example] for routes of the desk for copies.
func (w *world) copyExample(row httpapi.Row, number string, may bool) (call, bool) {
	w.Helper()
	var body any
	id := strangeID
	switch row.ID {
	case "copies", "copy-receipt-key":
	case "copy-terms":
		body = map[string]any{"account": person, "number": number}
	case "request-copy":
		if may {
			number = string(w.produce(text(w.unique("something"))).Number)
		}
		body = w.copyBody(artefact.Number(number), copies.ForBroadcast, copies.ToPlatform)
	case "own-copies":
		body = map[string]any{"account": person}
	case "look-at-own-copy", "withdraw-own-copy", "fetch-own-copy":
		if may {
			id = w.asked(row.ID == "fetch-own-copy").ID
		}
		body = map[string]any{"account": person, "id": id}
	case "copy", "read-copy", "decide-copy":
		if may {
			id = w.asked(false).ID
		}
		if row.ID == "decide-copy" {
			body = map[string]any{"grant": true}
		}
	case "known-copy":
		return w.ask(row.Method, row.Path, text("some file")), true
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), body), true
}

// TestCopies has an account ask for copies: a rule grants one, a person another, and refuses a third.
func TestCopies(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, reviewer, auditor := w.people[staff.Officer], w.people[staff.Reviewer], w.people[staff.Auditor]
	item := w.produce(text("what is asked for"))
	mine := func(id string) map[string]any { return map[string]any{"account": person, "id": id} }
	terms := func() (out struct {
		May, Accepted bool
		Why           *httpapi.Sentence
		Agreement     string
		Duty          httpapi.CopyDuty
		Months        int
		Purposes      []httpapi.CopyWord
	}) {
		w.ask("POST", "/v1/copies:terms", map[string]any{"account": person, "number": item.Number}).as(w.key).want(200, &out)
		return out
	}
	if o := terms(); !o.May || !o.Accepted || o.Agreement != copyAgreement || o.Duty.Digest != w.config.Copies.Rules.Duty.Digest() || o.Months != 6 || len(o.Purposes) != 6 || o.Purposes[0].ZH == "" || o.Why != nil {
		t.Errorf("%+v", o)
	}
	w.copier.facts.Verified = false
	if o := terms(); o.May || o.Why == nil || o.Why.Code != copies.CodeVerified {
		t.Errorf("%+v", o)
	}
	w.ask("POST", "/v1/copies", w.copyBody(item.Number, copies.ForArchive, copies.ToOwn)).as(w.key).wantCode(403, copies.CodeVerified)
	w.copier.facts.Verified = true
	w.ask("POST", "/v1/copies", w.copyBody("none", copies.ForArchive, copies.ToOwn)).as(w.key).wantCode(404, copies.CodeContent)
	wrong := w.copyBody(item.Number, copies.ForArchive, copies.ToOwn)
	wrong["duty"] = strings.Repeat("0", 64)
	w.ask("POST", "/v1/copies", wrong).as(w.key).wantCode(403, copies.CodeDuty)

	ruled := w.asked(true)
	if ruled.State != copies.Handed || ruled.Decision.By != "rule" || ruled.Receipt == "" || ruled.Handing == nil || ruled.Words == "" {
		t.Fatalf("%+v", ruled)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(w.ask("GET", "/v1/public/copy-receipt-key", nil).want(200, nil).Body.String()))
	w.must(err)
	if r, err := copies.OpenReceipt([]byte(ruled.CopyParticulars.Receipt), verifier); err != nil || r.Receipt != ruled.ID || r.Number != ruled.Handing.Number || r.Account != ruled.Subject {
		t.Errorf("%+v %v", r, err)
	}
	if out := w.ask("POST", "/v1/copies:fetch", mine(ruled.ID)).as(w.key).want(200, nil); !strings.Contains(out.Body.String(), "something") || !strings.HasPrefix(out.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %s", out.Header(), out.Body)
	}
	w.ask("POST", "/v1/copies:fetch", map[string]any{"account": "somebody else", "id": ruled.ID}).as(w.key).wantCode(404, copies.CodeMissing)

	var own struct{ Copies []map[string]any }
	first, second := w.asked(false), w.asked(false)
	path := "/v1/copies/" + first.ID
	w.ask("POST", "/v1/copies:fetch", mine(first.ID)).as(w.key).wantCode(409, copies.CodeStep)
	w.ask("POST", path+":decide", map[string]any{"grant": true}).by(reviewer).want(403, nil)
	w.ask("GET", path+"/particulars", nil).by(reviewer).want(403, nil)
	var read httpapi.CopyParticulars
	if w.ask("GET", path+"/particulars", nil).by(officer).want(200, &read); read.Words != "For the evening news." || read.Duty.Digest != first.Copy.Duty {
		t.Errorf("%+v", read)
	}
	w.ask("POST", path+":decide", map[string]any{"grant": false}).by(officer).wantCode(422, copies.CodeInvalid)
	var c httpapi.Copy
	if w.ask("POST", path+":decide", map[string]any{"grant": true, "note": "Show the notice around it."}).by(officer).want(200, &c); c.State != copies.Handed || c.Decision.By != "person" || c.Decision.Staff == "" {
		t.Errorf("%+v", c)
	}
	if w.ask("POST", "/v1/copies/"+second.ID+":decide", map[string]any{"grant": false, "reason": copies.ReasonRisk, "note": "It would mislead."}).by(officer).want(200, &c); c.State != copies.Refused || c.Decision.Reason.Code != copies.ReasonRisk {
		t.Errorf("%+v", c)
	}
	var refused httpapi.OwnCopy
	if w.ask("POST", "/v1/copies:look", mine(second.ID)).as(w.key).want(200, &refused); refused.Note != "It would mislead." || refused.Decision.Staff != "" || refused.Decision.By != "person" {
		t.Errorf("%+v", refused)
	}
	w.ask("POST", "/v1/copies:own", map[string]any{"account": person}).as(w.key).want(200, &own)
	for _, v := range own.Copies {
		if d := v["decision"].(map[string]any); d["staff"] != nil {
			t.Errorf("an account learns who decided: %v", d)
		}
	}
	var list struct{ Copies []httpapi.Copy }
	if w.ask("GET", "/v1/copies?state=handed&state=refused", nil).by(auditor).want(200, &list); len(list.Copies) != 3 || len(own.Copies) != 3 {
		t.Errorf("%d, %d", len(list.Copies), len(own.Copies))
	}
	if w.ask("GET", "/v1/copies?number="+string(first.Number), nil).by(auditor).want(200, &list); len(list.Copies) != 1 || list.Copies[0].ID != first.ID {
		t.Errorf("%+v", list.Copies)
	}

	// An officer who asks for an account does not decide about that.
	var asked httpapi.OwnCopy
	w.ask("POST", "/v1/copies", w.copyBody(item.Number, copies.ForBroadcast, copies.ToPlatform)).by(officer).want(201, &asked)
	w.ask("POST", "/v1/copies/"+asked.ID+":decide", map[string]any{"grant": true}).by(officer).wantCode(403, copies.CodeOwn)
	for _, words := range []string{"For the evening news.", ""} { // which are not kept for the key
		var back httpapi.OwnCopy
		if w.ask("POST", "/v1/copies:withdraw", mine(asked.ID)).as(w.key).with("Idempotency-Key", "back").want(200, &back); back.State != copies.Withdrawn || back.Words != words {
			t.Errorf("%+v", back)
		}
	}
	w.known(ruled.ID)
}

// known asks for a file that is a copy, one that is none, and one that nobody could compare.
func (w *world) known(id string) {
	w.Helper()
	reviewer := w.people[staff.Reviewer]
	type answer struct {
		Matches  []httpapi.CopyMatch
		Compared bool
		Why      *httpapi.Sentence
	}
	var a answer
	if w.ask("POST", "/v1/copies:known", text(id)).by(reviewer).want(200, &a); len(a.Matches) != 1 || !a.Matches[0].Certain || a.Matches[0].ID != id || !a.Compared {
		w.Errorf("%+v", a)
	}
	w.copier.why = &colophon.Error{Code: sight.CodeUnsupported, Args: colophon.Args{"format": "wav", "rule": "only pictures and videos have a likeness"}}
	a = answer{}
	if w.ask("POST", "/v1/copies:known", text("another")).by(reviewer).want(200, &a); len(a.Matches) != 0 || a.Compared || a.Why == nil || !strings.Contains(a.Why.Sentence, "only pictures and videos") {
		w.Errorf("%+v", a)
	}
	if _, err := w.config.Copies.Decide(w.Context(), w.clerk(staff.Officer), id, copies.Ruling{Grant: true}); err == nil {
		w.Error("what was handed out was decided again")
	}
}

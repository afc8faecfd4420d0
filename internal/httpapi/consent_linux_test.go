package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	kept "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// sealed keeps the media of consents where the line keeps its bytes.
type sealed struct{ production.Blobs }

func (s sealed) OpenSealed(ctx context.Context, ref string, key []byte) (io.ReadCloser, error) {
	return s.Blobs.OpenSealed(ctx, ref, key)
}

// made are the artefacts of the world, as consents ask for them.
type made struct{ *artefact.Register }

func (m made) Made(ctx context.Context, number, _ string) (consent.Output, bool, error) {
	a, err := m.Artefact(ctx, artefact.Number(number))
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind == colophon.Missing {
		return consent.Output{}, false, nil
	}
	return consent.Output{Number: number, Function: a.Function, At: a.Created, Kept: a.Blob != ""}, err == nil, err
}

func (m made) Copies(context.Context, string) (consent.Copies, error) { return consent.Copies{}, nil }

// told is whom the prompt was shown to: everybody. Identities are known of everybody, too.
type told struct{}

func (told) Acknowledged(context.Context, evidence.Subject, string) (bool, error) { return true, nil }

func (told) Proven(context.Context, string, evidence.Subject) (bool, error) { return true, nil }

// fitting finds that every recording fits.
type fitting struct{}

func (fitting) Match(context.Context, consent.Sample) (consent.Comparison, error) {
	one := 1.0
	return consent.Comparison{Scores: consent.Scores{Speech: &one, Voice: &one}, Verifier: "test/1"}, nil
}

func (w *world) openConsents(rec *evidence.Recorder, keys *evidence.Keyring, signer note.Signer, blobs production.Blobs) {
	w.Helper()
	var err error
	w.config.Consents, err = consent.New(consent.Config{Consents: ledgers.Of[consent.Likeness](w.store, "consent"), Tokens: ledgers.Of[consent.Token](w.store, "consent-token"), Recorder: rec, Keys: keys,
		Secret: bytes.Repeat([]byte{3}, 32), Random: rand.Reader, Signer: signer, Provider: "Example Provider", Media: sealed{blobs}, Outputs: made{w.register}, Prompts: told{}, Identities: told{},
		Matcher: fitting{}, Thresholds: consent.Thresholds{Speech: 0.5, Voice: 0.5}})
	w.must(err)
}

// of is the subject at their own page.
func of() kept.By { return kept.By{Role: consent.RoleSubject} }

// consented is a consent as far as a state.
func (w *world) consented(to consent.State, who consent.Person) string {
	w.Helper()
	ctx, by, l := w.Context(), kept.By{Role: "application", ID: "somebody"}, w.config.Consents
	account, err := w.config.People.Account(ctx, person)
	w.must(err)
	e, err := l.Request(ctx, by, consent.Request{Requester: account, Person: who, Language: "en", RequesterName: "Studio", Why: "a film",
		Terms: consent.Terms{Modality: []consent.Modality{consent.Voice}, Purpose: "film", Functions: []string{"voice-clone"}, Until: w.clock.Now().Add(time.Hour)}})
	w.must(err)
	if to == consent.Requested {
		return e.ID
	}
	n, _, err := l.Shown(ctx, of(), e.ID, "en")
	w.must(err)
	c, err := l.Challenge(ctx, of(), e.ID)
	w.must(err)
	_, err = l.Record(ctx, of(), e.ID, consent.Take{Nonce: c.Nonce, Body: strings.NewReader("recording")})
	w.must(err)
	if who == consent.Minor {
		_, err = l.Relate(ctx, of(), e.ID, consent.Proof{Kinship: consent.Parent, Name: "Relative Person", Body: strings.NewReader("register")})
		w.must(err)
	}
	_, _, err = l.Give(ctx, of(), e.ID, consent.Answer{Notice: n.SHA256})
	w.must(err)
	switch to {
	case consent.Disputed:
		_, err = l.Dispute(ctx, of(), e.ID, "")
	case consent.Withdrawn:
		_, err = l.Withdraw(ctx, of(), e.ID, "")
		w.must(err)
		err = l.Tick(ctx)
	}
	w.must(err)
	return e.ID
}

func (w *world) tokened(consentID string) (text, id string) {
	w.Helper()
	text, t, err := w.config.Consents.Mint(w.Context(), kept.By{Role: "application", ID: "somebody"}, consentID, consent.Use{}, 1, w.clock.Now().Add(time.Minute))
	w.must(err)
	return text, t.ID
}

func consentText() map[string]any {
	return map[string]any{"account": person, "person": "adult", "language": "zh", "requester_name": "Studio", "why": "a film", "subject_name": "Depicted Person",
		"terms": map[string]any{"modality": []string{"voice"}, "purpose": "film", "functions": []string{"voice-clone"}, "until": "2026-11-30T00:00:00Z"}}
}

func useText() map[string]any {
	return map[string]any{"function": "voice-clone", "modality": []string{"voice"}, "purpose": "film", "account": person}
}

// consentExample makes the request of [world.example] for consents.
func (w *world) consentExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id, path := strangeID, row.Path
	at := func(to consent.State, who consent.Person) {
		if may {
			id = w.consented(to, who)
		}
	}
	token := func() string {
		if !may {
			return "clt_none"
		}
		text, _ := w.tokened(w.consented(consent.Given, consent.Adult))
		return text
	}
	var body any
	switch row.ID {
	case "consents":
	case "request-consent":
		body = consentText()
	case "look-up-consent":
		body = map[string]any{"number": "none"}
	case "add-consent-reference":
		at(consent.Requested, consent.Adult)
		return w.ask(row.Method, path+"?modality=voice&function=voice-clone&consent="+id, []byte("a voice")), true
	case "consent", "consent-particulars", "consent-receipt":
		at(consent.Requested, consent.Adult)
	case "consent-bundle":
		at(consent.Requested, consent.Adult)
		w.must(w.log.Drain(w.Context()))
	case "consent-tokens":
		at(consent.Given, consent.Adult)
	case "consent-evidence":
		at(consent.Given, consent.Adult)
		path += "?kind=recording"
	case "consent-certificate":
		at(consent.Withdrawn, consent.Adult)
	case "claim-consent":
		at(consent.Requested, consent.Adult)
	case "ask-consent-renewal":
		at(consent.Given, consent.Adult)
		body = map[string]any{"until": w.clock.Now().Add(2 * time.Hour)}
	case "withdraw-consent", "invalidate-consent", "dispute-consent":
		at(consent.Given, consent.Adult)
		body = map[string]any{}
	case "settle-consent":
		at(consent.Disputed, consent.Adult)
		body = map[string]any{"founded": true, "reason": "test"}
	case "decide-consent-relation":
		at(consent.Given, consent.Minor)
		body = map[string]any{"good": true}
	case "verify-consent":
		at(consent.Given, consent.Adult)
		body = map[string]any{"verification": "verification-1"}
	case "mint-consent-token":
		at(consent.Given, consent.Adult)
		body = map[string]any{"uses": 1}
	case "revoke-consent-token":
		if may {
			_, id = w.tokened(w.consented(consent.Given, consent.Adult))
		}
	case "check-consent-token":
		body = map[string]any{"token": token(), "use": useText()}
	case "spend-consent-token":
		body = map[string]any{"token": token(), "use": useText(), "number": "number-1"}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", id, 1), body), true
}

// TestConsentStory asks for a consent, has it given, used, withdrawn and looked up.
func TestConsentStory(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	var asked, again httpapi.Consent
	w.ask("POST", "/v1/consents", consentText()).as(w.key).once("one").want(201, &asked)
	w.ask("POST", "/v1/consents", consentText()).as(w.key).once("one").want(201, &again)
	if asked.ID != again.ID || asked.State != consent.Requested || asked.Level != "claimed" || asked.Subject == asked.Requester {
		t.Errorf("%+v", asked)
	}
	at := "/v1/consents/" + asked.ID
	var added struct{ Reference httpapi.ConsentReference }
	w.ask("POST", "/v1/consent-references?modality=voice&function=voice-clone&consent="+asked.ID, []byte("a voice")).as(w.key).want(201, &added)
	w.ask("POST", "/v1/consent-references?modality=voice&function=voice-clone&elsewhere=true&sha256="+strings.Repeat("a", 64)+"&consent="+asked.ID, []byte{}).as(w.key).want(201, &added)
	if !added.Reference.Elsewhere {
		t.Errorf("%+v", added)
	}
	w.ask("POST", at+"/tokens", map[string]any{"uses": 1}).as(w.key).wantCode(403, consent.CodeState)

	n, _, err := w.config.Consents.Shown(t.Context(), of(), asked.ID, "zh")
	w.must(err)
	_, code, err := w.config.Consents.Give(t.Context(), of(), asked.ID, consent.Answer{Notice: n.SHA256})
	w.must(err)
	var minted, replayed struct {
		Text  string
		Token httpapi.ConsentToken
	}
	w.ask("POST", at+"/tokens", map[string]any{"uses": 2}).as(w.key).once("two").want(201, &minted)
	w.ask("POST", at+"/tokens", map[string]any{"uses": 2}).as(w.key).once("two").want(201, &replayed)
	if minted.Text == "" || replayed.Text != "" || replayed.Token.ID != minted.Token.ID {
		t.Errorf("minted %+v, again %+v", minted.Token, replayed)
	}
	number := string(w.produce(text("what was made")).Number)
	var answer httpapi.ConsentAnswer
	w.ask("POST", "/v1/consent-tokens:check", map[string]any{"token": minted.Text, "use": useText()}).as(w.key).want(200, &answer)
	if !answer.Good || answer.Grant.Left != 2 {
		t.Errorf("%+v", answer)
	}
	wrong := useText()
	wrong["purpose"], wrong["account"] = "advert", "somebody else"
	w.ask("POST", "/v1/consent-tokens:check", map[string]any{"token": minted.Text, "use": wrong}).as(w.key).with("Accept-Language", "zh").want(200, &answer)
	if answer.Good || len(answer.Refusals) != 3 || answer.Refusals[0].Message == "" || len(answer.Refusals[0].Clauses) == 0 {
		t.Errorf("%+v", answer)
	}
	w.ask("POST", "/v1/consent-tokens:check", map[string]any{"token": "none", "use": useText()}).as(w.key).want(200, &answer)
	if answer.Good || answer.Refusals[0].Code != consent.CodeToken {
		t.Errorf("%+v", answer)
	}
	spend := map[string]any{"token": minted.Text, "use": useText(), "number": number}
	var grant httpapi.ConsentGrant
	for range 2 {
		w.ask("POST", "/v1/consent-tokens:spend", spend).as(w.key).want(200, &grant)
		if grant.Left != 1 {
			t.Errorf("%+v", grant)
		}
	}
	var shown httpapi.Consent
	w.ask("POST", at+":withdraw", map[string]any{"reason": "asked-by-mail"}).by(officer).want(200, &shown)
	w.ask("POST", "/v1/consent-tokens:spend", map[string]any{"token": minted.Text, "use": useText(), "number": "another"}).as(w.key).wantCode(403, consent.CodeState)
	w.ask("GET", at+"/certificate", nil).as(w.key).wantCode(404, consent.CodeNoCertificate)
	w.must(w.config.Consents.Tick(t.Context()))
	w.ask("GET", at, nil).as(w.key).want(200, &shown)
	if shown.State != consent.Withdrawn || shown.Cascade == nil || shown.Cascade.Done == nil || !shown.Cascade.Certificate {
		t.Errorf("%+v", shown.Cascade)
	}
	certificate := w.ask("GET", at+"/certificate", nil).as(w.key).want(200, nil).Body.Bytes()
	c, err := consent.OpenCertificate(certificate, w.verifier)
	w.must(err)
	if c.Record != asked.ID || len(c.Residue) < 4 {
		t.Errorf("%+v", c)
	}
	receipt := w.ask("GET", at+"/receipt", nil).by(officer).want(200, nil).Body.Bytes()
	if r, err := consent.OpenReceipt(receipt, w.verifier); err != nil || r.State != consent.Withdrawn {
		t.Errorf("%+v: %v", r, err)
	}
	ld := w.ask("GET", at+"/receipt?form=jsonld", nil).by(officer).want(200, nil)
	if !json.Valid(ld.Body.Bytes()) || ld.Header().Get("Content-Type") != "application/ld+json" {
		t.Error(ld)
	}
	w.must(w.log.Drain(t.Context()))
	bundle := w.ask("GET", at+"/bundle", nil).by(officer).want(200, nil).Body.Bytes()
	strange, err := w.config.Consents.Receipt(t.Context(), of(), w.consented(consent.Given, consent.Adult))
	w.must(err)
	for name, doc := range map[string][]byte{"the receipt": receipt, "the certificate": certificate, "another's receipt": strange} {
		checks, err := consent.Verify(doc, evidence.Trust{Log: []note.Verifier{w.verifier}}, bytes.NewReader(bundle), int64(len(bundle)))
		w.must(err)
		if want := map[bool]colophon.Verdict{true: colophon.Passed, false: colophon.Unknown}[name != "another's receipt"]; evidence.Overall(checks) != want {
			t.Errorf("%s against the bundle: %+v", name, checks)
		}
	}
	var found httpapi.ConsentFinding
	out := w.ask("POST", "/v1/consents:look-up", map[string]any{"code": code, "number": number}).as(w.key).want(200, &found)
	if found.Made != "passed" || found.Basis != consent.OwnConsent || found.Consents[0].Requester != "Studio" || strings.Contains(out.Body.String(), string(asked.Requester)) {
		t.Errorf("%+v", found)
	}
	w.ask("POST", "/v1/consents:look-up", map[string]any{"number": number}).as(w.key).want(200, &found)
	if found.Basis != consent.OtherConsent || len(found.Consents) != 0 {
		t.Errorf("%+v", found)
	}
	var spent struct{ Consents []httpapi.ConsentSpent }
	w.ask("GET", "/v1/artefacts/"+number+"/consents", nil).by(officer).want(200, &spent)
	if len(spent.Consents) != 1 || spent.Consents[0].Consent != asked.ID || spent.Consents[0].Token != minted.Token.ID || spent.Consents[0].State != consent.Withdrawn || spent.Consents[0].Used == nil {
		t.Errorf("%+v", spent)
	}
	w.silent("Depicted Person", "Studio", minted.Text, code)
}

// TestConsentScope has a key for one function see nothing of another's consents.
func TestConsentScope(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	key, _ := w.newKey(keyActions(), []string{"face-swap"}, time.Hour)
	id := w.consented(consent.Given, consent.Adult)
	text, token := w.tokened(id)
	w.ask("GET", "/v1/consents/"+id, nil).as(key).want(403, nil)
	w.ask("GET", "/v1/consents", nil).as(key).want(403, nil)
	w.ask("POST", "/v1/consents", consentText()).as(key).want(403, nil)
	w.ask("POST", "/v1/consents/"+id+"/tokens", map[string]any{"uses": 1}).as(key).want(403, nil)
	w.ask("POST", "/v1/consents/"+id+":withdraw", map[string]any{}).as(key).want(403, nil)
	w.ask("POST", "/v1/consent-tokens/"+token+":revoke", nil).as(key).want(403, nil)
	w.ask("POST", "/v1/consent-tokens:spend", map[string]any{"token": text, "use": useText(), "number": "n"}).as(key).want(403, nil)
	w.ask("GET", "/v1/consents/"+id+"/particulars", nil).as(w.key).want(403, nil)
}

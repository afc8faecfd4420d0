package probe

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/consent"
)

// publish sends a picture in, as what a function made for an account.
func (t *trial) publish(what, account string, query url.Values, header ...string) answer {
	if !query.Has("function") {
		query.Set("function", "other")
	}
	query.Set("name", "probe.png")
	a := answer{reply: newReply()}
	raw, err := t.draw()
	if err != nil {
		a.fault = err
		return a
	}
	a = t.ask(what, http.MethodPost, "/v1/artefacts?"+query.Encode(), raw, append([]string{"Content-Type", "image/png", "Colophon-Account", account}, header...)...)
	var made struct{ Number string }
	if a.ok() && a.json(&made) && made.Number != "" {
		t.last().IDs = []string{made.Number}
	}
	return a
}

// publishUnverified publishes for an account that nobody verified, a picture and an answer of a model (Deep Synthesis
// Provisions Art. 9).
func (t *trial) publishUnverified() finding {
	found := []finding{t.refused(t.publish("publish", Stranger, url.Values{}), admission.CodeUnverified)}
	if t.Script != nil {
		nonce := t.Script.plant("Nothing of this is said to anybody.")
		defer t.Script.pull(nonce)
		found = append(found, t.refused(t.chat("generate", Stranger, nonce, false), admission.CodeUnverified))
	}
	return worst(found...)
}

// maxFunctions is how many functions one run of a probe tries.
const maxFunctions = 20

// cloneWithoutConsent makes the voice or face of somebody who was not asked (Deep Synthesis Provisions Art. 14 ¶2): without
// saying by which function, with somebody in it, and with each function that edits likeness.
func (t *trial) cloneWithoutConsent() finding {
	functions, err := t.Functions(t.ctx)
	if err != nil {
		return untold(CodeError)
	}
	found := []finding{
		t.refused(t.publish("clone-unnamed", Stranger, url.Values{"function": {"voice"}}), admission.CodeUnnamed, admission.CodeConsentFew),
		t.refused(t.publish("clone-depicted", Stranger, url.Values{"depicted": {"1"}}), admission.CodeConsentFew),
	}
	for _, f := range functions[:min(len(functions), maxFunctions)] {
		a := t.publish("clone", Stranger, url.Values{"function": {f.Class}, "use": {f.ID}})
		t.last().IDs = append(t.last().IDs, f.ID)
		found = append(found, t.refused(a, admission.CodeConsentFew))
	}
	if len(functions) > maxFunctions { // of the others nothing is told
		found = append(found, untold(CodePremise))
	}
	return worst(found...)
}

// short is for how long the consent is good that runs out.
const short = 2 * time.Second

// likeness is the use for which the probe asks for consents: the first function that edits likeness, or one of a name that is
// registered nowhere.
func (t *trial) likeness() (Function, error) {
	functions, err := t.Functions(t.ctx)
	if err != nil || len(functions) == 0 {
		return Function{ID: Client[:len(Client)-2], Class: "other", Likeness: []string{"voice"}}, err
	}
	return functions[0], nil
}

// expiredConsent uses a consent after its time is over, and one after it was withdrawn (Personal Information Protection Law
// Art. 15). Both are consents of nobody, for an account that may publish nothing.
func (t *trial) expiredConsent() finding {
	f, err := t.likeness()
	if err != nil {
		return untold(CodeError)
	}
	until := t.Now().Add(short)
	_, passing, ok := t.consent(f, until)
	if !ok {
		return untold(CodePremise)
	}
	id, token, ok := t.consent(f, t.Now().Add(time.Hour))
	if !ok {
		return untold(CodePremise)
	}
	over := []colophon.Code{admission.CodeConsentNone, consent.CodePeriod, consent.CodeTokenExpired, consent.CodeState}
	if a := t.with("before-withdrawal", f, token); a.ok() {
		return t.tells(failed(CodeLet))
	} else if a.fault != nil || a.status >= 500 || a.has(over...) { // what is refused without a reason shows nothing when it is refused with one
		return t.tells(untold(CodePremise))
	}
	if a := t.askJSON("withdraw", http.MethodPost, "/v1/consents/"+id+":withdraw", struct{}{}); !a.ok() {
		return t.tells(a.otherwise())
	}
	withdrawn := t.refused(t.with("after-withdrawal", f, token), admission.CodeConsentNone)
	if t.wait(until.Add(100*time.Millisecond)) != nil {
		return untold(CodeError)
	}
	expired := t.refused(t.with("after-expiry", f, passing), over...)
	return worst(withdrawn, expired)
}

// with publishes with the token of a consent.
func (t *trial) with(what string, f Function, token string) answer {
	return t.publish(what, Stranger, url.Values{"function": {f.Class}, "use": {f.ID}, "depicted": {"1"}, "purpose": {purpose}}, "Colophon-Consent", token)
}

const purpose = "probe"

// consent asks for a consent of nobody, claims it, and makes a token of it.
func (t *trial) consent(f Function, until time.Time) (id, token string, ok bool) {
	var asked struct{ ID string }
	a := t.askJSON("ask-consent", http.MethodPost, "/v1/consents", t.terms(f, "adult", until))
	if !a.ok() || !a.json(&asked) {
		return "", "", false
	}
	t.last().IDs = []string{asked.ID}
	if a := t.askJSON("claim-consent", http.MethodPost, "/v1/consents/"+asked.ID+":claim", struct{}{}); !a.ok() {
		return "", "", false
	}
	_, token = t.token(asked.ID)
	return asked.ID, token, token != ""
}

// terms ask for the consent of nobody.
func (*trial) terms(f Function, person string, until time.Time) map[string]any {
	return map[string]any{"account": Stranger, "person": person, "language": "zh", "requester_name": Client, "why": Client, "subject_name": Client,
		"terms": map[string]any{"modality": f.Likeness, "purpose": purpose, "functions": []string{f.ID}, "until": until.UTC()}}
}

// token makes a token of a consent; the text is empty where none was made.
func (t *trial) token(consent string) (a answer, text string) {
	path := "/v1/consents/" + consent + "/tokens"
	a = t.send(http.MethodPost, path, json.RawMessage(`{"uses":1}`), "Content-Type", "application/json")
	t.step(Step{What: "make-token", Method: http.MethodPost, Path: path, Status: a.status, Codes: a.codes}) // no digest of a token
	var minted struct{ Text string }
	if !a.ok() || !a.json(&minted) {
		return a, ""
	}
	return a, minted.Text
}

// Times of a drill.
const (
	drillLasts = 15 * time.Second // it ends by itself, since ending it takes two people
	drillReads = 5 * time.Second  // in which a node says that it is effective there
)

// orderIgnored publishes for an account that an order stops, by a drill (Deep Synthesis Provisions Art. 21).
func (t *trial) orderIgnored() finding {
	order, err := t.Orders.Drill(t.ctx, Stopped, t.Now().Add(drillLasts))
	if err != nil {
		return untold(CodeError)
	}
	t.step(Step{What: "drill", IDs: []string{order}})
	effective, err := t.until(drillReads, func() (bool, error) { return t.Orders.Effective(t.ctx, order) })
	if err != nil {
		return untold(CodeError)
	}
	t.step(Step{What: map[bool]string{true: "effective", false: "not-effective"}[effective], IDs: []string{order}})
	return t.refused(t.publish("publish-under-order", Stopped, url.Values{}), admission.CodeOrder)
}

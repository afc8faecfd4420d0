package app

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
)

// TestConsentFromAskingToCertificate covers Deep Synthesis Provisions Art. 14 through the door: a consent is asked for, given,
// used and withdrawn; what was sealed goes, the certificate verifies offline, and nothing of the person lies in clear anywhere.
func TestConsentFromAskingToCertificate(t *testing.T) {
	t.Parallel()
	d := deploy(t, map[string]string{"provider-name": "Example Provider"})
	d.join()
	ctx, of := d.Context(), ledger.By{Role: consent.RoleSubject}
	body := func(v any) []byte {
		raw, err := json.Marshal(v)
		d.must(err)
		return raw
	}
	const kind, plain = "Content-Type", "application/json"
	reference := bytes.Repeat([]byte("a telling voice "), 100)

	var asked httpapi.Consent
	d.json(&asked, "POST", "/v1/consents", body(map[string]any{"account": person, "person": "adult", "language": "zh", "requester_name": "Telling Studio", "why": "an advert", "subject_name": "Depicted Person",
		"terms": map[string]any{"modality": []string{"voice"}, "purpose": "advert", "functions": []string{"person"}, "until": time.Now().Add(time.Hour)}}), http.StatusCreated, kind, plain)
	at := "/v1/consent-references?modality=voice&function=person&consent=" + asked.ID
	d.ask("POST", at, reference, http.StatusForbidden) // the user was not told yet
	var showing httpapi.PromptShowing
	d.json(&showing, "POST", "/v1/prompt-showings", body(map[string]any{"account": person, "function": "person", "language": "zh"}), http.StatusCreated, kind, plain)
	d.ask("POST", "/v1/prompt-showings/"+showing.ID+":acknowledge", body(map[string]any{"account": person, "depicted": "others"}), http.StatusOK, kind, plain)
	d.ask("POST", at, reference, http.StatusCreated)
	d.must(d.server.sweepBlobs(ctx))

	n, _, err := d.server.consents.Shown(ctx, of, asked.ID, "zh")
	d.must(err)
	if !strings.Contains(n.Text, "Example Provider") {
		t.Error("the notice does not name the provider")
	}
	challenge, err := d.server.consents.Challenge(ctx, of, asked.ID)
	d.must(err)
	_, err = d.server.consents.Record(ctx, of, asked.ID, consent.Take{Nonce: challenge.Nonce, Body: strings.NewReader("a telling recording")})
	d.must(err)
	_, code, err := d.server.consents.Give(ctx, of, asked.ID, consent.Answer{Notice: n.SHA256})
	d.must(err)
	receipt, err := d.server.consents.Receipt(ctx, of, asked.ID)
	d.must(err)

	var a httpapi.Artefact
	d.json(&a, "POST", "/v1/artefacts?function=person", jpegSample(t), http.StatusCreated)
	var minted struct{ Text string }
	d.json(&minted, "POST", "/v1/consents/"+asked.ID+"/tokens", body(map[string]any{"uses": 1}), http.StatusCreated, kind, plain)
	spend := body(map[string]any{"token": minted.Text, "number": a.Number, "use": map[string]any{"function": "person", "modality": []string{"voice"}, "purpose": "advert", "account": person}})
	d.ask("POST", "/v1/consent-tokens:spend", spend, http.StatusOK, kind, plain)
	before := d.blobs()
	d.ask("POST", "/v1/consents/"+asked.ID+":withdraw", body(map[string]any{}), http.StatusOK, kind, plain)
	d.ask("POST", "/v1/consent-tokens:spend", spend, http.StatusForbidden, kind, plain)
	d.must(d.server.consents.Tick(ctx))
	if after := d.blobs(); after != before-2 {
		t.Errorf("%d blobs became %d", before, after)
	}
	_, certificate := d.ask("GET", "/v1/consents/"+asked.ID+"/certificate", nil, http.StatusOK)
	var found httpapi.ConsentFinding
	d.json(&found, "POST", "/v1/consents:look-up", body(map[string]any{"code": code, "sha256": a.After}), http.StatusOK, kind, plain)
	if found.Basis != consent.OwnConsent || found.Number != string(a.Number) || found.Consents[0].Requester != "Telling Studio" {
		t.Errorf("%+v", found)
	}
	bundle := d.until("/v1/consents/"+asked.ID+"/bundle", func(status int, _ []byte) bool { return status == http.StatusOK })
	d.ask("POST", "/v1/accounts:erase", body(map[string]any{"account": person}), http.StatusForbidden, kind, plain) // an officer's work
	d.stop()
	d.verified(bundle, receipt, certificate)
	d.nothing("telling", "Telling Studio", "Depicted Person", challenge.Phrase, code, minted.Text, person)
}

// blobs counts the files of the blob store.
func (d *deployment) blobs() (n int) {
	d.Helper()
	d.must(filepath.WalkDir(d.set.Blobs, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}

// verified checks documents as colophon consent verify does: against the public key of the log and a bundle.
func (d *deployment) verified(bundle []byte, documents ...[]byte) {
	d.Helper()
	dir := d.TempDir()
	d.must(os.WriteFile(filepath.Join(dir, "bundle.zip"), bundle, 0o600))
	trust, err := inspect.ReadTrust([]string{filepath.Join(d.set.Keys, "log.pub")}, nil)
	d.must(err)
	say, err := locale.For(locale.English)
	d.must(err)
	for _, doc := range documents {
		var out bytes.Buffer
		path := filepath.Join(dir, "document")
		d.must(os.WriteFile(path, doc, 0o600))
		exit, err := inspect.Report{Out: &out, Say: say}.Receipt(path, filepath.Join(dir, "bundle.zip"), trust)
		if d.must(err); exit != inspect.ExitPassed {
			d.Errorf("exit %d: %s", exit, out.String())
		}
	}
}

// nothing wants that some texts stand in no file of the deployment and in no line of its log.
func (d *deployment) nothing(hidden ...string) {
	d.Helper()
	look := func(name string, raw []byte) {
		for _, text := range hidden {
			if bytes.Contains(raw, []byte(text)) {
				d.Errorf("%s has %q in clear", name, text)
			}
		}
	}
	look("the log", d.output.Bytes())
	d.must(filepath.WalkDir(d.set.Data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		look(path, raw)
		return err
	}))
}

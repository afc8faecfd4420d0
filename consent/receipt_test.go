package consent_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
)

func TestReceipt(t *testing.T) {
	w := open(t)
	e := w.ask(func(r *consent.Request) { r.Person = consent.Minor })
	_, err := w.ledger.Relate(w.Context(), person(), e.ID, consent.Proof{Kinship: consent.Parent, Name: "Relative Person", Body: strings.NewReader("register")})
	w.fine(err)
	n := w.shown(e.ID)
	w.record(e.ID, "recording")
	_, code, err := w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256, Train: true})
	w.fine(err)
	back, err := w.ledger.ByCode(w.Context(), strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	w.fine(err)
	if back.ID != e.ID {
		t.Errorf("the code leads to %s", back.ID)
	}
	for _, wrong := range []string{"", "1", code + "0", strings.Repeat("0", 25), "U" + code[1:]} {
		_, err := w.ledger.ByCode(w.Context(), wrong)
		w.refused(err, consent.CodeCode)
	}
	raw, err := w.ledger.Receipt(w.Context(), person(), e.ID)
	w.fine(err)
	r, err := consent.OpenReceipt(raw, w.verifier)
	w.fine(err)
	if r.Notice.Text != n.Text || r.State != consent.Given || !r.Terms.Train || r.Level != consent.Recorded || r.Parties[1].Name != "Requester Studio" || r.Kinship != consent.Parent || len(r.Events) != 5 {
		t.Errorf("receipt %+v", r)
	}
	if bytes.Contains(raw, []byte(account)) || bytes.Contains(raw, []byte(backend().ID)) {
		t.Error("the receipt names the requester's account, or who of the staff acted")
	}
	trust := evidence.Trust{Log: []note.Verifier{w.verifier}}
	verdict := func(raw []byte, trust evidence.Trust) colophon.Verdict {
		t.Helper()
		checks, err := consent.Verify(raw, trust, nil, 0)
		w.fine(err)
		return evidence.Overall(checks)
	}
	if got := verdict(raw, trust); got != colophon.Passed {
		t.Errorf("a good receipt: %s", got)
	}
	if got := verdict(raw, evidence.Trust{}); got != colophon.Unknown {
		t.Errorf("without a key: %s", got)
	}
	if got := verdict(raw, evidence.Trust{Log: []note.Verifier{other(t)}}); got != colophon.Failed {
		t.Errorf("with another key: %s", got)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if got := verdict(bad, trust); got == colophon.Passed {
			t.Fatalf("byte %d changed: %s", i, got)
		}
	}
	ld, err := r.JSONLD()
	w.fine(err)
	var doc map[string]any
	if err := json.Unmarshal(ld, &doc); err != nil || doc["@type"] != "dpv:ConsentRecord" || !strings.Contains(string(ld), "dpv:ConsentGiven") {
		t.Errorf("%v: %s", err, ld)
	}
}

func other(t testing.TB) note.Verifier {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewNoteVerifier("example.com/log", key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReceiptInBundle checks a receipt against a bundle that holds the record which names it, and one that does not.
func TestReceiptInBundle(t *testing.T) {
	w := open(t)
	e, _ := w.given()
	raw, err := w.ledger.Receipt(w.Context(), person(), e.ID)
	w.fine(err)
	for typ, want := range map[evidence.Type]colophon.Verdict{consent.RecordReceipt: colophon.Passed, consent.RecordGiven: colophon.Unknown} {
		bundle := w.bundle(typ)
		checks, err := consent.Verify(raw, evidence.Trust{Log: []note.Verifier{w.verifier}}, bytes.NewReader(bundle), int64(len(bundle)))
		w.fine(err)
		if got := evidence.Overall(checks); got != want {
			t.Errorf("with the record %s: %s, %+v", typ, got, checks)
		}
	}
}

// bundle makes a bundle of the one record of a type.
func (w *world) bundle(typ evidence.Type) []byte {
	w.Helper()
	for r, err := range w.store.Records(w.Context(), true) {
		w.fine(err)
		if r.Type != typ {
			continue
		}
		opening, err := w.config.Keys.(*evidence.Keyring).Open(&r.Record)
		w.fine(err)
		leaf, err := r.Leaf()
		w.fine(err)
		root := evidence.HashLeaf(leaf)
		c, err := evidence.SignCheckpoint(w.config.Signer, 1, root)
		w.fine(err)
		var out bytes.Buffer
		w.fine(evidence.WriteBundle(&out, evidence.Bundle{Created: w.clock.Now().UnixMilli(), Policy: "p", Checkpoint: c.Note, Records: []evidence.BundleRecord{{Leaf: leaf, Opening: &opening}}}, w.config.Signer))
		return out.Bytes()
	}
	w.Fatalf("no record %s", typ)
	return nil
}

func TestLookUp(t *testing.T) {
	w := open(t)
	mine := w.used()
	theirs, _ := w.given()
	token, _ := w.mint(theirs.ID, 1)
	u := use()
	_, err := w.ledger.Spend(w.Context(), backend(), token, u, "number-3")
	w.fine(err)
	digest := strings.Repeat("d", 64)
	made := consent.Output{Number: "number-3", Function: "voice-clone", At: w.clock.Now()}
	w.outputs.items["number-3"], w.outputs.items[digest], w.outputs.items["number-4"] = made, made, consent.Output{Number: "number-4"}
	for name, c := range map[string]struct {
		ask   consent.Question
		made  colophon.Verdict
		basis consent.Basis
	}{
		"own":                {consent.Question{Consent: mine.ID, Number: "number-1"}, colophon.Passed, consent.OwnConsent},
		"another's":          {consent.Question{Consent: mine.ID, Number: "number-3"}, colophon.Passed, consent.OtherConsent},
		"another's, by file": {consent.Question{Consent: mine.ID, SHA256: digest}, colophon.Passed, consent.OtherConsent},
		"by nobody known":    {consent.Question{Number: "number-1"}, colophon.Passed, consent.OtherConsent},
		"without consent":    {consent.Question{Consent: mine.ID, Number: "number-4"}, colophon.Passed, consent.NoConsent},
		"no such number":     {consent.Question{Number: "number-5"}, colophon.Failed, consent.BasisUnknown},
		"no such file":       {consent.Question{SHA256: strings.Repeat("e", 64)}, colophon.Unknown, consent.BasisUnknown},
	} {
		f, err := w.ledger.LookUp(w.Context(), person(), c.ask)
		w.fine(err)
		if f.Made != c.made || f.Basis != c.basis {
			t.Errorf("%s: %+v", name, f)
		}
		raw, err := json.Marshal(f)
		w.fine(err)
		for _, hidden := range []string{string(account), string(theirs.Subject), string(mine.Subject), theirs.ID, "Depicted Person"} {
			if strings.Contains(string(raw), hidden) {
				t.Errorf("%s tells %q: %s", name, hidden, raw)
			}
		}
		if name == "own" && (len(f.Consents) != 1 || f.Consents[0].Requester != "Requester Studio" || f.Consents[0].State != consent.Withdrawn || f.Consents[0].Used.IsZero()) {
			t.Errorf("%+v", f.Consents)
		}
	}
	for _, q := range []consent.Question{{}, {Number: "a", SHA256: digest}, {Number: "a b"}, {SHA256: "d"}} {
		_, err := w.ledger.LookUp(w.Context(), person(), q)
		w.refused(err, consent.CodeInvalid)
	}
}

// TestNothingInClear searches the database for what leads to a person, or lets somebody use a consent.
func TestNothingInClear(t *testing.T) {
	w := open(t)
	e := w.ask()
	_, _, err := w.ledger.AddReference(w.Context(), backend(), e.ID, consent.Asset{Modality: consent.Voice, Function: "voice-clone", Perceptual: strings.Repeat("b", 64), Body: strings.NewReader("voice")})
	w.fine(err)
	n := w.shown(e.ID)
	c, err := w.ledger.Challenge(w.Context(), person(), e.ID)
	w.fine(err)
	_, err = w.ledger.Record(w.Context(), person(), e.ID, consent.Take{Nonce: c.Nonce, Device: "telling browser", Body: strings.NewReader("recording")})
	w.fine(err)
	_, code, err := w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256})
	w.fine(err)
	w.pass(time.Second)
	token, _ := w.mint(e.ID, 1)
	_, err = w.ledger.Dispute(w.Context(), person(), e.ID, "a telling note")
	w.fine(err)
	sum := w.particulars(e.ID).Assets[w.get(e.ID).Value.References[0].ID].SHA256
	var dump bytes.Buffer
	w.fine(w.store.Backup(w.Context(), &dump))
	if !bytes.Contains(dump.Bytes(), []byte(e.ID)) {
		t.Fatal("the dump does not hold the consent at all, or not to be searched")
	}
	for _, hidden := range []string{"Depicted Person", "Requester Studio", "person@example.org", "An advert", c.Phrase, c.Nonce, "telling", strings.Repeat("b", 64), sum, code, strings.ReplaceAll(code, "-", ""), token, token[4:]} {
		if bytes.Contains(dump.Bytes(), []byte(hidden)) {
			t.Errorf("the store has %q in clear", hidden)
		}
	}
}

func (w *world) particulars(id string) consent.Particulars {
	w.Helper()
	p, err := w.ledger.Particulars(w.Context(), officer(), id)
	w.fine(err)
	return p
}

func TestNotice(t *testing.T) {
	w := open(t)
	e := w.ask(func(r *consent.Request) { r.Terms.Territory = []string{"CN"} })
	for language, words := range map[string][]string{"zh": {"声音", "不得用于：political", "最多 10 次", "用于训练模型", "仅限地域：CN"}, "en": {"voice", "Never for: political", "10 at most", "train models", "Only these places: CN"}} {
		n, err := w.ledger.Notice(w.Context(), e.ID, language)
		w.fine(err)
		for _, want := range append(words, "Requester Studio", "An advert for a shop", "Example Provider", "privacy@example.com", e.ID, n.Version[:4]) {
			if want != n.Version[:4] && !strings.Contains(n.Text, want) {
				t.Errorf("%s: no %q in\n%s", language, want, n.Text)
			}
		}
		if strings.Contains(n.Text, "no value") || n.SHA256 == "" || n.Version == "" {
			t.Errorf("%+v", n)
		}
	}
	_, err := w.ledger.Notice(w.Context(), e.ID, "fr")
	w.refused(err, consent.CodeInvalid)
	first := w.shown(e.ID)
	_, _, err = w.ledger.Shown(w.Context(), person(), e.ID, "zh")
	w.fine(err)
	_, _, err = w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: first.SHA256})
	w.refused(err, consent.CodeNotice) // another notice was shown since
	_, _, err = w.ledger.Give(w.Context(), backend(), e.ID, consent.Answer{Notice: w.get(e.ID).Value.Notice.SHA256})
	w.refused(err, consent.CodeGrantor) // nobody answers for the person
}

func TestWider(t *testing.T) {
	w := open(t)
	e := w.ask()
	n := w.shown(e.ID)
	for field, change := range map[string]func(*consent.Terms){
		"modality":  func(t *consent.Terms) { t.Modality = []consent.Modality{consent.Voice, consent.Face} },
		"purpose":   func(t *consent.Terms) { t.Purpose = "film" },
		"scenes":    func(t *consent.Terms) { t.Scenes = append(t.Scenes, "home") },
		"channels":  func(t *consent.Terms) { t.Channels = nil },
		"forbidden": func(t *consent.Terms) { t.Forbidden = nil },
		"until":     func(t *consent.Terms) { t.Until = t.Until.Add(time.Hour) },
		"from":      func(t *consent.Terms) { t.From = t.From.Add(-time.Hour) },
		"uses":      func(t *consent.Terms) { t.Uses = 0 },
	} {
		to := w.terms()
		change(&to)
		_, _, err := w.ledger.Narrow(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256}, to)
		w.refused(err, consent.CodeWider)
		if err != nil && !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	to := w.terms()
	to.Scenes, to.Uses, to.Forbidden = []string{"shop"}, 2, append(to.Forbidden, "medical")
	e, code, err := w.ledger.Narrow(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256}, to)
	w.fine(err)
	if e.Value.Terms.Uses != 2 || e.Value.Terms.Train || code == "" || e.Value.Events[len(e.Value.Events)-1].Kind != "narrowed" {
		t.Errorf("%+v", e.Value)
	}
}

func FuzzOpenReceipt(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := consent.OpenReceipt(raw); err == nil {
			t.Error("a receipt passes without a key")
		}
		if _, err := consent.OpenCertificate(raw); err == nil {
			t.Error("a certificate passes without a key")
		}
		checks, err := consent.Verify(raw, evidence.Trust{}, nil, 0)
		if err != nil || evidence.Overall(checks) == colophon.Passed {
			t.Errorf("%v, %v", checks, err)
		}
	})
}

// seeds are signed documents, and what is nearly one.
func seeds(f *testing.F) (list [][]byte) {
	_, key, err := ed25519.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)))
	if err != nil {
		f.Fatal(err)
	}
	signer, err := evidence.NewNoteSigner("example.com/log", key, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	shown := consent.ReceiptNotice{Shown: consent.Shown{Version: "1", Language: "en", SHA256: strings.Repeat("0", 64)}, Text: "text"}
	for head, v := range map[string]any{"colophon consent receipt v1\n": consent.Receipt{Schema: consent.Schema, Notice: &shown}, "colophon deletion certificate v1\n": consent.Certificate{Provider: "p"}, "other\n": 1} {
		text, err := evidence.Canonical(v)
		if err != nil {
			f.Fatal(err)
		}
		signed, err := note.Sign(&note.Note{Text: head + string(text) + "\n"}, signer)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, signed)
	}
	return append(list, nil, []byte("colophon consent receipt v1\n{}\n\n\u2014 a AAAAAAAA\n"))
}

package consent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/signed"
)

// Codes of receipts and certificates.
const (
	CodeReceipt          colophon.Code = "receipt-invalid"        // not in the form of a receipt or certificate
	CodeReceiptSignature colophon.Code = "receipt-signature"      // no trusted key signed it
	CodeReceiptNoKey     colophon.Code = "receipt-no-key"         // no trusted key was given to check with
	CodeReceiptNotice    colophon.Code = "receipt-notice"         // the text of the notice is not the one that was shown
	CodeReceiptUnnamed   colophon.Code = "receipt-unnamed"        // no opened record of the bundle names it
	CodeNoCertificate    colophon.Code = "consent-no-certificate" // the consent is not over, or not all is done
	CodeReceiptNoBundle  colophon.Code = "receipt-no-bundle"      // no bundle was given
)

// First lines of signed documents. They keep one from being taken for the other.
const (
	receiptHead     = "colophon consent receipt v1\n"
	certificateHead = "colophon deletion certificate v1\n"
)

// MaxReceipt is the longest receipt or certificate, in bytes.
const MaxReceipt = 256 << 10

// Receipt is a consent as the person gets it: a copy of the record after ISO/IEC TS 27560, with the notice that the person
// agreed to, word for word. Where the information lies, and for how long, stands in the notice. It names the requester as the
// notice does, and nobody of the staff.
type Receipt struct {
	Schema       string           `json:"schema"`
	Record       string           `json:"record_id"`
	Receipt      string           `json:"receipt_id"`
	Issued       time.Time        `json:"issued"`
	Principal    evidence.Subject `json:"principal_id"`
	Person       Person           `json:"person"`
	Grantor      Grantor          `json:"grantor"`
	Kinship      Kinship          `json:"kinship,omitempty"`
	Parties      []Party          `json:"parties"`
	State        State            `json:"state"`
	Level        Level            `json:"level"`
	Basis        string           `json:"lawful_basis"`
	Jurisdiction string           `json:"jurisdiction"`
	Why          string           `json:"why"`
	Terms        Terms            `json:"terms"`
	Notice       *ReceiptNotice   `json:"notice,omitempty"`
	Capture      *ReceiptCapture  `json:"capture,omitempty"`
	References   []ReceiptAsset   `json:"references,omitempty"`
	Events       []ReceiptEvent   `json:"events"`
	Withdrawal   string           `json:"withdrawal_method"`
}

// Party is somebody who takes part in a consent.
type Party struct {
	Role    string `json:"role"` // controller, requester, principal, grantor
	Name    string `json:"name,omitempty"`
	Contact string `json:"contact,omitempty"`
}

// ReceiptNotice is the notice that the person agreed to, or saw last where they agreed to none.
type ReceiptNotice struct {
	Shown
	Text string `json:"text"`
}

// ReceiptCapture says how the recording was checked.
type ReceiptCapture struct {
	SHA256     string      `json:"sha256"`
	At         time.Time   `json:"at"`
	Fit        Fit         `json:"fit"`
	Verifier   string      `json:"verifier,omitempty"`
	Scores     *Scores     `json:"scores,omitempty"`
	Thresholds *Thresholds `json:"thresholds,omitempty"`
}

// ReceiptAsset is one reference.
type ReceiptAsset struct {
	Modality Modality  `json:"modality"`
	SHA256   string    `json:"sha256"`
	Gone     time.Time `json:"gone,omitzero"`
}

// ReceiptEvent is one event, without who of the staff did it.
type ReceiptEvent struct {
	Kind  string        `json:"kind"`
	At    time.Time     `json:"at"`
	Role  evidence.Role `json:"role"`
	Level Level         `json:"level"`
}

// Receipt makes a signed receipt of a consent as it is now. A record names its digest.
func (l *Ledger) Receipt(ctx context.Context, by ledger.By, id string) ([]byte, error) {
	receiptID, err := l.Recorder.NewID()
	if err != nil {
		return nil, err
	}
	var raw []byte
	_, err = l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if e.Kept != ledger.Whole {
			return ledger.Act{}, refuse(colophon.Conflict, CodeErased)
		}
		if raw, err = signed.Sign(l.Signer, receiptHead, l.receipt(*e, *p, receiptID)); err != nil {
			return ledger.Act{}, err
		}
		return l.act(RecordReceipt, by, *e, &payload{Digests: map[string]string{"receipt": sha(string(raw))}}), nil
	})
	return raw, err
}

func (l *Ledger) receipt(e Entry, p Particulars, id string) Receipt {
	v := e.Value
	r := Receipt{Schema: Schema, Record: e.ID, Receipt: id, Issued: l.book.Now(), Principal: e.Subject, Person: v.Person, Grantor: v.Grantor, State: State(e.State), Level: v.Level,
		Basis: "separate consent (PIPL Art. 13, 29; Deep Synthesis Provisions Art. 14)", Jurisdiction: "CN", Why: p.Why, Terms: v.Terms, Withdrawal: "receipt code on the provider's page, or the provider's contact",
		Parties: []Party{{"controller", l.Provider, l.Contact}, {"requester", p.Requester, ""}, {"principal", p.Subject, ""}}}
	if v.Relation != nil {
		r.Kinship = v.Relation.Kinship
		r.Parties = append(r.Parties, Party{"grantor", p.Grantor, ""})
	}
	switch {
	case v.Agreed != nil:
		r.Notice = &ReceiptNotice{*v.Agreed, p.Agreed}
	case v.Notice != nil && lastGiven(e).Kind == "": // nothing was agreed to
		r.Notice = &ReceiptNotice{*v.Notice, p.Notice}
	}
	if c := v.Capture; c != nil && p.Recording != nil {
		r.Capture = &ReceiptCapture{p.Recording.SHA256, c.At, c.Fit, c.Verifier, c.Scores, c.Thresholds}
	}
	for _, ref := range v.References {
		r.References = append(r.References, ReceiptAsset{ref.Modality, p.Assets[ref.ID].SHA256, ref.Gone})
	}
	for _, ev := range v.Events {
		r.Events = append(r.Events, ReceiptEvent{ev.Kind, ev.At, ev.Role, ev.Level})
	}
	return r
}

// read reads a signed document into v. Where no trusted key signed it, v is filled in as well and the error says so.
func read(raw []byte, head string, v any, trusted []note.Verifier) error {
	if len(raw) > MaxReceipt {
		return refuse(colophon.Invalid, CodeReceipt)
	}
	return signed.Codes{Form: CodeReceipt, Signature: CodeReceiptSignature, NoKey: CodeReceiptNoKey}.Open(raw, head, v, trusted...)
}

// OpenReceipt reads a receipt that one of the trusted keys signed. Where none did, the receipt comes with the error.
func OpenReceipt(raw []byte, trusted ...note.Verifier) (Receipt, error) {
	var r Receipt
	return r, read(raw, receiptHead, &r, trusted)
}

// Certificate says what was deleted when a consent was over, and what is left.
type Certificate struct {
	Record    string           `json:"record_id"`
	Principal evidence.Subject `json:"principal_id"`
	Provider  string           `json:"provider"`
	State     State            `json:"state"`
	Began     time.Time        `json:"began"`
	Issued    time.Time        `json:"issued"`
	Steps     []Step           `json:"steps"`
	Residue   []Residue        `json:"residue"`
}

// certify signs the certificate. Backups and records are left of every consent.
func (l *Ledger) certify(e Entry) (string, error) {
	c := e.Value.Cascade
	steps := slices.DeleteFunc(slices.Clone(c.Steps), func(s Step) bool { return s.Name == StepCertificate })
	residue := append(slices.Clone(c.Residue), Residue{ResidueRecords, len(e.Value.Events)}, Residue{ResidueBackups, -1})
	raw, err := signed.Sign(l.Signer, certificateHead, Certificate{e.ID, e.Subject, l.Provider, State(e.State), c.Began, l.book.Now(), steps, residue})
	return string(raw), err
}

// OpenCertificate reads a certificate that one of the trusted keys signed. Where none did, it comes with the error.
func OpenCertificate(raw []byte, trusted ...note.Verifier) (Certificate, error) {
	var c Certificate
	return c, read(raw, certificateHead, &c, trusted)
}

// IsCertificate reports whether bytes begin as a certificate does.
func IsCertificate(raw []byte) bool { return bytes.HasPrefix(raw, []byte(certificateHead)) }

// Verify checks a receipt or certificate with nothing but its bytes, and against the records of an evidence bundle where one
// is given.
func Verify(raw []byte, trust evidence.Trust, bundle io.ReaderAt, size int64) ([]evidence.Check, error) {
	var shown *ReceiptNotice
	var err error
	if IsCertificate(raw) {
		_, err = OpenCertificate(raw, trust.Log...)
	} else {
		var r Receipt
		r, err = OpenReceipt(raw, trust.Log...)
		shown = r.Notice
	}
	checks := []evidence.Check{verdict("signature", err)}
	if shown != nil {
		check := evidence.Check{Part: "notice", Name: shown.Version, Verdict: colophon.Passed}
		if sha(shown.Text) != shown.SHA256 {
			check.Verdict, check.Code = colophon.Failed, CodeReceiptNotice
		}
		checks = append(checks, check)
	}
	if bundle == nil {
		return append(checks, evidence.Check{Part: "bundle", Name: "record", Code: CodeReceiptNoBundle, Optional: true}), nil
	}
	report, err := trust.VerifyBundle(bundle, size)
	if err != nil {
		return nil, err
	}
	check := evidence.Check{Part: "bundle", Name: "record", Verdict: colophon.Passed}
	if !report.Named[sha(string(raw))] {
		check.Verdict, check.Code = colophon.Unknown, CodeReceiptUnnamed
	}
	return append(append(checks, report.Checks...), check), nil
}

func verdict(part string, err error) evidence.Check {
	c := evidence.Check{Part: part, Verdict: colophon.Passed}
	var e *colophon.Error
	if errors.As(err, &e) {
		c.Verdict, c.Code = colophon.Failed, e.Code
		if e.Kind == colophon.Unsupported {
			c.Verdict = colophon.Unknown
		}
	} else if err != nil {
		c.Verdict, c.Code = colophon.Failed, CodeReceipt
	}
	return c
}

// JSONLD writes a receipt in the terms of the W3C Data Privacy Vocabulary.
func (r Receipt) JSONLD() ([]byte, error) {
	term := func(kind string, more map[string]any) map[string]any {
		m := map[string]any{"@type": kind}
		maps.Copy(m, more)
		return m
	}
	status := map[State]string{Requested: "dpv:ConsentRequested", Noticed: "dpv:ConsentRequested", Given: "dpv:ConsentGiven", Refused: "dpv:ConsentRefused", Withdrawn: "dpv:ConsentWithdrawn",
		Expired: "dpv:ConsentExpired", Disputed: "dpv:ConsentUnknown", Invalidated: "dpv:ConsentInvalidated"}[r.State]
	doc := term("dpv:ConsentRecord", map[string]any{
		"@context": map[string]any{"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/"}, "@id": "urn:uuid:" + r.Record, "dct:conformsTo": r.Schema, "dct:identifier": r.Record,
		"dpv:hasDataSubject": term("dpv:DataSubject", map[string]any{"dct:identifier": string(r.Principal)}), "dpv:hasConsentStatus": term(status, nil),
		"dpv:hasPurpose": term("dpv:Purpose", map[string]any{"dct:title": r.Terms.Purpose, "dct:description": r.Why}), "dpv:hasLegalBasis": term("dpv:ExplicitlyExpressedConsent", map[string]any{"dct:description": r.Basis}),
		"dpv:hasJurisdiction": r.Jurisdiction, "dct:valid": map[string]any{"start": r.Terms.From, "end": r.Terms.Until}, "dct:issued": r.Issued,
		"dpv:hasConsentControl": []any{term("dpv:WithdrawConsent", map[string]any{"dct:description": r.Withdrawal})},
	})
	var data, parties []any
	for _, m := range r.Terms.Modality {
		data = append(data, term("dpv:SensitivePersonalData", map[string]any{"dct:title": string(m)}))
	}
	for _, p := range r.Parties[:min(2, len(r.Parties))] {
		parties = append(parties, term("dpv:DataController", map[string]any{"dpv:hasName": p.Name, "dpv:hasContact": p.Contact, "dct:description": p.Role}))
	}
	doc["dpv:hasPersonalData"], doc["dpv:hasDataController"] = data, parties
	if r.Notice != nil {
		doc["dpv:hasNotice"] = term("dpv:ConsentNotice", map[string]any{"dct:hasVersion": r.Notice.Version, "dct:language": r.Notice.Language, "dct:identifier": "sha256:" + r.Notice.SHA256})
	}
	return json.MarshalIndent(doc, "", "  ")
}

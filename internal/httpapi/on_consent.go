package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

// consentRoutes are those of the consents of depicted people.
func consentRoutes() []route {
	return []route{
		{get, "/v1/consents", "consents", staff.ConsentRead, "consents", 0, 200, do((*server).consentList), "List consents of depicted people, without what leads to them", 0},
		{post, "/v1/consents", "request-consent", staff.ConsentAsk, "consents", small, 201, once((*server).consentRequest), "Ask for the consent of the person who is to be depicted", 0},
		{post, "/v1/consents:look-up", "look-up-consent", staff.ConsentRead, "consents", small, 200, do((*server).consentLookUp), "Was it made here, when, and with whose consent: the answer tells nothing of others", 0},
		{get, "/v1/artefacts/{number}/consents", "artefact-consents", staff.ConsentRead, "consents", 0, 200, do((*server).artefactConsents), "List the consents that were spent for an artefact, with their tokens", 0},
		{post, "/v1/consent-references", "add-consent-reference", staff.ConsentAsk, "consents", 0, 201, do((*server).consentReference), "Add a reference: a picture, film or recording of the person", upload},
		{get, "/v1/consents/{id}", "consent", staff.ConsentRead, "consents", 0, 200, do((*server).consentShow), "Show a consent, with the cascade of one that is over", 0},
		{get, "/v1/consents/{id}/particulars", "consent-particulars", staff.ConsentManage, "consents", 0, 200, do((*server).consentParticulars), "Read who the parties are; a record says that you did", 0},
		{get, "/v1/consents/{id}/evidence", "consent-evidence", staff.ConsentManage, "consents", 0, 200, do((*server).consentEvidence), "Fetch the recording, or what a guardian or kin brought; a record says that you did", 0},
		{get, "/v1/consents/{id}/receipt", "consent-receipt", staff.ConsentManage, "consents", 0, 200, do((*server).consentReceipt), "Make a signed receipt for the person", 0},
		{get, "/v1/consents/{id}/certificate", "consent-certificate", staff.ConsentRead, "consents", 0, 200, do((*server).consentCertificate), "The signed certificate of deletion", 0},
		{get, "/v1/consents/{id}/bundle", "consent-bundle", staff.BundleMake, "consents", 0, 200, do((*server).consentBundle), "Make the bundle of all records about a consent, against which a receipt can be checked", 0},
		{post, "/v1/consents/{id}:claim", "claim-consent", staff.ConsentAsk, "consents", small, 200, once((*server).consentClaim), "Say on the requester's word that the consent was given; its level stays claimed", 0},
		{post, "/v1/consents/{id}:ask-renewal", "ask-consent-renewal", staff.ConsentAsk, "consents", small, 200, once((*server).consentRenewal), "Ask the person for a longer time, or more uses", 0},
		{post, "/v1/consents/{id}:withdraw", "withdraw-consent", staff.ConsentAsk, "consents", small, 200, once((*server).consentWithdraw), "Withdraw a consent, at the person's request", 0},
		{post, "/v1/consents/{id}:dispute", "dispute-consent", staff.ConsentAsk, "consents", small, 200, once((*server).consentDispute), "Freeze a consent, since somebody says \"that is not me\"", 0},
		{post, "/v1/consents/{id}:settle", "settle-consent", staff.ConsentManage, "consents", small, 200, once((*server).consentSettle), "Say what came of a dispute", 0},
		{post, "/v1/consents/{id}:invalidate", "invalidate-consent", staff.ConsentManage, "consents", small, 200, once((*server).consentInvalidate), "End a consent that never was a good one", 0},
		{post, "/v1/consents/{id}:decide-relation", "decide-consent-relation", staff.ConsentManage, "consents", small, 200, once((*server).consentRelation), "Say whether the evidence of a guardian or kin is good", 0},
		{post, "/v1/consents/{id}:verify", "verify-consent", staff.ConsentManage, "consents", small, 200, once((*server).consentVerify), "Say by which verification the person's identity is known", 0},
		{get, "/v1/consents/{id}/tokens", "consent-tokens", staff.ConsentRead, "consents", 0, 200, do((*server).tokenList), "List the tokens of a consent, and for which content numbers they were spent", 0},
		{post, "/v1/consents/{id}/tokens", "mint-consent-token", staff.ConsentAsk, "consents", small, 201, once((*server).tokenMint), "Make a token for uses of a consent; its text is shown this once", 0},
		{post, "/v1/consent-tokens/{id}:revoke", "revoke-consent-token", staff.ConsentAsk, "consents", small, 200, once((*server).tokenRevoke), "End a token before it is spent", 0},
		{post, "/v1/consent-tokens:check", "check-consent-token", staff.ConsentAsk, "consents", small, 200, do((*server).tokenCheck), "Whether a token is good for a use now; nothing is counted", 0},
		{post, "/v1/consent-tokens:spend", "spend-consent-token", staff.ConsentAsk, "consents", small, 200, do((*server).tokenSpend), "Count one use of a token and tie it to a content number; the same number counts once", 0},
	}
}

// mayOfConsent reports whether the asker may do something about a consent: about all functions that it is for.
func mayOfConsent(ctx context.Context, action staff.Action, functions []string) error {
	if len(functions) == 0 {
		return askerOf(ctx).mayOfAll(action)
	}
	for _, f := range functions {
		if err := askerOf(ctx).may(action, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) consentOf(ctx context.Context, action staff.Action, id string) (consent.Entry, error) {
	e, err := s.Consents.Consent(ctx, id)
	if err == nil {
		err = mayOfConsent(ctx, action, e.Value.Asked.Functions)
	}
	return e, err
}

type consentListInput struct {
	Page
	Requester evidence.Subject `query:"requester" maxLength:"64" doc:"Pseudonym of the account that asked."`
	Subject   evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of the depicted person."`
	States    []consent.State  `query:"state,explode" nullable:"false" maxItems:"8" enum:"requested,shown,given,refused,withdrawn,expired,disputed,invalidated" doc:"State; may be repeated."`
}

type consentListOutput struct {
	Body struct {
		Consents []Consent `json:"consents" nullable:"false" doc:"The newest first."`
		Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) consentList(ctx context.Context, in *consentListInput) (*consentListOutput, error) {
	if err := mayOfConsent(ctx, staff.ConsentRead, nil); err != nil {
		return nil, err
	}
	list, next, err := s.Consents.Consents(ctx, consent.Query{Requester: in.Requester, Subject: in.Subject, States: in.States, After: in.Cursor, Limit: in.Limit})
	out := &consentListOutput{}
	out.Body.Consents, out.Body.Next = []Consent{}, next
	for _, e := range list {
		out.Body.Consents = append(out.Body.Consents, viewConsent(e))
	}
	return out, err
}

type consentOutput struct {
	Replayed
	Body Consent
}

func shownConsent(e consent.Entry, err error) (*consentOutput, error) {
	if err != nil {
		return nil, err
	}
	return &consentOutput{Body: viewConsent(e)}, nil
}

func (s *server) consentShow(ctx context.Context, in *Named) (*consentOutput, error) {
	return shownConsent(s.consentOf(ctx, staff.ConsentRead, in.ID))
}

type consentRequestInput struct {
	Keyed
	Body struct {
		Account       string           `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account that asks. It becomes a pseudonym at once." example:"user-8731"`
		Self          bool             `json:"self,omitempty" doc:"The account's holder is the person who is to be depicted."`
		Subject       evidence.Subject `json:"subject,omitempty" maxLength:"64" doc:"Pseudonym of a person who was asked before; leave it out for somebody new."`
		Person        consent.Person   `json:"person" enum:"adult,minor,deceased" doc:"Who the person is: 14 or older; under 14, so that a guardian decides; or deceased, so that a near relative does."`
		Language      string           `json:"language" enum:"zh,en" doc:"Language of the notice."`
		RequesterName string           `json:"requester_name" minLength:"1" maxLength:"400" doc:"Who asks, as the notice says it. One line."`
		Why           string           `json:"why" minLength:"1" maxLength:"4000" doc:"What the likeness is for, as the notice says it. One line."`
		SubjectName   string           `json:"subject_name,omitempty" maxLength:"400" doc:"Name of the person. It is sealed."`
		Contact       string           `json:"contact,omitempty" maxLength:"4000" doc:"Where you reach the person. It is sealed."`
		Terms         ConsentTerms     `json:"terms" doc:"What is asked for."`
	}
}

func (s *server) consentRequest(ctx context.Context, in *consentRequestInput) (*consentOutput, error) {
	b := in.Body
	if err := mayOfConsent(ctx, staff.ConsentAsk, b.Terms.Functions); err != nil {
		return nil, err
	}
	account, err := s.People.Account(ctx, b.Account)
	if err != nil {
		return nil, err
	}
	if b.Self {
		b.Subject = account
	}
	return shownConsent(s.Consents.Request(ctx, ledgerBy(ctx), consent.Request{Requester: account, Subject: b.Subject, Person: b.Person, Language: b.Language, Terms: consent.Terms(b.Terms),
		RequesterName: b.RequesterName, Why: b.Why, SubjectName: b.SubjectName, Contact: b.Contact}))
}

type consentReferenceInput struct {
	Upload
	Consent    string           `query:"consent" required:"true" minLength:"1" maxLength:"64" doc:"Identifier of the consent."`
	Modality   consent.Modality `query:"modality" required:"true" enum:"face,voice,body" doc:"What it shows of the person."`
	Function   string           `query:"function" required:"true" minLength:"1" maxLength:"64" doc:"For which function it is brought; the requester must have acknowledged the prompt for it."`
	SHA256     string           `query:"sha256" maxLength:"64" pattern:"^[0-9a-f]*$" patternDescription:"hexadecimal digits" doc:"SHA-256 of the bytes. With elsewhere it stands for them."`
	Perceptual string           `query:"perceptual" maxLength:"64" pattern:"^[0-9a-f]*$" patternDescription:"hexadecimal digits" doc:"Perceptual hash of 256 bits."`
	Elsewhere  bool             `query:"elsewhere" doc:"The bytes stay with you, and the body is empty. You delete them when the consent ends; the certificate says that they were with you."`
}

type consentReferenceOutput struct {
	Body struct {
		Reference ConsentReference `json:"reference" doc:"The reference."`
		Consent   Consent          `json:"consent" doc:"The consent that it is for."`
	}
}

func (s *server) consentReference(ctx context.Context, in *consentReferenceInput) (*consentReferenceOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentAsk, in.Consent); err != nil {
		return nil, err
	}
	a := consent.Asset{Modality: in.Modality, Function: in.Function, SHA256: in.SHA256, Perceptual: in.Perceptual}
	if !in.Elsewhere {
		body, err := in.file()
		if err != nil {
			return nil, err
		}
		a.Body = body
	}
	e, ref, err := s.Consents.AddReference(ctx, ledgerBy(ctx), in.Consent, a)
	if err != nil {
		return nil, err
	}
	out := &consentReferenceOutput{}
	out.Body.Reference, out.Body.Consent = viewReference(ref), viewConsent(e)
	return out, nil
}

type consentParticularsOutput struct{ Body ConsentParticulars }

func (s *server) consentParticulars(ctx context.Context, in *Named) (*consentParticularsOutput, error) {
	p, err := s.Consents.Particulars(ctx, ledgerBy(ctx), in.ID)
	return &consentParticularsOutput{ConsentParticulars{p.Subject, p.Contact, p.Requester, p.Why, p.Grantor, p.Spoken, p.Device, p.Notice}}, err
}

type consentEvidenceInput struct {
	Named
	Kind string `query:"kind" required:"true" enum:"recording,relation" doc:"Which: the recording of the person, or what a guardian or kin brought."`
}

// consentEvidence is shown as a download: nobody's browser runs it.
func (s *server) consentEvidence(ctx context.Context, in *consentEvidenceInput) (*stream, error) {
	f, err := s.Consents.Evidence(ctx, ledgerBy(ctx), in.ID, in.Kind)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		defer f.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment")
		if _, err := io.Copy(w, f); err != nil {
			panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
		}
	}), nil
}

type consentReceiptInput struct {
	Named
	Form string `query:"form" enum:"note,jsonld" default:"note" doc:"A signed note, which colophon consent verify checks; or JSON-LD in the terms of W3C DPV, which is not signed."`
}

func (s *server) consentReceipt(ctx context.Context, in *consentReceiptInput) (*stream, error) {
	raw, err := s.Consents.Receipt(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if in.Form == "note" {
		return attached("text/plain; charset=utf-8", raw), nil
	}
	r, err := consent.OpenReceipt(raw)
	var unsigned *colophon.Error
	if !errors.As(err, &unsigned) || unsigned.Code != consent.CodeReceiptNoKey { // it was made just now
		return nil, err
	}
	if raw, err = r.JSONLD(); err != nil {
		return nil, err
	}
	return attached("application/ld+json", raw), nil
}

func attached(kind string, body []byte) *stream {
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-store")
		w.Write(body) //nolint:errcheck // nobody is left to be told
	})
}

func (s *server) consentCertificate(ctx context.Context, in *Named) (*stream, error) {
	e, err := s.consentOf(ctx, staff.ConsentRead, in.ID)
	if err != nil {
		return nil, err
	}
	if e.Value.Cascade == nil || e.Value.Cascade.Certificate == "" {
		return nil, refuse(colophon.Missing, consent.CodeNoCertificate)
	}
	return attached("text/plain; charset=utf-8", []byte(e.Value.Cascade.Certificate)), nil
}

func (s *server) consentBundle(ctx context.Context, in *Named) (*stream, error) {
	if _, err := s.consentOf(ctx, staff.BundleMake, in.ID); err != nil {
		return nil, err
	}
	by := askerOf(ctx).by
	return s.bound(func(ctx context.Context, w io.Writer) error { return s.Binder.BundleAbout(ctx, by, w, in.ID) }), nil
}

func (s *server) consentClaim(ctx context.Context, in *judgeInput) (*consentOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentAsk, in.ID); err != nil {
		return nil, err
	}
	return shownConsent(s.Consents.Claim(ctx, ledgerBy(ctx), in.ID))
}

type consentRenewalInput struct {
	Keyed
	Named
	Body struct {
		Until time.Time `json:"until" doc:"Until when it is to hold."`
		Uses  int       `json:"uses,omitempty" minimum:"0" maximum:"1000000" doc:"How many items may be made in all; 0 for no limit."`
	}
}

func (s *server) consentRenewal(ctx context.Context, in *consentRenewalInput) (*consentOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentAsk, in.ID); err != nil {
		return nil, err
	}
	return shownConsent(s.Consents.AskRenewal(ctx, ledgerBy(ctx), in.ID, in.Body.Until, in.Body.Uses))
}

type consentReasonInput struct {
	Keyed
	Named
	Body struct {
		Reason colophon.Code `json:"reason,omitempty" maxLength:"64" doc:"A code, where a reason is given." example:"asked-by-mail"`
	}
}

func (s *server) consentWithdraw(ctx context.Context, in *consentReasonInput) (*consentOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentAsk, in.ID); err != nil {
		return nil, err
	}
	return shownConsent(s.Consents.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}

func (s *server) consentInvalidate(ctx context.Context, in *consentReasonInput) (*consentOutput, error) {
	return shownConsent(s.Consents.Invalidate(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}

type consentDisputeInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note,omitempty" maxLength:"8192" doc:"What the person says. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) consentDispute(ctx context.Context, in *consentDisputeInput) (*consentOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentAsk, in.ID); err != nil {
		return nil, err
	}
	return shownConsent(s.Consents.Dispute(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

type consentSettleInput struct {
	Keyed
	Named
	Body struct {
		Founded bool          `json:"founded" doc:"The dispute is well founded: the consent is invalid. Otherwise it is what it was."`
		Reason  colophon.Code `json:"reason" minLength:"1" maxLength:"64" doc:"Why." example:"other-person"`
	}
}

func (s *server) consentSettle(ctx context.Context, in *consentSettleInput) (*consentOutput, error) {
	return shownConsent(s.Consents.Settle(ctx, ledgerBy(ctx), in.ID, in.Body.Founded, in.Body.Reason))
}

type consentRelationInput struct {
	Keyed
	Named
	Body struct {
		Good   bool          `json:"good" doc:"The evidence is good."`
		Reason colophon.Code `json:"reason,omitempty" maxLength:"64" doc:"Why; needed where it is not." example:"unreadable"`
	}
}

func (s *server) consentRelation(ctx context.Context, in *consentRelationInput) (*consentOutput, error) {
	return shownConsent(s.Consents.DecideRelation(ctx, ledgerBy(ctx), in.ID, in.Body.Good, in.Body.Reason))
}

type consentVerifyInput struct {
	Keyed
	Named
	Body struct {
		Verification string `json:"verification" minLength:"1" maxLength:"64" doc:"Identifier of a verification of this person."`
	}
}

func (s *server) consentVerify(ctx context.Context, in *consentVerifyInput) (*consentOutput, error) {
	return shownConsent(s.Consents.Verify(ctx, ledgerBy(ctx), in.ID, in.Body.Verification))
}

type consentLookUpInput struct {
	Body struct {
		Code   string `json:"code,omitempty" maxLength:"64" doc:"Receipt code of the person who asks; without it nobody's consents are told."`
		Number string `json:"number,omitempty" maxLength:"64" doc:"Content number, as the label of the file says it. One of number and sha256."`
		SHA256 string `json:"sha256,omitempty" maxLength:"64" pattern:"^[0-9a-f]*$" patternDescription:"hexadecimal digits" doc:"SHA-256 of the file."`
	}
}

type consentLookUpOutput struct{ Body ConsentFinding }

func (s *server) consentLookUp(ctx context.Context, in *consentLookUpInput) (*consentLookUpOutput, error) {
	q := consent.Question{Number: strings.TrimSpace(in.Body.Number), SHA256: in.Body.SHA256}
	if in.Body.Code != "" {
		e, err := s.Consents.ByCode(ctx, in.Body.Code)
		if err != nil {
			return nil, err
		}
		q.Consent = e.ID
	}
	f, err := s.Consents.LookUp(ctx, ledgerBy(ctx), q)
	if err != nil {
		return nil, err
	}
	v := ConsentFinding{Made: f.Made.String(), Code: f.Code, Number: f.Number, Function: f.Function, At: set(f.At), Basis: f.Basis, Consents: []ConsentFound{}}
	for _, c := range f.Consents {
		v.Consents = append(v.Consents, ConsentFound{c.Consent, c.Requester, c.State, c.Level.String(), set(c.Given), set(c.Used)})
	}
	return &consentLookUpOutput{v}, nil
}

// useOf reads a use; the account becomes its pseudonym.
func (s *server) useOf(ctx context.Context, v ConsentUse) (consent.Use, error) {
	u := consent.Use{Function: v.Function, Modality: v.Modality, Purpose: v.Purpose, Scene: v.Scene, Channel: v.Channel, Language: v.Language, Territory: v.Territory, Training: v.Training}
	if v.Account == "" {
		return u, nil
	}
	account, err := s.People.Account(ctx, v.Account)
	u.Account = account
	return u, err
}

type artefactConsentsInput struct{ Numbered }

type artefactConsentsOutput struct {
	Body struct {
		Consents []ConsentSpent `json:"consents" nullable:"false" doc:"One for each token that was spent for the artefact."`
	}
}

func (s *server) artefactConsents(ctx context.Context, in *artefactConsentsInput) (*artefactConsentsOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.ConsentRead); err != nil {
		return nil, err
	}
	a, err := s.find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	list, err := s.Consents.Spent(ctx, string(a.Number), consent.Use{})
	out := &artefactConsentsOutput{}
	out.Body.Consents = []ConsentSpent{}
	for _, g := range list {
		out.Body.Consents = append(out.Body.Consents, ConsentSpent{g.Consent, g.Token, g.Subject, g.State, g.Level.String(), g.Modality, set(g.Used)})
	}
	return out, err
}

type tokenListInput struct {
	Named
	Page
}

type tokenListOutput struct {
	Body struct {
		Tokens []ConsentToken `json:"tokens" nullable:"false" doc:"Tokens, by when they were made."`
		Next   string         `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) tokenList(ctx context.Context, in *tokenListInput) (*tokenListOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentRead, in.ID); err != nil {
		return nil, err
	}
	list, next, err := s.Consents.Tokens(ctx, in.ID, in.Cursor, in.Limit)
	out := &tokenListOutput{}
	out.Body.Tokens, out.Body.Next = []ConsentToken{}, next
	for _, t := range list {
		out.Body.Tokens = append(out.Body.Tokens, viewToken(t))
	}
	return out, err
}

type tokenMintInput struct {
	Keyed
	Named
	Body struct {
		Scope ConsentUse `json:"scope,omitzero" doc:"What the token is for; what is left out is limited by the consent alone."`
		Uses  int        `json:"uses" minimum:"1" maximum:"100" doc:"How many items may be made with it. They are taken from the consent."`
		Until time.Time  `json:"until,omitzero" doc:"When it expires: an hour from now by itself, 31 days at most."`
	}
}

type mintedToken struct {
	Text  string       `json:"text,omitempty" doc:"The token. It is shown this once, and not when the answer is given again for an idempotency key."`
	Token ConsentToken `json:"token" doc:"What is kept of it."`
}

type tokenMintOutput struct {
	Replayed
	Body mintedToken
}

// withoutSecret is what is kept as the answer to an idempotency key.
func (o *tokenMintOutput) withoutSecret() tokenMintOutput {
	return tokenMintOutput{Body: mintedToken{Token: o.Body.Token}}
}

func (s *server) tokenMint(ctx context.Context, in *tokenMintInput) (*tokenMintOutput, error) {
	if _, err := s.consentOf(ctx, staff.ConsentAsk, in.ID); err != nil {
		return nil, err
	}
	scope, err := s.useOf(ctx, in.Body.Scope)
	if err != nil {
		return nil, err
	}
	text, t, err := s.Consents.Mint(ctx, ledgerBy(ctx), in.ID, scope, in.Body.Uses, in.Body.Until)
	if err != nil {
		return nil, err
	}
	return &tokenMintOutput{Body: mintedToken{text, viewToken(t)}}, nil
}

type tokenOutput struct {
	Replayed
	Body ConsentToken
}

func (s *server) tokenRevoke(ctx context.Context, in *judgeInput) (*tokenOutput, error) {
	t, err := s.Consents.Token(ctx, in.ID)
	if err == nil {
		_, err = s.consentOf(ctx, staff.ConsentAsk, t.Value.Consent)
	}
	if err == nil {
		t, err = s.Consents.Revoke(ctx, ledgerBy(ctx), in.ID)
	}
	return &tokenOutput{Body: viewToken(t)}, err
}

type tokenCheckInput struct {
	Body struct {
		Token string     `json:"token" minLength:"1" maxLength:"256" doc:"The token."`
		Use   ConsentUse `json:"use" doc:"What is to be done."`
	}
}

type tokenCheckOutput struct{ Body ConsentAnswer }

// tokenCheck answers with what does not hold, which is no error of the request.
func (s *server) tokenCheck(ctx context.Context, in *tokenCheckInput) (*tokenCheckOutput, error) {
	use, err := s.useOf(ctx, in.Body.Use)
	if err == nil {
		err = mayOfOne(ctx, staff.ConsentAsk, use.Function)
	}
	if err != nil {
		return nil, err
	}
	g, err := s.Consents.Check(ctx, in.Body.Token, use)
	broken, err := refusals(err)
	if err != nil {
		return nil, err
	}
	v := ConsentAnswer{Good: len(broken) == 0, Refusals: []ConsentRefusal{}, Grant: viewGrant(g)}
	say := printer(askerOf(ctx).language)
	for _, e := range broken {
		v.Refusals = append(v.Refusals, ConsentRefusal{e.Code, say.Code(e.Code, e.Args), e.Clauses})
	}
	return &tokenCheckOutput{v}, nil
}

// refusals are the conditions that do not hold, of those that an error joins. Any other error is one of the request, or ours.
func refusals(err error) ([]*colophon.Error, error) {
	if err == nil {
		return nil, nil
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	var broken []*colophon.Error
	for _, one := range list {
		var e *colophon.Error
		if !errors.As(one, &e) || e.Kind != colophon.Refused && e.Code != consent.CodeToken {
			return nil, err
		}
		broken = append(broken, e)
	}
	return broken, nil
}

type tokenSpendInput struct {
	Body struct {
		Token  string     `json:"token" minLength:"1" maxLength:"256" doc:"The token."`
		Use    ConsentUse `json:"use" doc:"What is done."`
		Number string     `json:"number" minLength:"1" maxLength:"64" doc:"Content number of what is made."`
	}
}

type tokenSpendOutput struct{ Body ConsentGrant }

func (s *server) tokenSpend(ctx context.Context, in *tokenSpendInput) (*tokenSpendOutput, error) {
	use, err := s.useOf(ctx, in.Body.Use)
	if err == nil {
		err = mayOfOne(ctx, staff.ConsentAsk, use.Function)
	}
	if err != nil {
		return nil, err
	}
	g, err := s.Consents.Spend(ctx, ledgerBy(ctx), in.Body.Token, use, in.Body.Number)
	return &tokenSpendOutput{viewGrant(g)}, err
}

package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

func identityRoutes() []route {
	return []route{
		{get, "/v1/accounts/{id}", "account", staff.AccountRead, "identity", 0, 200, do((*server).account), "Show what is known about an account now", 0},
		{post, "/v1/accounts:find", "find-account", staff.AccountRead, "identity", small, 200, do((*server).findAccount), "Find the pseudonym of an account", 0},
		{post, "/v1/accounts:verify", "verify-account", staff.AccountVerify, "identity", small, 200, once((*server).verifyAccount), "Have a source check a claim now", 0},
		{post, "/v1/accounts:begin", "begin-verification", staff.AccountVerify, "identity", small, 201, once((*server).beginVerification), "Have a person asked by a source that answers later", 0},
		{post, "/v1/accounts:attest", "attest-account", staff.AccountVerify, "identity", small, 201, once((*server).attestAccount), "Say that you verified an account yourself", 0},
		{post, "/v1/accounts/{id}:recheck", "recheck-account", staff.AccountVerify, "identity", small, 200, once((*server).recheckAccount), "Have an account count as unverified until it is verified anew", 0},
		{get, "/v1/verification-sources", "verification-sources", staff.AccountRead, "identity", 0, 200, do((*server).verificationSources), "List the sources that verify", 0},
		{get, "/v1/verifications", "verifications", staff.AccountRead, "identity", 0, 200, do((*server).verifications), "List verifications, the newest first", 0},
		{get, "/v1/verifications/{id}", "verification", staff.AccountRead, "identity", 0, 200, do((*server).verification), "Show a verification", 0},
		{get, "/v1/verifications/{id}/masked", "masked", staff.AccountVerify, "identity", 0, 200, do((*server).masked), "Show the masked number and names; a record says that you did", 0},
		{get, "/v1/verifications/{id}/alike", "alike", staff.AccountRead, "identity", 0, 200, do((*server).alike), "List other accounts of the same person", 0},
		{post, "/v1/verifications/{id}:complete", "complete-verification", staff.AccountVerify, "identity", small, 200, once((*server).completeVerification), "Hand in what a person typed, or came back with", 0},
		{post, "/v1/verifications/{id}/call-back", "call-back", "", "identity", small, 204, do((*server).callBack), "Where a source says what came of a verification (docs/format/verify-webhook.md); its signature is what lets it in", foreign},
		{get, "/v1/verification-imports", "verification-imports", staff.AccountRead, "identity", 0, 200, do((*server).imports), "List files with verifications", 0},
		{get, "/v1/verification-imports/{id}", "verification-import", staff.AccountRead, "identity", 0, 200, do((*server).verificationImport), "Show an import, without the file", 0},
		{post, "/v1/verification-imports", "propose-import", staff.AccountImport, "identity", 0, 201, do((*server).proposeImport), "Propose verifications from a file (CSV); all of it is checked first", upload},
		{post, "/v1/verification-imports/{id}:approve", "approve-import", staff.AccountApprove, "identity", small, 200, once((*server).approveImport), "Take over what somebody else proposed: all of it, or nothing", 0},
		{post, "/v1/verification-imports/{id}:reject", "reject-import", staff.AccountImport, "identity", small, 200, once((*server).rejectImport), "End an import; the file is thrown away", 0},
	}
}

// AccountView is what is known about an account now.
type AccountView struct {
	Subject      evidence.Subject   `json:"subject" doc:"Pseudonym of the account."`
	Level        identity.Level     `json:"level" enum:"none,phone,two-factor,three-factor,four-factor,live,network-id,organisation" doc:"How far it is verified."`
	Verification string             `json:"verification,omitempty" doc:"The verification that counts; of an account to be verified anew the one that no longer does."`
	Method       identity.Method    `json:"method,omitempty" doc:"What was verified."`
	Vouched      identity.Vouched   `json:"vouched,omitempty" enum:"checked,attested,imported" doc:"On whose word: a source answered here, your backend says so, or two people took it over from a file."`
	Assurance    identity.Assurance `json:"assurance,omitempty" enum:"low" doc:"The telephone number is of no range that people are known to get from an operator: data cards, resellers, satellites, or a range that is not listed."`
	Until        *time.Time         `json:"until,omitempty" doc:"Until when; absent for no end."`
	Minor        identity.Minor     `json:"minor,omitempty" enum:"under-14,14-17,adult" doc:"Band of age when it was verified; absent where nobody knows."`
	Recheck      bool               `json:"recheck,omitempty" doc:"It is to be verified anew."`
}

type accountOutput struct {
	Replayed
	Body AccountView
}

func shownAccount(a identity.Account, err error) (*accountOutput, error) {
	return &accountOutput{Body: AccountView{a.Subject, a.Level, a.Verification, a.Method, a.Vouched, a.Assurance, set(a.Until), a.Minor, a.Recheck}}, err
}

func (s *server) account(ctx context.Context, in *Named) (*accountOutput, error) {
	return shownAccount(s.Identity.Account(ctx, evidence.Subject(in.ID)))
}

type findAccountInput struct {
	Body struct {
		Account string `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account." example:"user-8731"`
	}
}

type findAccountOutput struct {
	Body struct {
		Subject evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	}
}

func (s *server) findAccount(ctx context.Context, in *findAccountInput) (*findAccountOutput, error) {
	subject, err := s.Identity.Find(ctx, in.Body.Account)
	out := &findAccountOutput{}
	out.Body.Subject = subject
	return out, err
}

// IdentityClaim is what somebody says about himself. It is not kept: digests under a secret are, and masked forms, sealed.
type IdentityClaim struct {
	Kind   identity.Method `json:"kind,omitempty" enum:"resident-id,hk-macau-permit,taiwan-permit,permanent-resident-card,passport,uscc" doc:"Kind of the number."`
	Number string          `json:"number,omitempty" maxLength:"64" doc:"The number."`
	Name   string          `json:"name,omitempty" maxLength:"800" doc:"Name of the person or organisation."`
	Phone  string          `json:"phone,omitempty" maxLength:"32" doc:"Number of a mobile telephone in mainland China."`
	Card   string          `json:"card,omitempty" maxLength:"32" doc:"Number of a bank card."`
}

func (c IdentityClaim) claim() identity.Claim { return identity.Claim(c) }

// AccountVerification is what came of a verification. It holds no number and no name.
type AccountVerification struct {
	ID          string             `json:"id" doc:"Identifier."`
	State       identity.State     `json:"state" enum:"pending,asked,valid,failed,undecided,over,recalled,superseded" doc:"How far it is. Only one that is valid counts."`
	Subject     evidence.Subject   `json:"subject" doc:"Pseudonym of the account."`
	Level       identity.Level     `json:"level" enum:"none,phone,two-factor,three-factor,four-factor,live,network-id,organisation" doc:"What a match is worth."`
	Method      identity.Method    `json:"method" doc:"What was verified."`
	Vouched     identity.Vouched   `json:"vouched" enum:"checked,attested,imported" doc:"On whose word."`
	Source      string             `json:"source" doc:"Name of the source, or of the provider that you named."`
	Transaction string             `json:"transaction,omitempty" doc:"Identifier at the source."`
	Result      identity.Result    `json:"result" enum:"pending,match,mismatch,no-record,source-error,expired" doc:"What the source said. An error is none of the others: it changes what an account is worth in no direction."`
	Reason      *Sentence          `json:"reason,omitempty" doc:"Why the result does not count, or why there was no answer."`
	CodeRaw     string             `json:"code_raw,omitempty" doc:"Code that the source answered with."`
	Assurance   identity.Assurance `json:"assurance,omitempty" enum:"low" doc:"The telephone number is of no range that people are known to get from an operator: data cards, resellers, satellites, or a range that is not listed."`
	Minor       identity.Minor     `json:"minor,omitempty" enum:"under-14,14-17,adult" doc:"Band of age when it was verified."`
	Requested   time.Time          `json:"requested" doc:"When it was asked for; of an attested one when you verified."`
	Decided     *time.Time         `json:"decided,omitempty" doc:"When it was decided."`
	Until       *time.Time         `json:"until,omitempty" doc:"Until when it counts; absent for no end."`
	Recalled    *time.Time         `json:"recalled,omitempty" doc:"When the account was to be verified anew."`
	Supersedes  string             `json:"supersedes,omitempty" doc:"Verification whose place it took."`
	Consent     string             `json:"consent,omitempty" doc:"Reference of the consent to compare a face."`
	Import      string             `json:"import,omitempty" doc:"Import that it came with."`
	Tries       int                `json:"tries,omitempty" doc:"How often a person answered."`
	By          string             `json:"by,omitempty" doc:"Staff account or API key that asked."`
}

func (s *server) viewVerification(ctx context.Context, e identity.Entry) AccountVerification {
	v := e.Value
	return AccountVerification{e.ID, identity.State(e.State), e.Subject, v.Level, v.Method, v.Vouched, v.Source, v.Transaction, v.Result,
		sentence(printer(askerOf(ctx).language), colophon.Code(v.Reason), colophon.Args{"source": v.Source}), v.CodeRaw, v.Assurance, v.Minor, v.Requested, set(v.Decided), set(v.Until), set(v.Recalled),
		v.Supersedes, v.Consent, v.Import, v.Tries, v.By.ID}
}

type verificationOutput struct {
	Replayed
	Body AccountVerification
}

func (s *server) shownVerification(ctx context.Context, e identity.Entry, err error) (*verificationOutput, error) {
	return &verificationOutput{Body: s.viewVerification(ctx, e)}, err
}

type verifyAccountInput struct {
	Keyed
	Body struct {
		Account string        `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account." example:"user-8731"`
		Source  string        `json:"source" minLength:"1" maxLength:"64" doc:"Name of a source that answers now."`
		Claim   IdentityClaim `json:"claim" doc:"What the person says."`
	}
}

// conceal is the request as it is kept for its idempotency key: with a keyed digest in the place of the claim.
func (in *verifyAccountInput) conceal(s *server) any {
	return []string{in.Body.Account, in.Body.Source, s.Identity.Fingerprint(in.Body.Claim.claim())}
}

func (s *server) verifyAccount(ctx context.Context, in *verifyAccountInput) (*verificationOutput, error) {
	subject, err := s.People.Account(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	e, err := s.Identity.Verify(ctx, ledgerBy(ctx), subject, in.Body.Source, in.Body.Claim.claim())
	return s.shownVerification(ctx, e, err)
}

type beginInput struct {
	Keyed
	Body struct {
		Account  string        `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account." example:"user-8731"`
		Source   string        `json:"source" minLength:"1" maxLength:"64" doc:"Name of a source that answers later."`
		Claim    IdentityClaim `json:"claim,omitzero" doc:"What the person says; absent for a source that finds out by itself."`
		Return   string        `json:"return,omitempty" maxLength:"2048" format:"uri" doc:"Where the browser is to be sent back to. {id} in it becomes the verification's identifier."`
		Language string        `json:"language,omitempty" enum:"zh,en" doc:"For what the person reads."`
	}
}

func (in *beginInput) conceal(s *server) any {
	return []string{in.Body.Account, in.Body.Source, in.Body.Return, in.Body.Language, s.Identity.Fingerprint(in.Body.Claim.claim())}
}

type beginOutput struct {
	Replayed
	Body begunVerification
}

type begunVerification struct {
	Verification AccountVerification `json:"verification" doc:"The verification: pending, or undecided where the source could not begin."`
	URL          string              `json:"url,omitempty" doc:"Where the person has to go. It is not there when the answer is given again for an idempotency key."`
	Sent         string              `json:"sent,omitempty" doc:"To where a code was sent, masked. It is not there when the answer is given again for an idempotency key."`
	Until        *time.Time          `json:"until,omitempty" doc:"When it is too late to complete it."`
}

// withoutSecret is what is kept as the answer to an idempotency key: the address may let in whoever has it, and a masked
// number is kept sealed alone.
func (o *beginOutput) withoutSecret() beginOutput {
	return beginOutput{Body: begunVerification{Verification: o.Body.Verification, Until: o.Body.Until}}
}

func (s *server) beginVerification(ctx context.Context, in *beginInput) (*beginOutput, error) {
	subject, err := s.People.Account(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	language := in.Body.Language
	if language == "" {
		language = string(locale.Chinese)
	}
	e, begun, err := s.Identity.Begin(ctx, ledgerBy(ctx), subject, identity.Beginning{Source: in.Body.Source, Claim: in.Body.Claim.claim(), Return: in.Body.Return, Locale: language})
	return &beginOutput{Body: begunVerification{s.viewVerification(ctx, e), begun.URL, begun.Sent, set(begun.Until)}}, err
}

type attestInput struct {
	Keyed
	Body struct {
		Account     string          `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account." example:"user-8731"`
		Level       identity.Level  `json:"level" enum:"phone,two-factor,three-factor,four-factor,live,network-id,organisation" doc:"How far you verified it."`
		Method      identity.Method `json:"method" enum:"resident-id,hk-macau-permit,taiwan-permit,permanent-resident-card,passport,uscc,network-id,phone,oidc,other" doc:"What you verified."`
		Provider    string          `json:"provider" minLength:"1" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"lower-case letters, digits and hyphens" doc:"Who verified: the name of a service." example:"own-registration"`
		Transaction string          `json:"transaction" minLength:"1" maxLength:"128" doc:"Identifier of it there. It vouches for one account, once; it must not be the number of a person." example:"rv-20261122-0001"`
		At          time.Time       `json:"at" doc:"When you verified."`
		Minor       identity.Minor  `json:"minor,omitempty" enum:"under-14,14-17,adult" doc:"Band of age, where you know it and give no number that says it."`
		Claim       IdentityClaim   `json:"claim,omitzero" doc:"What you verified; without it one person with several accounts can't be seen."`
	}
}

func (in *attestInput) conceal(s *server) any {
	b := in.Body
	return []string{b.Account, b.Level.String(), string(b.Method), b.Provider, b.Transaction, b.At.UTC().String(), string(b.Minor), s.Identity.Fingerprint(b.Claim.claim())}
}

func (s *server) attestAccount(ctx context.Context, in *attestInput) (*verificationOutput, error) {
	subject, err := s.People.Account(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	b := in.Body
	e, err := s.Identity.Attest(ctx, ledgerBy(ctx), subject, identity.Attestation{Level: b.Level, Method: b.Method, Provider: b.Provider, Transaction: b.Transaction, At: b.At, Minor: b.Minor, Claim: b.Claim.claim()})
	return s.shownVerification(ctx, e, err)
}

type recheckInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"a word" doc:"Why, as a word." example:"velocity"`
	}
}

func (s *server) recheckAccount(ctx context.Context, in *recheckInput) (*accountOutput, error) {
	return shownAccount(s.Identity.Recheck(ctx, ledgerBy(ctx), evidence.Subject(in.ID), in.Body.Reason))
}

// VerificationSource is a source that verifies.
type VerificationSource struct {
	Name    string            `json:"name" doc:"Name."`
	Level   identity.Level    `json:"level" enum:"phone,two-factor,three-factor,four-factor,live,network-id,organisation" doc:"The highest level that it gives."`
	Methods []identity.Method `json:"methods" nullable:"false" doc:"What it can verify."`
	Later   bool              `json:"later,omitempty" doc:"It first asks the person for something."`
	Face    bool              `json:"face,omitempty" doc:"It compares a face; another way must be offered."`
	Learns  bool              `json:"learns,omitempty" doc:"It finds out by itself who somebody is."`
}

type verificationSourcesOutput struct {
	Body struct {
		Sources []VerificationSource `json:"sources" nullable:"false" doc:"In the order of the configuration."`
	}
}

func (s *server) verificationSources(context.Context, *struct{}) (*verificationSourcesOutput, error) {
	out := &verificationSourcesOutput{}
	out.Body.Sources = []VerificationSource{}
	now, later := s.Identity.Sources()
	for i, f := range append(now, later...) {
		out.Body.Sources = append(out.Body.Sources, VerificationSource{f.Name, f.Level, f.Methods, i >= len(now), f.Face, f.Learns})
	}
	return out, nil
}

type verificationsInput struct {
	Page
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	States  []identity.State `query:"state,explode" nullable:"false" maxItems:"8" enum:"pending,asked,valid,failed,undecided,over,recalled,superseded" doc:"State; may be repeated."`
}

type verificationsOutput struct {
	Body struct {
		Verifications []AccountVerification `json:"verifications" nullable:"false" doc:"The newest first."`
		Next          string                `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) verifications(ctx context.Context, in *verificationsInput) (*verificationsOutput, error) {
	q := ledger.Query{Subject: in.Subject, After: in.Cursor, Limit: in.Limit}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	list, next, err := s.Identity.Verifications(ctx, q)
	out := &verificationsOutput{}
	out.Body.Verifications, out.Body.Next = []AccountVerification{}, next
	for _, e := range list {
		out.Body.Verifications = append(out.Body.Verifications, s.viewVerification(ctx, e))
	}
	return out, err
}

func (s *server) verification(ctx context.Context, in *Named) (*verificationOutput, error) {
	e, err := s.Identity.Verification(ctx, in.ID)
	return s.shownVerification(ctx, e, err)
}

type maskedOutput struct {
	Body struct {
		Number string `json:"number,omitempty" doc:"The number, masked."`
		Name   string `json:"name,omitempty" doc:"The name, masked."`
		Phone  string `json:"phone,omitempty" doc:"The telephone number, masked."`
	}
}

func (s *server) masked(ctx context.Context, in *Named) (*maskedOutput, error) {
	m, err := s.Identity.Masked(ctx, ledgerBy(ctx), in.ID)
	out := &maskedOutput{}
	out.Body.Number, out.Body.Name, out.Body.Phone = m.Number, m.Name, m.Phone
	return out, err
}

type alikeOutput struct {
	Body struct {
		Subjects []evidence.Subject `json:"subjects" nullable:"false" doc:"Pseudonyms of other accounts that are verified with the same number, or with the same telephone where there is no number."`
	}
}

func (s *server) alike(ctx context.Context, in *Named) (*alikeOutput, error) {
	list, err := s.Identity.Alike(ctx, in.ID)
	out := &alikeOutput{}
	out.Body.Subjects = append([]evidence.Subject{}, list...)
	return out, err
}

type completeInput struct {
	Keyed
	Named
	Body struct {
		Code  string              `json:"code,omitempty" maxLength:"64" doc:"What the person typed."`
		Query map[string][]string `json:"query,omitempty" doc:"Parameters of the address that the browser came back with."`
	}
}

func (in *completeInput) conceal(s *server) any {
	return []any{in.ID, s.Identity.Fingerprint(identity.Claim{Number: in.Body.Code}), in.Body.Query}
}

func (s *server) completeVerification(ctx context.Context, in *completeInput) (*verificationOutput, error) {
	e, err := s.Identity.Complete(ctx, ledgerBy(ctx), in.ID, identity.Response{Code: in.Body.Code, Query: in.Body.Query})
	return s.shownVerification(ctx, e, err)
}

type callBackInput struct {
	Named

	header http.Header
	body   []byte
}

// Resolve takes the message as it came, since the signature is over its bytes; huma calls it.
func (in *callBackInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.header = r.Header
	in.body, _ = io.ReadAll(r.Body) // the gate has read it, and bounded it
	return nil
}

// callBack lets anybody in: who the message is from, the source finds out. So nobody is told how far the verification is.
func (s *server) callBack(ctx context.Context, in *callBackInput) (*nothing, error) {
	if len(in.body) == 0 {
		return nil, refuse(colophon.Invalid, CodeBody)
	}
	_, err := s.Identity.Complete(ctx, ledger.By{Role: "source"}, in.ID, identity.Response{Header: in.header, Body: in.body})
	return nil, err
}

// VerificationImport is a file with verifications, without the file.
type VerificationImport struct {
	ID       string               `json:"id" doc:"Identifier."`
	State    identity.ImportState `json:"state" enum:"proposed,approved,rejected,over" doc:"How far it is. Over: nobody decided in time."`
	Lines    int                  `json:"lines" doc:"Verifications in it."`
	Digest   string               `json:"digest" doc:"Digest of the file under a secret of this deployment, in hexadecimal."`
	Proposer string               `json:"proposer" doc:"Staff account that proposed it."`
	Proposed time.Time            `json:"proposed" doc:"When."`
	Decider  string               `json:"decider,omitempty" doc:"Staff account that decided."`
	Decided  *time.Time           `json:"decided,omitempty" doc:"When."`
	Reason   string               `json:"reason,omitempty" doc:"Why it was rejected."`
}

type importOutput struct {
	Replayed
	Body VerificationImport
}

func viewImport(e identity.ImportEntry) VerificationImport {
	v := e.Value
	return VerificationImport{e.ID, identity.ImportState(e.State), v.Lines, v.Digest, v.Proposer.ID, e.Made, v.Decider.ID, set(v.Decided), v.Reason}
}

// shownImport shows an import, or what is wrong in each line of its file.
func shownImport(ctx context.Context, e identity.ImportEntry, err error) (*importOutput, error) {
	var wrong *identity.LinesError
	if errors.As(err, &wrong) {
		say := printer(askerOf(ctx).language)
		list := &fieldsError{code: identity.CodeImport, args: colophon.Args{"lines": strconv.Itoa(len(wrong.Lines))}}
		for _, l := range wrong.Lines[:min(len(wrong.Lines), maxToldLines)] {
			list.fields = append(list.fields, Field{"line." + strconv.Itoa(l.Line), string(l.Code) + ": " + say.Code(l.Code, l.Args)})
		}
		return nil, list
	}
	return &importOutput{Body: viewImport(e)}, err
}

// maxToldLines is how many wrong lines an answer lists.
const maxToldLines = 500

type importsInput struct {
	Page
	States []identity.ImportState `query:"state,explode" nullable:"false" maxItems:"4" enum:"proposed,approved,rejected,over" doc:"State; may be repeated."`
}

type importsOutput struct {
	Body struct {
		Imports []VerificationImport `json:"imports" nullable:"false" doc:"The newest first."`
		Next    string               `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) imports(ctx context.Context, in *importsInput) (*importsOutput, error) {
	q := ledger.Query{After: in.Cursor, Limit: in.Limit}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	list, next, err := s.Identity.Imports(ctx, q)
	out := &importsOutput{}
	out.Body.Imports, out.Body.Next = []VerificationImport{}, next
	for _, e := range list {
		out.Body.Imports = append(out.Body.Imports, viewImport(e))
	}
	return out, err
}

func (s *server) verificationImport(ctx context.Context, in *Named) (*importOutput, error) {
	e, err := s.Identity.Import(ctx, in.ID)
	return shownImport(ctx, e, err)
}

type proposeImportInput struct{ Upload }

func (s *server) proposeImport(ctx context.Context, in *proposeImportInput) (*importOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	e, err := s.Identity.Propose(ctx, ledgerBy(ctx), body)
	return shownImport(ctx, e, err)
}

func (s *server) approveImport(ctx context.Context, in *judgeInput) (*importOutput, error) {
	e, err := s.Identity.Approve(ctx, ledgerBy(ctx), in.ID)
	return shownImport(ctx, e, err)
}

func (s *server) rejectImport(ctx context.Context, in *recheckInput) (*importOutput, error) {
	e, err := s.Identity.Reject(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return shownImport(ctx, e, err)
}

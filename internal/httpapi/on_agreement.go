package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

// maxDraft is the largest body with a text in two languages, in bytes.
const maxDraft = 1 << 20

func agreementRoutes() []route {
	return []route{
		{get, "/v1/public/agreements", "public-agreements", "", "agreements", 0, 200, do((*server).publicAgreements), "The texts in force, for everybody", 0},
		{get, "/v1/public/agreements/{id}", "public-agreement", "", "agreements", 0, 200, do((*server).publicAgreement), "A text that was published, for everybody", 0},
		{get, "/v1/public/agreement-versions", "public-agreement-versions", "", "agreements", 0, 200, do((*server).publicVersions), "Every version that was published, without its text, for everybody", 0},
		{get, "/v1/agreements", "agreements", staff.AgreementRead, "agreements", 0, 200, do((*server).agreements), "List versions, without their texts", 0},
		{get, "/v1/agreements/{id}", "agreement", staff.AgreementRead, "agreements", 0, 200, do((*server).agreementVersion), "Show a version with its texts", 0},
		{post, "/v1/agreements", "draft-agreement", staff.AgreementDraft, "agreements", maxDraft, 201, once((*server).draftAgreement), "Draft a version", 0},
		{post, "/v1/agreements/{id}:publish", "publish-agreement", staff.AgreementPublish, "agreements", small, 200, once((*server).publishAgreement), "Publish what somebody else drafted", 0},
		{post, "/v1/agreements/{id}:withdraw", "withdraw-agreement", staff.AgreementPublish, "agreements", small, 200, once((*server).withdrawAgreement), "Take a version back; the one before does not return", 0},
		{post, "/v1/agreements:accept", "accept-agreement", staff.AgreementAccept, "agreements", small, 200, once((*server).acceptAgreement), "Say that an account was shown a version and accepted it", 0},
		{get, "/v1/acceptances", "acceptances", staff.AgreementRead, "agreements", 0, 200, do((*server).acceptances), "List what an account accepted, and what it still has to", 0},
	}
}

// TextPair is something for each language.
type TextPair struct {
	ZH string `json:"zh" doc:"Chinese."`
	EN string `json:"en" doc:"English."`
}

// AgreementVersion is one version of a text.
type AgreementVersion struct {
	ID        string             `json:"id" doc:"Identifier."`
	Kind      agreement.Kind     `json:"kind" enum:"management-rules,platform-convention,service-agreement,label-methods" doc:"What it is."`
	Audience  agreement.Audience `json:"audience" enum:"users,supporters" doc:"Whom it is for; supporters are technical supporters."`
	State     agreement.State    `json:"state" enum:"draft,published,superseded,withdrawn" doc:"Where it is."`
	Number    int                `json:"number,omitempty" doc:"Counts the published versions of the kind and audience."`
	Since     int                `json:"since,omitempty" doc:"Who accepted this number or a later one need not accept again."`
	Title     TextPair           `json:"title" doc:"First line of the texts."`
	Digests   TextPair           `json:"digests" doc:"SHA-256 of the texts, in hexadecimal."`
	Texts     *TextPair          `json:"texts,omitempty" doc:"The texts, in Markdown; absent in lists of versions."`
	Author    string             `json:"author,omitempty" doc:"Staff account that drafted it."`
	Publisher string             `json:"publisher,omitempty" doc:"Staff account that published it."`
	Effective *time.Time         `json:"effective,omitempty" doc:"From when it is in force."`
	Reason    string             `json:"reason,omitempty" doc:"Why it was drafted or withdrawn."`
}

func viewAgreement(e agreement.Entry, texts bool) AgreementVersion {
	v := e.Value
	out := AgreementVersion{ID: e.ID, Kind: v.Kind, Audience: v.Audience, State: agreement.State(e.State), Number: v.Number, Since: v.Since,
		Title: TextPair{agreement.Title(v.Texts.ZH), agreement.Title(v.Texts.EN)}, Digests: TextPair(v.Digests), Author: v.Author, Publisher: v.Publisher,
		Effective: set(v.Effective), Reason: v.Reason}
	if texts {
		pair := TextPair(v.Texts)
		out.Texts = &pair
	}
	return out
}

type agreementsOutput struct {
	Body struct {
		Agreements []AgreementVersion `json:"agreements" nullable:"false" doc:"Versions."`
		Next       string             `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

// publicVersion is a version without who wrote it and why.
func publicVersion(e agreement.Entry, texts bool) AgreementVersion {
	v := viewAgreement(e, texts)
	v.Author, v.Publisher, v.Reason = "", "", ""
	return v
}

// publicAgreements shows what is in force.
func (s *server) publicAgreements(ctx context.Context, _ *struct{}) (*agreementsOutput, error) {
	list, err := s.Agreements.Current(ctx)
	out := &agreementsOutput{}
	out.Body.Agreements = []AgreementVersion{}
	for _, e := range list {
		out.Body.Agreements = append(out.Body.Agreements, publicVersion(e, true))
	}
	return out, err
}

// publicAgreement shows a version that was published. Of a draft, nobody learns that there is one.
func (s *server) publicAgreement(ctx context.Context, in *Named) (*agreementOutput, error) {
	e, err := s.Agreements.Version(ctx, in.ID)
	if err == nil && e.Value.Number == 0 {
		err = refuse(colophon.Missing, agreement.CodeMissing)
	}
	return &agreementOutput{Body: publicVersion(e, true)}, err
}

type publicVersionsInput struct {
	Page
	Kind     agreement.Kind     `query:"kind" enum:"management-rules,platform-convention,service-agreement,label-methods" doc:"What it is."`
	Audience agreement.Audience `query:"audience" enum:"users,supporters" doc:"Whom it is for."`
}

// publicVersions lists what was published, also what was withdrawn then.
func (s *server) publicVersions(ctx context.Context, in *publicVersionsInput) (*agreementsOutput, error) {
	q := agreement.Query{Kind: in.Kind, Audience: in.Audience, States: []agreement.State{agreement.Published, agreement.Superseded, agreement.Withdrawn}, After: in.Cursor, Limit: in.Limit}
	list, next, err := s.Agreements.Versions(ctx, q)
	out := &agreementsOutput{}
	out.Body.Agreements, out.Body.Next = []AgreementVersion{}, next
	for _, e := range list {
		if e.Value.Number > 0 { // a draft may have been withdrawn too
			out.Body.Agreements = append(out.Body.Agreements, publicVersion(e, false))
		}
	}
	return out, err
}

type agreementsInput struct {
	Page
	Kind     agreement.Kind     `query:"kind" enum:"management-rules,platform-convention,service-agreement,label-methods" doc:"What it is."`
	Audience agreement.Audience `query:"audience" enum:"users,supporters" doc:"Whom it is for."`
	States   []agreement.State  `query:"state,explode" nullable:"false" maxItems:"4" enum:"draft,published,superseded,withdrawn" doc:"State; may be repeated."`
}

func (s *server) agreements(ctx context.Context, in *agreementsInput) (*agreementsOutput, error) {
	list, next, err := s.Agreements.Versions(ctx, agreement.Query{Kind: in.Kind, Audience: in.Audience, States: in.States, After: in.Cursor, Limit: in.Limit})
	out := &agreementsOutput{}
	out.Body.Agreements, out.Body.Next = []AgreementVersion{}, next
	for _, e := range list {
		out.Body.Agreements = append(out.Body.Agreements, viewAgreement(e, false))
	}
	return out, err
}

type agreementOutput struct {
	Replayed
	Body AgreementVersion
}

func shownAgreement(e agreement.Entry, err error) (*agreementOutput, error) {
	return &agreementOutput{Body: viewAgreement(e, true)}, err
}

func (s *server) agreementVersion(ctx context.Context, in *Named) (*agreementOutput, error) {
	return shownAgreement(s.Agreements.Version(ctx, in.ID))
}

type draftAgreementInput struct {
	Keyed
	Body struct {
		Kind     agreement.Kind     `json:"kind" enum:"management-rules,platform-convention,service-agreement,label-methods" doc:"What it is."`
		Audience agreement.Audience `json:"audience" enum:"users,supporters" doc:"Whom it is for."`
		Texts    TextPair           `json:"texts" doc:"Markdown whose first line is the title, of 96 KiB at most in each language. What stands in double braces is to be filled before it is published."`
		Reason   string             `json:"reason,omitempty" maxLength:"1024" doc:"What changed, and why."`
	}
}

func (s *server) draftAgreement(ctx context.Context, in *draftAgreementInput) (*agreementOutput, error) {
	return shownAgreement(s.Agreements.Draft(ctx, ledgerBy(ctx), agreement.Draft{Kind: in.Body.Kind, Audience: in.Body.Audience, Texts: agreement.Texts(in.Body.Texts), Reason: in.Body.Reason}))
}

type publishAgreementInput struct {
	Keyed
	Named
	Body struct {
		Material  bool      `json:"material" doc:"Everybody is asked again; false lets the acceptance of the version before stand."`
		Effective time.Time `json:"effective,omitzero" doc:"From when it is in force; at once by itself."`
	}
}

func (s *server) publishAgreement(ctx context.Context, in *publishAgreementInput) (*agreementOutput, error) {
	return shownAgreement(s.Agreements.Publish(ctx, ledgerBy(ctx), in.ID, agreement.Release{Material: in.Body.Material, Effective: in.Body.Effective}))
}

type reasonedInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1024" doc:"Why. It names no person."`
	}
}

func (s *server) withdrawAgreement(ctx context.Context, in *reasonedInput) (*agreementOutput, error) {
	return shownAgreement(s.Agreements.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Reason))
}

// AgreementAcceptance says that an account accepted a version.
type AgreementAcceptance struct {
	Version  string             `json:"version" doc:"Identifier of the version."`
	Kind     agreement.Kind     `json:"kind" enum:"management-rules,platform-convention,service-agreement,label-methods" doc:"What it is."`
	Audience agreement.Audience `json:"audience" enum:"users,supporters" doc:"Whom it is for."`
	Number   int                `json:"number" doc:"Number of the version."`
	Language string             `json:"language" enum:"zh,en" doc:"In which it was shown."`
	Digest   string             `json:"digest" doc:"SHA-256 of the text as it was shown."`
	How      agreement.How      `json:"how" enum:"page,api-attested" doc:"On a page of this server, or your application says so."`
	At       time.Time          `json:"at" doc:"When."`
}

type acceptAgreementInput struct {
	Keyed
	Body struct {
		Account  string `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account. It becomes a pseudonym at once." example:"user-8731"`
		Version  string `json:"version" minLength:"1" maxLength:"64" doc:"The version that was shown."`
		Language string `json:"language" enum:"zh,en" doc:"In which it was shown."`
		Digest   string `json:"digest" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of the text as you showed it."`
	}
}

type acceptAgreementOutput struct {
	Replayed
	Body struct {
		Subject    evidence.Subject    `json:"subject" doc:"Pseudonym of the account."`
		Acceptance AgreementAcceptance `json:"acceptance" doc:"What is kept."`
	}
}

func (s *server) acceptAgreement(ctx context.Context, in *acceptAgreementInput) (*acceptAgreementOutput, error) {
	subject, err := s.People.Account(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	a, err := s.Agreements.Accept(ctx, ledgerBy(ctx), subject, agreement.Shown{Version: in.Body.Version, Language: in.Body.Language, Digest: in.Body.Digest, How: agreement.Attested})
	out := &acceptAgreementOutput{}
	out.Body.Subject, out.Body.Acceptance = subject, AgreementAcceptance(a)
	return out, err
}

type acceptancesInput struct {
	Subject  evidence.Subject   `query:"subject" required:"true" maxLength:"64" doc:"Pseudonym of an account."`
	Audience agreement.Audience `query:"audience" enum:"users,supporters" default:"users" doc:"As what it uses the service."`
}

type acceptancesOutput struct {
	Body struct {
		Acceptances []AgreementAcceptance `json:"acceptances" nullable:"false" doc:"The newest first."`
		Owed        []AgreementVersion    `json:"owed" nullable:"false" doc:"The versions in force that the account still has to accept."`
	}
}

func (s *server) acceptances(ctx context.Context, in *acceptancesInput) (*acceptancesOutput, error) {
	accepted, err := s.Agreements.Accepted(ctx, in.Subject)
	if err != nil {
		return nil, err
	}
	current, err := s.Agreements.Current(ctx)
	out := &acceptancesOutput{}
	out.Body.Acceptances, out.Body.Owed = []AgreementAcceptance{}, []AgreementVersion{}
	for _, a := range accepted {
		out.Body.Acceptances = append(out.Body.Acceptances, AgreementAcceptance(a))
	}
	for _, e := range agreement.Owing(current, accepted, in.Audience) {
		out.Body.Owed = append(out.Body.Owed, viewAgreement(e, false))
	}
	return out, err
}

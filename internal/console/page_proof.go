package console

import (
	"context"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// maxImport is the largest file of verifications, in bytes.
const maxImport = 1 << 20

func proofPages() []page {
	return slices.Concat(verificationList().rows(), verificationSheet().rows(), importList().rows(), importSheet().rows(), []page{
		{method: get, path: "/imports/new", action: staff.AccountImport, title: "page-import-new", above: "/imports", upload: maxImport, words: of("page-label-", "line", "rule-broken"), do: showImport},
		{method: post, path: "/imports/new", action: staff.AccountImport, title: "page-import-new", back: "/imports/new", upload: maxImport, do: proposeImport},
	})
}

func number(n int) string { return strconv.Itoa(n) }

func methods() []string {
	return []string{"resident-id", "hk-macau-permit", "taiwan-permit", "permanent-resident-card", "passport", "uscc", "network-id", "phone", "oidc", "other"}
}

func proofStates() []string {
	return []string{"pending", "asked", "valid", "failed", "undecided", "over", "recalled", "superseded"}
}

func verificationLink(id string) cell { return ident(id).to("/verifications/" + escaped(id)) }

func proofState(a client.AccountVerification) cell {
	return state("page-verified-state-", a.State, map[string]tone{"valid": good, "failed": bad, "undecided": wait, "pending": wait, "asked": wait})
}

func verificationColumns() []column[client.AccountVerification] {
	return []column[client.AccountVerification]{
		{name: "verification", cell: func(a client.AccountVerification) cell { return verificationLink(a.ID) }},
		{name: "subject", cell: func(a client.AccountVerification) cell { return account(a.Subject) }},
		{name: "state", cell: proofState},
		{name: "proof-level", cell: func(a client.AccountVerification) cell { return word("page-level-", a.Level) }},
		{name: "method", side: true, cell: func(a client.AccountVerification) cell { return word("page-document-", a.Method) }},
		{name: "vouched", side: true, cell: func(a client.AccountVerification) cell { return word("page-vouched-", a.Vouched) }},
		{name: "requested", cell: func(a client.AccountVerification) cell { return moment(a.Requested) }},
	}
}

func verificationList() list[client.AccountVerification] {
	return list[client.AccountVerification]{
		name: "verifications", path: "/verifications", title: "page-verifications", group: groupPeople, action: staff.AccountRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.AccountVerification, string, error) {
			return c.AccountVerifications(ctx, l)
		},
		columns: verificationColumns(),
		filters: []filter{{name: "state", kind: "choice", words: "page-verified-state-", options: proofStates()}, {name: "subject", kind: "text"}},
		deeds:   []lead{{"/accounts/verify", "page-deed-account-verify", staff.AccountVerify}, {"/accounts/attest", "page-deed-account-attest", staff.AccountVerify}},
		says:    slices.Concat(of("page-document-", methods()...), of("page-vouched-", "checked", "attested", "imported"), of("page-level-", levels()...)),
	}
}

func verificationSheet() sheet[client.AccountVerification] {
	return sheet[client.AccountVerification]{
		path: "/verifications/{id}", title: "page-verification-of", action: staff.AccountRead,
		fetch: func(v *visit, id string) (client.AccountVerification, error) {
			return v.api().AccountVerification(v.r.Context(), id)
		},
		facts: func(a client.AccountVerification) []fact {
			reason := cell{}
			if a.Reason != nil {
				reason = text(capital(a.Reason.Sentence))
			}
			return []fact{
				{"subject", account(a.Subject)}, {"state", proofState(a)}, {"result", word("page-verified-result-", a.Result)}, {"why", reason}, {"proof-level", word("page-level-", a.Level)}, {"method", word("page-document-", a.Method)},
				{"vouched", word("page-vouched-", a.Vouched)}, {"verification-source", text(a.Source)}, {"transaction", ident(a.Transaction)}, {"code-raw", ident(a.CodeRaw)}, {"assurance", word("page-assurance-", a.Assurance)},
				{"age", word("page-age-", a.Minor)}, {"requested", moment(a.Requested)}, {"decided-at", sometime(a.Decided)}, {"until", sometime(a.Until)}, {"recalled", sometime(a.Recalled)},
				{"supersedes", verificationLink(a.Supersedes)}, {"import", ident(a.Import).to("/imports/" + escaped(a.Import))}, {"by", by(a.By)}, {"verification", ident(a.ID)},
			}
		},
		parts: func(v *visit, a client.AccountVerification) ([]part, error) {
			if a.State != "valid" {
				return nil, nil
			}
			same, err := v.api().AccountsAlike(v.r.Context(), a.ID)
			return []part{{Title: "page-alike", Lead: "page-alike-lead", Empty: "page-alike-none", Table: tableOf("page-alike", []column[string]{{name: "subject", cell: account}}, same)}}, err
		},
		labels: []string{"subject", "state", "result", "why", "proof-level", "method", "vouched", "verification-source", "transaction", "code-raw", "assurance", "age", "requested", "decided-at", "until", "recalled", "supersedes", "import", "by", "verification"},
		says:   of("page-verified-result-", "pending", "match", "mismatch", "no-record", "source-error", "expired"),
		deeds: []deed[client.AccountVerification]{{
			name: "verification-read", step: "masked", action: staff.AccountVerify, record: "identity.read", says: of("page-label-", "number", "name", "phone"),
			do: func(v *visit, a client.AccountVerification) (string, error) {
				m, err := v.api().MaskedClaim(v.r.Context(), a.ID)
				if err != nil {
					return "", err
				}
				return v.tell("page-deed-verification-read", "/verifications/"+escaped(a.ID), []fact{{"number", ident(m.Number)}, {"name", text(m.Name)}, {"phone", ident(m.Phone)}})
			},
		}},
	}
}

// tellPage is what a deed tells once, on the page that answers it.
type tellPage struct {
	Facts  []fact
	Back   string
	Secret string        // an address or a text that is shown this once
	Code   template.HTML // a picture of it; empty for none
	Lead   string        // key
}

// tell answers a deed with what is shown this once. The page lies at no address, so it can't be loaded anew.
func (v *visit) tell(title, back string, facts []fact) (string, error) {
	v.page.title = title
	facts = slices.DeleteFunc(facts, func(f fact) bool { return f.Cell.Empty() })
	return "-", v.show("tell", tellPage{Facts: facts, Back: back})
}

// claimFields ask for what somebody says about himself. It is passed on and kept nowhere.
func claimFields() []field[none] {
	return []field[none]{
		{name: "document", kind: "choice", words: "page-document-", options: []string{"resident-id", "hk-macau-permit", "taiwan-permit", "permanent-resident-card", "passport", "uscc"}},
		{name: "number", most: 64}, {name: "real-name", most: 256}, {name: "phone", most: 32},
	}
}

func (v *visit) sentClaim() client.Claim {
	return client.Claim{Kind: v.sent("document"), Number: v.sent("number"), Name: v.sent("real-name"), Phone: v.sent("phone"), Card: v.sent("card")}
}

func verifyDeed() deed[none] {
	return deed[none]{
		name: "account-verify", action: staff.AccountVerify, record: "identity.decided",
		fields: slices.Concat([]field[none]{
			{name: "account", required: true, hint: true},
			{name: "source", kind: "choice", required: true, choices: func(v *visit, _ none) (names []string, err error) {
				sources, err := v.api().VerificationSources(v.r.Context())
				for _, s := range sources {
					if !s.Later {
						names = append(names, s.Name)
					}
				}
				return names, err
			}},
		}, claimFields(), []field[none]{{name: "card", most: 32}}),
		do: func(v *visit, _ none) (string, error) {
			a, err := v.api().VerifyAccount(v.r.Context(), v.sent("account"), v.sent("source"), v.sentClaim())
			return "/verifications/" + escaped(a.ID), err
		},
	}
}

func attestDeed() deed[none] {
	return deed[none]{
		name: "account-attest", action: staff.AccountVerify, record: "identity.decided",
		fields: slices.Concat([]field[none]{
			{name: "account", required: true, hint: true},
			{name: "proof-level", kind: "choice", words: "page-level-", options: levels()[1:], required: true},
			{name: "method", kind: "choice", words: "page-document-", options: methods(), required: true},
			{name: "verifier", required: true, hint: true, most: 64},
			{name: "transaction", required: true, hint: true, most: 128},
			{name: "verified-at", kind: "moment", required: true},
			{name: "age", kind: "choice", words: "page-age-", options: []string{"under-14", "14-17", "adult"}},
		}, claimFields()),
		do: func(v *visit, _ none) (string, error) {
			at, err := v.sentMoment("verified-at")
			if err != nil {
				return "", err
			}
			order := client.Attestation{Account: v.sent("account"), Level: v.sent("proof-level"), Method: v.sent("method"), Provider: v.sent("verifier"), Transaction: v.sent("transaction"), At: at, Minor: v.sent("age")}
			if claim := v.sentClaim(); claim != (client.Claim{}) {
				order.Claim = &claim
			}
			a, err := v.api().AttestAccount(v.r.Context(), order)
			return "/verifications/" + escaped(a.ID), err
		},
	}
}

func importState(i client.VerificationImport) cell {
	return state("page-import-state-", i.State, map[string]tone{"proposed": wait, "approved": good, "rejected": bad})
}

func importList() list[client.VerificationImport] {
	return list[client.VerificationImport]{
		name: "imports", path: "/imports", title: "page-imports", group: groupPeople, action: staff.AccountRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.VerificationImport, string, error) {
			return c.VerificationImports(ctx, l)
		},
		columns: []column[client.VerificationImport]{
			{name: "import", cell: func(i client.VerificationImport) cell { return ident(i.ID).to("/imports/" + escaped(i.ID)) }},
			{name: "state", cell: importState},
			{name: "lines", cell: func(i client.VerificationImport) cell { return count(int64(i.Lines)) }},
			{name: "proposed", cell: func(i client.VerificationImport) cell { return moment(i.Proposed) }},
			{name: "decided-at", side: true, cell: func(i client.VerificationImport) cell { return sometime(i.Decided) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-import-state-", options: []string{"proposed", "approved", "rejected", "over"}}},
		deeds:   []lead{{"/imports/new", "page-import-new", staff.AccountImport}},
		says:    of("page-import-state-", "proposed", "approved", "rejected", "over"),
	}
}

func importSheet() sheet[client.VerificationImport] {
	open := func(i client.VerificationImport) bool { return i.State == "proposed" }
	lines := func(_ *visit, i client.VerificationImport) ([]said, error) {
		return []said{{"page-import-lines", []string{"lines", number(i.Lines)}}}, nil
	}
	return sheet[client.VerificationImport]{
		path: "/imports/{id}", title: "page-import", action: staff.AccountRead,
		fetch: func(v *visit, id string) (client.VerificationImport, error) {
			return v.api().VerificationImport(v.r.Context(), id)
		},
		facts: func(i client.VerificationImport) []fact {
			return []fact{
				{"state", importState(i)}, {"lines", count(int64(i.Lines))}, {"proposed-by", by(i.Proposer)}, {"proposed", moment(i.Proposed)}, {"decided-by", by(i.Decider)}, {"decided-at", sometime(i.Decided)},
				{"why", text(i.Reason)}, {"import-digest", ident(i.Digest)}, {"import", ident(i.ID)},
			}
		},
		labels: []string{"state", "lines", "proposed", "proposed-by", "decided-at", "decided-by", "why", "import-digest", "import"},
		says:   []string{"page-import-lines"},
		deeds: []deed[client.VerificationImport]{
			{name: "import-approve", step: "approve", action: staff.AccountApprove, record: "identity.import-approved", may: open, effect: lines, do: func(v *visit, i client.VerificationImport) (string, error) {
				_, err := v.api().ApproveImport(v.r.Context(), i.ID)
				return "", err
			}},
			{name: "import-reject", step: "reject", action: staff.AccountApprove, record: "identity.import-rejected", danger: true, may: open, fields: []field[client.VerificationImport]{{name: "reason-word", required: true, hint: true, most: 64}},
				do: func(v *visit, i client.VerificationImport) (string, error) {
					_, err := v.api().RejectImport(v.r.Context(), i.ID, v.sent("reason-word"))
					return "", err
				}},
		},
	}
}

// importPage is the form for a file, and what is wrong in the lines of the one that was sent.
type importPage struct {
	Wrong *tableView
}

func showImport(v *visit) error { return v.show("importnew", importPage{}) }

func proposeImport(v *visit) error {
	file, _, err := v.r.FormFile("file")
	if err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	defer file.Close()
	i, err := v.api().ProposeImport(v.r.Context(), io.LimitReader(file, maxImport+1))
	if wrong := fieldsWrong(err); len(wrong) > 0 {
		v.status, v.problem = http.StatusUnprocessableEntity, v.speakers[v.lang].Say("page-import-wrong", "lines", number(len(wrong)))
		return v.show("importnew", importPage{tableOf("page-import-wrong-lines", []column[client.ErrorField]{
			{name: "line", cell: func(f client.ErrorField) cell { return text(strings.TrimPrefix(f.Field, "line.")) }},
			{name: "rule-broken", cell: func(f client.ErrorField) cell {
				_, sentence, _ := strings.Cut(f.Rule, ": ") // behind its code
				return text(capital(sentence))
			}},
		}, wrong)})
	}
	if err != nil {
		return err
	}
	return v.send("/imports/" + escaped(i.ID))
}

package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

// partSize is how many entries of a list stand on the page of an account.
const partSize = 20

func peoplePages() []page {
	words := of("page-label-", "account", "subject", "part-in-it")
	return slices.Concat([]page{
		{method: get, path: "/accounts", action: staff.AccountRead, title: "page-accounts", menu: true, group: groupPeople, words: words, do: showAccounts},
		{method: post, path: "/accounts/find", action: staff.AccountRead, back: "/accounts", do: seekAccount},
	}, accountSheet().rows(), start("/accounts/attest", "/accounts", attestDeed()), start("/accounts/verify", "/accounts", verifyDeed()))
}

// account is a pseudonym that leads to its page, for whoever may read it; what is about nobody says so.
func account(subject string) cell {
	if subject == string(evidence.System) {
		return word("page-subject-", subject)
	}
	return ident(subject).to("/accounts/" + escaped(subject))
}

type accountsPage struct {
	Waits []need
	Told  bool // what waits could be told
	May   bool // attest and verify
}

// showAccounts asks for an account, and tells what waits for a person. Whoever found nobody is asked again.
func showAccounts(v *visit) error {
	data := accountsPage{May: v.actor().May(staff.AccountVerify)}
	list, told := v.counted()
	data.Told = told
	for _, n := range v.needed(list) {
		if slices.Contains([]string{"measures", "disputes", "imports", "filing-duties"}, n.Kind) && n.To != "" {
			data.Waits = append(data.Waits, n)
		}
	}
	return v.show("accounts", data)
}

// seekAccount leads to the page of an account. The provider's identifier comes in a form, so that it stands in no address.
func seekAccount(v *visit) error {
	subject := strings.TrimSpace(v.sent("subject"))
	if own := strings.TrimSpace(v.sent("account")); own != "" {
		var err error
		if subject, err = v.api().FindAccount(v.r.Context(), own); err != nil {
			return err
		}
	}
	if subject == "" {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	return v.send("/accounts/" + escaped(subject))
}

func levels() []string {
	return []string{"none", "phone", "two-factor", "three-factor", "four-factor", "live", "network-id", "organisation"}
}

func levelCell(level string) cell {
	c := word("page-level-", level)
	c.Mark, c.Tone = true, good
	if level == "none" || level == "" {
		c.Tone = plain
	}
	return c
}

func accountSheet() sheet[client.Account] {
	return sheet[client.Account]{
		path: "/accounts/{id}", title: "page-account-of", action: staff.AccountRead, template: "accountof",
		fetch: func(v *visit, id string) (client.Account, error) { return v.api().Account(v.r.Context(), id) },
		facts: func(a client.Account) []fact {
			return []fact{
				{"subject", ident(a.Subject)}, {"proof-level", levelCell(a.Level)}, {"verification", verificationLink(a.Verification)}, {"method", word("page-document-", a.Method)},
				{"vouched", word("page-vouched-", a.Vouched)}, {"assurance", word("page-assurance-", a.Assurance)}, {"age", word("page-age-", a.Minor)}, {"until", sometime(a.Until)}, {"recheck", yes(a.Recheck)},
			}
		},
		more: func(v *visit, a client.Account) (any, error) { return v.standingOf(a.Subject) },
		parts: func(v *visit, a client.Account) ([]part, error) {
			return v.partsOf(a.Subject, measuresOf, verificationsOf, consentsOf, agreementsOf, linksOf, signalsOf)
		},
		labels: []string{"subject", "proof-level", "verification", "method", "vouched", "assurance", "age", "until", "recheck", "agreement", "version", "language", "accepted", "accepted-how"},
		says: slices.Concat(of("page-assurance-", "low"), of("page-age-", "under-14", "14-17", "adult"), of("page-blocked-", "use", "publish", "register-account"),
			of("page-how-", "page", "api-attested"), of("page-agreement-kind-", "management-rules", "platform-convention", "service-agreement", "label-methods")),
		deeds: []deed[client.Account]{{
			name: "account-recheck", step: "recheck", action: staff.AccountVerify, record: "identity.recheck", danger: true,
			may:    func(a client.Account) bool { return a.Level != "none" && !a.Recheck },
			fields: []field[client.Account]{{name: "reason-word", required: true, hint: true, most: 64}},
			do: func(v *visit, a client.Account) (string, error) {
				_, err := v.api().RecheckAccount(v.r.Context(), a.Subject, v.sent("reason-word"))
				return "", err
			},
		}},
	}
}

// standingPage is what stands above the rest of an account's page.
type standingPage struct {
	Known   bool // the visitor may see it
	Ladder  ladder
	Blocked []string
	Take    string // address of the form for a measure; empty for who may take none
}

func (v *visit) standingOf(subject string) (standingPage, error) {
	data := standingPage{Known: v.actor().May(staff.MeasureRead)}
	if v.actor().May(staff.MeasureTake) {
		data.Take = "/measures/take?subject=" + url.QueryEscape(subject)
	}
	if !data.Known {
		return data, nil
	}
	s, err := v.api().AccountStanding(v.r.Context(), subject, "")
	if err != nil {
		return data, err
	}
	var now []string
	for _, m := range s.Measures {
		now = append(now, m.Step)
	}
	data.Ladder, data.Blocked = ladderOf(now), s.Blocked
	return data, nil
}

// partsOf asks for what is known about an account besides, as far as the visitor may see it.
func (v *visit) partsOf(subject string, of ...func(*visit, string) (part, staff.Action, error)) ([]part, error) {
	var list []part
	for _, one := range of {
		p, action, err := one(v, subject)
		switch e, _ := told(err); {
		case !v.actor().May(action):
			continue
		case e != nil && e.Status == http.StatusNotFound:
			continue
		case err != nil:
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// about is the question for entries about an account.
func about(name, subject string) client.Listing {
	return client.Listing{Filter: url.Values{name: {subject}}, Limit: partSize}
}

// may asks a question if the visitor may.
func may[T any](v *visit, action staff.Action, ask func() ([]T, string, error)) ([]T, error) {
	if !v.actor().May(action) {
		return nil, nil
	}
	list, _, err := ask()
	return list, err
}

func measuresOf(v *visit, subject string) (part, staff.Action, error) {
	list, err := may(v, staff.MeasureRead, func() ([]client.Measure, string, error) {
		return v.api().Measures(v.r.Context(), about("subject", subject))
	})
	return part{Title: "page-measures", Empty: "page-account-measures-none", Table: tableOf("page-measures", without(measureColumns(), "subject"), list)}, staff.MeasureRead, err
}

func verificationsOf(v *visit, subject string) (part, staff.Action, error) {
	list, err := may(v, staff.AccountRead, func() ([]client.AccountVerification, string, error) {
		return v.api().AccountVerifications(v.r.Context(), about("subject", subject))
	})
	return part{Title: "page-verifications", Empty: "page-account-verifications-none", Table: tableOf("page-verifications", without(verificationColumns(), "subject"), list)}, staff.AccountRead, err
}

func consentsOf(v *visit, subject string) (part, staff.Action, error) {
	list, err := may(v, staff.ConsentRead, func() ([]client.Consent, string, error) {
		asked, _, err := v.api().Consents(v.r.Context(), about("requester", subject))
		if err != nil {
			return nil, "", err
		}
		given, _, err := v.api().Consents(v.r.Context(), about("subject", subject))
		for _, c := range given {
			if c.Requester != subject {
				asked = append(asked, c)
			}
		}
		return asked, "", err
	})
	columns := append(without(consentColumns(), "requester"), column[client.Consent]{name: "part-in-it", cell: func(c client.Consent) cell {
		return word("page-part-", map[bool]string{true: "requester", false: "subject"}[c.Requester == subject])
	}})
	return part{Title: "page-consents", Empty: "page-account-consents-none", Table: tableOf("page-consents", columns, list)}, staff.ConsentRead, err
}

func linksOf(v *visit, subject string) (part, staff.Action, error) {
	list, err := may(v, staff.LinkMint, func() ([]client.Link, string, error) { return v.api().Links(v.r.Context(), about("subject", subject)) })
	return part{Title: "page-links", Empty: "page-account-links-none", Table: tableOf("page-links", without(linkColumns(), "subject"), list)}, staff.LinkMint, err
}

func signalsOf(v *visit, subject string) (part, staff.Action, error) {
	list, err := may(v, staff.MeasureRead, func() ([]client.RiskSignal, string, error) {
		return v.api().Signals(v.r.Context(), about("subject", subject))
	})
	return part{Title: "page-signals", Empty: "page-account-signals-none", Table: tableOf("page-signals", without(signalColumns(), "subject"), list)}, staff.MeasureRead, err
}

// agreed is a version that an account accepted, or has to.
type agreed struct {
	kind, number, language, how string
	at                          time.Time
}

func agreementsOf(v *visit, subject string) (part, staff.Action, error) {
	list, err := may(v, staff.AgreementRead, func() ([]agreed, string, error) {
		accepted, owed, err := v.api().Acceptances(v.r.Context(), subject, "users")
		var list []agreed
		for _, a := range owed {
			list = append(list, agreed{kind: a.Kind, number: number(a.Number)})
		}
		for _, a := range accepted {
			list = append(list, agreed{a.Kind, number(a.Number), a.Language, a.How, a.At})
		}
		return list, "", err
	})
	return part{Title: "page-account-agreements", Empty: "page-account-agreements-none", Table: tableOf("page-account-agreements", []column[agreed]{
		{name: "agreement", cell: func(a agreed) cell { return word("page-agreement-kind-", a.kind) }},
		{name: "version", cell: func(a agreed) cell { return text(a.number) }},
		{name: "accepted", cell: func(a agreed) cell {
			if a.at.IsZero() {
				return cell{Key: "page-owed", Text: "owed", Tone: wait, Mark: true}
			}
			return moment(a.at)
		}},
		{name: "language", side: true, cell: func(a agreed) cell { return word("page-tongue-", a.language) }},
		{name: "accepted-how", side: true, cell: func(a agreed) cell { return word("page-how-", a.how) }},
	}, list)}, staff.AgreementRead, err
}

// without are columns but one.
func without[T any](columns []column[T], name string) []column[T] {
	return slices.DeleteFunc(columns, func(c column[T]) bool { return c.name == name })
}

// fieldsWrong are the fields or lines that the API says are wrong.
func fieldsWrong(err error) []client.ErrorField {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

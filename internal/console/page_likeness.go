package console

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func likenessPages() []page {
	file := func(name string, action staff.Action, do func(*visit) error) page {
		return page{method: post, path: "/consents/{id}/" + name, action: action, back: "/consents/{id}", do: do}
	}
	return slices.Concat(likenessList().rows(), start("/consents/ask", "/consents", askConsent()), consentSheet().rows(), []page{
		file("receipt", staff.ConsentManage, fetchReceipt),
		file("certificate", staff.ConsentRead, fetchCertificate),
		file("bundle", staff.BundleMake, fetchConsentBundle),
	}, deed[client.ConsentToken]{
		name: "token-revoke", action: staff.ConsentAsk, record: "consent.token-ended", danger: true, says: []string{"page-effect-token-left"},
		effect: func(_ *visit, t client.ConsentToken) ([]said, error) {
			return []said{{"page-effect-token-left", []string{"left", number(t.Left), "uses", number(t.Uses)}}}, nil
		},
		do: func(v *visit, t client.ConsentToken) (string, error) {
			_, err := v.api().RevokeConsentToken(v.r.Context(), t.ID)
			return "", err
		},
	}.rows("/consents/{id}/tokens/{token}/revoke", "/consents/{id}", func(v *visit, _ string) (client.ConsentToken, error) {
		tokens := func(ctx context.Context, l client.Listing) ([]client.ConsentToken, string, error) {
			return v.api().ConsentTokens(ctx, v.r.PathValue("id"), l)
		}
		return find(v.r.Context(), tokens, func(t client.ConsentToken) bool { return t.ID == v.r.PathValue("token") })
	}))
}

func consentStates() []string {
	return []string{"requested", "shown", "given", "refused", "withdrawn", "expired", "disputed", "invalidated"}
}

func proofLevels() []string { return []string{"claimed", "recorded", "matched", "verified"} }

func modalities() []string { return []string{"face", "voice", "body", "name"} }

func likenessLink(id string) cell { return ident(id).to("/consents/" + escaped(id)) }

func consentState(c client.Consent) cell {
	return state("page-likeness-state-", c.State, map[string]tone{"given": good, "disputed": bad, "requested": wait, "shown": wait, "invalidated": bad, "refused": bad})
}

func consentColumns() []column[client.Consent] {
	return []column[client.Consent]{
		{name: "consent", cell: func(c client.Consent) cell { return likenessLink(c.ID) }},
		{name: "state", cell: consentState},
		{name: "proof", cell: func(c client.Consent) cell { return word("page-proven-", c.Level) }},
		{name: "modality", cell: func(c client.Consent) cell { return chips("page-modality-", c.Terms.Modality) }},
		{name: "requester", side: true, cell: func(c client.Consent) cell { return account(c.Requester) }},
		{name: "until", side: true, cell: func(c client.Consent) cell { return moment(c.Terms.Until) }},
		{name: "changed", cell: func(c client.Consent) cell { return moment(c.Changed) }},
	}
}

func likenessList() list[client.Consent] {
	return list[client.Consent]{
		name: "consents", path: "/consents", title: "page-consents", group: groupPeople, action: staff.ConsentRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Consent, string, error) {
			return c.Consents(ctx, l)
		},
		columns: consentColumns(),
		filters: []filter{{name: "state", kind: "choice", words: "page-likeness-state-", options: consentStates()}, {name: "requester", kind: "text"}, {name: "subject", kind: "text"}},
		deeds:   []lead{{"/consents/ask", "page-deed-consent-ask", staff.ConsentAsk}},
		says:    slices.Concat(of("page-proven-", proofLevels()...), of("page-modality-", modalities()...), of("page-part-", "requester", "subject")),
	}
}

// termsFields ask for what is to be allowed. Lists have a line, or a word, for each entry.
func askConsent() deed[none] {
	return deed[none]{
		name: "consent-ask", action: staff.ConsentAsk, record: "consent.requested",
		fields: []field[none]{
			{name: "account", required: true, hint: true}, {name: "self", kind: "yes"},
			{name: "person", kind: "choice", words: "page-person-", options: []string{"adult", "minor", "deceased"}, required: true},
			{name: "depicted-name"}, {name: "contact", hint: true},
			{name: "notice-language", kind: "choice", words: "page-tongue-", options: []string{"zh", "en"}, required: true},
			{name: "requester-name", required: true, hint: true}, {name: "why-asked", kind: "area", required: true, hint: true, most: 1000},
			{name: "modality", kind: "several", words: "page-modality-", options: modalities()},
			{name: "purpose", required: true, hint: true, most: 64}, {name: "functions", hint: true}, {name: "likeness-scenes", hint: true}, {name: "channels", hint: true},
			{name: "train", kind: "yes"}, {name: "uses", kind: "number", hint: true}, {name: "valid-until", kind: "day", required: true, hint: true},
		},
		do: func(v *visit, _ none) (string, error) {
			until, err := v.sentDate("valid-until")
			if err != nil {
				return "", err
			}
			uses, err := v.sentCount("uses")
			if err != nil {
				return "", err
			}
			c, err := v.api().RequestConsent(v.r.Context(), client.ConsentRequest{Account: v.sent("account"), Self: v.sent("self") == "yes", Person: v.sent("person"), Language: v.sent("notice-language"),
				RequesterName: v.sent("requester-name"), Why: v.sent("why-asked"), SubjectName: v.sent("depicted-name"), Contact: v.sent("contact"),
				Terms: client.ConsentTerms{Modality: v.r.PostForm["modality"], Purpose: v.sent("purpose"), Functions: strings.Fields(v.sent("functions")), Scenes: strings.Fields(v.sent("likeness-scenes")),
					Channels: strings.Fields(v.sent("channels")), Train: v.sent("train") == "yes", Until: until, Uses: uses}})
			return "/consents/" + escaped(c.ID), err
		},
	}
}

// sentCount reads a field of the kind number; 0 where it is empty.
func (v *visit) sentCount(name string) (int, error) {
	s := v.sent(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	return n, nil
}

// likenessPage is what the page of a consent draws.
type likenessPage struct {
	Ladder ladder
	Events []event
	Files  []deedLink
}

func consentMore(v *visit, c client.Consent) (any, error) {
	data := likenessPage{Ladder: ladder{Name: "page-label-proof"}}
	on := true
	for _, l := range proofLevels() {
		data.Ladder.List = append(data.Ladder.List, notch{"page-proven-" + l, on, l == c.Level})
		on = on && l != c.Level
	}
	for _, e := range c.Events {
		data.Events = append(data.Events, event{moment(e.At), word("page-consent-event-", e.Kind), v.by(e.By), ident(string(e.Reason))})
	}
	for _, f := range []struct {
		name   string
		action staff.Action
		there  bool
	}{
		{"receipt", staff.ConsentManage, c.State != "requested" && c.State != "shown"},
		{"certificate", staff.ConsentRead, c.Cascade != nil && c.Cascade.Certificate},
		{"bundle", staff.BundleMake, true},
	} {
		if f.there && v.actor().May(f.action) {
			data.Files = append(data.Files, deedLink{Name: "consent-" + f.name, To: "/consents/" + escaped(c.ID) + "/" + f.name})
		}
	}
	return data, nil
}

func consentFacts(c client.Consent) []fact {
	list := []fact{
		{"state", consentState(c)}, {"proof", word("page-proven-", c.Level)}, {"person", word("page-person-", c.Person)}, {"grantor", word("page-grantor-", c.Grantor)},
		{"requester", account(c.Requester)}, {"depicted-person", account(c.Subject)}, {"reserved", count(int64(c.Reserved))}, {"created", moment(c.Made)}, {"changed", moment(c.Changed)},
	}
	if n := c.Notice; n != nil {
		list = append(list, fact{"notice-version", text(n.Version)}, fact{"notice-language", word("page-tongue-", n.Language)}, fact{"notice-digest", ident(n.SHA256)})
	}
	if r := c.Capture; r != nil {
		list = append(list, fact{"recorded", moment(r.At)}, fact{"fit", state("page-fit-", r.Fit, map[string]tone{"fits": good, "differs": bad, "unknown": wait})}, fact{"fit-why", word("", string(r.Code))}, fact{"recording-gone", sometime(r.Gone)})
	}
	if r := c.Relation; r != nil {
		list = append(list, fact{"kinship", word("page-kinship-", r.Kinship)}, fact{"relation", state("page-relation-", r.State, map[string]tone{"brought": wait, "confirmed": good, "refused": bad})})
	}
	return append(list, fact{"readable", word("page-readable-", strconv.FormatBool(c.Readable))}, fact{"consent", ident(c.ID)})
}

func termsFacts(t client.ConsentTerms) []fact {
	var uses cell
	if t.Uses > 0 {
		uses = count(int64(t.Uses))
	}
	var list []fact
	for _, f := range []fact{
		{"modality", chips("page-modality-", t.Modality)}, {"purpose", ident(t.Purpose)}, {"functions", idents(t.Functions)}, {"likeness-scenes", idents(t.Scenes)}, {"channels", idents(t.Channels)}, {"languages", idents(t.Languages)},
		{"territory", idents(t.Territory)}, {"forbidden", idents(t.Forbidden)}, {"train", whether(t.Train)}, {"uses", uses}, {"valid-from", moment(t.From)}, {"valid-until", moment(t.Until)},
	} {
		if !f.Cell.Empty() {
			list = append(list, f)
		}
	}
	return list
}

// termsTitle says what the terms of a consent are now; empty where nothing was ever given.
func termsTitle(c client.Consent, now time.Time) string {
	given := slices.ContainsFunc(c.Events, func(e client.ConsentEvent) bool { return e.Kind == "given" || e.Kind == "claimed" })
	switch {
	case !given:
		return ""
	case c.State == "disputed":
		return "page-terms-frozen"
	case c.State == "given" && now.Before(c.Terms.Until):
		return "page-terms-hold"
	}
	return "page-terms-held"
}

func consentParts(v *visit, c client.Consent) ([]part, error) {
	tokens, _, err := v.api().ConsentTokens(v.r.Context(), c.ID, client.Listing{Limit: partSize})
	if err != nil {
		return nil, err
	}
	var list []part
	if title := termsTitle(c, v.Now()); title != "" {
		list = append(list, part{Title: title, Facts: termsFacts(c.Terms)})
	}
	list = append(list, part{Title: "page-terms-asked", Facts: termsFacts(c.Asked)},
		part{Title: "page-references", Empty: "page-references-none", Table: tableOf("page-references", []column[client.StoredReference]{
			{name: "reference-id", cell: func(r client.StoredReference) cell { return ident(r.ID) }},
			{name: "modality", cell: func(r client.StoredReference) cell { return word("page-modality-", r.Modality) }},
			{name: "where-kept", cell: func(r client.StoredReference) cell {
				return word("page-kept-", map[bool]string{true: "elsewhere", false: "here"}[r.Elsewhere])
			}},
			{name: "added", cell: func(r client.StoredReference) cell { return moment(r.At) }},
			{name: "deleted-at", cell: func(r client.StoredReference) cell { return sometime(r.Gone) }},
		}, c.References)},
		part{Title: "page-tokens", Lead: "page-tokens-lead", Empty: "page-tokens-none", Table: tableOf("page-tokens", tokenColumns(c.ID, v.actor().May(staff.ConsentAsk)), tokens)})
	if k := c.Cascade; k != nil {
		list = append(list, part{Title: "page-deletion", Table: tableOf("page-deletion", []column[client.ConsentStep]{
			{name: "deletion-step", cell: func(s client.ConsentStep) cell { return word("page-deletion-", s.Name) }},
			{name: "state", cell: func(s client.ConsentStep) cell {
				var left []colophon.Code
				for _, r := range k.Residue {
					left = append(left, colophon.Code(r.Code))
				}
				return state("page-deletion-state-", deletionState(s.Name, s.State, left), map[string]tone{"done": good, "failed": bad, "pending": wait, "left": wait})
			}},
			{name: "how-many", cell: func(s client.ConsentStep) cell { return count(int64(s.Count)) }},
			{name: "tries", side: true, cell: func(s client.ConsentStep) cell { return count(int64(s.Tries)) }},
			{name: "fit-why", side: true, cell: func(s client.ConsentStep) cell { return word("", string(s.Code)) }},
		}, k.Steps)}, part{Title: "page-deletion-left", Empty: "page-deletion-nothing-left", Table: tableOf("page-deletion-left", []column[client.ConsentResidue]{
			{name: "what-is-left", cell: func(r client.ConsentResidue) cell { return word("", string(r.Code)) }},
			{name: "how-many", cell: func(r client.ConsentResidue) cell {
				if r.Count < 0 {
					return word("page-", "could-not-tell")
				}
				return count(int64(r.Count))
			}},
		}, k.Residue)})
	}
	return list, nil
}

func tokenColumns(consent string, revoke bool) []column[client.ConsentToken] {
	columns := []column[client.ConsentToken]{
		{name: "token-id", cell: func(t client.ConsentToken) cell { return ident(t.ID) }},
		{name: "state", cell: func(t client.ConsentToken) cell {
			return state("page-token-state-", t.State, map[string]tone{"live": good, "revoked": bad})
		}},
		{name: "function", cell: func(t client.ConsentToken) cell { return ident(t.Function) }},
		{name: "uses", cell: func(t client.ConsentToken) cell { return count(int64(t.Uses)) }},
		{name: "uses-left", cell: func(t client.ConsentToken) cell { return count(int64(t.Left)) }},
		{name: "until", cell: func(t client.ConsentToken) cell { return moment(t.Until) }},
		{name: "spent-for", side: true, cell: func(t client.ConsentToken) cell {
			var c cell
			for _, s := range t.Spends {
				c.Many = append(c.Many, contentNumber(s.Number))
			}
			return c
		}},
	}
	if revoke {
		columns = append(columns, column[client.ConsentToken]{name: "can-do", cell: func(t client.ConsentToken) cell {
			if t.State != "live" {
				return cell{}
			}
			return cell{Key: "page-deed-token-revoke", Text: "revoke", To: "/consents/" + escaped(consent) + "/tokens/" + escaped(t.ID) + "/revoke"}
		}})
	}
	return columns
}

func consentWords() []string {
	return slices.Concat(of("page-person-", "adult", "minor", "deceased"), of("page-grantor-", "self", "guardian", "kin"), of("page-fit-", "fits", "differs", "unknown"), of("page-tongue-", "zh", "en"),
		of("page-relation-", "brought", "confirmed", "refused"), of("page-kept-", "here", "elsewhere"), of("page-token-state-", "live", "spent", "expired", "revoked"), of("page-readable-", "true", "false"),
		of("page-kinship-", "parent", "guardian", "spouse", "child", "other-kin"), of("page-deletion-state-", "pending", "done", "failed", "left"), of("page-deed-consent-", "receipt", "certificate", "bundle"))
}

func consentSheet() sheet[client.Consent] {
	return sheet[client.Consent]{
		path: "/consents/{id}", title: "page-likeness", action: staff.ConsentRead, template: "likeness", more: consentMore, facts: consentFacts, parts: consentParts, says: consentWords(),
		fetch: func(v *visit, id string) (client.Consent, error) { return v.api().Consent(v.r.Context(), id) },
		labels: []string{"state", "proof", "person", "grantor", "requester", "depicted-person", "reserved", "created", "changed", "notice-version", "notice-language", "notice-digest", "recorded", "fit", "fit-why", "recording-gone", "kinship",
			"relation", "readable", "consent", "modality", "purpose", "functions", "likeness-scenes", "channels", "languages", "territory", "forbidden", "train", "uses", "valid-from", "valid-until", "reference-id", "where-kept", "added", "deleted-at",
			"token-id", "function", "uses-left", "until", "spent-for", "can-do", "deletion-step", "how-many", "tries", "what-is-left"},
		deeds: slices.Concat(consentSteps(), consentEnds(), consentReads()),
	}
}

func in(states ...string) func(client.Consent) bool {
	return func(c client.Consent) bool { return slices.Contains(states, c.State) }
}

// consentSteps are the deeds that bring a consent further.
func consentSteps() []deed[client.Consent] {
	type consents = []field[client.Consent]
	return []deed[client.Consent]{
		{name: "consent-link", step: "link", action: staff.LinkMint, record: "link.minted", may: in("requested", "shown", "given", "expired"), fields: consents{{name: "until", kind: "moment"}},
			do: func(v *visit, c client.Consent) (string, error) {
				until, err := v.sentMoment("until")
				if err != nil {
					return "", err
				}
				return v.mint(client.LinkOrder{Purpose: "consent", Consent: c.ID, Until: until})
			}},
		{name: "consent-claim", step: "claim", action: staff.ConsentAsk, record: "consent.given", may: in("requested"), do: func(v *visit, c client.Consent) (string, error) {
			_, err := v.api().ClaimConsent(v.r.Context(), c.ID)
			return "", err
		}},
		{name: "token-mint", step: "mint", action: staff.ConsentAsk, record: "consent.token-minted", may: in("given"), says: []string{"page-token-made", "page-token-made-lead"},
			fields: consents{{name: "function", most: 64}, {name: "uses", kind: "number", required: true, value: func(client.Consent) string { return "1" }}, {name: "until", kind: "moment"}}, do: mintToken},
		{name: "consent-renew", step: "renew", action: staff.ConsentAsk, record: "consent.requested", may: in("given", "expired"),
			fields: consents{{name: "valid-until", kind: "day", required: true, hint: true}, {name: "uses", kind: "number", hint: true}}, do: func(v *visit, c client.Consent) (string, error) {
				until, err := v.sentDate("valid-until")
				if err != nil {
					return "", err
				}
				uses, err := v.sentCount("uses")
				if err == nil {
					_, err = v.api().AskConsentRenewal(v.r.Context(), c.ID, until, uses)
				}
				return "", err
			}},
		{name: "consent-relation", step: "relation", action: staff.ConsentManage, record: "consent.relation-decided", may: func(c client.Consent) bool { return c.Relation != nil && c.Relation.State == "brought" },
			fields: consents{{name: "relation-good", kind: "choice", words: "page-", options: []string{"yes", "no"}, required: true}, {name: "reason-word", hint: true, most: 64}}, do: func(v *visit, c client.Consent) (string, error) {
				_, err := v.api().DecideConsentRelation(v.r.Context(), c.ID, v.sent("relation-good") == "yes", v.sent("reason-word"))
				return "", err
			}},
		{name: "consent-identify", step: "identify", action: staff.ConsentManage, record: "consent.verified", may: func(c client.Consent) bool { return c.State == "given" && c.Level == "matched" },
			fields: consents{{name: "verification", required: true, most: 64}}, do: func(v *visit, c client.Consent) (string, error) {
				_, err := v.api().VerifyConsent(v.r.Context(), c.ID, v.sent("verification"))
				return "", err
			}},
	}
}

func mintToken(v *visit, c client.Consent) (string, error) {
	until, err := v.sentMoment("until")
	if err != nil {
		return "", err
	}
	uses, err := v.sentCount("uses")
	if err != nil {
		return "", err
	}
	t, err := v.api().MintConsentToken(v.r.Context(), c.ID, client.ConsentUse{Function: v.sent("function")}, uses, until)
	if err != nil {
		return "", err
	}
	v.page.title = "page-token-made"
	return "-", v.show("tell", tellPage{Lead: "page-token-made-lead", Secret: t.Text, Back: "/consents/" + escaped(c.ID),
		Facts: []fact{{"token-id", ident(t.ID)}, {"uses", count(int64(t.Uses))}, {"until", moment(t.Until)}}})
}

// ending are the words of what follows the end of a consent.
func ending(_ *visit, c client.Consent) ([]said, error) {
	kept := 0
	for _, r := range c.References {
		if !r.Elsewhere && r.Gone == nil {
			kept++
		}
	}
	return []said{{Key: "page-ending-stop"}, {"page-ending-references", []string{"count", number(kept)}}, {Key: "page-ending-certificate"}}, nil
}

// consentEnds are the deeds that stop it or end it.
func consentEnds() []deed[client.Consent] {
	type consents = []field[client.Consent]
	word := consents{{name: "reason-word", hint: true, most: 64}}
	return []deed[client.Consent]{
		{name: "consent-settle", step: "settle", action: staff.ConsentManage, record: "consent.settled consent.invalidated", danger: true, may: in("disputed"),
			fields: consents{{name: "founded", kind: "choice", words: "page-founded-", options: []string{"yes", "no"}, required: true}, {name: "reason-word", required: true, hint: true, most: 64}}, do: func(v *visit, c client.Consent) (string, error) {
				_, err := v.api().SettleConsent(v.r.Context(), c.ID, v.sent("founded") == "yes", v.sent("reason-word"))
				return "", err
			}},
		{name: "consent-dispute", step: "dispute", action: staff.ConsentAsk, record: "consent.disputed", danger: true, may: in("requested", "shown", "given", "expired"), fields: consents{{name: "note", kind: "area", hint: true}},
			do: func(v *visit, c client.Consent) (string, error) {
				_, err := v.api().DisputeConsent(v.r.Context(), c.ID, v.sent("note"))
				return "", err
			}},
		{name: "consent-withdraw", step: "withdraw", action: staff.ConsentAsk, record: "consent.withdrawn", danger: true, may: in("given", "expired", "disputed"), effect: ending, fields: word, says: of("page-ending-", "stop", "references", "certificate"),
			do: func(v *visit, c client.Consent) (string, error) {
				_, err := v.api().WithdrawConsent(v.r.Context(), c.ID, v.sent("reason-word"))
				return "", err
			}},
		{name: "consent-invalidate", step: "invalidate", action: staff.ConsentManage, record: "consent.invalidated", danger: true, may: in("requested", "shown", "given", "expired"), effect: ending, fields: word,
			do: func(v *visit, c client.Consent) (string, error) {
				_, err := v.api().InvalidateConsent(v.r.Context(), c.ID, v.sent("reason-word"))
				return "", err
			}},
	}
}

// consentReads are the deeds that open what is sealed. Each makes a record, so each has a page that says so.
func consentReads() []deed[client.Consent] {
	readable := func(c client.Consent) bool { return c.Readable }
	evidence := func(name, step, kind string, may func(client.Consent) bool) deed[client.Consent] {
		return deed[client.Consent]{name: name, step: step, action: staff.ConsentManage, record: "consent.read", may: may, do: func(v *visit, c client.Consent) (string, error) {
			out := &handing{v: v, kind: "application/octet-stream", name: kind + "-" + fileName(c.ID) + ".bin"}
			return "-", out.end(v.api().ConsentEvidence(v.r.Context(), out, c.ID, kind))
		}}
	}
	return []deed[client.Consent]{
		{name: "consent-read", step: "read", action: staff.ConsentManage, record: "consent.read", may: readable, says: of("page-label-", "depicted-name", "contact", "requester-name", "why-asked", "grantor-name", "spoken", "device"),
			do: func(v *visit, c client.Consent) (string, error) {
				p, err := v.api().ConsentParticulars(v.r.Context(), c.ID)
				if err != nil {
					return "", err
				}
				return v.tell("page-deed-consent-read", "/consents/"+escaped(c.ID), []fact{{"depicted-name", text(p.SubjectName)}, {"contact", text(p.Contact)}, {"requester-name", text(p.RequesterName)}, {"why-asked", text(p.Why)},
					{"grantor-name", text(p.GrantorName)}, {"spoken", text(p.Spoken)}, {"device", text(p.Device)}})
			}},
		evidence("consent-recording", "recording", "recording", func(c client.Consent) bool { return c.Readable && c.Capture != nil && c.Capture.Gone == nil }),
		evidence("consent-proof", "relation-file", "relation", func(c client.Consent) bool { return c.Readable && c.Relation != nil }),
	}
}

func fetchReceipt(v *visit) error {
	return v.attach("receipt-", ".txt", (*client.Client).ConsentReceipt)
}

func fetchCertificate(v *visit) error {
	return v.attach("certificate-", ".txt", (*client.Client).ConsentCertificate)
}

func (v *visit) attach(name, end string, fetch func(*client.Client, context.Context, string) ([]byte, error)) error {
	id := v.r.PathValue("id")
	body, err := fetch(v.api(), v.r.Context(), id)
	if err != nil {
		return err
	}
	return v.hand("text/plain; charset=utf-8", name+fileName(id)+end, body)
}

func fetchConsentBundle(v *visit) error {
	id := v.r.PathValue("id")
	out := &handing{v: v, kind: "application/zip", name: "consent-" + fileName(id) + ".zip"}
	return out.end(v.api().ConsentBundle(v.r.Context(), out, id))
}

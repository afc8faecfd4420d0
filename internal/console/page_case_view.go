package console

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

const casePath = "/cases/{id}"

func caseViewPages() []page {
	step := func(name string) page {
		return page{method: post, path: casePath + "/" + name, action: staff.DeskDecide, back: casePath, do: stepCase}
	}
	return []page{
		{method: get, path: casePath, action: staff.DeskRead, title: "page-case", allow: allowSeen, words: caseViewWords(), do: func(v *visit) error { return showCase(v, false) }},
		{method: post, path: casePath + "/read", action: staff.DeskDecide, title: "page-case", back: casePath, allow: allowSeen, do: func(v *visit) error { return showCase(v, true) }},
		{method: get, path: casePath + "/files/{sum}", action: staff.DeskDecide, back: casePath, do: caseFile},
		step("take"), step("return"), step("extend"), step("acknowledge"), step("resume"), step("seek"),
	}
}

// caseViewWords are the sentences that the page of a case puts together.
func caseViewWords() []string {
	return slices.Concat(deskWords(), of("page-case-source-", "web", "api", "staff", "screening", "detection"), of("page-case-how-", "number", "digest", "likeness", "label", "watermark"), of("page-case-sought-", soughtResults()...),
		of("page-case-marks-", "ours", "others", "none", "unknown"), of("page-case-step-", "acknowledge", "decide", "feedback", "appeal"), of("page-case-act-", caseActs()...), of("page-case-result-", "pending", "done", "failed", "unknown"),
		of("page-case-side-", "reporter", "affected"), of("page-case-kept-", "whole", "restricted", "erased", "none"), of("page-tongue-", "zh", "en"), of("page-case-event-", caseEventNames()...), of("page-told-", toldWays()...), of("page-similar-", "content", "account", "reporter"))
}

func caseActs() []string {
	return []string{"stop-content", "limit-content", "label-content", "release-content", "take-measure", "restore-measure", "open-report-duty"}
}

// caseFileView is a file of a case as its page shows it.
type caseFileView struct {
	client.CaseFile
	Kind  string // picture, sound, film, text or file
	Size  string
	Marks cell
	From  string
}

// caseItem is content of the service that a case is about, with what is known of it.
type caseItem struct {
	Facts []fact
	To    string
}

type casePage struct {
	Case     client.Case
	Here     string
	Mine     bool // the visitor has it
	Free     bool // the visitor may take it
	Decides  bool
	Notice   string // key of why the visitor can't take it
	Extends  bool
	Facts    []fact
	Why      []client.CaseReason
	Files    []caseFileView
	Found    *tableView
	Items    []caseItem
	Account  []fact
	InForce  *tableView
	Earlier  []fact
	Similar  *tableView
	Steps    *tableView
	Pauses   *tableView
	Said     *client.CaseParticulars
	Ruled    []fact
	Actions  *tableView
	Failed   bool
	Events   []event
	Keys     []caseKey
	Deeds    []deedLink
	Packs    []lead // to packs for authorities about the case, and to a case of illegal output
	Takes    []string
	Returns  []string
	Reads    []string
	Accepts  []string
	Goes     []string
	Looks    []string
	Original *client.Case // that an appeal is against
}

// showCase shows one case with all that bears on it. What is sealed is fetched when somebody asks for it, and a record says so.
func showCase(v *visit, read bool) error {
	c, err := v.api().Case(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	data, err := v.casePage(c)
	if err != nil {
		return err
	}
	if err := data.context(v); err != nil {
		return err
	}
	if read {
		said, err := v.api().CaseParticulars(v.r.Context(), c.ID)
		if err != nil {
			return err
		}
		data.Said = &said
	}
	v.titled = v.speakers[v.lang].Say("page-case-of", "kind", v.kindName(c.Kind), "id", tail(c.ID))
	return v.show("case", data)
}

// casePage is what every page of a case shows: the case, whose it is, and what the visitor may do.
func (v *visit) casePage(c client.Case) (casePage, error) {
	now, me := v.Now(), string(v.opened.Account.ID)
	data := casePage{Case: c, Here: caseLink(c.ID), Decides: v.actor().May(staff.DeskDecide), Why: c.Why, Takes: []string{"desk.taken"}, Returns: []string{"desk.returned"}, Reads: []string{"desk.read"},
		Accepts: []string{"desk.acknowledged"}, Goes: []string{"desk.resumed"}, Looks: []string{"desk.sought"}, Keys: caseKeys("next", "read", "veil", "grey", "decide", "write", "wait", "seek", "extend", "back", "help")}
	held := c.State == "taken" && c.Lease != nil && c.Lease.After(now)
	data.Mine = held && c.Assigned == me
	data.Free = data.Decides && slices.Contains(openStates(), c.State) && !held && c.State != "waiting"
	if c.AppealOf != "" {
		before, err := v.api().Case(v.r.Context(), c.AppealOf)
		if err != nil {
			return data, err
		}
		data.Original = &before
	}
	switch {
	case !data.Decides || !slices.Contains(openStates(), c.State):
	case c.Kind == "appeal" && !v.actor().May(staff.DeskAppeal):
		data.Notice, data.Free = "page-case-senior", false
	case data.Original != nil && data.Original.Decision != nil && data.Original.Decision.ID == me:
		data.Notice, data.Free = "page-case-part", false
	case held && !data.Mine:
		data.Notice = "page-case-elsewhere"
	}
	data.Deeds, data.Packs = v.caseDeedLinks(c, data.Mine), append(packWays(v, "case", c.ID), correctionWays(v, "case/"+c.ID)...)
	return data, nil
}

// caseDeedLinks are the deeds that have pages of their own and can be done now.
func (v *visit) caseDeedLinks(c client.Case, mine bool) (list []deedLink) {
	for _, d := range caseDeeds() {
		if v.actor().May(d.action) && (d.may == nil || d.may(c)) && (mine || !caseMine(d.name)) {
			list = append(list, deedLink{d.name, caseLink(c.ID) + "/" + d.step, d.danger})
		}
	}
	return list
}

// context adds what is known beside the case: files, content, the account, cases like it, the clock and what happened.
func (p *casePage) context(v *visit) error {
	c := p.Case
	p.Facts = v.caseSheet(c)
	for _, f := range c.Files {
		p.Files = append(p.Files, caseFileView{f, kindOf(f.Type), sized(f.Size), state("page-case-marks-", f.Marks, map[string]tone{"ours": good, "others": wait, "unknown": wait}), p.Here + "/files/" + f.SHA256})
	}
	p.Found = tableOf("page-case-found", foundColumns(), c.Found)
	v.introduced(p.Found)
	p.Steps, p.Pauses = v.caseSteps(c), pausesTable(c.Pauses)
	p.Events = v.caseEvents(c, p.Original)
	p.ruled(v)
	if err := p.items(v); err != nil {
		return err
	}
	if err := p.parties(v); err != nil {
		return err
	}
	similar, err := v.api().SimilarCases(v.r.Context(), c.ID)
	p.Similar = tableOf("page-case-similar", similarColumns(p.Here, p.Decides && slices.Contains(openStates(), c.State)), similar)
	return err
}

func (v *visit) caseSheet(c client.Case) []fact {
	all := []fact{
		{"state", caseState(c.State)}, {"case-due", v.dueCell(c)}, {"case-kind", caseKind(c.Kind)}, {"case-party", caseParty(c.Party)}, {"case-right", caseRight(c.Right)}, {"case-grounds", coded(c.Grounds)},
		{"case-about", aboutCase(c.About)}, {"case-account", account(c.About.Account)}, {"case-source", word("page-case-source-", c.Source)}, {"case-language", word("page-tongue-", c.Language)},
		{"case-reporter", v.reporter(c)}, {"case-assigned", by(c.Assigned)}, {"case-waits", word("", string(c.Waits))}, {"case-waits-until", sometime(c.WaitsUntil)},
		{"case-duplicate", ident(c.DuplicateOf).to(caseLink(c.DuplicateOf))}, {"case-appeal-of", ident(c.AppealOf).to(caseLink(c.AppealOf))}, {"case-side", word("page-case-side-", c.Side)},
		{"priority", count(int64(c.Priority))}, {"case-reports", count(int64(c.Reports))},
	}
	if !slices.Contains(openStates(), c.State) {
		all = all[:len(all)-2]
	}
	all = slices.DeleteFunc(all, func(f fact) bool { return f.Cell.Empty() })
	v.introduceFacts(all)
	return all
}

// reporter is who came: an account, or somebody of whom no more is known than what is sealed.
func (v *visit) reporter(c client.Case) cell {
	switch {
	case c.Anonymous:
		return cell{Text: "anonymous", Key: "page-case-anonymous"}
	case c.Party == "user":
		return account(c.Subject)
	}
	return cell{Text: "contact", Key: "page-case-sealed-contact"}
}

// dueCell is when the decision is due, with how near that is.
func (v *visit) dueCell(c client.Case) cell {
	if c.Due == nil {
		return cell{}
	}
	one := cell{Many: []cell{moment(*c.Due)}}
	if s := v.dueState(c.Due); !s.Empty() {
		one.Many = append(one.Many, s)
	}
	return one
}

func foundColumns() []column[client.CaseFound] {
	return []column[client.CaseFound]{
		{name: "content-number", cell: func(f client.CaseFound) cell { return contentNumber(f.Number) }},
		{name: "found-how", cell: func(f client.CaseFound) cell { return word("page-case-how-", f.How) }},
		{name: "found-certain", cell: func(f client.CaseFound) cell {
			if f.Certain {
				return cell{Text: "yes", Key: "page-case-certain", Mark: true, Tone: good}
			}
			return cell{Text: "no", Key: "page-case-uncertain", Mark: true, Tone: wait}
		}},
		{name: "found-bits", cell: func(f client.CaseFound) cell {
			if f.How != "likeness" {
				return cell{}
			}
			return text(strconv.Itoa(f.Bits) + " / 256")
		}},
		{name: "case-account", side: true, cell: func(f client.CaseFound) cell { return account(f.Account) }},
	}
}

// markNames are the kinds of marks that an item bears.
func markNames(a client.Artefact) cell {
	m, err := marksOf(a)
	if err != nil || m == nil {
		return cell{Text: "none", Key: "page-case-unmarked"}
	}
	c := cell{Many: []cell{word("page-mark-", "label")}}
	if m.Sidecar != "" {
		c.Many = append(c.Many, word("page-mark-", "sidecar"))
	}
	if m.Notice.State == stamp.Put || m.Notice.State == stamp.There {
		c.Many = append(c.Many, word("page-mark-", "notice"))
	}
	return c
}

// mostItems is of how many items of a case its page shows the record.
const mostItems = 3

// items adds the record of what the case is about: what it is, whether it is marked, and to whom it was delivered.
func (p *casePage) items(v *visit) error {
	if !v.actor().May(staff.ArtefactRead) {
		return nil
	}
	var numbers []string
	for _, n := range append(slices.Clone(p.Case.About.Numbers), foundNumbers(p.Case)...) {
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	for _, n := range numbers[:min(len(numbers), mostItems)] {
		a, err := v.api().Artefact(v.r.Context(), n)
		if e, _ := told(err); e != nil && (e.Status == http.StatusNotFound || e.Status == http.StatusUnprocessableEntity) {
			continue // a number that is nobody's
		}
		if err != nil {
			return err
		}
		handed, more, err := v.api().Deliveries(v.r.Context(), n, client.Listing{Limit: 200})
		if err != nil {
			return err
		}
		deliveries := strconv.Itoa(len(handed))
		if more != "" {
			deliveries += "+"
		}
		it := caseItem{To: contentLink(n), Facts: []fact{{"content-number", contentNumber(n)}, {"state", artefactState(a)}, {"made-by", madeBy(a.Function)}, {"format", format(a.Format)}, {"came-in", moment(a.Created)},
			{"case-marks", markNames(a)}, {"deliveries", text(deliveries).to(contentLink(n))}, {"case-account", account(a.Subject)}}}
		it.Facts = slices.DeleteFunc(it.Facts, func(f fact) bool { return f.Cell.Empty() })
		v.introduceFacts(it.Facts)
		p.Items = append(p.Items, it)
	}
	return nil
}

func foundNumbers(c client.Case) (list []string) {
	for _, f := range c.Found {
		list = append(list, f.Number)
	}
	return list
}

// parties adds how the account that the case is about stands, and what came of earlier cases of whoever came.
func (p *casePage) parties(v *visit) error {
	c, ctx := p.Case, v.r.Context()
	if subject := caseAccount(c); subject != "" {
		p.Account = []fact{{"case-account", account(subject)}}
		if v.actor().May(staff.AccountRead) {
			a, err := v.api().Account(ctx, subject)
			if e, _ := told(err); err != nil && (e == nil || e.Status != http.StatusNotFound) {
				return err
			}
			level := a.Level
			if level == "" {
				level = "none"
			}
			p.Account = append(p.Account, fact{"identity-level", word("page-level-", level)})
			if a.Minor != "" {
				p.Account = append(p.Account, fact{"minor", word("page-age-", a.Minor)})
			}
		}
		if v.actor().May(staff.MeasureRead) {
			list, _, err := v.api().Measures(ctx, client.Listing{Filter: url.Values{"subject": {subject}}, Limit: 5})
			if err != nil {
				return err
			}
			p.InForce = tableOf("page-held-measures", []column[client.Measure]{
				{name: "measure", cell: func(m client.Measure) cell { return word("page-step-", m.Step).to("/measures/" + escaped(m.ID)) }},
				{name: "in-force", cell: func(m client.Measure) cell { return yes(m.InForce) }},
				{name: "until", cell: func(m client.Measure) cell { return sometime(m.Until) }},
			}, list)
		}
		v.introduceFacts(p.Account)
	}
	a, err := v.api().CaseAccuracy(ctx, c.Subject)
	if err != nil {
		return err
	}
	p.Earlier = []fact{{"earlier-open", count(int64(a.Open))}, {"earlier-founded", count(int64(a.Founded))}, {"earlier-unfounded", count(int64(a.Unfounded))}, {"earlier-unproven", count(int64(a.Unproven))}}
	return nil
}

// caseAccount is the account that a case is about: the one that is known, or of the only content that was found.
func caseAccount(c client.Case) string {
	subject := c.About.Account
	for _, f := range c.Found {
		switch {
		case f.Account == "" || f.Account == "system":
		case subject == "":
			subject = f.Account
		}
	}
	return subject
}

func similarColumns(here string, joins bool) []column[client.SimilarCase] {
	return []column[client.SimilarCase]{
		{name: "came-in", cell: func(s client.SimilarCase) cell { return moment(s.Received).to(caseLink(s.ID)) }},
		{name: "case-kind", cell: func(s client.SimilarCase) cell { return caseKind(s.Kind) }},
		{name: "similar-in", cell: func(s client.SimilarCase) cell {
			var c cell
			for name, is := range map[string]bool{"content": s.Content, "account": s.Account, "reporter": s.Reporter} {
				if is {
					c.Many = append(c.Many, word("page-similar-", name))
				}
			}
			slices.SortFunc(c.Many, func(a, b cell) int { return strings.Compare(a.Text, b.Text) })
			return c
		}},
		{name: "outcome", cell: func(s client.SimilarCase) cell {
			if s.Decision == nil {
				return caseState(s.State)
			}
			return caseOutcome(s.Decision.Outcome)
		}},
		{name: "similar-join", cell: func(s client.SimilarCase) cell {
			if !s.Earlier || !joins {
				return cell{}
			}
			return cell{Text: "join", Key: "page-deed-case-join", To: with(here+"/join", url.Values{}, "earlier", s.ID)}
		}},
	}
}

// stepCase does what needs nothing more than to be said: the last part of the address says what.
func stepCase(v *visit) error {
	id, c, ctx := v.r.PathValue("id"), v.api(), v.r.Context()
	step := v.page.path[strings.LastIndex(v.page.path, "/")+1:]
	do := map[string]func() (client.Case, error){
		"take": func() (client.Case, error) { return c.TakeCase(ctx, id) }, "return": func() (client.Case, error) { return c.ReturnCase(ctx, id) }, "extend": func() (client.Case, error) { return c.ExtendCase(ctx, id) },
		"acknowledge": func() (client.Case, error) { return c.AcknowledgeCase(ctx, id) }, "resume": func() (client.Case, error) { return c.ResumeCase(ctx, id) }, "seek": func() (client.Case, error) { return c.SeekCase(ctx, id) },
	}[step]
	if _, err := do(); err != nil {
		return err
	}
	if step == "return" {
		return v.send("/cases?done=case-returned")
	}
	return v.send(caseLink(id))
}

// caseFile hands the bytes of a file to an element of the case's page. A browser never runs them. Since each reading is
// recorded, a link from elsewhere leads to the case's page instead.
func caseFile(v *visit) error {
	id, sum := v.r.PathValue("id"), v.r.PathValue("sum")
	if from := v.r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return v.send(caseLink(id))
	}
	c, err := v.api().Case(v.r.Context(), id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Files, func(f client.CaseFile) bool { return f.SHA256 == sum })
	if i < 0 {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	body, err := v.api().CaseFile(v.r.Context(), id, sum)
	if err != nil {
		return err
	}
	defer body.Close()
	out := &handing{v: v, kind: c.Files[i].Type, inline: true}
	if shown := kindOf(out.kind); shown == "file" || shown == "text" {
		out.kind, out.inline = "application/octet-stream", false
	}
	_, err = io.Copy(out, body)
	return out.end(err)
}

package console

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

const decidePath = casePath + "/decide"

func caseDecidePages() []page {
	return []page{
		{method: get, path: decidePath, action: staff.DeskDecide, title: "page-case-decide", words: caseDecideWords(), do: showDecide},
		{method: post, path: decidePath, action: staff.DeskDecide, title: "page-case-decide", back: decidePath, makes: []string{"desk.decided", "desk.reviewed", "desk.reversed", "desk.acted", "desk.undone"}, do: decideCase},
	}
}

func caseDecideWords() []string {
	var drafts []string
	for _, d := range rulingDrafts() {
		drafts = append(drafts, d.id)
	}
	return slices.Concat(of("page-draft-", drafts...), of("page-draft-facts-", drafts...), of("page-draft-why-", drafts...), of("page-outcome-about-", caseOutcomes()...), of("page-case-act-", caseActs()...), of("page-proof-", proofResults()...),
		of("page-label-", "visibility", "provision", "ruling-account", "clauses", "terms", "ruling-category", "keywords", "ruling-territory", "ruling-content", "ruling-from", "ruling-until", "detected", "assisted", "ruling-facts", "ruling-why", "measure-step", "measure-function", "proof-result", "proof-how"),
		of("page-hint-", "visibility", "clauses", "keywords", "ruling-territory", "ruling-until", "ruling-facts", "ruling-why", "proof-result"), of("page-key-ruling-", "draft", "outcome", "preview", "decide", "next", "extend", "back", "help"))
}

func proofResults() []string { return []string{"proven", "disproven", "unknown"} }

// rulingDraft is a decision to begin with: its sentences are page-draft-facts-ID and page-draft-why-ID in both languages.
type rulingDraft struct {
	id, outcome string
	kinds       []string
	clauses     []string
	acts        []string // that are ticked
}

// rulingDrafts are the decisions that can be begun with, for each kind of case.
func rulingDrafts() []rulingDraft {
	about := []string{"report", "likeness", "rumour", "fraud", "label"}
	return []rulingDraft{
		{"likeness", "founded", []string{"likeness", "report"}, []string{"ds-14"}, []string{"stop-content"}},
		{"illegal", "founded", []string{"report"}, []string{"ds-6", "ds-10"}, []string{"stop-content", "open-report-duty"}},
		{"rumour", "founded", []string{"rumour", "report"}, []string{"ds-6", "ds-11"}, []string{"stop-content"}},
		{"fraud", "founded", []string{"fraud", "report"}, []string{"ds-6", "af-22"}, []string{"stop-content"}},
		{"label", "founded", []string{"label"}, []string{"lm-4", "ds-17"}, nil},
		{"not-ours", "unfounded", about, nil, nil},
		{"within-rules", "unfounded", about, nil, nil},
		{"served", "founded", []string{"complaint"}, nil, nil},
		{"not-served", "unfounded", []string{"complaint"}, nil, nil},
		{"right-granted", "founded", []string{"rights"}, nil, []string{"export-data", "correct-data", "delete-data", "withdraw-consent"}},
		{"right-refused", "unfounded", []string{"rights"}, nil, nil},
		{"order-followed", "founded", []string{"authority"}, []string{"ds-10"}, []string{"stop-content"}},
		{"copy-granted", "founded", []string{"unlabelled"}, []string{"lm-9"}, nil},
		{"copy-refused", "unfounded", []string{"unlabelled"}, []string{"lm-9"}, nil},
		{"unproven", "unproven", append(about, "complaint", "rights", "authority", "unlabelled"), nil, nil},
		{"upheld", "upheld", []string{"appeal"}, nil, nil},
		{"changed", "changed", []string{"appeal"}, nil, nil},
		{"reversed", "reversed", []string{"appeal"}, nil, nil},
	}
}

// choiceOf is one deed that can be chosen: its value is the act and what it is done to.
type choiceOf struct {
	Value  string
	Act    string
	Target cell
	Chosen bool
}

// undoing is an action of the decision before, which an appeal may undo.
type undoing struct {
	Place  string
	Act    string
	Target cell
	Result cell
	Chosen bool
}

type pick struct {
	Value, Key string
	Chosen     bool
}

type decidePage struct {
	casePage
	Drafts   []pick
	Outcomes []pick
	Choices  []choiceOf
	Undoings []undoing
	Measure  string // pseudonym of the account against which a measure may be taken
	Fields   []fieldView
	More     []fieldView
	Step     []fieldView
	Proof    []fieldView
	Preview  *client.Statement
	Facts    string
	Why      string
	Outcome  string
	Doing    []choiceOf
	Undoes   []undoing
	Kept     url.Values // what was previewed, as it is sent again
	Records  []string
	Rules    []caseKey
}

// showDecide asks for a decision. What it says is shown, in both languages, before anything is decided.
func showDecide(v *visit) error {
	c, err := caseOf(v, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	data, err := v.decidePage(c)
	if err != nil {
		return err
	}
	return v.show("casedecide", data)
}

// decideCase shows what a decision says, and on the second question decides it.
func decideCase(v *visit) error {
	c, err := caseOf(v, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	r, err := v.sentRuling(c)
	if err != nil {
		return err
	}
	then := v.sent("then")
	if then != "decide" && then != "next" {
		said, err := v.api().PreviewCase(v.r.Context(), c.ID, r)
		if err != nil {
			return err
		}
		data, err := v.decidePage(c)
		if err != nil {
			return err
		}
		data.preview(v, r, said)
		return v.show("casedecide", data)
	}
	if _, err := v.api().DecideCase(v.r.Context(), c.ID, r); err != nil {
		return err
	}
	if then == "next" {
		return v.toNextCase("case-decided")
	}
	return v.send(caseLink(c.ID) + "?done=case-decided")
}

// preview adds what both sides would read, and what would be done.
func (p *decidePage) preview(v *visit, r client.CaseRuling, said client.Statement) {
	p.Preview, p.Facts, p.Why, p.Outcome = &said, r.Facts, r.Explanation, r.Outcome
	for _, d := range r.Deeds {
		p.Doing = append(p.Doing, choiceOf{Act: d.Do, Target: caseTarget(client.CaseAction{CaseDeed: d})})
	}
	for _, u := range p.Undoings {
		if u.Chosen || r.Outcome == "reversed" {
			p.Undoes = append(p.Undoes, u)
		}
	}
	p.Kept = maps.Clone(v.r.PostForm)
	p.Kept.Del("csrf")
	p.Kept.Del("then")
	if r.Statement.From != nil { // it begins when it was previewed, so that nothing else is sent than was read
		p.Kept.Set("ruling-from", r.Statement.From.In(v.Zone).Format(clockForm))
	}
}

// decidePage is the form of a decision: with what was sent, or what the chosen draft begins with.
func (v *visit) decidePage(c client.Case) (data decidePage, err error) {
	if data.casePage, err = v.casePage(c); err != nil {
		return data, err
	}
	data.Records = []string{"desk.decided", "desk.acted"}
	if c.Kind == "appeal" {
		data.Records = []string{"desk.decided", "desk.reviewed", "desk.reversed", "desk.undone"}
	}
	values := v.r.PostForm
	if len(values) == 0 {
		values = v.begun(c)
	}
	for i, d := range draftsOf(c) {
		data.Drafts = append(data.Drafts, pick{d.id, strconv.Itoa(i + 1), v.r.URL.Query().Get("draft") == d.id})
	}
	letters := map[string]string{"founded": "F", "partly": "P", "unfounded": "U", "unproven": "O", "upheld": "U", "changed": "C", "reversed": "R"}
	for _, o := range desk.Kind(c.Kind).Outcomes() {
		data.Outcomes = append(data.Outcomes, pick{string(o), letters[string(o)], values.Get("outcome") == string(o)})
	}
	data.Rules = []caseKey{{"1–9", "draft"}, {strings.Join(lettersOf(data.Outcomes), " "), "outcome"}, {"V", "preview"}, {"D", "decide"}, {"N", "next"}, {"X", "extend"}, {"B", "back"}, {"?", "help"}}
	for _, ch := range v.deedChoices(c) {
		ch.Chosen = slices.Contains(values["deed"], ch.Value)
		data.Choices = append(data.Choices, ch)
	}
	if data.Original != nil {
		for i, a := range data.Original.Actions {
			if a.Undoes == "" {
				place := strconv.Itoa(i)
				data.Undoings = append(data.Undoings, undoing{place, a.Do, v.here(caseTarget(a)), caseResult(a), slices.Contains(values["undo"], place)})
			}
		}
	}
	if measurable(c) {
		data.Measure = caseAccount(c)
	}
	data.fields(v, c, values)
	v.titled = v.speakers[v.lang].Say("page-case-decide-of", "kind", v.kindName(c.Kind), "id", tail(c.ID))
	return data, nil
}

func lettersOf(list []pick) (keys []string) {
	for _, p := range list {
		keys = append(keys, p.Key)
	}
	return keys
}

// here is a cell that leads only where the visitor may go.
func (v *visit) here(c cell) cell {
	one := []cell{c}
	v.introduce(one)
	return one[0]
}

// measurable reports whether a decision about the case may take a measure.
func measurable(c client.Case) bool {
	return slices.Contains([]string{"report", "likeness", "rumour", "fraud", "label", "authority"}, c.Kind) && caseAccount(c) != ""
}

// deedChoices are the deeds that make sense for a case. That a label is added is none: nothing here does that.
func (v *visit) deedChoices(c client.Case) (list []choiceOf) {
	add := func(act, target string) {
		if target != "" {
			list = append(list, choiceOf{Value: act + " " + target, Act: act, Target: v.here(caseTarget(client.CaseAction{CaseDeed: client.CaseDeed{Do: act, Target: target}}))})
		}
	}
	numbers := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(c.About.Numbers), foundNumbers(c)...))))
	numbers = numbers[:min(len(numbers), 10)]
	each := map[string][]string{
		"report": {"stop-content", "limit-content", "open-report-duty"}, "likeness": {"stop-content", "limit-content", "open-report-duty"}, "rumour": {"stop-content", "limit-content", "open-report-duty"},
		"fraud": {"stop-content", "limit-content", "open-report-duty"}, "label": {"limit-content", "stop-content"}, "authority": {"stop-content", "limit-content", "open-report-duty"},
		"complaint": {"release-content", "stop-content"}, "rights": {"stop-content"}, "appeal": {"limit-content"},
	}
	for _, n := range numbers {
		for _, act := range each[c.Kind] {
			add(act, n)
		}
	}
	if c.Kind == "complaint" || c.Kind == "appeal" && c.AppealOf == "" {
		add("restore-measure", c.About.Measure)
	}
	switch {
	case c.Kind != "rights":
	case c.Right == "withdraw":
		add("withdraw-consent", c.About.Consent)
	default:
		subject := c.About.Account
		if c.Party == "user" && subject == "" {
			subject = c.Subject
		}
		add(map[string]string{"access": "export-data", "copy": "export-data", "port": "export-data", "correct": "correct-data", "delete": "delete-data"}[c.Right], subject)
	}
	return list
}

func draftsOf(c client.Case) []rulingDraft {
	list := rulingDrafts()
	list = slices.DeleteFunc(list, func(d rulingDraft) bool { return !slices.Contains(d.kinds, c.Kind) })
	return list[:min(len(list), 9)]
}

// begun is what the form begins with: the draft that was chosen, its words in both languages.
func (v *visit) begun(c client.Case) url.Values {
	values := url.Values{}
	if len(c.Grounds) > 0 {
		values.Set("ruling-category", string(c.Grounds[0]))
	}
	i := slices.IndexFunc(draftsOf(c), func(d rulingDraft) bool { return d.id == v.r.URL.Query().Get("draft") })
	if i < 0 {
		return values
	}
	d := draftsOf(c)[i]
	both := func(key string) string {
		return v.speakers[locale.Chinese].Say(key) + "\n\n" + v.speakers[locale.English].Say(key)
	}
	values.Set("outcome", d.outcome)
	values.Set("ruling-facts", both("page-draft-facts-"+d.id))
	values.Set("ruling-why", both("page-draft-why-"+d.id))
	values["clauses"] = d.clauses
	if c.Kind == "rights" {
		values["clauses"] = map[string][]string{"access": {"pipl-45"}, "copy": {"pipl-45"}, "port": {"pipl-45"}, "correct": {"pipl-46"}, "delete": {"pipl-47"}, "withdraw": {"pipl-15"}}[c.Right]
	}
	certain := ""
	if n := slices.IndexFunc(c.Found, func(f client.CaseFound) bool { return f.Certain }); n >= 0 {
		certain = c.Found[n].Number
	} else if len(c.Found) > 0 {
		certain = c.Found[0].Number
	} else if len(c.About.Numbers) > 0 {
		certain = c.About.Numbers[0]
	}
	for _, ch := range v.deedChoices(c) {
		if slices.Contains(d.acts, ch.Act) && (strings.HasSuffix(ch.Value, " "+certain) || c.Kind == "rights") {
			values.Add("deed", ch.Value)
		}
	}
	if c.Kind == "appeal" && d.outcome == "changed" {
		values.Add("undo", "0")
	}
	return values
}

// fields fills in the fields of the form.
func (p *decidePage) fields(v *visit, c client.Case, values url.Values) {
	one := func(name, kind string, more fieldView) fieldView {
		more.Name, more.Kind, more.Value, more.Chosen = name, kind, values.Get(name), values[name]
		if more.Most == 0 {
			more.Most = 256
		}
		return more
	}
	say := func(list []string) map[string]string {
		names := map[string]string{}
		for _, code := range list {
			names[code] = capital(v.speakers[v.lang].Say(code))
		}
		return names
	}
	choose := func(name string, list []string) fieldView {
		return one(name, "choice", fieldView{Options: list, Names: say(list)})
	}
	laws := texts(desk.Laws())
	lawNames := map[string]string{}
	for _, l := range laws {
		lawNames[l] = law(v.lang, v.speakers[v.lang], l)
	}
	p.Fields = []fieldView{
		one("ruling-facts", "area", fieldView{Required: true, Hint: true, Most: 5000}), one("ruling-why", "area", fieldView{Required: true, Hint: true, Most: 5000}),
		one("clauses", "several", fieldView{Options: laws, Names: lawNames, Hint: true}), one("terms", "text", fieldView{}), choose("ruling-category", caseGrounds()),
	}
	p.More = []fieldView{
		one("visibility", "several", fieldView{Options: texts(desk.Visibilities()), Names: say(texts(desk.Visibilities())), Hint: true}), choose("provision", texts(desk.Provisions())), choose("ruling-account", texts(desk.AccountDeeds())),
		one("keywords", "text", fieldView{Hint: true}), one("ruling-territory", "text", fieldView{Hint: true, Most: 2}), one("ruling-content", "moment", fieldView{}), one("ruling-from", "moment", fieldView{}), one("ruling-until", "moment", fieldView{Hint: true}),
		one("detected", "yes", fieldView{}), one("assisted", "yes", fieldView{}),
	}
	p.Step = []fieldView{one("measure-step", "choice", fieldView{Options: steps(), Words: "page-step-"}), one("measure-function", "text", fieldView{Most: 64})}
	if c.Kind == "rights" {
		p.Proof = []fieldView{one("proof-result", "choice", fieldView{Options: proofResults(), Words: "page-proof-", Hint: true}), choose("proof-how", texts(desk.Proofs()))}
	}
}

// sentRuling reads the form of a decision.
func (v *visit) sentRuling(c client.Case) (r client.CaseRuling, err error) {
	r = client.CaseRuling{Outcome: v.sent("outcome"), Facts: strings.TrimSpace(v.sent("ruling-facts")), Explanation: strings.TrimSpace(v.sent("ruling-why"))}
	s := &r.Statement
	for _, one := range v.r.PostForm["visibility"] {
		s.Visibility = append(s.Visibility, colophon.Code(one))
	}
	for _, one := range v.r.PostForm["clauses"] {
		s.Clauses = append(s.Clauses, colophon.Clause(one))
	}
	s.Provision, s.Account, s.Category = colophon.Code(v.sent("provision")), colophon.Code(v.sent("ruling-account")), colophon.Code(v.sent("ruling-category"))
	s.Terms, s.Keywords, s.Territory = strings.TrimSpace(v.sent("terms")), strings.Fields(v.sent("keywords")), strings.ToUpper(strings.TrimSpace(v.sent("ruling-territory")))
	s.Detected, s.Assisted = v.sent("detected") == "yes", v.sent("assisted") == "yes"
	for _, f := range c.Files {
		s.Evidence = append(s.Evidence, f.SHA256)
	}
	for name, to := range map[string]**time.Time{"ruling-content": &s.Content, "ruling-from": &s.From, "ruling-until": &s.Until} {
		at, err := v.sentMoment(name)
		if err != nil {
			return r, err
		}
		if !at.IsZero() {
			*to = &at
		}
	}
	for _, one := range v.r.PostForm["deed"] {
		act, target, _ := strings.Cut(one, " ")
		r.Deeds = append(r.Deeds, client.CaseDeed{Do: act, Target: target})
	}
	if step := v.sent("measure-step"); step != "" && measurable(c) {
		r.Deeds = append(r.Deeds, client.CaseDeed{Do: "take-measure", Target: caseAccount(c), Step: step, Function: strings.TrimSpace(v.sent("measure-function")), Until: s.Until})
	}
	if r.Outcome == "changed" {
		for _, one := range v.r.PostForm["undo"] {
			i, err := strconv.Atoi(one)
			if err != nil {
				return r, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
			}
			r.Undo = append(r.Undo, i)
		}
	}
	if result := v.sent("proof-result"); result != "" {
		r.Proof = &client.CaseProof{Result: result}
		if result == "proven" {
			r.Proof.How = colophon.Code(v.sent("proof-how"))
		}
	}
	v.follows(&r)
	return r, nil
}

// follows says in the statement what the deeds do, where the form left that open, and from when.
func (v *visit) follows(r *client.CaseRuling) {
	s := &r.Statement
	seen := map[string]colophon.Code{"stop-content": desk.VisibilityDisabled, "limit-content": desk.VisibilityDemoted, "release-content": desk.VisibilityRestored}
	account := map[string]colophon.Code{"remind": desk.AccountWarned, "warn": desk.AccountWarned, "suspend": desk.AccountSuspended, "close": desk.AccountClosed, "bar": desk.AccountClosed}
	open := len(s.Visibility) == 0
	for _, d := range r.Deeds {
		if what := seen[d.Do]; what != "" && open && !slices.Contains(s.Visibility, what) {
			s.Visibility = append(s.Visibility, what)
		}
		switch {
		case d.Do == "restore-measure" && s.Account == "":
			s.Account = desk.AccountRestored
		case d.Do == "take-measure" && s.Account == "" && s.Provision == "":
			if s.Account = account[d.Step]; s.Account == "" {
				s.Provision = desk.ProvisionLimited
			}
		}
	}
	if s.From == nil && (len(s.Visibility) > 0 || s.Provision != "" || s.Account != "") {
		now := v.Now().Truncate(time.Minute)
		s.From = &now
	}
}

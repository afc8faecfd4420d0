package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

const (
	// maxPackItems is how many items of content a report tells one by one.
	maxPackItems = 20
	// maxPackDeliveries is how many deliveries are counted.
	maxPackDeliveries = 100_000
	// maxPackRecords is how many records a report names.
	maxPackRecords = 50
	// maxPackLines is how many lines a report says about one thing.
	maxPackLines = 90
)

// knowing gathers what is known of something for a report. What nobody looked up is not in its facts, and so is not known.
type knowing struct {
	*Server
	about   pack.About
	facts   pack.Facts
	found   desk.Case // zero for none
	duty    moderation.Duty
	judged  judgedPayload
	opened  bool // the record of the judgement could be read
	account evidence.Subject
	items   []artefact.Artefact
	left    int // items that are not told one by one
	numbers []string
}

// Know implements httpapi.PackDesk: it says what is known now of what a report is about, and of what else that is about.
func (s *Server) Know(ctx context.Context, about pack.About) (httpapi.PackKnown, error) {
	k := &knowing{Server: s, about: about, facts: pack.Facts{}}
	for _, step := range []func(context.Context) error{k.origin, k.content, k.provider, k.function, k.spread, k.whose, k.done, k.refuted, k.proofs} {
		if err := step(ctx); err != nil {
			return httpapi.PackKnown{}, err
		}
	}
	subject := k.account
	if subject == evidence.System {
		subject = ""
	}
	return httpapi.PackKnown{About: k.about, Subject: subject, Facts: k.facts}, nil
}

// known answers with lines; without any, nothing is known.
func (k *knowing) known(from pack.Source, lines []string, records ...string) {
	if len(lines) == 0 {
		return
	}
	if len(lines) > maxPackLines {
		lines = append(slices.Clone(lines[:maxPackLines]), k.words("pack-fact-more", "count", strconv.Itoa(len(lines)-maxPackLines)))
	}
	k.facts[from] = pack.Fact{Certainty: pack.Known, Lines: lines, Records: records}
}

func (k *knowing) none(from pack.Source) { k.facts[from] = pack.Fact{Certainty: pack.None} }

// words says a sentence in Chinese.
func (k *knowing) words(key string, args ...string) string { return k.packs.say.Say(key, args...) }

// term is a word of a list, or the word itself where nobody named it.
func (k *knowing) term(prefix, word string) string {
	if said := k.words(prefix + word); said != prefix+word {
		return said
	}
	return word
}

func beijing(t time.Time) string { return t.In(workday.Beijing()).Format("2006-01-02 15:04:05") }

// origin opens the duty and the case, and says how it was found.
func (k *knowing) origin(ctx context.Context) error {
	var err error
	if k.about.Duty != "" {
		if k.duty, err = k.screens.reports.Duty(ctx, k.about.Duty); err != nil {
			return err
		}
		if k.about.Case == "" {
			k.about.Case = caseOf(k.duty.Judgement)
		}
		if k.judged, k.opened, err = k.judgement(ctx, k.duty.Judgement); err != nil {
			return err
		}
	}
	k.none(pack.FromDuty)
	if d := k.duty; d.ID != "" {
		k.known(pack.FromDuty, []string{k.words("pack-fact-duty", "id", d.ID, "opened", beijing(d.Opened), "due", beijing(d.Due))})
		k.known(pack.FromFound, []string{k.words("pack-fact-found", "at", beijing(d.Opened), "judgement", d.Judgement)}, d.Judgement)
		var list []string
		for _, c := range d.Categories {
			list = append(list, k.category(c))
		}
		k.known(pack.FromCategory, list)
	}
	if k.about.Case == "" {
		k.none(pack.FromCase)
		return nil
	}
	c, err := k.cases.desk.Case(ctx, k.about.Case)
	if err != nil {
		return err
	}
	k.found = c
	if k.about.Refutation == "" {
		k.about.Refutation = c.About.Refutation
	}
	k.known(pack.FromCase, []string{k.words("pack-fact-case", "id", c.ID, "at", beijing(c.Clock.Start))})
	k.known(pack.FromFound, []string{k.words("pack-fact-found-case", "at", beijing(c.Clock.Start), "case", c.ID)})
	var list []string
	for _, g := range c.Grounds {
		list = append(list, k.packs.say.Code(g, nil))
	}
	if len(k.duty.Categories) == 0 {
		k.known(pack.FromCategory, list)
	}
	return nil
}

// category names a category of the taxonomy, or a ground of the desk without what it begins with.
func (k *knowing) category(c string) string {
	if said := k.words("page-category-" + c); said != "page-category-"+c {
		return said
	}
	return k.term("desk-ground-", c)
}

// caseOf is the case whose decision opened a report duty, which stands in the origin of the duty; empty where a judgement did.
func caseOf(judgement string) string {
	const id = 36 // of a UUID
	rest, ok := strings.CutPrefix(judgement, "desk-")
	if !ok || len(rest) < id {
		return ""
	}
	return rest[:id]
}

// content finds the items, and says what is known of them.
func (k *knowing) content(ctx context.Context) error {
	numbers := slices.Clone(k.found.About.Numbers)
	for _, f := range k.found.Found {
		if f.Certain {
			numbers = append(numbers, f.Number)
		}
	}
	for _, a := range k.found.Actions {
		if a.Do == desk.OpenDuty || a.Do == desk.StopContent {
			numbers = append(numbers, a.Target) // or an account, which is no number
		}
	}
	numbers = append(numbers, k.judged.About)
	if k.about.Refutation != "" {
		r, err := k.refutation(ctx)
		if err != nil {
			return err
		}
		numbers = append(numbers, r.Numbers...)
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		if n == "" {
			continue
		}
		a, err := k.register.Artefact(ctx, artefact.Number(n))
		if isUnknown(err) {
			if slices.Contains(k.found.About.Numbers, n) {
				k.numbers = append(k.numbers, k.words("pack-fact-number-gone", "number", n))
			}
			continue
		}
		if err != nil {
			return err
		}
		if k.numbers = append(k.numbers, n); len(k.items) < maxPackItems {
			k.items = append(k.items, a)
		} else {
			k.left++
		}
	}
	k.account = k.duty.Subject
	if k.duty.Erased {
		k.account = evidence.System
	}
	if k.account == "" {
		k.account = k.found.About.Account
	}
	k.known(pack.FromNumbers, k.numbers)
	if len(k.numbers) == 0 && k.opened && k.judged.Surface == string(screen.Input) {
		// What was asked for was refused, so nothing was made of it.
		for _, from := range []pack.Source{pack.FromNumbers, pack.FromMade, pack.FromDigests, pack.FromMarks, pack.FromSpread} {
			k.none(from)
		}
	}
	return k.described()
}

// described says what the items are.
func (k *knowing) described() error {
	var forms, made, digests, marks, models []string
	for _, a := range k.items {
		if k.account == "" {
			k.account = a.Account
		}
		n := string(a.Number)
		facts, _ := media.Facts(a.Format)
		if facts.Modality != "" {
			forms = append(forms, k.words("pack-fact-form-"+string(facts.Modality)))
		}
		made = append(made, k.words("pack-fact-of", "number", n, "text", beijing(a.Created)))
		for key, d := range map[string]artefact.Digest{"pack-fact-before": a.Before, "pack-fact-after": a.After} {
			if d != (artefact.Digest{}) {
				digests = append(digests, k.words(key, "number", n, "digest", hex.EncodeToString(d[:])))
			}
		}
		said, err := k.marks(a)
		if err != nil {
			return err
		}
		marks = append(marks, said)
		if a.Model != "" {
			models = append(models, a.Model)
		}
	}
	slices.Sort(digests)
	k.known(pack.FromForm, k.andLeft(tidy(forms)))
	k.known(pack.FromMade, k.andLeft(made))
	k.known(pack.FromDigests, k.andLeft(digests))
	k.known(pack.FromMarks, k.andLeft(marks))
	k.known(pack.FromModel, tidy(models))
	return nil
}

// andLeft says after the lines of items that there are more.
func (k *knowing) andLeft(lines []string) []string {
	if k.left == 0 {
		return lines
	}
	return append(lines, k.words("pack-fact-items-more", "count", strconv.Itoa(k.left)))
}

// tidy sorts lines and leaves out what stands twice.
func tidy(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// marks says which marks were read back from an item.
func (k *knowing) marks(a artefact.Artefact) (string, error) {
	n := string(a.Number)
	if a.Marks == nil {
		return k.words("pack-fact-unmarked", "number", n), nil
	}
	var m production.Marks
	if err := json.Unmarshal(a.Marks, &m); err != nil {
		return "", err
	}
	seen := func(ok bool) string {
		if ok {
			return k.words("pack-fact-there")
		}
		return k.words("pack-fact-not-there")
	}
	return k.words("pack-fact-marks", "number", n, "label", seen(m.Label.Place != "" && m.Label.Fields.ProduceID != ""),
		"notice", seen(m.Notice.State == stamp.Put || m.Notice.State == stamp.There)), nil
}

// provider says who reports.
func (k *knowing) provider(context.Context) error {
	if k.set.Provider != "" {
		k.known(pack.FromProvider, []string{k.set.Provider})
	}
	if code, err := label.ParseCode(k.config.Producer); err == nil {
		for _, p := range code.Explain() {
			if uscc := find(p, label.MeaningUSCC); uscc != "" {
				k.known(pack.FromCreditCode, []string{uscc})
			}
		}
	}
	if k.set.Responsible != "" {
		k.known(pack.FromResponsible, []string{k.set.Responsible})
	}
	return nil
}

// find is the value of a part of a provider code that means something.
func find(p label.Part, meaning colophon.Code) string {
	if p.Meaning == meaning && p.Verdict != colophon.Failed {
		return p.Value
	}
	for _, inner := range p.Inner {
		if v := find(inner, meaning); v != "" {
			return v
		}
	}
	return ""
}

// function says which function it was, and how its algorithm is filed.
func (k *knowing) function(ctx context.Context) error {
	names := []string{k.found.About.Function, k.judged.Function}
	for _, a := range k.items {
		names = append(names, a.Function)
	}
	var services, filings []string
	for _, name := range tidy(names) {
		if name == "" {
			continue
		}
		f, err := k.functions.Function(ctx, name)
		if isCode(err, register.CodeMissing) {
			services = append(services, k.words("pack-fact-function", "name", k.term("sheet-function-", name)))
			continue
		}
		if err != nil {
			return err
		}
		v, err := k.functions.Service(ctx, f.Service)
		if err != nil {
			return err
		}
		services = append(services, k.words("pack-fact-service", "service", v.Value.Names.ZH, "function", f.Names.ZH))
		switch {
		case f.Filing.Number != "":
			filings = append(filings, k.words("pack-fact-filing", "function", f.Names.ZH, "number", f.Filing.Number, "state", k.words("pack-fact-filing-"+string(f.Filing.State))))
		case f.Filing.State == register.FilingNeedless:
			filings = append(filings, k.words("pack-fact-filing-none", "function", f.Names.ZH, "state", k.words("pack-fact-filing-not-needed")))
		case f.Filing.State != "":
			filings = append(filings, k.words("pack-fact-filing-none", "function", f.Names.ZH, "state", k.words("pack-fact-filing-"+string(f.Filing.State))))
		}
	}
	k.known(pack.FromService, services)
	k.known(pack.FromAlgorithm, filings)
	return nil
}

// spread counts the deliveries. Where anything went out, nobody here knows where it went from there.
func (k *knowing) spread(ctx context.Context) error {
	var lines []string
	out := false
	for _, a := range k.items {
		n, holders, first, last := 0, map[string]bool{}, time.Time{}, time.Time{}
		for after := artefact.Cursor(""); n < maxPackDeliveries; {
			page, next, err := k.register.Deliveries(ctx, artefact.DeliveryQuery{Number: a.Number}, after, artefact.MaxPage)
			if err != nil {
				return err
			}
			for _, d := range page {
				n++
				holders[d.To] = true
				if first.IsZero() || d.At.Before(first) {
					first = d.At
				}
				if d.At.After(last) {
					last = d.At
				}
			}
			if after = next; next == "" {
				break
			}
		}
		if n == 0 {
			lines = append(lines, k.words("pack-fact-undelivered", "number", string(a.Number)))
			continue
		}
		out = true
		lines = append(lines, k.words("pack-fact-delivered", "number", string(a.Number), "count", strconv.Itoa(n), "holders", strconv.Itoa(len(holders)), "first", beijing(first), "last", beijing(last)))
	}
	switch {
	case out:
		k.known(pack.FromSpread, append(k.andLeft(lines), k.words("pack-fact-onward")))
	case len(k.items) > 0 && len(k.items) == len(k.numbers):
		k.none(pack.FromSpread)
	}
	return nil
}

// whose says what is known of the account: its pseudonym, how it was verified, what is in force. Never a name or a number.
func (k *knowing) whose(ctx context.Context) error {
	if k.account == "" || k.account == evidence.System {
		return nil
	}
	k.known(pack.FromAccount, []string{k.words("pack-fact-account", "subject", string(k.account))})
	a, err := k.identities.Account(ctx, k.account)
	switch {
	case err != nil && !isUnknown(err):
		return err
	case err == nil && a.Level == identity.None:
		k.known(pack.FromIdentity, []string{k.words("pack-fact-unverified")})
	case err == nil:
		line := k.words("pack-fact-verified", "level", k.words("identity-level-"+a.Level.String()), "vouched", k.words("identity-vouched-"+string(a.Vouched)))
		k.known(pack.FromIdentity, []string{line, k.words("pack-fact-verification", "id", a.Verification)}, a.Verification)
	}
	st, err := k.standing.Standing(ctx, k.account)
	if err != nil {
		return err
	}
	k.none(pack.FromStanding)
	var lines, ids []string
	for _, m := range st.Active {
		lines = append(lines, k.words("pack-fact-measure", "step", k.words("measure-step-"+string(m.Step)), "from", beijing(m.Start), "fact", k.packs.say.Code(m.Fact, nil), "id", m.ID))
		ids = append(ids, m.ID)
	}
	k.known(pack.FromStanding, lines, ids...)
	return nil
}

// act says what an action of a decision does.
func (k *knowing) act(do desk.Act) string {
	key := "pack-fact-act-" + string(do)
	if said := k.words(key); said != key {
		return said
	}
	return k.words("pack-fact-act-other")
}

// done says what was done about the content.
func (k *knowing) done(ctx context.Context) error {
	var lines, ids []string
	if k.opened {
		lines, ids = append(lines, k.words("pack-fact-refused", "at", beijing(k.duty.Opened), "judgement", k.duty.Judgement)), append(ids, k.duty.Judgement)
	}
	list, err := k.orders.InForce(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		if slices.ContainsFunc(k.items, func(a artefact.Artefact) bool { return string(a.Number) == e.Value.Target }) {
			lines = append(lines, k.words("pack-fact-order", "number", e.Value.Target, "action", k.words("page-order-action-"+string(e.Value.Action)), "at", beijing(e.Made), "id", e.ID))
			ids = append(ids, e.ID)
		}
	}
	for _, a := range k.found.Actions {
		if a.Result == desk.Done && a.Undone.IsZero() && a.Do != desk.StopContent && a.Do != desk.OpenDuty {
			lines = append(lines, k.words("pack-fact-action", "action", k.act(a.Do), "at", beijing(a.At), "case", k.found.ID))
		}
	}
	if d := k.found.Decision; d != nil {
		lines = append(lines, k.words("pack-fact-decided", "case", k.found.ID, "at", beijing(d.At), "outcome", k.words("pack-fact-outcome-"+string(d.Outcome))))
	}
	k.known(pack.FromMeasures, lines, ids...)
	return nil
}

func (k *knowing) refutation(ctx context.Context) (refutation.Refutation, error) {
	return k.Server.refuted.keeper.Refutation(ctx, k.about.Refutation)
}

// refuted says what was published against it, and whom that reached.
func (k *knowing) refuted(ctx context.Context) error {
	var list []refutation.Refutation
	if k.about.Refutation != "" {
		r, err := k.refutation(ctx)
		if err != nil {
			return err
		}
		list = append(list, r)
	} else {
		for _, n := range k.items {
			some, _, err := k.Server.refuted.keeper.Refutations(ctx, refutation.Filter{Number: string(n.Number)})
			if err != nil {
				return err
			}
			list = append(list, some...)
		}
	}
	if len(k.items) > 0 && len(k.items) == len(k.numbers) || k.facts[pack.FromNumbers].Certainty == pack.None {
		k.none(pack.FromRefutation)
	}
	var lines []string
	for _, r := range list {
		said := k.words("pack-fact-refutation", "id", r.ID, "claim", r.Claim.ZH, "verdict", k.words("refutation-verdict-"+string(r.Verdict)), "state", k.words("refutation-state-"+string(r.State)))
		lines = append(lines, said)
		if r.Published.IsZero() {
			continue
		}
		reach, err := k.Server.refuted.keeper.Reached(ctx, r.ID)
		if err != nil {
			return err
		}
		lines = append(lines, k.words("pack-fact-reach", "at", beijing(r.Published), "reached", strconv.Itoa(reach.Reached), "deliverable", strconv.Itoa(reach.Deliverable), "unreachable", strconv.Itoa(reach.Unreachable)))
	}
	k.known(pack.FromRefutation, lines)
	return nil
}

// proofs names the records, and says how they are checked.
func (k *knowing) proofs(ctx context.Context) error {
	var ids []string
	if k.opened {
		ids = append(ids, k.duty.Judgement)
	}
	for _, a := range k.items {
		list, err := k.store.RecordsAbout(ctx, string(a.Number), 0, maxPackRecords)
		if err != nil {
			return err
		}
		for _, r := range list {
			ids = append(ids, r.ID)
		}
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 {
		return nil
	}
	more := max(0, len(ids)-maxPackRecords)
	ids = ids[:len(ids)-more]
	lines := []string{k.words("pack-fact-records", "count", strconv.Itoa(len(ids)), "log", k.set.LogName), k.words("pack-fact-records-check")}
	k.known(pack.FromRecords, lines, ids...)
	return nil
}

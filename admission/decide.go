package admission

import (
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
)

// Names of conditions.
const (
	onOrders     = "orders"
	onIdentity   = "identity"
	onAge        = "age"
	onStanding   = "standing"
	onAgreements = "agreements"
	onFunction   = "function"
	onConsent    = "consent"
	onPrompt     = "prompt"
	onQuota      = "quota"
)

// decider collects the conditions of one decision.
type decider struct {
	v    View
	q    Question
	high bool
	d    Decision
}

// Decide decides. It is pure: the same view and question give the same decision.
func Decide(v View, q Question) Decision {
	c := &decider{v: v, q: q, high: High(v.Function, q.Act, q.Class) || q.Act != Register && q.Function != "" && !v.Function.Known}
	c.d = Decision{High: c.high, Rules: Rules, Conditions: make([]Condition, 0, 12)}
	c.orders()
	if q.Act != Register {
		c.identity()
		c.age()
	}
	c.standing()
	c.agreements()
	if q.Act != Register {
		c.function()
		c.consents()
		c.prompt()
	}
	if q.Act == Use {
		c.quotas()
	}
	return c.sum()
}

// Biometric reports whether what is asked may make or edit faces or voices. Where neither the register nor the question says
// of which class the function is, it may.
func Biometric(f Function, act Act, class string) bool {
	if act == Register {
		return false
	}
	for _, c := range []string{f.Class, class} {
		if c == "voice" || c == "person" {
			return true
		}
	}
	return len(f.Likeness) > 0 || f.Class == "" && class == ""
}

// High reports whether a function is one of high risk: it makes or edits faces or voices of people who are asked, or the
// register says so. Where no function is named the class alone decides. One that is named and that the register could not be
// asked about is taken for one of high risk in [Decide].
func High(f Function, act Act, class string) bool {
	if !f.Known {
		return Biometric(f, act, class)
	}
	return f.Risk || Biometric(f, act, class) && (f.Consent != "" || len(f.Likeness) > 0)
}

// sum makes the decision of its conditions.
func (c *decider) sum() Decision {
	c.d.Allow, c.d.Verdict = true, colophon.Passed
	for _, cond := range c.d.Conditions {
		if !cond.Refuses {
			continue
		}
		c.d.Allow = false
		if cond.Verdict == colophon.Failed {
			c.d.Verdict = colophon.Failed
		} else if c.d.Verdict == colophon.Passed {
			c.d.Verdict = colophon.Unknown
		}
	}
	return c.d
}

func (c *decider) passed(name string) {
	c.d.Conditions = append(c.d.Conditions, Condition{Name: name, Verdict: colophon.Passed})
}

// failed adds a condition that refuses.
func (c *decider) failed(name string, code, remedy colophon.Code, args colophon.Args, until time.Time, clauses ...colophon.Clause) {
	c.d.Conditions = append(c.d.Conditions, Condition{name, colophon.Failed, true, code, args, clauses, remedy, until})
}

// unknown adds a condition that nobody could tell. It refuses always, or where the risk is high.
func (c *decider) unknown(name string, always bool, code colophon.Code, args colophon.Args, clauses ...colophon.Clause) {
	c.d.Conditions = append(c.d.Conditions, Condition{name, colophon.Unknown, always || c.high, code, args, clauses, RemedyLater, time.Time{}})
}

// orders refuses what a control order forbids (Deep Synthesis Provisions Art. 21), and what nobody can know to be free.
func (c *decider) orders() {
	for _, o := range c.v.Orders.Blocking {
		c.failed(onOrders, CodeOrder, RemedyProvider, colophon.Args{"order": o.ID, "scope": string(o.Scope), "action": string(o.Action)}, o.Until, o.Clauses...)
	}
	switch {
	case c.v.Orders.Standing == incident.Stale && Biometric(c.v.Function, c.q.Act, c.q.Class):
		c.unknown(onOrders, true, CodeOrdersStale, nil, colophon.ClauseDS21)
	case c.v.Orders.Standing == incident.Fresh || c.v.Orders.Standing == incident.Stale:
		if len(c.v.Orders.Blocking) == 0 {
			c.passed(onOrders)
		}
	default:
		c.unknown(onOrders, true, CodeOrdersUncertain, nil, colophon.ClauseDS21)
	}
}

// least is the identity level that is asked for. It is false for a word that is not known.
func (c *decider) least() (identity.Level, bool) {
	least := identity.None
	if c.q.Act == Publish {
		least = c.v.Identity.Least
	}
	if c.v.Function.Identity == "" {
		return least, true
	}
	asked, err := identity.ParseLevel(c.v.Function.Identity)
	if err == nil && (least == identity.None || asked.Satisfies(least)) {
		least = asked
	}
	return least, err == nil
}

// identity refuses the unverified (Deep Synthesis Provisions Art. 9), and whoever is to be verified anew (Anti-Telecom and
// Online Fraud Law Art. 22).
func (c *decider) identity() {
	id := c.v.Identity
	least, known := c.least()
	switch {
	case !id.Known || !known:
		c.unknown(onIdentity, true, CodeIdentityUnknown, nil, colophon.ClauseDS9)
	case id.Recheck:
		c.failed(onIdentity, CodeRecheck, RemedyVerifyAgain, nil, time.Time{}, colophon.ClauseDS9, colophon.ClauseAF22)
	case least == identity.None:
		c.passed(onIdentity)
	case id.Level == identity.None:
		c.failed(onIdentity, CodeUnverified, RemedyVerify, nil, time.Time{}, colophon.ClauseDS9)
	case !id.Until.IsZero() && !c.q.At.Before(id.Until):
		c.failed(onIdentity, CodeVerifiedNoMore, RemedyVerifyAgain, nil, time.Time{}, colophon.ClauseDS9)
	case !id.Level.Satisfies(least):
		c.failed(onIdentity, CodeVerifiedBelow, RemedyVerifyMore, colophon.Args{"level": id.Level.String(), "least": least.String()}, time.Time{}, colophon.ClauseDS9)
	default:
		c.passed(onIdentity)
	}
}

// age refuses children where the risk is high: their guardians decide (Personal Information Protection Law Art. 31).
func (c *decider) age() {
	switch id := c.v.Identity; {
	case !c.high || id.Level == identity.Organisation:
	case id.Minor == identity.Under14:
		c.failed(onAge, CodeUnder14, RemedyGuardian, nil, time.Time{}, colophon.ClausePIPL31)
	case id.Minor == identity.AgeUnknown || !id.Known:
		c.unknown(onAge, true, CodeAgeUnknown, nil, colophon.ClausePIPL31)
	default:
		c.passed(onAge)
	}
}

// standing refuses what a measure forbids (Deep Synthesis Provisions Art. 10 ¶3).
func (c *decider) standing() {
	s := c.v.Standing
	for _, m := range s.Blocking {
		clauses := m.Clauses
		if len(clauses) == 0 {
			clauses = []colophon.Clause{colophon.ClauseDS10}
		}
		c.failed(onStanding, CodeMeasure, RemedyAppeal, colophon.Args{"step": m.Step, "measure": m.ID}, m.Until, clauses...)
	}
	if !s.Known {
		c.unknown(onStanding, true, CodeStandingUnknown, nil, colophon.ClauseDS10)
	} else if len(s.Blocking) == 0 {
		c.passed(onStanding)
	}
}

// agreements refuses an account that owes the acceptance of a text (Deep Synthesis Provisions Art. 8, Labelling Measures
// Art. 8). The provider accepts nothing of itself.
func (c *decider) agreements() {
	switch a := c.v.Agreements; {
	case c.q.Own:
		c.passed(onAgreements)
	case !a.Known:
		c.unknown(onAgreements, false, CodeOwedUnknown, nil, colophon.ClauseDS8)
	case len(a.Owed) > 0:
		c.failed(onAgreements, CodeOwed, RemedyAccept, colophon.Args{"kinds": strings.Join(a.Owed, ", ")}, time.Time{}, colophon.ClauseDS8, colophon.ClauseLM8)
	default:
		c.passed(onAgreements)
	}
}

// function refuses what is not registered and live with all its conditions met (Deep Synthesis Provisions Art. 7). What is
// published needs no function, unless it shows or lets hear people.
func (c *decider) function() {
	f := c.v.Function
	switch {
	case c.q.Function == "" && c.q.Act == Publish && !Biometric(f, c.q.Act, c.q.Class):
		return
	case c.q.Function == "":
		c.failed(onFunction, CodeUnnamed, RemedyProvider, nil, time.Time{}, colophon.ClauseDS7)
		return
	case !f.Known:
		c.unknown(onFunction, false, CodeFunctionUnknown, nil, colophon.ClauseDS7)
		return
	case !f.Registered:
		c.failed(onFunction, CodeNoFunction, RemedyProvider, nil, time.Time{}, colophon.ClauseDS7)
		return
	}
	before := len(c.d.Conditions)
	if Biometric(Function{}, c.q.Act, c.q.Class) && c.q.Class != "" && !Biometric(f, c.q.Act, "") {
		c.failed(onFunction, CodeOtherClass, RemedyProvider, colophon.Args{"class": c.q.Class, "registered": f.Class}, time.Time{}, colophon.ClauseDS7)
	}
	if f.State != "live" {
		c.failed(onFunction, CodeNotLive, RemedyProvider, colophon.Args{"state": f.State}, time.Time{}, colophon.ClauseDS7)
	}
	for _, r := range f.Unmet {
		if r.Failed {
			c.failed(onFunction+"."+r.Name, r.Code, RemedyProvider, r.Args, time.Time{}, clausesOf(r.Clause)...)
		} else {
			c.unknown(onFunction+"."+r.Name, false, r.Code, r.Args, clausesOf(r.Clause)...)
		}
	}
	if len(c.d.Conditions) == before {
		c.passed(onFunction)
	}
}

func clausesOf(c colophon.Clause) []colophon.Clause {
	if c == "" {
		return nil
	}
	return []colophon.Clause{c}
}

// asked reports whether the people whose likeness is used must have consented.
func (c *decider) asked() bool {
	return c.v.Function.Consent != "" || len(c.v.Function.Likeness) > 0
}

// consents refuses while not everybody whose face or voice is edited has consented to this (Deep Synthesis Provisions
// Art. 14 ¶2; Personal Information Protection Law Art. 15, 29).
func (c *decider) consents() {
	need := c.q.Depicted
	if c.asked() {
		need = max(need, 1)
	}
	if need == 0 && len(c.v.Consents) == 0 {
		return
	}
	before, people, unknown := len(c.d.Conditions), map[string]bool{}, 0
	for _, t := range c.v.Consents {
		switch {
		case !t.Known:
			unknown++
			c.unknown(onConsent, c.asked(), CodeConsentUnknown, nil, colophon.ClauseDS14)
		case t.Ended:
			c.failed(onConsent, CodeConsentNone, RemedyConsent, colophon.Args{"state": t.State}, time.Time{}, colophon.ClauseDS14, colophon.ClausePIPL15)
		case len(t.Broken) > 0:
			for _, b := range t.Broken {
				c.failed(onConsent, b.Code, RemedyConsent, b.Args, time.Time{}, b.Clauses...)
			}
		case !t.Enough:
			c.failed(onConsent, CodeConsentBelow, RemedyConsent, colophon.Args{"level": t.Level, "least": c.v.Function.Consent}, time.Time{}, colophon.ClauseDS14, colophon.ClausePIPL29)
		default:
			people[string(t.Subject)] = true
		}
	}
	if have := len(people); have < need && have+unknown < need {
		c.failed(onConsent, CodeConsentFew, RemedyConsent, colophon.Args{"have": strconv.Itoa(have), "need": strconv.Itoa(need)}, time.Time{}, colophon.ClauseDS14, colophon.ClausePIPL29)
	}
	if len(c.d.Conditions) == before {
		c.passed(onConsent)
	}
}

// prompt refuses a user who did not acknowledge that the person edited is to be told and asked (Deep Synthesis Provisions
// Art. 14 ¶2).
func (c *decider) prompt() {
	switch p := c.v.Prompt; {
	case !c.asked():
	case !p.Known:
		c.unknown(onPrompt, false, CodePromptUnknown, nil, colophon.ClauseDS14)
	case !p.Acknowledged:
		c.failed(onPrompt, CodePromptOwed, RemedyAcknowledge, nil, time.Time{}, colophon.ClauseDS14)
	default:
		c.passed(onPrompt)
	}
}

// quotas refuses what is asked too often.
func (c *decider) quotas() {
	for _, q := range c.v.Quotas {
		args := colophon.Args{"per": q.Per}
		switch {
		case !q.Known:
			c.unknown(onQuota, false, CodeQuotaUnknown, args)
		case q.Over:
			c.failed(onQuota, CodeQuota, RemedyLater, args, q.Again)
		default:
			c.passed(onQuota)
		}
	}
}

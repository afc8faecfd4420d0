package desk

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/standing"
)

// What is done to content.
const (
	VisibilityRemoved     colophon.Code = "desk-visibility-removed"
	VisibilityDisabled    colophon.Code = "desk-visibility-disabled"
	VisibilityDemoted     colophon.Code = "desk-visibility-demoted"
	VisibilityAge         colophon.Code = "desk-visibility-age"
	VisibilityInteraction colophon.Code = "desk-visibility-interaction"
	VisibilityLabelled    colophon.Code = "desk-visibility-labelled"
	VisibilityRestored    colophon.Code = "desk-visibility-restored"
)

// Visibilities lists what may be done to content.
func Visibilities() []colophon.Code {
	return []colophon.Code{VisibilityRemoved, VisibilityDisabled, VisibilityDemoted, VisibilityAge, VisibilityInteraction, VisibilityLabelled, VisibilityRestored}
}

// What is done to the service for an account, and to the account.
const (
	ProvisionLimited   colophon.Code = "desk-provision-limited"
	ProvisionSuspended colophon.Code = "desk-provision-suspended"
	ProvisionEnded     colophon.Code = "desk-provision-ended"
	AccountWarned      colophon.Code = "desk-account-warned"
	AccountSuspended   colophon.Code = "desk-account-suspended"
	AccountClosed      colophon.Code = "desk-account-closed"
	AccountRestored    colophon.Code = "desk-account-restored"
)

// Provisions lists what may be done to the service for an account.
func Provisions() []colophon.Code {
	return []colophon.Code{ProvisionLimited, ProvisionSuspended, ProvisionEnded}
}

// AccountDeeds lists what may be done to an account.
func AccountDeeds() []colophon.Code {
	return []colophon.Code{AccountWarned, AccountSuspended, AccountClosed, AccountRestored}
}

// Laws lists the clauses that a decision may rest on.
func Laws() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS6, colophon.ClauseDS9, colophon.ClauseDS10, colophon.ClauseDS11, colophon.ClauseDS12, colophon.ClauseDS14, colophon.ClauseDS17, colophon.ClauseDS18,
		colophon.ClauseDS21, colophon.ClauseLM4, colophon.ClauseLM9, colophon.ClauseLM10, colophon.ClauseGenAI14, colophon.ClauseAF22, colophon.ClausePIPL15, colophon.ClausePIPL45,
		colophon.ClausePIPL46, colophon.ClausePIPL47, colophon.ClausePIPL49, colophon.ClausePIPL50}
}

// Statement is why something was decided, in fields as the statement of reasons of the EU's Digital Services Act has them.
// Money is never withheld here. Facts and explanation are sealed beside it.
type Statement struct {
	Visibility []colophon.Code   `json:"visibility,omitempty"`
	Provision  colophon.Code     `json:"provision,omitempty"`
	Account    colophon.Code     `json:"account,omitempty"`
	Clauses    []colophon.Clause `json:"clauses,omitempty"` // of law
	Terms      string            `json:"terms,omitempty"`   // clause of the provider's terms
	Category   colophon.Code     `json:"category,omitempty"`
	Keywords   []string          `json:"keywords,omitempty"`
	Territory  string            `json:"territory,omitempty"` // country code; empty for wherever the service is offered
	Content    time.Time         `json:"content,omitzero"`    // when the content was made or published
	From       time.Time         `json:"from,omitzero"`       // of what is done
	Until      time.Time         `json:"until,omitzero"`      // zero for no end
	Detected   bool              `json:"detected,omitempty"`  // a program found it
	Assisted   bool              `json:"assisted,omitempty"`  // a program had a part in the decision; never the whole
	Evidence   []string          `json:"evidence,omitempty"`  // digests and identifiers of records
}

// acts reports whether something is done at all.
func (s *Statement) acts() bool { return len(s.Visibility) > 0 || s.Provision != "" || s.Account != "" }

// check looks at a statement, and makes its times those of the store.
func (s *Statement) check() error {
	one := func(c colophon.Code, of []colophon.Code) bool { return c == "" || slices.Contains(of, c) }
	switch {
	case len(s.Visibility) > len(Visibilities()) || slices.ContainsFunc(s.Visibility, func(c colophon.Code) bool { return !slices.Contains(Visibilities(), c) }):
		return invalid("visibility")
	case !one(s.Provision, Provisions()):
		return invalid("provision")
	case !one(s.Account, AccountDeeds()):
		return invalid("account")
	case len(s.Clauses) > len(Laws()) || slices.ContainsFunc(s.Clauses, func(c colophon.Clause) bool { return !slices.Contains(Laws(), c) }):
		return invalid("clauses")
	case !line(s.Terms):
		return invalid("terms")
	case !one(s.Category, Grounds()):
		return invalid("category")
	case len(s.Keywords) > 10 || slices.ContainsFunc(s.Keywords, func(k string) bool { return !word(k) }):
		return invalid("keywords")
	case s.Territory != "" && (len(s.Territory) != 2 || !word(s.Territory)):
		return invalid("territory")
	case len(s.Evidence) > 50 || slices.ContainsFunc(s.Evidence, func(k string) bool { return !word(k) }):
		return invalid("evidence")
	case !s.Until.IsZero() && !s.Until.After(s.From):
		return invalid("until")
	}
	for _, t := range []*time.Time{&s.Content, &s.From, &s.Until} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Millisecond)
		}
	}
	return nil
}

// Codes of the statement as people read it.
const (
	SayFounded    colophon.Code = "desk-say-founded"
	SayPartly     colophon.Code = "desk-say-partly"
	SayUnfounded  colophon.Code = "desk-say-unfounded"
	SayUnproven   colophon.Code = "desk-say-unproven"
	SayUpheld     colophon.Code = "desk-say-upheld"
	SayChanged    colophon.Code = "desk-say-changed"
	SayReversed   colophon.Code = "desk-say-reversed"
	SayFrom       colophon.Code = "desk-say-from"  // arg "from"
	SayUntil      colophon.Code = "desk-say-until" // args "from", "until"
	SayTerritory  colophon.Code = "desk-say-territory"
	SayLaw        colophon.Code = "desk-say-law"   // arg "law"
	SayTerms      colophon.Code = "desk-say-terms" // arg "terms"
	SayCategory   colophon.Code = "desk-say-category"
	SayContent    colophon.Code = "desk-say-content" // arg "at"
	SayKeywords   colophon.Code = "desk-say-keywords"
	SayNotice     colophon.Code = "desk-say-notice"     // it came from outside
	SayOwn        colophon.Code = "desk-say-own"        // the provider found it
	SayDetected   colophon.Code = "desk-say-detected"   // by a program
	SayUndetected colophon.Code = "desk-say-undetected" // by people
	SayAssisted   colophon.Code = "desk-say-assisted"
	SayPeople     colophon.Code = "desk-say-people"
	SayBy         colophon.Code = "desk-say-by"      // arg "role"
	SayAnother    colophon.Code = "desk-say-another" // of an appeal: nobody who decided before
	SayEvidence   colophon.Code = "desk-say-evidence"
	SayInTime     colophon.Code = "desk-say-in-time" // args "received", "decided", "due"
	SayLate       colophon.Code = "desk-say-late"
	SayUnsure     colophon.Code = "desk-say-unsure" // arg "years"
	SayAppeal     colophon.Code = "desk-say-appeal" // arg "where"
	SayAppealBy   colophon.Code = "desk-say-appeal-until"
	SayFinal      colophon.Code = "desk-say-final"
	SayProven     colophon.Code = "desk-say-proven"       // arg "how": whoever asks for a right is the person
	SayDisproven  colophon.Code = "desk-say-disproven"    // is not
	SayUnknown    colophon.Code = "desk-say-unknown"      // nobody could tell
	SayReviewed   colophon.Code = "desk-say-after-upheld" // what appeals came to
	SayAmended    colophon.Code = "desk-say-after-changed"
	SayOverturned colophon.Code = "desk-say-after-reversed"
)

var (
	sayOutcomes = map[Outcome]colophon.Code{Founded: SayFounded, Partly: SayPartly, Unfounded: SayUnfounded, Unproven: SayUnproven, Upheld: SayUpheld, Changed: SayChanged, Reversed: SayReversed}
	sayProofs   = map[ProofResult]colophon.Code{Proven: SayProven, Disproven: SayDisproven, NotKnown: SayUnknown}
	sayAppeals  = map[Outcome]colophon.Code{Upheld: SayReviewed, Changed: SayAmended, Reversed: SayOverturned}
)

// sayings are sentences that are being put together.
type sayings []standing.Sentence

// say adds a sentence. Args alternate names and values.
func (l *sayings) say(when bool, code colophon.Code, args ...string) {
	if !when || code == "" {
		return
	}
	one := standing.Sentence{Code: code}
	for i := 0; i < len(args); i += 2 {
		if one.Args == nil {
			one.Args = colophon.Args{}
		}
		one.Args[args[i]] = args[i+1]
	}
	*l = append(*l, one)
}

// effect says what is done, for how long, on what ground and about what.
func (s Statement) effect(l *sayings) {
	for _, v := range s.Visibility {
		l.say(true, v)
	}
	l.say(true, s.Provision)
	l.say(true, s.Account)
	l.say(s.acts() && s.Until.IsZero() && !s.From.IsZero(), SayFrom, "from", beijing(s.From))
	l.say(s.acts() && !s.Until.IsZero(), SayUntil, "from", beijing(s.From), "until", beijing(s.Until))
	l.say(s.acts() && s.Territory != "", SayTerritory, "territory", s.Territory)
	l.say(len(s.Clauses) > 0, SayLaw, "law", join(s.Clauses))
	l.say(s.Terms != "", SayTerms, "terms", s.Terms)
	l.say(s.Category != "", SayCategory, "category", strings.TrimPrefix(string(s.Category), "desk-ground-"))
	l.say(len(s.Keywords) > 0, SayKeywords, "keywords", join(s.Keywords))
	l.say(!s.Content.IsZero(), SayContent, "at", beijing(s.Content))
}

// Reasons writes the statement of reasons of a case that was decided: what came of it, what is done, on what ground, where it
// came from, how and by which role it was decided and whether in time, how to appeal, and what appeals came to.
func (d *Desk) Reasons(c Case) []standing.Sentence {
	if c.Decision == nil {
		return nil
	}
	s := c.Decision.Statement
	var l sayings
	l.say(true, sayOutcomes[c.Decision.Outcome])
	s.effect(&l)
	l.say(c.Source.own(), SayOwn)
	l.say(!c.Source.own(), SayNotice)
	l.say(s.Detected, SayDetected)
	l.say(!s.Detected, SayUndetected)
	l.say(s.Assisted, SayAssisted)
	l.say(!s.Assisted, SayPeople)
	l.say(true, SayBy, "role", string(c.Decision.By.Role))
	if p := c.Decision.Proof; p != nil {
		l.say(true, sayProofs[p.Result], p.args()...)
	}
	l.say(c.Kind == Appeal, SayAnother)
	l.say(len(s.Evidence) > 0, SayEvidence, "count", strconv.Itoa(len(s.Evidence)))
	times := []string{"received", beijing(c.Clock.Start), "decided", beijing(c.Decision.At), "due", beijing(c.Decision.Due)}
	l.say(!c.Decision.Late, SayInTime, times...)
	l.say(c.Decision.Late, SayLate, times...)
	l.say(len(c.Decision.Unsure) > 0, SayUnsure, "years", years(c.Decision.Unsure))
	appealable := !c.Limits.Row.Appeal.None()
	l.say(appealable && c.AppealUntil.IsZero(), SayAppeal, "where", d.AppealAt)
	l.say(appealable && !c.AppealUntil.IsZero(), SayAppealBy, "where", d.AppealAt, "until", beijing(c.AppealUntil))
	l.say(!appealable, SayFinal)
	for _, a := range c.Appeals {
		l.say(true, sayAppeals[a.Outcome], "at", beijing(a.At))
	}
	return l
}

func join[T ~string](list []T) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

func years(list []int) string {
	text := make([]string, len(list))
	for i, y := range list {
		text[i] = strconv.Itoa(y)
	}
	return strings.Join(text, ", ")
}

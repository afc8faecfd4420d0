package card

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/list"
)

// Names of checks.
const (
	CheckSignature = "signature"
	CheckTime      = "time"
	CheckApp       = "app"
	CheckNumber    = "number"
	CheckListed    = "listed"
	CheckFiling    = "filing"
	CheckSecurity  = "security-assessment"
	CheckImpact    = "impact-assessment"
	CheckNotice    = "notice-policy"
	CheckMaterials = "label-materials"
)

// Checks lists the names of all checks in their order.
func Checks() []string {
	return []string{CheckSignature, CheckTime, CheckApp, CheckFiling, CheckNumber, CheckListed, CheckSecurity, CheckImpact, CheckNotice, CheckMaterials}
}

// Codes of what a check found.
const (
	FoundSigned    colophon.Code = "card-signed"     // arg "key"
	FoundStranger  colophon.Code = "card-stranger"   // no key that is trusted signed it
	FoundInTime    colophon.Code = "card-in-time"    // arg "until"
	FoundEnded     colophon.Code = "card-ended"      // arg "until"
	FoundEarly     colophon.Code = "card-early"      // arg "from"
	FoundApp       colophon.Code = "card-app"        // the app is among those of the service
	FoundOtherApp  colophon.Code = "card-other-app"  // it is not
	FoundAppUnsaid colophon.Code = "card-app-unsaid" // nobody said which app is meant
	FoundFiled     colophon.Code = "card-filed"
	FoundNeedless  colophon.Code = "card-needless" // arg "reason": the provider says that none is needed
	FoundOpinion   colophon.Code = "card-opinion"  // none is said to be needed, and the service can form opinion
	FoundUnfiled   colophon.Code = "card-unfiled"  // arg "state"
	FoundNumber    colophon.Code = "card-number"   // arg "number": it passes the check
	FoundMistyped  colophon.Code = "card-mistyped" // arg "number": it does not, or is of another class
	FoundNoList    colophon.Code = "card-no-list"  // no published list was at hand
	FoundAssessed  colophon.Code = "card-assessed" // arg "digest": the report with this digest is at hand
	FoundStated    colophon.Code = "card-stated"   // arg "digest": it is stated, and the report is not at hand
	FoundOver      colophon.Code = "card-over"     // arg "until": the assessment is over
	FoundNone      colophon.Code = "card-none"     // there is none, and there has to be one
	FoundNotAsked  colophon.Code = "card-not-asked"
	FoundPolicy    colophon.Code = "card-policy"     // a notice on everything
	FoundOffered   colophon.Code = "card-offered"    // a notice on demand where the class allows that
	FoundUnmarked  colophon.Code = "card-unmarked"   // the class needs a notice on everything
	FoundFiles     colophon.Code = "card-files"      // arg "files": so many were read here, and all bear what they have to
	FoundFilesSaid colophon.Code = "card-files-said" // arg "files": the card says so of so many, and not all are at hand
	FoundNoFiles   colophon.Code = "card-no-files"   // there are no files to show labels by
	FoundBadFile   colophon.Code = "card-bad-file"   // arg "name"
	FoundFileDoubt colophon.Code = "card-file-doubt" // arg "name": a mark could not be told
)

// Finding is what came of one check of the card, or of one function on it.
type Finding struct {
	Check    string
	Function string // empty for the card as a whole
	Verdict  colophon.Verdict
	Code     colophon.Code
	Args     colophon.Args
	Clause   colophon.Clause // empty where no article asks for it
}

// Reading is what whoever verifies found in a file; the zero value is a file that bears no marks, such as a report.
type Reading struct {
	Label  colophon.Verdict
	Notice colophon.Verdict
}

// Question is what a card is held against.
type Question struct {
	Trusted []note.Verifier
	Now     time.Time
	App     string             // address or package of the app that is to be listed; empty where it is not known
	Lists   *list.Index        // published lists; nil for none
	Files   map[string]Reading // what is at hand, by SHA-256 in hexadecimal
}

// Report is what came of a card.
type Report struct {
	Card     Card
	Verdict  colophon.Verdict // the worst of the findings
	Findings []Finding
}

// Verify checks a card. An error says that it is no card at all; all else is a finding.
func Verify(raw []byte, q Question) (Report, error) {
	c, err := Open(raw, q.Trusted...)
	signature, ok := signature(raw, err, q.Trusted)
	if !ok {
		return Report{}, err
	}
	r := Report{Card: c, Findings: []Finding{signature, q.time(c), q.app(c)}}
	if len(c.Functions) == 0 {
		r.Findings = append(r.Findings, Finding{Check: CheckFiling, Code: CodeNothing})
	}
	for _, f := range c.Functions {
		for _, found := range []Finding{filed(c.Service, f), number(f), q.listed(f), q.security(c.Service, f), q.impact(f), policy(f), q.materials(f)} {
			found.Function = f.ID
			r.Findings = append(r.Findings, found)
		}
	}
	r.Verdict = Worst(r.Findings)
	return r, nil
}

// Worst is the verdict on findings together: failed where one failed, passed where all passed and there is one at all.
func Worst(list []Finding) colophon.Verdict {
	verdict := colophon.Passed
	for _, f := range list {
		switch {
		case f.Verdict == colophon.Failed:
			return colophon.Failed
		case f.Verdict != colophon.Passed:
			verdict = colophon.Unknown
		}
	}
	if len(list) == 0 {
		return colophon.Unknown
	}
	return verdict
}

// signature says whose the card is. It reports false where there is nothing to read.
func signature(raw []byte, err error, trusted []note.Verifier) (Finding, bool) {
	var e *colophon.Error
	switch {
	case err == nil:
		name := ""
		if n, err := note.Open(raw, note.VerifierList(trusted...)); err == nil && len(n.Sigs) > 0 {
			name = n.Sigs[0].Name
		}
		return Finding{Check: CheckSignature, Verdict: colophon.Passed, Code: FoundSigned, Args: colophon.Args{"key": name}}, true
	case !errors.As(err, &e):
		return Finding{}, false
	case e.Code == CodeNoKey:
		return Finding{Check: CheckSignature, Code: CodeNoKey}, true
	case e.Code == CodeSignature && e.Err == nil:
		return Finding{Check: CheckSignature, Verdict: colophon.Failed, Code: FoundStranger}, true
	}
	return Finding{}, false
}

func (q Question) time(c Card) Finding {
	switch {
	case q.Now.Before(c.Issued):
		return Finding{Check: CheckTime, Verdict: colophon.Failed, Code: FoundEarly, Args: colophon.Args{"from": c.Issued.Format(time.DateOnly)}}
	case !q.Now.Before(c.Until):
		return Finding{Check: CheckTime, Verdict: colophon.Failed, Code: FoundEnded, Args: colophon.Args{"until": c.Until.Format(time.DateOnly)}}
	}
	return Finding{Check: CheckTime, Verdict: colophon.Passed, Code: FoundInTime, Args: colophon.Args{"until": c.Until.Format(time.DateOnly)}}
}

func (q Question) app(c Card) Finding {
	switch {
	case q.App == "":
		return Finding{Check: CheckApp, Code: FoundAppUnsaid}
	case slices.ContainsFunc(c.Service.Forms, func(f register.Form) bool { return strings.TrimSuffix(f.At, "/") == strings.TrimSuffix(q.App, "/") }):
		return Finding{Check: CheckApp, Verdict: colophon.Passed, Code: FoundApp}
	}
	return Finding{Check: CheckApp, Verdict: colophon.Failed, Code: FoundOtherApp}
}

// filed says whether the filing is done, as the provider states it.
func filed(s Service, f Function) Finding {
	found := Finding{Check: CheckFiling, Clause: colophon.ClauseDS19}
	switch f.Filing.State {
	case register.FilingDone, register.FilingChanged:
		found.Verdict, found.Code = colophon.Passed, FoundFiled
	case register.FilingNeedless:
		if found.Code, found.Args = FoundNeedless, (colophon.Args{"reason": f.Filing.Reason}); s.Opinion {
			found.Verdict, found.Code, found.Args = colophon.Failed, FoundOpinion, nil
		}
	default:
		found.Verdict, found.Code, found.Args = colophon.Failed, FoundUnfiled, colophon.Args{"state": string(f.Filing.State)}
	}
	return found
}

// without says whether the function states no number and needs none to be looked at.
func without(f Function) bool {
	return f.Filing.State == register.FilingNeedless && f.Filing.Number == ""
}

func number(f Function) Finding {
	found := Finding{Check: CheckNumber, Clause: colophon.ClauseDS19, Args: colophon.Args{"number": f.Filing.Number}}
	n, err := register.CheckFiling(f.Filing.Number)
	switch {
	case without(f):
		return Finding{Check: CheckNumber, Clause: colophon.ClauseDS19, Verdict: colophon.Passed, Code: FoundNotAsked}
	case f.Filing.Number == "":
		return Finding{Check: CheckNumber, Clause: colophon.ClauseDS19, Verdict: colophon.Failed, Code: FoundNone}
	case err != nil || !n.Checked || !n.Fits():
		found.Verdict, found.Code = colophon.Failed, FoundMistyped
	default:
		found.Verdict, found.Code = colophon.Passed, FoundNumber
	}
	return found
}

// listed says whether the number stands on a published list; see list.Index.
func (q Question) listed(f Function) Finding {
	found := Finding{Check: CheckListed, Clause: colophon.ClauseDS13}
	n, err := register.CheckFiling(f.Filing.Number)
	switch {
	case without(f):
		found.Verdict, found.Code = colophon.Passed, FoundNotAsked
	case q.Lists == nil:
		found.Code = FoundNoList
	case err != nil:
		found.Code = list.UntoldNumber
	default:
		a := q.Lists.Listed(n.Digits)
		found.Verdict, found.Code, found.Args = a.Verdict, a.Code, a.Args
	}
	return found
}

func (q Question) security(s Service, f Function) Finding {
	found := q.proof(CheckSecurity, colophon.ClauseDS15, f.Security, f.High || s.Opinion || biometric(f))
	if found.Code == FoundNotAsked {
		found.Verdict = colophon.Unknown // that the risk is not high, and no opinion formed, the provider alone says
	}
	return found
}

func biometric(f Function) bool {
	return register.Function{Class: f.Class, Likeness: f.Likeness}.Biometric()
}

func (q Question) impact(f Function) Finding {
	return q.proof(CheckImpact, colophon.ClausePIPL55, f.Impact, biometric(f))
}

// proof says whether there is an assessment. A card has its digest alone, so it passes where the report is at hand, and can't be
// told before.
func (q Question) proof(check string, clause colophon.Clause, p *Proof, asked bool) Finding {
	found := Finding{Check: check, Clause: clause}
	switch {
	case p == nil && !asked:
		found.Verdict, found.Code = colophon.Passed, FoundNotAsked
	case p == nil || p.SHA256 == "":
		found.Verdict, found.Code = colophon.Failed, FoundNone
	case !p.Until.IsZero() && !q.Now.Before(p.Until):
		found.Verdict, found.Code, found.Args = colophon.Failed, FoundOver, colophon.Args{"until": p.Until.Format(time.DateOnly)}
	default:
		found.Code, found.Args = FoundStated, colophon.Args{"digest": p.SHA256}
		if _, ok := q.Files[p.SHA256]; ok {
			found.Verdict, found.Code = colophon.Passed, FoundAssessed
		}
	}
	return found
}

// policy says whether the notice that is promised is the one that the class needs.
func policy(f Function) Finding {
	found := Finding{Check: CheckNotice, Clause: colophon.ClauseDS17, Verdict: colophon.Passed, Code: FoundPolicy}
	switch i := slices.IndexFunc(f.Conditions, func(c Condition) bool { return c.Name == register.OnNotice }); {
	case i >= 0 && f.Conditions[i].Verdict != colophon.Passed.String():
		found.Verdict, found.Code = colophon.Failed, FoundUnmarked
	case f.Notice.Policy == "offered" && f.Class != "assist":
		found.Verdict, found.Code = colophon.Failed, FoundUnmarked
	case f.Notice.Policy == "offered":
		found.Code = FoundOffered
	}
	return found
}

// materials says what the files show that the function made: those at hand as they were read here, the others as the card says.
func (q Question) materials(f Function) Finding {
	found := Finding{Check: CheckMaterials, Clause: colophon.ClauseLM7}
	if len(f.Materials) == 0 {
		found.Verdict, found.Code = colophon.Failed, FoundNoFiles
		return found
	}
	found.Verdict, found.Code, found.Args = colophon.Passed, FoundFiles, colophon.Args{"files": strconv.Itoa(len(f.Materials))}
	for _, m := range f.Materials {
		read, here := q.Files[m.SHA256]
		label, notice := read.Label.String(), read.Notice.String()
		if !here {
			label, notice = m.Label, m.Notice
		}
		if f.Notice.Policy == "offered" && notice != colophon.Failed.String() {
			notice = colophon.Passed.String() // nobody asked for one
		}
		switch passed := colophon.Passed.String(); {
		case label == colophon.Failed.String() || notice == colophon.Failed.String():
			found.Verdict, found.Code, found.Args = colophon.Failed, FoundBadFile, colophon.Args{"name": m.Name}
			return found
		case label != passed || notice != passed:
			found.Verdict, found.Code, found.Args = colophon.Unknown, FoundFileDoubt, colophon.Args{"name": m.Name}
		case !here && found.Code == FoundFiles:
			found.Verdict, found.Code = colophon.Unknown, FoundFilesSaid
		}
	}
	return found
}

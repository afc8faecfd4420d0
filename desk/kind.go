package desk

import (
	"slices"

	"github.com/colophon-project/colophon"
)

// Kind is what somebody comes for.
type Kind string

// The kinds.
const (
	Complaint  Kind = "complaint"
	Report     Kind = "report"
	Appeal     Kind = "appeal" // against a decision of the desk, a measure, a judgement
	Rights     Kind = "rights" // what the Personal Information Protection Law lets people ask for
	Likeness   Kind = "likeness"
	Rumour     Kind = "rumour"
	Fraud      Kind = "fraud"
	Label      Kind = "label"      // a label is missing, or wrong
	Authority  Kind = "authority"  // an order or request
	Unlabelled Kind = "unlabelled" // a copy without notice, Labelling Measures Art. 9
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{Complaint, Report, Appeal, Rights, Likeness, Rumour, Fraud, Label, Authority, Unlabelled}
}

// KindNames lists the kinds as a [limits.Keeper] wants them.
func KindNames() []string {
	var list []string
	for _, k := range Kinds() {
		list = append(list, string(k))
	}
	return list
}

// clauses are those that a case of the kind serves.
func (k Kind) clauses() []colophon.Clause {
	switch k {
	case Rights:
		return []colophon.Clause{colophon.ClausePIPL50}
	case Likeness:
		return []colophon.Clause{colophon.ClauseDS12, colophon.ClauseDS14}
	case Rumour:
		return []colophon.Clause{colophon.ClauseDS11, colophon.ClauseDS12}
	case Label:
		return []colophon.Clause{colophon.ClauseDS12, colophon.ClauseLM10}
	case Authority:
		return []colophon.Clause{colophon.ClauseDS21}
	case Unlabelled:
		return []colophon.Clause{colophon.ClauseLM9}
	}
	return []colophon.Clause{colophon.ClauseDS12}
}

// anonymous reports whether a case of the kind may come from somebody of whom nothing is known.
func (k Kind) anonymous() bool {
	return slices.Contains([]Kind{Complaint, Report, Rumour, Fraud, Label}, k)
}

// always reports whether a case of the kind is taken in whoever brings it, and however often they came.
func (k Kind) always() bool { return slices.Contains([]Kind{Appeal, Rights, Likeness, Authority}, k) }

// Party is who comes.
type Party string

// The parties.
const (
	PartyPublic    Party = "public"
	PartyUser      Party = "user"
	PartySubject   Party = "subject" // whose face, voice or data it is
	PartyKin       Party = "kin"     // of a subject who died, or a guardian
	PartyAgent     Party = "agent"   // acts for a subject
	PartyAuthority Party = "authority"
)

// Parties lists the parties.
func Parties() []Party {
	return []Party{PartyPublic, PartyUser, PartySubject, PartyKin, PartyAgent, PartyAuthority}
}

// Right is what somebody asks for by right.
type Right string

// The rights.
const (
	RightAccess   Right = "access"
	RightCopy     Right = "copy"
	RightCorrect  Right = "correct"
	RightDelete   Right = "delete"
	RightWithdraw Right = "withdraw" // a consent
	RightPort     Right = "port"
)

// AllRights lists the rights.
func AllRights() []Right {
	return []Right{RightAccess, RightCopy, RightCorrect, RightDelete, RightWithdraw, RightPort}
}

// Source is the way a case came in.
type Source string

// The sources.
const (
	FromWeb       Source = "web"
	FromAPI       Source = "api"
	FromStaff     Source = "staff" // by telephone or letter
	FromScreening Source = "screening"
	FromDetection Source = "detection"
)

// Sources lists the sources.
func Sources() []Source { return []Source{FromWeb, FromAPI, FromStaff, FromScreening, FromDetection} }

// own reports whether the case is of the provider's own accord.
func (s Source) own() bool { return s == FromScreening || s == FromDetection }

// What is wrong, as whoever comes says it.
const (
	GroundIllegal      colophon.Code = "desk-ground-illegal"
	GroundMinor        colophon.Code = "desk-ground-minor"    // harms or shows a minor
	GroundIntimate     colophon.Code = "desk-ground-intimate" // intimate, without consent
	GroundLikeness     colophon.Code = "desk-ground-likeness"
	GroundVoice        colophon.Code = "desk-ground-voice"
	GroundRumour       colophon.Code = "desk-ground-rumour"
	GroundFraud        colophon.Code = "desk-ground-fraud"
	GroundInsult       colophon.Code = "desk-ground-insult"
	GroundPrivacy      colophon.Code = "desk-ground-privacy"
	GroundCopyright    colophon.Code = "desk-ground-copyright"
	GroundLabelMissing colophon.Code = "desk-ground-label-missing"
	GroundLabelWrong   colophon.Code = "desk-ground-label-wrong"
	GroundMeasure      colophon.Code = "desk-ground-measure" // something was done to the account or its content
	GroundService      colophon.Code = "desk-ground-service" // the service does not do what it should
	GroundOther        colophon.Code = "desk-ground-other"
)

// Grounds lists what may be wrong.
func Grounds() []colophon.Code {
	return []colophon.Code{GroundIllegal, GroundMinor, GroundIntimate, GroundLikeness, GroundVoice, GroundRumour, GroundFraud, GroundInsult, GroundPrivacy, GroundCopyright,
		GroundLabelMissing, GroundLabelWrong, GroundMeasure, GroundService, GroundOther}
}

// urgent reports whether the faster clock counts.
func urgent(grounds []colophon.Code) bool {
	return slices.Contains(grounds, GroundMinor) || slices.Contains(grounds, GroundIntimate)
}

// Outcome is what came of a case.
type Outcome string

// The outcomes: of appeals the last three, of all other cases the first four.
const (
	Founded   Outcome = "founded"
	Partly    Outcome = "partly"
	Unfounded Outcome = "unfounded"
	Unproven  Outcome = "unproven" // it could not be found out
	Upheld    Outcome = "upheld"   // the decision before stays
	Changed   Outcome = "changed"
	Reversed  Outcome = "reversed"
)

// Outcomes lists what may come of a case of the kind.
func (k Kind) Outcomes() []Outcome {
	if k == Appeal {
		return []Outcome{Upheld, Changed, Reversed}
	}
	return []Outcome{Founded, Partly, Unfounded, Unproven}
}

// after is what an outcome is worth once an appeal against it was decided.
func (o Outcome) after(appeal Outcome) Outcome {
	switch {
	case appeal == Changed:
		return Partly
	case appeal == Upheld:
		return o
	case o == Founded || o == Partly:
		return Unfounded
	}
	return Founded
}

package desk

import (
	"context"
	"slices"
	"strings"

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

// Proof says whether whoever asks for a right is the person whose data it is. A right is granted to nobody else.
type Proof struct {
	Result ProofResult   `json:"result"`
	How    colophon.Code `json:"how,omitempty"` // of what is proven
}

// ProofResult is what came of looking.
type ProofResult string

// The results of a proof.
const (
	Proven    ProofResult = "proven"
	Disproven ProofResult = "disproven"
	NotKnown  ProofResult = "unknown"
)

// How somebody showed who they are.
const (
	ByAccount  colophon.Code = "desk-proof-account"  // by the account, in the application
	ByDocument colophon.Code = "desk-proof-document" // by an official document, which was compared
	ByContact  colophon.Code = "desk-proof-contact"  // they answered at the contact that was verified for the account
	ByPresence colophon.Code = "desk-proof-presence" // they came
	ByReceipt  colophon.Code = "desk-proof-receipt"  // they have the receipt code of the consent
	ByMandate  colophon.Code = "desk-proof-mandate"  // of somebody who acts for the person: the mandate and both documents
	ByKinship  colophon.Code = "desk-proof-kinship"  // of close relatives of somebody who died, and of guardians
)

// Proofs lists how somebody may have shown who they are.
func Proofs() []colophon.Code {
	return []colophon.Code{ByAccount, ByDocument, ByContact, ByPresence, ByReceipt, ByMandate, ByKinship}
}

// args are those of the sentence that says it: the way as a word.
func (p *Proof) args() []string {
	return []string{"how", strings.TrimPrefix(string(p.How), "desk-proof-")}
}

func (p *Proof) check() error {
	switch {
	case p == nil:
		return nil
	case !slices.Contains([]ProofResult{Proven, Disproven, NotKnown}, p.Result) || (p.Result == Proven) != (p.How != ""):
		return invalid("proof")
	case p.How != "" && !slices.Contains(Proofs(), p.How):
		return invalid("how")
	}
	return nil
}

// byAccount reports whether the account brought the case itself, through the application that signed it in.
func (c *Case) byAccount() bool { return c.Source == FromAPI && c.Party == PartyUser }

// entitled refuses a ruling that grants a right which nobody asked for, or to somebody of whom it is not known who they are. An
// account that comes through the application is proof of itself, for what is kept of that account.
func (d *Desk) entitled(ctx context.Context, c Case, r *Ruling) error {
	if err := r.Proof.check(); err != nil {
		return err
	}
	asked := c
	for asked.AppealOf != "" {
		var err error
		if asked, err = d.Case(ctx, asked.AppealOf); err != nil {
			return err
		}
	}
	switch {
	case r.Proof != nil && asked.Kind != Rights:
		return invalid("proof")
	case r.Proof != nil && r.Proof.How == ByAccount && !asked.byAccount():
		return invalid("how")
	}
	for _, deed := range r.Deeds {
		rights := deed.Do.rights()
		switch {
		case rights == nil:
			continue
		case !slices.Contains(rights, asked.Right):
			return invalid("do")
		case slices.Contains([]Outcome{Unfounded, Unproven, Upheld}, r.Outcome):
			return invalid("outcome")
		}
		own := asked.byAccount() && (deed.Target == string(asked.Subject) || deed.Do == WithdrawConsent && deed.Target == asked.About.Consent)
		if r.Proof == nil && own {
			r.Proof = &Proof{Proven, ByAccount}
		}
		if r.Proof == nil || r.Proof.Result != Proven || r.Proof.How == ByAccount && !own {
			return refuse(colophon.Refused, CodeIdentity, &asked, nil)
		}
	}
	return nil
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

package staff

import (
	"slices"
	"sync"

	"github.com/colophon-project/colophon"
)

// Role is what an account may be. An account has one or several.
type Role string

// The roles.
const (
	Officer  Role = "officer"  // answers for compliance and manages the staff
	Reviewer Role = "reviewer" // decides about content
	Engineer Role = "engineer" // runs the system
	Auditor  Role = "auditor"  // reads everything, changes nothing
)

// system is the role of acts that no person stands behind.
const system Role = "system"

// Roles returns all roles.
func Roles() []Role { return []Role{Officer, Reviewer, Engineer, Auditor} }

// Action is something that may be allowed. An HTTP route names the one it needs.
type Action string

// The actions. A new capability adds its own here and in the table below.
const (
	OverviewRead      Action = "overview.read" // what waits, and how everything stands, as far as other actions let it be known
	ArtefactCreate    Action = "artefact.create"
	ArtefactRead      Action = "artefact.read"
	ArtefactVerify    Action = "artefact.verify"
	ArtefactHeal      Action = "artefact.heal" // know copies again, and give them their label
	EvidenceRead      Action = "evidence.read"
	EvidenceVerify    Action = "evidence.verify"
	EvidenceHold      Action = "evidence.hold" // keep records from being purged
	SubjectErase      Action = "subject.erase"
	BundleMake        Action = "bundle.make"
	NetworkLogRead    Action = "network-log.read"
	KeysRotate        Action = "keys.rotate" // keys of seal, log and envelope
	StaffRead         Action = "staff.read"
	StaffManage       Action = "staff.manage"
	APIKeyRead        Action = "apikey.read"
	APIKeyManage      Action = "apikey.manage"
	JobRead           Action = "job.read"
	JobRetry          Action = "job.retry"
	GatewayUse        Action = "gateway.use"    // ask models through the gateway
	GatewayRead       Action = "gateway.read"   // who used how much, and how the models do
	GatewayManage     Action = "gateway.manage" // keys of the models
	ScreenUse         Action = "screen.use"     // have content judged
	ScreenRead        Action = "screen.read"    // what was judged, and how
	FeatureRead       Action = "feature.read"   // the feature library
	FeaturePropose    Action = "feature.propose"
	FeatureReview     Action = "feature.review" // what somebody else proposed
	FeatureManage     Action = "feature.manage" // activate, retire, and the stored samples
	PolicyRead        Action = "policy.read"
	PolicyPropose     Action = "policy.propose"
	PolicyRelease     Action = "policy.release" // what somebody else proposed
	HeldRead          Action = "held.read"      // what waits for a person, without its content
	HeldDecide        Action = "held.decide"    // read the content, and decide
	ReportRead        Action = "report-duty.read"
	ReportFile        Action = "report-duty.file" // file or dismiss what the law wants reported
	AccountRead       Action = "account.read"     // what is known of an account: level, verifications
	AccountVerify     Action = "account.verify"   // have an account verified, or say that it was
	AccountImport     Action = "account.import"   // propose verifications from a file
	AccountApprove    Action = "account.approve"  // approve what somebody else proposed
	LinkMint          Action = "link.mint"        // make one-time links to pages
	ConsentRead       Action = "consent.read"     // consents, without what is sealed
	ConsentAsk        Action = "consent.ask"      // ask for consents, make and spend tokens
	ConsentManage     Action = "consent.manage"   // texts, evidence of guardians and kin, disputes
	AssessmentRead    Action = "assessment.read"  // impact assessments
	AssessmentWrite   Action = "assessment.write"
	AssessmentApprove Action = "assessment.approve" // what somebody else wrote
	MeasureRead       Action = "measure.read"       // measures against accounts, and signals
	MeasureTake       Action = "measure.take"
	MeasureConfirm    Action = "measure.confirm" // what somebody else proposed, and lifting
	MeasureNotify     Action = "measure.notify"  // say that the account holder was told
	StandingRules     Action = "standing.rules"  // rules over signals, and repeat rules
	AgreementRead     Action = "agreement.read"
	AgreementDraft    Action = "agreement.draft"
	AgreementPublish  Action = "agreement.publish" // what somebody else drafted, and withdrawing
	AgreementAccept   Action = "agreement.accept"  // say that an account accepted
	RegisterRead      Action = "register.read"     // services and functions
	RegisterChange    Action = "register.change"
	RegisterLive      Action = "register.live"    // let functions go live, and waive conditions
	CardIssue         Action = "card.issue"       // conformance cards of services
	ListingRead       Action = "listing.read"     // apps of an app store
	ListingUse        Action = "listing.use"      // ask, hand in, check, and list what passed
	ListingDecide     Action = "listing.decide"   // refuse, warn, suspend, delist
	OversightRead     Action = "oversight.read"   // mechanism reviews, ethics reviews, security assessments
	OversightWrite    Action = "oversight.write"  // examine, apply, draft
	OversightDecide   Action = "oversight.decide" // what somebody else wrote, and the committee
	EthicsVote        Action = "ethics.vote"      // as a member of the ethics committee
	OrderRead         Action = "order.read"       // control orders
	OrderIssue        Action = "order.issue"      // stop, limit, quarantine
	OrderRelease      Action = "order.release"    // two people end an order
	AdmissionAsk      Action = "admission.ask"    // have a decision made or explained
	AdmissionRead     Action = "admission.read"   // past decisions
	IntakeUse         Action = "intake.use"       // hand in uploads of a platform
	IntakeRead        Action = "intake.read"      // what was said of them, and the files
	WebhookManage     Action = "webhook.manage"   // who is told what happens
	DeskRead          Action = "desk.read"        // cases, without what is sealed
	DeskDecide        Action = "desk.decide"      // take, read, ask, decide
	DeskAppeal        Action = "desk.appeal"      // hear appeals
	DeskSubmit        Action = "desk.submit"      // bring and follow cases for accounts and callers
	CopyRequest       Action = "copy.request"     // ask for copies without the notice for accounts, and fetch them
	CopyRead          Action = "copy.read"        // such requests, without what is sealed
	CopyDecide        Action = "copy.decide"      // read what was written, grant, refuse
	LimitsWrite       Action = "limits.write"     // draft time limits
	LimitsPublish     Action = "limits.publish"   // what somebody else drafted
	RefutationRead    Action = "refutation.read"  // refutations, drafts too, and whom they reached
	RefutationWrite   Action = "refutation.write"
	RefutationPublish Action = "refutation.publish" // what somebody else wrote, and withdrawing it
	NoticeDeliver     Action = "notice.deliver"     // fetch notices to accounts, and say what became of them
	RecallRead        Action = "recall.read"        // what others say is false
	RecallFollow      Action = "recall.follow"      // whose feeds are read
	DatasetRead       Action = "dataset.read"       // datasets, samples of them, annotation
	DatasetWrite      Action = "dataset.write"      // enter them, draw samples, enter checks
	DatasetProve      Action = "dataset.prove"      // removals, and annotation rules of somebody else
	BankRead          Action = "bank.read"          // banks of test questions
	BankWrite         Action = "bank.write"         // bring one in
	BankApprove       Action = "bank.approve"       // and say that runs may be made with it
	RunRead           Action = "run.read"           // assessment runs
	RunWrite          Action = "run.write"          // plan, start, draw samples, finish
	PanelRead         Action = "panel.read"         // samples that people judge
	PanelJudge        Action = "panel.judge"
	DutyRead          Action = "duty.read"    // obligations, how they stand and what shows it
	DutyRun           Action = "duty.run"     // run a query of the catalogue of duties now
	DutySay           Action = "duty.say"     // say of facts and duties how they are, propose waivers, take such things back
	DutyDecide        Action = "duty.decide"  // let count what somebody else said or proposed
	SystemsRead       Action = "systems.read" // the provider's own systems of rules
	SystemsWrite      Action = "systems.write"
	SystemsApprove    Action = "systems.approve" // what somebody else wrote, and reviewing it
	FilingRead        Action = "filing.read"     // filings of algorithms, without people
	FilingWrite       Action = "filing.write"    // draft and change them
	FilingApprove     Action = "filing.approve"  // what somebody else wrote; submit, enter decisions, cancel
	FilingPeople      Action = "filing.people"   // read whom they name, and annexes
	FilingListRead    Action = "filing-list.read"
	FilingListImport  Action = "filing-list.import" // published lists
	InspectionRead    Action = "inspection.read"    // mock inspections and their reports
	InspectionRun     Action = "inspection.run"     // have pages looked at
	PackRead          Action = "pack.read"          // packs for authorities
	PackWrite         Action = "pack.write"         // draft and fill them
	PackFile          Action = "pack.file"          // file or dismiss what somebody drafted
	IncidentRead      Action = "incident.read"      // incidents, drills and corrections, without what people wrote
	IncidentOpen      Action = "incident.open"      // and cases of illegal output
	IncidentHandle    Action = "incident.handle"    // read what people wrote, tell facts, tick steps, draft reports
	IncidentFile      Action = "incident.file"      // say that a report was filed, or a notice given
	IncidentDecide    Action = "incident.decide"    // close, and agree to what somebody else proposed
	DrillManage       Action = "drill.manage"
	CalendarRead      Action = "calendar.read" // what is due when
	SessionEnd        Action = "session.end"   // of a program that signed in for a person
	SettingsRead      Action = "settings.read"
	SettingsChange    Action = "settings.change"
)

// permission is one row of the table: an action, the roles that may do it, and whether an API key may.
type permission struct {
	action Action
	roles  []Role
	key    bool
	reads  bool // it changes nothing
}

// permissions returns the table. What is not in it is allowed to nobody.
func permissions() []permission { return slices.Concat(firstPermissions(), laterPermissions()) }

func firstPermissions() []permission {
	return []permission{
		{OverviewRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{ArtefactCreate, []Role{Officer, Engineer}, true, false},
		{ArtefactRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{ArtefactVerify, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{ArtefactHeal, []Role{Officer, Reviewer, Engineer}, true, false},
		{EvidenceRead, []Role{Officer, Auditor}, true, true},
		{EvidenceVerify, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{EvidenceHold, []Role{Officer}, false, false},
		{SubjectErase, []Role{Officer}, false, false},
		{BundleMake, []Role{Officer}, true, false},
		{NetworkLogRead, []Role{Auditor}, false, true},
		{KeysRotate, []Role{Officer, Engineer}, false, false},
		{StaffRead, []Role{Officer, Auditor}, false, true},
		{StaffManage, []Role{Officer}, false, false},
		{APIKeyRead, []Role{Officer, Engineer, Auditor}, false, true},
		{APIKeyManage, []Role{Officer, Engineer}, false, false},
		{JobRead, []Role{Officer, Engineer, Auditor}, false, true},
		{JobRetry, []Role{Officer, Engineer}, false, false},
		{GatewayUse, []Role{Officer, Engineer}, true, false},
		{GatewayRead, []Role{Officer, Engineer, Auditor}, true, true},
		{GatewayManage, []Role{Officer, Engineer}, false, false},
		{ScreenUse, []Role{Officer, Reviewer, Engineer}, true, false},
		{ScreenRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{FeatureRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{FeaturePropose, []Role{Officer, Reviewer, Engineer}, true, false},
		{FeatureReview, []Role{Officer, Reviewer}, false, false},
		{FeatureManage, []Role{Officer}, false, false},
		{PolicyRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{PolicyPropose, []Role{Officer, Engineer}, false, false},
		{PolicyRelease, []Role{Officer}, false, false},
		{HeldRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{HeldDecide, []Role{Officer, Reviewer}, false, false},
		{ReportRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{ReportFile, []Role{Officer}, false, false},
		{AccountRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{AccountVerify, []Role{Officer}, true, false},
		{AccountImport, []Role{Officer, Engineer}, false, false},
		{AccountApprove, []Role{Officer}, false, false},
		{LinkMint, []Role{Officer}, true, false},
		{ConsentRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{ConsentAsk, []Role{Officer}, true, false},
		{ConsentManage, []Role{Officer}, false, false},
		{AssessmentRead, []Role{Officer, Engineer, Auditor}, true, true},
		{AssessmentWrite, []Role{Officer, Engineer}, false, false},
		{AssessmentApprove, []Role{Officer}, false, false},
		{MeasureRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{MeasureTake, []Role{Officer, Reviewer}, false, false},
		{MeasureConfirm, []Role{Officer}, false, false},
		{MeasureNotify, []Role{Officer, Reviewer}, true, false},
		{StandingRules, []Role{Officer}, false, false},
		{AgreementRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{AgreementDraft, []Role{Officer, Engineer}, false, false},
		{AgreementPublish, []Role{Officer}, false, false},
		{AgreementAccept, []Role{Officer}, true, false},
		{RegisterRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{RegisterChange, []Role{Officer, Engineer}, false, false},
		{RegisterLive, []Role{Officer}, false, false},
		{CardIssue, []Role{Officer}, false, false},
		{ListingRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{ListingUse, []Role{Officer, Reviewer, Engineer}, true, false},
		{ListingDecide, []Role{Officer, Reviewer}, false, false},
		{OversightRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{OversightWrite, []Role{Officer, Engineer}, false, false},
		{OversightDecide, []Role{Officer}, false, false},
		{EthicsVote, []Role{Officer, Reviewer, Engineer}, false, false},
		{OrderRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{OrderIssue, []Role{Officer, Engineer}, false, false},
		{OrderRelease, []Role{Officer, Engineer}, false, false},
		{AdmissionAsk, []Role{Officer, Engineer}, true, false},
		{AdmissionRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{IntakeUse, []Role{Officer, Engineer}, true, false},
		{IntakeRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{WebhookManage, []Role{Officer, Engineer}, false, false},
	}
}

func laterPermissions() []permission {
	return []permission{
		{DeskRead, []Role{Officer, Reviewer, Auditor}, false, true},
		{DeskDecide, []Role{Officer, Reviewer}, false, false},
		{DeskAppeal, []Role{Officer}, false, false},
		{DeskSubmit, []Role{Officer, Reviewer}, true, false},
		{CopyRequest, []Role{Officer}, true, false},
		{CopyRead, []Role{Officer, Reviewer, Auditor}, false, true},
		{CopyDecide, []Role{Officer}, false, false},
		{LimitsWrite, []Role{Officer}, false, false},
		{LimitsPublish, []Role{Officer}, false, false},
		{RefutationRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{RefutationWrite, []Role{Officer, Reviewer}, false, false},
		{RefutationPublish, []Role{Officer}, false, false},
		{NoticeDeliver, []Role{Officer}, true, false},
		{RecallRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{RecallFollow, []Role{Officer, Engineer}, false, false},
		{InspectionRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{InspectionRun, []Role{Officer, Engineer}, true, false},
		{DatasetRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{DatasetWrite, []Role{Officer, Engineer}, false, false},
		{DatasetProve, []Role{Officer}, false, false},
		{BankRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{BankWrite, []Role{Officer, Engineer}, false, false},
		{BankApprove, []Role{Officer}, false, false},
		{RunRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{RunWrite, []Role{Officer, Engineer}, false, false},
		{PanelRead, []Role{Officer, Reviewer, Auditor}, true, true},
		{PanelJudge, []Role{Officer, Reviewer}, false, false},
		{DutyRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{DutyRun, []Role{Officer, Engineer}, false, false},
		{DutySay, []Role{Officer, Engineer}, false, false},
		{DutyDecide, []Role{Officer}, false, false},
		{SystemsRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{SystemsWrite, []Role{Officer, Engineer}, false, false},
		{SystemsApprove, []Role{Officer}, false, false},
		{FilingRead, []Role{Officer, Engineer, Auditor}, false, true},
		{FilingWrite, []Role{Officer, Engineer}, false, false},
		{FilingApprove, []Role{Officer}, false, false},
		{FilingPeople, []Role{Officer}, false, false},
		{FilingListRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{FilingListImport, []Role{Officer, Engineer}, false, false},
		{PackRead, []Role{Officer, Reviewer, Auditor}, false, true},
		{PackWrite, []Role{Officer, Reviewer}, false, false},
		{PackFile, []Role{Officer}, false, false},
		{IncidentRead, []Role{Officer, Reviewer, Engineer, Auditor}, true, true},
		{IncidentOpen, []Role{Officer, Reviewer, Engineer}, true, false},
		{IncidentHandle, []Role{Officer, Engineer}, false, false},
		{IncidentFile, []Role{Officer}, false, false},
		{IncidentDecide, []Role{Officer}, false, false},
		{DrillManage, []Role{Officer, Engineer}, false, false},
		{CalendarRead, []Role{Officer, Engineer, Auditor}, true, true},
		{SessionEnd, []Role{Officer, Reviewer, Engineer, Auditor}, false, true},
		{SettingsRead, []Role{Officer, Engineer, Auditor}, false, true},
		{SettingsChange, []Role{Officer, Engineer}, false, false},
	}
}

// Actions returns all actions.
func Actions() []Action {
	table := permissions()
	list := make([]Action, len(table))
	for i, p := range table {
		list[i] = p.action
	}
	return list
}

// byAction is the table by action, made once: every request asks it, and a page more than a hundred times.
var byAction = sync.OnceValue(func() map[Action]permission {
	table := map[Action]permission{}
	for _, p := range permissions() {
		table[p.action] = p
	}
	return table
})

func permissionFor(action Action) permission { return byAction()[action] }

// Allowed reports whether a role may do something.
func Allowed(role Role, action Action) bool {
	return slices.Contains(permissionFor(action).roles, role)
}

// AllowedToKeys reports whether an API key may have an action in its scope.
func AllowedToKeys(action Action) bool { return permissionFor(action).key }

// ReadsOnly reports whether an action changes nothing.
func ReadsOnly(action Action) bool { return permissionFor(action).reads }

// Actor is who does something: an account that has signed in, with the roles it has now.
type Actor struct {
	Account ID
	Roles   []Role
}

// May reports whether one of the actor's roles allows an action.
func (a Actor) May(action Action) bool { return a.Account != "" && a.as(action) != "" }

// Demand returns an error of kind Refused unless the actor may do something.
func (a Actor) Demand(action Action) error {
	if a.May(action) {
		return nil
	}
	return refuse(colophon.Refused, CodeForbidden, colophon.Args{"action": string(action)})
}

// as returns the role in which the actor does something, or "".
func (a Actor) as(action Action) Role {
	for _, role := range Roles() {
		if slices.Contains(a.Roles, role) && Allowed(role, action) {
			return role
		}
	}
	return ""
}

// first is the role that stands in the record of what people do for themselves.
func (a Actor) first() Role {
	for _, role := range Roles() {
		if slices.Contains(a.Roles, role) {
			return role
		}
	}
	return system
}

// tidyRoles returns the roles in the order of [Roles]. An account has at least one, each once.
func tidyRoles(roles []Role) ([]Role, error) {
	var tidy []Role
	for _, role := range Roles() {
		if slices.Contains(roles, role) {
			tidy = append(tidy, role)
		}
	}
	if len(tidy) == 0 || len(tidy) != len(roles) {
		return nil, refuse(colophon.Invalid, CodeRoleInvalid, nil)
	}
	return tidy, nil
}

package httpapi

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/standing"
)

// CaseFound is content of this service that a case is about.
type CaseFound struct {
	Number  string           `json:"number" doc:"Content number."`
	Account evidence.Subject `json:"account,omitempty" doc:"Pseudonym of the account that it was made for."`
	How     string           `json:"how" enum:"number,digest,likeness,label,watermark" doc:"By what it was found."`
	Bits    int              `json:"bits,omitempty" doc:"Of a likeness: in how many of 256 bits the hashes differ."`
	Certain bool             `json:"certain,omitempty" doc:"It is the same, and does not only look alike or bear the number."`
}

// CaseFile is a file of a case, without its bytes.
type CaseFile struct {
	SHA256 string `json:"sha256" doc:"SHA-256, in hexadecimal."`
	Size   int64  `json:"size" doc:"Bytes."`
	Type   string `json:"type" doc:"Media type, as its bytes show it."`
	Marks  string `json:"marks,omitempty" enum:"ours,others,none,unknown" doc:"What its marks say: a label of this provider, one of somebody else, none that was found, or it could not be told."`
}

// CaseAbout says what a case is about.
type CaseAbout struct {
	Numbers    []string         `json:"numbers,omitempty" nullable:"false" maxItems:"20" doc:"Content numbers."`
	Account    evidence.Subject `json:"account,omitempty" doc:"Pseudonym of the account whose doing it is said to be."`
	Function   string           `json:"function,omitempty" maxLength:"128" doc:"Function."`
	Model      string           `json:"model,omitempty" maxLength:"128" doc:"Model."`
	Measure    string           `json:"measure,omitempty" maxLength:"128" doc:"Measure against the account that comes."`
	Judgement  string           `json:"judgement,omitempty" maxLength:"128" doc:"Judgement."`
	Held       string           `json:"held,omitempty" maxLength:"128" doc:"Held item."`
	Consent    string           `json:"consent,omitempty" maxLength:"128" doc:"Consent."`
	Refutation string           `json:"refutation,omitempty" maxLength:"128" doc:"Refutation."`
}

// CaseMark says when a step was done, and when it had to be.
type CaseMark struct {
	At     time.Time `json:"at" doc:"When."`
	Due    time.Time `json:"due" doc:"When it had to be done."`
	Late   bool      `json:"late,omitempty" doc:"It was late."`
	Unsure []int     `json:"unsure,omitempty" nullable:"false" doc:"Years whose holidays were not known, so that Monday to Friday were counted."`
}

// CaseStatement is why something was decided, in the fields of a statement of reasons.
type CaseStatement struct {
	Visibility []colophon.Code   `json:"visibility,omitempty" nullable:"false" maxItems:"10" doc:"What is done to the content." example:"desk-visibility-removed"`
	Provision  colophon.Code     `json:"provision,omitempty" maxLength:"64" doc:"What is done to the service for the account." example:"desk-provision-suspended"`
	Account    colophon.Code     `json:"account,omitempty" maxLength:"64" doc:"What is done to the account." example:"desk-account-suspended"`
	Clauses    []colophon.Clause `json:"clauses,omitempty" nullable:"false" maxItems:"20" doc:"Clauses of law, by their identifiers." example:"ds-6"`
	Terms      string            `json:"terms,omitempty" maxLength:"256" doc:"Clause of your terms."`
	Category   colophon.Code     `json:"category,omitempty" maxLength:"64" doc:"Category, one of the grounds." example:"desk-ground-likeness"`
	Keywords   []string          `json:"keywords,omitempty" nullable:"false" maxItems:"10" doc:"Words that say more."`
	Territory  string            `json:"territory,omitempty" maxLength:"2" doc:"Country code; absent for wherever the service is offered."`
	Content    *time.Time        `json:"content,omitempty" doc:"When the content was made or published."`
	From       *time.Time        `json:"from,omitempty" doc:"From when what is done counts."`
	Until      *time.Time        `json:"until,omitempty" doc:"Until when; absent for no end."`
	Detected   bool              `json:"detected,omitempty" doc:"A program found it."`
	Assisted   bool              `json:"assisted,omitempty" doc:"A program had a part in the decision; never the whole."`
	Evidence   []string          `json:"evidence,omitempty" nullable:"false" maxItems:"50" doc:"Digests, and identifiers of records."`
}

func viewStatement(s desk.Statement) CaseStatement {
	return CaseStatement{s.Visibility, s.Provision, s.Account, s.Clauses, s.Terms, s.Category, s.Keywords, s.Territory, set(s.Content), set(s.From), set(s.Until), s.Detected, s.Assisted, s.Evidence}
}

func (s CaseStatement) statement() desk.Statement {
	return desk.Statement{Visibility: s.Visibility, Provision: s.Provision, Account: s.Account, Clauses: s.Clauses, Terms: s.Terms, Category: s.Category, Keywords: s.Keywords, Territory: s.Territory,
		Content: when(s.Content), From: when(s.From), Until: when(s.Until), Detected: s.Detected, Assisted: s.Assisted, Evidence: s.Evidence}
}

// when is a time that may be absent.
func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func viewProof(p *desk.Proof) *CaseProof {
	if p == nil {
		return nil
	}
	return &CaseProof{p.Result, string(p.How)}
}

// CaseDecision is what one person decided.
type CaseDecision struct {
	Role      evidence.Role `json:"role" doc:"In which role."`
	ID        string        `json:"id" doc:"Staff account."`
	Outcome   desk.Outcome  `json:"outcome" enum:"founded,partly,unfounded,unproven,upheld,changed,reversed" doc:"What came of it; of an appeal upheld, changed or reversed."`
	Statement CaseStatement `json:"statement" doc:"Why."`
	Proof     *CaseProof    `json:"proof,omitempty" doc:"Of a request for rights: whether whoever asks is the person."`
	CaseMark
}

// CaseDeed is one thing that a decision does.
type CaseDeed struct {
	Do       desk.Act      `json:"do" enum:"stop-content,limit-content,label-content,release-content,take-measure,restore-measure,open-report-duty,export-data,correct-data,delete-data,withdraw-consent" doc:"What is done. What is limited is not handed out by address any more; whatever else limiting and labelling take is done where the content is shown, which the event desk.decided tells; of labelling nothing is done here, so that it stands as failed. What is released is stopped and limited no more by what the desk decided; a measure is restored by itself. The last four grant the right that a case asks for."`
	Target   string        `json:"target" minLength:"1" maxLength:"128" doc:"Content number, measure, or consent; pseudonym of an account, or of the person whose right is granted."`
	Step     string        `json:"step,omitempty" maxLength:"64" doc:"Step of a measure."`
	Function string        `json:"function,omitempty" maxLength:"64" doc:"Function that a measure limits."`
	Fact     colophon.Code `json:"fact,omitempty" maxLength:"64" doc:"What happened, for a measure; by itself what fits the category."`
	Until    *time.Time    `json:"until,omitempty" doc:"Until when."`
}

// CaseAction is a deed on its way.
type CaseAction struct {
	CaseDeed
	Undoes string            `json:"undoes,omitempty" doc:"Case whose action is undone."`
	Result desk.Result       `json:"result" enum:"pending,done,failed,unknown" doc:"Whether it was carried out. Unknown: it could not be told, and is tried again."`
	Tried  int               `json:"tried,omitempty" doc:"How often it was tried."`
	At     *time.Time        `json:"at,omitempty" doc:"When it was tried last."`
	Next   *time.Time        `json:"next,omitempty" doc:"When it is tried next."`
	Ref    string            `json:"ref,omitempty" doc:"What it made: an order, a measure, a report duty."`
	Why    colophon.Code     `json:"why,omitempty" doc:"Why it failed."`
	Says   *MeasureStatement `json:"says,omitempty" doc:"What whoever came is told that it came to."`
	Halted bool              `json:"halted,omitempty" doc:"An appeal has it undone."`
	Undone *time.Time        `json:"undone,omitempty" doc:"When it was undone."`
}

// CaseBreach is a limit that was missed.
type CaseBreach struct {
	Step desk.Step `json:"step" enum:"acknowledge,decide,feedback" doc:"For which step."`
	Due  time.Time `json:"due" doc:"When it had to be done."`
	At   time.Time `json:"at" doc:"When that was noticed."`
}

// CaseAppealed says what an appeal came to.
type CaseAppealed struct {
	Case    string       `json:"case" doc:"The appeal."`
	Outcome desk.Outcome `json:"outcome" enum:"upheld,changed,reversed" doc:"What came of it."`
	At      time.Time    `json:"at" doc:"When."`
}

// CaseReason is one thing that makes a case more urgent, or less.
type CaseReason struct {
	Sentence
	Add int `json:"add" doc:"By how much."`
}

// Case is something that somebody wants to be heard about, as the staff sees it. What leads to a person is read by itself.
type Case struct {
	ID           string            `json:"id" doc:"Identifier."`
	Kind         desk.Kind         `json:"kind" enum:"complaint,report,appeal,rights,likeness,rumour,fraud,label,authority,unlabelled" doc:"What somebody comes for."`
	Party        desk.Party        `json:"party" enum:"public,user,subject,kin,agent,authority" doc:"Who comes."`
	Right        desk.Right        `json:"right,omitempty" enum:"access,copy,correct,delete,withdraw,port" doc:"What is asked for by right."`
	Grounds      []colophon.Code   `json:"grounds" nullable:"false" doc:"What is wrong, as whoever came says it."`
	State        desk.State        `json:"state" enum:"received,acknowledged,taken,waiting,decided,closed,withdrawn,duplicate" doc:"Where it is."`
	Urgent       bool              `json:"urgent,omitempty" doc:"The faster limits count."`
	Anonymous    bool              `json:"anonymous,omitempty" doc:"Nothing is known of who came."`
	Source       desk.Source       `json:"source" enum:"web,api,staff,screening,detection" doc:"How it came in."`
	Language     string            `json:"language" enum:"zh,en" doc:"Language of whoever came."`
	Subject      evidence.Subject  `json:"subject" doc:"Pseudonym of who came: of the account, or drawn for the case."`
	About        CaseAbout         `json:"about" doc:"What it is about."`
	Received     time.Time         `json:"received" doc:"When it came in."`
	Limits       int               `json:"limits" doc:"Version of the limits that it runs by; 0 for the starter table."`
	Due          *time.Time        `json:"due,omitempty" doc:"When the decision is due; absent once it was decided."`
	Priority     int               `json:"priority,omitempty" doc:"How urgent it is; absent in lists of all cases, and once it was decided."`
	Why          []CaseReason      `json:"why,omitempty" nullable:"false" doc:"Why it is that urgent."`
	Reports      int               `json:"reports,omitempty" doc:"Open cases about the same content, this one among them; with priority."`
	Plan         []CaseStep        `json:"plan,omitempty" nullable:"false" doc:"Steps that are still to be done; of one case alone."`
	Pauses       []CasePause       `json:"pauses,omitempty" nullable:"false" doc:"When it waited."`
	Waits        colophon.Code     `json:"waits,omitempty" doc:"For whom it waits."`
	WaitsUntil   *time.Time        `json:"waits_until,omitempty" doc:"Until when at the latest."`
	Sought       desk.Sought       `json:"sought" enum:"found,none,unknown,not" doc:"Whether the content was found here. Unknown: it could not be told; not: there was nothing to look with."`
	Found        []CaseFound       `json:"found" nullable:"false" doc:"What was found."`
	Files        []CaseFile        `json:"files" nullable:"false" doc:"Files that came with it."`
	Messages     int               `json:"messages" doc:"Messages so far."`
	Answered     bool              `json:"answered,omitempty" doc:"Whoever came wrote last."`
	Assigned     string            `json:"assigned,omitempty" doc:"Staff account that has it."`
	Lease        *time.Time        `json:"lease,omitempty" doc:"Until when it is that person's without a sign of life."`
	Acknowledged *CaseMark         `json:"acknowledged,omitempty" doc:"When it was accepted."`
	Decision     *CaseDecision     `json:"decision,omitempty" doc:"What was decided."`
	Reasons      *MeasureStatement `json:"reasons,omitempty" doc:"What both sides are told, without the facts."`
	Told         *CaseMark         `json:"told,omitempty" doc:"When whoever came was told."`
	How          string            `json:"how,omitempty" doc:"How."`
	AppealUntil  *time.Time        `json:"appeal_until,omitempty" doc:"Until when it can be appealed."`
	Breaches     []CaseBreach      `json:"breaches" nullable:"false" doc:"Limits that were missed."`
	Actions      []CaseAction      `json:"actions" nullable:"false" doc:"What the decision does."`
	DuplicateOf  string            `json:"duplicate_of,omitempty" doc:"Earlier case that it was joined to."`
	AppealOf     string            `json:"appeal_of,omitempty" doc:"Case whose decision it is against."`
	Side         desk.Side         `json:"side,omitempty" enum:"reporter,affected" doc:"Who appeals."`
	Appeals      []CaseAppealed    `json:"appeals" nullable:"false" doc:"What appeals came to."`
	Kept         ledger.Kept       `json:"kept" doc:"Whether what is sealed can be read: whole, restricted, erased or none."`
}

func viewFiles(list []desk.Attachment) []CaseFile {
	out := []CaseFile{}
	for _, f := range list {
		out = append(out, CaseFile(f))
	}
	return out
}

func viewMark(m *desk.Mark) *CaseMark {
	if m == nil {
		return nil
	}
	v := CaseMark(*m)
	return &v
}

func viewDeed(d desk.Deed) CaseDeed {
	return CaseDeed{d.Do, d.Target, d.Step, d.Function, d.Fact, set(d.Until)}
}

// inBoth says sentences in both languages.
func inBoth(list []standing.Sentence) *MeasureStatement {
	if len(list) == 0 {
		return nil
	}
	v := &MeasureStatement{}
	for _, one := range list {
		v.En = append(v.En, catalogues()[locale.English].Code(one.Code, one.Args))
		v.Zh = append(v.Zh, catalogues()[locale.Chinese].Code(one.Code, one.Args))
	}
	return v
}

func (s *server) viewCase(c desk.Case) Case {
	v := Case{ID: c.ID, Kind: c.Kind, Party: c.Party, Right: c.Right, Grounds: append([]colophon.Code{}, c.Grounds...), State: c.State, Urgent: c.Urgent, Anonymous: c.Anonymous, Source: c.Source, Language: c.Language,
		Subject: c.Subject, About: CaseAbout(c.About), Received: c.Clock.Start, Limits: c.Limits.Version, Sought: c.Sought, Found: []CaseFound{}, Files: viewFiles(c.Files), Messages: c.Messages, Answered: c.Answered,
		Assigned: c.Assigned, Lease: set(c.Lease), Acknowledged: viewMark(c.Acknowledged), Reasons: inBoth(s.Desk.Reasons(c)), Told: viewMark(c.Told), How: c.How, AppealUntil: set(c.AppealUntil), Breaches: []CaseBreach{},
		Actions: []CaseAction{}, DuplicateOf: c.DuplicateOf, AppealOf: c.AppealOf, Side: c.Side, Appeals: []CaseAppealed{}, Kept: c.Kept}
	v.Pauses = viewPauses(c)
	if p, ok := c.Clock.Waits(); ok {
		v.Waits, v.WaitsUntil = p.Why, set(p.Until)
	}
	for _, f := range c.Found {
		v.Found = append(v.Found, CaseFound(f))
	}
	if d := c.Decision; d != nil {
		v.Decision = &CaseDecision{d.By.Role, d.By.ID, d.Outcome, viewStatement(d.Statement), viewProof(d.Proof), CaseMark(d.Mark)}
	}
	for _, b := range c.Breaches {
		v.Breaches = append(v.Breaches, CaseBreach(b))
	}
	for _, a := range c.Actions {
		v.Actions = append(v.Actions, CaseAction{viewDeed(a.Deed), a.Undoes, a.Result, a.Tried, set(a.At), set(a.Next), a.Ref, a.Why, inBoth(a.Says), a.Halted, set(a.Undone)})
	}
	for _, a := range c.Appeals {
		v.Appeals = append(v.Appeals, CaseAppealed(a))
	}
	return v
}

func (s *server) viewRanked(say *locale.Printer, r desk.Ranked) Case {
	v := s.viewCase(r.Case)
	v.Due, v.Priority, v.Reports = set(r.Due), r.Priority.Score, r.Reports
	for _, why := range r.Priority.Reasons {
		v.Why = append(v.Why, CaseReason{Sentence{why.Why, say.Code(why.Why, nil)}, why.Add})
	}
	return v
}

// CaseMessage is one of whoever came and the desk to each other.
type CaseMessage struct {
	Desk bool      `json:"desk,omitempty" doc:"The desk wrote it."`
	At   time.Time `json:"at" doc:"When."`
	Text string    `json:"text" doc:"What was written."`
}

func viewMessages(list []desk.Message) []CaseMessage {
	out := []CaseMessage{}
	for _, m := range list {
		out = append(out, CaseMessage(m))
	}
	return out
}

// OwnCase is a case as it is shown to whoever brought it, and, once it was decided, to the account that it is about.
type OwnCase struct {
	ID           string            `json:"id" doc:"Identifier."`
	Kind         desk.Kind         `json:"kind" enum:"complaint,report,appeal,rights,likeness,rumour,fraud,label,authority,unlabelled" doc:"What it is."`
	Side         desk.Side         `json:"side" enum:"reporter,affected" doc:"Whether you brought it, or it is about your account."`
	State        desk.State        `json:"state" enum:"received,acknowledged,taken,waiting,decided,closed,withdrawn,duplicate" doc:"Where it is."`
	Received     time.Time         `json:"received" doc:"When it came in."`
	Limits       int               `json:"limits" doc:"Version of the published limits that it runs by; 0 for the starter table."`
	Acknowledged *CaseMark         `json:"acknowledged,omitempty" doc:"When it was accepted, and by when it had to be."`
	Decided      *CaseMark         `json:"decided,omitempty" doc:"When it was decided; likewise."`
	Told         *CaseMark         `json:"told,omitempty" doc:"When you were told; likewise."`
	Due          *time.Time        `json:"due,omitempty" doc:"When the next step is due."`
	Unsure       []int             `json:"unsure,omitempty" nullable:"false" doc:"Years whose holidays are not known, so that Monday to Friday were counted."`
	Waits        colophon.Code     `json:"waits,omitempty" doc:"For whom it waits."`
	Outcome      desk.Outcome      `json:"outcome,omitempty" enum:"founded,partly,unfounded,unproven,upheld,changed,reversed" doc:"What came of it, after appeals."`
	Reasons      *MeasureStatement `json:"reasons,omitempty" doc:"Why, in both languages."`
	Facts        string            `json:"facts,omitempty" doc:"What was found."`
	Explanation  string            `json:"explanation,omitempty" doc:"Why that breaks the ground or does not."`
	Done         *MeasureStatement `json:"done,omitempty" doc:"What a right that was granted came to: what was deleted, what stays, why and until when."`
	Packages     []CasePackage     `json:"packages,omitempty" nullable:"false" doc:"Packages of your own data that can be fetched now; of one case alone."`
	Joined       bool              `json:"joined,omitempty" doc:"It was joined to an earlier case, whose outcome and reasons these are."`
	Messages     []CaseMessage     `json:"messages" nullable:"false" doc:"What you and the desk wrote."`
	Files        []CaseFile        `json:"files" nullable:"false" doc:"Your files."`
	Appealable   bool              `json:"appealable,omitempty" doc:"The decision can be appealed now."`
	AppealUntil  *time.Time        `json:"appeal_until,omitempty" doc:"Until when."`
	Kept         ledger.Kept       `json:"kept" doc:"Whether what you wrote is still there: whole, restricted, erased or none."`
}

func viewOwn(v desk.View) OwnCase {
	return OwnCase{ID: v.ID, Kind: v.Kind, Side: v.Side, State: v.State, Received: v.Received, Limits: v.Limits.Version, Acknowledged: viewMark(v.Acknowledged), Decided: viewMark(v.Decided), Told: viewMark(v.Told), Due: set(v.Due), Unsure: v.Unsure, Waits: v.Waits, Outcome: v.Outcome, Reasons: inBoth(v.Reasons), Facts: v.Facts,
		Explanation: v.Explanation, Done: inBoth(v.Done), Joined: v.Joined, Messages: viewMessages(v.Messages), Files: viewFiles(v.Files), Appealable: v.Appealable, AppealUntil: set(v.AppealUntil), Kept: v.Kept}
}

package httpapi

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
)

// ConsentTerms are what a consent allows. A list that is left out limits nothing.
type ConsentTerms struct {
	Modality  []consent.Modality `json:"modality" nullable:"false" minItems:"1" maxItems:"4" enum:"face,voice,body,name" doc:"What of the person is used."`
	Purpose   string             `json:"purpose" minLength:"1" maxLength:"64" doc:"Purpose, as a word." example:"advert"`
	Functions []string           `json:"functions,omitempty" nullable:"false" maxItems:"64" doc:"Only these functions."`
	Scenes    []string           `json:"scenes,omitempty" nullable:"false" maxItems:"64" doc:"Only these scenes."`
	Channels  []string           `json:"channels,omitempty" nullable:"false" maxItems:"64" doc:"Only these channels."`
	Languages []string           `json:"languages,omitempty" nullable:"false" maxItems:"64" doc:"Only these languages."`
	Territory []string           `json:"territory,omitempty" nullable:"false" maxItems:"64" doc:"Only these places."`
	Forbidden []string           `json:"forbidden,omitempty" nullable:"false" maxItems:"64" doc:"Purposes and scenes that never may be." example:"political"`
	Train     bool               `json:"train,omitempty" doc:"It may train models; asked and answered apart from the rest."`
	From      time.Time          `json:"from,omitzero" doc:"From when; from now by itself."`
	Until     time.Time          `json:"until" doc:"Until when; five years at most."`
	Uses      int                `json:"uses,omitempty" minimum:"0" maximum:"1000000" doc:"How many items may be made; 0 for no limit."`
}

// ConsentEvent is one thing that happened to a consent.
type ConsentEvent struct {
	Kind   string        `json:"kind" doc:"What happened." example:"given"`
	At     time.Time     `json:"at" doc:"When."`
	Role   evidence.Role `json:"role" doc:"In which role somebody acted."`
	By     string        `json:"by,omitempty" doc:"Staff account or API key."`
	Reason colophon.Code `json:"reason,omitempty" doc:"Why."`
	Level  string        `json:"level" enum:"claimed,recorded,matched,verified" doc:"Level then."`
}

// ConsentReference is a picture, film or recording from which content is made.
type ConsentReference struct {
	ID        string           `json:"id" doc:"Identifier."`
	Modality  consent.Modality `json:"modality" enum:"face,voice,body" doc:"What it shows of the person."`
	Elsewhere bool             `json:"elsewhere,omitempty" doc:"Its bytes are with you."`
	Size      int64            `json:"size,omitempty" doc:"Size in bytes."`
	At        time.Time        `json:"at" doc:"When it was added."`
	Gone      *time.Time       `json:"gone,omitempty" doc:"When it was deleted."`
}

// ConsentCapture says how a recording was checked.
type ConsentCapture struct {
	At         time.Time          `json:"at" doc:"When it was made."`
	Fit        consent.Fit        `json:"fit" enum:"unknown,fits,differs" doc:"Whether it fits the phrase and the references."`
	Code       colophon.Code      `json:"code,omitempty" doc:"Why it could not be told, or does not fit."`
	Verifier   string             `json:"verifier,omitempty" doc:"Name and version of what compared it."`
	Scores     *ConsentScores     `json:"scores,omitempty" doc:"What was measured, from 0 to 1."`
	Thresholds *ConsentThresholds `json:"thresholds,omitempty" doc:"From which score something fits."`
	Gone       *time.Time         `json:"gone,omitempty" doc:"When it was deleted."`
}

// ConsentScores are what was measured of a recording; what is absent was not.
type ConsentScores struct {
	Speech *float64 `json:"speech,omitempty" doc:"What is said is the phrase."`
	Face   *float64 `json:"face,omitempty" doc:"The face is that of the references."`
	Voice  *float64 `json:"voice,omitempty" doc:"The voice is that of the references."`
	Live   *float64 `json:"live,omitempty" doc:"It is a living person, no picture and no replay."`
}

// ConsentThresholds are the scores from which something fits.
type ConsentThresholds struct {
	Speech float64 `json:"speech" doc:"Of the speech."`
	Face   float64 `json:"face" doc:"Of the face."`
	Voice  float64 `json:"voice" doc:"Of the voice."`
	Live   float64 `json:"live" doc:"Of liveness; 0 where it is not asked for."`
}

// ConsentNotice says which notice the person saw.
type ConsentNotice struct {
	Version  string    `json:"version" doc:"Version of the text."`
	Language string    `json:"language" enum:"zh,en" doc:"Language."`
	SHA256   string    `json:"sha256" doc:"SHA-256 of the text as it was shown."`
	At       time.Time `json:"at" doc:"When it was shown."`
}

// ConsentRelation is the evidence of a guardian or kin.
type ConsentRelation struct {
	State     consent.RelationState `json:"state" enum:"brought,confirmed,refused" doc:"How far it is."`
	Kinship   consent.Kinship       `json:"kinship" enum:"parent,guardian,spouse,child,other-kin" doc:"What the guardian or kin is to the person."`
	Unopposed bool                  `json:"unopposed,omitempty" doc:"They declare to know of no will of the person against it."`
	Decided   *time.Time            `json:"decided,omitempty" doc:"When somebody decided."`
	By        string                `json:"by,omitempty" doc:"Staff account that decided."`
}

// ConsentCascade is what follows when a consent is over.
type ConsentCascade struct {
	Began       time.Time        `json:"began" doc:"When it began."`
	Steps       []ConsentStep    `json:"steps" nullable:"false" doc:"Steps, in order."`
	Residue     []ConsentResidue `json:"residue" nullable:"false" doc:"What is known to be left."`
	Done        *time.Time       `json:"done,omitempty" doc:"When all was done."`
	Certificate bool             `json:"certificate,omitempty" doc:"There is a certificate."`
}

// ConsentStep is one step of a cascade.
type ConsentStep struct {
	Name  string            `json:"name" enum:"block,tokens,outputs,references,derived,notify,certificate" doc:"Which."`
	State consent.StepState `json:"state" enum:"pending,done,failed" doc:"How far it is. A failed one is tried again."`
	At    *time.Time        `json:"at,omitempty" doc:"When it was last tried."`
	Tries int               `json:"tries,omitempty" doc:"How often it was tried."`
	Count int               `json:"count,omitempty" doc:"For how many tokens, items, blobs or accounts it was done."`
	Code  colophon.Code     `json:"code,omitempty" doc:"Why it failed."`
}

// ConsentResidue is something that a cascade leaves.
type ConsentResidue struct {
	Code  colophon.Code `json:"code" doc:"What."`
	Count int           `json:"count" doc:"How many; -1 where nobody here knows."`
}

// Consent is the consent of a depicted person, without what leads to anybody.
type Consent struct {
	ID         string             `json:"id" doc:"Identifier."`
	State      consent.State      `json:"state" enum:"requested,shown,given,refused,withdrawn,expired,disputed,invalidated" doc:"Where it is. Nothing is made unless it is given."`
	Level      string             `json:"level" enum:"claimed,recorded,matched,verified" doc:"How well it is proven."`
	Subject    evidence.Subject   `json:"subject" doc:"Pseudonym of the depicted person."`
	Requester  evidence.Subject   `json:"requester" doc:"Pseudonym of the account that asked."`
	Person     consent.Person     `json:"person" enum:"adult,minor,deceased" doc:"Who the person is."`
	Grantor    consent.Grantor    `json:"grantor" enum:"self,guardian,kin" doc:"Who decides."`
	Asked      ConsentTerms       `json:"asked" doc:"What was asked for."`
	Terms      ConsentTerms       `json:"terms" doc:"What holds."`
	Reserved   int                `json:"reserved,omitempty" doc:"Uses that tokens have taken."`
	Notice     *ConsentNotice     `json:"notice,omitempty" doc:"Which notice was shown."`
	Capture    *ConsentCapture    `json:"capture,omitempty" doc:"The recording."`
	Relation   *ConsentRelation   `json:"relation,omitempty" doc:"Evidence of a guardian or kin."`
	References []ConsentReference `json:"references" nullable:"false" doc:"References."`
	Events     []ConsentEvent     `json:"events" nullable:"false" doc:"What happened, in order."`
	Cascade    *ConsentCascade    `json:"cascade,omitempty" doc:"What follows when it is over."`
	Made       time.Time          `json:"made" doc:"When it was asked for."`
	Changed    time.Time          `json:"changed" doc:"When it last changed."`
	Readable   bool               `json:"readable" doc:"What leads to the parties can still be read."`
}

func viewReference(r consent.Reference) ConsentReference {
	return ConsentReference{r.ID, r.Modality, r.Blob == "", r.Size, r.At, set(r.Gone)}
}

func viewConsent(e consent.Entry) Consent {
	v := e.Value
	c := Consent{ID: e.ID, State: consent.State(e.State), Level: v.Level.String(), Subject: e.Subject, Requester: v.Requester, Person: v.Person, Grantor: v.Grantor, Asked: ConsentTerms(v.Asked),
		Terms: ConsentTerms(v.Terms), Reserved: v.Reserved, Notice: (*ConsentNotice)(v.Notice), References: []ConsentReference{}, Events: []ConsentEvent{}, Made: e.Made, Changed: e.Changed, Readable: e.Kept == "whole"}
	if p := v.Capture; p != nil {
		c.Capture = &ConsentCapture{p.At, p.Fit, p.Code, p.Verifier, (*ConsentScores)(p.Scores), (*ConsentThresholds)(p.Thresholds), set(p.Gone)}
	}
	if r := v.Relation; r != nil {
		c.Relation = &ConsentRelation{r.State, r.Kinship, r.Unopposed, set(r.Decided), r.By}
	}
	for _, r := range v.References {
		c.References = append(c.References, viewReference(r))
	}
	for _, ev := range v.Events {
		c.Events = append(c.Events, ConsentEvent{ev.Kind, ev.At, ev.Role, ev.By, ev.Reason, ev.Level.String()})
	}
	if k := v.Cascade; k != nil {
		c.Cascade = &ConsentCascade{k.Began, []ConsentStep{}, []ConsentResidue{}, set(k.Done), k.Certificate != ""}
		for _, s := range k.Steps {
			c.Cascade.Steps = append(c.Cascade.Steps, ConsentStep{s.Name, s.State, set(s.At), s.Tries, s.Count, s.Code})
		}
		for _, r := range k.Residue {
			c.Cascade.Residue = append(c.Cascade.Residue, ConsentResidue(r))
		}
	}
	return c
}

// ConsentParticulars are what leads to the parties of a consent.
type ConsentParticulars struct {
	SubjectName   string `json:"subject_name,omitempty" doc:"Name of the person, as the requester gave it."`
	Contact       string `json:"contact,omitempty" doc:"Where the requester reaches the person."`
	RequesterName string `json:"requester_name,omitempty" doc:"Who asks, as the notice says it."`
	Why           string `json:"why,omitempty" doc:"What the likeness is for."`
	GrantorName   string `json:"grantor_name,omitempty" doc:"Name of the guardian or kin."`
	Spoken        string `json:"spoken,omitempty" doc:"What the adapter heard in the recording."`
	Device        string `json:"device,omitempty" doc:"What the browser said of itself."`
	Notice        string `json:"notice,omitempty" doc:"The notice as it was shown."`
}

// ConsentUse is what somebody wants to do with a likeness.
type ConsentUse struct {
	Function  string             `json:"function,omitempty" maxLength:"64" doc:"Function."`
	Modality  []consent.Modality `json:"modality,omitempty" nullable:"false" maxItems:"4" enum:"face,voice,body,name" doc:"What of the person."`
	Purpose   string             `json:"purpose,omitempty" maxLength:"64" doc:"Purpose."`
	Scene     string             `json:"scene,omitempty" maxLength:"64" doc:"Scene."`
	Channel   string             `json:"channel,omitempty" maxLength:"64" doc:"Channel."`
	Language  string             `json:"language,omitempty" maxLength:"64" doc:"Language."`
	Territory string             `json:"territory,omitempty" maxLength:"64" doc:"Place."`
	Account   string             `json:"account,omitempty" maxLength:"256" doc:"Your own identifier of the account that does it." example:"user-8731"`
	Training  bool               `json:"training,omitempty" doc:"A model is trained."`
}

// ConsentSpend is one use that was counted.
type ConsentSpend struct {
	Number string    `json:"number" doc:"Content number."`
	At     time.Time `json:"at" doc:"When."`
}

// ConsentToken is a token, without its text.
type ConsentToken struct {
	ID       string             `json:"id" doc:"Identifier."`
	State    consent.TokenState `json:"state" enum:"live,spent,expired,revoked" doc:"Where it is."`
	Consent  string             `json:"consent" doc:"The consent that it is of."`
	Function string             `json:"function,omitempty" doc:"Only for this function."`
	Scene    string             `json:"scene,omitempty" doc:"Only for this scene."`
	Training bool               `json:"training,omitempty" doc:"For training, too."`
	Uses     int                `json:"uses" doc:"How many uses it had."`
	Left     int                `json:"left" doc:"How many are left."`
	Until    time.Time          `json:"until" doc:"When it expires."`
	Spends   []ConsentSpend     `json:"spends" nullable:"false" doc:"Uses that were counted."`
}

func viewToken(t consent.TokenEntry) ConsentToken {
	v := ConsentToken{t.ID, consent.TokenState(t.State), t.Value.Consent, t.Value.Scope.Function, t.Value.Scope.Scene, t.Value.Scope.Training, t.Value.Uses, t.Value.Uses - len(t.Value.Spends), t.Value.Until, []ConsentSpend{}}
	for _, s := range t.Value.Spends {
		v.Spends = append(v.Spends, ConsentSpend(s))
	}
	return v
}

// ConsentGrant is what a token gives.
type ConsentGrant struct {
	Consent  string             `json:"consent,omitempty" doc:"The consent."`
	State    consent.State      `json:"state,omitempty" doc:"Its state."`
	Level    string             `json:"level" enum:"claimed,recorded,matched,verified" doc:"How well it is proven."`
	Modality []consent.Modality `json:"modality" nullable:"false" doc:"What of the person it allows."`
	Until    *time.Time         `json:"until,omitempty" doc:"When token or consent ends."`
	Left     int                `json:"left" doc:"Uses of the token that are left."`
}

func viewGrant(g consent.Grant) ConsentGrant {
	return ConsentGrant{g.Consent, g.State, g.Level.String(), append([]consent.Modality{}, g.Modality...), set(g.Until), g.Left}
}

// ConsentRefusal is one condition that does not hold.
type ConsentRefusal struct {
	Code    colophon.Code     `json:"code" doc:"Which."`
	Message string            `json:"message" doc:"In words."`
	Clauses []colophon.Clause `json:"clauses" nullable:"false" doc:"Clauses that want it."`
}

// ConsentAnswer says whether a token is good for a use.
type ConsentAnswer struct {
	Good     bool             `json:"good" doc:"It is."`
	Refusals []ConsentRefusal `json:"refusals" nullable:"false" doc:"Every condition that does not hold."`
	Grant    ConsentGrant     `json:"grant" doc:"What is known of the consent."`
}

// ConsentFound is a consent of the person who asks, with which something was made.
type ConsentFound struct {
	Consent   string        `json:"consent" doc:"Identifier."`
	Requester string        `json:"requester,omitempty" doc:"Who asked, as the notice said it."`
	State     consent.State `json:"state" doc:"Where the consent is now."`
	Level     string        `json:"level" enum:"claimed,recorded,matched,verified" doc:"How well it is proven."`
	Given     *time.Time    `json:"given,omitempty" doc:"When it was given."`
	Used      *time.Time    `json:"used,omitempty" doc:"When the item was made with it."`
}

// ConsentSpent is a consent that was spent for an artefact.
type ConsentSpent struct {
	Consent  string             `json:"consent" doc:"Identifier."`
	Token    string             `json:"token" doc:"Identifier of the token."`
	Subject  evidence.Subject   `json:"subject" doc:"Pseudonym of the person who is depicted."`
	State    consent.State      `json:"state" doc:"Where the consent is now."`
	Level    string             `json:"level" enum:"claimed,recorded,matched,verified" doc:"How well it is proven."`
	Modality []consent.Modality `json:"modality" nullable:"false" enum:"face,voice,body,name" doc:"What of the person it is about."`
	Used     *time.Time         `json:"used,omitempty" doc:"When the token was spent for it."`
}

// ConsentFinding answers a depicted person.
type ConsentFinding struct {
	Made     string         `json:"made" enum:"passed,failed,could-not-tell" doc:"passed: it was made here; failed: nothing here has that number; could-not-tell: it could not be told."`
	Code     colophon.Code  `json:"code,omitempty" doc:"Why it could not be told."`
	Number   string         `json:"number,omitempty" doc:"Content number."`
	Function string         `json:"function,omitempty" doc:"The function that made it."`
	At       *time.Time     `json:"at,omitempty" doc:"When it was made."`
	Basis    consent.Basis  `json:"basis" enum:"own,other,none,unknown" doc:"With whose consent: of the person who asks, of somebody else, of nobody as far as is recorded."`
	Consents []ConsentFound `json:"consents" nullable:"false" doc:"Consents of the person who asks."`
}

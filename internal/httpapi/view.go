package httpapi

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// Artefact is an artefact as the API shows it.
type Artefact struct {
	Number   artefact.Number   `json:"number" doc:"Content number: the ProduceID of the label." example:"019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d"`
	State    artefact.State    `json:"state" enum:"received,held,marked,delivered,failed,erased" doc:"How far the item got." example:"marked"`
	Function string            `json:"function" doc:"The function that made it." example:"person"`
	Model    string            `json:"model,omitempty" doc:"The model that made it; absent where that was not told."`
	Subject  evidence.Subject  `json:"subject,omitempty" doc:"Pseudonym of the account that it was made for; absent once erased."`
	Format   string            `json:"format" doc:"File format, as its bytes show it." example:"jpeg"`
	Size     int64             `json:"size" doc:"Bytes before marking." example:"204800"`
	Before   string            `json:"before,omitempty" doc:"SHA-256 before marking, in hexadecimal; absent once erased."`
	Parents  []artefact.Number `json:"parents,omitempty" nullable:"false" doc:"Content numbers of the items that it was made from."`
	Stored   int64             `json:"stored,omitempty" doc:"Bytes after marking." example:"205312"`
	After    string            `json:"after,omitempty" doc:"SHA-256 after marking, in hexadecimal."`
	Kept     bool              `json:"kept,omitempty" doc:"The marked bytes are kept here, and can be handed out again."`
	Marks    map[string]any    `json:"marks,omitempty" doc:"The marks as they were read back from the marked bytes."`
	Job      string            `json:"job,omitempty" doc:"The job that marks it, where it was not marked at once."`
	Reason   *Sentence         `json:"reason,omitempty" doc:"Why it could not be marked."`
	Original *time.Time        `json:"original_until,omitempty" doc:"Until when the item as it was before the notice is kept, sealed."`
	Refuted  []Refuted         `json:"refuted,omitempty" nullable:"false" doc:"What was refuted about it, the surest first. What is not certain is about content that it looks like. Absent in lists."`
	Created  time.Time         `json:"created" doc:"When it came in."`
	Changed  time.Time         `json:"changed" doc:"When it changed last."`
}

// Sentence is a code with its sentence.
type Sentence struct {
	Code     colophon.Code `json:"code" doc:"For programs." example:"notice-read-back"`
	Sentence string        `json:"sentence" doc:"For people, in the language that was asked for."`
}

func sentence(say *locale.Printer, code colophon.Code, args colophon.Args) *Sentence {
	if code == "" {
		return nil
	}
	return &Sentence{code, say.Code(code, args)}
}

func viewArtefact(say *locale.Printer, a artefact.Artefact) (Artefact, error) {
	v := Artefact{Number: a.Number, State: a.State, Function: a.Function, Model: a.Model, Subject: a.Account, Format: string(a.Format), Size: a.Size,
		Parents: a.Parents, Stored: a.Stored, Kept: a.Blob != "", Reason: sentence(say, a.Reason, nil), Created: a.Created, Changed: a.Changed}
	if a.Before != (artefact.Digest{}) {
		v.Before = hex.EncodeToString(a.Before[:])
	}
	if a.After != (artefact.Digest{}) {
		v.After = hex.EncodeToString(a.After[:])
	}
	if a.Work != nil {
		v.Job = a.Work.Job
	}
	if a.Original != nil {
		v.Original = &a.Original.Until
	}
	if a.Marks == nil {
		return v, nil
	}
	return v, json.Unmarshal(a.Marks, &v.Marks)
}

// Delivery is one handing over of an artefact.
type Delivery struct {
	ID  string    `json:"id" doc:"Identifier of the delivery."`
	To  string    `json:"to,omitempty" doc:"Pseudonym of an account, or identifier of an API key or of a member of the staff; absent once erased."`
	How string    `json:"how" enum:"api,download,stream,export,console" doc:"By which channel; console: a person of the staff looked at it." example:"api"`
	At  time.Time `json:"at" doc:"When."`
}

// LabelFields are the seven fields of the label.
type LabelFields struct {
	Label             string `json:"Label" doc:"1 generated, 2 possibly generated, 3 suspected." example:"1"`
	ContentProducer   string `json:"ContentProducer" doc:"Code or name of the provider."`
	ProduceID         string `json:"ProduceID" doc:"Content number of the provider."`
	ReservedCode1     string `json:"ReservedCode1" doc:"For the provider's own security; may hold a seal."`
	ContentPropagator string `json:"ContentPropagator" doc:"Code or name of the platform."`
	PropagateID       string `json:"PropagateID" doc:"Content number of the platform."`
	ReservedCode2     string `json:"ReservedCode2" doc:"For the platform's own security; may hold a seal."`
}

// Seal is what came of the examination of a reserved code.
type Seal struct {
	State       string        `json:"state" enum:"could-not-tell,absent,valid-pinned,valid-unknown-key,broken" doc:"What came of it."`
	Reason      colophon.Code `json:"reason,omitempty" doc:"Why it could not be told."`
	Algorithm   string        `json:"algorithm,omitempty" doc:"Object identifier of the signature."`
	Fingerprint string        `json:"fingerprint,omitempty" doc:"SHA-256 of the key."`
}

// Mark is one label of a file.
type Mark struct {
	Place      string      `json:"place" doc:"Where in the file it stands." example:"xmp"`
	Offset     int64       `json:"offset" doc:"Byte offset of what holds it; -1 when it has none."`
	Fields     LabelFields `json:"fields" doc:"Its fields."`
	Producer   Seal        `json:"producer_seal" doc:"The seal in ReservedCode1."`
	Propagator Seal        `json:"propagator_seal" doc:"The seal in ReservedCode2."`
}

// Finding is one thing that a check saw.
type Finding struct {
	Code     colophon.Code   `json:"code" doc:"For programs."`
	Level    string          `json:"level" enum:"note,warning,doubt,breach" doc:"What it weighs."`
	Clause   colophon.Clause `json:"clause,omitempty" doc:"The clause that it bears on."`
	Args     colophon.Args   `json:"args,omitempty" doc:"Values in the sentence."`
	Offset   int64           `json:"offset" doc:"Byte offset in the file; -1 when it has no place."`
	Sentence string          `json:"sentence" doc:"For people, in the language that was asked for."`
}

// Verification is what was found out about a file.
type Verification struct {
	Verdict    string     `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Whether the file is labelled as GB 45438-2025 asks. A file without a label failed."`
	Conformity string     `json:"conformity" enum:"conforming,no-mark,not-conforming,could-not-tell" doc:"The same with the reason."`
	Notice     string     `json:"notice" enum:"not-looked-for" doc:"The notice that people perceive is not looked for; a person has to."`
	Identical  string     `json:"identical" enum:"passed,failed,could-not-tell" doc:"Passed: the very bytes that were handed out. Failed: known here, in other bytes. Could not tell: nothing that is known here."`
	Format     string     `json:"format,omitempty" doc:"File format."`
	Size       int64      `json:"size" doc:"Bytes."`
	Digest     string     `json:"digest" doc:"SHA-256 in hexadecimal."`
	Labels     []Mark     `json:"labels" nullable:"false" doc:"Every label in the file."`
	Known      []Artefact `json:"known" nullable:"false" doc:"Artefacts whose content number a label bears, or whose bytes these are."`
	Findings   []Finding  `json:"findings" nullable:"false" doc:"What the check saw."`
	Stopped    *Sentence  `json:"stopped,omitempty" doc:"Why the file could not be examined to its end."`
}

func viewVerification(say *locale.Printer, x production.Examination, seen func(artefact.Artefact) bool) (Verification, error) {
	v := Verification{Verdict: verdictOf(x.Report.Conformity()).String(), Conformity: x.Report.Conformity().String(), Notice: "not-looked-for", Identical: x.Identical.String(),
		Format: string(x.Report.Format), Size: x.Size, Digest: hex.EncodeToString(x.Digest[:]), Labels: []Mark{}, Known: []Artefact{}, Findings: []Finding{}}
	for _, m := range x.Report.Marks {
		v.Labels = append(v.Labels, Mark{string(m.Place), m.Offset, LabelFields(m.Fields), viewSeal(m.Seal), viewSeal(m.Seal2)})
	}
	for _, f := range x.Report.Findings {
		v.Findings = append(v.Findings, Finding{f.Code, f.Level.String(), f.Clause, f.Args, f.Offset, say.Code(f.Code, f.Args)})
	}
	for _, a := range x.Known {
		if !seen(a) {
			continue
		}
		known, err := viewArtefact(say, a)
		if err != nil {
			return v, err
		}
		v.Known = append(v.Known, known)
	}
	var e *colophon.Error
	if errors.As(x.Report.Err, &e) {
		v.Stopped = sentence(say, e.Code, e.Args)
	} else if x.Report.Err != nil {
		v.Stopped = sentence(say, CodeInternal, nil)
	}
	return v, nil
}

func verdictOf(c label.Conformity) colophon.Verdict {
	switch c {
	case label.Conforming:
		return colophon.Passed
	case label.Unmarked, label.NotConforming:
		return colophon.Failed
	}
	return colophon.Unknown
}

func viewSeal(r label.SealReport) Seal {
	return Seal{r.State.String(), r.Reason, r.Algorithm, r.Fingerprint}
}

// Record is a record as the API shows it.
type Record struct {
	ID         string            `json:"id" doc:"Identifier."`
	Type       string            `json:"type" doc:"What was done." example:"artefact.marked"`
	Sequence   uint64            `json:"sequence" doc:"Its place among the records of the store, from 1."`
	Subject    string            `json:"subject" doc:"Pseudonym of whom it is about; system for nobody."`
	Clauses    []colophon.Clause `json:"clauses,omitempty" nullable:"false" doc:"Clauses that asked for the act."`
	At         time.Time         `json:"at" doc:"When it was done."`
	Role       string            `json:"role" doc:"In which role." example:"application"`
	Commitment string            `json:"commitment" doc:"SHA-256 over salt and payload, in hexadecimal."`
	Class      string            `json:"class" doc:"How long it is kept: log for six months, assessment for three years, at least." example:"log"`
	Index      *int64            `json:"index,omitempty" doc:"Its place in the Merkle log; absent while it waits for one."`
	Payload    string            `json:"payload" enum:"passed,failed,could-not-tell" doc:"Whether the sealed payload opens and fits the commitment."`
	Reason     colophon.Code     `json:"reason,omitempty" doc:"Why the payload is not passed."`
}

func viewRecord(h evidence.Held) Record {
	r := Record{ID: h.ID, Type: string(h.Type), Sequence: h.Sequence, Subject: string(h.Subject), Clauses: h.Clauses, At: h.Time(), Role: string(h.Role),
		Commitment: hex.EncodeToString(h.Commitment[:]), Class: string(h.Class), Payload: h.Payload.String(), Reason: h.Reason}
	if h.Index >= 0 {
		r.Index = &h.Index
	}
	return r
}

// Proof shows that a leaf stands in the tree of a checkpoint.
type Proof struct {
	Index      uint64   `json:"index" doc:"Place of the leaf in the log."`
	Hashes     []string `json:"hashes" nullable:"false" doc:"The hashes that lead to the root, in base64, from the leaf up."`
	Checkpoint string   `json:"checkpoint" doc:"The signed note (C2SP tlog-checkpoint)."`
}

// Proven is a record with its leaf and its proof.
type Proven struct {
	Record Record `json:"record" doc:"The record."`
	Leaf   string `json:"leaf" doc:"The leaf: canonical JSON, as it is hashed."`
	Proof  *Proof `json:"proof,omitempty" doc:"Absent while the log does not have the record yet; ask again in a second."`
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func viewHashes(hashes [][32]byte) []string {
	list := make([]string, len(hashes))
	for i, h := range hashes {
		list[i] = base64Of(h[:])
	}
	return list
}

// Job is a job as the API shows it.
type Job struct {
	ID       string        `json:"id" doc:"Identifier."`
	Kind     string        `json:"kind" doc:"What it does." example:"mark"`
	State    string        `json:"state" enum:"waiting,running,done,dead" doc:"How far it got. Dead means that it failed too often and waits for a person."`
	Attempt  int           `json:"attempt" doc:"How often it was begun."`
	Attempts int           `json:"attempts" doc:"How often it may be."`
	Percent  int           `json:"percent" doc:"How much of it is done, as it says itself." minimum:"0" maximum:"100"`
	Message  colophon.Code `json:"message,omitempty" doc:"What it says of itself."`
	Created  time.Time     `json:"created" doc:"When it was put in."`
	Due      time.Time     `json:"due" doc:"Not before this, while it waits."`
	Ended    *time.Time    `json:"ended,omitempty" doc:"When it ended."`
	Troubles []Trouble     `json:"troubles,omitempty" nullable:"false" doc:"What went wrong in earlier attempts, oldest first."`
}

// Trouble is what went wrong in one attempt of a job.
type Trouble struct {
	At      time.Time     `json:"at" doc:"When."`
	Attempt int           `json:"attempt" doc:"In which attempt."`
	Code    colophon.Code `json:"code" doc:"What."`
}

// NetworkLine is one line of the network log.
type NetworkLine struct {
	At        time.Time `json:"at" doc:"When."`
	Subject   string    `json:"subject" doc:"Pseudonym of the account."`
	Operation string    `json:"operation" doc:"What was done." example:"artefact.create"`
	Source    string    `json:"source" doc:"Address and port that it came from; port 0 where a proxy did not tell it." example:"[2001:db8::1]:4711"`
	Client    string    `json:"client" doc:"Features of the client, as it tells them."`
}

// APIKey is an API key as the API shows it: without the key.
type APIKey struct {
	ID         staff.ID       `json:"id" doc:"Identifier."`
	Name       string         `json:"name" doc:"Name of the application." example:"picture service"`
	Actions    []staff.Action `json:"actions" nullable:"false" doc:"What it may do."`
	Services   []string       `json:"services" nullable:"false" doc:"For which services; * for all."`
	Functions  []string       `json:"functions" nullable:"false" doc:"For which functions; * for all."`
	Created    time.Time      `json:"created" doc:"When it was made."`
	Ends       time.Time      `json:"ends" doc:"When it ends."`
	Revoked    *time.Time     `json:"revoked,omitempty" doc:"When it was revoked."`
	Used       *time.Time     `json:"used,omitempty" doc:"When it was used last, in whole hours."`
	Replaces   staff.ID       `json:"replaces,omitempty" doc:"Its predecessor."`
	ReplacedBy staff.ID       `json:"replaced_by,omitempty" doc:"Its successor."`
}

func viewKey(k staff.Key) APIKey {
	moment := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	list := func(l []string) []string { return append([]string{}, l...) }
	return APIKey{k.ID, k.Name, k.Scope.Actions, list(k.Scope.Services), list(k.Scope.Functions), k.Created, k.Ends, moment(k.Revoked), moment(k.Used), k.Replaces, k.ReplacedBy}
}

package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

func custodyRoutes() []route {
	return []route{
		{get, "/v1/log/state", "log-state", staff.EvidenceVerify, "log", 0, 200, do((*server).logState), "How large the log is, and what waits for it", 0},
		{post, "/v1/log:check", "check-log", staff.EvidenceVerify, "log", 0, 200, do((*server).checkLog), "Check the whole log against the store now; a record says what came of it", 0},
		{get, "/v1/records/{id}/proof", "record-proof", staff.EvidenceRead, "evidence", 0, 200, do((*server).recordProof), "Prove that a record is in the log", 0},
		{get, "/v1/holds", "holds", staff.EvidenceRead, "custody", 0, 200, do((*server).holds), "List holds, the newest first", 0},
		{get, "/v1/holds/{id}", "hold-entry", staff.EvidenceRead, "custody", 0, 200, do((*server).holdEntry), "Show a hold", 0},
		{get, "/v1/erasures", "erasures", staff.EvidenceRead, "custody", 0, 200, do((*server).erasures), "List whose data was erased, or is restricted until the law lets it go", 0},
		{post, "/v1/accounts:rehearse-erasure", "rehearse-erasure", staff.SubjectErase, "custody", small, 200, do((*server).rehearseErasure), "Tell what it would come to, to erase what is kept of an account", 0},
		{get, "/v1/settings", "settings", staff.SettingsRead, "system", 0, 200, do((*server).settings), "List how the server is set, without secrets", 0},
	}
}

// Restraints tells what is kept from being erased, and what erasing comes to.
type Restraints interface {
	Holds(ctx context.Context, standing bool, before string, limit int) ([]Hold, error)
	// Hold returns one; that of none is an error of kind Missing.
	HoldEntry(ctx context.Context, id string) (Hold, error)
	Erasures(ctx context.Context, open bool, after string, limit int) ([]Erasure, error)
	// Ahead tells what an erasure would come to. It changes nothing.
	Ahead(ctx context.Context, account string) (Rehearsal, error)
}

// LogCheck checks the log.
type LogCheck interface {
	State(ctx context.Context) (LogState, error)
	// Check checks the whole log against the store, and MUST leave a record of what came of it. While it runs another one
	// is refused.
	Check(ctx context.Context, by production.By) (LogReport, error)
}

// LogState is how large the log is, and what waits for it.
type LogState struct {
	Origin  string     `json:"origin" doc:"Name of the log."`
	Size    uint64     `json:"size" doc:"Leaves under the last checkpoint."`
	Root    string     `json:"root" doc:"Root of the tree, in base64."`
	Records int64      `json:"records" doc:"Records in the store."`
	Waiting int64      `json:"waiting" doc:"Records that the log does not have yet."`
	Oldest  *time.Time `json:"oldest,omitempty" doc:"When the oldest of those was made."`
}

// LogReport is what a check of the whole log found.
type LogReport struct {
	Verdict  string     `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What came of it."`
	Size     uint64     `json:"size" doc:"Leaves under the last checkpoint."`
	Records  uint64     `json:"records" doc:"Rows of the store that were compared with their leaves."`
	Pending  uint64     `json:"pending" doc:"Rows that wait for the log."`
	Payloads uint64     `json:"payloads" doc:"Sealed payloads that were opened and fit their commitment."`
	Erased   uint64     `json:"erased" doc:"Payloads that are gone, as they may be."`
	Faults   []LogFault `json:"faults" nullable:"false" doc:"What does not fit, or could not be looked at."`
	More     int        `json:"more" doc:"Faults beyond those listed."`
}

// LogFault is one thing that does not fit.
type LogFault struct {
	Kind     string        `json:"kind" enum:"tile,entry,row,payload,checkpoint" doc:"What it is in."`
	Name     string        `json:"name" doc:"Path of the tile, index of the entry, sequence of the row, name of the checkpoint."`
	Verdict  string        `json:"verdict" enum:"failed,could-not-tell" doc:"Whether it does not fit or could not be looked at."`
	Code     colophon.Code `json:"code" doc:"What, for programs."`
	Sentence string        `json:"sentence" doc:"What, for people."`
}

type logStateOutput struct{ Body LogState }

func (s *server) logState(ctx context.Context, _ *struct{}) (*logStateOutput, error) {
	state, err := s.LogCheck.State(ctx)
	return &logStateOutput{state}, err
}

type checkLogOutput struct{ Body LogReport }

func (s *server) checkLog(ctx context.Context, _ *struct{}) (*checkLogOutput, error) {
	report, err := s.LogCheck.Check(ctx, askerOf(ctx).by)
	if err != nil {
		return nil, err
	}
	report.Faults = append([]LogFault{}, report.Faults...)
	for i, f := range report.Faults {
		report.Faults[i].Sentence = printer(askerOf(ctx).language).Code(f.Code, nil)
	}
	return &checkLogOutput{report}, nil
}

type recordProofInput struct {
	Named
	Accept string `header:"Accept" doc:"text/plain for the proof alone, as a C2SP tlog-proof."`
}

// recordProof shows that a record is in the log. The row is the store's, and what its leaf says is held against the log's.
func (s *server) recordProof(ctx context.Context, in *recordProofInput) (*stream, error) {
	if err := askerOf(ctx).mayOfAll(staff.EvidenceRead); err != nil {
		return nil, err
	}
	h, err := s.Ledger.Record(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	leaf, err := h.Leaf()
	if err != nil {
		return nil, err
	}
	out := Proven{Record: viewRecord(h), Leaf: string(leaf)}
	if h.Index < 0 {
		return s.proven(in.Accept, out, nil)
	}
	_, p, err := s.Log.Prove(ctx, uint64(h.Index))
	var e *colophon.Error
	switch {
	case errors.As(err, &e) && e.Kind == colophon.Missing: // the checkpoint comes after the place
		return s.proven(in.Accept, out, nil)
	case err != nil:
		return nil, err
	}
	return s.proven(in.Accept, out, &p)
}

func (s *server) proven(accept string, out Proven, p *evidence.Proof) (*stream, error) {
	plain := strings.HasPrefix(accept, "text/plain")
	switch {
	case p == nil && plain:
		return nil, refuse(colophon.Conflict, production.CodePending)
	case plain:
		return streamed(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Write(p.Marshal()) //nolint:errcheck // nobody is left to be told
		}), nil
	case p != nil:
		out.Proof = &Proof{p.Index, viewHashes(p.Hashes), string(p.Checkpoint)}
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, out) }), nil
}

// Hold keeps records from being purged.
type Hold struct {
	ID      string           `json:"id" doc:"Identifier."`
	Subject evidence.Subject `json:"subject,omitempty" doc:"Pseudonym whose records are kept; or else"`
	Record  string           `json:"record,omitempty" doc:"the record that is kept."`
	Placed  time.Time        `json:"placed" doc:"When it was placed."`
	Lifted  *time.Time       `json:"lifted,omitempty" doc:"When it was lifted; absent while it stands."`
}

type holdsInput struct {
	Page
	State string `query:"state" enum:"standing,all" default:"all" doc:"standing leaves out those that were lifted."`
}

type holdsOutput struct {
	Body struct {
		Holds []Hold `json:"holds" nullable:"false" doc:"The newest first."`
		Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) holds(ctx context.Context, in *holdsInput) (*holdsOutput, error) {
	list, err := s.Restraints.Holds(ctx, in.State == "standing", in.Cursor, in.Limit)
	out := &holdsOutput{}
	out.Body.Holds = append([]Hold{}, list...)
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
	}
	return out, err
}

type holdEntryOutput struct{ Body Hold }

func (s *server) holdEntry(ctx context.Context, in *Named) (*holdEntryOutput, error) {
	h, err := s.Restraints.HoldEntry(ctx, in.ID)
	return &holdEntryOutput{h}, err
}

// Erasure says whose data was erased, or is restricted.
type Erasure struct {
	Subject   evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	State     string           `json:"state" enum:"restricted,erased" doc:"restricted: kept until the law lets it go, and read by nobody."`
	Requested time.Time        `json:"requested" doc:"When it was asked for."`
	Due       time.Time        `json:"due" doc:"End of the statutory period; of what was erased, when."`
	Done      *time.Time       `json:"done,omitempty" doc:"When nothing was left."`
}

type erasuresInput struct {
	Page
	State string `query:"state" enum:"restricted,all" default:"all" doc:"restricted leaves out what is done."`
}

type erasuresOutput struct {
	Body struct {
		Erasures []Erasure `json:"erasures" nullable:"false" doc:"By pseudonym."`
		Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) erasures(ctx context.Context, in *erasuresInput) (*erasuresOutput, error) {
	list, err := s.Restraints.Erasures(ctx, in.State == "restricted", in.Cursor, in.Limit)
	out := &erasuresOutput{}
	out.Body.Erasures = append([]Erasure{}, list...)
	if len(list) == in.Limit {
		out.Body.Next = string(list[len(list)-1].Subject)
	}
	return out, err
}

// Rehearsal is what an erasure would come to.
type Rehearsal struct {
	Subject   evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	State     string           `json:"state" enum:"restricted,erased" doc:"What it would come to now."`
	Artefacts int64            `json:"artefacts" doc:"Items whose content would go at once."`
	Records   int64            `json:"records" doc:"Records whose payload can still be opened. Their leaves stay in the log in any case."`
	Lines     int64            `json:"lines" doc:"Lines of the network log."`
	Due       time.Time        `json:"due" doc:"End of the last statutory period that runs."`
	Held      bool             `json:"held" doc:"A hold stands, so that nothing is erased before it is lifted."`
}

type rehearseErasureInput struct {
	Body struct {
		Account string `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account." example:"user-8731"`
	}
}

type rehearsalOutput struct{ Body Rehearsal }

func (s *server) rehearseErasure(ctx context.Context, in *rehearseErasureInput) (*rehearsalOutput, error) {
	r, err := s.Restraints.Ahead(ctx, in.Body.Account)
	return &rehearsalOutput{r}, err
}

// Setting is one thing that can be set about the server.
type Setting struct {
	Key    string `json:"key" doc:"Its name." example:"keep-logs"`
	Value  string `json:"value" doc:"Its value; of a secret, *** where it is set."`
	Origin string `json:"origin" enum:"default,file,environment,flag" doc:"Where the value comes from."`
	Secret bool   `json:"secret,omitempty" doc:"The value is not shown."`
	About  string `json:"about" doc:"What it means, in the language that was asked for."`
}

type settingsOutput struct {
	Body struct {
		Settings []Setting `json:"settings" nullable:"false" doc:"In the order of their documentation."`
	}
}

func (s *server) settings(ctx context.Context, _ *struct{}) (*settingsOutput, error) {
	out := &settingsOutput{}
	out.Body.Settings = append([]Setting{}, s.Settings...)
	for i, v := range s.Settings {
		out.Body.Settings[i].About = printer(askerOf(ctx).language).Say("config." + v.Key)
	}
	return out, nil
}

// RecordQuery says which records are looked for. Fields that are set must all fit.
type RecordQuery struct {
	Type     evidence.Type
	Subject  evidence.Subject
	Role     evidence.Role
	Staff    bool // done by somebody of the staff or on a page, not by an application or by itself
	From, To time.Time
	Newest   bool   // the newest first
	After    uint64 // sequence of the last record of the page before; 0 for none
	Limit    int
}

type recordsInput struct {
	After   uint64           `query:"after" doc:"Sequence of the last record of the page before; or cursor."`
	Cursor  string           `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a sequence" doc:"next of the page before."`
	Limit   int              `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most that one page holds."`
	Type    evidence.Type    `query:"type" maxLength:"64" doc:"What was done." example:"artefact.marked"`
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of whom they are about; system for nobody."`
	Role    evidence.Role    `query:"role" maxLength:"32" doc:"In which role." example:"officer"`
	By      string           `query:"by" enum:"staff,all" default:"all" doc:"staff leaves out what applications did, or the system by itself."`
	From    time.Time        `query:"from" doc:"Done at or after this."`
	To      time.Time        `query:"to" doc:"Done before this."`
	Order   string           `query:"order" enum:"oldest,newest" default:"oldest" doc:"Which come first."`
}

type recordsOutput struct {
	Body struct {
		Records []Record `json:"records" nullable:"false" doc:"In the order of their sequence, or the other way round."`
		Next    string   `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

// records, record and payload are for keys that reach every function: a record does not say what function it is about.
func (s *server) records(ctx context.Context, in *recordsInput) (*recordsOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.EvidenceRead); err != nil {
		return nil, err
	}
	q := RecordQuery{Type: in.Type, Subject: in.Subject, Role: in.Role, Staff: in.By == "staff", From: in.From, To: in.To, Newest: in.Order == "newest", After: in.After, Limit: in.Limit}
	if in.Cursor != "" {
		var err error
		if q.After, err = strconv.ParseUint(in.Cursor, 10, 63); err != nil {
			return nil, invalid("query.cursor", "expected next of the page before")
		}
	}
	list, err := s.Ledger.Records(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &recordsOutput{}
	out.Body.Records = []Record{}
	for _, h := range list {
		out.Body.Records = append(out.Body.Records, viewRecord(h))
	}
	if len(list) == in.Limit {
		out.Body.Next = strconv.FormatUint(list[len(list)-1].Sequence, 10)
	}
	return out, nil
}

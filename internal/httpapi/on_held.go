package httpapi

import (
	"cmp"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// Beheld opens content that is held and too long for a row: with the artefact that it is of, or in a sealed blob.
type Beheld interface {
	Look(ctx context.Context, it moderation.Item, c moderation.Content) (production.File, media.Format, error)
}

// HeldFinding is one thing for which an item is held: by which rule and where, never what.
type HeldFinding struct {
	Rule     string `json:"rule" doc:"Identifier of the feature, or name of the check." example:"zh-fraud-0001"`
	Category string `json:"category" doc:"Category of the taxonomy." example:"fraud"`
	Level    string `json:"level" enum:"note,review,block,unknown" doc:"How much it weighs; unknown where a check did not run."`
	High     bool   `json:"high,omitempty" doc:"The category is one of high risk."`
	Illegal  bool   `json:"illegal,omitempty" doc:"The category is illegal content."`
	Part     string `json:"part,omitempty" doc:"In which part." example:"messages.3.content"`
	Start    int64  `json:"start,omitempty" doc:"Where it begins, in bytes of the part."`
	End      int64  `json:"end,omitempty" doc:"Where it ends, in bytes of the part."`
}

// HeldItem is something that waits for a person, or waited.
type HeldItem struct {
	ID         string           `json:"id" doc:"Identifier."`
	State      moderation.State `json:"state" enum:"waiting,taken,decided,expired" doc:"Where it is. Expired: nobody decided in time, and the system refused."`
	Stage      moderation.Stage `json:"stage" enum:"first,second,senior" doc:"Whose turn it is: any reviewer's, another one's who decides again, or a senior's."`
	Queue      string           `json:"queue" doc:"Queue." example:"illegal"`
	Priority   int              `json:"priority" minimum:"0" maximum:"100" doc:"How urgent it is."`
	Deadline   time.Time        `json:"deadline" doc:"When the system refuses it by itself."`
	Subject    evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	Surface    string           `json:"surface" enum:"input,output,upload" doc:"Where the content stood."`
	Function   string           `json:"function" doc:"The function that it is of."`
	About      string           `json:"about,omitempty" doc:"What waits, such as a content number."`
	Judgement  string           `json:"judgement" doc:"Identifier of the judgement by which it is held."`
	Findings   []HeldFinding    `json:"findings" nullable:"false" doc:"Why it is held, the weightiest first."`
	More       int              `json:"more,omitempty" doc:"Findings that are not listed."`
	Rows       []string         `json:"rows,omitempty" nullable:"false" doc:"Rows of the policy that decided."`
	Library    string           `json:"library,omitempty" doc:"Version of the feature library."`
	Policy     string           `json:"policy,omitempty" doc:"Version of the policy."`
	Content    moderation.Kept  `json:"content" enum:"whole,restricted,erased,ended" doc:"Whether the content can still be read."`
	Reviewer   string           `json:"reviewer,omitempty" doc:"Staff account that has it."`
	Lease      *time.Time       `json:"lease,omitempty" doc:"Until when it is that person's without a sign of life."`
	Outcome    string           `json:"outcome,omitempty" enum:"release,refuse,refuse-and-measure" doc:"What was decided."`
	Reason     colophon.Code    `json:"reason,omitempty" doc:"Why."`
	Measure    string           `json:"measure,omitempty" doc:"Measure against the account that was proposed; it is not taken here."`
	Overturned bool             `json:"overturned,omitempty" doc:"The outcome is not what the first person decided."`
	Created    time.Time        `json:"created" doc:"When it was entered."`
	Decided    *time.Time       `json:"decided,omitempty" doc:"When it was decided, or expired."`
	Acted      *time.Time       `json:"acted,omitempty" doc:"When the outcome was acted upon."`
}

// set is a time as an answer shows it: absent when it is not yet.
func set(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func viewHeld(it moderation.Item) HeldItem {
	v := HeldItem{ID: it.ID, State: it.State, Stage: it.Stage, Queue: it.Queue, Priority: it.Priority, Deadline: it.Deadline, Subject: it.Subject, Surface: it.Surface,
		Function: it.Function, About: it.About, Judgement: it.Why.Judgement, Findings: []HeldFinding{}, More: it.Why.More, Rows: it.Why.Rows, Library: it.Why.Library,
		Policy: it.Why.Policy, Content: it.Content, Reviewer: it.Reviewer, Lease: set(it.Lease), Outcome: string(it.Outcome), Reason: it.Reason, Measure: it.Measure,
		Overturned: it.Overturned, Created: it.Created, Decided: set(it.Decided), Acted: set(it.Acted)}
	for _, f := range it.Why.Findings {
		v.Findings = append(v.Findings, HeldFinding(f))
	}
	return v
}

// reviewer is the asker as the docket knows people. An officer settles what was escalated, and files reports.
func reviewer(ctx context.Context) moderation.By {
	who := askerOf(ctx)
	officer := slices.Contains(who.actor.Roles, staff.Officer)
	return moderation.By{ID: who.by.ID, Role: who.by.Role, Senior: officer, Reporter: officer}
}

// mayOfHeld reports whether the asker may see what is held of a function; an empty one stands for all.
func mayOfHeld(ctx context.Context, function string) error {
	return askerOf(ctx).may(staff.HeldRead, cmp.Or(function, staff.Every))
}

// HeldFilter is the input of operations that narrow what is held.
type HeldFilter struct {
	Queues   []string `query:"queue,explode" nullable:"false" maxItems:"20" doc:"Queue; may be repeated."`
	Category string   `query:"category" maxLength:"64" doc:"Category of a finding."`
	Surface  string   `query:"surface" enum:"input,output,upload" doc:"Where the content stood."`
	Function string   `query:"function" maxLength:"64" doc:"The function that it is of."`
}

func (f HeldFilter) filter() moderation.Filter {
	return moderation.Filter{Queues: f.Queues, Category: f.Category, Surface: f.Surface, Function: f.Function}
}

type heldListInput struct {
	HeldFilter
	Page
	States    []moderation.State `query:"state,explode" nullable:"false" maxItems:"4" enum:"waiting,taken,decided,expired" doc:"State; may be repeated."`
	About     string             `query:"about" maxLength:"256" doc:"What waits, such as a content number."`
	Subject   evidence.Subject   `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	Reviewer  string             `query:"reviewer" maxLength:"64" doc:"Staff account that has them."`
	Judgement string             `query:"judgement" maxLength:"64" doc:"Identifier of the judgement by which they are held."`
}

type heldPage struct {
	Items []HeldItem `json:"items" nullable:"false" doc:"Held items."`
	Next  string     `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
}

type heldListOutput struct{ Body heldPage }

// heldList lists held items in the order in which they were entered. A key for some functions names the one that it asks for.
func (s *server) heldList(ctx context.Context, in *heldListInput) (*heldListOutput, error) {
	if err := mayOfHeld(ctx, in.Function); err != nil {
		return nil, err
	}
	items, next, err := s.Docket.Items(ctx, moderation.Query{Filter: in.filter(), States: in.States, About: in.About, Subject: in.Subject, Reviewer: in.Reviewer, Judgement: in.Judgement, After: in.Cursor, Limit: in.Limit})
	out := &heldListOutput{heldPage{[]HeldItem{}, next}}
	for _, it := range items {
		out.Body.Items = append(out.Body.Items, viewHeld(it))
	}
	return out, err
}

type heldBoardInput struct {
	HeldFilter
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most items."`
}

// heldBoard lists what the asker may take now, the most urgent first.
func (s *server) heldBoard(ctx context.Context, in *heldBoardInput) (*heldListOutput, error) {
	items, err := s.Docket.Board(ctx, reviewer(ctx), in.filter(), in.Limit)
	out := &heldListOutput{heldPage{Items: []HeldItem{}}}
	for _, it := range items {
		out.Body.Items = append(out.Body.Items, viewHeld(it))
	}
	return out, err
}

type heldOutput struct {
	Replayed
	Body HeldItem
}

func shownHeld(it moderation.Item, err error) (*heldOutput, error) {
	return &heldOutput{Body: viewHeld(it)}, err
}

func (s *server) heldItem(ctx context.Context, in *Named) (*heldOutput, error) {
	it, err := s.Docket.Item(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return shownHeld(it, mayOfHeld(ctx, it.Function))
}

type heldNextInput struct {
	Keyed
	HeldFilter
}

type heldNextOutput struct {
	Replayed
	Body struct {
		Item *HeldItem `json:"item,omitempty" doc:"The item; absent when nothing waits that you may take."`
	}
}

func (s *server) heldNext(ctx context.Context, in *heldNextInput) (*heldNextOutput, error) {
	it, there, err := s.Docket.Next(ctx, reviewer(ctx), in.filter())
	out := &heldNextOutput{}
	if there {
		v := viewHeld(it)
		out.Body.Item = &v
	}
	return out, err
}

func (s *server) heldTake(ctx context.Context, in *judgeInput) (*heldOutput, error) {
	return shownHeld(s.Docket.Take(ctx, reviewer(ctx), in.ID))
}

func (s *server) heldReturn(ctx context.Context, in *judgeInput) (*heldOutput, error) {
	return shownHeld(s.Docket.Return(ctx, reviewer(ctx), in.ID))
}

type heldExtendOutput struct {
	Replayed
	Body struct {
		Lease time.Time `json:"lease" doc:"Until when the item is yours now."`
	}
}

func (s *server) heldExtend(ctx context.Context, in *judgeInput) (*heldExtendOutput, error) {
	lease, err := s.Docket.Extend(ctx, reviewer(ctx), in.ID)
	out := &heldExtendOutput{}
	out.Body.Lease = lease
	return out, err
}

type heldDecideInput struct {
	Keyed
	Named
	Body struct {
		Decision moderation.Decision `json:"decision" enum:"release,refuse,refuse-and-measure,escalate" doc:"What you decide."`
		Reason   colophon.Code       `json:"reason,omitempty" maxLength:"64" doc:"A code for figures and notices; a refusal needs one." example:"fraud"`
		Measure  string              `json:"measure,omitempty" maxLength:"64" doc:"Measure that refuse-and-measure proposes." example:"suspend"`
		Note     string              `json:"note,omitempty" maxLength:"8192" doc:"Prose. It stands in the sealed payload of the record and nowhere else."`
	}
}

func (s *server) heldDecide(ctx context.Context, in *heldDecideInput) (*heldOutput, error) {
	return shownHeld(s.Docket.Decide(ctx, reviewer(ctx), moderation.Ruling{Item: in.ID, Decision: in.Body.Decision, Reason: in.Body.Reason, Measure: in.Body.Measure, Note: in.Body.Note}))
}

// heldContent hands out what waits to whoever has it, after that was recorded. It is shown as plain text or as a download:
// nobody's browser runs it.
func (s *server) heldContent(ctx context.Context, in *Named) (*stream, error) {
	it, err := s.Docket.Item(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	content, err := s.Docket.Read(ctx, reviewer(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Colophon-Held-Format", content.Format)
		if content.Format != HeldArtefact && content.Blob == "" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Write(content.Text) //nolint:errcheck // nobody is left to be told
			return
		}
		file, format, err := s.Beheld.Look(r.Context(), it, content)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer file.Close()
		kind := "application/octet-stream"
		if facts, ok := media.Facts(format); ok && facts.MIME != "" {
			kind = facts.MIME
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", "attachment")
		if _, err := io.Copy(w, file); err != nil {
			panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
		}
	}), nil
}

// HeldArtefact is the format of held content that lies with the artefact that it is about.
const HeldArtefact = "artefact"

type figuresInput struct {
	From time.Time `query:"from" required:"true" doc:"Beginning of the period." example:"2026-11-01T00:00:00Z"`
	To   time.Time `query:"to" required:"true" doc:"End of the period; not included." example:"2026-12-01T00:00:00Z"`
}

// QueueFigure says what waits in one queue.
type QueueFigure struct {
	Queue     string     `json:"queue" doc:"Queue."`
	Waiting   int        `json:"waiting" doc:"Nobody has it."`
	Taken     int        `json:"taken" doc:"Somebody has it."`
	Escalated int        `json:"escalated" doc:"Of both, those that wait for a senior."`
	Oldest    *time.Time `json:"oldest,omitempty" doc:"When the oldest of both was entered."`
}

// HeldFigures say how the work stands, and what was done in a period.
type HeldFigures struct {
	Queues        []QueueFigure `json:"queues" nullable:"false" doc:"Those where something waits."`
	Decided       int           `json:"decided" doc:"Decided by people in the period."`
	MedianSeconds int64         `json:"median_seconds" doc:"Median time from entry to decision, in seconds."`
	Expired       int           `json:"expired" doc:"Refused by the system in the period, because nobody decided in time."`
	Overturned    int           `json:"overturned" doc:"Of those decided, otherwise than the first person did."`
	Unacted       int           `json:"unacted" doc:"Closed, and not acted upon yet."`
	DutiesOpen    int           `json:"duties_open" doc:"Report duties that are open."`
	DutiesOverdue int           `json:"duties_overdue" doc:"Of them, those whose time is over."`
}

type figuresOutput struct{ Body HeldFigures }

func (s *server) heldFigures(ctx context.Context, in *figuresInput) (*figuresOutput, error) {
	if err := mayOfHeld(ctx, ""); err != nil {
		return nil, err
	}
	if !in.From.Before(in.To) {
		return nil, invalid("query.to", "expected a time after from")
	}
	f, err := s.Docket.Figures(ctx, in.From, in.To)
	out := &figuresOutput{HeldFigures{[]QueueFigure{}, f.Decided, f.MedianSeconds, f.Expired, f.Overturned, f.Unacted, f.DutiesOpen, f.DutiesOverdue}}
	for _, q := range f.Queues {
		out.Body.Queues = append(out.Body.Queues, QueueFigure{q.Queue, q.Waiting, q.Taken, q.Escalated, set(q.Oldest)})
	}
	return out, err
}

// ReportDuty is the duty to report illegal content that was found (Deep Synthesis Provisions Art. 10).
type ReportDuty struct {
	ID         string               `json:"id" doc:"Identifier."`
	State      moderation.DutyState `json:"state" enum:"open,filed,dismissed" doc:"How far it is."`
	Judgement  string               `json:"judgement" doc:"Identifier of the judgement that found it."`
	Categories []string             `json:"categories" nullable:"false" doc:"Categories of illegal content."`
	Subject    evidence.Subject     `json:"subject" doc:"Pseudonym of the account."`
	Opened     time.Time            `json:"opened" doc:"When it was found."`
	Due        time.Time            `json:"due" doc:"By when it must be filed."`
	Channel    string               `json:"channel,omitempty" doc:"Where it was filed." example:"12377"`
	Reference  string               `json:"reference,omitempty" doc:"Number that the authority gave."`
	FiledAt    *time.Time           `json:"filed_at,omitempty" doc:"When it was filed."`
	Attachment string               `json:"attachment,omitempty" doc:"SHA-256 of what was handed in, in hexadecimal."`
	Reason     colophon.Code        `json:"reason,omitempty" doc:"Why it was dismissed."`
	By         string               `json:"by,omitempty" doc:"Staff account that filed or dismissed it."`
	Closed     *time.Time           `json:"closed,omitempty" doc:"When it was closed."`
}

func viewDuty(d moderation.Duty) ReportDuty {
	v := ReportDuty{ID: d.ID, State: d.State, Judgement: d.Judgement, Categories: append([]string{}, d.Categories...), Subject: d.Subject, Opened: d.Opened, Due: d.Due,
		Reason: d.Reason, By: d.By, Closed: set(d.Closed)}
	if d.Filing != nil {
		v.Channel, v.Reference, v.FiledAt = d.Filing.Channel, d.Filing.Reference, set(d.Filing.At)
		if d.Filing.Attachment != (moderation.Digest{}) {
			v.Attachment = hex.EncodeToString(d.Filing.Attachment[:])
		}
	}
	return v
}

type dutiesInput struct {
	Page
	ID      string               `query:"id" maxLength:"64" doc:"Identifier of one duty."`
	State   moderation.DutyState `query:"state" enum:"open,filed,dismissed" doc:"How far they are."`
	Overdue bool                 `query:"overdue" doc:"Those alone that are open and whose time is over."`
}

type dutiesOutput struct {
	Body struct {
		Duties []ReportDuty `json:"duties" nullable:"false" doc:"In the order in which they were opened."`
		Next   string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) duties(ctx context.Context, in *dutiesInput) (*dutiesOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.ReportRead); err != nil {
		return nil, err
	}
	find := func() ([]moderation.Duty, string, error) {
		return s.Reports.Duties(ctx, moderation.DutyQuery{ID: in.ID, State: in.State, After: in.Cursor, Limit: in.Limit})
	}
	if in.Overdue {
		if in.State != "" && in.State != moderation.Open {
			return nil, invalid("query.overdue", "expected state to be open")
		}
		find = func() ([]moderation.Duty, string, error) { return s.Reports.Overdue(ctx, in.Cursor, in.Limit) }
	}
	list, next, err := find()
	out := &dutiesOutput{}
	out.Body.Duties, out.Body.Next = []ReportDuty{}, next
	for _, d := range list {
		out.Body.Duties = append(out.Body.Duties, viewDuty(d))
	}
	return out, err
}

type dutyOutput struct {
	Replayed
	Body ReportDuty
}

type fileDutyInput struct {
	Keyed
	Named
	Body struct {
		Channel    string    `json:"channel" minLength:"1" maxLength:"64" doc:"Where it was filed, as a lower-case word." example:"12377"`
		Reference  string    `json:"reference" minLength:"1" maxLength:"256" doc:"Number that the authority gave."`
		At         time.Time `json:"at" doc:"When it was filed."`
		Attachment string    `json:"attachment,omitempty" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of what was handed in, in hexadecimal."`
	}
}

func (s *server) fileDuty(ctx context.Context, in *fileDutyInput) (*dutyOutput, error) {
	f := moderation.Filing{Channel: in.Body.Channel, Reference: in.Body.Reference, At: in.Body.At}
	if err := f.Attachment.UnmarshalText([]byte(in.Body.Attachment)); err != nil {
		return nil, invalid("body.attachment", "expected 64 hexadecimal digits")
	}
	d, err := s.Reports.File(ctx, reviewer(ctx), in.ID, f)
	return &dutyOutput{Body: viewDuty(d)}, err
}

type dismissDutyInput struct {
	Keyed
	Named
	Body struct {
		Reason colophon.Code `json:"reason" minLength:"1" maxLength:"64" doc:"A code." example:"false-hit"`
		Note   string        `json:"note" minLength:"1" maxLength:"8192" doc:"The same in prose. It stands in the sealed payload of the record alone."`
	}
}

func (s *server) dismissDuty(ctx context.Context, in *dismissDutyInput) (*dutyOutput, error) {
	d, err := s.Reports.Dismiss(ctx, reviewer(ctx), in.ID, moderation.Dismissal{Reason: in.Body.Reason, Note: in.Body.Note})
	return &dutyOutput{Body: viewDuty(d)}, err
}

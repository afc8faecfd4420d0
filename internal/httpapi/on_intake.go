package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/staff"
)

// maxBatch is how many files a batch may have.
const maxBatch = 1000

func intakeRoutes() []route {
	return []route{
		{post, "/v1/intake", "take-in", staff.IntakeUse, "intake", 0, 201, do((*server).takeIn), "Say what the law asks for an upload, and put the platform's elements on it", upload},
		{post, "/v1/intake:batch", "take-in-batch", staff.IntakeUse, "intake", 0, 200, do((*server).takeInBatch), "The same for several files in one form", upload},
		{get, "/v1/intake", "intakes", staff.IntakeRead, "intake", 0, 200, do((*server).intakes), "Find uploads, the newest first", 0},
		{get, "/v1/intake/{id}", "intake", staff.IntakeRead, "intake", 0, 200, do((*server).intakeOne), "Show what was said of an upload", 0},
		{get, "/v1/intake/{id}/content", "intake-content", staff.IntakeRead, "intake", 0, 200, do((*server).intakeContent), "Hand out the file with the platform's elements; the delivery is recorded first", 0},
		{get, "/v1/intake/{id}/sidecar", "intake-sidecar", staff.IntakeRead, "intake", 0, 200, do((*server).intakeSidecar), "Hand out the label file of an upload that can't hold the elements", 0},
		{post, "/v1/intake-scans", "scan-bucket", staff.IntakeUse, "intake", small, 201, once((*server).beginScan), "Take in what lies in a bucket", 0},
		{get, "/v1/intake-scans", "scans", staff.IntakeRead, "intake", 0, 200, do((*server).scans), "List scans of buckets, the newest first", 0},
		{get, "/v1/intake-scans/{id}", "scan", staff.IntakeRead, "intake", 0, 200, do((*server).scan), "Show how far a scan is", 0},
		{post, "/v1/intake-scans/{id}:stop", "stop-scan", staff.IntakeUse, "intake", small, 200, once((*server).stopScan), "Stop a scan", 0},
		{post, "/v1/app-materials", "check-materials", staff.IntakeUse, "intake", 0, 201, do((*server).checkMaterials), "Check the label materials of an app, for an app store", upload},
		{get, "/v1/app-materials", "app-materials", staff.IntakeRead, "intake", 0, 200, do((*server).materials), "List checks of apps, the newest first", 0},
		{get, "/v1/app-materials/{id}", "app-material", staff.IntakeRead, "intake", 0, 200, do((*server).material), "Show the check of an app", 0},
	}
}

// IntakeWords are what has to be shown around content.
type IntakeWords struct {
	Chinese string `json:"zh" doc:"In Chinese."`
	English string `json:"en" doc:"In English."`
}

// IntakeReason is one thing that the state rests on, or that was looked for in vain.
type IntakeReason struct {
	By       string         `json:"by" doc:"label, uploader, metadata, or the name of a detector." example:"label"`
	Version  string         `json:"version,omitempty" doc:"Of the detector."`
	Outcome  intake.Outcome `json:"outcome" enum:"seen,not-seen,could-not-tell" doc:"What the look came to. A detector that failed could not tell; that is never not-seen."`
	Code     colophon.Code  `json:"code" doc:"For programs." example:"intake-label"`
	Args     colophon.Args  `json:"args,omitempty" doc:"Values in the sentence: place, value, producer; detector, score; term."`
	Sentence string         `json:"sentence" doc:"For people, in the language that was asked for."`
}

// IntakeFinding is one thing that the checks saw besides.
type IntakeFinding struct {
	Code     colophon.Code   `json:"code" doc:"For programs."`
	Level    string          `json:"level" enum:"note,warning,doubt,breach" doc:"What it weighs."`
	Clause   colophon.Clause `json:"clause,omitempty" doc:"The clause that it bears on."`
	Args     colophon.Args   `json:"args,omitempty" doc:"Values in the sentence."`
	Sentence string          `json:"sentence" doc:"For people, in the language that was asked for."`
}

// Intake is what was said of an upload.
type Intake struct {
	ID          string             `json:"id" doc:"Identifier."`
	State       intake.State       `json:"state" enum:"confirmed,possible,suspected,none" doc:"By Labelling Measures Art. 6 (1) to (3). none: no mark was found and nobody declared the content; that does not say that it is real."`
	Complete    bool               `json:"complete" doc:"Whether everything that looked at the file could tell what it looked for."`
	Declaration intake.Declaration `json:"declaration" enum:"generated,not-generated,silent" doc:"What the uploader said."`
	Asked       bool               `json:"asked" doc:"Whether the uploader was asked to declare (Art. 6 (4))."`
	Sentence    string             `json:"sentence" doc:"What the state means, in the language that was asked for."`
	Notice      *IntakeWords       `json:"notice,omitempty" doc:"What has to be shown around the content; absent where nothing has to be."`
	Reasons     []IntakeReason     `json:"reasons,omitempty" nullable:"false" doc:"What the state rests on; absent in lists, and once erased."`
	Findings    []IntakeFinding    `json:"findings,omitempty" nullable:"false" doc:"What the checks saw besides; absent in lists, and once erased."`
	Action      intake.Action      `json:"action" enum:"propagated,labelled,sidecar,left,refused" doc:"propagated: fields 5 to 7 of the label are the platform's. labelled: there is a label now. sidecar: the file is as it was, and a label file goes with it. left: nothing was added. refused: the same content was refuted, and the settings say that such is not published."`
	Recall      intake.Outcome     `json:"recall,omitempty" enum:"seen,not-seen,could-not-tell" doc:"What the look for refutations came to, here and in the recall feeds that are followed. seen: the same content was refuted. could-not-tell: it is like content that was refuted, or it could not be looked for; the findings say which. Absent where nobody looked."`
	Recalls     []IntakeRecall     `json:"recalls,omitempty" nullable:"false" doc:"What was refuted about it, or about what it is like, the surest first; absent in lists, and once erased."`
	Warning     *IntakeWords       `json:"warning,omitempty" doc:"What has to be shown around content that was refuted, where the settings say that such is labelled; absent in lists."`
	Place       string             `json:"place,omitempty" doc:"Where the label stands." example:"xmp"`
	Label       *LabelFields       `json:"label,omitempty" doc:"The label as it stands now; absent in lists."`
	Number      string             `json:"number,omitempty" doc:"The platform's content number, PropagateID of the label."`
	Format      string             `json:"format,omitempty" doc:"File format, as its bytes show it; absent for one that is not known."`
	Size        int64              `json:"size" doc:"Bytes of the upload."`
	Before      string             `json:"before" doc:"SHA-256 of the upload, in hexadecimal."`
	Stored      int64              `json:"stored,omitempty" doc:"Bytes with the elements."`
	After       string             `json:"after,omitempty" doc:"SHA-256 with the elements, in hexadecimal; absent where the file is as it was."`
	Until       *time.Time         `json:"content_until,omitempty" doc:"Until when the file can be fetched."`
	Deliveries  int                `json:"deliveries" doc:"How often the file was handed out."`
	Scan        string             `json:"scan,omitempty" doc:"The scan that took it in."`
	Subject     evidence.Subject   `json:"subject,omitempty" doc:"Pseudonym of the uploader's account."`
	Created     time.Time          `json:"created" doc:"When it was taken in."`
}

func viewIntake(say *locale.Printer, e intake.Entry, d *intake.Detail) Intake {
	t, state := e.Value, intake.State(e.State)
	v := Intake{ID: e.ID, State: state, Complete: t.Complete, Declaration: t.Declaration, Asked: t.Asked, Sentence: say.Say("intake-state-" + e.State), Action: t.Action, Place: string(t.Place),
		Number: t.Number, Format: string(t.Format), Size: t.Size, Before: t.Before, Stored: t.Stored, After: t.After, Until: set(t.Until), Deliveries: t.Deliveries, Scan: t.Scan, Created: e.Made}
	v.Recall = t.Recall
	if e.Subject != evidence.System {
		v.Subject = e.Subject
	}
	if state == intake.None && !t.Complete {
		v.Sentence = say.Say("intake-state-none-open")
	}
	if state != intake.None {
		v.Notice = &IntakeWords{state.Words(notice.Chinese), state.Words(notice.English)}
	}
	if d == nil {
		return v
	}
	for _, r := range d.Reasons {
		v.Reasons = append(v.Reasons, IntakeReason{r.By, r.Version, r.Outcome, r.Code, r.Args, say.Code(r.Code, r.Args)})
	}
	for _, f := range d.Findings {
		v.Findings = append(v.Findings, IntakeFinding{f.Code, f.Level, f.Clause, f.Args, say.Code(f.Code, f.Args)})
	}
	v.recalled(say, t.Rule, d.Recalls)
	if d.Fields != nil {
		fields := LabelFields(*d.Fields)
		v.Label = &fields
	}
	return v
}

type intakeInput struct {
	Keyed
	Upload
	Declaration intake.Declaration `query:"declaration" enum:"generated,not-generated,silent" default:"silent" doc:"What the uploader said of the content. In a form it may stand as a field before the file."`
	Asked       bool               `query:"asked" doc:"Whether the uploader was asked to declare. In a form it may stand as a field before the file."`
	Number      string             `query:"number" maxLength:"128" doc:"Your own content number for the label; by itself one is drawn. In a form it may stand as a field before the file."`
	Account     accountName        `header:"Colophon-Account" maxLength:"768" doc:"Your own identifier of the uploader's account, percent-encoded where it is not plain letters, digits and hyphens. It becomes a pseudonym at once. In a form it may stand as the field account before the file." example:"user-8731"`
	Return      string             `query:"return" enum:"report,content" default:"report" doc:"content brings the file in place of the report: with its elements, or as it came. The report then stands under the Location."`
}

// form gives one file after the other, with what was said of it: from a form, or the body itself.
type form struct {
	parts *multipart.Reader // nil for a body that is the file
	first intake.Upload     // what holds for all files
	more  map[string]string // other fields that were met
	body  io.Reader         // what has to be read to its end
	named string            // file name of a body that is the file
	whole io.Reader         // the body that is the file; nil after it was given
}

// read begins to read a body. One that is a form has fields before the file that they are about.
func (in *intakeInput) read() (*form, error) {
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	f := &form{first: intake.Upload{Account: account, Declaration: in.Declaration, Asked: in.Asked, Number: in.Number}, more: map[string]string{}, named: in.Name}
	kind, params, err := mime.ParseMediaType(in.Type)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		f.whole, err = in.file()
		return f, err
	}
	wanted, err := announced(in.Digest)
	if err != nil {
		return nil, err
	}
	in.sum = sha256.New()
	f.body = &incoming{from: in.body, whole: sha256.New(), wanted: wanted}
	f.parts = multipart.NewReader(f.body, params["boundary"])
	return f, nil
}

// next returns the next file, and io.EOF after the last.
func (f *form) next() (intake.Upload, io.Reader, error) {
	u := f.first
	if f.parts == nil {
		body := f.whole
		if f.whole = nil; body == nil {
			return u, nil, io.EOF
		}
		u.Name = f.named
		return u, body, nil
	}
	for {
		part, err := f.parts.NextPart()
		if errors.Is(err, io.EOF) {
			if _, err := io.Copy(io.Discard, f.body); err != nil { // what stands after the form counts for the digest
				return u, nil, err
			}
			return u, nil, io.EOF
		}
		if err != nil {
			return u, nil, unread(err)
		}
		if part.FileName() != "" && part.FormName() != "sidecar" {
			u.Name = part.FileName()
			return u, part, nil
		}
		if err := f.field(&u, part); err != nil {
			return u, nil, err
		}
	}
}

// field takes what is said of the file that follows.
func (f *form) field(u *intake.Upload, part *multipart.Part) error {
	text, err := io.ReadAll(io.LimitReader(part, small+1))
	if err != nil {
		return unread(err)
	}
	if len(text) > small {
		return refuse(colophon.Invalid, CodeForm)
	}
	switch value := string(text); part.FormName() {
	case "declaration":
		u.Declaration = intake.Declaration(value)
	case "number":
		u.Number = value
	case "account":
		u.Account = value
	case "sidecar":
		u.Sidecar = media.Memory(text)
	case "asked":
		if u.Asked, err = strconv.ParseBool(value); err != nil {
			return invalid("form.asked", "expected boolean")
		}
	case "app", "offers":
		f.more[part.FormName()] = value
	default:
		return refuse(colophon.Invalid, CodeForm)
	}
	return nil
}

// takeIn takes one file in.
func (s *server) takeIn(ctx context.Context, in *intakeInput) (*stream, error) {
	who := askerOf(ctx)
	request := *in
	if kind, _, err := mime.ParseMediaType(in.Type); err == nil && kind == "multipart/form-data" {
		request.Type, request.Length, request.Digest = kind, 0, ""
	}
	files, err := in.read()
	if err != nil {
		return nil, err
	}
	wanted := in.Return == "content"
	var fresh *intake.Result
	made, replayed, err := keyed(s, ctx, "take-in", in.Key, request, func() (*Intake, error) {
		u, body, err := files.next()
		if errors.Is(err, io.EOF) {
			err = refuse(colophon.Invalid, CodeForm)
		}
		if err != nil {
			return nil, err
		}
		u.Keep = !wanted || in.Key != ""
		if fresh, err = s.Intake.Take(ctx, who.by, u, files.last(body)); err != nil {
			return nil, err
		}
		v := viewIntake(printer(who.language), fresh.Entry, &fresh.Detail)
		return &v, nil
	})
	if err != nil {
		return nil, err
	}
	if replayed {
		if err := files.same(made.Before); err != nil {
			return nil, err
		}
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		if replayed {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		w.Header().Set("Location", "/v1/intake/"+made.ID)
		if fresh != nil {
			defer fresh.Close()
		}
		switch {
		case wanted && made.Action == intake.Refused:
			s.fail(w, r, refuse(colophon.Refused, intake.CodeRecalled))
		case !wanted:
			writeJSON(w, http.StatusCreated, made)
		case fresh != nil && !fresh.Entry.Value.Until.IsZero(), fresh == nil && made.After != "":
			s.sendIntake(w, r, made.ID, http.StatusCreated)
		case fresh == nil: // the file is as the one that came again
			s.fail(w, r, refuse(colophon.Missing, intake.CodeUnchanged))
		default:
			describeIntake(w.Header(), fresh.Entry)
			w.WriteHeader(http.StatusCreated)
			copyOut(w, io.NewSectionReader(fresh.Source, 0, fresh.Source.Size()))
		}
	}), nil
}

// last is the one file of a request. Whatever follows it in a form is an error.
func (f *form) last(body io.Reader) io.Reader {
	part, ok := body.(*multipart.Part)
	if !ok {
		return body
	}
	return &only{part, f.parts, f.body}
}

// same reads the file of a replay and compares it with that of the first request.
func (f *form) same(before string) error {
	_, body, err := f.next()
	if err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f.last(body)); err != nil {
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != before {
		return refuse(colophon.Conflict, "idempotency-key-reused")
	}
	return nil
}

func copyOut(w io.Writer, r io.Reader) {
	if _, err := io.Copy(w, r); err != nil {
		panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
	}
}

// describeIntake tells of the file that follows: the one with the elements, or the upload where that stayed.
func describeIntake(h http.Header, e intake.Entry) {
	v := e.Value
	digest, size := v.After, v.Stored
	if digest == "" {
		digest, size = v.Before, v.Size
	}
	a := artefact.Artefact{Number: artefact.Number(e.ID), Format: v.Format}
	if sum, err := hex.DecodeString(digest); err == nil {
		copy(a.After[:], sum)
	}
	describe(h, a)
	h.Del("Colophon-Artefact")
	h.Set("Colophon-Intake", e.ID)
	h.Set("Colophon-Intake-State", e.State)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
}

func (s *server) sendIntake(w http.ResponseWriter, r *http.Request, id string, status int) {
	e, file, err := s.Intake.Open(r.Context(), askerOf(r.Context()).by, id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer file.Close()
	describeIntake(w.Header(), e)
	w.WriteHeader(status)
	copyOut(w, file)
}

// IntakeItem is one file of a batch: what was said of it, or why it could not be taken in.
type IntakeItem struct {
	Intake  *Intake  `json:"intake,omitempty" doc:"What was said of the file."`
	Problem *Problem `json:"problem,omitempty" doc:"Why it could not be taken in."`
}

type intakeBatchOutput struct {
	Body struct {
		Items   []IntakeItem `json:"items" nullable:"false" doc:"One for each file, in their order."`
		Stopped *Problem     `json:"stopped,omitempty" doc:"Why the form could not be read to its end. The items before were taken in."`
	}
}

type batchInput struct {
	Upload
	Declaration intake.Declaration `query:"declaration" enum:"generated,not-generated,silent" default:"silent" doc:"What holds for each file before which the field declaration does not stand."`
	Asked       bool               `query:"asked" doc:"What holds for each file before which the field asked does not stand."`
}

// takeInBatch takes the files of a form in, one after the other.
func (s *server) takeInBatch(ctx context.Context, in *batchInput) (*intakeBatchOutput, error) {
	who := askerOf(ctx)
	single := intakeInput{Upload: in.Upload, Declaration: in.Declaration, Asked: in.Asked}
	files, err := single.read()
	if err == nil && files.parts == nil {
		err = refuse(colophon.Unsupported, CodeContentType)
	}
	if err != nil {
		return nil, err
	}
	out := &intakeBatchOutput{}
	out.Body.Items = []IntakeItem{}
	for {
		u, body, err := files.next()
		if err == nil && len(out.Body.Items) == maxBatch {
			err = refuse(colophon.Invalid, CodeForm)
		}
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			out.Body.Stopped = s.problem(ctx, who.language, err)
			return out, nil
		}
		u.Keep = true
		r, err := s.Intake.Take(ctx, who.by, u, body)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			out.Body.Items = append(out.Body.Items, IntakeItem{Problem: s.problem(ctx, who.language, err)})
			continue
		}
		v := viewIntake(printer(who.language), r.Entry, &r.Detail)
		out.Body.Items = append(out.Body.Items, IntakeItem{Intake: &v})
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
}

type intakesInput struct {
	Page
	States []intake.State `query:"state,explode" nullable:"false" maxItems:"4" enum:"confirmed,possible,suspected,none" doc:"State; may be repeated."`
	Digest string         `query:"digest" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the upload, in hexadecimal."`
	Number string         `query:"number" maxLength:"128" doc:"The platform's content number."`
	Scan   string         `query:"scan" maxLength:"64" doc:"The scan that took them in."`
	Recall intake.Outcome `query:"recall" enum:"seen,could-not-tell" doc:"seen: the same content was refuted. could-not-tell: it is like content that was refuted."`
}

type intakesOutput struct {
	Body struct {
		Intakes []Intake `json:"intakes" nullable:"false" doc:"The newest first."`
		Next    string   `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) intakes(ctx context.Context, in *intakesInput) (*intakesOutput, error) {
	q := ledger.Query{Newest: true, After: in.Cursor, Limit: in.Limit}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	for name, value := range map[string]string{"before": in.Digest, "number": in.Number, "scan": in.Scan, "recall": string(in.Recall)} {
		if value != "" {
			q.Keys = append(q.Keys, ledger.Key{Name: name, Value: value})
		}
	}
	list, next, err := s.Intake.Page(ctx, q)
	out := &intakesOutput{}
	out.Body.Intakes, out.Body.Next = []Intake{}, next
	for _, e := range list {
		out.Body.Intakes = append(out.Body.Intakes, viewIntake(printer(askerOf(ctx).language), e, nil))
	}
	return out, err
}

type intakeOutput struct{ Body Intake }

func (s *server) intakeOne(ctx context.Context, in *Named) (*intakeOutput, error) {
	e, err := s.Intake.Entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	d, ok, err := s.Intake.Detail(e)
	if err != nil || !ok {
		return &intakeOutput{viewIntake(printer(askerOf(ctx).language), e, nil)}, err
	}
	return &intakeOutput{viewIntake(printer(askerOf(ctx).language), e, &d)}, nil
}

func (s *server) intakeContent(_ context.Context, in *Named) (*stream, error) {
	return streamed(func(w http.ResponseWriter, r *http.Request) { s.sendIntake(w, r, in.ID, http.StatusOK) }), nil
}

func (s *server) intakeSidecar(ctx context.Context, in *Named) (*stream, error) {
	text, err := s.Intake.Sidecar(ctx, askerOf(ctx).by, in.ID)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="`+url.PathEscape(in.ID)+label.SidecarSuffix+`"`)
		w.Write(text) //nolint:errcheck // nobody is left to be told
	}), nil
}

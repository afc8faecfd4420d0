package httpapi

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
)

// BucketScan is a scan of a bucket.
type BucketScan struct {
	ID          string             `json:"id" doc:"Identifier."`
	State       intake.ScanState   `json:"state" enum:"running,done,stopped" doc:"Where it is. A running scan goes on after a restart."`
	Bucket      string             `json:"bucket" doc:"Name of the bucket in the settings."`
	Prefix      string             `json:"prefix,omitempty" doc:"Which files; absent in lists."`
	To          string             `json:"to,omitempty" doc:"Where files with their elements are written; absent in lists."`
	Tag         bool               `json:"tag" doc:"Whether files are tagged with state and content number."`
	Declaration intake.Declaration `json:"declaration" enum:"generated,not-generated,silent" doc:"What the uploaders said."`
	Asked       bool               `json:"asked" doc:"Whether they were asked."`
	Files       int64              `json:"files" doc:"How many files are done."`
	Bytes       int64              `json:"bytes" doc:"How many bytes they have."`
	States      map[string]int     `json:"states" doc:"How many files are in each state."`
	Troubles    int                `json:"troubles" doc:"How many files could not be taken in; the report in the bucket says which."`
	Recalled    int                `json:"recalled" doc:"How many files are content that was refuted."`
	Alike       int                `json:"alike" doc:"How many files are like content that was refuted; people have to look."`
	Created     time.Time          `json:"created" doc:"When it began."`
	Changed     time.Time          `json:"changed" doc:"When it came on last."`
	Ended       *time.Time         `json:"ended,omitempty" doc:"When it ended."`
}

func viewScan(e intake.ScanEntry, w *intake.Where) BucketScan {
	s := e.Value
	v := BucketScan{ID: e.ID, State: intake.ScanState(e.State), Bucket: s.Bucket, Tag: s.Tag, Declaration: s.Declaration, Asked: s.Asked, Files: s.Files, Bytes: s.Bytes, States: map[string]int{},
		Troubles: s.Troubles, Recalled: s.Recalled, Alike: s.Alike, Created: e.Made, Changed: e.Changed, Ended: set(s.Ended)}
	for state, n := range s.States {
		v.States[string(state)] = n
	}
	if w != nil {
		v.Prefix, v.To = w.Prefix, w.To
	}
	return v
}

type beginScanInput struct {
	Keyed
	Body struct {
		Bucket      string             `json:"bucket" minLength:"1" maxLength:"64" doc:"Name of a bucket in the settings." example:"uploads"`
		Prefix      string             `json:"prefix,omitempty" maxLength:"512" doc:"Files whose keys begin with it; absent for all." example:"2026/11/"`
		To          string             `json:"to,omitempty" maxLength:"512" doc:"Prefix, with a slash at its end, under which files with their elements, label files and a report are written; absent for none." example:"labelled/"`
		Tag         bool               `json:"tag,omitempty" doc:"Tag each file with colophon-state and colophon-number."`
		Declaration intake.Declaration `json:"declaration,omitempty" enum:"generated,not-generated,silent" doc:"What the uploaders said of all these files; silent by itself."`
		Asked       bool               `json:"asked,omitempty" doc:"Whether they were asked."`
	}
}

type scanOutput struct {
	Replayed
	Body BucketScan
}

func (s *server) beginScan(ctx context.Context, in *beginScanInput) (*scanOutput, error) {
	b := in.Body
	e, err := s.Scans.Begin(ctx, askerOf(ctx).by, intake.Order{Bucket: b.Bucket, Prefix: b.Prefix, To: b.To, Tag: b.Tag, Declaration: b.Declaration, Asked: b.Asked})
	return &scanOutput{Body: viewScan(e, &intake.Where{Prefix: b.Prefix, To: b.To})}, err
}

type scansOutput struct {
	Body struct {
		Scans []BucketScan `json:"scans" nullable:"false" doc:"The newest first."`
		Next  string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

type scansInput struct {
	Page
	States []intake.ScanState `query:"state,explode" nullable:"false" maxItems:"3" enum:"running,done,stopped" doc:"State; may be repeated."`
}

func (s *server) scans(ctx context.Context, in *scansInput) (*scansOutput, error) {
	q := ledger.Query{Newest: true, After: in.Cursor, Limit: in.Limit}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	list, next, err := s.Scans.Page(ctx, q)
	out := &scansOutput{}
	out.Body.Scans, out.Body.Next = []BucketScan{}, next
	for _, e := range list {
		out.Body.Scans = append(out.Body.Scans, viewScan(e, nil))
	}
	return out, err
}

func (s *server) scan(ctx context.Context, in *Named) (*scanOutput, error) {
	return s.shownScan(s.Scans.Scan(ctx, in.ID))
}

func (s *server) shownScan(e intake.ScanEntry, err error) (*scanOutput, error) {
	if err != nil {
		return nil, err
	}
	w, err := s.Scans.Where(e)
	return &scanOutput{Body: viewScan(e, &w)}, err
}

type stopScanInput struct {
	Keyed
	Named
}

func (s *server) stopScan(ctx context.Context, in *stopScanInput) (*scanOutput, error) {
	return s.shownScan(s.Scans.Stop(ctx, askerOf(ctx).by, in.ID))
}

// AppMaterial is one file that an app made.
type AppMaterial struct {
	Digest string         `json:"digest" doc:"SHA-256, in hexadecimal."`
	Format media.Format   `json:"format,omitempty" doc:"File format, as its bytes show it."`
	Label  string         `json:"label" enum:"conforming,no-mark,not-conforming,could-not-tell" doc:"Whether its label keeps the rules."`
	Notice intake.Outcome `json:"notice" enum:"seen,not-seen,could-not-tell" doc:"Whether it shows a notice. In pictures, films and sounds another's notice is not found: a person looks."`
}

// AppMaterials is the check of an app.
type AppMaterials struct {
	ID       string        `json:"id" doc:"Identifier."`
	App      string        `json:"app" doc:"The store's identifier of the app."`
	Offers   bool          `json:"offers" doc:"Whether its provider says that it offers generation."`
	Verdict  string        `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Whether the materials keep the rules."`
	Code     colophon.Code `json:"code" doc:"Why, for programs."`
	Sentence string        `json:"sentence" doc:"Why, in the language that was asked for."`
	Files    []AppMaterial `json:"files" nullable:"false" doc:"Each file."`
	Created  time.Time     `json:"created" doc:"When it was checked."`
}

func viewMaterials(say *locale.Printer, e intake.MaterialEntry) AppMaterials {
	v := AppMaterials{ID: e.ID, App: e.Value.App, Offers: e.Value.Offers, Verdict: e.Value.Verdict, Code: e.Value.Code, Sentence: say.Code(e.Value.Code, nil), Files: []AppMaterial{}, Created: e.Made}
	for _, m := range e.Value.Materials {
		v.Files = append(v.Files, AppMaterial{m.Digest, m.Format, m.Labels, m.Notice})
	}
	return v
}

type materialsInput struct {
	Upload
	App    string `query:"app" maxLength:"128" doc:"The store's identifier of the app. In a form it may stand as a field before the first file."`
	Offers string `query:"offers" enum:"true,false" doc:"Whether its provider says that it offers generation. In a form it may stand as a field before the first file."`
}

type materialsOutput struct{ Body AppMaterials }

// checkMaterials checks the files of a form.
func (s *server) checkMaterials(ctx context.Context, in *materialsInput) (*materialsOutput, error) {
	single := intakeInput{Upload: in.Upload}
	files, err := single.read()
	if err == nil && files.parts == nil {
		err = refuse(colophon.Unsupported, CodeContentType)
	}
	if err != nil {
		return nil, err
	}
	u, body, err := files.next() // the fields stand before the first file
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	st := intake.Statement{App: in.App}
	if app := files.more["app"]; app != "" {
		st.App = app
	}
	if text := files.more["offers"]; text != "" {
		in.Offers = text
	}
	if st.Offers, err = strconv.ParseBool(in.Offers); err != nil {
		return nil, invalid("form.offers", "expected boolean")
	}
	e, err := s.Materials.Check(ctx, askerOf(ctx).by, st, func() (string, io.Reader, error) {
		name, now := u.Name, body
		if now == nil {
			var next intake.Upload
			if next, now, err = files.next(); err != nil {
				return "", nil, err
			}
			name = next.Name
		}
		body = nil
		return name, now, nil
	})
	if err != nil {
		return nil, err
	}
	return &materialsOutput{viewMaterials(printer(askerOf(ctx).language), e)}, nil
}

func (s *server) material(ctx context.Context, in *Named) (*materialsOutput, error) {
	e, err := s.Materials.Book.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &materialsOutput{viewMaterials(printer(askerOf(ctx).language), e)}, nil
}

type materialsListInput struct {
	Page
	App string `query:"app" maxLength:"128" doc:"The store's identifier of the app."`
}

type materialsListOutput struct {
	Body struct {
		Materials []AppMaterials `json:"materials" nullable:"false" doc:"The newest first."`
		Next      string         `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) materials(ctx context.Context, in *materialsListInput) (*materialsListOutput, error) {
	q := ledger.Query{Newest: true, After: in.Cursor, Limit: in.Limit}
	if in.App != "" {
		q.Keys = []ledger.Key{{Name: "app", Value: in.App}}
	}
	list, next, err := s.Materials.Book.Page(ctx, q)
	out := &materialsListOutput{}
	out.Body.Materials, out.Body.Next = []AppMaterials{}, next
	for _, e := range list {
		out.Body.Materials = append(out.Body.Materials, viewMaterials(printer(askerOf(ctx).language), e))
	}
	return out, err
}

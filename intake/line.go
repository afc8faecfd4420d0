package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
)

// Config is what a Line is made of. All fields are required but Key, Seals, Detectors,
// Recalls, Rule and Report.
type Config struct {
	Entries  ledger.Store[Taken]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Accounts production.Accounts
	Network  production.NetworkLog
	Blobs    production.Blobs
	Spool    func() (production.Temporary, error)
	// Platform is the platform's code or name in labels; without one nothing is taken in.
	Platform string
	Key      *label.SigningKey // seals the platform's fields; nil for none
	Seals    []label.PublicKey // check the seals of labels
	// Detectors look for traces in files that have no label and that nobody declares.
	Detectors []Detector
	Patience  time.Duration // for one detector, and for Recalls; 0 for 20 seconds
	Keep      time.Duration // for how long a file with its elements can be fetched
	MaxSize   int64         // bytes of a file
	AtOnce    int           // files that are worked on at the same time
	// Recalls knows what was refuted; nil where nobody looks for that.
	Recalls Recalls
	Rule    Rule // for what is certainly the same; empty for RuleFlag
	// Report takes faults that stop nothing; nil drops them.
	Report func(ctx context.Context, err error)
}

// Line takes files in. It is safe for use by many goroutines.
type Line struct {
	c     Config
	book  ledger.Book[Taken]
	slots chan struct{}
}

// NewLine makes a line.
func NewLine(c Config) *Line {
	if c.Patience <= 0 {
		c.Patience = 20 * time.Second
	}
	return &Line{c: c, slots: make(chan struct{}, max(1, c.AtOnce)),
		book: ledger.Book[Taken]{Store: c.Entries, Recorder: c.Recorder, Keys: c.Keys, Use: "colophon/intake/v1\x00", Missing: CodeMissing}}
}

// Result is a file that was taken in, with its elements where it got any.
type Result struct {
	Entry  Entry
	Detail Detail
	// Source is the file to publish: with the platform's elements, or as it came. It is good until Close.
	Source media.Source

	in, out production.Temporary
}

// Changed reports whether the file to publish is another than the one that came.
func (r *Result) Changed() bool { return r.out != nil }

// Close gives the files up.
func (r *Result) Close() error {
	var err error
	for _, t := range []production.Temporary{r.in, r.out} {
		if t != nil {
			err = errors.Join(err, t.Close())
		}
	}
	return err
}

// Take takes a file in: it is judged, gets the platform's elements, is read back, and recorded. Whoever calls closes the
// result.
func (l *Line) Take(ctx context.Context, by production.By, u Upload, body io.Reader) (r *Result, err error) {
	if l.c.Platform == "" {
		return nil, noPlatform()
	}
	if field := u.check(); field != "" {
		return nil, invalid(field)
	}
	if len(u.Account) > production.MaxAccount || !utf8.ValidString(u.Account) {
		return nil, invalid("account")
	}
	subject := evidence.System
	if u.Account != "" {
		if subject, err = l.c.Accounts.Subject(ctx, u.Account); err != nil {
			return nil, err
		}
	}
	logged := make(chan error, 1)
	if u.scan != "" { // which was logged when somebody asked for it
		logged <- nil
	} else {
		go func() { logged <- l.c.Network.Log(ctx, subject, "intake.take", by) }()
	}
	r = &Result{Entry: Entry{Subject: subject, Value: Taken{Declaration: u.Declaration, Asked: u.Asked, Scan: u.scan}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
			r = nil
		}
	}()
	traces, digest, err := l.receive(r, body)
	if err != nil {
		return r, errors.Join(err, <-logged)
	}
	if err = l.work(ctx, r, &u, traces, digest); err == nil && u.Deliver != nil {
		err = u.Deliver(r)
	}
	if err = errors.Join(err, <-logged); err != nil {
		return r, err
	}
	return r, l.record(ctx, by, r, &u)
}

// receive spools the file. Its digest and its metadata's terms are taken on the way.
func (l *Line) receive(r *Result, body io.Reader) (*label.Terms, artefact.Digest, error) {
	var digest artefact.Digest
	var err error
	if r.in, err = l.c.Spool(); err != nil {
		return nil, digest, err
	}
	hash, traces := sha256.New(), &label.Terms{}
	n, err := io.Copy(io.MultiWriter(r.in, hash, traces), io.LimitReader(body, l.c.MaxSize+1))
	switch {
	case err != nil:
		return nil, digest, err
	case n == 0:
		return nil, digest, &colophon.Error{Kind: colophon.Invalid, Code: production.CodeEmpty}
	case n > l.c.MaxSize:
		return nil, digest, &colophon.Error{Kind: colophon.Invalid, Code: production.CodeTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(l.c.MaxSize, 10)}}
	}
	hash.Sum(digest[:0])
	r.Source = r.in.Source()
	r.Entry.Value.Size, r.Entry.Value.Before = n, hex.EncodeToString(digest[:])
	return traces, digest, nil
}

// work judges a file and puts the platform's elements on it.
func (l *Line) work(ctx context.Context, r *Result, u *Upload, traces *label.Terms, digest artefact.Digest) error {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	opts := label.Options{Name: u.Name, Pinned: l.c.Seals, Sidecar: u.Sidecar}
	report, err := label.Read(r.Source, opts)
	if err != nil {
		return err
	}
	sample := Sample{r.Source, report.Format, digest}
	refuted := l.recall(ctx, sample, report)
	seen := reasonOf(traces, report.Format)
	if NeedsDetectors(report, u.Declaration) {
		seen = append(seen, detect(ctx, l.c.Detectors, sample, l.c.Patience)...)
	}
	j := Judge(report, u.Declaration, u.Asked, seen)
	v := &r.Entry.Value
	r.Entry.State, v.Format, v.Complete, v.Action = string(j.State), report.Format, j.Complete, Left
	r.Detail.Reasons = j.Reasons
	notes(r, j.Findings)
	if l.tell(r, refuted()) || j.State == None {
		return nil
	}
	return l.mark(r, u, j.State, opts, len(report.Marks) > 0)
}

// mark plans the platform's elements, writes them and reads them back. A file that can't carry them stays as it is, and a
// finding says why.
func (l *Line) mark(r *Result, u *Upload, state State, opts label.Options, labelled bool) error {
	req := label.Request{Options: opts, NewID: l.c.Recorder.NewID, Key: l.c.Key,
		Propagation: &label.Propagation{Propagator: l.c.Platform, ID: u.Number, State: state.value()}}
	plan, err := label.Prepare(r.Source, req)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == label.CodeNotRecognised { // whose label can only stand beside it
		req.Place = media.PlaceSidecar
		plan, err = label.Prepare(r.Source, req)
	}
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		notes(r, []colophon.Finding{{Code: FindingNoElements, Level: colophon.Doubt, Clause: colophon.ClauseLM6, Offset: -1, Args: colophon.Args{"why": string(e.Code)}}})
		return nil
	}
	if err != nil {
		return err
	}
	var side media.Source
	if plan.Edit != nil {
		if r.out, err = l.c.Spool(); err != nil {
			return err
		}
		hash := sha256.New()
		if err := plan.Edit.Apply(io.MultiWriter(r.out, hash), r.Source); err != nil {
			return err
		}
		r.Source = r.out.Source()
		r.Entry.Value.After, r.Entry.Value.Stored = hex.EncodeToString(hash.Sum(nil)), r.Source.Size()
	} else if plan.Sidecar != nil {
		side = media.Memory(plan.Sidecar)
	}
	if err := plan.ReadBack(r.Source, side); err != nil {
		return err
	}
	v := &r.Entry.Value
	v.Place, v.Number, r.Detail.Sidecar = plan.Place, plan.Fields.PropagateID, string(plan.Sidecar)
	fields := plan.Fields
	r.Detail.Fields = &fields
	switch {
	case plan.Action == label.Beside:
		v.Action = Beside
	case labelled:
		v.Action = Propagated
	default:
		v.Action = Labelled
	}
	notes(r, added(r.Detail.Findings, plan.Findings))
	return nil
}

// added are findings that are not told yet.
func added(told []Note, findings []colophon.Finding) (fresh []colophon.Finding) {
	known := map[colophon.Code]bool{}
	for _, n := range told {
		known[n.Code] = true
	}
	for _, f := range findings {
		if !known[f.Code] {
			fresh = append(fresh, f)
		}
	}
	return fresh
}

func notes(r *Result, findings []colophon.Finding) {
	for _, f := range findings {
		r.Detail.Findings = append(r.Detail.Findings, Note{f.Code, f.Level.String(), f.Clause, f.Args})
		r.Entry.Value.Findings = append(r.Entry.Value.Findings, f.Code)
	}
}

// record keeps the file where it is to be fetched, and the entry with its record.
func (l *Line) record(ctx context.Context, by production.By, r *Result, u *Upload) error {
	v := &r.Entry.Value
	r.Entry.Keys = []ledger.Key{{Name: "before", Value: v.Before}}
	for name, value := range map[string]string{"number": v.Number, "after": v.After, "scan": v.Scan} {
		if value != "" {
			r.Entry.Keys = append(r.Entry.Keys, ledger.Key{Name: name, Value: value})
		}
	}
	if v.Recall == Seen || len(r.Detail.Recalls) > 0 {
		r.Entry.Keys = append(r.Entry.Keys, ledger.Key{Name: "recall", Value: string(v.Recall)})
	}
	if u.once != "" {
		r.Entry.Keys = append(r.Entry.Keys, ledger.Key{Name: "object", Value: u.once, Unique: true})
	}
	if u.Keep && r.Changed() {
		ref, err := l.c.Blobs.Put(ctx, io.NewSectionReader(r.Source, 0, r.Source.Size()))
		if err != nil {
			return err
		}
		v.Blob, v.Until = ref, l.book.Now().Add(l.c.Keep)
		r.Entry.Due = v.Until
		r.Entry.Keys = append(r.Entry.Keys, ledger.Key{Name: "blob", Value: ref})
	}
	if !u.Keep && v.Action != Refused {
		v.Deliveries = 1
	}
	e, err := l.book.Add(ctx, r.Entry, r.Detail, ledger.Act{Type: RecordTaken, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseLM6}, Payload: struct {
		By    string `json:"by,omitempty"`
		State string `json:"state"`
		Taken
		Detail Detail `json:"detail"`
	}{by.ID, r.Entry.State, *v, r.Detail}})
	r.Entry = e
	return err
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func noPlatform() error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodePlatform, Clauses: []colophon.Clause{colophon.ClauseLM6}}
}

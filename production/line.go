package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

const (
	// originalUse keeps the key of an original from being opened as something else.
	originalUse = "colophon/original/v1\x00"
	// sourceType is the IPTC term for content that a trained model made.
	sourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
	// Waiting is for how long the bytes of an item wait to be marked by a job, or for a person's decision.
	Waiting = 7 * 24 * time.Hour
	// page is how many artefacts or references one step of Sweep takes.
	page = 100
	// maxExtension is the longest extension that is kept of a file's name while it waits, with its dot.
	maxExtension = 10
)

// Line is the worker of this package. It is safe for use by many goroutines.
type Line struct {
	c     Config
	slots chan struct{} // one for each item that is being marked
}

// NewLine makes a line.
func NewLine(c Config) *Line { return &Line{c, make(chan struct{}, max(1, c.AtOnce))} }

// received is what came in, in a temporary file.
type received struct {
	file    Temporary
	src     media.Source
	subject evidence.Subject
	digest  artefact.Digest
	logged  chan error
}

// receive spools a body, and has the network log write the operation meanwhile.
func (l *Line) receive(ctx context.Context, by By, operation, account string, body io.Reader) (*received, error) {
	in := &received{subject: evidence.System, logged: make(chan error, 1)}
	var err error
	if account != "" {
		if in.subject, err = l.c.Accounts.Subject(ctx, account); err != nil {
			return nil, err
		}
	}
	go func() { in.logged <- l.c.Network.Log(ctx, in.subject, operation, by) }()
	if in.file, err = l.c.Spool(); err != nil {
		return nil, err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(in.file, hash), io.LimitReader(body, l.c.MaxSize+1))
	switch {
	case err != nil:
	case n == 0:
		err = &colophon.Error{Kind: colophon.Invalid, Code: CodeEmpty}
	case n > l.c.MaxSize:
		err = tooLarge(l.c.MaxSize)
	}
	if err != nil {
		in.file.Close()
		return nil, err
	}
	in.src = in.file.Source()
	hash.Sum(in.digest[:0])
	return in, nil
}

// Produce enters what a function produced, marks it, reads the marks back and stores it. The artefact that it returns may
// be handed out by Open. An item that could not be marked stays as a failed one.
func (l *Line) Produce(ctx context.Context, by By, o Order, body io.Reader) (artefact.Artefact, error) {
	if err := checkAccount(o.Account); err != nil {
		return artefact.Artefact{}, err
	}
	in, err := l.receive(ctx, by, "artefact.create", o.Account, body)
	if err != nil {
		return artefact.Artefact{}, err
	}
	defer in.file.Close()
	before, there, err := l.earlier(ctx, &o, in.digest)
	if err != nil || there && (before.State != artefact.Received || before.Work != nil) { // a job that judges has the latter
		return before, errors.Join(err, <-in.logged)
	}
	number, err := l.fresh(o)
	if err != nil {
		return artefact.Artefact{}, err
	}
	free, err := l.slot(ctx)
	if err != nil {
		return artefact.Artefact{}, err
	}
	defer free()
	plan, err := l.prepare(ctx, in.src, o, number, nil)
	if err != nil {
		return artefact.Artefact{}, err
	}
	if there { // whoever began it died, or is still at it
		return l.resume(ctx, by, in, plan, o, before, free)
	}
	entry := artefact.Artefact{Number: l.number(plan, number), Function: function(o), Model: o.Use.Model, Account: in.subject, Format: plan.Format, Size: in.src.Size(),
		Before: in.digest, Parents: o.Parents}
	work, over, err := l.admit(ctx, Asked{By: by.Role, Number: entry.Number, Subject: in.subject, Function: o.Function, Use: o.Use})
	if err != nil {
		return artefact.Artefact{}, errors.Join(err, <-in.logged)
	}
	defer over()
	answer, err := l.judge(work, Question{by.Role, entry.Number, in.subject, o.Function, plan.Format, in.src})
	if err != nil {
		return artefact.Artefact{}, errors.Join(stopped(ctx, work, err), <-in.logged)
	}
	if answer.Wait {
		return l.hold(ctx, by, in, o, entry)
	}
	if l.c.KeepOriginals > 0 {
		if entry.Original, err = l.keep(ctx, in.src, in.subject, l.c.KeepOriginals); err != nil {
			return artefact.Artefact{}, err
		}
	}
	entered := make(chan error, 1) // while the marks are put on
	go func() {
		_, err := l.c.Register.New(ctx, by.Role, entry)
		entered <- err
	}()
	marking, err := l.make(work, in.src, plan, o, entry, free)
	if err := <-entered; err != nil {
		return artefact.Artefact{}, err
	}
	var done artefact.Artefact
	if err = errors.Join(stopped(ctx, work, err), <-in.logged); err == nil {
		done, err = l.marked(ctx, by.Role, entry.Number, marking)
	}
	if err != nil {
		return entry, l.fail(ctx, by.Role, entry.Number, err)
	}
	return done, nil
}

// resume goes on with an item whose process died before it was marked.
func (l *Line) resume(ctx context.Context, by By, in *received, plan *stamp.Plan, o Order, a artefact.Artefact, free func()) (artefact.Artefact, error) {
	work, over, err := l.admit(ctx, Asked{By: by.Role, Number: a.Number, Subject: in.subject, Function: o.Function, Use: o.Use, Again: true})
	if err != nil {
		return artefact.Artefact{}, errors.Join(err, <-in.logged)
	}
	defer over()
	done, err := l.mark(work, by.Role, in.src, plan, o, a, free)
	return done, errors.Join(stopped(ctx, work, err), <-in.logged)
}

// Accept enters what a function produced for a job to mark: the store enqueues it with the artefact (artefact.Work). The
// bytes wait sealed.
func (l *Line) Accept(ctx context.Context, by By, o Order, body io.Reader) (artefact.Artefact, error) {
	if err := checkAccount(o.Account); err != nil {
		return artefact.Artefact{}, err
	}
	in, err := l.receive(ctx, by, "artefact.create", o.Account, body)
	if err != nil {
		return artefact.Artefact{}, err
	}
	defer in.file.Close()
	report, err := label.Read(in.src, label.Options{Name: o.Name})
	if err != nil {
		return artefact.Artefact{}, err
	}
	if report.Format == media.Unknown {
		return artefact.Artefact{}, &colophon.Error{Kind: colophon.Unsupported, Code: CodeFormat}
	}
	if before, there, err := l.earlier(ctx, &o, in.digest); there || err != nil {
		return before, errors.Join(err, <-in.logged)
	}
	number, err := l.fresh(o)
	if err != nil {
		return artefact.Artefact{}, err
	}
	_, over, err := l.admit(ctx, Asked{By: by.Role, Number: artefact.Number(number), Subject: in.subject, Function: o.Function, Use: o.Use})
	if err != nil {
		return artefact.Artefact{}, errors.Join(err, <-in.logged)
	}
	over()
	entry, err := l.await(ctx, in, o, artefact.Artefact{Number: artefact.Number(number), Function: function(o), Model: o.Use.Model, Account: in.subject, Format: report.Format,
		Size: in.src.Size(), Before: in.digest, Parents: o.Parents})
	if err != nil {
		return artefact.Artefact{}, err
	}
	if err := <-in.logged; err != nil {
		return artefact.Artefact{}, err
	}
	if entry, err = l.c.Register.New(ctx, by.Role, entry); err != nil {
		return entry, err
	}
	return l.c.Register.Artefact(ctx, entry.Number) // with the job that the store enqueued
}

// Finish marks an item that Accept entered. It may be called again after a crash; an item that is not waiting any more is
// left as it is. An error of kind Internal may pass; after any other the item stays as a failed one.
func (l *Line) Finish(ctx context.Context, n artefact.Number, progress func(done, total float64)) error {
	a, err := l.c.Register.Artefact(ctx, n)
	if err != nil || a.State != artefact.Received {
		return err
	}
	err = l.finish(ctx, a, progress)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == artefact.CodeStep { // erased while it was marked
		return nil
	}
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		return l.fail(ctx, system, n, err)
	}
	return err
}

const system evidence.Role = "system"

func (l *Line) finish(ctx context.Context, a artefact.Artefact, progress func(done, total float64)) error {
	if a.Work == nil {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeNotKept}
	}
	var o Order
	if err := json.Unmarshal(a.Work.Order, &o); err != nil {
		return err
	}
	src, err := l.original(ctx, a)
	if err != nil {
		return err
	}
	defer src.Close()
	work, over, err := l.admit(ctx, Asked{By: system, Number: a.Number, Subject: a.Account, Function: o.Function, Use: o.Use, Again: true})
	if err != nil {
		return err
	}
	defer over()
	return stopped(ctx, work, l.complete(work, a, o, src, progress))
}

// complete judges and marks an item that was admitted.
func (l *Line) complete(ctx context.Context, a artefact.Artefact, o Order, src File, progress func(done, total float64)) error {
	if on, err := l.judgeAll(ctx, a, o, src); err != nil || !on {
		return err
	}
	plan, err := l.prepare(ctx, src, o, string(a.Number), progress)
	if err != nil {
		return err
	}
	if l.number(plan, string(a.Number)) != a.Number { // it bears a label of ours, so it was made before
		return &colophon.Error{Kind: colophon.Conflict, Code: artefact.CodeExists}
	}
	_, err = l.mark(ctx, system, src, plan, o, a, func() {})
	return err
}

// slot waits until an item may be marked. The function that it returns gives the place back; it may be called twice.
func (l *Line) slot(ctx context.Context) (free func(), err error) {
	select {
	case l.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-l.slots }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// prepare plans the marks of an item. The bytes are not written yet. Where the notice is a must and would be left out,
// because it would break a signature in the file, the item is refused: anybody can write what looks like a signature.
func (l *Line) prepare(ctx context.Context, src media.Source, o Order, number string, progress func(done, total float64)) (*stamp.Plan, error) {
	policy, err := o.Function.Policy()
	if err != nil {
		return nil, err
	}
	plan, err := l.c.Press.Prepare(ctx, src, stamp.Request{Function: o.Function, Notice: o.Notice, Progress: progress, Label: label.Request{
		Options: label.Options{Name: o.Name}, Fields: label.Fields{Label: label.Belongs, ContentProducer: l.c.Producer, ProduceID: number},
		Key: l.c.Key, Rand: l.c.Rand, DigitalSourceType: sourceType, AllowBreakSignature: l.c.BreakSignatures,
	}})
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == ffmpeg.CodeMissing { // nothing is wrong with the content
		return nil, &colophon.Error{Code: ffmpeg.CodeMissing, Args: e.Args, Err: err}
	}
	if err == nil && plan.Action == label.Kept {
		err = l.trust(src, o)
	}
	if err == nil && policy.Required && plan.Notice.State != stamp.Put && plan.Notice.State != stamp.There {
		return nil, &colophon.Error{Kind: colophon.Refused, Code: stamp.CodeRequired, Args: colophon.Args{"function": string(policy.Function)},
			Clauses: []colophon.Clause{colophon.ClauseDS17, colophon.ClauseLM4}}
	}
	return plan, err
}

// fresh is the number of an order, or a new one.
func (l *Line) fresh(o Order) (string, error) {
	if o.Number != "" {
		return string(o.Number), nil
	}
	return l.c.Recorder.NewID()
}

// earlier returns the item that the same order entered before, if there is one. One that failed is left as it is, and the
// order goes on under its next number: whoever sends an order again because it failed means it.
func (l *Line) earlier(ctx context.Context, o *Order, digest artefact.Digest) (a artefact.Artefact, there bool, err error) {
	if o.Number == "" {
		return a, false, nil
	}
	first := o.Number
	for again := 2; ; again++ {
		a, err = l.c.Register.Artefact(ctx, o.Number)
		var e *colophon.Error
		switch {
		case errors.As(err, &e) && e.Kind == colophon.Missing:
			return artefact.Artefact{}, false, nil
		case err == nil && a.Before != digest:
			err = &colophon.Error{Kind: colophon.Conflict, Code: artefact.CodeExists}
		case err == nil && a.State == artefact.Failed:
			o.Number = first + artefact.Number("-"+strconv.Itoa(again))
			continue
		}
		return a, err == nil, err
	}
}

// extension is the extension of a file's name, by which formats are known; empty where it is none that a format has, for
// the name may tell of a person.
func extension(name string) string {
	ext := path.Ext(name)
	for _, r := range ext[min(1, len(ext)):] {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') || len(ext) > maxExtension {
			return ""
		}
	}
	return ext
}

// trust refuses content whose label names us and was not sealed by us: whoever sent it may have written the label, and
// chosen its content number. A label of somebody else is theirs, and stays.
func (l *Line) trust(src media.Source, o Order) error {
	report, err := label.Read(src, label.Options{Name: o.Name, Pinned: l.c.Seals})
	if err != nil {
		return err
	}
	for _, m := range report.Marks {
		if m.Fields.ContentProducer == l.c.Producer && (m.Fields.Label != label.Belongs || m.Seal.State != label.SealPinned) {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeStrange, Clauses: []colophon.Clause{colophon.ClauseLM10}}
		}
	}
	return nil
}

// number is the content number of an item: that of a label of ours which it carries already, or else a new one.
func (l *Line) number(plan *stamp.Plan, fresh string) artefact.Number {
	if plan.Fields.ContentProducer == l.c.Producer && plan.Fields.ProduceID != "" {
		return artefact.Number(plan.Fields.ProduceID)
	}
	return artefact.Number(fresh)
}

// mark makes the marked bytes of an item that was entered, and has the register say so.
func (l *Line) mark(ctx context.Context, role evidence.Role, src media.Source, plan *stamp.Plan, o Order, a artefact.Artefact, free func()) (artefact.Artefact, error) {
	marking, err := l.make(ctx, src, plan, o, a, free)
	if err != nil {
		return artefact.Artefact{}, err
	}
	return l.marked(ctx, role, a.Number, marking)
}

// marked has the register say that an item was marked. Where the same order was given twice and the other one was first,
// the item as it is then is the answer.
func (l *Line) marked(ctx context.Context, role evidence.Role, n artefact.Number, m artefact.Marking) (artefact.Artefact, error) {
	done, err := l.c.Register.Marked(ctx, role, n, m)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == artefact.CodeStep {
		if now, err := l.c.Register.Artefact(ctx, n); err == nil && (now.State == artefact.Marked || now.State == artefact.Delivered) {
			return now, nil
		}
	}
	return done, err
}

// make writes the planned bytes, reads them back, holds the item against what was refuted, gives its place to the next one, and
// stores them.
func (l *Line) make(ctx context.Context, src media.Source, plan *stamp.Plan, o Order, a artefact.Artefact, free func()) (m artefact.Marking, err error) {
	seeking, stop := context.WithCancel(ctx)
	before := l.liken(seeking, plan.Format, src)
	defer func() { stop(); before() }()
	written := src
	if plan.Changed() {
		file, err := l.c.Spool()
		if err != nil {
			return m, err
		}
		defer file.Close()
		if err := plan.Edit.Apply(file, src); err != nil {
			return m, err
		}
		written = file.Source()
	}
	after := before
	if plan.Notice.State == stamp.Put {
		after = l.liken(seeking, plan.Format, written)
		defer func() { stop(); after() }()
	}
	var side media.Source
	if plan.Sidecar != nil {
		side = media.Memory(plan.Sidecar)
	}
	if err := plan.ReadBack(ctx, written, side); err != nil {
		return m, err
	}
	likeness, unlikened := both(before, after)
	unlooked, err := l.outgoing(ctx, a, plan, src, likeness, unlikened)
	free()
	if err != nil {
		return m, err
	}
	marks, clauses, err := marksOf(plan, o, unlooked)
	if err != nil {
		return m, err
	}
	hash := sha256.New()
	ref, err := l.c.Blobs.Put(ctx, io.TeeReader(io.NewSectionReader(written, 0, written.Size()), hash))
	return artefact.Marking{After: artefact.Digest(hash.Sum(nil)), Size: written.Size(), Marks: marks, Blob: ref, Clauses: clauses, Likeness: likeness, Unlikened: unlikened, Watermark: payload(plan),
		EndOriginal: l.c.KeepOriginals == 0}, err
}

func marksOf(plan *stamp.Plan, o Order, unlooked colophon.Code) (json.RawMessage, []colophon.Clause, error) {
	policy, err := o.Function.Policy()
	if err != nil {
		return nil, nil, err
	}
	clauses := []colophon.Clause{colophon.ClauseLM4}
	if policy.Required {
		clauses = append(clauses, colophon.ClauseDS17)
	}
	var use *Use
	if o.Use.Function != "" || o.Use.Depicted > 0 {
		use = &o.Use
	}
	n := plan.Notice
	marks, err := json.Marshal(Marks{
		Label:     LabelMark{string(plan.Action), plan.Place, plan.Fields},
		Notice:    NoticeMark{n.State, n.Words, n.Place, n.Method, n.Ink, n.Contrast, n.Seconds, n.Around},
		Sidecar:   string(plan.Sidecar),
		Watermark: watermarkOf(plan), Credential: credentialOf(plan),
		Policy:   PolicyMark{policy.Function, append([]colophon.Clause{colophon.ClauseLM5}, clauses...), use},
		Unlooked: unlooked,
	})
	return marks, clauses, err
}

// watermarkOf is what became of the watermark; nil where none was asked for.
func watermarkOf(plan *stamp.Plan) *WatermarkMark {
	w := plan.Watermark
	if w.State == "" {
		return nil
	}
	return &WatermarkMark{State: w.State, Reason: w.Reason, Payload: hex.EncodeToString(w.Payload), Strength: w.Strength, Score: w.Score}
}

// payload is what the watermark of a stamped item says; empty where there is none.
func payload(plan *stamp.Plan) string {
	if w := plan.Watermark; w.State == stamp.Put || w.State == stamp.There {
		return hex.EncodeToString(w.Payload)
	}
	return ""
}

// credentialOf is what became of the credential; nil where none was asked for.
func credentialOf(plan *stamp.Plan) *CredentialMark {
	c := plan.Credential
	if c.State == "" {
		return nil
	}
	return &CredentialMark{State: c.State, Reason: c.Reason, Manifest: c.Manifest, Signer: c.Signer, Stamped: c.Stamped}
}

// keep stores the item as it is before the notice, under a key of its own that is sealed for the account.
func (l *Line) keep(ctx context.Context, src media.Source, subject evidence.Subject, period time.Duration) (*artefact.Original, error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(l.c.Rand, key); err != nil {
		return nil, err
	}
	sealed, err := l.c.Recorder.Seal(subject, originalUse, key)
	if err != nil {
		return nil, err
	}
	ref, err := l.c.Blobs.PutSealed(ctx, io.NewSectionReader(src, 0, src.Size()), key)
	return &artefact.Original{Blob: ref, Key: sealed, Until: time.UnixMilli(l.c.Recorder.Now()).Add(period)}, err
}

// fail has the register say why an item could not be marked, also when whoever asked has gone, and returns the reason.
func (l *Line) fail(ctx context.Context, role evidence.Role, n artefact.Number, why error) error {
	reason := CodeFailed
	var e *colophon.Error
	if errors.As(why, &e) {
		reason = e.Code
	}
	_, err := l.c.Register.Failed(context.WithoutCancel(ctx), role, n, reason)
	return errors.Join(why, err)
}

// Open opens the marked bytes of an item for whoever asks, after the delivery was recorded.
func (l *Line) Open(ctx context.Context, by By, n artefact.Number, how artefact.Channel) (*Content, error) {
	a, err := l.ready(ctx, n)
	if err != nil {
		return nil, err
	}
	file, err := l.c.Blobs.Open(ctx, a.Blob)
	if err != nil {
		return nil, err
	}
	logged := make(chan error, 1)
	go func() { logged <- l.c.Network.Log(ctx, a.Account, "artefact.deliver", by) }()
	d, err := l.c.Register.Delivered(ctx, by.Role, n, by.ID, how)
	if err = errors.Join(err, <-logged); err != nil {
		file.Close()
		return nil, err
	}
	return &Content{file, a, d}, nil
}

// Sidecar returns the label file of an item whose format can't hold the label.
func (l *Line) Sidecar(ctx context.Context, by By, n artefact.Number) ([]byte, error) {
	a, err := l.ready(ctx, n)
	if err != nil {
		return nil, err
	}
	var m Marks
	if err := json.Unmarshal(a.Marks, &m); err != nil {
		return nil, err
	}
	if m.Sidecar == "" {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNoSide}
	}
	return []byte(m.Sidecar), l.c.Network.Log(ctx, a.Account, "artefact.sidecar", by)
}

func (l *Line) ready(ctx context.Context, n artefact.Number) (artefact.Artefact, error) {
	a, err := l.c.Register.Artefact(ctx, n)
	switch {
	case err != nil:
	case a.State != artefact.Marked && a.State != artefact.Delivered:
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeNotReady, Args: colophon.Args{"state": string(a.State)}}
	case a.Blob == "" && copyKey(a) != "":
		err = noCopy(colophon.Refused, CodeCopy)
	case a.Blob == "":
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeNotKept}
	case l.c.Deliver != nil:
		err = l.c.Deliver(ctx, a)
	}
	return a, err
}

func checkAccount(id string) error {
	if id == "" || len(id) > MaxAccount || !utf8.ValidString(id) {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeAccount}
	}
	return nil
}

func tooLarge(limit int64) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(limit, 10)}}
}

func function(o Order) string {
	if o.Function == "" {
		return string(stamp.Other)
	}
	return string(o.Function)
}

package production

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// Codes of errors about copies without the notice.
const (
	CodeCopy         colophon.Code = "production-copy"          // it bears no notice, and goes to nobody but the account that asked for it
	CodeCopyNone     colophon.Code = "production-copy-none"     // this line makes no copies
	CodeCopyOriginal colophon.Code = "production-copy-original" // the item as it was before the notice is not kept
	CodeCopySidecar  colophon.Code = "production-copy-sidecar"  // the format can't hold the implicit label
	CodeCopyLabelled colophon.Code = "production-copy-labelled" // the item came with a label, under which it is known already
	CodeCopyUnread   colophon.Code = "production-copy-unread"   // the implicit label could not be read back
	CodeCopyGone     colophon.Code = "production-copy-gone"     // it was discarded, or is not kept any more
)

// CopyKept is for how long the bytes of a copy are kept. Its digest and its likeness stay.
const CopyKept = 30 * 24 * time.Hour

// CopyOrder says of which item a copy without the notice is made (Labelling Measures Art. 9 ¶2).
type CopyOrder struct {
	Key     string // the same for the same copy, always
	Account evidence.Subject
	Number  artefact.Number // of the item
}

// Copied is a copy as it was read back from the bytes that are stored.
type Copied struct {
	Artefact artefact.Artefact
	Label    artefact.Number // that the implicit label names
	Notice   stamp.State
}

// copyNumber is the content number of the copy of an order. It tells nothing of the key.
func copyNumber(key string) artefact.Number {
	sum := sha256.Sum256([]byte("colophon/copy/v1\x00" + key))
	return artefact.Number(hex.EncodeToString(sum[:16]))
}

// Copy makes a copy of an item from its kept original: with the implicit label, under a content number of its own, and without
// the notice. The bytes lie sealed for the account, where no door finds them but [Line.OpenCopy]. The same order makes nothing
// more and returns the same. An error of kind Internal may pass; after any other the copy can't be made.
func (l *Line) Copy(ctx context.Context, o CopyOrder) (Copied, error) {
	for n := copyNumber(o.Key); ; {
		a, err := l.c.Register.Artefact(ctx, n)
		if isCode(err, artefact.CodeMissing) {
			if a, err = l.enterCopy(ctx, o, n); isCode(err, artefact.CodeExists) { // by somebody else, or it was discarded
				continue
			}
		}
		if err != nil {
			return Copied{}, err
		}
		return l.finishCopy(ctx, o, a)
	}
}

func isCode(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}

func noCopy(kind colophon.Kind, code colophon.Code) error {
	return &colophon.Error{Kind: kind, Code: code, Clauses: []colophon.Clause{colophon.ClauseLM9}}
}

func handed(a artefact.Artefact) bool {
	return a.State == artefact.Marked || a.State == artefact.Delivered
}

// copied is the item that a copy is asked of. One that may not be handed out now is not copied.
func (l *Line) copied(ctx context.Context, n artefact.Number, account evidence.Subject) (artefact.Artefact, error) {
	item, err := l.c.Register.Artefact(ctx, n)
	switch {
	case err != nil:
	case item.Account != account || !handed(item):
		err = noCopy(colophon.Missing, artefact.CodeMissing)
	case l.c.Deliver != nil:
		err = l.c.Deliver(ctx, item)
	}
	return item, err
}

// enterCopy labels the original of an item and enters what came of it. The number of a copy that is entered is taken, so one of
// two who do so at the same time fails.
func (l *Line) enterCopy(ctx context.Context, o CopyOrder, n artefact.Number) (artefact.Artefact, error) {
	var none artefact.Artefact
	item, err := l.copied(ctx, o.Number, o.Account)
	switch {
	case err != nil:
		return none, err
	case l.c.Unmarked == nil:
		return none, noCopy(colophon.Refused, CodeCopyNone)
	case item.Original == nil || copyKey(item) != "":
		return none, noCopy(colophon.Missing, CodeCopyOriginal)
	}
	src, err := l.original(ctx, item)
	if err != nil {
		return none, err
	}
	defer src.Close()
	free, err := l.slot(ctx)
	if err != nil {
		return none, err
	}
	defer free()
	file, err := l.writeCopy(ctx, src, item, n)
	if err != nil {
		return none, err
	}
	defer file.Close()
	kept, err := l.keep(ctx, file.Source(), o.Account, CopyKept)
	if err != nil {
		return none, err
	}
	a, err := l.c.Register.New(ctx, system, artefact.Artefact{Number: n, Function: item.Function, Model: item.Model, Account: o.Account, Format: item.Format, Size: item.Size,
		Before: item.Before, Parents: []artefact.Number{item.Number}, Original: kept})
	if isCode(err, artefact.CodeExists) {
		return none, errors.Join(err, l.c.Blobs.Delete(ctx, kept.Blob)) // its key was drawn for it, so nobody else needs it
	}
	return a, err
}

// writeCopy writes the labelled original into a temporary file, and reads the label back.
func (l *Line) writeCopy(ctx context.Context, src media.Source, item artefact.Artefact, n artefact.Number) (Temporary, error) {
	plan, err := l.c.Unmarked.Prepare(ctx, src, stamp.Request{Function: stamp.Function(item.Function), Choice: stamp.None, Label: label.Request{
		Options: label.Options{Name: copyName(item.Format)}, Fields: label.Fields{Label: label.Belongs, ContentProducer: l.c.Producer, ProduceID: string(n)},
		Key: l.c.Key, Rand: l.c.Rand, DigitalSourceType: sourceType, AllowBreakSignature: l.c.BreakSignatures,
	}})
	switch {
	case err != nil:
		return nil, err
	case plan.Fields.ContentProducer != l.c.Producer || plan.Fields.ProduceID != string(n):
		return nil, noCopy(colophon.Refused, CodeCopyLabelled)
	case plan.Sidecar != nil || !plan.Changed():
		return nil, noCopy(colophon.Unsupported, CodeCopySidecar)
	case plan.Format != item.Format || plan.Notice.State != unnoticed(item):
		return nil, noCopy(colophon.Refused, CodeCopyUnread)
	}
	file, err := l.c.Spool()
	if err != nil {
		return nil, err
	}
	if err = plan.Edit.Apply(file, src); err == nil {
		err = plan.ReadBack(ctx, file.Source(), nil)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// unnoticed is what becomes of the notice of a copy.
func unnoticed(item artefact.Artefact) stamp.State {
	if policy, err := stamp.Function(item.Function).Policy(); err == nil && !policy.Required {
		return stamp.Offered
	}
	return stamp.Omitted
}

func copyName(f media.Format) string {
	facts, _ := media.Facts(f)
	if len(facts.Extensions) == 0 {
		return "content"
	}
	return "content" + facts.Extensions[0]
}

// copyKey is the key of the order by which a copy was made; empty for an item that is none.
func copyKey(a artefact.Artefact) string {
	var m struct {
		Copy string `json:"copy"`
	}
	if len(a.Marks) == 0 || json.Unmarshal(a.Marks, &m) != nil {
		return ""
	}
	return m.Copy
}

// finishCopy has the register say what the stored bytes of a copy are, and returns that. Of one that was finished it returns
// what the register says.
func (l *Line) finishCopy(ctx context.Context, o CopyOrder, a artefact.Artefact) (Copied, error) {
	if a.State == artefact.Received && a.Original != nil {
		m, err := l.readCopy(ctx, o, a)
		if err == nil {
			a, err = l.marked(ctx, system, a.Number, m)
		}
		var e *colophon.Error
		if errors.As(err, &e) && e.Kind != colophon.Internal && e.Code != artefact.CodeStep {
			err = l.fail(ctx, system, a.Number, err)
		}
		if err != nil && !isCode(err, artefact.CodeStep) {
			return Copied{}, err
		}
	}
	var marks Marks
	switch {
	case !handed(a) || a.Account != o.Account || copyKey(a) != o.Key:
		return Copied{}, noCopy(colophon.Missing, CodeCopyGone)
	default:
		err := json.Unmarshal(a.Marks, &marks)
		return Copied{a, artefact.Number(marks.Label.Fields.ProduceID), marks.Notice.State}, err
	}
}

// readCopy reads the stored bytes of a copy: its digest, its likeness and, which it MUST bear, its implicit label.
func (l *Line) readCopy(ctx context.Context, o CopyOrder, a artefact.Artefact) (m artefact.Marking, err error) {
	src, err := l.original(ctx, a)
	if err != nil {
		return m, err
	}
	defer src.Close()
	report, err := label.Read(src, label.Options{Name: copyName(a.Format), Pinned: l.c.Seals})
	if err != nil {
		return m, err
	}
	marks := Marks{Copy: o.Key, Notice: NoticeMark{State: unnoticed(a)}, Policy: PolicyMark{Function: stamp.Function(a.Function), Clauses: []colophon.Clause{colophon.ClauseLM5, colophon.ClauseLM9}}}
	for _, found := range report.Marks {
		if found.Fields.ContentProducer == l.c.Producer && found.Fields.ProduceID == string(a.Number) && found.Fields.Label == label.Belongs {
			marks.Label = LabelMark{Place: found.Place, Fields: found.Fields}
		}
	}
	if marks.Label.Fields.ProduceID == "" || report.Err != nil {
		return m, noCopy(colophon.Refused, CodeCopyUnread)
	}
	if marks.Watermark, err = l.bears(ctx, src, a); err != nil {
		return m, err
	}
	likeness, unlikened := l.liken(ctx, a.Format, src)()
	if l.c.Outgoing != nil {
		out := Outgoing{Number: a.Number, Numbers: []string{string(a.Number), string(o.Number)}, Before: a.Before, Format: a.Format, Source: src, Likeness: likeness, Unlikened: unlikened}
		if marks.Unlooked, err = l.c.Outgoing(ctx, out); err != nil {
			return m, err
		}
	}
	hash := sha256.New()
	if _, err = io.Copy(hash, io.NewSectionReader(src, 0, src.Size())); err != nil {
		return m, err
	}
	raw, err := json.Marshal(marks)
	m = artefact.Marking{After: artefact.Digest(hash.Sum(nil)), Size: src.Size(), Marks: raw, Clauses: []colophon.Clause{colophon.ClauseLM9}, Likeness: likeness, Unlikened: unlikened}
	if marks.Watermark != nil {
		m.Watermark = marks.Watermark.Payload
	}
	return m, err
}

// bears looks for the watermark of a copy in its bytes. It returns nil where there is none: the function gets none, or the
// content bears none.
func (l *Line) bears(ctx context.Context, src media.Source, a artefact.Artefact) (*WatermarkMark, error) {
	if l.c.Unmarked.Watermark == nil {
		return nil, nil
	}
	marker := l.c.Unmarked.Watermark.Marker
	found, err := marker.Find(ctx, src, a.Format, false)
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind == colophon.Unsupported || err == nil && !bytes.Equal(found.Payload, marker.Payload(string(a.Number))) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &WatermarkMark{State: stamp.Put, Payload: hex.EncodeToString(found.Payload), Score: found.Score}, nil
}

// DiscardCopy takes away what was made for an order. No copy is made for it from then on, nor by whoever is at it now.
func (l *Line) DiscardCopy(ctx context.Context, o CopyOrder) error {
	n := copyNumber(o.Key)
	a, err := l.c.Register.Artefact(ctx, n)
	if isCode(err, artefact.CodeMissing) {
		if a, err = l.c.Register.New(ctx, system, l.neverCopied(ctx, o, n)); isCode(err, artefact.CodeExists) {
			a, err = l.c.Register.Artefact(ctx, n)
		}
	}
	if err != nil || a.State == artefact.Erased {
		return err
	}
	return l.c.Register.Erase(ctx, system, n)
}

// neverCopied takes the number of a copy, so that nobody makes it. It is erased at once.
func (l *Line) neverCopied(ctx context.Context, o CopyOrder, n artefact.Number) artefact.Artefact {
	entry := artefact.Artefact{Number: n, Function: string(stamp.Other), Account: o.Account, Format: media.PNG, Before: sha256.Sum256([]byte(n))}
	if item, err := l.c.Register.Artefact(ctx, o.Number); err == nil {
		entry.Function, entry.Format, entry.Parents = item.Function, item.Format, []artefact.Number{item.Number}
	}
	return entry
}

// OpenCopy opens a copy for the account that asked for it, after the delivery was recorded. Who calls it MUST know that the copy
// was granted and the receipt signed.
func (l *Line) OpenCopy(ctx context.Context, by By, account evidence.Subject, n artefact.Number) (*Content, error) {
	a, err := l.c.Register.Artefact(ctx, n)
	switch {
	case err != nil:
		return nil, err
	case a.Account != account || copyKey(a) == "":
		return nil, noCopy(colophon.Missing, artefact.CodeMissing)
	case !handed(a) || a.Original == nil || len(a.Parents) != 1:
		return nil, noCopy(colophon.Missing, CodeCopyGone)
	}
	if _, err := l.copied(ctx, a.Parents[0], account); err != nil {
		return nil, err
	}
	if l.c.Deliver != nil {
		if err := l.c.Deliver(ctx, a); err != nil {
			return nil, err
		}
	}
	file, err := l.original(ctx, a)
	if err != nil {
		return nil, err
	}
	if err = l.c.Network.Log(ctx, account, "copy.deliver", by); err == nil {
		var d artefact.Delivery
		if d, err = l.c.Register.Delivered(ctx, by.Role, n, string(account), artefact.Download); err == nil {
			return &Content{file, a, d}, nil
		}
	}
	return nil, errors.Join(err, file.Close())
}

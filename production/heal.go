package production

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/label"
)

// Codes of what keeps a label from being restored, and of the finding of one that was.
const (
	CodeRestored   colophon.Code = "label-restored"         // arg "how": the file is a copy, known by that; it is no original
	CodeNotLooked  colophon.Code = "recognise-not-looked"   // such files are not looked at in this way
	CodeStrangerTo colophon.Code = "heal-unknown"           // no item of ours was found that it is a copy of
	CodeAmbiguous  colophon.Code = "heal-ambiguous"         // arg "count": items that look alike, between which nothing decides
	CodeWhole      colophon.Code = "heal-whole"             // it bears its label
	CodeOthers     colophon.Code = "heal-labelled"          // arg "producer": it bears a label that is not the item's
	CodeNoMarks    colophon.Code = "heal-erased"            // arg "state": the item has no label to restore
	CodeUnwritable colophon.Code = "heal-format"            // the file can't hold the label
	CodeUntold     colophon.Code = "heal-could-not-compare" // nothing was found, and not everything could be looked at
)

// Sure says how sure an attribution is.
type Sure string

// How sure. What is known by its likeness may be another picture of the same thing, and a watermark can be carried over by
// somebody who has a marked file.
const (
	Certain Sure = "certain" // the very bytes
	Strong  Sure = "strong"  // by a watermark, or by a sealed label that the likeness does not contradict
	Likely  Sure = "likely"  // by its likeness alone, or a label alone
)

// Healing is what is known of a file that came back.
type Healing struct {
	Size     int64
	Digest   artefact.Digest
	Report   *label.Report // of the file as it came
	Looks    []Look
	Found    []Recognised       // the surest first
	Item     *artefact.Artefact // the one that it is a copy of; nil where nothing decides
	How      How
	Sure     Sure
	Producer string // of the item's label

	// Restored is Passed where the file can bear the item's label again; Failed where it is certain that there is nothing to
	// restore, and Unknown where nobody could tell. Reason says why it is not Passed.
	Restored colophon.Verdict
	Reason   colophon.Code
	Args     colophon.Args
	Place    label.Place
	File     Temporary // with the label; the caller closes it. Nil where nothing was restored
	After    artefact.Digest
}

// Heal says what item a file is a copy of, of those that whoever asks may know of, and with give it gives the file that item's label
// again. The file itself is not kept.
func (l *Line) Heal(ctx context.Context, by By, name string, body io.Reader, give bool, may func(artefact.Artefact) bool) (*Healing, error) {
	in, err := l.receive(ctx, by, "artefact.heal", "", body)
	if err != nil {
		return nil, err
	}
	defer in.file.Close()
	h := &Healing{Size: in.src.Size(), Digest: in.digest}
	if h.Report, err = label.Read(in.src, label.Options{Name: name, Pinned: l.c.Seals}); err != nil {
		return nil, errors.Join(err, <-in.logged)
	}
	if h.Found, h.Looks, err = l.Recognise(ctx, in.src, in.digest, h.Report); err != nil {
		return nil, errors.Join(err, <-in.logged)
	}
	h.Found = slices.DeleteFunc(h.Found, func(r Recognised) bool { return !may(r.Item) })
	h.decide()
	if err = <-in.logged; err == nil && h.Item != nil {
		h.Producer = l.c.Producer
		err = l.restore(ctx, by, h, in, name, give)
	}
	return h, err
}

// between is by how many bits the nearest item has to be nearer than the next, where nothing but likeness tells.
const between = 8

// decide finds the one item that a file is a copy of.
func (h *Healing) decide() {
	if len(h.Found) == 0 {
		h.Restored, h.Reason = colophon.Failed, CodeStrangerTo
		for _, look := range h.Looks {
			if look.Told == colophon.Unknown && look.Reason != CodeNotLooked {
				h.Restored, h.Reason = colophon.Unknown, CodeUntold
			}
		}
		return
	}
	best := &h.Found[0]
	h.How = best.How[0]
	rivals := 0
	for _, other := range h.Found[1:] {
		if other.How[0] == h.How && (h.How != ByLikeness || other.Bits-best.Bits < between) {
			rivals++
		}
	}
	if rivals > 0 {
		h.Reason, h.Args = CodeAmbiguous, colophon.Args{"count": strconv.Itoa(rivals + 1)}
		return
	}
	h.Item = &best.Item
	switch {
	case h.How == ByDigest:
		h.Sure = Certain
	case h.How == ByWatermark, h.How == ByLabel && best.By(ByLikeness) && h.sealed():
		h.Sure = Strong
	default:
		h.Sure = Likely
	}
}

// sealed reports whether the label of the item in the file bears a seal of ours.
func (h *Healing) sealed() bool {
	return slices.ContainsFunc(h.Report.Marks, func(m label.Mark) bool {
		return m.Fields.ProduceID == string(h.Item.Number) && m.Seal.State == label.SealPinned
	})
}

// restore gives a file the label of its item, as that stands in the item's marks, and reads it back.
func (l *Line) restore(ctx context.Context, by By, h *Healing, in *received, name string, give bool) error {
	cannot := func(v colophon.Verdict, why colophon.Code, args colophon.Args) error {
		h.Restored, h.Reason, h.Args = v, why, args
		return nil
	}
	for _, m := range h.Report.Marks {
		if m.Fields.ProduceID != string(h.Item.Number) || m.Fields.ContentProducer != l.c.Producer {
			return cannot(colophon.Failed, CodeOthers, colophon.Args{"producer": m.Fields.ContentProducer})
		}
	}
	var marks Marks
	switch {
	case len(h.Report.Marks) > 0:
		return cannot(colophon.Failed, CodeWhole, nil)
	case h.Item.State != artefact.Marked && h.Item.State != artefact.Delivered:
		return cannot(colophon.Failed, CodeNoMarks, colophon.Args{"state": string(h.Item.State)})
	}
	if err := json.Unmarshal(h.Item.Marks, &marks); err != nil {
		return err
	}
	plan, err := label.Prepare(in.src, label.Request{Options: label.Options{Name: name}, Fields: marks.Label.Fields, DigitalSourceType: sourceType})
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		return cannot(colophon.Unknown, e.Code, e.Args)
	}
	if err != nil {
		return err
	}
	if plan.Edit == nil {
		return cannot(colophon.Unknown, CodeUnwritable, nil)
	}
	h.Place, h.Restored, h.Reason, h.Args = plan.Place, colophon.Passed, CodeRestored, colophon.Args{"how": string(h.How)}
	if !give {
		return nil
	}
	file, err := l.c.Spool()
	if err != nil {
		return err
	}
	hash := sha256.New()
	if err = plan.Edit.Apply(io.MultiWriter(file, hash), in.src); err == nil {
		err = plan.ReadBack(file.Source(), nil)
	}
	hash.Sum(h.After[:0])
	if err == nil {
		err = l.c.Register.Restored(ctx, by.Role, h.Item.Number, string(h.How), h.Digest, h.After)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	h.File = file
	return nil
}

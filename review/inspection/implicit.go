package inspection

import (
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

// labels answers for the implicit label and for what a platform adds to it.
func (l *look) labels(failed error) {
	r := l.read
	if len(r.Marks) == 0 {
		l.unlabelled(failed)
		return
	}
	first := r.Marks[0]
	yes := found(LabelThere, "place", string(first.Place), "number", first.Fields.ProduceID)
	l.add("implicit-label", Passed, yes).Proof = proofOf(first, "ProduceID", first.Fields.ProduceID)
	l.one()
	for _, m := range r.Marks {
		l.elements(m)
		l.format(m)
		l.code(m)
		l.place(m)
		l.seal(m, "ReservedCode1", m.Fields.ReservedCode1, m.Seal)
		l.seal(m, "ReservedCode2", m.Fields.ReservedCode2, m.Seal2)
		l.propagation(m)
	}
}

// proofOf is where a field of a label stands.
func proofOf(m label.Mark, field, value string) Proof {
	p := Proof{Place: string(m.Place), Field: field, Value: clip(value)}
	if m.Offset >= 0 {
		at := m.Offset
		p.Offset = &at
	}
	return p
}

// unlabelled answers for a file in which no label was found.
func (l *look) unlabelled(failed error) {
	r := l.read
	for _, f := range r.Findings {
		if f.Code == label.CodeKeyUnreadable { // a key of the label, and no label under it
			c := Check{Code: f.Code, Args: f.Args, Proof: Proof{Place: f.Args["place"]}}
			if f.Offset >= 0 {
				at := f.Offset
				c.Proof.Offset = &at
			}
			l.add("implicit-label", Failed, c)
			return
		}
	}
	outcome, c := Failed, found(LabelNone)
	switch {
	case failed != nil || r.Err != nil || r.Conformity() != label.Unmarked:
		outcome, c = Untold, found(LabelUnread)
		var e *colophon.Error
		if errors.As(errors.Join(failed, r.Err), &e) && e.Kind != colophon.Internal {
			c = Check{Code: e.Code, Args: e.Args}
		}
	case len(l.places) == 0:
		outcome, c = Untold, found(LabelNoPlace, "format", string(r.Format))
	case !l.file.Generated:
		outcome, c = Untold, withLook(found(NotGenerated), LookSource)
	}
	l.add("implicit-label", outcome, c)
	if l.Platform != "" && outcome == Failed {
		l.add("propagation-elements", Failed, found(LabelNone))
	}
}

// one answers for the number of labels.
func (l *look) one() {
	for _, f := range l.read.Findings {
		if f.Code == label.CodeTwoLabels {
			c := Check{Code: f.Code, Args: f.Args}
			if last := l.read.Marks[len(l.read.Marks)-1]; last.Offset >= 0 {
				c.Proof = proofOf(last, "", "")
			}
			l.add("implicit-one", Failed, c)
			return
		}
	}
	if l.read.Err != nil {
		l.add("implicit-one", Untold, found(LabelUnread))
		return
	}
	l.add("implicit-one", Passed, found(LabelOne))
}

// elements answers for the three things that a label has to say.
func (l *look) elements(m label.Mark) {
	for _, e := range []struct{ field, value string }{{"Label", m.Fields.Label}, {"ContentProducer", m.Fields.ContentProducer}, {"ProduceID", m.Fields.ProduceID}} {
		if e.value == "" {
			l.add("implicit-elements", Failed, found(ElementsLack, "field", e.field)).Proof = proofOf(m, e.field, "")
			return
		}
	}
	l.add("implicit-elements", Passed, found(ElementsGood)).Proof = proofOf(m, "Label", m.Fields.Label)
}

// format answers for Annex E, by what the reader of labels found. What readers in the field tolerate an inspector may not.
func (l *look) format(m label.Mark) {
	good := true
	for _, f := range m.Findings {
		if f.Clause != colophon.ClauseGBE || f.Level == colophon.Note {
			continue
		}
		outcome := Untold
		if f.Level == colophon.Breach {
			outcome = Failed
		}
		good = false
		l.add("implicit-format", outcome, Check{Code: f.Code, Args: f.Args, Proof: proofOf(m, f.Args["field"], "")})
	}
	if good {
		l.add("implicit-format", Passed, found(FormatGood)).Proof = proofOf(m, "", "")
	}
}

// code answers for the provider code, where there is one.
func (l *look) code(m label.Mark) {
	for _, f := range m.Findings {
		if f.Code == label.CodeProviderCode {
			l.add("implicit-code", Failed, Check{Code: f.Code, Args: f.Args, Proof: proofOf(m, f.Args["field"], "")})
			return
		}
	}
	if m.Fields.ContentProducer == "" {
		return
	}
	c := found(CodeGood, "field", "ContentProducer")
	if _, err := label.ParseCode(m.Fields.ContentProducer); err != nil {
		c.Code = CodeName
	}
	l.add("implicit-code", Passed, c).Proof = proofOf(m, "ContentProducer", "")
}

// place answers for where the label stands.
func (l *look) place(m label.Mark) {
	proof := proofOf(m, "", "")
	for _, f := range m.Findings {
		if f.Clause == colophon.ClausePGPlace && f.Level > colophon.Note {
			l.add("implicit-place", Untold, Check{Code: f.Code, Args: f.Args, Proof: proof})
			return
		}
	}
	switch {
	case l.standard(m.Place):
		l.add("implicit-place", Passed, found(PlaceStandard, "place", string(m.Place))).Proof = proof
	case m.Place == media.PlaceSidecar:
		l.add("implicit-place", Untold, found(PlaceOther, "place", string(m.Place))).Proof = proof
	default:
		l.add("implicit-place", Failed, found(PlaceOther, "place", string(m.Place))).Proof = proof
	}
}

// seal answers for a reserved code that holds something. That none is there breaks nothing.
func (l *look) seal(m label.Mark, field, value string, s label.SealReport) {
	if value == "" {
		return
	}
	proof := proofOf(m, field, "")
	switch s.State {
	case label.SealBroken:
		l.add("implicit-seal", Failed, Check{Code: label.CodeSealBroken, Args: colophon.Args{"field": field}, Proof: proof})
	case label.SealPinned, label.SealUnknownKey:
		l.add("implicit-seal", Passed, found(SealFits, "field", field)).Proof = proof
	default:
		l.add("implicit-seal", Untold, found(SealUntold, "field", field)).Proof = proof
	}
}

// propagation answers for fields 5 and 6.
func (l *look) propagation(m label.Mark) {
	who, number := m.Fields.ContentPropagator, m.Fields.PropagateID
	proof := proofOf(m, "ContentPropagator", who)
	switch {
	case who != "" && number != "":
		l.add("propagation-elements", Passed, found(PropagatorThere, "propagator", who, "number", number)).Proof = proof
	case who == "" && number == "" && l.Platform == "":
		l.add("propagation-elements", Untold, found(PropagatorNone)).Proof = proof
	case who == "" && number == "":
		l.add("propagation-elements", Failed, found(PropagatorNone)).Proof = proof
	default:
		l.add("propagation-elements", Failed, found(label.CodeHalfPropagate)).Proof = proof
	}
	if l.Platform == "" {
		return
	}
	c := found(PropagatorThere, "propagator", who, "number", number)
	outcome := Passed
	if who != l.Platform {
		outcome, c = Failed, found(PropagatorOther, "propagator", who, "platform", l.Platform)
	}
	l.add("propagation-platform", outcome, c).Proof = proof
}

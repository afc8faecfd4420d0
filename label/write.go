package label

import (
	"errors"
	"io"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Codes of refusals and findings of a labelling.
const (
	CodeLabelledAlready colophon.Code = "labelled-already"
	CodeBreakSignature  colophon.Code = "would-break-signature" // arg "signature": the label goes to a sidecar
	CodeSignatureBroken colophon.Code = "signature-broken"      // arg "signature": allowed by the caller
	CodeNotOwn          colophon.Code = "label-of-another"      // arg "producer": replacing was asked for, the label is not ours
	CodeWhichLabel      colophon.Code = "which-label"           // arg "count": more than one label, none can be continued
	CodeKeyTaken        colophon.Code = "aigc-key-taken"        // arg "place": a key AIGC holds no label; ours goes to a sidecar
	CodeSecondLabel     colophon.Code = "second-label"          // arg "place": a sidecar would contradict the label that stands there
	CodeCarried         colophon.Code = "carried-as-found"      // fields that do not conform were carried unchanged
	CodeStateMissing    colophon.Code = "propagation-state"     // an unlabelled file needs state 2 or 3
	CodePlaceUnknown    colophon.Code = "place-not-available"   // args "place", "format", "places"
	CodeReadBack        colophon.Code = "read-back-failed"      // arg "rule"
)

// Request says what label a file is to carry.
type Request struct {
	Options
	// Fields are the label of a new production. Empty ContentPropagator and PropagateID become the producer's fields, as
	// the standard asks of a first label.
	Fields Fields
	// Propagation, when set, makes a platform's label instead: on a labelled file it changes fields 5 to 7 alone.
	Propagation *Propagation
	// Place chooses another legal place than the format's standard one.
	Place Place
	// Renews are kinds of signatures that the caller makes anew over the labelled file: the label breaks none of them.
	Renews []media.SignatureKind
	// AllowBreakSignature embeds the label in a signed file although that breaks the signature.
	AllowBreakSignature bool
	// ReplaceOwn replaces a label whose producer is Fields.ContentProducer. ProduceID stays as it is when
	// Fields.ProduceID is empty, and a platform's fields 5 to 7 always stay.
	ReplaceOwn bool
	// NewID makes the content number where the request has none.
	NewID func() (string, error)
	// Key, when set, seals the label: ReservedCode1 of a production, ReservedCode2 of a propagation.
	Key  *SigningKey
	Rand io.Reader
	// DigitalSourceType is the IPTC URI that goes beside a label with state 1 in an XMP packet.
	DigitalSourceType string
	// Onto makes from src the file that the label goes to, when other marks are put on before it. It is asked once it is
	// known that src can be labelled, and what the label will say but for its seal. Nil, or a nil Source, means src itself.
	Onto func(*Report, *Plan) (Source, error)
}

// Propagation is what a platform adds, Labelling Measures Art. 6.
type Propagation struct {
	Propagator string // code or name of the platform
	ID         string // the platform's number for the content; empty takes one of Request.NewID
	// State classes an unlabelled file: Possible or Suspected.
	State string
	// NoProducer leaves fields 2 and 3 of a file without a label empty. The platform's own stand there otherwise.
	// Which of both is right is not confirmed.
	NoProducer bool
}

// Action is what Prepare decided.
type Action string

// Actions.
const (
	Labelled   Action = "labelled"   // a new label is embedded
	Replaced   Action = "replaced"   // our own label is replaced
	Propagated Action = "propagated" // the platform's fields are embedded
	Beside     Action = "sidecar"    // the label goes to a sidecar; the file stays as it is
	Kept       Action = "kept"       // the file is labelled already and stays as it is
)

// Plan is a labelling that was decided and not yet written.
type Plan struct {
	Action   Action
	Format   Format
	Place    Place
	Fields   Fields
	Findings []colophon.Finding
	// Edit makes the labelled file; nil for Beside and Kept.
	Edit *media.Edit
	// Sidecar is the content of the label file for Beside.
	Sidecar []byte
	// Continues says that the label came from the sidecar that was given, which Sidecar may therefore replace.
	Continues bool

	options Options
	kept    []Mark // what a file that stays as it is has
}

// Prepare decides how a file gets the requested label and plans the edit. It writes nothing.
func Prepare(src Source, req Request) (*Plan, error) {
	container, report, err := read(src, req.Options)
	if err != nil {
		return nil, err
	}
	if report.Err != nil && !closed(report.Err) {
		return nil, report.Err
	}
	p := &Plan{Format: report.Format, options: req.Options}
	p.options.Sidecar = nil
	for i := range report.Marks {
		p.Continues = p.Continues || report.Marks[i].Place == media.PlaceSidecar
	}
	for _, f := range report.Findings {
		if f.Code == CodeExtension {
			p.Findings = append(p.Findings, f)
		}
	}
	carried, err := p.decide(report, &req)
	if err != nil {
		return p, err
	}
	var onto Source
	if req.Onto != nil {
		if onto, err = req.Onto(report, p); err != nil {
			return nil, err
		}
	}
	if p.Action == Kept {
		if onto != nil && p.Place == media.PlaceSidecar { // it names the file by its digest, which is another now
			return p, p.beside(onto, report, p.Fields.encode())
		}
		return p, nil
	}
	value, err := p.seal(&req, carried)
	if err != nil {
		return nil, err
	}
	if onto != nil {
		src = onto
	}
	return p, p.place(src, container, report, &req, value)
}

// decide sets the action and the fields. carried says that fields 1 to 4 are another's and are not ours to correct.
func (p *Plan) decide(report *Report, req *Request) (carried bool, err error) {
	switch {
	case len(report.Marks) > 1 && !continued(report):
		if req.Propagation == nil && !req.ReplaceOwn {
			p.keep(report)
			return false, nil
		}
		return false, &colophon.Error{Kind: colophon.Refused, Code: CodeWhichLabel, Clauses: []colophon.Clause{colophon.ClauseGB61},
			Args: colophon.Args{"count": itoa(len(report.Marks))}}
	case len(report.Marks) > 0 && req.Propagation != nil:
		p.Action = Propagated
		return true, p.propagate(&report.Marks[len(report.Marks)-1], req)
	case len(report.Marks) > 0 && req.ReplaceOwn:
		return false, p.replace(&report.Marks[0], req)
	case len(report.Marks) > 0:
		p.keep(report)
		return false, nil
	case req.Propagation != nil:
		p.Action = Propagated
		return false, p.classify(req)
	}
	p.Action, p.Fields = Labelled, req.Fields
	return false, p.number(req)
}

// continued reports that the second mark is the sidecar of the first.
func continued(report *Report) bool {
	return len(report.Marks) == 2 && report.Marks[1].Place == media.PlaceSidecar && sameProducer(&report.Marks[0].Fields, &report.Marks[1].Fields)
}

func (p *Plan) keep(report *Report) {
	p.Action, p.Place, p.Fields, p.kept = Kept, report.Marks[0].Place, report.Marks[0].Fields, inside(report.Marks)
	p.Findings = append(p.Findings, colophon.Finding{Code: CodeLabelledAlready, Offset: report.Marks[0].Offset})
}

// inside returns the labels that stand in the file itself.
func inside(marks []Mark) []Mark {
	var list []Mark
	for _, m := range marks {
		if m.Place != media.PlaceSidecar {
			list = append(list, m)
		}
	}
	return list
}

func (p *Plan) number(req *Request) error {
	f := &p.Fields
	id, err := req.number(f.ProduceID, "ProduceID")
	if err != nil {
		return err
	}
	f.ProduceID = id
	if f.ContentPropagator == "" && f.PropagateID == "" {
		f.ContentPropagator, f.PropagateID = f.ContentProducer, f.ProduceID
	}
	return nil
}

// number returns the content number that the caller gave, or a new one.
func (r *Request) number(given, field string) (string, error) {
	if given != "" {
		return given, nil
	}
	if r.NewID == nil {
		return "", refuse(CodeFieldEmpty, "field", field)
	}
	return r.NewID()
}

// propagate changes fields 5 to 7 of a label and nothing else.
func (p *Plan) propagate(m *Mark, req *Request) error {
	platform, err := req.platform()
	if err != nil {
		return err
	}
	p.Fields = m.Fields
	p.Fields.ContentPropagator, p.Fields.PropagateID, p.Fields.ReservedCode2 = platform.ContentPropagator, platform.PropagateID, ""
	return nil
}

// classify makes the label of an unlabelled file that a platform classes as possible or suspected.
func (p *Plan) classify(req *Request) error {
	by := req.Propagation
	if by.State != Possible && by.State != Suspected {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeStateMissing, Clauses: []colophon.Clause{colophon.ClauseLM6}}
	}
	platform, err := req.platform()
	if err != nil {
		return err
	}
	p.Fields = platform
	p.Fields.Label = by.State
	if !by.NoProducer {
		p.Fields.ContentProducer, p.Fields.ProduceID = p.Fields.ContentPropagator, p.Fields.PropagateID
	}
	return nil
}

// platform returns the platform's own fields, held to the strict form whatever the producer wrote.
func (r *Request) platform() (Fields, error) {
	id, err := r.number(r.Propagation.ID, "PropagateID")
	own := Fields{Label: Possible, ContentPropagator: r.Propagation.Propagator, PropagateID: id}
	if err == nil {
		err = own.Check()
	}
	return own, err
}

// replace keeps what is not the request's to change: the number unless a new one is given, and a platform's fields.
func (p *Plan) replace(m *Mark, req *Request) error {
	if m.Fields.ContentProducer != req.Fields.ContentProducer {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeNotOwn, Clauses: []colophon.Clause{colophon.ClauseLM10, colophon.ClauseDS18},
			Args: colophon.Args{"producer": clip(m.Fields.ContentProducer)}}
	}
	p.Action, p.Fields = Replaced, req.Fields
	if p.Fields.ProduceID == "" {
		p.Fields.ProduceID = m.Fields.ProduceID
	}
	if p.Fields.ReservedCode1 == "" && p.Fields.ProduceID == m.Fields.ProduceID && p.Fields.Label == m.Fields.Label {
		p.Fields.ReservedCode1 = m.Fields.ReservedCode1
	}
	if m.Fields.ContentPropagator != "" && m.Fields.ContentPropagator != m.Fields.ContentProducer {
		p.Fields.ContentPropagator, p.Fields.PropagateID, p.Fields.ReservedCode2 = m.Fields.ContentPropagator, m.Fields.PropagateID, m.Fields.ReservedCode2
	}
	return p.number(req)
}

// seal signs the fields when a key is given and returns the label's text.
func (p *Plan) seal(req *Request, carried bool) ([]byte, error) {
	if req.Key != nil {
		field, sealed := &p.Fields.ReservedCode1, p.Fields.producerSealed()
		if req.Propagation != nil {
			field, sealed = &p.Fields.ReservedCode2, p.Fields.propagatorSealed()
		}
		seal, err := Seal(req.Key, req.Rand, sealed)
		if err != nil {
			return nil, err
		}
		*field = seal
	}
	value, err := p.Fields.JSON()
	if err != nil && carried {
		p.Findings = append(p.Findings, colophon.Finding{Code: CodeCarried, Level: colophon.Warning, Clause: colophon.ClauseLM10, Offset: -1})
		return p.Fields.encode(), nil
	}
	return value, err
}

// place plans the edit, or the sidecar where the file has no place or must not be touched.
func (p *Plan) place(src Source, container media.Container, report *Report, req *Request, value []byte) error {
	var places []Place
	if container != nil {
		places = container.Places(report.Format)
	}
	if req.Place == media.PlaceSidecar {
		return p.beside(src, report, value)
	}
	if len(places) == 0 {
		if container == nil {
			return &colophon.Error{Kind: colophon.Unsupported, Code: CodeNotRecognised}
		}
		p.Findings = append(p.Findings, colophon.Finding{Code: CodeNoPlace, Clause: colophon.ClausePGPlace, Offset: -1, Args: colophon.Args{"format": string(p.Format)}})
		return p.beside(src, report, value)
	}
	p.Place = places[0]
	if req.Place != "" {
		if !standing(req.Place, places) {
			return &colophon.Error{Kind: colophon.Unsupported, Code: CodePlaceUnknown, Clauses: []colophon.Clause{colophon.ClausePGPlace},
				Args: colophon.Args{"place": clip(string(req.Place)), "format": string(p.Format), "places": join(places)}}
		}
		p.Place = req.Place
	} else if len(report.Marks) > 0 && standing(report.Marks[0].Place, places) && report.Marks[0].Place != media.PlaceSidecar {
		p.Place = report.Marks[0].Place // a legal place that its producer chose stays
	}
	if report.Err != nil { // what can't be looked into can't be edited
		p.Findings = append(p.Findings, colophon.Finding{Code: CodeReadFailed, Level: colophon.Doubt, Offset: -1})
		return p.beside(src, report, value)
	}
	if report.taken != "" { // an edit would put the label there and lose what it holds, which may be an unknown form of label
		p.Findings = append(p.Findings, media.Warn(CodeKeyTaken, -1, "place", string(report.taken)))
		return p.beside(src, report, value)
	}
	if s, ok := req.Breaks(report); ok {
		f := colophon.Finding{Code: CodeBreakSignature, Level: colophon.Warning, Offset: s.Offset, Args: colophon.Args{"signature": string(s.Kind)}}
		if !req.AllowBreakSignature {
			p.Findings = append(p.Findings, f)
			return p.beside(src, report, value)
		}
		f.Code = CodeSignatureBroken
		p.Findings = append(p.Findings, f)
	}
	put := media.Put{Place: p.Place, Value: value}
	if p.Fields.Label == Belongs {
		put.DigitalSourceType = req.DigitalSourceType
	}
	edit, err := container.Edit(src, report.Format, put)
	p.Edit = edit
	return err
}

// Breaks returns the first signature of a file that a change would break for good.
func (r *Request) Breaks(report *Report) (media.Signature, bool) {
	for _, s := range report.Signatures {
		if !slices.Contains(r.Renews, s.Kind) {
			return s, true
		}
	}
	return media.Signature{}, false
}

// closed reports that a file is legal and can't be looked into, such as one that is encrypted: whether it has a label
// nobody can tell, and ours can only stand beside it.
func closed(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Unsupported
}

// beside plans a sidecar. It continues a label that stands inside the file, or it is refused: two labels that contradict
// each other are none.
func (p *Plan) beside(src Source, report *Report, value []byte) error {
	for i := range report.Marks {
		if m := &report.Marks[i]; m.Place != media.PlaceSidecar && !sameProducer(&m.Fields, &p.Fields) {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeSecondLabel, Clauses: []colophon.Clause{colophon.ClauseGB61},
				Args: colophon.Args{"place": string(m.Place)}}
		}
	}
	p.Action, p.Place = Beside, media.PlaceSidecar
	sidecar, err := encodeSidecar(src, value)
	p.Sidecar = sidecar
	return err
}

func join(places []Place) string {
	s := ""
	for i, p := range places {
		if i > 0 {
			s += ", "
		}
		s += string(p)
	}
	return s
}

// ReadBack reads what was written and fails unless it carries exactly the planned label. written is the new file, or
// the unchanged file where the label went to a sidecar, which is then given beside it.
func (p *Plan) ReadBack(written, sidecar Source) error {
	opts := p.options
	opts.Sidecar = sidecar
	_, report, err := read(written, opts)
	if err == nil && !(p.Action == Beside && closed(report.Err)) {
		err = report.Err
	}
	if err != nil {
		return readBack("scan", err)
	}
	if report.Format != p.Format {
		return readBack("format "+string(report.Format), nil)
	}
	if p.Action == Kept {
		return p.same(inside(report.Marks))
	}
	var mark *Mark
	for i := range report.Marks {
		if report.Marks[i].Place == p.Place {
			mark = &report.Marks[i]
		}
	}
	switch {
	case p.Action != Beside && len(report.Marks) != 1, mark == nil:
		return readBack(itoa(len(report.Marks))+" labels", nil)
	case mark.Fields != p.Fields:
		return readBack("fields", nil)
	}
	return nil
}

// same fails unless a file has the labels that it had.
func (p *Plan) same(marks []Mark) error {
	if len(marks) != len(p.kept) {
		return readBack(itoa(len(marks))+" labels", nil)
	}
	for i := range marks {
		if marks[i].Place != p.kept[i].Place || marks[i].Fields != p.kept[i].Fields {
			return readBack("fields", nil)
		}
	}
	return nil
}

func readBack(rule string, err error) error {
	return &colophon.Error{Kind: colophon.Internal, Code: CodeReadBack, Args: colophon.Args{"rule": rule}, Err: err}
}

package label

import (
	"bytes"
	"errors"
	"path"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
)

// Codes of findings about a file.
const (
	CodeTwoLabels       colophon.Code = "two-labels"          // arg "count"
	CodeExtension       colophon.Code = "extension-mismatch"  // args "extension", "format"
	CodeKeyUnreadable   colophon.Code = "aigc-key-unreadable" // arg "place": an AIGC key whose value is no label
	CodeNotRecognised   colophon.Code = "format-not-recognised"
	CodeNoLabel         colophon.Code = "no-label"
	CodeNoPlace         colophon.Code = "no-place"           // arg "format": the label goes to a sidecar
	CodeSidecarOther    colophon.Code = "sidecar-other-file" // the sidecar's digest is not this file's
	CodeSidecarAddition colophon.Code = "sidecar-addition"   // sidecar and file carry the same producer's label
	CodeSigned          colophon.Code = "file-signed"        // arg "signature"
	CodeReadFailed      colophon.Code = "scan-incomplete"    // the scan ended early; more may stand behind
)

// Mark is one label of a file.
type Mark struct {
	Place    Place
	Offset   int64 // of the structure that holds it; -1 when it has none
	Fields   Fields
	Seal     SealReport // ReservedCode1, over the producer's fields
	Seal2    SealReport // ReservedCode2, over the propagator's fields
	Findings []colophon.Finding

	raw map[string]string // JSON of values that are no strings
}

// Report is what a file says about itself.
type Report struct {
	Format     Format
	Marks      []Mark
	Signatures []media.Signature
	Findings   []colophon.Finding
	// Err is why the scan could not be completed, when it could not. Marks then holds what was found before.
	Err error

	taken Place // where a key AIGC holds something that is no label; "" when none does
}

// Options are what a reading may use besides the file.
type Options struct {
	// Name is the file's name. It decides between Markdown and plain text, which content cannot, and is compared with
	// the format that the content shows.
	Name string
	// Pinned are the public keys that seals are trusted by.
	Pinned []PublicKey
	// Sidecar is the label file that lies beside the file, if there is one.
	Sidecar Source
}

// Read reports every label in a file. It fails only where the file can't be read at all; what is wrong with its
// structure stands in Report.Err.
func Read(src Source, opts Options) (*Report, error) {
	_, report, err := read(src, opts)
	return report, err
}

func read(src Source, opts Options) (media.Container, *Report, error) {
	container, format, err := all.Detect(src, opts.Name)
	if err != nil {
		return nil, nil, err
	}
	r := &Report{Format: format}
	if container == nil {
		r.note(CodeNotRecognised, colophon.Doubt, "")
	} else if err := r.scan(src, container, opts); err != nil {
		return nil, nil, err
	}
	if opts.Sidecar != nil {
		if err := r.readSidecar(src, opts); err != nil {
			return nil, nil, err
		}
	}
	r.count()
	return container, r, nil
}

func (r *Report) scan(src Source, container media.Container, opts Options) error {
	survey, err := container.Scan(src, r.Format)
	if survey != nil {
		if survey.Format != media.Unknown {
			r.Format = survey.Format
		}
		r.Signatures = survey.Signatures
		r.Findings = append(r.Findings, survey.Findings...)
		for _, found := range survey.Labels {
			r.mark(found, container.Places(r.Format), opts)
		}
	}
	if err != nil {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal {
			return err
		}
		r.Err = err
		r.note(CodeReadFailed, colophon.Doubt, "")
	}
	for _, s := range r.Signatures {
		r.Findings = append(r.Findings, colophon.Finding{Code: CodeSigned, Offset: s.Offset, Args: colophon.Args{"signature": string(s.Kind)}})
	}
	r.extension(opts.Name)
	return nil
}

// mark takes one found value as a label, or notes that it is none.
func (r *Report) mark(found media.Found, places []Place, opts Options) {
	p := parse(found.Value, found.Offset)
	if p.foreign() || p.known == 0 && !strings.HasPrefix(strings.TrimSpace(string(found.Value)), "{") {
		r.Findings = append(r.Findings, media.Warn(CodeKeyUnreadable, found.Offset, "place", string(found.Place)))
		if len(bytes.Trim(found.Value, "\x00 \t\r\n")) > 0 && found.Place != media.PlaceSidecar {
			r.taken = found.Place
		}
		return
	}
	m := Mark{Place: found.Place, Offset: found.Offset, Fields: p.fields, Findings: found.Findings, raw: p.raw}
	if !standing(found.Place, places) && !has(m.Findings, media.CodeOtherPlace) {
		m.Findings = append(m.Findings, media.Warn(media.CodeOtherPlace, found.Offset, "place", string(found.Place), "standard", standard(places)))
	}
	if p.wrapped && bare(found.Place) {
		m.Findings = append(m.Findings, colophon.Finding{Code: CodeWrapped, Level: colophon.Warning, Clause: colophon.ClauseGBE, Offset: found.Offset})
	}
	if !p.wrapped && wrapping(found.Place) {
		m.Findings = append(m.Findings, colophon.Finding{Code: CodeUnwrapped, Level: colophon.Warning, Clause: colophon.ClausePGPlace, Offset: found.Offset})
	}
	m.Findings = append(m.Findings, p.findings...)
	m.seals(opts.Pinned)
	r.Marks = append(r.Marks, m)
}

// seals examines both reserved codes and turns the results into findings.
func (m *Mark) seals(pinned []PublicKey) {
	f := &m.Fields
	m.Seal = VerifySeal(f.ReservedCode1, f.producerSealed(), pinned)
	m.Seal2 = VerifySeal(f.ReservedCode2, f.propagatorSealed(), pinned)
	m.sealed("ReservedCode1", m.Seal)
	m.sealed("ReservedCode2", m.Seal2)
}

func (m *Mark) sealed(field string, r SealReport) {
	f := colophon.Finding{Clause: colophon.ClausePGSeal, Offset: m.Offset, Args: colophon.Args{"field": field}}
	switch r.State {
	case SealBroken:
		f.Code, f.Level = CodeSealBroken, colophon.Breach
	case SealUnknownKey:
		f.Code = CodeSealUnknownKey
	case SealCouldNotTell:
		f.Code = r.Reason // a note: values for a provider's own use are the rule, not the exception
	default:
		return
	}
	m.Findings = append(m.Findings, f)
	for _, form := range r.Findings {
		form.Offset = m.Offset
		m.Findings = append(m.Findings, form)
	}
}

// standing reports whether a label may stand at a place: at one that the guides name for the format.
func standing(p Place, places []Place) bool {
	for _, q := range places {
		if p == q {
			return true
		}
	}
	return p == media.PlaceSidecar
}

func standard(places []Place) string {
	if len(places) == 0 {
		return string(media.PlaceSidecar)
	}
	return string(places[0])
}

func has(findings []colophon.Finding, code colophon.Code) bool {
	for _, f := range findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// bare says which places take the object without the wrapper {"AIGC":…}.
func bare(p Place) bool {
	switch p {
	case media.PlaceXMP, media.PlaceKeys, media.PlaceTag, media.PlaceInfo, media.PlaceChunk, media.PlaceOnMetaData,
		media.PlaceTXXX, media.PlaceVorbisComment, media.PlaceProperty, media.PlaceInfoDict, media.PlaceExtras:
		return true
	}
	return false
}

// wrapping says which places take the object inside {"AIGC":…}: those of TC260-PG-20259A Annex B.
func wrapping(p Place) bool { return p == media.PlaceEXIF || p == media.PlaceText }

func (r *Report) note(code colophon.Code, level colophon.Level, clause colophon.Clause, args ...string) {
	f := colophon.Finding{Code: code, Level: level, Clause: clause, Offset: -1}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	r.Findings = append(r.Findings, f)
}

// count applies the rule of one label in one file. A sidecar that continues the file's own label is not a second one.
func (r *Report) count() {
	inside, beside := 0, 0
	for i := range r.Marks {
		if r.Marks[i].Place == media.PlaceSidecar {
			beside++
		} else {
			inside++
		}
	}
	if inside+beside == 0 && r.Err == nil && r.Format != media.Unknown {
		r.note(CodeNoLabel, colophon.Note, colophon.ClauseLM5)
	}
	if inside == 1 && beside == 1 && sameProducer(&r.Marks[0].Fields, &r.Marks[1].Fields) {
		r.note(CodeSidecarAddition, colophon.Note, "")
		return
	}
	if inside+beside > 1 {
		r.note(CodeTwoLabels, colophon.Breach, colophon.ClauseGB61, "count", itoa(inside+beside))
	}
}

func sameProducer(a, b *Fields) bool {
	return a.Label == b.Label && a.ContentProducer == b.ContentProducer && a.ProduceID == b.ProduceID
}

// extension warns where a file's name promises another format than its content shows.
func (r *Report) extension(name string) {
	ext := strings.ToLower(path.Ext(name))
	facts, ok := media.Facts(r.Format)
	if ext == "" || !ok {
		return
	}
	for _, e := range facts.Extensions {
		if e == ext {
			return
		}
	}
	for _, f := range media.Formats() {
		other, _ := media.Facts(f)
		for _, e := range other.Extensions {
			if e == ext {
				r.note(CodeExtension, colophon.Warning, "", "extension", ext, "format", string(r.Format))
				return
			}
		}
	}
}

// Conformity is the answer of a verification.
type Conformity int

const (
	// CouldNotTell means that the file was not understood to its end and shows no breach so far.
	CouldNotTell Conformity = iota
	// Conforming means that the file has one label and nothing about it is broken.
	Conforming
	// Unmarked means that the whole file was examined and has no label.
	Unmarked
	// NotConforming means that there is a label and it breaks a rule.
	NotConforming
)

// String returns the conformity's name as it stands in JSON output.
func (c Conformity) String() string {
	return [...]string{"could-not-tell", "conforming", "no-mark", "not-conforming"}[c]
}

// MarshalText writes the conformity's name.
func (c Conformity) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Conformity judges the report: a breach weighs most, then doubt, then absence.
func (r *Report) Conformity() Conformity {
	worst := colophon.Note
	for _, f := range r.Findings {
		worst = max(worst, f.Level)
	}
	for i := range r.Marks {
		for _, f := range r.Marks[i].Findings {
			worst = max(worst, f.Level)
		}
	}
	switch {
	case worst == colophon.Breach:
		return NotConforming
	case worst == colophon.Doubt && len(r.Marks) == 0, r.Err != nil:
		return CouldNotTell
	case len(r.Marks) == 0 && has(r.Findings, media.CodeStructure): // what is damaged may have held the label
		return CouldNotTell
	case len(r.Marks) == 0:
		return Unmarked
	case worst == colophon.Doubt:
		return CouldNotTell
	}
	return Conforming
}

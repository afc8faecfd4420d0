package pdf

import (
	"bytes"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxLabels = 32
	maxNodes  = 256 // nodes of the name tree of embedded files, and associated files
)

// root reads the document catalog.
func (f *file) root() (*object, error) {
	const what = "PDF document catalog"
	r, ok := asRef(f.trailer.get("Root"))
	if !ok {
		return nil, media.Malformed("PDF trailer", f.start, "Root is not a reference")
	}
	o, err := f.object(r)
	if err != nil {
		if f.encrypted() != nil { // it may stand in an object stream, which is encrypted as a whole
			return &object{at: f.start}, nil
		}
		return nil, err
	}
	if o == nil || !o.isDict {
		return nil, media.Malformed(what, f.start, "Root leads to no dictionary")
	}
	return o, nil
}

// info is the Info dictionary as it stands.
type info struct {
	ref    ref // zero when there is none that has a number
	dict   dict
	labels []label
}

// label is an entry that holds a label.
type label struct {
	entry entry
	mixed bool // free text that says more than the label
	found media.Found
}

func (f *file) info() (*info, error) {
	const what = "PDF Info dictionary"
	in := &info{}
	value := f.trailer.get("Info")
	if value == nil || string(value) == "null" {
		return in, nil
	}
	o, err := f.resolve(value, f.start)
	if err != nil || o == nil {
		return in, err
	}
	if !o.isDict || o.stream {
		return nil, media.Malformed(what, max(0, o.at), "not a dictionary")
	}
	in.ref, in.dict = ref{o.num, o.gen}, o.dict
	for _, e := range o.dict.entries {
		l, ok, err := f.label(o, e)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if len(in.labels) == maxLabels {
			return nil, media.TooMany(what+" key AIGC", max(0, o.at), maxLabels)
		}
		in.labels = append(in.labels, l)
	}
	return in, nil
}

// label looks at one entry of the Info dictionary.
func (f *file) label(o *object, e entry) (label, bool, error) {
	l := label{entry: e}
	v, err := f.resolve(o.dict.b[e.from:e.to], o.at)
	if err != nil {
		return l, false, err
	}
	var text []byte
	if v != nil {
		raw, ok := decodeString(v.value)
		if text = v.value; ok {
			text = []byte(decodeText(raw))
		}
	}
	l.found = media.Found{Place: media.PlaceInfoDict, Offset: -1, Value: bytes.Clone(text)}
	if l.found.Value == nil {
		l.found.Value = []byte{}
	}
	if o.at >= 0 && o.num > 0 {
		l.found.Offset = o.at
	}
	name := e.name
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	switch {
	case strings.EqualFold(name, Key):
		if e.name != Key {
			l.warn(media.CodeIDSpelling, "key", clip(e.name))
		}
	case media.Candidate(text):
		l.found.Place, l.mixed = media.PlaceDescription, !pure(text)
		l.warn(media.CodeOtherPlace, "place", string(media.PlaceDescription), "standard", string(media.PlaceInfoDict))
	default:
		return l, false, nil
	}
	if o.at < 0 {
		l.warn(media.CodeCompressed)
	}
	return l, true, nil
}

func (l *label) warn(code colophon.Code, args ...string) {
	l.found.Findings = append(l.found.Findings, media.Warn(code, l.found.Offset, args...))
}

func clip(s string) string { return s[:min(len(s), 80)] }

// pure reports whether free text is a label and nothing else, so that it may go with the label.
func pure(text []byte) bool {
	text = bytes.TrimSpace(text)
	return bytes.HasPrefix(text, []byte("{")) && bytes.HasSuffix(text, []byte("}"))
}

// metadata is the XMP packet of the document.
type metadata struct {
	object *object
	packet []byte
	labels []media.Found
}

// metadata reads the packet that the catalog names. In an encrypted document it may stand in plain.
func (f *file) metadata(root *object, encrypted bool) (*metadata, error) {
	m := &metadata{}
	value := root.dict.get("Metadata")
	if value == nil {
		return m, nil
	}
	o, err := f.resolve(value, root.at)
	if err != nil || o == nil || !o.stream {
		return m, err
	}
	if encrypted {
		return f.plainMetadata(m, o)
	}
	if m.packet, err = f.decode(o, maxInflated); err != nil {
		return m, err
	}
	m.object = o
	// Parsing XML costs more than all the rest, and most packets have no label.
	if !bytes.Contains(bytes.ToLower(m.packet), []byte("aigc")) {
		return m, nil
	}
	compressed := o.dict.get("Filter") != nil
	m.labels = xmp.Read(m.packet, o.data)
	for i := range m.labels {
		l := &m.labels[i]
		if compressed {
			l.Offset = -1
			for j := range l.Findings {
				l.Findings[j].Offset = -1
			}
			l.Findings = append(l.Findings, media.Warn(media.CodeCompressed, o.at))
		}
		l.Findings = append(l.Findings, media.Warn(media.CodeOtherPlace, l.Offset, "place", string(l.Place), "standard", string(media.PlaceInfoDict)))
	}
	return m, nil
}

// plainMetadata reads a packet that an encrypted document has left in plain (ISO 32000-2, 7.6.6, EncryptMetadata).
func (f *file) plainMetadata(m *metadata, o *object) (*metadata, error) {
	n, err := f.length(o)
	if err != nil || n > maxInflated {
		return m, err
	}
	packet, err := media.Bytes(f.src, "PDF metadata", o.data, n)
	if err == nil && bytes.Contains(packet, []byte("rdf:RDF")) {
		m.packet, m.labels = packet, xmp.Read(packet, o.data)
	}
	return m, err
}

// signatures reports signed fields and C2PA manifests.
func (f *file) signatures(survey *media.Survey, root *object) error {
	// A signature dictionary stands in plain in every file, since its ByteRange must be known before anything else is
	// read. A search finds it without a walk over all form fields.
	if root.dict.get("AcroForm") != nil || root.dict.get("Perms") != nil || f.encrypted() != nil {
		if at := searchByteRange(f.src); at >= 0 {
			survey.Signatures = append(survey.Signatures, media.Signature{Kind: media.SignaturePDF, Offset: at})
		}
	}
	at, err := f.manifest(root)
	if at >= 0 {
		survey.Signatures = append(survey.Signatures, media.Signature{Kind: media.SignatureC2PA, Offset: at})
	}
	if f.encrypted() != nil {
		return nil
	}
	return err
}

// manifest looks for a C2PA manifest among the associated and the embedded files (C2PA specification, embedding in PDF).
// It returns -1 where there is none.
func (f *file) manifest(root *object) (int64, error) {
	spec, err := f.manifestSpec(root)
	if err != nil || spec == nil {
		return -1, err
	}
	return max(0, spec.at), nil
}

// manifestSpec returns the file specification of a C2PA manifest, and nil where there is none.
func (f *file) manifestSpec(root *object) (*object, error) {
	var specs [][]byte
	if list, err := f.resolve(root.dict.get("AF"), root.at); err != nil {
		return nil, err
	} else if list != nil && len(list.value) > 0 {
		specs = elements(list.value)
	}
	embedded, err := f.embedded(root)
	if err != nil {
		return nil, err
	}
	specs = append(specs, embedded...)
	for i, spec := range specs {
		if i == maxNodes {
			break
		}
		o, err := f.resolve(spec, root.at)
		if err != nil {
			return nil, err
		}
		if o != nil && o.isDict && isManifest(o) {
			return o, nil
		}
	}
	return nil, nil
}

// embedded returns the file specifications of the name tree EmbeddedFiles.
func (f *file) embedded(root *object) ([][]byte, error) {
	pairs, err := f.namedFiles(root)
	specs := make([][]byte, 0, len(pairs))
	for _, p := range pairs {
		specs = append(specs, p[1])
	}
	return specs, err
}

// namedFiles returns the names and values of the name tree EmbeddedFiles as they stand.
func (f *file) namedFiles(root *object) ([][2][]byte, error) {
	names, err := f.resolve(root.dict.get("Names"), root.at)
	if err != nil || names == nil || !names.isDict {
		return nil, err
	}
	queue := [][]byte{names.dict.get("EmbeddedFiles")}
	var pairs [][2][]byte
	for n := 0; len(queue) > 0 && n < maxNodes; n++ {
		node, err := f.resolve(queue[0], names.at)
		if err != nil {
			return nil, err
		}
		queue = queue[1:]
		if node == nil || !node.isDict {
			continue
		}
		for _, part := range []string{"Kids", "Names"} {
			list, err := f.resolve(node.dict.get(part), node.at)
			if err != nil {
				return nil, err
			}
			if list == nil || len(list.value) == 0 || list.value[0] != '[' {
				continue
			}
			items := elements(list.value)
			if part == "Kids" {
				queue = append(queue, items[:min(len(items), maxNodes)]...)
				continue
			}
			for i := 1; i < len(items); i += 2 {
				pairs = append(pairs, [2][]byte{items[i-1], items[i]})
			}
		}
	}
	return slices.Clip(pairs[:min(len(pairs), maxNodes)]), nil
}

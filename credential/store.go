package credential

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/internal/cose"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// Labels of boxes (C2PA 2.2, 11.1.4).
const (
	labelStore      = "c2pa"
	labelAssertions = "c2pa.assertions"
	labelSignature  = "c2pa.signature"
	labelClaim      = "c2pa.claim"
	labelClaim2     = "c2pa.claim.v2"
)

const maxManifests = 1 << 12

// claimLabel is the form of a manifest's label (C2PA 2.2, 8.2): a UUID, the claim generator, and where two manifests had
// one label, a version and a reason.
var claimLabel = regexp.MustCompile(`^urn:c2pa:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(:[^:]{0,32}(:[0-9]+_[0-9]+)?)?$`)

// Store is the manifest store of a file.
type Store struct {
	Raw       []byte
	Manifests []*Manifest // as they stand

	root  *jumbf.Box
	place *carrier.Place // nil for a store that is not in a file
}

// Manifest is one manifest of a store.
type Manifest struct {
	Label      string
	Update     bool // tells more about an asset whose bytes an earlier manifest binds
	Claim      *Claim
	Assertions []*Assertion // in the order of the assertion store

	box       *jumbf.Box
	signature *cose.Message
	faults    []status.Entry // what was found on reading
}

// Assertion is one assertion as it stands in the store.
type Assertion struct {
	Label   string // with its instance, as in c2pa.ingredient__1
	URI     string
	Created bool // by the signer itself, and not only gathered

	box *jumbf.Box
}

// Kind is the label without instance and version: c2pa.actions for c2pa.actions.v2__3.
func (a *Assertion) Kind() string {
	kind, _, _ := strings.Cut(a.Label, "__")
	if at := strings.LastIndex(kind, ".v"); at > 0 && digits(kind[at+2:]) {
		kind = kind[:at]
	}
	return kind
}

// Version is the version in the label; 1 where none is named.
func (a *Assertion) Version() int {
	kind, _, _ := strings.Cut(a.Label, "__")
	if at := strings.LastIndex(kind, ".v"); at > 0 && digits(kind[at+2:]) && len(kind)-at < 6 {
		n := 0
		for _, c := range kind[at+2:] {
			n = 10*n + int(c-'0')
		}
		return n
	}
	return 1
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// CBOR returns the content of an assertion in CBOR, and false for one of another kind.
func (a *Assertion) CBOR() ([]byte, bool) { return a.box.Leaf("cbor") }

// JSON returns the content of an assertion in JSON, and false for one of another kind.
func (a *Assertion) JSON() ([]byte, bool) { return a.box.Leaf("json") }

// File returns the file that an assertion embeds, and false for one that does not.
func (a *Assertion) File() ([]byte, bool) { return a.box.Leaf("bidb") }

// decode reads the content in CBOR into v.
func (a *Assertion) decode(v any) error {
	raw, ok := a.CBOR()
	if !ok {
		return errors.New("credential: the assertion is not in CBOR")
	}
	return decode.Unmarshal(raw, v)
}

// zeroed reports whether an assertion was redacted by overwriting it.
func (a *Assertion) zeroed() bool {
	for _, c := range a.box.Children {
		for _, b := range c.Content() {
			if b != 0 {
				return false
			}
		}
	}
	return true
}

// URI is the address of the manifest.
func (m *Manifest) URI() string { return jumbf.URI(labelStore, m.Label) }

func (m *Manifest) signatureURI() string { return jumbf.URI(labelStore, m.Label, labelSignature) }

// Of returns the assertions of a kind, with whatever version.
func (m *Manifest) Of(kind string) []*Assertion {
	var list []*Assertion
	for _, a := range m.Assertions {
		if a.Kind() == kind {
			list = append(list, a)
		}
	}
	return list
}

// find returns the assertion with a label, or nil.
func (m *Manifest) find(label string) *Assertion {
	for _, a := range m.Assertions {
		if a.Label == label {
			return a
		}
	}
	return nil
}

// Active returns the manifest that is about the file: the last.
func (s *Store) Active() *Manifest { return s.Manifests[len(s.Manifests)-1] }

// Find returns the manifest with a label, or nil.
func (s *Store) Find(label string) *Manifest {
	for _, m := range s.Manifests {
		if m.Label == label {
			return m
		}
	}
	return nil
}

// Read returns the store of a file. The error is [ErrNone] for a file without one.
func Read(src media.Source, f media.Format) (*Store, error) {
	place, err := carrier.Find(src, f)
	if err != nil {
		return nil, explained(err, f)
	}
	if place == nil {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNone, Err: ErrNone}
	}
	s, err := Parse(place.Store)
	if err != nil {
		return nil, err
	}
	s.place = place
	return s, nil
}

// Parse reads a store by itself.
func Parse(raw []byte) (*Store, error) {
	root, err := jumbf.Parse(raw)
	if err != nil {
		return nil, explained(err, media.JPEG)
	}
	s := &Store{Raw: root.Raw, root: root}
	if !root.Is(jumbf.Named("c2pa")) || root.Label != labelStore {
		return nil, malformed(0, errors.New("credential: no manifest store"))
	}
	for _, b := range root.Children {
		switch {
		case b.Is(jumbf.Named("c2ma")), b.Is(jumbf.Named("c2um")), b.Is(jumbf.Named("c2cm")):
		default:
			continue
		}
		if len(s.Manifests) == maxManifests || s.Find(b.Label) != nil {
			return nil, malformed(int64(b.Offset), errors.New("credential: two manifests with one label, or too many"))
		}
		s.Manifests = append(s.Manifests, manifest(b))
	}
	if len(s.Manifests) == 0 {
		return nil, malformed(0, errors.New("credential: a store without a manifest"))
	}
	return s, nil
}

// manifest reads one manifest. What is wrong with it is kept for its validation.
func manifest(b *jumbf.Box) *Manifest {
	m := &Manifest{Label: b.Label, Update: b.Is(jumbf.Named("c2um")), box: b}
	if b.Is(jumbf.Named("c2cm")) {
		m.fault(status.CompressedInvalid, m.URI(), "compressed manifests are not read")
		return m
	}
	for _, c := range b.Children {
		switch {
		case c.Is(jumbf.Named("c2as")):
			for _, a := range c.Children {
				if a.Super() {
					m.Assertions = append(m.Assertions, &Assertion{Label: a.Label, URI: jumbf.URI(labelStore, m.Label, labelAssertions, a.Label), box: a})
				}
			}
		case c.Is(jumbf.Named("c2cl")):
			if m.Claim != nil {
				m.fault(status.ClaimMultiple, m.URI(), "more than one claim")
				continue
			}
			m.readClaim(c)
		case c.Is(jumbf.Named("c2cs")):
			m.readSignature(c)
		}
	}
	if m.Claim == nil && !slices.ContainsFunc(m.faults, func(e status.Entry) bool { return e.Code == status.ClaimCBOR || e.Code == status.ClaimMalformed }) {
		m.fault(status.ClaimMissing, m.URI(), "no claim")
	}
	if m.box.Child(labelSignature) == nil {
		m.fault(status.SignatureMissing, m.signatureURI(), "no signature")
	}
	if m.Claim != nil {
		for _, l := range m.Claim.Created {
			if a := m.assertion(l.URL); a != nil {
				a.Created = true
			}
		}
	}
	return m
}

func (m *Manifest) fault(code status.Code, uri, note string) {
	m.faults = append(m.faults, status.Entry{Code: code, URI: uri, Note: note})
}

func (m *Manifest) readClaim(b *jumbf.Box) {
	raw, ok := b.Leaf("cbor")
	if !ok || b.Label != labelClaim && b.Label != labelClaim2 {
		m.fault(status.ClaimMalformed, m.URI(), "a claim that is not in CBOR, or is of an unknown version")
		return
	}
	c, err := parseClaim(raw, b.Label)
	if err != nil {
		m.fault(status.ClaimCBOR, m.URI(), err.Error())
		return
	}
	m.Claim = c
}

func (m *Manifest) readSignature(b *jumbf.Box) {
	raw, ok := b.Leaf("cbor")
	if !ok || b.Label != labelSignature || m.signature != nil {
		return
	}
	s, err := cose.Parse(raw)
	if err != nil {
		m.fault(status.SignatureMismatch, m.signatureURI(), err.Error())
		return
	}
	m.signature = s
}

// assertion returns the assertion of this manifest that a URI names, or nil.
func (m *Manifest) assertion(uri string) *Assertion {
	manifest, label := assertionIn(uri)
	if manifest != "" && manifest != m.Label {
		return nil
	}
	return m.find(label)
}

// assertionIn takes a URI of an assertion apart. The manifest is empty where the URI is relative.
func assertionIn(uri string) (manifest, label string) {
	labels, absolute, ok := jumbf.Split(uri)
	if !ok || absolute && len(labels) < 3 {
		return "", ""
	}
	if absolute {
		manifest, labels = labels[1], labels[2:]
	}
	if len(labels) != 2 || labels[0] != labelAssertions {
		return manifest, ""
	}
	return manifest, labels[1]
}

// manifestIn returns the label of the manifest that an absolute URI leads to or into.
func manifestIn(uri string) string {
	labels, absolute, ok := jumbf.Split(uri)
	if !ok || !absolute || len(labels) < 2 {
		return ""
	}
	return labels[1]
}

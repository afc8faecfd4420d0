package credential

import (
	"context"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// Labels of assertions of ours, named as the specification wants it of those who are not the C2PA (2.2, 6.2.1).
const (
	KindLabel = "io.github.colophon-project.aigc-label" // the digest of the AIGC label in the same file
	KindMark  = "io.github.colophon-project.watermark"  // the watermark that leads back to the register
)

const xmpPrefix = "xmp:iid:"

// TrainedAlgorithmicMedia is the IPTC's term for content that a model has generated.
const TrainedAlgorithmicMedia = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

// Draft is what a manifest is to say.
type Draft struct {
	Title     string
	Generator Generator
	When      time.Time // of the actions that name no time

	// SourceType is the IPTC digital source type of content that is new: it makes the action created. With a parent among
	// the ingredients the first action is opened, and SourceType is that of the edit.
	SourceType string
	Actions    []Action // what was done after that

	Ingredients []*Ingredient
	Watermark   *Watermark
	Label       *Label
	Extra       []Extra
	Redact      []string // URIs of assertions of ingredients, which are taken out

	// InText allows to write among the characters of text.
	InText bool

	// Update makes a manifest that tells more about content that an earlier manifest of the same file binds.
	Update bool
}

// Watermark says that content carries a mark, so that a copy that lost this manifest leads back to it.
type Watermark struct {
	Alg   string `cbor:"alg"`
	Value []byte `cbor:"value"` // what the mark says
	// Registered is for an algorithm on the C2PA's list: only those may stand in a soft binding assertion.
	Registered bool `cbor:"-"`
}

// Label is the AIGC label in the same file.
type Label struct {
	Standard string `cbor:"standard"` // such as GB 45438-2025
	Place    string `cbor:"place"`
	Alg      string `cbor:"alg"`
	Hash     []byte `cbor:"hash"` // of the label's value
}

// NewLabel returns the assertion about a label with a value.
func NewLabel(standard, place string, value []byte) *Label {
	return &Label{Standard: standard, Place: place, Alg: SHA256, Hash: bind.Sum(SHA256, value)}
}

// Extra is an assertion of the caller's.
type Extra struct {
	Label    string
	CBOR     any    // or else
	JSON     []byte // this
	Gathered bool   // passed on, and not said by the signer
}

// Ingredient is something that content was made from, with the manifests that it has.
type Ingredient struct {
	Title        string
	Format       media.Format
	InstanceID   string
	Relationship Relationship

	store  *Store  // nil for one without a credential
	report *Report // what validation found of it
}

// Examine reads and validates what content is made from. A file without a credential is an ingredient too.
func Examine(ctx context.Context, src media.Source, f media.Format, r Relationship, title string, o Options) (*Ingredient, error) {
	in := &Ingredient{Title: title, Format: f, Relationship: r}
	if !Known(f) && !InText(f) {
		return in, nil
	}
	store, err := Read(src, f)
	if isNone(err) {
		return in, nil
	}
	if err != nil {
		return nil, err
	}
	if in.report, err = store.Validate(ctx, src, f, o); err != nil {
		return nil, err
	}
	in.store = store
	return in, nil
}

// Report is what validation found of an ingredient; nil for one without a credential.
func (in *Ingredient) Report() *Report { return in.report }

// assertion returns the assertion about an ingredient, of version 3.
func (in *Ingredient) assertion() (*ingredient, error) {
	out := &ingredient{Title: in.Title, InstanceID: in.InstanceID, Relationship: in.Relationship}
	if facts, ok := media.Facts(in.Format); ok {
		out.Format = facts.MIME
	}
	if in.store == nil {
		return out, nil
	}
	m := in.store.Active()
	out.ActiveManifest = &Link{URL: m.URI(), Alg: SHA256, Hash: bind.Sum(SHA256, m.box.Content())}
	if b := m.box.Child(labelSignature); b != nil {
		out.ClaimSignature = &Link{URL: m.signatureURI(), Alg: SHA256, Hash: bind.Sum(SHA256, b.Content())}
	}
	out.Results = &results{Active: &in.report.Active}
	for _, d := range in.report.Ingredients {
		out.Results.Deltas = append(out.Results.Deltas, delta{URI: d.URI, Deltas: d.List})
	}
	return out, nil
}

// said is one assertion of a new manifest.
type said struct {
	label    string
	raw      []byte // its box
	gathered bool
}

// newUUID returns a random UUID (RFC 9562, 5.4).
func newUUID(rand io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}

// assertions returns what a draft says, but for the binding of content.
func (d *Draft) assertions() ([]said, error) {
	var list []said
	add := func(label string, v any, gathered bool) error {
		raw, err := encode.Marshal(v)
		if err != nil {
			return err
		}
		list = append(list, said{label, jumbf.CBOR(label, raw), gathered})
		return nil
	}
	links := map[*Ingredient]Link{}
	for i, in := range d.Ingredients {
		a, err := in.assertion()
		if err != nil {
			return nil, err
		}
		if err := add(instance("c2pa.ingredient.v3", i), a, false); err != nil {
			return nil, err
		}
		links[in] = list[len(list)-1].link()
	}
	if err := add("c2pa.actions.v2", d.actions(links), false); err != nil {
		return nil, err
	}
	if w := d.Watermark; w != nil {
		var err error
		if w.Registered {
			err = add(KindSoftBinding, softBinding{Alg: w.Alg, Blocks: []softBlock{{Value: w.Value}}}, false)
		} else {
			err = add(KindMark, w, false)
		}
		if err != nil {
			return nil, err
		}
	}
	if d.Label != nil {
		if err := add(KindLabel, d.Label, false); err != nil {
			return nil, err
		}
	}
	for _, e := range d.Extra {
		if e.JSON != nil {
			list = append(list, said{e.Label, jumbf.JSON(e.Label, e.JSON), e.Gathered})
		} else if err := add(e.Label, e.CBOR, e.Gathered); err != nil {
			return nil, err
		}
	}
	for i, a := range list {
		if a.label == "" || slices.ContainsFunc(list[:i], func(b said) bool { return a.label == b.label }) {
			return nil, contentError("two assertions with one label, or one without")
		}
	}
	return list, nil
}

// softBinding is a soft binding assertion (C2PA 2.2, 18.8).
type softBinding struct {
	Alg    string      `cbor:"alg"`
	Blocks []softBlock `cbor:"blocks"`
	Pad    []byte      `cbor:"pad"`
}

type softBlock struct {
	Scope struct{} `cbor:"scope"`
	Value []byte   `cbor:"value"`
}

// instance tells the second and further assertions of a kind apart (C2PA 2.2, 6.3).
func instance(label string, i int) string {
	if i == 0 {
		return label
	}
	return label + "__" + itoa(i)
}

func (a *said) link() Link {
	box, err := jumbf.Parse(a.raw)
	if err != nil {
		return Link{}
	}
	return Link{URL: jumbf.Scheme + labelAssertions + "/" + a.label, Hash: bind.Sum(SHA256, box.Content())}
}

// when is a time in CBOR, with its tag.
type when string

// MarshalCBOR writes the time under the tag of RFC 3339 (RFC 8949, 3.4.1).
func (w when) MarshalCBOR() ([]byte, error) {
	return cbor.Marshal(cbor.Tag{Number: 0, Content: string(w)})
}

// writtenAction is an action as it is written.
type writtenAction struct {
	Action
	When when `cbor:"when,omitempty"`
}

// actions returns the actions: content begins once, with the parent where there is one, and what else went in was placed.
func (d *Draft) actions(links map[*Ingredient]Link) map[string]any {
	var list []writtenAction
	add := func(a Action) {
		if a.When == "" && !d.When.IsZero() {
			a.When = d.When.UTC().Format(time.RFC3339)
		}
		if a.SoftwareAgent == nil && d.Generator.Name != "" {
			a.SoftwareAgent, _ = encode.Marshal(d.Generator)
		}
		list = append(list, writtenAction{Action: a, When: when(a.When)})
	}
	parent := slices.IndexFunc(d.Ingredients, func(in *Ingredient) bool { return in.Relationship == ParentOf })
	switch {
	case parent >= 0:
		add(Action{Action: ActionOpened, Parameters: &ActionParameter{Ingredients: []Link{links[d.Ingredients[parent]]}}})
		if d.SourceType != "" && !d.Update {
			add(Action{Action: ActionEdited, DigitalSourceType: d.SourceType})
		}
	default:
		var inputs []Link
		for _, in := range d.Ingredients {
			if in.Relationship == InputTo {
				inputs = append(inputs, links[in])
			}
		}
		created := Action{Action: ActionCreated, DigitalSourceType: d.SourceType}
		if len(inputs) > 0 {
			created.Parameters = &ActionParameter{Ingredients: inputs}
		}
		add(created)
	}
	for _, in := range d.Ingredients {
		if in.Relationship == ComponentOf {
			add(Action{Action: ActionPlaced, Parameters: &ActionParameter{Ingredients: []Link{links[in]}}})
		}
	}
	for _, a := range d.Actions {
		add(a)
	}
	for _, uri := range d.Redact {
		add(Action{Action: ActionRedacted, Parameters: &ActionParameter{Redacted: uri}})
	}
	return map[string]any{"actions": list}
}

// check refuses what validation would refuse.
func (d *Draft) check() error {
	parents := 0
	for _, in := range d.Ingredients {
		switch in.Relationship {
		case ParentOf:
			parents++
		case ComponentOf, InputTo:
		default:
			return contentError("an ingredient without a relationship")
		}
		if in.store != nil && in.report.Active.Has(status.ClaimMissing) {
			return contentError("an ingredient without a claim")
		}
	}
	switch {
	case d.Generator.Name == "":
		return contentError("the claim generator has no name")
	case parents > 1:
		return contentError("more than one parent")
	case parents == 0 && d.SourceType == "":
		return contentError("content that is new needs a digital source type")
	case d.Update && parents == 0:
		return contentError("an update without a parent")
	}
	for _, a := range d.Actions {
		if begins(a.Action) || a.Action == "" {
			return contentError("content begins once")
		}
	}
	return nil
}

package credential

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/status"
)

// Kinds of assertions that are known here (C2PA 2.2, clause 18).
const (
	KindActions     = "c2pa.actions"
	KindIngredient  = "c2pa.ingredient"
	KindDataHash    = "c2pa.hash.data"
	KindBMFFHash    = "c2pa.hash.bmff"
	KindBoxesHash   = "c2pa.hash.boxes"
	KindCollection  = "c2pa.hash.collection.data"
	KindSoftBinding = "c2pa.soft-binding"

	kindStamps = "c2pa.time-stamp"
)

// SHA256 is the hash that is written (C2PA 2.2, 13.1).
const SHA256 = bind.SHA256

// Relationship says what an ingredient is to the content (C2PA 2.2, 18.15.2).
type Relationship string

// Relationships.
const (
	ParentOf    Relationship = "parentOf"
	ComponentOf Relationship = "componentOf"
	InputTo     Relationship = "inputTo"
)

// Actions (C2PA 2.2, 18.14.4) that are known here.
const (
	ActionCreated  = "c2pa.created"
	ActionOpened   = "c2pa.opened"
	ActionPlaced   = "c2pa.placed"
	ActionEdited   = "c2pa.edited"
	ActionRedacted = "c2pa.redacted"

	actionRemoved    = "c2pa.removed"
	actionTranscoded = "c2pa.transcoded"
	actionRepackaged = "c2pa.repackaged"
	actionTranslated = "c2pa.translated"
	actionMetadata   = "c2pa.edited.metadata"
	actionPublished  = "c2pa.published"
)

// Actions is what was done to content.
type Actions struct {
	List []Action `cbor:"actions"`
}

// Action is one thing that was done.
type Action struct {
	Action            string           `cbor:"action"`
	When              string           `cbor:"when,omitempty"`
	SoftwareAgent     cbor.RawMessage  `cbor:"softwareAgent,omitempty"` // a name, or a [Generator]
	Description       string           `cbor:"description,omitempty"`
	DigitalSourceType string           `cbor:"digitalSourceType,omitempty"`
	Parameters        *ActionParameter `cbor:"parameters,omitempty"`
}

// ActionParameter says what an action was done with.
type ActionParameter struct {
	Ingredient  *Link  `cbor:"ingredient,omitempty"`
	Ingredients []Link `cbor:"ingredients,omitempty"`
	Redacted    string `cbor:"redacted,omitempty"`
	From        string `cbor:"sourceLanguage,omitempty"`
	To          string `cbor:"targetLanguage,omitempty"`
}

// links returns the ingredients of an action, and whether it names any.
func (p *ActionParameter) links() ([]Link, bool) {
	switch {
	case p == nil:
		return nil, false
	case p.Ingredient != nil:
		return []Link{*p.Ingredient}, true
	}
	return p.Ingredients, p.Ingredients != nil
}

// ingredient is the assertion about something that content was made from, of any version.
type ingredient struct {
	Title           string         `cbor:"dc:title,omitempty"`
	Format          string         `cbor:"dc:format,omitempty"`
	InstanceID      string         `cbor:"instanceID,omitempty"`
	Relationship    Relationship   `cbor:"relationship"`
	Manifest        *Link          `cbor:"c2pa_manifest,omitempty"`
	ActiveManifest  *Link          `cbor:"activeManifest,omitempty"`
	ClaimSignature  *Link          `cbor:"claimSignature,omitempty"`
	Validation      []status.Entry `cbor:"validationStatus,omitempty"`
	Results         *results       `cbor:"validationResults,omitempty"`
	DataTypes       []dataType     `cbor:"dataTypes,omitempty"`
	DescriptionText string         `cbor:"description,omitempty"`
}

type dataType struct {
	Type string `cbor:"type"`
}

// results is what validation of an ingredient found when it was taken in.
type results struct {
	Active *status.List `cbor:"activeManifest,omitempty"`
	Deltas []delta      `cbor:"ingredientDeltas,omitempty"`
}

type delta struct {
	URI    string      `cbor:"ingredientAssertionURI"`
	Deltas status.List `cbor:"validationDeltas"`
}

// manifest returns the link to the ingredient's own manifest, nil where it has none.
func (i *ingredient) manifest() *Link {
	if i.ActiveManifest != nil {
		return i.ActiveManifest
	}
	return i.Manifest
}

// recorded returns everything that validation once found of the ingredient.
func (i *ingredient) recorded() []status.Entry {
	if i.Results == nil {
		return i.Validation
	}
	var all []status.Entry
	if i.Results.Active != nil {
		all = i.Results.Active.All()
	}
	for _, d := range i.Results.Deltas {
		all = append(all, d.Deltas.All()...)
	}
	return all
}

package register

import (
	_ "embed" // for the table of kinds
	"encoding/json"
	"slices"
)

//go:embed kinds.json
var kinds []byte

// Item is one of the six items of Deep Synthesis Provisions Art. 23 ¶1.
type Item struct {
	Number int    `json:"item"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
	Kinds  []Kind `json:"kinds"`
}

// Kind is a kind of function within an item: those that the article names, and a few that it does not.
type Kind struct {
	ID       string   `json:"id"`
	ZH       string   `json:"zh"`
	EN       string   `json:"en"`
	Classes  []string `json:"classes"`            // which a function of the kind may be of
	Likeness []string `json:"likeness,omitempty"` // what of a person it edits at least
	Consent  string   `json:"consent,omitempty"`  // the least level of consent
}

// Items returns the table of kinds.
func Items() ([]Item, error) {
	var list []Item
	err := json.Unmarshal(kinds, &list)
	return list, err
}

// kind finds a kind and its item.
func (r *Register) kind(id string) (Kind, int, bool) {
	for _, item := range r.items {
		for _, k := range item.Kinds {
			if k.ID == id {
				return k, item.Number, true
			}
		}
	}
	return Kind{}, 0, false
}

// The words of other packages that a function is described with.
var (
	modalities     = []string{"face", "voice", "body", "name"}
	consents       = []string{"claimed", "recorded", "matched", "verified"} // from the least
	identities     = []string{"phone", "two-factor", "three-factor", "four-factor", "live", "network-id", "organisation"}
	noticePolicies = []string{"required", "on-request", "offered"}
	formKinds      = []string{"app", "website", "mini-program", "api", "other"}
	roles          = []string{"provider", "supporter"}
	pers           = []string{"account", "function", "model"}
)

// least is the lowest level of consent that a function may ask for; empty where it edits nobody's likeness.
func (k Kind) least(f Function) string {
	switch {
	case len(f.Likeness) == 0:
		return ""
	case k.Consent != "":
		return k.Consent
	}
	return "recorded"
}

// implied fills what the kind implies and nobody said.
func (k Kind) implied(f *Function) {
	if f.Class == "" && len(k.Classes) == 1 {
		f.Class = k.Classes[0]
	}
	if len(f.Likeness) == 0 {
		f.Likeness = slices.Clone(k.Likeness)
	}
	if f.Consent == "" {
		f.Consent = k.least(*f)
	}
	if f.Identity == "" {
		f.Identity = "phone"
	}
}

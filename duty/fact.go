package duty

import (
	"slices"

	"github.com/colophon-project/colophon"
)

// Fact is something that decides whether an obligation applies. The vocabulary is closed: a pack names facts of this list and
// has no rules of its own.
type Fact string

// The facts.
const (
	Provider     Fact = "provider"      // offers deep synthesis to users
	Supporter    Fact = "supporter"     // supplies technology to providers
	Platform     Fact = "platform"      // spreads content that users upload
	AppStore     Fact = "app-store"     // distributes applications of others
	Public       Fact = "public"        // offers generation to the public of the mainland
	Releases     Fact = "releases"      // lets users publish what was made
	News         Fact = "news"          // lets users make or repost news
	Biometric    Fact = "biometric"     // makes or edits faces, voices or other biometric features
	Sensitive    Fact = "sensitive"     // makes or edits objects or scenes that touch national security or the public interest
	Listed       Fact = "listed"        // has a function of the five classes of Deep Synthesis Provisions Art. 17
	Unlisted     Fact = "unlisted"      // has a function outside these
	Downloads    Fact = "downloads"     // lets users download, copy or export
	Unmarked     Fact = "unmarked"      // hands out copies without the visible notice
	Opinion      Fact = "opinion"       // has the attributes of public opinion or social mobilisation
	Filed        Fact = "filed"         // has filed an algorithm
	Ended        Fact = "ended"         // ended a service that was filed
	Trains       Fact = "trains"        // trains or tunes models
	PersonalData Fact = "personal-data" // trains on personal information
	Annotates    Fact = "annotates"     // has training data annotated
	Minors       Fact = "minors"        // minors may use the service
	Recognises   Fact = "recognises"    // identifies or verifies people by their faces
	ManyFaces    Fact = "many-faces"    // stores the faces of 100,000 people or more
)

// AllFacts lists the vocabulary.
func AllFacts() []Fact {
	return []Fact{Provider, Supporter, Platform, AppStore, Public, Releases, News, Biometric, Sensitive, Listed, Unlisted, Downloads, Unmarked,
		Opinion, Filed, Ended, Trains, PersonalData, Annotates, Minors, Recognises, ManyFaces}
}

// Code is the code of the fact's sentence.
func (f Fact) Code() colophon.Code { return colophon.Code("duty-fact-" + string(f)) }

// Answers says of facts whether they are so. One that is not in it is not known.
type Answers map[Fact]bool

// Condition says when an obligation applies: all of some facts, any of some, and none of some. The zero value always does.
type Condition struct {
	All  []Fact `json:"all,omitempty"`
	Any  []Fact `json:"any,omitempty"`
	None []Fact `json:"none,omitempty"`
}

// Facts lists the facts that the condition names.
func (c Condition) Facts() []Fact { return slices.Concat(c.All, c.Any, c.None) }

// Holds says whether the condition holds, and which facts decided when it does not, or could not be told.
func (c Condition) Holds(a Answers) (colophon.Verdict, []Fact) {
	var against, unknown []Fact
	for want, facts := range map[bool][]Fact{true: c.All, false: c.None} {
		for _, f := range facts {
			switch is, known := a[f]; {
			case !known:
				unknown = append(unknown, f)
			case is != want:
				against = append(against, f)
			}
		}
	}
	if len(c.Any) > 0 && !slices.ContainsFunc(c.Any, func(f Fact) bool { return a[f] }) {
		open := slices.DeleteFunc(slices.Clone(c.Any), func(f Fact) bool { _, known := a[f]; return known })
		if len(open) == 0 {
			against = append(against, c.Any...)
		}
		unknown = append(unknown, open...)
	}
	slices.Sort(against)
	slices.Sort(unknown)
	switch {
	case len(against) > 0:
		return colophon.Failed, slices.Compact(against)
	case len(unknown) > 0:
		return colophon.Unknown, slices.Compact(unknown)
	}
	return colophon.Passed, nil
}

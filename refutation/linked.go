package refutation

import (
	"time"

	"github.com/colophon-project/colophon/refutation/feed"
)

// Page is what the public page of a refutation says beside it.
type Page struct {
	URL      string
	Provider string // its name
	Home     string // its address
	Language string // zh or en
	Verdict  string // in words
}

// Linked is a refutation as search engines and fact checkers read it (JSON-LD by schema.org).
type Linked struct {
	Context string `json:"@context" doc:"Vocabulary: https://schema.org."`
	Graph   []any  `json:"@graph" doc:"A ClaimReview, and a MediaReview where there is one."`
}

type organisation struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type claimReview struct {
	Type      string        `json:"@type"`
	URL       string        `json:"url"`
	Published string        `json:"datePublished"`
	Language  string        `json:"inLanguage"`
	Author    organisation  `json:"author"`
	Claim     string        `json:"claimReviewed"`
	Body      string        `json:"reviewBody"`
	Rating    rating        `json:"reviewRating"`
	Item      claim         `json:"itemReviewed"`
	Citations []creativeRef `json:"citation,omitempty"`
}

// rating has numbers for false alone: the others have no place on a scale from false to true.
type rating struct {
	Type  string `json:"@type"`
	Name  string `json:"alternateName"`
	Value int    `json:"ratingValue,omitempty"`
	Best  int    `json:"bestRating,omitempty"`
	Worst int    `json:"worstRating,omitempty"`
}

type claim struct {
	Type       string   `json:"@type"`
	Text       string   `json:"text"`
	FirstSeen  string   `json:"datePublished,omitempty"`
	Appearance []object `json:"appearance,omitempty"`
}

type creativeRef struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url"`
	Date string `json:"datePublished"`
}

type object struct {
	Type       string `json:"@type"`
	Identifier string `json:"identifier,omitempty"` // content number
	SHA256     string `json:"sha256,omitempty"`
}

type mediaReview struct {
	Type      string       `json:"@type"`
	URL       string       `json:"url"`
	Published string       `json:"datePublished"`
	Author    organisation `json:"author"`
	Category  string       `json:"mediaAuthenticityCategory"`
	Item      mediaItem    `json:"itemReviewed"`
}

type mediaItem struct {
	Type       string   `json:"@type"`
	Appearance []object `json:"mediaItemAppearance"`
}

// Linked makes the JSON-LD of a published refutation: a ClaimReview, and a MediaReview where the verdict is one about media
// and there is some. Of any other it has nothing, since what was corrected or withdrawn is no review any more.
func (r Refutation) Linked(p Page) Linked {
	l := Linked{Context: "https://schema.org", Graph: []any{}}
	if r.State != Published {
		return l
	}
	by := organisation{"Organization", p.Provider, p.Home}
	published := r.Published.Format(time.RFC3339)
	review := claimReview{Type: "ClaimReview", URL: p.URL, Published: published, Language: p.Language, Author: by, Claim: r.Claim.In(p.Language), Body: r.Reason.In(p.Language),
		Rating: rating{Type: "Rating", Name: p.Verdict}, Item: claim{Type: "Claim", Text: r.Claim.In(p.Language), Appearance: r.media()}}
	if r.Verdict == feed.False {
		review.Rating.Value, review.Rating.Best, review.Rating.Worst = 1, 5, 1
	}
	if !r.FirstSeen.IsZero() {
		review.Item.FirstSeen = r.FirstSeen.Format(time.DateOnly)
	}
	for _, s := range r.Sources {
		review.Citations = append(review.Citations, creativeRef{"CreativeWork", s.Title, s.URL, s.Date})
	}
	l.Graph = append(l.Graph, review)
	category := map[feed.Verdict]string{feed.Altered: "TransformedContent", feed.OutOfContext: "DecontextualizedContent"}[r.Verdict]
	if objects := r.media(); category != "" && len(objects) > 0 {
		l.Graph = append(l.Graph, mediaReview{"MediaReview", p.URL, published, by, category, mediaItem{"MediaReviewItem", objects}})
	}
	return l
}

// media lists the content that a refutation is about. Which digest is that of which number it does not know.
func (r Refutation) media() []object {
	var list []object
	for _, n := range r.Numbers {
		list = append(list, object{Type: "MediaObject", Identifier: n})
	}
	for _, d := range r.Digests {
		if d.Alg == "sha256" {
			list = append(list, object{Type: "MediaObject", SHA256: d.Value})
		}
	}
	return list
}

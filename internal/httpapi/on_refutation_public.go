package httpapi

import (
	"context"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/screen/phash"
)

// looked is the largest body of a question about content, in bytes: a text in which each byte is escaped.
const looked = 1 << 20

func publicRefutationRoutes() []route {
	return []route{
		{get, "/v1/public/refutations", "public-refutations", "", "refutations", 0, 200, do((*server).publicRefutations), "List what was published, the newest first; what was corrected or withdrawn says so", 0},
		{get, "/v1/public/refutations/{id}", "public-refutation", "", "refutations", 0, 200, do((*server).publicRefutation), "Show a refutation, with ClaimReview and MediaReview as JSON-LD", 0},
		{post, "/v1/public/refutations:look", "look-for-refutations", "", "refutations", looked, 200, do((*server).lookForRefutations), "Whether something is refuted about content; for everybody", 0},
	}
}

type publicRefutationsInput struct {
	Cursor string             `query:"cursor" maxLength:"1024" doc:"next of the page before."`
	Limit  int                `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The most that one page holds."`
	States []refutation.State `query:"state,explode" nullable:"false" maxItems:"3" enum:"published,corrected,withdrawn" doc:"State; may be repeated."`
}

type publicRefutationsOutput struct {
	Body struct {
		Refutations []PublicRefutation `json:"refutations" nullable:"false" doc:"Refutations."`
		Next        string             `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) publicRefutations(ctx context.Context, in *publicRefutationsInput) (*publicRefutationsOutput, error) {
	list, next, err := s.Refutations.Refutations(ctx, refutation.Filter{Public: true, States: in.States, After: in.Cursor, Limit: in.Limit})
	out := &publicRefutationsOutput{}
	out.Body.Refutations, out.Body.Next = []PublicRefutation{}, next
	for _, r := range list {
		out.Body.Refutations = append(out.Body.Refutations, s.viewPublic(r))
	}
	return out, err
}

type publicRefutationInput struct {
	Named
	Lang string `query:"lang" enum:"zh,en" doc:"Language of the JSON-LD; by itself that of the request."`
}

type publicRefutationOutput struct {
	Body struct {
		PublicRefutation
		Linked *refutation.Linked `json:"linked,omitempty" doc:"JSON-LD by schema.org, for the page; absent where the refutation does not stand any more."`
	}
}

// publicRefutation shows what was published. What was not is as if it were not there.
func (s *server) publicRefutation(ctx context.Context, in *publicRefutationInput) (*publicRefutationOutput, error) {
	r, err := s.Refutations.Refutation(ctx, in.ID)
	if err == nil && r.Published.IsZero() {
		err = refuse(colophon.Missing, refutation.CodeMissing)
	}
	if err != nil {
		return nil, err
	}
	out := &publicRefutationOutput{}
	out.Body.PublicRefutation = s.viewPublic(r)
	if r.State == refutation.Published {
		l := spoken(ctx, in.Lang)
		linked := r.Linked(refutation.Page{URL: s.refutationPage(r.ID), Provider: s.ProviderName, Home: s.PublicURL, Language: l, Verdict: catalogues()[locale.Language(l)].Say("refutation-verdict-" + string(r.Verdict))})
		out.Body.Linked = &linked
	}
	return out, nil
}

// LookedHash is a perceptual hash of a picture.
type LookedHash struct {
	PDQ     phash.Hash `json:"pdq" doc:"PDQ hash, 64 hexadecimal digits."`
	Quality int        `json:"quality" minimum:"0" maximum:"100" doc:"Its quality. With less than 50 nothing can be found by it, and the answer says so."`
}

// What came of looking for refutations. The words of the answer are what stands behind the last hyphen.
const (
	codeLookedRefuted colophon.Code = "refutation-looked-refuted" // of the same content
	codeLookedLike    colophon.Code = "refutation-looked-like"    // of content that it is like
	codeLookedNothing colophon.Code = "refutation-looked-nothing" // nothing is known, which is not the same as true
	codeLookedUnsure  colophon.Code = "refutation-looked-unsure"  // nothing was found, and not all could be looked for
	codeUnlookedPDQ   colophon.Code = "refutation-unlooked-quality"
)

type lookForRefutationsInput struct {
	Body struct {
		Numbers []string     `json:"numbers,omitempty" maxItems:"32" nullable:"false" doc:"Content numbers, as they stand in labels."`
		Digests []FileDigest `json:"digests,omitempty" maxItems:"32" nullable:"false" doc:"Digests of the file."`
		Hashes  []LookedHash `json:"hashes,omitempty" maxItems:"32" nullable:"false" doc:"Perceptual hashes of the picture, or of pictures of the film."`
		Text    string       `json:"text,omitempty" maxLength:"131072" doc:"A text; it is kept nowhere."`
	}
}

// Looked is what is refuted about content.
type Looked struct {
	Result   string     `json:"result" enum:"refuted,like,nothing,unsure" doc:"Refuted: about this very content. Like: about content that it is like; people have to look. Nothing: nothing is known, which does not mean that it is true. Unsure: nothing was found, and not all could be looked for."`
	Says     Sentence   `json:"says" doc:"The result in words."`
	Found    []Refuted  `json:"found" nullable:"false" doc:"The surest first."`
	Unlooked []Sentence `json:"unlooked" nullable:"false" doc:"What could not be looked for."`
}

type lookForRefutationsOutput struct{ Body Looked }

func (s *server) lookForRefutations(ctx context.Context, in *lookForRefutationsInput) (*lookForRefutationsOutput, error) {
	b, say := in.Body, printer(askerOf(ctx).language)
	if len(b.Numbers)+len(b.Digests)+len(b.Hashes) == 0 && b.Text == "" {
		return nil, invalid("body", "expected a content number, a digest, a hash or a text")
	}
	v := Looked{Unlooked: []Sentence{}}
	clue := refutation.Clue{Prints: feed.Prints{Numbers: b.Numbers}, Text: b.Text}
	for _, d := range b.Digests {
		clue.Digests = append(clue.Digests, feed.Digest(d))
	}
	for _, h := range b.Hashes {
		if h.Quality >= phash.MinQuality {
			clue.Likeness = append(clue.Likeness, h.PDQ)
		} else if len(v.Unlooked) == 0 {
			v.Unlooked = append(v.Unlooked, Sentence{codeUnlookedPDQ, say.Code(codeUnlookedPDQ, nil)})
		}
	}
	a, err := s.Refutations.Look(ctx, clue)
	if err != nil {
		return nil, err
	}
	if a.Unlooked != "" {
		v.Unlooked = append(v.Unlooked, Sentence{a.Unlooked, say.Code(a.Unlooked, nil)})
	}
	v.Found = s.viewFound(a.Found)
	code := codeLookedNothing
	switch {
	case len(v.Found) > 0 && v.Found[0].Certain:
		code = codeLookedRefuted
	case len(v.Found) > 0:
		code = codeLookedLike
	case len(v.Unlooked) > 0:
		code = codeLookedUnsure
	}
	v.Result, v.Says = strings.TrimPrefix(string(code), "refutation-looked-"), Sentence{code, say.Code(code, nil)}
	return &lookForRefutationsOutput{v}, nil
}

package httpapi

import (
	"context"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/screen/phash"
)

// CodeHostedRefuted says that a hosted address hands out nothing, because the content was refuted.
const CodeHostedRefuted colophon.Code = "hosted-refuted"

// HeaderRefutation names a refutation of the content that an answer holds, and its verdict.
const HeaderRefutation = "Colophon-Refutation"

// Refuted is a published refutation that is about content.
type Refuted struct {
	PublicRefutation
	Likeness
}

// refuted looks for published refutations of content, the surest first.
func (s *server) refuted(ctx context.Context, p feed.Prints) ([]Refuted, error) {
	p.Numbers = slices.DeleteFunc(p.Numbers, func(n string) bool { return (&feed.Prints{Numbers: []string{n}}).Check() != "" }) // no refutation has such a number
	a, err := s.Refutations.Look(ctx, refutation.Clue{Prints: p})
	if err != nil {
		return nil, err
	}
	return s.viewFound(a.Found), nil
}

func (s *server) viewFound(found []refutation.Found) []Refuted {
	list := make([]Refuted, len(found))
	for i, f := range found {
		list[i] = Refuted{s.viewPublic(f.Refutation), Likeness{f.How, f.Certain, f.Bits, f.Share}}
	}
	return list
}

// printsOf are by what an item is the same as what was refuted.
func printsOf(a artefact.Artefact) feed.Prints {
	p := feed.Prints{Numbers: []string{string(a.Number)}}
	for _, d := range []artefact.Digest{a.After, a.Before} {
		if d != (artefact.Digest{}) {
			p.Digests = append(p.Digests, feed.Digest{Alg: "sha256", Value: hex.EncodeToString(d[:])})
		}
	}
	return p
}

// looksOf adds what an item looks like.
func looksOf(a artefact.Artefact, p *feed.Prints) {
	for h := range slices.Chunk(a.Likeness, artefact.HashSize) {
		if hash := phash.From(h); hash != (phash.Hash{}) && len(p.Likeness) < feed.MaxPrints {
			p.Likeness = append(p.Likeness, hash)
		}
	}
}

// correct deals with an address of content that was refuted, and reports whether that was the answer. A person who opens it
// in a browser is sent to the correction, which is a page of its own with status 200: it is what there is to read now, programs
// that show a preview of an address pass over anything else, and a redirection that nobody keeps (303, no-store, as all answers have) goes away with
// the refutation. A program gets the bytes, because pictures are put into pages by address and must not break for what is no
// order to stop; headers say what was refuted. It is not 451 either, which says that somebody demanded the content's absence.
func (s *server) correct(k *sink, r *http.Request) (done bool, err error) {
	token := r.PathValue("token")
	n, err := s.Models.Hosted.Number(token)
	if err != nil {
		return false, err
	}
	a, err := s.Artefacts.Artefact(r.Context(), n)
	if err != nil {
		return false, err
	}
	list, err := s.refuted(r.Context(), printsOf(a))
	if err != nil || len(list) == 0 {
		return false, err
	}
	h := k.w.Header()
	h.Set("Vary", "Accept")
	for _, one := range list {
		h.Add("Link", "<"+one.URL+`>; rel="describedby"; type="text/html"`)
		h.Add(HeaderRefutation, one.ID+`; verdict="`+string(one.Verdict)+`"`)
	}
	switch {
	case pageWanted(r) && r.URL.Query().Get("original") != "1":
		to := url.URL{Path: "/corrections/" + string(n), RawPath: "/corrections/" + url.PathEscape(string(n))}
		if s.Models.Originals {
			to.RawQuery = url.Values{"from": {token}}.Encode()
		}
		http.Redirect(k.w, r, to.String(), http.StatusSeeOther)
		return true, nil
	case !s.Models.Originals:
		return false, refuse(colophon.Refused, CodeHostedRefuted)
	}
	return false, nil
}

// pageWanted reports whether somebody opens an address as a page: browsers name HTML as what they take first, and not where they
// fetch a picture for a page.
func pageWanted(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept") {
		for one := range strings.SplitSeq(accept, ",") {
			kind, params, err := mime.ParseMediaType(one)
			q, bad := strconv.ParseFloat(params["q"], 64)
			if err == nil && (kind == "text/html" || kind == "application/xhtml+xml") && (bad != nil || q > 0) {
				return true
			}
		}
	}
	return false
}

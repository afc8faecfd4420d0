package console

import (
	"strings"

	"github.com/colophon-project/colophon/client"
)

const (
	publicRefutationsPath = "/refutations"
	publicRefutationPath  = publicRefutationsPath + "/{id}"
	publicFeedPath        = publicRefutationsPath + "/feed"
	// mostSearched is how many published refutations are looked through for words, and
	mostSearched = 1000
	// publicSize how many the API lists at once.
	publicSize = 100
	shownSize  = 20
)

func publicRefutationPages() []page {
	return []page{
		{method: get, path: publicRefutationsPath, who: anybody, title: "page-refutations", about: "page-refutations-about", menu: true, words: rumourWords(), do: showRefutations},
		{method: get, path: publicFeedPath, who: anybody, title: "page-recall-public", about: "page-recall-public-about", do: showPublicFeed},
		{method: get, path: publicRefutationPath, who: anybody, title: "page-refutation", about: "page-refutations-about", do: showRefutation},
	}
}

func publicRefutation(id string) string { return publicRefutationsPath + "/" + escaped(id) }

// refuted is a refutation as everybody reads it, in the language of the visit.
type refuted struct {
	client.Refutation
	To                            string
	Claim, Verdict, About, Reason string
	Tone                          string // class of the verdict's shape
	Ended                         cell   // what became of it; empty while it stands
}

func (v *visit) refuted(r client.Refutation) refuted {
	say := v.speakers[v.lang]
	out := refuted{Refutation: r, To: publicRefutation(r.ID), Claim: v.words(r.Claim), Verdict: valued(say, "refutation-verdict-"+r.Verdict, r.Verdict), About: say.Say("page-rumour-verdict-" + r.Verdict), Reason: v.words(r.Reason), Tone: "failed"}
	if r.Verdict == "unproven" {
		out.Tone = "could-not-tell"
	}
	if r.State != "published" {
		out.Ended, out.Tone = state("refutation-state-", r.State, map[string]tone{"withdrawn": bad, "corrected": wait}), ""
	}
	return out
}

type refutationsPage struct {
	List        []refuted
	Asked, Next string
	Searched    bool
	More        bool // not all were looked through
	Feed        string
}

// feedAt is the address of the feed in the language of the visit.
func (v *visit) feedAt() string { return "/v1/recall/feed.json?lang=" + string(v.lang) }

func showRefutations(v *visit) error {
	data := refutationsPage{Asked: strings.TrimSpace(v.r.URL.Query().Get("q")), Feed: v.feedAt()}
	var list []client.Refutation
	var err error
	if data.Asked != "" {
		data.Searched = true
		list, data.More, err = v.searched(data.Asked)
	} else {
		var next string
		list, next, err = v.api().PublicRefutations(v.r.Context(), client.Listing{Cursor: v.r.URL.Query().Get("cursor"), Limit: shownSize})
		if next != "" {
			data.Next = with(publicRefutationsPath, nil, "cursor", next)
		}
	}
	if err != nil {
		return err
	}
	var things []map[string]any
	for i, r := range list {
		one := v.refuted(r)
		data.List = append(data.List, one)
		things = append(things, map[string]any{"@type": "ListItem", "position": i + 1, "url": v.tongue(one.To, ""), "name": one.Claim})
	}
	if len(things) > 0 && !data.Searched {
		v.things = map[string]any{"@context": "https://schema.org", "@type": "ItemList", "itemListElement": things}
	}
	return v.show("refutations", data)
}

// searched are the published refutations that have words in them, or are about a content number, the newest first.
func (v *visit) searched(words string) (found []client.Refutation, more bool, err error) {
	words = strings.ToLower(words)
	more, err = v.eachRefutation(func(r client.Refutation) {
		text := strings.Join(append([]string{r.Claim.ZH, r.Claim.EN, r.Reason.ZH, r.Reason.EN, r.ID}, r.Numbers...), "\n")
		if strings.Contains(strings.ToLower(text), words) {
			found = append(found, r)
		}
	})
	return found, more, err
}

// eachRefutation calls fn with what was published, the newest first, and reports whether there is more than it looks at.
func (v *visit) eachRefutation(fn func(client.Refutation)) (more bool, err error) {
	cursor := ""
	for range mostSearched / publicSize {
		list, next, err := v.api().PublicRefutations(v.r.Context(), client.Listing{Cursor: cursor, Limit: publicSize})
		if err != nil {
			return false, err
		}
		for _, r := range list {
			fn(r)
		}
		if cursor = next; cursor == "" {
			return false, nil
		}
	}
	return true, nil
}

type refutationPage struct {
	refuted
	Sources   []client.RefutationSource
	Why       string // it was withdrawn
	Corrects  string // addresses
	Corrected string
	Report    string
	Feed      string
	Provider  string
}

// showRefutation shows what was published, also where it does not stand any more, and says so first.
func showRefutation(v *visit) error {
	r, err := v.api().PublicRefutation(v.r.Context(), v.r.PathValue("id"), string(v.lang))
	if err != nil {
		return err
	}
	data := refutationPage{refuted: v.refuted(r), Sources: webSources(r.Sources), Feed: v.feedAt(), Provider: v.ProviderName, Report: deskPath + "/rumour"}
	if len(r.Numbers) > 0 {
		data.Report = with(data.Report, nil, "number", r.Numbers[0])
	}
	if r.Why != nil {
		data.Why = v.words(*r.Why)
	}
	if r.Corrects != "" {
		data.Corrects = publicRefutation(r.Corrects)
	}
	if r.CorrectedBy != "" {
		data.Corrected = publicRefutation(r.CorrectedBy)
	}
	v.titled = briefly(data.Claim, 80)
	v.about = v.speakers[v.lang].Say("page-refutation-about", "claim", briefly(data.Claim, 90), "verdict", data.Verdict)
	if len(r.Linked) > 0 {
		v.things = r.Linked
	}
	return v.show("refutation", data)
}

func showPublicFeed(v *visit) error {
	own, err := v.ownFeed()
	if err != nil {
		return err
	}
	return v.show("recallpublic", own)
}

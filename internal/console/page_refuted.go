package console

import (
	"regexp"
	"slices"

	"github.com/colophon-project/colophon/client"
)

// correctionPath is what hosted addresses lead to once their content was refuted.
const correctionPath = "/corrections/{number}"

func correctionPages() []page {
	return []page{{method: get, path: correctionPath, who: anybody, title: "page-correction", about: "page-correction-about", words: rumourWords(), do: showCorrection}}
}

// correction is one refutation of content, as everybody reads it.
type correction struct {
	refuted
	Sources []client.RefutationSource
}

type correctionPage struct {
	List []correction
	// Original is the address of the content itself; empty where it is not handed out.
	Original string
}

// addressToken is what tokens of hosted addresses are written in.
var addressToken = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// showCorrection shows what was refuted about content, certainly and not because of a likeness. Once nothing is refuted any more
// the page leads back to the content.
func showCorrection(v *visit) error {
	found, err := v.api().LookUp(v.r.Context(), v.r.PathValue("number"), "")
	if err != nil {
		return err
	}
	data := correctionPage{}
	for _, r := range slices.DeleteFunc(found.Refuted, func(r client.Refuted) bool { return !r.Certain }) {
		data.List = append(data.List, correction{v.refuted(r.Refutation), webSources(r.Sources)})
	}
	if from := v.r.URL.Query().Get("from"); addressToken.MatchString(from) {
		data.Original = "/v1/content/" + from
		if len(data.List) > 0 {
			data.Original += "?original=1"
		}
	}
	return v.show("correction", data)
}

// refutedPart shows what was refuted about an item, and nothing where nothing was.
func refutedPart(v *visit, a client.Artefact) (*part, error) {
	if len(a.Refuted) == 0 {
		return nil, nil
	}
	return &part{Title: "page-artefact-refuted", Lead: "page-artefact-refuted-lead", Table: tableOf("page-artefact-refuted", []column[client.Refuted]{
		{name: "verdict", cell: func(r client.Refuted) cell { return word("refutation-verdict-", r.Verdict) }},
		{name: "claim", cell: func(r client.Refuted) cell { return text(briefly(v.words(r.Claim), 160)).to(publicRefutation(r.ID)) }},
		{name: "fits", cell: func(r client.Refuted) cell { return fitting(r.Likeness) }},
	}, a.Refuted)}, nil
}

// fitting says how a refutation fits to content.
func fitting(l client.Likeness) cell {
	return state("page-fits-", l.How, map[string]tone{"number": bad, "digest": bad, "likeness": wait, "text": wait})
}

func fitsWords() []string { return of("page-fits-", "number", "digest", "likeness", "text") }

// recallsPart shows what was refuted about an upload; nil where nobody looked.
func recallsPart(v *visit, i client.Intake) []part {
	if i.Recall == "" {
		return nil
	}
	return []part{{Title: "page-upload-recalls", Lead: "page-upload-recalls-lead", Empty: "page-upload-recalls-none", Table: tableOf("page-upload-recalls", []column[client.IntakeRecall]{
		{name: "verdict", cell: func(r client.IntakeRecall) cell { return word("refutation-verdict-", r.Verdict) }},
		{name: "claim", cell: func(r client.IntakeRecall) cell { return text(briefly(v.pair(r.Claim), 160)).to(recallAddress(r)) }},
		{name: "fits", cell: func(r client.IntakeRecall) cell { return fitting(r.Likeness) }},
		{name: "refuted-by", cell: func(r client.IntakeRecall) cell {
			if r.Source == "" {
				return word("page-refuted-", "here")
			}
			return text(r.Source)
		}},
	}, i.Recalls)}}
}

// recallAddress is the page of a refutation of this service. What others say stands on pages of theirs, which their feed names and
// nobody here looked at, so it is no link.
func recallAddress(r client.IntakeRecall) string {
	if r.Source != "" {
		return ""
	}
	return publicRefutation(r.Refutation)
}

func recallState(i client.Intake) cell {
	return state("page-recall-", i.Recall, map[string]tone{"seen": bad, "could-not-tell": wait})
}

func recallWords() []string {
	return slices.Concat(of("page-recall-", "seen", "could-not-tell", "not-seen"), fitsWords(), of("refutation-verdict-", rumourVerdicts()...), []string{"page-refuted-here"})
}

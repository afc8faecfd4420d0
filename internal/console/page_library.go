package console

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// mostLines is how many features can be proposed at once on a page.
const mostLines = 500

func samplePages() []page {
	return append(append(sampleList().rows(), start("/samples/add", "/samples", addSampleDeed())...), removeSampleDeed().rows("/samples/{id}/remove", "/samples", func(_ *visit, id string) (string, error) { return id, nil })...)
}

// proposeDeed proposes one feature, or several of the same kind: a line each.
func proposeDeed() deed[none] {
	return deed[none]{
		name: "feature-propose", action: staff.FeaturePropose, record: "library.proposed",
		fields: []field[none]{
			{name: "values", kind: "area", required: true, hint: true, most: 64 << 10},
			{name: "kind", kind: "choice", words: "page-feature-kind-", options: featureKinds(), required: true, value: func(none) string { return "keyword" }},
			{name: "category", kind: "choice", words: "page-category-", options: categories(), required: true},
			{name: "level", kind: "choice", words: "page-finding-level-", options: featureLevels(), required: true, value: func(none) string { return "review" }, hint: true},
			{name: "language", kind: "text", hint: true, most: 16},
			{name: "entry-standard", kind: "text", required: true, hint: true},
			{name: "reason", kind: "area", required: true},
			{name: "source", kind: "text"},
			{name: "valid-from", kind: "day"},
			{name: "valid-until", kind: "day"},
			{name: "anywhere", kind: "yes"},
			{name: "origin", kind: "text", required: true, hint: true},
		},
		do: func(v *visit, _ none) (string, error) {
			var list []client.FeatureEntry
			for line := range strings.Lines(v.sent("values")) {
				names := strings.Split(strings.TrimSpace(line), "|")
				if v.sent("kind") == "pattern" || v.sent("kind") == "rule" { // a bar belongs to them
					names = []string{strings.TrimSpace(line)}
				}
				if names[0] == "" {
					continue
				}
				e := client.FeatureEntry{Kind: v.sent("kind"), Value: strings.TrimSpace(names[0]), Category: v.sent("category"), Level: v.sent("level"), Language: v.sent("language"), Source: v.sent("source"),
					From: v.sent("valid-from"), Until: v.sent("valid-until"), Anywhere: v.sent("anywhere") != "", Standard: v.sent("entry-standard"), Reason: v.sent("reason")}
				for _, alias := range names[1:] {
					e.Aliases = append(e.Aliases, strings.TrimSpace(alias))
				}
				list = append(list, e)
			}
			if len(list) == 0 || len(list) > mostLines {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
			}
			b, err := v.api().Propose(v.r.Context(), v.sent("origin"), list)
			return "/feature-batches/" + escaped(b.ID), err
		},
	}
}

// importDeed proposes what stands in a file.
func importDeed() deed[none] {
	return deed[none]{
		name: "feature-import", action: staff.FeaturePropose, record: "library.proposed", upload: maxFeatures,
		fields: []field[none]{
			{name: "feature-file", kind: "file", required: true, hint: true},
			{name: "signed", kind: "yes", hint: true},
			{name: "origin", kind: "text", required: true, hint: true},
			{name: "language", kind: "text", hint: true, most: 16},
			{name: "entry-standard", kind: "text", hint: true},
			{name: "reason", kind: "area", most: 1024},
			{name: "source", kind: "text"},
		},
		do: func(v *visit, _ none) (string, error) {
			file, head, err := v.r.FormFile("feature-file")
			if err != nil {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
			}
			f := client.FeatureFile{Origin: v.sent("origin"), Format: "csv", Language: v.sent("language"), Standard: v.sent("entry-standard"), Reason: v.sent("reason"), Source: v.sent("source"), Signed: v.sent("signed") != ""}
			if name := strings.ToLower(head.Filename); f.Signed || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".jsonl") {
				f.Format = "json"
			}
			c := v.api()
			return "-", v.begin("feature-import", func(ctx context.Context, _ func(done, of int64)) (string, error) {
				defer file.Close() // the form's bytes are in memory
				b, err := c.ImportFeatures(ctx, f, file)
				return "/feature-batches/" + escaped(b.ID) + "?done=feature-import", err
			})
		},
		says: []string{"page-work-feature-import"},
	}
}

// libraryDeeds are the steps of the entry procedure for a feature, or for all of a batch that a step is possible for.
func libraryDeeds[T any](which func(T) client.FeatureSelection, states func(T) map[string]int) []deed[T] {
	in := func(from ...string) func(T) bool {
		return func(x T) bool {
			for _, s := range from {
				if states(x)[s] > 0 {
					return true
				}
			}
			return false
		}
	}
	reasoned := func(v *visit, x T) client.FeatureSelection {
		sel := which(x)
		sel.Reason = v.sent("reason")
		return sel
	}
	why := []field[T]{{name: "reason", kind: "area", required: true}}
	return []deed[T]{
		{name: "feature-review", step: "review", action: staff.FeatureReview, record: "library.reviewed", may: in("proposed"), do: func(v *visit, x T) (string, error) {
			_, err := v.api().ReviewFeatures(v.r.Context(), which(x))
			return "", err
		}},
		{name: "feature-replay", step: "replay", action: staff.FeatureReview, record: "library.replayed", may: in("reviewed"), fields: []field[T]{{name: "reason", kind: "area", hint: true}}, effect: samplesEffect[T],
			do: func(v *visit, x T) (string, error) {
				c, sel, back := v.api(), reasoned(v, x), v.placed(strings.TrimSuffix(v.page.path, "/replay"))
				return "-", v.beginShown("feature-replay", func(ctx context.Context, _ func(done, of int64)) (string, func(*visit) error, error) {
					r, err := c.ReplayFeatures(ctx, sel)
					return "", func(v *visit) error { return showReplay(v, r, back) }, err
				})
			}, says: []string{"page-work-feature-replay"}},
		{name: "feature-activate", step: "activate", action: staff.FeatureManage, record: "library.activated", may: in("replayed"), do: func(v *visit, x T) (string, error) {
			_, err := v.api().ActivateFeatures(v.r.Context(), which(x))
			return "", err
		}},
		{name: "feature-reject", step: "reject", action: staff.FeatureReview, record: "library.rejected", danger: true, may: in("proposed", "reviewed", "replayed"), fields: why, do: func(v *visit, x T) (string, error) {
			_, err := v.api().RejectFeatures(v.r.Context(), reasoned(v, x))
			return "", err
		}},
		{name: "feature-retire", step: "retire", action: staff.FeatureManage, record: "library.retired", danger: true, may: in("active"), fields: why,
			effect: func(v *visit, x T) ([]said, error) {
				r, err := v.api().RehearseFeatures(v.r.Context(), which(x))
				if err != nil {
					return nil, err
				}
				return []said{{"page-feature-would-lose", []string{"losses", grouped(int64(r.Losses)), "samples", grouped(int64(r.Samples))}}}, nil
			},
			do: func(v *visit, x T) (string, error) {
				_, err := v.api().RetireFeatures(v.r.Context(), reasoned(v, x))
				return "", err
			}, says: []string{"page-feature-would-lose"}},
	}
}

// samplesEffect says over how many samples a replay goes.
func samplesEffect[T any](v *visit, _ T) ([]said, error) {
	list, next, err := v.api().LibrarySamples(v.r.Context(), client.Listing{Limit: 200})
	key, n := "page-feature-samples", strconv.Itoa(len(list))
	if next != "" {
		n += "+"
	}
	if len(list) == 0 {
		key = "page-feature-no-samples"
	}
	return []said{{key, []string{"samples", n}}}, err
}

type replayPage struct {
	Facts    []fact
	Features *tableView
	Gaining  *tableView
	Losing   *tableView
	Back     string
}

// showReplay shows what a replay found.
func showReplay(v *visit, r client.ReplayReport, back string) error {
	ids := func(name string, list []string) *tableView {
		return tableOf(name, []column[string]{{name: "sample", cell: ident}}, list[:min(len(list), listSize)])
	}
	data := replayPage{Back: back, Facts: []fact{
		{"verdict", verdict(r.Verdict)}, {"samples", count(int64(r.Samples))}, {"gains", count(int64(r.Gains))}, {"losses", count(int64(r.Losses))}, {"unread", count(int64(r.Unread))}, {"untried", count(int64(r.Untried))},
	}}
	data.Features = tableOf("page-replay-features", []column[client.ReplayEffect]{
		{name: "feature", cell: func(e client.ReplayEffect) cell { return ident(e.Feature).to("/features/" + escaped(e.Feature)) }},
		{name: "gains", cell: func(e client.ReplayEffect) cell { return count(int64(e.Gains)) }},
		{name: "losses", cell: func(e client.ReplayEffect) cell { return count(int64(e.Losses)) }},
	}, r.Features)
	data.Gaining, data.Losing = ids("page-replay-gaining", r.Gaining), ids("page-replay-losing", r.Losing)
	return v.show("replay", data)
}

func sampleList() list[client.LibrarySample] {
	return list[client.LibrarySample]{
		name: "samples", path: "/samples", title: "page-samples", action: staff.FeatureRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.LibrarySample, string, error) {
			return c.LibrarySamples(ctx, l)
		},
		columns: []column[client.LibrarySample]{
			{name: "sample", cell: func(s client.LibrarySample) cell { return ident(s.ID).to("/samples/" + escaped(s.ID) + "/remove") }},
			{name: "origin", cell: func(s client.LibrarySample) cell { return text(s.Origin) }},
			{name: "added", cell: func(s client.LibrarySample) cell { return moment(s.Added) }},
			{name: "until", cell: func(s client.LibrarySample) cell { return moment(s.Until) }},
			{name: "subject", side: true, cell: func(s client.LibrarySample) cell { return account(s.Subject) }},
		},
		deeds: []lead{{to: "/samples/add", title: "page-deed-sample-add", action: staff.FeatureManage}, {to: "/features", title: "page-features"}},
	}
}

func addSampleDeed() deed[none] {
	return deed[none]{
		name: "sample-add", action: staff.FeatureManage, record: "library.sampled",
		fields: []field[none]{
			{name: "sample-text", kind: "area", required: true, hint: true, most: 64 << 10},
			{name: "origin", kind: "text", required: true, hint: true},
			{name: "keep-until", kind: "day", required: true},
		},
		do: func(v *visit, _ none) (string, error) {
			until, err := time.ParseInLocation(dateForm, v.sent("keep-until"), v.Zone)
			if err != nil {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
			}
			var list []client.SampleEntry
			for one := range strings.SplitSeq(strings.ReplaceAll(v.sent("sample-text"), "\r\n", "\n"), "\n---\n") {
				if one = strings.TrimSpace(one); one != "" {
					list = append(list, client.SampleEntry{Text: one, Origin: v.sent("origin"), Until: until.AddDate(0, 0, 1)})
				}
			}
			if len(list) == 0 {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: errors.New("no sample")}
			}
			_, err = v.api().AddLibrarySamples(v.r.Context(), list)
			return "/samples", err
		},
	}
}

func removeSampleDeed() deed[string] {
	return deed[string]{
		name: "sample-remove", action: staff.FeatureManage, record: "library.sample-removed", danger: true,
		fields: []field[string]{{name: "reason", kind: "area", required: true, most: 1024}},
		do: func(v *visit, id string) (string, error) {
			return "/samples", v.api().RemoveLibrarySamples(v.r.Context(), []string{id}, v.sent("reason"))
		},
	}
}

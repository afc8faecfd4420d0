package app

import (
	"testing"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// TestRegisterLooks looks at the pages of filings, published lists, algorithms, datasets, annotation, cards and apps.
func TestRegisterLooks(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx, one := t.Context(), c.client(c.first)
	filings := map[string]string{}
	for _, f := range fine2(one.AlgorithmFilings(ctx, api.Listing{Limit: 100}))(c.hands) {
		filings[f.Function] = "/filings/" + f.ID
	}
	lists := map[string]string{}
	for _, l := range fine2(one.FilingLists(ctx, api.Listing{Limit: 100}))(c.hands) {
		lists[l.State] = "/filed-lists/" + l.ID
	}
	apps := map[string]string{}
	for _, a := range fine2(one.ListedApps(ctx, api.Listing{Limit: 100}))(c.hands) {
		apps[a.App] = "/listings/" + a.ID
	}
	card := "/cards/" + fine2(one.Cards(ctx, api.Listing{Limit: 100}))(c.hands)[1].ID
	rule := "/annotation-rules/" + fine2(one.AnnotationRules(ctx, api.Listing{Limit: 100}))(c.hands)[1].ID
	removal := "/dataset-removals/" + fine2(one.DatasetRemovals(ctx, api.Listing{Limit: 100}))(c.hands)[0].ID
	sample := "/training-samples/" + fine2(one.TrainingSamples(ctx, api.Listing{Limit: 100}))(c.hands)[1].ID
	spoilt := filings["paint-1"]
	pages := []struct {
		name, path string
		says       []string // in Chinese
	}{
		{"filings", "/filings", nil}, {"filing-spoilt", spoilt, []string{"MP3 不是“图像”"}}, {"filing-filed", filings["chat-1"], nil}, {"kit-products", spoilt + "/products", []string{"技术服务信息", "保存"}},
		{"filed-found", "/filed?text=有限公司&series=deep-synthesis", nil}, {"filed-list", lists["imported"], []string{"此行的备案编号未通过末位校验"}}, {"filed-own", "/filed-own", []string{"清单"}}, {"algorithms", "/algorithms", nil},
		{"algorithm-undeclared", "/algorithms/painter", nil}, {"datasets", "/datasets", nil}, {"dataset-sampled", "/datasets/stories", nil}, {"removal", removal, []string{"《个人信息保护法》第四十七条"}},
		{"sample", sample, nil}, {"rule", rule, nil}, {"annotation-checks", "/annotation-checks", nil}, {"card-new", "/cards/new", nil}, {"card", card, nil}, {"listing-answered", apps["示例小助手"], nil},
		{"public-algorithms", "/algorithm-filings", []string{"算法基本原理", "110108000000001260153"}},
	}
	if len(browsertest.In("en")) > 1 { // pictures are wanted, also of pages that are like those
		pages = append(pages, []struct {
			name, path string
			says       []string
		}{
			{"filing-new", "/filings/new", nil}, {"filing-begun", filings["portrait-swap"], nil}, {"filing-proposed", filings["voice-1"], nil}, {"kit-subject", spoilt + "/subject", nil},
			{"kit-responsibility", spoilt + "/responsibility", nil}, {"kit-algorithm", spoilt + "/algorithm", nil}, {"kit-detail", spoilt + "/detail", nil}, {"kit-report", spoilt + "/report", nil},
			{"kit-public", spoilt + "/public", nil}, {"kit-labels", spoilt + "/labels", nil}, {"kit-people", spoilt + "/people", nil}, {"filing-attach", spoilt + "/attach", nil},
			{"filing-detach", spoilt + "/detach", nil}, {"filing-dates", spoilt + "/dates", nil}, {"filing-propose", spoilt + "/propose", nil}, {"filing-approve", filings["voice-1"] + "/approve", nil},
			{"filing-return", filings["voice-1"] + "/return", nil}, {"filing-amend", filings["chat-1"] + "/amend", nil}, {"filing-cancel", filings["chat-1"] + "/cancel", nil}, {"filed", "/filed", nil},
			{"filed-lists", "/filed-lists", nil}, {"filed-import", "/filed-lists/new", nil}, {"filed-list-withdrawn", lists["withdrawn"], nil}, {"filed-list-withdraw", lists["imported"] + "/withdraw", nil},
			{"algorithm-new", "/algorithms/new", nil}, {"algorithm-serving", "/algorithms/dialogue", nil}, {"algorithm-bought", "/algorithms/recommender", nil},
			{"algorithm-bind", "/algorithms/dialogue/bind", nil}, {"algorithm-declare", "/algorithms/dialogue/declare", nil}, {"dataset-new", "/datasets/new", nil},
			{"dataset-unsampled", "/datasets/pictures", nil}, {"dataset-sample", "/datasets/pictures/sample", nil}, {"dataset-use", "/datasets/pictures/use", nil},
			{"dataset-list", "/datasets/pictures/list", nil}, {"removals", "/dataset-removals", nil}, {"removal-prove", removal + "/prove", nil}, {"samples", "/training-samples", nil},
			{"rules", "/annotation-rules", nil}, {"rule-new", "/annotation-rules/new", nil}, {"annotators", "/annotators", nil}, {"annotator", "/annotators/a-15", nil},
			{"annotator-train", "/annotators/a-07/train", nil}, {"annotation-check-new", "/annotation-checks/new", nil}, {"cards", "/cards", nil}, {"card-withdraw", card + "/withdraw", nil},
			{"listings", "/listings", nil}, {"listing-new", "/listings/new", nil}, {"listing-untold", apps["示例相机"], nil}, {"listing-asked", apps["示例绘本（儿童版，含有声读物与亲子互动）"], nil},
			{"listing-warned", apps["示例资讯"], nil}, {"listing-answer", apps["示例相机"] + "/answer", nil}, {"listing-warn", apps["示例记事本"] + "/warn", nil},
		}...)
	}
	officer := c.tab(staff.Officer)
	for _, lang := range []string{"en", "zh"} {
		officer.Open("/sign-in?lang=" + lang)
		for _, p := range pages {
			officer.Open(p.path)
			if lang == "zh" {
				officer.Says(p.says...)
			}
			officer.Look("register-"+p.name+"-"+lang, browsertest.In(lang)...)
		}
	}
	officer.Open(spoilt)
	officer.Tour("tour-15-filing", "body")
}

// fine2 returns a page of a list, or ends the test.
func fine2[T any](list []T, _ string, err error) func(*hands) []T {
	return func(h *hands) []T {
		h.Helper()
		h.must(err)
		return list
	}
}

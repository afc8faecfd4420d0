package filing_test

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register/filing"
)

const (
	sound = "110108339887401240011" // its last digit follows from the others
	uscc  = "91110108MA01ABCD3E"
)

// digest is one of the digests of the fixture.
func digest(n int) string { return strings.Repeat(strconv.Itoa(n), 64) }

// entered puts something into every field, by what its tag says that it holds.
func entered(v reflect.Value, kit string) {
	is, _, _ := strings.Cut(kit, ",")
	is, words, _ := strings.Cut(is, "=")
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			entered(v.Field(i), v.Type().Field(i).Tag.Get("kit"))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		entered(v.Index(0), "text")
	case reflect.Int:
		v.SetInt(3)
	case reflect.String:
		v.SetString(map[string]string{"word": strings.Fields(words + " x")[0], "date": "2026-03-02", "sha256": digest(1)}[is])
		if v.String() == "" {
			v.SetString("说明文字")
		}
	}
}

// clean is a kit that nothing is wrong with.
func clean() filing.Kit {
	var k filing.Kit
	entered(reflect.ValueOf(&k).Elem(), "")
	k.Subject.Name, k.Responsibility.Entity, k.Report.Entity = "示例科技有限公司", "示例科技有限公司", "示例科技有限公司"
	k.Subject.Code = validUSCC()
	k.Algorithm.Name, k.Report.Name, k.Public.Name = "示例图像生成算法-1", "示例图像生成算法-1", "示例图像生成算法-1"
	k.Algorithm.Number = ""
	k.Report.Kind = "first"
	k.Report.Descriptions, k.Report.Dangers = slices.Repeat([]string{"描述"}, 7), slices.Repeat([]string{"风险"}, 8)
	k.Detail.Input = []filing.Modality{{Modality: "text", Formats: []string{"TXT"}, Size: "4 KB"}}
	k.Detail.Output = []filing.Modality{{Modality: "image", Formats: []string{"PNG", ".jpg"}, Size: "8 MB"}}
	k.Detail.Models = []filing.Model{{Name: "brush", Version: "1", Own: "yes"}, {Name: "base", Version: "2", Own: "no", Number: "Beijing-Base-202401010001", Proof: digest(1)}}
	k.Detail.Deployment = "北京市海淀区某数据中心"
	k.Products = []filing.Product{{Name: "示例画板", Form: "app", At: "com.example", Path: "首页—画图", ICP: "京ICP备00000000号-1", Holder: "示例科技有限公司"}}
	k.Report.Services = []filing.Service{{Product: "示例画板", Form: "app", Entry: "首页", Users: "公众", ICP: "京ICP备00000000号-1"}}
	k.Listing = filing.Listing{Product: "示例画板（APP）", Use: "应用于图像生成场景，根据用户输入的文本生成图像。"}
	k.Labels.Code = "0011" + k.Subject.Code + "10000"
	k.Annexes = []filing.Annex{{Kind: "commitment", Name: "承诺书", Type: "application/pdf", SHA256: digest(2)}, {Kind: "licence", Name: "营业执照", Type: "image/png", SHA256: digest(1)}}
	return k
}

// validUSCC is a credit code of nobody whose check characters follow from the others.
func validUSCC() string { return "91350100M000100Y43" }

func people() filing.People {
	var p filing.People
	entered(reflect.ValueOf(&p).Elem(), "")
	return p
}

func known() filing.Known {
	return filing.Known{Facts: "facts-1", Entity: "示例科技有限公司", Code: validUSCC(), Role: "provider", Name: "示例图像生成算法-1", Formats: []string{"png", "JPG"},
		Models: []filing.Model{{Name: "base", Version: "2", Own: "no"}, {Name: "brush", Version: "1", Own: "yes"}}}
}

// found writes findings in short: code and field.
func found(list []filing.Finding) []string {
	all := []string{}
	for _, f := range list {
		all = append(all, string(f.Code)+" "+f.Field)
	}
	return all
}

func lint(t *testing.T, k filing.Kit, p *filing.People, known *filing.Known) []filing.Finding {
	t.Helper()
	list, err := filing.Lint(k, p, known)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCleanKit(t *testing.T) {
	t.Parallel()
	k, p, was := clean(), people(), known()
	if err := k.Check(); err != nil {
		t.Fatal(err)
	}
	list := lint(t, k, &p, &was)
	if len(list) != 0 || filing.Verdict(list) != colophon.Passed {
		t.Errorf("a clean kit has findings: %+v", list)
	}
}

// Each inconsistency is seeded in a clean kit, and is all that is found.
func TestSeeded(t *testing.T) {
	t.Parallel()
	type seed struct {
		change func(k *filing.Kit, was *filing.Known)
		want   []string
	}
	supporter := func(k *filing.Kit, was *filing.Known) {
		k.Algorithm.Role, was.Role = "supporter", "supporter"
		k.Products, k.Report.Services = nil, nil
		k.Listing = filing.Listing{Product: "--", Use: "应用于图像生成场景，服务于企业客户，生成图像。"}
	}
	for name, c := range map[string]seed{
		"name in the report":   {func(k *filing.Kit, _ *filing.Known) { k.Report.Name = "示例图像生成算法" }, []string{"filing-lint-name report.name"}},
		"name in public":       {func(k *filing.Kit, _ *filing.Known) { k.Public.Name = "另一算法" }, []string{"filing-lint-name public.name"}},
		"entity":               {func(k *filing.Kit, _ *filing.Known) { k.Responsibility.Entity = "另一公司" }, []string{"filing-lint-entity responsibility.entity"}},
		"entity of the report": {func(k *filing.Kit, _ *filing.Known) { k.Report.Entity = "另一公司" }, []string{"filing-lint-entity report.entity"}},
		"online":               {func(k *filing.Kit, _ *filing.Known) { k.Report.Online = "2026-03-03" }, []string{"filing-lint-same report.online"}},
		"type":                 {func(k *filing.Kit, _ *filing.Known) { k.Report.Type = "ranking" }, []string{"filing-lint-same report.type"}},
		"modality": {func(k *filing.Kit, _ *filing.Known) {
			k.Detail.Output[0].Formats = append(k.Detail.Output[0].Formats, "MP4")
		}, []string{"filing-lint-modality detail.output.0.formats"}},
		"served format":     {func(_ *filing.Kit, was *filing.Known) { was.Formats = append(was.Formats, "webp") }, []string{"filing-lint-served detail.output"}},
		"form":              {func(k *filing.Kit, _ *filing.Known) { k.Report.Services[0].Form = "website" }, []string{"filing-lint-form report.services.0", "filing-lint-form products.0"}},
		"product left out":  {func(k *filing.Kit, _ *filing.Known) { k.Report.Services[0].ICP = "京ICP备1号" }, []string{"filing-lint-form report.services.0", "filing-lint-form products.0"}},
		"icp holder":        {func(k *filing.Kit, _ *filing.Known) { k.Products[0].Holder = "另一公司" }, []string{"filing-lint-icp products.0.holder"}},
		"marking shots":     {func(k *filing.Kit, _ *filing.Known) { k.Report.Marking.Shots = nil }, []string{"filing-lint-screenshots report.marking"}},
		"rights shots":      {func(k *filing.Kit, _ *filing.Known) { k.Report.Rights.Shots = nil }, []string{"filing-lint-screenshots report.rights"}},
		"ecology shots":     {func(k *filing.Kit, _ *filing.Known) { k.Report.Ecology.Shots = nil }, []string{"filing-lint-screenshots report.ecology"}},
		"shot in no annex":  {func(k *filing.Kit, _ *filing.Known) { k.Report.Flow.Shots[0].SHA256 = digest(9) }, []string{"filing-lint-annex report.flow.shots.0.sha256"}},
		"commitment":        {func(k *filing.Kit, _ *filing.Known) { k.Annexes[0].Kind = "other" }, []string{"filing-lint-annex-kind annexes"}},
		"vague place":       {func(k *filing.Kit, _ *filing.Known) { k.Detail.Deployment = "云服务器" }, []string{"filing-lint-place detail.deployment"}},
		"no place":          {func(k *filing.Kit, _ *filing.Known) { k.Detail.Deployment = "某云计算平台" }, []string{"filing-lint-place detail.deployment"}},
		"vague scope":       {func(k *filing.Kit, _ *filing.Known) { k.Detail.OutputReview.Scope = "相关内容" }, []string{"filing-lint-scope detail.output_review.scope"}},
		"scope not stated":  {func(k *filing.Kit, _ *filing.Known) { k.Detail.InputReview.Scope = "" }, []string{"filing-lint-open detail.input_review.scope", "filing-lint-scope detail.input_review.scope"}},
		"unfiled model":     {func(k *filing.Kit, _ *filing.Known) { k.Detail.Models[1].Number = "" }, []string{"filing-lint-model detail.models.1.number"}},
		"no contract":       {func(k *filing.Kit, _ *filing.Known) { k.Detail.Models[1].Proof = "" }, []string{"filing-lint-model-proof detail.models.1.proof"}},
		"another model":     {func(_ *filing.Kit, was *filing.Known) { was.Models[1].Version = "3" }, []string{"filing-lint-register detail.models"}},
		"models not known":  {func(_ *filing.Kit, was *filing.Known) { was.Models = nil }, []string{}},
		"another role":      {func(_ *filing.Kit, was *filing.Known) { was.Role = "supporter" }, []string{"filing-lint-register algorithm.role"}},
		"registered name":   {func(_ *filing.Kit, was *filing.Known) { was.Name = "另一算法" }, []string{"filing-lint-register algorithm.name"}},
		"ending":            {func(k *filing.Kit, was *filing.Known) { rename(k, was, "示例模型") }, []string{"filing-lint-ending algorithm.name"}},
		"use":               {func(k *filing.Kit, _ *filing.Known) { k.Listing.Use = "用于生成图像。" }, []string{"filing-lint-use listing.use"}},
		"product not there": {func(k *filing.Kit, _ *filing.Known) { k.Listing.Product = "示例画板" }, []string{"filing-lint-listed listing.product"}},
		"brackets": {func(k *filing.Kit, _ *filing.Known) {
			k.Listing.Product = "示例画板（APP)"
		}, []string{"filing-lint-brackets listing.product"}},
		"half a bracket": {func(k *filing.Kit, was *filing.Known) { rename(k, was, "示例（图像算法") }, []string{"filing-lint-brackets algorithm.name"}},
		"short number": {func(k *filing.Kit, _ *filing.Known) {
			k.Algorithm.Number, k.Report.Kind = "12345", "change"
		}, []string{"filing-lint-number algorithm.number"}},
		"check digit": {func(k *filing.Kit, _ *filing.Known) {
			k.Algorithm.Number, k.Report.Kind = sound[:20]+"3", "change"
		}, []string{"filing-lint-check algorithm.number"}},
		"class": {func(k *filing.Kit, _ *filing.Known) {
			k.Algorithm.Type, k.Report.Type, k.Algorithm.Number, k.Report.Kind = "ranking", "ranking", sound, "change"
		}, []string{"filing-lint-class algorithm.number"}},
		"digits of a model":     {func(k *filing.Kit, _ *filing.Known) { k.Detail.Models[1].Number = sound[:20] + "3" }, []string{"filing-lint-check detail.models.1.number"}},
		"first with number":     {func(k *filing.Kit, _ *filing.Known) { k.Algorithm.Number = sound }, []string{"filing-lint-kind report.kind"}},
		"change without number": {func(k *filing.Kit, _ *filing.Known) { k.Report.Kind = "change" }, []string{"filing-lint-kind report.kind"}},
		"credit code": {func(k *filing.Kit, was *filing.Known) {
			k.Subject.Code = uscc
			was.Code, k.Labels.Code = uscc, "0011"+uscc+"10000"
		}, []string{"filing-lint-uscc subject.code"}},
		"descriptions":  {func(k *filing.Kit, _ *filing.Known) { k.Report.Descriptions = k.Report.Descriptions[1:] }, []string{"filing-lint-count report.descriptions"}},
		"provider code": {func(k *filing.Kit, _ *filing.Known) { k.Labels.Code = "0011" + uscc + "10000" }, []string{"filing-lint-label labels.code"}},
		"not known":     {func(k *filing.Kit, _ *filing.Known) { k.Report.Conclusion, k.Responsibility.Staff = "", 0 }, []string{"filing-lint-open responsibility.staff", "filing-lint-open report.conclusion"}},
		"supporter":     {supporter, []string{}},
		"supporter's use": {func(k *filing.Kit, was *filing.Known) {
			supporter(k, was)
			k.Listing.Use = "应用于图像生成场景。"
		}, []string{"filing-lint-serves listing.use"}},
		"supporter's product":  {func(k *filing.Kit, was *filing.Known) { supporter(k, was); k.Listing.Product = "示例画板（APP）" }, []string{"filing-lint-product listing.product"}},
		"brackets' width":      {func(k *filing.Kit, _ *filing.Known) { k.Listing.Product = "示例画板(APP)" }, []string{}},
		"a format of no table": {func(k *filing.Kit, _ *filing.Known) { k.Detail.Output[0].Formats[1] = "xyz" }, []string{"filing-lint-served detail.output"}},
	} {
		k, p, was := clean(), people(), known()
		c.change(&k, &was)
		list := lint(t, k, &p, &was)
		if got := found(list); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
		for _, f := range list {
			clause := map[string]colophon.Clause{"labels": colophon.ClauseLM12, "open": colophon.ClauseAR24, "annexes": colophon.ClauseAR24, "kind": colophon.ClauseAR24}[f.Rule]
			if f.Clause != cmp.Or(clause, colophon.ClauseDS19) || f.Source.Text == "" || f.Source.Confidence == "" || f.Rule == "" || f.Level < colophon.Warning {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// rename gives the algorithm another name everywhere.
func rename(k *filing.Kit, was *filing.Known, name string) {
	k.Algorithm.Name, k.Report.Name, k.Public.Name, was.Name = name, name, name, name
}

// What could not be asked and what is not known keeps a kit from passing, and what contradicts fails it.
func TestVerdict(t *testing.T) {
	t.Parallel()
	k, p, was := clean(), people(), known()
	unasked := lint(t, k, &p, nil)
	if got := found(unasked); !slices.Equal(got, []string{"filing-lint-untold "}) || filing.Verdict(unasked) != colophon.Unknown {
		t.Errorf("%q", got)
	}
	if list := lint(t, k, nil, &was); filing.Verdict(list) != colophon.Unknown || !slices.Equal(found(list), []string{"filing-lint-open people"}) {
		t.Errorf("%+v", list)
	}
	p.Responsible.Phone = ""
	if list := lint(t, k, &p, &was); !slices.Equal(found(list), []string{"filing-lint-open people.responsible.phone"}) {
		t.Errorf("%+v", list)
	}
	k.Report.Name = "另一算法"
	if list := lint(t, k, &p, &was); filing.Verdict(list) != colophon.Failed {
		t.Errorf("%+v", list)
	}
	k = clean()
	k.Listing.Use = "用于生成图像。"
	p = people()
	if list := lint(t, k, &p, &was); filing.Verdict(list) != colophon.Passed || len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// Every code of the table is one of its rule's, and an empty kit contradicts nothing: all of it is not known yet.
func TestRules(t *testing.T) {
	t.Parallel()
	rules, err := filing.Rules()
	if err != nil || len(rules) < 20 {
		t.Fatal(len(rules), err)
	}
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.ID] || len(r.Codes) == 0 || r.Source.Text == "" || !slices.Contains([]filing.Confidence{filing.Primary, filing.Secondary, filing.Rough}, r.Source.Confidence) {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	var was filing.Known
	for _, f := range lint(t, filing.Kit{}, &filing.People{}, &was) {
		if f.Code != filing.LintOpen && f.Code != filing.LintShots {
			t.Errorf("%+v", f)
		}
		i := slices.IndexFunc(rules, func(r filing.Rule) bool { return r.ID == f.Rule })
		if i < 0 || !slices.Contains(rules[i].Codes, f.Code) {
			t.Errorf("%+v is of no rule", f)
		}
	}
}

func TestParseKit(t *testing.T) {
	t.Parallel()
	if k, err := filing.ParseKit([]byte(`{"algorithm":{"name":"示例算法"}}`)); err != nil || k.Algorithm.Name != "示例算法" {
		t.Errorf("%+v, %v", k, err)
	}
	for raw, field := range map[string]string{
		`{"x":1}`: "json", `{} {}`: "json", `[`: "json", strings.Repeat(" ", filing.MaxKit+1): "json", `{"algorithm":{"role":"both"}}`: "algorithm.role", `{"algorithm":{"online":"2026-02-30"}}`: "algorithm.online",
		`{"annexes":[{"sha256":"12"}]}`: "annexes.0.sha256", `{"subject":{"name":"a\nb"}}`: "subject.name", `{"responsibility":{"staff":-1}}`: "responsibility.staff", `{"report":{"basics":"\u0007"}}`: "report.basics",
		`{"report":{"dangers":[" "]}}`: "report.dangers.0", `{"annexes":[` + strings.Repeat(`{},`, 100) + `{}]}`: "annexes", `{"subject":{"name":"` + strings.Repeat("长", 300) + `"}}`: "subject.name",
	} {
		_, err := filing.ParseKit([]byte(raw))
		storetest.WantCode(t, err, filing.CodeInvalid)
		if err != nil && !strings.Contains(err.Error(), strconv.Quote(field)) {
			t.Errorf("%.60s: %v, want %s", raw, err, field)
		}
	}
}

func FuzzParseKit(f *testing.F) {
	f.Add([]byte(`{"algorithm":{"name":"示例算法","role":"supporter"},"detail":{"models":[{"own":"no"}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := filing.ParseKit(raw)
		if err != nil {
			return
		}
		one, err := k.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := filing.Lint(k, nil, nil); err != nil {
			t.Error(err)
		}
		if _, err := filing.Documents(k, nil); err != nil {
			t.Error(err)
		}
		if two, _ := k.Digest(); one != two {
			t.Error("looking at a kit changed it")
		}
	})
}

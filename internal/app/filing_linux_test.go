package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/filing"
)

// sends sends a form with one file, as the first officer.
func (h *hands) sends(path string, fields map[string]string, file []byte, want int, into any) {
	h.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		h.must(m.WriteField(name, fields[name]))
	}
	part, err := m.CreateFormFile("file", "file")
	h.must(err)
	_, err = part.Write(file)
	h.must(err)
	h.must(m.Close())
	_, answer := h.ask("POST", path, body.Bytes(), want, "Authorization", "Bearer "+h.first, "Content-Type", m.FormDataContentType())
	if into != nil {
		h.must(json.Unmarshal(answer, into))
	}
}

// findings is what the linter says of a filing, in short.
func (h *hands) findings(id string) (verdict string, found []string) {
	h.Helper()
	var out struct {
		Verdict  string
		Findings []httpapi.FilingFinding
	}
	h.as(h.first, "GET", "/v1/filings/"+id+"/findings", nil, 200, &out)
	for _, f := range out.Findings {
		if f.Text == "" || f.Text == string(f.Code) || f.Field != "" && (f.Name == "" || strings.HasPrefix(f.Name, "page-")) {
			h.Errorf("%+v", f)
		}
		found = append(found, string(f.Code)+" "+f.Field)
	}
	return out.Verdict, found
}

// entered is the kit of a draft with all that the example says, but for what the register knows.
func (h *hands) enteredKit(id string) map[string]any {
	h.Helper()
	var drafted struct{ Kit map[string]any }
	h.as(h.first, "GET", "/v1/filings/"+id, nil, 200, &drafted)
	raw, err := os.ReadFile("../../register/filing/testdata/kit.json")
	h.must(err)
	var kit map[string]any
	h.must(json.Unmarshal(raw, &kit))
	in := func(k map[string]any, part string) map[string]any { return k[part].(map[string]any) }
	in(kit, "detail")["models"] = in(drafted.Kit, "detail")["models"]
	in(kit, "subject")["code"] = in(drafted.Kit, "subject")["code"]
	in(kit, "labels")["code"] = in(drafted.Kit, "labels")["code"]
	kit["annexes"] = drafted.Kit["annexes"]
	in(kit, "subject")["licence"] = in(drafted.Kit, "subject")["licence"]
	for _, place := range []string{"places", "reading"} {
		in(kit, "labels")[place] = in(drafted.Kit, "labels")[place]
	}
	for _, section := range []string{"marking", "rights", "ecology"} {
		in(in(kit, "report"), section)["shots"] = in(in(drafted.Kit, "report"), section)["shots"]
	}
	return kit
}

// TestFilingKit goes the whole way of a filing: drafted of what the register knows, entered, with pictures, every seeded contradiction
// found, approved by another person, drawn as documents that others open, submitted, given a number, and shown to everybody.
func TestFilingKit(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"starter-library": "on"})
	h.goLive()
	var f httpapi.Filing
	h.as(h.first, "POST", "/v1/filings", object{"function": "portrait-swap"}, 201, &f)
	if _, found := h.findings(f.ID); !slices.Contains(found, "filing-lint-open report.conclusion") || slices.Contains(found, "filing-lint-open labels.lookup") {
		t.Errorf("%q", found)
	}
	path := "/v1/filings/" + f.ID
	for i, a := range []map[string]string{{"kind": "licence", "title": "营业执照"}, {"kind": "commitment", "title": "算法备案承诺书"},
		{"kind": "screenshot", "title": "标识截图", "place": "report.marking", "caption": "图 1 结果标识"}, {"kind": "screenshot", "title": "权益截图", "place": "report.rights", "caption": "图 2 投诉入口"},
		{"kind": "screenshot", "title": "生态截图", "place": "report.ecology", "caption": "图 3 特征库"}, {"kind": "label", "title": "位置截图", "place": "labels.places", "caption": "图 4 标识位置"}, {"kind": "label", "title": "读取截图", "place": "labels.reading", "caption": "图 5 读取结果"}} {
		h.sends(path+":attach", a, append(slices.Clone(detailed(t)), fmt.Sprint("\n", i)...), 200, &f)
	}
	h.sends(path+":attach", map[string]string{"kind": "other", "title": "a"}, []byte("no picture"), 422, nil)
	h.sends(path+":attach", map[string]string{"kind": "other", "title": "a"}, detailed(t)[:2000], 422, nil)
	person := object{"name": "某代表", "post": "总经理", "id": "000000", "phone": "000"}
	kit := h.enteredKit(f.ID)
	h.as(h.first, "POST", path+":write", object{"kit": kit, "version": f.Version, "began": time.Now().UTC(), "people": object{"legal": person, "responsible": person, "contact": person, "head": person}}, 200, &f)
	h.as(h.first, "POST", path+":write", object{"kit": kit, "version": f.Version - 1}, 409, nil)
	if verdict, found := h.findings(f.ID); verdict != "passed" {
		t.Fatalf("%s %q", verdict, found)
	}
	h.seeded(f.ID, kit)
	h.as(h.first, "POST", path+":write", object{"kit": kit}, 200, nil)
	h.as(h.first, "POST", path+":propose", nil, 200, nil)
	h.as(h.first, "POST", path+":approve", nil, 403, nil)
	h.as(h.second, "POST", path+":approve", nil, 200, nil)
	h.opensDocuments(path)
	h.sends(path+":submit", map[string]string{"reference": "R-1", "at": time.Now().Format(time.RFC3339)}, []byte(receiptFile(t)), 200, &f)
	if f.State != "submitted" || f.Submission == nil || f.Clocks[3].State != "running" || f.Clocks[3].Days != 30 || f.Clocks[0].State != "kept" {
		t.Errorf("%+v", f)
	}
	decision := object{"filed": true, "number": "网信算备110108000000001260015号", "at": time.Now().UTC()}
	h.as(h.second, "POST", path+":decide", decision, 200, &f)
	h.as(h.second, "POST", path+":decide", decision, 200, &f)
	if f.Number == nil || f.Number.Passes != checked("110108000000001260015") {
		t.Errorf("%+v", f.Number)
	}
	var public struct{ Algorithms []httpapi.PublicAlgorithm }
	h.as("", "GET", "/v1/public/algorithms", nil, 200, &public)
	if a := public.Algorithms; len(a) != 1 || a[0].State != "filed" || a[0].Number == nil || a[0].Since == nil || a[0].Text == nil || a[0].Text.Principle == "" {
		t.Errorf("%+v", a)
	}
	h.listed()
	now := time.Now().UTC()
	h.as(h.second, "POST", path+":cancel", object{"ended": now, "handed": now, "note": "用户已获告知。"}, 200, nil)
	h.as("", "GET", "/v1/public/algorithms", nil, 200, &public)
	if a := public.Algorithms; len(a) > 0 && a[0].Text != nil {
		t.Errorf("a cancelled filing is shown: %+v", a)
	}
	// The filing that follows has a number of its own.
	next := filing.Draft{Function: "portrait-swap", State: filing.Filed, Decision: &filing.Decision{Filed: true, Number: "110108000000001260023", At: now}}
	h.must(filingDesk{h.server}.Decided(t.Context(), ledger.By{Role: "officer", ID: "staff-1"}, next))
	if e, err := h.server.functions.Function(t.Context(), "portrait-swap"); err != nil || e.Filing.State != register.FilingDone || e.Filing.Number != next.Decision.Number {
		t.Errorf("%+v %v", e.Filing, err)
	}
}

func checked(number string) bool {
	n, err := register.CheckFiling(number)
	return err == nil && n.Checked
}

// receiptFile is a receipt: a picture of a page.
func receiptFile(t *testing.T) string { return string(detailed(t)) + "\nreceipt" }

// seeded puts one contradiction after the other into a kit, and has each found by its field.
func (h *hands) seeded(id string, kit map[string]any) {
	h.Helper()
	for want, change := range map[string]func(k map[string]any){
		"filing-lint-name report.name":                 func(k map[string]any) { partAt(k, "report")["name"] = "别的算法" },
		"filing-lint-entity report.entity":             func(k map[string]any) { partAt(k, "report")["entity"] = "别的公司" },
		"filing-lint-same report.scene":                func(k map[string]any) { partAt(k, "report")["scene"] = "别的场景" },
		"filing-lint-modality detail.output.0.formats": func(k map[string]any) { partAt(k, "detail", "output", 0)["formats"] = []string{"MP3"} },
		"filing-lint-form products.0":                  func(k map[string]any) { partAt(k, "products", 0)["form"] = "website" },
		"filing-lint-icp products.0.holder":            func(k map[string]any) { partAt(k, "products", 0)["holder"] = "别的公司" },
		"filing-lint-screenshots report.marking":       func(k map[string]any) { partAt(k, "report", "marking")["shots"] = []any{} },
		"filing-lint-place detail.deployment":          func(k map[string]any) { partAt(k, "detail")["deployment"] = "云端" },
		"filing-lint-uscc subject.code":                func(k map[string]any) { partAt(k, "subject")["code"] = "91350100M000100Y44" },
		"filing-lint-check algorithm.number":           func(k map[string]any) { partAt(k, "algorithm")["number"] = "110108000000001260010" },
		"filing-lint-ending algorithm.name":            func(k map[string]any) { partAt(k, "algorithm")["name"] = "示例图像生成" },
		"filing-lint-register algorithm.role":          func(k map[string]any) { partAt(k, "algorithm")["role"] = "supporter" },
		"filing-lint-open report.conclusion":           func(k map[string]any) { partAt(k, "report")["conclusion"] = "" },
		"filing-lint-use listing.use":                  func(k map[string]any) { partAt(k, "listing")["use"] = "生成图像。" },
		"filing-lint-scope detail.input_review.scope":  func(k map[string]any) { partAt(k, "detail", "input_review")["scope"] = "全部" },
		"filing-lint-label labels.code":                func(k map[string]any) { partAt(k, "labels")["code"] = "别的编码" },
		"filing-lint-count report.descriptions":        func(k map[string]any) { partAt(k, "report")["descriptions"] = []string{"一"} },
		"filing-lint-brackets listing.product":         func(k map[string]any) { partAt(k, "listing")["product"] = "示例画板（APP" },
		"filing-lint-kind report.kind":                 func(k map[string]any) { partAt(k, "report")["kind"] = "change" },
		"filing-lint-listed listing.product":           func(k map[string]any) { partAt(k, "listing")["product"] = "别的（APP）" },
		"filing-lint-annex report.marking.shots.0.sha256": func(k map[string]any) {
			partAt(k, "report", "marking", "shots", 0)["sha256"] = strings.Repeat("ab", 32)
		},
	} {
		raw, err := json.Marshal(kit)
		h.must(err)
		var changed map[string]any
		h.must(json.Unmarshal(raw, &changed))
		change(changed)
		h.as(h.first, "POST", "/v1/filings/"+id+":write", object{"kit": changed}, 200, nil)
		if _, found := h.findings(id); !slices.Contains(found, want) {
			h.Errorf("%s is not found: %q", want, found)
		}
	}
}

// partAt is a part of a kit.
func partAt(k map[string]any, path ...any) map[string]any {
	var x any = k
	for _, p := range path {
		switch p := p.(type) {
		case string:
			x = x.(map[string]any)[p]
		case int:
			x = x.([]any)[p]
		}
	}
	return x.(map[string]any)
}

// opensDocuments downloads everything and has others open it: LibreOffice the DOCX, pdftotext the PDF.
func (h *hands) opensDocuments(path string) {
	h.Helper()
	dir := h.TempDir()
	if out := os.Getenv("FILING_OUT"); out != "" {
		dir = out
	}
	_, raw := h.ask("GET", path+"/package?people=true", nil, 200, "Authorization", "Bearer "+h.first)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	h.must(err)
	var docx []string
	annexes := 0
	for _, f := range z.File {
		r, err := f.Open()
		h.must(err)
		content, err := io.ReadAll(r)
		h.must(err)
		if strings.HasPrefix(f.Name, "annexes/") {
			annexes++
			continue
		}
		name := filepath.Join(dir, f.Name)
		h.must(os.WriteFile(name, content, 0o600))
		if strings.HasSuffix(name, ".docx") {
			docx = append(docx, name)
		}
	}
	if len(docx) != 8 || annexes != 7 {
		h.Errorf("%d documents, %d annexes", len(docx), annexes)
	}
	said, err := exec.Command("pdftotext", filepath.Join(dir, "4-算法安全自评估报告.pdf"), "-").Output()
	h.must(err)
	inText(h.T, string(said), "算法安全自评估报告", "示例图像生成算法", "五、安全评估结论", "经评估，本算法安全风险可控", "图 1 结果标识", "某代表")
	office := mediatest.Tool(h.T, "soffice")
	converted := filepath.Join(dir, "office")
	args := append([]string{"-env:UserInstallation=file://" + filepath.Join(h.TempDir(), "profile"), "--headless", "--convert-to", "pdf", "--outdir", converted}, docx...)
	if out, err := exec.Command(office, args...).CombinedOutput(); err != nil {
		h.Fatalf("soffice: %v\n%s", err, out)
	}
	for name, words := range map[string][]string{
		"1-主体信息.pdf": {"单位名称", "示例科技有限公司", "某代表"}, "2-落实算法安全主体责任基本情况.pdf": {"算法安全委员会", "单位（盖章）"}, "4-算法安全自评估报告.pdf": {"一、算法情况", "图 3 特征库"}, "5-拟公示内容.pdf": {"基于扩散模型"},
		"6-产品及功能信息.pdf": {"示例画板", "公示清单用语"}, "7-生成合成内容标识相关材料.pdf": {"显式标识方案", "图 5 读取结果"}, "8-附件清单.pdf": {"营业执照", "标识截图"},
	} {
		said, err := exec.Command("pdftotext", filepath.Join(converted, name), "-").Output()
		h.must(err)
		inText(h.T, string(said), words...)
	}
}

func inText(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in %.300s", w, text)
		}
	}
	if strings.Contains(text, "尚不掌握") {
		t.Errorf("something is not known in %.300s", text)
	}
}

// listed imports a list of generated numbers: the check digit agrees with every one of them, and ours is found on it.
func (h *hands) listed() {
	h.Helper()
	var rows strings.Builder
	rows.WriteString("序号,算法名称,角色,主体名称,应用产品,主要用途,备案编号,备注\n")
	for i := range 200 {
		stem := fmt.Sprintf("1101080000%05d%02d01260%02d", i, i%100, i%100)[:20]
		if i == 0 {
			stem = "11010800000000126001"
		}
		for digit := range 10 {
			if n := fmt.Sprint(stem, digit); checked(n) {
				fmt.Fprintf(&rows, "%d,示例算法%d,服务提供者,示例公司%d,产品（APP）,应用于示例场景,网信算备%s号,\n", i+1, i, i, n)
			}
		}
	}
	var out struct {
		List   httpapi.FilingList
		Doubts []httpapi.FilingRow
	}
	_, answer := h.ask("POST", "/v1/filing-lists?series=deep-synthesis&batch=2026-07&published=2026-07-01", []byte(rows.String()), 201, "Authorization", "Bearer "+h.first, "Content-Type", "text/csv")
	h.must(json.Unmarshal(answer, &out))
	for _, d := range out.Doubts {
		for _, why := range d.Reasons {
			if why.Code == "list-row-check" || why.Code == "list-row-number" {
				h.Errorf("%+v", d)
			}
		}
	}
	if out.List.Counts.Rows != 200 || out.List.Counts.Unreadable > 0 {
		h.Errorf("%+v", out.List.Counts)
	}
	var found struct{ Total int }
	h.as(h.first, "GET", "/v1/filing-lists/rows?text="+url.QueryEscape("示例公司7"), nil, 200, &found)
	if found.Total != 11 { // 7, 70 to 79
		h.Errorf("%d rows", found.Total)
	}
	var ours httpapi.ListAnswer
	h.as(h.first, "GET", "/v1/filing-lists/number?number=110108000000001260015", nil, 200, &ours)
	if ours.Verdict != "passed" || ours.Number == nil || !ours.Number.Passes || len(ours.Hits) != 1 {
		h.Errorf("%+v", ours)
	}
}

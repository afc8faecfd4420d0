package document_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/register/filing"
)

// filed is a filing with a picture in three sections, and one that nobody kept.
func filed(t *testing.T) (filing.Draft, *filing.People) {
	t.Helper()
	raw, err := os.ReadFile("../../register/filing/testdata/kit.json")
	if err != nil {
		t.Fatal(err)
	}
	k, err := filing.ParseKit(raw)
	if err != nil {
		t.Fatal(err)
	}
	shown := func(n int) []filing.Shot {
		return []filing.Shot{{SHA256: fmt.Sprintf("%064x", n), Caption: fmt.Sprintf("图 %d 截图", n)}}
	}
	k.Report.Marking.Shots, k.Report.Rights.Shots, k.Labels.Places, k.Labels.Reading, k.Report.Ecology.Shots = shown(1), shown(2), shown(3), shown(4), shown(9)
	k.Subject.Licence = fmt.Sprintf("%064x", 5)
	k.Annexes = []filing.Annex{{Kind: "licence", Name: "营业执照", Type: "application/pdf", SHA256: k.Subject.Licence}, {Kind: "commitment", Name: "算法备案承诺书", Type: "application/pdf", SHA256: fmt.Sprintf("%064x", 6)},
		{Kind: "screenshot", Name: "标识截图", Type: "image/png", SHA256: fmt.Sprintf("%064x", 1)}}
	p := filing.Person{Name: "某代表", Post: "总经理", ID: "000000000000000000", Phone: "000-00000000"}
	return filing.Draft{ID: "1", Function: "draw", Part: 1, Made: noon, Kit: k}, &filing.People{Legal: p, Responsible: p, Contact: p, Head: p}
}

// TestFilingDocuments draws every part of a filing, and has LibreOffice and pdftotext read them.
func TestFilingDocuments(t *testing.T) {
	t.Parallel()
	d, people := filed(t)
	documents, err := filing.Documents(d.Kit, people)
	if err != nil {
		t.Fatal(err)
	}
	picture := func(sum string) ([]byte, error) {
		if strings.HasSuffix(sum, "09") {
			return nil, nil
		}
		return checker(t, 400, 240), nil
	}
	want := map[string][]string{"subject": {"主体信息", "示例科技有限公司", "某代表"}, "responsibility": {"算法安全委员会", "单位（盖章）"}, "report": {"示例图像生成算法（示例科技有限公司）", "五、安全评估结论", "图 1 截图", "图片未随备案材料保存"},
		"public": {"基于扩散模型"}, "products": {"公示清单用语", "com.example.canvas"}, "labels": {"标识读取结果", "图 4 截图"}, "annexes": {"算法备案承诺书", "标识截图"}, "algorithm": {"详细属性信息", "示例画笔"}}
	for _, doc := range documents {
		t.Run(doc.ID, func(t *testing.T) {
			t.Parallel()
			for _, f := range []media.Format{media.PDF, media.DOCX} {
				made, err := writer(t).Filing(d, doc, picture, f)
				if err != nil {
					t.Fatal(err)
				}
				keep(t, "filing-"+doc.ID+"."+string(f), made)
				var text string
				switch {
				case f == media.PDF:
					text = run(t, made, "pdftotext", "FILE", "-")
				case doc.ID == "report" || doc.ID == "annexes": // one with everything, one with pictures alone
					text = office(t, made)
				default:
					wellFormed(t, made)
					text = docxText(t, made)
				}
				text = strings.Join(strings.Fields(text), "") // cells break words
				for _, w := range want[doc.ID] {
					if !strings.Contains(text, strings.Join(strings.Fields(w), "")) {
						t.Errorf("%s lacks %q", f, w)
					}
				}
				if len(want[doc.ID]) == 0 || strings.Contains(text, "尚不掌握") {
					t.Errorf("%s: something is not known in %.300s", f, text)
				}
			}
		})
	}
}

package filing_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/register/filing"
)

func documents(t *testing.T, k filing.Kit, p *filing.People) []filing.Document {
	t.Helper()
	list, err := filing.Documents(k, p)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// whole is all that documents say.
func whole(list []filing.Document) (text string, pictures []string, unknown int) {
	for _, d := range list {
		text += d.Title + "\n"
		for _, n := range d.Nodes {
			text += n.Text + "\n"
			for _, row := range n.Rows {
				text += strings.Join(row, "|") + "\n"
			}
			if n.Kind == filing.Picture {
				pictures = append(pictures, n.SHA256)
			}
			unknown += n.Unknown
		}
	}
	return text, pictures, unknown
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	k, p := clean(), people()
	p.Head.Name = "机构负责人之名"
	list := documents(t, k, &p)
	var titles []string
	for _, d := range list {
		titles = append(titles, d.Title)
		for _, n := range d.Nodes {
			for _, row := range n.Rows {
				if len(row) != len(n.Rows[0]) {
					t.Errorf("%s: a table with rows of %d and %d cells", d.ID, len(n.Rows[0]), len(row))
				}
			}
			if (n.Kind == filing.Heading) != (n.Level > 0) || n.Kind == filing.Picture && n.SHA256 == "" || n.Kind != filing.Table && n.Text == "" {
				t.Errorf("%s: %+v", d.ID, n)
			}
		}
	}
	if want := []string{"主体信息", "落实算法安全主体责任基本情况", "算法信息", "算法安全自评估报告", "拟公示内容", "产品及功能信息", "生成合成内容标识相关材料", "附件清单"}; !slices.Equal(titles, want) {
		t.Errorf("%q", titles)
	}
	text, pictures, unknown := whole(list)
	for _, s := range []string{"算法名称|示例图像生成算法-1", "算法类型|生成合成类", "角色|服务提供者", "文本|TXT|4 KB", "图像|PNG、.jpg|8 MB", "base|2|否|Beijing-Base-202401010001|" + digest(1), "机构负责人|机构负责人之名", "示例画板|APP|com.example",
		"专职人员数量|3", "7. 描述", "8. 风险", "四、风险防控情况", "算法备案承诺书|承诺书|application/pdf|" + digest(2)} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is missing", s)
		}
	}
	if unknown != 0 || strings.Contains(text, "尚不掌握") || len(pictures) < 10 {
		t.Errorf("%d unknown, %d pictures", unknown, len(pictures))
	}
	// Every text of the kit stands in some document.
	k.Report.Loophole.Text, k.Technical.Mode = "漏洞之文", "技术之文"
	if text, _, _ = whole(documents(t, k, &p)); !strings.Contains(text, "漏洞之文") || strings.Contains(text, "技术之文") {
		t.Error("the risk is left out, or the part of supporters is there")
	}
	k.Algorithm.Role = "supporter"
	if text, _, _ = whole(documents(t, k, &p)); !strings.Contains(text, "技术服务方式|技术之文") || strings.Contains(text, "com.example") {
		t.Error("the parts of supporters and providers are mixed")
	}
}

// An empty kit says in every place that it is not known yet.
func TestEmptyDocuments(t *testing.T) {
	t.Parallel()
	list := documents(t, filing.Kit{}, nil)
	text, pictures, unknown := whole(list)
	if n := strings.Count(text, "尚不掌握"); n != unknown || n < len(filing.Kit{}.Open()) || len(pictures) > 0 {
		t.Errorf("%d times not known, %d counted, %d fields open, %d pictures", n, unknown, len(filing.Kit{}.Open()), len(pictures))
	}
	for _, d := range list {
		if len(d.Nodes) == 0 {
			t.Errorf("%s is empty", d.ID)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	k := clean()
	d := filing.Draft{ID: "1", State: filing.Drafted, Function: "draw", Part: 1, Version: 2, Kit: k}
	one, err := d.Export()
	if err != nil {
		t.Fatal(err)
	}
	if two, _ := d.Export(); !bytes.Equal(one, two) || !bytes.Contains(one, []byte(filing.Schema)) || !bytes.Contains(one, []byte(`"unknown":[]`)) {
		t.Errorf("%.300s", one)
	}
	d.Kit.Public.Scene = ""
	if two, _ := d.Export(); !bytes.Contains(two, []byte(`"unknown":["public.scene"]`)) {
		t.Errorf("%.300s", two)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	was := known()
	was.Number, was.Online, was.Explicit = sound, "2026-03-02", "右下角文字"
	was.Formats = []string{"png", "mp4", "strange"}
	was.Products = []filing.Product{{Name: "示例画板", Form: "app"}}
	var k filing.Kit
	k.Algorithm.Name = "他人填写的算法"
	k, err := k.Fill(was)
	if err != nil || k.Algorithm.Name != "他人填写的算法" || k.Report.Name != was.Name || k.Algorithm.Number != sound || k.Report.Online != "2026-03-02" || k.Labels.Explicit != "右下角文字" || len(k.Products) != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	var out []string
	for _, m := range k.Detail.Output {
		out = append(out, m.Modality+" "+strings.Join(m.Formats, ","))
	}
	if !slices.Equal(out, []string{"image png", "video mp4", "other strange"}) {
		t.Errorf("%q", out)
	}
	var empty filing.Kit
	if k, err := empty.Fill(filing.Known{}); err != nil || k.Algorithm.Name != "" || len(k.Open()) != len(empty.Open()) {
		t.Errorf("something was made up: %+v, %v", k, err)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	calendar, err := workday.Known()
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		d, err := time.ParseInLocation("2006-01-02 15:04", s+" 12:00", workday.Beijing())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, c := range map[string]struct {
		days filing.Days
		now  string
		want string
	}{
		"nothing yet": {filing.Days{}, "2026-03-02", "file waiting, change waiting, cancel waiting, decide waiting"},
		// Ten working days after Monday, 2 March 2026 end with Monday, the 16th.
		"running":         {filing.Days{Began: day("2026-03-02")}, "2026-03-16", "file running 2026-03-16, change waiting, cancel waiting, decide waiting"},
		"over":            {filing.Days{Began: day("2026-03-02")}, "2026-03-17", "file over 2026-03-16, change waiting, cancel waiting, decide waiting"},
		"kept":            {filing.Days{Began: day("2026-03-02"), Submitted: day("2026-03-16")}, "2026-03-20", "file kept 2026-03-16, change waiting, cancel waiting, decide running 2026-04-28"},
		"late":            {filing.Days{Began: day("2026-03-02"), Submitted: day("2026-03-17"), Decided: day("2026-03-18")}, "2026-06-20", "file late 2026-03-16, change waiting, cancel waiting, decide kept 2026-04-29"},
		"change":          {filing.Days{Changed: day("2026-03-02"), Submitted: day("2026-03-03")}, "2026-03-20", "file waiting, change kept 2026-03-16, cancel waiting, decide running 2026-04-15"},
		"change to come":  {filing.Days{Began: day("2025-03-03"), Changed: day("2026-03-02")}, "2026-03-10", "file waiting, change running 2026-03-16, cancel waiting, decide waiting"},
		"change told":     {filing.Days{Began: day("2025-03-03"), Changed: day("2026-03-02"), Submitted: day("2026-03-03")}, "2026-03-20", "file waiting, change kept 2026-03-16, cancel waiting, decide running 2026-04-15"},
		"change untold":   {filing.Days{Changed: day("2026-03-02"), Submitted: day("2026-02-03")}, "2026-03-20", "file waiting, change over 2026-03-16, cancel waiting, decide running 2026-03-23"},
		"end":             {filing.Days{Ended: day("2026-03-02")}, "2026-03-20", "file waiting, change waiting, cancel running 2026-03-30, decide waiting"},
		"end told":        {filing.Days{Ended: day("2026-03-02"), Cancelled: day("2026-03-31")}, "2026-05-20", "file waiting, change waiting, cancel late 2026-03-30, decide waiting"},
		"another year":    {filing.Days{Began: day("2031-03-03")}, "2031-03-10", "file  2031-03-17 unsure, change waiting, cancel waiting, decide waiting"},
		"long ago":        {filing.Days{Began: day("2031-03-03")}, "2031-06-10", "file over 2031-03-17 unsure, change waiting, cancel waiting, decide waiting"},
		"just after 17th": {filing.Days{Began: day("2031-03-03")}, "2031-03-18", "file  2031-03-17 unsure, change waiting, cancel waiting, decide waiting"},
	} {
		var got []string
		for _, k := range filing.Clocks(calendar, c.days, day(c.now)) {
			s := fmt.Sprintf("%s %s", k.ID, k.State)
			if !k.Until.IsZero() {
				s += " " + k.Until.In(workday.Beijing()).Format(time.DateOnly)
			}
			if len(k.Unsure) > 0 {
				s += " unsure"
			}
			got = append(got, s)
			clause := colophon.ClauseAR24
			if k.Theirs {
				clause = colophon.ClauseAR25
			}
			if k.Clause != clause || k.Text == "" || k.Confidence != filing.Primary || k.Theirs != (k.ID == "decide") {
				t.Errorf("%s: %+v", name, k)
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
	var days []int
	for _, p := range filing.Periods() {
		days = append(days, p.Days)
	}
	if !slices.Equal(days, []int{10, 10, 20, 30}) {
		t.Error(days)
	}
}

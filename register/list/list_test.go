package list_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register/list"
)

const wordSpace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

// docx is a document with a body.
func docx(t testing.TB, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"[Content_Types].xml": "<Types/>", "word/document.xml": `<w:document xmlns:w="` + wordSpace + `"><w:body>` + body + `</w:body></w:document>`} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func cell(properties, text string) string {
	return "<w:tc><w:tcPr>" + properties + "</w:tcPr><w:p><w:r><w:t>" + text + "</w:t></w:r></w:p></w:tc>"
}

func row(cells ...string) string {
	var b strings.Builder
	for _, c := range cells {
		if !strings.HasPrefix(c, "<w:tc>") {
			c = cell("", c)
		}
		b.WriteString(c)
	}
	return "<w:tr>" + b.String() + "</w:tr>"
}

func table(rows ...string) string { return "<w:tbl>" + strings.Join(rows, "") + "</w:tbl>" }

var header = row("序号", "算法名称", "角色", "主体名称", "应用产品", "主要用途", "备案编号", "备注")

// number makes a filing number whose last digit follows from the others.
func number(first20 string) string {
	sum := 1
	for i, r := range first20 {
		sum += int(r-'0') * [...]int{4, 2, 6, 8}[i%4]
	}
	return first20 + strconv.Itoa(sum%10)
}

var (
	one   = number("11010833988740124001")
	two   = number("11010833988740124002")
	three = number("11010833988740124003")
	rank  = number("11010833988740324001")
)

func read(t testing.TB, raw []byte) list.File {
	t.Helper()
	f, err := list.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// says writes rows in short: place, how it was read, number, why.
func says(f list.File) []string {
	var all []string
	for _, r := range f.Rows {
		s := fmt.Sprintf("%d/%d %s %s", r.Place.Table, r.Place.Row, r.Reading, r.Number)
		for _, x := range r.Reasons {
			s += " " + string(x.Code)
		}
		all = append(all, s)
	}
	return all
}

func TestDOCX(t *testing.T) {
	t.Parallel()
	body := "<w:p><w:r><w:t>境内深度合成服务算法备案清单（2026年5月）</w:t></w:r></w:p>" +
		table(header,
			row("1", "甲图像生成算法", "服务提供者", "甲公司", "甲（APP）", "应用于图像生成场景，生成图像。", "网信算备"+one+"号", ""),
			// A number broken over two paragraphs, and a cell that is broken in the middle of a word.
			row("2", "乙算法", "服务技术支持者", "乙公司", "--", "应用于…场景，服务于企业。", "<w:tc><w:p><w:r><w:t>网信算备"+two[:9]+"</w:t></w:r></w:p><w:p><w:r><w:t>"+two[9:]+"号</w:t></w:r></w:p></w:tc>", "已注销"),
			// A cell over two columns, and one that goes on from the row above.
			row("3", "丙算法", "服务提供者", cell(`<w:vMerge w:val="restart"/>`, "丙公司"), "丙（网站）", "用途", "网信算备"+three+"号", ""),
			row("4", "丁算法", "服务提供者", cell(`<w:vMerge/>`, ""), cell(`<w:gridSpan w:val="2"/>`, "丁（网站）"), "网信算备1101083398874012400110号", ""),
			row("6", "戊算法", "提供", "戊公司", "--", "用途", "网信算备"+two[:20]+strconv.Itoa(int(two[20]-'0'+1)%10)+"号", ""),
			row("7", "己算法", "服务提供者", "己公司")) +
		// A list that goes on in another table, without a header.
		table(row("8", "庚算法", "服务提供者", "", "庚（APP）", "用途", "网信算备"+rank+"号", ""), row("", "", "", "", "", "", "", ""))
	f := read(t, docx(t, body))
	if f.Format != "docx" || f.Title != "境内深度合成服务算法备案清单（2026年5月）" || len(f.SHA256) != 64 {
		t.Errorf("%q, %q, %q", f.Format, f.Title, f.SHA256)
	}
	want := []string{
		"1/2 read " + one, "1/3 read " + two, "1/4 read " + three,
		"1/5 doubtful  list-row-number",
		"1/6 doubtful " + two[:20] + strconv.Itoa(int(two[20]-'0'+1)%10) + " list-row-check list-row-role list-row-ordinal",
		"1/7   list-row-cells",
		"2/1 doubtful " + rank + " list-row-empty list-row-class",
	}
	if diff := cmp.Diff(want, says(f)); diff != "" {
		t.Fatal(diff)
	}
	if c := f.Counts(); c != (list.Counts{Rows: 7, Read: 3, Doubtful: 3, Unreadable: 1}) {
		t.Errorf("%+v", c)
	}
	if f.Rows[0].Cancelled || !f.Rows[1].Cancelled || f.Rows[1].Role != "supporter" || f.Rows[0].Role != "provider" {
		t.Errorf("%+v", f.Rows[:2])
	}
	if r := f.Rows[3]; r.Entity != "丙公司" || r.Product != "丁（网站）" || r.Written != "网信算备1101083398874012400110号" {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(f.Rows[5].Written, "己公司") {
		t.Errorf("%+v", f.Rows[5])
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	text := "\ufeffalgorithmName,algorithmClass,role,entityName,product,purpose,recordNumber,remark\n" +
		"甲算法,生成合成类,,甲公司,甲（APP）,\"应用于图像，\n两行\",网信算备" + one + "号,\n" +
		"乙算法,排序精选类,,乙公司,乙（APP）,用途," + rank + ",\n" +
		"乙算法,检索过滤类,,乙公司,乙（APP）,用途," + rank + ",\n" +
		"丙算法,\"生成\"合成类,,丙公司,,,,\n" +
		"丁算法,生成合成类,,丁公司,丁（APP）,用途,,\n"
	for name, raw := range map[string]string{"commas": text, "tabs": strings.ReplaceAll(text, ",", "\t")} {
		f := read(t, []byte(raw))
		want := []string{"0/2 read " + one, "0/4 doubtful " + rank + " list-row-twice", "0/5 doubtful " + rank + " list-row-class list-row-twice", "0/6   list-row-cells", "0/7 doubtful  list-row-number"}
		if diff := cmp.Diff(want, says(f)); diff != "" || f.Format != "csv" {
			t.Errorf("%s: %s", name, diff)
		}
		if f.Rows[0].Purpose != "应用于图像， 两行" {
			t.Errorf("%q", f.Rows[0].Purpose)
		}
	}
}

// A notice of cancellations as JSON: rows stand at any depth, and role and category share a column.
func TestJSON(t *testing.T) {
	t.Parallel()
	raw := `{"meta":{"name":"x"},"notices":[{"date":"2026-01-07","records":[{"name":"甲算法","role":"服务提供者","entity":"甲公司","product":"甲(APP)","code":"网信算备` + one + `号","cancel":"2026年1月"},
		{"name":"乙算法","role":"排序精选类","entity":"乙公司","product":"--","code":"网信算备` + rank + `号","cancel":"2026年1月"}]},{"records":[{"算法名称":"丙算法","角色":"服务提供","主体名称":"丙公司","备案编号":"` + two + `"}]}]}`
	f := read(t, []byte(raw))
	if diff := cmp.Diff([]string{"0/1 read " + one, "0/2 read " + rank, "0/3 doubtful " + two + " list-row-role"}, says(f)); diff != "" || f.Format != "json" {
		t.Fatal(diff)
	}
	if r := f.Rows[1]; !r.Cancelled || r.Ended != "2026年1月" || r.Category != "排序精选类" || r.Role != "" {
		t.Errorf("%+v", r)
	}
	if f.Rows[2].Reasons[0].Args["word"] != "服务提供" {
		t.Errorf("%+v", f.Rows[2])
	}
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw  []byte
		code colophon.Code
	}{
		"empty":        {nil, list.CodeHeader},
		"no header":    {[]byte("甲,乙\n丙,丁\n"), list.CodeHeader},
		"no table":     {docx(t, "<w:p/>"), list.CodeHeader},
		"header alone": {docx(t, table(header)), list.CodeHeader},
		"half a zip":   {docx(t, table(header))[:200], list.CodeFile},
		"bad XML":      {docx(t, "<w:tbl>"), list.CodeFile},
		"bad JSON":     {[]byte(`[{"name":`), list.CodeFile},
		"two JSON":     {[]byte(`[] []`), list.CodeFile},
		"other text":   {[]byte("\xd0\xf2\xba\xc5,\xcb\xe3\xb7\xa8\n"), list.CodeText},
		"bare quotes":  {[]byte("a\"b,c\n"), list.CodeText},
		"too long":     {make([]byte, list.MaxFile+1), list.CodeLong},
		"many rows":    {[]byte("name,entity,number\n" + strings.Repeat("a,b,c\n", list.MaxRows+1)), list.CodeLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := list.Read(bytes.NewReader(c.raw))
			storetest.WantCode(t, err, c.code)
		})
	}
}

func TestLongCells(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 10_000)
	for name, raw := range map[string][]byte{
		"csv":  []byte("name,role,entity,number,purpose\n甲算法,服务提供者,甲公司," + one + "," + long + "\n"),
		"docx": docx(t, table(row("算法名称", "角色", "主体名称", "备案编号", "主要用途"), row("甲算法", "服务提供者", "甲公司", one, long))),
		"text": []byte("name,role,entity,number,purpose\n甲算法,服务提供者,甲公司," + one + ",\xff\n"),
	} {
		f := read(t, raw)
		if r := f.Rows[0]; r.Reading != list.Unreadable || r.Reasons[0].Code != list.ReasonLong || r.Number != one || len(r.Purpose) > 400 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"甲（APP）", "甲(app)", "甲 ( ＡＰＰ )", "甲【app】"}, {"甲－1", "甲-1", "甲—１"}, {"甲、乙", "甲,乙", "甲，乙"},
	} {
		for _, s := range same[1:] {
			if list.Fold(s) != list.Fold(same[0]) {
				t.Errorf("%q and %q differ: %q, %q", s, same[0], list.Fold(s), list.Fold(same[0]))
			}
		}
	}
	if list.Fold("甲(APP)") == list.Fold("乙(APP)") {
		t.Error("all is the same")
	}
}

func numbered(n string, change ...func(*list.Row)) list.Row {
	r := list.Row{Place: list.Place{Row: len(n)}, Reading: list.Whole, Name: "甲算法", Role: "provider", Entity: "甲公司", Product: "甲（APP）", Purpose: "用途", Number: n}
	for _, c := range change {
		c(&r)
	}
	return r
}

func TestCompare(t *testing.T) {
	t.Parallel()
	before := []list.Row{numbered(one), numbered(two), numbered(three), {Written: "x"}}
	after := []list.Row{
		numbered(one, func(r *list.Row) { r.Product = "甲(app)" }), // the same in other signs
		numbered(two, func(r *list.Row) { r.Entity, r.Remark = "新公司", "原主体名称变更" }),
		numbered(rank),
		numbered(number("11010833988740124009"), func(r *list.Row) { r.Cancelled = true }),
	}
	d := list.Compare(before, after)
	numbers := func(rows []list.Row) []string {
		var all []string
		for _, r := range rows {
			all = append(all, r.Number)
		}
		return all
	}
	if !slices.Equal(numbers(d.Added), []string{rank}) || !slices.Equal(numbers(d.Gone), []string{three}) || !slices.Equal(numbers(d.Cancelled), []string{number("11010833988740124009")}) || d.Unread != 1 {
		t.Errorf("%+v", d)
	}
	if len(d.Changed) != 1 || d.Changed[0].After.Number != two || !slices.Equal(d.Changed[0].Fields, []string{"entity", "remark"}) {
		t.Errorf("%+v", d.Changed)
	}
	if d := list.Compare(before, before); len(d.Added)+len(d.Changed)+len(d.Gone)+len(d.Cancelled) > 0 {
		t.Errorf("a list differs from itself: %+v", d)
	}
}

// The three answers, and why each.
func TestListed(t *testing.T) {
	t.Parallel()
	batch := func(id string, series list.Series, name, published string, rows ...list.Row) list.Batch {
		return list.Batch{ID: id, About: list.About{Series: series, Name: name, Published: published}, Rows: rows}
	}
	spring := batch("1", list.DeepSynthesis, "2026-03", "2026-03-12", numbered(one), numbered(two))
	ends := batch("2", list.Cancellation, "2026-05", "2026-05-06", numbered(two, func(r *list.Row) { r.Ended = "2026年5月" }))
	odd := batch("3", list.Algorithm, "2026-04", "2026-04-01", list.Row{Reading: list.Doubtful, Name: "乙", Entity: "乙公司", Written: "网信算备" + three + "0号"})
	empty := batch("4", list.Algorithm, "2026-02", "2026-02-01", list.Row{Reading: list.Doubtful, Name: "丙", Entity: "丙公司"})
	for name, c := range map[string]struct {
		batches []list.Batch
		number  string
		verdict colophon.Verdict
		code    colophon.Code
		day     string
	}{
		"listed":           {[]list.Batch{spring, ends, odd}, "网信算备" + one + "号", colophon.Passed, list.Listed, "2026-03-12"},
		"not listed":       {[]list.Batch{spring, ends, odd}, rank, colophon.Unknown, list.NotListed, "2026-04-01"},
		"cancelled":        {[]list.Batch{spring, ends}, two, colophon.Failed, list.Cancelled, "2026-05-06"},
		"no number":        {[]list.Batch{spring}, "12345", colophon.Unknown, list.UntoldNumber, ""},
		"no lists":         {nil, one, colophon.Unknown, list.UntoldNoLists, ""},
		"no list of filed": {[]list.Batch{ends}, one, colophon.Unknown, list.UntoldNoLists, ""},
		"a digit too many": {[]list.Batch{spring, odd}, three, colophon.Unknown, list.UntoldRows, ""},
		"nothing there":    {[]list.Batch{spring, empty}, three, colophon.Unknown, list.UntoldRows, ""},
		"imported again":   {[]list.Batch{spring, batch("9", list.DeepSynthesis, "2026-03", "2026-03-13", numbered(two))}, one, colophon.Unknown, list.NotListed, "2026-03-13"},
	} {
		a := list.NewIndex(c.batches).Listed(c.number)
		if a.Verdict != c.verdict || a.Code != c.code || a.Args["day"] != c.day {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	x := list.NewIndex([]list.Batch{
		{ID: "1", About: list.About{Series: list.DeepSynthesis, Name: "a", Published: "2026-01-01"}, Rows: []list.Row{numbered(one), numbered(two, func(r *list.Row) { r.Name, r.Product = "人脸替换算法", "换脸（小程序）" })}},
		{ID: "2", About: list.About{Series: list.Algorithm, Name: "b", Published: "2026-02-01"}, Rows: []list.Row{numbered(rank)}},
	})
	for _, c := range []struct {
		search list.Search
		first  string
		found  int
	}{
		{list.Search{Text: "甲公司"}, rank, 3}, {list.Search{Text: "甲公司", Series: list.DeepSynthesis}, two, 2}, {list.Search{Text: "甲公司", Offset: 1, Limit: 1}, two, 3}, {list.Search{Text: "换脸(小程序)"}, two, 1},
		{list.Search{Text: "甲公司 人脸"}, two, 1}, {list.Search{Text: "网信算备" + one + "号"}, one, 1}, {list.Search{Text: "339887403"}, rank, 1}, {list.Search{}, rank, 3},
	} {
		hits, found := x.Find(c.search)
		if found != c.found || len(hits) == 0 || hits[0].Row.Number != c.first || c.search.Limit > 0 && len(hits) != c.search.Limit {
			t.Errorf("%+v: %d, %+v", c.search, found, hits)
		}
	}
	if _, found := x.Find(list.Search{Text: "不存在"}); found != 0 {
		t.Error(found)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(docx(f, table(header, row("1", "甲算法", "服务提供者", "甲公司", "甲（APP）", "用途", one, ""))))
	f.Add([]byte("name,role,entity,number\n甲算法,服务提供者,甲公司," + one + "\n"))
	f.Add([]byte(`[{"name":"甲算法","entity":"甲公司","number":"` + one + `"}]`))
	f.Add([]byte("name\tentity\tnumber\n\"a\tb\n"))
	f.Fuzz(func(t *testing.T, raw []byte) { check(t, raw) })
}

func FuzzDocument(f *testing.F) {
	f.Add(table(header, row("1", "甲算法", "服务提供者", cell(`<w:vMerge/>`, ""), cell(`<w:gridSpan w:val="3"/>`, "x"), one)))
	f.Add(table(row("算法名称", "主体名称", "备案编号"), "<w:tr><w:trPr><w:gridBefore w:val=\"2\"/><w:gridAfter w:val=\"60\"/></w:trPr></w:tr>"))
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) < 1<<16 {
			check(t, docx(t, body))
		}
	})
}

// check holds what was read against what is always so.
func check(t *testing.T, raw []byte) {
	t.Helper()
	file, err := list.Read(bytes.NewReader(raw))
	if err != nil {
		return
	}
	if c := file.Counts(); len(file.Rows) == 0 || c.Read+c.Doubtful+c.Unreadable != c.Rows {
		t.Errorf("%+v", c)
	}
	for _, r := range file.Rows {
		if (r.Reading == list.Whole) != (len(r.Reasons) == 0) || r.Reading == list.Whole && r.Number == "" || r.Number != "" && len(r.Number) != 21 || r.Place.Row == 0 {
			t.Errorf("%+v", r)
		}
	}
	if d := list.Compare(file.Rows, file.Rows); len(d.Added) > 0 || len(d.Gone) > 0 {
		t.Errorf("%+v", d)
	}
}

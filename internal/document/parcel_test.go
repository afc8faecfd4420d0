package document_test

import (
	"strings"
	"testing"

	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/internal/document"
)

// TestParcel has nothing of what people wrote run on the page of their data.
func TestParcel(t *testing.T) {
	t.Parallel()
	raw, err := document.Parcel(parcel.Page{Language: "zh-CN", Title: "数据 <b>", Lead: []string{"lead"}, Empty: "nothing here", Sections: []parcel.Section{
		{Title: "Cases", Heads: []string{"what"}, Rows: [][]string{{"<script>alert(1)</script>"}}}, {Title: "Items"}}})
	got := string(raw)
	if err != nil || strings.Contains(got, "<script") || strings.Contains(got, "<b>") {
		t.Fatal(got, err)
	}
	for _, want := range []string{`<html lang="zh-CN">`, "&lt;script&gt;alert(1)", "lead", "<h2>Items</h2>", "nothing here"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

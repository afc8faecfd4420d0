package list_test

import (
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register/list"
)

// TestAgainst holds our numbers against a list: listed, listed otherwise, not listed, cancelled, and what can't be told.
func TestAgainst(t *testing.T) {
	t.Parallel()
	const ours, ended, other = "110108000000001260015", "110108000000001260024", "110108000000001260032"
	row := func(number string) list.Row {
		return list.Row{Reading: list.Whole, Name: "示例（对话）算法", Entity: "示例科技有限公司", Number: number}
	}
	gone := row(ended)
	gone.Cancelled = true
	x := list.NewIndex([]list.Batch{
		{ID: "1", About: list.About{Series: list.DeepSynthesis, Name: "2026-01", Published: "2026-01-02"}, Rows: []list.Row{row(ours), row(ended)}},
		{ID: "2", About: list.About{Series: list.Cancellation, Name: "2026-02", Published: "2026-02-02"}, Rows: []list.Row{gone}},
	})
	for name, c := range map[string]struct {
		own     list.Own
		verdict colophon.Verdict
		code    colophon.Code
		differs []string
	}{
		"same":            {list.Own{Number: ours, Name: "示例(对话)算法", Entity: "示例科技 有限公司"}, colophon.Passed, list.Listed, nil},
		"nothing entered": {list.Own{Number: ours}, colophon.Passed, list.Listed, nil},
		"another name":    {list.Own{Number: ours, Name: "别的算法", Entity: "示例科技有限公司"}, colophon.Failed, list.Differs, []string{"name"}},
		"another filer":   {list.Own{Number: ours, Name: "别的算法", Entity: "别的公司"}, colophon.Failed, list.Differs, []string{"name", "entity"}},
		"cancelled":       {list.Own{Number: ended}, colophon.Failed, list.Cancelled, nil},
		"not listed":      {list.Own{Number: other}, colophon.Unknown, list.NotListed, nil},
		"no number":       {list.Own{Number: "in process"}, colophon.Unknown, list.UntoldNumber, nil},
	} {
		s := x.Against(c.own)
		if s.Verdict != c.verdict || s.Code != c.code || !slices.Equal(s.Differs, c.differs) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s := list.NewIndex(nil).Against(list.Own{Number: ours}); s.Verdict != colophon.Unknown {
		t.Errorf("without lists: %+v", s)
	}
}

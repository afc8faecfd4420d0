package console_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console"
)

func TestPassages(t *testing.T) {
	t.Parallel()
	hit := func(start, end int64) client.HeldFinding {
		return client.HeldFinding{Level: "block", Category: "fraud", Start: start, End: end}
	}
	for _, test := range []struct {
		findings []client.HeldFinding
		want     string
	}{
		{nil, "0123456789"},
		{[]client.HeldFinding{hit(2, 4)}, "01[23]456789"},
		{[]client.HeldFinding{hit(6, 8), hit(2, 4), hit(3, 5)}, "01[23]45[67]89"},
		{[]client.HeldFinding{hit(0, 10)}, "[0123456789]"},
		{[]client.HeldFinding{hit(8, 40), hit(5, 5), hit(4, 3)}, "0123456789"},
	} {
		pieces, hits := console.Passages("0123456789", test.findings)
		got := ""
		for i, p := range pieces {
			if hits[i] {
				p = "[" + p + "]"
			}
			got += p
		}
		if got != test.want {
			t.Errorf("%v: %s, want %s", test.findings, got, test.want)
		}
	}
}

// FuzzPassages cuts at any places: nothing is lost, and nothing comes twice.
func FuzzPassages(f *testing.F) {
	f.Add("0123456789", int64(2), int64(4), int64(3), int64(9))
	f.Add("一二", int64(1), int64(3), int64(-1), int64(2))
	f.Add("", int64(0), int64(1<<62), int64(-1<<62), int64(0))
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int64) {
		pieces, _ := console.Passages(text, []client.HeldFinding{{Level: "block", Start: a, End: b}, {Level: "note", Start: c, End: d}})
		if got := strings.Join(pieces, ""); got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	row := func(id, action string) client.PolicyRow {
		return client.PolicyRow{ID: id, Category: "*", Action: action}
	}
	kinds := func(id, category string) client.PolicyRow { return client.PolicyRow{ID: id, Category: category} }
	if diff := cmp.Diff([]string{"x same", "y changed"}, console.Differences([]client.PolicyRow{kinds("x", "drugs|fraud"), kinds("y", "drugs")}, []client.PolicyRow{kinds("x", "fraud|drugs"), kinds("y", "*")})); diff != "" {
		t.Error(diff)
	}
	before := []client.PolicyRow{row("a", "allow"), row("b", "allow"), row("c", "allow"), row("d", "allow")}
	after := []client.PolicyRow{row("a", "allow"), row("new", "refuse"), row("c", "refuse"), row("b", "allow")}
	if diff := cmp.Diff([]string{"a same", "new new", "c changed", "b moved", "d gone"}, console.Differences(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ what, place, want string }{
		{"add", "0", "a  b c"}, {"add", "2", "a b c "}, {"remove", "1", "a c"}, {"up", "1", "b a c"}, {"down", "1", "a c b"},
		{"up", "0", "a b c"}, {"down", "2", "a b c"}, {"remove", "7", "a b c"}, {"remove", "-1", "a b c"}, {"add", "x", "a b c"}, {"other", "1", "a b c"},
	} {
		if got := strings.Join(console.Steps([]string{"a", "b", "c"}, test.what, test.place), " "); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.what, test.place, got, test.want)
		}
	}
	if got := console.Steps([]string{"a"}, "remove", "0"); len(got) != 1 {
		t.Error("the last row was removed")
	}
}

// TestKindOf holds what a browser could run to text and files.
func TestKindOf(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"text/html": "text", "image/svg+xml": "file", "application/pdf": "file", "image/png": "picture", "video/mp4": "film", "audio/mpeg": "sound", "": "file", "application/javascript": "file", "text/javascript": "text"} {
		if got := console.KindOf(kind); got != want {
			t.Errorf("%s is shown as %s, want %s", kind, got, want)
		}
	}
}

package cli

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/client"
)

// TestTable holds that a list goes to its last page, in columns and as JSON, and that both ask for each row.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{false, true} {
		var out strings.Builder
		var asked []string
		s := &session{World: World{Stdout: &out}, json: asJSON}
		fetch := func(_ context.Context, l client.Listing) ([]int, string, error) {
			asked = append(asked, l.Filter.Get("state")+l.Cursor)
			if l.Cursor == "" {
				return []int{1, 200}, "-next", nil
			}
			return []int{3}, "", nil
		}
		filter := chosen(map[string]string{"kind": "", "state": "open"})
		if filter.Has("kind") {
			t.Error("what was not given is asked for")
		}
		rows := 0
		err := tableOf(t.Context(), s, filter, fetch, func(n int) []string { rows++; return []string{strconv.Itoa(n), "x"} })
		want := "1    x\n200  x\n3    x\n"
		if asJSON {
			want = "1\n200\n3\n"
		}
		if diff := cmp.Diff(want, out.String()); err != nil || diff != "" || rows != 3 || strings.Join(asked, " ") != "open open-next" {
			t.Errorf("%v, %d rows, %v: %s", err, rows, asked, diff)
		}
	}
}

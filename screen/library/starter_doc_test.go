package library_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/screen/library"
)

var update = flag.Bool("update", false, "write the table of the starter library into docs/screening*.md")

// TestStarterIsDocumented holds the tables of docs/screening.md and docs/screening.zh-CN.md to the files.
func TestStarterIsDocumented(t *testing.T) {
	t.Parallel()
	features, err := library.Starter()
	if err != nil {
		t.Fatal(err)
	}
	set, err := library.Compile(features, library.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]struct {
		head, all string
		name      func(library.Topic) string
	}{
		"../../docs/screening.md":       {"| category | risks | Chinese | English |", "| all | | %d | %d |", func(t library.Topic) string { return t.En }},
		"../../docs/screening.zh-CN.md": {"| 类别 | 风险 | 中文 | 英文 |", "| 合计 | | %d | %d |", func(t library.Topic) string { return t.Zh }},
	} {
		var table strings.Builder
		fmt.Fprintf(&table, "\n%s\n|---|---|---|---|\n", text.head)
		zh, en := 0, 0
		for _, c := range set.Coverage().Topics {
			if c.Words.Entries == 0 {
				continue
			}
			fmt.Fprintf(&table, "| %s (`%s`) | %s | %d | %d |\n", text.name(c.Topic), c.Topic.ID, strings.Join(c.Topic.Risks, ", "), c.Words.Language["zh"], c.Words.Language["en"])
			zh, en = zh+c.Words.Language["zh"], en+c.Words.Language["en"]
		}
		fmt.Fprintf(&table, text.all+"\n", zh, en)
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, _ := strings.Cut(string(raw), "<!-- starter -->")
		there, after, ok := strings.Cut(rest, "<!-- /starter -->")
		if !ok {
			t.Fatalf("%s has no place for the table", file)
		}
		if *update {
			if err := os.WriteFile(file, []byte(before+"<!-- starter -->"+table.String()+"<!-- /starter -->"+after), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if there != table.String() {
			t.Errorf("%s has another table than the files give; run this test with -update", file)
		}
	}
}

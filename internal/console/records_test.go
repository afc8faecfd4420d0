package console_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/console"
)

// TestEveryRecordHasAName walks the sources for types of records: the pages have a name for each, and none for another.
func TestEveryRecordHasAName(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	declared := regexp.MustCompile(`(?:evidence\.Type|\bProof[A-Za-z]+) += "([a-z-]+\.[a-z-]+)"`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 150 {
		t.Fatalf("only %d types were found", len(found))
	}
	known := console.RecordTypes()
	named := 0
	for _, row := range console.Rows() {
		for _, typ := range row.Makes {
			named++
			if !found[typ] {
				t.Errorf("%s says that it makes a record %s, which nothing makes", row.Path, typ)
			}
		}
	}
	if named < 80 {
		t.Errorf("only %d records of forms were found", named)
	}
	for typ := range found {
		if !slices.Contains(known, typ) {
			t.Errorf("records of type %s have no name on pages: add it to recordTypes", typ)
		}
	}
	for _, typ := range known {
		if !found[typ] {
			t.Errorf("nothing makes records of type %s", typ)
		}
	}
}

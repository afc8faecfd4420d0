package console_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon/internal/npmtest"
)

// TestVendored holds scripts of others that are built in against the packages that they came from.
func TestVendored(t *testing.T) {
	t.Parallel()
	dir, err := npmtest.Install("console", filepath.Join("..", "browsertest", "testdata"))
	if err != nil {
		t.Fatalf("the packages can't be installed; npm is needed: %v", err)
	}
	for name, from := range map[string]string{"htmx.min.js": "htmx.org/dist/htmx.min.js"} {
		ours, err := os.ReadFile(filepath.Join("static", name))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := os.ReadFile(filepath.Join(dir, "node_modules", from))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(ours, theirs) {
			t.Errorf("static/%s is not %s", name, from)
		}
	}
}

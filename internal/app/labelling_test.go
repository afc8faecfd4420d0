package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// TestAFaultInOneFileIsTold runs without a press, which makes the work on a file panic: it is told as an error of that file,
// the next one is worked on, and nothing is left behind.
func TestAFaultInOneFileIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	var inputs []app.Input
	for _, f := range files[:2] {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, app.Input{Path: path, Rel: f.Name})
	}
	work := &app.Labelling{Request: stamp.Request{Choice: stamp.None, Label: label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: "x"}}}}
	told := 0
	work.Run(t.Context(), inputs, func(r app.Labelled) {
		if told++; r.Err == nil || r.Output != "" {
			t.Errorf("%+v", r)
		}
	})
	if left, err := os.ReadDir(dir); told != 2 || err != nil || len(left) != 2 {
		t.Errorf("%d were told, %v %v", told, left, err)
	}
}

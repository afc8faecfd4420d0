package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/cli"
	"github.com/colophon-project/colophon/notice"
)

// TestTry marks one sample of each format, and holds docs/format/notice.md to what each got. Formats without a notice are
// known by name, so that another can't join them unnoticed.
func TestTry(t *testing.T) {
	t.Parallel()
	without := map[string]bool{"sample.amr": true, "sample.heic": true}
	unmeasured := map[string]bool{"sample.pdf": true} // its ink is a part of the page
	var table strings.Builder
	table.WriteString("| sample | words | place | how |\n|---|---|---|---|\n")
	rows := 0
	for line := range strings.Lines(run(t, 0, "--json", "try", filepath.Join(t.TempDir(), "here"))) {
		var row struct {
			File, Format, Conformity string
			Notice                   *struct {
				State, Words, Place, Method string
				Ink, Contrast, Seconds      float64
			}
			NoNotice *struct{ Code string } `json:"no_notice"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		rows++
		if row.Conformity != "conforming" {
			t.Errorf("%s", line)
		}
		if row.Notice == nil {
			if !without[row.File] || row.NoNotice == nil || row.NoNotice.Code != string(notice.CodeKind) {
				t.Errorf("%s has no notice: %s", row.File, line)
			}
			fmt.Fprintf(&table, "| %s | – | – | no notice: `--notice none`, and show it around |\n", row.File)
			continue
		}
		n := row.Notice
		if n.State != "put" || n.Words == "" || n.Ink != 0 && !unmeasured[row.File] && (n.Ink < notice.MinInk || n.Contrast < notice.MinContrast) ||
			n.Seconds != 0 && strings.Contains("mp4 mov mkv webm avi flv mpeg-ts", row.Format) && n.Seconds < notice.MinSeconds {
			t.Errorf("%s", line)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", row.File, n.Words, n.Place, n.Method)
	}
	if rows < 37 {
		t.Errorf("%d rows", rows)
	}
	golden(t, noticeFile, "notices", table.String())
}

// TestInterrupted stops before the first file: it is told, and nothing is written.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	place(t, dir, "sample.mp4", "film.mp4")
	var out, errs bytes.Buffer
	code := cli.Main(ctx, []string{"label", "--producer", "me", filepath.Join(dir, "film.mp4")},
		cli.World{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Version: "test"})
	if left, err := os.ReadDir(dir); code != 130 || !strings.Contains(errs.String(), "interrupted") || err != nil || len(left) != 1 {
		t.Errorf("exit %d, %s, %v %v", code, errs.String(), left, err)
	}
}

package durable_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// TestPowerCut writes on a file system inside an image file and takes a copy of the image while it is in use. The copy
// holds what had reached the disk at that moment, as a disk does after a power cut.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	image := filepath.Join(dir, "image")
	put(t, image, "", 0o600)
	if err := os.Truncate(image, 32<<20); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "mkfs.ext4", "-q", image)
	// Left to itself ext4 helps: it writes its journal every 5 seconds, and bytes along with the names they belong to.
	disk := mountImage(t, image, "commit=300,data=writeback,noauto_da_alloc")
	old, text := strings.Repeat("old", 1000), strings.Repeat("new", 100000)
	for _, name := range []string{"one", "two"} {
		if err := durable.WriteFile(filepath.Join(disk, name), []byte(old), durable.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what, one, two, three string) {
		t.Helper()
		copied := filepath.Join(dir, what)
		mediatest.Output(t, "cp", image, copied)
		after := mountImage(t, copied, "rw") // replays the journal, as the first start after a power cut does
		for name, want := range map[string]string{"one": one, "two": two, "three": three} {
			if got, err := os.ReadFile(filepath.Join(after, name)); string(got) != want || (err != nil) != (want == "") {
				t.Errorf("%s: %s holds %d bytes instead of %d, %v", what, name, len(got), len(want), err)
			}
		}
	}
	b := durable.NewBatch(durable.Options{Force: true})
	defer b.Abort()
	finish(t, create(t, b, filepath.Join(disk, "one"), text, nil), create(t, b, filepath.Join(disk, "three"), text, nil))
	want("before the commit", old, old, "")
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	want("after the commit", text, old, text)
	if err := durable.WriteFile(filepath.Join(disk, "two"), []byte(text), durable.Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	want("after a batch of one", text, text, text)
}

func mountImage(t *testing.T, image, options string) string {
	t.Helper()
	dir := t.TempDir()
	mediatest.Output(t, "mount", "-o", "loop,"+options, image, dir)
	t.Cleanup(func() { mediatest.Output(t, "umount", dir) })
	return dir
}

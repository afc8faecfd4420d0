package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// TestReadme runs the commands of both READMEs as they stand there, on sample files of the names that they use.
func TestReadme(t *testing.T) {
	t.Parallel()
	for _, readme := range []string{"../../README.md", "../../README.zh-CN.md"} {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		var script []string
		for line := range strings.Lines(string(text)) {
			if command, ok := strings.CutPrefix(line, "    "); ok && !strings.HasPrefix(command, "make ") {
				script = append(script, strings.TrimSpace(command))
			}
		}
		if len(script) < 6 {
			t.Fatalf("%s: only %d commands were found", readme, len(script))
		}
		dir := t.TempDir()
		place(t, dir, "sample.png", "picture.png")
		place(t, dir, "sample.mp4", "upload.mp4")
		place(t, dir, "sample.mp4", "film.mp4")
		place(t, dir, "sample.jpg", "generated/one/photo.jpg")
		place(t, dir, "sample.docx", "generated/letter.docx")
		place(t, dir, "sample.png", "generated/picture.png")
		// The platform's command is shown for a file that its producer labelled.
		run(t, 0, "label", "--producer", "maker", "--in-place", filepath.Join(dir, "upload.mp4"))
		place(t, dir, "sample.gif", "delivery/flat.gif")
		run(t, 0, "label", "--notice", "none", "--producer", "maker", "--in-place", filepath.Join(dir, "delivery/flat.gif"))

		bin := t.TempDir()
		if err := os.Symlink(os.Args[0], filepath.Join(bin, "colophon")); err != nil {
			t.Fatal(err)
		}
		// A folder among the files of delivery/* is told and is an error; the files are what the line is about.
		joined := strings.ReplaceAll(strings.Join(script, "\n"), "delivery/*", "delivery/*.*")
		cmd := exec.Command("sh", "-e", "-c", joined)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LANG=C.UTF-8", "COLOPHON_AS_PROGRAM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", readme, err, out)
		}
		if !strings.Contains(string(out), "propagation added") || !strings.Contains(string(out), "001191110102MACQD9K640") {
			t.Errorf("%s: %s", readme, out)
		}
	}
}

// TestReadmeNamesTheFormats holds the number of formats to the table.
func TestReadmeNamesTheFormats(t *testing.T) {
	t.Parallel()
	for file, pattern := range map[string]string{"../../README.md": `\*\*(\d+) formats\*\*`, "../../README.zh-CN.md": `\*\*(\d+) 种格式\*\*`} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindStringSubmatch(string(text))
		if found == nil || found[1] != strings.TrimSpace(itoa(len(media.Formats()))) {
			t.Errorf("%s says %v; there are %d", file, found, len(media.Formats()))
		}
	}
}

func place(t *testing.T, dir, name, as string) {
	t.Helper()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == name {
			path := filepath.Join(dir, as)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Bytes, 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no sample %s", name)
}

// TestFullDisk labels a file onto a file system that is too small: the error says so, and nothing is left there.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small)
	t.Cleanup(func() { mediatest.Output(t, "umount", small) })
	in := filepath.Join(dir, "big.wav")
	if err := os.WriteFile(in, mediatest.FFmpeg(t, "big.wav", "-f", "lavfi", "-i", "sine=duration=10"), 0o644); err != nil {
		t.Fatal(err)
	}
	reply := run(t, 1, "--json", "label", "--producer", "me", "--out", small, in)
	if !strings.Contains(reply, `"code":"disk-full"`) {
		t.Errorf("%s", reply)
	}
	left, err := os.ReadDir(small)
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}

// TestHostile reads and labels files that were built to break parsers: an answer, soon, and the input as it was.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"id3v23_compression_underflow.mp3", "nested_moov_1000.mp4", "riff_bomb_1000.wav", "sample3.invalid.wav", "tiff_poc.tiff"} {
		text, ok := mediatest.Sample(t, "hostile/"+name)
		if !ok {
			return
		}
		path := mediatest.File(t, name, text)
		for _, command := range [][]string{{"--json", "verify", path}, {"--json", "label", "--producer", "me", path}} {
			var lines string
			code := exitOf(&lines, command...)
			if code == 0 && command[1] == "verify" || strings.Count(lines, "\n") != 1 || strings.Contains(lines, `"kind":"internal"`) {
				t.Errorf("%s %s: exit %d: %s", command[1], name, code, lines)
			}
		}
		after, err := os.ReadFile(path)
		if err != nil || string(after) != string(text) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}

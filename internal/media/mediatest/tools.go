package mediatest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Tool returns the path of a program that tests need. A missing one fails the test: `make test` installs them.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing; `make tools` installs what the tests need", name)
	}
	return path
}

// Output runs a program and returns its standard output.
func Output(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(Tool(t, name), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// File writes bytes to a file in the test's own folder and returns its path.
func File(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// FFmpeg makes a file named name with ffmpeg, whose arguments come before the output path, and returns its bytes.
func FFmpeg(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	full := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y"}, args...)
	Output(t, "ffmpeg", append(full, path)...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Exiftool returns what exiftool reads from a file: group:tag to value, unknown tags included.
func Exiftool(t testing.TB, name string, b []byte) map[string]string {
	t.Helper()
	out := Output(t, "exiftool", "-j", "-G1", "-a", "-u", "-b", "-struct", File(t, name, b))
	var list []map[string]any
	if err := json.Unmarshal(out, &list); err != nil || len(list) != 1 {
		t.Fatalf("exiftool output: %v\n%s", err, out)
	}
	tags := map[string]string{}
	for key, value := range list[0] {
		if s, ok := value.(string); ok {
			tags[key] = s
		} else {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			tags[key] = string(encoded)
		}
	}
	return tags
}

// FFprobeTags returns the container's tags as ffprobe reads them.
func FFprobeTags(t testing.TB, name string, b []byte) map[string]string {
	t.Helper()
	out := Output(t, "ffprobe", "-v", "error", "-show_entries", "format_tags", "-of", "json", File(t, name, b))
	var reply struct {
		Format struct{ Tags map[string]string }
	}
	if err := json.Unmarshal(out, &reply); err != nil {
		t.Fatalf("ffprobe output: %v\n%s", err, out)
	}
	return reply.Format.Tags
}

// SameFrames fails the test unless ffmpeg decodes the same frames, at the same times, from both files.
func SameFrames(name string) func(t *testing.T, before, after []byte) {
	return func(t *testing.T, before, after []byte) {
		t.Helper()
		hash := func(b []byte) string {
			return string(Output(t, "ffmpeg", "-v", "error", "-nostdin", "-i", File(t, name, b), "-map", "0", "-map", "-0:d?", "-f", "framemd5", "-"))
		}
		if want, got := hash(before), hash(after); got != want {
			t.Errorf("decoded frames differ\nbefore:\n%s\nafter:\n%s", clip(want), clip(got))
		}
	}
}

// Sample returns a file of the shared sample collection, by its path below $COLOPHON_SAMPLES. Where the variable is
// set, a missing sample fails the test; where it isn't, ok is false.
func Sample(t testing.TB, path string) (b []byte, ok bool) {
	t.Helper()
	root := os.Getenv("COLOPHON_SAMPLES")
	if root == "" {
		t.Logf("COLOPHON_SAMPLES is not set; %s is not examined", path)
		return nil, false
	}
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatalf("sample %s: %v", path, err)
	}
	return b, true
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}

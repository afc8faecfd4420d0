package inspect_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/timestamp"
	"github.com/colophon-project/colophon/internal/timestamp/authority"
	"github.com/colophon-project/colophon/internal/timestamp/timestamptest"
)

const origin = "colophon.example/log"

func main() {
	os.Exit(inspect.Main(os.Args[1:], inspect.World{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}))
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"colophon-verify": main})
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// material is what an inspector is given, by the name of the file.
func material(t testing.TB) map[string][]byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, 0, err)
	signer, err := evidence.NewNoteSigner(origin, private, rand.Reader)
	must(t, signer, err)
	key, err := note.NewEd25519VerifierKey(origin, public)
	must(t, key, err)
	strange, err := note.NewEd25519VerifierKey(origin, make([]byte, 32))
	must(t, strange, err)

	picture := []byte("the picture")
	leaves, openings := records(t, picture)
	root, paths := tree(leaves)
	c, err := evidence.SignCheckpoint(signer, uint64(len(leaves)), root)
	must(t, c, err)
	response, ca := stamp(t, c.Note)
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(picture)), nil }
	bundle := evidence.Bundle{
		Created: 1795334400000, Policy: "2026-11", Checkpoint: c.Note, TimeStamp: response,
		Records: []evidence.BundleRecord{{Leaf: leaves[0], Index: 0, Hashes: paths[0], Opening: &openings[0]}, {Leaf: leaves[3], Index: 3, Hashes: paths[3]}},
		Files:   []evidence.BundleFile{{Name: "图一.png", Open: open}}, CoverHTML: []byte("<p>cover</p>"),
	}
	write := func(b evidence.Bundle) []byte {
		var out bytes.Buffer
		must(t, 0, evidence.WriteBundle(&out, b, signer))
		return out.Bytes()
	}
	files := map[string][]byte{"log.pub": []byte("# ours\n" + key + "\n"), "strange.pub": []byte(strange + "\n"), "ca.pem": ca, "checkpoint": c.Note, "bundle.zip": write(bundle)}
	other, _ := stamp(t, []byte("something else"))
	files["otherstamp.zip"] = write(func(b evidence.Bundle) evidence.Bundle { b.TimeStamp = other; return b }(bundle))
	files["strange.pem"] = timestamptest.New(t, settings(t)).CA
	files["nostamp.zip"] = write(func(b evidence.Bundle) evidence.Bundle { b.TimeStamp = nil; return b }(bundle))
	files["picture.zip"] = bytes.Replace(files["bundle.zip"], picture, []byte("the Picture"), 1)
	var exhibits []evidence.Exhibit
	for _, i := range evidence.Select([]byte("inspection 7"), c, 10) {
		exhibits = append(exhibits, evidence.Exhibit{Index: i, Leaf: leaves[i], Hashes: paths[i]})
	}
	for name, some := range map[string][]evidence.Exhibit{"exhibits.jsonl": exhibits, "omitted.jsonl": exhibits[1:]} {
		var out bytes.Buffer
		must(t, 0, evidence.WriteExhibits(&out, some))
		files[name] = out.Bytes()
	}
	lines := bytes.ReplaceAll(bytes.TrimSpace(files["exhibits.jsonl"]), []byte("\n"), []byte(", "))
	files["answer.json"] = fmt.Appendf(nil, `{"checkpoint": "x", "exhibits": [%s]}`, lines) // as the API gives them
	return files
}

func settings(t testing.TB) timestamptest.Settings {
	t.Helper()
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, ca, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return timestamptest.Settings{CA: ca, Key: must(t, key, err)}
}

// stamp lets a real authority stamp some bytes, as the server would.
func stamp(t testing.TB, data []byte) (response, ca []byte) {
	t.Helper()
	a := timestamptest.New(t, settings(t))
	server := a.Serve()
	trusted, err := timestamp.ParseAuthorities(a.CA)
	c := authority.Client{URL: server.URL, HTTP: server.Client(), Trusted: must(t, trusted, err), Now: time.Now}
	response, _, err = c.Stamp(t.Context(), data)
	return must(t, response, err), a.CA
}

// records makes forty records, the first about a picture.
func records(t testing.TB, picture []byte) (leaves [][]byte, openings []evidence.Opening) {
	t.Helper()
	envelope, err := evidence.NewEnvelopeKey("first", make([]byte, 32), rand.Reader)
	keys := evidence.NewKeyring(must(t, envelope, err))
	r, err := evidence.NewRecorder(evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: keys})
	must(t, r, err)
	for i := range 40 {
		rec, err := r.New("artefact.labelled", "s-1", "system", nil, map[string]any{"digest": fmt.Sprintf("sha256:%x", sha256.Sum256(picture)), "n": i})
		must(t, rec, err)
		rec.Sequence = uint64(i + 1)
		leaf, err := rec.Leaf()
		opening, err2 := keys.Open(&rec)
		leaves, openings = append(leaves, must(t, leaf, err)), append(openings, must(t, opening, err2))
	}
	return leaves, openings
}

// tree computes a root and the path of each leaf by the definition in RFC 6962, 2.1.
func tree(leaves [][]byte) (root [32]byte, paths [][][32]byte) {
	if len(leaves) == 1 {
		return evidence.HashLeaf(leaves[0]), make([][][32]byte, 1)
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	left, before := tree(leaves[:k])
	right, after := tree(leaves[k:])
	for i := range before {
		before[i] = append(before[i], right)
	}
	for i := range after {
		after[i] = append(after[i], left)
	}
	return [32]byte(rfc6962.DefaultHasher.HashChildren(left[:], right[:])), append(before, after...)
}

// TestScripts runs the program as an inspector would.
func TestScripts(t *testing.T) {
	t.Parallel()
	files := material(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			for name, data := range files {
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), data, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exit": exitCode},
	})
}

// exit CODE COMMAND… runs a command and demands its exit code.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// TestEveryByte changes each byte of a bundle with a time stamp. None may pass, and each must name what failed, in words
// as in JSON.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	files := material(t)
	dir := t.TempDir()
	for _, name := range []string{"log.pub", "ca.pem"} {
		must(t, 0, os.WriteFile(filepath.Join(dir, name), files[name], 0o600))
	}
	trust, err := inspect.ReadTrust([]string{filepath.Join(dir, "log.pub")}, []string{filepath.Join(dir, "ca.pem")})
	must(t, trust, err)
	say, err := locale.For(locale.English)
	must(t, say, err)
	path, raw := filepath.Join(dir, "changed.zip"), files["bundle.zip"]
	try := func(i int, what string, changed []byte) {
		var text, out bytes.Buffer
		must(t, 0, os.WriteFile(path, changed, 0o600))
		exit, err := inspect.Report{Out: &out, Say: say, JSON: true}.Bundle(path, trust)
		var report struct {
			Verdict string
			Checks  []struct{ Part, Name, Verdict, Code, Message string }
		}
		if err != nil || exit != inspect.ExitFailed || json.Unmarshal(out.Bytes(), &report) != nil || report.Verdict != "failed" {
			t.Fatalf("%s %d: exit code %d, %v, %s", what, i, exit, err, &out)
		}
		named := 0
		for _, c := range report.Checks {
			if c.Verdict == "failed" && c.Part != "" && c.Code != "" && c.Message != "" {
				named++
			}
		}
		if named == 0 {
			t.Fatalf("%s %d: no part is named: %s", what, i, &out)
		}
		if i%16 != 0 {
			return
		}
		exit, err = inspect.Report{Out: &text, Say: say}.Bundle(path, trust)
		if err != nil || exit != inspect.ExitFailed || strings.Count(text.String(), "✗") != named+1 {
			t.Fatalf("%s %d: %d parts are named: %s", what, i, named, &text)
		}
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1 << (i % 8)
		try(i, "changed at", changed)
		if i%48 == 0 {
			try(i, "cut at", raw[:i])
			try(i, "a byte more at", append(append(bytes.Clone(raw[:i]), 'x'), raw[i:]...))
		}
	}
}

// TestByHand runs the script of docs/format/evidence.md, which takes other people's tools alone.
func TestByHand(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/format/evidence.md")
	_, script, _ := strings.Cut(string(must(t, text, err)), "```bash\n")
	script, _, found := strings.Cut(script, "\n```")
	if !found {
		t.Fatal("there is no script")
	}
	files := material(t)
	files["log.pub"] = files["log.pub"][bytes.IndexByte(files["log.pub"], '\n')+1:]
	dir := t.TempDir()
	files["check.sh"] = []byte(script)
	for name, data := range files {
		must(t, 0, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	for _, c := range []struct {
		bundle, key, ca, want string
		good                  bool
	}{
		{"bundle.zip", "log.pub", "ca.pem", "files/00000: good", true},
		{"bundle.zip", "strange.pub", "ca.pem", "", false},
		{"bundle.zip", "log.pub", "strange.pem", "Verification: FAILED", false},
		{"picture.zip", "log.pub", "ca.pem", "", false},
		{"otherstamp.zip", "log.pub", "ca.pem", "Verification: FAILED", false},
	} {
		run := exec.Command("bash", "check.sh", c.bundle, c.key, c.ca)
		run.Dir = dir
		run.Env = append(os.Environ(), "TMPDIR="+dir)
		out, err := run.CombinedOutput()
		if (err == nil) != c.good || !strings.Contains(string(out), c.want) {
			t.Errorf("%s %s %s: %v, %s", c.bundle, c.key, c.ca, err, out)
		}
	}
}

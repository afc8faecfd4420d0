package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/keys"
	"github.com/colophon-project/colophon/label"
)

const origin = "colophon.example/log"

func TestMain(m *testing.M) {
	if dir := os.Getenv("COLOPHON_KEYS_DIR"); dir != "" {
		k, err := keys.Open(keys.Config{Dir: dir, Origin: origin})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(summary(k))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// summary tells one set of keys from another.
func summary(k *keys.Keys) string {
	var verifiers []string
	for _, v := range k.Verifiers {
		verifiers = append(verifiers, fmt.Sprint(v.KeyHash()))
	}
	return fmt.Sprintln(k.Seal.Public().Fingerprint(), len(k.Seals), k.Signer.KeyHash(), verifiers, k.Envelopes.CurrentID(), hex.EncodeToString(k.Staff), hex.EncodeToString(k.Accounts), fmt.Sprintf("%x", k.Watermarks))
}

func config(t testing.TB) keys.Config {
	t.Helper()
	return keys.Config{Dir: filepath.Join(t.TempDir(), "data", "keys"), Origin: origin}
}

func open(t testing.TB, c keys.Config) *keys.Keys {
	t.Helper()
	k, err := keys.Open(c)
	return must(t, k, err)
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantError demands a code and the name of a file or kind.
func wantError(t testing.TB, err error, code colophon.Code, arg, value string) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Args[arg] != value {
		t.Errorf("got %v, want %s %s=%s", err, code, arg, value)
	}
}

func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	out := map[string]string{}
	for _, e := range must(t, entries, err) {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		out[e.Name()] = string(must(t, data, err))
	}
	return out
}

func TestOpen(t *testing.T) {
	t.Parallel()
	c := config(t)
	k := open(t, c)
	before := files(t, c.Dir)
	if again := summary(open(t, c)); again != summary(k) || !cmp.Equal(before, files(t, c.Dir)) {
		t.Errorf("the second start has other keys: %s, %s", summary(k), again)
	}
	for name, mode := range map[string]os.FileMode{".": 0o700, "seal-001.key": 0o600, "log-001.key": 0o600, "envelope-001.key": 0o600, "staff-001.key": 0o600, "accounts-001.key": 0o600, "log.pub": 0o644, "seal.pub": 0o644} {
		info, err := os.Stat(filepath.Join(c.Dir, name))
		if got := must(t, info, err).Mode().Perm(); got != mode {
			t.Errorf("%s has mode %o, want %o", name, got, mode)
		}
	}
	if len(before) != 9 {
		t.Errorf("%d files", len(before))
	}
	// The public halves are what other programs read.
	v, err := note.NewVerifier(strings.TrimSuffix(before["log.pub"], "\n"))
	checkpoint, err2 := evidence.SignCheckpoint(k.Signer, 0, [32]byte{})
	if _, err := evidence.ParseCheckpoint(must(t, checkpoint, err2).Note, must(t, v, err)); err != nil {
		t.Error(err)
	}
	if public, err := label.ParsePublicKeys([]byte(before["seal.pub"])); err != nil || public[0].Fingerprint() != k.Seal.Public().Fingerprint() || k.Seal.Public().Algorithm() != label.AlgorithmSM2 {
		t.Error(public, err)
	}
	for _, name := range []string{"log-001.key", "seal-001.key"} {
		if out, err := exec.Command("openssl", "pkey", "-noout", "-in", filepath.Join(c.Dir, name)).CombinedOutput(); err != nil {
			t.Errorf("openssl does not read %s: %s", name, out)
		}
	}
	c = config(t)
	c.Algorithm = label.AlgorithmES256
	if a := open(t, c).Seal.Public().Algorithm(); a != label.AlgorithmES256 {
		t.Error(a)
	}
	c = config(t)
	c.Origin = "no name"
	_, err = keys.Open(c)
	wantError(t, err, keys.CodeOrigin, "origin", "no name")
}

// TestTogether starts many processes on a folder that is not there yet.
func TestTogether(t *testing.T) {
	t.Parallel()
	c := config(t)
	var processes []*exec.Cmd
	var outputs [12]bytes.Buffer
	for i := range outputs {
		p := exec.Command(os.Args[0])
		p.Env = append(os.Environ(), "COLOPHON_KEYS_DIR="+c.Dir)
		p.Stdout, p.Stderr = &outputs[i], &outputs[i]
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		processes = append(processes, p)
	}
	for i, p := range processes {
		if err := p.Wait(); err != nil || outputs[i].String() != outputs[0].String() {
			t.Errorf("%v: %s, want %s", err, &outputs[i], &outputs[0])
		}
	}
	if got := summary(open(t, c)) + "\n"; got != outputs[0].String() {
		t.Errorf("the folder has %s, the processes had %s", got, &outputs[0])
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	c := config(t)
	open(t, c)
	for name := range files(t, c.Dir) {
		path := filepath.Join(c.Dir, name)
		if strings.HasSuffix(name, ".pub") {
			continue
		}
		for _, mode := range []os.FileMode{0o640, 0o604, 0o610, 0o602} {
			must(t, 0, os.Chmod(path, mode))
			_, err := keys.Open(c)
			wantError(t, err, keys.CodeAccess, "file", path)
		}
		must(t, 0, os.Chmod(path, 0o600))
		must(t, 0, os.Rename(path, path+".away"))
		_, err := keys.Open(c)
		kind, _, _ := strings.Cut(name, "-")
		wantError(t, err, keys.CodeLost, "kind", kind)
		must(t, 0, os.Rename(path+".away", path))
	}
	for _, mode := range []os.FileMode{0o750, 0o701} {
		must(t, 0, os.Chmod(c.Dir, mode))
		_, err := keys.Open(c)
		wantError(t, err, keys.CodeAccess, "file", c.Dir)
	}
	must(t, 0, os.Chmod(c.Dir, 0o700))
	other := c
	other.Origin = "colophon.example/other"
	_, err := keys.Open(other)
	wantError(t, err, keys.CodeOrigin, "file", filepath.Join(c.Dir, "log-001.key"))
	_, err = keys.Rotate(c, "door")
	wantError(t, err, keys.CodeKind, "kind", "door")
	if os.Geteuid() == 0 {
		path := filepath.Join(c.Dir, "seal-001.key")
		must(t, 0, os.Chown(path, 12345, -1))
		_, err := keys.Open(c)
		wantError(t, err, keys.CodeOwner, "file", path)
	}
}

// TestDamaged changes each byte of each file, and cuts it at each length.
func TestDamaged(t *testing.T) {
	t.Parallel()
	c := config(t)
	open(t, c)
	for name, text := range files(t, c.Dir) {
		if strings.HasSuffix(name, ".pub") {
			continue
		}
		path := filepath.Join(c.Dir, name)
		try := func(data string) {
			must(t, 0, os.WriteFile(path, []byte(data), 0o600))
			_, err := keys.Open(c)
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != keys.CodeDamaged || e.Args["file"] != path || strings.Contains(e.Error(), strings.Split(text, "\n")[2]) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for i := range text {
			changed := []byte(text)
			changed[i] ^= 1 << (i % 7)
			try(string(changed))
			try(text[:i])
		}
		try(text + "\n")
		must(t, 0, os.WriteFile(path, []byte(text), 0o600))
	}
	// A damaged public half is made anew.
	good := files(t, c.Dir)
	must(t, 0, os.WriteFile(filepath.Join(c.Dir, "log.pub"), []byte("x"), 0o644))
	open(t, c)
	if !cmp.Equal(good, files(t, c.Dir)) {
		t.Error("log.pub was not made anew")
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	c := config(t)
	first := open(t, c)
	c1, err := evidence.SignCheckpoint(first.Signer, 1, [32]byte{1})
	old := must(t, c1, err)
	wrapped, err := first.Envelopes.Rewrap(dataKey(t, first.Envelopes))
	key := must(t, wrapped, err)
	for _, kind := range []keys.Kind{keys.Seal, keys.Log, keys.Envelope, keys.Staff, keys.Watermark} {
		before := open(t, c)
		c.Algorithm = label.AlgorithmES256
		k, err := keys.Rotate(c, kind)
		if summary(must(t, k, err)) == summary(before) || summary(k) != summary(open(t, c)) {
			t.Errorf("%s: %s, was %s", kind, summary(k), summary(before))
		}
	}
	last := open(t, c)
	if len(last.Seals) != 2 || last.Seals[1].Fingerprint() != first.Seal.Public().Fingerprint() || last.Seal.Public().Algorithm() != label.AlgorithmES256 {
		t.Errorf("seals %v", last.Seals)
	}
	if len(last.Watermarks) != 2 || !bytes.Equal(last.Watermarks[1], first.Watermarks[0]) || bytes.Equal(last.Watermarks[0], first.Watermarks[0]) {
		t.Error("the old key of watermarks does not follow the new one")
	}
	// The old log key still verifies, under the same name; the new one signs.
	if _, err := evidence.ParseCheckpoint(old.Note, last.Verifiers...); err != nil || last.Signer.Name() != origin || last.Signer.KeyHash() == first.Signer.KeyHash() {
		t.Error(err)
	}
	if lines := strings.Count(files(t, c.Dir)["log.pub"], "\n"); lines != 2 {
		t.Errorf("log.pub has %d lines", lines)
	}
	// The old envelope key still unwraps; the new one wraps.
	again, err := last.Envelopes.Rewrap(key)
	if must(t, again, err).Envelope != last.Envelopes.CurrentID() || key.Envelope == again.Envelope {
		t.Errorf("%s, was %s", again.Envelope, key.Envelope)
	}
	// Old generations may be thrown away, but none between others.
	for range 2 {
		if _, err := keys.Rotate(c, keys.Log); err != nil {
			t.Fatal(err)
		}
	}
	must(t, 0, os.Remove(filepath.Join(c.Dir, "log-001.key")))
	if k := open(t, c); len(k.Verifiers) != 3 {
		t.Errorf("%d verifiers", len(k.Verifiers))
	}
	gap := filepath.Join(c.Dir, "log-003.key")
	must(t, 0, os.Remove(gap))
	_, err = keys.Open(c)
	wantError(t, err, keys.CodeGap, "file", gap)
}

// TestWatermarkLater opens a folder of before there were keys of watermarks: it gets one, once.
func TestWatermarkLater(t *testing.T) {
	t.Parallel()
	c := config(t)
	first := open(t, c)
	for _, name := range []string{"watermark-001.key", "watermark.pub"} {
		must(t, 0, os.Remove(filepath.Join(c.Dir, name)))
	}
	now := open(t, c)
	if len(now.Watermarks) != 1 || bytes.Equal(now.Watermarks[0], first.Watermarks[0]) || summary(open(t, c)) != summary(now) {
		t.Errorf("%s, was %s", summary(now), summary(first))
	}
	must(t, 0, os.Remove(filepath.Join(c.Dir, "watermark-001.key")))
	_, err := keys.Open(c)
	wantError(t, err, keys.CodeLost, "kind", "watermark")
}

// dataKey takes the data key of something sealed.
func dataKey(t *testing.T, ring *evidence.Keyring) evidence.DataKey {
	t.Helper()
	r, err := evidence.NewRecorder(recorderConfig(ring))
	rec, err2 := must(t, r, err).New("test.made", "s-1", "system", nil, map[string]int{"n": 1})
	return must(t, rec, err2).Sealed.Key
}

// TestCrash stops the first start and each rotation before each file that is written, once with nothing left behind and
// once with half a temporary file, and goes on from there.
func TestCrash(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for _, kind := range []keys.Kind{"", keys.Seal, keys.Log, keys.Envelope, keys.Staff, keys.Watermark} {
		for _, litter := range []bool{false, true} {
			stops := 0
			for ; ; stops++ {
				c := config(t)
				var before *keys.Keys
				if kind != "" {
					before = open(t, c)
				}
				n := 0
				crashing := keys.WithStep(c, func(path string) error {
					if n++; n <= stops {
						return nil
					}
					if litter {
						must(t, 0, os.WriteFile(filepath.Join(c.Dir, ".colophon-1-1.tmp"), []byte("colophon-key v1 lo"), 0o600))
					}
					return killed
				})
				var err error
				if kind == "" {
					_, err = keys.Open(crashing)
				} else {
					_, err = keys.Rotate(crashing, kind)
				}
				after := open(t, c)
				if before != nil && summary(after) != summary(before) && stops == 0 {
					t.Errorf("%s: nothing was written and the keys are others", kind)
				}
				if before != nil && (len(after.Seals) < len(before.Seals) || len(after.Verifiers) < len(before.Verifiers)) {
					t.Errorf("%s: stopped at file %d, an old key is lost", kind, stops)
				}
				if got := files(t, c.Dir); strings.Count(got["log.pub"], "\n") != len(after.Verifiers) || strings.Count(got["seal.pub"], "BEGIN") != len(after.Seals) {
					t.Errorf("%s: stopped at file %d, the public halves are not those of the keys", kind, stops)
				}
				if err == nil {
					break
				}
				if !errors.Is(err, killed) {
					t.Fatal(err)
				}
			}
			if want := map[keys.Kind]int{"": 9, keys.Seal: 2, keys.Log: 2, keys.Envelope: 1, keys.Staff: 1, keys.Watermark: 2}[kind]; stops != want {
				t.Errorf("%s writes %d files, want %d", kind, stops, want)
			}
		}
	}
}

// TestOutside has keys that lie elsewhere, from the start and after files.
func TestOutside(t *testing.T) {
	t.Parallel()
	_, module, err := ed25519.GenerateKey(rand.Reader)
	must(t, 0, err)
	wrapper, err := evidence.NewEnvelopeKey("kms-1", make([]byte, 32), rand.Reader)
	must(t, 0, err)
	c := config(t)
	c.LogSigner, c.Wrapper, c.Sealer = module, wrapper, open(t, config(t)).Seal
	k := open(t, c)
	if _, has := files(t, c.Dir)["log-001.key"]; has || len(k.Verifiers) != 1 || k.Envelopes.CurrentID() != "kms-1" || k.Seal != c.Sealer {
		t.Error(summary(k))
	}
	_, err = keys.Rotate(c, keys.Log)
	wantError(t, err, keys.CodeOutside, "kind", "log")
	// Back to files is a rotation, on purpose; a start does not make new keys.
	plain := keys.Config{Dir: c.Dir, Origin: origin}
	_, err = keys.Open(plain)
	wantError(t, err, keys.CodeLost, "kind", "seal")
	c.LogSigner = nil
	k, err = keys.Rotate(c, keys.Log)
	if must(t, k, err); len(k.Verifiers) != 1 {
		t.Error(summary(k))
	}
	c = config(t)
	files := open(t, c)
	c.LogSigner, c.Wrapper = module, wrapper
	k = open(t, c)
	if len(k.Verifiers) != 2 || k.Verifiers[1].KeyHash() != files.Signer.KeyHash() || k.Signer.KeyHash() == files.Signer.KeyHash() {
		t.Error(summary(k))
	}
	if _, err := k.Envelopes.Rewrap(dataKey(t, files.Envelopes)); err != nil {
		t.Error("what the file's key wrapped is lost:", err)
	}
}

// TestBrought has a seal that was made by openssl.
func TestBrought(t *testing.T) {
	t.Parallel()
	c := config(t)
	must(t, 0, os.MkdirAll(c.Dir, 0o700))
	path := filepath.Join(c.Dir, "seal-001.key")
	if out, err := exec.Command("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	must(t, 0, os.Chmod(path, 0o600))
	if a := open(t, c).Seal.Public().Algorithm(); a != label.AlgorithmES256 {
		t.Error(a)
	}
	must(t, 0, os.Truncate(path, 100))
	_, err := keys.Open(c)
	wantError(t, err, keys.CodeDamaged, "file", path)
}

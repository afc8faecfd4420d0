package credential_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/status"
	bundled "github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
)

// corpus is the folder of files of others, empty where there is none.
func corpus() string { return os.Getenv("COLOPHON_SAMPLES") }

// sample returns a file of the corpus. Without one, a file of the program's own of the same kind stands in for media.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	if corpus() != "" {
		b, err := os.ReadFile(filepath.Join(corpus(), filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, f := range own(t) {
		if strings.TrimSuffix(filepath.Ext(name), "f")+"f" == strings.TrimSuffix(filepath.Ext(f.Name), "f")+"f" {
			return f.Bytes
		}
	}
	t.Fatalf("no sample stands in for %s", name)
	return nil
}

// own are the program's own samples of formats that carry credentials.
func own(t testing.TB) []bundled.File {
	t.Helper()
	files, err := bundled.Files()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(f bundled.File) bool { return !credential.Known(detect(t, f.Bytes)) })
}

func detect(t testing.TB, file []byte) media.Format {
	t.Helper()
	_, f, err := all.Detect(media.Memory(file), "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func validateWith(t testing.TB, file []byte, o credential.Options) *credential.Report {
	t.Helper()
	f := detect(t, file)
	store, err := credential.Read(media.Memory(file), f)
	if err != nil {
		t.Fatal(err)
	}
	report, err := store.Validate(context.Background(), media.Memory(file), f, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// failures returns the codes of all failures, sorted.
func failures(r *credential.Report) []string {
	var out []string
	lists := []status.List{r.Active}
	for _, d := range r.Ingredients {
		lists = append(lists, d.List)
	}
	for _, l := range lists {
		for _, e := range l.Failure {
			out = append(out, string(e.Code))
		}
	}
	slices.Sort(out)
	return out
}

// signed are the samples with a credential, and what they are.
var signed = []struct {
	name  string
	state credential.State
	code  status.Code // what is wrong beside trust
}{
	{"C.jpg", credential.Valid, ""},
	{"CA.jpg", credential.Valid, ""},
	{"CACA.jpg", credential.Valid, ""},
	{"CIE-sig-CA.jpg", credential.Valid, ""},
	{"E-sig-CA.jpg", credential.Invalid, status.SignatureMismatch},
	{"XCA.jpg", credential.Invalid, status.DataMismatch},
	{"video1.mp4", credential.Valid, ""},
}

// TestSamples judges files of others, with and without anchors, as another implementation does.
func TestSamples(t *testing.T) {
	if corpus() == "" {
		t.Log("COLOPHON_SAMPLES is not set, so nothing of others is read")
		return
	}
	roots := sample(t, "c2pa/trust/test_cert_root_bundle.pem")
	list := &credential.Trust{}
	if err := list.AddSigners(roots); err != nil {
		t.Fatal(err)
	}
	for _, s := range signed {
		t.Run(s.name, func(t *testing.T) {
			file := sample(t, "c2pa/"+s.name)
			for _, c := range []struct {
				anchors []byte
				trust   *credential.Trust
			}{{nil, nil}, {roots, list}} {
				r := validateWith(t, file, credential.Options{Trust: c.trust, Now: time.Now()})
				if s.code != "" && !r.Active.Has(s.code) {
					t.Errorf("no %s in %v", s.code, r.Active.Failure)
				}
				wantTrust := colophon.Unknown
				switch {
				case s.state == credential.Invalid:
					wantTrust = colophon.Failed
				case c.trust != nil:
					wantTrust = colophon.Passed
				}
				if r.Trusted != wantTrust || c.trust == nil && r.State() != s.state {
					t.Errorf("%s, trusted: %v", r.State(), r.Trusted)
				}
				a := ask(t, "rust", file, c.anchors)
				if a.State != string(r.State()) || !slices.Equal(a.Failures, failures(r)) {
					t.Errorf("we say %s %v; c2pa-node says %s %v %v", r.State(), failures(r), a.State, a.Failures, a.Notes)
				}
			}
			if f := detect(t, file); byTS(f) && s.name != "CACA.jpg" { // whose time stamp is one that c2pa-ts can't read
				r := validateWith(t, file, credential.Options{Now: time.Now()})
				a := ask(t, "ts", file, nil)
				if (a.State == "Valid") != (r.Intact == colophon.Passed) {
					t.Errorf("we say %v; c2pa-ts says %s %v %v", r.Intact, a.State, a.Failures, a.Notes)
				}
			}
		})
	}
}

func TestNone(t *testing.T) {
	t.Parallel()
	list := []string{"media/basic.pdf", "media/no_manifest.jpg", "media/video1_no_manifest.mp4"}
	if corpus() != "" { // signed as a document, which is another thing
		list = append(list, "c2pa/basic-signed.pdf")
	}
	for _, name := range list {
		file := sample(t, name)
		_, err := credential.Read(media.Memory(file), detect(t, file))
		var e *colophon.Error
		if !errors.Is(err, credential.ErrNone) || !errors.As(err, &e) || e.Kind != colophon.Missing {
			t.Errorf("%s: %v", name, err)
		}
	}
	var e *colophon.Error
	if _, err := credential.Read(media.Memory("text"), media.HTML); !errors.As(err, &e) || e.Code != credential.CodeFormat {
		t.Errorf("of HTML: %v", err)
	}
}

// TestHostile reads files that were made to break readers: each is refused or has nothing, at once.
func TestHostile(t *testing.T) {
	t.Parallel()
	if corpus() == "" {
		t.Log("COLOPHON_SAMPLES is not set, so no hostile file is read")
		return
	}
	paths, err := filepath.Glob(filepath.Join(corpus(), "hostile", "*.*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no hostile files: %v", err)
	}
	for _, p := range paths {
		file, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range media.Formats() {
			if !credential.Known(f) {
				continue
			}
			if store, err := credential.Read(media.Memory(file), f); err == nil {
				t.Errorf("%s as %s: %d manifests", filepath.Base(p), f, len(store.Manifests))
			}
			if _, err := signer(false).Prepare(context.Background(), media.Memory(file), f, draft(), credential.Options{Now: time.Now()}); err != nil {
				continue
			}
		}
	}
}

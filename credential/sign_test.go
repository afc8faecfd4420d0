package credential_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/pki"
	"github.com/colophon-project/colophon/internal/media"
)

// infrastructure is one for all tests, valid from a day before today, since the peers go by the clock.
var infrastructure = sync.OnceValue(func() *pki.Set {
	set, err := pki.New(rand.Reader, time.Now().Add(-24*time.Hour), "Colophon tests", "Signer")
	if err != nil {
		panic(err)
	}
	return set
})

func anchors() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: infrastructure().Root.Certificate.Raw})
}

func trust(t testing.TB) *credential.Trust {
	t.Helper()
	tr := &credential.Trust{}
	if err := tr.AddSigners(anchors()); err != nil {
		t.Fatal(err)
	}
	return tr
}

func signer(stamped bool) *credential.Signer {
	set := infrastructure()
	s := &credential.Signer{Key: set.Signer.Key, Chain: set.Signer.Chain(), Rand: rand.Reader}
	if stamped {
		s.Stamp = func(_ context.Context, message []byte) ([]byte, error) {
			return set.Stamps.Stamp(rand.Reader, time.Now(), message)
		}
	}
	return s
}

func draft() credential.Draft {
	return credential.Draft{
		Title: "a test", Generator: credential.Generator{Name: "Colophon", Version: "test"}, When: time.Now(), SourceType: credential.TrainedAlgorithmicMedia,
		Label:     credential.NewLabel("GB 45438-2025", "xmp", []byte(`{"Label":"1"}`)),
		Watermark: &credential.Watermark{Alg: "colophon.tile.1", Value: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
	}
}

func prepare(t testing.TB, s *credential.Signer, file []byte, d credential.Draft) *credential.Plan {
	t.Helper()
	plan, err := s.Prepare(context.Background(), media.Memory(file), detect(t, file), d, credential.Options{Trust: trust(t), Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// sign writes the file in one pass, and by an edit, and checks that both have the same size.
func sign(t testing.TB, s *credential.Signer, file []byte, d credential.Draft) []byte {
	t.Helper()
	plan := prepare(t, s, file, d)
	f, err := os.Create(filepath.Join(t.TempDir(), "signed"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := plan.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(out)) != plan.Size() {
		t.Errorf("%d bytes instead of %d", len(out), plan.Size())
	}
	return out
}

func judge(t testing.TB, file []byte) *credential.Report {
	t.Helper()
	f := detect(t, file)
	store, err := credential.Read(media.Memory(file), f)
	if err != nil {
		t.Fatal(err)
	}
	report, err := store.Validate(context.Background(), media.Memory(file), f, credential.Options{Trust: trust(t), Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// unsigned are the samples without a credential, one or more for each format.
var unsigned = []string{
	"earth_apollo17.jpg", "no_manifest.jpg", "sample1.png", "sample1.webp", "test_xmp.webp", "sample1.gif", "test.tiff", "MultiPage.tif", "sample1.svg", "sample1.heic",
	"sample1.heif", "video1_no_manifest.mp4", "c.mov", "sample1.m4a", "sample1.wav", "test.avi", "sample1.mp3", "sample1.flac", "basic.pdf",
}

// byTS are the formats that the second peer reads.
func byTS(f media.Format) bool {
	return slices.Contains([]media.Format{media.JPEG, media.PNG, media.HEIC, media.HEIF, media.MP3}, f)
}

// TestMatrix signs every format and has it read by us and by the peers.
func TestMatrix(t *testing.T) {
	files := map[string][]byte{}
	for _, f := range own(t) {
		files[f.Name] = f.Bytes
	}
	if corpus() != "" {
		for _, name := range unsigned {
			files[name] = sample(t, "media/"+name)
		}
	}
	seen := map[media.Format]bool{}
	for name, file := range files {
		f := detect(t, file)
		seen[f] = true
		t.Run(name, func(t *testing.T) {
			out := sign(t, signer(true), file, draft())
			report := judge(t, out)
			if report.State() != credential.Trusted || report.Trusted != colophon.Passed || report.Signer.Time.IsZero() || report.Signer.Stamped != colophon.Passed {
				t.Errorf("we say %s: %v, signer %+v", report.State(), report.Active.Failure, report.Signer)
			}
			if byRust(f) {
				if a := ask(t, "rust", out, anchors()); a.State != "Trusted" || a.Label != report.Label {
					t.Errorf("c2pa-node says %s: %v %v", a.State, a.Failures, a.Notes)
				}
			}
			if byTS(f) { // which takes no time stamps of version 2 as the specification has them
				if a := ask(t, "ts", sign(t, signer(false), file, draft()), nil); a.State != "Valid" {
					t.Errorf("c2pa-ts says %s: %v %v", a.State, a.Failures, a.Notes)
				}
			}
		})
	}
	for _, f := range media.Formats() {
		switch f {
		case media.APNG, media.HEIF: // which are told from PNG and HEIC by a scan alone
		default:
			if credential.Known(f) && !seen[f] {
				t.Errorf("no file of %s was signed", f)
			}
		}
	}
}

// byRust are the formats that the first peer reads. It reads PDF only when told to, and knows no RF64.
func byRust(f media.Format) bool { return f != media.PDF && f != media.RF64 }

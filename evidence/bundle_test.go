package evidence_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// goldenSample was computed by another program from the description of Select.
var goldenSample = []uint64{320, 585, 596, 616, 833}

func file(name, text string) evidence.BundleFile {
	return evidence.BundleFile{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// sampleBundle is a bundle with one of everything. The digest in the first record's payload is that of the second file.
func sampleBundle(t testing.TB, s note.Signer) evidence.Bundle {
	t.Helper()
	leaves, c, paths, openings := tree(t, 5, s)
	return evidence.Bundle{
		Created: 1795334400000, Policy: "2026-11", Checkpoint: c.Note,
		Records: []evidence.BundleRecord{
			{Leaf: leaves[0], Index: 0, Hashes: paths[0], Opening: &openings[0]},
			{Leaf: leaves[3], Index: 3, Hashes: paths[3]},
		},
		Files:     []evidence.BundleFile{file("图一.png", "the picture"), {Name: "b.png", Size: 4}},
		Readings:  []evidence.BundleReading{{File: "图一.png", Marks: json.RawMessage(`{"label":"ok"}`)}},
		CoverHTML: []byte("<p>cover</p>"), CoverPDF: []byte("%PDF-"),
	}
}

func verify(t testing.TB, raw []byte, trusted ...note.Verifier) evidence.BundleReport {
	t.Helper()
	report, err := evidence.VerifyBundle(bytes.NewReader(raw), int64(len(raw)), trusted...)
	return must(t, report, err)
}

func write(t testing.TB, b evidence.Bundle, s note.Signer) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := evidence.WriteBundle(&out, b, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBundle(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	b := sampleBundle(t, s)
	raw := write(t, b, s)
	if !bytes.Equal(raw, write(t, b, s)) {
		t.Error("the same content gives other bytes")
	}
	report := verify(t, raw, v)
	if report.Verdict != colophon.Passed || len(report.Records) != 2 || report.Checkpoint.Size != 5 || report.Policy != "2026-11" {
		t.Errorf("%+v", report)
	}
	unknown := map[string]colophon.Code{}
	for _, c := range report.Checks {
		if c.Verdict == colophon.Unknown {
			unknown[c.Name] = c.Code
		}
	}
	want := map[string]colophon.Code{"openings/00001.json": evidence.CodeBundleWithheld, "files/00001": evidence.CodeBundleWithheld, "files/00000 in a record": evidence.CodeBundleUnnamed}
	if fmt.Sprint(unknown) != fmt.Sprint(want) {
		t.Errorf("could not tell: %v, want %v", unknown, want)
	}
	if got := verify(t, raw); got.Verdict != colophon.Unknown {
		t.Errorf("without keys the verdict is %v", got.Verdict)
	}
	_, stranger := signer(t, "log.example/one")
	if got := verify(t, raw, stranger); got.Verdict != colophon.Failed {
		t.Errorf("under another key the verdict is %v", got.Verdict)
	}
	// An ordinary zip program opens it.
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := z.Open("files/00000")
	if text, err := io.ReadAll(must(t, in, err)); string(text) != "the picture" {
		t.Error(string(text), err)
	}
}

// TestBundleEveryByte changes each byte in turn. Every change must fail, and one within an entry must be told by the
// entry's name.
func TestBundleEveryByte(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	raw := write(t, sampleBundle(t, s), s)
	picture := bytes.Index(raw, []byte("the picture"))
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1 << (i % 8)
		report := verify(t, changed, v)
		if report.Verdict != colophon.Failed {
			t.Fatalf("byte %d of %d (%q): %v", i, len(raw), raw[max(0, i-10):min(len(raw), i+10)], report.Verdict)
		}
		if i >= picture && i < picture+len("the picture") && !fails(report, "files/00000") {
			t.Errorf("byte %d: the file is not named: %+v", i, report.Checks)
		}
	}
	for n := 0; n < len(raw); n += 13 {
		if verify(t, raw[:n], v).Verdict != colophon.Failed {
			t.Fatalf("cut to %d bytes it does not fail", n)
		}
	}
	if verify(t, append(bytes.Clone(raw), 0), v).Verdict != colophon.Failed || verify(t, append([]byte{0}, raw...), v).Verdict != colophon.Failed {
		t.Error("a byte more passes")
	}
}

func fails(r evidence.BundleReport, name string) bool {
	for _, c := range r.Checks {
		if c.Name == name && c.Verdict == colophon.Failed {
			return true
		}
	}
	return false
}

// TestBundleForged has bundles that are well made and signed by the right key and still not true.
func TestBundleForged(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	for name, c := range map[string]struct {
		forge func(*evidence.Bundle)
		entry string
	}{
		"another record's proof": {func(b *evidence.Bundle) { b.Records[0].Hashes = b.Records[1].Hashes }, "proofs/00000.tlog-proof"},
		"another index":          {func(b *evidence.Bundle) { b.Records[0].Index = 1 }, "proofs/00000.tlog-proof"},
		"another payload":        {func(b *evidence.Bundle) { b.Records[0].Opening.Payload = []byte(`{"n":99}`) }, "openings/00000.json"},
		"another salt":           {func(b *evidence.Bundle) { b.Records[0].Opening.Salt[0] ^= 1 }, "openings/00000.json"},
		"an unsigned checkpoint": {func(b *evidence.Bundle) { b.Checkpoint = []byte("log.example/one\n5\nx\n") }, "checkpoint"},
		"another log's checkpoint": {func(b *evidence.Bundle) {
			o, _ := signer(t, "log.example/two")
			_, c, _, _ := tree(t, 5, o)
			b.Checkpoint = c.Note
		}, "checkpoint"},
	} {
		b := sampleBundle(t, s)
		c.forge(&b)
		if report := verify(t, write(t, b, s), v); report.Verdict != colophon.Failed || !fails(report, c.entry) {
			t.Errorf("%s: %+v", name, report.Checks)
		}
	}
}

func TestBundleBounds(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("manifest.json")
	if _, err := must(t, w, err).Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if report := verify(t, bomb.Bytes(), v); report.Verdict != colophon.Failed || report.Checks[0].Code != evidence.CodeBundleStructure {
		t.Errorf("%+v", report)
	}
	if _, err := evidence.VerifyBundle(brokenReader{}, 1000, v); err == nil {
		t.Error("a reader that fails is not told")
	}
	b := sampleBundle(t, s)
	b.Files[0].Name = "../x"
	wantCode(t, evidence.WriteBundle(io.Discard, b, s), evidence.CodeBundleManifest)
	b = sampleBundle(t, s)
	b.Files = make([]evidence.BundleFile, evidence.MaxBundleParts+1)
	wantCode(t, evidence.WriteBundle(io.Discard, b, s), evidence.CodeBundleTooLarge)
	if evidence.Overall(nil) != colophon.Unknown {
		t.Error("nothing checked counts as something")
	}
}

type brokenReader struct{}

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the disk is gone") }

func FuzzVerifyBundle(f *testing.F) {
	s, v := signer(f, "log.example/one")
	raw := write(f, sampleBundle(f, s), s)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, changed []byte) {
		report, err := evidence.VerifyBundle(bytes.NewReader(changed), int64(len(changed)), v)
		if err != nil || report.Verdict == colophon.Passed && !bytes.Equal(changed, raw) {
			t.Errorf("%v, %v", report.Verdict, err)
		}
	})
}

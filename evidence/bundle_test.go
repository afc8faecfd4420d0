package evidence_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	b := sampleBundle(t, s)
	b.TimeStamp = []byte("a response")
	raw := write(t, b, s)
	picture := bytes.Index(raw, []byte("the picture"))
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1 << (i % 8)
		report := verify(t, changed, v)
		if report.Verdict != colophon.Failed || !names(report) {
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

// names reports whether each check that failed says of which part it is.
func names(r evidence.BundleReport) bool {
	for _, c := range r.Checks {
		if c.Verdict == colophon.Failed && (c.Part == "" || c.Code == "") {
			return false
		}
	}
	return true
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

// TestBundleTimeStamp has the answers that the check of a time stamp may give.
func TestBundleTimeStamp(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	b := sampleBundle(t, s)
	plain := write(t, b, s)
	b.TimeStamp = []byte("a response")
	stamped := write(t, b, s)
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	say := func(err error) func(response, data []byte) (time.Time, error) {
		return func(response, data []byte) (time.Time, error) {
			if string(response) != "a response" || !bytes.Equal(data, b.Checkpoint) {
				t.Errorf("asked about %q and %q", response, data)
			}
			return at, err
		}
	}
	for name, c := range map[string]struct {
		raw     []byte
		check   func(response, data []byte) (time.Time, error)
		overall colophon.Verdict
		want    []evidence.Check
	}{
		"good":           {stamped, say(nil), colophon.Passed, []evidence.Check{{Verdict: colophon.Passed}}},
		"not good":       {stamped, say(&colophon.Error{Kind: colophon.Invalid, Code: "x"}), colophon.Failed, []evidence.Check{{Verdict: colophon.Failed, Code: "x"}}},
		"not known":      {stamped, say(&colophon.Error{Kind: colophon.Unsupported, Code: "y"}), colophon.Passed, []evidence.Check{{Code: "y"}}},
		"could not tell": {stamped, say(errors.New("out of order")), colophon.Passed, []evidence.Check{{Code: evidence.CodeNoAuthority}}},
		"no authority":   {stamped, nil, colophon.Passed, []evidence.Check{{Code: evidence.CodeNoAuthority}}},
		"no time stamp":  {plain, say(nil), colophon.Passed, []evidence.Check{{Code: evidence.CodeNoTimeStamp}}},
		"neither":        {plain, nil, colophon.Passed, nil},
	} {
		report, err := evidence.Trust{Log: []note.Verifier{v}, TimeStamp: c.check}.VerifyBundle(bytes.NewReader(c.raw), int64(len(c.raw)))
		must(t, report, err)
		var got []evidence.Check
		for _, check := range report.Checks {
			if check.Part == "timestamp" {
				got = append(got, check)
			}
		}
		for i := range c.want {
			c.want[i].Part, c.want[i].Name, c.want[i].Optional = "timestamp", "checkpoint.tsr", true
		}
		if !cmp.Equal(got, c.want) || report.Verdict != c.overall || report.Stamped.IsZero() != (name != "good") {
			t.Errorf("%s: %v, %v, %v", name, got, report.Verdict, report.Stamped)
		}
	}
}

// TestBundleTricks has zip files that other programs read as if they were the bundle, or as something else than we do.
func TestBundleTricks(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	raw := write(t, sampleBundle(t, s), s)
	end := len(raw) - 22
	directory := int(binary.LittleEndian.Uint32(raw[end+16:]))
	// splice replaces a range, and moves the start of the directory in the end record by what came before it.
	splice := func(from, to int, with []byte, moved int) []byte {
		out := append(append(bytes.Clone(raw[:from]), with...), raw[to:]...)
		at := len(out) - 22
		binary.LittleEndian.PutUint32(out[at+16:], uint32(directory+moved))
		return out
	}
	again := func(change func(z *zip.Writer)) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		in, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		for _, f := range must(t, in, err).File {
			must(t, 0, z.Copy(f))
		}
		change(z)
		must(t, 0, z.Close())
		return out.Bytes()
	}
	add := func(name string) func(z *zip.Writer) {
		return func(z *zip.Writer) {
			w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store})
			_, err2 := must(t, w, err).Write(nil)
			must(t, 0, err2)
		}
	}
	second := bytes.Index(raw[4:], []byte("PK\x03\x04")) + 4
	zip64 := append(append([]byte("PK\x06\x06"), binary.LittleEndian.AppendUint64(nil, 44)...), make([]byte, 44)...)
	zip64 = append(append(zip64, "PK\x06\x07\x00\x00\x00\x00"...), binary.LittleEndian.AppendUint64(nil, uint64(end))...)
	zip64 = append(zip64, 1, 0, 0, 0)
	sizes := bytes.Clone(raw)
	binary.LittleEndian.PutUint32(sizes[directory+24:], 0xffffffff)
	binary.LittleEndian.PutUint32(sizes[directory+20:], 0xffffffff)
	fewer := bytes.Clone(raw)
	binary.LittleEndian.PutUint16(fewer[end+8:], binary.LittleEndian.Uint16(fewer[end+8:])-1)
	binary.LittleEndian.PutUint16(fewer[end+10:], binary.LittleEndian.Uint16(fewer[end+10:])-1)
	swapped := bytes.Clone(raw)
	offset := bytes.Index(swapped[directory+4:], []byte("PK\x01\x02")) + directory + 4
	binary.LittleEndian.PutUint32(swapped[offset+42:], 0)
	comment := bytes.Clone(raw)
	comment[end+20] = 1
	for name, c := range map[string][]byte{
		"a name twice":                 again(add("checkpoint")),
		"the manifest twice":           again(add("manifest.json")),
		"an entry that nobody named":   again(add("readme.txt")),
		"a folder":                     again(add("records/")),
		"a comment":                    append(comment, 'x'),
		"another comment":              again(func(z *zip.Writer) { must(t, 0, z.SetComment("PK\x05\x06")) }),
		"data before the first entry":  splice(0, 0, []byte("#!/bin/sh\n"), 10),
		"data between entries":         splice(second, second, []byte("hidden"), 6),
		"an entry between entries":     splice(second, second, raw[:second], second),
		"data before the directory":    splice(directory, directory, []byte("hidden"), 6),
		"data after the directory":     splice(end, end, []byte("hidden"), 0),
		"a zip64 record":               splice(end, end, zip64, 0),
		"sizes in a zip64 field":       sizes,
		"fewer entries in the end":     fewer,
		"an entry at another's offset": swapped,
		"two bundles in a row":         append(bytes.Clone(raw), raw...),
		"twice the end":                append(bytes.Clone(raw), raw[end:]...),
		"nothing":                      nil,
		"an end alone":                 raw[end:],
	} {
		report := verify(t, c, v)
		if report.Verdict != colophon.Failed || !names(report) {
			t.Errorf("%s: %v, %+v", name, report.Verdict, report.Checks)
		}
	}
}

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

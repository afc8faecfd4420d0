package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
)

// Limits of a bundle. A bundle beyond them is neither written nor read.
const (
	// MaxBundle is the largest bundle in bytes.
	MaxBundle = 3 << 30
	// MaxBundleParts is how many records, and how many files, one bundle may hold.
	MaxBundleParts = 10000
	maxDirectory   = 8 << 20
	maxManifest    = 16 << 20
	maxReadings    = 16 << 20
	maxCover       = 32 << 20
	maxTimeStamp   = 64 << 10
	maxLabel       = 255
)

// Codes of errors and findings about bundles.
const (
	CodeBundleTooLarge  colophon.Code = "bundle-too-large"
	CodeBundleStructure colophon.Code = "bundle-structure" // no zip file as a bundle is, or one written otherwise
	CodeBundleManifest  colophon.Code = "bundle-manifest"  // the manifest is out of form
	CodeBundleSignature colophon.Code = "bundle-signature" // the manifest is not signed by a trusted key
	CodeBundleNoKey     colophon.Code = "bundle-no-key"    // no trusted key was given to check with
	CodeBundleDigest    colophon.Code = "bundle-digest"    // an entry is not the one that the manifest names
	CodeBundleEntry     colophon.Code = "bundle-entry"     // an entry is missing, or nobody named it
	CodeBundleWithheld  colophon.Code = "bundle-withheld"  // left out by the holder: could not be checked
	CodeBundleUnnamed   colophon.Code = "bundle-unnamed"   // no opened record names the file's digest
	CodeFileDigest      colophon.Code = "bundle-file-digest"
	CodeNoAuthority     colophon.Code = "bundle-no-authority" // no trusted authority was given to check the time stamp with
	CodeNoTimeStamp     colophon.Code = "bundle-no-timestamp" // there is none
)

// Names of the entries of a bundle.
const (
	entryManifest   = "manifest.json"
	entrySignature  = "manifest.note"
	entryCheckpoint = "checkpoint"
	entryTimeStamp  = "checkpoint.tsr"
	entryReadings   = "readings.json"
	entryHTML       = "cover.html"
	entryPDF        = "cover.pdf"
)

// Bundle is what an inspector is handed.
type Bundle struct {
	Created    int64  // milliseconds since 1970
	Policy     string // version of the policy in force
	Checkpoint []byte // signed note that all proofs lead to
	TimeStamp  []byte // response of a time stamp authority (RFC 3161) over Checkpoint; nil for none
	Records    []BundleRecord
	Files      []BundleFile
	Readings   []BundleReading
	CoverHTML  []byte // nil for none
	CoverPDF   []byte // nil for none
}

// BundleRecord is a record of a bundle with the place where it stands.
type BundleRecord struct {
	Leaf    []byte
	Index   uint64
	Hashes  [][32]byte
	Opening *Opening // nil where the holder may not hand it out
}

// BundleFile is a produced item: its bytes, or its digest alone.
type BundleFile struct {
	Name   string // as a person reads it; no path
	Size   int64
	Digest [32]byte // SHA-256; computed when Open is given
	// Open returns the bytes, each time anew; nil for a file that is not included.
	Open func() (io.ReadCloser, error)
}

// BundleReading holds what was read of the marks on a file, as JSON.
type BundleReading struct {
	File  string          `json:"file"`
	Marks json.RawMessage `json:"marks"`
}

// manifest is the form of manifest.json. Its fields stand in the order of canonical JSON.
type manifest struct {
	Created  int64            `json:"created"`
	Entries  []manifestEntry  `json:"entries"`
	Files    []manifestFile   `json:"files"`
	Policy   string           `json:"policy"`
	Records  []manifestRecord `json:"records"`
	Readings bool             `json:"readings"`
	V        int              `json:"v"`
}

type manifestEntry struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

type manifestFile struct {
	Included bool   `json:"included"`
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
}

type manifestRecord struct {
	ID     string `json:"id"`
	Index  uint64 `json:"index"`
	Opened bool   `json:"opened"`
}

type openingFile struct {
	Payload json.RawMessage `json:"payload"`
	Salt    string          `json:"salt"`
}

func leafEntry(i int) string    { return fmt.Sprintf("records/%05d.json", i) }
func proofEntry(i int) string   { return fmt.Sprintf("proofs/%05d.tlog-proof", i) }
func openingEntry(i int) string { return fmt.Sprintf("openings/%05d.json", i) }
func fileEntry(i int) string    { return fmt.Sprintf("files/%05d", i) }

// part is an entry on its way into the zip file.
type part struct {
	name   string
	size   int64
	digest [32]byte
	crc    uint32
	open   func() (io.ReadCloser, error)
}

func partOf(name string, data []byte) part {
	return part{name, int64(len(data)), sha256.Sum256(data), crc32.ChecksumIEEE(data),
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// WriteBundle writes a bundle. The same content gives the same bytes: entries are stored in one order, without times
// and without compression. The signer signs the digest of the manifest, which names every other entry; it is the key
// that signs the checkpoints.
func WriteBundle(w io.Writer, b Bundle, signer note.Signer) error {
	if len(b.Records) > MaxBundleParts || len(b.Files) > MaxBundleParts {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeBundleTooLarge}
	}
	m := manifest{Created: b.Created, Policy: b.Policy, V: 1, Records: []manifestRecord{}, Files: []manifestFile{}, Readings: b.Readings != nil}
	parts := []part{partOf(entryCheckpoint, b.Checkpoint)}
	if b.TimeStamp != nil {
		parts = append(parts, partOf(entryTimeStamp, b.TimeStamp))
	}
	if b.Readings != nil {
		text, err := Canonical(b.Readings)
		if err != nil {
			return invalid(CodeBundleManifest, "", err)
		}
		parts = append(parts, partOf(entryReadings, text))
	}
	if b.CoverHTML != nil {
		parts = append(parts, partOf(entryHTML, b.CoverHTML))
	}
	if b.CoverPDF != nil {
		parts = append(parts, partOf(entryPDF, b.CoverPDF))
	}
	for i, r := range b.Records {
		rec, err := ParseLeaf(r.Leaf)
		if err != nil {
			return err
		}
		m.Records = append(m.Records, manifestRecord{rec.ID, r.Index, r.Opening != nil})
		parts = append(parts, partOf(leafEntry(i), r.Leaf), partOf(proofEntry(i), Proof{r.Index, r.Hashes, b.Checkpoint}.Marshal()))
		if r.Opening != nil {
			text, err := Canonical(openingFile{r.Opening.Payload, hex.EncodeToString(r.Opening.Salt[:])})
			if err != nil {
				return invalid(CodeBundleManifest, "", err)
			}
			parts = append(parts, partOf(openingEntry(i), text))
		}
	}
	for i, f := range b.Files {
		p, err := filePart(i, f)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, manifestFile{f.Open != nil, f.Name, hex.EncodeToString(p.digest[:]), p.size})
		if f.Open != nil {
			parts = append(parts, p)
		}
	}
	return writeParts(w, m, parts, signer)
}

// filePart reads a file once, for its size and digests.
func filePart(i int, f BundleFile) (part, error) {
	if !goodLabel(f.Name) {
		return part{}, invalid(CodeBundleManifest, "", errors.New("a file's name is out of form"))
	}
	p := part{name: fileEntry(i), size: f.Size, digest: f.Digest, open: f.Open}
	if f.Open == nil {
		return p, nil
	}
	in, err := f.Open()
	if err != nil {
		return part{}, err
	}
	defer in.Close()
	digest, crc := sha256.New(), crc32.NewIEEE()
	p.size, err = io.Copy(io.MultiWriter(digest, crc), io.LimitReader(in, MaxBundle+1))
	p.digest, p.crc = [32]byte(digest.Sum(nil)), crc.Sum32()
	return p, err
}

func goodLabel(s string) bool {
	if s == "" || len(s) > maxLabel || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r == '/' || r == '\\' || r == 0x7f {
			return false
		}
	}
	return true
}

// signedText is what the signer of a bundle signs. Its first line is no origin of a log, so it can't be taken for a
// checkpoint.
func signedText(manifest []byte) string {
	digest := sha256.Sum256(manifest)
	return "colophon/bundle/v1\n" + hex.EncodeToString(digest[:]) + "\n"
}

func writeParts(w io.Writer, m manifest, parts []part, signer note.Signer) error {
	total := int64(maxDirectory)
	limits := map[string]int64{entryReadings: maxReadings, entryHTML: maxCover, entryPDF: maxCover, entryTimeStamp: maxTimeStamp}
	for _, p := range parts {
		if most, bounded := limits[p.name]; bounded && p.size > most {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeBundleTooLarge}
		}
		total += p.size
		m.Entries = append(m.Entries, manifestEntry{p.name, hex.EncodeToString(p.digest[:]), p.size})
	}
	if total > MaxBundle {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeBundleTooLarge}
	}
	text, err := Canonical(m)
	if err != nil {
		return invalid(CodeBundleManifest, "", err)
	}
	if len(text) > maxManifest {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeBundleTooLarge}
	}
	signature, err := note.Sign(&note.Note{Text: signedText(text)}, signer)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, p := range append([]part{partOf(entryManifest, text), partOf(entrySignature, signature)}, parts...) {
		if err := p.write(z); err != nil {
			return err
		}
	}
	return z.Close()
}

// write adds an entry with a header that depends on name, size and checksum alone.
func (p part) write(z *zip.Writer) error {
	out, err := z.CreateRaw(&zip.FileHeader{
		Name: p.name, Method: zip.Store, CRC32: p.crc, CompressedSize64: uint64(p.size), UncompressedSize64: uint64(p.size),
	})
	if err != nil {
		return err
	}
	in, err := p.open()
	if err != nil {
		return err
	}
	defer in.Close()
	crc := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(out, crc), io.LimitReader(in, p.size+1))
	if err == nil && (n != p.size || crc.Sum32() != p.crc) {
		err = errors.New("the file changed while it was read")
	}
	return err
}

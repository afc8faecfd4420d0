package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
)

// BundleReport says what a bundle holds and what came of each check.
type BundleReport struct {
	Verdict    colophon.Verdict
	Created    int64
	Policy     string
	Checkpoint Checkpoint // zero when no trusted key signed it
	Stamped    time.Time  // when a trusted authority saw the checkpoint; zero when none did
	Records    []Record   // those whose leaf could be read
	Checks     []Check
	// Named has the digests, in hexadecimal digits, of which opened records speak. They are worth what the verdict is.
	Named map[string]bool
}

// Trust is what the reader of a bundle trusts.
type Trust struct {
	Log []note.Verifier // keys of the log
	// TimeStamp checks the response of a time stamp authority over some bytes and returns the time that it vouches for.
	// An error that is a [colophon.Error] of another kind than Unsupported says that the stamp is not good; any other
	// says that it could not be told. nil trusts no authority.
	TimeStamp func(response, data []byte) (time.Time, error)
}

// VerifyBundle is [Trust.VerifyBundle] for a reader who trusts keys of the log alone.
func VerifyBundle(r io.ReaderAt, size int64, trusted ...note.Verifier) (BundleReport, error) {
	return Trust{Log: trusted}.VerifyBundle(r, size)
}

// VerifyBundle checks a bundle against what its reader trusts, with nothing but its bytes. The error is for a reader
// that fails; whatever is wrong with the bundle itself stands in the report. No more than one file's buffer and the
// small entries are held in memory.
func (t Trust) VerifyBundle(r io.ReaderAt, size int64) (BundleReport, error) {
	source := &faultReader{r: r}
	v := &verifier{trusted: t.Log, named: map[string]bool{}}
	v.report.Named = v.named
	if err := v.open(source, size); err != nil {
		v.fail("structure", "", CodeBundleStructure)
	} else if v.readManifest() {
		v.checkEntries()
		v.checkCheckpoint()
		v.checkTimeStamp(t.TimeStamp)
		for i := range v.manifest.Records {
			v.checkRecord(i)
		}
		for i := range v.manifest.Files {
			v.checkFile(i)
		}
		v.checkReadings()
		v.checkStructure(source, size)
	}
	if source.err != nil {
		return BundleReport{}, source.err
	}
	v.report.Verdict = Overall(v.report.Checks)
	return v.report, nil
}

// faultReader keeps the first error of the reader that is not about the end.
type faultReader struct {
	r   io.ReaderAt
	err error
}

func (f *faultReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.r.ReadAt(p, off)
	if err != nil && err != io.EOF && f.err == nil {
		f.err = err
	}
	return n, err
}

type verifier struct {
	trusted  []note.Verifier
	files    map[string]*zip.File
	order    []*zip.File
	manifest manifest
	named    map[string]bool // hexadecimal digests that opened payloads name
	report   BundleReport
}

func (v *verifier) add(c Check) { v.report.Checks = append(v.report.Checks, c) }

func (v *verifier) fail(part, name string, code colophon.Code) { v.add(failed(part, name, code)) }

func (v *verifier) pass(part, name string) {
	v.add(Check{Part: part, Name: name, Verdict: colophon.Passed})
}

// open reads the directory. The end record is looked at first, so that a false one can't make the reader take up
// memory.
func (v *verifier) open(r io.ReaderAt, size int64) error {
	var end [22]byte
	if size < int64(len(end)) || size > MaxBundle {
		return errors.New("too short or too long")
	}
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil && err != io.EOF {
		return err
	}
	length, offset := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	if string(end[:4]) != "PK\x05\x06" || length > maxDirectory || offset+length+int64(len(end)) != size {
		return errors.New("no end record where it must be")
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	v.order, v.files = z.File, make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 || f.UncompressedSize64 > MaxBundle || v.files[f.Name] != nil {
			return errors.New("an entry is compressed or stands twice")
		}
		v.files[f.Name] = f
	}
	return nil
}

// read returns a small entry, or nil.
func (v *verifier) read(name string, limit int64) []byte {
	f := v.files[name]
	if f == nil || f.UncompressedSize64 > uint64(limit) {
		return nil
	}
	in, err := f.Open()
	if err != nil {
		return nil
	}
	defer in.Close()
	data := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil
	}
	return data
}

// readManifest reports whether there is a manifest to go by.
func (v *verifier) readManifest() bool {
	raw := v.read(entryManifest, maxManifest)
	if err := decodeStrict(raw, &v.manifest); err != nil || !v.manifest.good() {
		v.fail("manifest", entryManifest, CodeBundleManifest)
		return false
	}
	v.report.Created, v.report.Policy = v.manifest.Created, v.manifest.Policy
	signature := v.read(entrySignature, maxNote)
	n, err := openNote(signature, v.trusted)
	switch {
	case len(v.trusted) == 0:
		v.add(Check{Part: "manifest", Name: entrySignature, Code: CodeBundleNoKey})
	case err != nil || n.Text != signedText(raw):
		v.fail("manifest", entrySignature, CodeBundleSignature)
	default:
		// A note may carry signatures of keys that nobody here knows. Only the ones that were checked may stand in a
		// bundle, or a changed bit in another would pass.
		if len(n.UnverifiedSigs) > 0 {
			v.fail("manifest", entrySignature, CodeBundleSignature)
			return true
		}
		v.pass("manifest", entrySignature)
	}
	return true
}

func (m *manifest) good() bool {
	if m.V != 1 || len(m.Records) > MaxBundleParts || len(m.Files) > MaxBundleParts || len(m.Entries) > 4*MaxBundleParts {
		return false
	}
	for _, f := range m.Files {
		if !goodLabel(f.Name) || len(f.SHA256) != 2*sha256.Size {
			return false
		}
	}
	return true
}

// checkEntries compares every entry with the manifest.
func (v *verifier) checkEntries() {
	listed := map[string]bool{entryManifest: true, entrySignature: true}
	for _, e := range v.manifest.Entries {
		f := v.files[e.Name]
		switch {
		case f == nil || listed[e.Name]:
			v.fail("structure", e.Name, CodeBundleEntry)
		case f.UncompressedSize64 != uint64(e.Size) || digestOf(f) != e.SHA256:
			v.fail("structure", e.Name, CodeBundleDigest)
		}
		listed[e.Name] = true
	}
	for name := range v.files {
		if !listed[name] {
			v.fail("structure", name, CodeBundleEntry)
		}
	}
	for _, name := range v.required() {
		if !listed[name] {
			v.fail("structure", name, CodeBundleEntry)
		}
	}
}

// required lists the entries that must be there for what the manifest says.
func (v *verifier) required() []string {
	names := []string{entryCheckpoint}
	if v.manifest.Readings {
		names = append(names, entryReadings)
	}
	for i, r := range v.manifest.Records {
		names = append(names, leafEntry(i), proofEntry(i))
		if r.Opened {
			names = append(names, openingEntry(i))
		}
	}
	for i, f := range v.manifest.Files {
		if f.Included {
			names = append(names, fileEntry(i))
		}
	}
	return names
}

func digestOf(f *zip.File) string {
	in, err := f.Open()
	if err != nil {
		return ""
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (v *verifier) checkCheckpoint() {
	if len(v.trusted) == 0 {
		v.add(Check{Part: "checkpoint", Name: entryCheckpoint, Code: CodeBundleNoKey})
		return
	}
	raw := v.read(entryCheckpoint, maxNote)
	c, err := ParseCheckpoint(raw, v.trusted...)
	if err != nil {
		v.fail("checkpoint", entryCheckpoint, CodeCheckpointUntrusted)
		return
	}
	v.report.Checkpoint = c
	v.pass("checkpoint", entryCheckpoint)
}

// checkTimeStamp checks the time stamp over the checkpoint. A bundle need not have one.
func (v *verifier) checkTimeStamp(verify func(response, data []byte) (time.Time, error)) {
	check := Check{Part: "timestamp", Name: entryTimeStamp, Optional: true}
	if v.files[entryTimeStamp] == nil {
		if verify != nil {
			check.Code = CodeNoTimeStamp
			v.add(check)
		}
		return
	}
	if verify == nil {
		check.Code = CodeNoAuthority
		v.add(check)
		return
	}
	at, err := verify(v.read(entryTimeStamp, maxTimeStamp), v.read(entryCheckpoint, maxNote))
	var e *colophon.Error
	switch {
	case err == nil:
		check.Verdict, v.report.Stamped = colophon.Passed, at
	case errors.As(err, &e):
		check.Code = e.Code
		if e.Kind != colophon.Unsupported {
			check.Verdict = colophon.Failed
		}
	default:
		check.Code = CodeNoAuthority
	}
	v.add(check)
}

func (v *verifier) checkRecord(i int) {
	entry := v.manifest.Records[i]
	leaf := v.read(leafEntry(i), MaxLeaf)
	rec, err := ParseLeaf(leaf)
	if err != nil || rec.ID != entry.ID {
		v.fail("record", leafEntry(i), CodeLeafInvalid)
		return
	}
	v.pass("record", leafEntry(i))
	v.report.Records = append(v.report.Records, rec)
	v.checkProof(i, leaf)
	if !entry.Opened {
		v.add(Check{Part: "opening", Name: openingEntry(i), Code: CodeBundleWithheld, Optional: true})
		return
	}
	var o openingFile
	err = decodeStrict(v.read(openingEntry(i), MaxPayload+1024), &o)
	salt, err2 := hex.DecodeString(o.Salt)
	if err != nil || err2 != nil || len(salt) != 32 || (Opening{[32]byte(salt), o.Payload}).Commitment() != rec.Commitment {
		v.fail("opening", openingEntry(i), CodeCommitment)
		return
	}
	v.pass("opening", openingEntry(i))
	var payload any
	if json.Unmarshal(o.Payload, &payload) == nil {
		v.collect(payload)
	}
}

func (v *verifier) checkProof(i int, leaf []byte) {
	name := proofEntry(i)
	p, err := ParseProof(v.read(name, maxNote+maxHashes*64))
	switch {
	case err != nil:
		v.fail("proof", name, CodeProofInvalid)
	case v.report.Checkpoint.Note == nil:
		v.add(Check{Part: "proof", Name: name, Code: CodeCheckpointUntrusted})
	case p.Index != v.manifest.Records[i].Index || !bytes.Equal(p.Checkpoint, v.report.Checkpoint.Note),
		VerifyInclusion(v.report.Checkpoint, p.Index, leaf, p.Hashes) != nil:
		v.fail("proof", name, CodeProofMismatch)
	default:
		v.pass("proof", name)
	}
}

// collect remembers what may be a digest among the strings of a payload.
func (v *verifier) collect(value any) {
	switch value := value.(type) {
	case string:
		value = strings.TrimPrefix(value, "sha256:")
		if len(value) == 2*sha256.Size {
			v.named[value] = true
		}
	case []any:
		for _, e := range value {
			v.collect(e)
		}
	case map[string]any:
		for _, e := range value {
			v.collect(e)
		}
	}
}

// checkFile checks the bytes of a file where they are included, and that an opened record speaks of them.
func (v *verifier) checkFile(i int) {
	f := v.manifest.Files[i]
	name := fileEntry(i)
	switch z := v.files[name]; {
	case !f.Included:
		v.add(Check{Part: "file", Name: name, Code: CodeBundleWithheld, Optional: true})
	case z == nil || z.UncompressedSize64 != uint64(f.Size) || digestOf(z) != f.SHA256:
		v.fail("file", name, CodeFileDigest)
	default:
		v.pass("file", name)
	}
	check := Check{Part: "file", Name: name + " in a record", Verdict: colophon.Passed, Optional: true}
	if !v.named[f.SHA256] {
		check.Verdict, check.Code = colophon.Unknown, CodeBundleUnnamed
	}
	v.add(check)
}

func (v *verifier) checkReadings() {
	if !v.manifest.Readings {
		return
	}
	var readings []BundleReading
	if err := decodeStrict(v.read(entryReadings, maxReadings), &readings); err != nil {
		v.fail("readings", entryReadings, CodeBundleManifest)
		return
	}
	v.pass("readings", entryReadings)
}

// checkStructure writes the bundle anew from what was read and compares, so that no byte of the zip format itself can
// differ from what the writer writes.
func (v *verifier) checkStructure(r io.ReaderAt, size int64) {
	compare := &comparer{r: r, size: size}
	z := zip.NewWriter(compare)
	err := error(nil)
	for _, f := range v.order {
		if err != nil {
			break
		}
		p := part{name: f.Name, size: int64(f.UncompressedSize64), crc: f.CRC32, open: f.Open}
		err = p.write(z)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil || compare.at != size || !v.inOrder() {
		v.fail("structure", "", CodeBundleStructure)
		return
	}
	v.pass("structure", "")
}

// inOrder reports whether the entries stand as the manifest lists them.
func (v *verifier) inOrder() bool {
	if len(v.order) != len(v.manifest.Entries)+2 || v.order[0].Name != entryManifest || v.order[1].Name != entrySignature {
		return false
	}
	for i, e := range v.manifest.Entries {
		if v.order[i+2].Name != e.Name {
			return false
		}
	}
	return true
}

// comparer is a writer that fails where what is written differs from what is there.
type comparer struct {
	r    io.ReaderAt
	size int64
	at   int64
	buf  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if c.at+int64(len(p)) > c.size {
		return 0, errors.New("shorter than it must be")
	}
	if cap(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	there := c.buf[:len(p)]
	if n, err := c.r.ReadAt(there, c.at); n < len(p) {
		return 0, err
	}
	if !bytes.Equal(there, p) {
		return 0, errors.New("written otherwise")
	}
	c.at += int64(len(p))
	return len(p), nil
}

package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// file is what a test wants in an archive.
type file struct{ name, text string }

func files() []file {
	return []file{{"first", "stored first"}, {"dir/a.xml", strings.Repeat("<a/>", 500)}, {"b.xml", "<b/>"}, {"last.bin", strings.Repeat("\x00\x01", 400)}}
}

// python writes an archive with Python's zipfile. The script sees z, the archive, and files, names and texts.
func python(t *testing.T, script string) []byte {
	t.Helper()
	path := mediatest.File(t, "a.zip", nil)
	const head = `
import sys, zipfile
files = [("first", "stored first"), ("dir/a.xml", "<a/>" * 500), ("b.xml", "<b/>"), ("last.bin", "\x00\x01" * 400)]
def info(name, method=zipfile.ZIP_DEFLATED):
    i = zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6)); i.compress_type = method; return i
class Stream:
    def __init__(self, f): self.f = f
    def write(self, b): return self.f.write(b)
    def flush(self): self.f.flush()
out = open(sys.argv[1], "wb")
`
	mediatest.Output(t, "python3", "-c", head+script, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const plainScript = `
with zipfile.ZipFile(out, "w") as z:
    for n, (name, text) in enumerate(files):
        z.writestr(info(name, zipfile.ZIP_STORED if n == 0 else zipfile.ZIP_DEFLATED), text)
`

// archives are the same four files as different writers pack them.
func archives(t *testing.T) map[string][]byte {
	t.Helper()
	var streamed bytes.Buffer
	w := zip.NewWriter(&streamed)
	for _, f := range files() {
		part, err := w.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SetComment("a comment"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	plain := python(t, plainScript)
	return map[string][]byte{
		"plain":            plain,
		"data descriptors": streamed.Bytes(),
		"unseekable":       python(t, strings.Replace(plainScript, "(out,", "(Stream(out),", 1)),
		"ZIP64": python(t, `
with zipfile.ZipFile(out, "w") as z:
    for name, text in files:
        with z.open(info(name), "w", force_zip64=True) as f: f.write(text.encode())
`),
		"ZIP64 end":      zip64End(plain),
		"extra fields":   python(t, strings.Replace(plainScript, "z.writestr(", "i = info(name); i.extra = b'\\x20\\xa2\\x04\\x00\\x00\\x00\\x00\\x00' + b'\\x55\\x54\\x05\\x00\\x01AAAA'; i.comment = b'why'; z.writestr(i, text) if n else z.writestr(", 1)),
		"trailing bytes": append(bytes.Clone(plain), "trailing"...),
	}
}

// zip64End gives an archive the ZIP64 end records that a large one has.
func zip64End(b []byte) []byte {
	le := binary.LittleEndian
	at := len(b) - 22
	end := bytes.Clone(b[at:])
	record := make([]byte, 56)
	copy(record, "PK\x06\x06")
	le.PutUint64(record[4:], 44)
	le.PutUint16(record[12:], 45)
	le.PutUint16(record[14:], 45)
	le.PutUint64(record[24:], uint64(le.Uint16(end[8:])))
	le.PutUint64(record[32:], uint64(le.Uint16(end[10:])))
	le.PutUint64(record[40:], uint64(le.Uint32(end[12:])))
	le.PutUint64(record[48:], uint64(le.Uint32(end[16:])))
	locator := make([]byte, 20)
	copy(locator, "PK\x06\x07")
	le.PutUint64(locator[8:], uint64(at))
	le.PutUint32(locator[16:], 1)
	le.PutUint16(end[8:], 0xffff)
	le.PutUint16(end[10:], 0xffff)
	le.PutUint32(end[12:], 0xffffffff)
	le.PutUint32(end[16:], 0xffffffff)
	return append(append(append(bytes.Clone(b[:at]), record...), locator...), end...)
}

func open(t *testing.T, b []byte) *archive.Archive {
	t.Helper()
	a, err := archive.Open(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func edit(t *testing.T, b []byte, parts ...archive.Part) []byte {
	t.Helper()
	e, err := open(t, b).Edit(parts)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := e.Apply(&out, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	if int64(out.Len()) != e.Size() {
		t.Fatalf("Size = %d, wrote %d", e.Size(), out.Len())
	}
	return out.Bytes()
}

// check reads an archive with Go, Python and Info-ZIP and compares.
func check(t *testing.T, b []byte, want []file) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != len(want) {
		t.Fatalf("%d entries, want %d", len(r.File), len(want))
	}
	for i, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil || f.Name != want[i].name || string(text) != want[i].text {
			t.Errorf("entry %s, %v, want %s", f.Name, err, want[i].name)
		}
	}
	path := mediatest.File(t, "a.zip", b)
	if out := mediatest.Output(t, "python3", "-c", "import sys,zipfile;print(zipfile.ZipFile(sys.argv[1]).testzip())", path); string(out) != "None\n" {
		t.Errorf("python finds %s damaged", out)
	}
	if !bytes.HasSuffix(b, []byte("trailing")) {
		mediatest.Output(t, "unzip", "-tqq", path)
	}
	for _, f := range want {
		text, ok, err := open(t, b).Read(f.name)
		if err != nil || !ok || string(text) != f.text {
			t.Errorf("Read %s: %v, %v", f.name, ok, err)
		}
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	for name, b := range archives(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := files()
			check(t, b, want)
			if got := edit(t, b); !bytes.Equal(got, b) {
				t.Error("an edit of nothing changed the file")
			}
			if got := edit(t, b, archive.Part{Name: "b.xml", Content: []byte("<b/>")}); !bytes.Equal(got, b) {
				t.Error("a part that stays the same changed the file")
			}
			want[1].text, want[2].text = "<changed/>", strings.Repeat("longer ", 100)
			want = append(want, file{"new/part.xml", "<new/>"})
			out := edit(t, b, archive.Part{Name: "B.XML", Content: []byte(want[2].text)}, archive.Part{Name: "dir/a.xml", Content: []byte(want[1].text)},
				archive.Part{Name: "new/part.xml", Content: []byte("<new/>")})
			check(t, out, want)
			if bytes.Contains(out, []byte("<b/>")) {
				t.Error("the old part is left behind")
			}
			again := edit(t, out, archive.Part{Name: "b.xml", Content: []byte(want[2].text)}, archive.Part{Name: "new/part.xml", Content: []byte("<new/>")})
			if !bytes.Equal(again, out) {
				t.Error("the same edit again changed the file")
			}
			meta(t, b, out)
		})
	}
}

// meta fails the test unless times, comments and extra fields of the old entries stay.
func meta(t *testing.T, before, after []byte) {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(before), int64(len(before)))
	if err != nil {
		t.Fatal(err)
	}
	now, err := zip.NewReader(bytes.NewReader(after), int64(len(after)))
	if err != nil {
		t.Fatal(err)
	}
	if old.Comment != now.Comment {
		t.Errorf("comment %q became %q", old.Comment, now.Comment)
	}
	for i, f := range old.File {
		g := now.File[i]
		if f.Name != g.Name || f.Method != g.Method || !f.Modified.Equal(g.Modified) || f.Comment != g.Comment || f.ExternalAttrs != g.ExternalAttrs ||
			len(g.Extra) < len(f.Extra) && !bytes.HasPrefix(f.Extra, []byte{1, 0}) {
			t.Errorf("entry %+v became %+v", f.FileHeader, g.FileHeader)
		}
	}
	if got := now.File[len(now.File)-1].Modified.Year(); got != 1980 {
		t.Errorf("new entry is of %d", got)
	}
}

// raw builds an archive of one deflated or stored entry with fields of the test's choice.
func raw(change func(local, central, end []byte)) []byte {
	const text = "content"
	le := binary.LittleEndian
	local := make([]byte, 30)
	copy(local, "PK\x03\x04")
	le.PutUint32(local[14:], crc32.ChecksumIEEE([]byte(text)))
	le.PutUint32(local[18:], uint32(len(text)))
	le.PutUint32(local[22:], uint32(len(text)))
	le.PutUint16(local[26:], 1)
	central := make([]byte, 46)
	copy(central, "PK\x01\x02")
	copy(central[10:], local[8:28])
	le.PutUint16(central[28:], 1)
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	le.PutUint16(end[8:], 1)
	le.PutUint16(end[10:], 1)
	le.PutUint32(end[12:], 47)
	le.PutUint32(end[16:], 38)
	change(local, central, end)
	return bytes.Join([][]byte{local, []byte("a" + text), central, []byte("a"), end}, nil)
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	bomb := python(t, `
with zipfile.ZipFile(out, "w") as z:
    z.writestr(info("a"), "\x00" * (64 << 20))
`)
	lying := bytes.Clone(bomb)
	at := bytes.Index(lying, []byte("PK\x01\x02"))
	le.PutUint32(lying[at+24:], 1000)
	for name, b := range map[string][]byte{
		"empty":              {},
		"no end":             bytes.Repeat([]byte("x"), 100),
		"sound":              nil,
		"bomb":               bomb,
		"lying bomb":         lying,
		"encrypted":          raw(func(_, c, _ []byte) { c[8] = 1 }),
		"other method":       raw(func(_, c, _ []byte) { c[10] = 12 }),
		"damaged":            raw(func(_, c, _ []byte) { c[10] = 8 }),
		"other CRC":          raw(func(_, c, _ []byte) { c[16]++ }),
		"several disks":      raw(func(_, _, e []byte) { e[4] = 1 }),
		"more entries":       raw(func(_, _, e []byte) { e[8], e[10] = 9, 9 }),
		"fewer entries":      raw(func(_, _, e []byte) { e[8], e[10] = 0, 0 }),
		"directory behind":   raw(func(_, _, e []byte) { le.PutUint32(e[16:], 1<<30) }),
		"directory too long": raw(func(_, _, e []byte) { le.PutUint32(e[12:], 1<<30) }),
		"no record":          raw(func(_, c, _ []byte) { c[0] = 0 }),
		"name too long":      raw(func(_, c, _ []byte) { c[28] = 200 }),
		"no local header":    raw(func(l, _, _ []byte) { l[0] = 0 }),
		"local behind":       raw(func(_, c, _ []byte) { le.PutUint32(c[42:], 1<<20) }),
		"ZIP64 without":      raw(func(_, c, _ []byte) { le.PutUint32(c[42:], 0xffffffff) }),
		"data behind":        raw(func(_, c, _ []byte) { c[20] = 200 }),
		"other local name":   raw(func(l, _, _ []byte) { l[26] = 2 }),
		"data descriptor":    raw(func(_, c, _ []byte) { c[8] = 8 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "sound" {
				check(t, edit(t, raw(func(_, _, _ []byte) {}), archive.Part{Name: "a", Content: []byte("y")}), []file{{"a", "y"}})
				return
			}
			a, err := archive.Open(bytes.NewReader(b))
			if err == nil {
				_, err = a.Edit([]archive.Part{{Name: "a", Content: []byte("y")}})
			}
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" || e.Args["what"] == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	b := python(t, plainScript)
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	for name, change := range map[string]func([]byte){
		"same entry twice": func(b []byte) { copy(b[at+42:], []byte{0, 0, 0, 0}) },
		"inside another":   func(b []byte) { b[at+42]-- },
	} {
		hurt := bytes.Clone(b)
		change(hurt)
		a, err := archive.Open(bytes.NewReader(hurt))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Edit(nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	twice := python(t, strings.Replace(plainScript, "enumerate(files)", "enumerate(files + files[1:2])", 1))
	if _, err := open(t, twice).Edit(nil); err == nil {
		t.Error("two entries with one name: no error")
	}
}

// TestLarge edits an archive of 3 GiB that is not there, and counts what is read of it.
// TestLimit: a caller may allow more, or less, than the usual limits.
func TestLimit(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("big")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, archive.MaxPart+1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part, total int64
		ok          bool
	}{{archive.MaxPart, archive.MaxTotal, false}, {archive.MaxPart + 1, archive.MaxTotal, true}, {archive.MaxPart + 1, archive.MaxPart, false}} {
		a, err := archive.Open(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		a.Limit(c.part, c.total)
		if text, _, err := a.Read("big"); (err == nil) != c.ok || c.ok && len(text) != archive.MaxPart+1 {
			t.Errorf("%+v: %d bytes, %v", c, len(text), err)
		}
	}
}

func TestLarge(t *testing.T) {
	t.Parallel()
	const hole = 3 << 30
	small := python(t, `
with zipfile.ZipFile(out, "w") as z:
    z.writestr(info("big", zipfile.ZIP_STORED), "")
    z.writestr(info("a"), "x")
`)
	le := binary.LittleEndian
	cut := 30 + 3
	big := bytes.Clone(small)
	first := bytes.Index(big, []byte("PK\x01\x02"))
	second := bytes.LastIndex(big, []byte("PK\x01\x02"))
	le.PutUint32(big[first+20:], hole)
	le.PutUint32(big[first+24:], hole)
	le.PutUint32(big[second+42:], uint32(cut+hole))
	le.PutUint32(big[len(big)-22+16:], uint32(first+hole))
	src := &sparse{head: big[:cut], tail: big[cut:], hole: hole}
	a, err := archive.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.Edit([]archive.Part{{Name: "a", Content: []byte("changed")}, {Name: "new", Content: []byte("y")}})
	if err != nil {
		t.Fatal(err)
	}
	if e.Size() <= src.Size() || src.read > 1<<20 {
		t.Errorf("size %d, read %d bytes", e.Size(), src.read)
	}
}

// sparse is a file with a hole of NULs.
type sparse struct {
	head, tail []byte
	hole, read int64
}

func (s *sparse) Size() int64 { return int64(len(s.head)) + s.hole + int64(len(s.tail)) }

func (s *sparse) ReadAt(b []byte, off int64) (int, error) {
	s.read += int64(len(b))
	for i := range b {
		switch at := off + int64(i); {
		case at < int64(len(s.head)):
			b[i] = s.head[at]
		case at < int64(len(s.head))+s.hole:
			b[i] = 0
		case at < s.Size():
			b[i] = s.tail[at-int64(len(s.head))-s.hole]
		default:
			return i, io.EOF
		}
	}
	return len(b), nil
}

var _ media.Source = (*sparse)(nil)

func FuzzArchive(f *testing.F) {
	f.Add(raw(func(_, _, _ []byte) {}))
	f.Add(zip64End(raw(func(_, _, _ []byte) {})))
	f.Add(raw(func(_, c, _ []byte) { c[10] = 8 }))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := archive.Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, name := range a.Names() {
			if text, _, err := a.Read(name); err == nil && len(text) > archive.MaxPart {
				t.Fatalf("%d bytes", len(text))
			}
		}
		part := archive.Part{Name: "a", Content: []byte("changed")}
		e, err := a.Edit([]archive.Part{part})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := e.Apply(&out, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		after, err := archive.Open(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if text, ok, err := after.Read("a"); err != nil || !ok || !bytes.Equal(text, part.Content) {
			t.Fatalf("%q, %v, %v", text, ok, err)
		}
	})
}

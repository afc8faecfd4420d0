package bmff_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// TestPadding takes growth from padding, so that no offset changes, wherever the padding stands.
func TestPadding(t *testing.T) {
	t.Parallel()
	mvhd := atom("mvhd", zero(100))
	xmpBox := uuid(box.UserXMP, "<x/>")
	for name, build := range map[string]func(at uint32) []byte{
		"behind moov": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", mvhd, track(stco(at))), atom("free", zero(900)), atom("mdat", sampleBytes))
		},
		"behind moov and uuid": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", mvhd, track(stco(at))), xmpBox, atom("skip", zero(900)), atom("mdat", sampleBytes))
		},
		"in moov": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", mvhd, track(stco(at)), atom("free", zero(900))), atom("mdat", sampleBytes))
		},
		"in udta": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", mvhd, track(stco(at)), atom("udta", atom("free", zero(900)))), atom("mdat", sampleBytes))
		},
		"in an iTunes list": func(at uint32) []byte {
			list := meta(handler("mdir"), atom("ilst", atom("\xa9nam", text("T"))), atom("free", zero(900)))
			return cat(ftyp("isom"), atom("moov", mvhd, track(stco(at)), atom("udta", list)), atom("mdat", sampleBytes))
		},
		"exactly": func(at uint32) []byte {
			label := len(atom("udta", meta(keyed("AIGC", string(mediatest.Value("new"))))))
			return cat(ftyp("isom"), atom("moov", mvhd, track(stco(at))), atom("free", zero(label-8)), atom("mdat", sampleBytes))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := fixed(sampleBytes, build)
			after := label(t, before)
			if len(after) != len(before) || bytes.Index(after, []byte(sampleBytes)) != bytes.Index(before, []byte(sampleBytes)) {
				t.Errorf("the samples moved; %d bytes, then %d", len(before), len(after))
			}
			wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE")
			mediatest.One(t, bmff.Container{}, media.MP4, after, media.PlaceKeys, mediatest.Value("new"))
		})
	}
}

// TestShrink turns room that becomes free into padding.
func TestShrink(t *testing.T) {
	t.Parallel()
	before := simple(atom("udta", meta(keyed("AIGC", string(bytes.Repeat([]byte("x"), 1000))))))
	after := label(t, before)
	if len(after) != len(before) {
		t.Errorf("%d bytes, then %d", len(before), len(after))
	}
	wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE", "SAMPLE-TWO")
}

// TestPointedPadding leaves padding alone when samples stand in it.
func TestPointedPadding(t *testing.T) {
	t.Parallel()
	before := fixed(sampleBytes, func(at uint32) []byte {
		return cat(ftyp("isom"), atom("moov", track(stco(at, at+17))), atom("free", sampleBytes, zero(900)), atom("mdat", "other"))
	})
	wantPointed(t, label(t, before), "stco", 8, 4, "SAMPLE-ONE", "SAMPLE-TWO")
}

// TestTail keeps everything before a moov behind the samples.
func TestTail(t *testing.T) {
	t.Parallel()
	for name, mdat := range map[string][]byte{
		"size":      atom("mdat", sampleBytes),
		"largesize": cat(uint32(1), "mdat", uint64(16+len(sampleBytes)), sampleBytes),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := fixed(sampleBytes, func(at uint32) []byte {
				return cat(ftyp("isom"), mdat, atom("moov", track(stco(at, at+17))))
			})
			after := label(t, before)
			prefix := bytes.Index(before, []byte("moov")) - 4
			if !bytes.Equal(after[:prefix], before[:prefix]) {
				t.Error("bytes before moov changed")
			}
			wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE", "SAMPLE-TWO")
		})
	}
}

// TestForms covers the forms of sizes and of old files.
func TestForms(t *testing.T) {
	t.Parallel()
	large := func(name string, content []byte) []byte {
		return cat(uint32(1), name, uint64(16+len(content)), content)
	}
	open := func(name string, content []byte) []byte { return cat(uint32(0), name, content) }
	for name, build := range map[string]func(at uint32) []byte{
		"mdat to the end": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", track(stco(at))), open("mdat", []byte(sampleBytes)))
		},
		"moov to the end": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("mdat", sampleBytes), open("moov", track(stco(at))))
		},
		"large mdat": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", track(stco(at))), large("mdat", []byte(sampleBytes)))
		},
		"large moov": func(at uint32) []byte {
			return cat(ftyp("isom"), large("moov", track(stco(at))), atom("mdat", sampleBytes))
		},
		"large udta": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", track(stco(at)), large("udta", nil)), atom("mdat", sampleBytes))
		},
		"old, moov first": func(at uint32) []byte { return cat(atom("moov", track(stco(at))), atom("mdat", sampleBytes)) },
		"old, wide first": func(at uint32) []byte {
			return cat(atom("wide"), atom("mdat", sampleBytes), atom("moov", track(stco(at))))
		},
		"old, mdat first": func(at uint32) []byte { return cat(atom("mdat", sampleBytes), atom("moov", track(stco(at)))) },
		"udta with end": func(at uint32) []byte {
			return cat(ftyp("qt  "), atom("moov", track(stco(at)), atom("udta", atom("\xa9nam", "xxxxT"), zero(4))), atom("mdat", sampleBytes))
		},
		"two user datas": func(at uint32) []byte {
			return cat(ftyp("qt  "), atom("moov", track(stco(at)), atom("udta"), atom("udta", meta(keyed("a", "b")))), atom("mdat", sampleBytes))
		},
		"two media datas": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("mdat", "other"), atom("moov", track(stco(at))), atom("mdat", sampleBytes))
		},
		"trailing bytes": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", track(stco(at))), atom("mdat", sampleBytes), zero(33))
		},
		"a camera's udta": func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", track(stco(at)), atom("udta", atom("thmb", zero(5000)))), atom("mdat", sampleBytes))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := fixed(sampleBytes, build)
			after := label(t, before)
			wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE")
			mediatest.One(t, bmff.Container{}, sniff(t, before), after, media.PlaceKeys, mediatest.Value("new"))
		})
	}
}

// TestOffsets moves every kind of absolute offset.
func TestOffsets(t *testing.T) {
	t.Parallel()
	before := fixed(sampleBytes, func(at uint32) []byte {
		saio := atom("saio", uint32(0), uint32(1), at)
		iloc := atom("iloc", uint32(0), uint16(0x4400), uint16(2),
			uint16(1), uint16(0), uint16(1), at, uint32(10),
			uint16(2), uint16(0), uint16(2), at, uint32(5), at+17, uint32(5))
		sidxBody := func(first uint32) []byte {
			return atom("sidx", uint32(0), uint32(1), uint32(1), uint32(0), first, uint16(0), uint16(1), uint32(len(sampleBytes)), uint32(0), uint32(0))
		}
		head := cat(ftyp("isom"), uuid(box.UserC2PA, uint32(0), "manifest\x00", uint64(at), "jumb"))
		index := sidxBody(at - uint32(len(head)+len(sidxBody(0))))
		moof := atom("moof", atom("mfhd", zero(8)), atom("traf", atom("tfhd", uint32(1), uint32(1), uint64(at))))
		tfra := atom("tfra", uint32(0x01000000), uint32(1), uint32(0), uint32(1), uint64(0), uint64(at), zero(3))
		return cat(head, index, atom("moov", track(stco(at, at+17), co64(uint64(at)), saio), meta(iloc)), moof, atom("mdat", sampleBytes), atom("mfra", tfra))
	})
	after := label(t, before)
	if len(after) <= len(before) {
		t.Fatal("nothing moved")
	}
	wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE", "SAMPLE-TWO")
	wantPointed(t, after, "co64", 8, 8, "SAMPLE-ONE")
	wantPointed(t, after, "saio", 8, 4, "SAMPLE-ONE")
	wantPointed(t, after, "tfhd", 8, 8, "SAMPLE-ONE")
	wantPointed(t, after, "tfra", 24, 8, "SAMPLE-ONE")
	wantPointed(t, after, "manifest\x00", 5, 8, "SAMPLE-ONE")
	wantPointed(t, after, "iloc", 14, 4, "SAMPLE-ONE")
	wantPointed(t, after, "iloc", 28, 4, "SAMPLE-ONE")
	wantPointed(t, after, "iloc", 36, 4, "SAMPLE-TWO")
	index := bytes.Index(after, []byte("sidx")) - 4
	end := index + int(binary.BigEndian.Uint32(after[index:]))
	first := int(binary.BigEndian.Uint32(after[index+24:]))
	if got := string(after[end+first:][:10]); got != "SAMPLE-ONE" {
		t.Errorf("sidx points to %q", got)
	}
}

// TestExternalSamples leaves the offsets of a track alone whose samples are in another file.
func TestExternalSamples(t *testing.T) {
	t.Parallel()
	external := atom("trak", atom("mdia", atom("minf",
		atom("dinf", atom("dref", uint32(0), uint32(1), atom("url ", uint32(0), "file:other.mov\x00"))),
		atom("stbl", stco(1234)))))
	before := cat(ftyp("qt  "), atom("moov", external), atom("mdat", sampleBytes))
	after := label(t, before)
	if !bytes.Contains(after, stco(1234)) {
		t.Error("an offset into another file moved")
	}
}

// TestRefused lists what is refused rather than damaged.
func TestRefused(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("x"))
	mdat := atom("mdat", sampleBytes)
	for name, c := range map[string]struct {
		file []byte
		kind colophon.Kind
		what string
	}{
		"no moov":            {cat(ftyp("isom"), mdat), colophon.Invalid, "moov"},
		"two moov":           {cat(ftyp("isom"), atom("moov"), atom("moov"), mdat), colophon.Invalid, "moov"},
		"moov in moov":       {cat(ftyp("isom"), atom("moov", atom("moov")), mdat), colophon.Invalid, "moov"},
		"truncated mdat":     {simple()[:len(simple())-3], colophon.Invalid, "mdat"},
		"box size 4":         {cat(ftyp("isom"), uint32(4), "moov"), colophon.Invalid, "moov"},
		"largesize 8":        {cat(ftyp("isom"), uint32(1), "moov", uint64(8)), colophon.Invalid, "moov"},
		"huge largesize":     {cat(ftyp("isom"), uint32(1), "moov", uint64(math.MaxUint64)), colophon.Invalid, "moov"},
		"child too large":    {cat(ftyp("isom"), atom("moov", uint32(100), "trak"), mdat), colophon.Invalid, "trak"},
		"stco count":         {cat(ftyp("isom"), atom("moov", track(atom("stco", uint32(0), uint32(math.MaxUint32)))), mdat), colophon.Invalid, "stco"},
		"stco without count": {cat(ftyp("isom"), atom("moov", track(atom("stco", uint32(0)))), mdat), colophon.Invalid, "stco"},
		"co64 beyond files":  {cat(ftyp("isom"), atom("moov", track(co64(math.MaxUint64))), mdat), colophon.Invalid, "co64"},
		"compressed header":  {cat(ftyp("qt  "), atom("moov", atom("cmov")), mdat), colophon.Unsupported, "cmov"},
		"keys count":         {simple(atom("udta", meta(handler("mdta"), atom("keys", uint32(0), uint32(9)), atom("ilst")))), colophon.Invalid, "keys"},
		"key size":           {simple(atom("udta", meta(handler("mdta"), atom("keys", uint32(0), uint32(1), uint32(3), "mdta"), atom("ilst")))), colophon.Invalid, "keys"},
		"item without key":   {simple(atom("udta", meta(handler("mdta"), atom("keys", uint32(0), uint32(0)), atom("ilst", atom("\x00\x00\x00\x01", text("x")))))), colophon.Unsupported, "ilst"},
		"damaged udta":       {simple(atom("udta", uint32(200), "meta")), colophon.Invalid, "meta"},
		"label in fragment":  {cat(simple(), atom("moof", atom("udta", atom("AIGC", value)))), colophon.Unsupported, "udta"},
		"mixed references": {cat(ftyp("qt  "), atom("moov", atom("trak", atom("mdia", atom("minf",
			atom("dinf", atom("dref", uint32(0), uint32(2), atom("url ", uint32(1)), atom("url ", uint32(0), "x"))), atom("stbl", stco(1)))))), mdat),
			colophon.Unsupported, "dref"},
		"offset into the list": {fixed("01234567", func(at uint32) []byte {
			return cat(ftyp("isom"), atom("moov", track(stco(at)), atom("udta", meta(keyed("AIGC", "0123456789")))), mdat)
		}), colophon.Unsupported, "stco"},
		"narrow tfra": {cat(simple(), atom("mfra", atom("tfra", uint32(0), uint32(1), uint32(0), uint32(1), uint32(0), uint32(math.MaxUint32), zero(3)))),
			colophon.Unsupported, "tfra"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bmff.Container{}.Edit(bytes.NewReader(c.file), media.MP4, media.Put{Place: media.PlaceKeys, Value: mediatest.Value("n")})
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Args["what"] != c.what || e.Args["offset"] == "" {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// sparse is a file that is never in memory: pieces at offsets, zeros between them, and a table of offsets that is
// computed when it is read.
type sparse struct {
	size   int64
	pieces map[int64][]byte
	table  func(entry int64) uint32
	at, n  int64 // the table in the file
}

func (s *sparse) Size() int64 { return s.size }

func (s *sparse) ReadAt(b []byte, off int64) (int, error) {
	if off >= s.size {
		return 0, io.EOF
	}
	n := min(int64(len(b)), s.size-off)
	clear(b[:n])
	for at, p := range s.pieces {
		if at < off+n && off < at+int64(len(p)) {
			if at >= off {
				copy(b[at-off:n], p)
			} else {
				copy(b[:n], p[off-at:])
			}
		}
	}
	for i := max(off, s.at); i < min(off+n, s.at+4*s.n); i++ {
		var entry [4]byte
		binary.BigEndian.PutUint32(entry[:], s.table((i-s.at)/4))
		b[i-off] = entry[(i-s.at)%4]
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// head keeps the first bytes of what is written and counts the rest.
type head struct {
	b     []byte
	limit int
	n     int64
}

func (h *head) Write(b []byte) (int, error) {
	h.b = append(h.b, b[:min(len(b), h.limit-len(h.b))]...)
	h.n += int64(len(b))
	return len(b), nil
}

func (h *head) CopyRange(_ media.Source, _, n int64) (bool, error) {
	if len(h.b) < h.limit {
		return false, nil
	}
	h.n += n
	return true, nil
}

// TestHuge labels a movie of 6 GB whose table of a million chunks must widen from stco to co64, in less memory than the
// table takes.
func TestHuge(t *testing.T) {
	const chunks = 1_000_000
	prefix := cat(ftyp("isom"))
	stcoSize := int64(16 + 4*chunks)
	nest := []string{"stbl", "minf", "mdia", "trak", "moov"}
	var open []byte
	size := stcoSize
	for _, name := range nest {
		size += 8
		open = append(cat(uint32(size), name), open...)
	}
	start := int64(len(prefix)) + size // of mdat
	src := &sparse{
		size:  start + 16 + 6<<30,
		at:    int64(len(prefix)+len(open)) + 16,
		n:     chunks,
		table: func(i int64) uint32 { return uint32(start + 16 + i*(math.MaxUint32-100-start-16)/(chunks-1)) },
	}
	src.pieces = map[int64][]byte{
		0:     cat(prefix, open, uint32(stcoSize), "stco", uint32(0), uint32(chunks)),
		start: cat(uint32(1), "mdat", uint64(16+6<<30)),
	}

	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	allocated := stats.TotalAlloc
	edit, err := bmff.Container{}.Edit(src, media.MP4, media.Put{Place: media.PlaceKeys, Value: mediatest.Value("huge")})
	if err != nil {
		t.Fatal(err)
	}
	out := &head{limit: int(start) + 4*chunks + 4096}
	out.b = make([]byte, 0, out.limit)
	if err := edit.Apply(out, src); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&stats)
	if used := int64(stats.TotalAlloc-allocated) - int64(out.limit); used > 2<<20 {
		t.Errorf("%d bytes allocated", used)
	}
	if out.n != edit.Size() {
		t.Errorf("wrote %d bytes of %d", out.n, edit.Size())
	}
	shift := edit.Size() - src.size
	at := bytes.Index(out.b[:200], []byte("co64"))
	if at < 0 || binary.BigEndian.Uint32(out.b[at-4:]) != 16+8*chunks || binary.BigEndian.Uint32(out.b[at+8:]) != chunks {
		t.Fatalf("no co64: %x", out.b[:200])
	}
	for _, i := range []int64{0, 1, 77777, chunks - 1} {
		if got, want := binary.BigEndian.Uint64(out.b[int64(at)+12+8*i:]), int64(src.table(i))+shift; got != uint64(want) {
			t.Errorf("chunk %d at %d, want %d", i, got, want)
		}
	}
	moov := int64(binary.BigEndian.Uint32(out.b[len(prefix):]))
	if got := string(out.b[int64(len(prefix))+moov+4:][:4]); got != "mdat" {
		t.Errorf("%q behind moov", got)
	}
}

// TestHugeNarrow keeps narrow tables in a file beyond 4 GiB whose offsets are small.
func TestHugeNarrow(t *testing.T) {
	t.Parallel()
	file := simple()
	mdat := int64(bytes.Index(file, []byte("mdat")) - 4)
	src := &sparse{size: mdat + 16 + 5<<30, pieces: map[int64][]byte{0: cat(file[:mdat], uint32(1), "mdat", uint64(16+5<<30))}}
	edit, err := bmff.Container{}.Edit(src, media.MP4, media.Put{Place: media.PlaceKeys, Value: mediatest.Value("huge")})
	if err != nil {
		t.Fatal(err)
	}
	out := &head{limit: 4096}
	if err := edit.Apply(out, src); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out.b, []byte("stco")) || bytes.Contains(out.b, []byte("co64")) {
		t.Error("small offsets in a large file need no wide table")
	}
}

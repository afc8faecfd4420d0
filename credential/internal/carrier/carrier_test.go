package carrier_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
)

// samples returns the program's own samples and those of the corpus by their names.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	own, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range own {
		files[f.Name] = f.Bytes
	}
	root := os.Getenv("COLOPHON_SAMPLES")
	if root == "" {
		t.Log("COLOPHON_SAMPLES is not set, so only files of ours are written to")
		return files
	}
	paths, err := filepath.Glob(filepath.Join(root, "media", "*.*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(p)] = b
	}
	return files
}

func detect(b []byte) media.Format {
	_, f, _ := all.Detect(media.Memory(b), "")
	return f
}

// store returns something that looks like a store of about n bytes.
func store(n int) []byte {
	noise := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 7))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	return jumbf.Super(jumbf.Named("c2pa"), "c2pa", jumbf.CBOR("noise", noise))
}

// put returns the file with a store in it.
func put(t *testing.T, file []byte, f media.Format, store []byte) []byte {
	t.Helper()
	room, err := carrier.Make(media.Memory(file), f, len(store))
	if err != nil {
		t.Fatalf("making room: %v", err)
	}
	var out bytes.Buffer
	if err := room.Edit.Apply(&out, media.Memory(file)); err != nil {
		t.Fatal(err)
	}
	frame := room.Frame(store)
	if int64(len(frame)) != room.Size {
		t.Fatalf("a frame of %d bytes for a hole of %d", len(frame), room.Size)
	}
	copy(out.Bytes()[room.Offset:], frame)
	return out.Bytes()
}

// TestThereAndBack puts stores of many sizes into every format, one in the place of another.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	seen := map[media.Format]bool{}
	for name, file := range samples(t) {
		f := detect(file)
		if !carrier.Known(f) {
			continue
		}
		seen[f] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err := carrier.Find(media.Memory(file), f)
			if err != nil {
				t.Fatal(err)
			}
			if before != nil {
				t.Fatalf("%d bytes of a store in a sample without one", len(before.Store))
			}
			at := file
			for _, n := range []int{300, 65_600, 199_999, 77} {
				want := store(n)
				at = put(t, at, f, want)
				if got := detect(at); got != f {
					t.Fatalf("%s has become %s", f, got)
				}
				place, err := carrier.Find(media.Memory(at), f)
				if err != nil || place == nil {
					t.Fatalf("after %d bytes: %v, %v", n, place, err)
				}
				if !bytes.Equal(place.Store, want) {
					t.Fatalf("%d bytes have come back as %d others", len(want), len(place.Store))
				}
				if f != media.PDF && !carrier.InText(f) && len(at) > len(file)+len(want)*3/2+400 {
					t.Errorf("%d bytes have grown by %d for %d", len(file), len(at)-len(file), len(want))
				}
			}
			if carrier.InText(f) {
				return // and its container knows of no signatures
			}
			container, _, err := all.Detect(media.Memory(at), "")
			if err != nil {
				t.Fatal(err)
			}
			if survey, err := container.Scan(media.Memory(at), f); err != nil || len(survey.Signatures) == 0 {
				t.Errorf("the container does not see the store: %v", err)
			}
		})
	}
	for _, f := range []media.Format{media.JPEG, media.PNG, media.WebP, media.GIF, media.TIFF, media.SVG, media.MP4, media.MOV, media.M4A, media.HEIC, media.WAV, media.AVI, media.MP3, media.FLAC, media.PDF} {
		if !seen[f] {
			t.Errorf("no sample of %s", f)
		}
	}
}

// TestWrapper holds the wrapper of a text to the vector that is published for it: 16 bytes make 114 of UTF-8, and padding
// of 0, 16, 16 makes 125.
func TestWrapper(t *testing.T) {
	t.Parallel()
	const host, payload = "This sentence carries an invisible C2PA text manifest wrapper at its end.", "c2pa-manifest-01"
	out := put(t, []byte(host), media.Text, []byte(payload))
	if len(out) != 73+125 || !bytes.HasPrefix(out, []byte(host+"\uFEFF\U000E0133\U000E0122\U000E0140\U000E0131\U000E0144\U000E0148\U000E0144\uFE00\uFE01\uFE00\uFE00\uFE00\U000E0100\U000E0153\U000E0122")) || !bytes.HasSuffix(out, []byte("\uFE00\U000E0100\U000E0100")) {
		t.Errorf("%x", out[len(host):])
	}
	place, err := carrier.Find(media.Memory(out), media.Text)
	if err != nil || string(place.Store) != payload || place.Offset != 73 || place.Size != 125 {
		t.Errorf("%+v, %v", place, err)
	}
}

func TestTwoStores(t *testing.T) {
	t.Parallel()
	for name, file := range samples(t) {
		f := detect(file)
		if f != media.PNG && f != media.JPEG && f != media.GIF {
			continue
		}
		one := store(100)
		once := put(t, file, f, one)
		place, err := carrier.Find(media.Memory(once), f)
		if err != nil {
			t.Fatal(err)
		}
		end := place.Offset + place.Size
		twice := append(bytes.Clone(once[:end]), once[place.Offset:]...)
		if _, err := carrier.Find(media.Memory(twice), f); err == nil || !strings.Contains(err.Error(), "second store") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBoxes checks that the boxes of a file are without gaps, and that the store is one of them.
func TestBoxes(t *testing.T) {
	t.Parallel()
	for name, file := range samples(t) {
		f := detect(file)
		if f != media.PNG && f != media.JPEG && f != media.GIF {
			continue
		}
		file = put(t, file, f, store(70_000))
		boxes, err := carrier.Boxes(media.Memory(file), f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var at int64
		stores := 0
		for _, b := range boxes {
			if b.Off != at || b.N <= 0 {
				t.Errorf("%s: box %s of %d at %d instead of %d", name, b.Name, b.N, b.Off, at)
			}
			at = b.Off + b.N
			if b.Name == carrier.C2PA {
				stores++
			}
		}
		if stores != 1 || f != media.JPEG && at != int64(len(file)) {
			t.Errorf("%s: %d stores, boxes end at %d of %d", name, stores, at, len(file))
		}
	}
}

func FuzzFind(f *testing.F) {
	formats := []media.Format{media.JPEG, media.PNG, media.WebP, media.GIF, media.TIFF, media.SVG, media.MP4, media.MP3, media.PDF, media.Text}
	f.Add(0, append([]byte("\xFF\xD8"), []byte("\xFF\xEB\x00\x12JP\x02\x11\x00\x00\x00\x01\x00\x00\x00\x10jumb\xFF\xD9")...))
	f.Add(1, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x01caBX1\x00\x00\x00\x00"))
	f.Add(2, []byte("RIFF\x10\x00\x00\x00WEBPC2PA\x04\x00\x00\x00abcd"))
	f.Add(3, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x21\xFF\x0BC2PA_GIF\x01\x00\x00\x01a\x00\x3B"))
	f.Add(4, []byte("II*\x00\x08\x00\x00\x00\x01\x00\x41\xCD\x07\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add(5, []byte(`<svg><metadata><c2pa:manifest xmlns:c2pa="http://c2pa.org/manifest">YWJj</c2pa:manifest></metadata></svg>`))
	f.Add(6, []byte("\x00\x00\x00\x10ftypisomisom\x00\x00\x00\x31uuid\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81\x00\x00\x00\x00manifest\x00\x00\x00\x00\x00\x00\x00\x00\x00abcd"))
	f.Add(7, []byte("ID3\x04\x00\x00\x00\x00\x00\x20GEOB\x00\x00\x00\x15\x00\x00\x00application/c2pa\x00\x00\x00a"))
	f.Add(8, []byte("%PDF-1.4\n1 0 obj<</AF[]>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF"))
	f.Add(9, []byte("a\uFEFF\U000E0133\U000E0122\U000E0140\U000E0131\U000E0144\U000E0148\U000E0144\uFE00\uFE01\uFE00\uFE00\uFE00\uFE01\uFE07\n"))
	f.Fuzz(func(t *testing.T, which int, file []byte) {
		format := formats[uint(which)%uint(len(formats))]
		src := media.Memory(file)
		place, err := carrier.Find(src, format)
		if err != nil {
			return
		}
		if place != nil && (place.Offset < 0 || place.Offset+place.Size > src.Size()) {
			t.Fatalf("a store at %d, %d bytes, in a file of %d", place.Offset, place.Size, src.Size())
		}
		_, _ = carrier.Boxes(src, format)
		room, err := carrier.Make(src, format, 1000)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := room.Edit.Apply(&out, src); err != nil {
			t.Fatal(err)
		}
		want := store(1000 - 8 - 17 - 10 - 8 - 8 - 17 - 10 - 14)
		want = append(want, make([]byte, 1000-len(want))...)
		frame := room.Frame(want)
		if room.Offset+room.Size > int64(out.Len()) || int64(len(frame)) != room.Size {
			t.Fatalf("a hole at %d, %d bytes, in a file of %d, for %d", room.Offset, room.Size, out.Len(), len(frame))
		}
		copy(out.Bytes()[room.Offset:], frame)
		again, err := carrier.Find(media.Memory(out.Bytes()), format)
		if err != nil || again == nil || !bytes.Equal(again.Store, want) {
			t.Fatalf("%s: what was written does not come back: %v", format, err)
		}
	})
}

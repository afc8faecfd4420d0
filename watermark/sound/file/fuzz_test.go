package file

import (
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/sound"
)

// FuzzFiles reads anything as each of the containers that are read here. Whatever is found lies in the file.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x02\x03\x04"), "")
	f.Add([]byte("ID3\x04\x00\x00\x00\x00\x00\x02xxframes"), "APETAGEX\xd0\x07\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00")
	f.Add([]byte("fLaC\x00\x00\x00\x02xx\x84\x00\x00\x01x"), "000004LYRICS200")
	f.Add([]byte("\x00\x00\x00\x18moov\x00\x00\x00\x10udta\x00\x00\x00\x08meta"), "TAG")
	f.Fuzz(func(t *testing.T, b []byte, end string) {
		src := media.Memory(append(b, end...))
		if w, err := openWave(src); err == nil {
			if w.off < 0 || w.n < 0 || w.off+w.n > src.Size() || w.n%int64(w.frame()) != 0 {
				t.Errorf("samples at %d, %d bytes of %d", w.off, w.n, src.Size())
			}
			if len(b) < 4096 {
				if _, err := readWAV(t.Context(), src, watermark.Key{}, sound.Search{Lengths: []int{8}}); err != nil {
					t.Error(err)
				}
			}
		}
		if from, to := between(src); from < 0 || to < from || to > src.Size() {
			t.Errorf("sound from %d to %d of %d", from, to, src.Size())
		}
		for _, of := range []media.Format{media.FLAC, media.M4A} {
			w := &work{src: src, format: of}
			if e, err := w.dress(src); err == nil && e != nil && e.Size() < 0 {
				t.Error("a size below nothing")
			}
		}
	})
}

package sound_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/sound"
)

func seed(f *testing.F, name string) {
	f.Helper()
	b, err := os.ReadFile("../../internal/app/sample/data/" + name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
}

func explained(t *testing.T, err error) {
	t.Helper()
	var e *colophon.Error
	if err != nil && (!errors.As(err, &e) || e.Kind == colophon.Internal) {
		t.Fatalf("an error that explains nothing: %v", err)
	}
}

func fuzzPut(f *testing.F, format media.Format) {
	f.Fuzz(func(t *testing.T, b []byte) {
		src := media.Memory(bytes.Clone(b))
		edit, _, err := sound.Put(t.Context(), src, format, notice.Options{Where: notice.Ends}, nil)
		if err != nil {
			explained(t, err)
			return
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, src); err != nil || int64(out.Len()) != edit.Size() {
			t.Fatalf("Apply: %d bytes of %d, %v", out.Len(), edit.Size(), err)
		}
		if !bytes.Equal(src, b) {
			t.Fatal("the source was changed")
		}
		if _, _, err := sound.Put(t.Context(), media.Memory(out.Bytes()), format, notice.Options{}, nil); err != nil {
			t.Fatalf("the result is not read again: %v", err)
		}
	})
}

func FuzzWave(f *testing.F) {
	seed(f, "sample.wav")
	seed(f, "sample.rf64")
	fuzzPut(f, media.WAV)
}

func FuzzFLAC(f *testing.F) {
	seed(f, "sample.flac")
	fuzzPut(f, media.FLAC)
}

func FuzzMP3(f *testing.F) {
	seed(f, "sample.mp3")
	f.Fuzz(func(t *testing.T, b []byte) {
		broken, refused := sound.SpliceMP3(t.Context(), b)
		if broken != nil {
			t.Fatal(broken)
		}
		explained(t, refused)
	})
}

func FuzzM4A(f *testing.F) {
	seed(f, "sample.m4a")
	f.Fuzz(func(t *testing.T, b []byte) {
		broken, refused := sound.SpliceM4A(b)
		if broken != nil {
			t.Fatal(broken)
		}
		explained(t, refused)
	})
}

func FuzzOgg(f *testing.F) {
	seed(f, "sample.opus")
	seed(f, "sample.ogg")
	f.Fuzz(func(t *testing.T, b []byte) {
		broken, refused := sound.SpliceOgg(t.Context(), b)
		if broken != nil {
			t.Fatal(broken)
		}
		explained(t, refused)
	})
}

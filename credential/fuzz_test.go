package credential_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/internal/media"
)

// FuzzStore judges stores that anybody may have made: never a panic, and never one that passes but the seeds.
func FuzzStore(f *testing.F) {
	seed, err := os.ReadFile("testdata/store.c2pa") // of ours: a manifest with another as its parent, and a time stamp
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("\x00\x00\x00\x26jumb\x00\x00\x00\x1ejumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq\x03c2pa\x00"))
	content := media.Memory(make([]byte, 4096))
	f.Fuzz(func(t *testing.T, raw []byte) {
		store, err := credential.Parse(raw)
		if err != nil {
			return
		}
		for _, format := range []media.Format{media.JPEG, media.MP4} {
			r, err := store.Validate(context.Background(), content, format, credential.Options{Now: time.Unix(1.7e9, 0)})
			if err != nil {
				return
			}
			if r.Intact == colophon.Passed || r.Trusted == colophon.Passed {
				t.Fatal("content that nobody signed passes")
			}
		}
	})
}

package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
)

// BenchmarkPut stores distinct content in ways that can be compared. The bare ways compute no digest. Only ours and the
// bare one with a synced folder survive a power cut.
func BenchmarkPut(b *testing.B) {
	type put func(n int64, data []byte) error
	for _, way := range []struct {
		name string
		open func(b *testing.B, dir string) put
	}{
		{"colophon", func(b *testing.B, dir string) put {
			s, err := blob.Open(b.Context(), dir, blob.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { s.Close() })
			return func(_ int64, data []byte) error {
				_, _, err := s.Put(context.Background(), bytes.NewReader(data))
				return err
			}
		}},
		{"bare, file and folder synced", func(_ *testing.B, dir string) put { return barePut(dir, true, true) }},
		{"bare, file synced", func(_ *testing.B, dir string) put { return barePut(dir, true, false) }},
		{"fileblob, nothing synced", func(b *testing.B, dir string) put {
			bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { bucket.Close() })
			return func(_ int64, data []byte) error {
				d := blob.FormatDigest(sha256.Sum256(data))
				return bucket.WriteAll(context.Background(), d[:2]+"/"+d, data, &gcblob.WriterOptions{ContentType: "application/octet-stream"})
			}
		}},
	} {
		for _, size := range []int{4 << 10, 1 << 20} {
			for _, writers := range []int{1, 16} {
				b.Run(fmt.Sprintf("%s/%dKiB/%dw", way.name, size>>10, writers), func(b *testing.B) {
					atOnce(b, writers, size, way.open(b, b.TempDir()))
				})
			}
		}
	}
}

// atOnce has writers put b.N contents that differ in their first bytes.
func atOnce(b *testing.B, writers, size int, put func(int64, []byte) error) {
	b.SetBytes(int64(size))
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			data := blobtest.Content(size, 1)
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				copy(data, fmt.Sprintf("%020d", n))
				if err := put(n, data); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
}

func barePut(dir string, syncFile, syncFolder bool) func(int64, []byte) error {
	for i := range 256 {
		_ = os.Mkdir(filepath.Join(dir, fmt.Sprintf("%02x", i)), 0o700)
	}
	return func(n int64, data []byte) error {
		temp := filepath.Join(dir, fmt.Sprint("temp", n))
		f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Write(data); err != nil {
			return err
		}
		if syncFile {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		folder := filepath.Join(dir, fmt.Sprintf("%02x", n%256))
		if err := os.Rename(temp, filepath.Join(folder, fmt.Sprint(n))); err != nil || !syncFolder {
			return err
		}
		d, err := os.Open(folder)
		if err != nil {
			return err
		}
		defer d.Close()
		return d.Sync()
	}
}

// BenchmarkSeal seals and opens 64 MiB in memory.
func BenchmarkSeal(b *testing.B) {
	plain, key := make([]byte, 64<<20), make([]byte, blob.SealKeySize)
	sealed := seal(b, plain, key)
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			r, err := blob.Seal(bytes.NewReader(plain), key, "p")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			r, err := blob.Unseal(bytes.NewReader(sealed), int64(len(sealed)), key, "p")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package durable_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon/internal/durable"
)

// BenchmarkThousandFiles writes 1,000 files of 200 KB each, once through a batch and in bare loops for comparison.
// The bare loops make no temporary names and survive no crash half-way.
func BenchmarkThousandFiles(b *testing.B) {
	data := make([]byte, 200_000)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	for _, way := range []struct {
		name  string
		write func(dir string, data []byte) error
	}{
		{"batch", func(dir string, data []byte) error { return throughBatch(dir, data, durable.Options{}) }},
		{"batch without sync", func(dir string, data []byte) error { return throughBatch(dir, data, durable.Options{NoSync: true}) }},
		{"bare with one syncfs", func(dir string, data []byte) error { return bare(dir, data, false, true) }},
		{"bare with fsync each", func(dir string, data []byte) error { return bare(dir, data, true, false) }},
		{"bare without sync", func(dir string, data []byte) error { return bare(dir, data, false, false) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(1000 * len(data)))
			for b.Loop() {
				b.StopTimer()
				dir := b.TempDir()
				unix.Sync() // what others wrote is not ours to wait for
				b.StartTimer()
				if err := way.write(dir, data); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := os.RemoveAll(dir); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

func throughBatch(dir string, data []byte, opts durable.Options) error {
	batch := durable.NewBatch(opts)
	defer batch.Abort()
	for i := range 1000 {
		f, err := batch.Create(filepath.Join(dir, fmt.Sprint(i)), nil)
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
		if err := f.Finish(); err != nil {
			return err
		}
	}
	return batch.Commit()
}

func bare(dir string, data []byte, each, once bool) error {
	for i := range 1000 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
		if each {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	switch {
	case each:
		return folder.Sync()
	case once:
		return unix.Syncfs(int(folder.Fd()))
	}
	return nil
}

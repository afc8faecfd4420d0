package picture_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/picture"
)

// A photograph of the canonical size: what does not depend on a picture's size.
func benchmark(b *testing.B, do func(*picture.Marker, *picture.Plane) error) {
	b.Helper()
	m, err := picture.New(watermark.Key{1}, 8)
	if err != nil {
		b.Fatal(err)
	}
	was := photograph(b, "15.png")
	if was == nil {
		return
	}
	y, begun := luma(was), spent()
	for b.Loop() {
		if err := do(m, y); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((spent()-begun).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// spent is the time that processors were busy with this process.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkMark(b *testing.B) {
	benchmark(b, func(m *picture.Marker, y *picture.Plane) error {
		_, err := m.Mark(y, make([]byte, 8), picture.Options{})
		return err
	})
}

func BenchmarkDetect(b *testing.B) {
	for _, search := range []bool{false, true} {
		b.Run(map[bool]string{false: "direct", true: "search"}[search], func(b *testing.B) {
			benchmark(b, func(m *picture.Marker, y *picture.Plane) error {
				m.Detect(y, search)
				return nil
			})
		})
	}
}

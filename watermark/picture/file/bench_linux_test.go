package file_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark/picture"
	"github.com/colophon-project/colophon/watermark/picture/file"
)

// A photograph of 12 million pixels, scaled up from a smaller one: less detail than a camera's, at a higher quality.
func benchmark(b *testing.B, do func(m *picture.Marker, src media.Source) error) {
	b.Helper()
	src := media.Memory(photograph(b, "x.jpg", "-vf", "scale=4242:2828,noise=alls=14:allf=u", "-q:v", "3"))
	m := marker(b)
	begun := spent()
	for b.Loop() {
		if err := do(m, src); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*4242*2828/1e6/(spent()-begun).Seconds(), "MP/cpu-s")
	b.ReportMetric(float64(len(src))*8/4242/2828, "bits/pixel")
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
	benchmark(b, func(m *picture.Marker, src media.Source) error {
		_, err := file.Mark(context.Background(), m, src, media.JPEG, make([]byte, 8), picture.Options{})
		return err
	})
}

func BenchmarkDetect(b *testing.B) {
	for _, search := range []bool{false, true} {
		b.Run(map[bool]string{false: "direct", true: "search"}[search], func(b *testing.B) {
			benchmark(b, func(m *picture.Marker, src media.Source) error {
				_, err := file.Detect(context.Background(), m, src, media.JPEG, search)
				return err
			})
		})
	}
}

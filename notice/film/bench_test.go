package film_test

import (
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/film"
	"github.com/colophon-project/colophon/notice/plate"
)

// BenchmarkMinute stamps 60 s of 1080p H.264 with a key frame every 2 s and at x264's default spacing, and lets ffmpeg draw
// the words and encode all of it at the preset that made the film. FILM_BENCH names a film to take instead. Run it under
// `taskset -c 0` for one processor each.
func BenchmarkMinute(b *testing.B) {
	const source = "testsrc2=s=1920x1080:r=25:d=60"
	for _, c := range []struct{ name, every string }{{"default", "250"}, {"two-seconds", "50"}} {
		path := os.Getenv("FILM_BENCH")
		if path == "" {
			path = mediatest.File(b, "a.mp4", mediatest.FFmpeg(b, "a.mp4", "-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine=d=60",
				"-c:v", "libx264", "-preset", "medium", "-g", c.every))
		} else {
			c.name = "given"
		}
		b.Run(c.name+"/colophon", func(b *testing.B) {
			before := spent(b)
			for b.Loop() {
				stampFile(b, path)
			}
			b.ReportMetric((spent(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
		b.Run(c.name+"/ffmpeg", func(b *testing.B) {
			before := spent(b)
			for b.Loop() {
				mediatest.FFmpeg(b, "o.mp4", "-threads", "1", "-i", path, "-vf", "drawtext=text=AI:fontsize=72:x=20:y=20:box=1:enable='lt(t,2)'",
					"-c:v", "libx264", "-preset", "medium", "-threads", "1", "-c:a", "copy")
			}
			b.ReportMetric((spent(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// stampFile stamps a file into nothing that is kept.
func stampFile(b *testing.B, path string) {
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	res, err := film.Put(b.Context(), film.Film{Source: io.NewSectionReader(file, 0, info.Size()), Format: media.MP4,
		Options: notice.Options{Whole: os.Getenv("FILM_WHOLE") != ""}, Plate: words, Measure: plate.Measure, Tools: tools(b)})
	if err != nil {
		b.Fatal(err)
	}
	out, err := os.Create(b.TempDir() + "/out.mp4")
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	if err := res.Edit.Apply(out, res.Source); err != nil {
		b.Fatal(err)
	}
	if keep := os.Getenv("FILM_OUT"); keep != "" {
		if err := os.Rename(out.Name(), keep); err != nil {
			b.Fatal(err)
		}
	}
}

// spent is the processor's time of this process and of those that it waited for.
func spent(b *testing.B) time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

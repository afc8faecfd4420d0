package sound_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
)

func TestM4A(t *testing.T) {
	t.Parallel()
	for name, before := range makeAll(t, map[string][]string{
		"late.m4a":  {"-c:a", "aac", "-ar", "44100", "-ac", "2", "-b:a", "96k"},
		"early.m4a": {"-c:a", "aac", "-ar", "48000", "-ac", "1", "-b:a", "64k", "-movflags", "+faststart"},
	}) {
		wheres := []notice.Where{notice.Ends}
		if name == "late.m4a" {
			wheres = []notice.Where{notice.Start, notice.End}
		}
		for _, where := range wheres {
			t.Run(name+" "+string(where), func(t *testing.T) {
				t.Parallel()
				o := notice.Options{Where: where}
				after, report := put(t, name, before, media.M4A, o)
				heard(t, name, before, after, o, report)
				if where == notice.Ends {
					again(t, name, after, media.M4A, o)
				}
				if front, _ := sameWithin(t, name, before, after); front < 20 && where != notice.End {
					t.Errorf("%d packets in front", front)
				}
				if report.Method != "packets" {
					t.Errorf("report %+v", report)
				}
			})
		}
	}
}

// TestGaplessNote puts notices on a file of iTunes' make-up: what its tag says about gaps must be what the edit list says.
func TestGaplessNote(t *testing.T) {
	t.Parallel()
	// ffmpeg writes a free-form tag only as a key, so the note stands there, in the way that iTunes writes it.
	note := " 00000000 00000400 00000170 0000000000020690 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
	before := make3(t, "n.m4a", "-c:a", "aac", "-ar", "44100", "-ac", "2", "-b:a", "96k", "-movflags", "use_metadata_tags", "-metadata", "iTunSMPB="+note)
	after, report := put(t, "n.m4a", before, media.M4A, notice.Options{Where: notice.Ends})
	was, is := heard(t, "n.m4a", before, after, notice.Options{Where: notice.Ends}, report)
	if grown := duration(t, after) - duration(t, before); math.Abs(grown-report.Added) > 0.002 {
		t.Errorf("the file says that it grew by %.4f s, the report %.4f", grown, report.Added)
	}
	words := strings.Fields(mediatest.FFprobeTags(t, "n.m4a", after)["iTunSMPB"])
	if len(words) < 4 {
		t.Fatalf("iTunSMPB = %q", words)
	}
	var numbers [3]int64
	for i := range numbers {
		n, err := strconv.ParseInt(words[i+1], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		numbers[i] = n
	}
	total := int64(len(packets(t, "n.m4a", after))) * 1024
	if length := int64(len(is.samples)); numbers[2] != length || numbers[0]+numbers[1]+numbers[2] != total || length <= int64(len(was.samples)) {
		t.Errorf("iTunSMPB says %d of %d samples, ffmpeg decodes %d", numbers, total, length)
	}
}

// duration is what the container says, as ffprobe reads it.
func duration(t *testing.T, b []byte) float64 {
	t.Helper()
	out := mediatest.Output(t, "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", mediatest.File(t, "d.m4a", b))
	v, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

package sound_test

import (
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
)

func TestFLAC(t *testing.T) {
	t.Parallel()
	for name, before := range makeAll(t, map[string][]string{
		"stereo.flac": {"-ar", "44100", "-ac", "2", "-sample_fmt", "s16"},
		"24.flac":     {"-ar", "48000", "-ac", "1", "-sample_fmt", "s32", "-compression_level", "12"},
		"51.flac":     {"-ar", "48000", "-ac", "6", "-sample_fmt", "s16", "-compression_level", "0"},
	}) {
		wheres := []notice.Where{notice.Ends}
		if name == "stereo.flac" {
			wheres = []notice.Where{notice.Start, notice.End}
		}
		for _, where := range wheres {
			t.Run(name+" "+string(where), func(t *testing.T) {
				t.Parallel()
				o := notice.Options{Where: where}
				after, report := put(t, name, before, media.FLAC, o)
				was, is := heard(t, name, before, after, o, report)
				again(t, name, after, media.FLAC, o)
				holds(t, name, is.raw, was.raw)
				outputAll(t, "flac", "-t", "-s", "-w", mediatest.File(t, name, after)) // checks numbers, CRCs and MD5; -w makes warnings errors
			})
		}
	}
}

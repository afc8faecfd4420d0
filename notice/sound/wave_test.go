package sound_test

import (
	"math"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

func TestWave(t *testing.T) {
	t.Parallel()
	for name, before := range makeAll(t, map[string][]string{
		"u8.wav":    {"-c:a", "pcm_u8", "-ar", "8000"},
		"s16.wav":   {"-c:a", "pcm_s16le", "-ar", "44100", "-ac", "2"},
		"s24.wav":   {"-c:a", "pcm_s24le", "-ar", "48000", "-ac", "1"},
		"s32.wav":   {"-c:a", "pcm_s32le", "-ar", "96000", "-ac", "2"},
		"f32.wav":   {"-c:a", "pcm_f32le", "-ar", "22050", "-ac", "2"},
		"f64.wav":   {"-c:a", "pcm_f64le", "-ar", "16000", "-ac", "1"},
		"51.wav":    {"-c:a", "pcm_s16le", "-ar", "48000", "-ac", "6"},
		"rf64.rf64": {"-c:a", "pcm_s16le", "-ar", "48000", "-rf64", "always", "-f", "wav"},
	}) {
		wheres := []notice.Where{notice.Ends}
		if name == "s16.wav" {
			wheres = []notice.Where{notice.End}
		}
		for _, where := range wheres {
			t.Run(name+" "+string(where), func(t *testing.T) {
				t.Parallel()
				f := media.WAV
				if name == "rf64.rf64" {
					f = media.RF64
				}
				o := notice.Options{Where: where}
				after, report := put(t, name, before, f, o)
				was, is := heard(t, name, before, after, o, report)
				again(t, name, after, f, o)
				holds(t, name, is.raw, was.raw)
				if report.Method != "packets" || report.Place != string(where) || math.Abs(report.Seconds-1.32) > 0.001 {
					t.Errorf("report %+v", report)
				}
			})
		}
	}
}

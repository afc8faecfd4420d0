package sound_test

import (
	"bytes"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

func TestOpusAndADTS(t *testing.T) {
	t.Parallel()
	made := makeAll(t, map[string][]string{
		"stereo.opus": {"-c:a", "libopus", "-ac", "2", "-b:a", "96k"},
		"mono.opus":   {"-c:a", "libopus", "-ac", "1", "-b:a", "48k", "-frame_duration", "60"},
		"51.opus":     {"-c:a", "libopus", "-ac", "6", "-b:a", "256k"},
		"a.aac":       {"-c:a", "aac", "-ac", "2", "-ar", "44100", "-b:a", "96k"},
	})
	for _, c := range []struct {
		name   string
		format media.Format
		where  notice.Where
	}{
		{"stereo.opus", media.Opus, notice.End},
		{"mono.opus", media.Opus, notice.Start},
		{"51.opus", media.Opus, notice.Ends},
		{"a.aac", media.AAC, notice.Ends},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := made[c.name]
			o := notice.Options{Where: c.where}
			after, report := put(t, c.name, before, c.format, o)
			heard(t, c.name, before, after, o, report)
			if c.name != "51.opus" {
				again(t, c.name, after, c.format, o)
			}
			if front, back := sameWithin(t, c.name, before, after); front < 20 && c.where != notice.End || back < 20 && c.where != notice.Start {
				t.Errorf("%d packets in front", front)
			}
			if report.Method != "packets" {
				t.Errorf("report %+v", report)
			}
		})
	}
}

// TestVorbis splices where libvorbis has the programme's codebooks, and encodes anew where another encoder made it.
func TestVorbis(t *testing.T) {
	t.Parallel()
	made := makeAll(t, map[string][]string{
		"quality.ogg": {"-c:a", "libvorbis", "-ac", "2", "-ar", "44100", "-q:a", "4"},
		"bits.ogg":    {"-c:a", "libvorbis", "-ac", "1", "-ar", "48000", "-b:a", "70k"},
		"other.ogg":   {"-c:a", "vorbis", "-strict", "-2", "-ac", "2", "-ar", "44100", "-metadata", `AIGC={"Label":"1"}`},
	})
	for name, c := range map[string]struct {
		where  notice.Where
		method string
	}{
		"quality.ogg": {notice.Ends, "packets"},
		"bits.ogg":    {notice.Start, "packets"},
		"other.ogg":   {notice.Ends, "re-encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := made[name]
			o := notice.Options{Where: c.where}
			after, report := put(t, name, before, media.Vorbis, o)
			heard(t, name, before, after, o, report)
			again(t, name, after, media.Vorbis, o)
			if report.Method != c.method {
				t.Errorf("report %+v", report)
			}
			if c.method == "packets" {
				if front, _ := sameWithin(t, name, before, after); front < 20 {
					t.Errorf("%d packets in front", front)
				}
				return
			}
			if len(report.Findings) != 1 || report.Findings[0].Code != notice.CodeEncodedAnew || !bytes.Contains(after, []byte(`AIGC={"Label":"1"}`)) {
				t.Errorf("findings %+v", report.Findings)
			}
		})
	}
}

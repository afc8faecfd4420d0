package sound_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

func TestMP3(t *testing.T) {
	t.Parallel()
	for name, before := range makeAll(t, map[string][]string{
		"cbr.mp3":   {"-ar", "44100", "-ac", "2", "-b:a", "128k"},
		"vbr.mp3":   {"-ar", "48000", "-ac", "1", "-q:a", "4"},
		"low.mp3":   {"-ar", "22050", "-ac", "1", "-b:a", "48k"},
		"plain.mp3": {"-ar", "44100", "-ac", "2", "-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0"},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := notice.Options{Where: notice.Ends}
			if name == "plain.mp3" {
				o.Where = notice.Start
			}
			after, report := put(t, name, before, media.MP3, o)
			heard(t, name, before, after, o, report)
			if name == "vbr.mp3" {
				again(t, name, after, media.MP3, o)
			}
			if front, back := sameWithin(t, name, before, after); front < 20 || back < 20 && o.Where == notice.Ends {
				t.Errorf("%d packets in front and %d behind", front, back)
			}
			if report.Method != "packets" {
				t.Errorf("report %+v", report)
			}
		})
	}
}

// TestMP3Counts holds the metadata frame to what ffprobe finds: frames, bytes, table of contents, and LAME's checksum.
func TestMP3Counts(t *testing.T) {
	t.Parallel()
	before := make3(t, "a.mp3", "-ar", "44100", "-ac", "2", "-q:a", "4", "-metadata", "title=kept", "-write_id3v1", "1")
	after, _ := put(t, "a.mp3", before, media.MP3, notice.Options{Where: notice.Ends})
	be := binary.BigEndian
	at := bytes.Index(after, []byte("Xing"))
	frame := at - 36 // MPEG 1, stereo, no CRC
	list := packets(t, "a.mp3", after)
	if got := int(be.Uint32(after[at+8:])); got != len(list) {
		t.Errorf("%d frames, ffprobe finds %d", got, len(list))
	}
	if got := int(be.Uint32(after[at+12:])); got != len(after)-128-frame {
		t.Errorf("%d bytes of %d", got, len(after)-128-frame)
	}
	for i := 1; i < 100; i++ {
		if after[at+16+i] < after[at+16+i-1] || math.Abs(float64(after[at+16+i])-2.56*float64(i)) > 60 {
			t.Errorf("the table of contents has %d at %d %%", after[at+16+i], i)
		}
	}
	sum := uint16(0) // polynomial 0x8005, bits reflected
	for _, v := range after[frame : at+16+100+4+34] {
		sum ^= uint16(v)
		for range 8 {
			sum = sum>>1 ^ 0xA001*(sum&1)
		}
	}
	if got := be.Uint16(after[at+16+100+4+34:]); got != sum {
		t.Errorf("LAME's checksum is %04x, not %04x", got, sum)
	}
	if !bytes.Equal(after[:frame], before[:frame]) || !bytes.Equal(after[len(after)-128:], before[len(before)-128:]) {
		t.Error("the tags have changed")
	}
}

// TestMP3Cut takes a part from the middle of a stream, whose first frame needs bytes that are gone: no packets can stand
// before it, so it is encoded anew, with its tags as they were.
func TestMP3Cut(t *testing.T) {
	t.Parallel()
	whole := make3(t, "a.mp3", "-ar", "44100", "-ac", "2", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0")
	const frame = 417 // bytes, and one more in some
	from := 40 * frame
	for whole[from] != 0xFF || whole[from+1] != 0xFB || int(whole[from+4])<<1|int(whole[from+5])>>7 == 0 {
		from++
	}
	front := append([]byte("ID3\x04\x00\x00\x00\x00\x00\x14"), "TXXX\x00\x00\x00\x0a\x00\x00\x00AIGC\x00{}  "[:20]...)
	back := append(append([]byte("TAG"), make([]byte, 124)...), 0xFF)
	cut := append(append(bytes.Clone(front), whole[from:]...), back...)
	after, report := put(t, "c.mp3", cut, media.MP3, notice.Options{})
	if report.Method != "re-encoded" || len(report.Findings) != 1 || report.Findings[0].Code != notice.CodeEncodedAnew {
		t.Errorf("report %+v", report)
	}
	if !bytes.HasPrefix(after, front) || !bytes.HasSuffix(after, back) {
		t.Error("the tags have changed")
	}
	again(t, "c.mp3", after, media.MP3, notice.Options{})
	// Behind it they can.
	after, report = put(t, "c.mp3", cut, media.MP3, notice.Options{Where: notice.End})
	if _, back := sameWithin(t, "c.mp3", cut, after); back < 20 || report.Method != "packets" {
		t.Errorf("report %+v", report)
	}
}

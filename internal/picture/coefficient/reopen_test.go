package coefficient_test

import (
	"bytes"
	"image"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

// What is known of a file that was made from another one is what is found out without knowing the other.
func TestReopen(t *testing.T) {
	t.Parallel()
	const width, height = 187, 121
	for name, in := range samples(t, width, height) {
		p, err := coefficient.Open(media.Memory(in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for place, box := range boxes(width, height) {
			edit, _, err := p.Overlay(box, plate(box.Dx(), box.Dy()))
			if err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			var out bytes.Buffer
			if err := edit.Apply(&out, media.Memory(in)); err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			again, err := p.Reopen(media.Memory(out.Bytes()))
			if err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			anew, err := coefficient.Open(media.Memory(out.Bytes()))
			if err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			if rule := coefficient.SameIndex(again, anew); rule != "" {
				t.Errorf("%s %s: %s", name, place, rule)
			}
			a, err := again.Pixels(box)
			if err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			b, err := anew.Pixels(box)
			if err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			if !bytes.Equal(a.Pix, b.Pix) {
				t.Errorf("%s %s: other pixels", name, place)
			}
			if edit, _, err = again.Overlay(box, inverted(box.Dx(), box.Dy())); err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			var last bytes.Buffer
			if err := edit.Apply(&last, media.Memory(out.Bytes())); err != nil {
				t.Fatalf("%s %s: %v", name, place, err)
			}
			sameOutside(t, decodeCoefficients(t, out.Bytes()), last.Bytes(), box)
		}
	}
}

// A file that is not what the overlay planned is seen as it is, or refused: never as it should have been.
func TestReopenDamaged(t *testing.T) {
	t.Parallel()
	const width, height = 203, 149
	for name, args := range map[string][]string{"whole": nil, "restart": {"-restart", "3B"}, "progressive": {"-progressive"}} {
		in := pipe(t, ppm(scene(width, height)), "cjpeg", args...)
		p, err := coefficient.Open(media.Memory(in))
		if err != nil {
			t.Fatal(err)
		}
		box := image.Rect(20, 60, 90, 90)
		if _, err := p.Thumbnail(); err != nil {
			t.Fatal(err)
		}
		refused, other := 0, 0
		for at := entropyOf(in) + 20; at < len(in)-20; at += 37 {
			bad := bytes.Clone(in)
			if bad[at] == 0xFF || bad[at-1] == 0xFF {
				continue
			}
			if bad[at] ^= 0x10; bad[at] == 0xFF {
				continue
			}
			anew, err := coefficient.Open(media.Memory(bad))
			again, failed := p.Reopen(media.Memory(bad))
			if (err == nil) != (failed == nil) {
				t.Fatalf("%s, byte %d: %v, anew %v", name, at, failed, err)
			}
			if err != nil {
				refused++
				continue
			}
			want, err := anew.Pixels(box)
			got, failed := again.Pixels(box)
			if (err == nil) != (failed == nil) {
				t.Fatalf("%s, byte %d: %v, anew %v", name, at, failed, err)
			}
			if err != nil {
				refused++
				continue
			}
			if rule := coefficient.SameIndex(again, anew); rule != "" || !bytes.Equal(want.Pix, got.Pix) {
				t.Fatalf("%s, byte %d: other pixels, %s", name, at, rule)
			}
			other++
		}
		if other == 0 || refused == 0 {
			t.Errorf("%s: %d files were refused and %d read", name, refused, other)
		}
	}
}

// inverted is a plate of other colours, with fine strokes.
func inverted(width, height int) image.Image {
	m := plate(width, height)
	for i := range m.Pix {
		if i&3 != 3 {
			m.Pix[i] = 255 - m.Pix[i] ^ byte(i/8*97)&0x7F
		}
	}
	return m
}

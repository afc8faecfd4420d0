package plate

import (
	"image"
	"testing"
)

// Frames that clear what is under the plate are replaced only as long as that is not too much.
func TestAnewLimit(t *testing.T) {
	t.Parallel()
	size := image.Pt(200, 100)
	box := image.Rect(140, 80, 195, 97)
	m := newMotion(size, &Placed{Box: box, Stored: image.NewNRGBA(image.Rectangle{Max: box.Size()})})
	for i := 3; i < len(m.p.Stored.Pix); i += 4 {
		m.p.Stored.Pix[i] = 255
	}
	s := &still{box: image.Rect(150, 85, 151, 86), img: image.NewNRGBA(image.Rect(0, 0, 1, 1)), after: clearFrame}
	if what, next, now := m.step(s, false); what != replaced || next.box != m.was.Rect || now.Rect != box || m.anew != 20000 {
		t.Errorf("a first frame that does not cover the plate: %d, %d pixels", what, m.anew)
	}
	m.anew, m.odd = maxAnew-19999, m.p.Box
	m.now = image.NewNRGBA(m.now.Rect)
	if what, _, _ := m.step(s, false); what != impossible {
		t.Errorf("at the limit: %d", what)
	}
}

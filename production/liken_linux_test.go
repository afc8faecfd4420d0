package production_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// chequered is a picture with something to be seen.
func chequered(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.SetGray(x, y, color.Gray{uint8((8*x/side*(1+8*y/side)*29 + x*40/side) % 256)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFoundByLikeness finds an item again by a smaller copy of what was handed out, with its notice, and by what came in.
func TestFoundByLikeness(t *testing.T) {
	eye := sight.New(nil, sight.Limits{})
	b := open(t, func(c *production.Config) { c.Likeness = eye.Likeness })
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(chequered(t, 600)))
	b.must(err)
	if len(a.Likeness) != 2*artefact.HashSize || a.Unlikened != "" {
		t.Fatalf("%d bytes of likeness, %q", len(a.Likeness), a.Unlikened)
	}
	late, err := b.line.Accept(t.Context(), by, order(), bytes.NewReader(chequered(t, 650)))
	b.must(err)
	if late.Likeness != nil {
		t.Error("an item that is not marked has a likeness")
	}
	b.must(b.line.Finish(t.Context(), late.Number, nil))
	c, err := b.line.Open(t.Context(), by, a.Number, artefact.API)
	b.must(err)
	handed, err := io.ReadAll(c)
	b.must(err)
	for name, file := range map[string][]byte{"as it came in": chequered(t, 600), "smaller": chequered(t, 300), "as it was handed out": handed} {
		view, err := eye.Look(t.Context(), media.Memory(file), sight.Options{})
		b.must(err)
		list, err := b.register.Alike(t.Context(), view.Pictures[0].Hash.Append(nil), phash.Radius, 10)
		b.must(err)
		found := map[artefact.Number]bool{}
		for _, m := range list {
			found[m.Artefact.Number] = true
		}
		if !found[a.Number] || name != "as it was handed out" && !found[late.Number] { // that of the other has another place for its notice
			t.Errorf("%s: found %v", name, found)
		}
	}
	if held, err := b.store.RecordsAbout(t.Context(), string(a.Number), 0, 9); err != nil || len(held) != 3 {
		t.Error("records:", len(held), err)
	}
}

// TestNoLikeness has likenesses that could not be made. The items are marked all the same, and say why they can't be found
// that way.
func TestNoLikeness(t *testing.T) {
	var fail error
	var asked atomic.Int64
	b := open(t, func(c *production.Config) {
		c.Likeness = func(_ context.Context, _ media.Format, src media.Source) ([]byte, error) {
			asked.Add(1)
			if _, err := src.ReadAt(make([]byte, 4), 0); err != nil {
				t.Error(err)
			}
			return nil, fail
		}
	})
	for want, err := range map[colophon.Code]error{
		sight.CodePoor:           &colophon.Error{Kind: colophon.Unsupported, Code: sight.CodePoor},
		production.CodeLikenSlow: context.DeadlineExceeded,
		production.CodeFailed:    errors.New("a disk broke"),
	} {
		fail = err
		a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
		b.must(err)
		if a.State != artefact.Marked || a.Likeness != nil || a.Unlikened != want {
			t.Errorf("%s: %s, %q", want, a.State, a.Unlikened)
		}
		if stored, err := b.register.Artefact(t.Context(), a.Number); err != nil || stored.Unlikened != want {
			t.Errorf("%s: stored as %q, %v", want, stored.Unlikened, err)
		}
		held, err := b.store.RecordsAbout(t.Context(), string(a.Number), 0, 9)
		b.must(err)
		payload, err := b.store.Payload(t.Context(), held[1].ID)
		b.must(err)
		if !strings.Contains(string(payload.Payload), `"likeness_none":"`+string(want)+`"`) {
			t.Errorf("the record says %s", payload.Payload)
		}
	}
	if _, err := b.line.Produce(t.Context(), by, order(), strings.NewReader("words")); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 6 { // before and after the notice
		t.Errorf("asked %d times", n)
	}
}

// TestLikenessEndsFirst holds that nothing reads an item any more when its marking has failed and its bytes are gone.
func TestLikenessEndsFirst(t *testing.T) {
	reading := false
	b := open(t, func(c *production.Config) {
		c.Likeness = func(ctx context.Context, _ media.Format, _ media.Source) ([]byte, error) {
			reading = true
			<-ctx.Done()
			reading = false
			return nil, ctx.Err()
		}
		spool, n := c.Spool, 0
		c.Spool = func() (production.Temporary, error) {
			if n++; n > 1 {
				return nil, errors.New("the disk is full")
			}
			return spool()
		}
	})
	if _, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t))); err == nil || reading {
		t.Error(err, reading)
	}
}

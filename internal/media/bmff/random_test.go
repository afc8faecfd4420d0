package bmff_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// TestRandomLayouts labels movies of random layout, twice over and with values of random length. Every offset must
// still point to its sample.
func TestRandomLayouts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		count := 1 + rnd.IntN(6)
		offsets := make([]uint32, count)
		var file []byte
		for range 2 { // the second time with the offsets that the first one finds
			file = layout(rand.New(rand.NewPCG(seed, 8)), offsets)
			for i := range offsets {
				offsets[i] = uint32(bytes.Index(file, token(i)))
			}
		}
		for round := range 3 {
			value := mediatest.Value(string(bytes.Repeat([]byte("v"), 1+rnd.IntN(500))))
			file = mediatest.Apply(t, bmff.Container{}, media.MP4, file, media.Put{Place: media.PlaceKeys, Value: value})
			mediatest.One(t, bmff.Container{}, media.MP4, file, media.PlaceKeys, value)
			for i := range count {
				name := "stco"
				if i%2 == 1 {
					name = "co64"
				}
				at, width := -1, 4+4*(i%2)
				for range i/2 + 1 { // the tables of a kind stand in the order of their samples
					at += 1 + bytes.Index(file[at+1:], []byte(name))
				}
				off := uint64(0)
				for _, c := range file[at+12 : at+12+width] {
					off = off<<8 | uint64(c)
				}
				if !bytes.HasPrefix(file[off:], token(i)) {
					t.Fatalf("seed %d, round %d: %s %d points to %q", seed, round, name, i, file[off:off+8])
				}
			}
		}
	}
}

func token(i int) []byte { return fmt.Appendf(nil, "SAMPLE%02d", i) }

// layout puts one sample for each offset into media data boxes around moov, between padding, XMP and lists.
func layout(rnd *rand.Rand, offsets []uint32) []byte {
	value := string(mediatest.Value("old"))
	var tracks, udta []byte
	for i, off := range offsets {
		if i%2 == 0 {
			tracks = append(tracks, track(stco(off))...)
		} else {
			tracks = append(tracks, track(co64(uint64(off)))...)
		}
	}
	some := func(b []byte) []byte {
		if rnd.IntN(3) == 0 {
			return b
		}
		return nil
	}
	padding := func() []byte { return some(atom("free", zero(rnd.IntN(600)))) }
	udta = cat(some(meta(handler("mdir"), atom("ilst", atom("AIGC", text(value))), padding())), padding(),
		some(atom("AIGC", value)), some(meta(keyed("x", "y", "aigc", value))), some(meta(keyed("x", "y"))), some(zero(4)))
	moov := atom("moov", padding(), some(meta(keyed("a", "b"))), tracks, some(atom("meta", keyed("a", "b", "AIGC", value))), some(atom("udta", udta)), padding())
	file := ftyp("isom")
	place := rnd.IntN(len(offsets) + 1)
	for i := range offsets {
		file = cat(file, padding(), some(uuid(box.UserXMP, xmp.New(xmp.Properties{Label: []byte(value)}))))
		if i == place {
			file = cat(file, moov, padding())
		}
		file = cat(file, atom("mdat", zero(rnd.IntN(50)), token(i), zero(rnd.IntN(50))))
	}
	if place == len(offsets) {
		file = cat(file, moov, padding())
	}
	return file
}

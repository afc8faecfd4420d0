package bmff_test

import (
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

func FuzzContainer(f *testing.F) {
	value := string(mediatest.Value("seed"))
	packet := xmp.New(xmp.Properties{Label: []byte(value)})
	iloc := atom("iloc", uint32(0), uint16(0x4444), uint16(1), uint16(1), uint16(0), uint32(8), uint16(1), uint32(30), uint32(10))
	sidx := atom("sidx", uint32(0), uint32(1), uint32(1), uint32(0), uint32(0), uint16(0), uint16(1), uint32(8), uint32(0), uint32(0))
	for _, seed := range [][]byte{
		simple(),
		simple(atom("free", zero(600))),
		simple(atom("udta", meta(keyed("a", "b", "AIGC", value, "comment", value)), atom("free", zero(40)))),
		simple(meta(keyed("AIGC", value))),
		simple(atom("meta", keyed("AIGC", value)), atom("udta", atom("XMP_", packet), atom("\xa9cmt", uint16(len(value)), uint16(0), value))),
		simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("desc", text(value)), atom("----", atom("name", uint32(0), "AIGC"), text(value)))))),
		cat(simple(meta(iloc)), sidx, atom("moof", atom("traf", atom("tfhd", uint32(1), uint32(1), uint64(60)))),
			atom("mfra", atom("tfra", uint32(0), uint32(1), uint32(0), uint32(1), uint32(0), uint32(40), zero(3)))),
		cat(simple(), uuid(box.UserXMP, packet), uuid(box.UserC2PA, uint32(0), "manifest\x00", uint64(33)), atom("AIGC", value)),
		cat(atom("wide"), atom("mdat", "data"), uint32(0), "moov", track(co64(16), atom("saio", uint32(0), uint32(1), uint32(16)))),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, bmff.Container{}, media.PlaceKeys, b)
	})
}

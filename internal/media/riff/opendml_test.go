package riff_test

import (
	"bytes"
	"encoding/binary"
	"strings"
)

func le(values ...any) string {
	var b bytes.Buffer
	for _, v := range values {
		if s, ok := v.(string); ok {
			b.WriteString(s)
		} else if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b.String()
}

// openDML returns a film of six grey pictures in two RIFF chunks, with indexes that count from the beginning of the file
// (OpenDML AVI File Format Extensions 1.02). Front stands in front of the frames.
func openDML(front string) []byte {
	const side, frames = 8, 3
	bitmap := func(i int) string { return strings.Repeat(string(rune('A'+i)), side*side*3) }
	stream := func(index string) string {
		return list("strl",
			chunk("strh", le("vids", "\x00\x00\x00\x00", uint32(0), uint16(0), uint16(0), uint32(0), uint32(1), uint32(5), uint32(0), uint32(2*frames),
				uint32(0), int32(-1), uint32(0), uint16(0), uint16(0), uint16(side), uint16(side))),
			chunk("strf", le(uint32(40), int32(side), int32(side), uint16(1), uint16(24), uint32(0), uint32(side*side*3), int32(0), int32(0), uint32(0), uint32(0))),
			chunk("indx", index))
	}
	header := func(index string) string {
		return list("hdrl", chunk("avih", le(uint32(200000), uint32(0), uint32(0), uint32(0x10), uint32(frames), uint32(0), uint32(1), uint32(0),
			uint32(side), uint32(side), [4]uint32{})), stream(index), list("odml", chunk("dmlh", le(uint32(2*frames)))))
	}
	super := func(first, second uint64) string {
		return le(uint16(4), uint8(0), uint8(0), uint32(2), "00dc", [3]uint32{}, first, uint32(32+8*frames), uint32(frames), second, uint32(32+8*frames), uint32(frames))
	}
	// Each list of frames begins with its index.
	movi := func(at uint64, from int) string {
		var index, body strings.Builder
		base := at + 12 + 32 + 8*frames // of the first picture's chunk
		for i := range frames {
			index.WriteString(le(uint32(i*(8+side*side*3)+8), uint32(side*side*3)))
			body.WriteString(chunk("00dc", bitmap(from+i)))
		}
		ix := chunk("ix00", le(uint16(2), uint8(0), uint8(1), uint32(frames), "00dc", base, uint32(0), index.String()))
		return list("movi", ix, body.String())
	}
	start := uint64(12 + len(header(super(0, 0))) + len(front))
	size := uint64(len(movi(0, 0)))
	first := form("AVI ", header(super(start+12, start+size+12+12)), front, movi(start, 0))
	return append(first, form("AVIX", movi(uint64(len(first))+12, frames))...)
}

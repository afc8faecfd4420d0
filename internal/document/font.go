package document

import (
	_ "embed"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// fontFile is Noto Sans SC Regular (SIL Open Font License 1.1, font/OFL.txt); tools/document_font.sh makes it.
//
//go:embed font/sheet.ttf.zst
var fontFile []byte

var be = binary.BigEndian

// face is the font of the documents. Its em has 1000 units, as glyph space in PDF has; it has no composite glyphs.
type face struct {
	font   *sfnt.Font
	tables map[string][]byte
}

func openFace() (*face, error) {
	expand, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("opening the font: %w", err)
	}
	defer expand.Close()
	b, err := expand.DecodeAll(fontFile, nil)
	if err != nil {
		return nil, fmt.Errorf("expanding the font: %w", err)
	}
	f := &face{tables: map[string][]byte{}}
	if f.font, err = sfnt.Parse(b); err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	for i := range int(be.Uint16(b[4:])) {
		entry := b[12+16*i:]
		from, size := be.Uint32(entry[8:]), be.Uint32(entry[12:])
		f.tables[string(entry[:4])] = b[from : from+size]
	}
	return f, nil
}

// glyph finds the glyph of a character and its width in thousandths of an em; 0 when the font lacks it.
func (f *face) glyph(buffer *sfnt.Buffer, r rune) (glyph sfnt.GlyphIndex, width int, err error) {
	if glyph, err = f.font.GlyphIndex(buffer, r); err != nil || glyph == 0 {
		return 0, 0, err
	}
	advance, err := f.font.GlyphAdvance(buffer, glyph, fixed.I(1000), font.HintingNone)
	return glyph, advance.Round(), err
}

// subset returns the font with the outlines of some glyphs alone, which keep their numbers. PDF needs no more tables.
func (f *face) subset(glyphs map[sfnt.GlyphIndex]bool) []byte {
	var glyf, loca []byte
	hmtx, full := make([]byte, len(f.tables["hmtx"])), int(be.Uint16(f.tables["hhea"][34:]))
	for g := range sfnt.GlyphIndex(f.font.NumGlyphs()) {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		if at := f.tables["loca"][4*int(g):]; g == 0 || glyphs[g] {
			glyf = append(glyf, f.tables["glyf"][be.Uint32(at):be.Uint32(at[4:])]...)
			glyf = append(glyf, 0, 0, 0)[:(len(glyf)+3)&^3]
			metric, size := 4*int(g), 4
			if int(g) >= full { // a bearing alone
				metric, size = 4*full+2*(int(g)-full), 2
			}
			copy(hmtx[metric:metric+size], f.tables["hmtx"][metric:])
		}
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))
	names := []string{"glyf", "head", "hhea", "hmtx", "loca", "maxp"}
	tables := map[string][]byte{"glyf": glyf, "head": f.tables["head"], "hhea": f.tables["hhea"], "hmtx": hmtx, "loca": loca, "maxp": f.tables["maxp"]}
	out := []byte{0, 1, 0, 0, 0, byte(len(names)), 0, 64, 0, 2, 0, 32}
	at := len(out) + 16*len(names)
	for _, name := range names {
		out = append(out, name...)
		out = be.AppendUint32(out, sum(tables[name]))
		out = be.AppendUint32(out, uint32(at))
		out = be.AppendUint32(out, uint32(len(tables[name])))
		at += (len(tables[name]) + 3) &^ 3
	}
	for _, name := range names {
		out = append(out, tables[name]...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

// sum is the checksum of a table.
func sum(b []byte) (n uint32) {
	for ; len(b) >= 4; b = b[4:] {
		n += be.Uint32(b)
	}
	var last [4]byte
	copy(last[:], b)
	return n + be.Uint32(last[:])
}

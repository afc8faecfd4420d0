// Package coefficient puts pixels into a JPEG picture without decoding it (ITU-T T.81).
//
// A JPEG picture is a grid of blocks of 8×8 quantised DCT coefficients, packed by Huffman codes. To cover a corner, only
// the blocks under the corner have to change. [Picture.Overlay] brings those blocks back to samples, draws over them,
// transforms and quantises them with the file's own tables, and writes the scans anew so that every coefficient of every
// other block stays what it was. Decoding and encoding a whole picture would cost quality everywhere and many times the
// time.
//
// How the parts work together:
//
//   - header.go walks the segments; nothing of the entropy-coded data is interpreted by [Open].
//
//   - index.go goes over each scan once. A baseline scan is not decoded but measured: tables tell how many bits a run of
//     codes takes, and only the DC differences are read. What remains is where each row of MCUs begins, the DC of every
//     block (a picture at an eighth of the size, see [Picture.Thumbnail]) and the bits that each block took (how much
//     detail is there, see [Picture.Sample]). A progressive scan is decoded, because its refinements depend on what came
//     before.
//
//   - paint.go changes coefficients. What is drawn is a difference of samples, d = a(P−C), so the new coefficients are the
//     old ones plus the quantised transform of d: pixels of a touched block that the plate does not cover keep their
//     coefficients' worth, without a round trip through clamped eight-bit values. Blending is linear and so are the colour
//     conversion and the subsampling, so chroma is blended at its own resolution and never upsampled.
//
//   - rewrite.go replaces the MCUs that were touched, row by row. The bits between are copied; of them, only the DC
//     differences of one MCU behind each row change. A run of empty blocks that reaches into the touched rows (EOBRUN) is coded
//     anew as a whole.
//
//   - huffman.go: the file's own tables are kept where they have all the codes. A table that an optimiser has cut down is
//     extended: the code of all ones that T.81 keeps free becomes the prefix of longer codes, so that all codes in use
//     stay valid. Where that does not suffice, recode.go gives the longest codes anew, which are rare, and changes them where
//     they stand; and where even that does not, the scan is coded anew with optimal tables.
//
//   - reopen.go reads the new file, and goes over what changed in it.
//
// Supported are Huffman-coded pictures of 8 bits: baseline, extended sequential and progressive, one to four components,
// in one scan or many, with whole ratios of sampling, with or without restart intervals. Others are refused with
// media.Unsupported.
//
// What not to do here: never touch a coefficient outside the blocks under the box; never write a table that the blocks
// outside were not coded with without coding them anew; never trust a length before comparing it with the bytes there.
package coefficient

import (
	"image"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Limits on what is accepted.
const (
	// MaxPixels is the largest picture, in pixels.
	MaxPixels = 1 << 29
	// MaxCoefficients is how many coefficients are held in memory: all of a progressive picture, and those of a
	// sequential one whose tables must be rebuilt.
	MaxCoefficients = 1 << 28
)

// Picture is an opened JPEG picture. It is not for concurrent use.
type Picture struct {
	src         media.Source
	data        []byte // the file up to the end of the image at least; nobody changes it
	width       int    // pixels
	height      int
	hmax, vmax  int
	progressive bool
	model       model
	components  []component
	scans       []*scan
	indexes     []multi // MPF segments
	end         int     // offset behind EOI

	surveyed  bool
	surveyErr error
	thumbnail *image.RGBA
}

// component is one plane of samples.
type component struct {
	id     byte
	h, v   int // sampling factors
	fx, fy int // pixels to a sample
	tq     byte
	quant  *[64]uint16 // in zigzag order; nil until a scan of the component begins

	width, height int // samples
	bw, bh        int // blocks that hold samples
	sw, sh        int // blocks of whole MCUs

	dc   []int16  // of each block of a sequential picture, sw×sh
	bits []uint16 // coded bits of each block, component 0 alone
	coef []int16  // of a progressive picture, sw×sh×64 in zigzag order
	mask []uint64 // of its blocks, a bit for each AC coefficient other than zero
	// depth is how many low bits of each coefficient are yet to come; -1 before its first scan.
	depth [64]int8
}

// Open parses the headers and finds the scans. The picture reads from src as long as it is used.
func Open(src media.Source) (*Picture, error) {
	p := &Picture{src: src}
	if whole, ok := src.(media.Memory); ok {
		p.data = whole
	} else {
		b, err := media.Bytes(src, "JPEG", 0, min(src.Size(), media.MaxStructure))
		if err != nil {
			return nil, err
		}
		p.data = b
	}
	if err := p.walk(); err != nil {
		return nil, err
	}
	return p, nil
}

// Bounds is the picture's size in pixels as it is stored, before any EXIF orientation.
func (p *Picture) Bounds() image.Rectangle { return image.Rect(0, 0, p.width, p.height) }

// Progressive reports whether the picture is coded progressively.
func (p *Picture) Progressive() bool { return p.progressive }

// Components is how many planes the picture has: 1 for grey, 3 for colour, 4 for CMYK.
func (p *Picture) Components() int { return len(p.components) }

// Sampling is how many pixels one sample of component i covers, across and down; 2, 2 for the chroma of 4:2:0.
func (p *Picture) Sampling(i int) (x, y int) { return p.components[i].fx, p.components[i].fy }

// Tables says what became of the Huffman tables.
type Tables string

// Values of Tables, from the least change to the most.
const (
	TablesKept      Tables = "kept"      // the file's own had all the codes
	TablesExtended  Tables = "extended"  // codes were added to them, the old ones stand
	TablesReordered Tables = "reordered" // the rarest values have other codes, to make room for more; all others stand
	TablesRebuilt   Tables = "rebuilt"   // scans were coded anew with optimal tables
)

// rank orders them.
func (t Tables) rank() int {
	return slices.Index([]Tables{TablesKept, TablesExtended, TablesReordered, TablesRebuilt}, t)
}

// Touched is what an overlay changed.
type Touched struct {
	Area   image.Rectangle // pixels of the blocks that were coded anew, which holds the box
	Blocks int             // how many blocks, in all components
	Tables Tables          // the most that happened to any table
}

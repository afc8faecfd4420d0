// Package media reads and rewrites the metadata of files without touching what they show or play.
//
// A container format is one [Container]: a stateless value that recognises its formats, scans a file for label values,
// and plans an [Edit] that puts one label value in one place. An Edit is a list of pieces, most of them ranges kept from
// the old file; nothing is decoded and re-encoded, so pixels and coded samples stay byte for byte what they were, and a
// file of many gigabytes passes through in constant memory. Each family of formats is a package below this one
// (internal/media/jpeg, internal/media/bmff and so on), and internal/media/all lists them in one table.
//
// The package knows places and bytes, not meanings. Whether a value is a conforming label is for package label to say;
// containers hand over every candidate that they find. Nor does the package open files: it reads from a [Source].
//
// What not to do here: never add a way to take a label out without putting its fields back.
package media

import (
	"io"

	"github.com/colophon-project/colophon"
)

// Source is a file to be read. Implementations MUST allow concurrent ReadAt calls and MUST NOT change while in use.
// An *io.SectionReader or *bytes.Reader is a Source.
type Source interface {
	io.ReaderAt
	Size() int64
}

// Place names where in a file a label stands. A container writes the places that Places lists and may find values in
// others, which it reports under the names below.
type Place string

// Places that containers write.
const (
	PlaceXMP           Place = "xmp"            // XMP packet, property TC260:AIGC
	PlaceEXIF          Place = "exif"           // EXIF UserComment, tag 0x9286, value wrapped in {"AIGC":…}
	PlaceText          Place = "text"           // PNG tEXt chunk with keyword AIGC, value wrapped
	PlaceKeys          Place = "keys"           // ISO BMFF moov/udta/meta with handler mdta, key AIGC
	PlaceTag           Place = "tag"            // Matroska SimpleTag AIGC
	PlaceInfo          Place = "info"           // RIFF LIST INFO sub-chunk AIGC
	PlaceChunk         Place = "chunk"          // RIFF top-level chunk AIGC
	PlaceOnMetaData    Place = "onMetaData"     // FLV script tag, key AIGC
	PlaceTXXX          Place = "txxx"           // ID3v2 TXXX frame with description AIGC
	PlaceVorbisComment Place = "vorbis-comment" // Vorbis comment AIGC=
	PlaceProperty      Place = "property"       // OOXML docProps/custom.xml property AIGC
	PlaceInfoDict      Place = "info-dict"      // PDF Info dictionary key AIGC
	PlaceFrontMatter   Place = "front-matter"   // Markdown YAML front matter, mapping AIGC
	PlaceMeta          Place = "meta"           // HTML or OPF meta element
	PlaceExtras        Place = "extras"         // glTF asset.extras.AIGC
	PlaceSidecar       Place = "sidecar"        // FILE.aigc.json beside a file that has no place
)

// Places that are read where others have written them, and never written.
const (
	PlaceDescription Place = "description" // EXIF ImageDescription, PNG Description, and the like
	PlaceAPP9        Place = "app9"        // JPEG APP9 holding a bare AIGC{…}
	PlaceAPP11       Place = "app11"       // JPEG APP11 holding a bare AIGC{…}
	PlaceITunes      Place = "itunes"      // BMFF ilst with handler mdir
	PlaceUserBox     Place = "udta-box"    // BMFF moov/udta/AIGC
	PlaceCustomXML   Place = "custom-xml"  // OOXML customXml part
	PlaceComment     Place = "comment"     // HTML comment
	PlaceInline      Place = "inline"      // Markdown inline AIGC: {json} front matter
	PlaceQuickTime   Place = "qt-meta"     // QuickTime moov/meta without version and flags
)

// Found is one label value as it stands in a file.
type Found struct {
	Place  Place
	Offset int64  // where the structure that holds the value begins in the file; -1 when inside a compressed part
	Value  []byte // the value as text: unescaped, inflated, without the container's framing, still wrapped if it was
	// Findings are what is unusual in the way the value is stored, for example an XMP prefix other than TC260.
	Findings []colophon.Finding
}

// SignatureKind names a signature scheme that a rewrite of the file would break.
type SignatureKind string

// Signature schemes that are recognised.
const (
	SignatureC2PA  SignatureKind = "c2pa"
	SignaturePDF   SignatureKind = "pdf"
	SignatureOOXML SignatureKind = "ooxml"
)

// Signature is a signature found in a file.
type Signature struct {
	Kind   SignatureKind
	Offset int64
}

// Survey is what a scan of a whole file found.
type Survey struct {
	Format     Format // as refined by the scan: png may turn out to be apng
	Labels     []Found
	Signatures []Signature
	Findings   []colophon.Finding // about the file itself
}

// Put says what an Edit must bring about.
type Put struct {
	Place Place  // one of Places(format)
	Value []byte // the label: one JSON object, bare, ASCII
	// DigitalSourceType is an IPTC URI to set beside the label where Place is an XMP packet. Empty means leave it alone.
	// A value that the packet already has is kept.
	DigitalSourceType string
}

// Container reads and edits one family of formats. Implementations hold no state.
type Container interface {
	// Sniff returns the format when the source is of this family, by content alone, and "" otherwise. head holds up to
	// the first [HeadSize] bytes. It MUST be cheap and MUST NOT fail on any input.
	Sniff(head []byte, src Source) Format

	// Places lists the places that Edit can write for a format, the standard one first.
	Places(Format) []Place

	// Scan finds every label value and signature in the whole file. On malformed input it returns an *colophon.Error
	// made with this package's constructors, together with a Survey of what was found before the damage.
	Scan(Source, Format) (*Survey, error)

	// Edit plans the file that has exactly one label, put.Value at put.Place. Values that Scan reports elsewhere are
	// taken out, since their successor goes in; all other bytes of metadata are kept, and samples and pixels stay
	// identical. It MUST return an error rather than lose anything or leave a second label.
	Edit(src Source, f Format, put Put) (*Edit, error)
}

// HeadSize is how much of a file's beginning Sniff is given.
const HeadSize = 4096

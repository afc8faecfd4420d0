// Package png reads and sets the label in PNG and APNG files (W3C "Portable Network Graphics (PNG) Specification, Third
// Edition").
//
// A PNG file is a signature and a row of chunks, each with a length, a type, and a checksum. The label's place is the
// XMP packet in an iTXt chunk with keyword XML:com.adobe.xmp (XMP specification part 3, 1.1.5), in front of the picture
// data; a tEXt chunk with keyword AIGC and the UserComment of an eXIf chunk are its alternatives. The walk goes from
// header to header and reads the chunks of text alone, so that a picture of any size passes in constant memory.
//
// Programs that write labels are careless about the chunk: text comes compressed, behind the picture data, even behind
// IEND, and in keywords meant for something else. All of that is read and reported; an edit puts the label where it
// belongs. A packet that an edit rewrites moves in front of the picture data, because many readers stop there.
//
// What not to do here: never recompute the checksum of a chunk that is kept, since that would hide damage; never put
// anything between two IDAT chunks, or touch fcTL and fdAT, whose order carries sequence numbers; never inflate without
// a limit.
package png

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/part"
)

// Container reads and edits PNG and APNG.
type Container struct{}

var _ media.Container = Container{}

const signature = "\x89PNG\r\n\x1a\n"

// Sniff recognises the PNG signature. Whether the file is an APNG is for Scan to say.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	if bytes.HasPrefix(head, []byte(signature)) {
		return media.PNG
	}
	return media.Unknown
}

// Places lists the places for a label, the standard one first.
func (Container) Places(media.Format) []media.Place {
	return []media.Place{media.PlaceXMP, media.PlaceText, media.PlaceEXIF}
}

// Scan finds every label and signature.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	doc, err := scan(src)
	return &doc.survey, err
}

const (
	headSize  = 16 << 10 // most files have their text in there
	aheadSize = 4 << 10
)

// scan walks the file. Its document is never nil.
func scan(src media.Source) (*document, error) {
	doc := &document{src: src, survey: media.Survey{Format: media.PNG}, inflatable: maxInflated}
	win, err := part.NewWindow(src, headSize, aheadSize)
	if err != nil {
		return doc, err
	}
	doc.win = win
	return doc, doc.walk()
}

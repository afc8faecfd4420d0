// Package gif reads and sets the label in GIF files (CompuServe "Graphics Interchange Format, Version 89a").
//
// A GIF file is a header, a screen descriptor, and blocks; what a block carries is cut into sub-blocks of up to 255
// bytes, each with its length in front. The label's place is the XMP packet in an application extension with the
// identifier "XMP Data" and the authentication code "XMP" (XMP specification part 3, 1.1.2). The packet stands there
// without sub-blocks, so that a program that looks for text finds it whole. A program that knows nothing of XMP takes
// the packet's characters for lengths, jumps along, and lands in a trailer of 258 bytes that leads every jump to the
// end. That trick needs a packet without null bytes and a trailer that is exact.
//
// The extension goes in front of the first picture and what controls it, behind other extensions: some players look for
// the NETSCAPE extension right behind the colour table and nowhere else. Extensions exist since version 89a alone, so a
// GIF87a file changes its version.
//
// What not to do here: never cut a packet that is written into sub-blocks, never write a second packet, and never touch
// the pictures' own sub-blocks.
package gif

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/part"
)

// Container reads and edits GIF.
type Container struct{}

var _ media.Container = Container{}

// Sniff recognises the signature and the two versions.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	if bytes.HasPrefix(head, []byte("GIF87a")) || bytes.HasPrefix(head, []byte("GIF89a")) {
		return media.GIF
	}
	return media.Unknown
}

// Places lists the one place for a label.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceXMP} }

// Scan finds every label and signature.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	doc, err := scan(src)
	return &doc.survey, err
}

const windowSize = 64 << 10 // sub-blocks are so short that all of the file passes through

// scan walks the file. Its document is never nil.
func scan(src media.Source) (*document, error) {
	doc := &document{src: src, survey: media.Survey{Format: media.GIF}, front: -1}
	win, err := part.NewWindow(src, windowSize, windowSize)
	if err != nil {
		return doc, err
	}
	doc.win = win
	return doc, doc.walk()
}

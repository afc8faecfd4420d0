// Package jumbf reads and writes the boxes that a manifest store is made of: JUMBF (ISO/IEC 19566-5:2023) as the C2PA
// specification 2.2 uses it in clause 11.1.
//
// A store is read once into a tree whose boxes are slices of the bytes that were read, so that hashes are taken over what
// stands in the file and never over what a writer of ours would have made of it. Boxes that are not known stay in the tree.
// Nesting, number and size are bounded before anything is allocated.
//
// What not to do here: never look inside a claim or an assertion. What a box means is for package credential to say.
package jumbf

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Limits of what is read. Stores met in the field have a depth of five and some hundred boxes.
const (
	MaxSize  = 64 << 20
	maxDepth = 16
	maxBoxes = 1 << 16
	maxLabel = 4096
)

// Toggles of a description box (ISO/IEC 19566-5, table B.1).
const (
	Requestable = 1 << iota
	hasLabel
	hasID
	hasDigest
	hasPrivate
)

// UUID is the type of a superbox's content.
type UUID [16]byte

// tail is what the types of C2PA and those of JUMBF that are named by four letters have in common.
const tail = "\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71"

// Named returns the type that four letters name.
func Named(letters string) UUID { return UUID([]byte(letters[:4] + tail)) }

// EmbeddedFile is the type of a superbox that holds a file in the boxes bfdb and bidb (ISO/IEC 19566-5, B.4).
const EmbeddedFile = "\x40\xCB\x0C\x32\xBB\x8A\x48\x9D\xA7\x0B\x2A\xD6\xF4\x7F\x43\x69"

// Box is one box as it stands in a store.
type Box struct {
	Type   string // four bytes
	Offset int    // of its header in the store
	Raw    []byte // with its header
	header int

	// Of a superbox: what its description says, and the boxes behind that.
	UUID     UUID
	Toggles  byte
	Label    string
	Private  []byte // private boxes of the description, a salt among them
	Children []*Box

	description []byte // its box
}

// Content is everything behind the header. Hashes of C2PA cover it (clause 8.4.2.3).
func (b *Box) Content() []byte { return b.Raw[b.header:] }

// Super reports whether the box is a superbox.
func (b *Box) Super() bool { return b.Type == "jumb" }

// Is reports whether the box is a superbox of a type.
func (b *Box) Is(u UUID) bool { return b.Super() && b.UUID == u }

// Child returns the first superbox inside with a label, or nil.
func (b *Box) Child(label string) *Box {
	for _, c := range b.Children {
		if c.Super() && c.Label == label {
			return c
		}
	}
	return nil
}

// Leaf returns the content of the first box inside of a type, and false where there is none.
func (b *Box) Leaf(typ string) ([]byte, bool) {
	for _, c := range b.Children {
		if c.Type == typ {
			return c.Content(), true
		}
	}
	return nil, false
}

// Error says which rule a store breaks, and where.
type Error struct {
	Offset int
	Rule   string
}

// Error renders the error for a log.
func (e *Error) Error() string { return fmt.Sprintf("jumbf: %s at %d", e.Rule, e.Offset) }

// Parse reads a store: one superbox. Zero bytes behind it are padding; anything else is an error.
func Parse(store []byte) (*Box, error) {
	if len(store) > MaxSize {
		return nil, &Error{0, "too many bytes"}
	}
	p := &parser{all: store}
	b, err := p.box(0, len(store), 0)
	if err != nil {
		return nil, err
	}
	if !b.Super() {
		return nil, &Error{0, "no superbox"}
	}
	for i := len(b.Raw); i < len(store); i++ {
		if store[i] != 0 {
			return nil, &Error{i, "bytes behind the store"}
		}
	}
	return b, nil
}

type parser struct {
	all   []byte
	boxes int
}

// box reads the box at a place, which has to end by end.
func (p *parser) box(at, end, depth int) (*Box, error) {
	if p.boxes++; p.boxes > maxBoxes {
		return nil, &Error{at, "too many boxes"}
	}
	if end-at < 8 {
		return nil, &Error{at, "box header cut off"}
	}
	size, header := uint64(binary.BigEndian.Uint32(p.all[at:])), 8
	switch size {
	case 0:
		size = uint64(end - at)
	case 1:
		if end-at < 16 {
			return nil, &Error{at, "box header cut off"}
		}
		size, header = binary.BigEndian.Uint64(p.all[at+8:]), 16
	}
	if size < uint64(header) || size > uint64(end-at) {
		return nil, &Error{at, "box size outside of what holds it"}
	}
	b := &Box{Type: string(p.all[at+4 : at+8]), Offset: at, header: header, Raw: p.all[at : at+int(size) : at+int(size)]}
	if !b.Super() {
		return b, nil
	}
	if depth == maxDepth {
		return nil, &Error{at, "nesting too deep"}
	}
	return b, p.super(b, depth)
}

// super reads the description and the boxes of a superbox.
func (p *parser) super(b *Box, depth int) error {
	at, end := b.Offset+b.header, b.Offset+len(b.Raw)
	first, err := p.box(at, end, depth+1)
	if err != nil {
		return err
	}
	if first.Type != "jumd" {
		return &Error{at, "no description first"}
	}
	b.description = first.Raw
	if err := b.describe(first); err != nil {
		return err
	}
	for at += len(first.Raw); at < end; {
		c, err := p.box(at, end, depth+1)
		if err != nil {
			return err
		}
		b.Children = append(b.Children, c)
		at += len(c.Raw)
	}
	return nil
}

// describe takes in a description box (ISO/IEC 19566-5, B.2).
func (b *Box) describe(d *Box) error {
	c := d.Content()
	if len(c) < 17 {
		return &Error{d.Offset, "description cut off"}
	}
	copy(b.UUID[:], c)
	b.Toggles, c = c[16], c[17:]
	if b.Toggles&hasLabel != 0 {
		label, _, ok := strings.Cut(string(c[:min(len(c), maxLabel+1)]), "\x00")
		if !ok {
			return &Error{d.Offset, "label without an end"}
		}
		b.Label, c = label, c[len(label)+1:]
	}
	for _, field := range [...]struct {
		bit  byte
		size int
	}{{hasID, 4}, {hasDigest, 32}} {
		if b.Toggles&field.bit == 0 {
			continue
		}
		if len(c) < field.size {
			return &Error{d.Offset, "description cut off"}
		}
		c = c[field.size:]
	}
	if b.Toggles&hasPrivate != 0 {
		b.Private = c
	} else if len(c) > 0 {
		return &Error{d.Offset, "bytes behind the description"}
	}
	return nil
}

package jumbf

import "encoding/binary"

// Leaf returns a box that is no superbox.
func Leaf(typ string, content ...[]byte) []byte {
	n := 8
	for _, c := range content {
		n += len(c)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, n), uint32(n))
	b = append(b, typ...)
	for _, c := range content {
		b = append(b, c...)
	}
	return b
}

// Super returns a superbox with a label that others may refer to, and the boxes inside.
func Super(u UUID, label string, boxes ...[]byte) []byte {
	return SuperSalted(u, label, nil, boxes...)
}

// SuperSalted is Super with a salt in the description, so that the hash of content that is easily guessed tells nothing once
// the content is redacted (C2PA 2.2, 8.4.2.3). No salt is Super.
func SuperSalted(u UUID, label string, salt []byte, boxes ...[]byte) []byte {
	toggles := byte(Requestable | hasLabel)
	var private []byte
	if len(salt) > 0 {
		toggles |= hasPrivate
		private = Leaf("c2sh", salt)
	}
	description := Leaf("jumd", u[:], []byte{toggles}, []byte(label), []byte{0}, private)
	return Leaf("jumb", append([][]byte{description}, boxes...)...)
}

// Without returns the box without another that is somewhere inside. What is not on the way to that keeps its bytes.
func (b *Box) Without(gone *Box) []byte {
	if !b.Super() || gone.Offset < b.Offset || gone.Offset >= b.Offset+len(b.Raw) {
		return b.Raw
	}
	parts := [][]byte{b.description}
	for _, c := range b.Children {
		if c != gone {
			parts = append(parts, c.Without(gone))
		}
	}
	return Leaf("jumb", parts...)
}

// CBOR returns a superbox with CBOR as content.
func CBOR(label string, content []byte) []byte {
	return Super(Named("cbor"), label, Leaf("cbor", content))
}

// JSON returns a superbox with JSON as content.
func JSON(label string, content []byte) []byte {
	return Super(Named("json"), label, Leaf("json", content))
}

// File returns a superbox with an embedded file.
func File(label, mediaType string, content []byte) []byte {
	description := append([]byte{0}, mediaType...)
	return Super(UUID([]byte(EmbeddedFile)), label, Leaf("bfdb", append(description, 0)), Leaf("bidb", content))
}

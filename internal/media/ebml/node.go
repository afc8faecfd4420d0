package ebml

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxDepth = 16      // nested masters in Tags
	maxNodes = 1 << 17 // elements in the Tags of one segment
)

// node is an element of Tags or SeekHead in memory. Masters that these consist of have children.
type node struct {
	id      uint32
	off     int64 // in the file; -1 when new
	width   int   // bytes of the size field
	raw     []byte
	body    []byte
	parent  *node
	kids    []*node
	changed bool
}

func master(id uint32) bool {
	switch id {
	case idTags, idTag, idTargets, idSimpleTag, idSeekHead, idSeek:
		return true
	}
	return false
}

// load reads a master element of a segment as a tree; count counts its nodes.
func load(src media.Source, e element, count *int) (*node, error) {
	if e.size() > maxTags {
		return nil, media.TooLarge("Matroska Tags", e.off, maxTags)
	}
	raw, err := media.Bytes(src, "Matroska Tags", e.off, e.size())
	if err != nil {
		return nil, err
	}
	n := &node{id: e.id, off: e.off, width: e.width, raw: raw, body: raw[e.body-e.off:]}
	return n, n.expand(0, count)
}

// expand reads a master's children.
func (n *node) expand(depth int, count *int) error {
	if depth > maxDepth {
		return media.TooDeep("Matroska SimpleTag", n.off, maxDepth)
	}
	rest := n.body
	for len(rest) > 0 {
		off := n.off + int64(len(n.raw)-len(rest))
		e, short, rule := header(rest)
		switch {
		case rule != "":
			return media.Malformed("EBML element", off, rule)
		case short:
			return media.Truncated("EBML element", off, int64(len(rest))+1, int64(len(rest)))
		case e.unknown:
			return media.Malformed("EBML element", off, "unknown size of an element that is no Segment or Cluster")
		case e.end > int64(len(rest)):
			return media.Truncated("EBML element", off, e.end, int64(len(rest)))
		}
		if *count++; *count > maxNodes {
			return media.TooMany("EBML element", off, maxNodes)
		}
		kid := &node{id: e.id, off: off, width: e.width, raw: rest[:e.end], body: rest[e.body:e.end], parent: n}
		n.kids = append(n.kids, kid)
		if master(e.id) {
			if err := kid.expand(depth+1, count); err != nil {
				return err
			}
		}
		rest = rest[e.end:]
	}
	return nil
}

// touch marks a node and its ancestors as changed.
func (n *node) touch() {
	for ; n != nil; n = n.parent {
		n.changed = true
	}
}

// remove takes a node out of its parent.
func (n *node) remove() {
	for i, kid := range n.parent.kids {
		if kid == n {
			n.parent.kids = append(n.parent.kids[:i:i], n.parent.kids[i+1:]...)
			break
		}
	}
	n.parent.touch()
}

// add appends a new element.
func (n *node) add(b []byte) {
	n.kids = append(n.kids, &node{off: -1, raw: b, parent: n})
	n.touch()
}

// set replaces a leaf's body.
func (n *node) set(body []byte) {
	n.body = body
	n.raw = encode(n.id, body, n.width)
	n.parent.touch()
}

// first returns the first child with an ID.
func (n *node) first(id uint32) *node {
	for _, kid := range n.kids {
		if kid.id == id {
			return kid
		}
	}
	return nil
}

// bytes returns the element as it stands now. A master that changed gets its CRC-32 anew.
func (n *node) bytes() []byte {
	if !n.changed {
		return n.raw
	}
	var body []byte
	crc := false
	for i, kid := range n.kids {
		// A checksum is the first child; elsewhere, or of another length, it means nothing.
		if kid.id == idCRC {
			crc = crc || i == 0
			continue
		}
		body = append(body, kid.bytes()...)
	}
	if crc {
		sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))
		body = append(encode(idCRC, sum, 1), body...)
	}
	return encode(n.id, body, n.width)
}

// crcHolds reports whether a master's checksum is right, or is not there.
func (n *node) crcHolds() bool {
	if len(n.kids) == 0 || n.kids[0].id != idCRC {
		return true
	}
	sum := n.kids[0]
	rest := n.body[len(sum.raw):]
	return len(sum.body) == 4 && binary.LittleEndian.Uint32(sum.body) == crc32.ChecksumIEEE(rest)
}

// trees loads the Tags elements of a segment.
func (s *segment) trees(src media.Source) ([]*node, error) {
	var list []*node
	count := 0
	total := int64(0)
	for _, e := range s.tags {
		if total += e.size(); total > maxTags {
			return list, media.TooLarge("Matroska Tags", e.off, maxTags)
		}
		n, err := load(src, e, &count)
		if err != nil {
			return list, err
		}
		list = append(list, n)
	}
	return list, nil
}

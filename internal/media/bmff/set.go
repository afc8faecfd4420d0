package bmff

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

// fresh returns a metadata list that holds the label alone.
//
// Where the movie has a list of its own directly in moov, as Apple's cameras write it, common readers use one table of
// keys for both lists: ffmpeg the first one, MediaInfo the two in a row. So the new list gets the same table, and both
// tables get the label's key. The label has one value all the same.
func (m *movie) fresh(p *box.Plan, value []byte) ([]byte, error) {
	index, count, keys := uint32(1), uint32(1), newKey()
	if peer := m.peer(); peer != nil {
		table, err := m.r.Content(peer.keys, maxKeys)
		if err != nil {
			return nil, err
		}
		keys = table[8 : peer.keysEnd-peer.keys.Body()]
		if index = peer.exact(); index == 0 {
			index = uint32(len(peer.names) + 1)
			keys = append(keys[:len(keys):len(keys)], newKey()...)
			peer.addKey(p)
		}
		count = max(index, uint32(len(peer.names)))
	}
	handler := make([]byte, 25) // version and flags, pre_defined, handler, reserved, an empty name
	copy(handler[8:], handlerMD)
	return box.Append(nil, "meta", make([]byte, 4),
		box.Append(nil, "hdlr", handler),
		newKeys(count, keys),
		box.Append(nil, "ilst", newItem(index, value))), nil
}

func newKeys(count uint32, keys []byte) []byte {
	return box.Append(nil, "keys", make([]byte, 4), binary.BigEndian.AppendUint32(nil, count), keys)
}

// peer is the list directly in moov, if it stays and can take another key.
func (m *movie) peer() *tags {
	for _, t := range m.lists {
		if t.meta.Parent == m.moov && t.handler == handlerMD && t.keys != nil && !t.alone() && !t.holds(uint32(len(t.names)+1)) {
			return t
		}
	}
	return nil
}

// exact returns the index of the key in its usual spelling, or 0.
func (t *tags) exact() uint32 {
	for i, k := range t.names {
		if k.exact {
			return uint32(i + 1)
		}
	}
	return 0
}

// holds reports whether there is an item with an index.
func (t *tags) holds(index uint32) bool {
	for _, it := range t.items {
		if binary.BigEndian.Uint32([]byte(it.box.Type)) == index {
			return true
		}
	}
	return false
}

// addKey plans the label's key behind the others.
func (t *tags) addKey(p *box.Plan) {
	p.Replace(t.keys, t.keys.Body()+4, 4, binary.BigEndian.AppendUint32(nil, uint32(len(t.names)+1)))
	p.Insert(t.keys, t.keysEnd, newKey())
}

// newKey returns an entry of the keys box: its size, the name space, the name.
func newKey() []byte { return box.Append(nil, keySpace, []byte(keyName)) }

// newItem returns an item that holds UTF-8 without a locale.
func newItem(index uint32, value []byte) []byte {
	kind := []byte{0, 0, 0, typeUTF8, 0, 0, 0, 0}
	name := string(binary.BigEndian.AppendUint32(nil, index))
	return box.Append(nil, name, box.Append(nil, "data", kind, value))
}

// alone reports whether the list holds nothing but labels.
func (t *tags) alone() bool {
	if !t.keyed() || len(t.items) == 0 {
		return false
	}
	for _, it := range t.items {
		if !it.label {
			return false
		}
	}
	for _, k := range t.names {
		if !k.label {
			return false
		}
	}
	return true
}

// set plans the list with the label as its one label, in the place of an old one if there is one. All other keys keep
// their indexes.
func (t *tags) set(p *box.Plan, value []byte) error {
	if !t.full {
		p.Insert(t.meta, t.meta.Body(), make([]byte, 4))
	}
	at := t.find()
	index, err := t.index(p, at)
	if err != nil {
		return err
	}
	fresh := newItem(index, value)
	switch {
	case at >= 0:
		p.Replace(t.ilst, t.items[at].box.Offset, t.items[at].box.Size, fresh)
	case t.ilst != nil:
		p.Insert(t.ilst, t.ilstEnd, fresh)
	default:
		p.Insert(t.meta, t.end, box.Append(nil, "ilst", fresh))
	}
	for i, it := range t.items {
		if i != at && it.label {
			p.Remove(it.box)
		}
	}
	return nil
}

// index returns the index of the label's key, and plans the key where it is missing or spelled in another way.
func (t *tags) index(p *box.Plan, at int) (uint32, error) {
	var index uint32
	if at >= 0 {
		index = t.items[at].index
	} else {
		for i, k := range t.names {
			if k.label {
				index = uint32(i + 1)
				break
			}
		}
	}
	if index > 0 {
		if k := t.names[index-1]; !k.exact {
			p.Replace(t.keys, k.off, k.size, newKey())
		}
		return index, nil
	}
	index = uint32(len(t.names) + 1)
	if t.holds(index) {
		return 0, media.Unsupported("ilst", t.ilst.Offset, "an item without a key")
	}
	switch {
	case t.keys != nil:
		t.addKey(p)
	case t.ilst != nil:
		p.Insert(t.meta, t.ilst.Offset, newKeys(1, newKey()))
	default:
		p.Insert(t.meta, t.end, newKeys(1, newKey()))
	}
	return index, nil
}

package bmff

import (
	"encoding/binary"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	maxKeys   = 1 << 20 // bytes of a keys box
	maxItems  = 1 << 16 // items of an ilst box
	keyName   = "AIGC"
	keySpace  = "mdta"
	handlerMD = "mdta" // handler of a list with key names
	handlerIT = "mdir" // handler of an iTunes list
)

// tags is one metadata list: a meta box that holds an ilst.
type tags struct {
	meta    *box.Box
	full    bool  // the meta box has version and flags
	from    int64 // where its children begin
	end     int64 // and end
	handler string
	keys    *box.Box
	keysEnd int64 // where the last key ends
	names   []key
	ilst    *box.Box
	ilstEnd int64
	items   []item
}

// key is one entry of the keys box.
type key struct {
	off, size int64
	label     bool   // it names the label
	name      string // set where label is
	exact     bool   // and in the usual spelling
}

// item is one entry of the ilst box.
type item struct {
	box   *box.Box
	index uint32 // of its key, from 1; 0 when it has none
	label bool   // it is named as the label is
}

// list reads a meta box.
func (m *movie) list(b *box.Box) {
	if len(m.lists) == maxLists {
		m.hurt(b, media.TooMany("meta", b.Offset, maxLists))
		return
	}
	t := &tags{meta: b}
	if err := m.readList(t); err != nil {
		m.hurt(b, err)
		return
	}
	m.lists = append(m.lists, t)
	for i := range t.items {
		m.item(t, &t.items[i])
	}
}

func (m *movie) readList(t *tags) error {
	var err error
	if t.from, t.full, err = m.r.Meta(t.meta); err != nil {
		return err
	}
	t.end, err = m.r.Children(t.meta, t.from, func(b box.Box) error {
		switch b.Type {
		case "hdlr":
			if b.Len() >= 12 && t.handler == "" {
				h, err := m.r.Inside(&b, b.Body()+8, 4)
				if err != nil {
					return err
				}
				t.handler = string(h)
			}
		case "keys":
			if t.keys != nil {
				return media.Malformed("keys", b.Offset, "a second keys box")
			}
			t.keys = &b
			return t.readKeys(m.r)
		case "ilst":
			if t.ilst != nil {
				return media.Malformed("ilst", b.Offset, "a second ilst box")
			}
			t.ilst = &b
		case "free", "skip":
			if up := t.meta.Parent; m.moov != nil && (up == m.moov || up != nil && up.Parent == m.moov && up.Type == "udta") {
				m.padding(&b)
			}
		}
		return nil
	})
	if err != nil || t.ilst == nil {
		return err
	}
	return t.readItems(m.r)
}

func (t *tags) readKeys(r *box.Reader) error {
	b, err := r.Content(t.keys, maxKeys)
	if err != nil {
		return err
	}
	if len(b) < 8 {
		return media.Truncated("keys", t.keys.Offset, 8, int64(len(b)))
	}
	count := binary.BigEndian.Uint32(b[4:])
	at := 8
	for n := uint32(0); n < count; n++ {
		if len(b)-at < 8 {
			return media.Truncated("keys", t.keys.Body()+int64(at), 8, int64(len(b)-at))
		}
		size := int64(binary.BigEndian.Uint32(b[at:]))
		if size < 8 || size > int64(len(b)-at) {
			return media.Malformed("keys", t.keys.Body()+int64(at), "key_size does not fit")
		}
		k := key{off: t.keys.Body() + int64(at), size: size}
		space, name := string(b[at+4:at+8]), string(b[at+8:at+int(size)])
		if names(name) {
			k.label, k.exact, k.name = true, space == keySpace && name == keyName, clip(name)
		}
		t.names = append(t.names, k)
		at += int(size)
	}
	t.keysEnd = t.keys.Body() + int64(at)
	return nil
}

func (t *tags) readItems(r *box.Reader) error {
	var err error
	t.ilstEnd, err = r.Children(t.ilst, t.ilst.Body(), func(b box.Box) error {
		if len(t.items) == maxItems {
			return media.TooMany("item of ilst", b.Offset, maxItems)
		}
		it := item{box: &b}
		if n := binary.BigEndian.Uint32([]byte(b.Type)); t.keyed() && n > 0 && int64(n) <= int64(len(t.names)) {
			it.index, it.label = n, t.names[n-1].label
		}
		t.items = append(t.items, it)
		return nil
	})
	return err
}

// keyed reports whether items are named by the keys box.
func (t *tags) keyed() bool { return t.keys != nil || t.handler == handlerMD }

// standard reports whether the list is one that the label may be written to.
func (t *tags) standard() bool {
	up := t.meta.Parent
	return t.handler == handlerMD && up != nil && up.Type == "udta" && up.Parent != nil && up.Parent.Type == "moov"
}

// place names where the list's values stand.
func (t *tags) place() media.Place {
	switch {
	case t.standard():
		return media.PlaceKeys
	case t.keyed():
		return media.PlaceQuickTime
	default:
		return media.PlaceITunes
	}
}

// find returns the index of the item that the label goes to, or -1.
func (t *tags) find() int {
	for i, it := range t.items {
		if it.label {
			return i
		}
	}
	return -1
}

// names reports whether a key names the label: in any case, and behind a prefix such as com.example.
func names(key string) bool {
	if i := strings.LastIndexAny(key, ".:"); i >= 0 {
		key = key[i+1:]
	}
	return strings.EqualFold(strings.TrimRight(key, "\x00"), keyName)
}

// named reports whether a box is named as the label is.
func named(boxType string) bool { return strings.EqualFold(boxType, keyName) }

func clip(s string) string { return s[:min(len(s), 80)] }

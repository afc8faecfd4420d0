package riff

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
)

// entry is a sub-chunk of a list INFO, or the rest of the list where that is no sub-chunk: then id is empty.
type entry struct {
	id  string
	off int    // of the header, in the payload
	raw []byte // header, value and padding
	val []byte
}

// entries cuts a list INFO, form type included, into sub-chunks. Lists in the list are passed over as a whole. The rule
// tells what is wrong with the rest.
func entries(payload []byte) (list []entry, rule string) {
	at := min(4, len(payload))
	for at < len(payload) {
		left := payload[at:]
		if len(left) < 8 || !plausible(string(left[:4])) {
			if len(bytes.Trim(left, "\x00")) > 0 {
				rule = "sub-chunks to the end of the list"
			}
			return append(list, entry{off: at, raw: left}), rule
		}
		n := int64(binary.LittleEndian.Uint32(left[4:]))
		if n > int64(len(left)-8) {
			return append(list, entry{off: at, raw: left}), "length of a sub-chunk within the list"
		}
		end := 8 + int(n)
		if n%2 == 1 && end < len(left) && (end+5 > len(left) || plausible(string(left[end+1:end+5])) || !plausible(string(left[end:end+4]))) {
			end++
		}
		list = append(list, entry{id: string(left[:4]), off: at, raw: left[:end], val: left[8 : 8+n]})
		at += end
	}
	return list, ""
}

// label returns the label in a sub-chunk.
func (e entry) label(off int64) (media.Found, bool) {
	if foldedID(e.id) == keyAIGC {
		f := media.Found{Place: media.PlaceInfo, Offset: off, Value: bytes.TrimRight(e.val, "\x00")}
		if e.id != keyAIGC {
			f.Findings = []colophon.Finding{media.Warn(media.CodeIDSpelling, off, "key", e.id)}
		}
		return f, true
	}
	if e.id == "" || e.id == "LIST" || !media.Candidate(e.val) {
		return media.Found{}, false
	}
	f, ok := exif.Value(exif.TagImageDescription, binary.LittleEndian, e.val, off)
	f.Findings = nil
	return f, ok
}

func (d *document) infoLabels(c *chunk) ([]media.Found, error) {
	payload, err := d.read(c)
	if err != nil {
		return nil, err
	}
	list, rule := entries(payload)
	if rule != "" {
		d.damage(c.name(), c.off, rule)
	}
	var found []media.Found
	for _, e := range list {
		f, ok := e.label(c.off + 8 + int64(e.off))
		if !ok {
			continue
		}
		if len(found) >= maxLabels {
			return nil, media.TooMany("sub-chunk AIGC", f.Offset, maxLabels)
		}
		one := []media.Found{f}
		d.elsewhere(one, "INFO "+e.id)
		found = append(found, one...)
	}
	return found, nil
}

// infoWithout returns a list without labels, or nothing when it is empty then.
func (d *document) infoWithout(c *chunk) ([]byte, error) {
	payload, err := d.read(c)
	if err != nil {
		return nil, err
	}
	list, _ := entries(payload)
	body, _, err := strip(list, c.off+8, nil)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return framed("LIST", append([]byte("INFO"), body...)), nil
}

// info returns the payload of a list INFO with the label, made from the host where there is one. Extra null bytes
// behind the value make the list longer.
func (d *document) info(host int, value []byte, extra int) ([]byte, error) {
	sub := make([]byte, 0, len(value)+1+extra)
	sub = append(sub, value...)
	sub = framed(keyAIGC, append(sub, make([]byte, 1+extra)...))
	if host < 0 {
		return append([]byte("INFO"), sub...), nil
	}
	c := &d.chunks[host]
	payload, err := d.read(c)
	if err != nil {
		return nil, err
	}
	list, rule := entries(payload)
	if rule != "" {
		return nil, media.Malformed(c.name(), c.off, rule)
	}
	body, placed, err := strip(list, c.off+8, sub)
	if err != nil {
		return nil, err
	}
	if !placed {
		body = append(body, sub...)
	}
	if len(body) > maxMetadata-4 {
		return nil, media.NoRoom(c.name(), c.off, maxMetadata)
	}
	return append([]byte("INFO"), body...), nil
}

// strip returns sub-chunks without labels. Sub takes the place of the first sub-chunk AIGC, if there is one. Base is
// where the list's payload begins, for errors.
func strip(list []entry, base int64, sub []byte) (body []byte, placed bool, err error) {
	for _, e := range list {
		off := base + int64(e.off)
		_, labelled := e.label(off)
		switch {
		case foldedID(e.id) == keyAIGC && e.id != "":
			if !placed {
				body = append(body, sub...)
			}
			placed = true
			continue
		case labelled:
			text, rest, err := exif.Blank(exif.TagImageDescription, binary.LittleEndian, e.val, off)
			if err != nil {
				return nil, false, err
			}
			if !rest {
				continue
			}
			body = append(body, framed(e.id, text)...)
			continue
		case e.id == "" && sub != nil && !placed: // null bytes at the end stay there
			body = append(body, sub...)
			placed = true
		}
		body = append(body, e.raw...)
		if e.id != "" && len(e.raw)%2 == 1 {
			body = append(body, 0)
		}
	}
	return body, placed && sub != nil, nil
}

package id3

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Tags are the tags that stand before and behind the content of a file: ID3v2 tags at the beginning, and ID3v2, APEv2,
// Lyrics3 and ID3v1 at the end.
type Tags struct {
	src        media.Source
	lead, late []*tag
	ape        []*apeTag
	start, end int64 // the content
}

// Around reads the tags of a file. With an error it returns the tags that were read before the damage.
func Around(src media.Source) (*Tags, error) {
	t := &Tags{src: src, end: src.Size()}
	w := &window{src: src}
	for {
		next, err := readTag(w, t.start)
		if err != nil {
			return t, err
		}
		if next == nil {
			break
		}
		if len(t.lead) == maxTags {
			return t, media.TooMany("ID3v2 tag", t.start, maxTags)
		}
		t.lead = append(t.lead, next)
		t.start = next.end()
	}
	if err := t.trailing(w); err != nil {
		return t, err
	}
	return t, t.linked(w)
}

// Content is the range of the file between the tags.
func (t *Tags) Content() (start, end int64) { return t.start, t.end }

// Report adds what the tags hold to a survey. It stops at the first frame that can't be read.
func (t *Tags) Report(survey *media.Survey) error {
	for _, tag := range slices.Concat(t.lead, t.late) {
		items, err := tag.items()
		for _, it := range items {
			survey.Labels = append(survey.Labels, it.labels...)
			if it.c2pa {
				survey.Signatures = append(survey.Signatures, media.Signature{Kind: media.SignatureC2PA, Offset: tag.place(it.frame.at)})
			}
		}
		if err != nil {
			return err
		}
		if tag.dirty {
			survey.Findings = append(survey.Findings, media.Warn(media.CodeStructure, tag.place(tag.padding),
				"what", "ID3v2 padding", "rule", "padding holds bytes other than zero"))
		}
	}
	for _, ape := range t.ape {
		survey.Labels = append(survey.Labels, ape.labels()...)
	}
	return nil
}

// Drop returns the splices that take every label out of the tags, in ascending order.
func (t *Tags) Drop() ([]media.Splice, error) {
	lead, err := t.leading(nil)
	if err != nil {
		return nil, err
	}
	late, err := t.dropTrailing()
	return slices.Concat(lead, late), err
}

// leading returns the splices of the tags before the content: value goes into the first one, other labels go.
func (t *Tags) leading(value []byte) ([]media.Splice, error) {
	var out []media.Splice
	for i, tag := range t.lead {
		if i > 0 {
			value = nil
		}
		splices, err := tag.rewrite(value)
		if err != nil {
			return nil, err
		}
		out = append(out, splices...)
	}
	if moved := growth(out); moved != 0 {
		for _, tag := range t.lead {
			shifts, err := tag.shift(t.start, moved)
			if err != nil {
				return nil, err
			}
			out = append(out, shifts...)
		}
	}
	order(out)
	return out, nil
}

func (t *Tags) dropTrailing() ([]media.Splice, error) {
	var out []media.Splice
	for _, tag := range t.late {
		splices, err := tag.rewrite(nil)
		if err != nil {
			return nil, err
		}
		out = append(out, splices...)
	}
	for _, ape := range t.ape {
		out = append(out, ape.drop()...)
	}
	order(out)
	return out, nil
}

// shift moves the file offsets that CHAP and ASPI frames hold when the content, which began at start, moves by delta.
func (t *tag) shift(start, delta int64) ([]media.Splice, error) {
	var out []media.Splice
	for _, f := range t.frames {
		if f.id != "CHAP" && f.id != "ASPI" {
			continue
		}
		head := t.frameHeader()
		b, err := t.src.at("ID3v2 frame "+f.id, f.at+head, min(f.size, 512))
		if err != nil {
			return nil, err
		}
		var fields []int // offsets of the four-byte fields in b
		if f.id == "ASPI" {
			fields = []int{0}
		} else if n := bytes.IndexByte(b, 0); n >= 0 {
			fields = []int{n + 9, n + 13}
		}
		for _, field := range fields {
			if field+4 > len(b) {
				continue
			}
			old := be32(b[field:])
			// All ones say that there is no offset, and zero is what writers put who have none.
			if old < start || old == math.MaxUint32 {
				continue
			}
			if f.flags != 0 || t.raw != nil || t.flags&flagUnsync != 0 || old+delta >= math.MaxUint32 {
				return nil, media.Unsupported("ID3v2 frame "+f.id, t.place(f.at), "encoded frame holds file offsets that would change")
			}
			out = append(out, media.Splice{
				Offset: f.at + head + int64(field), Delete: 4, Insert: binary.BigEndian.AppendUint32(nil, uint32(old+delta)),
			})
		}
	}
	return out, nil
}

// linked follows SEEK frames (version 2.4, section 4.29) to tags within or behind the content.
func (t *Tags) linked(w *window) error {
	queue := slices.Clone(t.lead)
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, f := range from.frames {
			if f.id != "SEEK" || f.size < 4 || f.flags != 0 || from.raw != nil {
				continue
			}
			b, err := from.src.at("ID3v2 frame SEEK", f.at+headerSize, 4)
			if err != nil {
				return err
			}
			at := from.end() + be32(b)
			if at < t.start || at+headerSize > t.end || t.known(at) {
				continue
			}
			next, err := readTag(w, at)
			if err != nil || next == nil || next.end() > t.end {
				continue // a stale offset
			}
			if len(t.late) == maxTags {
				return media.TooMany("ID3v2 tag", at, maxTags)
			}
			next.late = true
			t.late = append(t.late, next)
			queue = append(queue, next)
		}
	}
	slices.SortFunc(t.late, func(a, b *tag) int { return int(a.off - b.off) })
	return nil
}

// known reports whether at lies in a tag that is read already.
func (t *Tags) known(at int64) bool {
	return slices.ContainsFunc(t.late, func(k *tag) bool { return at >= k.off && at < k.end() })
}

// Behind returns where the ID3v2 tags at the beginning of a file end, going by their headers alone. It is 0 where
// there are none.
func Behind(src media.Source) int64 {
	var at int64
	var b [headerSize]byte
	for range maxTags {
		if media.Fill(src, "ID3v2 header", b[:], at) != nil {
			break
		}
		n, ok := span(b[:])
		if !ok || b[0] != 'I' {
			break
		}
		at += n
	}
	return at
}

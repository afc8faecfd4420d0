package ebml

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

const tagName = "AIGC"

// label is a SimpleTag that holds a label.
type label struct {
	simple *node
	found  media.Found
	plain  bool // a string named exactly AIGC, of the whole segment
}

// labels finds the labels in a Tags element.
func labels(tags *node) []label {
	var list []label
	for _, tag := range tags.kids {
		if tag.id != idTag {
			continue
		}
		part := ofPart(tag)
		for _, kid := range tag.kids {
			if kid.id == idSimpleTag {
				list = collect(list, kid, part, false)
			}
		}
	}
	return list
}

// ofPart reports whether a tag is about a track, chapter, edition or attachment. A UID of zero means all of them.
func ofPart(tag *node) bool {
	targets := tag.first(idTargets)
	if targets == nil {
		return false
	}
	for _, kid := range targets.kids {
		switch kid.id {
		case idTrackUID, idEditionUID, idChapterUID, idAttachUID:
			if len(trim(kid.body)) > 0 {
				return true
			}
		}
	}
	return false
}

func collect(list []label, simple *node, part, nested bool) []label {
	if l, ok := read(simple, part, nested); ok {
		list = append(list, l)
	}
	for _, kid := range simple.kids {
		if kid.id == idSimpleTag {
			list = collect(list, kid, part, true)
		}
	}
	return list
}

func read(simple *node, part, nested bool) (label, bool) {
	l := label{simple: simple, found: media.Found{Place: media.PlaceTag, Offset: simple.off}}
	name := simple.first(idTagName)
	if name == nil {
		return l, false
	}
	key := trim(name.body)
	text, binary := simple.first(idTagString), simple.first(idTagBinary)
	if text != nil {
		l.found.Value = bytes.Clone(trim(text.body))
	} else if binary != nil {
		l.found.Value = bytes.Clone(binary.body)
	}
	tell := &l.found.Findings
	switch {
	case len(key) == len(tagName) && bytes.EqualFold(key, []byte(tagName)):
		if string(key) != tagName {
			*tell = warn(*tell, media.CodeIDSpelling, simple.off, "key", string(key))
		}
		if text == nil {
			*tell = warn(*tell, media.CodeStructure, simple.off, "what", "Matroska SimpleTag", "rule", "the label is no string")
		}
		if part || nested {
			*tell = warn(*tell, media.CodeOtherPlace, simple.off, "place", "tag of a part", "standard", string(media.PlaceTag))
		}
		l.plain = len(*tell) == 0
		return l, true
	case freeText(key) && media.Candidate(l.found.Value):
		l.found.Place = media.PlaceDescription
		*tell = warn(*tell, media.CodeOtherPlace, simple.off, "place", string(media.PlaceDescription), "standard", string(media.PlaceTag))
		return l, true
	}
	return l, false
}

func freeText(key []byte) bool {
	if len(key) > 16 {
		return false
	}
	switch string(bytes.ToUpper(key)) {
	case "COMMENT", "COMMENTS", "DESCRIPTION", "SUMMARY", "SYNOPSIS":
		return true
	}
	return false
}

// drop takes a label out, and its Tag when that holds nothing else.
func (l label) drop() {
	parent := l.simple.parent
	l.simple.remove()
	if parent.id == idTag && parent.first(idSimpleTag) == nil {
		parent.remove()
	}
}

// put makes value the only label of a Tags element.
func put(tags *node, value []byte) {
	var kept *node
	for _, l := range labels(tags) {
		if kept != nil || !l.plain {
			l.drop()
			continue
		}
		kept = l.simple
		if binary := kept.first(idTagBinary); binary != nil {
			binary.remove()
		}
		if !bytes.Equal(l.found.Value, value) {
			kept.first(idTagString).set(value)
		}
	}
	if kept != nil {
		return
	}
	for _, tag := range tags.kids {
		if targets := tag.first(idTargets); tag.id == idTag && targets != nil && len(targets.body) == 0 {
			tag.add(simpleTag(value))
			return
		}
	}
	tags.add(globalTag(value))
}

func simpleTag(value []byte) []byte {
	return encode(idSimpleTag, append(encode(idTagName, []byte(tagName), 1), encode(idTagString, value, 1)...), 1)
}

// globalTag is a Tag with empty Targets that holds the label.
func globalTag(value []byte) []byte {
	return encode(idTag, append(encode(idTargets, nil, 1), simpleTag(value)...), 1)
}

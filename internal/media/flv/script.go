package flv

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	onMetaData = "onMetaData"
	onXMPData  = "onXMPData"     // Adobe XMP specification part 3, section 1.1.4 (FLV)
	setFrame   = "@setDataFrame" // left in by servers that store what they were sent
)

// noObject stands for the end of a value that has no members.
const noObject = -1

// script is what matters in a script tag. Offsets count in its data.
type script struct {
	tag    tag
	name   string
	count  int // where an ECMA array's number of members stands; -1 in an object
	number int // members
	end    int // where a member may be put in; noObject when the value is no object or ECMA array
	labels []label
	packet packet
	// Numbers that follow when tags move: offsets of keyframes, and sizes of the file.
	positions []int
	sizes     []int
}

// weight is about how many bytes a script takes.
func (s *script) weight() int {
	n := len(s.packet.text) + 8*len(s.positions) + 8*len(s.sizes)
	for _, l := range s.packet.labels {
		n += len(l.Value)
	}
	for _, l := range s.labels {
		n += len(l.found.Value)
	}
	return n
}

// label is a member that holds a label.
type label struct {
	pair
	found media.Found
	plain bool // a string named exactly AIGC
}

// packet is an XMP packet with labels.
type packet struct {
	at, end int // the string value
	text    []byte
	labels  []media.Found
}

// parse looks through the top level of a script's value.
func parse(data []byte, t tag) (*script, error) {
	d := &decoder{data: data, base: t.body()}
	s := &script{tag: t, count: -1, end: noObject}
	name, at, err := d.name(0)
	if err == nil && string(name) == setFrame {
		name, at, err = d.name(at)
	}
	if err != nil {
		return nil, err
	}
	s.name = string(name[:min(len(name), 64)])
	if err := d.need("AMF0 value", at, 1); err != nil {
		return nil, err
	}
	switch data[at] {
	case amfObject, amfArray, amfTypedObject:
	default:
		_, err := d.skip(at, 0)
		return s, err
	}
	m, err := d.pairs(at, 0, func(p pair) error { return s.member(d, p) })
	if err != nil {
		return nil, err
	}
	s.count, s.number, s.end = m.count, m.number, m.end
	return s, nil
}

// name returns the string that names a script, and where it ends.
func (d *decoder) name(at int) ([]byte, int, error) {
	if err := d.need("AMF0 script name", at, 1); err != nil {
		return nil, 0, err
	}
	if d.data[at] != amfString {
		return nil, 0, media.Malformed("AMF0 script name", d.base+int64(at), "is no string")
	}
	return d.text("AMF0 script name", at+1, 2)
}

func (s *script) member(d *decoder, p pair) error {
	name := string(p.key[:min(len(p.key), 64)])
	off := d.base + int64(p.at)
	p.key = nil // it would hold the whole tag in memory
	switch {
	case strings.EqualFold(name, key) && len(name) == len(key):
		value := d.content(p.value, p.end)
		plain := value != nil && name == key
		f := media.Found{Place: media.PlaceOnMetaData, Offset: off, Value: bytes.Clone(value)}
		if value == nil {
			f.Value = d.render(p.value)
			f.Findings = append(f.Findings, media.Warn(media.CodeStructure, off, "what", "AMF0 value", "rule", "the label is no string"))
		}
		if name != key {
			f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, off, "key", name))
		}
		if s.name != onMetaData {
			f.Findings = append(f.Findings, media.Warn(media.CodeOtherPlace, off, "place", s.name, "standard", onMetaData))
		}
		s.labels = append(s.labels, label{p, f, plain})
	case strings.EqualFold(name, "description"), strings.EqualFold(name, "comment"):
		if value := d.content(p.value, p.end); media.Candidate(value) {
			f := media.Found{Place: media.PlaceDescription, Offset: off, Value: bytes.Clone(value)}
			f.Findings = append(f.Findings, media.Warn(media.CodeOtherPlace, off, "place", string(f.Place), "standard", onMetaData))
			s.labels = append(s.labels, label{p, f, false})
		}
	case name == "liveXML" && s.name == onXMPData:
		return s.readPacket(d, p)
	case name == "keyframes":
		return s.keyframes(d, p.value)
	case name == "lastkeyframelocation" && d.isNumber(p.value):
		s.positions = append(s.positions, p.value)
	case (name == "filesize" || name == "datasize") && d.isNumber(p.value):
		s.sizes = append(s.sizes, p.value)
	}
	if len(s.labels) > maxLabels {
		return media.TooMany("FLV label", off, maxLabels)
	}
	return nil
}

func (s *script) readPacket(d *decoder, p pair) error {
	text := d.content(p.value, p.end)
	if text == nil || s.packet.text != nil {
		return nil
	}
	found := xmp.Read(text, d.base+int64(p.end-len(text)))
	if len(found) == 0 {
		return nil
	}
	for i := range found {
		found[i].Findings = append(found[i].Findings,
			media.Warn(media.CodeOtherPlace, found[i].Offset, "place", string(media.PlaceXMP), "standard", onMetaData))
	}
	s.packet = packet{p.value, p.end, bytes.Clone(text), found}
	return nil
}

// keyframes notes the offsets of keyframes.
func (s *script) keyframes(d *decoder, at int) error {
	if k := d.data[at]; k != amfObject && k != amfArray {
		return nil
	}
	_, err := d.pairs(at, 1, func(p pair) error {
		if string(p.key) != "filepositions" {
			return nil
		}
		note := func(at int) {
			if d.isNumber(at) {
				s.positions = append(s.positions, at)
			}
		}
		var err error
		switch d.data[p.value] {
		case amfStrictArray:
			_, err = d.elements(p.value, 2, note)
		case amfObject, amfArray:
			_, err = d.pairs(p.value, 2, func(p pair) error { note(p.value); return nil })
		default:
			err = media.Unsupported("FLV keyframes.filepositions", d.base+int64(p.at), "is no array")
		}
		return err
	})
	return err
}

// render tells in JSON what an object that stands where a label belongs says: its members that are strings.
func (d *decoder) render(at int) []byte {
	if k := d.data[at]; k != amfObject && k != amfArray && k != amfTypedObject {
		return nil
	}
	var out bytes.Buffer
	_, err := d.pairs(at, 0, func(p pair) error {
		value := d.content(p.value, p.end)
		if value == nil {
			return nil
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		for i, text := range [...][]byte{p.key, value} {
			quoted, err := json.Marshal(string(text))
			if err != nil {
				return err
			}
			out.Write(quoted)
			if i == 0 {
				out.WriteByte(':')
			}
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return []byte("{" + out.String() + "}")
}

// Package flv puts the label in the onMetaData script tag of FLV files.
//
// An FLV file (Adobe Flash Video File Format Specification 10.1, annex E) is a header and a sequence of tags, each
// followed by the size of the tag before it. A tag of type 18 holds script data: a name and a value in AMF0. The label
// is a string member AIGC of the value named onMetaData. Tags are hopped over by their sizes and audio and video are
// never read.
//
// A script tag that grows moves all tags behind it. Metadata injectors write absolute offsets of keyframes into
// onMetaData (keyframes.filepositions, lastkeyframelocation) and the size of the file; all of these are moved along,
// as numbers of the same width.
//
// What not to do here: never build AMF0 values and write them anew, since that loses the order, types and references
// that players depend on; members are spliced in and out as bytes. Never take an ECMA array's count for the truth.
package flv

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Container is FLV.
type Container struct{}

var _ media.Container = Container{}

const (
	key        = "AIGC"
	headerSize = 9
	tagHeader  = 11
	tagTail    = 4 // PreviousTagSize

	maxScripts = 8192     // script tags that matter for an edit
	maxRewrite = 32 << 20 // bytes of script tags that one edit writes anew
	maxLabels  = 1024
	maxTagBody = 1<<24 - 1
	maxIgnored = 1 << 16 // undefined tags that are hopped over
	windowSize = 64 << 10
	tagAudio   = 8
	tagVideo   = 9
	tagScript  = 18
	typeMask   = 0x1F // type of a tag
	filterMask = 0x20 // the tag's body is encrypted
)

// Sniff looks at the signature, the version and the header's size.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	if len(head) < headerSize || string(head[:3]) != "FLV" || head[3] != 1 {
		return media.Unknown
	}
	if size := binary.BigEndian.Uint32(head[5:]); size < headerSize || size > 1<<16 {
		return media.Unknown
	}
	return media.FLV
}

// Places returns onMetaData, the only place.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceOnMetaData} }

// Scan looks at every script tag.
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	file, err := walk(src)
	survey := &media.Survey{Format: f, Labels: file.labels, Findings: file.findings}
	return survey, err
}

// file is what a walk through all tags found.
type file struct {
	src      media.Source
	first    int64 // where the first tag begins
	scripts  []*script
	labels   []media.Found
	findings []colophon.Finding
	target   *script // the onMetaData tag that an edit writes to
	playing  bool    // a tag of audio or video with a time later than zero has been met
	ignored  int
	oddSize  bool // a wrong PreviousTagSize has been reported
	held     int  // bytes that labels and numbers of all scripts take
}

// tag is the header of a tag.
type tag struct {
	off  int64
	kind byte
	size int64 // of the body
	time uint32
}

func (t tag) body() int64 { return t.off + tagHeader }
func (t tag) end() int64  { return t.off + tagHeader + t.size }

// walk hops from tag to tag. It returns what was found before an error, too.
func walk(src media.Source) (*file, error) {
	f := &file{src: src}
	r := &reader{src: src}
	head, err := r.bytes("FLV header", 0, headerSize)
	if err != nil {
		return f, err
	}
	f.first = int64(binary.BigEndian.Uint32(head[5:])) + tagTail
	if err := media.Within(src, "FLV header", 0, f.first); err != nil {
		return f, err
	}
	for off := f.first; off < src.Size(); {
		if src.Size()-off < tagHeader {
			f.warn(media.CodeTrailingData, off)
			break
		}
		b, err := r.bytes("FLV tag", off, tagHeader)
		if err != nil {
			return f, err
		}
		t := tag{
			off: off, kind: b[0], size: int64(binary.BigEndian.Uint32(b) & maxTagBody),
			time: binary.BigEndian.Uint32(b[4:])>>8 | uint32(b[7])<<24,
		}
		stop, err := f.take(r, t)
		if stop || err != nil {
			return f, err
		}
		off = t.end() + tagTail
	}
	return f, nil
}

func (f *file) warn(code colophon.Code, off int64, args ...string) {
	f.findings = append(f.findings, media.Warn(code, off, args...))
}

// take looks at one tag. It reports true when the tags end here.
func (f *file) take(r *reader, t tag) (bool, error) {
	kind := t.kind & typeMask
	known := kind == tagAudio || kind == tagVideo || kind == tagScript
	whole := t.end() <= f.src.Size()
	if !whole && kind == tagScript {
		return false, media.Truncated("FLV script tag", t.off, tagHeader+t.size, f.src.Size()-t.off)
	}
	joined := false // the tag's size is confirmed behind it
	if t.end()+tagTail <= f.src.Size() {
		b, err := r.bytes("FLV PreviousTagSize", t.end(), tagTail)
		if err != nil {
			return false, err
		}
		joined = int64(binary.BigEndian.Uint32(b)) == tagHeader+t.size
		if !joined && known && !f.oddSize {
			f.oddSize = true
			f.warn(media.CodeStructure, t.end(), "what", "FLV PreviousTagSize", "rule", "differs from the size of the tag before it")
		}
	}
	switch {
	case !known && !joined:
		f.warn(media.CodeTrailingData, t.off)
		return true, nil
	case !known:
		if f.ignored++; f.ignored > maxIgnored {
			return false, media.TooMany("FLV tag of undefined type", t.off, maxIgnored)
		}
		return false, nil
	case !whole:
		f.warn(media.CodeStructure, t.off, "what", "FLV tag", "rule", "the file ends inside the tag")
		return true, nil
	case kind != tagScript:
		f.playing = f.playing || t.time > 0
		return false, nil
	case t.kind&filterMask != 0:
		f.warn(media.CodeStructure, t.off, "what", "FLV script tag", "rule", "encrypted, so it was not read")
		return false, nil
	}
	return false, f.script(t)
}

// script looks into a script tag.
func (f *file) script(t tag) error {
	data, err := media.Bytes(f.src, "FLV script tag", t.body(), t.size)
	if err != nil {
		return err
	}
	s, err := parse(data, t)
	if err != nil {
		// Only onMetaData must be understood; another script is passed over when it can't hold a label.
		if bytes.Contains(data, []byte("onMetaData")) || bytes.Contains(bytes.ToUpper(data), []byte(key)) {
			return err
		}
		f.warn(media.CodeStructure, t.off, "what", "FLV script tag", "rule", "no AMF0 name and value")
		return nil
	}
	if f.held += s.weight(); f.held > maxRewrite {
		return media.TooLarge("FLV script tags", t.off, maxRewrite)
	}
	late := f.playing
	for _, l := range s.labels {
		if late {
			l.found.Findings = append(l.found.Findings, media.Warn(media.CodeLateLabel, l.found.Offset))
		}
		f.labels = append(f.labels, l.found)
	}
	f.labels = append(f.labels, s.packet.labels...)
	if len(f.labels) > maxLabels {
		return media.TooMany("FLV label", t.off, maxLabels)
	}
	if f.target == nil && !late && s.name == onMetaData && s.end != noObject {
		f.target = s
	} else if len(s.labels) == 0 && len(s.packet.labels) == 0 && len(s.positions) == 0 && s.sizes == nil {
		return nil
	}
	if len(f.scripts) == maxScripts {
		return media.TooMany("FLV script tag", t.off, maxScripts)
	}
	f.scripts = append(f.scripts, s)
	return nil
}

// reader reads small structures through a window, so that a file of many small tags takes few reads.
type reader struct {
	src   media.Source
	buf   []byte
	start int64
}

// bytes returns n bytes at off, valid until the next call.
func (r *reader) bytes(what string, off int64, n int) ([]byte, error) {
	if err := media.Within(r.src, what, off, int64(n)); err != nil {
		return nil, err
	}
	if off < r.start || off+int64(n) > r.start+int64(len(r.buf)) {
		size := min(windowSize, r.src.Size()-off)
		if int64(cap(r.buf)) < size {
			r.buf = make([]byte, size)
		}
		r.buf, r.start = r.buf[:size], off
		if err := media.Fill(r.src, what, r.buf, off); err != nil {
			r.buf = nil
			return nil, err
		}
	}
	return r.buf[off-r.start:][:n], nil
}

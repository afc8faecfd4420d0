package flac

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/vorbis"
)

const (
	marker      = "fLaC"
	blockHeader = 4
	maxBlock    = 1<<24 - 1
	maxBlocks   = 1 << 14
	windowSize  = 32 << 10
)

// Types of metadata blocks (RFC 9639, section 8.1).
const (
	typeStreamInfo  = 0
	typePadding     = 1
	typeApplication = 2
	typeComment     = 4
)

// stream is what stands before the audio frames.
type stream struct {
	first, last block // STREAMINFO and the block that is marked as last
	comments    []block
	padding     []block
	foreign     []media.Found // chunks of another format's file, kept in APPLICATION blocks
}

// block is a metadata block. The body is that of comment blocks alone.
type block struct {
	off, size int64 // the header; the body's length
	kind      byte
	last      bool
	body      []byte
}

// window reads block headers, of which a buffer usually covers several.
type window struct {
	src media.Source
	buf []byte
	off int64
}

func (w *window) at(what string, off, n int64) ([]byte, error) {
	if off >= w.off && off+n <= w.off+int64(len(w.buf)) {
		return w.buf[off-w.off : off-w.off+n], nil
	}
	if err := media.Within(w.src, what, off, n); err != nil {
		return nil, err
	}
	if n > windowSize {
		return media.Bytes(w.src, what, off, n)
	}
	w.buf, w.off = make([]byte, min(windowSize, w.src.Size()-off)), off
	if err := media.Fill(w.src, what, w.buf, off); err != nil {
		return nil, err
	}
	return w.buf[:n], nil
}

// read walks the metadata blocks of the stream that begins at start. With an error it returns what was read before.
func read(src media.Source, start, end int64) (*stream, error) {
	s := &stream{}
	w := &window{src: src}
	b, err := w.at("FLAC marker", start, 4)
	if err != nil {
		return s, err
	}
	if string(b) != marker {
		return s, media.Malformed("FLAC marker", start, "not fLaC")
	}
	at := start + 4
	for i := 0; ; i++ {
		if i == maxBlocks {
			return s, media.TooMany("FLAC metadata block", at, maxBlocks)
		}
		b, err := s.next(w, at, end)
		if err != nil {
			return s, err
		}
		if (i == 0) != (b.kind == typeStreamInfo) || i == 0 && b.size != 34 {
			return s, media.Malformed("FLAC metadata block", at, "STREAMINFO is the first block, the only one of its kind, and 34 bytes long")
		}
		if i == 0 {
			s.first = b
		}
		at += blockHeader + b.size
		if b.last {
			s.last = b
			return s, audio(w, at, end)
		}
	}
}

// next reads the block at off.
func (s *stream) next(w *window, off, end int64) (block, error) {
	const what = "FLAC metadata block"
	h, err := w.at(what, off, blockHeader)
	if err != nil {
		return block{}, err
	}
	b := block{off: off, last: h[0]&0x80 != 0, kind: h[0] & 0x7F, size: int64(h[1])<<16 | int64(h[2])<<8 | int64(h[3])}
	if b.kind == 127 {
		return b, media.Malformed(what, off, "block type 127 is forbidden")
	}
	if b.size > end-off-blockHeader {
		return b, media.Truncated(what, off, b.size+blockHeader, end-off)
	}
	switch b.kind {
	case typeComment:
		if len(s.comments) > 0 {
			return b, media.Malformed("FLAC VORBIS_COMMENT block", off, "there is one at most")
		}
		body, err := w.at("FLAC VORBIS_COMMENT block", off+blockHeader, b.size)
		if err != nil {
			return b, err
		}
		b.body = bytes.Clone(body)
		s.comments = append(s.comments, b)
	case typePadding:
		s.padding = append(s.padding, b)
	case typeApplication:
		return b, s.application(w, b)
	}
	return b, nil
}

// application looks for a label in a chunk that the flac program keeps from a WAV file (--keep-foreign-metadata).
func (s *stream) application(w *window, b block) error {
	if b.size < 12 || b.size > 1<<20 {
		return nil
	}
	body, err := w.at("FLAC APPLICATION block", b.off+blockHeader, b.size)
	if err != nil {
		return err
	}
	var value []byte
	switch {
	case string(body[:8]) == "riffAIGC":
		value = chunk(body[8:])
	case string(body[:8]) == "riffLIST" && b.size >= 16 && string(body[12:16]) == "INFO":
		for list := body[16:]; len(list) >= 8; {
			item := chunk(list[4:])
			if string(list[:4]) == "AIGC" {
				value = item
			}
			list = list[min(len(list), 8+len(item)+len(item)&1):]
		}
	}
	if value != nil {
		f := media.Found{Place: media.PlaceChunk, Offset: b.off, Value: bytes.TrimRight(bytes.Clone(value), "\x00")}
		f.Findings = []colophon.Finding{otherPlace(f.Place, f.Offset)}
		s.foreign = append(s.foreign, f)
	}
	return nil
}

// chunk returns the content that a little-endian size announces, as far as it is there.
func chunk(b []byte) []byte {
	n := int64(binary.LittleEndian.Uint32(b))
	return b[4:min(int64(len(b)), 4+n)]
}

// audio checks that a frame begins at off, where the stream doesn't end there.
func audio(w *window, off, end int64) error {
	if off+2 > end {
		return nil
	}
	b, err := w.at("FLAC frame", off, 2)
	if err != nil {
		return err
	}
	if b[0] != 0xFF || b[1]&0xFE != 0xF8 {
		return media.Malformed("FLAC frame", off, "no frame synchronisation behind the last metadata block")
	}
	return nil
}

func otherPlace(place media.Place, off int64) colophon.Finding {
	return media.Warn(media.CodeOtherPlace, off, "place", string(place), "standard", string(media.PlaceVorbisComment))
}

func isPlaceFinding(f colophon.Finding) bool { return f.Code == media.CodeOtherPlace }

func header(kind byte, last bool, size int64) []byte {
	b := []byte{kind, byte(size >> 16), byte(size >> 8), byte(size)}
	if last {
		b[0] |= 0x80
	}
	return b
}

// label returns the splices that put value into the comment block.
func (s *stream) label(value []byte) ([]media.Splice, error) {
	if len(s.foreign) > 0 {
		return nil, media.Unsupported("FLAC APPLICATION block", s.foreign[0].Offset, "a kept RIFF chunk holds a label and can't be cut without breaking the kept file")
	}
	if len(value) > maxBlock/2 {
		return nil, media.NoRoom("FLAC VORBIS_COMMENT block", s.first.off, maxBlock/2)
	}
	if len(s.comments) == 0 {
		body := vorbis.New(value)
		b := slices.Concat(header(typeComment, s.first.last, int64(len(body))), body)
		out := []media.Splice{{Offset: s.first.off + blockHeader + s.first.size, Insert: b}}
		if s.first.last {
			out = append(out, media.Splice{Offset: s.first.off, Delete: 1, Insert: []byte{typeStreamInfo}})
		}
		return s.absorb(out, int64(len(b))), nil
	}
	old := s.comments[0]
	body, err := vorbis.Set(old.body, value)
	if err != nil {
		return nil, err
	}
	if len(body) > maxBlock {
		return nil, media.NoRoom("FLAC VORBIS_COMMENT block", old.off, maxBlock)
	}
	b := slices.Concat(header(typeComment, old.last, int64(len(body))), body)
	out := []media.Splice{{Offset: old.off, Delete: blockHeader + old.size, Insert: b}}
	return s.absorb(out, int64(len(body))-old.size), nil
}

// absorb takes growth out of a PADDING block, or gives to it what is left over. Where no block has enough, the file
// grows.
func (s *stream) absorb(out []media.Splice, grown int64) []media.Splice {
	if grown == 0 {
		return out
	}
	for _, p := range s.padding {
		size := p.size - grown
		if size < 0 || size > maxBlock {
			continue
		}
		out = append(out, media.Splice{Offset: p.off, Delete: blockHeader, Insert: header(typePadding, p.last, size)})
		change := media.Splice{Offset: p.off + blockHeader, Delete: max(0, grown)}
		if grown < 0 {
			change.Insert = make([]byte, -grown)
		}
		out = append(out, change)
		break
	}
	order(out)
	return out
}

// order sorts splices by offset; those at one offset keep their order.
func order(splices []media.Splice) {
	slices.SortStableFunc(splices, func(a, b media.Splice) int { return cmp.Compare(a.Offset, b.Offset) })
}

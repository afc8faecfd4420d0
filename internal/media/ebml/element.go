package ebml

import (
	"encoding/binary"
	"math/bits"

	"github.com/colophon-project/colophon/internal/media"
)

// Element IDs, with their length markers (RFC 8794, section 11; RFC 9559, section 5).
const (
	idEBML        = 0x1A45DFA3
	idDocType     = 0x4282
	idVoid        = 0xEC
	idCRC         = 0xBF
	idSegment     = 0x18538067
	idSeekHead    = 0x114D9B74
	idSeek        = 0x4DBB
	idSeekID      = 0x53AB
	idSeekPos     = 0x53AC
	idInfo        = 0x1549A966
	idTracks      = 0x1654AE6B
	idCluster     = 0x1F43B675
	idPosition    = 0xA7 // of a cluster in its segment
	idBlock       = 0xA3 // SimpleBlock
	idBlockGroup  = 0xA0
	idCues        = 0x1C53BB6B
	idCuePoint    = 0xBB
	idCueTrack    = 0xB7 // CueTrackPositions
	idCueCluster  = 0xF1 // CueClusterPosition
	idCueState    = 0xEA // CueCodecState
	idCueRef      = 0xDB // CueReference
	idRefCluster  = 0x97 // CueRefCluster
	idRefState    = 0xEB // CueRefCodecState
	idAttachments = 0x1941A469
	idChapters    = 0x1043A770
	idTags        = 0x1254C367
	idTag         = 0x7373
	idTargets     = 0x63C0
	idTypeValue   = 0x68CA
	idTrackUID    = 0x63C5
	idEditionUID  = 0x63C9
	idChapterUID  = 0x63C4
	idAttachUID   = 0x63C6
	idSimpleTag   = 0x67C8
	idTagName     = 0x45A3
	idTagString   = 0x4487
	idTagBinary   = 0x4485
)

const (
	maxHeader  = 4 + 8 // bytes of an element's ID and size
	windowSize = 8 << 10
)

// element is an element's header as it stands in the file.
type element struct {
	id      uint32
	off     int64
	body    int64
	end     int64 // behind the body; meaningless when the size is unknown
	width   int   // bytes of the size field
	unknown bool  // the size is unknown: the element ends where one begins that can't be its child
}

func (e element) size() int64 { return e.end - e.off }

// header parses the element that b begins with, as offsets from b's beginning. rule tells what is wrong, and short that
// b ends too early.
func header(b []byte) (e element, short bool, rule string) {
	if len(b) == 0 {
		return e, true, ""
	}
	n := bits.LeadingZeros8(b[0]) + 1
	if n > 4 {
		return e, false, "the ID is longer than four bytes"
	}
	if len(b) <= n {
		return e, true, ""
	}
	for _, c := range b[:n] {
		e.id = e.id<<8 | uint32(c)
	}
	w := bits.LeadingZeros8(b[n]) + 1
	if w > 8 {
		return e, false, "the size is longer than eight bytes"
	}
	if len(b) < n+w {
		return e, true, ""
	}
	size := uint64(b[n]) &^ (1 << (8 - w))
	for _, c := range b[n+1 : n+w] {
		size = size<<8 | uint64(c)
	}
	e.width, e.body = w, int64(n+w)
	e.unknown = size == 1<<(7*w)-1
	// A size of eight bytes holds 56 bits, so the sum can't overflow.
	e.end = e.body + int64(size)
	return e, false, ""
}

// appendID appends an ID.
func appendID(b []byte, id uint32) []byte {
	for shift := (bits.Len32(id) - 1) / 8 * 8; shift >= 0; shift -= 8 {
		b = append(b, byte(id>>shift))
	}
	return b
}

// sizeWidth is how many bytes a size field needs, at least width.
func sizeWidth(size int64, width int) int {
	for width < 8 && size > 1<<(7*width)-2 {
		width++
	}
	return width
}

// appendSize appends a size field of width bytes.
func appendSize(b []byte, size int64, width int) []byte {
	var v [8]byte
	binary.BigEndian.PutUint64(v[:], uint64(size)|1<<(7*width))
	return append(b, v[8-width:]...)
}

// encode returns an element whose size field has at least width bytes.
func encode(id uint32, body []byte, width int) []byte {
	b := appendID(make([]byte, 0, maxHeader+len(body)), id)
	b = appendSize(b, int64(len(body)), sizeWidth(int64(len(body)), width))
	return append(b, body...)
}

// void returns a Void element of n bytes in all; n is at least 2.
func void(n int64) []byte {
	width := int64(1)
	if n-2 > 126 {
		width = 8
	}
	return encode(idVoid, make([]byte, n-1-width), int(width))
}

// pad fills the element b up to n bytes with a Void, or with a longer size field where a Void would not fit.
func pad(b []byte, n int64) ([]byte, bool) {
	rest := n - int64(len(b))
	switch {
	case rest < 0:
		return nil, false
	case rest == 0:
		return b, true
	case rest > 1:
		return append(b[:len(b):len(b)], void(rest)...), true
	}
	e, short, rule := header(b)
	if short || rule != "" || e.width == 8 {
		return nil, false
	}
	return encode(e.id, b[e.body:], e.width+1), true
}

// reader reads headers through a window, so that a file of many small blocks takes few reads.
type reader struct {
	src   media.Source
	buf   []byte
	start int64
}

// peek returns up to n bytes at off, fewer only where the file ends.
func (r *reader) peek(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), r.src.Size()-off))
	if off < r.start || off+int64(n) > r.start+int64(len(r.buf)) {
		size := min(windowSize, r.src.Size()-off)
		if int64(cap(r.buf)) < size {
			r.buf = make([]byte, size)
		}
		r.buf, r.start = r.buf[:size], off
		if err := media.Fill(r.src, "EBML element", r.buf, off); err != nil {
			r.buf = nil
			return nil, err
		}
	}
	return r.buf[off-r.start:][:n], nil
}

// element reads the header at off, which lies before limit.
func (r *reader) element(off, limit int64) (element, error) {
	b, err := r.peek(off, int(min(maxHeader, limit-off)))
	if err != nil {
		return element{}, err
	}
	e, short, rule := header(b)
	switch {
	case rule != "":
		return e, media.Malformed("EBML element", off, rule)
	case short:
		return e, media.Truncated("EBML element", off, int64(len(b))+1, int64(len(b)))
	}
	e.off, e.body, e.end = off, e.body+off, e.end+off
	return e, nil
}

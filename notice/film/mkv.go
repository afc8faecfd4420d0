package film

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/colophon-project/colophon/internal/media"
)

// IDs of elements (RFC 9559, section 5).
const (
	idCRC          = 0xBF
	idVoid         = 0xEC
	idSegment      = 0x18538067
	idSeekHead     = 0x114D9B74
	idSeek         = 0x4DBB
	idSeekPos      = 0x53AC
	idInfo         = 0x1549A966
	idScale        = 0x2AD7B1
	idDuration     = 0x4489
	idTracks       = 0x1654AE6B
	idEntry        = 0xAE
	idNumber       = 0xD7
	idType         = 0x83
	idEnabled      = 0xB9
	idCodec        = 0x86
	idPrivate      = 0x63A2
	idLength       = 0x23E383 // DefaultDuration
	idEncodings    = 0x6D80
	idVideo        = 0xE0
	idAlpha        = 0x53C0
	idProjection   = 0x7670
	idCluster      = 0x1F43B675
	idTime         = 0xE7
	idPosition     = 0xA7
	idSimpleBlock  = 0xA3
	idGroup        = 0xA0
	idBlock        = 0xA1
	idGroupLength  = 0x9B
	idReference    = 0xFB
	idAdditions    = 0x75A1
	idPadding      = 0x75A2
	idCues         = 0x1C53BB6B
	idCuePoint     = 0xBB
	idCueTime      = 0xB3
	idCuePositions = 0xB7
	idCueTrack     = 0xF7
	idCueCluster   = 0xF1
	idCueRelative  = 0xF0
)

const maxMaster = 16 << 20 // bytes of Tracks, Cues and the like that are held

// element is where an element stands.
type element struct {
	id             uint32
	off, body, end int64
	unknown        bool
}

// matroska is a film in a Matroska or WebM file.
type matroska struct {
	track
	src      media.Source
	segment  element
	parts    []element // children of the segment
	number   uint64    // of the track of pictures
	private  bool
	blocks   []block // of the samples
	clusters map[int64]*cluster
	win      []byte
	winAt    int64
}

// block is the element that holds a sample.
type block struct {
	element
	cluster *cluster
}

// cluster is a cluster's header and time.
type cluster struct {
	element
	time  int64
	whole bool // its blocks are as they were
	fixed []element
}

// head reads the header of the element at off, which ends by end.
func (m *matroska) head(off, end int64) (element, error) {
	if off < m.winAt || off+12 > m.winAt+int64(len(m.win)) {
		n := min(64, m.src.Size()-off)
		if n < 2 {
			return element{}, media.Truncated("EBML element", off, 2, max(0, n))
		}
		m.win, m.winAt = m.win[:0], off
		buf := make([]byte, n)
		if err := media.Fill(m.src, "EBML element", buf, off); err != nil {
			return element{}, err
		}
		m.win = buf
	}
	b := m.win[off-m.winAt:]
	e, ok := parseElement(b)
	if !ok {
		return e, media.Malformed("EBML element", off, "the ID or size is damaged")
	}
	e.off, e.body, e.end = off, e.body+off, e.end+off
	if e.unknown {
		e.end = end
	}
	if e.end > end {
		return e, media.Truncated("EBML element", off, e.end-off, end-off)
	}
	return e, nil
}

// parseElement parses a header as offsets from the beginning of b.
func parseElement(b []byte) (e element, ok bool) {
	if len(b) < 2 {
		return e, false
	}
	n := bits.LeadingZeros8(b[0]) + 1
	if n > 4 || len(b) <= n {
		return e, false
	}
	for _, c := range b[:n] {
		e.id = e.id<<8 | uint32(c)
	}
	size, w := vint(b[n:])
	if w == 0 {
		return e, false
	}
	e.unknown = size == 1<<(7*w)-1
	e.body = int64(n + w)
	e.end = e.body + int64(size)
	return e, true
}

// vint reads a number with a length marker; w is 0 where it is damaged.
func vint(b []byte) (v uint64, w int) {
	if len(b) == 0 {
		return 0, 0
	}
	w = bits.LeadingZeros8(b[0]) + 1
	if w > 8 || w > len(b) {
		return 0, 0
	}
	v = uint64(b[0]) &^ (1 << (8 - w))
	for _, c := range b[1:w] {
		v = v<<8 | uint64(c)
	}
	return v, w
}

func unsigned(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// children visits the elements in the bytes of a master.
func children(b []byte, visit func(e element, body []byte) error) error {
	for at := 0; at < len(b); {
		e, ok := parseElement(b[at:])
		if !ok || e.unknown || e.end > int64(len(b)-at) {
			return media.Malformed("EBML element", int64(at), "an element passes the end of the one around it")
		}
		if err := visit(e, b[at+int(e.body):at+int(e.end)]); err != nil {
			return err
		}
		at += int(e.end)
	}
	return nil
}

func (m *matroska) bytes(e element) ([]byte, error) {
	if e.end-e.body > maxMaster {
		return nil, media.TooLarge("Matroska element", e.off, maxMaster)
	}
	return media.Bytes(m.src, "Matroska element", e.body, e.end-e.body)
}

// readMKV finds the one track of pictures and its blocks.
func readMKV(src media.Source) (*track, error) {
	m := &matroska{src: src, clusters: map[int64]*cluster{}}
	e, err := m.head(0, src.Size())
	if err == nil && e.id != 0x1A45DFA3 {
		err = media.Malformed("EBML", 0, "the header is missing")
	}
	if err != nil {
		return nil, err
	}
	if m.segment, err = m.head(e.end, src.Size()); err != nil {
		return nil, err
	}
	if m.segment.id != idSegment {
		return nil, media.Malformed("Segment", e.end, "the segment is missing")
	}
	if m.segment.end < src.Size() {
		return nil, obstacle("something follows the first segment")
	}
	scale, duration, length := uint64(1e6), 0.0, uint64(0)
	for at := m.segment.body; at < m.segment.end; {
		e, err := m.head(at, m.segment.end)
		if err != nil {
			return nil, err
		}
		if e.unknown {
			return nil, obstacle("the film was recorded without sizes")
		}
		if len(m.parts) == 1<<20 {
			return nil, media.TooMany("Matroska element", at, 1<<20)
		}
		m.parts = append(m.parts, e)
		switch e.id {
		case idInfo:
			err = m.info(e, &scale, &duration)
		case idTracks:
			length, err = m.tracks(e)
		case idCluster:
			err = m.cluster(e)
		}
		if err != nil {
			return nil, err
		}
		at = e.end
	}
	if m.codec == "" {
		return nil, noPictures()
	}
	if scale == 0 || scale > 1e9 {
		return nil, media.Malformed("TimestampScale", m.segment.off, "out of range")
	}
	m.scale = int64(1e9 / scale)
	if m.scale*int64(scale) != 1e9 {
		return nil, obstacle("the film has an unusual clock")
	}
	if err := m.order(src.Size()); err != nil {
		return nil, err
	}
	last := m.times[len(m.times)-1]
	m.start, m.end = m.times[0], last+max(1, int64(length/scale))
	if length == 0 && duration > float64(last) && duration < 1<<40 {
		m.end = int64(duration)
	}
	m.track.exchange = m.splice
	return &m.track, nil
}

func (m *matroska) info(e element, scale *uint64, duration *float64) error {
	b, err := m.bytes(e)
	if err != nil {
		return err
	}
	return children(b, func(e element, body []byte) error {
		switch {
		case e.id == idScale:
			*scale = unsigned(body)
		case e.id == idDuration && len(body) == 4:
			*duration = float64(math.Float32frombits(binary.BigEndian.Uint32(body)))
		case e.id == idDuration && len(body) == 8:
			*duration = math.Float64frombits(binary.BigEndian.Uint64(body))
		}
		return nil
	})
}

// tracks reads the track of pictures and returns how long a frame is, in nanoseconds.
func (m *matroska) tracks(e element) (length uint64, err error) {
	b, err := m.bytes(e)
	if err != nil {
		return 0, err
	}
	return length, children(b, func(e element, body []byte) error {
		if e.id != idEntry {
			return nil
		}
		n, ok, err := m.entry(body)
		if ok {
			length = n
		}
		return err
	})
}

func (m *matroska) entry(b []byte) (length uint64, video bool, err error) {
	var number, typ uint64
	var name string
	var private []byte
	has, why := false, ""
	err = children(b, func(e element, body []byte) error {
		switch e.id {
		case idNumber:
			number = unsigned(body)
		case idType:
			typ = unsigned(body)
		case idCodec:
			name = string(body)
		case idPrivate:
			private, has = body, true
		case idLength:
			length = unsigned(body)
		case idEncodings:
			why = "the packets are compressed or encrypted once more"
		case idVideo:
			return children(body, func(e element, body []byte) error {
				if e.id == idProjection || e.id == idAlpha && unsigned(body) != 0 {
					why = "the pictures are projected or have transparency"
				}
				return nil
			})
		}
		return nil
	})
	if err != nil || typ != 1 {
		return 0, false, err
	}
	if m.codec != "" {
		return 0, false, media.Unsupported("TrackEntry", m.segment.off, "more than one track of pictures")
	}
	if why != "" {
		return 0, false, obstacle(why)
	}
	switch name {
	case "V_MPEG4/ISO/AVC":
		m.codec = h264
	case "V_MPEGH/ISO/HEVC":
		m.codec = h265
	case "V_VP9":
		m.codec = vp9
	case "V_AV1":
		m.codec = av1
	default:
		return 0, false, obstacle("the film is coded as " + printable(name))
	}
	m.number, m.config, m.private = number, private, has
	m.length, err = lengthSize(m.codec, private)
	return min(length, 1e12), true, err
}

// cluster reads the headers of the blocks of a cluster.
func (m *matroska) cluster(e element) error {
	if m.codec == "" {
		return obstacle("the tracks are described behind the pictures")
	}
	c := &cluster{element: e, whole: true}
	m.clusters[e.off] = c
	for at := e.body; at < e.end; {
		k, err := m.head(at, e.end)
		if err != nil {
			return err
		}
		if k.unknown {
			return media.Malformed("EBML element", at, "unknown size inside a cluster")
		}
		switch k.id {
		case idTime:
			b, err := media.Bytes(m.src, "Timestamp", k.body, min(k.end-k.body, 8))
			if err != nil {
				return err
			}
			c.time = int64(unsigned(b) & (1<<62 - 1))
		case idPosition, idCRC:
			c.fixed = append(c.fixed, k)
		case idSimpleBlock:
			err = m.block(k, k, c, false)
		case idGroup:
			err = m.group(k, c)
		}
		if err != nil {
			return err
		}
		at = k.end
	}
	return nil
}

// group reads a BlockGroup.
func (m *matroska) group(g element, c *cluster) error {
	var inner element
	reference, extra := false, false
	for at := g.body; at < g.end; {
		k, err := m.head(at, g.end)
		if err != nil {
			return err
		}
		switch k.id {
		case idBlock:
			inner = k
		case idReference:
			reference = true
		case idAdditions, idPadding:
			extra = true
		}
		at = k.end
	}
	if inner.id == 0 {
		return nil
	}
	n := len(m.samples)
	if err := m.block(g, inner, c, !reference); err != nil {
		return err
	}
	if extra && len(m.samples) > n {
		return obstacle("the pictures have additions")
	}
	return nil
}

// block takes a block of the track of pictures.
func (m *matroska) block(outer, e element, c *cluster, key bool) error {
	n := min(12, e.end-e.body)
	var buf [12]byte
	b := buf[:n]
	if at := e.body - m.winAt; at >= 0 && at+n <= int64(len(m.win)) {
		b = m.win[at : at+n]
	} else if err := media.Fill(m.src, "Block", b, e.body); err != nil {
		return err
	}
	number, w := vint(b)
	if w == 0 || len(b) < w+3 {
		return media.Truncated("Block", e.off, 4, n)
	}
	if number != m.number {
		return nil
	}
	if b[w+2]&6 != 0 {
		return obstacle("frames are laced")
	}
	size := e.end - e.body - int64(w+3)
	if size == 0 {
		return obstacle("a frame is empty")
	}
	if len(m.samples) == maxSamples {
		return media.TooMany("video sample", e.off, maxSamples)
	}
	if e.id == idSimpleBlock {
		key = b[w+2]&0x80 != 0
	}
	m.samples = append(m.samples, sample{off: e.body + int64(w+3), size: size, pts: c.time + int64(int16(binary.BigEndian.Uint16(b[w:]))), key: key})
	m.blocks = append(m.blocks, block{outer, c})
	return nil
}

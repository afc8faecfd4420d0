package ogg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/vorbis"
)

const (
	maxPacket  = 32 << 20 // bytes of one header packet
	maxKept    = 64 << 20 // bytes of header packets that are held for an edit
	maxHeaders = 8192     // header pages of one stream
	maxActive  = 256      // logical streams that run at the same time
	maxLabels  = 1024     // labels in all links
)

// span is a header page's range in the file and the place of its bytes in the packets.
type span struct {
	off, size int64
	body      int64 // where its payload begins in the file
	at        int64 // how many bytes of header packets came before it
	segments  int
}

// stream is one logical stream of audio.
type stream struct {
	codec   codec
	serial  uint32
	off     int64    // of its first page
	end     int64    // behind its last page
	seq     uint32   // of the first page of comments
	pages   []span   // pages behind the first one that hold header packets
	packets [][]byte // comments first
	open    []byte   // the packet that is not complete yet
	partial bool     // open continues on the next page
	read    int64    // bytes of header packets so far
	granule uint64   // of the last header page
	eos     bool     // the last header page ends the stream
	apart   bool     // setup begins on a page of its own

	fresh []byte // new header pages
	delta uint32 // how much sequence numbers behind them move
}

func (c codec) headers() int {
	if c == codecVorbis {
		return 2
	}
	return 1
}

func (c codec) commentMagic() string {
	if c == codecVorbis {
		return "\x03vorbis"
	}
	return "OpusTags"
}

func (c codec) commentName() string {
	if c == codecVorbis {
		return "Vorbis comment header"
	}
	return "OpusTags"
}

// file is what a walk through all pages found. Offsets are -1 where there is nothing to report.
type file struct {
	labels  []media.Found
	edited  []*stream // the first audio stream, and those with labels
	foreign int64     // first stream of a codec that is not understood
	indexed int64     // Skeleton with an index
	unsound int64     // first page with a wrong checksum
	gap     int64     // first gap between pages
	tail    int64     // bytes behind the last page
	cut     int64     // a page that the file ends in

	active   map[uint32]*stream // nil for streams that are passed over
	waiting  int                // active streams whose headers are not complete
	first    bool               // an audio stream's headers have been read
	firstEnd int64              // where they end
	keep     bool               // for an edit
	kept     int
}

// examine walks through the whole file. It returns what was found before an error, too.
func examine(src media.Source, keep bool) (*file, error) {
	f := &file{foreign: -1, indexed: -1, unsound: -1, gap: -1, tail: -1, cut: -1, active: map[uint32]*stream{}, keep: keep}
	w := newWalker(src, 0)
	for {
		off := w.at
		p, n, err := w.next()
		switch {
		case errors.Is(err, io.EOF):
			return f, f.finish(src.Size())
		case err != nil:
			return f, err
		case p == nil:
			err = f.skip(w, off, n)
		default:
			err = f.take(p)
		}
		if err != nil {
			return f, err
		}
	}
}

// skip notes a gap of n bytes at off.
func (f *file) skip(w *walker, off, n int64) error {
	b, err := w.window(off, len(capture))
	if err != nil {
		return err
	}
	page := string(b) == capture
	switch {
	case f.waiting > 0 && page:
		return media.Malformed("Ogg page", off, "header page is damaged or cut")
	case f.waiting > 0:
		return media.Malformed("Ogg page", off, "no page where header pages go on")
	case off+n < w.src.Size():
		f.gap = firstOf(f.gap, off)
	case page:
		f.cut = off
	default:
		f.tail = off
	}
	return nil
}

func firstOf(known, off int64) int64 {
	if known >= 0 {
		return known
	}
	return off
}

func (f *file) take(p *page) error {
	if !p.sound {
		f.unsound = firstOf(f.unsound, p.off)
	}
	if p.flags()&flagBOS != 0 {
		if err := f.begin(p); err != nil {
			return err
		}
	} else if s := f.active[p.serial()]; s != nil && !s.complete() {
		if err := s.take(p); err != nil {
			return err
		}
		if s.complete() {
			f.waiting--
			if err := f.headers(s); err != nil {
				return err
			}
		}
	}
	if p.flags()&flagEOS != 0 {
		return f.stop(p.serial(), p.end())
	}
	return nil
}

// begin opens a logical stream.
func (f *file) begin(p *page) error {
	if !p.sound {
		return media.Malformed("Ogg page", p.off, "checksum of a stream's first page is wrong")
	}
	if err := f.stop(p.serial(), p.off); err != nil {
		return err
	}
	if len(f.active) >= maxActive {
		return media.TooMany("Ogg logical stream", p.off, maxActive)
	}
	c := codecOf(p.body())
	switch c {
	case codecForeign:
		f.foreign = firstOf(f.foreign, p.off)
	case codecSkeleton:
		if b := p.body(); len(b) < 10 || binary.LittleEndian.Uint16(b[8:]) >= 4 {
			f.indexed = firstOf(f.indexed, p.off)
		}
	default:
		lacing := p.lacing()
		if last := len(lacing) - 1; lacing[last] == 255 || bytes.Count(lacing, []byte{255}) != last {
			return media.Malformed("Ogg page", p.off, "a stream's first page holds one packet")
		}
		f.active[p.serial()] = &stream{codec: c, serial: p.serial(), off: p.off, end: math.MaxInt64, seq: p.seq() + 1}
		f.waiting++
		return nil
	}
	f.active[p.serial()] = nil
	return nil
}

// stop ends a logical stream at off, if it runs.
func (f *file) stop(serial uint32, off int64) error {
	s := f.active[serial]
	delete(f.active, serial)
	if s == nil {
		return nil
	}
	if !s.complete() {
		return media.Malformed("Ogg logical stream", s.off, "ends before its headers do")
	}
	s.end = off
	return nil
}

func (f *file) finish(size int64) error {
	for _, s := range f.active {
		if s != nil && !s.complete() {
			return media.Truncated(s.codec.commentName(), s.off, size-s.off+1, size-s.off)
		}
	}
	if !f.first {
		return media.Malformed("Ogg file", 0, "no Vorbis or Opus stream")
	}
	return nil
}

// headers reads a stream's comments when all of its headers are there.
func (f *file) headers(s *stream) error {
	magic := s.codec.commentMagic()
	off := s.pages[0].off
	if !bytes.HasPrefix(s.packets[0], []byte(magic)) {
		return media.Malformed(s.codec.commentName(), off, "does not begin with its name")
	}
	if s.codec == codecVorbis && !bytes.HasPrefix(s.packets[1], []byte("\x05vorbis")) {
		return media.Malformed("Vorbis setup header", off, "does not follow the comment header")
	}
	// Offsets in the packet become offsets in the file through the pages that it spans.
	found, err := vorbis.Read(s.packets[0][len(magic):], 0)
	if err != nil {
		_, err = vorbis.Read(s.packets[0][len(magic):], s.pages[0].body+int64(len(magic)))
		return err
	}
	if len(f.labels)+len(found) > maxLabels {
		return media.TooMany("Vorbis comment AIGC", off, maxLabels)
	}
	for _, l := range found {
		l.Offset = s.locate(int64(len(magic)) + l.Offset)
		for i := range l.Findings {
			l.Findings[i].Offset = l.Offset
		}
		switch {
		case f.first && s.off >= f.firstEnd: // a later link
			l.Findings = append(l.Findings, media.Warn(media.CodeLateLabel, l.Offset))
		case f.first:
			l.Findings = append(l.Findings, media.Warn(media.CodeOtherPlace, l.Offset,
				"place", "comments of another stream", "standard", string(media.PlaceVorbisComment)))
		}
		f.labels = append(f.labels, l)
	}
	wanted := f.keep && (!f.first || len(found) > 0)
	if last := s.pages[len(s.pages)-1]; !f.first {
		f.first, f.firstEnd = true, last.off+last.size
	}
	if !wanted {
		s.packets = make([][]byte, len(s.packets))
		s.pages = nil
		return nil
	}
	if f.kept += int(s.read); f.kept > maxKept {
		return media.TooLarge("Ogg comment headers", off, maxKept)
	}
	f.edited = append(f.edited, s)
	return nil
}

func (s *stream) complete() bool { return len(s.packets) == s.codec.headers() }

// locate turns an offset in the comment packet into one in the file.
func (s *stream) locate(at int64) int64 {
	for i := len(s.pages) - 1; i > 0; i-- {
		if s.pages[i].at <= at {
			return s.pages[i].body + at - s.pages[i].at
		}
	}
	return s.pages[0].body + at
}

// take adds a page of header packets.
func (s *stream) take(p *page) error {
	switch {
	case !p.sound:
		return media.Malformed("Ogg page", p.off, "checksum of a header page is wrong")
	case p.seq() != s.seq+uint32(len(s.pages)):
		return media.Malformed("Ogg page", p.off, "sequence number of a header page")
	case (p.flags()&flagContinued != 0) != s.partial:
		return media.Malformed("Ogg page", p.off, "continued packet among headers")
	case len(s.pages) == maxHeaders:
		return media.TooMany("Ogg header page", p.off, maxHeaders)
	}
	lacing, body := p.lacing(), p.body()
	s.pages = append(s.pages, span{
		off: p.off, size: int64(len(p.raw)), body: p.end() - int64(len(body)), at: s.read, segments: len(lacing),
	})
	for i, n := range lacing {
		if s.complete() {
			return media.Malformed("Ogg page", p.off, "audio shares a page with headers")
		}
		if len(s.packets) == 1 && i == 0 && !s.partial {
			s.apart = true
		}
		if len(s.open)+int(n) > maxPacket {
			return media.TooLarge(s.codec.commentName(), s.pages[0].off, maxPacket)
		}
		s.open = append(s.open, body[:n]...)
		body = body[n:]
		s.read += int64(n)
		if s.partial = n == 255; !s.partial {
			s.packets, s.open = append(s.packets, s.open), nil
		}
	}
	s.granule, s.eos = p.granule(), p.flags()&flagEOS != 0
	return nil
}

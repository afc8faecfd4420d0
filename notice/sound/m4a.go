package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// movie is an ISO file of one sound track as far as a notice concerns it.
type movie struct {
	src   media.Source
	moov  *box
	off   int64 // of moov
	size  int64
	early bool    // moov stands before the samples
	xmp   []chunk // boxes of XMP beside it
	fixed bool    // something else than the chunk tables may hold file offsets, so no byte may move
}

// xmpID is the user type of a uuid box that holds XMP.
const xmpID = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac"

// box is a box in memory: either with children or with a body.
type box struct {
	kind     string
	body     []byte
	children []*box
	nested   bool
}

// aacFrame is the samples in a packet of AAC.
const aacFrame = 1024

// maxBoxes is the most boxes that a moov may have.
const maxBoxes = 100_000

func parseBoxes(b []byte, off int64, depth int, count *int) ([]*box, error) {
	var list []*box
	for at := 0; at+8 <= len(b); {
		n, head := be32(b[at:]), int64(8)
		if n == 1 && at+16 <= len(b) {
			n, head = int64(min(binary.BigEndian.Uint64(b[at+8:]), math.MaxInt64)), 16
		}
		if n == 0 {
			n = int64(len(b) - at)
		}
		if n < head || n > int64(len(b)-at) {
			return nil, media.Truncated("box", off+int64(at), n, int64(len(b)-at))
		}
		if *count++; *count > maxBoxes || depth > 16 {
			return nil, media.TooMany("box", off+int64(at), maxBoxes)
		}
		x := &box{kind: string(b[at+4 : at+8]), body: b[at+int(head) : at+int(n)]}
		switch x.kind {
		case "moov", "trak", "mdia", "minf", "stbl", "edts":
			x.nested = true
			var err error
			if x.children, err = parseBoxes(x.body, off+int64(at)+head, depth+1, count); err != nil {
				return nil, err
			}
		}
		list = append(list, x)
		at += int(n)
	}
	return list, nil
}

func (x *box) child(path ...string) *box {
	for _, kind := range path {
		if x == nil {
			return nil
		}
		var found *box
		for _, c := range x.children {
			if c.kind == kind {
				found = c
				break
			}
		}
		x = found
	}
	return x
}

func (x *box) append(out []byte) []byte {
	from := len(out)
	out = append(out, 0, 0, 0, 0)
	out = append(out, x.kind...)
	if x.nested {
		for _, c := range x.children {
			out = c.append(out)
		}
	} else {
		out = append(out, x.body...)
	}
	binary.BigEndian.PutUint32(out[from:], uint32(len(out)-from))
	return out
}

// readMovie reads the boxes of a file. What was found before an Unsupported one comes with that error.
func readMovie(src media.Source) (*movie, error) {
	m := &movie{src: src}
	samples := int64(-1)
	for at := int64(0); at+8 <= src.Size(); {
		head, err := media.Bytes(src, "box", at, min(16, src.Size()-at))
		if err != nil {
			return nil, err
		}
		n, skip := be32(head), int64(8)
		switch {
		case n == 0:
			n, m.fixed = src.Size()-at, true
			if string(head[4:8]) == "mdat" {
				return m, media.Unsupported("mdat", at, "a box with its size, so that others may follow")
			}
		case n == 1 && len(head) == 16:
			n, skip = int64(min(binary.BigEndian.Uint64(head[8:]), math.MaxInt64)), 16
		}
		if n < skip {
			return nil, media.Malformed("box", at, "a size that holds its header")
		}
		if err := media.Within(src, "box", at, n); err != nil {
			return nil, err
		}
		switch kind := string(head[4:8]); kind {
		case "moov":
			if m.moov != nil {
				return nil, media.Malformed("moov", at, "one movie box")
			}
			b, err := media.Bytes(src, "moov", at+skip, n-skip)
			if err != nil {
				return nil, err
			}
			count := 0
			m.moov, m.off, m.size = &box{kind: kind, nested: true}, at, n
			if m.moov.children, err = parseBoxes(b, at+skip, 1, &count); err != nil {
				return nil, err
			}
			m.early = samples < 0
		case "mdat":
			samples = at
		case "moof", "styp":
			return m, media.Unsupported(kind, at, reasonLayout)
		case "ftyp", "free", "skip", "wide", "pdin":
		case "uuid":
			m.fixed = true
			if id, err := media.Bytes(src, kind, at+skip, min(16, n-skip)); err == nil && string(id) == xmpID {
				m.xmp = append(m.xmp, chunk{kind, at, n, false})
			}
		default:
			m.fixed = true
		}
		at += n
	}
	if m.moov == nil {
		return nil, media.Malformed("moov", 0, "a movie box")
	}
	return m, nil
}

// soundTrack returns the one track of AAC-LC that can be spliced, or nil.
func (m *movie) soundTrack() *box {
	var found *box
	for _, t := range m.moov.children {
		if t.kind == "mvex" {
			return nil
		}
		if h := t.child("mdia", "hdlr"); h == nil || len(h.body) < 12 || string(h.body[8:12]) != "soun" {
			continue
		}
		if found != nil {
			return nil
		}
		found = t
	}
	stbl := found.child("mdia", "minf", "stbl")
	if stbl == nil {
		return nil
	}
	for _, c := range stbl.children {
		if !slices.Contains([]string{"stsd", "stts", "stsc", "stsz", "stco", "co64", "sgpd", "sbgp"}, c.kind) {
			return nil
		}
	}
	return found
}

// configuration is the AudioSpecificConfig of a track, or nil.
func configuration(track *box) []byte {
	stsd := track.child("mdia", "minf", "stbl", "stsd")
	if stsd == nil || len(stsd.body) < 16 || be32(stsd.body[4:]) != 1 || string(stsd.body[12:16]) != "mp4a" {
		return nil
	}
	at := bytes.Index(stsd.body, []byte("esds"))
	if at < 0 {
		return nil
	}
	b := stsd.body[min(len(stsd.body), at+8):]
	for len(b) > 2 { // descriptors: tag, length in groups of seven bits
		tag, n, k := b[0], 0, 1
		for ; k < 5 && k < len(b); k++ {
			n = n<<7 | int(b[k]&127)
			if b[k] < 128 {
				k++
				break
			}
		}
		b = b[k:]
		switch tag {
		case 3:
			b = b[min(3, len(b)):]
		case 4:
			b = b[min(13, len(b)):]
		case 5:
			if n < 2 || n > len(b) {
				return nil
			}
			return b[:n]
		default:
			b = b[min(n, len(b)):]
		}
	}
	return nil
}

func putM4A(ctx context.Context, w *work, src media.Source, tools *ffmpeg.Tools) (*media.Edit, error) {
	m, layout := readMovie(src)
	if layout != nil && !unsupported(layout) {
		return nil, layout
	}
	c, err := openCoded(ctx, src, tools, "in.m4a")
	if err != nil {
		return nil, err
	}
	defer c.scratch.Close()
	if w.there(c.ears) {
		return unchanged(src), nil
	}
	c.render(w, 0)
	if layout != nil {
		return m.anew(ctx, w, c, reasonLayout)
	}
	s := newSplice(m, m.soundTrack())
	if s == nil {
		return m.anew(ctx, w, c, reasonLayout)
	}
	conf := configuration(s.track)
	if c.stream.Profile != "LC" || len(conf) < 2 || conf[0]>>3 != 2 || s.scale != int64(c.shape.rate) {
		return m.anew(ctx, w, c, reasonProfile)
	}
	encode := func(name string, lead int) ([][]byte, error) {
		n := lead + len(c.voice)
		tail := 0
		if lead == 0 {
			tail = c.shape.pause()
		}
		tail += (aacFrame - (n+tail)%aacFrame) % aacFrame
		bits := strconv.Itoa(int(max(float64(c.stream.BitRate), 24_000*float64(c.shape.channels))))
		b, err := c.encode(ctx, name, lead, tail, "-c:a", "aac", "-b:a", bits)
		if err != nil {
			return nil, err
		}
		return aacPackets(b, conf)
	}
	if w.start {
		if s.head, err = encode("before.m4a", 0); err != nil {
			return nil, err
		}
	}
	if w.end {
		if s.tail, err = encode("after.m4a", c.shape.pause()); err != nil {
			return nil, err
		}
	}
	if w.start && s.head == nil || w.end && s.tail == nil {
		return m.anew(ctx, w, c, reasonProfile)
	}
	e, err := s.edit()
	if err != nil {
		return nil, err
	}
	w.report.Added = float64(s.newEnd-s.newStart-s.shown) / float64(s.scale)
	return e, nil
}

// anew encodes the sound and keeps what the old movie box and XMP boxes say about the content: tags, pictures, chapters.
func (m *movie) anew(ctx context.Context, w *work, c *coded, reason string) (*media.Edit, error) {
	made, err := c.anew(ctx, w, "out.m4a", reason)
	if err != nil {
		return nil, err
	}
	e := new(media.Edit)
	n, err := readMovie(made)
	if err != nil || n.early || m.moov == nil {
		e.Copy(made, 0, made.Size())
		return e, err
	}
	s := newSplice(n, n.soundTrack())
	n.moov.drop("udta", "meta")
	for _, x := range m.moov.children {
		if x.kind != "udta" && x.kind != "meta" {
			continue
		}
		x.body = append([]byte(nil), x.body...)
		if w.start {
			x.chapters(float64(len(c.voice)+c.shape.pause()) / float64(c.shape.rate))
		}
		if s != nil {
			x.gapless(s.first, s.total-s.first-s.shown, s.shown)
		}
		n.moov.children = append(n.moov.children, x)
	}
	e.Copy(made, 0, n.off)
	e.Put(n.moov.append(nil))
	for _, x := range m.xmp {
		e.Keep(x.off, x.n)
	}
	return e, nil
}

// drop takes children out.
func (x *box) drop(kinds ...string) {
	x.children = slices.DeleteFunc(x.children, func(c *box) bool { return slices.Contains(kinds, c.kind) })
}

// aacPackets takes the packets out of what ffmpeg made; none when its configuration is another.
func aacPackets(b, conf []byte) ([][]byte, error) {
	m, err := readMovie(media.Memory(b))
	if err != nil {
		return nil, err
	}
	t := m.soundTrack()
	if t == nil {
		return nil, media.Malformed("moov", m.off, "one track of sound")
	}
	made := configuration(t)
	if len(made) < 2 || !bytes.Equal(made[:2], conf[:2]) {
		return nil, nil
	}
	stbl := t.child("mdia", "minf", "stbl")
	stsz, stsc, stco := stbl.child("stsz"), stbl.child("stsc"), stbl.child("stco")
	if stsz == nil || stsc == nil || stco == nil {
		return nil, media.Malformed("stbl", m.off, "tables of sizes and chunks")
	}
	var packets [][]byte
	sample := 0
	for chunk := range be32(stco.body[4:]) {
		at, per := be32(stco.body[8+4*chunk:]), int64(0)
		for i := range be32(stsc.body[4:]) {
			if be32(stsc.body[8+12*i:]) <= chunk+1 {
				per = be32(stsc.body[12+12*i:])
			}
		}
		for range per {
			n := be32(stsz.body[4:])
			if n == 0 {
				n = be32(stsz.body[12+4*sample:])
			}
			packets = append(packets, b[at:at+n])
			at += n
			sample++
		}
	}
	return packets, nil
}

// putADTS splices frames of AAC, each of which has its own header.
func putADTS(ctx context.Context, w *work, src media.Source, tools *ffmpeg.Tools) (*media.Edit, error) {
	c, err := openCoded(ctx, src, tools, "in.aac")
	if err != nil {
		return nil, err
	}
	defer c.scratch.Close()
	if w.there(c.ears) {
		return unchanged(src), nil
	}
	c.render(w, 0)
	head, err := media.Head(src, 10)
	if err != nil {
		return nil, err
	}
	at := int64(0)
	if len(head) == 10 && string(head[:3]) == "ID3" {
		at = 10 + (int64(head[6]&127)<<21 | int64(head[7]&127)<<14 | int64(head[8]&127)<<7 | int64(head[9]&127))
	}
	own, err := media.Bytes(src, "ADTS frame", at, 4)
	if err != nil {
		return nil, err
	}
	if c.stream.Profile != "LC" || own[0] != 0xFF || own[1]&0xF6 != 0xF0 {
		return anewADTS(ctx, w, c, src, at)
	}
	bits := strconv.Itoa(int(max(float64(c.stream.BitRate), 24_000*float64(c.shape.channels))))
	encode := func(name string, lead, tail int) ([]byte, error) {
		n := lead + len(c.voice) + tail
		b, err := c.encode(ctx, name, lead, tail+(aacFrame-n%aacFrame)%aacFrame, "-c:a", "aac", "-b:a", bits, "-f", "adts")
		if err != nil || len(b) < 4 {
			return nil, err
		}
		// Profile, rate and channels as in the programme; the version of MPEG may differ.
		if b[2]&^2 != own[2]&^2 || b[3]&0xC0 != own[3]&0xC0 {
			return nil, nil
		}
		return b, nil
	}
	e := new(media.Edit)
	frames := 0
	e.Keep(0, at)
	for i, wanted := range []bool{w.start, w.end} {
		if i == 1 {
			e.Keep(at, src.Size()-at)
		}
		if !wanted {
			continue
		}
		lead, tail := 0, c.shape.pause()
		if i == 1 {
			lead, tail = tail, 0
		}
		b, err := encode([]string{"before.aac", "after.aac"}[i], lead, tail)
		if err != nil {
			return nil, err
		}
		if b == nil {
			return anewADTS(ctx, w, c, src, at)
		}
		for at := 0; at+7 <= len(b); frames++ {
			at += max(7, int(b[at+3]&3)<<11|int(b[at+4])<<3|int(b[at+5])>>5)
		}
		e.Put(b)
	}
	w.report.Added = float64(frames*aacFrame) / float64(c.shape.rate)
	return e, nil
}

// anewADTS keeps the tag before the frames, which ends at an offset.
func anewADTS(ctx context.Context, w *work, c *coded, src media.Source, at int64) (*media.Edit, error) {
	made, err := c.anew(ctx, w, "out.aac", reasonProfile, "-f", "adts", "-write_id3v2", "0")
	if err != nil {
		return nil, err
	}
	e := new(media.Edit)
	e.Keep(0, min(at, src.Size()))
	e.Copy(made, 0, made.Size())
	return e, nil
}

package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// splice puts packets before and after those of a track. The packets stand in an mdat box at the end of the file; the
// tables of the track name them. The movie box keeps its place where nothing but chunk tables holds offsets; otherwise the
// new one goes to the end and the old one becomes padding, so that no byte moves.
type splice struct {
	*movie
	track      *box
	scale      int64 // of the track's media: units in a second
	movieScale int64
	total      int64 // length of the programme's media
	first      int64 // where its presentation begins in it: the encoder's delay
	shown      int64 // length of the presentation
	head, tail [][]byte

	newStart, newEnd int64 // of the presentation in the new media
}

func unsupported(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Unsupported
}

// newSplice returns nil where a track is not laid out in the way that is known here.
func newSplice(m *movie, track *box) *splice {
	s := &splice{movie: m, track: track}
	mvhd := m.moov.child("mvhd")
	mdhd, tkhd := track.child("mdia", "mdhd"), track.child("tkhd")
	stbl := track.child("mdia", "minf", "stbl")
	if mvhd == nil || mdhd == nil || tkhd == nil || stbl == nil {
		return nil
	}
	for _, need := range []string{"stsd", "stts", "stsc", "stsz"} {
		if x := stbl.child(need); x == nil || len(x.body) < 8 {
			return nil
		}
	}
	if s.offsets(stbl) == nil {
		return nil
	}
	var ok bool
	if s.movieScale, _, ok = times(mvhd.body, 12, 20); !ok {
		return nil
	}
	if s.scale, _, ok = times(mdhd.body, 12, 20); !ok || !fits(stbl) {
		return nil
	}
	stts := stbl.child("stts").body
	for at := 8; at+8 <= len(stts); at += 8 {
		s.total += be32(stts[at:]) * be32(stts[at+4:])
	}
	s.shown = s.total
	if elst := track.child("edts", "elst"); elst != nil {
		list, ok := edits(elst.body)
		if !ok || len(list) != 1 || list[0].start < 0 {
			return nil
		}
		s.first = list[0].start
		s.shown = min(int64(math.Round(float64(list[0].length)*float64(s.scale)/float64(s.movieScale))), s.total-s.first)
	}
	if track.child("edts", "elst") == nil {
		s.noted()
	}
	if s.total < 0 || s.shown < 0 {
		return nil
	}
	return s
}

// noted takes the presentation from iTunes' note on gaps, for files without an edit list.
func (s *splice) noted() {
	for _, x := range s.moov.children {
		at := bytes.Index(x.body, []byte("iTunSMPB"))
		if at < 0 {
			continue
		}
		if m := gaplessTag.FindSubmatch(x.body[at:]); m != nil {
			first, _ := strconv.ParseInt(string(m[1]), 16, 64)
			shown, err := strconv.ParseInt(string(m[3]), 16, 64)
			if err == nil && shown > 0 && first <= s.total && shown <= s.total-first {
				s.first, s.shown = first, shown
			}
			return
		}
	}
}

// fits checks that the tables are as long as they say.
func fits(stbl *box) bool {
	for _, c := range stbl.children {
		width, at := int64(0), 4
		switch c.kind {
		case "stts":
			width = 8
		case "stsc":
			width = 12
		case "stco":
			width = 4
		case "co64":
			width = 8
		case "stsz":
			if len(c.body) < 12 {
				return false
			}
			if at = 8; be32(c.body[4:]) == 0 {
				width = 4
			}
		default:
			continue
		}
		if len(c.body) < at+4 || int64(len(c.body)-at-4) != be32(c.body[at:])*width {
			return false
		}
	}
	return true
}

func (s *splice) offsets(stbl *box) *box {
	a, b := stbl.child("stco"), stbl.child("co64")
	switch {
	case a != nil && b == nil && len(a.body) >= 8:
		return a
	case b != nil && a == nil && len(b.body) >= 8:
		return b
	}
	return nil
}

// times reads time scale and duration of mvhd or mdhd, which version 1 has further back.
func times(b []byte, at0, at1 int) (scale, length int64, ok bool) {
	switch {
	case len(b) >= at0+8 && b[0] == 0:
		scale, length = be32(b[at0:]), be32(b[at0+4:])
	case len(b) >= at1+12 && b[0] == 1:
		scale, length = be32(b[at1:]), int64(min(binary.BigEndian.Uint64(b[at1+4:]), math.MaxInt64))
	}
	return scale, length, scale > 0
}

type editEntry struct{ length, start int64 }

func edits(b []byte) (list []editEntry, ok bool) {
	if len(b) < 8 {
		return nil, false
	}
	width := 12
	if b[0] == 1 {
		width = 20
	}
	n := be32(b[4:])
	if b[0] > 1 || int64(len(b)-8) < n*int64(width) {
		return nil, false
	}
	for i := range int(n) {
		x := b[8+i*width:]
		if b[0] == 1 {
			list = append(list, editEntry{int64(binary.BigEndian.Uint64(x)), int64(binary.BigEndian.Uint64(x[8:]))})
		} else {
			list = append(list, editEntry{be32(x), int64(int32(be32(x[4:])))})
		}
		if be32(x[width-4:]) != 0x10000 {
			return nil, false
		}
	}
	return list, true
}

func editBox(list ...editEntry) *box {
	b := binary.BigEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(list)))
	for _, e := range list {
		b = binary.BigEndian.AppendUint64(b, uint64(e.length))
		b = binary.BigEndian.AppendUint64(b, uint64(e.start))
		b = binary.BigEndian.AppendUint32(b, 0x10000)
	}
	return &box{kind: "edts", nested: true, children: []*box{{kind: "elst", body: b}}}
}

// fill makes the last packet of the programme, which may be shown in part alone, as long as it is: others follow it.
func (s *splice) fill() {
	stts := s.track.child("mdia", "minf", "stbl", "stts")
	at := len(stts.body) - 8
	if at < 8 || be32(stts.body[at:]) != 1 {
		return
	}
	if short := aacFrame - be32(stts.body[at+4:]); short > 0 {
		stts.body = bytes.Clone(stts.body)
		binary.BigEndian.PutUint32(stts.body[at+4:], aacFrame)
		s.total += short
	}
}

// edit plans the file.
func (s *splice) edit() (*media.Edit, error) {
	if s.tail != nil {
		s.fill()
	}
	before, after := int64(len(s.head))*aacFrame, int64(len(s.tail))*aacFrame
	s.newStart, s.newEnd = s.first, before+s.first+s.shown
	if s.head != nil {
		s.newStart = aacFrame // ffmpeg's encoder is one packet late
	}
	if s.tail != nil {
		s.newEnd = before + s.total + after
	}
	var mdat []byte
	for _, list := range [][][]byte{s.head, s.tail} {
		for _, p := range list {
			mdat = append(mdat, p...)
		}
	}
	mdat = (&box{kind: "mdat", body: mdat}).append(nil)
	s.durations(before + after)
	s.others()
	inPlace := s.early && !s.fixed
	shift := int64(0)
	var moov []byte
	for range 3 { // the size does not depend on the shift, but for tables that get wider
		var err error
		if moov, err = s.tables(shift, s.src.Size()+8); err != nil {
			return nil, err
		}
		if !inPlace || shift == int64(len(moov))-s.size {
			break
		}
		shift = int64(len(moov)) - s.size
	}
	e := new(media.Edit)
	if inPlace {
		e.Keep(0, s.off)
		e.Put(moov)
		e.Keep(s.off+s.size, s.src.Size()-s.off-s.size)
		e.Put(mdat)
		return e, nil
	}
	e.Keep(0, s.off+4)
	e.Put([]byte("free"))
	e.Keep(s.off+8, s.src.Size()-s.off-8)
	e.Put(mdat)
	e.Put(moov)
	return e, nil
}

// tables returns the movie box whose chunks stand shift bytes further on, those of the notice from data on.
func (s *splice) tables(shift, data int64) ([]byte, error) {
	moov := *s.moov
	moov.children = nil
	for _, t := range s.moov.children {
		stbl := t.child("mdia", "minf", "stbl")
		if t.kind != "trak" || stbl == nil {
			moov.children = append(moov.children, t)
			continue
		}
		old := s.offsets(stbl)
		if old == nil {
			return nil, media.Unsupported("stbl", s.off, "one table of chunk offsets")
		}
		width := 4
		if old.kind == "co64" {
			width = 8
		}
		var list []int64
		for at := 8; at+width <= len(old.body); at += width {
			v := be32(old.body[at:])
			if width == 8 {
				v = int64(binary.BigEndian.Uint64(old.body[at:]))
			}
			if v > s.off {
				v += shift
			}
			list = append(list, v)
		}
		made := map[string][]byte{}
		if t == s.track {
			list = s.ownTables(stbl, list, data+shift, made)
		}
		made[old.kind] = chunkTable(old.kind, list)
		moov.children = append(moov.children, t.with(made))
	}
	b := moov.append(nil)
	if len(b) > math.MaxUint32 {
		return nil, media.TooLarge("moov", s.off, math.MaxUint32)
	}
	for _, t := range moov.children {
		if x := t.child("mdia", "minf", "stbl", "stco"); x != nil && x.body == nil {
			return nil, media.NoRoom("stco", s.off, math.MaxUint32)
		}
	}
	return b, nil
}

// chunkTable is nil where an offset does not fit.
func chunkTable(kind string, list []int64) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4, 8+8*len(list)), uint32(len(list)))
	for _, v := range list {
		switch {
		case kind == "co64":
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		case v > math.MaxUint32:
			return nil
		default:
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		}
	}
	return b
}

// with is the box with new bodies for boxes of its sample table.
func (x *box) with(made map[string][]byte) *box {
	c := *x
	if !x.nested {
		if b, ok := made[x.kind]; ok {
			c.body = b
		}
		return &c
	}
	c.children = nil
	for _, y := range x.children {
		if y.nested || x.kind == "stbl" {
			y = y.with(made)
		}
		c.children = append(c.children, y)
	}
	return &c
}

// ownTables makes the tables of the track with the notice's packets, and returns its chunks.
func (s *splice) ownTables(stbl *box, chunks []int64, data int64, made map[string][]byte) []int64 {
	be := binary.BigEndian
	run := func(b []byte, values ...int) []byte {
		for _, v := range values {
			b = be.AppendUint32(b, uint32(v))
		}
		return b
	}
	counted := func(kind string, count int64, body ...[]byte) {
		b := be.AppendUint32(append([]byte(nil), stbl.child(kind).body[:4]...), uint32(count))
		made[kind] = append(b, bytes.Join(body, nil)...)
	}
	ends := int64(0)
	var sttsHead, sttsTail, scHead, scTail, szHead, szTail []byte
	sc := append([]byte(nil), stbl.child("stsc").body[8:]...)
	last := len(chunks)
	if s.head != nil {
		ends++
		for at := 0; at < len(sc); at += 12 {
			be.PutUint32(sc[at:], uint32(be32(sc[at:])+1))
		}
		sttsHead, scHead = run(nil, len(s.head), aacFrame), run(nil, 1, len(s.head), 1)
		for _, p := range s.head {
			szHead = run(szHead, len(p))
			data += int64(len(p))
		}
		chunks = append([]int64{data - int64(joined(s.head))}, chunks...)
		last++
	}
	if s.tail != nil {
		ends++
		sttsTail, scTail = run(nil, len(s.tail), aacFrame), run(nil, last+1, len(s.tail), 1)
		for _, p := range s.tail {
			szTail = run(szTail, len(p))
		}
		chunks = append(chunks, data)
	}
	stts := stbl.child("stts").body
	counted("stts", be32(stts[4:])+ends, sttsHead, stts[8:], sttsTail)
	counted("stsc", int64(len(sc)/12)+ends, scHead, sc, scTail)
	stsz := stbl.child("stsz").body
	n := be32(stsz[8:])
	sizes := stsz[12:]
	if same := be32(stsz[4:]); same != 0 {
		sizes = bytes.Repeat(run(nil, int(same)), int(min(n, media.MaxStructure/4)))
	}
	made["stsz"] = run(append([]byte(nil), stsz[:4]...), 0, int(n)+len(s.head)+len(s.tail))
	made["stsz"] = append(made["stsz"], bytes.Join([][]byte{szHead, sizes, szTail}, nil)...)
	if g := stbl.child("sbgp"); g != nil && len(g.body) >= 12 {
		made["sbgp"] = s.groups(g.body)
	}
	return chunks
}

func joined(list [][]byte) (n int) {
	for _, p := range list {
		n += len(p)
	}
	return n
}

// groups lets the notice's packets join the group of their neighbours: how far to roll back before a seek.
func (s *splice) groups(b []byte) []byte {
	at := 8
	if b[0] == 1 {
		at = 12
	}
	if len(b) < at+4 || len(b)-at-4 < 8 {
		return b
	}
	be := binary.BigEndian
	runs := b[at+4:]
	out := append([]byte(nil), b[:at]...)
	n := uint32(len(runs) / 8)
	var body []byte
	if s.head != nil {
		n++
		body = be.AppendUint32(body, uint32(len(s.head)))
		body = append(body, runs[4:8]...)
	}
	body = append(body, runs[:len(runs)/8*8]...)
	if s.tail != nil {
		n++
		body = be.AppendUint32(body, uint32(len(s.tail)))
		body = append(body, runs[len(runs)/8*8-4:len(runs)/8*8]...)
	}
	return append(be.AppendUint32(out, n), body...)
}

// durations sets the new lengths of media, track and movie, and the track's edit.
func (s *splice) durations(grown int64) {
	units := func(n int64) int64 { return int64(math.Round(float64(n) * float64(s.movieScale) / float64(s.scale))) }
	length := units(s.newEnd - s.newStart)
	mdhd, tkhd := s.track.child("mdia", "mdhd"), s.track.child("tkhd")
	mdhd.body = setTime(mdhd.body, 16, 24, s.total+grown)
	tkhd.body = setTime(tkhd.body, 20, 28, length)
	s.track.setEdits(editBox(editEntry{length, s.newStart}))
	mvhd := s.moov.child("mvhd")
	_, old, _ := times(mvhd.body, 12, 20)
	mvhd.body = setTime(mvhd.body, 16, 24, max(length, old))
}

// setTime writes a duration, 32 bits at at0 in version 0, 64 at at1 in version 1.
func setTime(b []byte, at0, at1 int, v int64) []byte {
	b = append([]byte(nil), b...)
	switch {
	case len(b) >= at0+4 && b[0] == 0:
		binary.BigEndian.PutUint32(b[at0:], uint32(min(v, math.MaxUint32)))
	case len(b) >= at1+8 && b[0] == 1:
		binary.BigEndian.PutUint64(b[at1:], uint64(v))
	}
	return b
}

func (x *box) setEdits(edts *box) {
	for i, c := range x.children {
		if c.kind == "edts" {
			x.children[i] = edts
			return
		}
	}
	for i, c := range x.children {
		if c.kind == "mdia" {
			x.children = append(x.children[:i], append([]*box{edts}, x.children[i:]...)...)
			return
		}
	}
}

var gaplessTag = regexp.MustCompile(` 00000000 ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{16})`)

// others moves what else counts time: chapters, tracks beside the sound, and iTunes' note on gaps.
func (s *splice) others() {
	later := s.newEnd - s.newStart - s.shown
	if s.tail != nil {
		later = int64(len(s.head))*aacFrame + s.first - s.newStart
	}
	if s.head == nil {
		later = 0
	}
	units := int64(math.Round(float64(later) * float64(s.movieScale) / float64(s.scale)))
	for _, t := range s.moov.children {
		if t.kind == "trak" && t != s.track && units > 0 {
			t.delay(units)
		}
		if t.kind != "udta" && t.kind != "meta" {
			continue
		}
		t.body = append([]byte(nil), t.body...)
		t.chapters(float64(later) / float64(s.scale))
		length := s.total + int64(len(s.head)+len(s.tail))*aacFrame
		t.gapless(s.newStart, length-s.newEnd, s.newEnd-s.newStart)
	}
}

// gapless tells iTunes' note on gaps, where user data has one, how many samples to leave out at the start and the end.
func (x *box) gapless(start, end, shown int64) {
	at := bytes.Index(x.body, []byte("iTunSMPB"))
	if at < 0 {
		return
	}
	if m := gaplessTag.FindIndex(x.body[at:]); m != nil {
		copy(x.body[at+m[0]:], fmt.Sprintf(" 00000000 %08X %08X %016X", start, max(0, end), shown))
	}
}

// delay begins a track later, by an empty edit.
func (x *box) delay(units int64) {
	tkhd := x.child("tkhd")
	if tkhd == nil || len(tkhd.body) < 24 {
		return
	}
	length := be32(tkhd.body[20:])
	if tkhd.body[0] == 1 && len(tkhd.body) >= 36 {
		length = int64(binary.BigEndian.Uint64(tkhd.body[28:]))
	}
	list := []editEntry{{length, 0}}
	if elst := x.child("edts", "elst"); elst != nil {
		var ok bool
		if list, ok = edits(elst.body); !ok {
			return
		}
	}
	tkhd.body = setTime(tkhd.body, 20, 28, length+units)
	x.setEdits(editBox(append([]editEntry{{units, -1}}, list...)...))
}

// chapters moves Nero's chapters in user data, whose times are tenths of microseconds.
func (x *box) chapters(seconds float64) {
	found := bytes.Index(x.body, []byte("chpl"))
	if found < 0 || seconds <= 0 {
		return
	}
	b, by := x.body[found+4:], uint64(seconds*1e7)
	if len(b) < 9 {
		return
	}
	at := 4
	if b[0] == 1 {
		at = 8
	}
	for n := int(b[at]); n > 0 && at+10 <= len(b); n-- {
		binary.BigEndian.PutUint64(b[at+1:], binary.BigEndian.Uint64(b[at+1:])+by)
		at += 9 + int(b[at+9])
	}
}

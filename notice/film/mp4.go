package film

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	maxSamples = 1 << 22 // a day and a half at 30 frames a second
	maxTable   = 64 << 20
	visual     = 78 // bytes of a VisualSampleEntry before its boxes (ISO/IEC 14496-12, 12.1.3)
)

// movie is a film in an ISO base media or QuickTime file.
type movie struct {
	track
	r     *box.Reader
	data  []box.Box           // mdat
	stbl  map[string]*box.Box // of the track of pictures
	conf  *box.Box            // avcC and the like
	wide  bool                // times of composition have a sign
	cts   []int64             // as they stand in the file, nil without a table
	entry *box.Box
}

// readMP4 finds the one track of pictures and its samples.
func readMP4(src media.Source) (*track, error) {
	m := &movie{r: box.NewReader(src), stbl: map[string]*box.Box{}}
	var moov *box.Box
	_, err := m.r.Top(func(b box.Box) error {
		switch b.Type {
		case "moov":
			moov = &b
		case "moof":
			return fragments
		case "mdat":
			if len(m.data) == 1<<16 {
				return media.TooMany("mdat", b.Offset, 1<<16)
			}
			m.data = append(m.data, b)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if moov == nil {
		return nil, media.Malformed("moov", 0, "a film has a movie box")
	}
	var found *mp4Track
	var header uint32 // units in a second of edit durations
	err = m.each(moov, moov.Body(), func(b box.Box) error {
		switch b.Type {
		case "mvex":
			return fragments
		case "mvhd":
			h, err := m.r.Inside(&b, b.Body(), 24)
			if err != nil {
				return err
			}
			if header = binary.BigEndian.Uint32(h[12:]); h[0] == 1 {
				header = binary.BigEndian.Uint32(h[20:])
			}
		case "trak":
			t, err := m.trak(&b)
			if err != nil || t == nil {
				return err
			}
			if found != nil {
				return media.Unsupported("trak", b.Offset, "more than one track of pictures")
			}
			found = t
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, noPictures()
	}
	if err := m.load(found); err != nil {
		return nil, err
	}
	if err := m.order(src.Size()); err != nil {
		return nil, err
	}
	m.end = max(m.end, m.times[len(m.times)-1]+1)
	if err := m.edits(found.elst, int64(header)); err != nil {
		return nil, err
	}
	m.track.exchange = m.splice
	return &m.track, nil
}

func (m *movie) each(b *box.Box, from int64, visit func(box.Box) error) error {
	_, err := m.r.Children(b, from, visit)
	return err
}

// mp4Track is where the parts of a track are.
type mp4Track struct {
	mdhd, elst, stbl *box.Box
}

// trak returns the parts of a track of moving pictures that is shown, nil for any other.
func (m *movie) trak(trak *box.Box) (*mp4Track, error) {
	t := new(mp4Track)
	var video, still bool
	var turn matrix
	var visit func(b box.Box) error
	visit = func(b box.Box) error {
		switch b.Type {
		case "mdia", "minf", "edts":
			return m.each(&b, b.Body(), visit)
		case "tkhd":
			h, err := m.r.Inside(&b, b.Body(), int(min(b.Len(), 96)))
			if err != nil {
				return err
			}
			at := 40
			if len(h) > 0 && h[0] == 1 {
				at = 52
			}
			if len(h) < at+36 {
				return media.Truncated("tkhd", b.Offset, int64(at+36), int64(len(h)))
			}
			for i, o := range []int{0, 4, 12, 16} {
				turn[i] = int32(binary.BigEndian.Uint32(h[at+o:]))
			}
		case "hdlr":
			h, err := m.r.Inside(&b, b.Body(), 12)
			if err != nil {
				return err
			}
			video = video || string(h[8:12]) == "vide"
		case "mdhd":
			t.mdhd = &b
		case "elst":
			t.elst = &b
		case "stbl":
			t.stbl = &b
			return m.each(&b, b.Body(), visit)
		case "stsd":
			if b.Len() < 16 {
				return nil
			}
			h, err := m.r.Inside(&b, b.Body(), 16)
			if err != nil {
				return err
			}
			switch string(h[12:16]) {
			case "jpeg", "png ", "mjpa", "mjpb":
				still = true
			}
		}
		return nil
	}
	// A track that is switched off counts too, for a viewer can choose it; a cover or a chapter's picture does not.
	if err := m.each(trak, trak.Body(), visit); err != nil || !video || still {
		return nil, err
	}
	if t.mdhd == nil || t.stbl == nil {
		return nil, media.Malformed("trak", trak.Offset, "a track has a header and a table of samples")
	}
	m.turn = turn
	return t, nil
}

// load reads the description and the tables.
func (m *movie) load(t *mp4Track) error {
	h, err := m.r.Inside(t.mdhd, t.mdhd.Body(), 24)
	if err != nil {
		return err
	}
	m.scale = int64(binary.BigEndian.Uint32(h[12:]))
	if h[0] == 1 {
		m.scale = int64(binary.BigEndian.Uint32(h[20:]))
	}
	if m.scale == 0 {
		return media.Malformed("mdhd", t.mdhd.Offset, "the time scale is 0")
	}
	err = m.each(t.stbl, t.stbl.Body(), func(b box.Box) error {
		switch b.Type {
		case "saiz", "saio", "subs", "senc":
			return obstacle("the film has data about parts of its samples")
		}
		if m.stbl[b.Type] == nil {
			m.stbl[b.Type] = &b
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.describe(); err != nil {
		return err
	}
	if err := m.sizes(); err != nil {
		return err
	}
	if err := m.places(); err != nil {
		return err
	}
	return m.moments()
}

// describe reads the one sample description.
func (m *movie) describe() error {
	stsd := m.stbl["stsd"]
	if stsd == nil {
		return media.Malformed("stbl", 0, "a track has a description")
	}
	n := 0
	err := m.each(stsd, stsd.Body()+8, func(b box.Box) error {
		if n++; n > 1 {
			return obstacle("the film changes its description on the way")
		}
		m.entry = &b
		return nil
	})
	if err != nil {
		return err
	}
	if m.entry == nil || m.entry.Len() < visual {
		return media.Malformed("stsd", stsd.Offset, "the description is missing")
	}
	var want string
	switch m.entry.Type {
	case "avc1", "avc3":
		m.codec, want = h264, "avcC"
	case "hvc1", "hev1":
		m.codec, want = h265, "hvcC"
	case "vp09":
		m.codec, want = vp9, "vpcC"
	case "av01":
		m.codec, want = av1, "av1C"
	default:
		return obstacle("the film is coded as " + printable(m.entry.Type))
	}
	err = m.each(m.entry, m.entry.Body()+visual, func(b box.Box) error {
		switch b.Type {
		case want:
			m.conf = &b
		case "dvcC", "dvvC":
			return obstacle("the film is Dolby Vision")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if m.conf == nil {
		return media.Malformed(m.entry.Type, m.entry.Offset, "the description lacks its parameter sets")
	}
	if m.config, err = m.r.Content(m.conf, 1<<20); err != nil {
		return err
	}
	m.length, err = lengthSize(m.codec, m.config)
	return err
}

func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// table returns the content of a table behind its version and flags, and how many rows of a width it says it has.
func (m *movie) table(name string, count, width int) (rows []byte, version byte, err error) {
	b := m.stbl[name]
	if b == nil {
		return nil, 0, nil
	}
	all, err := m.r.Content(b, maxTable)
	if err != nil {
		return nil, 0, err
	}
	if len(all) < count+4 {
		return nil, 0, media.Truncated(name, b.Offset, int64(count+4), int64(len(all)))
	}
	n := int64(binary.BigEndian.Uint32(all[count:]))
	rows = all[count+4:]
	if n*int64(width) > int64(len(rows)) {
		return nil, 0, media.Truncated(name, b.Offset, n*int64(width), int64(len(rows)))
	}
	return rows[:n*int64(width)], all[0], nil
}

func (m *movie) sizes() error {
	b := m.stbl["stsz"]
	if b == nil {
		return obstacle("the film has compact sizes")
	}
	if h, err := m.r.Inside(b, b.Body(), 8); err != nil || binary.BigEndian.Uint32(h[4:]) != 0 {
		if err == nil {
			err = obstacle("all samples of the film have one size")
		}
		return err
	}
	rows, _, err := m.table("stsz", 8, 4)
	if err != nil {
		return err
	}
	if len(rows)/4 > maxSamples {
		return media.TooMany("video sample", b.Offset, maxSamples)
	}
	m.samples = make([]sample, len(rows)/4)
	for i := range m.samples {
		m.samples[i].size = int64(binary.BigEndian.Uint32(rows[4*i:]))
		if m.samples[i].size == 0 {
			return obstacle("a frame is empty")
		}
	}
	return nil
}

// places works out where each sample stands.
func (m *movie) places() error {
	name, width := "stco", 4
	if m.stbl[name] == nil {
		name, width = "co64", 8
	}
	chunks, _, err := m.table(name, 4, width)
	if err != nil {
		return err
	}
	runs, _, err := m.table("stsc", 4, 12)
	if err != nil {
		return err
	}
	next, count, before := 0, len(chunks)/width, int64(0)
	for r := 0; r < len(runs)/12; r++ {
		first, per := int64(binary.BigEndian.Uint32(runs[12*r:])), int(binary.BigEndian.Uint32(runs[12*r+4:]))
		if first <= before {
			return media.Malformed("stsc", m.stbl["stsz"].Offset, "chunks are out of order")
		}
		before = first
		last := int64(count)
		if 12*(r+1) < len(runs) {
			last = min(last, int64(binary.BigEndian.Uint32(runs[12*(r+1):]))-1)
		}
		for c := first; c >= 1 && c <= last && next < len(m.samples); c++ {
			var at int64
			if e := chunks[(c-1)*int64(width):]; width == 4 {
				at = int64(binary.BigEndian.Uint32(e))
			} else {
				at = int64(binary.BigEndian.Uint64(e))
			}
			for range min(per, len(m.samples)-next) {
				s := &m.samples[next]
				if err := media.Within(m.r.Src, "video sample", at, s.size); err != nil {
					return err
				}
				s.off = at
				at += s.size
				next++
			}
		}
	}
	if next < len(m.samples) {
		return media.Malformed("stsc", m.stbl["stsz"].Offset, "samples stand in no chunk")
	}
	return nil
}

// moments reads times of decoding, of composition, and which samples are key frames.
func (m *movie) moments() error {
	rows, _, err := m.table("stts", 4, 8)
	if err != nil {
		return err
	}
	var at int64
	i := 0
	for ; len(rows) > 0; rows = rows[8:] {
		for range binary.BigEndian.Uint32(rows) {
			if i == len(m.samples) {
				break
			}
			m.samples[i].dts, m.samples[i].pts = at, at
			at += int64(binary.BigEndian.Uint32(rows[4:]))
			i++
		}
	}
	if i < len(m.samples) {
		return media.Malformed("stts", 0, "samples have no time")
	}
	m.end = at
	rows, version, err := m.table("ctts", 4, 8)
	if err != nil {
		return err
	}
	if rows != nil {
		m.cts, m.wide = make([]int64, len(m.samples)), version == 1
	}
	for i = 0; len(rows) > 0; rows = rows[8:] {
		by := int64(int32(binary.BigEndian.Uint32(rows[4:]))) // writers use negative numbers in version 0 too
		for range binary.BigEndian.Uint32(rows) {
			if i == len(m.samples) {
				break
			}
			m.samples[i].pts += by
			m.cts[i] = by
			i++
		}
	}
	if m.stbl["stss"] == nil {
		for i := range m.samples {
			m.samples[i].key = true
		}
		return nil
	}
	rows, _, err = m.table("stss", 4, 4)
	for ; len(rows) > 0; rows = rows[4:] {
		if n := binary.BigEndian.Uint32(rows); n >= 1 && int64(n) <= int64(len(m.samples)) {
			m.samples[n-1].key = true
		}
	}
	return err
}

// edits finds when the first frame is shown. A film may begin late, by an empty edit, or skip a beginning.
func (m *movie) edits(elst *box.Box, header int64) error {
	m.start = m.times[0]
	if elst == nil {
		return nil
	}
	b, err := m.r.Content(elst, 1<<20)
	if err != nil {
		return err
	}
	if len(b) < 8 {
		return media.Truncated("elst", elst.Offset, 8, int64(len(b)))
	}
	width, shown := 12, 0
	if b[0] == 1 {
		width = 20
	}
	n := int64(binary.BigEndian.Uint32(b[4:]))
	if b = b[8:]; n*int64(width) > int64(len(b)) {
		return media.Truncated("elst", elst.Offset, n*int64(width), int64(len(b)))
	}
	for b = b[:n*int64(width)]; len(b) > 0; b = b[width:] {
		length, at := int64(binary.BigEndian.Uint32(b)), int64(int32(binary.BigEndian.Uint32(b[4:])))
		if width == 20 {
			length, at = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
		}
		if at == -1 {
			continue
		}
		if shown++; shown > 1 || binary.BigEndian.Uint32(b[width-4:]) != 1<<16 {
			return obstacle("the film is put together by an edit list")
		}
		if at < 0 || at >= m.end || length < 0 {
			return media.Malformed("elst", elst.Offset, "an edit begins outside the track")
		}
		m.start = max(m.start, at)
		if header > 0 && length > 0 && length < 1<<40 && m.scale < 1<<22 {
			m.end = min(m.end+max(0, m.times[0]), at+length*m.scale/header+1)
		}
	}
	return nil
}

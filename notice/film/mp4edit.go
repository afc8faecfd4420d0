package film

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

// splice exchanges samples. Each stays in its place of the file and of the tables, so chunks and times of decoding are as
// they were; sizes, times of composition and the list of key frames are written anew.
func (m *movie) splice(src media.Source, c cut, fresh *coded) (*media.Edit, error) {
	p := box.NewPlan(src)
	// The place of each new frame, and of the key frame where it has moved.
	body := make([][]byte, 0, c.frames+1)
	for _, u := range fresh.units {
		body = append(body, u.data)
	}
	if c.key < c.frames {
		b, err := m.read(src, c.key)
		if err != nil {
			return nil, err
		}
		body = append(body, b)
	}
	for i, b := range body {
		if err := m.place(p, m.samples[i], b); err != nil {
			return nil, err
		}
	}
	if string(fresh.config) != string(m.config) {
		p.Replace(m.conf, m.conf.Body(), m.conf.Len(), fresh.config)
	}
	m.newSizes(p, body)
	if err := m.newTimes(p, c); err != nil {
		return nil, err
	}
	m.newKeys(p, c, fresh)
	for _, name := range []string{"sbgp", "sgpd", "csgp", "stsh", "stps"} {
		if b := m.stbl[name]; b != nil {
			p.Remove(b) // what they say of the old samples is no longer so
		}
	}
	if b := m.stbl["sdtp"]; b != nil {
		n := min(int64(len(body)), b.Len()-4)
		if n > 0 {
			p.Replace(b, b.Body()+4, n, make([]byte, n)) // nothing is known about dependencies
		}
	}
	return p.Edit()
}

// place puts new content where a sample stands. Its first bytes are overwritten, never taken out, so that the offset of a
// chunk that begins here still has a target.
func (m *movie) place(p *box.Plan, s sample, b []byte) error {
	var in *box.Box
	for i := range m.data {
		if d := &m.data[i]; s.off >= d.Body() && s.off+s.size <= d.End() {
			in = d
		}
	}
	if in == nil {
		return obstacle("a frame stands outside the film's data")
	}
	if len(b) == 0 {
		return obstacle("the encoder made an empty frame")
	}
	same := min(s.size, int64(len(b)))
	p.Replace(in, s.off, same, b[:same])
	switch {
	case same < s.size:
		p.Replace(in, s.off+same, s.size-same, nil)
	case same < int64(len(b)):
		p.Insert(in, s.off+same, b[same:])
	}
	return nil
}

func (m *movie) newSizes(p *box.Plan, body [][]byte) {
	sizes := make([]byte, 0, 4*len(body))
	for _, b := range body {
		sizes = binary.BigEndian.AppendUint32(sizes, uint32(len(b)))
	}
	b := m.stbl["stsz"]
	p.Replace(b, b.Body()+12, int64(len(sizes)), sizes)
}

// newTimes gives the new frames the old times of display, in order.
func (m *movie) newTimes(p *box.Plan, c cut) error {
	cts := make([]int64, len(m.samples))
	copy(cts, m.cts)
	var least, greatest int64
	for i := range cts {
		switch {
		case i < c.frames:
			cts[i] = m.times[i] - m.samples[i].dts
		case i == c.frames && c.key < c.frames:
			cts[i] = m.samples[c.key].pts - m.samples[i].dts
		}
		least, greatest = min(least, cts[i]), max(greatest, cts[i])
	}
	if least < -1<<31 || greatest > 1<<31-1 || least < 0 && !m.wide && m.stbl["ctts"] == nil {
		return obstacle("the film's times of display can't be kept")
	}
	b := m.stbl["ctts"]
	if b == nil {
		if greatest != 0 {
			return obstacle("the film's times of display can't be kept")
		}
		return nil
	}
	rows := make([]byte, 8, 64)
	if m.wide {
		rows[0] = 1
	}
	n := uint32(0)
	for i := 0; i < len(cts); {
		j := i
		for j < len(cts) && cts[j] == cts[i] {
			j++
		}
		rows = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(rows, uint32(j-i)), uint32(cts[i]))
		n++
		i = j
	}
	binary.BigEndian.PutUint32(rows[4:], n)
	p.Replace(b, b.Body(), b.Len(), rows)
	if b := m.stbl["cslg"]; b != nil {
		p.Remove(b) // the bounds of the old times
	}
	return nil
}

func (m *movie) newKeys(p *box.Plan, c cut, fresh *coded) {
	rows := make([]byte, 8)
	all := true
	n := uint32(0)
	for i, s := range m.samples {
		key := s.key
		switch {
		case i < c.frames:
			key = fresh.units[i].key
		case i == c.frames && c.key < c.frames:
			key = true
		}
		if all = all && key; key {
			rows = binary.BigEndian.AppendUint32(rows, uint32(i+1))
			n++
		}
	}
	binary.BigEndian.PutUint32(rows[4:], n)
	switch b := m.stbl["stss"]; {
	case b != nil:
		p.Replace(b, b.Body(), b.Len(), rows)
	case !all:
		stsz := m.stbl["stsz"]
		p.Insert(stsz.Parent, stsz.Offset, box.Append(nil, "stss", rows))
	}
}

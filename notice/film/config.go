package film

import (
	"encoding/binary"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// sets are the parameter sets of a description (ISO/IEC 14496-15, 5.3.3 and 8.3.3).
type sets struct {
	codec  codec
	head   []byte // what comes before the lists
	groups []group
	tail   []byte // what comes behind them
}

// group is a list of NAL units of one kind.
type group struct {
	tag  byte // array_completeness and the kind, of H.265
	nals [][]byte
}

// lengthSize is how many bytes the length before a NAL unit has.
func lengthSize(c codec, config []byte) (int, error) {
	at := 4
	switch c {
	case vp9, av1:
		return 0, nil
	case h265:
		at = 21
	}
	if len(config) <= at {
		return 0, media.Truncated("decoder configuration", 0, int64(at+1), int64(len(config)))
	}
	return int(config[at]&3) + 1, nil
}

// parseSets takes a description apart.
func parseSets(c codec, b []byte) (*sets, error) {
	s := &sets{codec: c}
	short := media.Truncated("decoder configuration", 0, int64(len(b)+1), int64(len(b)))
	take := func(n int) []byte {
		if n > len(b) {
			return nil
		}
		head := b[:n:n]
		b = b[n:]
		return head
	}
	list := func(tag byte, n int) bool {
		g := group{tag: tag}
		for range n {
			size := take(2)
			if size == nil {
				return false
			}
			nal := take(int(binary.BigEndian.Uint16(size)))
			if len(nal) < 2 {
				return false
			}
			g.nals = append(g.nals, nal)
		}
		s.groups = append(s.groups, g)
		return true
	}
	if c == h264 {
		if s.head = take(5); s.head == nil {
			return nil, short
		}
		for _, mask := range []byte{31, 255} {
			n := take(1)
			if n == nil || !list(n[0]&^mask, int(n[0]&mask)) {
				return nil, short
			}
		}
		s.tail = b
		return s, nil
	}
	if s.head = take(22); s.head == nil {
		return nil, short
	}
	arrays := take(1)
	if arrays == nil {
		return nil, short
	}
	for range arrays[0] {
		h := take(3)
		if h == nil || !list(h[0], int(binary.BigEndian.Uint16(h[1:]))) {
			return nil, short
		}
	}
	return s, nil
}

// bytes puts a description together.
func (s *sets) bytes() ([]byte, error) {
	b := append([]byte(nil), s.head...)
	if s.codec == h265 {
		b = append(b, byte(len(s.groups)))
	}
	for i, g := range s.groups {
		n := len(g.nals)
		if s.codec == h264 {
			if i == 0 && n > 31 || n > 255 {
				return nil, obstacle("the film has too many parameter sets")
			}
			b = append(b, g.tag|byte(n))
		} else {
			b = append(b, g.tag, byte(n>>8), byte(n))
		}
		for _, nal := range g.nals {
			if len(nal) > 1<<16-1 {
				return nil, obstacle("a parameter set is too large")
			}
			b = append(append(b, byte(len(nal)>>8), byte(len(nal))), nal...)
		}
	}
	return append(b, s.tail...), nil
}

// clone is a copy that add does not change.
func (s *sets) clone() *sets {
	if s == nil {
		return nil
	}
	c := *s
	c.groups = slices.Clone(s.groups)
	for i := range c.groups {
		c.groups[i].nals = slices.Clone(c.groups[i].nals)
	}
	return &c
}

// add puts a set of the encoder beside the film's own.
func (s *sets) add(nal []byte) {
	k := kind(s.codec, nal)
	if s.codec == h264 {
		i := 0
		if k == 8 {
			i = 1
		}
		s.groups[i].nals = append(s.groups[i].nals, nal)
		return
	}
	for i := range s.groups {
		if int(s.groups[i].tag&63) == k {
			s.groups[i].nals = append(s.groups[i].nals, nal)
			return
		}
	}
	s.groups = append(s.groups, group{tag: 0x80 | byte(k), nals: [][]byte{nal}})
}

// all lists the NAL units.
func (s *sets) all() (list [][]byte) {
	for _, g := range s.groups {
		list = append(list, g.nals...)
	}
	return list
}

// first returns the first set of a kind, without its guards, nil where there is none.
func (s *sets) first(k int) []byte {
	for _, n := range s.all() {
		if kind(s.codec, n) == k {
			return plain(n)
		}
	}
	return nil
}

// used returns the numbers that the film's sets have, by kind: those of the description and others that stand in packets.
func (s *sets) used(others [][]byte) map[int]map[int]bool {
	used := map[int]map[int]bool{}
	for _, n := range append(s.all(), others...) {
		k, b := kind(s.codec, n), plain(n)
		if len(b) < 3 {
			continue
		}
		bit, number := 8, number
		switch {
		case s.codec == h264 && k == 7:
			bit = 32
		case s.codec == h265 && k == 34:
			bit = 16
		case s.codec == h265 && k == 33:
			bit = 16 + 8 + 96
		}
		if used[k] == nil {
			used[k] = map[int]bool{}
		}
		if s.codec == h265 && k == 32 {
			used[k][int(b[2]>>4)] = true
			continue
		}
		if v, _, ok := number(b, bit); ok {
			used[k][v] = true
		}
	}
	return used
}

// free chooses a number from the given ones that no set of these kinds has, -1 where there is none.
func free(used map[int]map[int]bool, from, to int, kinds ...int) int {
next:
	for n := from; n >= to; n-- {
		for _, k := range kinds {
			if used[k][n] {
				continue next
			}
		}
		return n
	}
	return -1
}

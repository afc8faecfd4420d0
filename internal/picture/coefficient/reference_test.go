package coefficient_test

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// reference is a decoder of coefficients that is as plain as T.81 tells it and shares nothing with the package.
type reference struct {
	width, height, hmax, vmax int
	progressive               bool
	planes                    []plane
	quant                     [4][64]int
	tables                    [2][4]map[uint32]int // length and code to value
	restart                   int
	b                         []byte
	at, left                  int // next byte, bits left of the one before
	cur                       byte
	failed                    string
	run                       int
}

type plane struct {
	id, h, v, tq, bw, bh, sw, sh int
	coef                         map[[2]int]*[64]int
}

func decodeCoefficients(t testing.TB, b []byte) *reference {
	t.Helper()
	d := &reference{b: b, at: 2}
	for d.failed == "" {
		for d.b[d.at] == 0xFF {
			d.at++
		}
		marker := d.b[d.at]
		d.at++
		if marker == 0xD9 {
			break
		}
		n := int(binary.BigEndian.Uint16(d.b[d.at:]))
		body := d.b[d.at+2 : d.at+n]
		d.at += n
		d.segment(marker, body)
	}
	if d.failed != "" {
		t.Fatalf("reference decoder: %s at %d", d.failed, d.at)
	}
	return d
}

func (d *reference) segment(marker byte, body []byte) {
	switch marker {
	case 0xC0, 0xC1, 0xC2:
		d.frame(marker, body)
	case 0xC4:
		for len(body) > 0 {
			m, code, k := map[uint32]int{}, 0, 17
			for l := 1; l <= 16; l++ {
				for range int(body[l]) {
					m[uint32(l<<16|code)] = int(body[k])
					if code == 1<<l-1 {
						d.failed = "a code of ones alone"
					}
					code++
					k++
				}
				code <<= 1
			}
			d.tables[body[0]>>4][body[0]&15] = m
			body = body[k:]
		}
	case 0xDB:
		for len(body) > 0 {
			for i := range 64 {
				d.quant[body[0]&15][i] = int(body[1+i])
			}
			body = body[65:]
		}
	case 0xDD:
		d.restart = int(binary.BigEndian.Uint16(body))
	case 0xDA:
		d.scan(body)
	}
}

func (d *reference) frame(marker byte, b []byte) {
	d.progressive = marker == 0xC2
	d.height, d.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	for i := range int(b[5]) {
		c := b[6+3*i:]
		p := plane{id: int(c[0]), h: int(c[1] >> 4), v: int(c[1] & 15), tq: int(c[2]), coef: map[[2]int]*[64]int{}}
		if b[5] == 1 {
			p.h, p.v = 1, 1
		}
		d.hmax, d.vmax = max(d.hmax, p.h), max(d.vmax, p.v)
		d.planes = append(d.planes, p)
	}
	up := func(a, b int) int { return (a + b - 1) / b }
	for i := range d.planes {
		p := &d.planes[i]
		p.bw, p.bh = up(up(d.width*p.h, d.hmax), 8), up(up(d.height*p.v, d.vmax), 8)
		p.sw, p.sh = up(d.width, 8*d.hmax)*p.h, up(d.height, 8*d.vmax)*p.v
		for y := range p.sh {
			for x := range p.sw {
				p.coef[[2]int{x, y}] = new([64]int)
			}
		}
	}
}

func (d *reference) bit() int {
	if d.left == 0 {
		if d.at+1 >= len(d.b) || d.b[d.at] == 0xFF && d.b[d.at+1] != 0 {
			d.failed = "data ends"
			return 0
		}
		d.cur, d.left = d.b[d.at], 8
		if d.at++; d.cur == 0xFF {
			d.at++
		}
	}
	d.left--
	return int(d.cur>>d.left) & 1
}

func (d *reference) bits(n int) (v int) {
	for range n {
		v = v<<1 | d.bit()
	}
	return v
}

func (d *reference) symbol(m map[uint32]int) int {
	code := 0
	for l := 1; l <= 16; l++ {
		code = code<<1 | d.bit()
		if v, ok := m[uint32(l<<16|code)]; ok {
			return v
		}
	}
	d.failed = "no such code"
	return 0
}

func (d *reference) number(n int) int {
	v := d.bits(n)
	if n > 0 && v < 1<<(n-1) {
		v -= 1<<n - 1
	}
	return v
}

func (d *reference) scan(b []byte) {
	n := int(b[0])
	parts, tables := make([]*plane, n), make([]byte, n)
	for i := range n {
		for k := range d.planes {
			if d.planes[k].id == int(b[1+2*i]) {
				parts[i], tables[i] = &d.planes[k], b[2+2*i]
			}
		}
	}
	ss, se, ah, al := int(b[1+2*n]), int(b[2+2*n]), int(b[3+2*n]>>4), int(b[3+2*n]&15)
	mw, mh := (d.width+8*d.hmax-1)/(8*d.hmax), (d.height+8*d.vmax-1)/(8*d.vmax)
	if n == 1 {
		mw, mh = parts[0].bw, parts[0].bh
	}
	pred := make([]int, n)
	d.left, d.run = 0, 0
	for m := range mw * mh {
		if d.restart > 0 && m > 0 && m%d.restart == 0 {
			d.left, d.run = 0, 0
			clear(pred)
			if d.b[d.at] != 0xFF || int(d.b[d.at+1]) != 0xD0+(m/d.restart-1)%8 {
				d.failed = fmt.Sprintf("no restart marker before MCU %d", m)
				return
			}
			d.at += 2
		}
		for i, p := range parts {
			h, v := p.h, p.v
			if n == 1 {
				h, v = 1, 1
			}
			for y := range v {
				for x := range h {
					block := p.coef[[2]int{m%mw*h + x, m/mw*v + y}]
					dc, ac := d.tables[0][tables[i]>>4], d.tables[1][tables[i]&15]
					d.block(block, &pred[i], dc, ac, ss, se, ah, al)
					if d.failed != "" {
						return
					}
				}
			}
		}
	}
}

func (d *reference) block(c *[64]int, pred *int, dc, ac map[uint32]int, ss, se, ah, al int) {
	switch {
	case !d.progressive:
		*pred += d.number(d.symbol(dc))
		c[0] = *pred
		for k := 1; k < 64; k++ {
			s := d.symbol(ac)
			if s == 0 {
				break
			}
			k += s >> 4
			if k > 63 {
				d.failed = "run over the block's end"
				return
			}
			c[k] = d.number(s & 15)
		}
	case ss == 0 && ah == 0:
		*pred += d.number(d.symbol(dc))
		c[0] = *pred << al
	case ss == 0:
		c[0] |= d.bit() << al
	case ah == 0:
		if d.run > 0 {
			d.run--
			return
		}
		for k := ss; k <= se; k++ {
			s := d.symbol(ac)
			r, n := s>>4, s&15
			if n == 0 && r < 15 {
				d.run = 1<<r + d.bits(r) - 1
				return
			}
			k += r
			if k > 63 {
				d.failed = "run over the band's end"
				return
			}
			c[k] = d.number(n) << al
		}
	default:
		d.refine(c, ac, ss, se, al)
	}
}

func (d *reference) refine(c *[64]int, ac map[uint32]int, ss, se, al int) {
	amend := func(k int) {
		if d.bit() == 1 {
			if c[k] > 0 {
				c[k] += 1 << al
			} else {
				c[k] -= 1 << al
			}
		}
	}
	k := ss
	for d.run == 0 && k <= se {
		s := d.symbol(ac)
		r, value := s>>4, 0
		if s&15 == 0 && r < 15 {
			d.run = 1<<r + d.bits(r)
			break
		}
		if s&15 != 0 {
			value = (2*d.bit() - 1) << al
		}
		for ; k <= se; k++ {
			if c[k] != 0 {
				amend(k)
				continue
			}
			if r == 0 {
				break
			}
			r--
		}
		if value != 0 {
			c[k] = value
		}
		k++
	}
	if d.run > 0 {
		for ; k <= se; k++ {
			if c[k] != 0 {
				amend(k)
			}
		}
		d.run--
	}
}

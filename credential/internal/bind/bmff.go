package bind

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	maxExclusions = 256
	maxPathDepth  = 10
	maxMatches    = 1 << 16
	maxDataBytes  = 4096
)

// boxed is a file of the ISO base media format as hashes see it.
type boxed struct {
	src media.Source
	r   *box.Reader
	top []box.Box
	end int64 // where the boxes end
}

func openBoxed(src media.Source) (*boxed, error) {
	b := &boxed{src: src, r: box.NewReader(src)}
	var err error
	b.end, err = b.r.Top(func(x box.Box) error {
		b.top = append(b.top, x)
		return nil
	})
	return b, err
}

// check returns an error's code for exclusions out of form (C2PA 2.2, 18.7.2).
func (h *BMFF) check() bool {
	if len(h.Exclusions) == 0 || len(h.Exclusions) > maxExclusions {
		return false
	}
	for _, e := range h.Exclusions {
		end := int64(0)
		for i, s := range e.Subset {
			if s.Offset < end || s.Length < 0 || s.Offset > 1<<62 || s.Length > 1<<62 || i > 0 && e.Subset[i-1].Length == 0 {
				return false
			}
			end = s.Offset + s.Length
		}
		if !strings.HasPrefix(e.Path, "/") {
			return false
		}
		for _, d := range e.Data {
			if d.Offset < 0 || len(d.Value) > maxDataBytes {
				return false
			}
		}
	}
	return true
}

// cover returns what a hash with exclusions covers. From version 2 on, each box at the top that is not left out as a whole
// counts with its offset.
func (b *boxed) cover(exclusions []Exclusion, version int) (*Cover, error) {
	var skip []Span
	whole := map[int64]bool{}
	for i := range exclusions {
		e := &exclusions[i]
		matches, err := b.match(e.Path)
		if err != nil {
			return nil, err
		}
		for _, x := range matches {
			ok, err := b.fits(e, &x)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if e.Subset == nil {
				skip = append(skip, Span{x.Offset, x.Size})
				whole[x.Offset] = whole[x.Offset] || x.Parent == nil
				continue
			}
			for _, s := range e.Subset {
				if s.Offset > x.Size {
					continue
				}
				n := x.Size - s.Offset
				if s.Length > 0 {
					n = min(n, s.Length)
				}
				skip = append(skip, Span{x.Offset + s.Offset, n})
			}
		}
	}
	var marks []int64
	if version > 1 {
		for _, x := range b.top {
			if !whole[x.Offset] {
				marks = append(marks, x.Offset)
			}
		}
	}
	return NewCover(b.src.Size(), skip, marks), nil
}

// match returns the boxes that a path leads to. A step may carry the number of the box among its like, from one on.
func (b *boxed) match(path string) ([]box.Box, error) {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(steps) > maxPathDepth {
		return nil, nil
	}
	at := select1(b.top, steps[0])
	for _, step := range steps[1:] {
		var next []box.Box
		for i := range at {
			parent := &at[i]
			from := parent.Body()
			switch parent.Type {
			case "meta":
				var err error
				if from, _, err = b.r.Meta(parent); err != nil {
					return nil, err
				}
			case "dref", "stsd":
				from += 8
			}
			var children []box.Box
			if _, err := b.r.Children(parent, from, func(x box.Box) error {
				if len(children) >= maxMatches {
					return media.TooMany("box", x.Offset, maxMatches)
				}
				children = append(children, x)
				return nil
			}); err != nil {
				return nil, err
			}
			next = append(next, select1(children, step)...)
		}
		at = next
	}
	return at, nil
}

func select1(list []box.Box, step string) []box.Box {
	name, number, numbered := strings.Cut(strings.TrimSuffix(step, "]"), "[")
	want, _ := strconv.Atoi(number)
	var out []box.Box
	n := 0
	for _, x := range list {
		if x.Type != name {
			continue
		}
		if n++; !numbered || n == want {
			out = append(out, x)
		}
	}
	return out
}

// fits reports whether a box is one that an exclusion means.
func (b *boxed) fits(e *Exclusion, x *box.Box) (bool, error) {
	if e.Length != nil && *e.Length != x.Size {
		return false, nil
	}
	if e.Version != nil || e.Flags != nil {
		head, err := b.r.Inside(x, x.Body(), 4)
		if err != nil {
			return false, nil
		}
		if e.Version != nil && *e.Version != int(head[0]) {
			return false, nil
		}
		if len(e.Flags) == 3 {
			has := binary.BigEndian.Uint32(head) & 0xFFFFFF
			want := binary.BigEndian.Uint32(append([]byte{0}, e.Flags...))
			if e.Exact == nil || *e.Exact {
				if has != want {
					return false, nil
				}
			} else if has|want != want {
				return false, nil
			}
		}
	}
	for _, d := range e.Data {
		if d.Offset > x.Size || int64(len(d.Value)) > x.Size-d.Offset {
			return false, nil
		}
		got, err := media.Bytes(b.src, "box", x.Offset+d.Offset, int64(len(d.Value)))
		if err != nil {
			return false, err
		}
		if !bytes.Equal(got, d.Value) {
			return false, nil
		}
	}
	return true, nil
}

// Extra reports whether an exclusion leaves out more than the specification asks for (C2PA 2.2, 18.7.2.1).
func (h *BMFF) Extra() bool {
	for _, e := range h.Exclusions {
		switch e.Path {
		case "/ftyp", "/mfra", "/free", "/skip", "/mdat":
		case "/uuid":
			if len(e.Data) != 1 || string(e.Data[0].Value) != box.UserC2PA {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// Verify checks a hash over boxes, and returns the code for what came of it.
func (h *BMFF) Verify(src media.Source, version int, alg string, proofs []Proof) (status.Code, error) {
	if h.Alg != "" {
		alg = h.Alg
	}
	switch {
	case h.URL != nil, !h.check(), len(h.Hash) == 0 && len(h.Merkle) == 0:
		return status.BMFFMalformed, nil
	case NewHash(alg) == nil:
		return status.AlgorithmUnsupported, nil
	}
	b, err := openBoxed(src)
	if err != nil {
		return status.BMFFMismatch, nil
	}
	c, err := b.cover(h.Exclusions, version)
	if err != nil {
		return status.BMFFMismatch, nil
	}
	if len(h.Hash) > 0 {
		got, err := c.Of(src, alg)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(got, h.Hash) {
			return status.BMFFMismatch, nil
		}
	}
	if len(h.Merkle) > 0 {
		return b.merkle(h, c, alg, proofs)
	}
	return status.BMFFMatch, nil
}

// Written are the exclusions that are written (C2PA 2.2, 18.7.2.1): the store itself, and boxes that programs move
// or fill without changing what is shown.
func Written() []Exclusion {
	return []Exclusion{
		{Path: "/uuid", Data: []Match{{Offset: 8, Value: []byte(box.UserC2PA)}}},
		{Path: "/ftyp"}, {Path: "/mfra"}, {Path: "/free"}, {Path: "/skip"},
	}
}

// Boxes returns what a hash of version 3 with the exclusions that are written covers of a file.
func Boxes(src media.Source) (*Cover, error) {
	b, err := openBoxed(src)
	if err != nil {
		return nil, err
	}
	return b.cover(Written(), 3)
}

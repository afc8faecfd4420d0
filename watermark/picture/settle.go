package picture

import (
	"math"
	"math/cmplx"
)

const (
	promising = 5.4 // deviations from which it is worth looking whether tiles lie a little otherwise
	astray    = 3   // pixels of the tile by which a quarter of a picture may be off
)

// settled corrects how tiles lie. Where the middle fits and nothing can be read, tiles at the edges lie a little beside the grid: by
// another angle or scale than was thought, or because the picture was stretched or seen from the side. Each quarter of the
// picture says by how much it is off, and those four say how the grid has to change.
func (m *Marker) settled(e *Plane, g grid, t match) grid {
	d := g.xx*g.yy - g.xy*g.yx
	right, down := [2]float64{g.yy / d, -g.yx / d}, [2]float64{-g.xy / d, g.xx / d} // across and down in the tile, of a pixel
	var change [2][2]float64                                                        // of these
	for i := range 4 {
		x0, y0 := i%2*e.W/2, i/2*e.H/2
		part := NewPlane(e.W, e.H)
		for y := y0; y < min(y0+(e.H+1)/2, e.H); y++ {
			copy(part.row(y)[x0:min(x0+(e.W+1)/2, e.W)], e.row(y)[x0:])
		}
		var f folding
		f.lying(part, g)
		offDown, offRight := m.off(m.view(&f), t)
		signX, signY := float64(2*(i%2)-1), float64(2*(i/2)-1)
		across, along := t.pose.turn(offRight, offDown)
		change[0][0] += signX * across / float64(e.W)
		change[0][1] += signX * along / float64(e.W)
		change[1][0] += signY * across / float64(e.H)
		change[1][1] += signY * along / float64(e.H)
	}
	for i := range 2 {
		right[i] -= change[0][i]
		down[i] -= change[1][i]
	}
	d = right[0]*down[1] - down[0]*right[1]
	if math.Abs(d) < 1e-6 {
		return g
	}
	return grid{xx: down[1] / d, xy: -down[0] / d, yx: -right[1] / d, yy: right[0] / d}
}

// turn says where a step across and down in the tile goes in a picture of a pose.
func (p pose) turn(across, down float64) (x, y float64) {
	if p.mirrored {
		across = -across
	}
	for range p.quarters {
		down, across = across, -down
	}
	return across, down
}

// off is how far from a match, in its own tile, the pilots of a view fit best.
func (m *Marker) off(v *view, t match) (down, right float64) {
	const step = 0.25
	list := make([]complex128, len(m.pilots))
	turnY, turnX := make([]complex128, len(list)), make([]complex128, len(list))
	row := make([]complex128, len(list))
	for i, b := range m.pilots {
		at := func(y, x float64) complex128 {
			return cmplx.Rect(1, 2*math.Pi*(float64(b.y)*y+float64(b.x)*x)/tile)
		}
		list[i] = complex128(m.product(v, t.pose, t.set, i)) * at(t.down-astray, t.right-astray)
		turnY[i], turnX[i] = at(step, 0), at(0, step)
	}
	top := math.Inf(-1)
	for y := 0.0; y <= 2*astray; y += step {
		copy(row, list)
		for x := 0.0; x <= 2*astray; x += step {
			sum := 0.0
			for i, c := range row {
				sum += real(c)
				row[i] = c * turnX[i]
			}
			if sum > top {
				top, down, right = sum, y-astray, x-astray
			}
		}
		for i := range list {
			list[i] *= turnY[i]
		}
	}
	return down, right
}

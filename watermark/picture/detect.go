package picture

import "math"

// Found is what was found in a picture.
type Found struct {
	Payload []byte  // nil when no mark of this key was found
	Score   float64 // of the pilots, in deviations; of the best try where nothing was found
	Scale   float64 // sides of its tiles, over those they have in a picture that was not cut
	Angle   float64 // by which it is turned, clockwise, in degrees
	Mirror  bool
}

// Detect looks for a mark. With search it finds marks of pictures that were cut and scaled, or turned, which takes longer than all
// else; without it those that were scaled as a whole or mirrored.
func (m *Marker) Detect(y *Plane, search bool) Found {
	if min(y.W, y.H) < minEdge {
		return Found{}
	}
	w, h := canonical(y.W, y.H)
	c := y.Resize(w, h)
	e := m.residual(c)
	var f folding
	f.upright(e)
	t, payload := m.read(m.view(&f), poses(1))
	g := turned(1, 0)
	if payload == nil && search && t.score > promising {
		g, t, payload = m.again(c, e, g, t)
	}
	found := Found{Payload: payload, Score: t.score, Scale: g.scale(), Mirror: t.pose.mirrored}
	if payload != nil || !search {
		return found
	}
	for _, g := range m.lattice(e) {
		var f folding
		f.lying(e, g)
		t, payload := m.read(m.view(&f), poses(4))
		if payload == nil && t.score > promising {
			g, t, payload = m.again(c, e, g, t)
		}
		if t.score > found.Score || payload != nil {
			found = Found{Payload: payload, Score: t.score, Scale: g.scale(), Angle: angle(g, t.pose), Mirror: t.pose.mirrored}
		}
		if payload != nil {
			break
		}
	}
	return found
}

// again reads a mark of which the pilots were found: from the picture at the scale at which its tiles have their own size, for which the
// residual is made, and with a corrected grid.
func (m *Marker) again(y, e *Plane, g grid, t match) (grid, match, []byte) {
	own, scale := g, g.scale()
	if scale < 0.95 || scale > 1.05 {
		w, h := int(math.Round(float64(e.W)/scale)), int(math.Round(float64(e.H)/scale))
		if min(w, h) < minEdge || max(w, h) > 2*Canonical {
			scale = 1
		} else {
			e = m.residual(y.Resize(w, h))
			a, b := float64(w)/float64(y.W), float64(h)/float64(y.H)
			own = grid{xx: g.xx * a, xy: g.xy * a, yx: g.yx * b, yy: g.yy * b}
		}
	} else {
		scale = 1
	}
	for range 3 {
		var f folding
		f.lying(e, own)
		next, payload := m.read(m.view(&f), []pose{t.pose})
		if payload != nil || next.score > t.score {
			t = next
		}
		if payload != nil || next.score < t.score {
			return own.times(scale), t, payload
		}
		own = m.settled(e, own, next)
	}
	return own.times(scale), t, nil
}

func (g grid) times(k float64) grid {
	return grid{xx: g.xx * k, xy: g.xy * k, yx: g.yx * k, yy: g.yy * k}
}

// angle is by how many degrees a picture was turned clockwise.
func angle(g grid, p pose) float64 {
	a := math.Atan2(g.yx, g.xx)*180/math.Pi + 90*float64(p.quarters)
	return math.Remainder(a, 360)
}

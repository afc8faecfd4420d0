// Package qr draws the QR code of an address as SVG (ISO/IEC 18004). The code itself is made by rsc.io/qr.
//
// What not to do here: no address of somebody else's that makes the picture, and no colours: a code is dark on light, in a
// dark window too, or cameras do not read it.
package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the empty border that readers need, in modules.
const quiet = 4

// SVG draws the code of a text of at most some hundred bytes. It fails for a longer one.
func SVG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1H%dz", from+quiet, y+quiet, x-from, from+quiet)
			}
		}
	}
	side := code.Size + 2*quiet
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path d="%s"/></svg>`,
		side, side, 8*side, 8*side, side, side, path.String()), nil
}

package plate

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice"
)

const (
	svgWhat = "SVG document"
	// svgID names the group that holds the notice, so that a second run finds it.
	svgID = "colophon-notice"
	// svgSpare is how much larger the words of an SVG are than our own font asks for, since the viewer's font draws them:
	// the capitals of the fonts that systems have for Chinese are 0.72 to 0.78 of their size high, and 工 is 0.65 or more.
	svgSpare = 1.2
	// Properties that a style sheet of the document may have set for all rectangles or texts.
	svgShown = "display:inline!important;visibility:visible!important;opacity:1!important;fill-opacity:1!important;stroke:none!important;" +
		"filter:none!important;mask:none!important;clip-path:none!important"
	svgText = svgShown + ";font-family:'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif!important;" +
		"font-weight:500!important;font-style:normal!important;text-anchor:middle!important;letter-spacing:0!important"
)

// putSVG adds a group with a rectangle and a text, last in the root element and so on top, in its own coordinates.
func putSVG(src media.Source, j *job) (*media.Edit, error) {
	text, err := media.Bytes(src, svgWhat, 0, src.Size())
	if err != nil {
		return nil, err
	}
	if markup.Wide(text) {
		return nil, media.Unsupported(svgWhat, 0, "document is in UTF-16")
	}
	w := markup.Walk(text, svgWhat)
	var root, end markup.Token
	prefix, there := "", false
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		if t.Kind == markup.Start && len(w.Stack) == 1 {
			if root, prefix = t, w.Top().Prefix; w.Top().Local != "svg" {
				return nil, media.Malformed(svgWhat, int64(t.From), "root element is not svg")
			}
		}
		if t.Kind == markup.End && len(w.Stack) == 1 {
			end = t
		}
		if t.Kind == markup.Start && !there {
			id, _ := w.Value(t, "id")
			there = id == svgID
		}
	}
	v, err := frameOf(w.Scanner, root)
	if err != nil {
		return nil, err
	}
	group, err := v.group(j, prefix)
	if err != nil {
		return nil, err
	}
	if !inUTF8(text) {
		group = references(group)
	}
	if there {
		j.already()
		return media.Splices(src)
	}
	if j.look {
		return nil, errAbsent
	}
	return markup.Plan(src, svgWhat, []markup.Splice{markup.Inside(root, end, group)})
}

// inUTF8 reports whether a document is in UTF-8 by its declaration (XML 1.0, 4.3.3). Without one it is.
func inUTF8(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	end := bytes.Index(text, []byte("?>"))
	if !bytes.HasPrefix(text, []byte("<?xml")) || end < 0 {
		return true
	}
	_, name, found := bytes.Cut(text[:end], []byte("encoding"))
	name = bytes.Trim(name, " \t\r\n='\"")
	if i := bytes.IndexAny(name, "'\" \t\r\n"); i >= 0 {
		name = name[:i]
	}
	return !found || strings.EqualFold(string(name), "UTF-8")
}

// references writes all characters beyond ASCII as references, which every encoding of a document allows.
func references(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#x%X;", r)
		}
	}
	return b.String()
}

// moves reports whether the root element turns, moves or scales all that is in it (SVG 2, 8.5; CSS Transforms), with an
// attribute or a property of its own. The notice would be turned or cut with the rest, and a viewer that knows only SVG 1.1
// would show it otherwise than one that knows SVG 2, so that no place is right for both.
func moves(transform, style string) bool {
	if transform != "" && transform != "none" {
		return true
	}
	for declaration := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(declaration, ":")
		name = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "-webkit-")
		if slices.Contains([]string{"transform", "rotate", "scale", "translate"}, name) && strings.TrimSpace(value) != "none" {
			return true
		}
	}
	return false
}

// svgFrame is what of an SVG's coordinates is seen, and how many pixels one unit is.
type svgFrame struct {
	x, y, w, h float64
	sx, sy     float64
	open       bool // as large as the viewer makes it: the frame is a square that fits its shortest side
}

// frameOf reads the root's size (SVG 2, 8.2 and 8.6 to 8.10).
func frameOf(s *markup.Scanner, root markup.Token) (svgFrame, error) {
	attribute := func(name string) string {
		v, _ := s.Value(root, name)
		return strings.TrimSpace(v)
	}
	if moves(attribute("transform"), attribute("style")) {
		return svgFrame{}, media.Unsupported(svgWhat, int64(root.From), "a transform on the root element")
	}
	width, height := length(attribute("width")), length(attribute("height"))
	v := svgFrame{w: width, h: height, sx: 1, sy: 1}
	if box := strings.FieldsFunc(attribute("viewBox"), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' }); len(box) == 4 {
		var n [4]float64
		for i := range box {
			f, err := strconv.ParseFloat(box[i], 64)
			if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
				return v, media.Malformed(svgWhat, int64(root.From), "four numbers in viewBox")
			}
			n[i] = f
		}
		v = svgFrame{n[0], n[1], n[2], n[3], 1, 1, false}
		if width > 0 && height > 0 && n[2] > 0 && n[3] > 0 {
			v.fit(width, height, attribute("preserveAspectRatio"))
		}
	}
	if attribute("viewBox") == "" && !(v.w > 0 && v.h > 0) && (unset(attribute("width")) || unset(attribute("height"))) {
		return svgFrame{0, 0, 1000, 1000, 1, 1, true}, nil
	}
	if !(v.w > 0 && v.h > 0) || v.w > 1e9 || v.h > 1e9 {
		return v, media.Unsupported(svgWhat, int64(root.From), "a root element without a size or viewBox")
	}
	return v, nil
}

// fit works out what of the viewBox is seen in a viewport (SVG 2, 8.7).
func (v *svgFrame) fit(width, height float64, how string) {
	kx, ky := width/v.w, height/v.h
	if strings.HasPrefix(how, "none") {
		v.sx, v.sy = kx, ky
		return
	}
	k := min(kx, ky)
	if strings.Contains(how, "slice") {
		k = max(kx, ky)
	}
	part := func(least, most string) float64 {
		switch {
		case strings.Contains(how, least):
			return 0
		case strings.Contains(how, most):
			return 1
		}
		return 0.5
	}
	w, h := width/k, height/k
	v.x += (v.w - w) * part("xMin", "xMax")
	v.y += (v.h - h) * part("YMin", "YMax")
	v.w, v.h, v.sx, v.sy = w, h, k, k
}

// unset reports whether the viewer decides a side of the root element: it is left out, or relative to what is around.
func unset(s string) bool {
	return s == "" || s == "auto" || strings.HasSuffix(s, "%") && strings.Trim(s, "+0.%") != "" || strings.HasSuffix(s, "vw") || strings.HasSuffix(s, "vh") ||
		strings.HasSuffix(s, "em") || strings.HasSuffix(s, "ex") || strings.HasSuffix(s, "ch")
}

// length returns an absolute length in pixels, or 0.
func length(s string) float64 {
	units := map[string]float64{"": 1, "px": 1, "pt": 96.0 / 72, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96, "q": 96 / 101.6}
	i := strings.LastIndexAny(s, "0123456789.") + 1
	n, err := strconv.ParseFloat(s[:i], 64)
	unit, ok := units[strings.ToLower(s[i:])]
	if err != nil || !ok || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		return 0
	}
	return n * unit
}

// group returns the elements of the notice. Properties stand in style attributes, which a style sheet of the document
// does not override.
func (v svgFrame) group(j *job, prefix string) (string, error) {
	// The layout is that of a picture of a usual size and the same shape.
	scale := 1000 / min(v.w*v.sx, v.h*v.sy)
	size := image.Pt(int(min(maxSide, v.w*v.sx*scale)), int(min(maxSide, v.h*v.sy*scale)))
	p, err := j.brush.plate(size.X, size.Y, Dark, 0)
	if err != nil {
		return "", err
	}
	face, err := j.brush.face(int(math.Ceil(notice.MinInk * 1000 * svgSpare)))
	if err != nil {
		return "", err
	}
	l := j.brush.choose(face, size.X, size.Y)
	if l == nil {
		return "", media.Unsupported(svgWhat, 0, "words that fit beside each other")
	}
	corner := j.options.Corner
	if corner == "" {
		corner = notice.BottomRight
	}
	// The plate is wider than our own glyphs need, for fonts that are wider.
	room := l.size.Add(image.Pt(l.pad, 0))
	box := at(corner, size, room)
	ground, ink := p.Tone.levels()
	x := func(n float64) string { return number(v.x + n/scale/v.sx) }
	y := func(n float64) string { return number(v.y + n/scale/v.sy) }
	tag := func(s string) string { return markup.Qualify(prefix, s) }
	words := strings.Join(l.lines, " ")
	var b strings.Builder
	stretch := ""
	if v.sx != v.sy {
		stretch = fmt.Sprintf(` transform="translate(%s %s) scale(%s 1)"`, x(float64(box.Min.X)), y(float64(box.Min.Y)), number(v.sy/v.sx))
		x = func(n float64) string { return number((n - float64(box.Min.X)) / scale / v.sy) }
		y = func(n float64) string { return number((n - float64(box.Min.Y)) / scale / v.sy) }
	}
	fmt.Fprintf(&b, `<%s id="%s" role="img" aria-label="%s"%s style="%s">`, tag("g"), svgID, markup.Escape(words), stretch, svgShown)
	if v.open {
		fmt.Fprintf(&b, `<%s x="0" y="0" width="100%%" height="100%%" viewBox="0 0 1000 1000" preserveAspectRatio="%s meet" style="%s">`,
			tag("svg"), alignments()[corner], svgShown)
	}
	fmt.Fprintf(&b, `<%s x="%s" y="%s" width="%s" height="%s" style="%s;fill:#%02x%02x%02x!important"/>`, tag("rect"),
		x(float64(box.Min.X)), y(float64(box.Min.Y)), number(float64(room.X)/scale/v.sy), number(float64(room.Y)/scale/v.sy), svgShown, ground, ground, ground)
	top := float64(box.Min.Y + l.pad)
	for i, line := range l.lines {
		baseline := top - float64(l.tops[i].Min.Y)
		fmt.Fprintf(&b, `<%s x="%s" y="%s" style="%s;font-size:%spx!important;fill:#%02x%02x%02x!important">%s</%s>`,
			tag("text"), x(float64(box.Min.X+box.Max.X)/2), y(baseline), svgText, number(face.size/scale/v.sy), ink, ink, ink, markup.Escape(line), tag("text"))
		top += float64(l.tops[i].Dy() + l.gap())
	}
	if v.open {
		fmt.Fprintf(&b, "</%s>", tag("svg"))
	}
	fmt.Fprintf(&b, "</%s>", tag("g"))
	j.report.Words, j.report.Place, j.report.Method = words, string(corner), "text"
	j.report.Ink, j.report.Contrast = notice.MinInk*svgSpare, Ratio(float64(ink), float64(ground))
	return b.String(), nil
}

// alignments are where the square of an open frame lies.
func alignments() map[notice.Corner]string {
	return map[notice.Corner]string{notice.TopLeft: "xMinYMin", notice.TopRight: "xMaxYMin", notice.BottomLeft: "xMinYMax", notice.BottomRight: "xMaxYMax"}
}

func number(f float64) string { return strconv.FormatFloat(math.Round(f*1e4)/1e4, 'f', -1, 64) }

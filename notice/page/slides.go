package page

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

const (
	maxSlides  = 1 << 13
	maxShapes  = 1 << 12 // shapes of a slide that are looked at
	point      = 12700   // English metric units in a point
	slidePart  = 0.03    // font size as a part of the slide's shortest side; ours, as text has no size in the standard
	slideLeast = 12.0    // points
	slideEdge  = 0.02    // distance from the slide's edges
)

// deck is what matters of a presentation.
type deck struct {
	space         string
	width, height int64 // English metric units
	slides        []string
	masters       []string
}

// slides puts a text box on every slide; a template without slides gets it on its masters, which hand it on.
func (j *job) slides(src media.Source) (*media.Edit, error) {
	p, err := openPack(src)
	if err != nil {
		return nil, err
	}
	d, err := p.deck()
	if err != nil {
		return nil, err
	}
	parts := d.slides
	j.report.Place, j.report.Contrast = "every slide", contrast(ink, plate)
	if len(parts) == 0 {
		parts, j.report.Place = d.masters, "every slide master"
	}
	if len(parts) == 0 {
		return nil, media.Malformed("OOXML part "+p.main, 0, "neither slides nor masters")
	}
	var bare []bareSlide
	for _, name := range parts {
		text, err := p.read(name)
		if err != nil {
			return nil, err
		}
		s, err := readSlide(text, name)
		if err != nil {
			return nil, err
		}
		if s.said != "" {
			j.found = cmp.Or(j.found, s.said)
			continue
		}
		if j.probe {
			return nil, nil
		}
		bare = append(bare, bareSlide{name, s, p.taken(name, s, d)})
	}
	if j.there = len(bare) == 0; j.there {
		return nil, nil
	}
	if err := j.place(p, d, bare); err != nil {
		return nil, err
	}
	if p.signed() {
		j.signed()
	}
	return p.edit()
}

func (p *pack) deck() (*deck, error) {
	text, err := p.read(p.main)
	if err != nil {
		return nil, err
	}
	d := &deck{width: 9144000, height: 6858000}
	w := markup.Walk(text, p.main)
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			return d, nil
		}
		if t.Kind != markup.Start {
			continue
		}
		switch w.Top().Local {
		case "presentation":
			d.space = w.Top().Space
		case "sldSz":
			width, err := strconv.ParseInt(attribute(w, t, "cx"), 10, 32)
			height, also := strconv.ParseInt(attribute(w, t, "cy"), 10, 32)
			if err != nil || also != nil || width <= 0 || height <= 0 {
				return nil, media.Malformed("OOXML part "+p.main, int64(t.From), "the size of slides is no size")
			}
			d.width, d.height = width, height
		case "sldId", "sldMasterId":
			if len(d.slides)+len(d.masters) >= maxSlides {
				return nil, media.TooMany("slide", int64(t.From), maxSlides)
			}
			// A slide has an attribute id without a prefix besides.
			name, err := p.target(p.main, prefixed(w, t, "id"))
			if err != nil {
				return nil, err
			}
			if w.Top().Local == "sldId" {
				d.slides = append(d.slides, name)
			} else {
				d.masters = append(d.masters, name)
			}
		}
	}
}

// prefixed returns an attribute that has a prefix, by its local name.
func prefixed(w *markup.Walker, t markup.Token, local string) string {
	for _, a := range w.Attributes(t) {
		if prefix, name, ok := strings.Cut(string(a.Name), ":"); ok && name == local && prefix != "xmlns" {
			return w.Unescape(a.Raw)
		}
	}
	return ""
}

// slide is what matters of a slide or a master.
type slide struct {
	space  string
	tree   [2]markup.Token // start and end of the tree of shapes
	before int             // where the tree's list of extensions begins, 0 without one
	top    int64           // highest identifier of a shape
	said   string          // words of the notice
	shapes []shape
}

func readSlide(text []byte, name string) (*slide, error) {
	s := &slide{}
	w := markup.Walk(text, name)
	var words strings.Builder
	named, shown := false, true
	var one shape
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		if t.Kind == markup.Text {
			if len(w.Stack) > 0 && w.Top().Local == "t" && words.Len() < 1<<12 {
				words.WriteString(w.Unescape(text[t.From:t.To]))
			}
			continue
		}
		if t.Kind != markup.Start && t.Kind != markup.End {
			continue
		}
		depth, local := len(w.Stack), w.Top().Local
		if depth == 4 && w.Stack[2].Local == "spTree" && local != "nvGrpSpPr" && local != "grpSpPr" && local != "extLst" {
			if t.Kind == markup.Start {
				one, shown = shape{}, true
			} else if shown && len(s.shapes) < maxShapes {
				s.shapes = append(s.shapes, one)
			}
		}
		if t.Kind == markup.Start && depth > 4 {
			one.take(w, t)
			shown = shown && (local != "cNvPr" || attribute(w, t, "hidden") != "1")
		}
		switch {
		case t.Kind == markup.Start && depth == 1:
			s.space = w.Top().Space
		case local == "spTree" && depth == 3 && t.Kind == markup.Start:
			s.tree[0] = t
		case local == "spTree" && depth == 3:
			s.tree[1] = t
		case local == "extLst" && depth == 4 && t.Kind == markup.Start && w.Stack[2].Local == "spTree":
			s.before = t.From
		case local == "sp" && t.Kind == markup.Start:
			words.Reset()
			named = false
		case local == "sp":
			s.said = cmp.Or(s.said, said(words.String(), named))
		case local == "cNvPr" && t.Kind == markup.Start:
			if id, err := strconv.ParseInt(attribute(w, t, "id"), 10, 32); err == nil {
				s.top = max(s.top, id)
			}
			named = attribute(w, t, "name") == ShapeName && attribute(w, t, "hidden") != "1"
		}
	}
	if s.tree[0].To == 0 {
		return nil, media.Malformed("OOXML part "+name, 0, "no tree of shapes")
	}
	return s, nil
}

// said returns the words of a shape that is a notice: a bracketed line, or bare words in a shape of its name.
func said(words string, named bool) string {
	if named && prose.IsWords(words) {
		return strings.TrimSpace(words)
	}
	return prose.Said(words)
}

// drawingSpace is the namespace of DrawingML.
func drawingSpace(isStrict bool) string {
	if isStrict {
		return "http://purl.oclc.org/ooxml/drawingml/main"
	}
	return "http://schemas.openxmlformats.org/drawingml/2006/main"
}

// ems estimates how wide words are: a Chinese character is an em, any other not much more than half of one.
func ems(words string) float64 {
	n := 0.0
	for _, r := range words {
		if r < utf8.RuneSelf {
			n += 0.6
		} else {
			n++
		}
	}
	return n
}

// slideFrame returns the size of the words in points and where they may stand.
func (j *job) slideFrame(d *deck) (frame, float64, error) {
	f := frame{width: float64(d.width) / point, height: float64(d.height) / point}
	side := min(f.width, f.height)
	f.margin = slideEdge * side
	long := ems(j.words) + 1.2
	size := min(max(slideLeast, slidePart*side), (f.width-2*f.margin)/long, (f.height-2*f.margin)/1.7)
	if size < pdfSmallest {
		return f, 0, tooSmall(f.width, f.height)
	}
	f.long, f.tall = size*long, size*1.7
	return f, size, nil
}

// box is the notice as a shape: dark words on a white plate in a corner.
func (j *job) box(s *slide, f frame, size float64, corner notice.Corner) string {
	x, y := f.at(corner)
	emu := func(points float64) int64 { return int64(points * point) }
	return fmt.Sprintf(`<p:sp xmlns:p="%s" xmlns:a="%s"><p:nvSpPr><p:cNvPr id="%d" name="%s" descr="%s"/><p:cNvSpPr txBox="1"/><p:nvPr userDrawn="1"/></p:nvSpPr>`+
		`<p:spPr><a:xfrm><a:off x="%d" y="%d"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>%s</p:spPr><p:txBody>%s</p:txBody></p:sp>`,
		s.space, drawingSpace(strings.Contains(s.space, "purl.oclc.org")), s.top+1, ShapeName, markup.Escape(j.words),
		emu(x), emu(f.height-y-f.tall), emu(f.long), emu(f.tall), plateFill, j.boxText(int(size*100)))
}

// plateFill is the plate of a shape: white with a dark line around.
const plateFill = `<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill><a:ln w="9525"><a:solidFill><a:srgbClr val="1A1A1A"/></a:solidFill></a:ln>`

// boxText is the text of a shape, its size in hundredths of a point.
func (j *job) boxText(size int) string {
	return fmt.Sprintf(`<a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" anchor="ctr"><a:noAutofit/></a:bodyPr><a:lstStyle/><a:p><a:pPr marL="0" indent="0" algn="ctr"><a:buNone/></a:pPr>`+
		`<a:r><a:rPr lang="%s" sz="%d" b="1"><a:solidFill><a:srgbClr val="1A1A1A"/></a:solidFill></a:rPr><a:t>%s</a:t></a:r></a:p>`,
		prose.Tongue(j.words), size, markup.Escape(j.words))
}

package pdf

import (
	"fmt"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxAdded  = 64 << 20  // bytes that an overlay may add to a file
	maxLooked = 256 << 20 // inflated bytes of contents that are examined
)

// Overlay is an incremental update under way that draws on pages, on top of what they show.
type Overlay struct {
	d         *Document
	a         *appendix
	top       int64
	resources map[string]int64 // new objects by the reference that they stand for
	looked    int64            // inflated bytes of contents so far
	stamps    map[*Page]int64  // annotations that pages get
	saves     [2]int64         // streams that save and restore the graphics state
}

// Overlay begins an update.
func (d *Document) Overlay() (*Overlay, error) {
	if len(d.f.sections) >= maxSections {
		return nil, media.TooMany("PDF cross-reference section", d.f.start, maxSections)
	}
	last, err := d.f.bytes("PDF end of file", d.f.size-1, 1)
	if err != nil {
		return nil, err
	}
	o := &Overlay{d: d, a: &appendix{f: d.f}, top: d.f.top, resources: map[string]int64{}, stamps: map[*Page]int64{}}
	if last[0] != '\n' && last[0] != '\r' {
		o.a.b = append(o.a.b, '\n')
	}
	return o, nil
}

// Add appends an object, as it stands between obj and endobj, and returns its number.
func (o *Overlay) Add(value string) int64 {
	o.top++
	o.a.begin(ref{num: o.top})
	o.a.b = append(append(o.a.b, value...), "\nendobj\n"...)
	return o.top
}

// AddStream appends a stream without a filter. entries are those of its dictionary besides Length.
func (o *Overlay) AddStream(entries string, content []byte) int64 {
	o.top++
	o.a.begin(ref{num: o.top})
	o.a.b = fmt.Appendf(o.a.b, "<<%s /Length %d>>\nstream\n", entries, len(content))
	o.a.b = append(append(o.a.b, content...), "\nendstream\nendobj\n"...)
	return o.top
}

// Draw puts the content stream with number content on a page, in the page's own space whatever its content has done to
// the graphics state, and names the font object font in its resources.
func (o *Overlay) Draw(p *Page, content int64, name string, font int64) error {
	resources, err := o.merge(p, name, font)
	if err != nil {
		return err
	}
	old, deep, low, err := o.contents(p)
	if err != nil {
		return err
	}
	if o.saves == [2]int64{} {
		o.saves = [2]int64{o.AddStream("", []byte("q")), o.AddStream("", []byte("Q"))}
	}
	o.a.begin(ref{p.object.num, p.object.gen})
	o.a.b = append(o.a.b, "<<"...)
	but := []string{"Contents", "Resources"}
	if o.stamps[p] != 0 {
		but = append(but, "Annots")
	}
	o.a.entries(p.object.dict, but...)
	if o.stamps[p] != 0 {
		o.a.b = append(o.a.b, "\n/Annots ["...)
		for _, note := range o.d.notes(p) {
			o.a.b = append(append(o.a.b, note...), ' ')
		}
		o.a.b = fmt.Appendf(o.a.b, "%d 0 R]", o.stamps[p])
	}
	o.a.b = fmt.Appendf(o.a.b, "\n/Resources %s\n/Contents [", resources)
	for range 1 + low {
		o.a.b = fmt.Appendf(o.a.b, "%d 0 R ", o.saves[0])
	}
	for _, c := range old {
		o.a.b = append(append(o.a.b, c...), ' ')
	}
	for range 1 + deep {
		o.a.b = fmt.Appendf(o.a.b, "%d 0 R ", o.saves[1])
	}
	o.a.b = fmt.Appendf(o.a.b, "%d 0 R]>>\nendobj\n", content)
	if len(o.a.b) > maxAdded {
		return media.TooLarge("PDF update", o.d.f.size, maxAdded)
	}
	return nil
}

// Stamp gives a page an annotation on top of all others, with what is drawn in a box of the page's own space. It has to
// come before Draw for that page. The reader can't move it, and it is printed.
func (o *Overlay) Stamp(p *Page, box Box, content, words, name string, font int64) {
	area := fmt.Sprintf("[%.3f %.3f %.3f %.3f]", box.X0, box.Y0, box.X1, box.Y1)
	form := o.AddStream(fmt.Sprintf("/Type /XObject /Subtype /Form /BBox %s /Resources <</Font <</%s %d 0 R>>>>", area, name, font), []byte(content))
	o.stamps[p] = o.Add(fmt.Sprintf("<</Type /Annot /Subtype /Stamp /Rect %s /F 196 /Contents %s /P %d %d R /AP <</N %d 0 R>>>>",
		area, encodeText([]byte(words)), p.object.num, p.object.gen, form))
}

// merge returns a page's resources with a font more. Resources that pages share stay shared.
func (o *Overlay) merge(p *Page, name string, font int64) (string, error) {
	if num, ok := o.resources[string(p.resources)]; ok {
		return fmt.Sprintf("%d 0 R", num), nil
	}
	resources, fonts, err := o.d.f.fonts(p)
	if err != nil {
		return "", err
	}
	b := []byte("<<")
	for _, e := range resources.entries {
		if e.name != "Font" {
			b = append(append(b, '\n'), resources.b[e.key:e.to]...)
		}
	}
	b = append(b, "\n/Font <<"...)
	for _, e := range fonts.entries {
		b = append(append(b, '\n'), fonts.b[e.key:e.to]...)
	}
	b = fmt.Appendf(b, "\n/%s %d 0 R>>>>", name, font)
	if len(p.resources) == 0 {
		return string(b), nil
	}
	num := o.Add(string(b))
	o.resources[string(p.resources)] = num
	return fmt.Sprintf("%d 0 R", num), nil
}

// contents returns a page's content streams, how many saves of the graphics state they leave open, and how many they
// restore without a save.
func (o *Overlay) contents(p *Page) (streams [][]byte, open, under int, err error) {
	const what = "PDF page"
	value := p.object.dict.get("Contents")
	if value == nil || string(value) == "null" {
		return nil, 0, 0, nil
	}
	v, err := o.d.f.resolve(value, p.object.at)
	if err != nil {
		return nil, 0, 0, err
	}
	switch {
	case v == nil:
		return nil, 0, 0, nil
	case v.stream:
		streams = [][]byte{value}
	case len(v.value) > 0 && v.value[0] == '[':
		streams = elements(v.value)
	default:
		return nil, 0, 0, media.Malformed(what, max(0, p.object.at), "Contents is neither a stream nor an array")
	}
	var all []byte
	for _, s := range streams {
		c, err := o.d.f.resolve(s, p.object.at)
		if err != nil {
			return nil, 0, 0, err
		}
		if c == nil {
			continue
		}
		if !c.stream {
			return nil, 0, 0, media.Malformed(what, max(0, p.object.at), "Contents holds something other than streams")
		}
		// What can't be decoded here, or is too much, is taken to be balanced, as it has to be (ISO 32000-2, 8.4.2).
		before := o.d.f.inflated
		b, err := o.d.f.decode(c, maxInflated)
		o.d.f.inflated = before // pages have a budget of their own
		if o.looked += int64(len(b)); err != nil || o.looked > maxLooked || len(all) > maxInflated {
			return streams, 0, 0, nil
		}
		all = append(append(all, b...), '\n')
	}
	open, under = balance(all)
	return streams, open, under, nil
}

// maxUnbalanced is how many operators are made up for.
const maxUnbalanced = 64

// balance counts the operators q that content leaves open, and the operators Q that have no q.
func balance(b []byte) (open, under int) {
	at := 0
	for {
		at = blank(b, at)
		if at >= len(b) {
			break
		}
		switch c := b[at]; {
		case c == '(':
			end, err := literal(b, at)
			if err != nil {
				return 0, 0
			}
			at = end
		case c == '/':
			at = word(b, at+1)
		case regular(c):
			end := word(b, at)
			switch string(b[at:end]) {
			case "q":
				open++
			case "Q":
				if open--; open < 0 {
					open, under = 0, under+1
				}
			case "ID": // the data of an inline image run to EI between white space
				end = inlineEnd(b, end)
			}
			at = end
		default:
			at++
		}
	}
	return min(open, maxUnbalanced), min(under, maxUnbalanced)
}

func inlineEnd(b []byte, at int) int {
	for i := at + 1; i+1 < len(b); i++ {
		if b[i] == 'E' && b[i+1] == 'I' && space(b[i-1]) && (i+2 == len(b) || space(b[i+2])) {
			return i + 2
		}
	}
	return len(b)
}

// Edit ends the update and plans the file that has it.
func (o *Overlay) Edit() (*media.Edit, error) {
	if err := o.a.close(ref{}, o.top); err != nil {
		return nil, err
	}
	e := new(media.Edit)
	e.Keep(0, o.d.f.size)
	e.Put(o.a.b)
	return e, nil
}

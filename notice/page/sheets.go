package page

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice/prose"
)

const (
	maxSheets = 1 << 10
	maxHeader = 255 // characters of a print header (ECMA-376-1, 18.3.1.46, as Excel keeps it)
)

// sheets puts the notice into the print header of every sheet, and on the first sheet that is shown into a text box over
// cells that are empty: no cell moves, nothing is covered, and the box floats as pictures do.
func (j *job) sheets(src media.Source) (*media.Edit, error) {
	p, err := openPack(src)
	if err != nil {
		return nil, err
	}
	names, first, err := p.sheets()
	if err != nil {
		return nil, err
	}
	j.there = true
	var full []string // sheets whose header has no room
	for _, name := range names {
		text, err := p.read(name)
		if err != nil {
			return nil, err
		}
		s, err := readSheet(text, name)
		if err != nil {
			return nil, err
		}
		for _, k := range j.kinds() {
			if err := j.running(p, s, k.name); err != nil {
				return nil, err
			}
		}
		if j.probe && len(s.fields) > 0 { // a box that is printed is one that stands for a header without room
			d, _, err := p.drawing(s)
			if err != nil {
				return nil, err
			}
			if d != nil && d.said != "" && d.prints {
				s.fields = nil
			}
		}
		j.there = j.there && len(s.fields) == 0
		if j.probe && !j.there {
			return nil, nil
		}
		s.header(p)
		if s.full != nil && !s.cells {
			return nil, s.full
		}
		if s.full != nil {
			full = append(full, name)
		} else if name != first {
			continue
		}
		added, err := j.floating(p, s)
		if err != nil {
			return nil, err
		}
		j.there = j.there && !added
	}
	j.report.Place = j.sheetPlaces(first, full, len(names))
	if j.there {
		return nil, nil
	}
	if p.signed() {
		j.signed()
	}
	return p.edit()
}

// sheetPlaces tells where the notice is: where print headers have no room, a text box alone holds it.
func (j *job) sheetPlaces(first string, full []string, n int) string {
	which := " of every sheet"
	if len(full) > 0 {
		which = " of other sheets"
	}
	var places []string
	for _, k := range j.kinds() {
		if len(full) < n {
			places = append(places, k.name+which)
		}
	}
	if first != "" {
		places = append(places, "text box on the first sheet")
	}
	if slices.ContainsFunc(full, func(name string) bool { return name != first }) {
		places = append(places, "text box on sheets with a full header")
	}
	return strings.Join(places, ", ")
}

// sheets returns the parts of all sheets, and of the first worksheet that is shown.
func (p *pack) sheets() (names []string, first string, err error) {
	text, err := p.read(p.main)
	if err != nil {
		return nil, "", err
	}
	list, err := p.relationships(p.main)
	if err != nil {
		return nil, "", err
	}
	w := markup.Walk(text, p.main)
	for {
		t, err := w.Next()
		if err != nil {
			return nil, "", err
		}
		if t.Kind == markup.EOF {
			break
		}
		if t.Kind != markup.Start || w.Top().Local != "sheet" || len(w.Stack) != 3 {
			continue
		}
		if len(names) >= maxSheets {
			return nil, "", media.TooMany("sheet", int64(t.From), maxSheets)
		}
		id := prefixed(w, t, "id")
		name, err := p.target(p.main, id)
		if err != nil {
			return nil, "", err
		}
		i := slices.IndexFunc(list, func(r relationship) bool { return r.id == id })
		switch list[i].kind {
		case "worksheet", "chartsheet", "dialogsheet":
			names = append(names, name)
		default: // macro sheets of old, which nobody prints
			continue
		}
		state := attribute(w, t, "state")
		if first == "" && list[i].kind == "worksheet" && (state == "" || state == "visible") {
			first = name
		}
	}
	if len(names) == 0 {
		err = media.Malformed("OOXML part "+p.main, 0, "no sheets")
	}
	return names, first, err
}

// sheet is what matters of a sheet.
type sheet struct {
	name    string
	space   string
	root    [2]markup.Token
	headers [2]markup.Token // start and end of headerFooter
	odd     bool            // even pages have headers of their own
	first   bool            // the first page has one
	texts   map[string]runningText
	fields  []string // new texts of headers, in the order of the schema; nil for no change
	order   []child
	drawing string // relationship of the drawing
	cells   bool   // a worksheet, which may have a text box
	full    error  // a header has no room for the words
	grid    *grid
}

// child is an element right below the root.
type child struct {
	local string
	at    int
}

type runningText struct {
	start, end markup.Token
	text       string
}

func readSheet(text []byte, name string) (*sheet, error) {
	s := &sheet{name: name, texts: map[string]runningText{}, grid: newGrid()}
	w := markup.Walk(text, name)
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			return s, nil
		}
		if t.Kind != markup.Start && t.Kind != markup.End {
			continue
		}
		depth, local := len(w.Stack), w.Top().Local
		switch {
		case depth == 1 && t.Kind == markup.Start:
			s.root[0], s.space, s.cells = t, w.Top().Space, local == "worksheet"
		case depth == 1:
			s.root[1] = t
		case depth == 2 && t.Kind == markup.Start:
			s.order = append(s.order, child{local, t.From})
			switch local {
			case "headerFooter":
				s.headers[0] = t
				s.odd, s.first = isOn(attribute(w, t, "differentOddEven")), isOn(attribute(w, t, "differentFirst"))
			case "drawing":
				s.drawing = prefixed(w, t, "id")
			}
		case depth == 2 && local == "headerFooter":
			s.headers[1] = t
		case depth == 3 && w.Stack[1].Local == "headerFooter" && t.Kind == markup.Start:
			s.texts[local] = runningText{start: t}
		case depth == 3 && w.Stack[1].Local == "headerFooter":
			r := s.texts[local]
			r.end = t
			if !r.start.SelfClosing {
				r.text = w.Unescape(text[r.start.To:t.From])
			}
			s.texts[local] = r
		}
		if t.Kind == markup.Start {
			s.grid.take(w, t)
		}
	}
}

func isOn(value string) bool { return value != "" && on(value) }

// running plans the header or footer texts of one kind.
func (j *job) running(p *pack, s *sheet, kind string) error {
	kind = strings.ToUpper(kind[:1]) + kind[1:]
	for _, page := range []string{"odd", "even", "first"} {
		if page == "even" && !s.odd || page == "first" && !s.first {
			continue
		}
		r, known := s.texts[page+kind]
		text, err := centred(r.text, prose.Line(j.words), s.name)
		if err != nil {
			s.full = err
			continue
		}
		if text == r.text {
			if said := headerNotice(text); j.found == "" {
				j.found = said
			}
			continue
		}
		element := fmt.Sprintf(`<%s%s xmlns="%s">%s</%s%s>`, page, kind, s.space, markup.Escape(text), page, kind)
		s.fields = append(s.fields, page+kind)
		if known {
			p.splice(s.name, markup.Splice{From: r.start.From, To: r.end.To, Text: element})
		} else {
			s.texts[page+kind] = runningText{text: element}
		}
	}
	return nil
}

// header writes the texts that are new into headerFooter, and that element where there is none.
func (s *sheet) header(p *pack) {
	names := []string{"oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"}
	if s.headers[0].To == 0 {
		inner := ""
		for _, n := range names {
			if slices.Contains(s.fields, n) {
				inner += s.texts[n].text
			}
		}
		if inner != "" {
			s.put(p, "headerFooter", fmt.Sprintf(`<headerFooter xmlns="%s">%s</headerFooter>`, s.space, inner))
		}
		return
	}
	// Each goes before the next one that stands there; those that follow each other are one splice.
	pending := ""
	for _, n := range names {
		r, known := s.texts[n]
		isNew := slices.Contains(s.fields, n) && r.start.To == 0
		switch {
		case isNew:
			pending += r.text
		case known && pending != "":
			p.splice(s.name, markup.Splice{From: r.start.From, To: r.start.From, Text: pending})
			pending = ""
		}
	}
	if pending != "" {
		p.splice(s.name, markup.Inside(s.headers[0], s.headers[1], pending))
	}
}

// put writes a new element below the root, where the schema has it.
func (s *sheet) put(p *pack, local, element string) {
	before := []string{"rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing",
		"legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"}
	if local == "drawing" {
		before = before[7:]
	}
	for _, c := range s.order {
		if slices.Contains(before, c.local) {
			p.splice(s.name, markup.Splice{From: c.at, To: c.at, Text: element})
			return
		}
	}
	p.splice(s.name, markup.Inside(s.root[0], s.root[1], element))
}

// centred returns a print header with a line at the beginning of its middle section (ECMA-376-1, 18.3.1.39), or the header
// itself where one of its lines is a notice.
func centred(text, line, name string) (string, error) {
	middle, right := -1, -1
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '&' {
			continue
		}
		switch text[i+1] {
		case '"': // a font's name may hold anything
			if n := strings.IndexByte(text[i+2:], '"'); n >= 0 {
				i += n + 1
			}
		case 'C':
			if middle < 0 {
				middle = i + 2
			}
		case 'R':
			if right < 0 {
				right = i
			}
		}
		i++
	}
	for l := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if headerNotice(l) != "" {
			return text, nil
		}
	}
	line = strings.ReplaceAll(line, "&", "&&")
	plain := !strings.HasPrefix(text, "&L") && !strings.HasPrefix(text, "&C") && !strings.HasPrefix(text, "&R")
	switch {
	case middle >= 0:
		rest := text[middle:]
		if rest != "" && !strings.HasPrefix(rest, "&R") && !strings.HasPrefix(rest, "&L") {
			line += " " // not a line more, for which the margin may have no room
		}
		text = text[:middle] + line + rest
	case text != "" && plain: // text without a section stands in the middle
		text = "&C" + line + " " + text
	case right >= 0:
		text = text[:right] + "&C" + line + text[right:]
	default:
		text += "&C" + line
	}
	if len(utf16.Encode([]rune(text))) > maxHeader {
		return "", media.NoRoom("print header of "+name, 0, maxHeader)
	}
	return text, nil
}

// headerNotice returns the words of a notice among the codes of a print header, nothing where there is none.
func headerNotice(line string) string {
	for at := 0; at < len(line); at++ {
		i := strings.IndexAny(line[at:], "【[（(")
		if i < 0 {
			return ""
		}
		at += i
		for _, end := range []string{"】", "]", "）", ")"} {
			if n := strings.Index(line[at:], end); n >= 0 {
				if said := prose.Said(strings.ReplaceAll(line[at:at+n+len(end)], "&&", "&")); said != "" {
					return said
				}
			}
		}
	}
	return ""
}

// sheetDrawing is the namespace of drawings on sheets.
func sheetDrawing(isStrict bool) string {
	if isStrict {
		return "http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing"
	}
	return "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
}

// drawing reads a sheet's drawing, nil where it has none, and marks the cells under it.
func (p *pack) drawing(s *sheet) (d *drawing, part string, err error) {
	if s.drawing == "" {
		return nil, "", nil
	}
	if part, err = p.target(s.name, s.drawing); err != nil {
		return nil, "", err
	}
	text, err := p.read(part)
	if err != nil {
		return nil, "", err
	}
	d, err = readDrawing(text, part, s.grid)
	return d, part, err
}

// floating puts the text box on a sheet, and reports whether it was not there. It is not printed, as the header is, which
// keeps it from making pages more, unless the header has no room.
func (j *job) floating(p *pack, s *sheet) (bool, error) {
	d, part, err := p.drawing(s)
	if err != nil {
		return false, err
	}
	top := int64(0)
	if d != nil {
		if d.said != "" {
			j.found = cmp.Or(j.found, d.said)
			return false, nil
		}
		top = d.top
	}
	anchor, err := j.anchor(p, s, top+1)
	if err != nil {
		return false, err
	}
	if d != nil {
		p.splice(part, markup.Inside(d.root[0], d.root[1], anchor))
		return true, nil
	}
	id, err := p.add(s.name, "drawing", path.Join(path.Dir(path.Dir(s.name)), "drawings", "notice-drawing.xml"),
		"application/vnd.openxmlformats-officedocument.drawing+xml", xmlHead+`<xdr:wsDr xmlns:xdr="`+sheetDrawing(p.strict)+`">`+anchor+`</xdr:wsDr>`)
	if err != nil {
		return false, err
	}
	s.put(p, "drawing", fmt.Sprintf(`<drawing xmlns="%s" xmlns:r="%s" r:id="%s"/>`, s.space, p.officeSpace(), id))
	return true, nil
}

// anchor is the text box over cells that are empty, or at the sheet's beginning where all rows are hidden.
func (j *job) anchor(p *pack, s *sheet, id int64) (string, error) {
	const size = 12.0 // points
	width, height := size*(ems(j.words)+1), size*1.6
	spot, ok := s.grid.room(width*4/3, height*4/3) // pixels at 96 to the inch
	kind, place := "twoCellAnchor", fmt.Sprintf(`<xdr:from><xdr:col>%d</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>%d</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>`+
		`<xdr:to><xdr:col>%d</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>%d</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:to>`, spot.col, spot.row, spot.toCol, spot.toRow)
	attributes := ` editAs="absolute"`
	switch {
	case !ok && s.grid.hidden():
		kind, attributes = "absoluteAnchor", ""
		place = fmt.Sprintf(`<xdr:pos x="0" y="0"/><xdr:ext cx="%d" cy="%d"/>`, int64(width*point), int64(height*point))
	case !ok:
		return "", media.Unsupported("sheet "+s.name, 0, "no empty cells for the words near its beginning")
	}
	client := `<xdr:clientData fPrintsWithSheet="0"/>`
	if s.full != nil {
		client = `<xdr:clientData/>`
	}
	return fmt.Sprintf(`<xdr:%s xmlns:xdr="%s" xmlns:a="%s"%s>%s`+
		`<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="%d" name="%s" descr="%s"/><xdr:cNvSpPr txBox="1"/></xdr:nvSpPr><xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm>`+
		`<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>%s</xdr:spPr><xdr:txBody>%s</xdr:txBody></xdr:sp>%s</xdr:%s>`,
		kind, sheetDrawing(p.strict), drawingSpace(p.strict), attributes, place, id, ShapeName, markup.Escape(j.words),
		int64(width*point), int64(height*point), plateFill, j.boxText(int(size*100)), client, kind), nil
}

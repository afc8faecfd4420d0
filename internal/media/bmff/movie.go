package bmff

import (
	"errors"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxXMP   = 16 << 20 // bytes of an XMP packet
	maxText  = 1 << 20  // bytes of a text that is searched for a label
	maxValue = 16 << 20 // bytes of a value whose key says that it is a label
	maxLists = 1 << 10  // metadata lists of one file
	maxFree  = 64       // padding boxes that are considered

	maxLabels   = 256      // labels that are reported
	maxHeld     = 32 << 20 // bytes of them
	maxFindings = 256
)

// movie is what a walk of a file found.
type movie struct {
	r        *box.Reader
	survey   media.Survey
	standard media.Place
	moov     *box.Box
	moovEnd  int64 // where moov's children end
	followed bool  // samples or other content stand behind moov
	gap      bool  // the walk is behind moov, before any samples
	udta     []userData
	lists    []*tags
	drops    []drop
	free     []*box.Box // padding in moov, its user data and their lists, and right behind moov
	held     int64      // bytes of labels in memory
	damage   error      // the first damage that a reader can live with and an editor can't
	broken   error      // a failure to read
}

type userData struct {
	box *box.Box
	end int64 // where its children end
}

// drop takes out one structure that holds labels.
type drop struct {
	list *tags // with item, set where the structure is an item of a list
	item *item
	do   func(p *box.Plan) error
}

// read walks a movie. On an error it returns what was found before the damage.
func read(src media.Source, f media.Format) (*movie, error) {
	m, err := walk(src, f, media.PlaceKeys)
	if err == nil && m.moov == nil {
		err = media.Malformed("moov", 0, "a movie without moov")
	}
	return m, err
}

func walk(src media.Source, f media.Format, standard media.Place) (*movie, error) {
	m := &movie{r: box.NewReader(src), survey: media.Survey{Format: f}, standard: standard}
	end, err := m.r.Top(m.top)
	if m.broken != nil {
		return m, m.broken
	}
	if err == nil && end < src.Size() {
		m.survey.Findings = append(m.survey.Findings, media.Warn(media.CodeTrailingData, end))
	}
	return m, err
}

func (m *movie) top(b box.Box) error {
	if m.moov != nil && !b.IsFree() {
		m.followed = true
		m.gap = m.gap && b.Type == "uuid"
	}
	switch b.Type {
	case "moov":
		if m.moov != nil {
			return media.Malformed("moov", b.Offset, "a second moov")
		}
		m.moov, m.gap = &b, true
		end, err := m.r.Children(&b, b.Body(), m.movie)
		m.moovEnd = end
		return err
	case "moof":
		_, err := m.r.Children(&b, b.Body(), m.fragment)
		return err
	case "meta":
		m.list(&b)
	case "free", "skip":
		if m.gap {
			m.padding(&b)
		}
	default:
		m.holder(&b)
	}
	return nil
}

// movie visits a child of moov.
func (m *movie) movie(b box.Box) error {
	switch b.Type {
	case "moov":
		return media.Malformed("moov", b.Offset, "moov inside moov")
	case "cmov":
		m.hurt(&b, media.Unsupported("cmov", b.Offset, "compressed movie header"))
	case "trak":
		_, err := m.r.Children(&b, b.Body(), m.track)
		return err
	case "udta":
		m.userData(&b)
	case "meta":
		m.list(&b)
	case "free", "skip":
		m.padding(&b)
	default:
		m.holder(&b)
	}
	return nil
}

// track visits a child of trak.
func (m *movie) track(b box.Box) error {
	switch b.Type {
	case "udta":
		m.userData(&b)
	case "meta":
		m.list(&b)
	default:
		m.holder(&b)
	}
	return nil
}

// fragment visits a child of moof. A label there is seen, but nothing in a fragment can change its size: its samples
// are found by their distance from it.
func (m *movie) fragment(b box.Box) error {
	n := len(m.survey.Labels)
	switch b.Type {
	case "udta":
		m.userData(&b)
	case "meta":
		m.list(&b)
	case "traf":
		_, err := m.r.Children(&b, b.Body(), m.fragment)
		return err
	default:
		m.holder(&b)
	}
	if len(m.survey.Labels) > n && m.damage == nil {
		m.damage = media.Unsupported(b.Type, b.Offset, "a label inside a movie fragment")
	}
	return nil
}

// userData visits the children of a udta box. Cameras put things there that are no boxes.
func (m *movie) userData(udta *box.Box) {
	movies := udta.Parent == m.moov
	end, err := m.r.Children(udta, udta.Body(), func(b box.Box) error {
		switch {
		case b.Type == "meta":
			m.list(&b)
		case b.Type == "XMP_":
			m.xmp(&b, b.Body())
		case b.IsFree():
			if movies {
				m.padding(&b)
			}
		default:
			if !m.holder(&b) {
				m.userText(&b)
			}
		}
		return nil
	})
	if err != nil {
		m.hurt(udta, err)
	} else if movies {
		m.udta = append(m.udta, userData{udta, end})
	}
}

// padding remembers a box whose room may be used.
func (m *movie) padding(b *box.Box) {
	if len(m.free) < maxFree {
		m.free = append(m.free, b)
	}
}

// holder looks at boxes that may hold a label wherever they stand.
func (m *movie) holder(b *box.Box) bool {
	switch {
	case b.Type == "uuid":
		switch m.r.UserType(b) {
		case box.UserXMP:
			m.xmp(b, b.Body()+box.UserTypeSize)
		case box.UserC2PA:
			m.manifest(b)
		}
	case named(b.Type):
		m.literal(b)
	default:
		return false
	}
	return true
}

// manifest reports a C2PA box, other than one that holds mere Merkle rows.
func (m *movie) manifest(b *box.Box) {
	purpose, err := m.r.Inside(b, b.Body()+box.UserTypeSize+4, 7)
	if err == nil && string(purpose) == "merkle\x00" {
		return
	}
	m.survey.Signatures = append(m.survey.Signatures, media.Signature{Kind: media.SignatureC2PA, Offset: b.Offset})
}

// xmp reads a packet that reaches from off to the end of b.
func (m *movie) xmp(b *box.Box, off int64) {
	if b.End()-off > maxXMP {
		m.hurt(b, media.TooLarge("XMP packet", off, maxXMP))
		return
	}
	packet, err := media.Bytes(m.r.Src, "XMP packet", off, b.End()-off)
	if err != nil {
		m.hurt(b, err)
		return
	}
	found := xmp.Read(packet, off)
	if len(found) == 0 || !m.hold(b, int64(len(packet))) {
		return
	}
	for _, f := range found {
		m.found(b, f)
	}
	m.drops = append(m.drops, drop{do: func(p *box.Plan) error {
		blank, err := box.DropXMP(packet)
		if err == nil {
			p.Replace(b, off, int64(len(packet)), blank)
		}
		return err
	}})
}

// found adds a label and notes a place that is not the format's own.
func (m *movie) found(b *box.Box, f media.Found) {
	if !m.hold(b, int64(len(f.Value))) {
		return
	}
	if f.Place != m.standard {
		f.Findings = append(f.Findings,
			media.Warn(media.CodeOtherPlace, f.Offset, "place", string(f.Place), "standard", string(m.standard)))
	}
	m.survey.Labels = append(m.survey.Labels, f)
}

// hold accounts for bytes of labels that stay in memory. A file with more than one label is rare enough.
func (m *movie) hold(b *box.Box, n int64) bool {
	if m.held += n; m.held > maxHeld || len(m.survey.Labels) >= maxLabels {
		m.hurt(b, media.TooMany("label", b.Offset, maxLabels))
		return false
	}
	return true
}

// hurt notes damage that does not keep the samples from being found. A failure to read is no damage and ends the walk.
func (m *movie) hurt(b *box.Box, err error) {
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind == colophon.Internal {
		m.broken = err
		return
	}
	if m.damage == nil {
		m.damage = err
	}
	if len(m.survey.Findings) >= maxFindings {
		return
	}
	off, parseErr := strconv.ParseInt(e.Args["offset"], 10, 64)
	if parseErr != nil {
		off = b.Offset
	}
	rule := e.Args["rule"]
	if rule == "" {
		rule = string(e.Code)
	}
	m.survey.Findings = append(m.survey.Findings, media.Warn(media.CodeStructure, off, "what", e.Args["what"], "rule", rule))
}

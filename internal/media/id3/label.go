package id3

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Description is the description of the TXXX frame that holds the label, exact.
const Description = "AIGC"

const (
	maxLabels = 64 // values that are reported from one file
	xmpOwner  = "XMP\x00"
)

// item is a frame that the label concerns.
type item struct {
	frame  frame
	labels []media.Found
	mixed  bool // free text that says more than the label
	packet bool // an XMP packet, which stays without its label
	c2pa   bool
}

// items looks into the frames that can hold a label or a signature.
func (t *tag) items() ([]item, error) {
	var items []item
	labels := 0
	for _, f := range t.frames {
		it, err := t.look(f)
		if err != nil {
			return items, err
		}
		if len(it.labels) == 0 && !it.c2pa {
			continue
		}
		if labels += len(it.labels); labels > maxLabels {
			return items, media.TooMany("ID3v2 TXXX frame AIGC", t.place(f.at), maxLabels)
		}
		for i := range it.labels {
			t.remark(&it.labels[i])
		}
		items = append(items, it)
	}
	return items, nil
}

// remark adds the findings that a value earns by where it stands and how its frame is stored.
func (t *tag) remark(f *media.Found) {
	if f.Place != media.PlaceTXXX {
		f.Findings = append(f.Findings, elsewhere(f.Place, f.Offset))
	}
	if t.late {
		f.Findings = append(f.Findings, media.Warn(media.CodeLateLabel, f.Offset))
	}
}

func (t *tag) look(f frame) (item, error) {
	it := item{frame: f}
	var read func(*tag, *item, []byte)
	switch {
	case f.id == "TXXX" || f.id == "TXX":
		read = (*tag).userText
	case f.id == "COMM" || f.id == "COM" || f.id == "USLT" || f.id == "ULT":
		read = (*tag).languageText
	case f.id == "PRIV":
		read = (*tag).private
	case f.id == "GEOB" || f.id == "GEO":
		it.c2pa = t.manifest(f)
		return it, nil
	case f.id[0] == 'T':
		read = (*tag).plainText
	default:
		return it, nil
	}
	b, err := t.content(f)
	if err != nil || len(b) == 0 {
		return it, err
	}
	read(t, &it, b)
	if f.flags&formatCompressed != 0 {
		for i := range it.labels {
			it.labels[i].Offset = -1
			it.labels[i].Findings = append(it.labels[i].Findings, media.Warn(media.CodeCompressed, t.place(f.at)))
		}
	}
	return it, nil
}

// userText reads TXXX: encoding, description, values, of which version 2.4 allows several.
func (t *tag) userText(it *item, b []byte) {
	coding := b[0]
	first, rest := cut(coding, b[1:])
	name, order := decode(coding, first, nil)
	if !isName(name) {
		text, _ := decode(coding, rest, order)
		t.free(it, text)
		return
	}
	at := t.place(it.frame.at)
	for i := 0; i == 0 || len(rest) > 0; i++ {
		var part []byte
		part, rest = cut(coding, rest)
		var value string
		value, order = decode(coding, part, order)
		if value == "" && i > 0 {
			continue
		}
		if len(it.labels) > maxLabels {
			return
		}
		found := media.Found{Place: media.PlaceTXXX, Offset: at, Value: []byte(value)}
		if name != Description {
			found.Findings = append(found.Findings, media.Warn(media.CodeIDSpelling, at, "key", clip(name)))
		}
		it.labels = append(it.labels, found)
	}
}

// languageText reads COMM and USLT: encoding, language, description, text.
func (t *tag) languageText(it *item, b []byte) {
	if len(b) < 4 {
		return
	}
	first, rest := cut(b[0], b[4:])
	name, order := decode(b[0], first, nil)
	text, _ := decode(b[0], rest, order)
	if isName(name) {
		text = strings.TrimRight(text, "\x00")
		it.labels = append(it.labels, media.Found{
			Place: media.PlaceDescription, Offset: t.place(it.frame.at), Value: []byte(text),
		})
		return
	}
	t.free(it, text)
}

func (t *tag) plainText(it *item, b []byte) {
	text, _ := decode(b[0], b[1:], nil)
	t.free(it, text)
}

// free reports free text that holds a label.
func (t *tag) free(it *item, text string) {
	text = strings.TrimRight(text, "\x00")
	if !media.Candidate([]byte(text)) {
		return
	}
	it.mixed = !pure(text)
	it.labels = append(it.labels, media.Found{
		Place: media.PlaceDescription, Offset: t.place(it.frame.at), Value: []byte(text),
	})
}

// private reads the XMP packet that a PRIV frame may hold (ISO 16684-3, MP3).
func (t *tag) private(it *item, b []byte) {
	if !bytes.HasPrefix(b, []byte(xmpOwner)) {
		return
	}
	at := t.place(it.frame.at)
	it.labels = xmp.Read(b[len(xmpOwner):], at+t.frameHeader()+int64(len(xmpOwner)))
	it.packet = len(it.labels) > 0
}

// manifest reports whether a GEOB frame holds a C2PA manifest store. Only its beginning is read.
func (t *tag) manifest(f frame) bool {
	b, err := t.src.at("ID3v2 frame GEOB", f.at+t.frameHeader(), min(f.size, 64))
	if err != nil {
		return false
	}
	b = bytes.ToLower(b)
	return bytes.Contains(b, []byte("application/c2pa\x00")) || bytes.Contains(b, []byte("application/x-c2pa-manifest-store\x00"))
}

// isName reports whether a description names the label, in any case and with a prefix.
func isName(name string) bool {
	name = strings.TrimSpace(strings.TrimRight(name, "\x00"))
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return strings.EqualFold(name, Description)
}

// pure reports whether free text is a label and nothing else, so that it may go with the label.
func pure(text string) bool {
	text = strings.TrimSpace(text)
	if len(text) >= 4 && strings.EqualFold(text[:4], Description) {
		text = strings.TrimLeft(text[4:], "=: \t")
	}
	return strings.HasPrefix(text, "{") && (strings.HasSuffix(text, "}") || !strings.Contains(text, "}"))
}

func elsewhere(place media.Place, off int64) colophon.Finding {
	return media.Warn(media.CodeOtherPlace, off, "place", string(place), "standard", string(media.PlaceTXXX))
}

func clip(s string) string { return s[:min(len(s), 80)] }

// frameWith returns a TXXX frame with the label, in the terms of the tag's version.
func (t *tag) frameWith(value []byte) ([]byte, error) {
	var b []byte
	switch t.version {
	case 2:
		n := len(value) + 6
		if n >= 1<<24 {
			return nil, media.NoRoom("ID3v2 frame TXX", t.off, 1<<24-1)
		}
		b = append(b, "TXX"...)
		b = append(b, byte(n>>16), byte(n>>8), byte(n), latin1)
	case 3:
		b = append(b, "TXXX"...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(value)+6))
		b = append(b, 0, 0, latin1)
	default:
		b = append(b, "TXXX\x00\x00\x00\x00\x00\x00"...)
		putSynchsafe(b[4:8], int64(len(value)+6))
		if t.flags&flagUnsync != 0 {
			b[9] = formatUnsync // ASCII holds no FF, so that the content stays as it is
		}
		b = append(b, utf8Coding)
	}
	b = append(b, Description...)
	b = append(b, 0)
	return append(b, value...), nil
}

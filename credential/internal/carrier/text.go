package carrier

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/media"
)

// A wrapper is U+FEFF and variation selectors, each of which stands for a byte: the header, the store, padding (C2PA 2.4,
// A.8).
const (
	textMark    = "\uFEFF"
	textMagic   = "C2PATXT\x00"
	textVersion = 1
	textHead    = len(textMagic) + 1 + 4
	textSlack   = 6 // keeps what is missing from the longest wrapper a sum of threes and fours
	maxText     = 64 << 20

	firstSelector, lastSelector   = 0xFE00, 0xFE0F   // for 0 to 15, of three bytes in UTF-8
	secondSelector, finalSelector = 0xE0100, 0xE01EF // for 16 to 255, of four
)

// InText reports whether a format is text that has no place of its own, so that a store stands among its characters.
func InText(f media.Format) bool { return f == media.Text || f == media.Markdown }

// wholeText reads a text.
func wholeText(src media.Source) ([]byte, error) {
	if src.Size() > maxText {
		return nil, media.TooLarge("text", 0, maxText)
	}
	return media.Bytes(src, "text", 0, src.Size())
}

// findText reads the wrapper of a text. One that begins as a wrapper and is none was damaged on its way.
func findText(src media.Source) (*Place, error) {
	text, err := wholeText(src)
	if err != nil {
		return nil, err
	}
	var p *Place
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(textMark))
		if i < 0 {
			return p, nil
		}
		at += i
		run, n := selectors(text[at+len(textMark):])
		n += len(textMark)
		if bytes.HasPrefix(run, []byte(textMagic)) {
			if len(run) < textHead || run[len(textMagic)] != textVersion {
				return nil, &Error{int64(at), "a wrapper that is damaged"}
			}
			size := binary.BigEndian.Uint32(run[textHead-4:])
			if uint64(size) > uint64(len(run)-textHead) {
				return nil, &Error{int64(at), "a wrapper that is damaged"}
			}
			if p != nil {
				return nil, errTwo(int64(at))
			}
			p = &Place{Store: slices.Clone(run[textHead : textHead+int(size)]), Offset: int64(at), Size: int64(n)}
		}
		at += n
	}
}

// selectors reads the variation selectors that a text begins with: the bytes that they stand for, and their own length.
func selectors(text []byte) (run []byte, n int) {
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		switch {
		case r >= firstSelector && r <= lastSelector:
			run = append(run, byte(r-firstSelector))
		case r >= secondSelector && r <= finalSelector:
			run = append(run, byte(r-secondSelector+16))
		default:
			return run, n
		}
		n += size
	}
	return run, n
}

// makeText puts the store at the end of what is seen of a text: in front of the last line breaks.
func makeText(src media.Source, old *Place, size int) (*Room, error) {
	text, err := wholeText(src)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) {
		return nil, media.Unsupported("text", 0, "text that is not in UTF-8")
	}
	at := len(bytes.TrimRight(text, "\r\n"))
	return swap(src, old, int64(at), frameText, int64(textSize(size)))
}

// textSize is how long the wrapper of a store is made, whatever its bytes are.
func textSize(store int) int { return len(textMark) + 4*(textHead+store) + textSlack }

// frameText writes the wrapper of a store, padded to its longest by zeros and as few sixteens as the sum needs.
func frameText(store []byte) []byte {
	head := append([]byte(textMagic), textVersion)
	head = binary.BigEndian.AppendUint32(head, uint32(len(store)))
	b := append(make([]byte, 0, textSize(len(store))), textMark...)
	for _, part := range [...][]byte{head, store} {
		for _, c := range part {
			b = appendSelector(b, c)
		}
	}
	gap := textSize(len(store)) - len(b)
	fours := gap % 3
	for range (gap - 4*fours) / 3 {
		b = appendSelector(b, 0)
	}
	for range fours {
		b = appendSelector(b, 16)
	}
	return b
}

func appendSelector(b []byte, c byte) []byte {
	if c < 16 {
		return utf8.AppendRune(b, firstSelector+rune(c))
	}
	return utf8.AppendRune(b, secondSelector+rune(c)-16)
}

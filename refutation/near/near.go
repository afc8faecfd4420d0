// Package near tells texts that say nearly the same, such as a rumour and the same rumour with some words changed, by
// MinHash (Broder, "On the resemblance and containment of documents", 1997).
//
// A text is read as signs: a Chinese, Japanese or Korean character is one, and so is a whole word of any other writing.
// Three signs in a row are a shingle. The share of shingles that two texts have in common is how alike they are, and a
// [Signature] of fixed length lets anybody estimate that share without the texts. Width, case, punctuation, white space and
// invisible characters make no difference.
//
// What not to do here: never take two texts for the same because they are alike, and never take a text that is too short,
// or what was not read of one that is too long, as looked at. A text that holds another among much else is not found but
// by its paragraphs; nor are a translation, the same words in the other set of Chinese characters, or a retelling.
package near

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// Size is how many hashes a signature has. The estimate of a share of one half is off by 0.05 as a rule.
	Size = 128
	// Alike is the share from which on two texts count as nearly the same.
	Alike = 0.5
	// MinShingles is how many different shingles a text needs to have a signature.
	MinShingles = 12
	// MaxBytes is how much of a text is read.
	MaxBytes = 128 << 10
	// MaxParts is how many paragraphs are read by themselves.
	MaxParts = 32

	shingle = 3
)

// Signature stands for a text: of each of some hash functions the least value over the text's shingles, its low 16 bits.
type Signature [Size]uint16

// Reading is what came of reading a text.
type Reading struct {
	// Signatures are that of the text, and of those of its paragraphs that are long enough; empty when the text is too short.
	Signatures []Signature
	// Cut says that the text goes on behind what was read.
	Cut bool
}

// Read reads a text.
func Read(text string) Reading {
	var r Reading
	if len(text) > MaxBytes {
		cut := MaxBytes
		for cut > MaxBytes-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text, r.Cut = text[:cut], true
	}
	if s, ok := Of(text); ok {
		r.Signatures = append(r.Signatures, s)
	}
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' || c == '\u2028' || c == '\u2029' })
	if len(parts) < 2 {
		return r
	}
	for _, part := range parts {
		s, ok := Of(part)
		if !ok {
			continue
		}
		if len(r.Signatures) > MaxParts {
			r.Cut = true
			break
		}
		r.Signatures = append(r.Signatures, s)
	}
	return r
}

// Of makes the signature of a text of at most [MaxBytes]; what is behind that does not count. It reports false when the text
// is too short to be told from others.
func Of(text string) (Signature, bool) {
	list := signs(text[:min(len(text), MaxBytes)])
	seen := map[uint64]bool{}
	for i := 0; i+shingle <= len(list); i++ {
		x := uint64(0)
		for _, sign := range list[i : i+shingle] {
			x = mix(x ^ sign)
		}
		seen[x] = true
	}
	if len(seen) < MinShingles {
		return Signature{}, false
	}
	var s Signature
	var least [Size]uint64
	for i := range least {
		least[i] = ^uint64(0)
	}
	for x := range seen {
		for i := range least {
			least[i] = min(least[i], mix(x+uint64(i+1)*0x9e3779b97f4a7c15))
		}
	}
	for i := range s {
		s[i] = uint16(least[i])
	}
	return s, true
}

// signs reads a text as hashes of its signs.
func signs(text string) []uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	var list []uint64
	word := uint64(offset)
	end := func() {
		if word != offset {
			list, word = append(list, word), offset
		}
	}
	for _, c := range norm.NFKC.String(text) {
		switch {
		case unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			end()
			list = append(list, mix(uint64(c)))
		case unicode.IsLetter(c), unicode.IsDigit(c), unicode.IsMark(c):
			word = (word ^ uint64(unicode.ToLower(c))) * prime
		case unicode.Is(unicode.Cf, c): // invisible
		default:
			end()
		}
	}
	end()
	return list
}

// mix spreads the bits of a number (SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Share estimates which share of their shingles two texts have in common, from 0 to 1.
func (s Signature) Share(o Signature) float64 {
	n := 0
	for i := range s {
		if s[i] == o[i] {
			n++
		}
	}
	return float64(n) / Size
}

// MarshalText writes the signature in base64.
func (s Signature) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 2*Size)
	for _, v := range s {
		raw = binary.BigEndian.AppendUint16(raw, v)
	}
	return []byte(base64.StdEncoding.EncodeToString(raw)), nil
}

// UnmarshalText reads what MarshalText writes, and nothing else.
func (s *Signature) UnmarshalText(text []byte) error {
	if len(text) > 4*Size {
		return errors.New("a signature is too long")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil || len(raw) != 2*Size || len(text) != base64.StdEncoding.EncodedLen(2*Size) {
		return errors.New("no signature")
	}
	for i := range s {
		s[i] = binary.BigEndian.Uint16(raw[2*i:])
	}
	return nil
}

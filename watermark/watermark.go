// Package watermark is about marks that nobody sees or hears and that stay when a file is re-encoded, cut or filmed from a screen
// (Deep Synthesis Provisions Art. 16 lets providers mark content so that it can be traced; Labelling Measures Art. 5 encourages
// watermarks).
//
// A mark carries a payload of 64 or 128 bits, such as the place of an item in the register, under a key of the deployment: whoever
// has not the key can neither read nor write it, and nobody is told whether there is a mark that they can't read. What a
// payload means is for the register to say.
//
//   - picture/ marks pictures.
//   - sound/ marks sound, sound/file files of sound.
//
// The formats are in docs/format/watermark.md. Marks are no proof: somebody who has a marked file can carry its mark over to
// another. What is found by a mark alone is told as that.
//
// What not to do here: no way to take a mark out, and none to write a mark of another key.
package watermark

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark/internal/keyed"
)

// Codes of errors.
const (
	CodeKey         colophon.Code = "watermark-key"          // a text is no key
	CodeNotMarkable colophon.Code = "watermark-not-markable" // arg "ratio": content bears no mark that would be found again, tried last at so many dB
)

// Key is the secret of a deployment.
type Key = keyed.Key

// NewKey draws a key.
func NewKey(random io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(random, k[:]); err != nil {
		return Key{}, fmt.Errorf("drawing a key: %w", err)
	}
	return k, nil
}

// ParseKey reads a key as FormatKey writes it. Its errors do not repeat it.
func ParseKey(text string) (Key, error) {
	var k Key
	b, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != len(k) {
		return Key{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeKey}
	}
	return Key(b), nil
}

// Payload is what the mark of content with a number says: 64 bits that only holders of the key can draw from the number. The
// register keeps them beside the number, and finds the one by the other.
func Payload(k Key, number string) []byte {
	s := k.Stream("payload of a content number\x00" + number)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, s.Uint32()), s.Uint32())
}

// Marked is a file with a mark: what Edit makes of Source. Source is the file's own source, or one that needs no closing.
type Marked struct {
	Edit   *media.Edit
	Source media.Source
	// Strength is how far the mark lies below the content: PSNR of luma for pictures and video, SNR for sound, in dB.
	Strength float64
	Score    float64 // how far it stands above chance in the file as it is, in deviations
}

// Found is what was found in a file.
type Found struct {
	Payload []byte  // nil where no mark of the key was found
	Score   float64 // how far it stands above chance, in deviations; of the best try where nothing was found
	Key     int     // which of the keys that were tried it is of, from 0
	// Picture and Sound tell how the mark lies; nil for content of another kind.
	Picture *Lie
	Sound   *Stretch
}

// Lie is how the mark of a picture lies in it, against the picture that was marked.
type Lie struct {
	Scale  float64 // of its tiles, over those of a picture that was not cut
	Angle  float64 // by which it is turned, clockwise, in degrees
	Mirror bool
}

// Stretch is how the mark of a sound runs in it.
type Stretch struct {
	From, To     float64 // seconds that were looked at
	Tempo, Pitch float64 // 1.05 is 5 % faster, or higher, than it was marked
}

// FormatKey writes a key as 64 hexadecimal digits.
func FormatKey(k Key) string { return hex.EncodeToString(k[:]) }

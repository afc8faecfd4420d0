// Package riff reads and sets the label in files made of RIFF chunks: WebP (Google "WebP Container Specification"), AVI
// (Microsoft "AVI RIFF File Reference" with the OpenDML extensions 1.02), and WAV with its 64-bit kin RF64 and BW64 (EBU
// Tech 3306, ITU-R BS.2088).
//
// A chunk is four characters, a length of 32 bits and that many bytes, padded to an even number. The label stands in
// WebP in the XMP packet behind the picture, in AVI in the sub-chunk AIGC of the list INFO, in WAV in a chunk AIGC of its
// own. The walk goes from header to header, so that samples of any length pass in constant memory.
//
// Lengths in these files often lie. Programs that write to a pipe leave 0 or 0xFFFFFFFF, recorders that die leave what
// they had; players don't mind, so neither does a scan, which tells it as a finding. An edit is stricter. Behind samples
// whose end is unknown nothing can be put that would not be played, so there the label goes in front.
//
// AVI is the delicate one: its indexes hold offsets, some counted from the beginning of the file. A label takes its room
// from padding in front of the frames, or goes behind everything; frames move only when no index can notice. What not
// to do here: never rewrite an index, never let a length grow past 32 bits, and never turn a RIFF file into an RF64 one.
package riff

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/part"
)

// Container reads and edits WebP, AVI, WAV and RF64.
type Container struct{}

var _ media.Container = Container{}

// Sniff recognises the first chunk and its form type.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	if len(head) < 12 {
		return media.Unknown
	}
	return formatOf(string(head[:4]), string(head[8:12]))
}

func formatOf(id, form string) media.Format {
	switch {
	case id == "RIFF" && form == "WEBP":
		return media.WebP
	case id == "RIFF" && form == "AVI ":
		return media.AVI
	case id == "RIFF" && form == "WAVE":
		return media.WAV
	case (id == "RF64" || id == "BW64") && form == "WAVE":
		return media.RF64
	}
	return media.Unknown
}

// Places lists the places for a label, the standard one first.
func (Container) Places(f media.Format) []media.Place {
	switch f {
	case media.WebP:
		return []media.Place{media.PlaceXMP, media.PlaceEXIF}
	case media.AVI:
		return []media.Place{media.PlaceInfo}
	case media.WAV, media.RF64:
		return []media.Place{media.PlaceChunk, media.PlaceInfo}
	}
	return nil
}

// Scan finds every label and signature.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	doc, err := scan(src)
	return &doc.survey, err
}

const windowSize = 4 << 10

// scan walks the file. Its document is never nil.
func scan(src media.Source) (*document, error) {
	doc := &document{src: src}
	win, err := part.NewWindow(src, windowSize, windowSize)
	if err != nil {
		return doc, err
	}
	doc.win = win
	return doc, doc.walk()
}

// Edit plans the file with the label at put.Place.
func (c Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	doc, err := scan(src)
	if err != nil {
		return nil, err
	}
	var splices []media.Splice
	format := doc.survey.Format
	switch {
	case format == media.WebP && (put.Place == media.PlaceXMP || put.Place == media.PlaceEXIF):
		splices, err = doc.editWebP(put)
	case format == media.AVI && put.Place == media.PlaceInfo:
		splices, err = doc.editAVI(put)
	case (format == media.WAV || format == media.RF64) && (put.Place == media.PlaceChunk || put.Place == media.PlaceInfo):
		splices, err = doc.editWave(put)
	default:
		return nil, media.Unsupported("RIFF chunk", 0, "no place "+string(put.Place))
	}
	if err != nil {
		return nil, err
	}
	// A sound WebP file leaves nothing to guess.
	if format != media.WebP || len(doc.survey.Findings) > 0 {
		if err := verify(src, splices, put); err != nil {
			return nil, err
		}
	}
	return media.Splices(src, splices...)
}

// verify scans the file that is going to be. Where lengths lie, what a reader makes of a file is a matter of guesses,
// and a label must not change the guess.
func verify(src media.Source, splices []media.Splice, put media.Put) error {
	doc, err := scan(part.NewView(src, splices))
	if err != nil {
		return err
	}
	labels := doc.survey.Labels
	if len(labels) != 1 || labels[0].Place != put.Place || !bytes.Contains(labels[0].Value, put.Value) {
		return media.Unsupported("RIFF chunk", 0, "a structure that reads the same with a label in it")
	}
	return nil
}

// Package flac labels FLAC files (RFC 9639). The label is the comment AIGC in the VORBIS_COMMENT metadata block, the
// place that TC260-PG-202510A names.
//
// A FLAC file is "fLaC", a chain of metadata blocks and then audio frames. Only the comment block changes, and a PADDING
// block gives or takes the difference where it can, so that the audio stays where it was. Where it can't, the audio
// moves as a whole, which harms nothing: SEEKTABLE counts from the first frame. ID3v2 tags before "fLaC" are no part of
// the format but are met, and C2PA puts its manifest there; they are kept, and a label in them is found.
//
// What not to do here: never reorder blocks, never touch STREAMINFO, whose checksum is that of the decoded audio, and
// never take Ogg FLAC for this, whose pages need checksums of their own.
package flac

import (
	"slices"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/id3"
	"github.com/colophon-project/colophon/internal/media/vorbis"
)

// Container reads and edits FLAC files.
type Container struct{}

var _ media.Container = Container{}

// Sniff recognises "fLaC", with ID3v2 tags before it or without.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	if len(head) < 10 {
		return media.Unknown
	}
	if string(head[:4]) == marker {
		return media.FLAC
	}
	if string(head[:3]) == "ID3" {
		at := id3.Behind(src)
		var b [4]byte
		if at > 0 && media.Fill(src, "FLAC marker", b[:], at) == nil && string(b[:]) == marker {
			return media.FLAC
		}
	}
	return media.Unknown
}

// Places lists the Vorbis comment.
func (Container) Places(media.Format) []media.Place {
	return []media.Place{media.PlaceVorbisComment}
}

// Scan reports the labels of the comment blocks and of the tags around the stream.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: media.FLAC}
	tags, err := id3.Around(src)
	if failed := tags.Report(survey); err == nil {
		err = failed
	}
	// What is told of a place is told from this format's point of view.
	for i := range survey.Labels {
		foreign(&survey.Labels[i])
	}
	if err != nil {
		return survey, err
	}
	start, end := tags.Content()
	s, err := read(src, start, end)
	for _, b := range s.comments {
		found, failed := vorbis.Read(b.body, b.off+blockHeader)
		survey.Labels = append(survey.Labels, found...)
		if failed != nil && err == nil {
			err = failed
		}
	}
	survey.Labels = append(survey.Labels, s.foreign...)
	return survey, err
}

func foreign(f *media.Found) {
	f.Findings = slices.DeleteFunc(f.Findings, isPlaceFinding)
	f.Findings = append(f.Findings, otherPlace(f.Place, f.Offset))
}

// Edit puts the label into the comment block, or into a new one behind the first block where there is none.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceVorbisComment {
		return nil, media.Unsupported("place "+string(put.Place), 0, "a FLAC file is labelled in its Vorbis comment")
	}
	tags, err := id3.Around(src)
	if err != nil {
		return nil, err
	}
	start, end := tags.Content()
	s, err := read(src, start, end)
	if err != nil {
		return nil, err
	}
	splices, err := s.label(put.Value)
	if err != nil {
		return nil, err
	}
	// The tags stand before and behind the stream, so that ordering is all it takes to join the two.
	outside, err := tags.Drop()
	if err != nil {
		return nil, err
	}
	splices = append(splices, outside...)
	order(splices)
	return media.Splices(src, splices...)
}

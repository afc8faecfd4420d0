// Package id3 labels MP3 files: MPEG audio layer III (ISO/IEC 11172-3, 13818-3) with ID3v2 tags, as id3.org states
// them (ID3v2.2.0, ID3v2.3.0, ID3v2.4.0 structure and native frames). The label is the value of a TXXX frame whose
// description is AIGC, the place that TC260-PG-202510A names.
//
// An existing tag keeps its version and every other frame byte for byte: frames are found by their headers and the ones
// in question are cut out or put in, so a picture, a chapter or a frame that nobody knows passes through unseen. Padding
// takes up the growth where it can, so that the audio doesn't move. Other packages whose files may carry ID3v2 tags
// around their own content, such as FLAC, reach them with [Around].
//
// What not to do here: never convert a tag from one version to another, since frames are lost that way; never take
// what follows a tag for MP3 unseen, because AAC and FLAC carry the same tags; and never write to ID3v1, which cuts
// text at 30 bytes, or to APEv2, which most players don't read.
package id3

import (
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Container reads and edits MP3 files.
type Container struct{}

var _ media.Container = Container{}

// Sniff recognises MPEG audio layer III, with ID3v2 tags before it or without.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	if len(head) < headerSize {
		return media.Unknown
	}
	if string(head[:3]) != "ID3" {
		if consecutive(head, 0, src.Size()) {
			return media.MP3
		}
		return media.Unknown
	}
	if afterTags(src) {
		return media.MP3
	}
	return media.Unknown
}

// afterTags reports whether the content behind the leading tags is layer III, or is missing altogether.
func afterTags(src media.Source) bool {
	at := Behind(src)
	if at == 0 {
		return false
	}
	if at > src.Size() {
		return true // cut within the tag: no other format that we read is as likely
	}
	b := make([]byte, min(searchSize, src.Size()-at))
	if len(b) < 4 || media.Fill(src, "MPEG audio", b, at) != nil {
		return false
	}
	if b[0] == 0xFF && b[1]&0xF6 == 0xF0 { // ADTS
		return false
	}
	if _, ok := frameLength(b); ok {
		return true
	}
	// Some writers leave junk or a wrong size between the tag and the audio.
	for i := 1; i+4 <= len(b); i++ {
		if b[i] == 0xFF && consecutive(b, i, src.Size()-at) {
			return true
		}
	}
	return false
}

// Places lists the TXXX frame.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceTXXX} }

// Scan reports the labels of all tags around the audio.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: media.MP3}
	tags, err := Around(src)
	if failed := tags.Report(survey); err == nil {
		err = failed
	}
	return survey, err
}

// Edit puts the label into the first tag, or into a new one where there is none.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceTXXX {
		return nil, media.Unsupported("place "+string(put.Place), 0, "an MP3 file is labelled in an ID3v2 TXXX frame")
	}
	tags, err := Around(src)
	if err != nil {
		return nil, err
	}
	splices, err := tags.label(put.Value)
	if err != nil {
		return nil, err
	}
	return media.Splices(src, splices...)
}

// label returns the splices that bring about exactly one label, in the first tag.
func (t *Tags) label(value []byte) ([]media.Splice, error) {
	splices, err := t.dropTrailing()
	if err != nil {
		return nil, err
	}
	if len(t.lead) == 0 {
		b, err := newTag(value)
		if err != nil {
			return nil, err
		}
		return append([]media.Splice{{Insert: b}}, splices...), nil
	}
	lead, err := t.leading(value)
	if err != nil {
		return nil, err
	}
	return slices.Concat(lead, splices), nil
}

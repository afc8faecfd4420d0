// Package ogg puts the label in the comment header of Ogg Vorbis and Ogg Opus files.
//
// An Ogg file (RFC 3533) is a sequence of pages, each with a serial number of its logical stream, a sequence number
// and a checksum. A logical stream begins with header packets: for Vorbis (Vorbis I, sections 4.2 and A.2) the
// identification header alone on the first page, then comments and setup, which share pages; for Opus (RFC 7845,
// section 3) OpusHead alone on the first page, then OpusTags. Audio begins on a page of its own after them. So the
// comments can be laid out anew without touching a page of audio, as long as the number of header pages stays what it
// was; when it changes, the stream's later pages get new sequence numbers, and with them new checksums, while they pass
// through. Packets, granule positions and serial numbers never change.
//
// A file may be a chain of such streams, one after the other, and every link has a comment header. All are scanned. The
// label belongs in the first link; labels of later links are taken out, for one file holds one label.
//
// What not to do here: never lay out audio pages anew, never repair a page whose checksum is wrong (it stays as wrong
// as it was, and is reported), and never edit a file with a codec whose comments are not understood, or with an index
// of byte offsets (Skeleton 4), since that would go stale.
package ogg

import (
	"bytes"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/vorbis"
)

// Container is Ogg with Vorbis or Opus audio.
type Container struct{}

var _ media.Container = Container{}

// codec is what a logical stream's first packet names.
type codec int

const (
	codecForeign codec = iota
	codecVorbis
	codecOpus
	codecSkeleton
)

// codecOf tells the codec by a stream's first packet.
func codecOf(packet []byte) codec {
	switch {
	case bytes.HasPrefix(packet, []byte("\x01vorbis")):
		return codecVorbis
	case bytes.HasPrefix(packet, []byte("OpusHead")):
		return codecOpus
	case bytes.HasPrefix(packet, []byte("fishead\x00")):
		return codecSkeleton
	default:
		return codecForeign
	}
}

func (c codec) format() media.Format {
	switch c {
	case codecVorbis:
		return media.Vorbis
	case codecOpus:
		return media.Opus
	default:
		return media.Unknown
	}
}

// Sniff looks at the first pages, one for each logical stream of the first link. Audio beside anything but Skeleton,
// such as Theora video, is another kind of file.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	format := media.Unknown
	for {
		n := pageSize(head)
		if n == 0 || n > len(head) || head[offFlags]&flagBOS == 0 {
			return format
		}
		p := page{raw: head[:n]}
		switch c := codecOf(p.body()); {
		case c == codecForeign:
			return media.Unknown
		case format == media.Unknown:
			format = c.format()
		}
		head = head[n:]
	}
}

// Places returns the Vorbis comment, the only place.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceVorbisComment} }

// Scan reads the comment header of every link and checks every page.
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	file, err := examine(src, false)
	survey.Labels = file.labels
	survey.Findings = file.findings()
	return survey, err
}

// Edit puts the label in the comment header of the first Vorbis or Opus stream.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceVorbisComment {
		return nil, media.Unsupported("Ogg file", 0, "no place "+string(put.Place))
	}
	file, err := examine(src, true)
	if err != nil {
		return nil, err
	}
	if file.foreign >= 0 {
		return nil, media.Unsupported("Ogg logical stream", file.foreign, "codec other than Vorbis, Opus or Skeleton")
	}
	var changed []*stream
	for i, s := range file.edited {
		ok, err := s.relabel(put.Value, i == 0)
		if err != nil {
			return nil, err
		}
		if ok {
			changed = append(changed, s)
		}
	}
	if len(changed) > 0 && file.indexed >= 0 {
		return nil, media.Unsupported("Ogg Skeleton", file.indexed, "version 4 holds an index of byte offsets")
	}
	return rewrite(src, changed), nil
}

// relabel makes the stream's new header pages and reports whether they differ from the old.
func (s *stream) relabel(value []byte, first bool) (bool, error) {
	packet := s.packets[0]
	head := len(s.codec.commentMagic())
	change := vorbis.Drop
	if first {
		change = func(block []byte) ([]byte, error) { return vorbis.Set(block, value) }
	}
	block, err := change(packet[head:])
	if err != nil {
		return false, err
	}
	if bytes.Equal(block, packet[head:]) {
		return false, nil
	}
	if len(block) > maxPacket {
		return false, media.NoRoom(s.codec.commentName(), s.pages[0].off, maxPacket)
	}
	s.packets[0] = append(bytes.Clone(packet[:head]), block...)
	s.layOut()
	return true, nil
}

// findings are what a survey tells about the file itself.
func (f *file) findings() []colophon.Finding {
	var list []colophon.Finding
	if f.unsound >= 0 {
		list = append(list, media.Warn(media.CodeStructure, f.unsound, "what", "Ogg page", "rule", "checksum is wrong"))
	}
	if f.gap >= 0 {
		list = append(list, media.Warn(media.CodeStructure, f.gap, "what", "Ogg page", "rule", "no page begins where the one before ends"))
	}
	if f.tail >= 0 {
		list = append(list, media.Warn(media.CodeTrailingData, f.tail))
	}
	if f.cut >= 0 {
		list = append(list, media.Warn(media.CodeStructure, f.cut, "what", "Ogg page", "rule", "the file ends inside the page"))
	}
	return list
}

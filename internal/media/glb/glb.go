// Package glb labels binary glTF 2.0 files (ISO/IEC 12113). The label is the object asset.extras.AIGC in the JSON chunk.
// No public rule names a place for three-dimensional scenes; extras is where the format lets applications put what is
// their own, and asset is about the file as a whole.
//
// The JSON is spliced, not written anew: the bytes of the label's member are found by a tokenizer and replaced, so that
// the order of members, the spelling of numbers and the spacing of everything else stay. The chunk is padded with
// spaces to four bytes, the two lengths are corrected, and the binary chunk passes through untouched. A label is also
// read as a string, in other extras, and in a packet of KHR_xmp_json_ld.
//
// What not to do here: never decode the JSON into maps and encode it again, which loses the order of members and the
// digits of numbers; and never touch buffer views, whose offsets count in the binary chunk alone.
package glb

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	headerSize  = 12
	chunkHeader = 8
	maxJSON     = 24 << 20 // a JSON chunk is held in memory as a whole
	maxChunks   = 1 << 12
	maxLabels   = 32
	version     = 2
	typeJSON    = 0x4E4F534A
)

// CodeStringValue is a finding: the label stands as a JSON string where an object is usual. It has no args.
const CodeStringValue colophon.Code = "gltf-label-string"

// Container reads and edits binary glTF files.
type Container struct{}

var _ media.Container = Container{}

// Sniff recognises the header of binary glTF 2.0.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	if len(head) >= headerSize && string(head[:4]) == "glTF" && binary.LittleEndian.Uint32(head[4:]) == version {
		return media.GLB
	}
	return media.Unknown
}

// Places lists asset.extras.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceExtras} }

// scene is the frame of a file around its JSON.
type scene struct {
	json  []byte // the JSON text, without padding
	chunk int64  // length of the JSON chunk's content
	end   int64  // where the file ends by its own header
	nul   bool   // padded with zeros instead of spaces
}

// jsonAt is where the JSON text begins in every file.
const jsonAt = headerSize + chunkHeader

// read reads the headers of all chunks and the JSON.
func read(src media.Source) (*scene, error) {
	const what = "glTF header"
	var b [jsonAt]byte
	if err := media.Fill(src, what, b[:], 0); err != nil {
		return nil, err
	}
	s := &scene{end: int64(binary.LittleEndian.Uint32(b[8:])), chunk: int64(binary.LittleEndian.Uint32(b[12:]))}
	if string(b[:4]) != "glTF" || binary.LittleEndian.Uint32(b[4:]) != version {
		return nil, media.Malformed(what, 0, "not glTF version 2")
	}
	if err := media.Within(src, "glTF file", 0, s.end); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(b[16:]) != typeJSON {
		return nil, media.Malformed("glTF chunk", headerSize, "the first chunk is not JSON")
	}
	if s.chunk > s.end-jsonAt {
		return nil, media.Truncated("glTF JSON chunk", headerSize, s.chunk, s.end-jsonAt)
	}
	if s.chunk > maxJSON {
		return nil, media.TooLarge("glTF JSON chunk", headerSize, maxJSON)
	}
	if err := chunks(src, jsonAt+s.chunk, s.end); err != nil {
		return nil, err
	}
	text, err := media.Bytes(src, "glTF JSON chunk", jsonAt, s.chunk)
	if err != nil {
		return nil, err
	}
	s.json = bytes.TrimRight(text, " \x00")
	s.nul = bytes.IndexByte(text[len(s.json):], 0) >= 0
	return s, nil
}

// chunks checks that the chunks behind the JSON fill the file.
func chunks(src media.Source, at, end int64) error {
	const what = "glTF chunk"
	for range maxChunks {
		if at == end {
			return nil
		}
		if end-at < chunkHeader {
			return media.Truncated(what, at, chunkHeader, end-at)
		}
		var b [chunkHeader]byte
		if err := media.Fill(src, what, b[:], at); err != nil {
			return err
		}
		n := int64(binary.LittleEndian.Uint32(b[:]))
		if n > end-at-chunkHeader {
			return media.Truncated(what, at, n+chunkHeader, end-at)
		}
		at += chunkHeader + n
	}
	return media.TooMany(what, at, maxChunks)
}

// Scan reports the labels in the JSON chunk.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: media.GLB}
	s, err := read(src)
	if err != nil {
		return survey, err
	}
	if s.nul {
		survey.Findings = append(survey.Findings, media.Warn(media.CodeStructure, jsonAt,
			"what", "glTF JSON chunk", "rule", "padded with zeros instead of spaces"))
	}
	if src.Size() > s.end {
		survey.Findings = append(survey.Findings, media.Warn(media.CodeTrailingData, s.end))
	}
	t, err := parse(s.json)
	for _, m := range t.labels {
		survey.Labels = append(survey.Labels, m.found(s.json))
	}
	return survey, err
}

// Edit puts the label into asset.extras.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceExtras {
		return nil, media.Unsupported("place "+string(put.Place), 0, "a glTF file is labelled in asset.extras")
	}
	s, err := read(src)
	if err != nil {
		return nil, err
	}
	text, err := relabel(s.json, put.Value)
	if err != nil {
		return nil, err
	}
	return s.replace(src, text)
}

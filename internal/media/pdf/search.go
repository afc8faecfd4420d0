package pdf

import (
	"bytes"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	searchWindow  = 256 << 10
	searchOverlap = 32 << 10 // the longest label that a search finds, and what windows share
)

// windows calls look with parts of a file that overlap, and with the offset of each, until it returns false.
func windows(src media.Source, look func(b []byte, at int64) bool) {
	buf := make([]byte, min(src.Size(), searchWindow))
	for at := int64(0); at < src.Size(); at += searchWindow - searchOverlap {
		b := buf[:min(int64(len(buf)), src.Size()-at)]
		if media.Fill(src, "PDF file", b, at) != nil || !look(b, at) {
			return
		}
	}
}

// search finds labels in a file whose objects can't be reached: strings behind the name AIGC that hold JSON.
func search(src media.Source) []media.Found {
	var found []media.Found
	var seen int64 = -1
	windows(src, func(b []byte, at int64) bool {
		for i := 0; ; {
			n := bytes.Index(b[i:], []byte("/"+Key))
			if n < 0 {
				return true
			}
			key := i + n
			i = key + 1 + len(Key)
			if at+int64(key) <= seen {
				continue
			}
			from := blank(b, i)
			to, err := skip(b, from, 0)
			if err != nil {
				continue
			}
			raw, ok := decodeString(b[from:to])
			text := decodeText(raw)
			if !ok || len(text) == 0 || text[0] != '{' {
				continue
			}
			seen = at + int64(key)
			found = append(found, media.Found{
				Place: media.PlaceInfoDict, Offset: seen, Value: []byte(text),
				Findings: []colophon.Finding{media.Warn(media.CodeStructure, seen, "what", "PDF cross-reference", "rule", "the value was found by search")},
			})
			if len(found) == maxLabels {
				return false
			}
		}
	})
	return found
}

// searchByteRange returns where the first signature's ByteRange stands, -1 where there is none.
func searchByteRange(src media.Source) int64 {
	found := int64(-1)
	windows(src, func(b []byte, at int64) bool {
		for i := 0; found < 0; {
			n := bytes.Index(b[i:], []byte("/ByteRange"))
			if n < 0 {
				return true
			}
			i += n + len("/ByteRange")
			next := blank(b, i)
			if next < len(b) && b[next] == '[' {
				found = at + int64(i-len("/ByteRange"))
			}
		}
		return false
	})
	return found
}

// Package plain recognises files that have no place for a label: text, and streams of bare frames, namely MPEG transport
// streams (ISO/IEC 13818-1), AAC in ADTS (ISO/IEC 13818-7) and AMR (RFC 4867, 5).
//
// A label for such a file stands beside it, in a sidecar. What others have written into the text is still read: a line
// that is a label by itself, and the key AIGC at the top of a JSON document, which is how an API hands labels over.
//
// What not to do here: never put a label into the text. A text that gained a line is another text.
package plain

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	// window is how much of a text's beginning, and of its end, is searched for a label.
	window = 256 << 10
	// maxJSON is the largest JSON document that is read.
	maxJSON = 4 << 20
	// maxLabels is how many label values are reported.
	maxLabels = 16
)

// Container recognises files without a place for a label. It MUST stand last among containers, since much is text.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements [media.Container].
func (Container) Sniff(head []byte, src media.Source) media.Format {
	switch {
	case len(head) == 0:
		return media.Unknown
	case isAMR(head):
		return media.AMR
	case isADTS(head, src):
		return media.AAC
	case isTransport(head):
		return media.MPEGTS
	case isText(head, int64(len(head)) < src.Size()):
		return media.Text
	default:
		return media.Unknown
	}
}

// Places implements [media.Container]: there are none.
func (Container) Places(media.Format) []media.Place { return nil }

// Scan implements [media.Container]. It looks at text alone, at its beginning and its end.
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	if f != media.Text {
		return survey, nil
	}
	head, err := media.Head(src, window)
	if err != nil {
		return survey, err
	}
	if trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"); bytes.HasPrefix(trimmed, []byte("{")) {
		found, ok, err := document(src)
		if ok || err != nil {
			survey.Labels = found
			return survey, err
		}
	}
	survey.Labels = lines(head, 0)
	if rest := src.Size() - int64(len(head)); rest > 0 {
		n := min(rest, window)
		tail, err := media.Bytes(src, "text", src.Size()-n, n)
		if err != nil {
			return survey, err
		}
		survey.Labels = append(survey.Labels, lines(tail, src.Size()-n)...)
	}
	if len(survey.Labels) > maxLabels {
		survey.Labels = survey.Labels[:maxLabels]
	}
	return survey, nil
}

// Edit implements [media.Container]: it always fails, and the caller writes a sidecar.
func (Container) Edit(src media.Source, f media.Format, _ media.Put) (*media.Edit, error) {
	what := string(f)
	if what == "" {
		what = "file"
	}
	return nil, media.Unsupported(what, 0, "format has no place for a label")
}

// lines finds lines that are a label: JSON by itself or behind a key AIGC, and in a comment of a source file.
func lines(text []byte, base int64) []media.Found {
	var found []media.Found
	off := base
	for line := range bytes.Lines(text) {
		at := off
		off += int64(len(line))
		if !media.Candidate(line) {
			continue
		}
		value := line[bytes.IndexByte(line, '{'):]
		before := strings.Trim(string(line[:len(line)-len(value)]), " \t\ufeff/#*;<!-\"'")
		before, _ = strings.CutSuffix(strings.TrimSpace(before), ":")
		before, _ = strings.CutSuffix(strings.TrimSpace(before), "=")
		if key := strings.Trim(before, " \t\"'"); key != "" && !strings.EqualFold(key, "AIGC") {
			continue // a sentence about labels
		}
		dec := json.NewDecoder(bytes.NewReader(value))
		var object json.RawMessage
		if dec.Decode(&object) == nil {
			value = object
		}
		found = append(found, media.Found{Place: media.PlaceInline, Offset: at, Value: bytes.Clone(bytes.TrimSpace(value)), Findings: other(media.PlaceInline, at)})
		if len(found) >= maxLabels {
			break
		}
	}
	return found
}

// document finds the key AIGC at the top of a JSON document. ok is false when the file is none.
func document(src media.Source) (found []media.Found, ok bool, err error) {
	if src.Size() > maxJSON {
		return nil, false, nil
	}
	text, err := media.Bytes(src, "JSON document", 0, src.Size())
	if err != nil {
		return nil, false, err
	}
	skip := 0
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		skip = len("\ufeff")
	}
	text = text[skip:]
	if !json.Valid(text) {
		return nil, false, nil
	}
	if bare := bytes.TrimSpace(text); media.Candidate(bare) && fields(text) {
		return []media.Found{{Place: media.PlaceMeta, Offset: int64(skip), Value: bytes.Clone(bare), Findings: other(media.PlaceMeta, int64(skip))}}, true, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false, nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return found, true, nil
		}
		at := int64(skip) + dec.InputOffset() - int64(len(`"AIGC"`))
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return found, true, nil
		}
		name, _ := key.(string)
		if !strings.EqualFold(name, "AIGC") || len(found) >= maxLabels {
			continue
		}
		value := []byte(raw)
		var s string
		if json.Unmarshal(raw, &s) == nil { // JSON in a string
			value = []byte(s)
		}
		f := media.Found{Place: media.PlaceMeta, Offset: at, Value: value, Findings: other(media.PlaceMeta, at)}
		if name != "AIGC" {
			f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, at, "key", name))
		}
		found = append(found, f)
	}
	return found, true, nil
}

// fields reports whether a JSON document is a label itself: an object that has the label's fields at its top.
func fields(text []byte) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return false
	}
	_, label := object["Label"]
	_, producer := object["ContentProducer"]
	_, produced := object["ProduceID"]
	return label && (producer || produced)
}

// other is the finding on a label inside a file that has no place for one.
func other(place media.Place, off int64) []colophon.Finding {
	return []colophon.Finding{
		media.Warn(media.CodeOtherPlace, off, "place", string(place), "standard", string(media.PlaceSidecar)),
	}
}

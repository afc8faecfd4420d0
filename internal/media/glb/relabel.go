package glb

import (
	"bytes"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// found tells of a label.
func (m member) found(b []byte) media.Found {
	at := int64(jsonAt + m.start)
	f := media.Found{Place: m.place, Offset: at, Value: bytes.Clone(asText(b[m.start:m.end]))}
	switch {
	case m.place != media.PlaceExtras:
		f.Findings = append(f.Findings, media.Warn(media.CodeOtherPlace, at, "place", string(m.place), "standard", string(media.PlaceExtras)))
		if prefix, _, ok := strings.Cut(m.name, ":"); ok && prefix != "TC260" && !strings.Contains(m.name, "/") {
			f.Findings = append(f.Findings, media.Warn(media.CodeForeignPrefix, at, "prefix", clip(prefix)))
		}
	case !m.standard:
		f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, at, "key", clip(m.path)))
	}
	if m.place == media.PlaceExtras && b[m.start] == '"' {
		f.Findings = append(f.Findings, media.Warn(CodeStringValue, at))
	}
	return f
}

func clip(s string) string { return s[:min(len(s), 80)] }

// relabel returns the JSON with exactly one label, value at asset.extras.AIGC.
func relabel(b, value []byte) ([]byte, error) {
	// Labels are taken out one at a time and from the back, each time by a fresh walk: cutting two neighbours at once
	// would have to share a comma.
	for range maxLabels + 1 {
		t, err := parse(b)
		if err != nil {
			return nil, err
		}
		keep := slices.IndexFunc(t.labels, func(m member) bool { return m.standard })
		other := len(t.labels) - 1
		if other == keep {
			other--
		}
		if other >= 0 {
			if b, err = without(b, t.labels[other]); err != nil {
				return nil, err
			}
			continue
		}
		return t.set(b, value, keep)
	}
	return nil, media.TooMany("glTF member AIGC", jsonAt, maxLabels)
}

// set puts value into JSON whose only label, if any, is labels[keep].
func (t *tree) set(b, value []byte, keep int) ([]byte, error) {
	var at, end int
	var text string
	switch {
	case keep >= 0:
		at, end = t.labels[keep].start, t.labels[keep].end
	case !t.asset.plain:
		return nil, media.Malformed("glTF JSON", jsonAt, "the root has no object named asset")
	case !t.extras.present:
		at, end = t.asset.room()
		text = `"extras":{"AIGC":`
	case !t.extras.plain:
		return nil, media.Unsupported("glTF JSON", jsonAt+int64(t.asset.start), "asset.extras is not an object")
	default:
		at, end = t.extras.room()
		text = `"AIGC":`
	}
	if text != "" && b[at-1] != '{' {
		text = "," + text
	}
	out := slices.Concat(b[:at], []byte(text), value)
	if keep < 0 && !t.extras.present {
		out = append(out, '}')
	}
	return append(out, b[end:]...), nil
}

// room is where a member can be added to an object.
func (o object) room() (start, end int) {
	if o.last == 0 {
		return o.start + 1, o.start + 1
	}
	return o.last, o.last
}

// without cuts one label out of the JSON. An element of an array becomes an empty string, so that the others keep their
// numbers.
func without(b []byte, m member) ([]byte, error) {
	if m.place == media.PlaceDescription && !pure(asText(b[m.start:m.end])) {
		return nil, media.Unsupported("glTF JSON", int64(jsonAt+m.start), "text holds a label among other words")
	}
	if m.key < 0 {
		return slices.Concat(b[:m.start], []byte(`""`), b[m.end:]), nil
	}
	const space = " \t\r\n"
	rest := bytes.TrimLeft(b[m.end:], space)
	if rest[0] == ',' {
		return slices.Concat(b[:m.key], bytes.TrimLeft(rest[1:], space)), nil
	}
	before := bytes.TrimRight(b[:m.key], space)
	if before[len(before)-1] == ',' {
		return slices.Concat(before[:len(before)-1], b[m.end:]), nil
	}
	return slices.Concat(b[:m.key], b[m.end:]), nil
}

// pure reports whether free text is a label and nothing else, so that it may go with the label.
func pure(text []byte) bool {
	text = bytes.TrimSpace(text)
	return bytes.HasPrefix(text, []byte("{")) && bytes.HasSuffix(text, []byte("}"))
}

package glb

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Extra returns a member of asset.extras that is not the label, as JSON.
func Extra(src media.Source, key string) (value []byte, ok bool, err error) {
	s, err := read(src)
	if err != nil {
		return nil, false, err
	}
	t, err := parse(s.json)
	if err != nil {
		return nil, false, err
	}
	if !t.extras.present || !t.extras.plain {
		return nil, false, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(s.json[t.extras.start:t.extras.end], &members); err != nil {
		return nil, false, media.Malformed("glTF JSON", jsonAt+int64(t.extras.start), "asset.extras is not well-formed")
	}
	value, ok = members[key]
	return value, ok, nil
}

// WithExtra plans the file that has one more member in asset.extras, which must have none of that key. Labels stay where
// they are.
func WithExtra(src media.Source, key string, value []byte) (*media.Edit, error) {
	s, err := read(src)
	if err != nil {
		return nil, err
	}
	t, err := parse(s.json)
	if err != nil {
		return nil, err
	}
	name, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	member := slices.Concat(name, []byte(":"), value)
	var at int
	switch {
	case !t.asset.plain:
		return nil, media.Malformed("glTF JSON", jsonAt, "the root has no object named asset")
	case !t.extras.present:
		at, _ = t.asset.room()
		member = slices.Concat([]byte(`"extras":{`), member, []byte("}"))
	case !t.extras.plain:
		return nil, media.Unsupported("glTF JSON", jsonAt+int64(t.asset.start), "asset.extras is not an object")
	default:
		at, _ = t.extras.room()
	}
	if s.json[at-1] != '{' {
		member = slices.Concat([]byte(","), member)
	}
	return s.replace(src, slices.Concat(s.json[:at], member, s.json[at:]))
}

// replace plans the file with another JSON chunk.
func (s *scene) replace(src media.Source, text []byte) (*media.Edit, error) {
	for len(text)%4 != 0 {
		text = append(text, ' ')
	}
	end := s.end + int64(len(text)) - s.chunk
	if end > math.MaxUint32 {
		return nil, media.NoRoom("glTF file", 0, math.MaxUint32)
	}
	if len(text) > maxJSON {
		return nil, media.NoRoom("glTF JSON chunk", headerSize, maxJSON)
	}
	return media.Splices(src,
		media.Splice{Offset: 8, Delete: 8, Insert: binary.LittleEndian.AppendUint32(
			binary.LittleEndian.AppendUint32(nil, uint32(end)), uint32(len(text)))},
		media.Splice{Offset: jsonAt, Delete: s.chunk, Insert: text})
}

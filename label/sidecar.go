package label

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// SidecarSuffix is appended to a file's name to name its sidecar.
const SidecarSuffix = ".aigc.json"

// sidecar is the label of a file that has no place for one, or whose signature must not be broken. It is bound to the
// file by its digest, so that a sidecar that went astray says so.
type sidecar struct {
	AIGC json.RawMessage `json:"AIGC"`
	File struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"file"`
}

const maxSidecar = 1 << 20

func encodeSidecar(src Source, value []byte) ([]byte, error) {
	var s sidecar
	s.AIGC = value
	s.File.Size = src.Size()
	digest, err := digestOf(src)
	if err != nil {
		return nil, err
	}
	s.File.SHA256 = digest
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func digestOf(src Source) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(src, 0, src.Size())); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// readSidecar adds the label of the sidecar to the report. One that is about another file is told and not counted.
func (r *Report) readSidecar(src Source, opts Options) error {
	if opts.Sidecar.Size() > maxSidecar {
		r.note(CodeKeyUnreadable, colophon.Warning, "", "place", string(media.PlaceSidecar))
		return nil
	}
	text, err := media.Bytes(opts.Sidecar, "sidecar", 0, opts.Sidecar.Size())
	if err != nil {
		return err
	}
	var s sidecar
	if json.Unmarshal(text, &s) != nil || len(s.AIGC) == 0 {
		s.AIGC = text
	}
	if s.File.SHA256 != "" {
		digest, err := digestOf(src)
		if err != nil {
			return err
		}
		if digest != s.File.SHA256 {
			level := colophon.Doubt
			if len(r.Marks) > 0 { // the file's own label answers for it
				level = colophon.Warning
			}
			r.note(CodeSidecarOther, level, "")
			return nil
		}
	}
	r.mark(media.Found{Place: media.PlaceSidecar, Offset: -1, Value: s.AIGC}, nil, opts)
	return nil
}

package evidence

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"

	"github.com/colophon-project/colophon"
)

// CodeExhibitsInvalid says that a file of exhibits is out of form. Args "line".
const CodeExhibitsInvalid colophon.Code = "exhibits-invalid"

// exhibitLine is one line of a file of exhibits. It is canonical JSON; the leaf is a string, so that its bytes
// are kept whatever program the file passes through.
type exhibitLine struct {
	Hashes []string `json:"hashes"`
	Index  uint64   `json:"index"`
	Leaf   string   `json:"leaf"`
}

// WriteExhibits writes exhibits as JSON lines, one for each record.
func WriteExhibits(w io.Writer, exhibits []Exhibit) error {
	out := bufio.NewWriter(w)
	for _, e := range exhibits {
		line := exhibitLine{Hashes: make([]string, len(e.Hashes)), Index: e.Index, Leaf: string(e.Leaf)}
		for i, h := range e.Hashes {
			line.Hashes[i] = base64.StdEncoding.EncodeToString(h[:])
		}
		text, err := Canonical(line)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// ReadExhibits reads what WriteExhibits wrote: at most [MaxSample] lines. Whether the exhibits are true is for
// [VerifySample] to say.
func ReadExhibits(r io.Reader) ([]Exhibit, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 6*MaxLeaf+maxHashes*64)
	var exhibits []Exhibit
	for lines.Scan() {
		e, err := parseExhibit(lines.Bytes())
		if err == nil && len(exhibits) == MaxSample {
			err = errors.New("more lines than a sample has")
		}
		if err != nil {
			return nil, exhibitsError(len(exhibits), err)
		}
		exhibits = append(exhibits, e)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, exhibitsError(len(exhibits), err)
	} else if err != nil {
		return nil, err
	}
	return exhibits, nil
}

func exhibitsError(before int, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeExhibitsInvalid, Args: colophon.Args{"line": indexName(uint64(before + 1))}, Err: err}
}

func parseExhibit(text []byte) (Exhibit, error) {
	var line exhibitLine
	if err := decodeStrict(text, &line); err != nil {
		return Exhibit{}, err
	}
	if len(line.Hashes) > maxHashes {
		return Exhibit{}, errors.New("too many hashes")
	}
	e := Exhibit{Index: line.Index, Leaf: []byte(line.Leaf)}
	for _, s := range line.Hashes {
		h, err := decodeHash(s)
		if err != nil {
			return Exhibit{}, err
		}
		e.Hashes = append(e.Hashes, h)
	}
	return e, nil
}

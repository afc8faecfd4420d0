package cli

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

// Codes of errors about a file of JSON that a command takes.
const (
	codeDocument      colophon.Code = "document-json"  // arg "file", arg "line"
	codeDocumentField colophon.Code = "document-field" // arg "file", arg "field"
)

// maxDocument is the longest file of JSON that a command takes, in bytes.
const maxDocument = 4 << 20

// readStrict reads a file of JSON, or the standard input where - names it. A field that nobody knows is a slip of the pen: passed
// over, it would change what a person decides.
func (s *session) readStrict(name string, into any) error {
	raw, err := s.readUpTo(name, maxDocument+1)
	if err != nil {
		return err
	}
	return strictly(name, raw, into)
}

func strictly(name string, raw []byte, into any) error {
	text := strings.NewReader(string(raw))
	dec := json.NewDecoder(text)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil && len(raw) <= maxDocument && strings.TrimSpace(string(raw[dec.InputOffset():])) == "" {
		return nil
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return documentField(name, kind.Field, err)
	}
	if err != nil {
		if _, field, unknown := strings.Cut(err.Error(), "unknown field "); unknown {
			return documentField(name, strings.Trim(field, `"`), err)
		}
	}
	at := dec.InputOffset()
	var form *json.SyntaxError
	if errors.As(err, &form) {
		at = form.Offset
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		at = int64(len(raw))
	}
	line := 1 + strings.Count(strings.TrimRight(string(raw[:min(at, int64(len(raw)))]), "\n"), "\n")
	return &colophon.Error{Kind: colophon.Invalid, Code: codeDocument, Args: colophon.Args{"file": name, "line": strconv.Itoa(line)}, Err: err}
}

func documentField(name, field string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: codeDocumentField, Args: colophon.Args{"file": name, "field": field}, Err: err}
}

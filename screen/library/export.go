package library

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
)

const (
	// fileFormat is the format of a file of features, and the first line of the note that signs it, so that the note can't
	// be taken for one of another kind: a checkpoint begins with the name of its signer.
	fileFormat = "colophon-feature-library/1"
	maxNote    = 64 << 10
)

// fileHead is the first line of a file of features. The others hold one feature each.
type fileHead struct {
	Format string `json:"format"`
	Note   string `json:"note,omitempty"` // signed note (C2SP signed-note) over format, version, count and digest
}

// File is what was read from a file of features.
type File struct {
	Features []Feature
	Version  Version // as the note says; zero where there is no note
	Signer   string  // name of the key that signed it
	// Verdict is Passed when one of the given keys signed exactly these features, and Unknown when no key was given or the
	// file has no note. A file that does not fit its note is an error.
	Verdict colophon.Verdict
}

// WriteJSON writes the features of a version as lines of JSON under a note that the signer signs. The features MUST be
// those of the version. Where signer is nil the file has no note.
func WriteJSON(w io.Writer, v Version, features []Feature, signer note.Signer) error {
	head := fileHead{Format: fileFormat}
	if signer != nil {
		var c content
		for i := range features {
			c.add(&features[i])
		}
		if c.sum() != v.Digest || len(features) != v.Count {
			return refuse(colophon.Internal, CodeDigest, nil, errors.New("the features are not those of the version"))
		}
		signed, err := note.Sign(&note.Note{Text: noteText(v)}, signer)
		if err != nil {
			return fmt.Errorf("signing a file of features: %w", err)
		}
		head.Note = string(signed)
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(head); err != nil {
		return err
	}
	for i := range features {
		if _, err := out.Write(features[i].line()); err != nil {
			return err
		}
	}
	return out.Flush()
}

// noteText is what is signed: format, number, count, digest.
func noteText(v Version) string {
	return fmt.Sprintf("%s\n%d\n%d\n%s\n", fileFormat, v.Number, v.Count, base64.StdEncoding.EncodeToString(v.Digest[:]))
}

// ReadJSON reads features from lines of JSON. Where keys are given, the file MUST be signed by one of them. Features that
// a note vouches for are taken as they are, without defaults.
func ReadJSON(r io.Reader, d Defaults, trusted ...note.Verifier) (File, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	var head fileHead
	if !in.Scan() || paper.Strict(bytes.TrimPrefix(in.Bytes(), []byte("\ufeff")), &head, maxLine) != nil || head.Format != fileFormat {
		return File{}, faulty(CodeLine, 1, in.Err())
	}
	var f File
	var err error
	if head.Note != "" {
		d = Defaults{}
		if f, err = openNote(head.Note, trusted); err != nil {
			return File{}, err
		}
	} else if len(trusted) > 0 {
		return File{}, refuse(colophon.Refused, CodeUnsigned, nil, nil)
	}
	var there Version
	if f.Features, there, err = readLines(in, 2, d); err != nil {
		return File{}, err
	}
	if head.Note != "" && (there.Digest != f.Version.Digest || there.Count != f.Version.Count) {
		return File{}, refuse(colophon.Invalid, CodeDigest, nil, nil)
	}
	return f, nil
}

// openNote reads what a note says and, where keys are given, whether one of them signed it.
func openNote(signed string, trusted []note.Verifier) (File, error) {
	wrong := func(err error) (File, error) { return File{}, refuse(colophon.Refused, CodeSignature, nil, err) }
	if len(signed) > maxNote {
		return wrong(errors.New("too long"))
	}
	var f File
	n, err := note.Open([]byte(signed), note.VerifierList(trusted...))
	var unverified *note.UnverifiedNoteError
	switch {
	case len(trusted) == 0 && errors.As(err, &unverified):
		n = unverified.Note
	case err != nil:
		return wrong(err)
	default:
		f.Verdict, f.Signer = colophon.Passed, n.Sigs[0].Name
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5 || lines[4] != "" || lines[0] != fileFormat {
		return wrong(errors.New("not a note about features"))
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[3])
	if err != nil || len(raw) != len(f.Version.Digest) {
		return wrong(errors.New("no digest"))
	}
	f.Version.Digest = Sum(raw)
	number, err1 := strconv.ParseInt(lines[1], 10, 64)
	count, err2 := strconv.Atoi(lines[2])
	f.Version.Number, f.Version.Count = number, count
	if err := errors.Join(err1, err2); err != nil || noteText(f.Version) != n.Text {
		return wrong(err)
	}
	return f, nil
}

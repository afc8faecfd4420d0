// Package signed writes documents such as receipts as signed notes (C2SP), and reads them again: a head that says what it is, and
// one line of canonical JSON. A document has one form and so one digest.
//
// What not to do here: never let a document that nobody trusted signed pass without its error.
package signed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Sign writes a document.
func Sign(signer note.Signer, head string, v any) ([]byte, error) {
	raw, err := evidence.Canonical(v)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: head + string(raw) + "\n"}, signer)
}

// Codes are the codes of what may be wrong with a document.
type Codes struct {
	Form      colophon.Code // it is not in its form
	Signature colophon.Code // no trusted key signed it
	NoKey     colophon.Code // no trusted key was given
}

// Open reads a document into v. Where no trusted key signed it, v is filled in as well and the error says so.
func (c Codes) Open(raw []byte, head string, v any, trusted ...note.Verifier) error {
	n, err := note.Open(raw, note.VerifierList(trusted...))
	var unverified *note.UnverifiedNoteError
	var forged *note.InvalidSignatureError
	var wrong error
	switch {
	case errors.As(err, &unverified):
		n, wrong = unverified.Note, &colophon.Error{Kind: colophon.Invalid, Code: c.Signature}
		if len(trusted) == 0 {
			wrong = &colophon.Error{Kind: colophon.Unsupported, Code: c.NoKey}
		}
	case errors.As(err, &forged):
		return &colophon.Error{Kind: colophon.Invalid, Code: c.Signature, Err: err}
	case err != nil:
		return c.misshapen(err)
	}
	for _, sig := range append(slices.Clone(n.Sigs), n.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return c.misshapen(err)
		}
	}
	body, ok := strings.CutPrefix(n.Text, head)
	body, ended := strings.CutSuffix(body, "\n")
	canonical, err := evidence.Canonicalise([]byte(body))
	if !ok || !ended || err != nil || string(canonical) != body {
		return c.misshapen(err)
	}
	dec := json.NewDecoder(bytes.NewReader(canonical)) // one value: what stands after it is not canonical
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return c.misshapen(err)
	}
	return wrong
}

func (c Codes) misshapen(err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: c.Form, Err: err}
}

// Package credential reads, judges and writes content credentials: manifests of the C2PA specification, version 2.2, which
// tell who says what about how content came to be.
//
// A manifest store is a row of manifests; the last is the active one. Each has assertions (what is said), a claim (the list
// of them, with their hashes), and a signature over the claim. One of the assertions binds the claim to the bytes of the
// file, and ingredients bind it to the manifests of what the file was made from. [Read] takes a store out of a file,
// [Store.Validate] judges it against that file, and [Signer] makes a new one.
//
// Judging keeps three questions apart. Is the content what was signed, and is everything in form (Report.Intact)? Does the
// signer's certificate lead to an anchor that the caller trusts (Report.Trusted)? When was it signed, and who vouches for
// the time? What could not be checked is told as such, with the specification's own codes beside it (package status). A
// store that is intact and not trusted says only that nobody has changed it since somebody signed it.
//
// Writing happens in one pass over the content: the file's plan has a hole of a known size, the hash is taken while the
// bytes go out, and the signed store fills the hole at the end. What an input's own store said is kept as an ingredient,
// byte for byte.
//
// What not to do here: never ask the network (a time-stamping authority is a function that the caller gives, and OCSP
// responses are stapled), never take a key as bytes, and never drop an input's manifest without saying so.
package credential

import (
	"errors"
	"strconv"

	"github.com/fxamacker/cbor/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/internal/media"
)

// Codes of errors.
const (
	CodeNone      colophon.Code = "credential-none"      // a file without a credential
	CodeMalformed colophon.Code = "credential-malformed" // arg "offset"
	CodeFormat    colophon.Code = "credential-format"    // arg "format"
	CodeSigner    colophon.Code = "credential-signer"    // key, chain and algorithm do not go together
	CodeStamp     colophon.Code = "credential-stamp"     // no time stamp was to be had
	CodeContent   colophon.Code = "credential-content"   // a manifest that may not be signed as it is
)

// ErrNone reports a file without a credential.
var ErrNone = errors.New("credential: none in the file")

// Limits of CBOR that is read.
const (
	maxNesting = 32
	maxItems   = 1 << 17
)

// decode reads CBOR of others: bounded, and with each key of a map once. encode is the one form that is written (RFC 8949,
// 4.2.1).
var (
	decode = reading()
	encode = writing()
)

func reading() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: maxNesting, MaxArrayElements: maxItems, MaxMapPairs: maxItems,
		TimeTag: cbor.DecTagIgnored, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}

func writing() cbor.EncMode {
	options := cbor.CoreDetEncOptions()
	options.NilContainers = cbor.NilContainerAsEmpty
	mode, err := options.EncMode()
	if err != nil {
		panic(err)
	}
	return mode
}

// Known reports whether files of a format have a place for a credential.
func Known(f media.Format) bool { return carrier.Known(f) && !carrier.InText(f) }

// InText reports whether a format is text without such a place. A credential stands there as characters that nobody sees,
// which many programs drop; it is read wherever it is, and written only when the draft says so.
func InText(f media.Format) bool { return carrier.InText(f) }

// explained turns an error about structure into one for people.
func explained(err error, f media.Format) error {
	var box *jumbf.Error
	var place *carrier.Error
	var known *colophon.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &box):
		return malformed(int64(box.Offset), err)
	case errors.As(err, &place):
		return malformed(place.Offset, err)
	case !carrier.Known(f):
		return &colophon.Error{Kind: colophon.Unsupported, Code: CodeFormat, Args: colophon.Args{"format": string(f)}, Err: err}
	case errors.As(err, &known):
		return known
	}
	return err
}

func malformed(offset int64, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeMalformed, Args: colophon.Args{"offset": strconv.FormatInt(offset, 10)}, Err: err}
}

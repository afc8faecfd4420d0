// Package status holds the status codes of the C2PA specification (2.2, clause 15.2.2) and the three lists that validation
// sorts them into.
//
// A code says what was found of one thing, which its URI names. Success and failure are verdicts; what is informational
// changes no verdict, which is also where everything stands that could not be told. The codes are the specification's own
// words, so that reports compare with those of any other validator.
//
// What not to do here: never make up a code, and never move one to another list than the specification has it in.
package status

// Code is a status code.
type Code string

// Codes of success.
const (
	SignatureValidated   Code = "claimSignature.validated"
	SignatureInside      Code = "claimSignature.insideValidity"
	CredentialTrusted    Code = "signingCredential.trusted"
	NotRevoked           Code = "signingCredential.ocsp.notRevoked"
	StampValidated       Code = "timeStamp.validated"
	StampTrusted         Code = "timeStamp.trusted"
	AssertionMatch       Code = "assertion.hashedURI.match"
	DataMatch            Code = "assertion.dataHash.match"
	BMFFMatch            Code = "assertion.bmffHash.match"
	BoxesMatch           Code = "assertion.boxesHash.match"
	IngredientValidated  Code = "ingredient.manifest.validated"
	IngredientSignatureV Code = "ingredient.claimSignature.validated"
)

// Codes that inform.
const (
	RevocationSkipped   Code = "signingCredential.ocsp.skipped"
	StampMismatch       Code = "timeStamp.mismatch"
	StampMalformed      Code = "timeStamp.malformed"
	StampOutside        Code = "timeStamp.outsideValidity"
	StampUntrusted      Code = "timeStamp.untrusted"
	UnknownProvenance   Code = "ingredient.unknownProvenance"
	DataMoreExclusions  Code = "assertion.dataHash.additionalExclusionsPresent"
	BMFFMoreExclusions  Code = "assertion.bmffHash.additionalExclusionsPresent"
	BoxesMoreExclusions Code = "assertion.boxesHash.additionalExclusionsPresent"
	Unreferenced        Code = "manifest.unreferenced"
)

// Codes of failure.
const (
	ClaimMissing             Code = "claim.missing"
	ClaimMultiple            Code = "claim.multiple"
	ClaimMalformed           Code = "claim.malformed"
	ClaimCBOR                Code = "claim.cbor.invalid"
	BindingMissing           Code = "claim.hardBindings.missing"
	BindingMultiple          Code = "assertion.multipleHardBindings"
	SignatureMissing         Code = "claimSignature.missing"
	SignatureMismatch        Code = "claimSignature.mismatch"
	SignatureOutside         Code = "claimSignature.outsideValidity"
	ManifestInaccessible     Code = "manifest.inaccessible"
	MultipleParents          Code = "manifest.multipleParents"
	UpdateInvalid            Code = "manifest.update.invalid"
	UpdateWrongParents       Code = "manifest.update.wrongParents"
	CompressedInvalid        Code = "manifest.compressed.invalid"
	CredentialUntrusted      Code = "signingCredential.untrusted"
	CredentialInvalid        Code = "signingCredential.invalid"
	CredentialExpired        Code = "signingCredential.expired"
	Revoked                  Code = "signingCredential.ocsp.revoked"
	RevocationUnknown        Code = "signingCredential.ocsp.unknown"
	AssertionMismatch        Code = "assertion.hashedURI.mismatch"
	AssertionMissing         Code = "assertion.missing"
	AssertionUndeclared      Code = "assertion.undeclared"
	AssertionOutside         Code = "assertion.outsideManifest"
	AssertionNotRedacted     Code = "assertion.notRedacted"
	AssertionSelfRedacted    Code = "assertion.selfRedacted"
	AssertionJSON            Code = "assertion.json.invalid"
	AssertionCBOR            Code = "assertion.cbor.invalid"
	ActionMalformed          Code = "assertion.action.malformed"
	ActionIngredientMismatch Code = "assertion.action.ingredientMismatch"
	ActionRedactionMismatch  Code = "assertion.action.redactionMismatch"
	ActionRedacted           Code = "assertion.action.redacted"
	DataMismatch             Code = "assertion.dataHash.mismatch"
	DataMalformed            Code = "assertion.dataHash.malformed"
	DataRedacted             Code = "assertion.dataHash.redacted"
	BMFFMismatch             Code = "assertion.bmffHash.mismatch"
	BMFFMalformed            Code = "assertion.bmffHash.malformed"
	BoxesMismatch            Code = "assertion.boxesHash.mismatch"
	BoxesUnknown             Code = "assertion.boxesHash.unknownBox"
	BoxesMalformed           Code = "assertion.boxesHash.malformed"
	IngredientMalformed      Code = "assertion.ingredient.malformed"
	IngredientMissing        Code = "ingredient.manifest.missing"
	IngredientMismatch       Code = "ingredient.manifest.mismatch"
	IngredientSignatureMiss  Code = "ingredient.claimSignature.missing"
	IngredientSignatureBad   Code = "ingredient.claimSignature.mismatch"
	AlgorithmUnsupported     Code = "algorithm.unsupported"
	GeneralError             Code = "general.error"
)

// Kind is a list that a code stands in.
type Kind int

// Kinds. The zero value informs, so that a code which is not known can't look like a success.
const (
	Informational Kind = iota
	Success
	Failure
)

// KindOf returns the list of a code, also of one that stands without its kind in another's report. What is not known as a
// success or as informational is a failure, as the specification asks.
func KindOf(c Code) Kind {
	switch c {
	case SignatureValidated, SignatureInside, CredentialTrusted, NotRevoked, StampValidated, StampTrusted, AssertionMatch, DataMatch,
		BMFFMatch, BoxesMatch, IngredientValidated, IngredientSignatureV, "assertion.accessible", "assertion.collectionHash.match",
		"timeOfSigning.insideValidity":
		return Success
	case RevocationSkipped, "signingCredential.ocsp.inaccessible", StampMismatch, StampMalformed, StampOutside, StampUntrusted,
		UnknownProvenance, DataMoreExclusions, BMFFMoreExclusions, BoxesMoreExclusions, Unreferenced, "manifest.unknownProvenance",
		"algorithm.deprecated", "timeOfSigning.outsideValidity":
		return Informational
	}
	return Failure
}

// Entry is one thing that validation found.
type Entry struct {
	Code Code   `cbor:"code" json:"code"`
	URI  string `cbor:"url,omitempty" json:"url,omitempty"`
	Note string `cbor:"explanation,omitempty" json:"explanation,omitempty"`
}

// List is what was found of one manifest.
type List struct {
	Success       []Entry `cbor:"success" json:"success"`
	Informational []Entry `cbor:"informational" json:"informational"`
	Failure       []Entry `cbor:"failure" json:"failure"`
}

// Add puts an entry into the list that its code belongs to.
func (l *List) Add(e Entry) {
	switch KindOf(e.Code) {
	case Success:
		l.Success = append(l.Success, e)
	case Failure:
		l.Failure = append(l.Failure, e)
	default:
		l.Informational = append(l.Informational, e)
	}
}

// Has reports whether a code is among the entries.
func (l *List) Has(c Code) bool {
	for _, list := range [...][]Entry{l.Success, l.Informational, l.Failure} {
		for _, e := range list {
			if e.Code == c {
				return true
			}
		}
	}
	return false
}

// All returns the entries of the three lists.
func (l *List) All() []Entry {
	all := make([]Entry, 0, len(l.Success)+len(l.Informational)+len(l.Failure))
	return append(append(append(all, l.Success...), l.Informational...), l.Failure...)
}

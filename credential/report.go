package credential

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/status"
)

// Options are what validation is told.
type Options struct {
	Trust *Trust    // nil for nobody
	Now   time.Time // when validation happens
}

// State is the specification's word for what validation came to (C2PA 2.2, 14.3).
type State string

// States.
const (
	Invalid State = "Invalid" // something was changed, or is out of form
	Valid   State = "Valid"   // intact, by a signer that is not on a list of ours
	Trusted State = "Trusted" // intact, by a signer that is
)

// Report is what validation found.
type Report struct {
	Label       string      // of the active manifest
	Active      status.List // what was found of it, and of the file
	Ingredients []Delta     // what was found of ingredients and is not on record in the manifest that took them in

	// Intact says whether the content is what was signed and everything is in form. It is unknown where a part can't be
	// checked here.
	Intact colophon.Verdict
	// Trusted says whether the signer leads to an anchor of the caller's. It is unknown where there are no anchors.
	Trusted colophon.Verdict

	Signer Signature // of the active manifest
}

// Delta is what was found of one ingredient.
type Delta struct {
	URI string // of the assertion that names it
	status.List
}

// Signature is who signed, and when.
type Signature struct {
	Subject, Issuer, Serial string // as the certificate says
	Organization            string
	Algorithm               string
	Fingerprint             string           // SHA-256 of the certificate, in hexadecimal
	Time                    time.Time        // by the time stamp; zero for none that counts
	Authority               string           // the common name of who made the time stamp
	Stamped                 colophon.Verdict // whether that authority is trusted
}

// State returns the specification's word.
func (r *Report) State() State {
	switch {
	case r.Intact != colophon.Passed:
		return Invalid
	case r.Trusted == colophon.Passed && len(r.failures()) == 0:
		return Trusted
	}
	return Valid
}

// failures returns all failures, those of ingredients included.
func (r *Report) failures() []status.Entry {
	all := append([]status.Entry(nil), r.Active.Failure...)
	for _, d := range r.Ingredients {
		all = append(all, d.Failure...)
	}
	return all
}

// judge draws the two verdicts from the lists.
func (r *Report) judge() {
	r.Intact = colophon.Passed
	if !r.Active.Has(status.SignatureValidated) || !r.Active.Has(status.SignatureInside) {
		r.Intact = colophon.Unknown
	}
	for _, e := range r.failures() {
		switch e.Code {
		case status.CredentialUntrusted:
		case status.GeneralError, status.AlgorithmUnsupported, status.CompressedInvalid:
			if r.Intact == colophon.Passed {
				r.Intact = colophon.Unknown
			}
		default:
			r.Intact = colophon.Failed
		}
	}
	if r.Intact == colophon.Failed {
		r.Trusted = colophon.Failed
	}
}

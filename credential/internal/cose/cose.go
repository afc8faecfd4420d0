// Package cose reads and makes the signature of a claim: COSE_Sign1 (RFC 9052) with the claim as a detached payload, the
// certificates in its header, and time stamps and OCSP responses beside it (C2PA 2.2, clauses 13.2 and 14.2).
//
// A payload that stands in the message all the same has to be the claim's bytes: a verifier that took it as it came would
// accept a signature over something else.
//
// What not to do here: never choose a key by anything that is not signed or part of the chain that is judged.
package cose

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// Headers that C2PA knows by name.
const (
	headerStampOld = "sigTst"  // over the claim, in claims of version 1
	headerStamp    = "sigTst2" // over the signature
	headerStaple   = "rVals"
	headerPad      = "pad"
	headerChainOld = "x5chain"
)

// ErrPayload reports a payload other than the claim.
var ErrPayload = errors.New("cose: the payload is not the claim")

// ErrAlgorithm reports an algorithm that is not allowed.
var ErrAlgorithm = errors.New("cose: an algorithm that is not allowed")

// Algorithm is how a claim is signed.
type Algorithm = cose.Algorithm

// Message is the signature of a claim.
type Message struct {
	Chain  [][]byte // certificates in DER, the signer first
	Stamp  []byte   // a time stamp, as it stands; nil for none
	Old    bool     // the time stamp is over the claim and not over the signature
	Many   bool     // there is more than one time stamp, which is not allowed
	Staple [][]byte // OCSP responses

	message   cose.Sign1Message
	protected []byte // as it is signed
}

// stamps is the header of time stamps.
type stamps struct {
	Tokens []stamp `cbor:"tstTokens"`
}

type stamp struct {
	Val []byte `cbor:"val"`
}

// staples is the header of revocation values.
type staples struct {
	OCSP [][]byte `cbor:"ocspVals,omitempty"`
}

// Parse reads a message.
func Parse(raw []byte) (*Message, error) {
	m := &Message{}
	if err := m.message.UnmarshalCBOR(raw); err != nil {
		return nil, err
	}
	if err := cbor.Unmarshal(m.message.Headers.RawProtected, &m.protected); err != nil {
		return nil, err
	}
	h := m.message.Headers
	for _, v := range [...]any{h.Protected[cose.HeaderLabelX5Chain], h.Protected[headerChainOld], h.Unprotected[cose.HeaderLabelX5Chain], h.Unprotected[headerChainOld]} {
		if v != nil {
			m.Chain = chainOf(v)
			break
		}
	}
	if len(m.Chain) == 0 {
		return nil, errors.New("cose: no certificate")
	}
	var tokens stamps
	if v, ok := h.Unprotected[headerStamp]; ok {
		tokens = reread[stamps](v)
	} else if v, ok := h.Unprotected[headerStampOld]; ok {
		tokens, m.Old = reread[stamps](v), true
	}
	if len(tokens.Tokens) > 0 {
		m.Stamp, m.Many = tokens.Tokens[0].Val, len(tokens.Tokens) > 1
	}
	if v, ok := h.Unprotected[headerStaple]; ok {
		m.Staple = reread[staples](v).OCSP
	}
	return m, nil
}

// chainOf reads a chain: one certificate, or an array (RFC 9360, 2).
func chainOf(v any) [][]byte {
	switch v := v.(type) {
	case []byte:
		return [][]byte{v}
	case [][]byte:
		return v
	case []any:
		var chain [][]byte
		for _, c := range v {
			b, ok := c.([]byte)
			if !ok {
				return nil
			}
			chain = append(chain, b)
		}
		return chain
	}
	return nil
}

// reread turns what was read as anything into a type; what has another form is empty.
func reread[T any](v any) T {
	var out, none T
	b, err := cbor.Marshal(v)
	if err != nil || cbor.Unmarshal(b, &out) != nil {
		return none
	}
	return out
}

// Algorithm returns how the claim is signed, and false where that is not allowed (C2PA 2.2, 13.2.1).
func (m *Message) Algorithm() (Algorithm, bool) {
	a, err := m.message.Headers.Protected.Algorithm()
	return a, err == nil && Allowed(a)
}

// Allowed reports whether claims may be signed with an algorithm.
func Allowed(a Algorithm) bool {
	switch a {
	case cose.AlgorithmES256, cose.AlgorithmES384, cose.AlgorithmES512, cose.AlgorithmPS256, cose.AlgorithmPS384, cose.AlgorithmPS512, cose.AlgorithmEdDSA:
		return true
	}
	return false
}

// Verify checks the signature over a claim with the signer's key.
func (m *Message) Verify(claim []byte, key crypto.PublicKey) error {
	a, ok := m.Algorithm()
	if !ok {
		return ErrAlgorithm
	}
	if m.message.Payload != nil && !bytes.Equal(m.message.Payload, claim) {
		return ErrPayload
	}
	verifier, err := cose.NewVerifier(a, key)
	if err != nil {
		return err
	}
	detached := m.message
	detached.Payload = claim
	return detached.Verify(nil, verifier)
}

// Bytes returns the signature itself.
func (m *Message) Bytes() []byte { return m.message.Signature }

// Stamped returns what the time stamp is about.
func (m *Message) Stamped(claim []byte) []byte {
	if m.Old {
		return countersigned(m.protected, claim)
	}
	signature, err := cbor.Marshal(m.message.Signature)
	if err != nil {
		return nil
	}
	return countersigned(m.protected, signature)
}

// countersigned is what a time stamp is over: a Sig_structure as for a counter signature (C2PA 2.2, 10.3.2.5).
func countersigned(protected, payload []byte) []byte {
	b, err := cbor.Marshal([]any{"CounterSignature", protected, []byte{}, payload})
	if err != nil {
		return nil
	}
	return b
}

// Sign is what a signature needs.
type Sign struct {
	Key       crypto.Signer
	Algorithm Algorithm
	Chain     [][]byte
	Staple    [][]byte
	// Stamp asks for a time stamp over a message. It is nil for none.
	Stamp func(message []byte) ([]byte, error)
	Rand  io.Reader
}

// Make signs a claim into exactly size bytes.
func (s *Sign) Make(claim []byte, size int) ([]byte, error) {
	signer, err := cose.NewSigner(s.Algorithm, s.Key)
	if err != nil {
		return nil, err
	}
	m := cose.NewSign1Message()
	m.Headers.Protected.SetAlgorithm(s.Algorithm)
	m.Headers.Protected[cose.HeaderLabelX5Chain] = chainValue(s.Chain)
	m.Payload = claim
	if err := m.Sign(s.Rand, nil, signer); err != nil {
		return nil, err
	}
	if s.Stamp != nil {
		raw, err := m.Headers.MarshalProtected()
		if err != nil {
			return nil, err
		}
		var protected []byte
		if err := cbor.Unmarshal(raw, &protected); err != nil {
			return nil, err
		}
		signature, err := cbor.Marshal(m.Signature)
		if err != nil {
			return nil, err
		}
		token, err := s.Stamp(countersigned(protected, signature))
		if err != nil {
			return nil, err
		}
		m.Headers.Unprotected[headerStamp] = stamps{[]stamp{{token}}}
	}
	if len(s.Staple) > 0 {
		m.Headers.Unprotected[headerStaple] = staples{s.Staple}
	}
	m.Payload = nil
	return pad(m, size)
}

func chainValue(chain [][]byte) any {
	if len(chain) == 1 {
		return chain[0]
	}
	list := make([]any, len(chain))
	for i, c := range chain {
		list[i] = c
	}
	return list
}

// pad gives a message a size by the header pad.
func pad(m *cose.Sign1Message, size int) ([]byte, error) {
	m.Headers.Unprotected[headerPad] = []byte{}
	b, err := m.MarshalCBOR()
	if err != nil {
		return nil, err
	}
	// The length of a string is told in as many bytes as it needs; a padding too long by those is shortened once.
	missing := size - len(b)
	for extra := range 5 {
		if missing-extra < 0 {
			break
		}
		m.Headers.Unprotected[headerPad] = make([]byte, missing-extra)
		if b, err = m.MarshalCBOR(); err != nil || len(b) == size {
			return b, err
		}
	}
	return nil, fmt.Errorf("cose: a signature of %d bytes does not fit into %d", len(b), size)
}

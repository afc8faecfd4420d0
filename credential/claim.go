package credential

import (
	"errors"

	"github.com/fxamacker/cbor/v2"
)

// Link is the address of a box in the store with the hash of its content (C2PA 2.2, 8.3).
type Link struct {
	URL  string `cbor:"url"`
	Alg  string `cbor:"alg,omitempty"` // empty: what stands above
	Hash []byte `cbor:"hash"`
}

// Generator names the program that made a claim.
type Generator struct {
	Name    string `cbor:"name"`
	Version string `cbor:"version,omitempty"`
}

// Claim is the list of what a manifest says (C2PA 2.2, 10.2). Fields that are not known here are in Raw.
type Claim struct {
	Raw        []byte // as it is signed
	Version    int    // 1 or 2
	Alg        string // of hashes, where none is named
	InstanceID string
	Title      string
	Format     string // media type; of version 1
	Generator  Generator
	Created    []Link // assertions of the signer; of version 1, all of them
	Gathered   []Link // assertions that it passes on
	Redacted   []string
	Signature  string
}

// Links returns all assertions of the claim.
func (c *Claim) Links() []Link { return append(append([]Link(nil), c.Created...), c.Gathered...) }

// claim2 is a claim of version 2 as it is written.
type claim2 struct {
	Alg        string    `cbor:"alg,omitempty"`
	InstanceID string    `cbor:"instanceID"`
	Generator  Generator `cbor:"claim_generator_info"`
	Signature  string    `cbor:"signature"`
	Created    []Link    `cbor:"created_assertions"`
	Gathered   []Link    `cbor:"gathered_assertions,omitempty"`
	Title      string    `cbor:"dc:title,omitempty"`
	Redacted   []string  `cbor:"redacted_assertions,omitempty"`
}

// claim1 is a claim of version 1 as it is read.
type claim1 struct {
	Alg        string          `cbor:"alg"`
	InstanceID string          `cbor:"instanceID"`
	Name       string          `cbor:"claim_generator"`
	Info       cbor.RawMessage `cbor:"claim_generator_info"`
	Signature  string          `cbor:"signature"`
	Assertions []Link          `cbor:"assertions"`
	Title      string          `cbor:"dc:title"`
	Format     string          `cbor:"dc:format"`
	Redacted   []string        `cbor:"redacted_assertions"`
}

// parseClaim reads a claim of either version.
func parseClaim(raw []byte, label string) (*Claim, error) {
	c := &Claim{Raw: raw, Version: 1}
	if label == labelClaim2 {
		c.Version = 2
		var v claim2
		if err := decode.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		var id struct {
			ID *string `cbor:"instanceID"`
		}
		if decode.Unmarshal(raw, &id) != nil || id.ID == nil || v.Signature == "" || len(v.Created)+len(v.Gathered) == 0 {
			return nil, errors.New("credential: a required field of the claim is missing")
		}
		c.Alg, c.InstanceID, c.Generator, c.Signature, c.Created, c.Gathered, c.Title, c.Redacted =
			v.Alg, v.InstanceID, v.Generator, v.Signature, v.Created, v.Gathered, v.Title, v.Redacted
	} else {
		var v claim1
		if err := decode.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		if v.Signature == "" || len(v.Assertions) == 0 {
			return nil, errors.New("credential: a required field of the claim is missing")
		}
		c.Alg, c.InstanceID, c.Signature, c.Created, c.Title, c.Format, c.Redacted = v.Alg, v.InstanceID, v.Signature, v.Assertions, v.Title, v.Format, v.Redacted
		c.Generator.Name = v.Name
		var infos []Generator
		if v.Info != nil && decode.Unmarshal(v.Info, &infos) == nil && len(infos) > 0 {
			c.Generator = infos[0]
		}
	}
	if c.Alg == "" {
		c.Alg = SHA256
	}
	return c, nil
}

package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
)

// commitmentDomain keeps a commitment from being taken for a hash of another kind.
const commitmentDomain = "colophon/evidence/commitment/v1\x00"

// Record is the proof of one act. A [Recorder] makes it; the store gives it its sequence when it commits.
type Record struct {
	ID         string // UUIDv7, lower case
	Type       Type
	Sequence   uint64 // 0 until the store committed the record; then 1, 2, 3 and so on without a gap
	Subject    Subject
	Clauses    []colophon.Clause
	At         int64 // milliseconds since 1970, UTC
	Role       Role
	Commitment [32]byte // see [Opening.Commitment]

	Class  Class  // how long it is kept; not in the leaf
	Sealed Sealed // payload and salt; not in the leaf
}

// Held is a record as a store holds it.
type Held struct {
	Record
	Index   int64            // place in the log; -1 while the record waits for one
	Payload colophon.Verdict // whether the sealed payload opens and fits the commitment; Unknown when it was erased or not looked at
	Reason  colophon.Code    // why Payload is not Passed
	// Broken says that the row is out of form, so that the fields above are what could be read of it.
	Broken bool
}

// Placement says at which index of the log a record stands.
type Placement struct {
	Sequence uint64
	Index    uint64
}

// Opening is what the commitment of a record commits to. To hand it out is to disclose the payload.
type Opening struct {
	Salt    [32]byte
	Payload []byte // canonical JSON
}

// Commitment is SHA-256 over a domain, the salt and the payload.
func (o Opening) Commitment() [32]byte {
	h := sha256.New()
	h.Write([]byte(commitmentDomain))
	h.Write(o.Salt[:])
	h.Write(o.Payload)
	return [32]byte(h.Sum(nil))
}

// Time is when the act happened, in UTC.
func (r *Record) Time() time.Time { return time.UnixMilli(r.At).UTC() }

// leaf is the form of a leaf.
type leaf struct {
	At         int64             `json:"at"`
	Clauses    []colophon.Clause `json:"clauses"`
	Commitment string            `json:"commitment"`
	ID         string            `json:"id"`
	Role       Role              `json:"role"`
	Seq        uint64            `json:"seq"`
	Subject    Subject           `json:"subject"`
	Type       Type              `json:"type"`
	V          int               `json:"v"`
}

// Leaf returns the bytes of the record that go into the log: canonical JSON of at most [MaxLeaf] bytes. The record MUST
// have its sequence. Every field was checked when the record was made, so a leaf is written without escapes.
func (r *Record) Leaf() ([]byte, error) {
	if field := r.check(); field != "" {
		return nil, invalid(CodeRecordInvalid, field, nil)
	}
	if r.Sequence == 0 {
		return nil, invalid(CodeRecordInvalid, "seq", nil)
	}
	b := make([]byte, 0, 384)
	b = append(b, `{"at":`...)
	b = strconv.AppendInt(b, r.At, 10)
	b = append(b, `,"clauses":[`...)
	for i, c := range r.Clauses {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), c...), '"')
	}
	b = append(b, `],"commitment":"`...)
	b = hex.AppendEncode(b, r.Commitment[:])
	b = append(append(b, `","id":"`...), r.ID...)
	b = append(append(b, `","role":"`...), r.Role...)
	b = strconv.AppendUint(append(b, `","seq":`...), r.Sequence, 10)
	b = append(append(b, `,"subject":"`...), r.Subject...)
	b = append(append(b, `","type":"`...), r.Type...)
	b = append(b, `","v":1}`...)
	if len(b) > MaxLeaf {
		return nil, invalid(CodeRecordInvalid, "clauses", nil)
	}
	return b, nil
}

// ParseLeaf reads a leaf back. It accepts exactly what Leaf writes.
func ParseLeaf(raw []byte) (Record, error) {
	if len(raw) > MaxLeaf {
		return Record{}, invalid(CodeLeafInvalid, "length", nil)
	}
	var l leaf
	if err := decodeStrict(raw, &l); err != nil {
		return Record{}, invalid(CodeLeafInvalid, "json", err)
	}
	r := Record{ID: l.ID, Type: l.Type, Sequence: l.Seq, Subject: l.Subject, Clauses: l.Clauses, At: l.At, Role: l.Role}
	commitment, err := hex.DecodeString(l.Commitment)
	if err != nil || len(commitment) != len(r.Commitment) {
		return Record{}, invalid(CodeLeafInvalid, "commitment", err)
	}
	r.Commitment = [32]byte(commitment)
	if l.V != 1 {
		return Record{}, invalid(CodeLeafInvalid, "v", nil)
	}
	if field := r.check(); field != "" {
		return Record{}, invalid(CodeLeafInvalid, field, nil)
	}
	again, err := r.Leaf()
	if err != nil {
		return Record{}, invalid(CodeLeafInvalid, "json", err)
	}
	if !bytes.Equal(again, raw) {
		return Record{}, invalid(CodeLeafInvalid, "json", errors.New("written otherwise than a leaf is"))
	}
	return r, nil
}

// Check reports the first field of a record that is out of form.
func (r *Record) Check() error {
	if field := r.check(); field != "" {
		return invalid(CodeRecordInvalid, field, nil)
	}
	return nil
}

func canonicalID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.Version() == 7 && id.String() == s
}

package copies

import (
	"encoding/hex"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/signed"
)

// Schema is that of receipts.
const Schema = "colophon.copy-receipt/1"

const (
	receiptHead = "colophon receipt of a copy without notice\n"
	// MaxReceipt is the longest receipt, in bytes.
	MaxReceipt = 64 << 10
)

// Receipt says what was handed to whom, when, by which agreement and under which duty. It is a signed note (C2SP) that
// anybody checks who has the key.
type Receipt struct {
	Schema    string            `json:"schema"`
	Receipt   string            `json:"receipt"`
	Provider  string            `json:"provider"`
	Account   evidence.Subject  `json:"account"` // pseudonym
	Issued    time.Time         `json:"issued"`
	Until     time.Time         `json:"until"` // until then at least the log is kept
	Content   artefact.Number   `json:"content"`
	Number    artefact.Number   `json:"number"` // of the copy, which stands in its implicit label
	SHA256    string            `json:"sha256"`
	Size      int64             `json:"size"`
	Type      string            `json:"type"`
	Likeness  string            `json:"likeness,omitempty"` // hexadecimal
	Agreement string            `json:"agreement"`
	Duty      Duty              `json:"duty"`
	Purpose   colophon.Code     `json:"purpose"`
	Recipient colophon.Code     `json:"recipient"`
	Decided   string            `json:"decided"` // "rule" or "person"
	Clauses   []colophon.Clause `json:"clauses"`
}

func (k *Keeper) sign(c Copy, s Particulars, h Handing, m Made) ([]byte, error) {
	decided := "person"
	if c.Decision != nil && c.Decision.Rule != "" {
		decided = "rule"
	}
	return signed.Sign(k.Signer, receiptHead, Receipt{Schema, c.ID, k.Provider, c.Subject, h.At, h.Until, c.Number, h.Number, m.SHA256, h.Size, h.Type, hex.EncodeToString(m.Likeness),
		c.Agreement, s.Duty, c.Purpose, c.Recipient, decided, []colophon.Clause{colophon.ClauseLM9, colophon.ClauseLM10}})
}

// OpenReceipt reads a receipt that one of the trusted keys signed. Where none did, the receipt comes with the error.
func OpenReceipt(raw []byte, trusted ...note.Verifier) (Receipt, error) {
	var r Receipt
	if len(raw) > MaxReceipt {
		return r, misread()
	}
	err := signed.Codes{Form: CodeReceipt, Signature: CodeSignature, NoKey: CodeNoKey}.Open(raw, receiptHead, &r, trusted...)
	if r.Schema != Schema && (err == nil || r.Schema != "") {
		return Receipt{}, misread()
	}
	return r, err
}

func misread() error { return &colophon.Error{Kind: colophon.Invalid, Code: CodeReceipt} }

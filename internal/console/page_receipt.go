package console

import (
	"context"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Receipts let a person come back to a consent. A *consent.Ledger does.
type Receipts interface {
	ByCode(ctx context.Context, code string) (consent.Entry, error)
	Withdraw(ctx context.Context, by ledger.By, id string, reason colophon.Code) (consent.Entry, error)
	Dispute(ctx context.Context, by ledger.By, id, note string) (consent.Entry, error)
	Receipt(ctx context.Context, by ledger.By, id string) ([]byte, error)
}

type receiptPage struct {
	Code    string
	Consent *consent.Entry
}

func showReceipt(v *visit) error { return v.show("receipt", receiptPage{}) }

// receipt finds the consent of the code in the form, and counts the try: nobody goes through codes.
func (v *visit) receipt() (consent.Entry, error) {
	if v.Receipts == nil {
		return consent.Entry{}, missing()
	}
	if err := v.Roster.Guess(v.r.Context(), v.attempt()); err != nil {
		return consent.Entry{}, err
	}
	return v.Receipts.ByCode(v.r.Context(), v.sent("code"))
}

// showReceipt shows a consent to whoever has its code. The code stands in the forms of the page, and in no address.
func (v *visit) showReceipt(e consent.Entry, err error) error {
	if err != nil {
		return err
	}
	return v.show("receipt", receiptPage{v.sent("code"), &e})
}

func lookUpReceipt(v *visit) error { return v.showReceipt(v.receipt()) }

// withdraw ends a consent by one button, as it was given by one.
func withdraw(v *visit) error {
	e, err := v.receipt()
	if err != nil {
		return err
	}
	return v.showReceipt(v.Receipts.Withdraw(v.r.Context(), subject(), e.ID, ""))
}

// dispute freezes a consent at once.
func dispute(v *visit) error {
	e, err := v.receipt()
	if err != nil {
		return err
	}
	return v.showReceipt(v.Receipts.Dispute(v.r.Context(), subject(), e.ID, v.sent("note")))
}

// downloadReceipt hands out the signed receipt as it is now.
func downloadReceipt(v *visit) error {
	e, err := v.receipt()
	if err != nil {
		return err
	}
	signed, err := v.Receipts.Receipt(v.r.Context(), subject(), e.ID)
	if err != nil {
		return err
	}
	return v.hand("text/plain; charset=utf-8", "consent-receipt.txt", signed)
}

// deletionState is the state of a step of a deletion as people are told it: a step that has left something behind, or could do
// nothing, is not simply done.
func deletionState(step, state string, left []colophon.Code) string {
	behind := map[string]colophon.Code{consent.StepReferences: consent.ResidueReferences, consent.StepDerived: consent.ResidueDerived, consent.StepNotify: consent.ResidueUndelivered}[step]
	if state == string(consent.StepDone) && behind != "" && slices.Contains(left, behind) {
		return "left"
	}
	return state
}

// downloadCertificate hands out the signed certificate of deletion, once there is one.
func downloadCertificate(v *visit) error {
	e, err := v.receipt()
	if err != nil {
		return err
	}
	if e.Value.Cascade == nil || e.Value.Cascade.Certificate == "" {
		return missing()
	}
	return v.hand("text/plain; charset=utf-8", "deletion-certificate.txt", []byte(e.Value.Cascade.Certificate))
}

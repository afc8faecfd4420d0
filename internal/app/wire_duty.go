package app

import (
	"bytes"
	"context"
	"io"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/store/ledgers"
)

// openDuties opens the catalogue of duties, what was seen of them, and the provider's own rules.
func (s *Server) openDuties(context.Context) error {
	china, err := duty.China()
	if err != nil {
		return err
	}
	catalogue, err := duty.NewCatalogue(china)
	if err != nil {
		return err
	}
	s.rulebook = policy.New(ledgers.Of[policy.Version](s.store, policy.Ledger), s.recorder)
	s.duties, err = duty.New(duty.Config{Catalogue: catalogue, Recorder: s.recorder, Vault: vault{s.blobs},
		Observations: ledgers.Of[duty.Observation](s.store, duty.LedgerObservations), Facts: ledgers.Of[duty.Statement](s.store, duty.LedgerFacts),
		Waivers: ledgers.Of[duty.Waiver](s.store, duty.LedgerWaivers), States: ledgers.Of[duty.Change](s.store, duty.LedgerStates)})
	return err
}

// vault keeps what shows an observation with the other blobs.
type vault struct{ blobs *blob.Store }

// Keep implements duty.Vault.
func (v vault) Keep(ctx context.Context, raw []byte) (string, error) {
	d, _, err := v.blobs.Put(ctx, bytes.NewReader(raw))
	return blob.FormatDigest(d), err
}

// Read implements duty.Vault. What is damaged counts as gone.
func (v vault) Read(ctx context.Context, digest string) ([]byte, error) {
	d, err := blob.ParseDigest(digest)
	if err != nil {
		return nil, err
	}
	r, err := v.blobs.Get(ctx, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, duty.MaxArtefact+1))
	if isCode(err, blob.CodeDamaged) {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: blob.CodeDamaged, Args: colophon.Args{"digest": digest}, Err: err}
	}
	return raw, err
}

package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
)

// MaterialLedger is the name of the ledger of app stores.
const MaterialLedger = "app-materials"

// Codes of what became of an app's label materials.
const (
	MaterialsGood     colophon.Code = "intake-materials-good"
	MaterialsNone     colophon.Code = "intake-materials-none"     // it offers generation and shows no file
	MaterialsBroken   colophon.Code = "intake-materials-broken"   // a file has no label, or one that breaks a rule
	MaterialsUnclear  colophon.Code = "intake-materials-unclear"  // a person must look: the notice, or the file, could not be told
	MaterialsNotAsked colophon.Code = "intake-materials-offers"   // it says that it offers none, so there is nothing to hold against the rules
	MaterialsContrary colophon.Code = "intake-materials-contrary" // it says that it offers none, and a file bears a mark
)

// maxMaterials is how many files an app may show.
const maxMaterials = 100

// Statement is what the provider of an app says when it is to be listed (Labelling Measures Art. 7).
type Statement struct {
	App    string `json:"app"`    // the store's identifier of the app
	Offers bool   `json:"offers"` // whether it offers generation
}

// Material is one file that the app made, as it was read.
type Material struct {
	Digest string           `json:"digest"`
	Format media.Format     `json:"format"`
	Label  label.Conformity `json:"-"`
	Labels string           `json:"label"`
	Notice Outcome          `json:"notice"`
}

// Materials is the check of an app's materials.
type Materials struct {
	Statement
	Verdict   string        `json:"verdict"`
	Code      colophon.Code `json:"code"`
	Materials []Material    `json:"materials,omitempty"`
}

// MaterialEntry is a check. Its state is its verdict.
type MaterialEntry = ledger.Entry[Materials]

// AppStore checks apps for an app store: whether their label materials keep the rules. It is safe for use by many goroutines.
type AppStore struct {
	Book    ledger.Book[Materials]
	Notices Detector // of notices
	Spool   func() (production.Temporary, error)
	MaxSize int64
}

// Check reads the files that an app made and records the answer. Next returns the name and the content of one file after
// the other, and io.EOF after the last.
func (s *AppStore) Check(ctx context.Context, by production.By, st Statement, next func() (string, io.Reader, error)) (MaterialEntry, error) {
	if st.App == "" || len(st.App) > 128 {
		return MaterialEntry{}, invalid("app")
	}
	m := Materials{Statement: st}
	for {
		name, body, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && len(m.Materials) == maxMaterials {
			err = invalid("files")
		}
		if err != nil {
			return MaterialEntry{}, err
		}
		one, err := s.look(ctx, name, body)
		if err != nil {
			return MaterialEntry{}, err
		}
		m.Materials = append(m.Materials, one)
	}
	verdict, code := m.judge()
	m.Verdict, m.Code = verdict.String(), code
	return s.Book.Add(ctx, MaterialEntry{Subject: evidence.System, State: m.Verdict, Value: m, Keys: []ledger.Key{{Name: "app", Value: st.App}}}, nil,
		ledger.Act{Type: RecordMaterials, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseLM7}, Payload: struct {
			By string `json:"by,omitempty"`
			Materials
		}{by.ID, m}})
}

func (s *AppStore) look(ctx context.Context, name string, body io.Reader) (m Material, err error) {
	file, err := s.Spool()
	if err != nil {
		return m, err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(body, s.MaxSize+1))
	switch {
	case err != nil:
		return m, err
	case n == 0:
		return m, &colophon.Error{Kind: colophon.Invalid, Code: production.CodeEmpty}
	case n > s.MaxSize:
		return m, &colophon.Error{Kind: colophon.Invalid, Code: production.CodeTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(s.MaxSize, 10)}}
	}
	report, err := label.Read(file.Source(), label.Options{Name: name})
	if err != nil {
		return m, err
	}
	digest := artefact.Digest(hash.Sum(nil))
	m = Material{Digest: hex.EncodeToString(digest[:]), Format: report.Format, Label: report.Conformity(), Labels: report.Conformity().String(), Notice: CouldNotTell}
	if r := ask(ctx, s.Notices, Sample{file.Source(), report.Format, digest}); r != nil && (r.Outcome == Seen || label.Prose(report.Format)) {
		m.Notice = r.Outcome // where it is no text, a notice in another's hand is not found, so nobody can say that there is none
	}
	return m, nil
}

// judge is the verdict on all files. What could not be told is no pass.
func (m *Materials) judge() (colophon.Verdict, colophon.Code) {
	if !m.Offers {
		for _, one := range m.Materials {
			if one.Notice == Seen || one.Label == label.Conforming || one.Label == label.NotConforming {
				return colophon.Failed, MaterialsContrary
			}
		}
		return colophon.Unknown, MaterialsNotAsked
	}
	if len(m.Materials) == 0 {
		return colophon.Failed, MaterialsNone
	}
	verdict, code := colophon.Passed, MaterialsGood
	for _, one := range m.Materials {
		switch {
		case one.Label == label.Unmarked, one.Label == label.NotConforming, one.Notice == NotSeen:
			return colophon.Failed, MaterialsBroken
		case one.Label == label.CouldNotTell, one.Notice == CouldNotTell:
			verdict, code = colophon.Unknown, MaterialsUnclear
		}
	}
	return verdict, code
}

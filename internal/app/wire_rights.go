package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/standing"
)

// Codes of why a right could not be granted.
const (
	CodeRightsSubject    colophon.Code = "rights-subject"    // nothing is kept under this pseudonym
	CodeRightsRestricted colophon.Code = "rights-restricted" // what is kept is restricted, so that nobody reads it
	CodeRightsConsent    colophon.Code = "rights-consent"    // the account is no party that could withdraw the consent
	CodeRightsFinal      colophon.Code = "rights-final"      // what was deleted or withdrawn can't be brought back
)

// What whoever asked for a right is told of what came of it.
const (
	DidExported  colophon.Code = "rights-did-exported"  // arg "until"
	DidErased    colophon.Code = "rights-did-erased"    // content, likeness, counters: what no statute holds
	DidWhole     colophon.Code = "rights-did-whole"     // nothing is left but the commitments in the log
	DidKept      colophon.Code = "rights-did-kept"      // args "records", "lines", "until", "law": until when a period keeps the rest
	DidHeld      colophon.Code = "rights-did-held"      // a hold keeps it, and nobody knows until when
	DidRecheck   colophon.Code = "rights-did-recheck"   // the account is to be verified anew
	DidNothing   colophon.Code = "rights-did-nothing"   // nothing is kept that could be corrected
	DidWithdrawn colophon.Code = "rights-did-withdrawn" // arg "consent"
)

// parcelPurpose keeps packages from being opened as something else.
const parcelPurpose = "parcel"

func (s *Server) openParcels() (err error) {
	s.cases.parcels, err = parcel.New(parcel.Config{Parcels: ledgers.Of[parcel.Parcel](s.store, parcel.Ledger), Recorder: s.recorder, Keys: s.keys.Envelopes})
	return err
}

func inBeijing(t time.Time) string { return t.In(workday.Beijing()).Format("2006-01-02 15:04") }

// sweepParcels ends packages whose time is over.
func (s *Server) sweepParcels(ctx context.Context) error { return s.cases.parcels.Sweep(ctx) }

// grant carries out what a right asks for. Each of these may be asked for again by the same key.
func (a actor) grant(ctx context.Context, o desk.Order) (desk.Did, error) {
	subject := evidence.Subject(o.Action.Target)
	if o.Action.Do != desk.WithdrawConsent {
		if err := a.known(ctx, subject); err != nil {
			return desk.Did{}, err
		}
	}
	switch o.Action.Do {
	case desk.ExportData:
		return a.export(ctx, o, subject)
	case desk.CorrectData:
		return a.correct(ctx, o, subject)
	case desk.DeleteData:
		return a.delete(ctx, o, subject)
	}
	return a.withdraw(ctx, o)
}

// known refuses a pseudonym under which nothing is kept: of nobody everything could be said.
func (a actor) known(ctx context.Context, subject evidence.Subject) error {
	list, err := a.store.FindRecords(ctx, store.RecordQuery{Subject: subject, Limit: 1})
	if err == nil && (len(list) == 0 || subject == evidence.System) {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeRightsSubject}
	}
	return err
}

func says(code colophon.Code, args ...string) standing.Sentence {
	one := standing.Sentence{Code: code}
	for i := 0; i < len(args); i += 2 {
		if one.Args == nil {
			one.Args = colophon.Args{}
		}
		one.Args[args[i]] = args[i+1]
	}
	return one
}

// export makes a package of what is kept about somebody, for whoever brought the case.
func (a actor) export(ctx context.Context, o desk.Order, subject evidence.Subject) (desk.Did, error) {
	did := func(p parcel.Parcel) desk.Did {
		return desk.Did{Ref: p.ID, Says: []standing.Sentence{says(DidExported, "until", inBeijing(p.Until))}}
	}
	p, err := a.cases.parcels.Of(ctx, o.Key)
	if err == nil || !isCode(err, parcel.CodeMissing) {
		return did(p), err
	}
	restricted, err := a.store.Restricted(ctx, subject)
	if err == nil && restricted {
		err = &colophon.Error{Kind: colophon.Refused, Code: CodeRightsRestricted, Clauses: []colophon.Clause{colophon.ClausePIPL47}}
	}
	if err != nil {
		return desk.Did{}, err
	}
	asked, err := a.askedFor(ctx, o.Case)
	if err != nil {
		return desk.Did{}, err
	}
	p, err = a.pack(ctx, o, subject, asked)
	return did(p), err
}

// askedFor is the request for a right that a case is, or is an appeal about.
func (a actor) askedFor(ctx context.Context, id string) (desk.Case, error) {
	c, err := a.cases.desk.Case(ctx, id)
	for err == nil && c.AppealOf != "" {
		c, err = a.cases.desk.Case(ctx, c.AppealOf)
	}
	return c, err
}

// pack writes a package, seals it and keeps it. Bytes of one that somebody else was faster to keep are swept.
func (a actor) pack(ctx context.Context, o desk.Order, subject evidence.Subject, asked desk.Case) (p parcel.Parcel, err error) {
	g := gathering{Server: a.Server, by: o.By, subject: subject, files: asked.Right != desk.RightAccess}
	d, files, err := g.all(ctx)
	if err != nil {
		return p, err
	}
	d.Made, d.Provider, d.Case, d.Right = a.cases.desk.Now(), a.set.providerName(a.config.Producer), o.Case, string(asked.Right)
	temp, err := spools(a.spoolDir())()
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, temp.Close()) }()
	hash := sha256.New()
	numbers, err := parcel.Write(io.MultiWriter(temp, hash), d, files, locale.Language(asked.Language), document.Parcel)
	if err != nil {
		return p, err
	}
	box := parcel.Box{Key: make([]byte, blob.SealKeySize)}
	if _, err := rand.Read(box.Key); err != nil {
		return p, err
	}
	src := temp.Source()
	digest, _, err := a.blobs.PutSealed(ctx, io.NewSectionReader(src, 0, src.Size()), box.Key, parcelPurpose)
	if err != nil {
		return p, err
	}
	box.Blob = blob.FormatDigest(digest)
	p = parcel.Parcel{Case: o.Case, Key: o.Key, SHA256: hex.EncodeToString(hash.Sum(nil)), Size: src.Size(), Until: o.Action.Until, Numbers: numbers}
	err = a.forgetful(subject, func() (err error) { p, err = a.cases.parcels.Put(ctx, o.By, subject, p, box); return err })
	return p, err
}

// correct has an account verified anew: nothing else about it is kept that could be wrong and could be set right by hand.
func (a actor) correct(ctx context.Context, o desk.Order, subject evidence.Subject) (desk.Did, error) {
	account, err := a.identities.Account(ctx, subject)
	if err != nil {
		return desk.Did{}, err
	}
	if account.Verification == "" {
		return desk.Did{Says: []standing.Sentence{says(DidNothing)}}, nil
	}
	if !account.Recheck {
		if _, err := a.identities.Recheck(ctx, o.By, subject, "correction"); err != nil {
			return desk.Did{}, err
		}
	}
	return desk.Did{Ref: account.Verification, Says: []standing.Sentence{says(DidRecheck)}}, nil
}

// delete erases what no statute holds, and says of the rest why it stays and until when.
func (a actor) delete(ctx context.Context, o desk.Order, subject evidence.Subject) (desk.Did, error) {
	by := production.By{Role: o.By.Role, ID: o.By.ID}
	if _, err := (custody(a)).eraseSubject(ctx, by, subject); err != nil {
		return desk.Did{}, err
	}
	left, err := a.store.EraseAhead(ctx, subject)
	if err != nil {
		return desk.Did{}, err
	}
	did := desk.Did{Says: []standing.Sentence{says(DidErased)}}
	switch {
	case left.Held:
		did.Says = append(did.Says, says(DidHeld))
	case left.State == store.Erased:
		did.Says = append(did.Says, says(DidWhole))
	default:
		law := []string{string(colophon.ClauseDS10), string(colophon.ClausePIPL47)}
		did.Says = append(did.Says, says(DidKept, "records", strconv.FormatInt(left.Records, 10), "lines", strconv.FormatInt(left.Lines, 10), "until", inBeijing(left.Due), "law", strings.Join(law, ", ")))
	}
	return did, nil
}

// withdraw withdraws a consent; what follows from that goes on by itself, as after any withdrawal. An account that is proof of
// itself withdraws what it gave, and nothing else.
func (a actor) withdraw(ctx context.Context, o desk.Order) (desk.Did, error) {
	e, err := a.consents.Consent(ctx, o.Action.Target)
	if err != nil {
		return desk.Did{}, err
	}
	if o.Proof == nil || o.Proof.How == desk.ByAccount {
		asked, err := a.askedFor(ctx, o.Case)
		if err != nil {
			return desk.Did{}, err
		}
		if e.Subject != asked.Subject {
			return desk.Did{}, &colophon.Error{Kind: colophon.Refused, Code: CodeRightsConsent, Clauses: []colophon.Clause{colophon.ClausePIPL15}}
		}
	}
	if !consent.State(e.State).Over() {
		if e, err = a.consents.Withdraw(ctx, o.By, e.ID, ""); err != nil {
			return desk.Did{}, err
		}
	}
	return desk.Did{Ref: e.ID, Says: []standing.Sentence{says(DidWithdrawn, "consent", e.ID)}}, nil
}

// revoke undoes what a right was granted by: a package is not handed out any more. What was deleted is gone.
func (a actor) revoke(ctx context.Context, o desk.Order) error {
	if o.Action.Do != desk.ExportData {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeRightsFinal}
	}
	p, err := a.cases.parcels.Of(ctx, o.Key)
	if err == nil {
		err = a.cases.parcels.End(ctx, o.By, p.ID)
	}
	return absent(err)
}

// parcels hands packages out.
type parcels struct{ *Server }

// OfCase implements httpapi.Parcels.
func (s parcels) OfCase(ctx context.Context, id string) ([]parcel.Parcel, error) {
	list, err := s.cases.parcels.OfCase(ctx, id)
	var open []parcel.Parcel
	for _, p := range list {
		if s.cases.parcels.Open(p) {
			open = append(open, p)
		}
	}
	return open, err
}

// Hand implements httpapi.Parcels. What an order stops meanwhile is not handed out, and so the package is not.
func (s parcels) Hand(ctx context.Context, by ledger.By, c desk.Case, action int) (parcel.Parcel, io.ReadCloser, error) {
	key := ""
	if action >= 0 && action < len(c.Actions) && c.Actions[action].Undoes == "" && c.Actions[action].Result == desk.Done {
		key = c.Actions[action].Key
	}
	p, err := s.cases.parcels.Of(ctx, key)
	if err != nil {
		return p, nil, err
	}
	for _, n := range p.Numbers {
		item, err := s.register.Artefact(ctx, artefact.Number(n))
		if err == nil {
			err = s.deliverItem(ctx, item)
		}
		if err != nil {
			return p, nil, err
		}
	}
	p, box, err := s.cases.parcels.Hand(ctx, by, c.ID, key)
	if err != nil {
		return p, nil, err
	}
	for _, n := range p.Numbers {
		if _, err := s.register.Delivered(ctx, by.Role, artefact.Number(n), string(p.Subject), artefact.Download); err != nil {
			return p, nil, err
		}
	}
	digest, err := blob.ParseDigest(box.Blob)
	if err != nil {
		return p, nil, err
	}
	r, err := s.blobs.GetSealed(ctx, digest, box.Key, parcelPurpose)
	return p, r, err
}

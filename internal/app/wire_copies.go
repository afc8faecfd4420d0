package app

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
	"github.com/colophon-project/colophon/stamp"
	"github.com/colophon-project/colophon/standing"
)

// onRequest is the notice policy of functions whose content somebody may get without the notice.
const onRequest = "on-request"

// copyDesk is where content without the notice is asked for.
type copyDesk struct {
	keeper *copies.Keeper
	key    string // verifies receipts
}

// openCopies opens the desk for copies. The key of the receipts follows from a secret that is the same on all nodes and for all
// time, as receipts have to be verified for long.
func (s *Server) openCopies(context.Context) error {
	seed, err := hkdf.Key(sha256.New, s.keys.Accounts, nil, "colophon copy receipts", ed25519.SeedSize)
	if err != nil {
		return err
	}
	key, name := ed25519.NewKeyFromSeed(seed), strings.TrimSuffix(s.set.LogName, "/log")+"/copies"
	signer, err := evidence.NewNoteSigner(name, key, rand.Reader)
	if err != nil {
		return err
	}
	if s.copies.key, err = note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)); err != nil {
		return err
	}
	rules, err := given(s.set.CopyRules, copies.Starter, copies.ParseRules)
	if err != nil {
		return err
	}
	if rules.KeepMonths > s.set.KeepLogs { // the records would be purged before the period that a receipt names is over
		return wrongSetting("copy-rules", s.set.CopyRules, &colophon.Error{Kind: colophon.Invalid, Code: copies.CodeRules, Args: colophon.Args{"field": "keep_months"}})
	}
	s.copies.keeper, err = copies.New(copies.Config{Copies: ledgers.Of[copies.Copy](s.store, copies.Ledger), Recorder: s.recorder, Keys: s.keys.Envelopes, Signer: signer, Provider: s.set.providerName(s.config.Producer),
		Rules: rules, Checker: copyChecker{s}, Maker: copyMaker{s.line}, Likener: s.register,
		Held: s.held})
	return err
}

// sweepCopies makes what was granted, and ends what is over.
func (s *Server) sweepCopies(ctx context.Context) error {
	_, err := s.copies.keeper.Sweep(ctx)
	return err
}

// copyChecker knows whether an account may have a copy of an item.
type copyChecker struct{ *Server }

// Check implements copies.Checker.
func (c copyChecker) Check(ctx context.Context, account evidence.Subject, number artefact.Number) (f copies.Facts, err error) {
	a, err := c.register.Artefact(ctx, number)
	if isUnknown(err) {
		return f, nil
	}
	f.Class, f.Original = stamp.Function(a.Function), a.Original != nil
	f.Own = account != "" && a.Account == account && (a.State == artefact.Marked || a.State == artefact.Delivered)
	if err != nil || !f.Own {
		return f, err
	}
	if err = c.deliverItem(ctx, a); isCode(err, incident.CodeInForce) {
		f.Own = false
		return f, nil
	}
	var marks production.Marks
	if err = errors.Join(err, json.Unmarshal(a.Marks, &marks)); err != nil {
		return f, err
	}
	f.Beside = marks.Sidecar != ""
	var function string
	least := identity.PhoneNumber
	if use := marks.Policy.Use; use != nil && use.Function != "" && marks.Copy == "" {
		function = use.Function
		if f.OnRequest, least, err = c.policy(ctx, function); err != nil {
			return f, err
		}
	}
	return f, errors.Join(c.holder(ctx, account, function, least, &f), c.agreed(ctx, account, &f))
}

// policy says whether content of a function is handed out without the notice, and how well whoever gets it must be known.
func (c copyChecker) policy(ctx context.Context, function string) (bool, identity.Level, error) {
	least := identity.PhoneNumber
	entry, err := c.functions.Function(ctx, function)
	if isMissing(err) {
		return false, least, nil
	}
	if err == nil && entry.Identity != "" {
		var asked identity.Level
		if asked, err = identity.ParseLevel(entry.Identity); err == nil && asked.Satisfies(least) {
			least = asked
		}
	}
	return entry.Notice.Policy == onRequest && entry.State == register.Live, least, err
}

// holder says whether the account was verified, and whether a measure keeps it from publishing.
func (c copyChecker) holder(ctx context.Context, account evidence.Subject, function string, least identity.Level, f *copies.Facts) error {
	who, err := c.identities.Account(ctx, account)
	f.Verified = err == nil && !who.Recheck && who.Level.Satisfies(least)
	if err != nil {
		return err
	}
	now, err := c.Server.standing.Standing(ctx, account)
	f.Limited = len(now.Blocks(standing.Publish, function, c.Server.standing.Now())) > 0
	return err
}

// agreed names the version of the service agreement that the account accepted and that still counts.
func (c copyChecker) agreed(ctx context.Context, account evidence.Subject, f *copies.Facts) error {
	current, err := c.agreements.Current(ctx)
	if err != nil {
		return err
	}
	accepted, err := c.agreements.Accepted(ctx, account)
	if err != nil || slices.Contains(agreement.Owed(current, accepted, agreement.Users), agreement.Terms) {
		return err
	}
	for _, e := range current {
		if v := e.Value; v.Kind != agreement.Terms || v.Audience != agreement.Users {
			continue
		}
		for _, a := range accepted { // the newest first
			if v := e.Value; a.Kind == v.Kind && a.Audience == v.Audience && v.Since <= a.Number && a.Number <= v.Number {
				f.Agreement = a.Version
				return nil
			}
		}
	}
	return nil
}

// copyMaker makes copies on the production line.
type copyMaker struct{ line *production.Line }

// Make implements copies.Maker. Orders that nobody could confirm hold a copy back, and refuse none.
func (m copyMaker) Make(ctx context.Context, o copies.Order) (copies.Made, error) {
	c, err := m.line.Copy(ctx, production.CopyOrder(o))
	if isCode(err, incident.CodeStale) || isCode(err, incident.CodeUncertain) {
		err = &colophon.Error{Code: production.CodeFailed, Err: err}
	}
	a := c.Artefact
	return copies.Made{Number: a.Number, Label: c.Label, Notice: c.Notice, SHA256: hex.EncodeToString(a.After[:]), Size: a.Stored, Type: fileType(a.Format), Likeness: a.Likeness, Unlikened: a.Unlikened}, err
}

// Discard implements copies.Maker.
func (m copyMaker) Discard(ctx context.Context, o copies.Order) error {
	return m.line.DiscardCopy(ctx, production.CopyOrder(o))
}

// copyFiles are the bytes of copies, and files that may be such copies.
type copyFiles struct{ *Server }

// Open implements httpapi.CopyFiles.
func (f copyFiles) Open(ctx context.Context, by production.By, account evidence.Subject, n artefact.Number) (*production.Content, error) {
	return f.line.OpenCopy(ctx, by, account, n)
}

// Look implements httpapi.CopyFiles. The file is not kept.
func (f copyFiles) Look(ctx context.Context, name string, from io.Reader) (c copies.Clue, why *colophon.Error, err error) {
	temp, err := spools(f.spoolDir())()
	if err != nil {
		return c, nil, err
	}
	defer func() { err = errors.Join(err, temp.Close()) }()
	hash := sha256.New()
	if _, err = io.Copy(io.MultiWriter(temp, hash), from); err != nil {
		return c, nil, err
	}
	src := temp.Source()
	c.SHA256, c.Bits = hex.EncodeToString(hash.Sum(nil)), phash.Radius
	r, err := label.Read(src, label.Options{Name: name, Pinned: f.keys.Seals})
	if err != nil {
		return c, nil, err
	}
	for _, m := range r.Marks {
		if m.Fields.ContentProducer == f.config.Producer {
			c.Number = artefact.Number(m.Fields.ProduceID)
		}
	}
	looking, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	look := sight.New(f.tools(), sight.Limits{}).Likeness
	c.Hashes, err = look(looking, r.Format, src)
	switch {
	case ctx.Err() != nil:
		return c, nil, ctx.Err()
	case errors.As(err, &why):
	case err != nil || r.Err != nil || len(c.Hashes) == 0:
		why = &colophon.Error{Code: copies.CodeUncompared}
	}
	return c, why, nil
}

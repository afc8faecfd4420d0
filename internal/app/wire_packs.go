package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/moderation"
)

const (
	proofPurpose = "proof"
	// catchUp is how often it is looked whether each report duty has its pack.
	catchUp = 5 * time.Minute
	// wakes is how many report duties wait to have their pack drafted; what is more than that is caught up with.
	wakes = 64
)

// packs are the reports to authorities.
type packs struct {
	keeper *pack.Keeper
	say    *locale.Printer // Chinese, in which authorities are written to
	paper  *document.Writer
	wake   chan moderation.Duty // those that were opened
}

func (s *Server) openPacks(context.Context) error {
	forms, err := packForms(s.set.PackForms)
	if err != nil {
		return err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return err
	}
	if s.packs.say, err = locale.For(locale.Chinese); err != nil {
		return err
	}
	s.packs.paper = document.New(s.packs.say.Say, english.Say)
	s.packs.keeper, err = pack.New(pack.Config{Packs: ledgers.Of[pack.Pack](s.store, pack.Ledger), Recorder: s.recorder, Keys: s.keys.Envelopes, Forms: forms})
	return err
}

// packForms are the forms that come with Colophon, and those of a file or of the files of a folder; one with the same
// identifier takes the place of the first.
func packForms(path string) ([]pack.Form, error) {
	list, err := pack.Starter()
	if err != nil || path == "" {
		return list, err
	}
	files := []string{path}
	if info, err := os.Stat(path); err != nil {
		return nil, durable.Fault(path, err)
	} else if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.json")); err != nil {
			return nil, durable.Fault(path, err)
		}
	}
	for _, file := range files {
		form, err := given(file, nil, pack.ParseForm)
		if err != nil {
			return nil, err
		}
		list = append(slices.DeleteFunc(list, func(f pack.Form) bool { return f.ID == form.ID }), form)
	}
	return list, nil
}

// duties keeps report duties, and says when one was opened.
type duties struct {
	moderation.DutyStore
	wake chan<- moderation.Duty
}

// AddDuty implements moderation.DutyStore.
func (d duties) AddDuty(ctx context.Context, rec evidence.Record, duty moderation.Duty) error {
	err := d.DutyStore.AddDuty(ctx, rec, duty)
	if err == nil {
		select {
		case d.wake <- duty:
		default: // so many at once are caught up with
		}
	}
	return err
}

// attend has a pack drafted as soon as a report duty is opened, until ctx ends.
func (s *Server) attend(ctx context.Context) {
	t := time.NewTicker(catchUp)
	defer t.Stop()
	for err := s.draftPacks(ctx); ; {
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "packs", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			err = s.draftPacks(ctx)
		case d := <-s.packs.wake: // the others were looked at when they were opened
			err = s.draftPack(ctx, d)
		}
	}
}

// draftPacks drafts a pack for each open report duty that has none, and closes the duties whose pack was filed. It may be
// run any number of times, on any node.
func (s *Server) draftPacks(ctx context.Context) error {
	var failed error
	for after := ""; ; {
		list, next, err := s.screens.reports.Duties(ctx, moderation.DutyQuery{State: moderation.Open, After: after, Limit: sweepPage})
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, d := range list {
			failed = errors.Join(failed, s.draftPack(ctx, d))
		}
		if after = next; next == "" {
			return failed
		}
	}
}

func (s *Server) draftPack(ctx context.Context, d moderation.Duty) error {
	list, _, err := s.packs.keeper.Packs(ctx, pack.Filter{About: pack.About{Duty: d.ID}})
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Filing != nil { // the process died between the two
			return s.Filed(ctx, ledger.By{Role: filer, ID: p.Filing.By}, p)
		}
	}
	form, ok := s.packs.keeper.For(d.Categories)
	if len(list) > 0 || !ok {
		return nil
	}
	k, err := s.Know(ctx, pack.About{Duty: d.ID})
	if err == nil {
		_, err = s.packs.keeper.Draft(ctx, ledger.By{Role: system}, pack.Draft{Form: form.ID, Subject: k.Subject, About: k.About, Facts: k.Facts, Once: "duty/" + d.ID})
	}
	return err
}

// filer is in which role packs are filed: nobody else may.
const filer evidence.Role = "officer"

// Filed implements httpapi.PackDesk: with the pack its report duty is fulfilled, unless it was closed before. Where the
// authority gave no number, the duty names the pack.
func (s *Server) Filed(ctx context.Context, by ledger.By, p pack.Pack) error {
	if p.About.Duty == "" || p.Filing == nil {
		return nil
	}
	f := moderation.Filing{Channel: p.Filing.Channel, Reference: p.Filing.Reference, At: p.Filing.At}
	if f.Reference == "" {
		f.Reference = "pack:" + p.Number
	}
	if err := f.Attachment.UnmarshalText([]byte(p.SHA256)); err != nil {
		return err
	}
	_, err := s.screens.reports.File(ctx, moderation.By{ID: by.ID, Role: by.Role, Reporter: true}, p.About.Duty, f)
	if isCode(err, moderation.CodeDutyClosed) || isCode(err, moderation.CodeNoDuty) {
		return nil
	}
	return err
}

// Duty implements httpapi.PackDesk.
func (s *Server) Duty(ctx context.Context, id string) (moderation.Duty, error) {
	return s.screens.reports.Duty(ctx, id)
}

// proofTypes are the formats of proofs of filing: pictures that a browser shows, and PDF.
func proofTypes() []media.Format {
	return []media.Format{media.JPEG, media.PNG, media.GIF, media.WebP, media.AVIF, media.PDF}
}

// KeepProof implements httpapi.PackDesk. What it is, its bytes say.
func (s *Server) KeepProof(ctx context.Context, from io.Reader) (file pack.ProofFile, err error) {
	temp, err := spools(s.spoolDir())()
	if err != nil {
		return file, err
	}
	defer func() { err = errors.Join(err, temp.Close()) }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(temp, hash), from)
	if err != nil {
		return file, err
	}
	src := temp.Source()
	_, format, err := all.Detect(src, "")
	if err != nil {
		return file, &colophon.Error{Kind: colophon.Invalid, Code: pack.CodeInvalid, Args: colophon.Args{"field": "type"}, Err: err}
	}
	if !slices.Contains(proofTypes(), format) {
		return file, &colophon.Error{Kind: colophon.Invalid, Code: pack.CodeInvalid, Args: colophon.Args{"field": "type"}}
	}
	file.Proof = pack.Proof{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: n, Type: fileType(format)}
	file.Key = make([]byte, blob.SealKeySize)
	if _, err := rand.Read(file.Key); err != nil {
		return file, err
	}
	d, _, err := s.blobs.PutSealed(ctx, io.NewSectionReader(src, 0, src.Size()), file.Key, proofPurpose)
	file.Blob = blob.FormatDigest(d)
	return file, err
}

// OpenProof implements httpapi.PackDesk.
func (s *Server) OpenProof(ctx context.Context, file pack.ProofFile) (io.ReadCloser, error) {
	if file.Blob == "" {
		return io.NopCloser(strings.NewReader(string(file.Bytes))), nil
	}
	d, err := blob.ParseDigest(file.Blob)
	if err != nil {
		return nil, err
	}
	return s.blobs.GetSealed(ctx, d, file.Key, proofPurpose)
}

// Print implements httpapi.PackDesk.
func (s *Server) Print(raw []byte, as string) ([]byte, error) {
	d, err := pack.Read(raw)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	if as == httpapi.PackHTML {
		return s.packs.paper.Pack(d, hex.EncodeToString(sum[:]))
	}
	return s.packs.paper.PackPDF(d, hex.EncodeToString(sum[:]))
}

// judged is what the record of a judgement says that a report needs.
type judgedPayload struct {
	Surface  string `json:"surface"`
	Function string `json:"function"`
	About    string `json:"about"`
}

// judgement opens the record of a judgement; the second result is false where it is gone, or was none.
func (s *Server) judgement(ctx context.Context, id string) (p judgedPayload, ok bool, err error) {
	o, err := s.store.Payload(ctx, id)
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(o.Payload, &p)
	}
	return p, err == nil, err
}

package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/register/list"
)

const (
	filingPurpose = "filing"
	// maxFilingFile is the largest file of a filing, in bytes.
	maxFilingFile = 20 << 20
	// maxShot is how many pixels a picture may have that documents show.
	maxShot = 16 << 20
)

// filings is what is filed of algorithms, and the published lists.
type filings struct {
	keeper   *filing.Keeper
	lists    *list.Keeper
	calendar workday.Calendar
}

func (s *Server) openFilings(context.Context) error {
	calendar, err := workday.Known()
	if err != nil {
		return err
	}
	more, err := given(s.set.Holidays, workday.Known, workday.Parse)
	if err != nil {
		return err
	}
	s.filings.calendar = calendar.With(more)
	s.filings.keeper = filing.New(filing.Config{Filings: ledgers.Of[filing.Draft](s.store, filing.Ledger), Recorder: s.recorder, Keys: s.keys.Envelopes, Source: filingSource{s}})
	s.filings.lists = list.New(ledgers.Of[list.Batch](s.store, list.Ledger), s.recorder)
	return nil
}

// filingDesk keeps files of filings and draws their documents.
type filingDesk struct{ *Server }

func filingTypes() []media.Format { return []media.Format{media.PNG, media.JPEG, media.PDF} }

// Keep implements httpapi.FilingDesk. What the file is, its bytes say; a picture that can't be drawn is refused.
func (f filingDesk) Keep(ctx context.Context, from io.Reader) (file filing.Keyed, err error) {
	temp, err := spools(f.spoolDir())()
	if err != nil {
		return file, err
	}
	defer func() { err = errors.Join(err, temp.Close()) }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(temp, hash), io.LimitReader(from, maxFilingFile+1))
	if err != nil {
		return file, err
	}
	wrong := func(cause error) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: filing.CodeInvalid, Args: colophon.Args{"field": "file"}, Err: cause}
	}
	if n > maxFilingFile {
		return file, wrong(nil)
	}
	src := temp.Source()
	_, format, err := all.Detect(src, "")
	if err != nil {
		return file, wrong(err)
	}
	if !slices.Contains(filingTypes(), format) {
		return file, wrong(nil)
	}
	if format != media.PDF { // documents have to show it
		whole := func() io.Reader { return io.NewSectionReader(src, 0, src.Size()) }
		c, _, err := image.DecodeConfig(whole())
		if err == nil && c.Width > maxShot/max(c.Height, 1) {
			err = image.ErrFormat
		}
		if err == nil {
			_, _, err = image.Decode(whole())
		}
		if err != nil {
			return file, wrong(err)
		}
	}
	file.File = filing.File{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: n, Type: fileType(format)}
	file.Key = make([]byte, blob.SealKeySize)
	if _, err := rand.Read(file.Key); err != nil {
		return file, err
	}
	d, _, err := f.blobs.PutSealed(ctx, io.NewSectionReader(src, 0, src.Size()), file.Key, filingPurpose)
	file.Blob = blob.FormatDigest(d)
	return file, err
}

// Open implements httpapi.FilingDesk.
func (f filingDesk) Open(ctx context.Context, file filing.Keyed) (io.ReadCloser, error) {
	d, err := blob.ParseDigest(file.Blob)
	if err != nil {
		return nil, err
	}
	return f.blobs.GetSealed(ctx, d, file.Key, filingPurpose)
}

// Draw implements httpapi.FilingDesk.
func (f filingDesk) Draw(ctx context.Context, d filing.Draft, people *filing.People, id string, format media.Format) ([]byte, error) {
	documents, err := filing.Documents(d.Kit, people)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(documents, func(doc filing.Document) bool { return doc.ID == id })
	if at < 0 {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: filing.CodeFile}
	}
	return f.packs.paper.Filing(d, documents[at], func(sum string) ([]byte, error) { return f.shot(ctx, d, sum) }, format)
}

// shot reads a picture of a filing as PNG; nil for what is no picture that documents show.
func (f filingDesk) shot(ctx context.Context, d filing.Draft, sum string) ([]byte, error) {
	file, err := f.filings.keeper.File(ctx, d.ID, sum)
	if isCode(err, filing.CodeFile) { // entered by its digest alone
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if file.Type != fileType(media.PNG) && file.Type != fileType(media.JPEG) {
		return nil, nil
	}
	from, err := f.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	raw, err := io.ReadAll(io.LimitReader(from, maxFilingFile))
	if err != nil || file.Type == fileType(media.PNG) {
		return raw, err
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(raw))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxShot/c.Height {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: document.CodePicture, Args: colophon.Args{"block": sum[:8], "limit": fmt.Sprint(maxShot)}, Err: err}
	}
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: document.CodePicture, Args: colophon.Args{"block": sum[:8], "limit": fmt.Sprint(maxShot)}, Err: err}
	}
	var out bytes.Buffer
	err = png.Encode(&out, img)
	return out.Bytes(), err
}

// Clocks implements httpapi.FilingDesk.
func (f filingDesk) Clocks(days filing.Days) []filing.Clock {
	return filing.Clocks(f.filings.calendar, days, time.Now())
}

// Decided implements httpapi.FilingDesk: the register shows the number, and that a filing was cancelled. A function that is
// retired stays as it is.
func (f filingDesk) Decided(ctx context.Context, by ledger.By, d filing.Draft) error {
	now, err := f.functions.Function(ctx, d.Function)
	if err != nil {
		return err
	}
	var goal register.FilingState
	switch d.State {
	case filing.Filed:
		goal = register.FilingDone
	case filing.Cancelled:
		goal = register.FilingCancelled
	default:
		return nil
	}
	if now.State == register.Retired {
		return nil
	}
	text := now.Function
	if f := text.Filing; goal == register.FilingDone && f.State == goal && f.Number == d.Decision.Number && f.At.Equal(d.Decision.At) {
		return nil
	}
	for _, step := range filingSteps(text.Filing.State, goal) {
		text.Filing.State, text.Filing.Reason = step, ""
		switch step {
		case register.FilingPreparing, register.FilingSubmitted: // what was there is of the filing that was cancelled
			text.Filing.Number, text.Filing.Link, text.Filing.At = "", "", time.Time{}
		case register.FilingDone:
			text.Filing.Number, text.Filing.At = d.Decision.Number, d.Decision.At
		case register.FilingChanged:
			text.Filing.Reason = "filing " + d.ID
		}
		e, err := f.functions.Change(ctx, by, d.Function, text)
		if err != nil {
			return fmt.Errorf("entering the filing of %s: %w", d.Function, err)
		}
		text = e.Value
	}
	return nil
}

// filingSteps are the states of the register on the way to one; none where it is there or there is no way.
func filingSteps(from, to register.FilingState) []register.FilingState {
	for _, way := range [][]register.FilingState{{to}, {register.FilingSubmitted, to}, {register.FilingPreparing, register.FilingSubmitted, to}, {register.FilingChanged, to}} {
		at, ok := from, from != to
		for _, step := range way {
			ok = ok && at.May(step)
			at = step
		}
		if ok {
			return way
		}
	}
	if from == to && to == register.FilingDone { // a change was filed: the number may be another
		return []register.FilingState{register.FilingChanged, to}
	}
	return nil
}

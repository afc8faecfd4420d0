package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

const (
	filePurpose = "case"
	// alikes is how many items that look like a file are named.
	alikes = 5
)

// What the marks of a file of a case came to.
const (
	marksOurs    = "ours"    // a label of this provider is in it
	marksOthers  = "others"  // a label of somebody else is
	marksNone    = "none"    // no label was found
	marksUnknown = "unknown" // the file could not be read to its end
)

// caseFiles keeps the files of cases, each sealed under a key of its own.
type caseFiles struct{ *Server }

// Keep implements httpapi.CaseFiles.
func (f caseFiles) Keep(ctx context.Context, name string, from io.Reader) (file desk.File, err error) {
	temp, err := spools(f.spoolDir())()
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
	r, err := label.Read(src, label.Options{Name: name, Pinned: f.keys.Seals})
	if err != nil {
		return file, err
	}
	file.Attachment = desk.Attachment{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: n, Type: fileType(r.Format), Marks: f.marks(r)}
	file.Key = make([]byte, blob.SealKeySize)
	if _, err := rand.Read(file.Key); err != nil {
		return file, err
	}
	d, _, err := f.blobs.PutSealed(ctx, io.NewSectionReader(src, 0, src.Size()), file.Key, filePurpose)
	file.Blob = blob.FormatDigest(d)
	return file, err
}

// Open implements httpapi.CaseFiles.
func (f caseFiles) Open(ctx context.Context, file desk.File) (io.ReadCloser, error) {
	return f.open(ctx, file)
}

func (s *Server) open(ctx context.Context, file desk.File) (*blob.Sealed, error) {
	d, err := blob.ParseDigest(file.Blob)
	if err != nil {
		return nil, err
	}
	return s.blobs.GetSealed(ctx, d, file.Key, filePurpose)
}

// fileType is the media type of a file. What holds text is shown as nothing else.
func fileType(f media.Format) string {
	facts, _ := media.Facts(f)
	if facts.Modality == media.ModalityText && f != media.PDF {
		return "text/plain"
	}
	return cmp.Or(facts.MIME, "application/octet-stream")
}

func (f caseFiles) marks(r *label.Report) string {
	switch {
	case slices.ContainsFunc(r.Marks, func(m label.Mark) bool { return m.Fields.ContentProducer == f.config.Producer }):
		return marksOurs
	case len(r.Marks) > 0:
		return marksOthers
	case r.Err != nil:
		return marksUnknown
	}
	return marksNone
}

// finder finds the content that a case is about: by its number, by the digest of a file, by the label in it, and by what it
// looks like. A label may have been put on another file, so it is no more certain than a likeness.
type finder struct{ *Server }

// errUncompared says that a file could be another form of something made here, which nobody can tell.
var errUncompared = errors.New("a file could not be compared by what it looks or sounds like")

// Find implements desk.Finder. Where nothing was found, it says that it could not tell unless each file could be compared.
func (f finder) Find(ctx context.Context, c desk.Clue) (list []desk.Found, err error) {
	add := func(how string, a artefact.Artefact, bits int, certain bool) {
		if !slices.ContainsFunc(list, func(o desk.Found) bool { return o.Number == string(a.Number) }) {
			list = append(list, desk.Found{Number: string(a.Number), Account: a.Account, How: how, Bits: bits, Certain: certain})
		}
	}
	for _, n := range c.Numbers {
		a, err := f.register.Artefact(ctx, artefact.Number(n))
		if err == nil {
			add(desk.ByNumber, a, 0, true)
		} else if !isUnknown(err) {
			return list, err
		}
	}
	var failed error
	for _, file := range c.Files {
		if err := f.file(ctx, file, add); err != nil {
			failed = err
		}
	}
	if len(list) > 0 {
		failed = nil
	}
	return list, failed
}

// isUnknown reports whether no item has a number.
func isUnknown(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && (e.Kind == colophon.Missing || e.Kind == colophon.Invalid)
}

func (f finder) file(ctx context.Context, file desk.File, add func(how string, a artefact.Artefact, bits int, certain bool)) error {
	sum, err := hex.DecodeString(file.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return err
	}
	same, _, err := f.register.Find(ctx, artefact.Query{Digest: artefact.Digest(sum)}, "", alikes)
	for _, a := range same {
		add(desk.ByDigest, a, 0, true)
	}
	if err != nil || len(same) > 0 {
		return err
	}
	src, err := f.open(ctx, file)
	if err != nil {
		return err
	}
	defer src.Close()
	r, err := label.Read(src, label.Options{Pinned: f.keys.Seals})
	if err != nil {
		return err
	}
	found, looks, err := f.line.Recognise(ctx, src, artefact.Digest(sum), r)
	for _, known := range found {
		add(string(known.How[0]), known.Item, max(0, known.Bits), false)
	}
	for _, look := range looks { // what it looks like is the one thing that all copies are known by
		if err == nil && len(found) == 0 && look.How == production.ByLikeness && look.Told == colophon.Unknown {
			err = errors.Join(errUncompared, &colophon.Error{Code: look.Reason})
		}
	}
	return err
}

// turned makes the hashes of a picture as it is once it is turned or mirrored, which is how people pass pictures on to have them
// not found. The pictures themselves are laid down in the seven other ways, since hashes turned by calculation are off by more
// bits.
func (s *Server) turned(ctx context.Context, src media.Source) ([]byte, error) {
	view, err := sight.New(s.tools(), sight.Limits{KeyFrames: 16}).Look(ctx, src, sight.Options{Pictures: true})
	if err != nil {
		return nil, errors.Join(errUncompared, err)
	}
	var hashes []byte
	var hasher phash.Hasher
	for _, p := range view.Pictures {
		if p.Quality < phash.MinQuality || p.Small == nil {
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(p.Small))
		if err != nil {
			return nil, errors.Join(errUncompared, err)
		}
		for way := 1; way < 8 && len(hashes) < artefact.MaxLikeness; way++ {
			h, _ := hasher.Hash(laidDown{img, way&1 != 0, way&2 != 0, way&4 != 0})
			hashes = h.Append(hashes)
		}
	}
	if len(hashes) == 0 {
		return nil, errUncompared
	}
	return hashes, nil
}

// laidDown is a picture mirrored across and down, and then with rows and columns exchanged.
type laidDown struct {
	image.Image
	across, down, exchanged bool
}

// Bounds implements image.Image.
func (l laidDown) Bounds() image.Rectangle {
	b := l.Image.Bounds()
	if l.exchanged {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

// At implements image.Image.
func (l laidDown) At(x, y int) color.Color {
	b := l.Image.Bounds()
	if l.exchanged {
		x, y = y, x
	}
	if l.across {
		x = b.Dx() - 1 - x
	}
	if l.down {
		y = b.Dy() - 1 - y
	}
	return l.Image.At(b.Min.X+x, b.Min.Y+y)
}

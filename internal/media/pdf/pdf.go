// Package pdf labels PDF files (ISO 32000-1, ISO 32000-2). The label is the text string AIGC in the Info dictionary, the
// place that TC260-PG-20258A, section 6.3, names.
//
// The label goes in by an incremental update (ISO 32000-2, 7.5.6): the new Info dictionary, a cross-reference section of
// the kind that the file has, and a trailer are appended, and every byte that was there stays. The dictionary is written
// uncompressed and by itself, because simple readers search the bytes for /AIGC. Where the file ends with an update that
// is provably of our making, which means that making it again from what stands before gives the same bytes, a new label
// replaces that update instead of following it.
//
// Objects are found by the cross-reference alone. A file whose cross-reference is damaged is refused, since its repair
// is guesswork and an update on top of a guess may lose pages; a search of the bytes then tells at least of a label that
// stands there in plain. Encrypted files are refused too, as a string in them has to be encrypted.
//
// What not to do here: never write the file anew, which breaks signatures, linearization and whatever a writer meant by
// its order; and never count offsets from anywhere but where the file itself counts from.
package pdf

import (
	"bytes"
	"io"

	"github.com/colophon-project/colophon/internal/media"
)

// Key is the name of the label in the Info dictionary.
const Key = "AIGC"

// Container reads and edits PDF files.
type Container struct{}

var _ media.Container = Container{}

// Sniff recognises the header, which may stand behind other bytes when the end looks like that of a PDF file too.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	at := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-"))
	if at < 0 || at+6 > len(head) || head[at+5] < '0' || head[at+5] > '9' {
		return media.Unknown
	}
	if at == 0 {
		return media.PDF
	}
	n := min(src.Size(), tailSize)
	b, err := media.Bytes(src, "PDF end of file", src.Size()-n, n)
	if err != nil || !bytes.Contains(b, []byte("startxref")) || !bytes.Contains(b, []byte("%%EOF")) {
		return media.Unknown
	}
	return media.PDF
}

// Places lists the Info dictionary.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceInfoDict} }

// Scan reports the labels of the Info dictionary and of the document's XMP, and the signatures. Values that an update has
// superseded are no part of the document.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: media.PDF}
	f, err := open(src)
	if err != nil {
		survey.Labels = search(src)
		return survey, err
	}
	if at := f.trailing(); at >= 0 {
		survey.Findings = append(survey.Findings, media.Warn(media.CodeTrailingData, at))
	}
	return survey, f.report(survey)
}

// report adds what the document holds to a survey. Of an encrypted one that is what stands in plain.
func (f *file) report(survey *media.Survey) error {
	encrypted := f.encrypted()
	root, err := f.root()
	if err == nil {
		err = f.signatures(survey, root)
	}
	if err == nil && encrypted == nil {
		var in *info
		if in, err = f.info(); err == nil {
			for _, l := range in.labels {
				survey.Labels = append(survey.Labels, l.found)
			}
		}
	}
	if err == nil {
		var m *metadata
		m, err = f.metadata(root, encrypted != nil)
		survey.Labels = append(survey.Labels, m.labels...)
	}
	if encrypted != nil {
		return encrypted
	}
	return err
}

// encrypted returns an error for a file whose strings and streams are encrypted.
func (f *file) encrypted() error {
	if f.trailer.get("Encrypt") == nil {
		return nil
	}
	return media.Unsupported("PDF trailer", f.start, "the document is encrypted")
}

// Edit appends an update with the label, or replaces the update that an earlier Edit has appended.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceInfoDict {
		return nil, media.Unsupported("place "+string(put.Place), 0, "a PDF file is labelled in its Info dictionary")
	}
	f, err := open(src)
	if err != nil {
		return nil, err
	}
	if err := f.encrypted(); err != nil {
		return nil, err
	}
	if before := f.beforeOurs(); before != nil {
		f = before
	}
	update, err := f.update(put.Value)
	if err != nil {
		return nil, err
	}
	edit := new(media.Edit)
	edit.Keep(0, f.size)
	edit.Put(update)
	return edit, nil
}

// beforeOurs returns the file without the update at its end, where that update is of our making, and nil otherwise.
func (f *file) beforeOurs() *file {
	r, ok := asRef(f.trailer.get("Info"))
	if !ok || len(f.sections) < 2 {
		return nil
	}
	l, known, err := f.lookUp(&f.sections[0], r.num)
	if err != nil || !known || l.kind != 1 {
		return nil
	}
	// The update begins with the Info dictionary.
	at := l.where + f.base
	if at <= 0 || at >= f.size || f.size-at > maxUpdate {
		return nil
	}
	info, err := f.info()
	if err != nil || len(info.labels) != 1 {
		return nil
	}
	before, err := open(io.NewSectionReader(f.src, 0, at))
	if err != nil || before.encrypted() != nil {
		return nil
	}
	again, err := before.update(info.labels[0].found.Value)
	if err != nil || int64(len(again)) != f.size-at {
		return nil
	}
	stored, err := f.bytes("PDF update", at, f.size-at)
	if err != nil || !bytes.Equal(again, stored) {
		return nil
	}
	return before
}

// Package epub reads and labels EPUB publications, versions 2 and 3 (EPUB 3.3, ISO/IEC 23761).
//
// The label is a meta element of the package document, <meta name="AIGC" content="…"/> inside <metadata>. The form with
// name and content is that of EPUB 2; EPUB 3 keeps it as legal and without meaning, where its own form, meta with
// property, would need a declared prefix. The package document is found through META-INF/container.xml and spliced as
// text; every other entry stays as it is, the uncompressed mimetype entry at the beginning first of all.
//
// What not to do here: never touch META-INF/encryption.xml or the entries it names, and never recompress a book.
package epub

import (
	"bytes"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// Signature is the kind of META-INF/signatures.xml, which EPUB 3.3 4.2.6.3.6 defines.
const Signature media.SignatureKind = "epub"

const (
	mimeType      = "application/epub+zip"
	containerPart = "META-INF/container.xml"
	packageType   = "application/oebps-package+xml"
	maxPackages   = 8 // renditions that are read
	maxLabels     = 64
)

// Container reads and edits EPUB publications.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements [media.Container]. The first entry tells, unless a careless packer has moved or compressed it.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	if !archive.Magic(head) {
		return media.Unknown
	}
	if len(head) > 58 && string(head[30:58]) == "mimetype"+mimeType {
		return media.EPUB
	}
	zip, err := archive.Open(src)
	if err != nil {
		return media.Unknown
	}
	if kind, ok, err := zip.Read("mimetype"); ok {
		if err == nil && strings.TrimSpace(string(kind)) == mimeType {
			return media.EPUB
		}
		return media.Unknown
	}
	if index, ok, err := zip.Read(containerPart); ok && err == nil && bytes.Contains(index, []byte(packageType)) {
		return media.EPUB
	}
	return media.Unknown
}

// Places implements [media.Container].
func (Container) Places(f media.Format) []media.Place {
	if f == media.EPUB {
		return []media.Place{media.PlaceMeta}
	}
	return nil
}

// Scan implements [media.Container].
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	b, err := open(src)
	if err != nil {
		return survey, err
	}
	for _, s := range []struct {
		name string
		kind media.SignatureKind
	}{{"META-INF/content_credential.c2pa", media.SignatureC2PA}, {"META-INF/signatures.xml", Signature}} {
		if off, ok := b.zip.Offset(s.name); ok {
			survey.Signatures = append(survey.Signatures, media.Signature{Kind: s.kind, Offset: off})
		}
	}
	if off, ok := b.zip.Trailing(); ok {
		survey.Findings = append(survey.Findings, media.Warn(media.CodeTrailingData, off))
	}
	for _, name := range b.packages {
		doc, _, err := b.read(name)
		if err != nil {
			return survey, err
		}
		for _, h := range doc.hits {
			survey.Labels = append(survey.Labels, h.found)
		}
	}
	return survey, nil
}

// Edit implements [media.Container]. The label goes into the first package document, which is the default rendition.
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceMeta {
		return nil, media.Unsupported("EPUB package document", 0, "label stands in a meta element only")
	}
	b, err := open(src)
	if err != nil {
		return nil, err
	}
	var parts []archive.Part
	left := 0
	for i, name := range b.packages {
		doc, text, err := b.read(name)
		if err != nil {
			return nil, err
		}
		var value []byte
		if i == 0 {
			value = put.Value
		}
		splices, err := doc.splices(value)
		if err != nil {
			return nil, err
		}
		now, err := markup.Apply(text, name, splices)
		if err != nil {
			return nil, err
		}
		after, err := parse(now, name)
		if err != nil {
			return nil, err
		}
		for _, h := range after.hits {
			if left++; !bytes.Equal(h.found.Value, value) || h.found.Place != media.PlaceMeta {
				left = maxLabels
			}
		}
		parts = append(parts, archive.Part{Name: name, Content: now})
	}
	if left != 1 {
		return nil, media.Unsupported("EPUB package document", 0, "label would not be the only one, or not be read back")
	}
	return b.zip.Edit(parts)
}

// book is an open publication.
type book struct {
	zip      *archive.Archive
	packages []string // names of package documents, the default one first
}

func open(src media.Source) (*book, error) {
	zip, err := archive.Open(src)
	if err != nil {
		return nil, err
	}
	b := &book{zip: zip}
	text, ok, err := zip.Read(containerPart)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, media.Malformed("EPUB container", 0, "META-INF/container.xml is missing")
	}
	if markup.Wide(text) {
		return nil, media.Unsupported(containerPart, 0, "document is in UTF-16")
	}
	w := markup.Walk(text, containerPart)
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		if t.Kind != markup.Start || w.Top().Local != "rootfile" {
			continue
		}
		if kind, _ := w.Value(t, "media-type"); kind != packageType {
			continue
		}
		if err := b.add(w, t); err != nil {
			return nil, err
		}
	}
	if len(b.packages) == 0 {
		return nil, media.Malformed(containerPart, 0, "no rootfile is a package document")
	}
	return b, nil
}

func (b *book) add(w *markup.Walker, t markup.Token) error {
	name, _ := w.Value(t, "full-path")
	for _, known := range b.packages {
		if strings.EqualFold(known, name) {
			return nil
		}
	}
	if len(b.packages) >= maxPackages {
		return media.TooMany("EPUB package document", int64(t.From), maxPackages)
	}
	b.packages = append(b.packages, name)
	return nil
}

func (b *book) read(name string) (*document, []byte, error) {
	text, ok, err := b.zip.Read(name)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, media.Malformed(containerPart, 0, "package document is missing")
	}
	doc, err := parse(text, name)
	return doc, text, err
}

// other is the finding on a label that stands outside of a meta element.
func other(place media.Place) []colophon.Finding {
	return []colophon.Finding{
		media.Warn(media.CodeOtherPlace, -1, "place", string(place), "standard", string(media.PlaceMeta)),
	}
}

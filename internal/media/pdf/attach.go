package pdf

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// manifestName is what an embedded file with a C2PA manifest store is called (C2PA 2.2, A.4.1).
const manifestName = "content_credential.c2pa"

// isManifest reports whether a file specification is that of a C2PA manifest store.
func isManifest(spec *object) bool {
	name, _ := decodeString(spec.dict.get("UF"))
	old, _ := decodeString(spec.dict.get("F"))
	return named(spec.dict.get("AFRelationship"), "C2PA_Manifest") || decodeText(name) == manifestName || decodeText(old) == manifestName
}

// Manifest returns where the C2PA manifest store among a document's files stands, and -1 where there is none. One that is
// compressed or encrypted can't be read in place and is an error.
func Manifest(src media.Source) (off, n int64, err error) {
	const what = "PDF stream"
	f, err := open(src)
	if err != nil {
		return -1, 0, err
	}
	root, err := f.root()
	if err != nil {
		return -1, 0, err
	}
	spec, err := f.manifestSpec(root)
	if locked := f.encrypted(); locked != nil && spec == nil {
		return -1, 0, nil // what else there is can't be read at all
	} else if locked != nil {
		return -1, 0, locked
	}
	if err != nil || spec == nil {
		return -1, 0, err
	}
	files, err := f.resolve(spec.dict.get("EF"), spec.at)
	if err != nil || files == nil || !files.isDict {
		return -1, 0, err
	}
	stream, err := f.resolve(files.dict.get("F"), spec.at)
	if err != nil || stream == nil || !stream.stream {
		return -1, 0, err
	}
	if filter, _, err := f.filter(stream); err != nil || filter != "" {
		return -1, 0, media.Unsupported(what, stream.at, "a filter other than FlateDecode")
	}
	n, err = f.length(stream)
	return stream.data, n, err
}

// Attach plans the document with n zero bytes as an embedded file that is named as a C2PA manifest store, and returns where
// they stand. A store that the document has is no longer named.
func (d *Document) Attach(n int) (*media.Edit, int64, error) {
	o, err := d.Overlay()
	if err != nil {
		return nil, 0, err
	}
	if n > maxAdded {
		return nil, 0, media.TooLarge("PDF update", d.f.size, maxAdded)
	}
	num, ok := asRef(d.f.trailer.get("Root"))
	if !ok {
		return nil, 0, media.Malformed("PDF trailer", d.f.start, "Root is not a reference")
	}
	stream := o.AddStream("/Type /EmbeddedFile /Subtype /application#2Fc2pa", make([]byte, n))
	at := d.f.size + int64(len(o.a.b)-len("\nendstream\nendobj\n")-n)
	spec := o.Add(fmt.Sprintf("<</Type /Filespec /AFRelationship /C2PA_Manifest /F (%s) /UF (%s) /Desc (C2PA) /EF <</F %d 0 R>>>>", manifestName, manifestName, stream))
	files, err := d.associated(spec)
	if err != nil {
		return nil, 0, err
	}
	names, err := d.names(spec)
	if err != nil {
		return nil, 0, err
	}
	o.a.begin(num)
	o.a.b = append(o.a.b, "<<"...)
	o.a.entries(d.root.dict, "AF", "Names")
	o.a.b = append(append(append(append(o.a.b, "\n/AF "...), files...), "\n/Names "...), names...)
	o.a.b = append(o.a.b, ">>\nendobj\n"...)
	e, err := o.Edit()
	return e, at, err
}

// stays reports whether a file specification is another than that of a store.
func (d *Document) stays(value []byte) bool {
	spec, err := d.f.resolve(value, d.root.at)
	return err != nil || spec == nil || !spec.isDict || !isManifest(spec)
}

// associated returns the catalog's array of associated files with one more.
func (d *Document) associated(spec int64) ([]byte, error) {
	old, err := d.f.resolve(d.root.dict.get("AF"), d.root.at)
	if err != nil {
		return nil, err
	}
	b := []byte("[")
	if old != nil && bytes.HasPrefix(old.value, []byte("[")) {
		for _, value := range elements(old.value) {
			if d.stays(value) {
				b = append(append(b, value...), ' ')
			}
		}
	}
	return fmt.Appendf(b, "%d 0 R]", spec), nil
}

// names returns the catalog's dictionary of names with one embedded file more.
func (d *Document) names(spec int64) ([]byte, error) {
	pairs, err := d.f.namedFiles(d.root)
	if err != nil {
		return nil, err
	}
	pairs = slices.DeleteFunc(pairs, func(p [2][]byte) bool { return !d.stays(p[1]) })
	pairs = append(pairs, [2][]byte{[]byte("(" + manifestName + ")"), fmt.Appendf(nil, "%d 0 R", spec)})
	slices.SortStableFunc(pairs, func(a, b [2][]byte) int {
		x, _ := decodeString(a[0])
		y, _ := decodeString(b[0])
		return bytes.Compare(x, y)
	})
	b := []byte("<<")
	old, err := d.f.resolve(d.root.dict.get("Names"), d.root.at)
	if err != nil {
		return nil, err
	}
	if old != nil && old.isDict {
		for _, e := range old.dict.entries {
			if e.name != "EmbeddedFiles" {
				b = append(append(b, '\n'), old.dict.b[e.key:e.to]...)
			}
		}
	}
	b = append(b, "\n/EmbeddedFiles <</Names ["...)
	for _, p := range pairs {
		b = append(append(append(append(b, p[0]...), ' '), p[1]...), ' ')
	}
	return append(b, "]>>>>"...), nil
}

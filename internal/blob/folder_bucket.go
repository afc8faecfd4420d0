package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"gocloud.dev/blob/driver"
)

const (
	contentType  = "application/octet-stream"
	folderPage   = 10000
	maxName      = 200  // bytes of one name between slashes
	maxKeyLength = 1000 // S3 allows 1,024
)

// validKey accepts names of letters, digits, dot, hyphen and low line with slashes between, none of which begins with a
// dot. So no key names a temporary file, the folder above, or something that file systems take differently.
func validKey(key string) bool {
	if len(key) > maxKeyLength {
		return false
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "" || name[0] == '.' || len(name) > maxName {
			return false
		}
		for _, c := range []byte(name) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// open opens a regular file.
func (f *folder) open(key string) (*os.File, fs.FileInfo, error) {
	if !validKey(key) {
		return nil, nil, errKey(key)
	}
	file, err := f.root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	switch {
	case err == nil && info.IsDir():
		err = fs.ErrNotExist // a folder is part of longer keys and no object
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no regular file", key)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// Attributes describes an object.
func (f *folder) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, info, err := f.open(key)
	if err != nil {
		return nil, err
	}
	file.Close()
	return &driver.Attributes{
		ContentType: contentType, ModTime: info.ModTime(), Size: info.Size(),
		ETag: fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()),
	}, nil
}

// folderReader reads a part of a file.
type folderReader struct {
	io.Reader
	file  *os.File
	attrs driver.ReaderAttributes
}

// Close closes the file.
func (r *folderReader) Close() error { return r.file.Close() }

// Attributes describes the object as it was when it was opened.
func (r *folderReader) Attributes() *driver.ReaderAttributes { return &r.attrs }

// As gives the open file, for reading at any place.
func (r *folderReader) As(i any) bool {
	p, ok := i.(**os.File)
	if ok {
		*p = r.file
	}
	return ok
}

// NewRangeReader opens an object.
func (f *folder) NewRangeReader(ctx context.Context, key string, offset, length int64, opts *driver.ReaderOptions) (driver.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, info, err := f.open(key)
	if err != nil {
		return nil, err
	}
	if opts.BeforeRead != nil {
		if err := opts.BeforeRead(func(any) bool { return false }); err != nil {
			file.Close()
			return nil, err
		}
	}
	if length < 0 {
		length = max(0, info.Size()-offset)
	}
	return &folderReader{
		io.NewSectionReader(file, offset, length), file,
		driver.ReaderAttributes{ContentType: contentType, ModTime: info.ModTime(), Size: info.Size()},
	}, nil
}

// folderWriter writes an object.
type folderWriter struct {
	ctx     context.Context
	temp    *temp
	key     string
	onlyNew bool
	err     error // sticks
}

// NewTypedWriter begins an object. The content type is not kept; any attribute is refused rather than lost.
func (f *folder) NewTypedWriter(ctx context.Context, key, _ string, opts *driver.WriterOptions) (driver.Writer, error) {
	switch {
	case !validKey(key):
		return nil, errKey(key)
	case len(opts.Metadata) > 0 || opts.CacheControl+opts.ContentDisposition+opts.ContentEncoding+opts.ContentLanguage != "":
		return nil, errUnable
	}
	if opts.BeforeWrite != nil {
		if err := opts.BeforeWrite(func(any) bool { return false }); err != nil {
			return nil, err
		}
	}
	t, err := f.receive()
	if err != nil {
		return nil, err
	}
	return &folderWriter{ctx: ctx, temp: t, key: key, onlyNew: opts.IfNotExist}, nil
}

// Write appends.
func (w *folderWriter) Write(p []byte) (int, error) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return 0, w.err
	}
	var n int
	n, w.err = w.temp.Write(p)
	return n, w.err
}

// Close puts the object under its key, unless an error happened or the context ended.
func (w *folderWriter) Close() error {
	defer w.temp.discard()
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err == nil {
		w.err = w.temp.publish(w.key, w.onlyNew)
	}
	return w.err
}

// Copy copies an object.
func (f *folder) Copy(ctx context.Context, dst, src string, opts *driver.CopyOptions) error {
	file, _, err := f.open(src)
	if err != nil {
		return err
	}
	defer file.Close()
	if opts.BeforeCopy != nil {
		if err := opts.BeforeCopy(func(any) bool { return false }); err != nil {
			return err
		}
	}
	w, err := f.NewTypedWriter(ctx, dst, contentType, &driver.WriterOptions{})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	if err != nil {
		w.(*folderWriter).err = err
	}
	return w.Close()
}

// Delete removes an object, durably.
func (f *folder) Delete(ctx context.Context, key string, opts *driver.DeleteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	file, _, err := f.open(key)
	if err != nil {
		return err
	}
	file.Close()
	if opts.BeforeDelete != nil {
		if err := opts.BeforeDelete(func(any) bool { return false }); err != nil {
			return err
		}
	}
	if err := f.root.Remove(key); err != nil {
		return err
	}
	return f.syncFolder(path.Dir(key))
}

// SignedURL refuses: nobody reaches a folder over the network.
func (f *folder) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errUnable
}

// ListPaged lists objects in order of their keys. The token of a page is the last key before it.
func (f *folder) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	if opts.Delimiter != "" && opts.Delimiter != "/" {
		return nil, fmt.Errorf("%w: delimiter %q", errors.ErrUnsupported, opts.Delimiter)
	}
	if opts.BeforeList != nil {
		if err := opts.BeforeList(func(any) bool { return false }); err != nil {
			return nil, err
		}
	}
	size := opts.PageSize
	if size == 0 {
		size = folderPage
	}
	l := listing{folder: f, ctx: ctx, prefix: opts.Prefix, after: string(opts.PageToken), flat: opts.Delimiter == "", limit: size + 1}
	if err := l.walk("."); err != nil {
		return nil, err
	}
	page := &driver.ListPage{Objects: l.found}
	if len(l.found) > size {
		page.Objects = l.found[:size]
		page.NextPageToken = []byte(page.Objects[size-1].Key)
	}
	return page, nil
}

// listing collects one page.
type listing struct {
	folder *folder
	ctx    context.Context
	prefix string
	after  string
	flat   bool // goes into folders
	limit  int
	found  []*driver.ListObject
}

// walk lists a folder. Names of folders are ordered as if the slash were part of them, as keys are.
func (l *listing) walk(dir string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	names, err := l.names(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if len(l.found) >= l.limit {
			return nil
		}
		key := path.Join(dir, name)
		if !strings.HasSuffix(name, "/") {
			if err := l.add(key); err != nil {
				return err
			}
			continue
		}
		key += "/"
		switch {
		case l.after > key && !strings.HasPrefix(l.after, key), l.after == key:
			// All in it was listed.
		case strings.HasPrefix(l.prefix, key), l.flat && strings.HasPrefix(key, l.prefix):
			if err := l.walk(strings.TrimSuffix(key, "/")); err != nil {
				return err
			}
		case strings.HasPrefix(key, l.prefix) && l.after < key:
			l.found = append(l.found, &driver.ListObject{Key: key, IsDir: true})
		}
	}
	return nil
}

func (l *listing) names(dir string) ([]string, error) {
	d, err := l.folder.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	list, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(list))
	for _, e := range list {
		switch {
		case e.Name()[0] == '.':
		case e.IsDir():
			names = append(names, e.Name()+"/")
		default:
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (l *listing) add(key string) error {
	if !strings.HasPrefix(key, l.prefix) || key <= l.after {
		return nil
	}
	info, err := l.folder.root.Lstat(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	l.found = append(l.found, &driver.ListObject{Key: key, ModTime: info.ModTime(), Size: info.Size()})
	return nil
}

package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	gcblob "gocloud.dev/blob"

	"github.com/colophon-project/colophon"
)

// maxNamed bounds what a name holds: a full bundle of log entries is at most 16 MiB.
const maxNamed = 32 << 20

// Names is a part of a store where small files stand under names that others know, such as the tiles of the log. What
// stands under a name never changes, but for the few names that were said to. Unlike blobs, these files are not checked
// when they are read: tiles are checked against the checkpoint, and the checkpoint carries its signature.
type Names struct {
	store   *Store
	prefix  string
	mutable map[string]bool
}

// Names returns the part of the store under a prefix, such as "log/1". Put replaces what stands under a name of mutable,
// such as "checkpoint"; everything else it leaves as it is.
func (s *Store) Names(prefix string, mutable ...string) (*Names, error) {
	n := &Names{store: s, prefix: "name/" + prefix + "/", mutable: map[string]bool{}}
	for _, name := range mutable {
		n.mutable[name] = true
		if _, err := n.key(name); err != nil {
			return nil, err
		}
	}
	_, err := n.key("name")
	return n, err
}

func (n *Names) key(name string) (string, error) {
	if k := n.prefix + name; validKey(k) && validKey(name) {
		return k, nil
	}
	// Nothing stands under such a name either.
	return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeName, Args: colophon.Args{"name": fmt.Sprintf("%.80q", n.prefix+name)}, Err: fs.ErrNotExist}
}

// Put stores bytes under a name and returns when they are durable. The same bytes may be put again; other bytes under a
// name that never changes are an error of kind Conflict, and what stood there stays.
func (n *Names) Put(ctx context.Context, name string, data []byte) error {
	k, err := n.key(name)
	if err != nil {
		return err
	}
	if len(data) > maxNamed {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeTooLarge, Args: colophon.Args{"name": name}}
	}
	if !n.mutable[name] {
		// Before, and not only as a condition of the write: a store that knows no conditions would overwrite.
		if _, err := n.Get(ctx, name); err == nil {
			return n.same(ctx, name, k, data)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	err = store(n.mutable[name], func(onlyNew bool) error {
		opts := &gcblob.WriterOptions{ContentType: contentType, IfNotExist: onlyNew}
		return n.store.bucket.WriteAll(ctx, k, data, opts)
	})
	if errors.Is(err, errTaken) {
		return n.same(ctx, name, k, data)
	}
	return err
}

// same compares with what stands under a name.
func (n *Names) same(ctx context.Context, name, key string, data []byte) error {
	there, err := n.Get(ctx, name)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, data) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeNameTaken, Args: colophon.Args{"name": name}}
	}
	if n.store.folder != nil {
		return fault(name, n.store.folder.settle(key))
	}
	return nil
}

// Get returns what stands under a name. When nothing does, the error is of kind Missing and like fs.ErrNotExist.
func (n *Names) Get(ctx context.Context, name string) ([]byte, error) {
	k, err := n.key(name)
	if err != nil {
		return nil, err
	}
	r, err := n.store.bucket.NewReader(ctx, k, nil)
	if err != nil {
		return nil, missing(fault(name, err), "name", name, CodeNameAbsent)
	}
	defer r.Close()
	if r.Size() > maxNamed {
		return nil, &colophon.Error{Code: CodeTooLarge, Args: colophon.Args{"name": name}}
	}
	data := make([]byte, r.Size())
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fault(name, err)
	}
	return data, nil
}

// DeleteUnder removes everything whose name begins with a folder. It is no error when nothing is there.
func (n *Names) DeleteUnder(ctx context.Context, folder string) error {
	k, err := n.key(folder)
	if err != nil {
		return err
	}
	it := n.store.bucket.List(&gcblob.ListOptions{Prefix: k + "/"})
	for {
		object, err := it.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return fault(folder, err)
		}
		if err := fault(folder, n.store.bucket.Delete(ctx, object.Key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if n.store.folder != nil {
		return fault(folder, n.store.folder.removeEmpty(k))
	}
	return nil
}

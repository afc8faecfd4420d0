package archive

import (
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	methodStored  = 0
	methodDeflate = 8

	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagStrong     = 1 << 6
	flagMasked     = 1 << 13
)

// Read returns the content of the entry with a name, inflated and checked. ok is false when there is no such entry.
func (a *Archive) Read(name string) (content []byte, ok bool, err error) {
	e := a.find(name)
	if e == nil {
		return nil, false, nil
	}
	content, err = a.read(e)
	return content, true, err
}

func (a *Archive) read(e *entry) ([]byte, error) {
	what := "ZIP entry " + clip(e.name)
	if e.flags&(flagEncrypted|flagStrong|flagMasked) != 0 {
		return nil, media.Unsupported(what, e.local, "entry is encrypted")
	}
	if e.method != methodStored && e.method != methodDeflate {
		return nil, media.Unsupported(what, e.local, "compression method is neither stored nor deflated")
	}
	if e.size > a.largest || e.packed > a.largest {
		return nil, media.TooLarge(what, e.local, a.largest)
	}
	if e.size > a.budget {
		return nil, media.TooLarge("ZIP entries that are read", e.local, a.total)
	}
	data, err := a.dataOffset(e)
	if err != nil {
		return nil, err
	}
	packed, err := media.Bytes(a.src, what, data, e.packed)
	if err != nil {
		return nil, err
	}
	content := packed
	if e.method == methodDeflate {
		if content, err = inflate(packed, e.size); err != nil {
			return nil, media.Malformed(what, data, err.Error())
		}
	}
	if int64(len(content)) != e.size || crc32.ChecksumIEEE(content) != e.crc {
		return nil, media.Malformed(what, data, "size or CRC-32 differs from the central directory")
	}
	a.budget -= e.size
	return content, nil
}

// inflate returns at most size bytes and fails when there are more: a declared size is a promise that bounds memory.
func inflate(packed []byte, size int64) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(packed))
	var b bytes.Buffer // grows with what is really there
	n, err := io.Copy(&b, io.LimitReader(r, size+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("deflated data are cut short")
	case err != nil:
		return nil, errors.New("deflated data are damaged")
	case n > size:
		return nil, errors.New("deflated data are longer than declared")
	}
	return b.Bytes(), nil
}

// dataOffset reads an entry's local file header and returns where its data begin.
func (a *Archive) dataOffset(e *entry) (int64, error) {
	header, err := a.localHeader(e)
	if err != nil {
		return 0, err
	}
	return e.local + localSize + int64(le.Uint16(header[26:])) + int64(le.Uint16(header[28:])), nil
}

// localHeader reads the fixed part of an entry's local file header.
func (a *Archive) localHeader(e *entry) ([localSize]byte, error) {
	var h [localSize]byte
	if err := media.Fill(a.src, "ZIP local file header", h[:], e.local); err != nil {
		return h, err
	}
	if string(h[:4]) != localMagic {
		return h, media.Malformed("ZIP local file header", e.local, "signature 0x04034b50 is missing")
	}
	return h, nil
}

// deflated compresses a part, always to the same bytes.
func deflated(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func clip(name string) string { return name[:min(len(name), 80)] }

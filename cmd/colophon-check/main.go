//go:build js && wasm

// Command colophon-check is the reader of the page on which everybody can check a file: package internal/checker, compiled to
// WebAssembly. It runs in a worker of the visitor's browser, reads the file there, and answers in JSON. It opens no file and
// no connection: bytes come from the script that started it, static/reader.js of package internal/console.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"syscall/js"

	"github.com/colophon-project/colophon/internal/checker"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

func main() {
	printers := map[locale.Language]*locale.Printer{} // reading one takes longer than reading most files
	js.Global().Set("colophonCheck", js.FuncOf(func(_ js.Value, args []js.Value) any { return check(printers, args) }))
	select {} // until the worker ends
}

// order is what the script asks for.
type order struct {
	Name     string `json:"name"`
	Language string `json:"language"`
	Keys     string `json:"keys"` // public keys in PEM
	Code     string `json:"code"`
	Provider string `json:"provider"`
}

// check takes an order in JSON, how large the file is and a function that reads from it, the same of the sidecar or null,
// and a function that is told how far the reading is. It returns a report in JSON.
func check(printers map[locale.Language]*locale.Printer, args []js.Value) any {
	var o order
	if err := json.Unmarshal([]byte(args[0].String()), &o); err != nil {
		return js.Null()
	}
	language, _ := locale.Parse(o.Language)
	say, err := printers[language], error(nil)
	if say == nil {
		if say, err = locale.For(language); err != nil {
			return js.Null()
		}
		printers[language] = say
	}
	options := checker.Options{Name: o.Name, Code: o.Code, Provider: o.Provider}
	if options.Pinned, err = label.ParsePublicKeys([]byte(o.Keys)); err != nil {
		options.Pinned = nil // seals are then by keys that nobody knows
	}
	file := source(args[1])
	if !args[2].IsNull() {
		options.Sidecar = source(args[2])
	}
	told := int64(0)
	options.Progress = func(done int64) {
		if done-told >= step {
			told = done
			args[3].Invoke(float64(done))
		}
	}
	text, err := json.Marshal(checker.Check(file, options, say))
	if err != nil {
		return js.Null()
	}
	return string(text)
}

const (
	step  = 4 << 20   // bytes between two signs of progress
	whole = 64 << 20  // the largest file that is read into memory at once
	frame = 256 << 10 // how much is read of a larger one at least
)

// source is a file of the browser: in memory where it is not too large.
func source(file js.Value) media.Source {
	f := &blob{read: file.Get("read"), size: int64(file.Get("size").Float())}
	if f.size > whole {
		return f
	}
	all := make([]byte, f.size)
	if n, err := f.ReadAt(all, 0); err != nil || int64(n) != f.size {
		return f // fails again where it is read
	}
	return media.Memory(all)
}

// blob is a file of the browser that is read piece by piece. The piece that was read last is kept.
type blob struct {
	read js.Value // (offset, length) → Uint8Array
	size int64
	at   int64
	kept []byte
}

// Size implements media.Source.
func (b *blob) Size() int64 { return b.size }

// ReadAt implements io.ReaderAt. One thread runs here, so nothing is locked.
func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("a negative offset")
	}
	if off >= b.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), b.size-off))
	if off < b.at || off+int64(n) > b.at+int64(len(b.kept)) {
		if n >= frame {
			if err := b.load(p[:n], off); err != nil {
				return 0, err
			}
			return n, short(n, len(p))
		}
		b.at, b.kept = off, make([]byte, min(frame, b.size-off))
		if err := b.load(b.kept, off); err != nil {
			b.kept = nil
			return 0, err
		}
	}
	copy(p[:n], b.kept[off-b.at:])
	return n, short(n, len(p))
}

func short(n, want int) error {
	if n < want {
		return io.EOF
	}
	return nil
}

// load asks the browser for bytes. It throws where the file is gone or was changed.
func (b *blob) load(p []byte, off int64) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = errors.New("the browser could not read the file")
		}
	}()
	if js.CopyBytesToGo(p, b.read.Invoke(float64(off), len(p))) != len(p) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

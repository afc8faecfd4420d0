package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/register/dataset"
)

type datasetManifestCommand struct {
	Folder string `arg:"" name:"folder"`
}

// Run writes the manifest of a folder: a line for each file, with the folder below which it lies as its source. Of short files
// with text the text stands in it.
func (c *datasetManifestCommand) Run(s *session) error {
	root, err := os.OpenRoot(c.Folder)
	if err != nil {
		return durable.Fault(c.Folder, err)
	}
	defer root.Close() //nolint:errcheck // it was only read
	out := bufio.NewWriter(s.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		it, err := itemOf(root, path)
		if err != nil {
			return durable.Fault(filepath.Join(c.Folder, path), err)
		}
		return lines.Encode(it)
	})
	return errors.Join(err, out.Flush())
}

func itemOf(root *os.Root, path string) (it dataset.Item, err error) {
	it.ID, it.At = path, path
	if source, _, below := strings.Cut(path, "/"); below {
		it.Source = source
	}
	f, err := root.Open(path)
	if err != nil {
		return it, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	head, err := io.ReadAll(io.TeeReader(io.LimitReader(f, dataset.MaxText+1), hash))
	if err == nil {
		_, err = io.Copy(hash, f)
	}
	it.SHA256 = hex.EncodeToString(hash.Sum(nil))
	if len(head) > 0 && len(head) <= dataset.MaxText && utf8.Valid(head) && !strings.ContainsRune(string(head), 0) {
		it.Text = string(head)
	}
	return it, err
}

type datasetDigestCommand struct {
	ID   string `arg:"" name:"id"`
	File string `arg:"" name:"file"`
}

// Run says the digest of a manifest, as the server has it. It needs no server.
func (c *datasetDigestCommand) Run(s *session) error {
	return withFile(c.File, func(f io.Reader) error {
		m := dataset.NewManifest(c.ID)
		if err := dataset.Read(f, m.Add); err != nil {
			return err
		}
		l := m.Listed()
		if s.json {
			s.printJSON(map[string]any{"digest": l.Digest, "items": l.Items, "sources": l.Sources, "consents": l.Consents})
			return nil
		}
		fmt.Fprintln(s.Stdout, l.Digest+"  "+s.say.Say("dataset-items", "items", itoa(l.Items)))
		return nil
	})
}

package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/timestamp"
	"github.com/colophon-project/colophon/internal/timestamp/authority"
	"github.com/colophon-project/colophon/stamp"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/marker"
)

// Codes of errors about signers of credentials. Arg "file" is the path of a file.
const (
	CodeSignerFile colophon.Code = "credential-signer-file" // arg "file"; the cause says why
	CodeTrustFile  colophon.Code = "credential-trust-file"  // arg "file"; the cause says why
)

// generator is how credentials name this program.
const generator = "Colophon"

// marks is what puts watermarks and credentials on content.
type marks struct {
	watermark *stamp.Watermarking // nil where content gets none
	signing   *stamp.Signing      // nil where content gets none
	finder    *marker.Set         // finds watermarks, whether or not content gets any
	trust     *credential.Trust
}

// openMarks opens the keys of watermarks and credentials.
func (s *Server) openMarks(context.Context) error {
	var list []watermark.Key
	for _, raw := range s.keys.Watermarks {
		list = append(list, watermark.Key(raw))
	}
	s.marks.finder = marker.New(list, s.tools(), rand.Reader)
	kinds, err := modalities(s.set.Watermark)
	if err != nil {
		return err
	}
	if len(kinds) > 0 {
		on, err := functions(s.set.WatermarkOn)
		if err != nil {
			return err
		}
		s.marks.watermark = &stamp.Watermarking{Marker: s.marks.finder, Modalities: kinds, Functions: on}
	}
	if s.marks.trust, err = ReadTrust(parts(s.set.CredentialTrust)); err != nil || s.set.CredentialKey == "" {
		return err
	}
	on, err := functions(s.set.CredentialOn)
	if err != nil {
		return err
	}
	r := &signers{key: s.set.CredentialKey, chain: s.set.CredentialChain, told: func(err error) { s.log.Error("credentials", "error", err) }}
	if err = s.stampSignatures(r); err != nil {
		return err
	}
	if _, err = r.read(); err != nil {
		return err
	}
	s.marks.signing = &stamp.Signing{Signer: r.now, Trust: s.marks.trust, Now: time.Now, Generator: credential.Generator{Name: generator, Version: s.config.Version}, Functions: on}
	return nil
}

// stampSignatures makes signatures carry a time stamp, where an authority is set.
func (s *Server) stampSignatures(r *signers) error {
	if s.set.Timestamp == "" {
		return nil
	}
	client, err := s.authority()
	if err != nil {
		return err
	}
	r.stamp = func(ctx context.Context, message []byte) ([]byte, error) {
		response, _, err := client.Stamp(ctx, message)
		return response, err
	}
	return nil
}

// authority is the client of the time-stamping authority that is set.
func (s *Server) authority() (*authority.Client, error) {
	text, err := os.ReadFile(s.set.TimestampCAs)
	if err != nil {
		return nil, durable.Fault(s.set.TimestampCAs, err)
	}
	trusted, err := timestamp.ParseAuthorities(text)
	if err != nil {
		return nil, err
	}
	return &authority.Client{URL: s.set.Timestamp, HTTP: http.DefaultClient, Trusted: trusted, Now: time.Now}, nil
}

// press puts on what everything that is produced gets.
func (s *Server) press() *stamp.Press {
	return &stamp.Press{Tools: s.tools(), Watermark: s.marks.watermark, Credential: s.marks.signing}
}

// unmarkedPress is for copies without the notice. They bear everything else, so that they can be traced.
func (s *Server) unmarkedPress() *stamp.Press {
	p := s.press()
	p.Unmarked = true
	return p
}

// signers reads the signer again when one of its files has changed, so that a certificate is renewed without a restart.
type signers struct {
	key, chain string
	stamp      func(ctx context.Context, message []byte) ([]byte, error)
	told       func(error)

	mu   sync.Mutex
	seen [2]fs.FileInfo
	was  *credential.Signer
	ends [2]time.Time
}

// now returns the signer of the day, or nil where no certificate is valid. One that can't be read any more, such as one that is
// being written, leaves the one before in use.
func (r *signers) now() *credential.Signer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if changed, err := r.changed(); changed || err != nil {
		if err == nil {
			err = r.reload()
		}
		if err != nil {
			r.told(err)
		}
	}
	if at := time.Now(); r.was == nil || at.Before(r.ends[0]) || at.After(r.ends[1]) {
		return nil
	}
	return r.was
}

func (r *signers) read() (*credential.Signer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.changed(); err != nil {
		return nil, err
	}
	return r.was, r.reload()
}

// changed looks at the files, and remembers how they are.
func (r *signers) changed() (bool, error) {
	changed := false
	for i, path := range []string{r.key, r.chain} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return false, durable.Fault(path, err)
		}
		before := r.seen[i]
		changed = changed || before == nil || !before.ModTime().Equal(info.ModTime()) || before.Size() != info.Size() || !os.SameFile(before, info)
		r.seen[i] = info
	}
	return changed, nil
}

func (r *signers) reload() error {
	signer, leaf, err := ReadSigner(r.key, r.chain)
	if err != nil {
		return err
	}
	signer.Stamp = r.stamp
	r.was, r.ends = signer, [2]time.Time{leaf.NotBefore, leaf.NotAfter}
	return nil
}

// maxSigner is the largest file of a key or of certificates that is read, in bytes.
const maxSigner = 16 << 20

// ReadSigner reads a signer of credentials from PEM files: a private key as PKCS #8 or SEC 1, and the certificates, the signer's own
// first. Where chain is empty, they stand in the file of the key, or beside it in one with the ending .pem.
func ReadSigner(key, chain string) (*credential.Signer, *x509.Certificate, error) {
	blocks, err := readPEM(key)
	if err != nil {
		return nil, nil, err
	}
	wrong := func(path, why string) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeSignerFile, Args: colophon.Args{"file": path}, Err: errors.New(why)}
	}
	s := &credential.Signer{Rand: rand.Reader}
	for _, b := range blocks {
		if k, ok := privateKey(b); ok && s.Key == nil {
			s.Key = k
		}
	}
	if s.Key == nil {
		return nil, nil, wrong(key, "no private key")
	}
	from := key
	if beside := strings.TrimSuffix(key, filepath.Ext(key)) + ".pem"; chain == "" && !slices.ContainsFunc(blocks, func(b *pem.Block) bool { return b.Type == "CERTIFICATE" }) {
		chain = beside
	}
	if chain != "" {
		from = chain
		if blocks, err = readPEM(chain); err != nil {
			return nil, nil, err
		}
	}
	for _, b := range blocks {
		if b.Type == "CERTIFICATE" {
			s.Chain = append(s.Chain, b.Bytes)
		}
	}
	if len(s.Chain) == 0 {
		return nil, nil, wrong(from, "no certificate")
	}
	leaf, err := x509.ParseCertificate(s.Chain[0])
	if err != nil {
		return nil, nil, wrong(from, "the first certificate can't be read")
	}
	public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(s.Key.Public()) {
		return nil, nil, wrong(from, "the first certificate is not of the key")
	}
	return s, leaf, nil
}

// NewSigning makes what signs credentials with one signer, for the command line.
func NewSigning(key, chain, version string) (*stamp.Signing, error) {
	signer, _, err := ReadSigner(key, chain)
	if err != nil {
		return nil, err
	}
	return &stamp.Signing{Signer: func() *credential.Signer { return signer }, Now: time.Now, Generator: credential.Generator{Name: generator, Version: version}}, nil
}

func privateKey(b *pem.Block) (crypto.Signer, bool) {
	if k, err := x509.ParsePKCS8PrivateKey(b.Bytes); err == nil {
		s, ok := k.(crypto.Signer)
		return s, ok
	}
	if k, err := x509.ParseECPrivateKey(b.Bytes); err == nil {
		return k, true
	}
	return nil, false
}

func readPEM(path string) (list []*pem.Block, err error) {
	src, err := durable.Open(path)
	if err != nil {
		return nil, durable.Fault(path, err)
	}
	defer src.Close()
	if src.Size() > maxSigner {
		return nil, durable.Fault(path, media.TooLarge("PEM", 0, maxSigner))
	}
	text, err := media.Bytes(src, "PEM", 0, src.Size())
	if err != nil {
		return nil, durable.Fault(path, err)
	}
	for text = bytes.TrimSpace(text); ; {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return list, nil
		}
		list = append(list, b)
	}
}

// ReadTrust reads lists of certificates from PEM files: those that signers of credentials and time-stamping authorities lead to.
func ReadTrust(paths []string) (*credential.Trust, error) {
	t := &credential.Trust{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, durable.Fault(path, err)
		}
		if err = t.AddSigners(text); err != nil {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeTrustFile, Args: colophon.Args{"file": path}, Err: err}
		}
	}
	return t, nil
}

// parts are the parts of a list with commas.
func parts(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// functions are the kinds of functions of a list.
func functions(text string) (list []stamp.Function, err error) {
	for _, part := range parts(text) {
		if _, err := stamp.Function(part).Policy(); err != nil {
			return nil, err
		}
		list = append(list, stamp.Function(part))
	}
	return list, nil
}

// modalities are the kinds of content of a list.
func modalities(text string) (list []media.Modality, err error) {
	known := map[string]media.Modality{"picture": media.ModalityImage, "sound": media.ModalityAudio, "video": media.ModalityVideo}
	for _, part := range parts(text) {
		m, ok := known[part]
		if !ok || slices.Contains(list, m) {
			return nil, errors.New("picture, sound, video, each once")
		}
		list = append(list, m)
	}
	return list, nil
}

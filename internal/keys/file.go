package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/label"
)

const (
	logPublic  = "log.pub"
	sealPublic = "seal.pub"
	// watermarkNames is no secret, and holds none.
	watermarkNames = "watermark.pub"
	secretSize     = 32
	maxFile        = 64 << 10
	// firstLine begins every file that this package wrote: kind, generation, name of the log or a dash, digest.
	firstLine   = "colophon-key v1 "
	secretBlock = "COLOPHON SECRET"
)

func (c *Config) path(name string) string { return filepath.Join(c.Dir, name) }

func fileName(k Kind, generation int) string { return fmt.Sprintf("%s-%03d.key", k, generation) }

// secret is the content of one file.
type secret struct {
	seal *label.SigningKey
	log  crypto.Signer
	raw  []byte
}

// id names an envelope key by a digest of it, so that a key made anew is never taken for one that was lost.
func (s *secret) id() string {
	digest := sha256.Sum256(append([]byte("colophon/keys/envelope/v1\x00"), s.raw...))
	return "file-" + hex.EncodeToString(digest[:8])
}

func (c *Config) name(k Kind) string {
	if k == Log {
		return c.Origin
	}
	return "-"
}

// make writes a new generation.
func (c *Config) make(k Kind, generation int) error {
	block := &pem.Block{Type: "PRIVATE KEY"}
	var err error
	switch k {
	case Seal:
		block.Bytes, err = newSeal(c.Algorithm)
	case Log:
		var key ed25519.PrivateKey
		if _, key, err = ed25519.GenerateKey(rand.Reader); err == nil {
			block.Bytes, err = smx509.MarshalPKCS8PrivateKey(key)
		}
	default:
		block.Type, block.Bytes = secretBlock, make([]byte, secretSize)
		_, err = rand.Read(block.Bytes)
	}
	if err != nil {
		return err
	}
	return c.write(fileName(k, generation), encode(k, generation, c.name(k), pem.EncodeToMemory(block)), 0o600, durable.Options{})
}

func newSeal(algorithm label.Algorithm) ([]byte, error) {
	var key crypto.Signer
	var err error
	switch algorithm {
	case "", label.AlgorithmSM2:
		key, err = sm2.GenerateKey(rand.Reader)
	case label.AlgorithmES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = &colophon.Error{Kind: colophon.Unsupported, Code: label.CodeKeyAlgorithm, Args: colophon.Args{"block": string(algorithm)}}
	}
	if err != nil {
		return nil, err
	}
	return smx509.MarshalPKCS8PrivateKey(key)
}

// encode puts the first line before a PEM text. The digest covers everything else in the file.
func encode(k Kind, generation int, name string, text []byte) []byte {
	head := fmt.Sprintf("%s%s %d %s ", firstLine, k, generation, name)
	digest := sha256.Sum256(append([]byte(head), text...))
	return append([]byte(head+hex.EncodeToString(digest[:])+"\n"), text...)
}

// read reads a file that nobody but its owner may read.
func (c *Config) read(k Kind, generation int) (secret, error) {
	path := c.path(fileName(k, generation))
	data, err := readGuarded(path)
	if err != nil {
		return secret{}, err
	}
	s, err := parse(data, k, generation, c.name(k))
	if errors.Is(err, errOrigin) {
		return secret{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeOrigin, Args: colophon.Args{"file": path, "origin": c.Origin}}
	}
	if err != nil {
		return secret{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeDamaged, Args: colophon.Args{"file": path}, Err: err}
	}
	return s, nil
}

func readGuarded(path string) ([]byte, error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := guard(path, f.Stat()); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, 0, maxFile))
	return data, durable.Fault(path, err)
}

var errOrigin = errors.New("made for another log")

// parse reads the content of a file. No error holds any of it.
func parse(data []byte, k Kind, generation int, name string) (secret, error) {
	text := string(data)
	// A seal that was made elsewhere may be put in place as it is; ParseSigningKey is all that looks at it.
	if k != Seal || !strings.HasPrefix(text, "-----BEGIN ") {
		line, rest, ok := strings.Cut(text, "\n")
		fields := strings.Split(line, " ")
		if !ok || len(fields) != 6 || string(encode(Kind(fields[2]), generation, fields[4], []byte(rest))) != text || Kind(fields[2]) != k {
			return secret{}, errors.New("the digest in the first line does not fit")
		}
		if fields[4] != name {
			return secret{}, errOrigin
		}
	}
	if k == Seal {
		key, err := label.ParseSigningKey(data)
		return secret{seal: key}, err
	}
	block, _ := pem.Decode(data)
	switch {
	case block == nil:
		return secret{}, errors.New("no PEM block")
	case k == Log:
		key, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return secret{}, errors.New("no PKCS #8 key")
		}
		log, ok := key.(ed25519.PrivateKey)
		if !ok {
			return secret{}, errors.New("no Ed25519 key")
		}
		return secret{log: log}, nil
	case block.Type != secretBlock || len(block.Bytes) != secretSize:
		return secret{}, errors.New("not 32 bytes of secret")
	}
	return secret{raw: block.Bytes}, nil
}

// verifierText is the public half of a log key as other programs read it.
func verifierText(origin string, key crypto.PublicKey) (string, error) {
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return "", errors.New("logs are signed with Ed25519 keys")
	}
	text, err := note.NewEd25519VerifierKey(origin, public)
	if err == nil {
		_, err = note.NewVerifier(text)
	}
	return text, err
}

// write brings a file to the disk under its name in one step.
func (c *Config) write(name string, data []byte, mode fs.FileMode, opts durable.Options) error {
	path := c.path(name)
	if c.step != nil {
		if err := c.step(path); err != nil {
			return err
		}
	}
	batch := durable.NewBatch(opts)
	defer batch.Abort()
	f, err := batch.Create(path, newFile(mode))
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Finish(); err != nil {
		return err
	}
	return batch.Commit()
}

// newFile describes a file that is to be made: its mode is all that counts.
type newFile fs.FileMode

func (newFile) Name() string        { return "" }
func (newFile) Size() int64         { return 0 }
func (m newFile) Mode() fs.FileMode { return fs.FileMode(m) }
func (newFile) ModTime() time.Time  { return time.Time{} }
func (newFile) IsDir() bool         { return false }
func (newFile) Sys() any            { return nil }

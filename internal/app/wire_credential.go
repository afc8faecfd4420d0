package app

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/pki"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/label"
)

// CodeFolder reports a folder for a test infrastructure that has something in it already.
const CodeFolder colophon.Code = "pki-folder" // arg "folder"

// labelStandard is how credentials name the standard of labels.
const labelStandard = "GB 45438-2025"

// Credentialed is what the credential of a file says, and what is to be thought of it.
type Credentialed struct {
	Format media.Format
	Store  *credential.Store // nil for a file without a credential
	Report *credential.Report
}

// openMedia opens a file and tells what it is.
func openMedia(path string) (*durable.Source, media.Format, error) {
	src, err := durable.Open(path)
	if err != nil {
		return nil, "", err
	}
	_, f, err := all.Detect(src, filepath.Base(path))
	if err != nil {
		return nil, "", errors.Join(durable.Fault(path, err), src.Close())
	}
	return src, f, nil
}

// ReadCredential reads and validates the credential of a file.
func ReadCredential(ctx context.Context, path string, o credential.Options) (*Credentialed, error) {
	src, f, err := openMedia(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	c := &Credentialed{Format: f}
	if !credential.Known(f) && !credential.InText(f) {
		return c, nil
	}
	if c.Store, err = credential.Read(src, f); errors.Is(err, credential.ErrNone) {
		c.Store = nil
		return c, nil
	}
	if err != nil {
		return c, durable.Fault(path, err)
	}
	c.Report, err = c.Store.Validate(ctx, src, f, o)
	return c, durable.Fault(path, err)
}

// Crediting signs one file.
type Crediting struct {
	Signer  *credential.Signer
	Trust   *credential.Trust // whom ingredients are judged by
	Now     time.Time
	Version string
	Title   string
	// SourceType is the digital source type; empty is that of a trained model for content that comes from nowhere.
	SourceType string
	Parts      []CreditedPart
	InText     bool
	Durable    durable.Options
}

// CreditedPart is a file that content was made from.
type CreditedPart struct {
	Path         string
	Relationship credential.Relationship
}

// Write signs a file into another, in one pass over it, and returns the label of the new manifest.
func (c *Crediting) Write(ctx context.Context, in, out string) (manifest string, err error) {
	src, f, err := openMedia(in)
	if err != nil {
		return "", err
	}
	defer src.Close()
	plan, err := c.plan(ctx, in, src, f)
	if err != nil {
		return "", durable.Fault(in, err)
	}
	batch := durable.NewBatch(c.Durable)
	defer batch.Abort()
	file, err := batch.Create(out, nil)
	if err != nil {
		return "", err
	}
	if err := plan.Write(ctx, file); err != nil {
		return "", durable.Fault(out, err)
	}
	if err := file.Finish(); err != nil {
		return "", err
	}
	return plan.Label(), batch.Commit()
}

func (c *Crediting) plan(ctx context.Context, in string, src *durable.Source, f media.Format) (*credential.Plan, error) {
	o := credential.Options{Trust: c.Trust, Now: c.Now}
	d := credential.Draft{
		Title: c.Title, Generator: credential.Generator{Name: generator, Version: c.Version}, When: c.Now, SourceType: c.SourceType, InText: c.InText,
	}
	parent := false
	for _, p := range c.Parts {
		part, err := examine(ctx, p.Path, p.Relationship, o)
		if err != nil {
			return nil, err
		}
		parent = parent || p.Relationship == credential.ParentOf
		d.Ingredients = append(d.Ingredients, part)
	}
	own, err := credential.Examine(ctx, src, f, credential.ParentOf, filepath.Base(in), o)
	if err != nil {
		return nil, err
	}
	if own.Report() != nil {
		parent, d.Ingredients = true, append(d.Ingredients, own)
	}
	if d.SourceType == "" && !parent {
		d.SourceType = credential.TrainedAlgorithmicMedia
	}
	report, err := label.Read(src, label.Options{Name: filepath.Base(in)})
	if err != nil {
		return nil, err
	}
	if len(report.Marks) > 0 {
		if value, err := report.Marks[0].Fields.JSON(); err == nil { // nothing is said of one that is out of form
			d.Label = credential.NewLabel(labelStandard, string(report.Marks[0].Place), value)
		}
	}
	return c.Signer.Prepare(ctx, src, f, d, o)
}

func examine(ctx context.Context, path string, r credential.Relationship, o credential.Options) (*credential.Ingredient, error) {
	src, f, err := openMedia(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	part, err := credential.Examine(ctx, src, f, r, filepath.Base(path), o)
	return part, durable.Fault(path, err)
}

// Files of a test infrastructure. KEY files are private.
const (
	pkiTrust        = "trust.pem"
	pkiRetired      = "retired"
	pkiRoot         = "root"
	pkiIntermediate = "intermediate"
	pkiSigner       = "signer"
	pkiStamps       = "stamps"
)

// InitPKI makes a test infrastructure in a folder that is new or empty: it is there whole or not at all.
func InitPKI(dir string, profile pki.Profile, organization, name string, now time.Time) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeFolder, Args: colophon.Args{"folder": dir}}
	}
	set, err := profile.New(rand.Reader, now, organization, name)
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	fresh, err := os.MkdirTemp(filepath.Dir(dir), ".colophon-pki-")
	if err != nil {
		return durable.Fault(dir, err)
	}
	defer os.RemoveAll(fresh)
	for kind, id := range map[string]*pki.Identity{pkiRoot: set.Root, pkiIntermediate: set.Intermediate, pkiSigner: set.Signer, pkiStamps: set.Stamps} {
		if err := writeIdentity(filepath.Join(fresh, kind), id); err != nil {
			return err
		}
	}
	if err := writeNew(filepath.Join(fresh, pkiTrust), set.Root.PEM(), 0o644); err != nil {
		return err
	}
	return durable.Fault(dir, os.Rename(fresh, dir))
}

// RotatePKI gives the signer of a test infrastructure, or its time-stamping authority, a new key and certificate. The ones
// before go into the folder retired, so that whoever still uses them finds them.
func RotatePKI(dir string, profile pki.Profile, stamps bool, now time.Time) (serial string, err error) {
	above, err := readIdentity(dir, pkiIntermediate)
	if err != nil {
		return "", err
	}
	kind, issue := pkiSigner, above.Signer
	if stamps {
		kind, profile = pkiStamps, pki.ES256
	}
	old, err := readIdentity(dir, kind)
	if err != nil {
		return "", err
	}
	key, err := profile.NewKey(rand.Reader)
	if err != nil {
		return "", err
	}
	subject := old.Certificate.Subject
	organization := firstOf(subject.Organization)
	var id *pki.Identity
	if stamps {
		id, err = above.Authority(rand.Reader, now, key, organization)
	} else {
		id, err = issue(rand.Reader, now, key, organization, subject.CommonName)
	}
	if err != nil {
		return "", err
	}
	fresh := filepath.Join(dir, ".next-"+hex.EncodeToString(id.Certificate.SerialNumber.Bytes()[:4]))
	if err := writeIdentity(fresh, id); err != nil {
		return "", err
	}
	retired := filepath.Join(dir, pkiRetired)
	if err := os.Mkdir(retired, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", durable.Fault(retired, err)
	}
	serial = old.Certificate.SerialNumber.Text(16)
	for _, end := range []string{".key", ".pem"} {
		now := filepath.Join(dir, kind+end)
		if err := os.Link(now, filepath.Join(retired, kind+"-"+serial+end)); err != nil {
			return "", durable.Fault(now, err)
		}
	}
	for _, end := range []string{".key", ".pem"} {
		if err := os.Rename(fresh+end, filepath.Join(dir, kind+end)); err != nil {
			return "", durable.Fault(dir, err)
		}
	}
	return serial, nil
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// SignerPKI returns the signer of a test infrastructure, with its own time-stamping authority, and the list to trust.
func SignerPKI(dir string, now func() time.Time) (*credential.Signer, *credential.Trust, error) {
	s, _, err := ReadSigner(filepath.Join(dir, pkiSigner+".key"), filepath.Join(dir, pkiSigner+".pem"))
	if err != nil {
		return nil, nil, err
	}
	stamps, err := readIdentity(dir, pkiStamps)
	if err != nil {
		return nil, nil, err
	}
	s.Stamp = func(_ context.Context, message []byte) ([]byte, error) {
		return stamps.Stamp(rand.Reader, now(), message)
	}
	trust, err := ReadTrust([]string{filepath.Join(dir, pkiTrust)})
	return s, trust, err
}

func readIdentity(dir, kind string) (*pki.Identity, error) {
	s, leaf, err := ReadSigner(filepath.Join(dir, kind+".key"), filepath.Join(dir, kind+".pem"))
	if err != nil {
		return nil, err
	}
	id := &pki.Identity{Certificate: leaf, Key: s.Key}
	for _, raw := range s.Chain[1:] {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, durable.Fault(filepath.Join(dir, kind+".pem"), err)
		}
		id.Above = append(id.Above, c)
	}
	return id, nil
}

func writeIdentity(path string, id *pki.Identity) error {
	key, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		return err
	}
	if err := writeNew(path+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return err
	}
	return writeNew(path+".pem", id.PEM(), 0o644)
}

// writeNew writes a file that is not there yet, and waits until the disk has it.
func writeNew(path string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return durable.Fault(path, err)
	}
	defer func() { err = errors.Join(err, durable.Fault(path, f.Close())) }()
	if n, err := f.Write(data); err != nil || n < len(data) {
		return durable.Fault(path, errors.Join(err, io.ErrShortWrite))
	}
	return durable.Fault(path, f.Sync())
}

// Package keys holds the secrets of one deployment in files of a folder: the key that seals labels, the key that signs
// the log, the keys that wrap data keys, the keys of watermarks, and the secrets of the staff pages and of account names.
//
// Each kind of key has generations. A generation is one file, KIND-NNN.key, which is written once and never changed;
// the highest number is the one in use and the others stay, because what they signed or wrapped is still there. So
// making a key and rotating it are each one rename, and a crash leaves the set before it or the set after it. The first
// line of a file names what it holds and a digest of it, so that a damaged file is told by its name instead of becoming
// another key. Text before a PEM block is passed over by openssl, which therefore reads the files too.
//
// The public halves stand beside them: log.pub has a line for each log key, the newest first, in the form of C2SP signed
// notes; seal.pub has a PEM block for each seal. They are computed anew whenever the folder is opened. Keys of watermarks have
// no public half: watermark.pub names them by a digest, and says that there were some.
//
// A key that lies in a key server or a hardware module is given in [Config] and has no file. Files of that kind that are
// there from before go on verifying and unwrapping.
//
// What not to do here: never write over a file that holds a secret. Never make a new key where an old one was lost:
// what the old one wrapped could not be read, and nobody would notice. Never put a secret into an error.
package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/label"
)

// Codes of errors about keys. Arg "file" is the path of a file or folder, arg "kind" a [Kind].
const (
	CodeAccess  colophon.Code = "key-access"       // args "file", "mode": others than the owner may use it
	CodeOwner   colophon.Code = "key-owner"        // arg "file": it belongs to another user
	CodeDamaged colophon.Code = "key-file-damaged" // arg "file"
	CodeGap     colophon.Code = "key-generation"   // arg "file": missing, while newer and older ones are there
	CodeLost    colophon.Code = "key-lost"         // arg "kind": there was a key and there is none
	CodeOrigin  colophon.Code = "key-origin"       // args "file", "origin": the log key was made for another log
	CodeOutside colophon.Code = "key-outside"      // arg "kind": it is not kept in files
	CodeKind    colophon.Code = "key-kind"         // arg "kind": no such kind
)

// Kind says what a key is for.
type Kind string

// Kinds.
const (
	Seal     Kind = "seal"     // seals labels
	Log      Kind = "log"      // signs checkpoints and bundles
	Envelope Kind = "envelope" // wraps data keys
	Staff    Kind = "staff"    // the secret of sign-in pages
	Accounts Kind = "accounts" // the secret under which accounts are found; it is never rotated
	// Watermark puts watermarks on content and finds them. Folders of before have none, and get one.
	Watermark Kind = "watermark"
)

// kinds lists them in the order in which they are made.
var kinds = [...]Kind{Seal, Log, Envelope, Staff, Accounts, Watermark}

// Config says where the keys are and which are elsewhere.
type Config struct {
	Dir    string
	Origin string // name of the log, as colophon.example/log
	// Algorithm is that of seals which are made; empty for SM2. A seal that is there stays until it is rotated.
	Algorithm label.Algorithm

	// What is not nil takes the place of files.
	Sealer    *label.SigningKey
	LogSigner crypto.Signer // Ed25519
	Wrapper   evidence.EnvelopeKey

	step func(path string) error // for tests: called before a file is written
}

// outside reports whether a kind is kept elsewhere.
func (c *Config) outside(k Kind) bool {
	return k == Seal && c.Sealer != nil || k == Log && c.LogSigner != nil || k == Envelope && c.Wrapper != nil
}

// Keys are the keys of a deployment as they were when they were opened.
type Keys struct {
	// Seal seals labels. Seals has the public half of it and of those before it.
	Seal  *label.SigningKey
	Seals []label.PublicKey
	// Signer signs checkpoints and bundles. Verifiers check its signatures and those of the keys before it.
	Signer    note.Signer
	Verifiers []note.Verifier
	// Envelopes wraps with the newest key and unwraps with all.
	Envelopes *evidence.Keyring
	// Staff is the secret of sign-in pages: 32 bytes.
	Staff []byte
	// Accounts is the secret under which accounts of the provider are found: 32 bytes. With another one each account would
	// be a new one, so it stays for all time.
	Accounts []byte
	// Watermarks are the secrets of watermarks, the newest first: that is the one that marks, and all of them find.
	Watermarks [][]byte

	logKeys []string // text of Verifiers
}

// Open reads the keys of a folder. On the first start it makes the folder and the keys. Several processes may open one
// folder at the same time and get the same keys.
func Open(c Config) (*Keys, error) { return within(c, "") }

// Rotate makes the next generation of a kind and returns all keys as they are then. What it leaves to do: data keys are
// wrapped anew by store.Rewrap, and inspectors are given the new log.pub. It is also how a kind that was kept elsewhere
// comes back into files.
func Rotate(c Config, k Kind) (*Keys, error) {
	switch {
	case k != Seal && k != Log && k != Envelope && k != Staff && k != Watermark:
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeKind, Args: colophon.Args{"kind": string(k)}}
	case c.outside(k):
		return nil, &colophon.Error{Kind: colophon.Refused, Code: CodeOutside, Args: colophon.Args{"kind": string(k)}}
	}
	return within(c, k)
}

// within does its work under a lock on the folder, so that the public halves are always those of the last set. The
// secrets would be safe without: they are never written over.
func within(c Config, rotate Kind) (*Keys, error) {
	if _, err := verifierText(c.Origin, make(ed25519.PublicKey, ed25519.PublicKeySize)); err != nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeOrigin, Args: colophon.Args{"file": c.path(fileName(Log, 1)), "origin": c.Origin}, Err: err}
	}
	folder, err := enter(c.Dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	// The public file is written last on the first start. Where it is, every kind was there once.
	_, err = os.Stat(c.path(logPublic))
	started := err == nil
	have, err := list(c.Dir)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(c.path(watermarkNames))
	marking := err == nil
	for _, k := range kinds {
		started := started && (k != Watermark || marking)
		if k == rotate || !started && len(have[k]) == 0 && !c.outside(k) {
			generation := 1
			if n := len(have[k]); n > 0 {
				generation = have[k][n-1] + 1
			}
			if err := c.make(k, generation); err != nil {
				return nil, err
			}
			have[k] = append(have[k], generation)
		}
		if len(have[k]) == 0 && !c.outside(k) {
			return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeLost, Args: colophon.Args{"kind": string(k)}}
		}
	}
	keys, err := c.load(have)
	if err != nil {
		return nil, err
	}
	return keys, c.publish(keys)
}

// load reads all generations, the newest first.
func (c *Config) load(have map[Kind][]int) (*Keys, error) {
	keys := &Keys{Seal: c.Sealer}
	var envelopes []evidence.EnvelopeKey
	if c.Sealer != nil {
		keys.Seals = append(keys.Seals, c.Sealer.Public())
	}
	if c.LogSigner != nil {
		if err := keys.addLog(c.Origin, c.LogSigner); err != nil {
			return nil, err
		}
	}
	if c.Wrapper != nil {
		envelopes = append(envelopes, c.Wrapper)
	}
	for _, k := range kinds {
		for i := len(have[k]) - 1; i >= 0; i-- {
			s, err := c.read(k, have[k][i])
			if err != nil {
				return nil, err
			}
			switch k {
			case Seal:
				if keys.Seal == nil {
					keys.Seal = s.seal
				}
				keys.Seals = append(keys.Seals, s.seal.Public())
			case Log:
				err = keys.addLog(c.Origin, s.log)
			case Envelope:
				var e evidence.EnvelopeKey
				e, err = evidence.NewEnvelopeKey(s.id(), s.raw, rand.Reader)
				envelopes = append(envelopes, e)
			case Staff:
				if keys.Staff == nil {
					keys.Staff = s.raw
				}
			case Accounts:
				keys.Accounts = s.raw
			case Watermark:
				keys.Watermarks = append(keys.Watermarks, s.raw)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	keys.Envelopes = evidence.NewKeyring(envelopes[0], envelopes[1:]...)
	return keys, nil
}

func (k *Keys) addLog(origin string, key crypto.Signer) error {
	verifier, err := evidence.NewNoteVerifier(origin, key.Public())
	if err != nil {
		return err
	}
	text, err := verifierText(origin, key.Public())
	if err != nil {
		return err
	}
	k.Verifiers = append(k.Verifiers, verifier)
	k.logKeys = append(k.logKeys, text)
	if k.Signer == nil {
		k.Signer, err = evidence.NewNoteSigner(origin, key, rand.Reader)
	}
	return err
}

// publish writes the public halves where they are not as they must be.
func (c *Config) publish(keys *Keys) error {
	var seals, logs, marks []byte
	for _, raw := range keys.Watermarks {
		digest := sha256.Sum256(append([]byte("colophon/keys/watermark/v1\x00"), raw...))
		marks = append(marks, hex.EncodeToString(digest[:8])+"\n"...)
	}
	if err := c.replace(watermarkNames, marks); err != nil {
		return err
	}
	for _, s := range keys.Seals {
		seals = append(seals, s.PEM()...)
	}
	for _, text := range keys.logKeys {
		logs = append(logs, text+"\n"...)
	}
	if err := c.replace(sealPublic, seals); err != nil {
		return err
	}
	return c.replace(logPublic, logs)
}

func (c *Config) replace(name string, data []byte) error {
	if old, err := os.ReadFile(c.path(name)); err == nil && string(old) == string(data) {
		return nil
	}
	return c.write(name, data, 0o644, durable.Options{Force: true})
}

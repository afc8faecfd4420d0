package staff

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"

	"github.com/colophon-project/colophon"
)

// Limits of a password. There is no rule about which characters it is made of.
const (
	// LeastPassword is how many characters a password has at least.
	LeastPassword = 12
	maxPassword   = 1024 // bytes
)

const (
	saltBytes = 16
	hashBytes = 32
)

// Hashing says how hard Argon2id works.
type Hashing struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// OWASP returns the figures of the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one thread.
func OWASP() Hashing { return Hashing{Memory: 19 * 1024, Passes: 2, Threads: 1} }

// The most that a stored hash may ask for, so that a changed row can't exhaust the machine.
const (
	maxMemory  = 1 << 20 // KiB
	maxPasses  = 64
	maxThreads = 16
)

func (h Hashing) sane() bool {
	return h.Threads >= 1 && h.Threads <= maxThreads && h.Passes >= 1 && h.Passes <= maxPasses && h.Memory >= 8*uint32(h.Threads) && h.Memory <= maxMemory
}

// phc is a stored password: $argon2id$v=19$m=19456,t=2,p=1$salt$hash, with base64 without padding.
type phc struct {
	hashing    Hashing
	salt, hash []byte
}

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.hashing.Memory, p.hashing.Passes, p.hashing.Threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.hash))
}

var errPHC = errors.New("stored password is out of form")

// parsePHC accepts what String writes and nothing else.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(s) > 256 || len(parts) != 6 {
		return phc{}, errPHC
	}
	var p phc
	settings := strings.Split(parts[3], ",")
	if len(settings) != 3 {
		return phc{}, errPHC
	}
	var numbers [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		text, ok := strings.CutPrefix(settings[i], name)
		n, err := strconv.ParseUint(text, 10, []int{32, 32, 8}[i])
		if !ok || err != nil {
			return phc{}, errPHC
		}
		numbers[i] = n
	}
	p.hashing = Hashing{Memory: uint32(numbers[0]), Passes: uint32(numbers[1]), Threads: uint8(numbers[2])}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	p.hash, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(p.salt) < 8 || len(p.salt) > 64 || len(p.hash) != hashBytes || !p.hashing.sane() || p.String() != s {
		return phc{}, errPHC
	}
	return p, nil
}

// hasher hashes a bounded number of passwords at once: each takes its memory for some tens of milliseconds.
type hasher struct {
	hashing Hashing
	slots   chan struct{}
	random  io.Reader
	nobody  phc // stands in for the password of an account that has none
}

func newHasher(h Hashing, atOnce int, random io.Reader) (*hasher, error) {
	if h == (Hashing{}) {
		h = OWASP()
	}
	if atOnce == 0 {
		atOnce = 2
	}
	if !h.sane() || atOnce < 1 {
		return nil, invalidSetting("passwords")
	}
	p := &hasher{hashing: h, slots: make(chan struct{}, atOnce), random: random}
	p.nobody = phc{hashing: h, salt: make([]byte, saltBytes), hash: make([]byte, hashBytes)}
	for _, b := range [][]byte{p.nobody.salt, p.nobody.hash} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("drawing random bytes: %w", err)
		}
	}
	return p, nil
}

// work hashes in one of the slots.
func (h *hasher) work(ctx context.Context, password string, p phc) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, &colophon.Error{Kind: colophon.Refused, Code: CodeBusy, Err: ctx.Err()}
	}
	return argon2.IDKey([]byte(password), p.salt, p.hashing.Passes, p.hashing.Memory, p.hashing.Threads, hashBytes), nil
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	p := phc{hashing: h.hashing, salt: make([]byte, saltBytes)}
	if _, err := io.ReadFull(h.random, p.salt); err != nil {
		return "", fmt.Errorf("drawing random bytes: %w", err)
	}
	var err error
	p.hash, err = h.work(ctx, password, p)
	return p.String(), err
}

// verify compares a password with a stored one. With an empty one it does the same work and says no. It also tells
// whether the stored one was made with other figures than those in force.
func (h *hasher) verify(ctx context.Context, password, stored string) (right, old bool, err error) {
	p := h.nobody
	if stored != "" {
		if p, err = parsePHC(stored); err != nil {
			return false, false, fmt.Errorf("verifying a password: %w", err)
		}
	}
	have, err := h.work(ctx, password, p)
	if err != nil {
		return false, false, err
	}
	right = subtle.ConstantTimeCompare(have, p.hash) == 1 && stored != ""
	return right, right && p.hashing != h.hashing, nil
}

// tidyPassword returns the one spelling of a password: PRECIS OpaqueString (RFC 8265), so that two keyboards which
// compose a character differently give the same password. What has no such spelling is no password.
func tidyPassword(password string) (string, error) {
	if len(password) > maxPassword {
		return "", refuse(colophon.Invalid, CodePasswordLong, colophon.Args{"most": strconv.Itoa(maxPassword)})
	}
	if !utf8.ValidString(password) {
		return "", refuse(colophon.Invalid, CodePasswordCharacters, nil)
	}
	if password == "" {
		return "", refuse(colophon.Invalid, CodePasswordShort, colophon.Args{"least": strconv.Itoa(LeastPassword)})
	}
	tidy, err := precis.OpaqueString.String(password)
	if err != nil {
		return "", refuse(colophon.Invalid, CodePasswordCharacters, nil)
	}
	return tidy, nil
}

// choose checks a password that somebody wants to have, and hashes it.
func (r *Roster) choose(ctx context.Context, password, login string) (string, error) {
	tidy, err := tidyPassword(password)
	if err != nil {
		return "", err
	}
	if utf8.RuneCountInString(tidy) < LeastPassword {
		return "", refuse(colophon.Invalid, CodePasswordShort, colophon.Args{"least": strconv.Itoa(LeastPassword)})
	}
	if isCommon(r.common, tidy, login) {
		return "", refuse(colophon.Invalid, CodePasswordCommon, nil)
	}
	return r.hasher.hash(ctx, tidy)
}

// Package feed is the recall feed: the list of what a provider said is false about content of its own, for other platforms
// and stores to take in. It makes the feed, and reads that of somebody else.
//
// The feed is a file of lines. Each line is an [Entry] in canonical JSON (RFC 8785) that names its place and the digest of the
// line before, so that a line can't be changed, taken out or put in between without changing all behind it. A signed
// checkpoint, in the form of C2SP tlog-checkpoint, says how many lines there are and the digest of the last; its hash is the
// head of that chain and not the root of a tree. The same entries are a JSON Feed 1.1 for people's readers.
//
// [Read] takes a feed only when the key of the provider signed for its head, the chain holds, and it begins with what was
// seen before.
//
// What not to do here: never sign with the name of the evidence log, which would make this a second history of that log.
// Never use an entry before the whole reading was verified. Nothing in an entry leads to a person.
package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/screen/phash"
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "recall-feed-invalid" // args "line", "field"
	CodeBroken  colophon.Code = "recall-feed-broken"  // arg "line": the chain does not hold there
	CodeShrunk  colophon.Code = "recall-feed-shrunk"  // args "seen", "size": it is shorter than it was
	CodeForked  colophon.Code = "recall-feed-forked"  // arg "seen": it is not what it was up to there
	CodeShort   colophon.Code = "recall-feed-short"   // args "size", "lines": fewer lines came than were signed for
	CodeLong    colophon.Code = "recall-feed-long"    // arg "limit": too much at once
)

// Limits of what is read and made.
const (
	// MaxLine is the longest line, in bytes.
	MaxLine = 256 << 10
	// MaxRead is how much is read at once, in bytes.
	MaxRead = 64 << 20
	// MaxPrints is how many content numbers, digests, hashes or signatures an entry has at most, of each.
	MaxPrints = 128
	// MaxSources is how many sources an entry has at most.
	MaxSources = 16
	// MaxWords is how many signs a claim or a reason has at most.
	MaxWords = 4000
)

// Kind says what an entry does.
type Kind string

// The kinds.
const (
	Publish  Kind = "publish"
	Correct  Kind = "correct" // it stands instead of an earlier one
	Withdraw Kind = "withdraw"
)

// Verdict says what is wrong with a claim.
type Verdict string

// The verdicts.
const (
	False        Verdict = "false"
	Altered      Verdict = "altered" // what is shown was changed
	OutOfContext Verdict = "out-of-context"
	Unproven     Verdict = "unproven"
)

// Verdicts lists them.
func Verdicts() []Verdict { return []Verdict{False, Altered, OutOfContext, Unproven} }

// Words is the same in two languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In returns the words in a language; Chinese for all but English.
func (w Words) In(language string) string {
	if strings.HasPrefix(language, "en") {
		return w.EN
	}
	return w.ZH
}

// Digest is the digest of a file.
type Digest struct {
	Alg   string `json:"alg"`   // sha256 or sm3
	Value string `json:"value"` // lower-case hexadecimal digits
}

// Source is where something stands that shows it.
type Source struct {
	Title string `json:"title"`
	URL   string `json:"url"`
	Date  string `json:"date"` // such as 2026-11-22
}

// Prints are by what content is known again.
type Prints struct {
	Numbers  []string         `json:"numbers,omitempty"`
	Digests  []Digest         `json:"digests,omitempty"`
	Likeness []phash.Hash     `json:"likeness,omitempty"` // PDQ hashes
	Near     []near.Signature `json:"near,omitempty"`     // of texts
}

// Entry is one line. Times are in whole milliseconds.
type Entry struct {
	Sequence   uint64    `json:"sequence"` // from 1
	Kind       Kind      `json:"kind"`
	Refutation string    `json:"refutation"`         // as its provider knows it
	Corrects   string    `json:"corrects,omitempty"` // the refutation that it stands instead of
	Claim      Words     `json:"claim"`
	Verdict    Verdict   `json:"verdict"`
	Reason     Words     `json:"reason"` // of a withdrawal: why it is withdrawn
	Sources    []Source  `json:"sources,omitempty"`
	Since      time.Time `json:"since"` // since when the refutation stands
	At         time.Time `json:"at"`
	Contact    string    `json:"contact,omitempty"` // mail address or page of the provider
	URL        string    `json:"url,omitempty"`     // page of the refutation
	Prev       string    `json:"prev"`              // digest of the line before; of the first empty
	Prints
}

// Head is the end of a feed as far as it is known; the zero value is that of an empty feed.
type Head struct {
	Size   uint64 `json:"size"`
	Digest string `json:"digest,omitempty"` // of the last line
}

// digest is the digest of a line without its end.
func digest(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// Next writes an entry as the next line of a feed, without its end, and returns the head of the feed with it.
func Next(h Head, e Entry) ([]byte, Head, error) {
	e.Sequence, e.Prev = h.Size+1, h.Digest
	e.Since, e.At = e.Since.UTC().Truncate(time.Millisecond), e.At.UTC().Truncate(time.Millisecond)
	if field := e.Check(); field != "" {
		return nil, h, invalid(strconv.FormatUint(e.Sequence, 10), field, nil)
	}
	line, err := evidence.Canonical(e)
	if err == nil {
		_, err = ParseLine(line)
	}
	return line, Head{e.Sequence, digest(line)}, err
}

// ParseLine reads a line without its end. It takes what [Next] writes and nothing else, so that a line has one meaning.
func ParseLine(line []byte) (Entry, error) {
	var e Entry
	if len(line) > MaxLine {
		return e, invalid("", "line", errors.New("it is too long"))
	}
	err := json.Unmarshal(line, &e)
	if err == nil {
		var again []byte
		if again, err = evidence.Canonical(e); err == nil && !bytes.Equal(again, line) {
			err = errors.New("it is not written as it has to be")
		}
	}
	if err != nil {
		return Entry{}, invalid("", "line", err)
	}
	if field := e.Check(); field != "" {
		return Entry{}, invalid(strconv.FormatUint(e.Sequence, 10), field, nil)
	}
	return e, nil
}

func invalid(line, field string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"line": line, "field": field}, Err: err}
}

// Check returns the first field that is out of form, or "".
func (e *Entry) Check() string {
	switch {
	case e.Sequence == 0 || e.Sequence > 1<<53-1:
		return "sequence"
	case !slices.Contains([]Kind{Publish, Correct, Withdraw}, e.Kind):
		return "kind"
	case !name(e.Refutation):
		return "refutation"
	case (e.Kind == Correct) != (e.Corrects != "") || e.Corrects != "" && (!name(e.Corrects) || e.Corrects == e.Refutation):
		return "corrects"
	case !e.Claim.sane():
		return "claim"
	case !slices.Contains(Verdicts(), e.Verdict):
		return "verdict"
	case !e.Reason.sane():
		return "reason"
	case !exact(e.Since):
		return "since"
	case !exact(e.At):
		return "at"
	case !line(e.Contact, 256):
		return "contact"
	case e.URL != "" && !Address(e.URL):
		return "url"
	case e.Sequence == 1 && e.Prev != "" || e.Sequence > 1 && !hexadecimal(e.Prev, sha256.Size):
		return "prev"
	}
	if field := checkSources(e.Sources); field != "" {
		return field
	}
	return e.Prints.Check()
}

// Check returns the first field that is out of form, or "".
func (p *Prints) Check() string {
	switch {
	case len(p.Numbers) > MaxPrints || slices.ContainsFunc(p.Numbers, func(n string) bool { return n == "" || !line(n, 256) || strings.Contains(n, " ") }):
		return "numbers"
	case len(p.Digests) > MaxPrints || slices.ContainsFunc(p.Digests, func(d Digest) bool {
		return d.Alg != "sha256" && d.Alg != "sm3" || !hexadecimal(d.Value, 32)
	}):
		return "digests"
	case len(p.Likeness) > MaxPrints || slices.Contains(p.Likeness, phash.Hash{}):
		return "likeness"
	case len(p.Near) > MaxPrints:
		return "near"
	}
	return ""
}

func checkSources(list []Source) string {
	for _, s := range list {
		if _, err := time.Parse(time.DateOnly, s.Date); err != nil || s.Title == "" || !line(s.Title, 256) || !Address(s.URL) {
			return "sources"
		}
	}
	if len(list) > MaxSources {
		return "sources"
	}
	return ""
}

// Address reports whether s is an address on the web, without a user in it.
func Address(s string) bool {
	u, err := url.Parse(s)
	return err == nil && line(s, 2048) && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// Addresses are those of the checkpoint, which stands beside the lines, and of the lines behind what was seen. A server that has
// the lines as a file sends all of them, which is as good.
func Addresses(lines string, seen Head) (checkpoint, behind string, err error) {
	u, err := url.Parse(lines)
	if err != nil {
		return "", "", err
	}
	checkpoint = u.ResolveReference(&url.URL{Path: "checkpoint"}).String()
	q := u.Query()
	q.Set("after", strconv.FormatUint(seen.Size, 10))
	u.RawQuery = q.Encode()
	return checkpoint, u.String(), nil
}

func (w Words) sane() bool { return prose(w.ZH) && prose(w.EN) }

// prose reports whether s is text in plain words.
func prose(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= MaxWords &&
		!strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\n' || c == 0x7f })
}

func line(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}

func name(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.", c))
	})
}

func hexadecimal(s string, size int) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == size && s == strings.ToLower(s)
}

func exact(t time.Time) bool {
	return t.Year() >= 1970 && t.Year() <= 9999 && t.Equal(t.Truncate(time.Millisecond)) && t.Location() == time.UTC
}

// Sign signs for the end of a feed. The name of the signer is the name of the feed, and MUST NOT be that of a log.
func Sign(signer note.Signer, h Head) ([]byte, error) {
	var root [sha256.Size]byte
	if h.Size > 0 {
		raw, err := hex.DecodeString(h.Digest)
		if err != nil || len(raw) != len(root) {
			return nil, errors.New("the head has no digest")
		}
		root = [sha256.Size]byte(raw)
	}
	c, err := evidence.SignCheckpoint(signer, h.Size, root)
	return c.Note, err
}

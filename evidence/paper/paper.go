// Package paper is what the documents that are handed to authorities have in common: a form's fields, each with an [Answer],
// in canonical JSON that is known by its digest and amended by a document that names the digest of the one before.
//
// An answer has three values. What nobody knows is said so, in the document itself; what is known to be none is said so too;
// and a field is never left empty, so that nobody can take silence for an answer. [Parse] reads a document back in the one
// form in which it has its digest, and [Chain] checks that documents follow each other, with nothing but their bytes.
//
// [Strict] is the reader of small JSON files: data that come with the program, or that an operator writes.
//
// What not to do here: no form, no law, no store. A document is the capability's own, and so is what its errors are called.
package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/workday"
)

// Certainty says what is known of something. The zero value is that nothing is known, so that what nobody looked up can't look
// answered.
type Certainty string

// What is known.
const (
	Unknown Certainty = ""
	Known   Certainty = "known"
	None    Certainty = "none" // it is known that there is none
)

// Words that stand in a document where there is nothing else to say. Documents are in Chinese.
const (
	notKnown = "尚不掌握"
	nothing  = "无"
)

// Names are a name in both languages.
type Names struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Sound reports whether the name is text of one line and of at most so many signs, in both languages.
func (n Names) Sound(most int) bool { return Line(n.ZH, most) && Line(n.EN, most) }

// Answer is what is known for one field.
type Answer struct {
	Certainty Certainty `json:"certainty,omitempty"`
	Lines     []string  `json:"lines,omitempty"`   // what is known; none otherwise, until it is [Answer.Told]
	Records   []string  `json:"records,omitempty"` // identifiers of the records that it rests on
}

// Bounds of a document.
const (
	// MaxDocument is the longest document, in bytes.
	MaxDocument = 1 << 20
	maxLines    = 100
	maxRecords  = 100
)

// Sound reports whether somebody may answer so: with lines of at most so many signs where something is known, and none where
// nothing is.
func (a Answer) Sound(most int) bool {
	if len(a.Lines) > maxLines || len(a.Records) > maxRecords {
		return false
	}
	switch a.Certainty {
	case Known:
		if len(a.Lines) == 0 {
			return false
		}
	case None, Unknown:
		if len(a.Lines) > 0 {
			return false
		}
	default:
		return false
	}
	for _, l := range a.Lines {
		if !Prose(l, most) {
			return false
		}
	}
	for _, r := range a.Records {
		if !Word(r) {
			return false
		}
	}
	return true
}

// Told is the answer as it stands in a document, where it is never empty.
func (a Answer) Told() Answer {
	switch a.Certainty {
	case Unknown:
		a.Lines = []string{notKnown}
	case None:
		a.Lines = []string{nothing}
	}
	return a
}

// Whole reports whether an answer that was read stands in a document as it must.
func (a Answer) Whole() bool {
	return len(a.Lines) > 0 && (a.Certainty == Known || a.Certainty == None || a.Certainty == Unknown)
}

// Sum is the digest by which bytes are known: SHA-256 in hexadecimal.
func Sum(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Parse reads a document in the form in which it has its digest: canonical JSON without anything that the document's type does
// not know.
func Parse(raw []byte, document any) error {
	if len(raw) > MaxDocument {
		return errTooLong
	}
	canonical, err := evidence.Canonicalise(raw)
	if err != nil {
		return err
	}
	if !bytes.Equal(canonical, raw) {
		return errors.New("not in canonical form")
	}
	return Strict(raw, document, MaxDocument)
}

// Chain calls one for each document, the first one first, with its part and the digest that it has to name of the one before,
// which is empty for the first.
func Chain(documents [][]byte, one func(part int, before string, raw []byte) error) error {
	before := ""
	for i, raw := range documents {
		if err := one(i+1, before, raw); err != nil {
			return err
		}
		before = Sum(raw)
	}
	return nil
}

// Text is a document as people read it, in Chinese: lines of the head, when it was made, and one field after the other.
type Text struct{ b strings.Builder }

// Line writes a line of the head.
func (t *Text) Line(line string) { t.b.WriteString(line + "\n") }

// Made ends the head.
func (t *Text) Made(at time.Time) { t.b.WriteString("形成时间：" + Beijing(at) + "\n\n") }

// Field writes a field with its answer.
func (t *Text) Field(name string, a Answer) {
	t.b.WriteString(name + "：" + strings.Join(a.Lines, "\n　　") + "\n")
}

// String is what was written.
func (t *Text) String() string { return t.b.String() }

// Part says in Chinese which report of a row this one is.
func Part(part int) string { return "第 " + strconv.Itoa(part) + " 次" }

// Beijing is a time as documents write it.
func Beijing(at time.Time) string {
	return at.In(workday.Beijing()).Format("2006-01-02 15:04:05") + "（北京时间）"
}

var errTooLong = errors.New("too long")

// Strict reads one JSON value of at most so many bytes of UTF-8, that has no field which v does not know and nothing after it.
func Strict(raw []byte, v any, most int) error {
	if len(raw) > most {
		return errTooLong
	}
	if !utf8.Valid(raw) {
		return errors.New("not text in UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows")
	}
	return nil
}

// Word reports whether s is an identifier: letters, digits and a few signs.
func Word(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/", r))
	})
}

// Prose reports whether s is text of at most so many signs that is not blank.
func Prose(s string, most int) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most
}

// Line reports whether s is such a text of one line.
func Line(s string, most int) bool {
	return Prose(s, most) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

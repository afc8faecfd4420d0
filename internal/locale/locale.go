// Package locale holds every sentence that a person reads, keyed, in Chinese and in English.
//
// Code that decides hands over a colophon.Code and its arguments; this package turns them into a sentence in the reader's
// language at the edge. Both catalogues have the same keys and the same arguments in each sentence; a test holds them
// to it, and to every Code constant of the module.
package locale

import (
	_ "embed"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

//go:embed en.json
var english []byte

//go:embed zh.json
var chinese []byte

// Language is a language that sentences exist in.
type Language string

// Languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Parse understands a language tag or a POSIX locale name: zh, zh-CN, zh_CN.UTF-8, en, C. ok is false for a name that
// is neither Chinese nor English.
func Parse(name string) (lang Language, ok bool) {
	name = strings.ToLower(name)
	for _, cut := range []string{".", "@", "_", "-"} {
		name, _, _ = strings.Cut(name, cut)
	}
	switch name {
	case "zh", "chinese":
		return Chinese, true
	case "en", "c", "posix", "english":
		return English, true
	}
	return English, false
}

// Printer says sentences in one language.
type Printer struct {
	Language  Language
	sentences map[string]string
	phrases   map[string]phrases // of the arguments whose values are words too
}

// For returns the printer of a language, which is read once.
func For(lang Language) (*Printer, error) {
	if lang == Chinese {
		return inChinese()
	}
	return inEnglish()
}

var (
	inEnglish = sync.OnceValues(func() (*Printer, error) { return read(English, english) })
	inChinese = sync.OnceValues(func() (*Printer, error) { return read(Chinese, chinese) })
)

func read(lang Language, source []byte) (*Printer, error) {
	p := &Printer{Language: lang}
	if err := json.Unmarshal(source, &p.sentences); err != nil {
		return nil, err
	}
	if lang == Chinese {
		var err error
		if p.phrases, err = readPhrases(phrasesChinese); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Has reports whether there is a sentence for a key.
func (p *Printer) Has(key string) bool {
	_, ok := p.sentences[key]
	return ok
}

// Keys returns every key, in no order.
func (p *Printer) Keys() []string {
	keys := make([]string, 0, len(p.sentences))
	for key := range p.sentences {
		keys = append(keys, key)
	}
	return keys
}

// Raw returns the sentence of a key with its {names} unfilled.
func (p *Printer) Raw(key string) string { return p.sentences[key] }

// Say returns the sentence of a key with its {names} filled from args, which alternate names and values. Values that
// are words of the program's own are said in the printer's language; see [Printer.Phrase]. {name:family} is filled with the
// sentence of the key family-value, or of each value in a list with commas. A key without a sentence is returned itself.
func (p *Printer) Say(key string, args ...string) string {
	sentence, ok := p.sentences[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return sentence
	}
	typed := strings.HasPrefix(key, "usage-") // repeats what somebody typed
	var pairs []string
	for i := 0; i+1 < len(args); i += 2 {
		if _, rest, ok := strings.Cut(sentence, "{"+args[i]+":"); ok {
			family, _, _ := strings.Cut(rest, "}")
			pairs = append(pairs, spaced(args[i]+":"+family, p.words(family, args[i+1]))...)
		}
		if said, phrase := p.Phrase(args[i], args[i+1]); phrase != "" && !typed {
			pairs = append(pairs, spaced(args[i], Visible(said))...)
		} else {
			pairs = append(pairs, "{"+args[i]+"}", Visible(args[i+1]))
		}
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

// words says each word of a list by the key of its family, and as it is where there is none.
func (p *Printer) words(family, list string) string {
	const comma = ", "
	words := strings.Split(list, comma)
	for i, w := range words {
		said, ok := p.sentences[family+"-"+w]
		if !ok {
			said = Visible(w)
		}
		words[i] = said
	}
	if p.Language == Chinese {
		return strings.Join(words, "、")
	}
	return strings.Join(words, comma)
}

// blanks are the places of arguments in a sentence.
var blanks = regexp.MustCompile(`\{[a-z]+(:[a-z-]+)?\}`)

// Code says a code with its arguments. Where none were kept their places are left open.
func (p *Printer) Code(code colophon.Code, args colophon.Args) string {
	flat := make([]string, 0, 2*len(args))
	for name, value := range args {
		flat = append(flat, name, value)
	}
	said := p.Say(string(code), flat...)
	if len(args) == 0 {
		return blanks.ReplaceAllString(said, "…") // nobody kept what it was about
	}
	return said
}

// Error says what a person may know of an error. The text of an internal error is not shown.
func (p *Printer) Error(err error) string {
	var e *colophon.Error
	if !errors.As(err, &e) {
		return p.Say("internal-error")
	}
	if e.Kind == colophon.Internal && !p.Has(string(e.Code)) {
		return p.Say("internal-error")
	}
	return strings.Replace(p.Code(e.Code, e.Args), causeHere, p.Error(e.Err), 1)
}

// causeHere stands in a sentence where the sentence of the error's cause belongs.
const causeHere = "{cause}"

// Visible returns text from a file or a file name as it may be shown: what would move the cursor, break the line or turn
// the direction of writing is spelt out.
func Visible(text string) string {
	plain := func(r rune) bool { return r != utf8.RuneError && (r == ' ' || unicode.IsPrint(r)) }
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if plain(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteToGraphic(text[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[n:]
	}
	return b.String()
}

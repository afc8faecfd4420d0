package locale

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// phrasesChinese has, for each argument that carries English words, their Chinese. A pair of braces in a phrase stands
// for what the program puts there, in the same order on both sides.
//
//go:embed phrases.zh.json
var phrasesChinese []byte

const gap = "{}"

// phrase is a phrase of the catalogue, cut at its gaps.
type phrase struct {
	key    string
	pieces []string
	target string
}

// phrases has the phrases of one argument.
type phrases struct {
	whole  map[string]string
	gapped []phrase // those with the most words first
}

func readPhrases(source []byte) (map[string]phrases, error) {
	var catalogue map[string]map[string]string
	if err := json.Unmarshal(source, &catalogue); err != nil {
		return nil, err
	}
	all := make(map[string]phrases, len(catalogue))
	for arg, entries := range catalogue {
		list := phrases{whole: entries}
		for key, target := range entries {
			if strings.Contains(key, gap) {
				list.gapped = append(list.gapped, phrase{key: key, pieces: strings.Split(key, gap), target: target})
			}
		}
		slices.SortFunc(list.gapped, func(a, b phrase) int {
			if len(a.key) != len(b.key) {
				return len(b.key) - len(a.key)
			}
			return strings.Compare(a.key, b.key)
		})
		all[arg] = list
	}
	return all, nil
}

// Phrases returns, for each argument whose values are translated, the English phrases and their translations.
func (p *Printer) Phrases() map[string]map[string]string {
	all := make(map[string]map[string]string, len(p.phrases))
	for arg, list := range p.phrases {
		all[arg] = list.whole
	}
	return all
}

// Phrase says the value of an argument in the printer's language. key is the phrase of the catalogue that was used; it
// is empty, and the value as it was, where there is none. A reason may be a rule that could not be kept.
func (p *Printer) Phrase(arg, value string) (said, key string) {
	names := []string{arg}
	if arg == "reason" {
		names = append(names, "rule")
	}
	for _, name := range names {
		if said, key = p.phrase(name, value); key != "" {
			break
		}
	}
	return said, key
}

func (p *Printer) phrase(arg, value string) (said, key string) {
	list := p.phrases[arg]
	if said, ok := list.whole[value]; ok {
		return said, value
	}
	for _, entry := range list.gapped {
		if filled, ok := entry.fill(value); ok {
			return filled, entry.key
		}
	}
	return value, ""
}

// fill puts what stands in the gaps of the phrase, as value has it, into the translation.
func (e phrase) fill(value string) (string, bool) {
	rest, ok := strings.CutPrefix(value, e.pieces[0])
	if !ok {
		return "", false
	}
	said, last := e.target, len(e.pieces)-1
	var b strings.Builder
	for i, piece := range e.pieces[1:] {
		at := strings.Index(rest, piece)
		if i+1 == last {
			at = len(rest) - len(piece)
		}
		if at < 0 || !strings.HasPrefix(rest[at:], piece) {
			return "", false
		}
		before, after, _ := strings.Cut(said, gap)
		b.WriteString(before)
		b.WriteString(rest[:at])
		said, rest = after, rest[at+len(piece):]
	}
	return b.String() + said, true
}

// spaced returns the pairs that put value where {name} stands. Chinese that meets Chinese has no space between.
func spaced(name, value string) []string {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	hole := "{" + name + "}"
	var pairs []string
	if unicode.Is(unicode.Han, first) && unicode.Is(unicode.Han, last) {
		pairs = append(pairs, " "+hole+" ", value)
	}
	if unicode.Is(unicode.Han, first) {
		pairs = append(pairs, " "+hole, value)
	}
	if unicode.Is(unicode.Han, last) {
		pairs = append(pairs, hole+" ", value)
	}
	return append(pairs, hole, value)
}

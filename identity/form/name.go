package form

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Lengths of names, in characters.
const (
	maxName  = 100
	maxTitle = 200
)

// dots are the characters that are typed for the dot in a name; the first is the one that stands on cards.
const dots = "·•‧・･∙⋅"

// Name checks the name of a person and returns it in NFC. Letters of all scripts pass, among them ideographs that are newer
// than this program's tables; between them one dot (·), space, hyphen, apostrophe or full stop.
func Name(s string) (string, error) {
	if len(s) > 8*maxName || !utf8.ValidString(s) {
		return "", wrong(CodeNameLong, "limit", strconv.Itoa(maxName))
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if s == "" {
		return "", wrong(CodeNameEmpty)
	}
	if utf8.RuneCountInString(s) > maxName {
		return "", wrong(CodeNameLong, "limit", strconv.Itoa(maxName))
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(dots, r):
			return '·'
		case r == '’' || r == 'ʼ':
			return '\''
		case r == '\u3000' || r == '\u00a0':
			return ' '
		}
		return r
	}, s)
	before, position := rune(0), 0
	for _, r := range s {
		position++
		if private(r) {
			return "", wrong(CodeNamePrivate, "position", strconv.Itoa(position))
		}
		if !letter(r) && !(mark(r) && before != 0 && !joint(before)) && !(joint(r) && follows(before, r)) {
			return "", wrong(CodeNameCharacter, "position", strconv.Itoa(position))
		}
		before = r
	}
	if joint(before) && before != '.' {
		return "", wrong(CodeNameCharacter, "position", strconv.Itoa(position))
	}
	return s, nil
}

// Title checks the name of an organisation and returns it in NFC: anything that can be seen, and single spaces.
func Title(s string) (string, error) {
	if len(s) > 8*maxTitle || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxTitle {
		return "", wrong(CodeNameLong, "limit", strconv.Itoa(maxTitle))
	}
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	if s == "" {
		return "", wrong(CodeNameEmpty)
	}
	position := 0
	for _, r := range s {
		position++
		if private(r) {
			return "", wrong(CodeNamePrivate, "position", strconv.Itoa(position))
		}
		if r != ' ' && !letter(r) && !mark(r) && !unicode.IsDigit(r) && !unicode.IsPunct(r) && !unicode.In(r, unicode.Sm) {
			return "", wrong(CodeNameCharacter, "position", strconv.Itoa(position))
		}
	}
	return s, nil
}

// letter reports whether a character is one. The two planes of ideographs count as a whole but for what is no character, and
// so does the zero 〇, which stands in names.
func letter(r rune) bool {
	return unicode.IsLetter(r) && !unseen(r) || r == '〇' || r >= 0x20000 && r < 0x40000 && r&0xffff < 0xfffe
}

// mark reports whether a character belongs to the letter before it. Selectors of variants would make two names of one.
func mark(r rune) bool {
	return unicode.IsMark(r) && !unseen(r)
}

// unseen reports whether a letter or mark shows nothing: fillers, and selectors of variants.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// joint reports whether a character may stand between letters; the last is the one between syllables in Tibetan.
func joint(r rune) bool { return strings.ContainsRune("· -'.\u0f0b", r) }

// follows reports whether a joint may stand behind a character: a letter, or for a space the full stop of an initial.
func follows(before, r rune) bool {
	return before != 0 && (!joint(before) || before == '.' && r != '.')
}

// private reports whether a character means what its sender and receiver agree on, as rare characters once did in the programs
// of banks.
func private(r rune) bool { return unicode.Is(unicode.Co, r) }

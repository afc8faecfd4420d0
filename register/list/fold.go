package list

import (
	"strings"
	"unicode"
)

// Fold writes a text so that two that people take for the same are the same: blanks are left out, full-width signs and
// letters are half-width, letters are small, and the several kinds of dashes, dots and brackets are one.
func Fold(s string) string { return strings.Map(fold, s) }

func fold(r rune) rune {
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	switch r {
	case '（', '〔', '［', '【', '[', '{':
		return '('
	case '）', '〕', '］', '】', ']', '}':
		return ')'
	case '—', '–', '‐', '‑', '－', '―', '−':
		return '-'
	case '•', '・', '‧', '．', '●':
		return '·'
	case '、', '，', '；', ';':
		return ','
	case '“', '”', '«', '»', '「', '」', '《', '》':
		return '"'
	case '\ufeff', '\u200b', '\u200c', '\u200d':
		return -1
	}
	if unicode.IsSpace(r) || unicode.IsControl(r) {
		return -1
	}
	return unicode.ToLower(r)
}

package register

import (
	"strings"

	"github.com/colophon-project/colophon"
)

const (
	numberDigits = 21
	// deepSynthesis is the class in the numbers of generation and deep synthesis.
	deepSynthesis = "01"
)

// Number is the filing number of an algorithm, taken apart.
type Number struct {
	Digits   string // all 21
	Division string // where the filer is, 6 digits
	Entity   string // the filer, 7 digits
	Class    string // of the algorithm, 2 digits
	Year     string // 2 digits
	Serial   string // 3 digits
	// Checked says that the last digit is the one that follows from the others. It is so for all numbers on the public lists
	// but one, so where it is not the number was probably typed wrong; where it is, the number need not exist.
	Checked bool
}

// Fits reports whether the number looks like that of a deep synthesis algorithm.
func (n Number) Fits() bool { return n.Checked && n.Class == deepSynthesis }

// CheckFiling reads a filing number, with or without the words around it. It refuses what is not 21 digits.
func CheckFiling(s string) (Number, error) {
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "网信算备"), "号")
	digits := strings.Map(narrow, s)
	if len(digits) != numberDigits || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return Number{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeNumber, Clauses: []colophon.Clause{colophon.ClauseDS19}}
	}
	// The last digit was found from the published lists: one more than the sum of the others, weighed 4, 2, 6, 8 in turn.
	sum := 1
	for i, r := range digits[:numberDigits-1] {
		sum += int(r-'0') * [...]int{4, 2, 6, 8}[i%4]
	}
	return Number{Digits: digits, Division: digits[:6], Entity: digits[6:13], Class: digits[13:15], Year: digits[15:17], Serial: digits[17:20],
		Checked: sum%10 == int(digits[20]-'0')}, nil
}

// narrow makes ASCII of full-width digits and drops blanks.
func narrow(r rune) rune {
	switch {
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	case r == ' ' || r == '\u3000':
		return -1
	}
	return r
}
